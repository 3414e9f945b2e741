/* SPDX-License-Identifier: MIT */
/*
 * Attempts: the targets of a call that are being tried. An attempt rings all phones of its target;
 * when all have failed it is over, and when the last attempt is over so is the call, with the best
 * of all failures (RFC 3261 16.7.6).
 */
#ifndef LAMPYRID_PBX_ATTEMPT_H
#define LAMPYRID_PBX_ATTEMPT_H

#include "pbx/call.h"
#include "pbx/route.h"

struct attempt {
	struct pooled pooled;
	struct call *call;
	struct list node; /* in call->attempts, the oldest first */
	struct destination to;
	size_t legs;	 /* phones that may yet answer */
	unsigned status; /* the best of its failures so far; 0: none */
};

/*
 * Tries one more target. When nothing can ring there the attempt is over at once, and with it
 * perhaps the call: look at its state afterwards.
 */
void attempt_start(struct call *call, const struct destination *to);

/* A phone refused; its leg has ended. `status` is what the caller may be told, see call_events.c.
 */
void attempt_leg_failed(struct attempt *attempt, unsigned status);

/* Without a word to anybody: the call has been answered or is ending. */
void attempt_end(struct attempt *attempt);

#endif
