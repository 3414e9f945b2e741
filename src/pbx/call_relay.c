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
