/* SPDX-License-Identifier: MIT */
/*
 * An offer of ours that a phone cannot take just now, and is made again a little later: the phone
 * is busy with one of its own (491, RFC 3261 14.1), or we are with another exchange.
 */
#ifndef LAMPYRID_PBX_REOFFER_H
#define LAMPYRID_PBX_REOFFER_H

#include "core/session.h"

/* Zeroed: nothing waits, and nothing has been tried. */
struct reoffer {
	unsigned glares;    /* of that phone's with us, so far */
	unsigned waits;	    /* for exchanges of our own */
	struct timer timer; /* runs while it waits */
};

/*
 * After a 491 of this session's peer, or ERR_STATE of session_offer(): `again` is called when it is
 * time. False: it has been tried often enough.
 */
bool reoffer_after_glare(struct reoffer *reoffer, struct session *session, timer_handler *again);
bool reoffer_when_free(struct reoffer *reoffer, struct session *session, timer_handler *again);

static inline bool reoffer_is_waiting(const struct reoffer *reoffer)
{
	return reoffer->timer.is_running;
}

/* Nothing is tried any more; what comes next begins anew. */
void reoffer_stop(struct reoffer *reoffer, struct timers *timers);

#endif
