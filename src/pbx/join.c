/* SPDX-License-Identifier: MIT */
/*
 * The steps of joining two parties, see enum join_step.
 */
#include "pbx/join.h"

#include "base/err.h"
#include "pbx/splice.h"
#include "sip/sdp.h"

#define SDP_TYPE SLICE("application/sdp")

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

static void on_spliced(void *owner, int err)
{
	struct call *call = owner;

	if (err)
		call_end(call, 500, SLICE_NONE);
	else
		join_done(call);
}

/* Both are on hold and have acknowledged: one describes itself anew, for the other. */
static void join_offer_again(struct call *call)
{
	call->join = JOIN_SPLICED;
	if (splice_start(&(struct splice_spec){ .offerer = call->partner,
						.answerer = call->caller,
						.on_done = on_spliced,
						.owner = call }))
		call_end(call, 500, SLICE_NONE);
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
			join_offer_again(call);
		break;
	case JOIN_NONE:
	case JOIN_SPLICED:
		break;
	}
}
