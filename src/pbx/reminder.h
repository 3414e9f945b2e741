/* SPDX-License-Identifier: MIT */
/*
 * The hold reminder: who holds somebody for long is called back, as by the one who is held
 * (doc/decisions/0015-reminded-by-a-call.md). The call on hold is not touched before they answer.
 */
#ifndef LAMPYRID_PBX_REMINDER_H
#define LAMPYRID_PBX_REMINDER_H

#include "pbx/call.h"

/* The leg has begun to hold the other party, or no longer does. */
void reminder_on_hold(struct leg *leg);

/* The leg's phone is about to do something else with the call: no reminder of it rings any more. */
void reminder_give_up(struct leg *leg);

void reminder_on_leg_end(struct leg *leg);

#endif
