/* SPDX-License-Identifier: MIT */
/*
 * Taking over an answered call: an INVITE with Replaces of a dialog that has been answered (RFC
 * 3891 3). Its phone takes the place of the one that the dialog is with, which is hung up on when
 * the media of the new one flows, and not before.
 */
#ifndef LAMPYRID_PBX_TAKEOVER_H
#define LAMPYRID_PBX_TAKEOVER_H

#include "pbx/call.h"

/* Whose phone sends the INVITE. */
struct taker {
	const struct extension *extension; /* NULL: somebody outside, with: */
	struct trunk *trunk;
	struct party party;
	struct ticket *ticket; /* by which it may; NULL: it may by itself */
};

/*
 * Whether this extension may take the place of this answered leg: it is its own, on another phone,
 * or the leg's extension lets its groups barge in.
 */
bool takeover_is_allowed(const struct leg *leg, const struct extension *taker);

/*
 * The heir gets the place of the leg that it replaces, which is hung up on, or the one that is
 * empty; the two parties hear each other already.
 */
void takeover_take_place(struct leg *heir);

/*
 * Answers the INVITE in any case, by a ticket perhaps with what the other party's phone says to it:
 * 481 (nobody at the other end), 491 (the call is just being changed), 488 (no media in common),
 * 503. A refused one leaves the call as it was.
 */
void takeover_start(struct leg *leg, struct incoming *in, const struct taker *taker);

#endif
