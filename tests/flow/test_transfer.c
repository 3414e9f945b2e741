/* SPDX-License-Identifier: MIT */
/*
 * Transfers by REFER, message by message: bob is a peer that says what the test writes.
 */
#include "raw_bob.h"

FLOW_PLAIN(a_blind_transfer_message_by_message, "RFC 5589 6.2, RFC 3515 2.4.4, RFC 3892 2.2")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	expect(w, bob_refers_to(bob, "sip:202@" OFFICE_DOMAIN) == 202);
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 100 Trying"));
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 180 Ringing"));
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, raw_count(bob, "BYE") == 0);
	answer(w, "carol");
	expect_ladder(w, "switch -> carol   INVITE", "carol  -> switch  200 INVITE",
		      "switch -> alice   INVITE", "alice  -> switch  200 INVITE",
		      "switch -> carol   ACK", "switch -> bob     NOTIFY sipfrag 200");
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 200 OK"));
	expect(w, raw_heard(bob, "NOTIFY", "terminated;reason=noresource"));
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, bob_says_bye(bob) == 200);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "dave", "alice", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_refused_transfer_leaves_everybody_where_they_were, "RFC 5589 6.3")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	expect(w, bob_refers_to(bob, "sip:202@" OFFICE_DOMAIN) == 202);
	hang_up(w, "carol");
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 486 Busy Here"));
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, raw_count(bob, "BYE") == 0);
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect(w, bob_says_bye(bob) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferor_who_has_hung_up_is_called_back, "RFC 5589 6.3")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	expect(w, bob_refers_to(bob, "sip:202@" OFFICE_DOMAIN) == 202);
	expect(w, bob_says_bye(bob) == 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect(w, raw_count(bob, "INVITE") == 2);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	raw_reply(bob, "INVITE", 200, "bobtag2", BOB_LINE, BOB_SDP);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, raw_speak(bob, "INVITE", "bobtag2", "BYE", TEXT_END) == 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW(who_was_called_twice_brings_both_together, "RFC 5589 7.3, RFC 3891 3")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	dial(w, "carol", "bob");
	answer(w, "bob");
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_target_that_wants_an_offer_gets_the_transferees, "RFC 3725 4.1, RFC 5589 6.2")
{
	struct raw *bob;
	struct world *w = world_new("alice", "carol", "dave");

	bob = world_raw(w, "bob");
	bob_registers(w, bob);
	dial(w, "alice", "carol");
	answer(w, "carol");
	transfer_number(w, "carol", "204");
	raw_reply(bob, "INVITE", 488, "b1", "", "");
	expect(w, raw_count(bob, "INVITE") == 2);
	expect(w, strstr(raw_last(bob, "INVITE"), "m=audio") != NULL);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	raw_reply(bob, "INVITE", 488, "b2", "", "");
	expect_transfer(w, "carol", PHONE_RESULT_FAILED, 488);
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);

	transfer_number(w, "carol", "204");
	raw_reply(bob, "INVITE", 488, "b3", "", "");
	raw_reply(bob, "INVITE", 200, "b4", BOB_LINE, BOB_SDP);
	/* It wants an offer in a re-INVITE, too. */
	raw_reply(bob, "INVITE", 488, "b4", "", "");
	raw_reply(bob, "INVITE", 200, "b4", BOB_LINE, BOB_SDP);
	expect_transfer(w, "carol", PHONE_RESULT_DONE, 200);
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	expect(w, raw_count(bob, "BYE") == 1);
	expect_quiet(w);
}
