/* SPDX-License-Identifier: MIT */
/*
 * When to try again, and when to refresh: the waits of everything that we keep alive at a server.
 * All have a random part, so that a whole house does not come back at the same moment.
 */
#ifndef LAMPYRID_CORE_RETRY_H
#define LAMPYRID_CORE_RETRY_H

#include "core/stack.h"

#define RETRY_MAX_MS 300000

/* After the nth failure in a row, from 1 (RFC 5626 4.5): doubled each time up to RETRY_MAX_MS. */
uint64_t retry_wait_ms(struct stack *stack, unsigned failures);

#define REFRESH_MIN_MS 5000

/*
 * When to refresh what lasts `expires_s`: after half to three quarters of its time, but no sooner
 * than REFRESH_MIN_MS, however little time a server grants.
 */
uint64_t refresh_wait_ms(struct stack *stack, uint32_t expires_s);

/*
 * What is granted to who asked for `expires_s`: long ones up to a tenth less, so that phones that
 * started together do not refresh together for ever.
 */
uint32_t grant_spread_s(struct stack *stack, uint32_t expires_s);

/* Seconds as a peer wrote them, such as Retry-After: 3 or Retry-After: 120 (busy);duration=60
 * (RFC 3261 20.33), bounded to RETRY_AFTER_MAX_MS; 0: none. */
#define RETRY_AFTER_MAX_MS 3600000
uint64_t retry_after_ms(struct slice value);

#endif
