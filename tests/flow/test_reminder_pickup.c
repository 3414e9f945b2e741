/* SPDX-License-Identifier: MIT */
/*
 * A hold reminder rings, but the call that it is about is answered: who may take that call over may
 * pick it up, and nobody else.
 */
#include "raw_bob.h"
#include "texts.h"
#include "world.h"

#define REMINDER_S 20

/* bob holds alice, and is reminded; carol and dave, of his group, may pick up what rings there. */
static struct world *bob_is_reminded(enum barge_in_right right)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "bob")->hold_reminder_s = REMINDER_S;
	world_extension(w, "bob")->barge_in = right;
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	advance_ms(w, REMINDER_S * 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	return w;
}

static void refuse(struct world *w, const char *code, unsigned status)
{
	dial_number(w, "carol", code);
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, status);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
}

FLOW(a_reminder_is_not_picked_up_without_the_right_to_barge_in, "RFC 3891 5, RFC 4235 3.7")
{
	struct world *w = bob_is_reminded(BARGE_IN_NONE);

	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	refuse(w, "*8202", 404);
	refuse(w, "*8", 404);
	answer(w, "bob");
	expect_talking(w, "bob", "alice");
	expect_quiet(w);
}

FLOW(a_reminder_is_picked_up_by_the_right_to_barge_in, "RFC 3891 3, RFC 4235 3.7, RFC 3725 4.1")
{
	struct world *w = bob_is_reminded(BARGE_IN_SAME_GROUP);

	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	pick_up(w, "carol", "bob");
	expect_talking(w, "carol", "alice");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	advance_ms(w, 5000);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* Bob's other phone. */
FLOW_PLAIN(who_is_reminded_may_pick_it_up_elsewhere, "RFC 3891 3, RFC 3725 4.1")
{
	struct world *w = bob_is_reminded(BARGE_IN_NONE);
	struct raw *other = world_raw(w, "other");

	(void)raw_ask_as(other, "202", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "202", "*8202", "pick")
				 TEXT_CONTACT("202", "192.0.2.6") TEXT_WITH_SDP("192.0.2.6", "8"));
	advance_ms(w, 100);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect(w, raw_count(other, "SIP/2.0 200") > 0);
	(void)raw_speak(other, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	hang_up(w, "alice");
	expect(w, raw_count(other, "BYE") == 1);
	expect_quiet(w);
}

/* What rings there beside it is picked up by the usual right. */
FLOW_PLAIN(what_rings_beside_a_reminder_is_picked_up, "RFC 3891 5")
{
	struct world *w = bob_is_reminded(BARGE_IN_NONE);

	dial(w, "dave", "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 2);
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	dial_number(w, "carol", "*8202");
	expect_talking(w, "carol", "dave");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

/* Bob's phone is to refuse that, as an INVITE without an offer: alice is asked for one then. */
static struct world *raw_bob_is_reminded(struct raw **ret_bob)
{
	struct world *w = alice_talks_to_raw_bob(ret_bob);
	struct raw *bob = *ret_bob;

	((struct extension *)directory_find(w->office.directory, SLICE("204")))->hold_reminder_s =
		REMINDER_S;
	(void)raw_speak(bob, "INVITE", "bobtag", "INVITE",
			BOB_CONTACT TEXT_WITH_SDP("192.0.2.5", "8 0") "a=sendonly\n");
	(void)raw_speak(bob, "SIP/2.0 200", "", "ACK", TEXT_END);
	advance_ms(w, REMINDER_S * 1000);
	expect(w, raw_count(bob, "INVITE") == 2);
	return w;
}

FLOW_PLAIN(a_reminder_that_is_made_again_is_a_reminder, "RFC 3891 5, RFC 7462 8, RFC 3725 4.1")
{
	struct raw *bob;
	struct world *w = raw_bob_is_reminded(&bob);

	raw_reply(bob, "INVITE", 488, "b2", "", "");
	expect(w, raw_count(bob, "INVITE") == 3);
	raw_reply(bob, "INVITE", 180, "b3", BOB_LINE, "");
	expect(w, strstr(raw_last(bob, "INVITE"), "urn:alert:service:recall:hold") != NULL);
	dial_number(w, "carol", "*8204");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(who_hangs_up_is_not_reminded_once_more, "RFC 3261 15.1.1, RFC 3725 4.1")
{
	struct raw *bob;
	struct world *w = raw_bob_is_reminded(&bob);

	cut_off(w, "alice"); /* who does not say what she offers */
	raw_reply(bob, "INVITE", 488, "b2", "", "");
	expect(w, raw_speak(bob, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	cut_off(w, "alice");
	advance_ms(w, 10000);
	expect(w, raw_count(bob, "INVITE") == 2);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}
