/* SPDX-License-Identifier: MIT */
/*
 * What phones do among themselves: consultation calls, and without a switch between them.
 */
#include "world.h"

FLOW(phones_call_each_other_directly, "RFC 3261 13, RFC 3665 3.1")
{
	struct world *w = world_new_direct("alice", "bob");

	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_ladder(w, "alice -> cable INVITE", "cable -> bob INVITE", "bob -> cable 180 INVITE",
		      "bob -> cable 200 INVITE", "cable -> bob ACK");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_consultation_call_holds_the_first_one, "RFC 5359 2.2")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	expect_ladder(w, "bob -> switch INVITE", "bob -> switch INVITE", "switch -> carol INVITE");
	answer(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	/* Back to the first one, and again to the second. */
	resume(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	resume(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}
