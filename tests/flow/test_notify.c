/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a subscription when its NOTIFYs fail or its phone loses its memory (RFC 6665
 * 4.2.2). Complaints are those that users of other servers have.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define EVENT_LINES "Event: dialog\n" TEXT_CONTACT("201", "192.0.2.6")
#define SUBSCRIBE(to, call) TEXT_HEAD("SUBSCRIBE", "201", to, call) EVENT_LINES

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* A refresh in the dialog of the last NOTIFY. */
static unsigned refresh(struct raw *raw, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s%s" TEXT_END, lines, EVENT_LINES);
	return raw_speak(raw, "NOTIFY", "", "SUBSCRIBE", text);
}

/* Raw is a phone of alice that watches bob; its 200 to the SUBSCRIBE is long known. */
static struct world *watched_bob(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	*ret_raw = world_raw(w, "raw");
	expect(w, say(*ret_raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	advance_ms(w, 40000);
	return w;
}

static uint32_t subscriptions(const struct world *w)
{
	return w->office.pbx.stack.notifiers.held_count;
}

static unsigned last_cseq(const struct raw *raw)
{
	unsigned cseq = 0;

	(void)sscanf(strstr(raw_last(raw, "NOTIFY"), "\r\nCSeq: "), "\r\nCSeq: %u", &cseq);
	return cseq;
}

FLOW_PLAIN(complaint_7_a_phone_that_misses_our_count_is_told_on_a_higher_one,
	   "RFC 3261 12.2.2, RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	unsigned before = last_cseq(raw);

	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 500, "", "", "");
	raw->is_mute = false;
	advance_ms(w, 4000);
	expect(w, subscriptions(w) == 1);
	expect(w, last_cseq(raw) == before + 2);
	expect(w, told(raw, "state=\"full\"") && told(raw, "<state>early</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(complaint_7_a_subscription_that_we_forgot_is_answered_481, "RFC 6665 4.1.2.2")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	expect(w, refresh(raw, "Expires: 0\n") == 200);
	expect(w, refresh(raw, "") == 481);
	expect_quiet(w);
}

FLOW_PLAIN(a_refresh_that_requires_what_we_lack_is_refused, "RFC 3261 8.2.2.3, RFC 6665 4.2.1.1")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	expect(w, refresh(raw, "Require: eventlist, x-light\nExpires: 0\n") == 420);
	expect(w, strstr(raw_last(raw, "SIP/2.0 420"), "\r\nUnsupported: x-light\r\n") != NULL);
	/* It is no refresh, and no end either. */
	expect(w, subscriptions(w) == 1);
	expect(w, refresh(raw, "Require: eventlist\n") == 200);
	expect_quiet(w);
}

/* A SUBSCRIBE of the same phone and dialog from wherever; `lines` may be the credentials. */
static void write_refresh(char text[4096], const struct raw *told, const char *ip,
			  const char *lines)
{
	const char *tag = strstr(strstr(raw_last(told, "NOTIFY"), "\r\nFrom:"), ";tag=") + 5;

	snprintf(text, 4096,
		 "SUBSCRIBE sip:202@192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=ts\nTo: <sip:202@" OFFICE_DOMAIN
		 ">;tag=%.16s\nCall-ID: s\nCSeq: {cseq} SUBSCRIBE\n%sEvent: dialog\n"
		 "Contact: <sip:201@%s:5060>\n" TEXT_END,
		 tag, lines, ip);
}

/* Where it was a phone is not challenged again; elsewhere it has to prove who it is. */
FLOW_PLAIN(complaint_9_a_refresh_with_an_old_nonce_is_challenged, "RFC 7616 3.3, RFC 6665 6")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	struct raw *moved = world_raw(w, "moved");
	char text[4096];

	expect(w, refresh(raw, "") == 200);
	/* From another port, as after a new address or a NAT's new mind. */
	write_refresh(text, raw, "192.0.2.7", "{auth}\n");
	moved->cseq = 100;
	expect(w, say(moved, text) == 200);
	advance_ms(w, 6 * 60 * 1000);
	expect(w, raw_count(moved, "NOTIFY") == 1);
	write_refresh(text, moved, "192.0.2.6", moved->last_auth);
	raw->cseq = 200;
	expect(w, raw_ask(raw, text) == 401);
	expect(w, strstr(raw_last(raw, "SIP/2.0 401"), "stale=true") != NULL);
	write_refresh(text, moved, "192.0.2.6", "{auth}\n");
	expect(w, say(raw, text) == 200);
	expect(w, subscriptions(w) == 1);
	expect_quiet(w);
}

FLOW_PLAIN(complaint_9_a_subscribe_with_an_old_nonce_is_challenged, "RFC 7616 3.3")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	char text[4096];

	advance_ms(w, 6 * 60 * 1000);
	snprintf(text, sizeof(text),
		 "SUBSCRIBE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=n\nTo: <sip:202@" OFFICE_DOMAIN ">\n"
		 "Call-ID: n\nCSeq: {cseq} SUBSCRIBE\n%s" EVENT_LINES TEXT_END,
		 raw->last_auth);
	expect(w, raw_ask(raw, text) == 401);
	expect(w, strstr(raw_last(raw, "SIP/2.0 401"), "stale=true") != NULL);
	expect(w, say(raw, SUBSCRIBE("202", "n") TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(complaint_10_a_481_ends_it_even_while_the_phone_talks, "RFC 6665 4.2.2, RFC 5057 5.1")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	watch(w, "alice", "bob");
	dial(w, "alice", "carol");
	answer(w, "carol");
	raw->is_mute = true;
	dial(w, "bob", "dave");
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	expect(w, subscriptions(w) == 1);
	expect(w, refresh(raw, "") == 481);
	raw->is_mute = false;
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(complaint_20_a_lost_notify_costs_no_subscription, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	/* It is off for ten minutes, in which bob's phone rings and is silent again. */
	raw->is_mute = true;
	dial(w, "carol", "bob");
	answer(w, "bob");
	advance_ms(w, 300000);
	hang_up(w, "carol");
	advance_ms(w, 300000);
	expect(w, subscriptions(w) == 1);
	raw->is_mute = false;
	raw->count = 0;
	/* Nothing new happens: it is told all the same, within the 32 s of a try and of a wait. */
	advance_ms(w, 64000);
	expect(w, told(raw, "state=\"full\"") && told(raw, "terminated</state>"));
	expect(w, told(raw, "Subscription-State: active"));
	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>early</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_asks_for_time_is_given_it, "RFC 3261 20.33, RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	size_t before;

	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 503, "", "Retry-After: 20\r\n", "");
	raw->is_mute = false;
	before = raw_count(raw, "NOTIFY");
	hang_up(w, "carol");
	dial(w, "carol", "bob");
	advance_ms(w, 15000);
	expect(w, raw_count(raw, "NOTIFY") == before);
	advance_ms(w, 5000);
	expect(w, raw_count(raw, "NOTIFY") == before + 1 && told(raw, "<state>early</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_wants_fewer_notifies_gets_fewer, "RFC 6446 5.2, RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol", "dave");
	size_t before;

	raw = world_raw(w, "raw");
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				   "201", "192.0.2.6") "Event: dialog;max-rate=0.1\n" TEXT_END) ==
			  200);
	expect(w, told(raw, ";max-rate=0.1\r\n") && told(raw, "Event: dialog\r\n"));
	advance_ms(w, 10000);
	dial(w, "carol", "bob");
	before = raw_count(raw, "NOTIFY");
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "carol", "bob");
	expect(w, raw_count(raw, "NOTIFY") == before);
	advance_ms(w, 10000);
	expect(w, raw_count(raw, "NOTIFY") == before + 1 && told(raw, "<state>early</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_rate_follows_the_gap_of_a_new_configuration, "RFC 6446 5.2")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol", "dave");

	raw = world_raw(w, "raw");
	expect(w,
	       say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				"201", "192.0.2.6") "Event: dialog;max-rate=4\n" TEXT_END) == 200);
	expect(w, told(raw, ";max-rate=4\r\n"));
	w->office.directory->lamp_gap_ms = 500;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>early</state>") && told(raw, ";max-rate=2\r\n"));
	w->office.directory->lamp_gap_ms = 0;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 1000);
	answer(w, "bob");
	expect(w, told(raw, "<state>confirmed</state>") && told(raw, ";max-rate=4\r\n"));
	expect_quiet(w);
}

FLOW_PLAIN(lamps_that_change_fast_are_told_once_in_a_gap, "RFC 6665 4.2.2, RFC 4235 3.10")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	size_t before;

	/* As after a reload: subscriptions that are there keep it as well. */
	w->office.directory->lamp_gap_ms = 1000;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	dial(w, "carol", "bob");
	advance_ms(w, 2000);
	before = raw_count(raw, "NOTIFY");
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "dave", "bob");
	expect(w, raw_count(raw, "NOTIFY") == before + 1 && told(raw, ">confirmed<"));
	advance_ms(w, 1000);
	expect(w, raw_count(raw, "NOTIFY") == before + 2 && told(raw, ">early<"));
	expect_quiet(w);
}

/* --- Twins -------------------------------------------------------------------------------- */

FLOW_PLAIN(complaint_3_a_phone_that_was_switched_off_has_one_subscription,
	   "RFC 6665 4.2.2, RFC 5057 5.1")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("202", "t") TEXT_END) == 200);
	expect(w, subscriptions(w) == 2);
	expect(w, told(raw, "Call-ID: t\r\n"));
	raw_reply(raw, "NOTIFY", 200, "", "", "");
	/* The old one is asked, and is sent again since it has no answer. */
	advance_ms(w, 500);
	expect(w, told(raw, "Call-ID: s\r\n"));
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	expect(w, subscriptions(w) == 1);
	raw->is_mute = false;
	dial(w, "carol", "bob");
	expect(w, told(raw, "Call-ID: t\r\n") && told(raw, ">early<"));
	expect_quiet(w);
}

FLOW_PLAIN(complaint_3_an_old_subscription_that_nobody_answers_is_forgotten, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("202", "t") TEXT_END) == 200);
	advance_ms(w, 33000);
	expect(w, subscriptions(w) == 1);
	raw->is_mute = false;
	advance_ms(w, 10000);
	expect(w, told(raw, "Call-ID: t\r\n"));
	expect_quiet(w);
}

/* A fetch, another event, another extension and another phone are no twins. */
FLOW_PLAIN(a_phone_may_have_two_subscriptions_but_no_heap_of_them, "RFC 6665 4.4.3")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);
	static const char *const more[] = { SUBSCRIBE("202", "a") TEXT_END,
					    SUBSCRIBE("202", "b") TEXT_END,
					    SUBSCRIBE("202", "c") TEXT_END,
					    SUBSCRIBE("202", "d") TEXT_END };

	expect(w, say(raw, SUBSCRIBE("203", "x") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("202", "y") "Expires: 0\n" TEXT_END) == 200);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "z") TEXT_CONTACT(
				   "201", "192.0.2.6") "Event: dialog;id=2\n" TEXT_END) == 200);
	expect(w, subscriptions(w) == 3);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		expect(w, say(raw, more[i]) == 200);
	advance_ms(w, 1000);
	/* The three newest, which all say that they live. */
	expect(w, subscriptions(w) == 2 + 3);
	world_start(w);
	advance_ms(w, 1000);
	raw->count = 0;
	dial(w, "dave", "bob");
	expect(w, raw_count(raw, "NOTIFY") == 1 + 3);
	expect_quiet(w);
}

FLOW_PLAIN(of_too_many_subscriptions_the_one_confirmed_longest_ago_is_forgotten, "RFC 6665 4.4.3")
{
	struct raw *raw;
	struct world *w = watched_bob(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("202", "a") TEXT_END) == 200);
	raw_reply(raw, "NOTIFY", 200, "", "", "");
	advance_ms(w, 500);
	expect(w, told(raw, "Call-ID: s\r\n"));
	raw_reply(raw, "NOTIFY", 200, "", "", "");
	raw->is_mute = false;
	/* The first one of all is refreshed. */
	expect(w, refresh(raw, "") == 200);
	advance_ms(w, 1000);
	expect(w, say(raw, SUBSCRIBE("202", "b") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("202", "c") TEXT_END) == 200);
	expect(w, subscriptions(w) == 3);
	raw->count = 0;
	dial(w, "carol", "bob");
	expect(w, raw_heard(raw, "NOTIFY", "Call-ID: s\r\n"));
	expect(w, !raw_heard(raw, "NOTIFY", "Call-ID: a\r\n"));
	expect_quiet(w);
}
