/* SPDX-License-Identifier: MIT */
/*
 * What phones say to each other during a call besides offers: INFO, MESSAGE, and methods that the
 * switch need not know; and offers that are never answered.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define CONTACT_LINE "Contact: <sip:202@192.0.2.4:5060>\r\n"
#define ANSWER TEXT_ANSWER("192.0.2.4", "8")
#define DIGIT                                                                                      \
	"Content-Type: application/dtmf-relay\nContent-Length: {len}\n\nSignal=5\nDuration=160\n"

/* A call between peers that say what the test writes: 201 has called, 202 has answered. */
static struct world *two_raw(struct raw **ret_alice, struct raw **ret_bob, bool is_answered)
{
	struct world *w = world_new("carol");

	*ret_bob = world_raw(w, "bob");
	*ret_alice = world_raw(w, "alice");
	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "alice");
	registers(w, *ret_bob, "202");
	(void)raw_ask_as(*ret_alice, "203", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "203", "202", "call") TEXT_CONTACT("203", "192.0.2.4")
				 TEXT_WITH_SDP("192.0.2.4", "8"));
	raw_reply(*ret_bob, "INVITE", 180, "bobtag", CONTACT_LINE, "");
	if (is_answered) {
		raw_reply(*ret_bob, "INVITE", 200, "bobtag", CONTACT_LINE, ANSWER);
		(void)raw_speak(*ret_alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	}
	return w;
}

/* Alice hangs up. */
static void over(struct world *w, struct raw *alice, struct raw *bob)
{
	bob->is_mute = false;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect(w, raw_count(bob, "BYE") > 0);
	expect_quiet(w);
}

FLOW_PLAIN(info_passes_through_with_its_body_and_its_answer, "RFC 6086 4.2, RFC 3261 12.2")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO",
			    "Info-Package: dtmf\nc-lie: 1\nDate: today\n"
			    "Route: <sip:192.0.2.9;lr>\n" DIGIT) == 200);
	expect(w, strstr(raw_last(bob, "INFO"), "\r\n\r\nSignal=5\r\nDuration=160\r\n") != NULL);
	expect(w,
	       strstr(raw_last(bob, "INFO"), "Content-Type: application/dtmf-relay\r\n") != NULL);
	expect(w, strstr(raw_last(bob, "INFO"), "Info-Package: dtmf\r\nDate: today\r\n") != NULL);
	expect(w, strstr(raw_last(bob, "INFO"), "Max-Forwards: 69\r\n") != NULL);
	expect(w, strstr(raw_last(bob, "INFO"), "Route:") == NULL);
	expect(w, strstr(raw_last(bob, "INFO"), "lie") == NULL);
	bob->is_mute = true;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	raw_reply(bob, "INFO", 415, "", "Accept: text/plain\r\nServer: bob\r\n", ANSWER);
	expect(w, strstr(raw_last(alice, "SIP/2.0 415"), "Accept: text/plain\r\n") != NULL);
	expect(w, strstr(raw_last(alice, "SIP/2.0 415"), ANSWER) != NULL);
	expect(w, strstr(raw_last(alice, "SIP/2.0 415"), "Server: bob") == NULL);
	over(w, alice, bob);
}

FLOW_PLAIN(messages_and_unknown_methods_pass_both_ways, "RFC 3428 4, RFC 3261 12.2.2")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->cseq = 7;
	expect(w, raw_speak(bob, "INVITE", "bobtag", "MESSAGE",
			    "Content-Type: text/plain\nContent-Language: en\n"
			    "Content-Length: {len}\n\nhi") == 200);
	expect(w, strstr(raw_last(alice, "MESSAGE"), "\r\n\r\nhi") != NULL);
	expect(w, strstr(raw_last(alice, "MESSAGE"), "Content-Language: en\r\n") != NULL);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "DANCE", TEXT_END) == 200);
	expect(w, raw_count(alice, "DANCE sip:203@192.0.2.4:5060 SIP/2.0\r\n") == 1);
	/* These are for us, or for a later time. */
	expect(w, raw_speak(bob, "INVITE", "bobtag", "PUBLISH", TEXT_END) == 405);
	expect(w, strstr(raw_last(bob, "SIP/2.0 405"), "MESSAGE") != NULL);
	expect(w, raw_count(alice, "PUBLISH") == 0);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "INFO", "Require: dance\n" TEXT_END) == 420);
	expect(w, strstr(raw_last(bob, "SIP/2.0 420"), "Unsupported: dance\r\n") != NULL);
	expect(w, raw_count(alice, "INFO") == 0);
	over(w, alice, bob);
}

FLOW_PLAIN(a_challenge_to_a_request_passed_on_stays_with_us, "RFC 3261 22.3, SECURITY A5")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->is_mute = true;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	raw_reply(bob, "INFO", 401, "", "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n",
		  "");
	expect(w, raw_count(alice, "SIP/2.0 488") == 1);
	expect(w, strstr(raw_last(alice, "SIP/2.0 488"), "nonce") == NULL);
	over(w, alice, bob);
}

FLOW_PLAIN(a_request_in_a_dialog_that_is_gone_ends_the_call, "RFC 3261 12.2.1.2, RFC 5057 5.1")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->is_mute = true;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	raw_reply(bob, "INFO", 481, "", "", "");
	expect_ladder(w, "bob -> switch 481 INFO", "switch -> alice 481 INFO",
		      "switch -> alice BYE");
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(a_request_without_an_answer_ends_the_call, "RFC 3261 12.2.1.2, RFC 4320 4.2")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->is_mute = true;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	advance_ms(w, 33000);
	expect(w, raw_count(alice, "SIP/2.0 481") == 1 && raw_count(alice, "BYE") == 1);
	expect(w, raw_count(bob, "BYE") >= 1);
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(too_many_requests_at_a_time_are_refused, "RFC 3261 21.5.1, SECURITY D1")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->is_mute = true;
	for (unsigned i = 0; i < 8; i++)
		expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 500);
	expect(w, strstr(raw_last(alice, "SIP/2.0 500"), "Retry-After: ") != NULL);
	raw_reply(bob, "INFO", 200, "", "", "");
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT) == 0);
	over(w, alice, bob);
}

FLOW_PLAIN(keys_pass_before_the_answer_when_one_phone_rings, "RFC 6086 4.2.1, RFC 3261 12.1")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, false);

	expect(w, raw_speak(alice, "SIP/2.0 180", "", "INFO", DIGIT) == 200);
	expect(w, raw_count(bob, "INFO") == 1);
	bob->cseq = 7;
	expect(w, raw_speak(bob, "INVITE", "bobtag", "INFO", DIGIT) == 200);
	expect(w, raw_count(alice, "INFO") == 1);
	raw_reply(bob, "INVITE", 486, "bobtag", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(keys_of_two_that_ring_go_to_neither, "RFC 3261 12.1")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);
	struct raw *other = world_raw(w, "other");

	expect(w, raw_speak(alice, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect(w, raw_ask_as(other, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "r2")
				     TEXT_CONTACT("202", "192.0.2.5") TEXT_END) == 200);
	(void)raw_ask_as(alice, "203", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "203", "202", "c2") TEXT_CONTACT("203", "192.0.2.4")
				 TEXT_WITH_SDP("192.0.2.4", "8"));
	raw_reply(bob, "INVITE", 180, "b", CONTACT_LINE, "");
	raw_reply(other, "INVITE", 180, "o", CONTACT_LINE, "");
	expect(w, raw_speak(alice, "SIP/2.0 180", "", "INFO", DIGIT) == 480);
	raw_reply(bob, "INVITE", 603, "b", "", "");
	raw_reply(other, "INVITE", 487, "o", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(who_is_lost_during_its_own_offer_is_answered,
	   "RFC 3261 14.2, RFC 3261 15.1.2, SECURITY D5")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	alice->is_mute = bob->is_mute = true;
	bob->cseq = 7;
	(void)raw_speak(bob, "INVITE", "bobtag", "INVITE",
			TEXT_CONTACT("202", "192.0.2.3") TEXT_WITH_SDP("192.0.2.3", "8"));
	expect(w, raw_count(alice, "INVITE") == 1);
	/* Bob denies the call in which he has just made an offer. */
	(void)raw_speak(alice, "SIP/2.0 200", "", "INFO", DIGIT);
	raw_reply(bob, "INFO", 481, "", "", "");
	expect(w, raw_count(bob, "SIP/2.0 487") > 0);
	(void)raw_speak(bob, "SIP/2.0 487", "", "ACK", TEXT_END);
	alice->is_mute = bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(an_old_answer_again_does_not_make_a_new_offer_wait_for_ever,
	   "RFC 3261 14.1, SECURITY D5")
{
	struct raw *alice, *bob;
	struct world *w = two_raw(&alice, &bob, true);

	bob->is_mute = true;
	(void)raw_speak(alice, "SIP/2.0 200", "", "INVITE",
			TEXT_CONTACT("203", "192.0.2.4") TEXT_WITH_SDP("192.0.2.4", "8"));
	raw_reply(bob, "INVITE", 200, "", "Contact: <sip:new@192.0.2.4:5060>\r\n", ANSWER);
	(void)raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	(void)raw_speak(alice, "SIP/2.0 200", "", "INVITE",
			TEXT_CONTACT("203", "192.0.2.4") TEXT_WITH_SDP("192.0.2.4", "8"));
	raw_reply(bob, "INVITE sip:new@", 100, "", "", "");
	raw_reply(bob, "INVITE sip:202@", 200, "", CONTACT_LINE, ANSWER);
	expect(w, raw_count(bob, "CANCEL") == 0);
	advance_ms(w, 33000);
	expect(w, raw_count(bob, "CANCEL sip:new@") > 0);
	raw_reply(bob, "INVITE sip:new@", 487, "", "", "");
	(void)raw_speak(alice, "SIP/2.0 487", "", "ACK", TEXT_END);
	over(w, alice, bob);
}
