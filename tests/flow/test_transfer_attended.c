/* SPDX-License-Identifier: MIT */
/*
 * Attended transfers that the switch makes (RFC 5589 7): bob (202) talks with alice (201), calls
 * carol (203) or is called by her, and brings the two together, also while she still rings; erin
 * (205) watches all of them.
 *
 * Variations of what runs under faults here run plainly: all together would take minutes.
 */
#include "transfer_scene.h"

/* --- Carol has answered ------------------------------------------------------------------- */

FLOW(a_transferor_who_was_called_transfers_attended, "RFC 5589 7.1, RFC 5589 7.3, RFC 5359 2.5")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	transfer_attended(w, "bob");
	expect_ladder(w, "bob -> switch REFER Replaces", "switch -> bob 202 REFER",
		      "switch -> carol INVITE", "carol -> switch 200 INVITE",
		      "switch -> alice INVITE", "alice -> switch 200 INVITE", "switch -> carol ACK",
		      "switch -> bob BYE", "switch -> bob NOTIFY sipfrag 200", "bob -> switch BYE");
	expect_silence(w, "switch -> bob BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_called_both_transfers_attended, "RFC 5589 7.1, RFC 5359 2.5")
{
	struct world *w = watched_by_erin();

	dial(w, "bob", "alice");
	answer(w, "alice");
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_transferor_who_was_called_by_both_transfers_attended, "RFC 5589 7.1")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	dial(w, "carol", "bob");
	answer(w, "bob");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_called_and_was_called_transfers_attended, "RFC 5589 7.1")
{
	struct world *w = watched_by_erin();

	dial(w, "bob", "alice");
	answer(w, "alice");
	dial(w, "carol", "bob");
	answer(w, "bob");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(who_hangs_up_both_at_once_has_transferred_all_the_same, "RFC 5589 7.3, RFC 5057 4.1")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	expect_ladder(w, "switch -> bob 202 REFER", "bob -> switch BYE");
	expect_silence(w, "switch -> alice BYE");
	expect_silence(w, "switch -> carol BYE");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(parties_of_an_attended_transfer_hold_and_resume, "RFC 5589 7.3, RFC 3264 8.4")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	transfer_attended(w, "bob");
	hold(w, "alice");
	expect(w, world_phone(w, "carol")->phone.calls[0].is_held_by_peer);
	resume(w, "alice");
	expect_media(w, "alice", "carol");
	hold(w, "carol");
	resume(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_party_of_an_attended_transfer_is_transferred_again, "RFC 5589 7.3")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	transfer_attended(w, "bob");
	dial(w, "carol", "dave");
	answer(w, "dave");
	transfer_attended(w, "carol");
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(who_holds_by_themselves_holds_on_after_a_transfer, "RFC 5589 7.3, RFC 4235 4.1.6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	hold(w, "alice");
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	resume(w, "alice");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_consultation_that_was_picked_up_is_transferred, "RFC 5589 7.3, RFC 3891 3")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	pick_up(w, "dave", "carol");
	transfer_attended(w, "bob");
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(two_calls_with_one_other_party_are_not_joined, "RFC 5589 7.1")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	dial(w, "bob", "alice");
	answer(w, "alice");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect(w, phone_call_count(&world_phone(w, "alice")->phone) == 2);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 2);
	expect_quiet(w);
}

/* --- Carol still rings -------------------------------------------------------------------- */

FLOW(a_transfer_to_who_still_rings_waits_for_the_answer, "RFC 5589 7.6, RFC 3891 3")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	transfer_attended(w, "bob");
	expect_ladder(w, "bob -> switch REFER Replaces", "switch -> bob 202 REFER");
	expect_silence(w, "switch -> alice INVITE");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_lamp(w, "erin", "carol", LAMP_RINGING);
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(who_cancels_the_consultation_after_the_transfer_lets_it_ring, "RFC 5589 7.6, RFC 3261 9.2")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	expect_ladder(w, "switch -> bob 202 REFER", "bob -> switch CANCEL",
		      "switch -> bob 487 INVITE");
	expect_silence(w, "switch -> carol CANCEL");
	expect_silence(w, "switch -> alice BYE");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(who_rings_for_a_transferor_who_has_gone_is_picked_up, "RFC 5589 7.6, RFC 3891 3")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	pick_up(w, "dave", "carol");
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(who_rings_for_a_transfer_is_picked_up, "RFC 5589 7.6, RFC 3891 3")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	transfer_attended(w, "bob");
	pick_up(w, "dave", "carol");
	advance_ms(w, 1000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(a_consulted_phone_that_refuses_leaves_everybody_where_they_were, "RFC 5589 7.6")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	transfer_attended(w, "bob");
	hang_up(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	resume(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_transferor_is_called_back_when_the_consulted_phone_refuses, "RFC 5589 7.6")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	hang_up(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_call_back_that_is_refused_ends_the_call, "RFC 5589 7.6")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	hang_up(w, "carol");
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect(w, phone_call_count(&world_phone(w, "alice")->phone) == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_back_that_nobody_answers_ends_the_call, "RFC 5589 6.3.2, RFC 5589 7.6")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	w->office.directory->ring_timeout_s = 20;
	hang_up(w, "carol");
	advance_ms(w, 30000);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect(w, phone_call_count(&world_phone(w, "alice")->phone) == 0);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect_quiet(w);
}

FLOW_PLAIN(who_is_transferred_gives_up_while_the_target_rings, "RFC 5589 7.6")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	transfer_attended(w, "bob");
	hang_up(w, "alice");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_only(w, "bob", "carol");
	expect_quiet(w);
}

/* --- Instead of it ------------------------------------------------------------------------ */

FLOW_PLAIN(a_target_is_asked_and_then_called_without_being_shown, "RFC 5589 7.2")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	hang_up(w, "bob");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> switch BYE", "bob -> switch REFER", "switch -> carol INVITE");
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(an_attended_transfer_that_fails_can_be_a_blind_one, "RFC 5589 7.7")
{
	struct world *w = bob_calls_carol(watched_by_erin());

	transfer_attended(w, "bob");
	hang_up(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	transfer(w, "bob", "carol");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}
