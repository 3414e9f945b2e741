/* SPDX-License-Identifier: MIT */
/*
 * Who is parked is held: its phone is asked for an offer, which is answered so that nothing flows
 * (RFC 3725 4.1, splice_hold()). One that describes itself to nobody unasked is offered that. One
 * that refuses even this goes on sending to who is not there any more.
 */
#include "pbx/park.h"

#include "base/err.h"

#define SDP_TYPE SLICE("application/sdp")

static void hold_try(struct parked *parked);

/* It is being brought together with somebody: should that fail it is held anew. */
static void on_due(struct timer *timer)
{
	struct parked *parked = CONTAINER_OF(timer, struct parked, hold_again.timer);

	if (!parked->leg->splice)
		hold_try(parked);
}

/* Unless that was done often enough. */
static void hold_later(struct parked *parked, bool is_tried_again)
{
	if (!is_tried_again)
		parked->hold = PARK_HOLD_NONE;
}

/* One stream, as nearly every call has: another number of them it would have to refuse. */
static int offer_inactive(struct leg *leg)
{
	bool is_ipv6 = leg->session->dialog.flow.local.family == ADDR_IPV6;
	const char *nowhere = is_ipv6 ? "IN IP6 ::" : "IN IP4 0.0.0.0";
	char text[256];
	struct buf body = BUF_ON(text);

	buf_printf(&body,
		   "v=0\r\no=- %llu 1 %s\r\ns=-\r\nc=%s\r\nt=0 0\r\n"
		   "m=audio 9 RTP/AVP 8 0\r\na=inactive\r\n",
		   (unsigned long long)leg->pbx->turn, nowhere, nowhere);
	return session_offer(leg->session, SLICE_NONE, SDP_TYPE, buf_text(&body));
}

static void hold_try(struct parked *parked)
{
	struct leg *leg = parked->leg;
	int err;

	if (parked->hold == PARK_HOLD_OFFER)
		err = offer_inactive(leg);
	else
		err = session_offer(leg->session, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	if (err)
		hold_later(parked, reoffer_when_free(&parked->hold_again, leg->session, on_due));
}

static void hold_by(struct parked *parked, enum park_hold hold)
{
	park_hold_stop(parked);
	parked->hold = hold;
	hold_try(parked);
}

void park_hold(struct parked *parked)
{
	hold_by(parked, PARK_HOLD_ASK);
}

void park_hold_stop(struct parked *parked)
{
	reoffer_stop(&parked->hold_again, parked->leg->pbx->stack.timers);
}

static void on_refused(struct parked *parked, unsigned status)
{
	struct leg *leg = parked->leg;

	stack_trace(&leg->pbx->stack, "event=park call=%u party=%.*s result=not-held status=%u",
		    leg->call->number, SLICE_ARGS(leg->party.number), status);
	if (status == 491)
		hold_later(parked, reoffer_after_glare(&parked->hold_again, leg->session, on_due));
	else if (parked->hold == PARK_HOLD_ASK)
		hold_by(parked, PARK_HOLD_OFFER);
	else
		parked->hold = PARK_HOLD_NONE;
}

bool park_on_offer_result(struct leg *leg, unsigned status)
{
	struct parked *parked = leg->parked;

	/* What comes while we wait is about an offer that was taken back. */
	if (!parked || leg->splice || parked->hold == PARK_HOLD_NONE ||
	    reoffer_is_waiting(&parked->hold_again))
		return false;
	if (status >= 300)
		on_refused(parked, status);
	else
		parked->hold = PARK_HOLD_NONE;
	return status >= 300;
}
