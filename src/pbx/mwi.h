/* SPDX-License-Identifier: MIT */
/*
 * Messages waiting (RFC 3842): there is no mailbox here, and a phone that is told that none wait
 * need not ask again and again.
 */
#ifndef LAMPYRID_PBX_MWI_H
#define LAMPYRID_PBX_MWI_H

#include "pbx/pbx.h"

/* Answers a SUBSCRIBE to "message-summary" of `extension`, which may ask for its own. */
void mwi_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension);

#endif
