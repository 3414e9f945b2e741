/* SPDX-License-Identifier: MIT */
/*
 * Targets that take no INVITE without an offer, as some trunks: they are called once more with one
 * of the transferee's. Its phone is asked by re-INVITE, and hears nothing while the target rings.
 * One that is busy with an offer of its own (491, RFC 3261 14.1) is asked again a little later.
 */
#include "pbx/transfer_inner.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/splice.h"

/* Refused for what the INVITE said of media, or did not (RFC 3261 21.4, 21.6.4). */
static bool is_about_media(unsigned status)
{
	return status == 400 || status == 415 || status == 488 || status == 606;
}

/* Who talks with the transferor, or has clicked, and is alone in the call. */
static bool is_answered(const struct call *from)
{
	return from->state == CALL_TALKING || from->state == CALL_JOINING;
}

static bool may_ask(const struct transfer *transfer)
{
	const struct leg *transferee = transfer->transferee;

	return transfer->state == TRANSFER_WAITING && !transfer->has_asked && transfer->seat &&
	       transfer->seat->is_stand_in && slice_is_empty(transfer->to->offer) &&
	       is_answered(transfer->from) && !transferee->is_ending;
}

/* --- Asking ------------------------------------------------------------------------------- */

static void ask(struct transfer *transfer);

static void on_ask_due(struct timer *timer)
{
	ask(CONTAINER_OF(timer, struct transfer, ask_again.timer));
}

/* Unless that was done often enough. */
static void ask_later(struct transfer *transfer, bool is_asked_again)
{
	if (!is_asked_again)
		transfer_fail(transfer, 491);
}

void transfer_ask_stop(struct transfer *transfer)
{
	reoffer_stop(&transfer->ask_again, transfer->pbx->stack.timers);
}

static void ask(struct transfer *transfer)
{
	struct leg *transferee = transfer->transferee;
	int err = session_offer(transferee->session, SLICE_NONE, SLICE_NONE, SLICE_NONE);

	if (err == ERR_STATE)
		ask_later(transfer,
			  reoffer_when_free(&transfer->ask_again, transferee->session, on_ask_due));
	else if (err)
		transfer_fail(transfer, 503);
	else
		transferee->is_astray = true;
}

bool transfer_ask_offer(struct transfer *transfer, unsigned status)
{
	const struct call *failed = transfer->to;
	struct call *call;

	if (!is_about_media(status) || !failed || !may_ask(transfer))
		return false;
	call = call_new_for(transfer->transferee, failed->called.number, failed->hops_used);
	if (!call)
		return false;
	if (failed->referrer && call_set_referrer(call, failed->referrer)) {
		call_end(call, 0, SLICE_NONE);
		return false;
	}
	call->recall = failed->recall;
	transfer->to->transfer = NULL;
	transfer_aim(transfer, call, call->caller, NULL);
	transfer->has_asked = true;
	transfer->state = TRANSFER_ASKING;
	ask(transfer);
	return true;
}

/* --- The answer --------------------------------------------------------------------------- */

static void call_again(struct transfer *transfer)
{
	/* The one that the call's legs hold: there may be another one by now. */
	const struct directory *directory = transfer->to->directory;
	bool has_rights = transfer->is_by_inside || transfer->kind == TRANSFER_CLICK;
	const struct extension *extension =
		has_rights ? directory_find(directory, transfer->by->number) : NULL;
	struct slice number = transfer->to->called.number;
	bool is_denied;
	struct destination to = extension ? route_find_for(directory, number, extension, &is_denied)
					  : route_find(directory, number);

	transfer->state = TRANSFER_WAITING;
	if (to.kind == DESTINATION_NONE)
		transfer_fail(transfer, 404);
	else
		call_ring(transfer->to, &to);
}

bool transfer_on_offer_result(struct leg *leg, unsigned status, const struct sip_msg *response)
{
	struct transfer *transfer = leg->call->transfer;
	struct slice type = response ? sip_msg_value(response, HDR_CONTENT_TYPE) : SLICE_NONE;
	struct call *to;

	if (!transfer || transfer->state != TRANSFER_ASKING || leg != transfer->transferee ||
	    reoffer_is_waiting(&transfer->ask_again))
		return false;
	to = transfer->to;
	if (status >= 300) {
		leg->is_astray = false;
		if (status == 491)
			ask_later(transfer, reoffer_after_glare(&transfer->ask_again, leg->session,
								on_ask_due));
		else
			transfer_fail(transfer, 488);
		return true;
	}
	splice_hold(leg, type, response->body);
	if (slice_is_empty(response->body) || slice_keep(response->body, &to->offer) ||
	    slice_keep(type, &to->offer_type))
		transfer_fail(transfer, 488);
	else
		call_again(transfer);
	return true;
}
