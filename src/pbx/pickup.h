/* SPDX-License-Identifier: MIT */
/*
 * Pick-up: a third phone takes a ringing call. Three ways to say which call (Replaces, a code with
 * a number, the group's code), one right and one function that does it.
 */
#ifndef LAMPYRID_PBX_PICKUP_H
#define LAMPYRID_PBX_PICKUP_H

#include "core/txn_server.h"
#include "pbx/pbx.h"

struct leg;
struct party;
struct trunk;

/*
 * Each answers the INVITE in any case: 400 (bad Replaces), 403 (no right to pick up or, where it is
 * answered, to take over), 404 (nothing rings), 481 (no such dialog), 486 (to be picked up only
 * while it rings, and it is answered), 488 (nobody offers media). A refused pick-up leaves the
 * ringing call as it was, and a line in the log.
 */
void pickup_by_replaces(struct pbx *pbx, struct incoming *in, const struct extension *picker);
void pickup_by_number(struct pbx *pbx, struct incoming *in, const struct extension *picker,
		      struct slice number);
void pickup_by_group(struct pbx *pbx, struct incoming *in, const struct extension *picker);

/*
 * The same by Replaces from outside, which a ticket alone allows. False: it has not been answered,
 * and is to be refused in the same way whether there is such a dialog or not; the log says it.
 */
bool pickup_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk,
		       const struct party *party);

/*
 * Answers an INVITE with Join (RFC 3911 4), which must not become a call as if it had none: 400
 * (malformed, or with Replaces), 481 (no dialog that it may know of), 488 (nobody is brought into a
 * call as a third). `asker` NULL: somebody outside.
 */
void pickup_refuse_join(struct pbx *pbx, struct incoming *in, const struct extension *asker);

/*
 * Whom it would take. The answer's status is 0 with *ret_leg set, or that of a refusal as above;
 * NULL: nothing rings in the groups.
 */
struct answer pickup_find_by_number(struct pbx *pbx, struct slice number,
				    const struct extension *picker, struct leg **ret_leg);
struct leg *pickup_find_in_groups(struct pbx *pbx, const struct extension *picker);

/*
 * It is called for a call that has been answered: it reminds of somebody on hold, or is to have
 * that call replaced by this one. Who may take over such calls may pick it up.
 */
bool pickup_is_of_answered(const struct leg *leg);

/* It is such a phone; who picks it up is not its caller, and has the right to. */
bool pickup_is_waiting(const struct leg *leg);
bool pickup_is_for(const struct leg *leg, const struct extension *picker);
bool pickup_is_allowed(const struct leg *leg, const struct extension *picker);

#endif
