/* SPDX-License-Identifier: MIT */
/*
 * The hold reminder: who is reminded of whom they hold, when, and how it ends.
 */
#include "world.h"

#define REMINDER_S 20

/* alice has called bob, who holds her. */
static struct world *alice_is_held(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->hold_reminder_s = REMINDER_S;
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	advance_ms(w, REMINDER_S * 1000 - 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	return w;
}

static struct world *bob_is_reminded(void)
{
	struct world *w = alice_is_held();

	advance_ms(w, 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	return w;
}

FLOW(who_is_reminded_and_answers_talks_again, "RFC 7462 8, RFC 3725 4.1")
{
	struct world *w = bob_is_reminded();

	answer(w, "bob");
	expect_ladder(w, "switch -> bob    INVITE", "bob    -> switch 200 INVITE",
		      "switch -> alice  INVITE", "switch -> bob    ACK");
	expect_talking(w, "bob", "alice");
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	expect_ladder(w, "switch -> bob    BYE");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	hang_up(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* The phone ends the call on hold, as some do by themselves, and so do we. */
FLOW(who_is_reminded_hangs_up_the_old_call_as_well, "RFC 3261 15.1.2, RFC 3261 12.2.2")
{
	struct world *w = bob_is_reminded();
	struct world_phone *bob = world_phone(w, "bob");

	cut_off(w, "bob"); /* our BYE */
	answer(w, "bob");
	world_step(w, bob, phone_hangup(&bob->phone, 1));
	cut_off(w, "bob");
	advance_ms(w, 4000);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_talking(w, "bob", "alice");
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(who_resumes_is_not_reminded_any_more, "RFC 3264 8.4")
{
	struct world *w = bob_is_reminded();

	resume(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_talking(w, "bob", "alice");
	advance_ms(w, 10 * REMINDER_S * 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_reminder_is_given_three_times, "RFC 3264 8.4")
{
	struct world *w = bob_is_reminded();

	for (int i = 1; i < 3; i++) {
		hang_up(w, "bob"); /* refuses what rings */
		expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
		advance_ms(w, REMINDER_S * 1000);
		expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	}
	hang_up(w, "bob");
	advance_ms(w, 10 * REMINDER_S * 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* A consultation is not disturbed, and a limit of one call is none for the call that one has. */
FLOW(who_talks_with_somebody_else_is_reminded_afterwards, "RFC 5359 2.2")
{
	struct world *w = alice_is_held();

	world_extension(w, "bob")->max_calls = 1;
	dial(w, "bob", "carol");
	answer(w, "carol");
	advance_ms(w, 60000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	hang_up(w, "carol");
	advance_ms(w, 6000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_talking(w, "bob", "alice");
	expect_quiet(w);
}

/* The reminder is in nobody's way who remembers by themselves. */
FLOW(who_is_reminded_transfers, "RFC 5589 6.1")
{
	struct world *w = bob_is_reminded();

	transfer(w, "bob", "carol");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	answer(w, "carol");
	expect_talking(w, "carol", "alice");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_quiet(w);
}

FLOW(who_holds_hangs_up_while_it_rings, "RFC 3261 15.1.1")
{
	struct world *w = bob_is_reminded();
	struct world_phone *bob = world_phone(w, "bob");

	world_step(w, bob, phone_hangup(&bob->phone, 1));
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(who_is_held_hangs_up_while_it_rings, "RFC 3261 15.1.2")
{
	struct world *w = bob_is_reminded();

	hang_up(w, "alice");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(who_wants_no_reminder_gets_none, "RFC 3264 8.4")
{
	struct world *w = world_new("alice", "bob");

	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	advance_ms(w, 600000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}
