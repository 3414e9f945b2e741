/* SPDX-License-Identifier: MIT */
/*
 * Keys for do-not-disturb and forwards in step with the server: phones set them by SUBSCRIBE with a
 * body, and all phones of the extension are told (as-feature-event, BroadWorks' device feature key
 * synchronization).
 */
#include "pbx/dnd.h"
#include "pbx/phone_forward.h"
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define CSTA " xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed3\""
#define TYPE "Content-Type: application/x-as-feature-event+xml\nContent-Length: {len}\n\n"
#define SET_DND(is)                                                                                \
	TYPE "<SetDoNotDisturb" CSTA "><device>x</device><doNotDisturbOn>" is                      \
	     "</doNotDisturbOn></SetDoNotDisturb>\n"
#define SET_FORWARD(type, is, to)                                                                  \
	TYPE "<SetForwarding" CSTA "><device/><forwardingType>forward" type "</forwardingType>"    \
	     "<activateForward>" is "</activateForward><forwardDN>" to "</forwardDN>"              \
	     "<ringCount>2</ringCount></SetForwarding>\n"
#define CONTACT TEXT_CONTACT("201", "192.0.2.5") "Event: as-feature-event\nExpires: 3600\n"
#define SUBSCRIBE(call) TEXT_HEAD("SUBSCRIBE", "201", "201", call) CONTACT

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

/* In the subscription, if there is one. */
static unsigned set(struct raw *raw, const char *rest)
{
	char text[2048];

	snprintf(text, sizeof(text), "{auth}\n" CONTACT "%s", rest);
	if (raw_count(raw, "NOTIFY") == 0)
		return 0;
	return raw_speak_as(raw, "201", OFFICE_PASSWORD, "NOTIFY", "SUBSCRIBE", text);
}

/* Some NOTIFY from this one on says so. */
static bool told_since(const struct raw *raw, size_t since, const char *what)
{
	for (size_t i = since; i < raw->count; i++)
		if (strncmp(raw->inbox[i], "NOTIFY", 6) == 0 && strstr(raw->inbox[i], what))
			return true;
	return false;
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

#define DND_IS(is) "<doNotDisturbOn>" is "</doNotDisturbOn>\n"
#define FORWARD_IS(type, is, to)                                                                   \
	"<forwardingType>forward" type "</forwardingType>\n<forwardStatus>" is                     \
	"</forwardStatus>\n<forwardTo>" to "</forwardTo>\n"

/* A second phone of alice is raw; carol watches her. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	watch(w, "carol", "alice");
	world_start(w);
	advance_ms(w, 100);
	return w;
}

/* What is said once and lost stays as it was: lamps are dark in the end whatever was lost. */
static void turn_off(struct world *w)
{
	(void)dnd_set(&w->office.pbx, SLICE("201"), false);
}

FLOW(a_phone_is_told_of_all_its_features, "RFC 6665 4.2.1.2, BroadWorks as-feature-event")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	advance_ms(w, 100);
	expect(w, raw_count(raw, "NOTIFY") == 4);
	expect(w, told_since(raw, 0, "Content-Type: application/x-as-feature-event+xml\r\n"));
	expect(w, told_since(raw, 0, "<device>201</device>\n" DND_IS("false")));
	expect(w, told_since(raw, 0, FORWARD_IS("Immediate", "false", "")));
	expect(w, told_since(raw, 0, FORWARD_IS("Busy", "false", "")));
	expect(w, told_since(raw, 0, FORWARD_IS("NoAns", "false", "")));
	/* By the code at another phone: only what changed. */
	dial_number(w, "alice", "*78");
	expect(w, raw_count(raw, "NOTIFY") == 5 && told(raw, DND_IS("true")));
	advance_ms(w, 5000);
	dial_number(w, "alice", "*79");
	expect(w, raw_count(raw, "NOTIFY") == 6 && told(raw, DND_IS("false")));
	turn_off(w);
	expect_quiet(w);
}

/* FIELD 25: phones set do-not-disturb by as-feature-event, and no lamp told of it. */
FLOW(complaint_25_a_phone_sets_do_not_disturb, "BroadWorks as-feature-event")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t since;

	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	advance_ms(w, 100);
	since = raw->count;
	expect(w, set(raw, SET_DND("true")) == 200);
	advance_ms(w, 100);
	expect(w, told_since(raw, since, DND_IS("true")));
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	dial(w, "bob", "alice");
	expect_ended(w, "bob", PHONE_CAUSE_REFUSED, 480);
	expect(w, set(raw, SET_DND("false")) == 200);
	expect_lamp(w, "carol", "alice", LAMP_DARK);
	dial(w, "bob", "alice");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	turn_off(w);
	expect_quiet(w);
}

FLOW(a_phone_sets_a_forward, "BroadWorks as-feature-event, RFC 5359 2.7")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("s") SET_FORWARD("Immediate", "true", "203")) == 200);
	advance_ms(w, 100);
	expect(w, told_since(raw, 0, FORWARD_IS("Immediate", "true", "203")));
	dial(w, "bob", "alice");
	expect_ladder(w, "bob -> switch INVITE", "switch -> carol INVITE");
	expect_silence(w, "switch -> alice INVITE");
	hang_up(w, "bob");
	expect(w, set(raw, SET_FORWARD("Immediate", "false", "203")) == 200);
	dial(w, "bob", "alice");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_forward_that_a_phone_has_set_is_on_the_lamp, "RFC 4235 4.1, RFC 4480 3.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct raw *dialog = world_raw(w, "dialog");
	struct raw *presence = world_raw(w, "presence");

	expect(w, raw_ask_as(dialog, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "203", "201", "d") TEXT_CONTACT(
				     "203", "192.0.2.6") "Event: dialog\n" TEXT_END) == 200);
	expect(w, raw_ask_as(presence, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "203", "201", "p") TEXT_CONTACT(
				     "203", "192.0.2.7") "Event: presence\n" TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("s") SET_FORWARD("Immediate", "true", "203")) == 200);
	advance_ms(w, 100);
	expect(w, told(dialog, "<status xmlns=\"urn:lampyrid:lamp\">forwarded</status>"));
	expect(w, told(presence, "<note>Forwarded</note>"));
	expect(w, set(raw, SET_FORWARD("Immediate", "false", "")) == 200);
	advance_ms(w, 100);
	expect(w, !told(dialog, "<status") && !told(presence, "note>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_forward_by_uri_after_some_rings, "RFC 5359 2.9")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("s") SET_FORWARD("NoAns", "true",
						      "sip:%32%30%33@" OFFICE_DOMAIN)) == 200);
	advance_ms(w, 100);
	expect(w, told(raw, FORWARD_IS("NoAns", "true", "203") "<ringCount>2</ringCount>"));
	dial(w, "bob", "alice");
	advance_ms(w, 11000);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	advance_ms(w, 2000);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_takes_back_what_the_configuration_says, "BroadWorks as-feature-event")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t since;

	world_extension(w, "alice")->forward.to[FORWARD_ALWAYS] = SLICE("203");
	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	advance_ms(w, 100);
	expect(w, told_since(raw, 0, FORWARD_IS("Immediate", "true", "203")));
	since = raw->count;
	expect(w, set(raw, SET_FORWARD("Immediate", "false", "")) == 200);
	advance_ms(w, 100);
	expect(w, told_since(raw, since, FORWARD_IS("Immediate", "false", "")));
	dial(w, "bob", "alice");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(what_cannot_be_set_is_told_as_it_is, "BroadWorks as-feature-event, SECURITY R3")
{
	static const char *const wishes[] = {
		SET_FORWARD("Immediate", "true", "201"), /* to itself */
		SET_FORWARD("Immediate", "true", "299"), /* nobody */
		SET_FORWARD("Immediate", "true", ""),
		SET_FORWARD("Immediate", "true", "sip:203@elsewhere.example"),
		SET_FORWARD("Immediate", "true", "2 0 3"),
		SET_FORWARD("Immediate", "true", "tel:203"),
	};
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t since;

	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	advance_ms(w, 100);
	since = raw->count;
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		raw->count = since; /* room for what follows */
		expect(w, set(raw, wishes[i]) == 200);
		advance_ms(w, 100);
		expect(w, told_since(raw, since, FORWARD_IS("Immediate", "false", "")));
	}
	expect(w, w->office.pbx.phone_forwards.count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(what_is_not_understood_is_refused, "RFC 3261 21.4.13, RFC 3261 8.2.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w,
	       say(raw, SUBSCRIBE("a") "Content-Type: text/plain\nContent-Length: {len}\n\nhi\n") ==
		       415);
	expect(w, strstr(raw_last(raw, "SIP/2.0 415"),
			 "Accept: application/x-as-feature-event+xml\r\n"));
	expect(w, say(raw, SUBSCRIBE("b") TYPE "<SetDoNotDisturb/>\n") == 400);
	expect(w, w->office.pbx.stack.notifiers.held_count == 1); /* carol's */
	expect(w, say(raw, SUBSCRIBE("c") TEXT_END) == 200);
	expect(w, set(raw, TYPE "<SetDoNotDisturb>\n") == 400);
	expect(w, w->office.pbx.stack.notifiers.held_count == 2);
	expect_quiet(w);
}

FLOW_PLAIN(nobody_sets_features_without_proof, "RFC 3261 22.1, SECURITY S1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	/* From where the phone has spoken so far, within its subscription. */
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE", CONTACT SET_DND("true")) == 401);
	expect(w, w->office.pbx.dnd.count == 0);
	/* Somebody else's, with credentials of one's own. */
	expect(w,
	       say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "t") CONTACT SET_DND("true")) == 403);
	expect(w, w->office.pbx.dnd.count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(what_was_said_last_holds, "BroadWorks as-feature-event")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct directory *other = directory_new((const uint64_t[2]){ 1, 2 });
	struct extension alice = *world_extension(w, "alice");
	size_t since;

	expect(w, say(raw, SUBSCRIBE("s") SET_FORWARD("Busy", "true", "203")) == 200);
	expect(w, set(raw, SET_FORWARD("Immediate", "true", "203")) == 200);
	advance_ms(w, 100);
	/* The configuration comes again, and says nothing new. */
	pbx_set_directory(&w->office.pbx, w->office.directory);
	expect(w,
	       phone_forward_of(&w->office.pbx, world_extension(w, "alice")).to[FORWARD_ALWAYS].n ==
		       3);
	/* Now it says where alice's calls go when she is busy. */
	expect(w, directory_set_domain(other, SLICE(OFFICE_DOMAIN)) == 0);
	alice.groups[0] = SLICE_NONE;
	alice.group_count = 0;
	alice.forward.to[FORWARD_BUSY] = SLICE("202");
	expect(w, directory_add_extension(other, &alice) == 0);
	since = raw->count;
	pbx_set_directory(&w->office.pbx, other);
	directory_unref(other);
	advance_ms(w, 100);
	expect(w, told_since(raw, since, FORWARD_IS("Busy", "true", "202")));
	expect(w, !told_since(raw, since, "forwardImmediate"));
	expect_quiet(w);
}

/* Whoever calls the extension would be put through to the emergency services. */
FLOW_PLAIN(a_phone_forwards_nobody_to_an_emergency_number,
	   "BroadWorks as-feature-event, SECURITY R3")
{
	static const struct trunk_config config = { .name = SLICE_INIT("acme"),
						    .uri = SLICE_INIT("sip:192.0.2.99") };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	office_add_trunk(&w->office, &config, NULL);
	office_add_route(&w->office, "112", &(struct route){ .is_emergency = true }, "acme", NULL);
	expect(w, say(raw, SUBSCRIBE("s") TEXT_END) == 200);
	advance_ms(w, 100);
	expect(w, set(raw, SET_FORWARD("Immediate", "true", "112")) == 200);
	advance_ms(w, 100);
	expect(w, w->office.pbx.phone_forwards.count == 0);
	expect_quiet(w);
}
