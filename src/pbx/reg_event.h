/* SPDX-License-Identifier: MIT */
/*
 * Registrations as their owner sees them (the "reg" package, RFC 3680): a phone learns that the
 * server knows it no more, and may register anew at once; or that somebody else has registered for
 * its extension.
 */
#ifndef LAMPYRID_PBX_REG_EVENT_H
#define LAMPYRID_PBX_REG_EVENT_H

#include "pbx/own_watch.h"

struct binding;

/* Answers a SUBSCRIBE to "reg" of `extension`, which may ask for its own. */
void reg_event_on_subscribe(struct pbx *pbx, struct incoming *in,
			    const struct extension *extension);

/*
 * A binding, still in its table, is about to end; reg_event_tell() must follow when it has left.
 * NULL: nobody watches.
 */
struct own *reg_event_note_end(const struct binding *binding, enum reg_event event);

/* Whoever watches is told what has changed. NULL is allowed. */
void reg_event_tell(struct own *own);

#endif
