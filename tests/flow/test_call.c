/* SPDX-License-Identifier: MIT */
/*
 * Plain calls between phones of the office, and every way in which they end.
 */
#include "world.h"

static struct world *talking(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	return w;
}

FLOW(a_call_is_answered_and_hung_up, "RFC 3261 13, RFC 3261 15, RFC 3665 3.1")
{
	struct world *w = talking();

	expect_ladder(w, "alice  -> switch INVITE", "switch -> alice 100 INVITE",
		      "switch -> bob    INVITE", "bob    -> switch 180 INVITE",
		      "switch -> alice  180 INVITE", "bob    -> switch 200 INVITE",
		      "switch -> alice  200 INVITE", "alice  -> switch ACK");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect_ladder(w, "bob -> switch BYE", "switch -> alice BYE");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(the_caller_hangs_up, "RFC 3261 15")
{
	struct world *w = talking();

	hang_up(w, "alice");
	expect_ladder(w, "alice -> switch BYE", "switch -> bob BYE");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(the_caller_gives_up, "RFC 3261 9, RFC 3665 3.8")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	hang_up(w, "alice");
	expect_ladder(w, "alice  -> switch CANCEL", "switch -> alice 200 CANCEL",
		      "switch -> alice  487 INVITE", "switch -> bob CANCEL");
	expect_ended(w, "bob", PHONE_CAUSE_CANCELLED, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(the_called_one_refuses, "RFC 3261 16.7, RFC 3665 3.9")
{
	struct world *w = world_new("alice", "bob");

	dial(w, "alice", "bob");
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 0);
	expect_calls(w, "alice", PHONE_CALL_RINGBACK, 0);
	expect_quiet(w);
}

FLOW(nobody_answers_in_time, "RFC 3261 21.4.9")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	advance_ms(w, 61000);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 408);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(an_unknown_number_is_not_found, "RFC 3261 21.4.5")
{
	struct world *w = world_new("alice");

	dial_number(w, "alice", "299");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 404);
	expect_quiet(w);
}

FLOW(a_phone_that_vanished_is_unavailable, "RFC 3261 16.7, RFC 3665 3.10")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	cut_off(w, "bob");
	dial(w, "alice", "bob");
	advance_ms(w, 40000);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	cut_off(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(hold_and_resume_pass_through, "RFC 3261 14, RFC 3264 8.4")
{
	struct world *w = talking();

	hold(w, "alice");
	expect_ladder(w, "alice -> switch INVITE", "switch -> bob INVITE",
		      "bob -> switch 200 INVITE", "switch -> alice 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	resume(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(call_hold, "RFC 5359 2.1")
{
	struct world *w = talking();

	hold(w, "bob");
	expect_ladder(w, "bob -> switch INVITE", "switch -> alice INVITE",
		      "alice -> switch 200 INVITE", "switch -> bob 200 INVITE",
		      "switch -> alice ACK", "bob -> switch ACK");
	resume(w, "bob");
	expect_ladder(w, "bob -> switch INVITE", "switch -> alice INVITE",
		      "alice -> switch 200 INVITE", "switch -> bob 200 INVITE");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect_ladder(w, "bob -> switch BYE", "switch -> alice BYE");
	expect_quiet(w);
}

FLOW(consultation_hold, "RFC 5359 2.2")
{
	struct world *w = talking();

	hold(w, "bob");
	dial(w, "bob", "carol");
	answer(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	resume(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(both_hold_at_once, "RFC 3261 14.1")
{
	struct world *w = talking();

	/* Neither waits for the other: glare. */
	(void)phone_hold(&w->phones[0].phone, 0);
	(void)phone_hold(&w->phones[1].phone, 0);
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW(a_second_call_rings_too, "RFC 3261 13.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "alice", "bob");
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	/* Who makes the call cannot take it. */
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	hang_up(w, "carol");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect_quiet(w);
}

FLOW(answer_and_cancel_cross, "RFC 3261 9.1, RFC 3261 15")
{
	struct world *w = world_new("alice", "bob");

	dial(w, "alice", "bob");
	(void)phone_answer(&w->phones[1].phone, 0);
	(void)phone_hangup(&w->phones[0].phone, 0);
	advance_ms(w, 40000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW(phones_that_vanish_in_a_call_do_not_stay_in_it, "RFC 3261 12.2.1.2, SECURITY D5")
{
	struct world *w = talking();

	advance_ms(w, 1000);
	cut_off(w, "alice");
	cut_off(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	advance_ms(w, 200000);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect(w, w->office.pbx.calls.held_count == 0);
	cut_off(w, "alice");
	cut_off(w, "bob");
	expect_quiet(w);
}

FLOW(a_long_call_is_not_disturbed, "RFC 3261 11")
{
	struct world *w = talking();

	advance_ms(w, 3000000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect_quiet(w);
}
