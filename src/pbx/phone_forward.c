/* SPDX-License-Identifier: MIT */
/*
 * The table of forwards that phones have set.
 */
#include "pbx/phone_forward.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/feature_sync.h"
#include "pbx/lamp.h"

struct phone_forward {
	struct map_node node; /* in pbx->phone_forwards; behind the struct stands its key */
	bool is_set[FORWARD_KINDS];
	char to[FORWARD_KINDS][SIP_USER_MAX_BYTES]; /* [to_bytes] */
	size_t to_bytes[FORWARD_KINDS];
	uint32_t after_s; /* 0: as configured */
};

static struct phone_forward *find(const struct pbx *pbx, struct slice number)
{
	struct map_node *node = map_find(&pbx->phone_forwards, number);

	return node ? CONTAINER_OF(node, struct phone_forward, node) : NULL;
}

static struct phone_forward *get(struct pbx *pbx, struct slice number)
{
	struct phone_forward *set = find(pbx, number);

	if (set)
		return set;
	set = mem_alloc(sizeof(*set) + number.n);
	if (!set)
		return NULL;
	memcpy(set + 1, number.p, number.n);
	if (map_insert(&pbx->phone_forwards, &set->node,
		       slice_of((const char *)(set + 1), number.n))) {
		mem_free(set);
		return NULL;
	}
	return set;
}

static void drop(struct pbx *pbx, struct phone_forward *set)
{
	map_remove(&pbx->phone_forwards, &set->node);
	mem_free(set);
}

struct forward phone_forward_of(const struct pbx *pbx, const struct extension *extension)
{
	struct forward forward = extension->forward;
	const struct phone_forward *set = find(pbx, extension->number);

	if (!set)
		return forward;
	for (size_t i = 0; i < FORWARD_KINDS; i++)
		if (set->is_set[i])
			forward.to[i] = slice_of(set->to[i], set->to_bytes[i]);
	if (set->after_s > 0)
		forward.after_s = set->after_s;
	else if (forward.after_s == 0)
		forward.after_s = FORWARD_AFTER_S;
	return forward;
}

int phone_forward_set(struct pbx *pbx, const struct extension *extension, enum forward_when when,
		      struct slice to, uint32_t after_s)
{
	struct phone_forward *set;

	if (to.n > SIP_USER_MAX_BYTES)
		return ERR_LIMIT;
	set = get(pbx, extension->number);
	if (!set)
		return ERR_NOMEM;
	set->is_set[when] = true;
	if (to.n > 0)
		memmove(set->to[when], to.p, to.n);
	set->to_bytes[when] = to.n;
	if (after_s > 0)
		set->after_s = after_s;
	lamp_state_changed(pbx, extension->number);
	feature_sync_changed(pbx, extension->number);
	return 0;
}

/* --- A new configuration ------------------------------------------------------------------ */

static void compare(struct pbx *pbx, struct phone_forward *set, const struct extension *before,
		    const struct extension *after)
{
	bool is_any_set = false;

	for (size_t i = 0; i < FORWARD_KINDS; i++) {
		if (!slice_eq(before->forward.to[i], after->forward.to[i]))
			set->is_set[i] = false;
		is_any_set |= set->is_set[i];
	}
	if (before->forward.after_s != after->forward.after_s)
		set->after_s = 0;
	if (!is_any_set)
		drop(pbx, set);
}

void phone_forward_on_directory(struct pbx *pbx, const struct directory *next)
{
	for (struct map_node *node = map_first(&pbx->phone_forwards), *behind; node;
	     node = behind) {
		struct phone_forward *set = CONTAINER_OF(node, struct phone_forward, node);
		const struct extension *before = directory_find(pbx->directory, map_key(node));
		const struct extension *after = directory_find(next, map_key(node));

		behind = map_next(&pbx->phone_forwards, node);
		if (before && after)
			compare(pbx, set, before, after);
		else
			drop(pbx, set);
	}
}

void phone_forward_fini(struct pbx *pbx)
{
	struct map_node *node;

	while ((node = map_first(&pbx->phone_forwards)))
		drop(pbx, CONTAINER_OF(node, struct phone_forward, node));
	map_fini(&pbx->phone_forwards);
}
