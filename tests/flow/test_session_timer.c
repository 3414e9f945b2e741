/* SPDX-License-Identifier: MIT */
/*
 * Session timers: each leg agrees with its phone how often the call must be heard of, and ends when
 * it is not.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define CONTACT_LINE "Contact: <sip:202@192.0.2.3:5060>\r\n"
#define ALLOW_LINE "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n"
#define TIMER_LINE "Supported: timer\r\n"
#define ANSWER TEXT_ANSWER("192.0.2.3", "8")

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

FLOW(a_call_goes_on_while_both_legs_are_refreshed, "RFC 4028 7.2, RFC 4028 9, RFC 4028 10")
{
	struct world *w = world_new("alice", "bob", "carol");

	w->office.pbx.stack.session_expires_s = 90;
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 50000);
	/* Either is refreshed by who was called in its dialog. */
	expect_ladder(w, "switch -> alice UPDATE", "alice -> switch 200 UPDATE");
	advance_ms(w, 50000);
	expect_ladder(w, "bob -> switch UPDATE", "switch -> bob 200 UPDATE");
	advance_ms(w, 300000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hold(w, "bob");
	advance_ms(w, 100000);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW(a_phone_that_is_not_heard_of_in_time_is_let_go, "RFC 4028 10, RFC 3261 12.2.1.2")
{
	struct world *w = world_new("alice", "bob", "carol");

	w->office.pbx.stack.session_expires_s = 90;
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 1000);
	cut_off(w, "bob");
	/* Bob's phone was to say so: 60 s, and a BYE that nobody answers. */
	advance_ms(w, 65000);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	advance_ms(w, 60000);
	cut_off(w, "bob");
	expect_quiet(w);
}

FLOW(a_call_that_lasts_too_long_is_ended, "RFC 3261 15")
{
	struct world *w = world_new("alice", "bob");

	w->office.directory->duration_max_s = 60;
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 50000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	advance_ms(w, 15000);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

/* --- Peers of other makes ----------------------------------------------------------------- */

static struct world *talking_raw_bob(struct raw **ret_bob, const char *lines)
{
	struct world *w = world_calling_raw_bob(ret_bob);

	raw_reply(*ret_bob, "INVITE", 200, "bobtag", lines, ANSWER);
	advance_ms(w, 100);
	return w;
}

FLOW_PLAIN(a_refresher_that_falls_silent_ends_the_call, "RFC 4028 10")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE TIMER_LINE
					  "Session-Expires: 120;refresher=uas\r\n");

	expect(w, has(raw_last(bob, "INVITE"), "Session-Expires: 1800\r\n"));
	expect(w, has(raw_last(bob, "INVITE"), "Supported: replaces, timer"));
	/* 120 s less a third of a minute or so. */
	advance_ms(w, 87000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	/* It lives on by a word of bob's, */
	expect(w, raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			    TEXT_CONTACT(
				    "202",
				    "192.0.2.3") "Supported: timer\n"
						 "Session-Expires: 120;refresher=uac\n" TEXT_END) ==
			  200);
	expect(w, has(raw_last(bob, "SIP/2.0 200"), "Session-Expires: 120;refresher=uac\r\n"));
	expect(w, has(raw_last(bob, "SIP/2.0 200"), "Require: timer\r\n"));
	advance_ms(w, 87000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	/* and ends without. */
	advance_ms(w, 2000);
	expect(w, raw_count(bob, "BYE") == 1);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(who_knows_no_update_is_refreshed_by_invite, "RFC 4028 7.4, RFC 4028 10")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE TIMER_LINE
					  "Session-Expires: 100;refresher=uac\r\n");
	char offer[RAW_MESSAGE_MAX_BYTES];

	snprintf(offer, sizeof(offer), "%s", strstr(raw_last(bob, "INVITE"), "\r\n\r\n"));
	advance_ms(w, 50000);
	expect(w, raw_count(bob, "INVITE") == 2);
	expect(w, has(raw_last(bob, "INVITE"), "Session-Expires: 100;refresher=uac\r\n"));
	expect(w, has(raw_last(bob, "INVITE"), offer));
	/* It is just about to offer something itself, and asked again. */
	raw_reply(bob, "INVITE", 491, "", "", "");
	advance_ms(w, 4100);
	expect(w, raw_count(bob, "INVITE") > 2);
	raw_reply(bob, "INVITE", 200, "",
		  CONTACT_LINE TIMER_LINE "Session-Expires: 100;refresher=uac\r\n", ANSWER);
	expect_ladder(w, "bob -> switch 491 INVITE", "switch -> bob INVITE",
		      "bob -> switch 200 INVITE", "switch -> bob ACK");
	expect_silence(w, "switch -> alice INVITE");
	/* What was held is told as held. */
	hold(w, "alice");
	raw_reply(bob, "INVITE", 200, "",
		  CONTACT_LINE TIMER_LINE "Session-Expires: 100;refresher=uac\r\n",
		  ANSWER "a=recvonly\r\n");
	advance_ms(w, 50100);
	expect_ladder(w, "switch -> alice 200 INVITE", "switch -> bob ACK", "switch -> bob INVITE");
	expect(w, has(raw_last(bob, "INVITE"), "a=sendonly\r\n"));
	/* There is no such call there any more. */
	raw_reply(bob, "INVITE", 481, "", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_longer_interval_is_granted_when_it_is_insisted_on, "RFC 4028 7.3, RFC 4028 6")
{
	struct raw *bob;
	struct world *w = world_calling_raw_bob(&bob);

	raw_reply(bob, "INVITE", 422, "bobtag", "Min-SE: 3600\r\n", "");
	expect_ladder(w, "bob -> switch 422 INVITE", "switch -> bob ACK", "switch -> bob INVITE");
	expect(w, has(raw_last(bob, "INVITE"), "Session-Expires: 3600\r\nMin-SE: 3600\r\n"));
	raw_reply(bob, "INVITE", 200, "two",
		  CONTACT_LINE ALLOW_LINE TIMER_LINE "Session-Expires: 3600;refresher=uac\r\n",
		  ANSWER);
	bob->is_mute = true;
	advance_ms(w, 100);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	bob->is_mute = false;
	/* Whoever wants always more gets nothing. */
	hang_up(w, "alice");
	dial_number(w, "alice", "202");
	for (unsigned i = 1; i < 8; i++) {
		char line[32];

		snprintf(line, sizeof(line), "Min-SE: %u\r\n", 3600 + i);
		raw_reply(bob, "INVITE", 422, "x", line, "");
	}
	expect_calls(w, "alice", PHONE_CALL_CALLING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_refresh_that_is_too_short_is_made_longer, "RFC 4028 7.3, RFC 4028 7.4")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE TIMER_LINE
					  "Session-Expires: 100;refresher=uac\r\n");

	bob->is_mute = true;
	advance_ms(w, 50000);
	expect(w, has(raw_last(bob, "UPDATE"), "Session-Expires: 100;refresher=uac\r\n"));
	raw_reply(bob, "UPDATE", 422, "", "Min-SE: 200\r\n", "");
	expect(w, has(raw_last(bob, "UPDATE"),
		      "Session-Expires: 200;refresher=uac\r\nMin-SE: 200\r\n"));
	raw_reply(bob, "UPDATE", 200, "", CONTACT_LINE "Session-Expires: 200;refresher=uac\r\n",
		  "");
	bob->is_mute = false;
	advance_ms(w, 99000);
	expect(w, raw_count(bob, "UPDATE") == 2);
	advance_ms(w, 1100);
	expect(w, raw_count(bob, "UPDATE") == 3);
	expect_quiet(w);
}

FLOW_PLAIN(an_interval_that_is_too_short_is_refused, "RFC 4028 9, RFC 4028 6")
{
	struct raw *bob;
	struct world *w = world_calling_raw_bob(&bob);
	struct raw *dave = world_raw(w, "dave");

	raw_reply(bob, "INVITE", 486, "x", "", "");
	office_add(&w->office, "203", "dave");
	expect(w, raw_ask_as(dave, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "203", "201", "c") TEXT_CONTACT(
				     "203", "192.0.2.4") "Supported: timer\nSession-Expires: "
							 "30\n" TEXT_WITH_SDP("192.0.2.4", "8")) ==
			  422);
	expect(w, has(raw_last(dave, "SIP/2.0 422"), "Min-SE: 90\r\n"));
	/* From who does not know timers, somebody on the way asks: no refusal, and no timer. */
	expect(w,
	       raw_ask_as(dave, "203", OFFICE_PASSWORD,
			  TEXT_HEAD("INVITE", "203", "201", "d") TEXT_CONTACT(
				  "203",
				  "192.0.2.4") "Session-Expires: 30\n" TEXT_WITH_SDP("192.0.2.4",
										     "8")) == 180);
	answer(w, "alice");
	expect(w, !has(raw_last(dave, "SIP/2.0 200"), "Session-Expires"));
	(void)raw_speak(dave, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect(w, raw_speak(dave, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}
