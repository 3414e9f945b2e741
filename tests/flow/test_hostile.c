/* SPDX-License-Identifier: MIT */
/*
 * Peers that mean harm, or mean well and are broken: nothing of theirs stays, and nobody speaks in
 * a call that is not theirs. The rows are those of the project's list of faults seen elsewhere.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define CONTACT_LINE "Contact: <sip:202@192.0.2.3:5060>\r\n"
#define ANSWER TEXT_ANSWER("192.0.2.3", "8")

static void nothing_stays(struct world *w)
{
	const struct stack *stack = &w->office.pbx.stack;

	expect(w, stack->txn_servers.held_count == 0 && stack->sessions.held_count == 0);
	expect(w, stack->notifiers.held_count == 0);
}

/* The raw peer is registered as 202; alice is a phone that calls it. */
static struct world *ringing_raw_bob(struct raw **ret_raw)
{
	struct world *w = world_new("alice");

	office_add(&w->office, "202", "bob");
	*ret_raw = world_raw(w, "raw");
	registers(w, *ret_raw, "202");
	dial_number(w, "alice", "202");
	return w;
}

static struct world *talking_raw_bob(struct raw **ret_raw)
{
	struct world *w = ringing_raw_bob(ret_raw);

	raw_reply(*ret_raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	return w;
}

/* A request in bob's dialog, with the right tags, as `speaker` says it. */
static unsigned speak_as_bob(struct raw *speaker, const struct raw *bob, const char *method,
			     unsigned cseq, const char *more)
{
	char text[4096], from_tag[64], call_id[64];
	const char *invite = raw_last(bob, "INVITE");

	snprintf(from_tag, sizeof(from_tag), "%.16s", strstr(invite, ";tag=") + 5);
	snprintf(call_id, sizeof(call_id), "%.16s", strstr(invite, "Call-ID: ") + 9);
	snprintf(text, sizeof(text),
		 "%s sip:201@192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:202@" OFFICE_DOMAIN ">;tag=one\nTo: <sip:201@" OFFICE_DOMAIN
		 ">;tag=%s\nCall-ID: %s\nCSeq: %u %s\nContact: <sip:x@192.0.2.4:5060>\n%s" TEXT_END,
		 method, from_tag, call_id, cseq, method, more);
	return raw_ask(speaker, text);
}

FLOW_PLAIN(knowing_a_dialogs_ids_is_not_enough_to_speak_in_it, "RFC 3261 26, SECURITY R2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob);
	struct raw *thief = world_raw(w, "thief");

	expect(w, speak_as_bob(thief, bob, "BYE", 7, "") == 401);
	expect(w, speak_as_bob(thief, bob, "INVITE", 8, "") == 401);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_silence(w, "switch -> alice INVITE");
	expect(w, speak_as_bob(bob, bob, "BYE", 9, "") == 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_forged_ack_brings_no_answer, "RFC 3261 13.2.2.4, SECURITY R2")
{
	struct world *w = world_new("alice", "bob");
	struct raw *caller = world_raw(w, "caller");
	struct raw *thief = world_raw(w, "thief");
	char text[2048], tag[64];

	dial_number(w, "bob", "299"); /* everybody has started */
	expect(w, raw_ask_as(caller, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "201", "202", "c") TEXT_CONTACT("201", "192.0.2.4")
				     TEXT_END) == 180);
	answer(w, "bob");
	snprintf(tag, sizeof(tag), "%.16s",
		 strstr(strstr(raw_last(caller, "SIP/2.0 200"), "\r\nTo:"), ";tag=") + 5);
	snprintf(text, sizeof(text),
		 "ACK sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nFrom: <sip:201@" OFFICE_DOMAIN
		 ">;tag=tc\nTo: <sip:202@" OFFICE_DOMAIN ">;tag=%s\nCall-ID: c\nCSeq: %u ACK\n%s",
		 tag, caller->cseq, TEXT_WITH_SDP("192.0.2.5", "8"));
	(void)raw_ask(thief, text);
	expect_silence(w, "switch -> bob ACK");
	(void)raw_ask(caller, text);
	expect_ladder(w, "thief -> switch ACK", "caller -> switch ACK", "switch -> bob ACK");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_strangers_refresh_does_not_move_a_subscription, "RFC 6665 6, SECURITY S1")
{
	struct world *w = world_new("alice", "bob");
	struct raw *watcher = world_raw(w, "watcher");
	struct raw *thief = world_raw(w, "thief");
	char text[2048], tag[64];

	dial_number(w, "bob", "299");
	expect(w, raw_ask_as(watcher, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				     "201", "192.0.2.4") "Event: dialog\n" TEXT_END) == 200);
	snprintf(tag, sizeof(tag), "%.16s",
		 strstr(strstr(raw_last(watcher, "NOTIFY"), "\r\nFrom:"), ";tag=") + 5);
	snprintf(text, sizeof(text),
		 "SUBSCRIBE sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=ts\nTo: <sip:202@" OFFICE_DOMAIN
		 ">;tag=%s\nCall-ID: s\nCSeq: 77 SUBSCRIBE\n{auth}\nEvent: dialog\n"
		 "Contact: <sip:201@192.0.2.5:5060>\n" TEXT_END,
		 tag);
	expect(w, raw_ask(thief, text) == 401);
	expect(w, raw_count(thief, "NOTIFY") == 0);
	/* The phone itself, from another port, has its password. */
	expect(w, raw_ask_as(thief, "201", OFFICE_PASSWORD, text) == 200);
	expect(w, raw_count(thief, "NOTIFY") == 1);
	expect_quiet(w);
}

#define IN_SUBSCRIPTION(method)                                                                    \
	method " sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"                        \
	       "From: <sip:201@" OFFICE_DOMAIN ">;tag=ts\nTo: <sip:202@" OFFICE_DOMAIN             \
	       ">;tag=%s\nCall-ID: s\n"

/* An ACK cannot be challenged, so that it says nothing about who sends it. */
FLOW_PLAIN(a_strangers_ack_does_not_open_a_subscription, "RFC 6665 6, SECURITY S1")
{
	struct world *w = world_new("alice", "bob");
	struct raw *watcher = world_raw(w, "watcher");
	struct raw *thief = world_raw(w, "thief");
	char ack[1024], refresh[1024], tag[64];

	dial_number(w, "bob", "299");
	expect(w, raw_ask_as(watcher, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				     "201", "192.0.2.4") "Event: dialog\n" TEXT_END) == 200);
	snprintf(tag, sizeof(tag), "%.16s",
		 strstr(strstr(raw_last(watcher, "NOTIFY"), "\r\nFrom:"), ";tag=") + 5);
	snprintf(ack, sizeof(ack), IN_SUBSCRIPTION("ACK") "CSeq: 76 ACK\n" TEXT_END, tag);
	snprintf(refresh, sizeof(refresh),
		 IN_SUBSCRIPTION("SUBSCRIBE") "CSeq: 77 SUBSCRIBE\nEvent: dialog\n"
					      "Contact: <sip:201@192.0.2.5:5060>\n" TEXT_END,
		 tag);
	(void)raw_ask(thief, ack);
	expect(w, raw_ask(thief, refresh) == 401);
	expect(w, raw_count(thief, "NOTIFY") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_dialog_that_is_no_call_cannot_be_picked_up, "RFC 3891 3, SECURITY R2")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "raw");
	char text[2048];

	dial_number(w, "bob", "299");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "201", "*78", "d") TEXT_CONTACT("201", "192.0.2.4")
				     TEXT_WITH_SDP("192.0.2.4", "8")) == 200);
	snprintf(
		text, sizeof(text),
		TEXT_HEAD("INVITE", "201", "202", "p") TEXT_CONTACT(
			"201",
			"192.0.2.4") "Replaces: d;to-tag=%.16s;from-tag=td\n" TEXT_WITH_SDP("192.0."
											    "2.4",
											    "8"),
		strstr(strstr(raw_last(raw, "SIP/2.0 200"), "\r\nTo:"), ";tag=") + 5);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, text) == 481);
	expect_quiet(w);
}

FLOW_PLAIN(requests_in_a_dialog_are_taken_in_order, "RFC 3261 12.2.2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob);

	expect(w, speak_as_bob(bob, bob, "OPTIONS", 20, "") == 200);
	expect(w, speak_as_bob(bob, bob, "OPTIONS", 19, "") == 500);
	expect(w, speak_as_bob(bob, bob, "PUBLISH", 21, "") == 405);
	expect(w, speak_as_bob(bob, bob, "INVITE", 22, "Require: dance\n") == 420);
	expect_quiet(w);
}

FLOW_PLAIN(ringing_after_the_cancel_does_not_keep_the_call, "RFC 3261 9.1")
{
	struct raw *bob;
	struct world *w = ringing_raw_bob(&bob);

	raw_reply(bob, "INVITE", 180, "one", CONTACT_LINE, "");
	hang_up(w, "alice");
	expect_ladder(w, "switch -> raw CANCEL");
	raw_reply(bob, "INVITE", 180, "one", CONTACT_LINE, "");
	expect_quiet(w);
}

FLOW_PLAIN(a_reinvite_that_is_never_answered_comes_to_an_end, "RFC 3261 14.1, SECURITY D5")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob);

	advance_ms(w, 1000);
	hold(w, "alice");
	raw_reply(bob, "INVITE", 100, "", "", "");
	advance_ms(w, 80000);
	expect_ladder(w, "switch -> raw INVITE", "switch -> raw CANCEL");
	expect_quiet(w);
}

/* Alice holds and takes it back, as her phone would if it had a button for it. */
static struct world *hold_taken_back(struct raw **ret_bob)
{
	struct world *w = talking_raw_bob(ret_bob);
	struct phone *phone = &w->phones[0].phone;
	struct session *session = session_find(&phone->stack, phone->calls[0].session);

	advance_ms(w, 1000);
	hold(w, "alice");
	raw_reply(*ret_bob, "INVITE", 100, "", "", "");
	expect(w, session != NULL);
	if (session)
		session_cancel_offer(session);
	advance_ms(w, 100);
	expect_ladder(w, "alice -> switch CANCEL", "switch -> raw CANCEL");
	return w;
}

FLOW_PLAIN(a_hold_that_is_taken_back_is_taken_back_from_the_other, "RFC 3261 9, RFC 3261 14")
{
	struct raw *bob;
	struct world *w = hold_taken_back(&bob);

	raw_reply(bob, "INVITE", 487, "", "", "");
	expect_ladder(w, "raw -> switch 487 INVITE", "switch -> alice 487 INVITE");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_hold_that_was_accepted_when_it_is_taken_back_holds_on_both_sides,
	   "RFC 3261 9.1, RFC 3261 14.1")
{
	struct raw *bob;
	struct world *w = hold_taken_back(&bob);

	raw_reply(bob, "INVITE", 200, "", CONTACT_LINE, ANSWER "a=recvonly\r\n");
	expect_ladder(w, "raw -> switch 200 INVITE", "switch -> alice 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(watchers_are_told_of_another_fork, "RFC 4235 3.7, RFC 3891 3")
{
	struct raw *bob;
	struct world *w = ringing_raw_bob(&bob);
	struct raw *watcher = world_raw(w, "watcher");

	expect(w, raw_ask_as(watcher, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "202", "202", "s") TEXT_CONTACT(
				     "202", "192.0.2.4") "Event: dialog\n" TEXT_END) == 200);
	raw_reply(bob, "INVITE", 180, "one", CONTACT_LINE, "");
	expect(w, strstr(raw_last(watcher, "NOTIFY"), "local-tag=\"one\"") != NULL);
	raw_reply(bob, "INVITE", 180, "two", CONTACT_LINE, "");
	expect(w, strstr(raw_last(watcher, "NOTIFY"), "local-tag=\"two\"") != NULL);
	expect_quiet(w);
}

FLOW_PLAIN(a_loop_uses_up_its_hops, "RFC 3261 16.6, RFC 3261 16.3")
{
	struct raw *bob;
	struct world *w = ringing_raw_bob(&bob);

	hang_up(w, "alice");
	expect(w, raw_ask_as(bob, "202", OFFICE_PASSWORD,
			     "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 1\n"
			     "From: <sip:202@" OFFICE_DOMAIN ">;tag=1\nTo: <sip:202@" OFFICE_DOMAIN
			     ">\nCall-ID: hops\nCSeq: {cseq} INVITE\n{auth}\n" TEXT_CONTACT(
				     "202", "192.0.2.3") TEXT_END) == 100);
	expect(w, strstr(raw_last(bob, "INVITE"), "Max-Forwards: 0\r\n") != NULL);
	expect_quiet(w);
}

FLOW_PLAIN(strangers_keep_no_state, "RFC 3261 26.3.2.4, SECURITY D1")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "raw");

	for (int i = 0; i < 20; i++) {
		(void)raw_ask(raw, TEXT_HEAD("OPTIONS", "x", "201", "o") TEXT_END);
		(void)raw_ask(raw, TEXT_HEAD("CANCEL", "x", "201", "c") TEXT_END);
		(void)raw_ask(raw, TEXT_HEAD("INVITE", "x", "201", "i") TEXT_END);
		(void)raw_ask(raw, TEXT_HEAD("SUBSCRIBE", "x", "201", "s") TEXT_END);
		(void)raw_ask(raw, TEXT_HEAD("REGISTER", "201", "201", "r") TEXT_END);
		raw->count = 0;
	}
	nothing_stays(w);
	expect_quiet(w);
}

FLOW_PLAIN(a_request_that_leaves_no_room_for_an_answer, "SECURITY P3, SECURITY P12")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "raw");
	static char text[SIP_MESSAGE_MAX_BYTES];

	for (size_t size = SIP_MESSAGE_MAX_BYTES - 400; size < SIP_MESSAGE_MAX_BYTES; size += 7) {
		struct buf buf = BUF_ON(text);

		buf_printf(&buf,
			   "OPTIONS sip:201@" OFFICE_DOMAIN " SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 192.0.2.3:5060;branch=z9hG4bK%zu;rport\r\n"
			   "From: <sip:201@x>;tag=1\r\nTo: <sip:x>\r\nCall-ID: big\r\n"
			   "CSeq: 1 OPTIONS\r\n",
			   size);
		for (int i = 0; buf.n < size; i++) {
			buf_lit(&buf, "Via: SIP/2.0/UDP 192.0.2.9;branch=");
			while (buf.n % 4000 != 0 && buf.n < size)
				buf_char(&buf, 'x');
			buf_lit(&buf, "x\r\n");
		}
		buf_lit(&buf, "Content-Length: 0\r\n\r\n");
		wires_send_raw(raw->node, raw->to, buf_text(&buf));
		advance_ms(w, 10);
	}
	nothing_stays(w);
	expect_quiet(w);
}

FLOW_PLAIN(a_notify_that_nobody_asked_for, "RFC 6665 4.1.3, SECURITY P13")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "raw");
	char text[4096];

	watch(w, "alice", "bob");
	dial_number(w, "alice", "299"); /* everybody has started */
	raw->to = w->phones[0].node;
	snprintf(text, sizeof(text), "%s%s", TEXT_HEAD("NOTIFY", "202", "201", "n"),
		 "Event: dialog\nSubscription-State: active\n"
		 "Content-Type: application/dialog-info+xml\nContent-Length: {len}\n\n"
		 "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"9\" "
		 "state=\"full\" entity=\"sip:202@" OFFICE_DOMAIN "\"><dialog id=\"x\" "
		 "direction=\"recipient\"><state>early</state></dialog></dialog-info>\n");
	expect(w, raw_ask(raw, text) == 481);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(odd_from_and_to_survive_the_whole_dialog, "RFC 3261 20.20, SECURITY P14, SECURITY P4")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "bob", "299"); /* everybody has started */
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
			     "f: \"A \\\"quoted\\\" <name>\" <sip:201@" OFFICE_DOMAIN
			     ";x=y>;note=\"a;tag=q\";tag=odd;last\n"
			     "t: <sip:202@" OFFICE_DOMAIN ">\ni: odd@call\nCSeq: {cseq} INVITE\n"
			     "{auth}\nm: <sip:201@192.0.2.4:5060>\n" TEXT_END) == 180);
	answer(w, "bob");
	hang_up(w, "bob");
	/* Not acknowledged: our BYE waits for that, or for its time. */
	advance_ms(w, 40000);
	expect(w, strstr(raw_last(raw, "BYE"),
			 "To: \"A \\\"quoted\\\" <name>\" <sip:201@" OFFICE_DOMAIN
			 ";x=y>;note=\"a;tag=q\";last;tag=odd\r\n") != NULL);
	expect_quiet(w);
}
