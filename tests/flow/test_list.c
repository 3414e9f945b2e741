/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to lists (RFC 4662): who has them, what the first NOTIFY and the later ones tell,
 * and that none of them tells more than a subscription to one extension would.
 */
#include "screen.h"
#include "texts.h"
#include "world.h"

#include "pbx/profile.h"

#include <stdio.h>
#include <stdlib.h>

#define SUBSCRIBE_PLAIN(to, call)                                                                  \
	TEXT_HEAD("SUBSCRIBE", "201", to, call) TEXT_CONTACT("201", "192.0.2.6") "Event: dialog\n"
#define SUBSCRIBE(to, call) SUBSCRIBE_PLAIN(to, call) "Supported: eventlist\n"

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

#define URI(number) "sip:" number "@" OFFICE_DOMAIN
#define ALL_FREE "202 terminated, 203 terminated, 204 terminated"

/* --- Who has a list ----------------------------------------------------------------------- */

FLOW_PLAIN(complaint_18_the_first_notify_of_a_list_is_full, "RFC 4662 4.5, RFC 4662 5.2")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	raw->is_mute = true;
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "Require: eventlist") != NULL);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.version == 0 && screen.is_full);
	expect(w, screen.count == 3 && strcmp(screen.keys[0].name, "bob") == 0);
	/* What did not fit follows, and then all is known. */
	raw->is_mute = false;
	advance_ms(w, 5000);
	screen = screen_blank;
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, ALL_FREE));
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
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	set_keys(w, "alice");
	expect(w, say(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "204 terminated, 202 terminated"));
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
	screen_look(w, &screen, raw);
	expect(w, strcmp(screen.keys[0].name, "B\xc3\xb6"
					      "b &lt;&amp;&gt;") == 0);
	expect(w, strstr(raw_last(raw, "NOTIFY"), root) && !strstr(raw_last(raw, "NOTIFY"), part));
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), root) && strstr(raw_last(raw, "NOTIFY"), part));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_has_the_uris_that_its_phone_knows, "RFC 4235 4.1")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w,
	       say(raw, "SUBSCRIBE sip:keys-office@192.0.2.1:5060;user=phone SIP/2.0\n{via}\n"
			"Max-Forwards: 70\nFrom: <sip:201@" OFFICE_DOMAIN ">;tag=1\n"
			"To: <sip:keys-office@192.0.2.1:5060;user=phone>\nCall-ID: s\n"
			"CSeq: {cseq} SUBSCRIBE\n{auth}\nEvent: dialog\n"
			"Supported: eventlist\n" TEXT_CONTACT("201", "192.0.2.6") TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w,
	       strstr(raw_last(raw, "NOTIFY"), " uri=\"sip:keys-office@192.0.2.1:5060\"") != NULL);
	expect(w, screen_find_key(&screen, "sip:202@192.0.2.1:5060") != NULL);
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
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	set_keys(w, "alice");
	world_extension(w, "dave")->visibility = VISIBILITY_NONE;
	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	expect(w, say(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 confirmed"));
	expect(w, !screen_has(&screen, URI("202"), "direction") &&
			  !screen_has(&screen, URI("202"), "203"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "204"));
	expect_quiet(w);
}

/* --- What is told ------------------------------------------------------------------------- */

FLOW_PLAIN(only_who_changed_is_told_of, "RFC 4662 4.5, RFC 4235 4.1")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t before;

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	before = screen.notifies;
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, screen_has(&screen, URI("202"), "direction=\"recipient\""));
	expect(w, screen_has(&screen, URI("202"), "call-id=\"") &&
			  screen_has(&screen, URI("202"), "sip:*8202@"));
	answer(w, "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
	hang_up(w, "carol");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, ALL_FREE));
	expect(w, !screen.is_full && screen.notifies - before <= 7);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_by_datagrams_comes_in_pieces, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
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
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
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
	screen_look(w, &screen, raw);
	expect(w,
	       screen.parts == 2 && screen_shows(&screen, "202 terminated, 203 terminated, 204"));
	raw->is_mute = false;
	advance_ms(w, 2000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen.parts == 1 && screen_shows(&screen, ALL_FREE));
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
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen_shows(&screen, "202 terminated, 203 trying, "
								"204 terminated"));
	raw->is_mute = false;
	advance_ms(w, 5000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 3 && screen.parts == 2);
	expect(w, screen_shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
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
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
	expect(w, screen_has(&screen, URI("204"), "<local>\n<identity display=\"dave\">sip:204@"));
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen.parts == 3);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, screen_has(&screen, URI("202"), "<local>\n<identity display=\"bob\">sip:202@"));
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
	struct screen screen = screen_blank;
	char call_id[64], local_tag[64], remote_tag[64], text[2048];
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct screen_key *key;

	world_start(w);
	expect(w, say(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	key = screen_find_key(&screen, URI("202"));
	screen_cut(key->document, " call-id=\"", call_id, sizeof(call_id));
	screen_cut(key->document, " local-tag=\"", local_tag, sizeof(local_tag));
	screen_cut(key->document, " remote-tag=\"", remote_tag, sizeof(remote_tag));
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
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen.parts == 3);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	hang_up(w, "carol");
	raw->is_mute = false;
	advance_ms(w, 40000);
	screen_look(w, &screen, raw);
	expect(w, !screen.is_full && screen_shows(&screen, ALL_FREE));
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
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen.version == 1 && screen.is_full);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\nExpires: 0\n" TEXT_END) == 200);
	screen_look(w, &screen, raw);
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
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
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
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen_shows(&screen, "204 terminated, 202 early, 203 early, "
							  "205 terminated"));
	expect(w, strcmp(screen.keys[0].name, "renamed") == 0);
	/* A right that was taken leaves no trace. */
	reload(w, all, "office", VISIBILITY_NONE);
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen_shows(&screen, "202 early, 203 early, 205 terminated"));
	reload(w, few, "office", VISIBILITY_BUSY);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "204 terminated"));
	reload(w, one, "office", VISIBILITY_BUSY);
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen_shows(&screen, ""));
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
	screen_look(w, &screen, raw);
	before = screen.notifies;
	reload(w, all, "office", VISIBILITY_NUMBERS);
	screen_look(w, &screen, raw);
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
	screen_look(w, &screen, raw);
	before = screen.notifies;
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "dave", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == before + 1);
	advance_ms(w, 1000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == before + 2 && screen.parts == 3);
	expect(w, screen_shows(&screen, "202 early, 203 terminated, 204 early"));
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
