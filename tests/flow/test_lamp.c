/* SPDX-License-Identifier: MIT */
/*
 * What lamps say: of calls in every state, of what is no call, and to phones of each make.
 */
#include "texts.h"
#include "world.h"

#include "pbx/call.h"
#include "pbx/dnd.h"
#include "pbx/lamp_document.h"

#include <stdio.h>

#define SUBSCRIBE(call) TEXT_HEAD("SUBSCRIBE", "201", "202", call) TEXT_CONTACT("201", "192.0.2.5")
#define DATAGRAM_BYTES 1300
#define SHOWN_MAX 27 /* dialogs of one document, with room for those that ended */

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

/* 201 is a raw phone of this make and watches 202, bob; carol is 203. */
static struct world *watching(struct raw **ret_raw, const char *lines)
{
	struct world *w = world_new("alice", "bob", "carol");
	char text[2048];

	*ret_raw = world_raw(w, "raw");
	world_start(w);
	advance_ms(w, 1000);
	snprintf(text, sizeof(text), "%s%s" TEXT_END, SUBSCRIBE("s"), lines);
	expect(w, raw_ask_as(*ret_raw, "201", OFFICE_PASSWORD, text) == 200);
	return w;
}

#define SNOM "Event: dialog\nUser-Agent: snomD735/10.1\n"
#define YEALINK "Event: dialog\nUser-Agent: Yealink SIP-T54W 96.86\n"
#define SPA "Event: dialog\nUser-Agent: Cisco/SPA504G-7.6.2\n"

/* The value of an attribute in the last NOTIFY, up to the quote behind it. */
static void find_value(const struct raw *raw, const char *attribute, char *ret_value, size_t cap)
{
	const char *at = strstr(raw_last(raw, "NOTIFY"), attribute);

	snprintf(ret_value, cap, "%.*s", at ? (int)strcspn(at + strlen(attribute), "\"") : 0,
		 at ? at + strlen(attribute) : "");
}

/* --- Calls -------------------------------------------------------------------------------- */

FLOW_PLAIN(a_call_is_told_from_its_first_ring_to_its_end, "RFC 4235 3.7.1, RFC 4235 4.1.2")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);

	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>early</state>") && told(raw, "direction=\"recipient\""));
	expect(w, !told(raw, "<duration>"));
	answer(w, "bob");
	advance_ms(w, 5000);
	expect(w, told(raw, "<state>confirmed</state>") && told(raw, "<duration>0</duration>"));
	hang_up(w, "bob");
	expect(w, told(raw, "<state event=\"local-bye\">terminated</state>"));
	dial(w, "bob", "carol");
	expect(w, told(raw, "<state>early</state>") && told(raw, "direction=\"initiator\""));
	hang_up(w, "carol");
	expect(w, told(raw, "<state event=\"rejected\" code=\"486\">terminated</state>"));
	expect_quiet(w);
}

/* PHONES trap 7: a call on hold is no call to pick up. */
FLOW_PLAIN(a_held_call_is_confirmed_and_not_rendered, "RFC 4235 4.1.6.2, RFC 3840 9")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);

	dial(w, "carol", "bob");
	answer(w, "bob");
	expect(w, !told(raw, "+sip.rendering"));
	hold(w, "bob");
	expect(w, told(raw, "<state>confirmed</state>"));
	expect(w, told(raw, "<target uri=\"sip:202@" OFFICE_DOMAIN
			    "\"><param pname=\"+sip.rendering\" pval=\"no\"/></target>"));
	resume(w, "bob");
	expect(w, !told(raw, "+sip.rendering"));
	hold(w, "carol");
	expect(w, !told(raw, "+sip.rendering"));
	expect_quiet(w);
}

FLOW_PLAIN(a_picked_up_call_names_what_it_replaces, "RFC 4235 4.1.4, RFC 4235 3.7.1")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);
	char call_id[64], replaced[128];

	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "201", "201", "own")
				     TEXT_CONTACT("201", "192.0.2.5") SNOM TEXT_END) == 200);
	dial(w, "carol", "bob");
	find_value(raw, "call-id=\"", call_id, sizeof(call_id));
	expect(w, call_id[0] != 0);
	dial_number(w, "alice", "*8202");
	snprintf(replaced, sizeof(replaced), "<replaces call-id=\"%s\" local-tag=\"", call_id);
	expect(w, raw_heard(raw, "NOTIFY", replaced));
	expect(w, raw_heard(raw, "NOTIFY", "<state event=\"replaced\">terminated</state>"));
	expect_quiet(w);
}

/* The caller's dialog becomes another one for the caller when who answers is not who was heard. */
FLOW_PLAIN(a_caller_who_is_answered_by_another_has_another_tag, "RFC 4235 4.1.1, RFC 3261 13.2.1")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol");
	char told_tag[64];
	struct slice tag = SLICE_NONE;
	struct leg *leg;
	uint32_t slot = 0;

	raw = world_raw(w, "raw");
	set_early_media(w, "carol");
	world_start(w);
	advance_ms(w, 1000);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("s") SNOM TEXT_END) == 200);
	dial(w, "bob", "carol");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "201", "*8203", "p")
				     TEXT_CONTACT("201", "192.0.2.5") TEXT_END) == 200);
	(void)raw_speak(raw, "SIP/2.0 200", "tp", "ACK", TEXT_WITH_SDP("192.0.2.5", "8"));
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	advance_ms(w, 1000);
	while ((leg = pool_walk(&w->office.pbx.legs, &slot)))
		if (slice_eq(leg->party.number, SLICE("202")))
			tag = dialog_local_tag(&leg->session->dialog);
	find_value(raw, "remote-tag=\"", told_tag, sizeof(told_tag));
	expect(w, !slice_is_empty(tag) && slice_eq(tag, slice_from_cstr(told_tag)));
	expect_quiet(w);
}

FLOW_PLAIN(one_dialog_alone_can_be_watched, "RFC 4235 3.2")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);
	char call_id[64], tag[64], text[2048];

	dial(w, "carol", "bob");
	find_value(raw, "call-id=\"", call_id, sizeof(call_id));
	find_value(raw, "local-tag=\"", tag, sizeof(tag));
	snprintf(text, sizeof(text), "%sEvent: dialog;call-id=\"%s\";to-tag=%s\n" TEXT_END,
		 SUBSCRIBE("one"), call_id, tag);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, text) == 200);
	expect(w, told(raw, "Call-ID: one") && told(raw, "<state>early</state>"));
	snprintf(text, sizeof(text), "%sEvent: dialog;call-id=other;to-tag=%s\n" TEXT_END,
		 SUBSCRIBE("none"), tag);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, text) == 200);
	expect(w, told(raw, "Call-ID: none") && told(raw, "<state>terminated</state>"));
	(void)dnd_set(&w->office.pbx, SLICE("202"), true);
	advance_ms(w, 100);
	expect(w, told(raw, "Call-ID: none") && !told(raw, "<state>confirmed</state>"));
	(void)dnd_set(&w->office.pbx, SLICE("202"), false);
	snprintf(text, sizeof(text), "%sEvent: dialog;call-id=%s\n" TEXT_END, SUBSCRIBE("bad"),
		 call_id);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, text) == 400);
	expect_quiet(w);
}

FLOW_PLAIN(session_descriptions_are_not_told, "RFC 4235 3.2, RFC 4235 6")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "raw");

	advance_ms(w, 1000);
	expect(w,
	       raw_ask_as(raw, "201", OFFICE_PASSWORD,
			  SUBSCRIBE("s") "Event: dialog;include-session-description\n" TEXT_END) ==
		       403);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_quiet(w);
}

/* The next INVITE of that phone will do: this one was never a call. */
FLOW_PLAIN(a_call_that_could_not_be_made_is_not_told_of, "RFC 4235 3.7.1, RFC 4028 6")
{
	struct raw *raw, *caller;
	struct world *w = watching(&raw, SNOM);

	caller = world_raw(w, "caller");
	expect(w, raw_ask_as(caller, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "202", "203", "c") TEXT_CONTACT(
				     "202", "192.0.2.6") "Session-Expires: 20\n"
							 "Supported: timer\n" TEXT_END) == 422);
	expect(w, raw_count(raw, "NOTIFY") == 1);
	expect_quiet(w);
}

/* --- What is no call ---------------------------------------------------------------------- */

/* FIELD 25: do-not-disturb did not change the lamp. */
FLOW_PLAIN(complaint_25_do_not_disturb_is_on_the_lamp, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);

	expect(w, told(raw, "<state>terminated</state>"));
	(void)dnd_set(&w->office.pbx, SLICE("202"), true);
	advance_ms(w, 100);
	expect(w, told(raw, "<state>confirmed</state>") &&
			  told(raw, "<identity display=\"Do not disturb\">sip:202@"));
	expect(w, told(raw, "<status xmlns=\"urn:lampyrid:lamp\">do-not-disturb</status>"));
	(void)dnd_set(&w->office.pbx, SLICE("202"), false);
	advance_ms(w, 100);
	expect(w, told(raw, "<state>terminated</state>") && !told(raw, "<status"));
	expect_quiet(w);
}

/* FIELD 24: who is not registered looked as free as who is. */
FLOW_PLAIN(complaint_24_who_is_not_registered_is_told_apart, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);

	expect(w, !told(raw, "<status"));
	phone_stop(&w->phones[1].phone);
	advance_ms(w, 1000);
	expect(w, told(raw, "<state>terminated</state>"));
	expect(w, told(raw, "<status xmlns=\"urn:lampyrid:lamp\">unregistered</status>"));
	expect_quiet(w);
}

/* --- Each make ---------------------------------------------------------------------------- */

FLOW_PLAIN(a_make_that_knows_them_is_told_changes_only, "RFC 4235 4.3, RFC 4235 3.9")
{
	struct raw *raw;
	struct world *w = watching(&raw, YEALINK);

	expect(w, told(raw, "version=\"0\" state=\"full\""));
	dial(w, "carol", "bob");
	answer(w, "bob");
	expect(w, told(raw, "state=\"partial\"") && told_dialogs(raw) == 1);
	dial(w, "alice", "bob");
	expect(w, told(raw, "state=\"partial\"") && told_dialogs(raw) == 1);
	expect(w, !told(raw, "<state>confirmed</state><duration>"));
	hang_up(w, "alice");
	expect(w, told(raw, "state=\"partial\"") && told_dialogs(raw) == 1);
	expect(w, told(raw, "terminated</state>"));
	expect_quiet(w);
}

/* The call of this number of 201 to 202; more text for its Call-ID and tag. */
static void invite(struct raw *caller, unsigned i, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:201@" OFFICE_DOMAIN ">;tag=c%s\nTo: <sip:202@" OFFICE_DOMAIN
		 ">\nCall-ID: c%u%s\nCSeq: {cseq} INVITE\n{auth}\n%s",
		 more, i, more, TEXT_CONTACT("201", "192.0.2.4") TEXT_END);
	(void)raw_ask_as(caller, "201", OFFICE_PASSWORD, text);
}

/* A dialog that had no room in a document is told when it has, to whom changes would be enough. */
FLOW_PLAIN(a_call_too_many_is_told_when_others_have_ended, "RFC 4235 4.3")
{
	struct world *w = world_new("alice");
	struct raw *bob, *caller, *raw;
	struct leg *leg, *first = NULL, *last = NULL;
	char id[TOKEN_BYTES + 1];
	uint32_t slot = 0;

	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "carol");
	bob = world_raw(w, "bob");
	caller = world_raw(w, "caller");
	raw = world_raw(w, "raw");
	world_start(w);
	registers(w, bob, "202");
	bob->is_mute = true;
	for (unsigned i = 0; i < SHOWN_MAX + 1; i++)
		invite(caller, i, "");
	expect(w, raw_ask_as(raw, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "203", "201", "s")
				     TEXT_CONTACT("203", "192.0.2.5") YEALINK TEXT_END) == 200);
	advance_ms(w, 5000);
	while ((leg = pool_walk(&w->office.pbx.legs, &slot)))
		if (leg->is_initiator) {
			first = first ? first : leg;
			last = leg;
		}
	expect(w, first && told_dialogs(raw) <= SHOWN_MAX && last->call->number == SHOWN_MAX + 1);
	snprintf(id, sizeof(id), "%.*s", TOKEN_BYTES, last->id);
	expect(w, !told(raw, id));
	call_end(first->call, 480, SLICE_NONE);
	advance_ms(w, 5000);
	expect(w, told(raw, id));
	bob->is_mute = false;
	expect_quiet(w);
}

/* 203 watches 201, who makes as many calls as can be shown, to a phone that does not answer yet. */
static struct world *many_calls(struct raw **ret_bob, struct raw **ret_raw, size_t id_bytes)
{
	struct world *w = world_new("alice");
	struct raw *caller;
	char marks[256] = "";

	memset(marks, '\'', id_bytes);
	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "carol");
	*ret_bob = world_raw(w, "bob");
	caller = world_raw(w, "caller");
	*ret_raw = world_raw(w, "raw");
	world_start(w);
	registers(w, *ret_bob, "202");
	(*ret_bob)->is_mute = true;
	for (unsigned i = 0; i < SHOWN_MAX; i++)
		invite(caller, i, marks);
	expect(w, raw_ask_as(*ret_raw, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "203", "201", "s")
				     TEXT_CONTACT("203", "192.0.2.5") SNOM TEXT_END) == 200);
	advance_ms(w, 5000);
	expect(w, told_dialogs(*ret_raw) == SHOWN_MAX);
	return w;
}

/* Ids of nothing but marks that XML writes in six characters: no document holds them all. */
FLOW_PLAIN(calls_with_ids_out_of_all_proportion_change_the_lamp, "RFC 4235 3.9, SECURITY P4")
{
	struct raw *bob, *raw;
	struct world *w = many_calls(&bob, &raw, 245);
	size_t notifies = raw_count(raw, "NOTIFY");
	uint32_t slot = 0;

	call_end(pool_walk(&w->office.pbx.calls, &slot), 480, SLICE_NONE);
	advance_ms(w, 5000);
	expect(w, raw_count(raw, "NOTIFY") > notifies && told_dialogs(raw) == SHOWN_MAX - 1);
	bob->is_mute = false;
	expect_quiet(w);
}

/* By a connection there is no bound but that of a message, which has headers, too. */
FLOW_PLAIN(a_document_leaves_room_for_its_messages_headers, "RFC 3261 18.3, SECURITY P4")
{
	struct raw *bob, *raw;
	struct world *w = many_calls(&bob, &raw, 150);
	const struct lamp_view view = { .visibility = VISIBILITY_NUMBERS,
					.may_pick_up = true,
					.profile = profile_generic() };
	struct lamp_document document;

	expect(w,
	       lamp_document_make(lamp_find(&w->office.pbx, SLICE("201")), &view, 0, 0, &document));
	expect(w, document.rest.n + 8192 <= SIP_MESSAGE_MAX_BYTES);
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(after_a_lost_notify_all_is_told, "RFC 6665 4.2.2, RFC 4235 4.3")
{
	struct raw *raw;
	struct world *w = watching(&raw, YEALINK);

	raw->is_mute = true;
	dial(w, "carol", "bob");
	advance_ms(w, 33000);
	raw->is_mute = false;
	advance_ms(w, 40000);
	expect(w, raw_heard(raw, "NOTIFY", "version=\"2\" state=\"full\""));
	expect(w, w->office.pbx.stack.notifiers.held_count == 1);
	expect_quiet(w);
}

/* PHONES: several dialogs crash an SPA, and any early one makes it blink. */
FLOW_PLAIN(an_spa_sees_the_one_dialog_that_matters, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = watching(&raw, SPA);

	dial(w, "bob", "carol");
	expect(w, told_dialogs(raw) == 1 && told(raw, "<state>confirmed</state>"));
	answer(w, "carol");
	dial(w, "alice", "bob");
	expect(w, told_dialogs(raw) == 1 && told(raw, "direction=\"initiator\""));
	expect_quiet(w);
}

/* FIELD 8: a document that no datagram holds was lost in fragments. */
FLOW_PLAIN(complaint_8_many_calls_fit_into_one_datagram, "RFC 3261 18.1.1")
{
	struct raw *raw;
	struct world *w = watching(&raw, SNOM);

	for (int i = 0; i < 4; i++) {
		dial(w, "carol", "bob");
		answer(w, "bob");
		hold(w, "bob");
	}
	expect(w, told_dialogs(raw) == 4);
	expect(w, strlen(raw_last(raw, "NOTIFY")) <= DATAGRAM_BYTES);
	expect_quiet(w);
}

/* Who may only see busy is not told that one call has followed another. */
FLOW_PLAIN(what_did_not_change_is_not_told_again, "RFC 6665 4.2.2, RFC 4235 3.9")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol");
	size_t count;

	raw = world_raw(w, "raw");
	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	advance_ms(w, 1000);
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("s") SNOM TEXT_END) == 200);
	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>confirmed</state>"));
	count = raw_count(raw, "NOTIFY");
	answer(w, "bob");
	hold(w, "bob");
	expect(w, raw_count(raw, "NOTIFY") == count);
	hang_up(w, "bob");
	expect(w, raw_count(raw, "NOTIFY") == count + 1 && told(raw, "<state>terminated</state>"));
	expect_quiet(w);
}
