/* SPDX-License-Identifier: MIT */
/*
 * What the caller hears before the answer: ringing and early media of the phones that are called.
 */
#ifndef LAMPYRID_PBX_CALL_EARLY_H
#define LAMPYRID_PBX_CALL_EARLY_H

#include "pbx/call.h"

/* Shows a provisional response of this leg's phone to the caller, and has it acknowledged. */
void early_show(struct leg *leg, const struct sip_msg *response);

/*
 * A phone has refused: where the caller heard it and others ring on, the caller hears them ring.
 */
void early_on_refused(struct call *call);

/* The caller acknowledges what it was shown reliably, see struct session_ops. */
void early_on_prack(struct session *session, const struct sip_msg *prack);

/* The caller has left, perhaps before that, and the phones ring on for somebody else. */
void early_on_caller_left(struct call *call);

/*
 * Answers the caller with the 2xx of this leg's phone, or with the description that the phone gave
 * before and need not repeat. Errors as leg_answer().
 */
int early_answer(struct leg *leg, const struct sip_msg *response);

/* True when the caller has early media, and of somebody else than who answered on this leg. */
bool early_is_of_another(const struct call *call, const struct leg *leg);

/*
 * Whether the phones may send reliable provisional responses: their offer in one, when the caller
 * made none, needs a caller that can answer it by PRACK, and one such offer at most has an answer.
 */
bool early_can_be_reliable(const struct call *call);

#endif
