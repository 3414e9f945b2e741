/* SPDX-License-Identifier: MIT */
/*
 * Orbits among an extension's keys, and what tools are told of them. Bob (202) parks alice (201);
 * carol (203) has the first two orbits and dave (204) on her list.
 */
#include "list_office.h"
#include "run.h"
#include "screen.h"

#include "pbx/api.h"

#define ORBIT "*851"
#define SUBSCRIBE_CAROL                                                                            \
	TEXT_HEAD("SUBSCRIBE", "203", "keys-203", "s")                                             \
	TEXT_CONTACT("203", "192.0.2.6") "Event: dialog\nSupported: eventlist\n" TEXT_END

static struct world *office_with_orbits(void)
{
	static const struct slice keys[] = { SLICE_INIT("204"), SLICE_INIT(ORBIT),
					     SLICE_INIT("*852") };
	struct world *w = world_new("alice", "bob", "carol", "dave");

	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"), .orbits = 9 }) ==
	      0);
	world_extension(w, "carol")->keys = (struct number_list){ keys, ARRAY_LEN(keys) };
	return w;
}

static void park_alice(struct world *w)
{
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer_number(w, "bob", ORBIT);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
}

/* --- Lists -------------------------------------------------------------------------------- */

FLOW(a_listed_orbit_shows_who_waits_and_fetches, "RFC 5359 2.15, RFC 4662 4.5")
{
	struct world *w = office_with_orbits();

	watch_list(w, "carol", "keys-203");
	park_alice(w);
	expect_lamp(w, "carol", ORBIT, LAMP_TALKING);
	expect_lamp(w, "carol", "*852", LAMP_DARK);
	expect_lamp(w, "carol", "dave", LAMP_DARK);
	press(w, "carol", ORBIT);
	expect_talking(w, "alice", "carol");
	expect_lamp(w, "carol", ORBIT, LAMP_DARK);
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(a_list_names_its_orbits, "RFC 4662 5.3, RFC 4235 4.1")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct world *w = office_with_orbits();
	struct raw *raw = world_raw(w, "raw");

	world_extension(w, "carol")->profile = &roomy_profile;
	world_start(w);
	expect(w, raw_ask_as(raw, "203", OFFICE_PASSWORD, SUBSCRIBE_CAROL) == 200);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "204 terminated, *851 terminated, *852 terminated"));
	expect(w, strcmp(screen.keys[0].name, "dave") == 0 && screen.keys[1].name[0] == '\0');
	park_alice(w);
	screen_look(w, &screen, raw);
	expect(w, screen.parts == 1);
	expect(w, screen_shows(&screen, "204 terminated, *851 confirmed, *852 terminated"));
	expect(w, screen_has(&screen, "sip:" ORBIT "@" OFFICE_DOMAIN, "sip:201@" OFFICE_DOMAIN));
	expect_quiet(w);
}

/* BroadWorks' phones take the label of a key from the local party. */
FLOW_PLAIN(a_free_orbit_has_its_address, "RFC 4662 5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct world *w = office_with_orbits();
	struct raw *raw = world_raw(w, "raw");

	world_extension(w, "carol")->profile = profile_find(SLICE("poly"));
	world_start(w);
	expect(w, raw_ask_as(raw, "203", OFFICE_PASSWORD, SUBSCRIBE_CAROL) == 200);
	screen_look(w, &screen, raw);
	expect(w, screen.parts == 3);
	expect(w, screen_has(&screen, "sip:" ORBIT "@" OFFICE_DOMAIN,
			     "<identity>sip:" ORBIT "@" OFFICE_DOMAIN "</identity>"));
	expect_quiet(w);
}

FLOW_PLAIN(an_orbit_that_is_no_more_leaves_the_list, "RFC 4662 4.5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct world *w = office_with_orbits();
	struct raw *raw = world_raw(w, "raw");

	world_extension(w, "carol")->profile = &roomy_profile;
	world_start(w);
	expect(w, raw_ask_as(raw, "203", OFFICE_PASSWORD, SUBSCRIBE_CAROL) == 200);
	expect(w, directory_set_park(
			  w->office.directory,
			  &(struct park_config){ .code = SLICE_INIT("*85"), .orbits = 1 }) == 0);
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 1000);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "204 terminated, *851 terminated"));
	expect_quiet(w);
}

/* --- Tools -------------------------------------------------------------------------------- */

/* All rows, a line each. */
static const char *rows(struct world *w, enum api_table table, const char *number,
			const char *watcher)
{
	static char text[8 * API_ROW_MAX_BYTES];
	struct buf buf = { .p = text, .cap = sizeof(text) - 1 };
	struct api_cursor cursor;

	api_cursor_init(&cursor, &w->office.pbx, table, slice_from_cstr(number));
	cursor.watcher = slice_from_cstr(watcher);
	while (api_next(&cursor, &buf) == API_ROW)
		buf_char(&buf, '\n');
	api_cursor_fini(&cursor);
	text[buf.n] = '\0';
	return text;
}

static void expect_rows(struct world *w, const char *text, const char *part)
{
	if (!strstr(text, part) && !w->is_faulty)
		run_fail(w, "no %s in %s", part, text);
}

#define FREE "{\"type\":\"lamp\",\"orbit\":\"*851\",\"lamp\":\"off\",\"watchers\":1}\n"
#define TAKEN                                                                                      \
	"{\"type\":\"lamp\",\"orbit\":\"*851\",\"lamp\":\"steady\",\"parked\":{\"call\":1,"        \
	"\"with\":\"201\",\"by\":\"202\",\"age\":"

FLOW(tools_are_told_of_an_orbit, "ctl")
{
	struct world *w = office_with_orbits();
	const char *text;

	watch(w, "carol", ORBIT);
	world_start(w);
	expect(w, strcmp(rows(w, API_LAMPS, ORBIT, ""), FREE) == 0);
	park_alice(w);
	expect_lamp(w, "carol", ORBIT, LAMP_TALKING);
	advance_ms(w, 12000);
	expect_rows(w, rows(w, API_LAMPS, ORBIT, ""), TAKEN "12},\"watchers\":1}\n");
	expect_rows(w, rows(w, API_CALLS, ORBIT, ""), "\"parked\":{\"orbit\":\"*851\"");
	expect(w, rows(w, API_CALLS, "*852", "")[0] == '\0');
	text = rows(w, API_LAMP, ORBIT, "");
	expect_rows(w, text, TAKEN "12},\"watchers\":1}\n{\"type\":\"watcher\",");
	expect_rows(w, text,
		    "\"watched\":\"*851\",\"watcher\":\"203\",\"watching\":true,"
		    "\"name\":\"carol\",\"sees\":\"numbers\",\"sees_by\":\"orbit\","
		    "\"pickup\":true,\"pickup_by\":\"orbit\"");
	expect_rows(w, text,
		    "\"lamp\":\"steady\",\"dialogs\":[{\"state\":\"confirmed\","
		    "\"direction\":\"recipient\",\"remote\":\"sip:201@pbx.example\","
		    "\"call\":1,\"age\":12,\"with\":\"201\"}]");
	text = rows(w, API_LAMP, ORBIT, "204");
	expect_rows(w, text,
		    "\"watcher\":\"204\",\"watching\":false,\"exists\":true,"
		    "\"name\":\"dave\",\"sees\":\"numbers\",\"sees_by\":\"orbit\"");
	expect_quiet(w);
}

FLOW_PLAIN(tools_are_told_of_no_orbit_that_is_none, "ctl")
{
	struct world *w = office_with_orbits();

	world_start(w);
	expect(w, rows(w, API_LAMP, "*85", "")[0] == '\0');
	expect(w, rows(w, API_LAMP, "*850", "")[0] == '\0');
	expect(w, rows(w, API_LAMPS, "*8510", "203")[0] == '\0');
	/* The table of all is one of extensions. */
	expect(w, !strstr(rows(w, API_LAMPS, "", ""), "orbit"));
	expect(w, strstr(rows(w, API_LAMP, ORBIT, "299"), "\"exists\":false"));
	expect_quiet(w);
}
