/* SPDX-License-Identifier: MIT */
/*
 * Lists that change while somebody is subscribed (RFC 4662): by what gets lost, by a new
 * configuration, and by their end.
 */
#include "list_office.h"
#include "screen.h"

/* --- What gets lost ----------------------------------------------------------------------- */

FLOW_PLAIN(a_lost_notify_of_a_list_is_followed_by_all, "RFC 4662 5.2, RFC 6665 4.2.2")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &roomy_profile;
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &roomy_profile;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") "Expires: 0\n" TEXT_END) == 200);
	advance_ms(w, 1000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(lists_have_a_limit, "RFC 3261 21.5.4")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	pool_set_max(&w->office.pbx.stack.notifiers, 4);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "a") TEXT_END) == 200);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "b") TEXT_END) == 503);
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
					       .profile = &roomy_profile };

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
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &roomy_profile;
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);
	size_t before;

	world_extension(w, "alice")->profile = &roomy_profile;
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);
	size_t before;

	world_extension(w, "alice")->profile = &roomy_profile;
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 1000);
	reload(w, some, "office", VISIBILITY_NUMBERS);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource") != NULL);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "202@"));
	expect_quiet(w);
}

FLOW_PLAIN(a_switch_that_stops_says_so_to_lists, "RFC 6665 4.1.3")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
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
	struct world *w = office_with_raw_alice(&raw);

	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 40000);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	raw_reply(raw, "NOTIFY", 481, "", "", "");
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect(w, w->office.pbx.list_entries == 0);
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
