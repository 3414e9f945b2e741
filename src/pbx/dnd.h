/* SPDX-License-Identifier: MIT */
/*
 * Do-not-disturb: an extension in it counts as busy. It is switched by dialling a code; the phone
 * is answered for a moment, so that its screen can say what is set now.
 */
#ifndef LAMPYRID_PBX_DND_H
#define LAMPYRID_PBX_DND_H

#include "pbx/pbx.h"

void dnd_init(struct pbx *pbx, const uint64_t map_secret[2], uint32_t notice_max);
void dnd_fini(struct pbx *pbx);

bool dnd_is_on(const struct pbx *pbx, struct slice number);

/* ERR_NOMEM: it is as it was. */
int dnd_set(struct pbx *pbx, struct slice number, bool is_on);

/* Answers the INVITE to one of the codes. */
void dnd_by_code(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		 bool is_on);

/* Forgets those that the directory does not know (any more). */
void dnd_drop_unknown(struct pbx *pbx);

#endif
