/* SPDX-License-Identifier: MIT */
/*
 * Park: calls that wait in an orbit, a number of its own, until somebody fetches them (RFC 5359
 * 2.15). Who is parked stays in the call alone, on hold; who fetches takes the place that is empty.
 * An orbit has at most one call, and one lamp, which every extension may watch.
 */
#ifndef LAMPYRID_PBX_PARK_H
#define LAMPYRID_PBX_PARK_H

#include "pbx/call.h"
#include "pbx/reoffer.h"
#include "pbx/visibility.h"

/* What its phone is asked, so that it sends nothing to nobody; see park_hold.c. */
enum park_hold {
	PARK_HOLD_NONE,	 /* nothing any more */
	PARK_HOLD_ASK,	 /* to describe itself */
	PARK_HOLD_OFFER, /* to take a description, since it would not */
};

struct parked {
	struct list node;     /* in pbx->parked, who has waited longest first */
	struct leg *leg;      /* who waits; ends together with this */
	struct leg *fetcher;  /* about to take the empty place; NULL: nobody is */
	struct party orbit;   /* "*851"; its bytes stand behind the struct, as those of: */
	struct slice parker;  /* the number of the extension that parked it */
	char id[TOKEN_BYTES]; /* of <dialog> */
	uint64_t since_ms;
	uint32_t timeout_s;  /* then the parker is called back; 0: never */
	unsigned call_backs; /* so far */
	struct timer due;    /* for the next one */
	struct leg *leaving; /* the parker's, which is no party any more; NULL: it has gone */
	struct timer grace;  /* for that one to hang up by itself */
	enum park_hold hold;
	struct reoffer hold_again;
};

/* Whether the number is an orbit: of the configuration, or one where somebody waits since before
 * it. */
bool park_is_orbit(const struct pbx *pbx, struct slice number);

/* The same, or the code that is any of them. */
bool park_is_number(const struct pbx *pbx, struct slice number);

/* Whoever waits in this orbit; NULL: it is free, or there is no such orbit. */
struct parked *park_find(const struct pbx *pbx, struct slice number);

/*
 * Whether this party of a talking call may be parked by the other one, in an orbit or with the bare
 * code in the first that is free. Status 0: yes. 403 (only extensions park), 404 (there is no such
 * orbit), 486 (it is taken, or all are), 491 (the call is just being changed).
 */
struct answer park_check(const struct leg *leg, const struct leg *parker, struct slice number);

/*
 * Does so, after park_check(). The parker's leg is no party of the call any more; a phone that does
 * not hang up soon is hung up on. ERR_NOMEM: nothing has changed.
 */
int park_call(struct leg *leg, struct leg *parker, struct slice number);

/*
 * Answers an INVITE to an orbit, or to the bare code, which means the only call that is parked: its
 * phone gets the call. When that fails the call stays where it is.
 */
void park_on_invite(struct pbx *pbx, struct incoming *in, const struct extension *fetcher,
		    struct slice number);

/* Who is parked offers something to nobody: the answer is that nothing flows (RFC 3264 6.1). */
void park_on_offer(struct leg *leg, const struct sip_msg *offer);

/*
 * The result of an offer to this leg: true when it was one that should hold it, and refused. One
 * that was taken is acknowledged as any other.
 */
bool park_on_offer_result(struct leg *leg, unsigned status);

/*
 * Nothing has come of calling the parker back: it is tried again. `is_astray`: media was being
 * brought there already.
 */
void park_on_call_back_failed(struct leg *leg, bool is_astray);

/* The parker has them back. */
void park_on_called_back(struct leg *leg);

/* Before the leg is taken out of its call. */
void park_on_leg_end(struct leg *leg);

/*
 * What this extension sees of an orbit: whether it is taken, and by whom where both the parker and
 * who is parked let it see with whom they talk. VISIBILITY_NONE: there is no such orbit.
 */
struct rights park_rights(const struct pbx *pbx, struct slice number,
			  const struct extension *viewer);

/* For park.c: its phone is asked until it takes something, or nothing. */
void park_hold(struct parked *parked);
void park_hold_stop(struct parked *parked);

/* The server ends: who is parked is let go, since nobody could fetch them. */
void park_stop(struct pbx *pbx);

#endif
