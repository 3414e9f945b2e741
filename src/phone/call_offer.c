/* SPDX-License-Identifier: MIT */
/*
 * What is offered during a call (RFC 3264): hold and resume, by us and by the other side, one offer
 * at a time.
 */
#include "base/err.h"
#include "phone/phone_inner.h"

static int call_offer(struct phone_call *call, enum phone_offer offer)
{
	char text[PHONE_SDP_MAX_BYTES];
	struct buf sdp = BUF_ON(text);
	struct session *session = phone_call_session(call);
	int err = ERR_STATE;

	if (!session || call->offer != PHONE_OFFER_NONE)
		return err;
	call->offer = offer;
	call->attempt = (struct auth_attempt){ 0 };
	phone_media_print(call, &sdp);
	err = call->phone->config.offers_by_update
		      ? session_update(session, SLICE_NONE, PHONE_SDP_TYPE, buf_text(&sdp))
		      : session_offer(session, SLICE_NONE, PHONE_SDP_TYPE, buf_text(&sdp));
	if (err)
		call->offer = PHONE_OFFER_NONE;
	else
		call->sdp_version++;
	return err;
}

bool phone_call_is_to_be_held(const struct phone_call *call)
{
	if (call->wanted != PHONE_OFFER_NONE)
		return call->wanted == PHONE_OFFER_HOLD;
	if (call->offer != PHONE_OFFER_NONE)
		return call->offer == PHONE_OFFER_HOLD;
	return call->state == PHONE_CALL_HOLDING;
}

static bool call_has_use(const struct phone_call *call, enum phone_offer offer)
{
	return (offer == PHONE_OFFER_HOLD && call->state == PHONE_CALL_TALKING) ||
	       (offer == PHONE_OFFER_RESUME && call->state == PHONE_CALL_HOLDING);
}

/*
 * Sends what is wanted, unless something is under way: before the ACK, or during another offer, it
 * has to wait (RFC 3261 14.1, 14.2).
 */
static void call_go_on(struct phone_call *call)
{
	enum phone_offer wanted = call->wanted;
	int err;

	if (call->offer != PHONE_OFFER_NONE || call->retry.is_running)
		return;
	if (wanted == PHONE_OFFER_NONE) {
		phone_transfer_on_offer_done(call);
		return;
	}
	err = call_has_use(call, wanted) ? call_offer(call, wanted) : 0;
	if (err == ERR_STATE)
		return;
	call->wanted = PHONE_OFFER_NONE;
	if (err)
		(void)phone_fail(call->phone, err, "call %u: it cannot be %s: %s", call->number,
				 wanted == PHONE_OFFER_HOLD ? "held" : "resumed", err_text(err));
	if (call->offer == PHONE_OFFER_NONE)
		phone_transfer_on_offer_done(call);
}

static void call_want(struct phone_call *call, enum phone_offer offer)
{
	call->wanted = offer;
	call_go_on(call);
}

void phone_hold_others(struct phone *phone, const struct phone_call *but)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *call = &phone->calls[i];

		/* Who has sent us there ends that call as soon as this one is answered. */
		if (call == but || (but->referrer > 0 && call->number == but->referrer))
			continue;
		if (call->state == PHONE_CALL_TALKING || call->offer == PHONE_OFFER_RESUME)
			call_want(call, PHONE_OFFER_HOLD);
		else
			call->wanted = PHONE_OFFER_NONE;
	}
}

static void call_retry(struct phone_call *call);

static void on_retry(struct timer *timer)
{
	struct phone_call *call = CONTAINER_OF(timer, struct phone_call, retry);

	call_go_on(call);
	if (call->wanted != PHONE_OFFER_NONE && call->offer == PHONE_OFFER_NONE)
		call_retry(call);
}

static void call_retry(struct phone_call *call)
{
	struct session *session = phone_call_session(call);

	if (session)
		timer_start(call->phone->stack.timers, &call->retry, session_glare_ms(session),
			    on_retry);
}

void phone_call_set_held(struct phone_call *call, bool is_held)
{
	struct phone_event event;

	if (call->is_held_by_peer == is_held)
		return;
	call->is_held_by_peer = is_held;
	event = phone_call_event(call, is_held ? PHONE_HELD : PHONE_RESUMED);
	event.is_by_peer = true;
	phone_emit(call->phone, &event);
}

bool phone_body_is_sdp(const struct sip_msg *msg)
{
	struct slice type, params;

	sip_token_params(sip_msg_value(msg, HDR_CONTENT_TYPE), &type, &params);
	return slice_eq_nocase(type, PHONE_SDP_TYPE);
}

bool phone_msg_is_hold(const struct sip_msg *msg)
{
	struct sdp sdp;

	return !slice_is_empty(msg->body) && phone_body_is_sdp(msg) &&
	       sdp_parse(msg->body, &sdp) == 0 && sdp_is_hold(&sdp);
}

static void call_agreed(struct phone_call *call, enum phone_offer offer)
{
	if (!call_has_use(call, offer))
		return;
	phone_call_set_state(call,
			     offer == PHONE_OFFER_HOLD ? PHONE_CALL_HOLDING : PHONE_CALL_TALKING);
	phone_call_emit(call, offer == PHONE_OFFER_HOLD ? PHONE_HELD : PHONE_RESUMED);
}

void phone_call_on_offer_result(struct session *session, unsigned status,
				const struct sip_msg *response)
{
	struct phone_call *call = session->owner;
	enum phone_offer offer = call->offer;

	call->offer = PHONE_OFFER_NONE;
	if (status == 491) {
		if (call->wanted == PHONE_OFFER_NONE)
			call->wanted = offer;
		call_retry(call);
		return;
	}
	if (status >= 300) {
		struct slice reason = sip_status_reason(status);

		(void)phone_fail(call->phone, ERR_DENIED,
				 "call %u: the other side refused to %s (%u %.*s)", call->number,
				 offer == PHONE_OFFER_HOLD ? "be held" : "go on", status,
				 SLICE_ARGS(reason));
	} else {
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
		phone_call_on_connected(session, response);
		call_agreed(call, offer);
		/* An answer to sendonly may be inactive without anybody holding (RFC 3264 6.1). */
		if (offer == PHONE_OFFER_RESUME && phone_msg_is_hold(response))
			phone_call_set_held(call, true);
	}
	call_go_on(call);
}

struct answer phone_refusal_of_body(int err)
{
	if (err == ERR_SYNTAX)
		return (struct answer){ .status = 400, .reason = SLICE("Bad SDP") };
	return (struct answer){ .status = 488 };
}

const struct answer phone_unsupported_type = { .status = 415,
					       .lines = SLICE_INIT("Accept: application/sdp\r\n") };

int phone_call_print_media(struct phone_call *call, const struct sip_msg *invite, struct buf *sdp,
			   bool *ret_is_hold)
{
	if (!slice_is_empty(invite->body))
		return phone_media_answer(call, invite->body, sdp, ret_is_hold);
	phone_media_print(call, sdp);
	return 0;
}

void phone_call_on_offer(struct session *session, const struct sip_msg *invite)
{
	struct phone_call *call = session->owner;
	char text[PHONE_SDP_MAX_BYTES];
	struct buf sdp = BUF_ON(text);
	bool is_hold = call->is_held_by_peer;
	struct answer refusal;
	int err;

	if (!slice_is_empty(invite->body) && !phone_body_is_sdp(invite)) {
		(void)session_refuse_offer(session, &phone_unsupported_type);
		call_go_on(call);
		return;
	}
	err = phone_call_print_media(call, invite, &sdp, &is_hold);
	if (err) {
		refusal = phone_refusal_of_body(err);
		(void)session_refuse_offer(session, &refusal);
		call_go_on(call);
		return;
	}
	if (session_accept_offer(session, &(struct answer){ .status = 200,
							    .content_type = PHONE_SDP_TYPE,
							    .body = buf_text(&sdp) }) == 0) {
		call->sdp_version++;
		phone_call_on_connected(session, invite);
		/* Before the answer (RFC 3311 5.1) it is what the answer will tell. */
		if (call->state == PHONE_CALL_RINGING)
			call->is_held_by_invite = is_hold;
		else
			phone_call_set_held(call, is_hold);
	}
}

/* With a description it answers an offer of ours. */
void phone_call_on_ack(struct session *session, const struct sip_msg *ack)
{
	struct phone_call *call = session->owner;

	if (!slice_is_empty(ack->body) && phone_body_is_sdp(ack) &&
	    call->state == PHONE_CALL_TALKING)
		phone_call_set_held(call, phone_msg_is_hold(ack));
	call_go_on(call);
}

/* --- What a person does ------------------------------------------------------------------- */

/* The call that is on its way into the other state, or is wanted there. */
static struct phone_call *find_changing(struct phone *phone, unsigned number,
					enum phone_offer offer)
{
	unsigned state = offer == PHONE_OFFER_HOLD ? PHONE_CALL_TALKING : PHONE_CALL_HOLDING;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *call = &phone->calls[i];

		if (call->state == state && (number == 0 || call->number == number) &&
		    (call->offer == offer || call->wanted == offer))
			return call;
	}
	return NULL;
}

int phone_hold(struct phone *phone, unsigned number)
{
	struct phone_call *call = phone_call_find(phone, number, 1 << PHONE_CALL_TALKING);

	/* One that is about to be resumed is held again as soon as it is. */
	if (!call)
		call = find_changing(phone, number, PHONE_OFFER_RESUME);
	if (!call)
		return phone_no_call(phone, number, "is talking");
	call_want(call, PHONE_OFFER_HOLD);
	return 0;
}

int phone_resume(struct phone *phone, unsigned number)
{
	struct phone_call *call = phone_call_find(phone, number, 1 << PHONE_CALL_HOLDING);

	if (!call)
		call = find_changing(phone, number, PHONE_OFFER_HOLD);
	if (!call)
		return phone_no_call(phone, number, "is on hold");
	call_want(call, PHONE_OFFER_RESUME);
	phone_hold_others(phone, call);
	return 0;
}
