/* SPDX-License-Identifier: MIT */
/*
 * Lamps of phones that do not subscribe (`notify:` in the configuration): each registered phone of
 * a watcher is sent the NOTIFYs that it would get if it had. A phone is asked carefully: it is told
 * of one extension until it has answered, and only then of the next; one that refuses is left alone
 * until it registers anew.
 */
#ifndef LAMPYRID_PBX_LAMP_UNASKED_H
#define LAMPYRID_PBX_LAMP_UNASKED_H

#include "core/notifier.h"
#include "pbx/lamp.h"

struct binding;
struct unasked;

/* The extension's phones are registered, and have been answered. */
void lamp_unasked_on_register(struct pbx *pbx, struct slice number);

/* A binding is reached another way. */
void lamp_unasked_on_moved(struct binding *binding);

/* A binding is about to end: its phone is told nothing more, not even that. */
void lamp_unasked_end(struct binding *binding);

/*
 * A phone of this extension has subscribed to "dialog" of `watched`, or to a list (empty), and is
 * not told twice; or its subscription is over.
 */
void lamp_unasked_review(struct pbx *pbx, struct slice number, struct slice watched);

/* Whom phones are told of has changed; lamp_on_directory() was called. */
void lamp_unasked_on_directory(struct pbx *pbx);

/* Forgets all; lamp_fini() was called. */
void lamp_unasked_fini(struct pbx *pbx);

/* Whom a notifier of these tells of, and to which phone; NULL when it is none of them. */
struct watcher *lamp_unasked_watcher(const struct notifier *notifier,
				     const struct binding **ret_binding);

/* The status by which this phone refused to be told of `*ret_watched`; 0 when it has not. */
unsigned lamp_unasked_refusal(const struct binding *binding, struct slice *ret_watched);

#endif
