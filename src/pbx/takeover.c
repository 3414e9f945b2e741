/* SPDX-License-Identifier: MIT */
/*
 * The new leg is in the call from the beginning, as the heir of the one that it replaces; it gets
 * that one's place when the splice with the other party is done. Only where all that is the phones'
 * business (`refer: forward`), and the other one can do it, there is a new call with that.
 */
#include "pbx/takeover.h"

#include "base/err.h"
#include "pbx/lamp.h"
#include "pbx/reminder.h"
#include "pbx/route.h"
#include "pbx/splice.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"
#include "pbx/visibility.h"

#define REPLACED_LINE "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"

bool takeover_is_allowed(const struct leg *leg, const struct extension *taker)
{
	return leg->extension && rights_of(leg->extension, taker).may_barge_in;
}

/* NULL: it has hung up meanwhile. */
static struct leg *predecessor(const struct leg *heir)
{
	LIST_FOR (leg, &heir->call->legs, struct leg, node)
		if (leg->heir == heir)
			return leg;
	return NULL;
}

void takeover_take_place(struct leg *heir)
{
	struct call *call = heir->call;
	struct leg *leg = predecessor(heir), *other;

	if (leg == call->caller)
		call->caller = heir;
	else
		call->partner = heir;
	other = leg_other(heir);
	if (leg) {
		leg->heir = NULL;
		leg->exit = (struct leg_exit){ "replaced", 0 };
		leg_end(leg, 0, SLICE(REPLACED_LINE));
	}
	ticket_name_referrer(heir);
	leg_set_state(heir, LEG_TALKING);
	ticket_on_talking(heir);
	lamp_leg_changed(other);
}

static void trace(const struct leg *heir, struct slice of, unsigned status)
{
	stack_trace(&heir->pbx->stack,
		    "event=takeover call=%u taker=%.*s of=%.*s result=%s status=%u",
		    heir->call->number, SLICE_ARGS(heir->party.number), SLICE_ARGS(of),
		    status == 200 ? "done" : "failed", status);
}

static void on_spliced(void *owner, int err)
{
	struct leg *heir = owner, *leg = predecessor(heir);
	struct call *call = heir->call;
	struct slice of = leg ? leg->party.number : SLICE_NONE;

	trace(heir, of, err ? splice_status(err, 481) : 200);
	if (!err) {
		if (!ticket_of(heir))
			record_picked_up(call, heir->party.number, of, RECORD_BY_BARGE_IN);
		takeover_take_place(heir);
		return;
	}
	if (leg)
		leg->heir = NULL;
	else if (heir->is_ending)
		record_set_cause(call, RECORD_HANGUP, heir);
	leg_end(heir, splice_status(err, 481), SLICE_NONE);
	if (leg)
		splice_restore(call);
	else
		call_end(call, 0, SLICE_NONE);
}

static struct leg *take_heir(struct leg *leg, struct incoming *in, const struct taker *taker)
{
	struct slice number = leg->party.number;

	if (taker->extension)
		return call_take_leg(leg->call, in, taker->extension, number);
	return call_take_trunk_leg(leg->call, in, taker->trunk, &taker->party, number);
}

/* By its own transfer a ticket holder is the one who may. */
static bool is_transferred_otherwise(const struct call *call, const struct taker *taker)
{
	const struct transfer *transfer = call->transfer;

	return transfer &&
	       (!taker->ticket || !handle_eq(taker->ticket->transfer, transfer->pooled.handle));
}

/* --- By the other phone ------------------------------------------------------------------- */

/*
 * Who was sent here by REFER (`refer: forward`) calls the other phone, if that knows Replaces: it
 * lets its old call go by itself. One behind a proxy would have to be reached through that, and a
 * full server has no room for one more call.
 */
static bool is_for_phone(const struct leg *other, const struct taker *taker)
{
	return taker->ticket && other->extension && other->session->peer_can & PEER_REPLACES &&
	       slice_is_empty(dialog_text(&other->session->dialog, DIALOG_ROUTES)) &&
	       directory_find(other->pbx->directory, other->party.number) &&
	       pbx_has_room(other->pbx);
}

static void call_phone(const struct leg *other, struct incoming *in, const struct taker *taker)
{
	struct pbx *pbx = other->pbx;
	struct destination to = { .kind = DESTINATION_EXTENSION,
				  .extension = directory_find(pbx->directory, other->party.number),
				  .replaced = other->pooled.handle };
	struct slice number = to.extension->number;

	if (taker->extension)
		call_start(pbx, in, taker->extension, number, &to, taker->ticket);
	else
		call_start_from_trunk(pbx, in, taker->trunk, &taker->party, number, &to,
				      taker->ticket);
}

static void refuse(const struct leg *leg, struct incoming *in, const struct taker *taker,
		   unsigned status)
{
	struct slice number = taker->extension ? taker->extension->number : taker->party.number;

	stack_trace(&leg->pbx->stack,
		    "event=takeover call=%u taker=%.*s of=%.*s result=refused status=%u",
		    leg->call->number, SLICE_ARGS(number), SLICE_ARGS(leg->party.number), status);
	incoming_reply_status(in, status);
}

/* --- By us -------------------------------------------------------------------------------- */

void takeover_start(struct leg *leg, struct incoming *in, const struct taker *taker)
{
	struct call *call = leg->call;
	struct leg *other = leg_other(leg), *heir;

	if (!other) {
		refuse(leg, in, taker, 481);
		return;
	}
	reminder_give_up(leg);
	if (call->state != CALL_TALKING || leg->heir || other->heir || leg->splice ||
	    other->splice || is_transferred_otherwise(call, taker)) {
		refuse(leg, in, taker, 491);
		return;
	}
	if (is_for_phone(other, taker)) {
		call_phone(other, in, taker);
		return;
	}
	heir = take_heir(leg, in, taker);
	if (!heir)
		return;
	leg_set_replaced(heir, leg);
	leg->heir = heir;
	if (splice_newcomer(heir, other, in->msg, on_spliced)) {
		leg->heir = NULL;
		leg_end(heir, 503, SLICE("Retry-After: 5\r\n"));
		return;
	}
	if (taker->ticket)
		ticket_use(taker->ticket, heir);
}
