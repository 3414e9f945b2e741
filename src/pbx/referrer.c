/* SPDX-License-Identifier: MIT */
/*
 * The table of referrers. An extension may have the same name as a trunk, so there are two.
 */
#include "pbx/referrer.h"

#include "base/mem.h"
#include "core/refer.h"
#include "pbx/call.h"
#include "pbx/trunk.h"

static struct referrer *referrer_get(struct pbx *pbx, struct slice name, bool is_outside)
{
	struct map *map = &pbx->referrers[is_outside];
	struct map_node *node = map_find(map, name);
	struct referrer *referrer;

	if (node)
		return CONTAINER_OF(node, struct referrer, node);
	referrer = mem_alloc(sizeof(*referrer) + name.n);
	if (!referrer)
		return NULL;
	referrer->pbx = pbx;
	referrer->is_outside = is_outside;
	memcpy(referrer + 1, name.p, name.n);
	referrer->name = slice_of((const char *)(referrer + 1), name.n);
	if (map_insert(map, &referrer->node, referrer->name)) {
		mem_free(referrer);
		return NULL;
	}
	return referrer;
}

static struct referrer *take(struct pbx *pbx, struct slice name, bool is_outside)
{
	uint32_t share = is_outside ? REFERRER_SHARE_TRUNK : REFERRER_SHARE;
	struct referrer *referrer = referrer_get(pbx, name, is_outside);

	if (!referrer || referrer->held < share)
		return referrer_hold(referrer);
	stack_trace(&pbx->stack, "event=refused cause=share referrer=%.*s refers=%u",
		    SLICE_ARGS(name), referrer->held);
	pbx->stack.refers.refused++;
	return NULL;
}

struct referrer *referrer_take(struct pbx *pbx, struct slice number)
{
	return take(pbx, number, false);
}

struct referrer *referrer_take_leg(const struct leg *leg)
{
	return leg->extension ? take(leg->pbx, leg->extension->number, false)
			      : take(leg->pbx, leg->trunk->config->name, true);
}

struct referrer *referrer_hold(struct referrer *referrer)
{
	if (referrer)
		referrer->held++;
	return referrer;
}

void referrer_release(struct referrer *referrer)
{
	if (!referrer || --referrer->held > 0)
		return;
	map_remove(&referrer->pbx->referrers[referrer->is_outside], &referrer->node);
	mem_free(referrer);
}

static void release(void *account)
{
	referrer_release(account);
}

void referrer_count(struct referrer *referrer, struct refer *refer)
{
	refer_set_account(refer, referrer_hold(referrer), release);
}
