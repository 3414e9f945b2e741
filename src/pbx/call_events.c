/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of a call as its phones tell them: the handlers of the legs' sessions.
 * What they say in between passes through call_relay.c. Whenever one leg vanishes the rest of the
 * call is told.
 */
#include "pbx/attempt.h"
#include "pbx/auth.h"
#include "pbx/call_early.h"
#include "pbx/call_relay.h"
#include "pbx/click.h"
#include "pbx/lamp.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"
#include "sip/print.h"

/* A Reason (RFC 3326) of the message that ended one side goes along to the other. */
#define REASON_MAX_BYTES 512

static struct slice reason_line(struct buf *buf, const struct sip_msg *msg)
{
	struct slice reason = msg ? sip_msg_value(msg, HDR_REASON) : SLICE_NONE;

	if (slice_is_empty(reason))
		return SLICE_NONE;
	sip_print_header(buf, HDR_REASON, reason);
	return buf->is_overflown ? SLICE_NONE : buf_text(buf);
}

/* --- Ringing ------------------------------------------------------------------------------ */

/*
 * A lamp that is told of each 100 would be told of each call twice: 180 comes right behind. It is
 * told of a phone that takes its time (an app that is being woken, a handset that is searched for),
 * no sooner than RFC 4235 3.10 would have one told of a further change.
 */
#define SLOW_MS 1000

static void on_slow(struct timer *timer)
{
	struct leg *leg = CONTAINER_OF(timer, struct leg, timer);

	if (leg->call->state == CALL_RINGING)
		leg_set_state(leg, LEG_PROCEEDING);
}

static void on_trying(struct session *session)
{
	struct leg *leg = session->owner;

	if (leg->state == LEG_CALLING && leg->extension && !leg->timer.is_running)
		timer_start(leg->pbx->stack.timers, &leg->timer, SLOW_MS, on_slow);
}

/* Behind a forking proxy the phone's tag may be another one than watchers were told. */
static void leg_rings(struct leg *leg)
{
	uint64_t hash =
		hash_bytes(leg->pbx->entities.secret, dialog_remote_tag(&leg->session->dialog));
	bool is_told = leg->tag_hash == hash;

	leg->tag_hash = hash;
	if (leg->state < LEG_RINGING)
		leg_set_state(leg, LEG_RINGING);
	else if (!is_told) {
		lamp_leg_renew(leg);
		lamp_leg_changed(leg);
	}
}

static void on_provisional(struct session *session, const struct sip_msg *response)
{
	struct leg *leg = session->owner;
	struct call *call = leg->call;

	if (call->state != CALL_RINGING)
		return;
	if (leg->attempt)
		attempt_on_provisional(leg->attempt);
	leg_rings(leg);
	if (call->caller->state == LEG_CALLING)
		leg_set_state(call->caller, LEG_RINGING);
	early_show(leg, response);
}

/* --- Answered ----------------------------------------------------------------------------- */

static void on_answer(struct session *session, const struct sip_msg *response)
{
	struct leg *leg = session->owner;
	struct call *call = leg->call;

	transfer_on_race(call);
	call->partner = leg;
	if (call->click) {
		click_on_answer(leg, response);
		return;
	}
	if (!call->caller->session) {
		transfer_on_answer(leg, response);
		return;
	}
	if (early_answer(leg, response)) {
		call_end(call, 500, SLICE_NONE);
		return;
	}
	/* Without an offer in the INVITE the caller's ACK will bring the answer for this one. */
	if (!slice_is_empty(call->offer))
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
	call_end_others(call, leg);
	leg_set_state(leg, LEG_TALKING);
	leg_set_state(call->caller, LEG_TALKING);
	call_set_state(call, CALL_TALKING);
}

/* --- Refused ------------------------------------------------------------------------------ */

static void on_refused(struct session *session, unsigned status, const struct sip_msg *response)
{
	struct leg *leg = session->owner;
	struct attempt *attempt = leg->attempt;

	leg->record.status = (uint16_t)status;
	leg->exit = (struct leg_exit){ "rejected", status };
	leg_end(leg, 0, SLICE_NONE);
	if (attempt)
		attempt_leg_failed(attempt, status, response);
	early_on_refused(leg->call);
}

/* --- Gone --------------------------------------------------------------------------------- */

static void leg_gone(struct session *session, enum record_cause cause, const struct sip_msg *msg)
{
	struct leg *leg = session->owner;
	struct call *call = leg->call;
	char text[REASON_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	if (transfer_on_leg_gone(leg))
		return;
	if (leg->heir || (leg != call->caller && leg != call->partner)) {
		struct leg *other = leg_other(leg);

		leg_end(leg, 0, SLICE_NONE);
		if (other)
			lamp_leg_changed(other);
		return;
	}
	record_set_cause(call, cause, leg);
	leg_end(leg, 0, SLICE_NONE);
	call_end(call, 0, reason_line(&buf, msg));
}

static void on_cancel(struct session *session, const struct sip_msg *cancel)
{
	struct leg *leg = session->owner;

	leg->exit = (struct leg_exit){ "cancelled", 487 };
	leg_gone(session, RECORD_CANCELLED, cancel);
}

static void on_end(struct session *session, enum session_cause cause, const struct sip_msg *bye)
{
	struct leg *leg = session->owner;

	stack_trace(session->stack, "event=hangup call=%u party=%.*s cause=%s", leg->call->number,
		    SLICE_ARGS(leg->party.number), cause == SESSION_BYE ? "bye" : "lost");
	if (!leg->exit.event)
		leg->exit = (struct leg_exit){ cause == SESSION_BYE ? "local-bye" : "timeout", 0 };
	leg_gone(session, cause == SESSION_BYE ? RECORD_HANGUP : RECORD_LOST, bye);
}

/* --- The handlers ------------------------------------------------------------------------- */

/* From elsewhere, somebody must prove to be the one whose leg it is. */
static bool is_peer(struct session *session, struct incoming *in)
{
	const struct leg *leg = session->owner;

	if (leg->trunk)
		return trunk_is_peer(leg->trunk, in);
	return auth_check_is(leg->pbx, in, leg->extension);
}

const struct session_ops leg_session_ops = {
	.allow_line = SLICE_INIT("Allow: " SESSION_METHODS ", MESSAGE, REFER\r\n"),
	.on_trying = on_trying,
	.on_provisional = on_provisional,
	.on_prack = early_on_prack,
	.on_answer = on_answer,
	.on_refused = on_refused,
	.on_cancel = on_cancel,
	.on_ack = relay_on_ack,
	.on_offer = relay_on_offer,
	.on_offer_result = relay_on_offer_result,
	.on_offer_cancelled = relay_on_offer_cancelled,
	.on_request = relay_on_request,
	.on_end = on_end,
	.is_peer = is_peer,
	.on_challenge = trunk_on_challenge,
};
