/* SPDX-License-Identifier: MIT */
/*
 * How long to wait, and how often.
 */
#include "pbx/reoffer.h"

#define GLARES_MAX 8
#define BUSY_MS 250 /* until an exchange of our own with that phone is over, as a guess */
#define BUSY_MAX (64 * T1_MS / BUSY_MS) /* it is over by then, RFC 3261 17.1.1.2 */

static bool wait_ms(struct reoffer *reoffer, struct session *session, uint64_t ms, unsigned max,
		    timer_handler *again)
{
	if (reoffer->tries++ >= max)
		return false;
	timer_start(session->stack->timers, &reoffer->timer, ms, again);
	return true;
}

bool reoffer_after_glare(struct reoffer *reoffer, struct session *session, timer_handler *again)
{
	return wait_ms(reoffer, session, session_glare_ms(session), GLARES_MAX, again);
}

bool reoffer_when_free(struct reoffer *reoffer, struct session *session, timer_handler *again)
{
	return wait_ms(reoffer, session, BUSY_MS, BUSY_MAX, again);
}

void reoffer_stop(struct reoffer *reoffer, struct timers *timers)
{
	timer_stop(timers, &reoffer->timer);
	reoffer->tries = 0;
}
