/* SPDX-License-Identifier: MIT */
/*
 * Viewers: who subscribes here, an extension or a domain behind a trunk, with all that it watches.
 * Each has a share of the subscriptions that there may be (limits.subscriptions-each), so that one
 * password, or one partner, cannot take the lamps of all.
 */
#ifndef LAMPYRID_PBX_VIEWER_H
#define LAMPYRID_PBX_VIEWER_H

#include "base/list.h"
#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

struct pbx;

/* Exists while it watches something. */
struct viewer {
	struct map_node node; /* in pbx->viewers */
	struct list watchers; /* struct watcher by viewer_node, with those that are not counted */
	uint32_t held;	      /* of its share: a list takes one, and one for each who is on it */
	bool is_outside;      /* it is a domain */
	char number[];	      /* see viewer_number() */
};

/* The extension's, or the domain. */
static inline struct slice viewer_number(const struct viewer *viewer)
{
	return map_key(&viewer->node);
}

/* NULL when it watches nothing. */
struct viewer *viewer_find(const struct pbx *pbx, struct slice number, bool is_outside);

/*
 * For one who begins to watch; viewer_release() follows when that is over. viewer_take() takes one
 * of its share as well, to be given back by viewer_give(). NULL: no memory, or no share left.
 */
struct viewer *viewer_get(struct pbx *pbx, struct slice number, bool is_outside);
struct viewer *viewer_take(struct pbx *pbx, struct slice number, bool is_outside);
void viewer_release(struct pbx *pbx, struct viewer *viewer);
void viewer_give(struct pbx *pbx, struct viewer *viewer);

#endif
