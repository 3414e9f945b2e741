/* SPDX-License-Identifier: MIT */
/*
 * What the files of the api share: api.c (cursors, and what is small), api_call.c, api_watching.c
 * (subscriptions, and phones told unasked), api_lamp.c. Nobody else includes this.
 */
#ifndef LAMPYRID_PBX_API_INNER_H
#define LAMPYRID_PBX_API_INNER_H

#include "base/json.h"
#include "pbx/api.h"
#include "pbx/call.h"

#define API_LEGS_SHOWN_MAX 32
#define API_LOOKS_PER_STEP 256 /* rows that the filter may pass over at once */

/* The next row of each table, see api_next(). */
enum api_step api_next_call(struct api_cursor *cursor, struct buf *buf);
enum api_step api_next_subscription(struct api_cursor *cursor, struct buf *buf);
enum api_step api_next_lamp(struct api_cursor *cursor, struct buf *buf);
enum api_step api_next_explained(struct api_cursor *cursor, struct buf *buf);

/* The members "transport" and "peer". */
void api_print_way(struct buf *buf, const struct flow *flow);

/* --- api_call.c --------------------------------------------------------------------------- */

struct slice api_leg_state_name(enum leg_state state);
uint64_t api_seconds_since(const struct call *call, uint64_t ms);

/* The transfer that is under way, who has transferred it before, and out of which call. */
void api_print_transfers(struct buf *buf, const struct call *call);

#endif
