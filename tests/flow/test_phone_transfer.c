/* SPDX-License-Identifier: MIT */
/*
 * Transfers between phones without a switch: what each of the three says to the others
 * (RFC 5589).
 */
#include "transfer_scene.h"

static struct world *without_switch(void)
{
	return world_new_direct("alice", "bob", "carol");
}

/* --- Blind -------------------------------------------------------------------------------- */

FLOW(phones_transfer_blind, "RFC 5589 6.2, RFC 3515 2.4")
{
	struct world *w = alice_talks_to_bob(without_switch());

	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> cable REFER", "alice -> cable 202 REFER",
		      "alice -> cable NOTIFY sipfrag 100", "alice -> cable INVITE",
		      "carol -> cable 180 INVITE", "alice -> cable NOTIFY sipfrag 180");
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 180);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	answer(w, "carol");
	expect_ladder(w, "carol -> cable 200 INVITE", "alice -> cable NOTIFY sipfrag 200",
		      "bob -> cable BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(a_blind_transfer_to_a_busy_phone_fails, "RFC 5589 6.3, RFC 3515 2.4.5")
{
	struct world *w = alice_talks_to_bob(without_switch());

	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_ladder(w, "carol -> cable 486 INVITE", "alice -> cable NOTIFY sipfrag 486");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(whom_we_transfer_is_held_and_resumed, "RFC 5589 6.2, RFC 5589 6.3")
{
	struct world *w = alice_talks_to_bob(without_switch());

	world_phone(w, "bob")->phone.config.transfer_holds = true;
	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> cable INVITE", "bob -> cable ACK", "bob -> cable REFER",
		      "alice -> cable NOTIFY sipfrag 486", "bob -> cable INVITE");
	expect_talking(w, "alice", "bob");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_quiet(w);
}

FLOW(a_transferor_leaves_when_it_is_accepted, "RFC 5589 6.2, RFC 5057 4.1")
{
	struct world *w = alice_talks_to_bob(without_switch());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	expect_ladder(w, "alice -> cable 202 REFER", "bob -> cable BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 202);
	expect_calls(w, "alice", PHONE_CALL_RINGBACK, 1);
	answer(w, "carol");
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(a_transferor_need_not_be_told, "RFC 4488 4")
{
	struct world *w = alice_talks_to_bob(without_switch());

	world_phone(w, "bob")->phone.config.transfer_unheard = true;
	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 202);
	answer(w, "carol");
	expect_talking(w, "alice", "carol");
	expect_silence(w, "alice -> cable NOTIFY sipfrag 100");
	expect_quiet(w);
}

FLOW(the_transferee_hangs_up_during_a_transfer, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(without_switch());

	transfer(w, "bob", "carol");
	hang_up(w, "alice"); /* the call with bob */
	expect_transfer(w, "bob", PHONE_RESULT_UNKNOWN, 0);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect_quiet(w);
}

FLOW(who_is_transferred_gives_up_the_new_call, "RFC 3515 2.4.5")
{
	struct world *w = alice_talks_to_bob(without_switch());
	struct phone *alice;

	transfer(w, "bob", "carol");
	alice = &world_phone(w, "alice")->phone;
	(void)phone_hangup(alice, 2);
	advance_ms(w, 100);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 487);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_phone_without_refer_is_not_transferred, "RFC 3261 21.4.6, RFC 3515 2.4.2")
{
	struct world *w = without_switch();

	world_start(w);
	world_phone(w, "alice")->phone.config.lacks_refer = true;
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_ladder(w, "alice -> cable 405 REFER");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 405);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(both_transfer_each_other_at_once, "RFC 5589 6, RFC 3261 21.4.27")
{
	struct world *w = alice_talks_to_bob(without_switch());

	(void)phone_transfer(&world_phone(w, "alice")->phone, 0, SLICE("203"));
	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 491);
	expect_transfer(w, "alice", PHONE_RESULT_FAILED, 491);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

/* --- Attended ----------------------------------------------------------------------------- */

FLOW(phones_transfer_attended, "RFC 5589 7.3, RFC 3891 3")
{
	struct world *w = bob_consults_carol(without_switch());

	transfer_attended(w, "bob");
	expect_ladder(w, "bob -> cable REFER Replaces", "alice -> cable 202 REFER",
		      "alice -> cable INVITE Replaces", "carol -> cable 200 INVITE",
		      "carol -> cable BYE", "alice -> cable NOTIFY sipfrag 200",
		      "bob -> cable BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_FREE, PHONE_CALLS_MAX);
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(an_attended_transfer_fails_and_nobody_is_dropped, "RFC 5589 7.3")
{
	struct world *w = without_switch();

	world_start(w);
	world_phone(w, "carol")->phone.config.lacks_replaces = true;
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	/* To who does not know Replaces it is a call like any other. */
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	(void)phone_hangup(&world_phone(w, "carol")->phone, 2);
	advance_ms(w, 100);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_peer(w, "bob", "carol");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	resume(w, "bob");
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_transfer_to_who_still_rings_is_refused_by_its_phone, "RFC 3891 3, RFC 5589 7.6")
{
	struct world *w = alice_talks_to_bob(without_switch());

	dial(w, "bob", "carol");
	transfer_attended(w, "bob");
	expect_ladder(w, "alice -> cable INVITE Replaces", "carol -> cable 481 INVITE",
		      "alice -> cable NOTIFY sipfrag 481");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 481);
	expect_calls(w, "bob", PHONE_CALL_RINGBACK, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}
