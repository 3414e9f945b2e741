/* SPDX-License-Identifier: MIT */
/*
 * Rows of calls, with their legs.
 */
#include "pbx/api_inner.h"

#include "pbx/park.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"

/* --- Words -------------------------------------------------------------------------------- */

struct slice api_leg_state_name(enum leg_state state)
{
	static const struct slice names[] = {
		[LEG_CALLING] = SLICE_INIT("calling"), [LEG_PROCEEDING] = SLICE_INIT("proceeding"),
		[LEG_RINGING] = SLICE_INIT("ringing"), [LEG_TALKING] = SLICE_INIT("talking"),
		[LEG_ENDED] = SLICE_INIT("ended"),
	};

	return names[state];
}

static struct slice call_state_name(enum call_state state)
{
	static const struct slice names[] = {
		[CALL_RINGING] = SLICE_INIT("ringing"),
		[CALL_JOINING] = SLICE_INIT("joining"),
		[CALL_TALKING] = SLICE_INIT("talking"),
		[CALL_ENDED] = SLICE_INIT("ended"),
	};

	return names[state];
}

static struct slice transfer_state_name(enum transfer_state state)
{
	static const struct slice names[] = {
		[TRANSFER_WAITING] = SLICE_INIT("calling"),
		[TRANSFER_ASKING] = SLICE_INIT("calling"),
		[TRANSFER_SPLICING] = SLICE_INIT("joining"),
		[TRANSFER_FORWARDED] = SLICE_INIT("forwarded"),
	};

	return names[state];
}

/* NULL: nobody of it waits in an orbit. */
static const struct parked *parked_of(const struct call *call)
{
	const struct leg *left = call->caller ? call->caller : call->partner;

	return left ? left->parked : NULL;
}

static bool call_is_about(const struct call *call, struct slice number)
{
	const struct parked *parked = parked_of(call);

	if (slice_is_empty(number) || slice_eq(call->called.number, number) ||
	    (parked && slice_eq(parked->orbit.number, number)))
		return true;
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (slice_eq(leg->party.number, number))
			return true;
	return false;
}

uint64_t api_seconds_since(const struct call *call, uint64_t ms)
{
	return (call->pbx->stack.timers->now_ms - ms) / 1000;
}

/* It may be the call that somebody's phone makes for it. */
static const struct transfer *transfer_of(const struct call *call)
{
	const struct transfer *transfer = call->transfer;

	if (call->referrer)
		LIST_FOR (leg, &call->legs, struct leg, node)
			if (!transfer)
				transfer = ticket_transfer(leg);
	return transfer;
}

/* One that is under way; it is told of with both calls. */
static void print_transfer(struct buf *buf, const struct call *call)
{
	const struct transfer *transfer = transfer_of(call);
	const struct call *to;

	if (!transfer)
		return;
	to = transfer_destination(transfer);
	json_object_begin(buf, "transfer");
	json_text(buf, "how", transfer_kind_name(transfer->kind));
	json_text(buf, "state", transfer_state_name(transfer->state));
	json_text(buf, "by", transfer->by->number);
	json_text(buf, "of", transfer->transferee->party.number);
	json_text_unless_empty(buf, "to", transfer_target(transfer));
	json_number(buf, "from_call", transfer->from->number);
	if (to)
		json_number(buf, "to_call", to->number);
	json_object_end(buf);
}

/* One that is done, or for which the call is made. */
static void print_transferred(struct buf *buf, const struct call *call)
{
	if (call->referrer)
		json_text(buf, "transferred_by", call->referrer->number);
	if (call->former > 0)
		json_number(buf, "was_call", call->former);
}

void api_print_transfers(struct buf *buf, const struct call *call)
{
	print_transfer(buf, call);
	print_transferred(buf, call);
}

static void print_leg(struct buf *buf, const struct leg *leg)
{
	json_object_begin(buf, NULL);
	json_text(buf, "number", leg->party.number);
	json_text(buf, "direction", leg->is_initiator ? SLICE("in") : SLICE("out"));
	json_text(buf, "state", api_leg_state_name(leg->state));
	json_number(buf, "age", api_seconds_since(leg->call, leg->record.start_ms));
	if (leg->session) {
		api_print_way(buf, &leg->session->dialog.flow);
		json_text(buf, "call_id", dialog_call_id(&leg->session->dialog));
	}
	if (leg->is_stand_in)
		json_bool(buf, "waits", true);
	json_object_end(buf);
}

static void print_legs(struct buf *buf, const struct call *call, size_t max)
{
	size_t shown = 0, more = 0;

	json_array_begin(buf, "legs");
	LIST_FOR (leg, &call->legs, struct leg, node) {
		if (shown < max) {
			print_leg(buf, leg);
			shown++;
		} else {
			more++;
		}
	}
	json_array_end(buf);
	if (more > 0)
		json_number(buf, "legs_more", more);
}

static void print_party(struct buf *buf, const char *name, const struct party *party)
{
	json_object_begin(buf, name);
	json_text(buf, "number", party->number);
	json_text_unless_empty(buf, "name", party->name);
	json_object_end(buf);
}

static void print_parked(struct buf *buf, const struct parked *parked)
{
	json_object_begin(buf, "parked");
	json_text(buf, "orbit", parked->orbit.number);
	json_text(buf, "by", parked->parker);
	json_number(buf, "age", api_seconds_since(parked->leg->call, parked->since_ms));
	json_object_end(buf);
}

static void print_call(struct buf *buf, const struct call *call, size_t legs_max)
{
	const struct parked *parked = parked_of(call);

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("call"));
	json_number(buf, "call", call->number);
	json_text(buf, "state", parked ? SLICE("parked") : call_state_name(call->state));
	json_number(buf, "age", api_seconds_since(call, call->record.start_ms));
	if (call->record.answer_ms > 0)
		json_number(buf, "talk", api_seconds_since(call, call->record.answer_ms));
	if (call->caller)
		print_party(buf, "from", &call->caller->party);
	print_party(buf, "to", &call->called);
	if (call->partner)
		print_party(buf, "with", &call->partner->party);
	if (parked)
		print_parked(buf, parked);
	api_print_transfers(buf, call);
	print_legs(buf, call, legs_max);
	json_object_end(buf);
}

enum api_step api_next_call(struct api_cursor *cursor, struct buf *buf)
{
	size_t start = buf->n, legs_max = API_LEGS_SHOWN_MAX;
	const struct call *call;

	for (int i = 0; i < API_LOOKS_PER_STEP; i++) {
		call = pool_walk(&cursor->pbx->calls, &cursor->slot);
		if (!call)
			return API_END;
		if (!call_is_about(call, cursor->number))
			continue;
		print_call(buf, call, legs_max);
		while (buf->is_overflown && legs_max > 0) {
			legs_max /= 2;
			buf->n = start;
			buf->is_overflown = false;
			print_call(buf, call, legs_max);
		}
		return API_ROW;
	}
	return API_AGAIN;
}
