/* SPDX-License-Identifier: MIT */
/*
 * How much is answered to strangers. What a request without good credentials costs us and whoever
 * stands in its source address is the answer, a challenge or a refusal that keeps no state; so
 * these are counted, for each IPv4 address or IPv6 /64, and beyond a rate they are withheld
 * (SECURITY D1, S9). A source from which somebody has lately proved to be ours, as an office behind
 * one NAT, gets much more, and what carries good credentials is never stopped there.
 *
 * A bucket is filled with time, and each answer takes one from it (a token bucket).
 */
#ifndef LAMPYRID_PBX_STRANGER_H
#define LAMPYRID_PBX_STRANGER_H

#include "base/addr.h"
#include "base/list.h"
#include "base/map.h"

#define STRANGERS_SOURCES_MAX 4096 /* remembered; beyond that the one not heard of longest goes */
#define STRANGERS_BURST_S 10	   /* the bucket holds this many seconds' worth */
#define STRANGERS_KNOWN_FACTOR 20  /* what a known source may more than another */
#define STRANGERS_KNOWN_MS (2 * 60 * 60 * 1000)

struct strangers {
	struct map sources;    /* struct stranger, by network */
	struct list by_age[2]; /* the same: unknown ones, known ones; those heard of last behind */
	uint32_t sources_max;  /* STRANGERS_SOURCES_MAX; a test may lower it */
	uint64_t dropped;      /* requests that were not read, and answers withheld */
	uint64_t untold;       /* of those, since the log was told */
	uint64_t told_ms;      /* when that was */
};

void strangers_init(struct strangers *strangers, const uint64_t map_secret[2]);
void strangers_fini(struct strangers *strangers);

/*
 * Whether a request of this peer is worth reading: false for a stranger whose bucket is empty.
 * `per_s` is the rate of an unknown source, 0: no limit. The loopback is never limited.
 */
bool strangers_may_ask(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		       uint64_t now_ms);

/* Takes one answer from the bucket; false: there is none left, so it should not be sent. */
bool strangers_take(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		    uint64_t now_ms);

/* Counts what was not read or not sent for one of these two reasons. */
void strangers_drop(struct strangers *strangers);

/* Somebody there has proved to be ours. */
void strangers_vouch(struct strangers *strangers, const struct addr *peer, uint32_t per_s,
		     uint64_t now_ms);

#endif
