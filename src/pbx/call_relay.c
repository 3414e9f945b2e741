/* SPDX-License-Identifier: MIT */
/*
 * What the phones of a call say to each other during it: offers and their answers pass through,
 * byte for byte, one at a time (RFC 3261 14, RFC 3264).
 */
#include "pbx/call_relay.h"

#include "pbx/join.h"

static struct slice body_type(const struct sip_msg *msg)
{
	return sip_msg_value(msg, HDR_CONTENT_TYPE);
}

void relay_on_ack(struct session *session, const struct sip_msg *ack)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_other(leg);

	if (leg->call->state == CALL_JOINING)
		join_on_ack(leg->call, leg, ack);
	else if (other && other->session)
		(void)session_ack(other->session, body_type(ack), ack->body);
}

void relay_on_offer(struct session *session, const struct sip_msg *invite)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_other(leg);
	struct call *call = leg->call;

	if (call->state != CALL_TALKING || !other ||
	    session_offer(other->session, SLICE_NONE, body_type(invite), invite->body)) {
		(void)session_refuse_offer(session, &(struct answer){ .status = 491 });
		return;
	}
	call->offerer = leg;
	call->is_offer_delayed = slice_is_empty(invite->body);
}

/* Redirections and challenges are between that phone and us. */
static unsigned offer_failure(unsigned status, bool is_answered)
{
	if (!is_answered)
		return 500;
	return status < 400 || status == 401 || status == 407 ? 488 : status;
}

void relay_on_offer_cancelled(struct session *session)
{
	struct leg *leg = session->owner;
	struct leg *other = leg_other(leg);

	if (leg->call->offerer != leg)
		return;
	leg->call->offerer = NULL;
	if (other && other->session)
		session_cancel_offer(other->session);
}

void relay_on_offer_result(struct session *session, unsigned status, const struct sip_msg *response)
{
	struct leg *leg = session->owner;
	struct call *call = leg->call;
	struct leg *offerer = call->offerer;
	struct answer answer = { .status = offer_failure(status, response != NULL) };

	if (call->state == CALL_JOINING) {
		join_on_offer_result(call, leg, status, response);
		return;
	}
	call->offerer = NULL;
	if (status >= 300) {
		if (offerer)
			(void)session_refuse_offer(offerer->session, &answer);
		return;
	}
	answer.status = status;
	answer.content_type = body_type(response);
	answer.body = response->body;
	if (!offerer || session_accept_offer(offerer->session, &answer) || !call->is_offer_delayed)
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
}

/* --- Other requests ----------------------------------------------------------------------- */

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

void relay_on_request(struct session *session, struct incoming *in)
{
	const struct leg *party = leg_speaks_to(session->owner);

	switch (in->msg->method) {
	case METHOD_INFO:
	case METHOD_MESSAGE:
	case METHOD_OTHER:
		if (party && party->session)
			session_pass(party->session, in);
		else
			incoming_reply(in, &(struct answer){ .status = 480 });
		break;
	case METHOD_INVITE:
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
	case METHOD_OPTIONS:
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_NOTIFY:
	case METHOD_REFER:
	case METHOD_UPDATE:
	case METHOD_PRACK:
	case METHOD_PUBLISH:
	case METHOD_COUNT:
		session_refuse_method(session, in);
		break;
	}
}
