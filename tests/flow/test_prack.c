/* SPDX-License-Identifier: MIT */
/*
 * Before the answer: reliable provisional responses through us and across, early media, offers by
 * PRACK and UPDATE, and several forks behind one phone's address.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define CONTACT_LINE "Contact: <sip:202@192.0.2.3:5060>\r\n"
#define SDP(port)                                                                                  \
	"v=0\r\no=- 2 2 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\n"                \
	"m=audio " port " RTP/AVP 8\r\n"
#define REL(rseq) CONTACT_LINE "Require: 100rel\r\nRSeq: " rseq "\r\n"
#define OFFER TEXT_WITH_SDP("192.0.2.4", "8")

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* --- Phones of our own -------------------------------------------------------------------- */

static struct world *early(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	set_early_media(w, "bob");
	dial(w, "alice", "bob");
	return w;
}

FLOW(early_media_is_acknowledged_through_us, "RFC 3262 3, RFC 3262 4, RFC 3262 5")
{
	struct world *w = early();

	expect_ladder(w, "bob -> switch 183 INVITE", "switch -> alice 183 INVITE",
		      "alice -> switch PRACK", "switch -> alice 200 PRACK", "switch -> bob PRACK",
		      "bob -> switch 200 PRACK");
	answer(w, "bob");
	expect_ladder(w, "bob -> switch 200 INVITE", "switch -> alice 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hold(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW(answered_while_the_early_media_is_on_its_way, "RFC 3262 3")
{
	struct world *w = world_new("alice", "bob");

	set_early_media(w, "bob");
	(void)phone_dial(&w->phones[0].phone, SLICE("202"));
	for (unsigned ms = 0; ms < 2000 && phone_answer(&w->phones[1].phone, 0); ms++)
		advance_ms(w, 1);
	advance_ms(w, 40000);
	expect_ladder(w, "bob -> switch 183 INVITE", "bob -> switch 200 PRACK",
		      "bob -> switch 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(given_up_after_the_early_media, "RFC 3261 9, RFC 3262 3")
{
	struct world *w = early();

	hang_up(w, "alice");
	expect_ended(w, "bob", PHONE_CAUSE_CANCELLED, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_picker_takes_a_call_with_early_media, "RFC 3891 3, RFC 3261 13.2.1, RFC 3262 3")
{
	struct world *w = early();

	pick_up(w, "carol", "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_ended(w, "bob", PHONE_CAUSE_ELSEWHERE, 0);
	expect_quiet(w);
}

FLOW(early_media_of_one_after_another, "RFC 3261 13.2.1, RFC 5359 2.8")
{
	struct world *w = early();

	set_early_media(w, "carol");
	world_extension(w, "bob")->forward.to[FORWARD_BUSY] = SLICE("203");
	hang_up(w, "bob");
	expect_ladder(w, "bob -> switch 183 INVITE", "switch -> alice 183 INVITE",
		      "bob -> switch 486 INVITE", "switch -> carol INVITE",
		      "carol -> switch 183 INVITE", "switch -> alice 183 INVITE",
		      "alice -> switch PRACK", "switch -> carol PRACK");
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	hold(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

/* --- A caller of another make ------------------------------------------------------------- */

/* Raw alice (201) calls bob, a phone with early media; `lines` stand in her INVITE. */
static struct world *called_by_raw(struct raw **ret_alice, const char *lines, const char *rest)
{
	struct world *w = world_new("carol", "bob");
	char text[2048];

	set_early_media(w, "bob");
	*ret_alice = world_raw(w, "alice");
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "202", "call") TEXT_CONTACT("201", "192.0.2.4") "%s%s",
		 lines, rest);
	(void)raw_ask_as(*ret_alice, "201", OFFICE_PASSWORD, text);
	return w;
}

/* And dave, a raw phone as well, whom she calls next. */
static struct world *dave_called_by_raw(struct raw **ret_alice, struct raw **ret_dave,
					const char *lines)
{
	struct world *w = called_by_raw(ret_alice, "Require: dance\n", OFFER);
	char text[2048];

	*ret_dave = world_raw(w, "dave");
	office_add(&w->office, "203", "dave");
	registers(w, *ret_dave, "203");
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "203", "c2") TEXT_CONTACT("201", "192.0.2.4") "%s%s",
		 lines, OFFER);
	expect(w, raw_ask_as(*ret_alice, "201", OFFICE_PASSWORD, text) == 100);
	return w;
}

static unsigned prack(struct raw *raw, const char *start, unsigned more, const char *rest)
{
	const char *response = raw_last(raw, start);
	const char *rseq = strstr(response, "\r\nRSeq: "), *cseq = strstr(response, "\r\nCSeq: ");
	char text[2048];

	if (!rseq || !cseq)
		return 0;
	snprintf(text, sizeof(text), "RAck: %lu %lu INVITE\n%s", strtoul(rseq + 8, NULL, 10) + more,
		 strtoul(cseq + 8, NULL, 10), rest);
	return raw_speak(raw, start, "", "PRACK", text);
}

/* ";tag=..." of To. */
static void to_tag(struct raw *raw, const char *start, char text[64])
{
	const char *to = strstr(raw_last(raw, start), "\r\nTo: ");
	const char *tag = to ? strstr(to, ";tag=") : NULL;

	snprintf(text, 64, "%.*s", tag ? (int)strcspn(tag, "\r") : 0, tag ? tag : "");
}

static void talk_and_hang_up(struct world *w, struct raw *alice, const char *ack)
{
	(void)raw_speak(alice, "SIP/2.0 200", "", "ACK", ack);
	expect(w, w->office.pbx.calls.live_count == 1);
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(a_caller_without_100rel_hears_what_is_sent_reliably, "RFC 3262 3, RFC 3262 4")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "", OFFER);

	expect_ladder(w, "bob -> switch 183 INVITE", "switch -> bob PRACK",
		      "switch -> alice 183 INVITE", "bob -> switch 200 PRACK");
	expect(w, !has(raw_last(alice, "SIP/2.0 183"), "RSeq"));
	expect(w, has(raw_last(alice, "SIP/2.0 183"), "m=audio"));
	/* Bob's 200 need not repeat his description, ours must. */
	answer(w, "bob");
	expect(w, has(raw_last(alice, "SIP/2.0 200"), "m=audio"));
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(the_answer_waits_for_the_callers_prack, "RFC 3262 3, RFC 3262 5")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "Supported: 100rel\n", OFFER);

	answer(w, "bob");
	expect(w, has(raw_last(alice, "SIP/2.0 183"), "Require: 100rel\r\nRSeq: "));
	expect(w, raw_count(alice, "SIP/2.0 200") == 0);
	/* Repeated after 0.5, 1.5 and 3.5 s. */
	advance_ms(w, 4000);
	expect(w, raw_count(alice, "SIP/2.0 183") == 4);
	expect(w, prack(alice, "SIP/2.0 183", 1, TEXT_END) == 481);
	expect(w, prack(alice, "SIP/2.0 183", 0, TEXT_END) == 200);
	advance_ms(w, 4500);
	expect_ladder(w, "alice -> switch PRACK", "switch -> alice 481 PRACK",
		      "alice -> switch PRACK", "switch -> alice 200 PRACK", "switch -> bob PRACK",
		      "bob -> switch 200 PRACK", "bob -> switch 200 INVITE",
		      "switch -> alice 200 INVITE");
	expect(w, raw_count(alice, "SIP/2.0 183") == 4);
	expect(w, !has(raw_last(alice, "SIP/2.0 200"), "m=audio"));
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(a_caller_that_never_acknowledges_is_refused, "RFC 3262 3")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "Supported: 100rel\n");

	raw_reply(dave, "INVITE", 183, "d", REL("1"), SDP("4002"));
	advance_ms(w, 31000);
	expect(w, raw_count(alice, "SIP/2.0 504") == 0);
	advance_ms(w, 2000);
	expect(w, raw_count(alice, "SIP/2.0 504") > 0);
	expect(w, raw_count(dave, "CANCEL") == 1);
	raw_reply(dave, "INVITE", 487, "d", "", "");
	(void)raw_speak(alice, "SIP/2.0 504", "", "ACK", TEXT_END);
	expect_quiet(w);
}

FLOW_PLAIN(an_offer_by_prack_and_one_by_update_before_the_answer, "RFC 3262 5, RFC 3311 5.1")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "Supported: 100rel\n", OFFER);

	expect(w, prack(alice, "SIP/2.0 183", 0, TEXT_WITH_SDP("192.0.2.4", "0")) == 200);
	expect_ladder(w, "alice -> switch PRACK", "switch -> bob PRACK", "bob -> switch 200 PRACK",
		      "switch -> alice 200 PRACK");
	expect(w, has(raw_last(alice, "SIP/2.0 200"), "m=audio 4000 RTP/AVP 0\r\n"));
	expect(w,
	       raw_speak(alice, "SIP/2.0 183", "", "UPDATE",
			 TEXT_CONTACT("201", "192.0.2.4") TEXT_WITH_SDP("192.0.2.4", "8")) == 200);
	expect_ladder(w, "alice -> switch UPDATE", "switch -> bob UPDATE",
		      "bob -> switch 200 UPDATE", "switch -> alice 200 UPDATE");
	answer(w, "bob");
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(held_before_the_answer_is_held_after_it, "RFC 3311 5.1, RFC 3264 8.4")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "Supported: 100rel\n", OFFER);

	expect(w, prack(alice, "SIP/2.0 183", 0, TEXT_END) == 200);
	expect(w, raw_speak(alice, "SIP/2.0 183", "", "UPDATE",
			    TEXT_CONTACT("201", "192.0.2.4") OFFER "a=sendonly\n") == 200);
	answer(w, "bob");
	expect(w, w->phones[1].phone.calls[0].is_held_by_peer);
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(a_caller_without_an_offer_answers_by_prack, "RFC 3262 5, RFC 3264 4")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "Supported: 100rel\n", TEXT_END);

	expect(w, has(raw_last(alice, "SIP/2.0 183"), "m=audio"));
	expect(w, prack(alice, "SIP/2.0 183", 0, OFFER) == 200);
	expect_ladder(w, "alice -> switch PRACK", "switch -> bob PRACK");
	answer(w, "bob");
	expect(w, !has(raw_last(alice, "SIP/2.0 200"), "m=audio"));
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(what_was_answered_by_prack_is_said_at_the_refresh, "RFC 3262 5, RFC 4028 7.4")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "Supported: 100rel\n");

	raw_reply(dave, "INVITE", 486, "d", "", "");
	(void)raw_speak(alice, "SIP/2.0 486", "", "ACK", TEXT_END);
	(void)raw_ask_as(alice, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "201", "203", "c3")
				 TEXT_CONTACT("201", "192.0.2.4") "Supported: 100rel\n" TEXT_END);
	raw_reply(dave, "INVITE", 183, "d", REL("1"), SDP("4001"));
	expect(w, prack(alice, "SIP/2.0 183", 0, OFFER) == 200);
	raw_reply(dave, "INVITE", 200, "d",
		  CONTACT_LINE "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n", "");
	(void)raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	dave->is_mute = true;
	advance_ms(w, 50100);
	expect(w, has(raw_last(dave, "INVITE"), "refresher=uac"));
	expect(w, has(raw_last(dave, "INVITE"), "m=audio 4000 RTP/AVP 8\r\n"));
	raw_reply(dave, "INVITE", 200, "d", CONTACT_LINE, SDP("4001"));
	dave->is_mute = false;
	talk_and_hang_up(w, alice, TEXT_END);
}

FLOW_PLAIN(a_caller_without_an_offer_or_100rel_waits_for_the_answer, "RFC 3262 3, RFC 3264 4")
{
	struct raw *alice;
	struct world *w = called_by_raw(&alice, "", TEXT_END);

	expect_silence(w, "switch -> bob PRACK");
	expect(w, !has(raw_last(alice, "SIP/2.0 18"), "m=audio"));
	answer(w, "bob");
	expect(w, has(raw_last(alice, "SIP/2.0 200"), "m=audio"));
	talk_and_hang_up(w, alice, OFFER);
}

FLOW_PLAIN(a_caller_that_requires_100rel_gets_it_from_us, "RFC 3262 3")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "Require: 100rel\n");

	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	expect(w, has(raw_last(alice, "SIP/2.0 180"), "Require: 100rel\r\nRSeq: "));
	/* One at a time: the latest waits for the PRACK, whole. */
	raw_reply(dave, "INVITE", 181, "d", CONTACT_LINE, "");
	raw_reply(dave, "INVITE", 183, "d", CONTACT_LINE, SDP("4002"));
	expect(w, raw_count(alice, "SIP/2.0 183") == 0);
	(void)prack(alice, "SIP/2.0 180", 0, TEXT_END);
	expect(w, raw_count(alice, "SIP/2.0 181") == 0);
	expect(w, has(raw_last(alice, "SIP/2.0 183"), "m=audio 4002 "));
	expect(w, prack(alice, "SIP/2.0 180", 0, TEXT_END) == 481);
	raw_reply(dave, "INVITE", 200, "d", CONTACT_LINE, SDP("4002"));
	expect(w, !has(raw_last(alice, "SIP/2.0 200"), " INVITE\r\n"));
	expect(w, raw_count(dave, "PRACK") == 0);
	(void)prack(alice, "SIP/2.0 183", 0, TEXT_END);
	expect(w, has(raw_last(alice, "SIP/2.0 200"), " INVITE\r\n"));
	talk_and_hang_up(w, alice, TEXT_END);
}

/* Dave plays something and does not answer; whom he forwards to plays something else. */
FLOW_PLAIN(who_rings_next_is_heard_next, "RFC 3261 13.2.1, RFC 3960 3.1, RFC 5359 2.9")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "");
	struct extension *extension =
		(struct extension *)directory_find(w->office.directory, SLICE("203"));
	char first[64], second[64];

	extension->forward.to[FORWARD_BUSY] = SLICE("202");
	raw_reply(dave, "INVITE", 183, "d", CONTACT_LINE, SDP("4002"));
	expect(w, has(raw_last(alice, "SIP/2.0 183"), "m=audio 4002 "));
	to_tag(alice, "SIP/2.0 183", first);
	raw_reply(dave, "INVITE", 486, "d", "", "");
	expect_ladder(w, "switch -> alice 183 INVITE", "dave -> switch 486 INVITE",
		      "bob -> switch 183 INVITE", "switch -> alice 183 INVITE");
	expect(w, !has(raw_last(alice, "SIP/2.0 183"), "m=audio 4002 "));
	expect(w, has(raw_last(alice, "SIP/2.0 183"), "m=audio"));
	to_tag(alice, "SIP/2.0 183", second);
	expect(w, strcmp(first, second) != 0);
	/* What he answers belongs to what was heard of him. */
	answer(w, "bob");
	expect(w, has(raw_last(alice, "SIP/2.0 200"), second));
	talk_and_hang_up(w, alice, TEXT_END);
}

/* --- Forks behind one address (RFC 3261 13.2.2.4) ----------------------------------------- */

/* Alice's phone calls raw bob, who is many. */
static struct world *calling_forks(struct raw **ret_bob)
{
	struct world *w = world_calling_raw_bob(ret_bob);

	expect(w, has(raw_last(*ret_bob, "INVITE"), "Supported: 100rel\r\n"));
	return w;
}

#define TWO_LINE "Contact: <sip:two@192.0.2.3:5060>\r\n"

FLOW_PLAIN(each_fork_counts_its_own_responses, "RFC 3262 4, RFC 3261 12.1.2, RFC 3261 13.2.2.4")
{
	struct raw *bob;
	struct world *w = calling_forks(&bob);

	raw_reply(bob, "INVITE", 183, "one", REL("10"), SDP("4001"));
	expect_ladder(w, "switch -> alice 183 INVITE", "alice -> switch PRACK",
		      "switch -> bob PRACK");
	expect(w, has(raw_last(bob, "PRACK"), ";tag=one\r\n"));
	expect(w, has(raw_last(bob, "PRACK"), "RAck: 10 1 INVITE\r\n"));
	raw_reply(bob, "INVITE", 183, "two", TWO_LINE "Require: 100rel\r\nRSeq: 700\r\n",
		  SDP("4002"));
	expect(w, raw_count(bob, "PRACK sip:two@") == 1);
	expect(w, has(raw_last(bob, "PRACK"), ";tag=two\r\n"));
	expect(w, has(raw_last(bob, "PRACK"), "RAck: 700 1 INVITE\r\n"));
	/* Repeated, and out of order: neither is acknowledged. */
	raw_reply(bob, "INVITE", 183, "one", REL("10"), SDP("4001"));
	raw_reply(bob, "INVITE", 180, "one", REL("12"), "");
	expect(w, raw_count(bob, "PRACK") == 2);
	raw_reply(bob, "INVITE", 180, "one", REL("11"), "");
	expect(w, raw_count(bob, "PRACK") == 3);
	/* The second answers, and need not say again what it said. */
	raw_reply(bob, "INVITE", 200, "two", TWO_LINE, "");
	expect(w, raw_count(bob, "ACK sip:two@") == 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	raw_reply(bob, "INVITE", 200, "one", CONTACT_LINE, "");
	expect(w, has(raw_last(bob, "BYE"), ";tag=one\r\n"));
	hang_up(w, "alice");
	expect(w, raw_count(bob, "BYE sip:two@") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(another_forks_answer_is_another_dialog_for_the_caller, "RFC 3261 13.2.1, RFC 3262 5")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "Supported: 100rel\n");

	raw_reply(dave, "INVITE", 183, "one", REL("1"), SDP("4001"));
	raw_reply(dave, "INVITE", 183, "two", REL("1"), SDP("4002"));
	expect(w, raw_count(alice, "SIP/2.0 183") == 1);
	raw_reply(dave, "INVITE", 200, "two", CONTACT_LINE, "");
	/* At once, for nothing was said in this dialog yet, and with what that fork said. */
	expect(w, has(raw_last(alice, "SIP/2.0 200"), "m=audio 4002 "));
	expect(w, prack(alice, "SIP/2.0 183", 0, TEXT_END) == 481);
	talk_and_hang_up(w, alice, TEXT_END);
}

/* Dave's first fork gets an offer, his second one answers the call; then the first says this. */
static void offer_to_a_fork_that_loses(unsigned status)
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "Supported: 100rel\n");

	raw_reply(dave, "INVITE", 183, "one", REL("1") "Allow: UPDATE\r\n", SDP("4001"));
	expect(w, prack(alice, "SIP/2.0 183", 0, TEXT_END) == 200);
	dave->is_mute = true;
	(void)raw_speak(alice, "SIP/2.0 183", "", "UPDATE", TEXT_CONTACT("201", "192.0.2.4") OFFER);
	expect(w, raw_count(dave, "UPDATE") == 1);
	raw_reply(dave, "INVITE", 200, "two", TWO_LINE, SDP("4002"));
	(void)raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	if (status > 0)
		raw_reply(dave, "UPDATE", status, "", CONTACT_LINE, "");
	advance_ms(w, 33000);
	dave->is_mute = false;
	expect(w, raw_count(alice, "SIP/2.0 500") == 1);
	talk_and_hang_up(w, alice, TEXT_END);
	expect(w, raw_count(dave, "BYE sip:two@") == 1);
}

FLOW_PLAIN(a_fork_that_lost_denies_its_offer, "RFC 3261 13.2.2.4, RFC 3311 5.1")
{
	offer_to_a_fork_that_loses(481);
}

FLOW_PLAIN(a_fork_that_lost_accepts_its_offer, "RFC 3261 13.2.2.4, RFC 3311 5.1")
{
	offer_to_a_fork_that_loses(200);
}

FLOW_PLAIN(a_fork_that_lost_is_silent, "RFC 3261 13.2.2.4, RFC 3311 5.1")
{
	offer_to_a_fork_that_loses(0);
}

FLOW_PLAIN(a_fork_out_of_focus_may_say_where_it_is, "RFC 3261 12.2.2, RFC 3311 5.2")
{
	struct raw *bob;
	struct world *w = calling_forks(&bob);

	raw_reply(bob, "INVITE", 183, "one", CONTACT_LINE, SDP("4001"));
	raw_reply(bob, "INVITE", 180, "two", CONTACT_LINE, "");
	expect(w, raw_speak(bob, "INVITE", "two", "UPDATE", TWO_LINE TEXT_END) == 200);
	expect(w, raw_speak(bob, "INVITE", "two", "INFO", TEXT_END) == 480);
	expect(w, raw_speak(bob, "INVITE", "three", "INFO", TEXT_END) == 481);
	expect(w, raw_speak(bob, "INVITE", "one", "INFO", TEXT_END) == 200);
	raw_reply(bob, "INVITE", 486, "one", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(forks_without_end_are_not_kept, "RFC 3261 13.2.2.4, SECURITY D1")
{
	struct raw *bob;
	struct world *w = calling_forks(&bob);
	char tag[16];

	raw_reply(bob, "INVITE", 183, "first", CONTACT_LINE, SDP("4001"));
	for (unsigned i = 0; i < 20; i++) {
		snprintf(tag, sizeof(tag), "tag%u", i);
		raw_reply(bob, "INVITE", 183, tag, REL("1"), SDP("4002"));
	}
	expect(w, has(raw_last(bob, "PRACK"), ";tag=tag6\r\n"));
	/* One that was not kept may answer all the same. */
	raw_reply(bob, "INVITE", 200, "tag19", CONTACT_LINE, SDP("4003"));
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_fork_that_answers_after_the_end_is_ended_too, "RFC 3261 13.2.2.4")
{
	struct raw *bob;
	struct world *w = calling_forks(&bob);

	raw_reply(bob, "INVITE", 200, "one", CONTACT_LINE, SDP("4001"));
	hang_up(w, "alice");
	expect_ladder(w, "switch -> bob BYE", "bob -> switch 200 BYE");
	raw_reply(bob, "INVITE", 200, "two", TWO_LINE, SDP("4002"));
	expect(w, raw_count(bob, "ACK sip:two@") == 1 && raw_count(bob, "BYE sip:two@") == 1);
	expect(w, has(raw_last(bob, "BYE sip:two@"), ";tag=two\r\n"));
	/* The first one's, again: it has only lost our ACK. */
	raw_reply(bob, "INVITE", 200, "one", CONTACT_LINE, SDP("4001"));
	expect(w, raw_count(bob, "ACK") == 3 && raw_count(bob, "BYE") == 2);
	expect_quiet(w);
}

FLOW_PLAIN(an_invite_sent_again_begins_with_new_early_dialogs,
	   "RFC 3261 12.3, RFC 3262 4, RFC 4028 7.3")
{
	struct raw *alice, *dave;
	struct world *w = dave_called_by_raw(&alice, &dave, "");

	raw_reply(dave, "INVITE", 183, "d", REL("20"), SDP("4001"));
	expect(w, has(raw_last(dave, "PRACK"), "RAck: 20 1 INVITE\r\n"));
	raw_reply(dave, "INVITE", 422, "d", "Min-SE: 3600\r\n", "");
	expect(w, has(raw_last(dave, "INVITE"), "CSeq: 3 INVITE\r\n"));
	/* The same phone, and its first response to this one. */
	raw_reply(dave, "INVITE", 180, "d", REL("5"), "");
	expect(w, has(raw_last(dave, "PRACK"), "RAck: 5 3 INVITE\r\n"));
	raw_reply(dave, "INVITE", 200, "d", CONTACT_LINE, SDP("4002"));
	expect(w, has(raw_last(alice, "SIP/2.0 200"), "m=audio 4002 "));
	talk_and_hang_up(w, alice, TEXT_END);
}
