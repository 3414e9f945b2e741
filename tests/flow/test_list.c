/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to lists (RFC 4662): who has them, what the first NOTIFY and the later ones tell,
 * and that none of them tells more than a subscription to one extension would. What a raw phone
 * was sent is replayed on a screen that believes nothing: every NOTIFY has to be in order.
 */
#include "texts.h"
#include "world.h"

#include "pbx/profile.h"
#include "sip/multipart.h"
#include "xml/dialog_info_read.h"
#include "xml/rlmi_read.h"

#include <stdio.h>
#include <stdlib.h>

#define SUBSCRIBE_PLAIN(to, call)                                                                  \
	TEXT_HEAD("SUBSCRIBE", "201", to, call) TEXT_CONTACT("201", "192.0.2.6") "Event: dialog\n"
#define SUBSCRIBE(to, call) SUBSCRIBE_PLAIN(to, call) "Supported: eventlist\n"
#define DATAGRAM_BYTES 1300

/* A phone that takes as much as is sent; there is no TCP to the raw one. */
static const struct profile roomy = {
	.name = "roomy",
	.is_dialog_needed = true,
	.is_name_shown = true,
	.notify_bytes = 6000,
};

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

/* Alice's own phone is raw; the others are phones. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	*ret_raw = world_raw(w, "raw");
	return w;
}

/* --- The screen --------------------------------------------------------------------------- */

#define SCREEN_MAX 8

struct screen_key {
	char uri[64], name[32], instance[12], state[16];
	char document[2048];
	long version; /* of its last document; -1: none yet */
};

struct screen {
	size_t seen; /* of the inbox */
	size_t notifies;
	long version; /* -1: none yet */
	size_t parts; /* of the last one, as the next two */
	size_t bytes;
	bool is_full;
	bool is_whole; /* its phone takes more than a datagram */
	size_t count;
	struct screen_key keys[SCREEN_MAX];
};

static const struct screen blank = { .version = -1 };

/* What stands between `before` and the next '"' or '<'; "" when `before` is not there. */
static void cut(const char *text, const char *before, char *ret, size_t size)
{
	const char *p = strstr(text, before);

	p = p ? p + strlen(before) : "";
	snprintf(ret, size, "%.*s", (int)strcspn(p, "\"<"), p);
}

static long cut_number(const char *text, const char *before)
{
	char number[16];

	cut(text, before, number, sizeof(number));
	return strtol(number, NULL, 10);
}

static struct screen_key *find_key(struct screen *screen, const char *uri)
{
	for (size_t i = 0; i < screen->count; i++)
		if (strcmp(screen->keys[i].uri, uri) == 0)
			return &screen->keys[i];
	return NULL;
}

/* Expat finds nothing wrong with any part. */
static void expect_xml(struct world *w, const struct multipart *multipart)
{
	_Alignas(max_align_t) static char block[4 * XML_MAX_BYTES];
	struct rlmi_list list;
	struct dialog_info info;
	struct arena arena;

	arena_init(&arena, block, sizeof(block));
	expect(w, rlmi_read(multipart->parts[0].body, &arena, &list) == 0);
	for (size_t i = 1; i < multipart->part_count; i++) {
		arena_init(&arena, block, sizeof(block));
		expect(w, dialog_info_read(multipart->parts[i].body, &arena, &info) == 0);
	}
}

static void show_part(struct world *w, struct screen_key *key, const struct multipart_part *part)
{
	char entity[64];
	long version = cut_number(part->body.p, "\" version=\"");

	cut(part->body.p, " entity=\"", entity, sizeof(entity));
	expect(w, strcmp(entity, key->uri) == 0);
	expect(w, slice_eq(part->type, SLICE("application/dialog-info+xml")));
	expect(w, version == key->version + 1);
	key->version = version;
	/* Behind its attributes, if it has any. */
	cut(strchr(strstr(part->body.p, "<state"), '>'), ">", key->state, sizeof(key->state));
	snprintf(key->document, sizeof(key->document), "%s", part->body.p);
}

/* A full list is shown in its own order; of who was on it before the instance is still known. */
static struct screen_key *list_key(struct world *w, struct screen *screen,
				   const struct screen *before, const char *uri)
{
	struct screen_key *key = screen->is_full ? NULL : find_key(screen, uri);
	const struct screen_key *known = find_key((struct screen *)before, uri);

	if (key)
		return key;
	expect(w, screen->is_full && screen->count < SCREEN_MAX);
	key = &screen->keys[screen->count++];
	*key = (struct screen_key){ .version = -1 };
	if (known)
		*key = *known;
	key->state[0] = '\0';
	snprintf(key->uri, sizeof(key->uri), "%s", uri);
	return key;
}

/* A resource with its instance, if it has one; what its cid names is there. */
static void show_resource(struct world *w, struct screen *screen, const struct screen *before,
			  const struct multipart *multipart, const char *text)
{
	char uri[64], instance[12], cid[64];
	const struct multipart_part *part;
	struct screen_key *key;

	cut(text, "<resource uri=\"", uri, sizeof(uri));
	cut(text, "<instance id=\"", instance, sizeof(instance));
	cut(text, " cid=\"", cid, sizeof(cid));
	key = list_key(w, screen, before, uri);
	if (screen->is_full)
		cut(text, "<name>", key->name, sizeof(key->name));
	if (!*instance)
		return;
	if (strcmp(key->instance, instance) != 0)
		key->version = -1;
	snprintf(key->instance, sizeof(key->instance), "%s", instance);
	part = multipart_find(multipart, slice_from_cstr(cid));
	expect(w, part != NULL);
	if (part)
		show_part(w, key, part);
}

/* RFC 4662 5.2, 5.6: the first one is full; a full one is all there is; no version is left out. */
static void show_list(struct world *w, struct screen *screen, const struct multipart *multipart)
{
	const char *root = multipart->parts[0].body.p;
	struct screen before = *screen;
	char line[512];

	expect(w, cut_number(root, "\" version=\"") == screen->version + 1);
	screen->version++;
	screen->is_full = strstr(root, "fullState=\"true\"") != NULL;
	screen->parts = multipart->part_count - 1;
	expect(w, screen->is_full || screen->version > 0);
	if (screen->is_full)
		screen->count = 0;
	for (const char *p = root; (p = strstr(p, "<resource ")); p++) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		show_resource(w, screen, &before, multipart, line);
	}
}

static void show_notify(struct world *w, struct screen *screen, const char *notify)
{
	static char body[RAW_MESSAGE_MAX_BYTES];
	static struct multipart multipart;
	const char *type = strstr(notify, "\r\nContent-Type: ");

	screen->notifies++;
	expect(w, strstr(notify, "\r\nRequire: eventlist\r\n") != NULL);
	if (!type)
		return;
	type += strlen("\r\nContent-Type: ");
	snprintf(body, sizeof(body), "%s", strstr(notify, "\r\n\r\n") + 4);
	expect(w, multipart_read(slice_of(type, strcspn(type, "\r")), slice_from_cstr(body),
				 &multipart) == 0);
	for (size_t i = 0; i < multipart.part_count; i++)
		*(char *)(multipart.parts[i].body.p + multipart.parts[i].body.n) = '\0';
	expect(w, multipart.root == 0);
	expect_xml(w, &multipart);
	show_list(w, screen, &multipart);
	/* What is longer than a datagram is one document, or nothing but names. */
	if (screen->bytes > DATAGRAM_BYTES && !screen->is_whole)
		expect(w, screen->parts == (screen->is_full ? 0 : 1));
}

static bool is_repeated(const struct raw *raw, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(raw->inbox[i], raw->inbox[at]) == 0)
			return true;
	return false;
}

/* What has come since the last look. */
static void look(struct world *w, struct screen *screen, const struct raw *raw)
{
	for (; screen->seen < raw->count; screen->seen++) {
		if (strncmp(raw->inbox[screen->seen], "NOTIFY", 6) != 0 ||
		    is_repeated(raw, screen->seen))
			continue;
		screen->bytes = raw->sizes[screen->seen];
		show_notify(w, screen, raw->inbox[screen->seen]);
	}
}

/* "202 early, 203" is what the screen shows, in the order of the list. */
static bool shows(const struct screen *screen, const char *expected)
{
	char text[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < screen->count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.3s%s%s", i ? ", " : "",
				      screen->keys[i].uri + strlen("sip:"),
				      screen->keys[i].state[0] ? " " : "", screen->keys[i].state);
	if (strcmp(text, expected) == 0)
		return true;
	fprintf(stderr, "# the screen shows: %s\n", text);
	return false;
}

static bool has(const struct screen *screen, const char *uri, const char *what)
{
	struct screen_key *key = find_key((struct screen *)screen, uri);

	return key && strstr(key->document, what);
}

#define URI(number) "sip:" number "@" OFFICE_DOMAIN
#define ALL_FREE "202 terminated, 203 terminated, 204 terminated"

/* --- Who has a list ----------------------------------------------------------------------- */

FLOW_PLAIN(complaint_18_the_first_notify_of_a_list_is_full, "RFC 4662 4.5, RFC 4662 5.2")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "Require: eventlist") != NULL);
	look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.version == 0 && screen.is_full);
	expect(w, screen.count == 3 && strcmp(screen.keys[0].name, "bob") == 0);
	/* What did not fit follows, and then all is known. */
	raw->is_mute = false;
	advance_ms(w, 5000);
	screen = blank;
	look(w, &screen, raw);
	expect(w, shows(&screen, ALL_FREE));
	expect(w, !screen.is_full);
	expect_quiet(w);
}

static void set_keys(struct world *w, const char *name)
{
	static const struct slice numbers[] = { SLICE_INIT("204"), SLICE_INIT("202") };

	world_extension(w, name)->keys = (struct number_list){ numbers, ARRAY_LEN(numbers) };
}

FLOW_PLAIN(ones_keys_come_in_their_order, "RFC 4662 4.5, RFC 4662 5.3")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	set_keys(w, "alice");
	expect(w, say(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	look(w, &screen, raw);
	expect(w, shows(&screen, "204 terminated, 202 terminated"));
	expect_quiet(w);
}

FLOW_PLAIN(names_beyond_ascii_are_said_to_be_there, "RFC 2045 6.1, RFC 2045 6.2")
{
	static const char root[] = "Content-Transfer-Encoding: binary\r\nContent-ID: <rlmi@list>";
	static const char part[] = "Content-Transfer-Encoding: binary\r\nContent-ID: <2.";
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &roomy;
	world_extension(w, "bob")->name = SLICE("B\xc3\xb6"
						"b <&>");
	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w, strcmp(screen.keys[0].name, "B\xc3\xb6"
					      "b &lt;&amp;&gt;") == 0);
	expect(w, strstr(raw_last(raw, "NOTIFY"), root) && !strstr(raw_last(raw, "NOTIFY"), part));
	dial(w, "carol", "bob");
	look(w, &screen, raw);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), root) && strstr(raw_last(raw, "NOTIFY"), part));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_has_the_uris_that_its_phone_knows, "RFC 4235 4.1")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w,
	       say(raw, "SUBSCRIBE sip:keys-office@192.0.2.1:5060;user=phone SIP/2.0\n{via}\n"
			"Max-Forwards: 70\nFrom: <sip:201@" OFFICE_DOMAIN ">;tag=1\n"
			"To: <sip:keys-office@192.0.2.1:5060;user=phone>\nCall-ID: s\n"
			"CSeq: {cseq} SUBSCRIBE\n{auth}\nEvent: dialog\n"
			"Supported: eventlist\n" TEXT_CONTACT("201", "192.0.2.6") TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w,
	       strstr(raw_last(raw, "NOTIFY"), " uri=\"sip:keys-office@192.0.2.1:5060\"") != NULL);
	expect(w, find_key(&screen, "sip:202@192.0.2.1:5060") != NULL);
	expect_quiet(w);
}

FLOW_PLAIN(who_does_not_know_lists_is_told_to, "RFC 4662 4.1, RFC 3261 21.4.16")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE_PLAIN("keys-office", "a") TEXT_END) == 421);
	expect(w, strstr(raw_last(raw, "SIP/2.0 421"), "Require: eventlist") != NULL);
	expect(w, say(raw, SUBSCRIBE_PLAIN("keys-office", "b") "Supported: replaces\n" TEXT_END) ==
			  421);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect(w, say(raw, SUBSCRIBE_PLAIN("keys-office", "c") "Require: eventlist\n" TEXT_END) ==
			  200);
	expect(w, say(raw, SUBSCRIBE_PLAIN("keys-office", "d") "Require: lists\n" TEXT_END) == 420);
	expect_quiet(w);
}

FLOW_PLAIN(somebody_elses_list_is_no_list, "RFC 4662 7, SECURITY A4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	set_keys(w, "bob");
	expect(w, raw_ask(raw, SUBSCRIBE("keys-office", "a") TEXT_END) == 401);
	expect(w, say(raw, SUBSCRIBE("keys-202", "b") TEXT_END) == 404);
	expect(w, say(raw, SUBSCRIBE("keys-201", "c") TEXT_END) == 404);
	expect(w, say(raw, SUBSCRIBE("keys-299", "d") TEXT_END) == 404);
	world_extension(w, "alice")->group_count = 0;
	expect(w, say(raw, SUBSCRIBE("keys-office", "e") TEXT_END) == 404);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_names_nobody_who_may_not_be_seen, "RFC 4662 7, RFC 4235 6")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	set_keys(w, "alice");
	world_extension(w, "dave")->visibility = VISIBILITY_NONE;
	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	expect(w, say(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	look(w, &screen, raw);
	expect(w, shows(&screen, "202 confirmed"));
	expect(w, !has(&screen, URI("202"), "direction") && !has(&screen, URI("202"), "203"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "204"));
	expect_quiet(w);
}

/* --- What is told ------------------------------------------------------------------------- */

FLOW_PLAIN(only_who_changed_is_told_of, "RFC 4662 4.5, RFC 4235 4.1")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	look(w, &screen, raw);
	before = screen.notifies;
	dial(w, "carol", "bob");
	look(w, &screen, raw);
	expect(w, shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, has(&screen, URI("202"), "direction=\"recipient\""));
	expect(w, has(&screen, URI("202"), "call-id=\"") && has(&screen, URI("202"), "sip:*8202@"));
	answer(w, "bob");
	look(w, &screen, raw);
	expect(w, shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
	hang_up(w, "carol");
	look(w, &screen, raw);
	expect(w, shows(&screen, ALL_FREE));
	expect(w, !screen.is_full && screen.notifies - before <= 7);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_by_datagrams_comes_in_pieces, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct screen screen = blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	look(w, &screen, raw);
	expect(w, screen.notifies > 1 && screen.bytes <= DATAGRAM_BYTES);
	expect_quiet(w);
}

FLOW_PLAIN(with_room_a_list_comes_as_one, "RFC 4662 4.5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &roomy;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && shows(&screen, ALL_FREE));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_takes_few_resources_at_a_time_gets_few, "RFC 4662 4.5")
{
	static const struct profile few = {
		.name = "few", .is_dialog_needed = true, .notify_bytes = 6000, .list_resources = 2
	};
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &few;
	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w, screen.parts == 2 && shows(&screen, "202 terminated, 203 terminated, 204"));
	raw->is_mute = false;
	advance_ms(w, 2000);
	look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen.parts == 1 && shows(&screen, ALL_FREE));
	expect_quiet(w);
}

FLOW_PLAIN(changes_while_a_list_is_unanswered_become_one, "RFC 4662 4.5, RFC 6665 4.2.2")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_start(w);
	world_extension(w, "alice")->profile = &roomy;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	answer(w, "bob");
	look(w, &screen, raw);
	expect(w, screen.notifies == 2 && shows(&screen, "202 terminated, 203 trying, "
							 "204 terminated"));
	raw->is_mute = false;
	advance_ms(w, 5000);
	look(w, &screen, raw);
	expect(w, screen.notifies == 3 && screen.parts == 2);
	expect(w, shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
	expect_quiet(w);
}

FLOW_PLAIN(broadworks_phones_are_told_of_all, "RFC 4662 5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_start(w);
	world_extension(w, "alice")->profile = profile_find(SLICE("poly"));
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && shows(&screen, ALL_FREE));
	expect(w, has(&screen, URI("204"), "<local>\n<identity display=\"dave\">sip:204@"));
	dial(w, "carol", "bob");
	look(w, &screen, raw);
	expect(w, screen.is_full && screen.parts == 3);
	expect(w, shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, has(&screen, URI("202"), "<local>\n<identity display=\"bob\">sip:202@"));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_comes_in_the_words_of_presence_too, "RFC 4662 4.5, RFC 3856 6.7")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	const char *notify;

	world_extension(w, "alice")->profile = &roomy;
	world_start(w);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "keys-office", "s") TEXT_CONTACT(
				   "201", "192.0.2.6") "Event: presence\nSupported: eventlist\n"
						       "Accept: application/pidf+xml, "
						       "application/rlmi+xml, "
						       "multipart/related\n" TEXT_END) == 200);
	notify = raw_last(raw, "NOTIFY");
	expect(w, strstr(notify, "version=\"0\" fullState=\"true\"") != NULL);
	expect(w, strstr(notify, "Content-Type: application/pidf+xml") != NULL);
	expect(w, strstr(notify, "entity=\"" URI("202") "\"") != NULL);
	dial(w, "carol", "bob");
	notify = raw_last(raw, "NOTIFY");
	expect(w, strstr(notify, "version=\"2\" fullState=\"false\"") != NULL);
	expect(w, strstr(notify, "Ringing") && !strstr(notify, "dialog-info"));
	expect_quiet(w);
}

FLOW_PLAIN(a_call_is_taken_by_what_a_list_told, "RFC 3891 3, SECURITY R2")
{
	struct screen screen = blank;
	char call_id[64], local_tag[64], remote_tag[64], text[2048];
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct screen_key *key;

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	look(w, &screen, raw);
	key = find_key(&screen, URI("202"));
	cut(key->document, " call-id=\"", call_id, sizeof(call_id));
	cut(key->document, " local-tag=\"", local_tag, sizeof(local_tag));
	cut(key->document, " remote-tag=\"", remote_tag, sizeof(remote_tag));
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "*8202", "p") TEXT_CONTACT(
			 "201", "192.0.2.6") "Replaces: "
					     "%s;to-tag=%s;from-tag=%s\n" TEXT_WITH_SDP("192.0.2.6",
											"8"),
		 call_id, remote_tag, local_tag);
	expect(w, say(raw, text) == 200);
	raw_speak(raw, "SIP/2.0 200", "tp", "ACK", TEXT_END);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	hang_up(w, "carol");
	expect_quiet(w);
}

/* --- What gets lost ----------------------------------------------------------------------- */

FLOW_PLAIN(a_lost_notify_of_a_list_is_followed_by_all, "RFC 4662 5.2, RFC 6665 4.2.2")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &roomy;
	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	advance_ms(w, 40000);
	look(w, &screen, raw);
	expect(w, screen.is_full && screen.parts == 3);
	expect(w, shows(&screen, "202 early, 203 early, 204 terminated"));
	hang_up(w, "carol");
	raw->is_mute = false;
	advance_ms(w, 40000);
	look(w, &screen, raw);
	expect(w, !screen.is_full && shows(&screen, ALL_FREE));
	expect(w, w->office.pbx.stack.notifiers.held_count == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_refresh_of_a_list_is_answered_with_all, "RFC 4662 4.5, RFC 4662 5.2")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &roomy;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\n" TEXT_CONTACT("201", "192.0.2.6") TEXT_END) == 200);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "Require: eventlist") != NULL);
	look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen.version == 1 && screen.is_full);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\nExpires: 0\n" TEXT_END) == 200);
	look(w, &screen, raw);
	expect(w, screen.notifies == 3 && screen.is_full && screen.parts == 3);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=timeout") != NULL);
	expect(w, w->office.pbx.list_entries == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_fetched_list_comes_whole, "RFC 6665 4.4.3, RFC 4662 4.5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("keys-office", "s") "Expires: 0\n" TEXT_END) == 200);
	advance_ms(w, 1000);
	look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && shows(&screen, ALL_FREE));
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(lists_have_a_limit, "RFC 3261 21.5.4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	pool_set_max(&w->office.pbx.stack.notifiers, 4);
	expect(w, say(raw, SUBSCRIBE("keys-office", "a") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("keys-office", "b") TEXT_END) == 503);
	expect(w, strstr(raw_last(raw, "SIP/2.0 503"), "Retry-After") != NULL);
	expect(w, w->office.pbx.list_entries == 3);
	expect_quiet(w);
}

/* --- A new configuration ------------------------------------------------------------------ */

/* The office again with these numbers, in the group "office" or not; 204 shows this much. */
static void reload(struct world *w, const char *const *numbers, const char *group,
		   enum visibility of_dave)
{
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);

	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	expect(w, directory_add_group(directory,
				      &(struct group){ .name = slice_from_cstr(group),
						       .number = SLICE(OFFICE_GROUP) }) == 0);
	for (; *numbers; numbers++) {
		struct extension extension = { .number = slice_from_cstr(*numbers),
					       .name = SLICE("renamed"),
					       .password = SLICE(OFFICE_PASSWORD),
					       .groups = { slice_from_cstr(group) },
					       .group_count = 1,
					       .visibility = strcmp(*numbers, "204") == 0
								     ? of_dave
								     : VISIBILITY_NUMBERS,
					       .pickup = PICKUP_ALL,
					       .profile = &roomy };

		expect(w, directory_add_extension(directory, &extension) == 0);
	}
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(w->office.directory);
	w->office.directory = directory;
	advance_ms(w, 100);
}

FLOW_PLAIN(a_list_that_changed_is_told_anew, "RFC 4662 4.5")
{
	static const char *const all[] = { "201", "204", "202", "203", "205", NULL };
	static const char *const few[] = { "201", "204", NULL };
	static const char *const one[] = { "201", NULL };
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "alice")->profile = &roomy;
	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	reload(w, all, "office", VISIBILITY_NUMBERS);
	look(w, &screen, raw);
	expect(w, screen.is_full && shows(&screen, "204 terminated, 202 early, 203 early, "
						   "205 terminated"));
	expect(w, strcmp(screen.keys[0].name, "renamed") == 0);
	/* A right that was taken leaves no trace. */
	reload(w, all, "office", VISIBILITY_NONE);
	look(w, &screen, raw);
	expect(w, screen.is_full && shows(&screen, "202 early, 203 early, 205 terminated"));
	reload(w, few, "office", VISIBILITY_BUSY);
	look(w, &screen, raw);
	expect(w, shows(&screen, "204 terminated"));
	reload(w, one, "office", VISIBILITY_BUSY);
	look(w, &screen, raw);
	expect(w, screen.is_full && shows(&screen, ""));
	expect_quiet(w);
}

FLOW_PLAIN(an_unchanged_list_is_not_told_anew, "RFC 6665 4.2.2")
{
	static const char *const all[] = { "201", "202", "203", "204", NULL };
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	world_extension(w, "alice")->profile = &roomy;
	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	reload(w, all, "office", VISIBILITY_NUMBERS);
	look(w, &screen, raw);
	before = screen.notifies;
	reload(w, all, "office", VISIBILITY_NUMBERS);
	look(w, &screen, raw);
	expect(w, screen.notifies == before);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_is_told_once_in_a_gap, "RFC 4662 4.8, RFC 4235 3.10")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	world_extension(w, "alice")->profile = &roomy;
	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	w->office.directory->lamp_gap_ms = 1000;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	dial(w, "carol", "bob");
	advance_ms(w, 2000);
	look(w, &screen, raw);
	before = screen.notifies;
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "dave", "bob");
	look(w, &screen, raw);
	expect(w, screen.notifies == before + 1);
	advance_ms(w, 1000);
	look(w, &screen, raw);
	expect(w, screen.notifies == before + 2 && screen.parts == 3);
	expect(w, shows(&screen, "202 early, 203 terminated, 204 early"));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_that_is_no_more_ends, "RFC 6665 4.1.3")
{
	static const char *const all[] = { "201", "202", "203", "204", NULL };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 1000);
	reload(w, all, "sales", VISIBILITY_NUMBERS);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource") != NULL);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "Content-Length: 0") != NULL);
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(whose_list_it_was_is_gone, "RFC 6665 4.1.3")
{
	static const char *const some[] = { "202", "203", "204", NULL };
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 1000);
	reload(w, some, "office", VISIBILITY_NUMBERS);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource") != NULL);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "202@"));
	expect_quiet(w);
}

FLOW_PLAIN(a_switch_that_stops_says_so_to_lists, "RFC 6665 4.1.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 1000);
	pbx_stop(&w->office.pbx);
	advance_ms(w, 1000);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=deactivated") != NULL);
	expect(w, w->office.pbx.list_entries == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_knows_no_such_list_is_told_no_more, "RFC 6665 4.2.2, RFC 5057 5.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 40000);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect(w, w->office.pbx.list_entries == 0);
	expect_quiet(w);
}

/* --- Real phones, and what gets lost ------------------------------------------------------ */

FLOW(a_list_lights_every_key, "RFC 4662 4.5, RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch_list(w, "alice", "keys-office");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	expect_lamp(w, "alice", "carol", LAMP_TALKING);
	expect_lamp(w, "alice", "dave", LAMP_DARK);
	answer(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	hang_up(w, "carol");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_listed_key_picks_up, "RFC 3891 3, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch_list(w, "carol", "keys-office");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	press(w, "carol", "bob");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW(a_list_by_a_connection_comes_in_one_piece, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	by_transport(w, "alice", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect(w, w->phones[0].phone.lists[0].version == 0);
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	break_connections(w, "alice");
	hang_up(w, "carol");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_list_is_right_again_after_silence, "RFC 4662 5.2, RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch_list(w, "alice", "keys-office");
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	unplug(w, "alice");
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "dave", "carol");
	advance_ms(w, 40000);
	plug_in(w, "alice");
	advance_ms(w, 200000);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_list_tells_changes_of_dialogs, "RFC 4235 4.3, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "alice")->profile = profile_find(SLICE("yealink"));
	by_transport(w, "alice", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	answer(w, "bob");
	dial(w, "dave", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	hang_up(w, "carol");
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	hang_up(w, "dave");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_long_list_arrives_by_datagram_and_connection, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	for (unsigned i = 0; i < 60; i++) {
		char number[8];

		snprintf(number, sizeof(number), "%u", 301 + i);
		office_add(&w->office, number, "somebody with quite a name");
	}
	by_transport(w, "carol", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	watch_list(w, "carol", "keys-office");
	world_start(w);
	advance_ms(w, 5000);
	for (size_t i = 0; i < 3; i += 2) {
		const struct phone *phone = &w->phones[i].phone;

		expect(w, phone->key_count == 63);
		for (size_t k = 0; k < phone->key_count; k++)
			expect(w, !slice_is_empty(phone->keys[k]->instance));
	}
	expect(w, w->phones[0].phone.lists[0].version > 30);
	expect(w, w->phones[2].phone.lists[0].version < 5);
	dial(w, "dave", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	hang_up(w, "dave");
	expect_quiet(w);
}

/* What elsewhere was said of somebody ends while the list is made anew. */
FLOW_PLAIN(a_list_is_made_anew_while_a_report_ends, "RFC 4662 4.5, RFC 6665 4.2.2")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");
	struct neighbour *cell;

	world_extension(w, "bob")->lamp_source = LAMP_SOURCE_FORWARD;
	watch_list(w, "alice", "keys-office");
	cell = world_telling_phone(w, "cell", "202");
	says(w, cell, "<dialog id=\"1\" direction=\"recipient\"><state>confirmed</state></dialog>");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	reload(w, all, "office", VISIBILITY_NUMBERS);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect(w, w->phones[0].phone.keys[0]->name.n == strlen("renamed"));
	expect_quiet(w);
}
