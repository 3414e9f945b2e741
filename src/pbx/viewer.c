/* SPDX-License-Identifier: MIT */
/*
 * The table of viewers. An extension may have the same name as a domain, so there are two.
 */
#include "pbx/viewer.h"

#include "base/mem.h"
#include "pbx/pbx.h"

struct viewer *viewer_find(const struct pbx *pbx, struct slice number, bool is_outside)
{
	struct map_node *node = map_find(&pbx->viewers[is_outside], number);

	return node ? CONTAINER_OF(node, struct viewer, node) : NULL;
}

struct viewer *viewer_get(struct pbx *pbx, struct slice number, bool is_outside)
{
	struct viewer *viewer = viewer_find(pbx, number, is_outside);

	if (viewer)
		return viewer;
	viewer = mem_alloc(offsetof(struct viewer, number) + number.n);
	if (!viewer)
		return NULL;
	viewer->is_outside = is_outside;
	list_init(&viewer->watchers);
	memcpy(viewer->number, number.p, number.n);
	if (map_insert(&pbx->viewers[is_outside], &viewer->node,
		       slice_of(viewer->number, number.n))) {
		mem_free(viewer);
		return NULL;
	}
	return viewer;
}

void viewer_release(struct pbx *pbx, struct viewer *viewer)
{
	if (viewer->held > 0 || !list_is_empty(&viewer->watchers))
		return;
	map_remove(&pbx->viewers[viewer->is_outside], &viewer->node);
	mem_free(viewer);
}

struct viewer *viewer_take(struct pbx *pbx, struct slice number, bool is_outside)
{
	struct viewer *viewer = viewer_get(pbx, number, is_outside);

	if (!viewer)
		return NULL;
	if (viewer->held >= pbx->directory->limits.subscriptions_each) {
		stack_trace(&pbx->stack, "event=refused cause=share watcher=%.*s subscriptions=%u",
			    SLICE_ARGS(number), viewer->held);
		pbx->stack.notifiers.refused++;
		viewer_release(pbx, viewer);
		return NULL;
	}
	viewer->held++;
	return viewer;
}

void viewer_give(struct pbx *pbx, struct viewer *viewer)
{
	viewer->held--;
	viewer_release(pbx, viewer);
}
