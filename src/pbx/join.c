/* SPDX-License-Identifier: MIT */
/*
 * The steps of joining two parties, see enum join_step.
 */
#include "pbx/join.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/sdp.h"

#define SDP_TYPE SLICE("application/sdp")
#define JOIN_RETRIES_MAX 3

/* The two answers, printed before anybody is answered. */
struct answers {
	char for_partner[SDP_MAX_BYTES];
	char for_caller[SDP_MAX_BYTES];
	struct buf partner;
	struct buf caller;
};

bool join_is_possible(const struct call *call, struct slice partner_offer)
{
	return !slice_is_empty(call->offer) || !slice_is_empty(partner_offer);
}

static void join_done(struct call *call)
{
	call->join = JOIN_NONE;
	call_set_state(call, CALL_TALKING);
}

static bool is_sdp(struct slice content_type)
{
	struct slice type, params;

	sip_token_params(content_type, &type, &params);
	return slice_eq_nocase(type, SDP_TYPE);
}

/* Both offers answered by each other, or by silence. ERR_UNSUPPORTED: not even that. */
static int cross(const struct call *call, struct slice offer, struct slice offer_type,
		 struct answers *answers, enum join_step *ret_step)
{
	/* One thread, and nothing below calls back: scratch for two parsed descriptions. */
	static struct sdp theirs, ours;

	if (!is_sdp(offer_type) || !is_sdp(call->offer_type) || sdp_parse(offer, &theirs) ||
	    sdp_parse(call->offer, &ours))
		return ERR_UNSUPPORTED;
	answers->partner = BUF_ON(answers->for_partner);
	answers->caller = BUF_ON(answers->for_caller);
	*ret_step = JOIN_NONE;
	if (sdp_cross(&answers->partner, &theirs, &ours, true) == 0 &&
	    sdp_cross(&answers->caller, &ours, &theirs, false) == 0)
		return 0;
	answers->partner = BUF_ON(answers->for_partner);
	answers->caller = BUF_ON(answers->for_caller);
	sdp_print_inactive_answer(&answers->partner, &theirs, call->pbx->turn);
	sdp_print_inactive_answer(&answers->caller, &ours, call->pbx->turn);
	*ret_step = JOIN_HELD;
	return answers->partner.is_overflown || answers->caller.is_overflown ? ERR_LIMIT : 0;
}

static void both_talk(struct call *call)
{
	leg_set_state(call->partner, LEG_TALKING);
	leg_set_state(call->caller, LEG_TALKING);
}

static int join_both_offered(struct call *call, struct slice offer, struct slice offer_type)
{
	static struct answers answers; /* one thread, not re-entered */
	enum join_step step;
	int err = cross(call, offer, offer_type, &answers, &step);

	if (err)
		return err;
	err = leg_answer(call->partner, SDP_TYPE, buf_text(&answers.partner));
	if (err)
		return err;
	call_set_state(call, CALL_JOINING);
	call->join = step;
	call_end_others(call, call->partner);
	if (leg_answer(call->caller, SDP_TYPE, buf_text(&answers.caller))) {
		call_end(call, 500, SLICE_NONE);
		return 0;
	}
	both_talk(call);
	if (step == JOIN_NONE)
		join_done(call);
	return 0;
}

/* One side's offer goes to the other, whose ACK brings the answer (RFC 3261 13.2.1). */
static int join_one_offered(struct call *call, struct slice offer, struct slice offer_type)
{
	bool is_callers = slice_is_empty(offer);
	int err;

	if (is_callers)
		err = leg_answer(call->partner, call->offer_type, call->offer);
	else
		err = leg_answer(call->caller, offer_type, offer);
	if (err)
		return err;
	call_set_state(call, CALL_JOINING);
	call->join = is_callers ? JOIN_PARTNER_ANSWERS : JOIN_CALLER_ANSWERS;
	call_end_others(call, call->partner);
	both_talk(call);
	return 0;
}

int join_start(struct call *call, struct slice offer, struct slice offer_type)
{
	if (slice_is_empty(offer) || slice_is_empty(call->offer))
		return join_one_offered(call, offer, offer_type);
	return join_both_offered(call, offer, offer_type);
}

/* --- Offering again (RFC 3725 4.2) -------------------------------------------------------- */

/* Both are on hold and have acknowledged: the partner is asked for an offer, */
static int join_ask_partner(struct call *call)
{
	call->join = JOIN_ASKED_PARTNER;
	return session_offer(call->partner->session, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

/* and the caller is offered it; the partner's ACK waits for the caller's answer. */
static int join_offer_caller(struct call *call)
{
	call->join = JOIN_OFFERED_CALLER;
	return session_offer(call->caller->session, SLICE_NONE, call->offer_type, call->offer);
}

static void join_try(struct call *call, int (*step)(struct call *call))
{
	if (step(call))
		call_end(call, 500, SLICE_NONE);
}

static void on_join_retry(struct timer *timer)
{
	struct call *call = CONTAINER_OF(timer, struct call, timer);

	join_try(call, call->join == JOIN_ASKED_PARTNER ? join_ask_partner : join_offer_caller);
}

/* A phone that has just made an offer of its own (RFC 3261 14.1). */
static bool join_waits(struct call *call, const struct leg *leg, unsigned status)
{
	if (status != 491 || call->join_retries == JOIN_RETRIES_MAX)
		return false;
	call->join_retries++;
	timer_start(call->pbx->stack.timers, &call->timer, session_glare_ms(leg->session),
		    on_join_retry);
	return true;
}

/* --- ACKs and answers --------------------------------------------------------------------- */

static void join_last_answer(struct call *call, struct leg *waiting, const struct sip_msg *ack)
{
	struct slice type = sip_msg_value(ack, HDR_CONTENT_TYPE);

	if (slice_is_empty(ack->body) || leg_answer(waiting, type, ack->body))
		call_end(call, 500, SLICE_NONE);
	else
		join_done(call);
}

void join_on_ack(struct call *call, struct leg *leg, const struct sip_msg *ack)
{
	switch (call->join) {
	case JOIN_CALLER_ANSWERS:
		if (leg == call->caller)
			join_last_answer(call, call->partner, ack);
		break;
	case JOIN_PARTNER_ANSWERS:
		if (leg == call->partner)
			join_last_answer(call, call->caller, ack);
		break;
	case JOIN_HELD:
		if (call->caller->session->state == SESSION_CONFIRMED &&
		    call->partner->session->state == SESSION_CONFIRMED)
			join_try(call, join_ask_partner);
		break;
	case JOIN_NONE:
	case JOIN_ASKED_PARTNER:
	case JOIN_OFFERED_CALLER:
		break;
	}
}

/* The partner's offer takes the place of the caller's old one. */
static int keep_offer(struct call *call, const struct sip_msg *response)
{
	struct slice offer, type;
	int err = slice_keep(response->body, &offer);

	if (err)
		return err;
	err = slice_keep(sip_msg_value(response, HDR_CONTENT_TYPE), &type);
	if (err) {
		mem_free((char *)offer.p);
		return err;
	}
	mem_free((char *)call->offer.p);
	mem_free((char *)call->offer_type.p);
	call->offer = offer;
	call->offer_type = type;
	return 0;
}

void join_on_offer_result(struct call *call, struct leg *leg, unsigned status,
			  const struct sip_msg *response)
{
	bool is_good = status >= 200 && status < 300 && !slice_is_empty(response->body);

	if (join_waits(call, leg, status))
		return;
	if (!is_good) {
		call_end(call, 500, SLICE_NONE);
	} else if (call->join == JOIN_ASKED_PARTNER && leg == call->partner) {
		if (keep_offer(call, response))
			call_end(call, 500, SLICE_NONE);
		else
			join_try(call, join_offer_caller);
	} else if (call->join == JOIN_OFFERED_CALLER && leg == call->caller) {
		(void)session_ack(call->caller->session, SLICE_NONE, SLICE_NONE);
		(void)session_ack(call->partner->session, sip_msg_value(response, HDR_CONTENT_TYPE),
				  response->body);
		join_done(call);
	}
}
