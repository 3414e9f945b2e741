/* SPDX-License-Identifier: MIT */
/*
 * Taking over calls that are answered: Replaces of a confirmed dialog.
 */
#include "world.h"

/* alice and bob talk, and carol sees it. */
static struct world *talking(enum barge_in_right right)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "carol", "bob");
	watch(w, "dave", "bob");
	watch(w, "dave", "carol");
	watch(w, "dave", "alice");
	world_extension(w, "bob")->barge_in = right;
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	return w;
}

static void taken_by_carol(struct world *w)
{
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(an_answered_call_is_taken_over_by_right, "RFC 3891 3, RFC 3725 4.1, RFC 4235 4.1.4")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	barge_in(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> alice   INVITE",
		      "alice  -> switch  200 INVITE", "switch -> carol   200 INVITE",
		      "switch -> bob     BYE");
	taken_by_carol(w);
}

FLOW(a_call_on_hold_that_is_taken_over_is_resumed, "RFC 3891 3, RFC 3264 8.4")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	hold(w, "bob");
	barge_in(w, "carol", "bob");
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	taken_by_carol(w);
}

FLOW(an_answered_call_is_not_taken_over_without_the_right, "RFC 3891 5")
{
	struct world *w = talking(BARGE_IN_NONE);

	barge_in(w, "carol", "bob");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 486);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(who_is_taken_over_may_hang_up_meanwhile, "RFC 3891 3")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	cut_off(w, "alice");
	barge_in(w, "carol", "bob");
	hang_up(w, "bob");
	cut_off(w, "alice");
	advance_ms(w, 4000);
	taken_by_carol(w);
}

FLOW(who_takes_over_may_give_up_meanwhile, "RFC 3891 3, RFC 3261 9.2")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	cut_off(w, "alice");
	barge_in(w, "carol", "bob");
	hang_up(w, "carol");
	cut_off(w, "alice");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}
