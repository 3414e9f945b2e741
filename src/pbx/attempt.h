/* SPDX-License-Identifier: MIT */
/*
 * Attempts: the targets of a call that are being tried. An attempt rings all phones of its target;
 * when it fails it goes on to where its target forwards such calls, or is over. When the last
 * attempt is over so is the call, with the best of all failures (RFC 3261 16.7.6).
 *
 * A group's attempt has one more attempt for each member that rings. What members set for
 * themselves does not concern the group: their forwards are not followed, and a member who refuses
 * speaks for nobody else.
 */
#ifndef LAMPYRID_PBX_ATTEMPT_H
#define LAMPYRID_PBX_ATTEMPT_H

#include "pbx/call.h"
#include "pbx/route.h"

struct attempt {
	struct pooled pooled;
	struct call *call;
	struct list node;	/* in call->attempts, the oldest first */
	struct attempt *parent; /* of a member: the group's; it outlives its members' */
	struct destination to;
	char number[SIP_USER_MAX_BYTES]; /* the text of to.number, of DESTINATION_ROUTE */
	size_t trunk_at;		 /* of the route: which trunk is being tried */
	unsigned tried;			 /* of its targets, bits */
	struct flow flow;		 /* the target that was tried last */
	bool has_rung;			 /* somebody there has answered provisionally */
	struct trail trail;		 /* how the call came to `to` */
	size_t legs;			 /* phones that may yet answer */
	size_t members;			 /* members' attempts, of a group's */
	const struct list
		*next; /* of a group in turn: in group->members, who comes next; NULL: nobody */
	struct failure failure; /* the best so far */
	struct timer no_answer;
};

/*
 * Tries one more target; `trail` is copied, NULL: the call comes straight. When nothing can ring
 * there the attempt is over at once, and with it perhaps the call: look at its state afterwards.
 */
void attempt_start(struct call *call, const struct destination *to, const struct trail *trail);

/* A phone, or whoever is behind a trunk, says that it is at work. */
void attempt_on_provisional(struct attempt *attempt);

/* A phone refused, or did not answer at all (NULL); its leg has ended. */
void attempt_leg_failed(struct attempt *attempt, unsigned status, const struct sip_msg *response);

/* Without a word to anybody: the call has been answered or is ending. */
void attempt_end(struct attempt *attempt);

#endif
