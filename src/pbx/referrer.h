/* SPDX-License-Identifier: MIT */
/*
 * Referrers: who has sent REFERs, an extension or a trunk, as long as something of one of them is
 * there: the transfer or call that it asked for, and what its phone is still to be told. Each has a
 * share of that, so that one password, or one partner, cannot take the room of all.
 */
#ifndef LAMPYRID_PBX_REFERRER_H
#define LAMPYRID_PBX_REFERRER_H

#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

/* A REFER takes up to two. A trunk is there for many. */
#define REFERRER_SHARE 64
#define REFERRER_SHARE_TRUNK 1024

struct leg;
struct pbx;
struct refer;

/* Exists while something is held. */
struct referrer {
	struct map_node node; /* in pbx->referrers */
	struct pbx *pbx;
	struct slice name; /* the extension's number, or the trunk's; bytes behind the struct */
	bool is_outside;   /* it is a trunk */
	uint32_t held;	   /* of its share */
};

/*
 * For one more REFER of whose leg that is, or of this extension; referrer_release() follows. NULL:
 * no memory, or no share left, of which the log has a line.
 */
struct referrer *referrer_take_leg(const struct leg *leg);
struct referrer *referrer_take(struct pbx *pbx, struct slice number);

/* For something else that comes of that REFER. NULL is allowed here. */
struct referrer *referrer_hold(struct referrer *referrer);
void referrer_release(struct referrer *referrer);

/* What is told of a REFER holds one until it is freed. */
void referrer_count(struct referrer *referrer, struct refer *refer);

#endif
