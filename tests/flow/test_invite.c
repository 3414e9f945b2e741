/* SPDX-License-Identifier: MIT */
/*
 * Calls with peers that say what no phone of ours would: forks, races, wrong Replaces, offers that
 * do not agree, requests that are not in order.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define INVITE(to, call) TEXT_HEAD("INVITE", "201", to, call) TEXT_CONTACT("201", "192.0.2.5")
#define PHONE_SDP TEXT_WITH_SDP("192.0.2.5", "8 0")
#define ANSWER TEXT_ANSWER("192.0.2.5", "8")
#define CONTACT_LINE "Contact: <sip:202@192.0.2.5:5060>\r\n"
#define TYPE_LINE "Content-Type: application/sdp\r\n"

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

/* The raw peer is registered as 202 (bob's phone of its own make); alice and carol are phones. */
static struct world *office_with_raw_bob(struct raw **ret_raw)
{
	struct world *w = world_new("alice");

	office_add(&w->office, "202", "bob");
	*ret_raw = world_raw(w, "raw");
	registers(w, *ret_raw, "202");
	(*ret_raw)->count = 0;
	return w;
}

/* The raw peer calls as alice (201); bob and carol are phones. */
static struct world *office_with_raw_alice(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	*ret_raw = world_raw(w, "raw");
	dial_number(w, "carol", "299"); /* everybody has started */
	return w;
}

/* The value behind `start` up to the end of its token, in the last message of this kind. */
static const char *piece(const struct raw *raw, const char *message, const char *start)
{
	static char values[4][160];
	static unsigned turn;
	const char *at = strstr(raw_last(raw, message), start);
	char *value = values[turn++ % 4];

	value[0] = '\0';
	if (at)
		snprintf(value, sizeof(values[0]), "%.*s",
			 (int)strcspn(at + strlen(start), "\";>\r"), at + strlen(start));
	return value;
}

/* --- The called side ---------------------------------------------------------------------- */

FLOW_PLAIN(a_second_answer_of_a_forking_peer_is_ended, "RFC 3261 13.2.2.4")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial(w, "alice", "alice");
	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 180, "one", CONTACT_LINE, "");
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	raw_reply(raw, "INVITE", 200, "two", CONTACT_LINE, ANSWER);
	expect_ladder(w, "raw -> switch 200 INVITE", "switch -> raw ACK",
		      "raw -> switch 200 INVITE", "switch -> raw ACK", "switch -> raw BYE");
	expect(w, strstr(raw_last(raw, "BYE"), ";tag=two") != NULL);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(an_answer_that_crosses_the_cancel_is_acknowledged_and_ended, "RFC 3261 9.1, SECURITY R4")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 180, "one", CONTACT_LINE, "");
	hang_up(w, "alice");
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	expect_ladder(w, "switch -> raw CANCEL", "raw -> switch 200 INVITE", "switch -> raw ACK",
		      "switch -> raw BYE");
	expect_quiet(w);
}

FLOW_PLAIN(an_answer_that_names_no_way_on_is_acknowledged_and_ended,
	   "RFC 3261 13.2.2.4, RFC 3261 15")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 200, "one", "Contact: <tel:+4930202>\r\n", ANSWER);
	expect_ladder(w, "raw -> switch 200 INVITE", "switch -> raw ACK", "switch -> raw BYE");
	expect(w, strstr(raw_last(raw, "ACK"), ";tag=one") != NULL);
	expect(w, strstr(raw_last(raw, "BYE"), ";tag=one") != NULL);
	raw_reply(raw, "INVITE", 200, "one", "Contact: <tel:+4930202>\r\n", ANSWER);
	expect(w, raw_count(raw, "ACK") == 2 && raw_count(raw, "BYE") == 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_cancel_waits_for_the_first_provisional_response, "RFC 3261 9.1")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	hang_up(w, "alice");
	expect_silence(w, "switch -> raw CANCEL");
	raw_reply(raw, "INVITE", 100, "", "", "");
	expect_ladder(w, "raw -> switch 100 INVITE", "switch -> raw CANCEL");
	expect_quiet(w);
}

FLOW_PLAIN(a_repeated_answer_is_acknowledged_again, "RFC 3261 13.2.2.4")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	expect(w, raw_count(raw, "ACK") == 2);
	expect_quiet(w);
}

FLOW_PLAIN(an_answer_without_contact_ends_the_call_on_both_sides, "RFC 3261 12.1.2, SECURITY P8")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 200, "one", "Contact: <bad uri>\r\n", ANSWER);
	expect(w, raw_count(raw, "BYE") == 1);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 0);
	expect_quiet(w);
}

/* The switch's tag in the dialog that alice's phone is in. */
static struct slice tag_at_alice(struct world *w)
{
	struct phone *phone = &w->phones[0].phone;
	struct session *session = session_find(&phone->stack, phone->calls[0].session);

	return session ? dialog_remote_tag(&session->dialog) : SLICE_NONE;
}

FLOW_PLAIN(early_media_of_one_phone_and_the_answer_of_another_are_two_dialogs, "RFC 3261 13.2.1")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);
	struct raw *other = world_raw(w, "other");
	char tag[64];

	expect(w, raw_ask_as(other, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "r2")
				     TEXT_CONTACT("202", "192.0.2.4") TEXT_END) == 200);
	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 183, "one", CONTACT_LINE, ANSWER);
	snprintf(tag, sizeof(tag), "%.*s", SLICE_ARGS(tag_at_alice(w)));
	raw_reply(other, "INVITE", 180, "two", CONTACT_LINE, "");
	raw_reply(other, "INVITE", 200, "two", CONTACT_LINE, ANSWER);
	expect_ladder(w, "switch -> alice 183 INVITE", "switch -> alice 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, tag[0] && !slice_eq(tag_at_alice(w), slice_from_cstr(tag)));
	expect(w, raw_count(raw, "CANCEL") == 1);
	expect(w, strstr(raw_last(raw, "CANCEL"), "Call completed elsewhere") != NULL);
	expect_quiet(w);
}

FLOW_PLAIN(one_busy_phone_and_one_that_is_away_make_busy, "RFC 3261 16.7")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);
	struct raw *other = world_raw(w, "other");

	expect(w, raw_ask_as(other, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "r2")
				     TEXT_CONTACT("202", "192.0.2.4") TEXT_END) == 200);
	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 480, "one", "", "");
	raw_reply(other, "INVITE", 486, "two", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 180, "one", CONTACT_LINE, "");
	raw_reply(other, "INVITE", 603, "two", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 603);
	expect(w, raw_count(raw, "CANCEL") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_wants_our_password_gets_none, "RFC 3261 22.3, SECURITY A5")
{
	struct raw *raw;
	struct world *w = office_with_raw_bob(&raw);

	dial_number(w, "alice", "202");
	raw_reply(raw, "INVITE", 401, "one",
		  "WWW-Authenticate: Digest realm=\"" OFFICE_DOMAIN "\", nonce=\"x\"\r\n", "");
	expect(w, raw_count(raw, "INVITE") == 1);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_quiet(w);
}

FLOW_PLAIN(a_dead_peer_is_noticed_when_its_ack_is_missing, "RFC 3261 13.3.1.4")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, say(raw, INVITE("202", "c") PHONE_SDP) == 180);
	answer(w, "bob");
	expect(w, raw_count(raw, "SIP/2.0 200 OK") > 0);
	advance_ms(w, 33000);
	expect(w, raw_count(raw, "SIP/2.0 200 OK") > 8);
	expect(w, raw_count(raw, "BYE") > 0);
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(an_offer_in_the_answer_passes_through, "RFC 3264 4, RFC 3261 13.2.1")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	char text[2048];

	expect(w, say(raw, INVITE("202", "c") TEXT_END) == 180);
	answer(w, "bob");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "m=audio") != NULL);
	snprintf(text, sizeof(text),
		 "ACK sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nFrom: <sip:201@" OFFICE_DOMAIN
		 ">;tag=tc\nTo: <sip:202@" OFFICE_DOMAIN ">;tag=%s\nCall-ID: c\nCSeq: %u ACK\n%s",
		 piece(raw, "SIP/2.0 200", "To: <sip:202@" OFFICE_DOMAIN ">;tag="), raw->cseq,
		 PHONE_SDP);
	(void)raw_ask(raw, text);
	expect_ladder(w, "raw -> switch ACK", "switch -> bob ACK");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* --- Requests that are not in order ------------------------------------------------------- */

FLOW_PLAIN(what_cannot_be_served_is_refused_with_its_status,
	   "RFC 3261 8.2.1, RFC 3261 8.2.2, RFC 3261 16.3")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, raw_ask(raw, TEXT_HEAD("OPTIONS", "x", "201", "o") TEXT_END) == 200);
	expect(w, raw_ask(raw, TEXT_HEAD("DANCE", "x", "201", "d") TEXT_END) == 501);
	expect(w, raw_ask(raw, TEXT_HEAD("MESSAGE", "x", "201", "m") TEXT_END) == 405);
	expect(w, strstr(raw_last(raw, "SIP/2.0 405"), "Allow: INVITE") != NULL);
	expect(w, raw_ask(raw, INVITE("202", "r") "Require: dance, replaces\n" TEXT_END) == 420);
	expect(w, strstr(raw_last(raw, "SIP/2.0 420"), "Unsupported: dance\r\n") != NULL);
	expect(w, raw_ask(raw, "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 0\n"
			       "From: <sip:201@x>;tag=1\nTo: <sip:202@x>\nCall-ID: h\n"
			       "CSeq: 1 INVITE\n" TEXT_END) == 483);
	expect(w, raw_ask(raw, "OPTIONS weird:thing SIP/2.0\n{via}\nFrom: <sip:201@x>;tag=1\n"
			       "To: <sip:202@x>\nCall-ID: u\nCSeq: 1 OPTIONS\n" TEXT_END) == 416);
	expect(w, raw_ask(raw, "OPTIONS sip:@@ SIP/2.0\n{via}\nFrom: <sip:201@x>;tag=1\n"
			       "To: <sip:202@x>\nCall-ID: v\nCSeq: 1 OPTIONS\n" TEXT_END) == 400);
	expect(w, raw_ask(raw, TEXT_HEAD("BYE", "x", "201", "b") TEXT_END) == 481);
	expect(w, raw_ask(raw, TEXT_HEAD("CANCEL", "x", "201", "k") TEXT_END) == 481);
	expect_quiet(w);
}

FLOW_PLAIN(a_malformed_request_is_told_why, "RFC 3261 21.4.1, SECURITY P2, SECURITY P7")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w,
	       raw_ask(raw, "OPTIONS sip:201@" OFFICE_DOMAIN " SIP/2.0\n{via}\n"
			    "From: <sip:201@x>;tag=1\nTo: <sip:202@x>\nCall-ID: u\n"
			    "CSeq: 1 OPTIONS\nMax-Forwards: 1\nMax-Forwards: 2\n" TEXT_END) == 400);
	expect(w, raw_ask(raw, "nonsense\n\n") == 0);
	expect(w, raw_ask(raw, "SIP/2.0 200 OK\nVia: x\n\n") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(an_invite_without_a_good_contact_is_refused, "RFC 3261 12.1.1, SECURITY P8")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, say(raw, TEXT_HEAD("INVITE", "201", "202", "c") TEXT_END) == 400);
	expect(w, say(raw, TEXT_HEAD("INVITE", "201", "202", "d") "Contact: *\n" TEXT_END) == 400);
	expect(w, say(raw, TEXT_HEAD("INVITE", "201", "202", "e") "Contact: <tel:1>\n" TEXT_END) ==
			  400);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(the_same_request_by_two_ways_is_merged, "RFC 3261 8.2.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	char text[2048];

	expect(w, say(raw, INVITE("202", "c") PHONE_SDP) == 180);
	snprintf(text, sizeof(text),
		 "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nFrom: <sip:201@" OFFICE_DOMAIN
		 ">;tag=tc\nTo: <sip:202@" OFFICE_DOMAIN ">\nCall-ID: c\nCSeq: %u INVITE\n"
		 "Contact: <sip:201@192.0.2.5>\n" TEXT_END,
		 raw->cseq);
	expect(w, raw_ask(raw, text) == 482);
	expect_quiet(w);
}

FLOW_PLAIN(no_call_goes_to_a_foreign_domain, "RFC 3261 26.3.2.1")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w,
	       say(raw, "INVITE sip:202@elsewhere.example SIP/2.0\n{via}\nMax-Forwards: 70\n"
			"From: <sip:201@" OFFICE_DOMAIN ">;tag=1\nTo: <sip:202@elsewhere.example>\n"
			"Call-ID: c\nCSeq: {cseq} INVITE\n{auth}\n" TEXT_CONTACT("201", "192.0.2.5")
				TEXT_END) == 404);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_speaks_only_for_itself, "RFC 3261 22.1, SECURITY A3")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, say(raw, TEXT_HEAD("INVITE", "203", "202", "c") TEXT_CONTACT("203", "192.0.2.5")
				   TEXT_END) == 403);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* --- Replaces ----------------------------------------------------------------------------- */

/* Raw alice watches bob, whom carol calls. */
static struct world *watched_ringing(struct raw **ret_raw)
{
	struct world *w = office_with_raw_alice(ret_raw);

	expect(w, say(*ret_raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
					"201", "192.0.2.5") "Event: dialog\n" TEXT_END) == 200);
	dial(w, "carol", "bob");
	return w;
}

static unsigned replace(struct raw *raw, const char *call, const char *replaces)
{
	char text[4096];

	snprintf(text, sizeof(text), TEXT_HEAD("INVITE", "201", "*8202", "%s") "%s%s%s", call, call,
		 "Contact: <sip:201@192.0.2.5:5060>\nReplaces: ", replaces, "\n" PHONE_SDP);
	return say(raw, text);
}

FLOW_PLAIN(replaces_with_tags_in_either_order, "RFC 3891 3, RFC 3325 9.1")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char replaces[512];

	snprintf(replaces, sizeof(replaces), "%s;to-tag=%s;from-tag=%s",
		 piece(raw, "NOTIFY", "call-id=\""), piece(raw, "NOTIFY", "local-tag=\""),
		 piece(raw, "NOTIFY", "remote-tag=\""));
	expect(w, replace(raw, "p", replaces) == 200);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"),
			 "P-Asserted-Identity: \"carol\" <sip:203@" OFFICE_DOMAIN ">\r\n") != NULL);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_ended(w, "bob", PHONE_CAUSE_ELSEWHERE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(replaces_by_call_id_alone_for_whom_it_was_told, "RFC 3891 5")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);

	expect(w, replace(raw, "p", piece(raw, "NOTIFY", "call-id=\"")) == 200);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(replaces_by_call_id_alone_for_nobody_else, "RFC 3891 5, SECURITY R2")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char call_id[160];

	snprintf(call_id, sizeof(call_id), "%s", piece(raw, "NOTIFY", "call-id=\""));
	office_add(&w->office, "204", "dave");
	expect(w, raw_ask_as(raw, "204", OFFICE_PASSWORD,
			     "OPTIONS sip:x SIP/2.0\n{via}\n"
			     "From: <sip:204@x>;tag=1\nTo: <sip:x>\nCall-ID: o\nCSeq: 1 "
			     "OPTIONS\n" TEXT_END) == 200);
	{
		char text[4096];

		snprintf(text, sizeof(text), TEXT_HEAD("INVITE", "204", "*8202", "q") "%s%s%s",
			 "Contact: <sip:204@192.0.2.5:5060>\nReplaces: ", call_id, "\n" PHONE_SDP);
		expect(w, raw_ask_as(raw, "204", OFFICE_PASSWORD, text) == 481);
	}
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(replaces_that_matches_nothing, "RFC 3891 3, SECURITY R6")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char replaces[512];

	expect(w, replace(raw, "a", "nothing;to-tag=a;from-tag=b") == 481);
	snprintf(replaces, sizeof(replaces), "%s;to-tag=%s;from-tag=wrong",
		 piece(raw, "NOTIFY", "call-id=\""), piece(raw, "NOTIFY", "remote-tag=\""));
	expect(w, replace(raw, "b", replaces) == 481);
	expect(w, replace(raw, "c", ";to-tag=a") == 400);
	expect(w,
	       replace(raw, "d", "x;to-tag=a;from-tag=b\nReplaces: y;to-tag=a;from-tag=b") == 400);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(an_answered_call_is_not_taken, "RFC 3891 3, RFC 3891 7.1")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char replaces[512];

	snprintf(replaces, sizeof(replaces), "%s;to-tag=%s;from-tag=%s;early-only",
		 piece(raw, "NOTIFY", "call-id=\""), piece(raw, "NOTIFY", "remote-tag=\""),
		 piece(raw, "NOTIFY", "local-tag=\""));
	answer(w, "bob");
	expect(w, replace(raw, "p", replaces) == 486);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(replaces_inside_a_dialog_does_no_harm, "RFC 3891 3, SECURITY R1")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char text[2048];

	expect(w, replace(raw, "p", piece(raw, "NOTIFY", "call-id=\"")) == 200);
	snprintf(text, sizeof(text),
		 "INVITE sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=tp\nTo: <sip:*8202@" OFFICE_DOMAIN
		 ">;tag=%s\nCall-ID: p\nCSeq: 99 INVITE\nContact: <sip:201@192.0.2.5:5060>\n"
		 "Replaces: p;to-tag=tp;from-tag=%s\n" PHONE_SDP,
		 piece(raw, "SIP/2.0 200", "sip:*8202@" OFFICE_DOMAIN ">;tag="),
		 piece(raw, "SIP/2.0 200", "sip:*8202@" OFFICE_DOMAIN ">;tag="));
	expect(w, raw_ask(raw, text) >= 200);
	expect_quiet(w);
}

/* --- Joining ------------------------------------------------------------------------------ */

FLOW_PLAIN(a_picker_without_an_offer_gets_the_callers, "RFC 3264 4, RFC 3891 3")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char text[2048];

	expect(w, say(raw, INVITE("*8202", "p") TEXT_END) == 200);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "m=audio") != NULL);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 0);
	snprintf(text, sizeof(text),
		 "ACK sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nFrom: <sip:201@" OFFICE_DOMAIN
		 ">;tag=tp\nTo: <sip:*8202@" OFFICE_DOMAIN ">;tag=%s\nCall-ID: p\nCSeq: %u ACK\n%s",
		 piece(raw, "SIP/2.0 200", "sip:*8202@" OFFICE_DOMAIN ">;tag="), raw->cseq,
		 PHONE_SDP);
	(void)raw_ask(raw, text);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(offers_without_a_common_codec_are_held_and_offered_again,
	   "RFC 3725 4.2, RFC 3264 6, RFC 3261 14.1")
{
	struct raw *raw;
	struct world *w = watched_ringing(&raw);
	char text[2048], tag[64];

	expect(w, say(raw, INVITE("*8202", "p") TEXT_WITH_SDP("192.0.2.5", "18")) == 200);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "a=inactive") != NULL);
	snprintf(tag, sizeof(tag), "%s",
		 piece(raw, "SIP/2.0 200", "sip:*8202@" OFFICE_DOMAIN ">;tag="));
	snprintf(text, sizeof(text),
		 "ACK sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nFrom: <sip:201@" OFFICE_DOMAIN
		 ">;tag=tp\nTo: <sip:*8202@" OFFICE_DOMAIN
		 ">;tag=%s\nCall-ID: p\nCSeq: %u ACK\n" TEXT_END,
		 tag, raw->cseq);
	(void)raw_ask(raw, text);
	/* Asked for a new offer, this phone can do better. */
	expect(w, raw_count(raw, "INVITE") == 1 &&
			  strstr(raw_last(raw, "INVITE"), "Content-Length: 0") != NULL);
	/* It is just about to offer something itself (14.1), and asked again. */
	raw_reply(raw, "INVITE", 491, "", "", "");
	advance_ms(w, 2100);
	expect(w, raw_count(raw, "INVITE") >= 2);
	raw_reply(raw, "INVITE", 200, "", CONTACT_LINE, ANSWER);
	advance_ms(w, 100);
	expect_ladder(w, "raw -> switch 491 INVITE", "switch -> raw INVITE",
		      "raw -> switch 200 INVITE", "switch -> carol INVITE",
		      "carol -> switch 200 INVITE");
	expect(w, strstr(raw_last(raw, "ACK"), "m=audio") != NULL);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}
