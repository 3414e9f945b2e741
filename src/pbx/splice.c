/* SPDX-License-Identifier: MIT */
/*
 * The steps of a splice, see enum splice_step. A step that finds a phone busy with an offer of its
 * own (491, RFC 3261 14.1) is tried again a little later.
 */
#include "pbx/splice.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/call_relay.h"
#include "sip/sdp.h"

#define SDP_TYPE SLICE("application/sdp")

static void step_go(struct splice *splice);

/* --- Descriptions ------------------------------------------------------------------------- */

/* NULL when it is none that is understood. One thread, not re-entered. */
static const struct sdp *read_sdp(struct slice content_type, struct slice body)
{
	static struct sdp sdp;
	struct slice type, params;

	sip_token_params(content_type, &type, &params);
	if (slice_is_empty(body) || !slice_eq_nocase(type, SDP_TYPE) || sdp_parse(body, &sdp))
		return NULL;
	return &sdp;
}

/* What the next step brings. */
static int keep_body(struct splice *splice, struct slice type, struct slice text)
{
	struct body *body = body_keep(type, text);

	if (!body)
		return ERR_NOMEM;
	mem_free(splice->body);
	splice->body = body;
	return 0;
}

/*
 * The same of a phone that was asked. One that was held may go on describing itself as held; nobody
 * holds it now, so that is left out, and it is told so by one more offer (SPLICE_AGAIN).
 */
static int keep_description(struct splice *splice, const struct sip_msg *response)
{
	static char text[SDP_MAX_BYTES]; /* one thread, not re-entered */
	struct slice type = sip_msg_value(response, HDR_CONTENT_TYPE);
	const struct sdp *sdp = read_sdp(type, response->body);
	struct buf talking = BUF_ON(text);

	splice->was_held = sdp && sdp_has_stream(sdp) && !sdp_is_talking(sdp);
	if (!splice->was_held)
		return keep_body(splice, type, response->body);
	sdp_print_talking(&talking, sdp);
	return talking.is_overflown ? ERR_LIMIT : keep_body(splice, type, buf_text(&talking));
}

/* Something else than a refusal of all media (RFC 3264 6). */
static bool is_accepted(const struct sip_msg *msg)
{
	const struct sdp *sdp = read_sdp(sip_msg_value(msg, HDR_CONTENT_TYPE), msg->body);

	return !slice_is_empty(msg->body) && (!sdp || sdp_has_stream(sdp));
}

/* --- The end ------------------------------------------------------------------------------ */

/* Who is asked in this step. */
static struct leg *step_leg(const struct splice *splice)
{
	return splice->step == SPLICE_OFFER ? splice->answerer : splice->offerer;
}

void splice_hold(struct leg *leg, struct slice type, struct slice offer)
{
	static char text[SDP_MAX_BYTES]; /* one thread, not re-entered */
	const struct sdp *sdp = read_sdp(type, offer);
	struct buf answer = BUF_ON(text);

	leg->is_astray = true;
	if (sdp)
		sdp_print_inactive_answer(&answer, sdp, leg->pbx->turn);
	if (!sdp || answer.is_overflown || session_ack(leg->session, SDP_TYPE, buf_text(&answer)))
		(void)session_ack(leg->session, SLICE_NONE, SLICE_NONE);
}

/* The legs are free again; what they still owe each other is settled. */
static void detach(struct splice *splice)
{
	struct leg *offerer = splice->offerer, *answerer = splice->answerer;

	reoffer_stop(&splice->again, splice->pbx->stack.timers);
	offerer->splice = NULL;
	answerer->splice = NULL;
	if (offerer->session && splice->step == SPLICE_OFFER && offerer->session->is_ack_due)
		splice_hold(offerer, splice->body->type, splice->body->text);
	pool_end(&splice->pbx->splices, splice);
}

static void done(struct splice *splice, int err)
{
	detach(splice);
	splice->on_done(splice->owner, err);
}

/* It is being asked just now: whatever it accepts, it is not about whom it talks with. */
static bool is_asked(const struct splice *splice, const struct leg *leg)
{
	return !reoffer_is_waiting(&splice->again) && leg == step_leg(splice);
}

static void take_back(struct splice *splice, struct leg *leg)
{
	if (leg->is_ending || !is_asked(splice, leg))
		return;
	session_cancel_offer(leg->session);
	leg->is_astray = true;
}

void splice_stop(struct splice *splice)
{
	take_back(splice, splice->offerer);
	take_back(splice, splice->answerer);
	detach(splice);
}

void splice_on_free(void *object)
{
	struct splice *splice = object;

	mem_free(splice->body);
}

/* --- Trying again ------------------------------------------------------------------------- */

static void on_retry(struct timer *timer)
{
	step_go(CONTAINER_OF(timer, struct splice, again.timer));
}

/* --- Steps -------------------------------------------------------------------------------- */

static int offer_to(struct leg *leg, struct slice type, struct slice body)
{
	const struct leg *other = splice_other(leg);
	char text[IDENTITY_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	if (session_is_invited(leg->session))
		return leg_answer_as(leg, other, type, body);
	return session_offer(leg->session, leg_print_peer(&lines, leg, other), type, body);
}

static int step_try(struct splice *splice)
{
	switch (splice->step) {
	case SPLICE_ASK:
		return offer_to(splice->offerer, SLICE_NONE, SLICE_NONE);
	case SPLICE_OFFER:
		return offer_to(splice->answerer, splice->body->type, splice->body->text);
	case SPLICE_AGAIN:
		return offer_to(splice->offerer, splice->body->type, splice->body->text);
	}
	return ERR_STATE;
}

/* Unless that was done often enough. */
static void step_later(struct splice *splice, bool is_tried_again)
{
	if (!is_tried_again)
		done(splice, ERR_STATE);
}

static void step_go(struct splice *splice)
{
	int err = step_try(splice);

	if (err == ERR_STATE)
		step_later(splice,
			   reoffer_when_free(&splice->again, step_leg(splice)->session, on_retry));
	else if (err)
		done(splice, err);
}

static void step_next(struct splice *splice, enum splice_step step)
{
	splice->step = step;
	reoffer_stop(&splice->again, splice->pbx->stack.timers);
	step_go(splice);
}

int splice_start(const struct splice_spec *spec)
{
	struct pbx *pbx = spec->offerer->pbx;
	struct splice *splice;

	if (spec->offerer->splice || spec->answerer->splice)
		return ERR_STATE;
	splice = pool_new(&pbx->splices);
	if (!splice)
		return ERR_NOMEM;
	splice->pbx = pbx;
	splice->offerer = spec->offerer;
	splice->answerer = spec->answerer;
	splice->on_done = spec->on_done;
	splice->owner = spec->owner;
	if (!slice_is_empty(spec->offer)) {
		splice->step = SPLICE_OFFER;
		if (keep_body(splice, spec->offer_type, spec->offer)) {
			pool_end(&pbx->splices, splice);
			return ERR_NOMEM;
		}
	}
	spec->offerer->splice = splice;
	spec->answerer->splice = splice;
	timer_start(pbx->stack.timers, &splice->again.timer, 0, on_retry);
	return 0;
}

int splice_newcomer(struct leg *newcomer, struct leg *other, const struct sip_msg *invite,
		    void (*on_done)(void *owner, int err))
{
	bool is_silent = slice_is_empty(invite->body);

	return splice_start(
		&(struct splice_spec){ .offerer = is_silent ? other : newcomer,
				       .answerer = is_silent ? newcomer : other,
				       .offer = invite->body,
				       .offer_type = sip_msg_value(invite, HDR_CONTENT_TYPE),
				       .on_done = on_done,
				       .owner = newcomer });
}

unsigned splice_status(int err, unsigned gone)
{
	if (err == ERR_UNSUPPORTED)
		return 488;
	return err == ERR_NOTFOUND ? gone : 500;
}

struct leg *splice_other(const struct leg *leg)
{
	const struct splice *splice = leg->splice;

	if (!splice)
		return NULL;
	return leg == splice->offerer ? splice->answerer : splice->offerer;
}

static void on_restored(void *owner, int err)
{
	(void)owner;
	(void)err; /* they stay as they are; either may hang up, or hold and resume */
}

void splice_restore(struct call *call)
{
	struct leg *caller = call->caller, *partner = call->partner;
	bool is_callers;

	if (call->state != CALL_TALKING || !caller || !partner || caller->is_ending ||
	    partner->is_ending || (!caller->is_astray && !partner->is_astray))
		return;
	is_callers = caller->is_astray;
	(void)splice_start(&(struct splice_spec){ .offerer = is_callers ? caller : partner,
						  .answerer = is_callers ? partner : caller,
						  .on_done = on_restored });
}

/* --- What the phones say ------------------------------------------------------------------ */

static void spliced(struct splice *splice)
{
	splice->offerer->is_astray = splice->answerer->is_astray = false;
	done(splice, 0);
}

/* The answerer has accepted. */
static void on_answer(struct splice *splice, const struct sip_msg *answer)
{
	struct leg *offerer = splice->offerer, *answerer = splice->answerer;
	struct slice type = sip_msg_value(answer, HDR_CONTENT_TYPE);
	int err;

	answerer->is_astray = true;
	if (!is_accepted(answer)) {
		done(splice, ERR_UNSUPPORTED);
		return;
	}
	relay_note_media(offerer, splice->body->type, splice->body->text);
	relay_note_media(answerer, type, answer->body);
	if (splice->was_held) {
		splice_hold(offerer, splice->body->type, splice->body->text);
		splice->was_held = false;
		err = keep_body(splice, type, answer->body);
		if (err)
			done(splice, err);
		else
			step_next(splice, SPLICE_AGAIN);
		return;
	}
	if (session_is_invited(offerer->session))
		err = leg_answer_as(offerer, answerer, type, answer->body);
	else
		err = session_ack(offerer->session, type, answer->body);
	if (err)
		done(splice, err);
	else
		spliced(splice);
}

/* It does not describe itself unasked: perhaps the other one does. */
static void on_no_offer(struct splice *splice)
{
	struct leg *offerer = splice->offerer;

	if (splice->is_swapped || session_is_invited(splice->answerer->session)) {
		done(splice, ERR_UNSUPPORTED);
		return;
	}
	splice->is_swapped = true;
	splice->offerer = splice->answerer;
	splice->answerer = offerer;
	step_next(splice, SPLICE_ASK);
}

/* It says that it is held by saying nowhere where it listens; the other one can be heard first. */
static bool is_worth_swapping(const struct splice *splice, const struct sip_msg *response)
{
	const struct sdp *sdp = read_sdp(sip_msg_value(response, HDR_CONTENT_TYPE), response->body);

	return sdp && sdp_is_nowhere(sdp) && !splice->is_swapped &&
	       !session_is_invited(splice->answerer->session);
}

static void on_description(struct splice *splice, const struct sip_msg *response)
{
	int err;

	if (!is_accepted(response) || is_worth_swapping(splice, response)) {
		splice_hold(splice->offerer, sip_msg_value(response, HDR_CONTENT_TYPE),
			    response->body);
		on_no_offer(splice);
		return;
	}
	err = keep_description(splice, response);
	if (err) {
		splice_hold(splice->offerer, sip_msg_value(response, HDR_CONTENT_TYPE),
			    response->body);
		done(splice, err);
	} else {
		step_next(splice, SPLICE_OFFER);
	}
}

static void on_accepted(struct splice *splice, struct leg *leg, const struct sip_msg *response)
{
	switch (splice->step) {
	case SPLICE_ASK:
		on_description(splice, response);
		break;
	case SPLICE_OFFER:
		(void)session_ack(leg->session, SLICE_NONE, SLICE_NONE);
		on_answer(splice, response);
		break;
	case SPLICE_AGAIN:
		(void)session_ack(leg->session, SLICE_NONE, SLICE_NONE);
		relay_note_media(leg, sip_msg_value(response, HDR_CONTENT_TYPE), response->body);
		spliced(splice);
		break;
	}
}

static void trace_refusal(const struct leg *leg, unsigned status)
{
	stack_trace(&leg->pbx->stack, "event=splice call=%u party=%.*s result=refused status=%u",
		    leg->call->number, SLICE_ARGS(leg->party.number), status);
}

bool splice_on_offer_result(struct leg *leg, unsigned status, const struct sip_msg *response)
{
	struct splice *splice = leg->splice;

	if (!splice || !is_asked(splice, leg))
		return false;
	if (status >= 300)
		trace_refusal(leg, status);
	if (status < 300)
		on_accepted(splice, leg, response);
	else if (status == 491)
		step_later(splice, reoffer_after_glare(&splice->again, leg->session, on_retry));
	else if (splice->step == SPLICE_ASK)
		on_no_offer(splice);
	else
		done(splice, ERR_UNSUPPORTED);
	return true;
}

bool splice_owes_ack(const struct leg *leg)
{
	return leg->splice && leg->splice->step == SPLICE_OFFER && leg == leg->splice->offerer;
}

bool splice_on_ack(struct leg *leg, const struct sip_msg *ack)
{
	struct splice *splice = leg->splice;

	if (!splice || !is_asked(splice, leg) || splice->step != SPLICE_OFFER)
		return false;
	on_answer(splice, ack);
	return true;
}

void splice_on_leg_end(struct leg *leg)
{
	struct splice *splice = leg->splice;
	struct leg *other = splice_other(leg);

	if (!splice)
		return;
	take_back(splice, other);
	done(splice, ERR_NOTFOUND);
}
