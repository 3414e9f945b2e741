/* SPDX-License-Identifier: MIT */
/*
 * Picking up a ringing call, in all its ways, and what it does to everybody's lamps.
 */
#include "world.h"

static struct world *ringing(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	watch(w, "alice", "carol");
	watch(w, "alice", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	return w;
}

static void taken_by_carol(struct world *w)
{
	expect_ended(w, "bob", PHONE_CAUSE_ELSEWHERE, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "carol", LAMP_TALKING);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(pickup_takes_a_ringing_call, "RFC 3891 3, RFC 4235 4.1, RFC 3326 2")
{
	struct world *w = ringing();

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> carol   200 INVITE",
		      "switch -> bob     CANCEL", "switch -> alice   200 INVITE");
	taken_by_carol(w);
}

FLOW(pickup_by_the_remote_target_alone, "RFC 4235 4.1")
{
	struct world *w = ringing();

	set_pickup(w, "carol", PICKUP_BY_TARGET, "");
	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE", "switch -> carol   200 INVITE",
		      "switch -> bob     CANCEL", "switch -> alice   200 INVITE");
	taken_by_carol(w);
}

FLOW(pickup_by_a_code, "RFC 3261 16.5")
{
	struct world *w = ringing();

	dial_number(w, "carol", "**202");
	taken_by_carol(w);
}

FLOW(pickup_by_the_groups_code_takes_the_longest_ringing, "RFC 3261 16.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	dial(w, "alice", "bob");
	advance_ms(w, 1000);
	dial(w, "dave", "alice");
	dial_number(w, "carol", "*8");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(pickup_without_the_right_leaves_the_call_ringing, "RFC 3891 5")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	world_extension(w, "bob")->pickup = PICKUP_NONE;
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	dial_number(w, "carol", "*8202");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 403);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(pickup_of_nothing_is_refused, "RFC 3261 21.4.5")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial_number(w, "carol", "*8202");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	dial_number(w, "carol", "*8");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	dial_number(w, "carol", "*8999");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	expect_quiet(w);
}

FLOW(two_pick_up_together_and_one_wins, "RFC 3891 3")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "carol", "bob");
	watch(w, "dave", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	pick_up(w, "carol", "bob");
	dial_number(w, "dave", "*8202");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_quiet(w);
}
