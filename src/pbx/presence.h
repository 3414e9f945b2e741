/* SPDX-License-Identifier: MIT */
/*
 * The lamp for softphones that know presence only (`Event: presence`, RFC 3856): the same view of
 * the same calls with the same rights, in the words of PIDF.
 */
#ifndef LAMPYRID_PBX_PRESENCE_H
#define LAMPYRID_PBX_PRESENCE_H

#include "pbx/pbx.h"

struct trunk;

/* Answers a SUBSCRIBE to "presence" of `viewer` outside of any dialog. */
void presence_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer);

/* The same of somebody behind a trunk, who sees what a rule for its domain allows. */
void presence_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in,
				      const struct trunk *trunk);

#endif
