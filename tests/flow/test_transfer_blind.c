/* SPDX-License-Identifier: MIT */
/*
 * Blind transfers that the switch makes (RFC 5589 6), phone by phone: alice (201) and bob (202)
 * talk, and one of them sends the other one away; erin (205) watches all of them.
 *
 * Variations of what runs under faults here run plainly: all together would take minutes.
 */
#include "transfer_scene.h"

/* --- Done --------------------------------------------------------------------------------- */

FLOW(a_transferor_who_was_called_transfers_blind, "RFC 5589 6.2, RFC 3515 2.4, RFC 3892 2.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> switch REFER", "switch -> bob 202 REFER",
		      "switch -> bob NOTIFY sipfrag 100", "switch -> carol INVITE",
		      "switch -> bob NOTIFY sipfrag 180");
	expect_lamp(w, "erin", "carol", LAMP_RINGING);
	expect_lamp(w, "erin", "bob", LAMP_TALKING);
	expect_talking(w, "alice", "bob");
	answer(w, "carol");
	expect_ladder(w, "carol -> switch 200 INVITE", "switch -> alice INVITE",
		      "alice -> switch 200 INVITE", "switch -> carol ACK",
		      "switch -> bob NOTIFY sipfrag 200", "bob -> switch BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_called_transfers_blind, "RFC 5589 6.2, RFC 5359 2.4")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "alice", "carol");
	answer(w, "carol");
	expect_transfer(w, "alice", PHONE_RESULT_DONE, 200);
	expect_only(w, "bob", "carol");
	hang_up(w, "bob");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_holds_first_transfers_blind, "RFC 5589 6.2, RFC 3264 8.4")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	hold(w, "bob");
	transfer(w, "bob", "carol");
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(a_transferor_who_hangs_up_at_once_drops_nobody, "RFC 5589 6.2, RFC 5057 4.1, RFC 5359 2.4")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	expect_ladder(w, "switch -> bob 202 REFER", "bob -> switch BYE");
	expect_silence(w, "switch -> alice BYE");
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	expect_lamp(w, "erin", "alice", LAMP_TALKING);
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_wants_to_hear_nothing_is_hung_up_on, "RFC 4488 4, RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	world_phone(w, "bob")->phone.config.transfer_unheard = true;
	transfer(w, "bob", "carol");
	expect_ladder(w, "switch -> bob 202 REFER");
	expect_silence(w, "switch -> bob NOTIFY sipfrag 100");
	answer(w, "carol");
	advance_ms(w, 5000);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_blind_transfer_to_a_group_rings_all_of_it, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer_number(w, "bob", OFFICE_GROUP);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	expect_calls(w, "alice", PHONE_CALL_RINGING, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	answer(w, "carol");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 0);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_blind_transfer_to_a_full_uri, "RFC 5589 6.2, RFC 3515 2.1")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer_number(w, "bob", "sip:203@" OFFICE_DOMAIN ";transport=udp");
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferred_call_that_rings_is_forwarded, "RFC 5589 6.2, RFC 7044 7")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	world_extension(w, "dave")->forward.to[FORWARD_ALWAYS] = SLICE("203");
	transfer(w, "bob", "dave");
	expect_ladder(w, "switch -> bob NOTIFY sipfrag 181");
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

/* --- Picked up ---------------------------------------------------------------------------- */

FLOW(a_transferred_call_that_rings_is_picked_up, "RFC 5589 6.2, RFC 3891 3")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	pick_up(w, "dave", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	expect_lamp(w, "erin", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_picked_up_call_is_transferred, "RFC 5589 6.2, RFC 3891 3")
{
	struct world *w = watched_by_erin();

	dial(w, "alice", "carol");
	pick_up(w, "dave", "carol");
	transfer(w, "dave", "bob");
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_calls(w, "dave", PHONE_CALL_FREE, PHONE_CALLS_MAX);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_that_was_taken_over_is_transferred, "RFC 5589 6.2, RFC 3891 3")
{
	struct world *w = watched_by_erin();

	world_extension(w, "carol")->barge_in = BARGE_IN_SAME_GROUP;
	dial(w, "alice", "carol");
	answer(w, "carol");
	barge_in(w, "dave", "carol");
	expect_media(w, "alice", "dave");
	transfer(w, "dave", "bob");
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferred_call_is_transferred_again, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "dave");
	answer(w, "dave");
	expect_media(w, "alice", "dave");
	transfer(w, "dave", "carol");
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	transfer(w, "alice", "bob");
	answer(w, "bob");
	expect_only(w, "bob", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferred_call_is_taken_over, "RFC 3891 3, RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	world_extension(w, "carol")->barge_in = BARGE_IN_SAME_GROUP;
	transfer(w, "bob", "carol");
	answer(w, "carol");
	barge_in(w, "dave", "carol");
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	expect_lamp(w, "erin", "carol", LAMP_DARK);
	expect_quiet(w);
}

/* --- To a pick-up code -------------------------------------------------------------------- */

/* And dave calls carol, whose phone rings. */
static struct world *carol_rings_besides(void)
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	dial(w, "dave", "carol");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	return w;
}

FLOW(a_blind_transfer_to_a_pickup_code, "RFC 5589 6.2, RFC 3891 3, RFC 3725 4.1")
{
	struct world *w = carol_rings_besides();

	transfer_number(w, "bob", "*8203");
	expect_ladder(w, "switch -> alice INVITE", "alice -> switch 200 INVITE",
		      "switch -> dave 200 INVITE", "switch -> carol CANCEL");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	expect_lamp(w, "erin", "carol", LAMP_DARK);
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_blind_transfer_to_the_code_of_the_group, "RFC 5589 6.2, RFC 3891 3")
{
	struct world *w = carol_rings_besides();

	transfer_number(w, "bob", "*8");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(a_code_where_nothing_rings_transfers_nobody, "RFC 5589 6.3")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer_number(w, "bob", "*8203");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 404);
	transfer_number(w, "bob", "*8");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 404);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(who_rings_may_answer_before_a_transfer_to_the_code_is_done, "RFC 3725 4.1, RFC 5589 6.3")
{
	struct world *w = carol_rings_besides();

	cut_off(w, "alice");
	transfer_number(w, "bob", "*8203");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_talking(w, "dave", "carol");
	expect_media(w, "dave", "carol");
	expect_talking(w, "alice", "bob");
	expect_media(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_call_that_a_transfer_picks_up_is_picked_up_once, "RFC 3891 3, RFC 3725 4.1")
{
	struct world *w = watched_by_erin();

	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "dave", "carol");
	cut_off(w, "alice");
	transfer_number(w, "bob", "*8203");
	pick_up(w, "erin", "carol");
	expect_ended(w, "erin", PHONE_CAUSE_REFUSED, 486);
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

FLOW_PLAIN(who_calls_may_give_up_during_a_transfer_to_the_code, "RFC 3725 4.1, RFC 5589 6.3")
{
	struct world *w = carol_rings_besides();

	cut_off(w, "alice");
	transfer_number(w, "bob", "*8203");
	hang_up(w, "dave");
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* --- It does not come to it --------------------------------------------------------------- */

FLOW(a_busy_target_leaves_everybody_where_they_were, "RFC 5589 6.3.1, RFC 3515 2.4.5")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_ladder(w, "carol -> switch 486 INVITE", "switch -> bob NOTIFY sipfrag 486");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_silence(w, "switch -> alice INVITE");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_target_that_does_not_answer_leaves_everybody_where_they_were, "RFC 5589 6.3.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	w->office.directory->ring_timeout_s = 20;
	transfer(w, "bob", "carol");
	advance_ms(w, 30000);
	expect_ladder(w, "switch -> bob NOTIFY sipfrag 408", "switch -> carol CANCEL");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 408);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_target_that_nobody_knows_is_refused_at_once, "RFC 3515 2.4.2, RFC 5589 6.3")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer_number(w, "bob", "299");
	expect_ladder(w, "switch -> bob 404 REFER");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 404);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_is_not_sent_to_itself, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "alice");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_may_name_itself, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(who_was_held_for_a_transfer_that_fails_is_resumed, "RFC 5589 6.3, RFC 3264 8.4")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	world_phone(w, "bob")->phone.config.transfer_holds = true;
	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	advance_ms(w, 1000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_transferor_who_has_gone_is_called_back_and_talks_again, "RFC 5589 6.3")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	leaves_at_once(w, "bob");
	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> switch BYE");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_lamp(w, "erin", "bob", LAMP_RINGING);
	expect_lamp(w, "erin", "alice", LAMP_TALKING);
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}
