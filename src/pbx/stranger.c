/* SPDX-License-Identifier: MIT */
/*
 * Buckets are counted in thousandths of an answer: a rate per second is as many of them in a
 * millisecond. A source without a bucket has a full one, so forgetting one errs on its side; and
 * where memory is refused for one, nobody is refused.
 */
#include "pbx/stranger.h"

#include "base/mem.h"

#define ANSWER 1000u /* thousandths */

struct stranger {
	struct map_node node;
	struct list age; /* in by_age */
	char network[ADDR_NETWORK_BYTES];
	uint64_t thousandths;
	uint64_t at_ms;		 /* when it held so many */
	uint64_t known_until_ms; /* 0: nobody there has proved anything */
};

void strangers_init(struct strangers *strangers, const uint64_t map_secret[2])
{
	*strangers = (struct strangers){ .sources_max = STRANGERS_SOURCES_MAX };
	map_init(&strangers->sources, map_secret);
	list_init(&strangers->by_age[false]);
	list_init(&strangers->by_age[true]);
}

static void forget(struct strangers *strangers, struct stranger *stranger)
{
	map_remove(&strangers->sources, &stranger->node);
	list_remove(&stranger->age);
	mem_free(stranger);
}

void strangers_fini(struct strangers *strangers)
{
	for (int is_known = 0; is_known < 2; is_known++)
		LIST_FOR (stranger, &strangers->by_age[is_known], struct stranger, age)
			forget(strangers, stranger);
	map_fini(&strangers->sources);
}

static bool is_limited(const struct addr *peer, uint32_t per_s)
{
	return per_s > 0 && !addr_is_loopback(peer);
}

static struct stranger *find(const struct strangers *strangers, const struct addr *peer)
{
	char network[ADDR_NETWORK_BYTES];
	struct map_node *node;

	addr_network(peer, network);
	node = map_find(&strangers->sources, slice_of(network, sizeof(network)));
	return node ? CONTAINER_OF(node, struct stranger, node) : NULL;
}

static bool is_known(const struct stranger *stranger, uint64_t now_ms)
{
	return stranger->known_until_ms > now_ms;
}

static uint64_t rate_of(const struct stranger *stranger, uint32_t per_s, uint64_t now_ms)
{
	return is_known(stranger, now_ms) ? (uint64_t)per_s * STRANGERS_KNOWN_FACTOR : per_s;
}

static void refill(struct stranger *stranger, uint32_t per_s, uint64_t now_ms)
{
	uint64_t rate = rate_of(stranger, per_s, now_ms);
	uint64_t full = rate * STRANGERS_BURST_S * ANSWER;
	uint64_t passed_ms = now_ms - stranger->at_ms;

	stranger->at_ms = now_ms;
	if (passed_ms >= STRANGERS_BURST_S * 1000u)
		stranger->thousandths = full;
	else
		stranger->thousandths += passed_ms * rate;
	if (stranger->thousandths > full)
		stranger->thousandths = full;
}

/* The one heard of last stands at the end of its list. */
static void note_age(struct strangers *strangers, struct stranger *stranger, uint64_t now_ms)
{
	list_remove(&stranger->age);
	list_append(&strangers->by_age[is_known(stranger, now_ms)], &stranger->age);
}

static void make_room(struct strangers *strangers)
{
	struct stranger *oldest;

	if (strangers->sources.count < strangers->sources_max)
		return;
	oldest = LIST_FIRST(&strangers->by_age[false], struct stranger, age);
	if (!oldest)
		oldest = LIST_FIRST(&strangers->by_age[true], struct stranger, age);
	forget(strangers, oldest);
}

/* With a full bucket if it is new; NULL when memory is refused. */
static struct stranger *get(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
			    uint64_t now_ms)
{
	struct stranger *stranger = find(strangers, peer);

	if (stranger)
		return stranger;
	make_room(strangers);
	stranger = mem_alloc(sizeof(*stranger));
	if (!stranger)
		return NULL;
	list_init(&stranger->age);
	addr_network(peer, stranger->network);
	stranger->thousandths = (uint64_t)per_s * STRANGERS_BURST_S * ANSWER;
	stranger->at_ms = now_ms;
	if (map_insert(&strangers->sources, &stranger->node,
		       slice_of(stranger->network, sizeof(stranger->network)))) {
		mem_free(stranger);
		return NULL;
	}
	return stranger;
}

bool strangers_may_ask(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		       uint64_t now_ms)
{
	struct stranger *stranger = is_limited(peer, per_s) ? find(strangers, peer) : NULL;

	if (!stranger || is_known(stranger, now_ms))
		return true;
	refill(stranger, per_s, now_ms);
	return stranger->thousandths >= ANSWER;
}

bool strangers_take(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		    uint64_t now_ms)
{
	struct stranger *stranger;

	if (!is_limited(peer, per_s))
		return true;
	stranger = get(strangers, peer, per_s, now_ms);
	if (!stranger)
		return true;
	note_age(strangers, stranger, now_ms);
	refill(stranger, per_s, now_ms);
	if (stranger->thousandths < ANSWER)
		return false;
	stranger->thousandths -= ANSWER;
	return true;
}

void strangers_vouch(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		     uint64_t now_ms)
{
	struct stranger *stranger;

	if (!is_limited(peer, per_s))
		return;
	stranger = get(strangers, peer, per_s, now_ms);
	if (!stranger)
		return;
	if (!is_known(stranger, now_ms))
		stranger->thousandths =
			(uint64_t)per_s * STRANGERS_KNOWN_FACTOR * STRANGERS_BURST_S * ANSWER;
	stranger->known_until_ms = now_ms + STRANGERS_KNOWN_MS;
	note_age(strangers, stranger, now_ms);
}

void strangers_drop(struct strangers *strangers)
{
	strangers->dropped++;
	strangers->untold++;
}
