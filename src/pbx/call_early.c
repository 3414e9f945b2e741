/* SPDX-License-Identifier: MIT */
/*
 * Early media and reliable ringing (RFC 3261 13.2.1, RFC 3262, RFC 3960). The caller has one early
 * dialog with us whatever the number of phones and of forks behind them: it gets the first early
 * media that there is. When that phone is given up, what comes next is another dialog for the
 * caller. A reliable response with media is acknowledged by the caller if it can; everything else
 * that a phone sends reliably we acknowledge ourselves.
 */
#include "pbx/call_early.h"

#include "pbx/lamp.h"
#include "pbx/transfer.h"
#include "sip/msg.h"
#include "sip/sdp.h"

static struct slice body_type(const struct sip_msg *msg)
{
	return sip_msg_value(msg, HDR_CONTENT_TYPE);
}

/* Whose media it is: a phone's tag is its own choice, so another phone may have the same. */
static uint64_t fork_hash(const struct leg *leg)
{
	return hash_bytes(leg->pbx->entities.secret, dialog_remote_tag(&leg->session->dialog));
}

static bool caller_can(const struct call *call, unsigned abilities)
{
	return call->caller && call->caller->session && call->caller->session->peer_can & abilities;
}

bool early_can_be_reliable(const struct call *call)
{
	size_t called = 0;

	LIST_FOR (leg, &call->legs, struct leg, node)
		called += leg != call->caller;
	return !slice_is_empty(call->offer) ||
	       (called == 1 && caller_can(call, PEER_100REL | PEER_NEEDS_100REL));
}

bool early_is_of_another(const struct call *call, const struct leg *leg)
{
	return !handle_eq(call->early, HANDLE_NONE) &&
	       !(handle_eq(call->early, leg->pooled.handle) && call->early_fork == fork_hash(leg));
}

static void acknowledge(struct leg *leg, const struct sip_msg *response)
{
	if (session_is_prack_due(leg->session, response))
		(void)session_prack(leg->session, SLICE_NONE, SLICE_NONE);
}

/* What it has described reliably; may be empty. */
static struct slice early_description(const struct leg *leg)
{
	const struct body *answer = leg->session->early.answer;

	return answer ? answer->text : SLICE_NONE;
}

/*
 * The caller is not there, who could answer what is an offer when our INVITE had none (RFC 3262 5):
 * nothing flows until somebody comes.
 */
static void acknowledge_alone(struct leg *leg, struct slice description)
{
	static struct sdp sdp; /* one thread, not re-entered, as the next */
	static char text[SDP_MAX_BYTES];
	struct buf answer = BUF_ON(text);

	if (leg->session->is_invite_empty && !slice_is_empty(description) &&
	    sdp_parse(description, &sdp) == 0)
		sdp_print_inactive_answer(&answer, &sdp, leg->pbx->turn);
	if (answer.n > 0 && !answer.is_overflown)
		(void)session_prack(leg->session, SLICE("application/sdp"), buf_text(&answer));
	else
		(void)session_prack(leg->session, SLICE_NONE, SLICE_NONE);
}

/* The caller acknowledges it, and then we do. */
static bool show_reliably(struct leg *leg, const struct answer *answer)
{
	struct call *call = leg->call;

	if (session_ring_reliably(call->caller->session, answer)) {
		session_ignore(leg->session); /* the phone repeats it */
		return false;
	}
	call->pracked = leg->pooled.handle;
	return true;
}

/*
 * The phone whose media the caller heard is given up: what the next one says comes under a new To
 * tag, as another fork's, so that the caller listens to it, or hears a ringing tone again.
 */
static void early_leave(struct call *call)
{
	if (handle_eq(call->early, HANDLE_NONE) || pool_find(&call->pbx->legs, call->early) ||
	    session_new_fork(call->caller->session))
		return;
	call->early = HANDLE_NONE;
	call->pracked = HANDLE_NONE;
	call->shown = 0;
	lamp_leg_renew(call->caller);
	lamp_leg_changed(call->caller);
}

void early_on_refused(struct call *call)
{
	bool is_ringing = false;

	if (call->state != CALL_RINGING || !call->caller->session ||
	    handle_eq(call->early, HANDLE_NONE) || pool_find(&call->pbx->legs, call->early))
		return;
	LIST_FOR (leg, &call->legs, struct leg, node)
		is_ringing |= leg != call->caller && leg->state == LEG_RINGING;
	if (!is_ringing)
		return;
	early_leave(call);
	if (call->shown == 0 &&
	    session_ring(call->caller->session, &(struct answer){ .status = 180 }) == 0)
		call->shown = 180;
}

void early_show(struct leg *leg, const struct sip_msg *response)
{
	struct call *call = leg->call;
	bool is_reliable = session_is_prack_due(leg->session, response) &&
			   caller_can(call, PEER_100REL | PEER_NEEDS_100REL);
	struct answer answer = { .status = response->status };
	bool has_media;

	if (!call->caller->session) {
		if (session_is_prack_due(leg->session, response))
			acknowledge_alone(leg, response->body);
		transfer_on_provisional(call, response->status);
		return;
	}
	early_leave(call);
	has_media = !slice_is_empty(response->body) && !early_is_of_another(call, leg) &&
		    (is_reliable || !slice_is_empty(call->offer));
	if (!has_media && call->shown == response->status) {
		acknowledge(leg, response);
		return;
	}
	if (has_media) {
		answer.content_type = body_type(response);
		answer.body = response->body;
	}
	if (has_media && is_reliable) {
		if (!show_reliably(leg, &answer))
			return;
	} else {
		acknowledge(leg, response);
		if (session_ring(call->caller->session, &answer))
			return;
	}
	call->shown = response->status;
	if (has_media) {
		call->early = leg->pooled.handle;
		call->early_fork = fork_hash(leg);
	}
}

void early_on_prack(struct session *session, const struct sip_msg *prack)
{
	struct leg *caller = session->owner;
	struct call *call = caller->call;
	struct leg *leg = pool_find(&call->pbx->legs, call->pracked);

	call->pracked = HANDLE_NONE;
	if (leg && leg->session)
		(void)session_prack(leg->session, body_type(prack), prack->body);
}

void early_on_caller_left(struct call *call)
{
	struct leg *leg = pool_find(&call->pbx->legs, call->pracked);

	call->pracked = HANDLE_NONE;
	if (leg && leg->session && leg->session->is_prack_due)
		acknowledge_alone(leg, early_description(leg));
}

int early_answer(struct leg *leg, const struct sip_msg *response)
{
	const struct body *early = leg->session->early.answer;

	if (slice_is_empty(response->body) && early)
		return leg_answer(leg->call->caller, early->type, early->text);
	return leg_answer(leg->call->caller, body_type(response), response->body);
}
