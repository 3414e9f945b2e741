/* SPDX-License-Identifier: MIT */
/*
 * Lists (RFC 4662) that do not fit into one datagram: the rest follows as fast as the phone
 * answers.
 */
#include "list_office.h"
#include "screen.h"

static void set_gap(struct world *w, uint32_t gap_ms)
{
	w->office.directory->lamp_gap_ms = gap_ms;
	pbx_set_directory(&w->office.pbx, w->office.directory);
}

FLOW_PLAIN(what_did_not_fit_does_not_wait_for_the_gap, "RFC 4662 4.5, RFC 4235 3.10")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	size_t before;

	set_gap(w, 5000);
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies > 1 && screen_shows(&screen, ALL_FREE));
	/* A change does, and what did not fit of it does not. */
	before = screen.notifies;
	dial(w, "carol", "bob");
	advance_ms(w, 4000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == before);
	advance_ms(w, 1000);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	expect_quiet(w);
}

FLOW_PLAIN(a_rest_waits_for_what_could_not_be_sent, "RFC 6665 4.2.2")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	struct pool *requests = &w->office.pbx.stack.txn_clients, before = *requests;

	set_gap(w, 0);
	requests->slot_max = requests->held_count;
	requests->kept = 0;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	requests->slot_max = before.slot_max;
	requests->kept = before.kept;
	advance_ms(w, 10000);
	screen.version = 0; /* of the one that could not be sent */
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, ALL_FREE));
	expect_quiet(w);
}
