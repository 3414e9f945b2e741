/* SPDX-License-Identifier: MIT */
/*
 * The life of a transfer, from the moment that its REFER is granted (transfer_refer.c) to the
 * transferee's new call, or back.
 */
#include "pbx/transfer_inner.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/refer.h"
#include "pbx/attempt.h"
#include "pbx/call_early.h"
#include "pbx/lamp.h"
#include "pbx/park.h"
#include "pbx/referrer.h"
#include "pbx/splice.h"
#include "pbx/ticket.h"

#define MOVED_LINE "Reason: SIP;cause=200;text=\"Call transferred\"\r\n"

/* How long the transferor's phone has to hang up by itself once it knows (RFC 5589 6.1). */
#define GRACE_MS 4000

/* --- Telling the transferor ---------------------------------------------------------------- */

static void on_refer_end(struct refer *refer);

static const struct refer_ops refer_ops = { .on_end = on_refer_end };

static void on_refer_end(struct refer *refer)
{
	struct transfer *transfer = refer->owner;

	transfer->refer = NULL;
}

/* Outside of the dialog that it is about it begins one of its own, whoever sent it (RFC 4538). */
int transfer_accept(struct transfer *transfer, struct incoming *in)
{
	char text[CONTACT_LINE_MAX_BYTES];
	struct buf contact = BUF_ON(text);
	int err;

	if (slice_is_empty(in->msg->to_tag)) {
		pbx_print_contact(&contact, transfer->by->number, &in->flow);
		err = refer_take(in, buf_text(&contact), &refer_ops, transfer, &transfer->refer);
	} else {
		err = refer_accept(transfer->transferor->session, in, &refer_ops, transfer,
				   &transfer->refer);
	}
	if (!err)
		referrer_count(transfer->referrer, transfer->refer);
	return err;
}

static void tell(struct transfer *transfer, unsigned status)
{
	if (!transfer->refer)
		return;
	refer_tell(transfer->refer, status, SLICE_NONE);
	if (status >= 200 && transfer->refer)
		refer_let_go(transfer->refer);
}

void transfer_tell_early(struct transfer *transfer)
{
	tell(transfer, 200);
	transfer->refer = NULL;
}

/* --- Life --------------------------------------------------------------------------------- */

struct transfer *transfer_new(const struct party *by, struct leg *transferor,
			      struct leg *transferee)
{
	struct pbx *pbx = transferee->pbx;
	struct transfer *transfer = pool_new(&pbx->transfers);

	if (!transfer)
		return NULL;
	transfer->by = party_copy(by);
	if (!transfer->by) {
		pool_end(&pbx->transfers, transfer);
		return NULL;
	}
	transfer->pbx = pbx;
	transfer->from = transferee->call;
	transfer->transferee = transferee;
	transfer->transferor = transferor;
	transfer->is_by_inside = transferor && transferor->extension;
	transfer->from->transfer = transfer;
	return transfer;
}

void transfer_on_free(void *object)
{
	struct transfer *transfer = object;

	mem_free(transfer->by);
	mem_free((char *)transfer->number.p);
	referrer_release(transfer->referrer);
}

/* --- Telling everybody else ---------------------------------------------------------------- */

struct slice transfer_kind_name(enum transfer_kind kind)
{
	static const struct slice names[] = {
		[TRANSFER_BLIND] = SLICE_INIT("blind"),
		[TRANSFER_ATTENDED] = SLICE_INIT("attended"),
		[TRANSFER_SEMI] = SLICE_INIT("semi-attended"),
		[TRANSFER_PICKUP] = SLICE_INIT("pickup"),
		[TRANSFER_PARK] = SLICE_INIT("park"),
		[TRANSFER_RECALL] = SLICE_INIT("recall"),
		[TRANSFER_CLICK] = SLICE_INIT("click-to-dial"),
	};

	return names[kind];
}

/* Somebody has sent the transferee there, instead of being called for it. */
static bool has_referrer(const struct transfer *transfer)
{
	return transfer->kind != TRANSFER_RECALL && transfer->kind != TRANSFER_CLICK;
}

struct call *transfer_destination(const struct transfer *transfer)
{
	const struct leg *leg = pool_find(&transfer->pbx->legs, transfer->arrival);

	return leg ? leg->call : transfer->to;
}

struct slice transfer_target(const struct transfer *transfer)
{
	const struct call *to = transfer_destination(transfer);

	if (transfer->target)
		return transfer->target->party.number;
	return to ? to->called.number : transfer->number;
}

void transfer_trace(const struct transfer *transfer, const char *result, unsigned status)
{
	const struct call *to = transfer_destination(transfer);
	char to_text[24], status_text[24];
	struct buf to_call = BUF_ON(to_text), status_known = BUF_ON(status_text);
	struct slice target = transfer_target(transfer);

	if (to)
		buf_printf(&to_call, " to-call=%u", to->number);
	if (status > 0)
		buf_printf(&status_known, " status=%u", status);
	stack_trace(&transfer->pbx->stack,
		    "event=transfer call=%u%.*s how=%.*s by=%.*s of=%.*s%s%.*s result=%s%.*s",
		    transfer->from->number, SLICE_ARGS(buf_text(&to_call)),
		    SLICE_ARGS(transfer_kind_name(transfer->kind)),
		    SLICE_ARGS(transfer->by->number),
		    SLICE_ARGS(transfer->transferee->party.number), target.n > 0 ? " to=" : "",
		    SLICE_ARGS(target), result, SLICE_ARGS(buf_text(&status_known)));
}

static struct record_transfer outcome_of(const struct transfer *transfer, unsigned status)
{
	return (struct record_transfer){ .from = transfer->from,
					 .to = transfer_destination(transfer),
					 .by = transfer->by->number,
					 .of = transfer->transferee->party.number,
					 .target = transfer_target(transfer),
					 .kind = transfer->kind,
					 .status = status };
}

/* How it has ended; its calls are still its own. */
static void record(const struct transfer *transfer, unsigned status)
{
	struct record_transfer outcome = outcome_of(transfer, status);

	transfer_trace(transfer, status < 300 ? "done" : "failed", status);
	record_transferred(&outcome);
}

void transfer_record_in(const struct transfer *transfer, struct call *call)
{
	struct record_transfer outcome = outcome_of(transfer, 200);

	record_transferred_in(call, &outcome);
}

/* --- The end ------------------------------------------------------------------------------- */

/* The calls are free again. The transfer may be read until the end of the turn. */
static void detach(struct transfer *transfer)
{
	if (transfer->state == TRANSFER_SPLICING && transfer->transferee->splice)
		splice_stop(transfer->transferee->splice);
	transfer_ask_stop(transfer);
	transfer_forward_stop(transfer);
	transfer->from->transfer = NULL;
	if (transfer->to)
		transfer->to->transfer = NULL;
	pool_end(&transfer->pbx->transfers, transfer);
}

void transfer_drop(struct transfer *transfer)
{
	detach(transfer);
}

/* --- The target --------------------------------------------------------------------------- */

void transfer_aim(struct transfer *transfer, struct call *to, struct leg *seat, struct leg *target)
{
	transfer->to = to;
	transfer->seat = seat;
	transfer->target = target;
	to->transfer = transfer;
	if (!target && to->state == CALL_RINGING)
		transfer_trace(transfer, "calling", 0);
}

/* A call of the transferee's, who is not in it yet. */
int transfer_call(struct transfer *transfer, const struct destination *to, struct slice number,
		  uint32_t hops_used)
{
	struct call *call = call_new_for(transfer->transferee, number, hops_used);

	if (!call)
		return ERR_NOMEM;
	if (has_referrer(transfer) && call_set_referrer(call, transfer->by)) {
		call_end(call, 0, SLICE_NONE);
		return ERR_NOMEM;
	}
	if (transfer->kind == TRANSFER_RECALL)
		call->recall = transfer->transferor ? RECALL_HOLD : RECALL_TRANSFER;
	transfer_aim(transfer, call, call->caller, NULL);
	call_ring(call, to);
	return 0;
}

/* Its phone is hung up on when there is nobody for it: there is nobody to fall back to. */
void transfer_call_for(struct leg *leg, const struct transfer_order *order)
{
	struct transfer *transfer = transfer_new(&leg->party, NULL, leg);
	struct destination to;
	bool is_denied;

	if (!transfer) {
		if (order->refer) {
			refer_let_go(order->refer);
			refer_tell(order->refer, 503, SLICE_NONE);
		}
		call_end(leg->call, 503, SLICE_NONE);
		return;
	}
	transfer->kind = TRANSFER_CLICK;
	transfer->refer = order->refer;
	transfer->referrer = referrer_hold(order->referrer);
	if (transfer->refer) {
		transfer->refer->owner = transfer;
		transfer->refer->ops = &refer_ops;
	}
	to = route_find_for(transfer->pbx->directory, order->number, leg->extension, &is_denied);
	if (to.kind == DESTINATION_NONE)
		transfer_fail(transfer, 404);
	else if (transfer_call(transfer, &to, order->number, order->hops_used))
		transfer_fail(transfer, 503);
}

/* --- Back --------------------------------------------------------------------------------- */

/* Nobody is there whom the transferee talked with before: the transferor's phones ring. */
static void recall(const struct transfer *failed)
{
	struct call *from = failed->from;
	struct destination to = route_find(failed->pbx->directory, failed->by->number);
	struct transfer *transfer = NULL;

	if (from->state == CALL_ENDED || failed->transferee->is_ending ||
	    failed->pbx->stack.is_ending)
		return;
	if (failed->transferee->parked) {
		park_on_call_back_failed(failed->transferee, failed->state == TRANSFER_SPLICING);
		return;
	}
	if (has_referrer(failed) && failed->is_by_inside && to.kind == DESTINATION_EXTENSION)
		transfer = transfer_new(failed->by, NULL, failed->transferee);
	if (transfer) {
		transfer->kind = TRANSFER_RECALL;
		if (transfer_call(transfer, &to, failed->by->number, 0) == 0)
			return;
		detach(transfer);
	}
	record_set_cause(from, RECORD_HANGUP, NULL);
	call_end(from, 0, SLICE_NONE);
}

/* Whoever has a party there besides the transferee, or is called by one, goes on with it. */
static void leave_target(const struct transfer *failed, unsigned status)
{
	struct call *to = failed->to;
	const struct leg *seat = failed->seat;

	if (seat && !seat->is_stand_in) {
		splice_restore(to);
	} else if (seat || to->state != CALL_RINGING) {
		/* For whom it was made is not there any more. */
		if (failed->from->state == CALL_ENDED)
			record_set_cause(to, RECORD_CANCELLED, NULL);
		call_end(to, status, SLICE_NONE);
	}
}

void transfer_fail(struct transfer *transfer, unsigned status)
{
	if (transfer_ask_offer(transfer, status))
		return;
	record(transfer, status);
	detach(transfer);
	tell(transfer, status);
	if (transfer->to)
		leave_target(transfer, status);
	if (transfer->transferor)
		splice_restore(transfer->from);
	else
		recall(transfer);
}

int transfer_call_back(struct leg *waiting, struct leg *holder, const struct extension *extension)
{
	struct destination to = { .kind = DESTINATION_EXTENSION, .extension = extension };
	struct party by = { extension->number, extension->name };
	struct transfer *transfer = transfer_new(&by, holder, waiting);
	int err;

	if (!transfer)
		return ERR_NOMEM;
	transfer->kind = TRANSFER_RECALL;
	err = transfer_call(transfer, &to, by.number, 0);
	if (err)
		detach(transfer);
	return err;
}

bool transfer_give_up(struct call *call)
{
	struct transfer *transfer = call->transfer;

	if (transfer->kind != TRANSFER_RECALL || transfer->state >= TRANSFER_SPLICING)
		return false;
	transfer_fail(transfer, 487);
	return true;
}

/* --- Done --------------------------------------------------------------------------------- */

static void on_grace(struct timer *timer)
{
	call_end(CONTAINER_OF(timer, struct call, timer), 0, SLICE(MOVED_LINE));
}

void transfer_end_soon(struct call *call)
{
	timer_start(call->pbx->stack.timers, &call->timer, GRACE_MS, on_grace);
}

/*
 * The transferor hangs up when it has heard; one that does not is hung up on. Who was reminded has
 * asked for nothing, and waits for no word about it: the call on hold is over.
 */
static void leave_transferor(const struct transfer *transfer)
{
	struct call *from = transfer->from;

	if (transfer->transferor && transfer->kind != TRANSFER_RECALL)
		transfer_end_soon(from);
	else
		call_end(from, 0, SLICE(MOVED_LINE));
}

/* The transferee comes instead of this one (RFC 4235 4.1.4). */
static void replace(struct leg *leg, struct leg *transferee)
{
	leg_set_replaced(transferee, leg);
	leg->exit = (struct leg_exit){ "replaced", 0 };
}

static void free_seat(struct leg *seat, struct leg *transferee)
{
	if (seat->session)
		replace(seat, transferee);
	leg_end(seat, 0, SLICE(MOVED_LINE));
}

/* The target is not called by the transferee's phone, but has called one that rings until now. */
static void stop_ringing(const struct transfer *transfer)
{
	struct leg *picked = pool_find(&transfer->pbx->legs, transfer->picked);

	if (picked && picked->call == transfer->to)
		replace(picked, transfer->transferee);
	call_end_others(transfer->to, NULL);
}

/* The place that is free now, opposite of the target. */
static void take_seat(const struct transfer *transfer)
{
	struct leg *transferee = transfer->transferee;
	const struct call *from = transfer->from;
	struct call *to = transfer->to;
	bool is_private = from->is_private && transferee == from->caller;

	leg_move(transferee, to, transfer->seat);
	if (transfer->target == to->caller) {
		to->partner = transferee;
	} else {
		to->caller = transferee;
		to->is_private = is_private;
	}
}

static void transfer_done(struct transfer *transfer)
{
	struct leg *transferee = transfer->transferee, *target = transfer->target;
	struct call *to = transfer->to;

	record(transfer, 200);
	record_set_cause(transfer->from, RECORD_TRANSFERRED, transfer->transferor);
	detach(transfer);
	if (transfer->seat)
		free_seat(transfer->seat, transferee);
	else if (to->state == CALL_RINGING)
		stop_ringing(transfer);
	if (transferee->parked)
		park_on_called_back(transferee);
	take_seat(transfer);
	if (target->state != LEG_TALKING)
		leg_set_state(target, LEG_TALKING);
	if (has_referrer(transfer))
		(void)call_set_referrer(to, transfer->by); /* without memory lamps lack it */
	if (to->state != CALL_TALKING)
		call_set_state(to, CALL_TALKING);
	lamp_leg_changed(transferee);
	lamp_leg_changed(target);
	if (transfer->transferor)
		lamp_leg_changed(transfer->transferor);
	tell(transfer, 200);
	leave_transferor(transfer);
}

void transfer_arrive(struct transfer *transfer, unsigned status)
{
	record(transfer, status);
	record_set_cause(transfer->from, RECORD_TRANSFERRED, transfer->transferor);
	detach(transfer);
	tell(transfer, status);
	if (transfer->from->state != CALL_ENDED)
		leave_transferor(transfer);
}

void transfer_part(struct transfer *transfer)
{
	transfer_trace(transfer, "transferee-left", 0);
	ticket_part(transfer);
	transfer->refer = NULL;
	detach(transfer);
}

static void on_spliced(void *owner, int err)
{
	struct transfer *transfer = owner;

	if (err)
		transfer_fail(transfer, splice_status(err, 480));
	else
		transfer_done(transfer);
}

/* The target describes itself first, in `offer` or when it is asked; it is the one in no hurry. */
static int splice(struct transfer *transfer, struct slice offer, struct slice offer_type)
{
	struct leg *target = transfer->target, *transferee = transfer->transferee;
	bool is_silent = slice_is_empty(offer) && session_is_invited(target->session);
	int err = splice_start(&(struct splice_spec){ .offerer = is_silent ? transferee : target,
						      .answerer = is_silent ? target : transferee,
						      .offer = offer,
						      .offer_type = offer_type,
						      .on_done = on_spliced,
						      .owner = transfer });

	if (err)
		return err;
	transfer->state = TRANSFER_SPLICING;
	transfer_trace(transfer, "answered", 0);
	return 0;
}

void transfer_splice(struct transfer *transfer, struct slice offer, struct slice offer_type)
{
	int err = splice(transfer, offer, offer_type);

	if (err)
		transfer_fail(transfer, err == ERR_STATE ? 491 : 503);
}

void transfer_park(struct transfer *transfer, struct slice number)
{
	if (park_call(transfer->transferee, transfer->transferor, number)) {
		transfer_fail(transfer, 503);
		return;
	}
	transfer_trace(transfer, "parked", 200);
	detach(transfer);
	tell(transfer, 200);
}

/* --- What becomes of its legs and calls --------------------------------------------------- */

void transfer_on_provisional(struct call *call, unsigned status)
{
	if (call->transfer)
		tell(call->transfer, status);
}

void transfer_on_answer(struct leg *leg, const struct sip_msg *response)
{
	struct call *call = leg->call;
	struct transfer *transfer = call->transfer;
	bool is_offer = slice_is_empty(call->offer) && !slice_is_empty(response->body) &&
			!leg->session->early.answer;

	/* It has answered what somebody else offered, and is asked anew. */
	if (!is_offer)
		(void)session_ack(leg->session, SLICE_NONE, SLICE_NONE);
	call_end_others(call, leg);
	leg_set_state(leg, LEG_TALKING);
	call_set_state(call, CALL_JOINING);
	transfer->target = leg;
	transfer_splice(transfer, is_offer ? response->body : SLICE_NONE,
			sip_msg_value(response, HDR_CONTENT_TYPE));
}

int transfer_on_pickup(struct leg *picker, struct slice offer, struct slice offer_type)
{
	struct call *call = picker->call;
	int err;

	call->transfer->target = picker;
	err = splice(call->transfer, offer, offer_type);
	if (err) {
		call->transfer->target = NULL;
		return err;
	}
	call_end_others(call, picker);
	call_set_state(call, CALL_JOINING);
	return 0;
}

void transfer_on_talking(struct call *call)
{
	struct transfer *transfer = call->transfer;

	if (!transfer || transfer->to != call || transfer->state != TRANSFER_WAITING)
		return;
	transfer->target = leg_other(transfer->seat);
	transfer_splice(transfer, SLICE_NONE, SLICE_NONE);
}

void transfer_on_race(struct call *call)
{
	if (call->transfer && call->transfer->to == call && !call->transfer->seat)
		transfer_fail(call->transfer, 486);
}

/* The transferor has given up its own call, not the transfer: the target rings on. */
static bool consultation_gone(struct transfer *transfer)
{
	struct call *to = transfer->to;
	struct leg *seat = transfer->seat;

	/* Two whose media is still being agreed: nobody knows yet what the target offers. */
	if (to->state == CALL_JOINING)
		return false;
	if (transfer->state == TRANSFER_WAITING) {
		transfer->seat = call_stand_in(to, transfer->transferee);
		if (!transfer->seat)
			return false;
	} else {
		transfer->seat = NULL;
	}
	if (transfer->seat)
		to->caller = transfer->seat;
	leg_end(seat, 0, SLICE_NONE);
	early_on_caller_left(to);
	/* They have another one at the other end, or nobody. */
	LIST_FOR (leg, &to->legs, struct leg, node)
		if (leg->session)
			lamp_leg_changed(leg);
	if (transfer->state == TRANSFER_FORWARDED)
		transfer_forward_on_seat_gone(transfer);
	return true;
}

bool transfer_on_leg_gone(struct leg *leg)
{
	struct transfer *transfer = leg->call->transfer;

	if (!transfer)
		return false;
	if (leg == transfer->transferor) {
		/* Who holds somebody and hangs up need not be reminded of them. */
		if (transfer_give_up(leg->call))
			return false;
		transfer->transferor = NULL;
		transfer_trace(transfer, "transferor-left", 0);
		leg_end(leg, 0, SLICE_NONE);
		lamp_leg_changed(transfer->transferee);
		return true;
	}
	return leg == transfer->seat && consultation_gone(transfer);
}

void transfer_on_call_end(struct call *call, unsigned status)
{
	struct transfer *transfer = call->transfer;

	if (transfer && !transfer_forward_on_call_end(transfer, call))
		transfer_fail(transfer, call == transfer->from || status == 0 ? 480 : status);
}
