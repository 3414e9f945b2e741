/* SPDX-License-Identifier: MIT */
/*
 * How long to wait, and how often.
 */
#include "pbx/reoffer.h"

#define GLARES_MAX 8
#define BUSY_MS 250 /* until an exchange of our own with that phone is over, as a guess */
#define BUSY_MAX (64 * T1_MS / BUSY_MS) /* it is over by then, RFC 3261 17.1.1.2 */

bool reoffer_after_glare(struct reoffer *reoffer, struct session *session, timer_handler *again)
{
	if (reoffer->glares++ >= GLARES_MAX)
		return false;
	timer_start(session->stack->timers, &reoffer->timer, session_glare_ms(session), again);
	return true;
}

bool reoffer_when_free(struct reoffer *reoffer, struct session *session, timer_handler *again)
{
	if (reoffer->waits++ >= BUSY_MAX)
		return false;
	timer_start(session->stack->timers, &reoffer->timer, BUSY_MS, again);
	return true;
}

void reoffer_stop(struct reoffer *reoffer, struct timers *timers)
{
	timer_stop(timers, &reoffer->timer);
	reoffer->glares = reoffer->waits = 0;
}
