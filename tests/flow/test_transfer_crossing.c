/* SPDX-License-Identifier: MIT */
/*
 * What may come across a transfer: somebody hangs up in the middle of it, two of them at once, the
 * switch changes or stops. A cut-off phone keeps a splice from going on for as long as that takes.
 *
 * Variations of what runs under faults here run plainly: all together would take minutes.
 */
#include "transfer_scene.h"

/* Carol is being asked to describe herself, and does not hear it. */
static struct world *carol_is_asked(void)
{
	struct world *w = bob_consults_carol(watched_by_erin());

	cut_off(w, "carol");
	transfer_attended(w, "bob");
	return w;
}

/* Alice is offered what carol has described, and does not hear it. */
static struct world *alice_is_asked(void)
{
	struct world *w = bob_consults_carol(watched_by_erin());

	cut_off(w, "alice");
	transfer_attended(w, "bob");
	return w;
}

/* --- Somebody hangs up -------------------------------------------------------------------- */

FLOW_PLAIN(a_transferee_hangs_up_while_the_target_rings, "RFC 5589 6.2, RFC 3515 2.4.5")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	hang_up(w, "alice");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "erin", "carol", LAMP_DARK);
	expect_lamp(w, "erin", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_alone_hangs_up_while_the_target_rings, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_lamp(w, "erin", "alice", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_hangs_up_while_the_target_is_asked, "RFC 5589 7.3")
{
	struct world *w = carol_is_asked();

	hang_up(w, "bob");
	hang_up(w, "bob");
	cut_off(w, "carol");
	advance_ms(w, 10000);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(a_transferor_hangs_up_while_the_transferee_is_asked, "RFC 5589 7.3")
{
	struct world *w = alice_is_asked();

	hang_up(w, "bob");
	hang_up(w, "bob");
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

/* She has described herself and waits for the ACK, which comes first (RFC 3261 15). */
FLOW(a_target_hangs_up_while_the_transferee_is_asked, "RFC 5589 7.3, RFC 3261 15")
{
	struct world *w = alice_is_asked();

	hang_up(w, "carol");
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "erin", "alice", LAMP_DARK);
	expect_lamp(w, "erin", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_transferee_hangs_up_while_the_target_is_asked, "RFC 5589 7.3, RFC 3725 4.1")
{
	struct world *w = carol_is_asked();

	hang_up(w, "alice");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	cut_off(w, "carol");
	advance_ms(w, 10000);
	expect_only(w, "bob", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_target_that_is_gone_is_no_end_of_the_other_call, "RFC 5589 7.3, RFC 3261 12.2.1.2")
{
	struct world *w = carol_is_asked();

	advance_ms(w, 40000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	resume(w, "bob");
	advance_ms(w, 1000);
	cut_off(w, "carol");
	expect_talking(w, "alice", "bob");
	expect_media(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_target_is_lost_when_the_transferor_has_gone, "RFC 5589 7.3, RFC 5589 6.3")
{
	struct world *w = carol_is_asked();

	hang_up(w, "bob");
	hang_up(w, "bob");
	advance_ms(w, 40000);
	cut_off(w, "carol");
	hang_up(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* --- Two of them -------------------------------------------------------------------------- */

FLOW_PLAIN(two_transfers_of_one_call_at_once, "RFC 5589 6, RFC 3261 21.4.27")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	transfer(w, "alice", "dave");
	expect_transfer(w, "alice", PHONE_RESULT_FAILED, 491);
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(two_transfers_to_one_call_at_once, "RFC 5589 7, RFC 3261 21.4.27")
{
	struct world *w = carol_is_asked();

	(void)phone_transfer(&world_phone(w, "carol")->phone, 0, SLICE("204"));
	cut_off(w, "carol");
	advance_ms(w, 10000);
	expect_transfer(w, "carol", PHONE_RESULT_FAILED, 491);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_call_that_is_being_transferred_is_not_taken_over, "RFC 3891 3, RFC 3261 21.4.27")
{
	struct world *w = watched_by_erin();

	watch(w, "dave", "bob");
	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	alice_talks_to_bob(w);
	transfer(w, "bob", "carol");
	barge_in(w, "dave", "bob");
	expect_ended(w, "dave", PHONE_CAUSE_REFUSED, 491);
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_call_that_is_being_taken_over_is_not_transferred, "RFC 3891 3, RFC 3261 21.4.27")
{
	struct world *w = watched_by_erin();

	watch(w, "dave", "bob");
	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	alice_talks_to_bob(w);
	cut_off(w, "alice");
	barge_in(w, "dave", "bob");
	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 491);
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

/* Each of them is transferred by the other one's other party. */
FLOW_PLAIN(a_chain_of_transfers_ends_with_two_who_talk, "RFC 5589 7")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	transfer(w, "carol", "dave");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 491);
	answer(w, "dave");
	expect_transfer(w, "carol", PHONE_RESULT_DONE, 200);
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "dave");
	expect_quiet(w);
}

/* --- Media -------------------------------------------------------------------------------- */

/* She holds, and the switch asks her for an offer, at the same moment. */
FLOW(a_transferee_offers_while_it_is_asked, "RFC 3261 14.1, RFC 3261 14.2, RFC 5589 7.3")
{
	struct world *w = bob_consults_carol(watched_by_erin());

	(void)phone_hold(&world_phone(w, "carol")->phone, 0);
	transfer_attended(w, "bob");
	advance_ms(w, 10000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	resume(w, "carol");
	advance_ms(w, 5000);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(hold_passes_while_the_target_rings, "RFC 5589 6.2, RFC 3264 8.4")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	hold(w, "bob");
	expect(w, world_phone(w, "alice")->phone.calls[0].is_held_by_peer);
	resume(w, "bob");
	hold(w, "alice");
	resume(w, "alice");
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

/* --- The switch --------------------------------------------------------------------------- */

FLOW_PLAIN(a_transferor_may_unregister_meanwhile, "RFC 5589 6.2, RFC 3261 10.2.2")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	transfer(w, "bob", "carol");
	unregister(w, "bob");
	answer(w, "carol");
	register_again(w, "bob");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_without_a_phone_is_not_called_back, "RFC 5589 6.3")
{
	struct world *w = alice_talks_to_bob(watched_by_erin());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	unregister(w, "bob");
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "erin", "alice", LAMP_DARK);
	register_again(w, "bob");
	expect_quiet(w);
}

FLOW_PLAIN(the_longest_time_of_a_call_ends_its_transfer, "RFC 3515 2.4.5, RFC 3326 2")
{
	struct world *w = watched_by_erin();

	w->office.directory->duration_max_s = 10;
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	advance_ms(w, 20000);
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect(w, phone_call_count(&world_phone(w, "alice")->phone) == 0);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect_quiet(w);
}

FLOW(the_longest_time_of_a_call_ends_a_splice, "RFC 3725 4.1, RFC 3326 2")
{
	struct world *w = watched_by_erin();

	dial(w, "alice", "bob");
	answer(w, "bob");
	w->office.directory->duration_max_s = 10;
	dial(w, "bob", "carol");
	answer(w, "carol");
	cut_off(w, "alice");
	transfer_attended(w, "bob");
	advance_ms(w, 12000);
	expect(w, phone_call_count(&world_phone(w, "carol")->phone) == 0);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	cut_off(w, "alice");
	advance_ms(w, 10000);
	resume(w, "bob");
	advance_ms(w, 1000);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_switch_that_stops_ends_what_is_not_done, "RFC 3515 2.4.5, RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	pbx_stop(&w->office.pbx);
	advance_ms(w, 1000);
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 503);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_switch_that_stops_calls_nobody_back, "RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	pbx_stop(&w->office.pbx);
	advance_ms(w, 1000);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(what_is_given_up_in_the_middle_of_a_splice_is_restored, "RFC 3725 4.1, RFC 3261 14.2")
{
	struct world *w = carol_is_asked();

	hang_up(w, "alice");
	cut_off(w, "carol");
	advance_ms(w, 10000);
	hold(w, "carol");
	resume(w, "carol");
	expect_only(w, "bob", "carol");
	expect_quiet(w);
}
