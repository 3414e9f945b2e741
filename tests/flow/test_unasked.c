/* SPDX-License-Identifier: MIT */
/*
 * Lamps of phones that never subscribe (`notify:`), as the page on partner keys in the reference
 * describes them: extension 204 has a raw phone, which hears of bob and of others.
 */
#include "pbx/api.h"
#include "texts.h"
#include "world.h"

#include <stdio.h>

/* --- Lamps that light without a subscription ---------------------------------------------- */

FLOW(a_lamp_lights_without_a_subscription, "RFC 6665 4.2.2, RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch_unasked(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_silence(w, "carol -> switch SUBSCRIBE");
	expect_quiet(w);
}

FLOW(who_is_told_without_a_subscription_picks_up, "RFC 3891 3")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch_unasked(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> carol   200 INVITE");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(several_lamps_light_beside_one_that_was_subscribed, "RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch_unasked(w, "carol", "bob");
	watch_unasked(w, "carol", "alice");
	watch_unasked(w, "dave", "bob");
	watch(w, "carol", "dave");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	expect_lamp(w, "carol", "dave", LAMP_DARK);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_lamp(w, "carol", "alice", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_lamp_shows_what_happened_before_its_phone_registered, "RFC 3261 10.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch_unasked(w, "carol", "bob");
	unregister(w, "carol");
	dial(w, "alice", "bob");
	answer(w, "bob");
	register_again(w, "carol");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(unasked_lamps_follow_a_phone_to_its_new_connection, "RFC 5626 4.2, RFC 3261 18.1.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	by_transport(w, "carol", TRANSPORT_TCP);
	behind_nat(w, "carol");
	watch_unasked(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	break_connections(w, "carol");
	advance_ms(w, 2000);
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* --- In messages -------------------------------------------------------------------------- */

#define REGISTER(call)                                                                             \
	TEXT_HEAD("REGISTER", "204", "204", call)                                                  \
	"Contact: <sip:204@192.0.2.5:5060;line=x7>\n"                                              \
	"Expires: 300\n" TEXT_END
#define SUBSCRIBE(call)                                                                            \
	TEXT_HEAD("SUBSCRIBE", "204", "202", call)                                                 \
	"Contact: <sip:204@192.0.2.5:5060;line=x7>\nEvent: dialog\n"

static const struct slice to_204[] = { SLICE_INIT("204") };

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "204", OFFICE_PASSWORD, text);
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* Of whom the last NOTIFY tells. */
static bool told_of(const struct raw *raw, const char *number)
{
	char text[64];

	snprintf(text, sizeof(text), "entity=\"sip:%s@" OFFICE_DOMAIN "\"", number);
	return told(raw, text);
}

static void tell(struct world *w, const char *name)
{
	world_extension(w, name)->notify = (struct number_list){ to_204, 1 };
}

/* Bob is told of to 204, whose phone is raw and not yet registered. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	office_add(&w->office, "204", "dave");
	tell(w, "bob");
	world_start(w);
	return w;
}

/* A header line of the last NOTIFY, without its end. */
static struct slice line_of(const struct raw *raw, const char *name)
{
	const char *at = strstr(raw_last(raw, "NOTIFY"), name);

	return at ? slice_of(at, strcspn(at, "\r")) : SLICE_NONE;
}

FLOW_PLAIN(a_phone_that_never_subscribes_is_told_in_the_form_of_the_reference,
	   "RFC 6665 4.2.2, RFC 4235 4.1, RFC 3261 8.1.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char call_id[128], from[128];

	expect(w, say(raw, REGISTER("r")) == 200);
	expect_ladder(w, "switch -> raw 200 REGISTER", "switch -> raw NOTIFY terminated",
		      "raw -> switch 200 NOTIFY");
	expect(w, raw_count(raw, "NOTIFY sip:204@192.0.2.5:5060;line=x7 SIP/2.0\r\n") == 1);
	snprintf(call_id, sizeof(call_id), "%.*s", SLICE_ARGS(line_of(raw, "Call-ID: ")));
	snprintf(from, sizeof(from), "%.*s", SLICE_ARGS(line_of(raw, "From: ")));
	expect(w, strstr(from, "From: <sip:202@" OFFICE_DOMAIN ">;tag=") == from);
	expect(w, slice_eq(line_of(raw, "To: "), SLICE("To: <sip:204@" OFFICE_DOMAIN ">")));
	expect(w, told(raw, "\r\nMax-Forwards: 70\r\n") && told(raw, "\r\nEvent: dialog\r\n"));
	expect(w, told(raw, "\r\nSubscription-State: active\r\n"));
	expect(w, told(raw, "\r\nContact: <sip:202@192.0.2.1:5060>\r\n"));
	expect(w, told(raw, "\r\nContent-Type: application/dialog-info+xml\r\n"));
	expect(w, told(raw, "\r\nCSeq: 1 NOTIFY\r\n"));
	expect(w, told(raw, "state=\"full\"") && told(raw, "version=\"0\"") && told_of(raw, "202"));
	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>early</state>") && told(raw, "direction=\"recipient\""));
	expect(w, told(raw, "call-id=\"") && told(raw, "sip:203@" OFFICE_DOMAIN));
	answer(w, "bob");
	expect(w, told(raw, "<state>confirmed</state>"));
	hang_up(w, "carol");
	expect(w, told(raw, "terminated</state>") && !told(raw, "confirmed"));
	expect(w, told(raw, "\r\nCSeq: 4 NOTIFY\r\n") && told(raw, "version=\"3\""));
	expect(w, slice_eq(line_of(raw, "Call-ID: "), slice_from_cstr(call_id)));
	expect(w, slice_eq(line_of(raw, "From: "), slice_from_cstr(from)));
	expect(w, slice_eq(line_of(raw, "To: "), SLICE("To: <sip:204@" OFFICE_DOMAIN ">")));
	expect_quiet(w);
}

/* Snom phones compare byte by byte, and know the server as they were told. */
FLOW_PLAIN(an_unasked_notify_has_the_host_that_the_phone_registered_at, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, "REGISTER sip:192.0.2.1:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
			   "From: <sip:204@192.0.2.1:5060>;tag=1\nTo: <sip:204@192.0.2.1:5060>\n"
			   "Call-ID: r\nCSeq: {cseq} REGISTER\n{auth}\n"
			   "Contact: <sip:204@192.0.2.5:5060>\nExpires: 300\n" TEXT_END) == 200);
	expect(w, told(raw, "entity=\"sip:202@192.0.2.1:5060\""));
	expect(w, told(raw, "\r\nFrom: <sip:202@192.0.2.1:5060>;tag="));
	expect(w, told(raw, "\r\nTo: <sip:204@192.0.2.1:5060>\r\n"));
	expect_quiet(w);
}

FLOW_PLAIN(what_changes_while_an_unasked_notify_is_unanswered_becomes_one, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r")) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	answer(w, "bob");
	hang_up(w, "carol");
	dial(w, "carol", "bob");
	expect(w, told(raw, "CSeq: 2 NOTIFY") && told(raw, "<state>early</state>"));
	hang_up(w, "carol");
	raw->is_mute = false;
	advance_ms(w, 5000);
	expect(w, told(raw, "CSeq: 3 NOTIFY") && told(raw, "terminated</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_was_away_is_told_all_when_it_is_back, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r")) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	answer(w, "bob");
	advance_ms(w, 40000);
	raw->is_mute = false;
	advance_ms(w, 40000);
	expect(w, told(raw, "<state>confirmed</state>") && told(raw, "state=\"full\""));
	expect_quiet(w);
}

/* One question for each phone, however many it could be told of. */
FLOW_PLAIN(a_phone_that_refuses_is_left_alone_until_it_registers_anew,
	   "RFC 6665 4.1.3, RFC 5057 5.1")
{
	static const unsigned refusals[] = { 481, 489, 405, 501, 403 };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char call[16];

	tell(w, "carol");
	expect(w, directory_link(w->office.directory) == 0);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		size_t before = raw_count(raw, "NOTIFY");
		char text[2048];

		snprintf(call, sizeof(call), "r%zu", i);
		snprintf(text, sizeof(text),
			 "REGISTER sip:" OFFICE_DOMAIN
			 " SIP/2.0\n{via}\nMax-Forwards: 70\nFrom: <sip:204@" OFFICE_DOMAIN
			 ">;tag=1\nTo: <sip:204@" OFFICE_DOMAIN
			 ">\nCall-ID: %s\nCSeq: {cseq} REGISTER\n{auth}\n"
			 "Contact: <sip:204@192.0.2.5:5060;line=x7>\nExpires: 300\n" TEXT_END,
			 call);
		raw->is_mute = true;
		expect(w, say(raw, text) == 200);
		expect(w, raw_count(raw, "NOTIFY") == before + 1);
		raw_reply(raw, "NOTIFY", refusals[i], "t", "", "");
		raw->is_mute = false;
		dial(w, "alice", "bob");
		expect(w, say(raw, text) == 200); /* a refresh */
		hang_up(w, "alice");
		expect(w, raw_count(raw, "NOTIFY") == before + 1);
		expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	}
	expect(w, say(raw, REGISTER("anew")) == 200);
	advance_ms(w, 1000);
	expect(w, raw_heard(raw, "NOTIFY", "entity=\"sip:203@") && told(raw, "CSeq: 1 NOTIFY"));
	expect(w, w->office.pbx.stack.notifiers.held_count == 2);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_subscribes_is_not_told_twice, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	expect(w, say(raw, REGISTER("r")) == 200);
	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	expect(w, w->office.pbx.stack.notifiers.live_count == 1);
	before = raw_count(raw, "NOTIFY");
	dial(w, "carol", "bob");
	expect(w, raw_count(raw, "NOTIFY") == before + 1 && told(raw, "Call-ID: s\r\n"));
	expect(w, say(raw, REGISTER("anew")) == 200);
	expect(w, raw_count(raw, "NOTIFY") == before + 1);
	expect(w, raw_speak(raw, "NOTIFY", "ts", "SUBSCRIBE",
			    "{auth}\nEvent: dialog\nExpires: 0\n" TEXT_END) == 200);
	advance_ms(w, 1000);
	expect(w, raw_heard(raw, "NOTIFY", "Subscription-State: terminated;reason=timeout"));
	expect(w, told(raw, "Subscription-State: active\r\n") && told(raw, "early</state>"));
	expect(w, w->office.pbx.stack.notifiers.live_count == 1);
	expect_quiet(w);
}

/* Bob's first NOTIFY is still unanswered when the phone knows no subscription to carol any more. */
FLOW_PLAIN(what_was_subscribed_is_told_unasked_in_its_turn, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	tell(w, "carol");
	expect(w, directory_link(w->office.directory) == 0);
	/* Her turn is over when bob's comes. */
	expect(w, world_extension(w, "carol") ==
			  directory_find(w->office.directory, SLICE("204"))->told_of[0]);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "204", "203", "s") TEXT_CONTACT(
				   "204", "192.0.2.5") "Event: dialog\n" TEXT_END) == 200);
	advance_ms(w, 40000);
	raw->is_mute = true;
	expect(w, say(raw, REGISTER("r")) == 200);
	expect(w, told_of(raw, "202") && told(raw, "Subscription-State: active\r\n"));
	dial(w, "alice", "carol");
	expect(w, told_of(raw, "203") && told(raw, "Call-ID: s\r\n"));
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	raw->is_mute = false;
	raw->count = 0;
	advance_ms(w, 10000);
	expect(w, told_of(raw, "203") && told(raw, "Subscription-State: active\r\n"));
	expect(w, w->office.pbx.stack.notifiers.live_count == 2);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_is_gone_is_told_no_more, "RFC 3261 10.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	expect(w, say(raw, REGISTER("r")) == 200);
	before = raw_count(raw, "NOTIFY");
	expect(w, say(raw, TEXT_HEAD("REGISTER", "204", "204",
				     "r") "Contact: *\nExpires: 0\n" TEXT_END) == 200);
	dial(w, "carol", "bob");
	expect(w, raw_count(raw, "NOTIFY") == before);
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

/* The same by a list that has bob on it. */
FLOW_PLAIN(a_phone_that_subscribes_to_a_list_is_not_told_twice, "RFC 4662 4.5, RFC 6665 4.2.2")
{
	static const struct slice keys[] = { SLICE_INIT("202") };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct extension *dave =
		(struct extension *)directory_find(w->office.directory, SLICE("204"));

	dave->keys = (struct number_list){ keys, 1 };
	expect(w, say(raw, REGISTER("r")) == 200);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "204", "keys-204",
				     "l") "Contact: <sip:204@192.0.2.5:5060;line=x7>\n"
					  "Event: dialog\nSupported: eventlist\n" TEXT_END) == 200);
	expect(w, w->office.pbx.stack.notifiers.live_count == 1);
	dial(w, "carol", "bob");
	expect(w, told(raw, "Call-ID: l\r\n") && told(raw, "<state>early</state>"));
	expect(w, raw_speak(raw, "NOTIFY", "tl", "SUBSCRIBE",
			    "{auth}\nEvent: dialog\nExpires: 0\n" TEXT_END) == 200);
	advance_ms(w, 1000);
	expect(w, told(raw, "Subscription-State: active\r\n") && told(raw, "early</state>"));
	expect_quiet(w);
}

/* One call is not all of them. */
FLOW_PLAIN(a_subscription_to_one_dialog_is_no_lamp, "RFC 4235 3.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r")) == 200);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "204", "202",
				     "s") "Contact: <sip:204@192.0.2.5:5060;line=x7>\n"
					  "Event: dialog;call-id=x;to-tag=y\n" TEXT_END) == 200);
	dial(w, "carol", "bob");
	expect(w, told(raw, "Subscription-State: active\r\n") && told(raw, "early</state>"));
	expect_quiet(w);
}

/* --- A new configuration ------------------------------------------------------------------ */

/* The same office, where 204 is told of these, of whom everybody sees `visibility`. */
static void reload(struct world *w, const char *const *watched, enum visibility visibility)
{
	static const char *const numbers[] = { "201", "202", "203", "204" };
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);

	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct extension extension = { .number = slice_from_cstr(numbers[i]),
					       .password = SLICE(OFFICE_PASSWORD),
					       .visibility = visibility };

		for (size_t k = 0; watched[k]; k++)
			if (strcmp(watched[k], numbers[i]) == 0)
				extension.notify = (struct number_list){ to_204, 1 };
		expect(w, directory_add_extension(directory, &extension) == 0);
	}
	expect(w, directory_link(directory) == 0);
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(w->office.directory);
	w->office.directory = directory;
	advance_ms(w, 1000);
}

FLOW_PLAIN(who_is_told_follows_the_configuration, "RFC 6665 4.2.2")
{
	static const char *const bob[] = { "202", NULL }, *const carol[] = { "203", NULL };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r")) == 200);
	dial(w, "alice", "bob");
	expect(w, told(raw, "<state>early</state>"));
	reload(w, bob, VISIBILITY_BUSY);
	expect(w, told(raw, "<state>confirmed</state>") && !told(raw, "direction="));
	reload(w, carol, VISIBILITY_BUSY);
	expect(w, raw_heard(raw, "NOTIFY", "Subscription-State: terminated;reason=noresource"));
	expect(w, told_of(raw, "203") && told(raw, "Subscription-State: active\r\n"));
	reload(w, bob, VISIBILITY_BUSY);
	expect(w, told_of(raw, "202") && told(raw, "<state>confirmed</state>"));
	reload(w, bob, VISIBILITY_NONE);
	expect(w, told_of(raw, "202") && told(raw, "reason=noresource") && !told(raw, "confirmed"));
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

/* --- Looking in --------------------------------------------------------------------------- */

static const char *subscriptions(struct world *w)
{
	static char text[4096];
	struct buf buf = { .p = text, .cap = sizeof(text) - 1 };
	struct api_cursor cursor;
	enum api_step step;

	api_cursor_init(&cursor, &w->office.pbx, API_SUBSCRIPTIONS, SLICE("204"));
	do
		step = api_next(&cursor, &buf);
	while (step != API_END);
	api_cursor_fini(&cursor);
	text[buf.n] = '\0';
	return text;
}

FLOW_PLAIN(who_is_told_and_who_refuses_is_among_the_subscriptions, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r")) == 200);
	expect(w, strstr(subscriptions(w),
			 "\"watcher\":\"204\",\"watched\":\"202\",\"event\":\"dialog\","
			 "\"state\":\"unasked\",\"version\":1,\"expires\":300,"
			 "\"notify\":200,"));
	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 489, "t", "", "");
	expect(w, strstr(subscriptions(w),
			 "\"watcher\":\"204\",\"watched\":\"202\",\"event\":\"dialog\","
			 "\"state\":\"refused\",\"expires\":"));
	expect(w, strstr(subscriptions(w), "\"notify\":489,\"transport\":\"udp\","));
	expect_quiet(w);
}
