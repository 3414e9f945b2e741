/* SPDX-License-Identifier: MIT */
/*
 * The life of a dialog as lamps tell it: before a phone rings, of who calls and of a phone that
 * takes its time; forks; how long it has been. Dave (204) has a phone, or two, of the test's own;
 * alice is 201, carol 202.
 */
#include "pbx/api.h"
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define CONTACT_LINE "Contact: <sip:204@192.0.2.4:5060>\r\n"
#define REGISTER(call, ip)                                                                         \
	TEXT_HEAD("REGISTER", "204", "204", call) TEXT_CONTACT("204", ip) TEXT_END

#define SUBSCRIBE(watched, call, event, lines)                                                     \
	TEXT_HEAD("SUBSCRIBE", "202", watched, call)                                               \
	TEXT_CONTACT("202", "192.0.2.5") "Event: " event "\n" lines TEXT_END

static void register_dave(struct world *w, struct raw *dave, const char *text)
{
	expect(w, raw_ask_as(dave, "204", OFFICE_PASSWORD, text) == 200);
}

static struct world *office_with_slow_dave(struct raw **ret_dave)
{
	struct world *w = world_new("alice", "carol");

	office_add(&w->office, "204", "dave");
	*ret_dave = world_raw(w, "dave");
	register_dave(w, *ret_dave, REGISTER("reg", "192.0.2.4"));
	return w;
}

/* A phone of carol's, which asks for what the text says. */
static struct raw *watcher(struct world *w, const char *text)
{
	struct raw *raw = world_raw(w, "watcher");

	world_start(w);
	expect(w, raw_ask_as(raw, "202", OFFICE_PASSWORD, text) == 200);
	advance_ms(w, 1000);
	raw->count = 0;
	return raw;
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

static size_t told_dialogs(const struct raw *raw)
{
	size_t count = 0;

	for (const char *at = raw_last(raw, "NOTIFY"); (at = strstr(at, "<dialog ")); at++)
		count++;
	return count;
}

/* The first one in the last NOTIFY, up to the quote behind it. */
static void find_value(const struct raw *raw, const char *attribute, char ret_value[64])
{
	const char *at = strstr(raw_last(raw, "NOTIFY"), attribute);

	at = at ? at + strlen(attribute) : "";
	snprintf(ret_value, 64, "%.*s", (int)strcspn(at, "\""), at);
}

#define NOTIFIES(raw) raw_count((raw), "NOTIFY")
#define IS(raw, state, direction)                                                                  \
	(told((raw), "<state>" state "</state>") && told((raw), "direction=\"" direction "\""))

/* --- Who calls ---------------------------------------------------------------------------- */

FLOW_PLAIN(a_caller_is_proceeding_until_it_rings, "RFC 4235 3.7.1, RFC 4235 4.1.3")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("201", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	expect_ladder(w, "alice -> switch INVITE", "switch -> alice 100 INVITE",
		      "switch -> watcher NOTIFY proceeding");
	/* A half dialog, in the words of 4.1.1, but that the phone has our tag already. */
	expect(w, IS(raw, "proceeding", "initiator") && told(raw, " local-tag=\""));
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 5000);
	expect(w, NOTIFIES(raw) == 1);
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	expect(w, NOTIFIES(raw) == 2 && IS(raw, "early", "initiator"));
	hang_up(w, "alice");
	expect(w, NOTIFIES(raw) == 3);
	expect(w, told(raw, "<state event=\"cancelled\" code=\"487\">terminated</state>"));
	expect_quiet(w);
}

FLOW(a_key_is_steady_for_who_calls, "RFC 4235 3.7.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "alice");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "alice", LAMP_DARK);
	expect_quiet(w);
}

/* The call fails before anybody rings: what was told is taken back (complaint 17). */
FLOW_PLAIN(a_caller_who_is_refused_was_proceeding, "RFC 4235 3.7.1, RFC 4235 4.1.3")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("201", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 486, "d", CONTACT_LINE, "");
	expect(w, NOTIFIES(raw) == 2);
	expect(w, told(raw, "<state event=\"rejected\" code=\"486\">terminated</state>"));
	expect_quiet(w);
}

/* --- Who is called ------------------------------------------------------------------------ */

FLOW_PLAIN(a_phone_that_rings_soon_is_told_of_once, "RFC 4235 3.10")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 500);
	expect(w, NOTIFIES(raw) == 0);
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	advance_ms(w, 5000);
	expect(w, NOTIFIES(raw) == 1 && IS(raw, "early", "recipient"));
	expect_quiet(w);
}

/* An app that is being woken, a handset that is searched for. */
FLOW_PLAIN(a_phone_that_takes_its_time_is_proceeding, "RFC 4235 3.7.1, RFC 4235 4.1.1")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 800);
	raw_reply(dave, "INVITE", 100, "", "", "");
	expect_silence(w, "switch -> watcher NOTIFY");
	advance_ms(w, 300);
	expect_ladder(w, "dave -> switch 100 INVITE", "switch -> watcher NOTIFY proceeding");
	expect(w, IS(raw, "proceeding", "recipient"));
	/* It has no tag yet: the half dialog is known by the other two. */
	expect(w, told(raw, " call-id=\"") && told(raw, " remote-tag=\"") &&
			  !told(raw, " local-tag=\""));
	expect(w, told(raw, "<target uri=\"sip:*8204@"));
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	expect(w, IS(raw, "early", "recipient") && told(raw, " local-tag=\"d\""));
	expect(w, NOTIFIES(raw) == 2);
	hang_up(w, "alice");
	expect(w, NOTIFIES(raw) == 3);
	expect(w, told(raw, "<state event=\"cancelled\">terminated</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_took_its_time_and_refuses_is_free, "RFC 4235 3.7.1")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	expect(w, IS(raw, "proceeding", "recipient"));
	raw_reply(dave, "INVITE", 603, "d", CONTACT_LINE, "");
	expect(w, NOTIFIES(raw) == 2);
	expect(w, told(raw, "<state event=\"rejected\" code=\"603\">terminated</state>"));
	expect_quiet(w);
}

/* Nobody knows whether there is a phone. */
FLOW_PLAIN(a_phone_that_says_nothing_has_no_lamp, "RFC 4235 3.7.1")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));

	dial_number(w, "alice", "204");
	advance_ms(w, 60000);
	expect(w, raw_count(dave, "INVITE") > 1 && NOTIFIES(raw) == 0);
	expect_quiet(w);
}

FLOW_PLAIN(of_two_phones_each_has_its_state, "RFC 4235 3.7.1, RFC 4235 4.1.1")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));
	struct raw *second = world_raw(w, "second");

	register_dave(w, second, REGISTER("reg2", "192.0.2.6"));
	dial_number(w, "alice", "204");
	raw_reply(second, "INVITE", 100, "", "", "");
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	expect(w, NOTIFIES(raw) == 1 && told_dialogs(raw) == 1 && told(raw, "early"));
	advance_ms(w, 2000);
	expect(w, NOTIFIES(raw) == 2 && told_dialogs(raw) == 2);
	/* The one that rings comes first. */
	expect(w, told(raw, "early") && told(raw, "proceeding"));
	expect(w, strstr(raw_last(raw, "NOTIFY"), "early") <
			  strstr(raw_last(raw, "NOTIFY"), "proceeding"));
	raw_reply(dave, "INVITE", 486, "d", CONTACT_LINE, "");
	expect(w, told_dialogs(raw) == 1 && IS(raw, "proceeding", "recipient"));
	hang_up(w, "alice");
	expect(w, told_dialogs(raw) == 1 && told(raw, "terminated</state>"));
	expect_quiet(w);
}

/* It costs what it costs when both ring. */
FLOW_PLAIN(an_answer_ends_what_takes_its_time_elsewhere, "RFC 4235 3.7.1, RFC 3261 16.7")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));
	struct raw *second = world_raw(w, "second");

	register_dave(w, second, REGISTER("reg2", "192.0.2.6"));
	dial_number(w, "alice", "204");
	raw_reply(second, "INVITE", 100, "", "", "");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	expect(w, told_dialogs(raw) == 2 && IS(raw, "proceeding", "recipient"));
	raw->count = 0;
	raw_reply(dave, "INVITE", 200, "d", CONTACT_LINE,
		  "v=0\r\no=- 2 2 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
		  "m=audio 4002 RTP/AVP 8\r\n");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	advance_ms(w, 5000);
	expect(w, told_dialogs(raw) == 1 && IS(raw, "confirmed", "recipient"));
	expect(w, NOTIFIES(raw) == 2);
	expect_quiet(w);
}

/* --- Taking it ---------------------------------------------------------------------------- */

/* The lamp's promise holds before it rings. */
static void pick_up_before_it_rings(enum pickup_mode mode, const char *code, const char *invite)
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);

	watch(w, "carol", "204");
	set_pickup(w, "carol", mode, code);
	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	expect_lamp(w, "carol", "204", LAMP_DARK);
	advance_ms(w, 2000);
	expect_lamp(w, "carol", "204", LAMP_RINGING);
	pick_up(w, "carol", "204");
	expect_ladder(w, invite, "switch -> dave CANCEL");
	raw_reply(dave, "INVITE", 487, "d", "", "");
	expect_talking(w, "alice", "carol");
	expect_lamp(w, "carol", "204", LAMP_DARK);
	expect_quiet(w);
}

/* It has no tag yet, so that the Call-ID names it alone. */
FLOW_PLAIN(what_takes_its_time_can_be_replaced, "RFC 3891 3")
{
	pick_up_before_it_rings(PICKUP_BY_REPLACES, "", "carol -> switch INVITE Replaces");
}

FLOW_PLAIN(what_takes_its_time_can_be_picked_up_at_its_target, "RFC 4235 4.1.6.2")
{
	pick_up_before_it_rings(PICKUP_BY_TARGET, "", "carol -> switch INVITE");
}

FLOW_PLAIN(what_takes_its_time_can_be_picked_up_by_code, "RFC 3261 13.2.1")
{
	pick_up_before_it_rings(PICKUP_BY_CODE, "*8", "carol -> switch INVITE");
}

/* The key is pressed when it rings already, by what was told before the phone had a tag. */
FLOW_PLAIN(a_half_dialog_names_what_has_become_of_it, "RFC 3891 3, RFC 4235 4.1.1")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));
	char call_id[64], tag[64], text[2048];

	raw->is_mute = true;
	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 1100);
	find_value(raw, " call-id=\"", call_id);
	find_value(raw, " remote-tag=\"", tag);
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	/* It has not been told of that yet, and names nothing by another tag. */
	expect(w, IS(raw, "proceeding", "recipient"));
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "202", "*8204", "wrong") TEXT_CONTACT(
			 "202", "192.0.2.5") "Replaces: %s;to-tag=%sx;from-tag=d\n" TEXT_END,
		 call_id, tag);
	expect(w, raw_ask_as(raw, "202", OFFICE_PASSWORD, text) == 481);
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "202", "*8204", "pick")
			 TEXT_CONTACT("202", "192.0.2.5") "Replaces: %s;to-tag=%s\n" TEXT_END,
		 call_id, tag);
	expect(w, raw_ask_as(raw, "202", OFFICE_PASSWORD, text) == 200);
	expect_ladder(w, "watcher -> switch INVITE Replaces", "switch -> watcher 481 INVITE",
		      "watcher -> switch INVITE Replaces", "switch -> watcher 200 INVITE");
	(void)raw_speak(raw, "SIP/2.0 200", "pick", "ACK", TEXT_WITH_SDP("192.0.2.5", "8"));
	raw->is_mute = false;
	expect_quiet(w);
}

/* The caller's own key, and who may not pick up, are promised nothing. */
FLOW_PLAIN(what_takes_its_time_is_steady_for_who_may_not_take_it, "RFC 4235 3.7.1, SECURITY S6")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw;

	watch(w, "carol", "204");
	raw = watcher(w, SUBSCRIBE("204", "s", "dialog", ""));
	dial_number(w, "carol", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	expect_lamp(w, "carol", "204", LAMP_TALKING);
	expect(w, IS(raw, "confirmed", "recipient"));
	raw->count = 0;
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	advance_ms(w, 2000);
	expect_lamp(w, "carol", "204", LAMP_TALKING);
	expect_quiet(w);
}

/* --- Who is told in other words ----------------------------------------------------------- */

/* The first NOTIFY to a phone of this make. */
static bool shows(struct raw *raw, const char *watched, const char *agent, const char *direction,
		  const char *state)
{
	static unsigned calls;
	char text[2048], what[64];

	snprintf(text, sizeof(text),
		 "SUBSCRIBE sip:%s@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:202@" OFFICE_DOMAIN ">;tag=t\nTo: <sip:%s@" OFFICE_DOMAIN ">\n"
		 "Call-ID: make%u\nCSeq: {cseq} SUBSCRIBE\n{auth}\n" TEXT_CONTACT(
			 "202", "192.0.2.5") "Event: dialog\nUser-Agent: %s\n" TEXT_END,
		 watched, watched, calls++, agent);
	snprintf(what, sizeof(what), "direction=\"%s\">\n<state>%s</state>", direction, state);
	raw->count = 0;
	return raw_ask_as(raw, "202", OFFICE_PASSWORD, text) == 200 && told(raw, what);
}

/* PHONES: what a make does not know it is not told. */
FLOW_PLAIN(each_make_is_told_a_state_that_it_knows, "RFC 4235 3.7.1")
{
	static const struct {
		const char *agent, *calls, *is_called;
	} makes[] = {
		{ "snomD735/10.1", "proceeding", "proceeding" },
		{ "PolycomVVX-VVX_411-UA/5.9", "proceeding", "proceeding" },
		{ "Grandstream GXP2170 1.0", "early", "early" },
		{ "Yealink SIP-T54W 96.86", "confirmed", "early" },
		{ "Cisco/SPA504G-7.6.2", "confirmed", "early" },
	};

	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = world_raw(w, "watcher");

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		expect(w, shows(raw, "204", makes[i].agent, "recipient", makes[i].is_called));
		expect(w, shows(raw, "201", makes[i].agent, "initiator", makes[i].calls));
	}
	expect_quiet(w);
}

FLOW_PLAIN(presence_says_that_somebody_is_called, "RFC 3863 4.1.4, RFC 4480 3.2")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw = watcher(w, SUBSCRIBE("204", "s", "presence", ""));

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	expect(w, NOTIFIES(raw) == 1 && told(raw, "<note>Ringing</note>"));
	/* That is no news. */
	raw_reply(dave, "INVITE", 180, "d", CONTACT_LINE, "");
	advance_ms(w, 2000);
	expect(w, NOTIFIES(raw) == 1);
	expect_quiet(w);
}

FLOW_PLAIN(ctl_says_what_a_lamp_flashes_for, "RFC 4235 3.7.1")
{
	static char text[API_ROW_MAX_BYTES + 1];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	api_cursor_init(&cursor, &w->office.pbx, API_LAMP, SLICE("204"));
	expect(w, api_next(&cursor, &buf) == API_ROW && !buf.is_overflown);
	api_cursor_fini(&cursor);
	text[buf.n] = '\0';
	expect(w, strstr(text, "\"lamp\":\"flash\"") && strstr(text, "\"state\":\"proceeding\""));
	expect_quiet(w);
}

/* --- The dialog itself -------------------------------------------------------------------- */

FLOW_PLAIN(another_fork_is_another_dialog, "RFC 4235 4.1.1, RFC 4235 4.3")
{
	struct raw *dave;
	struct world *w = office_with_slow_dave(&dave);
	struct raw *raw =
		watcher(w, SUBSCRIBE("204", "s", "dialog", "User-Agent: Yealink SIP-T54W 96.86\n"));
	char half[64], first[64], second[64], ended[128];

	dial_number(w, "alice", "204");
	raw_reply(dave, "INVITE", 100, "", "", "");
	advance_ms(w, 2000);
	find_value(raw, "<dialog id=\"", half);
	raw_reply(dave, "INVITE", 180, "one", CONTACT_LINE, "");
	find_value(raw, "<dialog id=\"", first);
	expect(w, first[0] && strcmp(first, half) == 0);
	raw_reply(dave, "INVITE", 180, "two", CONTACT_LINE, "");
	find_value(raw, "<dialog id=\"", second);
	expect(w, second[0] && strcmp(first, second) != 0);
	snprintf(ended, sizeof(ended),
		 "<dialog id=\"%s\" direction=\"recipient\">\n"
		 "<state>terminated</state>",
		 first);
	expect(w, told(raw, "state=\"partial\"") && told(raw, ended) && told_dialogs(raw) == 2);
	expect_quiet(w);
}

FLOW_PLAIN(a_dialog_is_as_old_as_its_invite, "RFC 4235 4.1.3")
{
	struct world *w = world_new("alice", "carol", "erin");
	struct raw *raw = watcher(w, SUBSCRIBE("201", "s", "dialog", ""));

	dial(w, "alice", "carol");
	advance_ms(w, 5000);
	answer(w, "carol");
	expect(w, told(raw, "<duration>5</duration>"));
	advance_ms(w, 4000);
	/* In another call it is the same dialog. */
	transfer(w, "carol", "erin");
	answer(w, "erin");
	advance_ms(w, 1000);
	expect_talking(w, "alice", "erin");
	expect(w, told(raw, "<duration>9</duration>") && told(raw, "sip:203@"));
	expect_quiet(w);
}
