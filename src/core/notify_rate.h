/* SPDX-License-Identifier: MIT */
/*
 * How often a subscriber wants to be told (RFC 6446): at most so often (max-rate), at least so
 * often (min-rate), or at least so often on the average (adaptive-min-rate). The parameters come
 * with the Event of a SUBSCRIBE, and what has become of them goes back with each NOTIFY's
 * Subscription-State.
 */
#ifndef LAMPYRID_CORE_NOTIFY_RATE_H
#define LAMPYRID_CORE_NOTIFY_RATE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Rates are NOTIFYs in a second, in parts of NOTIFY_RATE_ONE (RFC 6446 allows ten decimals). */
#define NOTIFY_RATE_ONE UINT64_C(10000000000)

/* More often than this nobody is told what is not new. */
#define NOTIFY_IDLE_MIN_MS 5000

struct notify_rates {
	uint64_t max; /* 0: not asked for; so the others */
	uint64_t min;
	uint64_t adaptive;
	uint64_t period_at_ms; /* when the current period of `adaptive` began */
	uint32_t sent;	       /* NOTIFYs in it */
	uint32_t sent_before;  /* in the one before */
};

/* Whether an Event parameter is one of these, and belongs to no NOTIFY's Event. */
bool notify_rate_is_name(struct slice name);

/*
 * Takes over what the parameters of an Event ask for; false: nothing. A value that is no rate
 * counts as not asked for, and the subscriber sees that, since it does not come back. NOTIFYs that
 * were counted stay counted.
 */
bool notify_rates_read(struct notify_rates *rates, struct slice event_params);

/*
 * ";max-rate=0.5;min-rate=0.01", as adjusted to what we allow: a NOTIFY each `gap_ms` at most.
 * Nothing when nothing was asked for.
 */
void notify_rates_print(const struct notify_rates *rates, uint32_t gap_ms, struct buf *buf);

/* From one NOTIFY to the next at least so long. In this and the next two NULL asks for nothing. */
uint64_t notify_rates_gap_ms(const struct notify_rates *rates, uint32_t gap_ms);

/* A NOTIFY, no retransmission, goes out. */
void notify_rates_count(struct notify_rates *rates, uint64_t now_ms);

/* So long after the last NOTIFY there is one more without news; UINT64_MAX: never. */
uint64_t notify_rates_idle_ms(const struct notify_rates *rates, uint64_t now_ms);

#endif
