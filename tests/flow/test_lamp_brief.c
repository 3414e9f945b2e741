/* SPDX-License-Identifier: MIT */
/*
 * Documents that have to be short: what is left out last is how to pick up what rings.
 */
#include "world.h"

FLOW(what_rings_beside_a_call_on_hold_is_picked_up_by_its_lamp, "RFC 4235 3.7, RFC 3261 18.1.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	dial(w, "dave", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol -> switch INVITE Replaces", "switch -> carol 200 INVITE");
	expect_talking(w, "carol", "dave");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}
