/* SPDX-License-Identifier: MIT */
/*
 * What the phones of a call say to each other during it: offers and their answers pass through,
 * byte for byte, one at a time (RFC 3261 14, RFC 3264).
 */
#include "pbx/call_relay.h"

#include "base/err.h"
#include "pbx/join.h"
#include "pbx/lamp.h"
#include "pbx/park.h"
#include "pbx/reminder.h"
#include "pbx/splice.h"
#include "pbx/transfer.h"
#include "sip/sdp.h"

static struct slice body_type(const struct sip_msg *msg)
{
	return sip_msg_value(msg, HDR_CONTENT_TYPE);
}

/* --- Who speaks to whom ------------------------------------------------------------------- */

/* The only phone that rings, or the one whose early media the caller has. */
static struct leg *early_party(const struct call *call)
{
	struct leg *only = NULL;

	if (!handle_eq(call->early, HANDLE_NONE))
		return pool_find(&call->pbx->legs, call->early);
	LIST_FOR (leg, &call->legs, struct leg, node) {
		if (leg == call->caller)
			continue;
		if (only)
			return NULL;
		only = leg;
	}
	return only;
}

/* Whom this leg's phone speaks with, answered or not yet; NULL when that is nobody in particular.
 */
static struct leg *leg_speaks_to(const struct leg *leg)
{
	const struct call *call = leg->call;

	if (call->state != CALL_RINGING)
		return leg_other(leg);
	if (leg == call->caller)
		return early_party(call);
	return leg == early_party(call) ? call->caller : NULL;
}

/* --- Held, or not (RFC 3264 8.4, RFC 3261 14) --------------------------------------------- */

static bool body_is_hold(struct slice content_type, struct slice body)
{
	static struct sdp sdp; /* one thread, not re-entered */
	struct slice type, params;

	sip_token_params(content_type, &type, &params);
	return !slice_is_empty(body) && slice_eq_nocase(type, SLICE("application/sdp")) &&
	       sdp_parse(body, &sdp) == 0 && sdp_is_hold(&sdp);
}

static bool is_hold(const struct sip_msg *msg)
{
	return body_is_hold(body_type(msg), msg->body);
}

static void leg_set_hold(struct leg *leg, bool is_holding)
{
	if (leg->is_holding == is_holding)
		return;
	leg->is_holding = is_holding;
	stack_trace(&leg->pbx->stack, "event=%s call=%u party=%.*s", is_holding ? "hold" : "resume",
		    leg->call->number, SLICE_ARGS(leg->party.number));
	lamp_leg_changed(leg);
	reminder_on_hold(leg);
}

void relay_note_media(struct leg *leg, struct slice content_type, struct slice body)
{
	leg_set_hold(leg, body_is_hold(content_type, body));
}

/*
 * An offer that holds says nothing about who answers it: inactive is the answer to inactive. What
 * answers an offer to talk says it all.
 */
static void note_answer(struct leg *offerer, struct leg *answerer, bool is_hold_offered,
			const struct sip_msg *answer)
{
	leg_set_hold(offerer, is_hold_offered);
	if (!is_hold_offered && !slice_is_empty(answer->body))
		leg_set_hold(answerer, is_hold(answer));
}

/* --- Offers ------------------------------------------------------------------------------- */

void relay_on_ack(struct session *session, const struct sip_msg *ack)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_other(leg);
	struct call *call = leg->call;

	if (splice_on_ack(leg, ack))
		return;
	if (call->state == CALL_JOINING) {
		join_on_ack(call, leg, ack);
		return;
	}
	if (!other || !other->session || splice_owes_ack(other) ||
	    session_ack(other->session, body_type(ack), ack->body) == ERR_STATE)
		return;
	if (call->is_offer_delayed)
		note_answer(other, leg, call->is_hold_offered, ack);
}

/* As it came; by re-INVITE where the other phone knows no UPDATE and has answered. */
static int offer_to(struct leg *other, const struct sip_msg *request)
{
	int err = ERR_UNSUPPORTED;

	if (request->method == METHOD_PRACK) {
		other->call->pracked = HANDLE_NONE;
		err = session_prack(other->session, body_type(request), request->body);
		return err ? ERR_UNSUPPORTED : 0;
	}
	if (request->method == METHOD_UPDATE)
		err = session_update(other->session, SLICE_NONE, body_type(request), request->body);
	if (err == ERR_UNSUPPORTED && other->call->state == CALL_TALKING)
		err = session_offer(other->session, SLICE_NONE, body_type(request), request->body);
	return err;
}

void relay_on_offer(struct session *session, const struct sip_msg *request)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_speaks_to(leg);
	struct call *call = leg->call;
	int err = ERR_STATE;

	if (leg->parked && !leg->splice) {
		park_on_offer(leg, request);
		return;
	}
	if (call->state != CALL_JOINING && !call->offerer && other && other->session &&
	    !leg->splice && !other->splice)
		err = offer_to(other, request);
	if (err) {
		(void)session_refuse_offer(
			session, &(struct answer){ .status = err == ERR_UNSUPPORTED ? 488 : 491 });
		return;
	}
	call->offerer = leg;
	call->is_offer_delayed = slice_is_empty(request->body);
	call->is_hold_offered = is_hold(request);
}

/* Redirections and challenges are between that phone and us. */
static unsigned offer_failure(unsigned status, bool is_answered)
{
	if (!is_answered)
		return 500;
	return status < 400 || status == 401 || status == 407 ? 488 : status;
}

/*
 * The CANCEL goes on, and so does what becomes of it: when the other phone has accepted already,
 * both have.
 */
void relay_on_offer_cancelled(struct session *session)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_other(leg);

	if (leg->call->offerer == leg && other && other->session)
		session_cancel_offer(other->session);
	else
		(void)session_refuse_offer(session, &(struct answer){ .status = 487 });
}

static void relay_answer(struct call *call, struct leg *offerer, struct leg *answerer,
			 const struct sip_msg *response)
{
	struct answer answer = { .status = response->status,
				 .content_type = body_type(response),
				 .body = response->body };

	if (call->is_offer_delayed)
		call->is_hold_offered = is_hold(response);
	else
		note_answer(offerer, answerer, call->is_hold_offered, response);
	if (session_accept_offer(offerer->session, &answer) || !call->is_offer_delayed)
		(void)session_ack(answerer->session, SLICE_NONE, SLICE_NONE);
}

void relay_on_offer_result(struct session *session, unsigned status, const struct sip_msg *response)
{
	struct leg *leg = session->owner;
	struct call *call = leg->call;
	struct leg *offerer = call->offerer;

	if (splice_on_offer_result(leg, status, response) ||
	    transfer_on_offer_result(leg, status, response) || park_on_offer_result(leg, status))
		return;
	call->offerer = NULL;
	if (status < 300 && offerer)
		relay_answer(call, offerer, leg, response);
	else if (status < 300 && session->is_offer_empty)
		splice_hold(leg, body_type(response), response->body);
	else if (status < 300)
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
	else if (offerer)
		(void)session_refuse_offer(
			offerer->session,
			&(struct answer){ .status = offer_failure(status, response != NULL) });
}

void relay_on_leg_end(struct leg *leg)
{
	struct call *call = leg->call;
	struct leg *offerer = call->offerer;

	splice_on_leg_end(leg);
	if (!offerer || (leg != offerer && leg_speaks_to(offerer) != leg))
		return;
	call->offerer = NULL;
	/* It rang and somebody else answered; the offer may be made again to them. */
	if (leg != offerer && offerer->session)
		(void)session_refuse_offer(offerer->session, &(struct answer){ .status = 491 });
}

/* --- Other requests ----------------------------------------------------------------------- */

void relay_on_request(struct session *session, struct incoming *in)
{
	struct leg *leg = session->owner;
	const struct leg *party = leg_speaks_to(leg);

	switch (in->msg->method) {
	case METHOD_INFO:
	case METHOD_MESSAGE:
	case METHOD_OTHER:
		if (party && party->session)
			session_pass(party->session, in);
		else
			incoming_reply(in, &(struct answer){ .status = 480 });
		break;
	case METHOD_REFER:
		transfer_on_refer(leg, in);
		break;
	case METHOD_INVITE:
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
	case METHOD_OPTIONS:
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_NOTIFY:
	case METHOD_UPDATE:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_COUNT:
		session_refuse_method(session, in);
		break;
	}
}
