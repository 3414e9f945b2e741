/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to lamps to the letter (RFC 6665, RFC 4235), and what watchers with different
 * rights are told.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define SUBSCRIBE(to, call)                                                                        \
	TEXT_HEAD("SUBSCRIBE", "201", to, call) TEXT_CONTACT("201", "192.0.2.5") "Event: dialog\n"

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

static bool answered(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "SIP/2.0"), what) != NULL;
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* Alice's own phone is raw; bob and carol are phones. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	return w;
}

/* A request in the dialog of the last SUBSCRIBE's 200. */
static unsigned say_in_dialog(struct raw *raw, const char *method, const char *call,
			      const char *lines)
{
	char text[4096];
	const char *tag = strstr(strstr(raw_last(raw, "NOTIFY"), "From:"), ";tag=") + 5;

	snprintf(text, sizeof(text),
		 "%s sip:192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=t%s\nTo: <sip:202@" OFFICE_DOMAIN
		 ">;tag=%.16s\nCall-ID: %s\nCSeq: {cseq} %s\n%s" TEXT_END,
		 method, call, tag, call, method, lines);
	return raw_ask(raw, text);
}

FLOW_PLAIN(the_200_comes_before_the_notify, "RFC 6665 4.2.1.2, RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY terminated");
	expect(w, told(raw, "entity=\"sip:202@" OFFICE_DOMAIN "\"") && told(raw, "version=\"0\""));
	expect(w, told(raw, "state=\"full\"") && told(raw, "<state>terminated</state>"));
	expect(w, told(raw, "Subscription-State: active;expires=3"));
	expect_quiet(w);
}

FLOW_PLAIN(the_entity_is_what_was_subscribed, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, "SUBSCRIBE sip:202@192.0.2.1:5060;user=phone SIP/2.0\n{via}\n"
			   "Max-Forwards: 70\nFrom: <sip:201@" OFFICE_DOMAIN ">;tag=1\n"
			   "To: <sip:202@192.0.2.1:5060;user=phone>\nCall-ID: s\n"
			   "CSeq: {cseq} SUBSCRIBE\n{auth}\nEvent: dialog\n" TEXT_CONTACT(
				   "201", "192.0.2.5") TEXT_END) == 200);
	expect(w, told(raw, "entity=\"sip:202@192.0.2.1:5060\""));
	expect_quiet(w);
}

FLOW_PLAIN(a_stranger_sees_nothing, "RFC 6665 6, SECURITY S1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, raw_ask(raw, SUBSCRIBE("202", "s") TEXT_END) == 401);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_subscription_that_cannot_be_is_refused_with_its_reason,
	   "RFC 6665 4.2.1, RFC 3261 21.4.5, SECURITY S2, SECURITY S4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char text[4096] = "";
	size_t n = 0;

	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "a") TEXT_CONTACT(
				   "201", "192.0.2.5") "Event: conference\n" TEXT_END) == 489);
	expect(w, answered(raw, "Allow-Events: dialog"));
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "b")
				   TEXT_CONTACT("201", "192.0.2.5") TEXT_END) == 489);
	expect(w, say(raw, SUBSCRIBE("299", "c") TEXT_END) == 404);
	expect(w, say(raw, SUBSCRIBE("202", "d") "Expires: 59\n" TEXT_END) == 423);
	expect(w, answered(raw, "Min-Expires: 60"));
	expect(w, say(raw, SUBSCRIBE("202", "e") "Accept: text/plain\n" TEXT_END) == 406);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "f") "Event: dialog\n" TEXT_END) ==
			  400);
	n += (size_t)snprintf(text, sizeof(text), "%s", SUBSCRIBE("202", "g"));
	for (int i = 0; i < 50; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "Accept: a/%d\n", i);
	snprintf(text + n, sizeof(text) - n, "%s", TEXT_END);
	expect(w, say(raw, text) == 406);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(expires_0_is_a_fetch, "RFC 6665 4.4.3, SECURITY S2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s") "Expires: 0\n" TEXT_END) == 200);
	expect(w, told(raw, "Subscription-State: terminated;reason=timeout"));
	expect(w, raw_count(raw, "NOTIFY") == 1);
	expect(w, say_in_dialog(raw, "SUBSCRIBE", "s", "Event: dialog\nExpires: 0\n") == 481);
	expect_quiet(w);
}

FLOW_PLAIN(a_subscription_is_refreshed_and_ended, "RFC 6665 4.2.1, RFC 6665 4.1.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	const char *contact = "Event: dialog\n" TEXT_CONTACT("201", "192.0.2.5");

	expect(w, say(raw, SUBSCRIBE("202", "s") "Expires: 100\n" TEXT_END) == 200);
	advance_ms(w, 90000);
	expect(w, say_in_dialog(raw, "SUBSCRIBE", "s", contact) == 200);
	expect(w, told(raw, "active;expires=3") && told(raw, "version=\"1\""));
	expect(w, say_in_dialog(raw, "NOTIFY", "s", "") == 405);
	expect(w, say_in_dialog(raw, "SUBSCRIBE", "s", "Event: dialog\nExpires: 0\n") == 200);
	expect(w, told(raw, "Subscription-State: terminated") && told(raw, "version=\"2\""));
	expect(w, say_in_dialog(raw, "SUBSCRIBE", "s", contact) == 481);
	expect_quiet(w);
}

FLOW_PLAIN(a_subscription_runs_out, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s") "Expires: 60\n" TEXT_END) == 200);
	advance_ms(w, 61000);
	expect(w, told(raw, "Subscription-State: terminated;reason=timeout"));
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(changes_while_a_notify_is_unanswered_become_one, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	raw->is_mute = true;
	before = raw_count(raw, "NOTIFY");
	dial(w, "carol", "bob");
	answer(w, "bob");
	hang_up(w, "carol");
	dial(w, "carol", "bob");
	/* The first change is out and sent again and again; nothing else is. */
	expect(w, raw_count(raw, "NOTIFY") > before);
	expect(w, told(raw, "CSeq: 2 NOTIFY"));
	raw->is_mute = false;
	advance_ms(w, 5000);
	expect(w, told(raw, "CSeq: 3 NOTIFY") && told(raw, "<state>early</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_lost_answer_does_not_end_a_subscription, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	advance_ms(w, 40000);
	hang_up(w, "carol");
	raw->is_mute = false;
	advance_ms(w, 40000);
	expect(w, told(raw, "<state event=\"cancelled\">terminated</state>"));
	expect(w, w->office.pbx.stack.notifiers.held_count == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_knows_no_such_subscription_is_told_no_more, "RFC 6665 4.2.2, RFC 5057 5.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	advance_ms(w, 40000);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_481_that_crossed_the_200_is_forgiven, "RFC 6665 4.1.2.4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	raw->is_mute = false;
	advance_ms(w, 1000);
	expect(w, w->office.pbx.stack.notifiers.held_count == 1);
	expect(w, told(raw, "CSeq: 2 NOTIFY"));
	expect_quiet(w);
}

/* --- Who sees what ------------------------------------------------------------------------ */

static void ring_bob(struct world *w, struct raw *raw)
{
	expect(w, say(raw, SUBSCRIBE("202", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
}

FLOW_PLAIN(a_watcher_with_all_rights_sees_ids_and_the_pickup_target, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	ring_bob(w, raw);
	expect(w, told(raw, "<state>early</state>") && told(raw, "direction=\"recipient\""));
	expect(w,
	       told(raw, "call-id=\"") && told(raw, "local-tag=\"") && told(raw, "remote-tag=\""));
	expect(w, told(raw, "<identity display=\"carol\">sip:203@" OFFICE_DOMAIN));
	expect(w, told(raw, "<target uri=\"sip:*8202@" OFFICE_DOMAIN "\"/>"));
	expect_quiet(w);
}

/* A flashing lamp is a promise: a key that cannot take the call does not flash (FIELD C2). */
FLOW_PLAIN(without_the_right_to_pick_up_the_lamp_is_steady, "RFC 3891 5, SECURITY S6")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "bob")->pickup = PICKUP_NONE;
	ring_bob(w, raw);
	expect(w, told(raw, "<state>confirmed</state>") && told(raw, "direction=\"recipient\""));
	expect(w, !told(raw, "call-id=") && !told(raw, "-tag=") && !told(raw, "<target"));
	expect(w, told(raw, "sip:203@"));
	expect_quiet(w);
}

FLOW_PLAIN(who_may_see_calls_sees_no_numbers, "RFC 4235 6")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "bob")->visibility = VISIBILITY_CALLS;
	ring_bob(w, raw);
	expect(w, told(raw, "<state>early</state>") && told(raw, "direction=\"recipient\""));
	expect(w, told(raw, "call-id=") && !told(raw, "203") && !told(raw, "carol"));
	expect_quiet(w);
}

FLOW_PLAIN(who_may_see_busy_sees_only_that, "RFC 4235 6")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	ring_bob(w, raw);
	expect(w, told(raw, "<state>confirmed</state>"));
	expect(w, !told(raw, "direction=") && !told(raw, "call-id=") && !told(raw, "203"));
	expect_quiet(w);
}
