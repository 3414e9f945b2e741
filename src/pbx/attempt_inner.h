/* SPDX-License-Identifier: MIT */
/*
 * What the files of an attempt share: attempt.c (life, failures, forwards), attempt_ring.c (the
 * phones of an extension), attempt_route.c (trunks), attempt_group.c (members). Nobody else
 * includes this.
 */
#ifndef LAMPYRID_PBX_ATTEMPT_INNER_H
#define LAMPYRID_PBX_ATTEMPT_INNER_H

#include "pbx/attempt.h"

struct attempt *attempt_new(struct call *call, const struct destination *to);

/* Nothing rings for it any more: it goes on at a forward, or ends and tells its group or call. */
void attempt_over(struct attempt *attempt);

/* Without an answer in this time it fails (FORWARD_NO_ANSWER). */
void attempt_limit(struct attempt *attempt, uint32_t after_s);

/* The better failure stays (RFC 3261 16.7.6). */
void failure_add(struct failure *failure, struct failure other);

/* attempt_ring.c: whether one more call may ring there now; status 0: it may. */
struct failure extension_check(const struct call *call, const struct extension *extension);

/*
 * Rings all phones of its extension, each with `share` of what the call may fork to (RFC 5393 5.3).
 * The attempt may be over by the return.
 */
void ring_extension(struct attempt *attempt, uint32_t share);

/* The share of one of so many phones, at least 1. */
uint32_t share_of(const struct call *call, size_t phones);

void try_extension(struct attempt *attempt);

/* The phone that has the leg's dialog, which is to be replaced. */
void try_replaced(struct attempt *attempt);

/* attempt_route.c: by the first trunk that has a way. */
void try_route(struct attempt *attempt);

/* True when another target or trunk is being tried instead. */
bool route_goes_on(struct attempt *attempt, unsigned status, const struct sip_msg *response);

/* attempt_group.c */
void try_group(struct attempt *attempt);

/* True when another member in turn rings now. */
bool group_ring_next(struct attempt *group);
void group_member_over(struct attempt *group, struct failure failure);

#endif
