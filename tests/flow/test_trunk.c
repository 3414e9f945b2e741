/* SPDX-License-Identifier: MIT */
/*
 * Trunks: registered with, refreshed, watched, and gone.
 */
#include "acme.h"

/* --- Registration ------------------------------------------------------------------------- */

FLOW_PLAIN(a_trunk_registers_and_refreshes_and_leaves, "RFC 3261 10.2")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "acme");

	raw->is_mute = true;
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("acme"),
						 .uri = SLICE(ACME_URI),
						 .username = SLICE("u1"),
						 .password = SLICE("p1"),
						 .is_registering = true,
						 .expires_s = 300 },
			 NULL);
	world_start(w);
	expect(w, strstr(raw_last(raw, "REGISTER"), "From: <sip:u1@192.0.2.3>") != NULL);
	expect(w, strstr(raw_last(raw, "REGISTER"), "Expires: 300") != NULL);
	raw_reply(raw, "REGISTER", 401, "x", CHALLENGE("WWW", "acme"), "");
	expect(w, strstr(raw_last(raw, "REGISTER"), "username=\"u1\"") != NULL);
	raw_reply(raw, "REGISTER", 200, "x", "Expires: 300\r\n", "");
	expect(w, acme_is_registered(w));
	raw->is_mute = false;
	advance_ms(w, 240000);
	expect(w, raw_count(raw, "REGISTER") >= 3);
	trunk_stop_all(&w->office.pbx);
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "REGISTER"), "Expires: 0") != NULL);
	expect_quiet(w);
}

/* A configuration with this trunk, or without any. */
static void reload(struct world *w, const struct trunk_config *trunk)
{
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);
	struct trunk_config *added;

	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	expect(w, !trunk || dialplan_add_trunk(&directory->dialplan, trunk, &added) == 0);
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(w->office.directory);
	w->office.directory = directory;
	advance_ms(w, 100);
}

FLOW_PLAIN(a_trunk_that_did_not_change_keeps_its_registration, "RFC 3261 10.2")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "acme");
	struct trunk_config config = { .name = SLICE("acme"),
				       .uri = SLICE(ACME_URI),
				       .username = SLICE("u1"),
				       .password = SLICE("p1"),
				       .is_registering = true,
				       .expires_s = 300 };

	office_add_trunk(&w->office, &config, NULL);
	world_start(w);
	expect(w, raw_count(raw, "REGISTER") == 1);
	config.calls_max = 5;
	config.expires_s = 600;
	reload(w, &config);
	expect(w, raw_count(raw, "REGISTER") == 1);
	expect(w, acme_is_registered(w));
	config.password = SLICE("p2");
	reload(w, &config);
	expect(w, raw_count(raw, "REGISTER") == 3);
	reload(w, NULL);
	expect(w, raw_count(raw, "REGISTER") == 4);
	expect(w, strstr(raw_last(raw, "REGISTER"), "Expires: 0") != NULL);
	expect(w, list_is_empty(&w->office.pbx.trunks));
	expect_quiet(w);
}

/* --- OPTIONS ------------------------------------------------------------------------------ */

FLOW_PLAIN(a_trunk_that_is_silent_goes_down_and_comes_up, "RFC 3261 11.1")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "acme");

	office_add_trunk(&w->office,
			 &(struct trunk_config){
				 .name = SLICE("acme"), .uri = SLICE(ACME_URI), .qualify_s = 30 },
			 NULL);
	world_start(w);
	expect(w, acme(w)->state == TRUNK_UP);
	raw->is_mute = true;
	advance_ms(w, 40000); /* one answer missed: nothing yet */
	expect(w, acme(w)->state == TRUNK_UP && acme(w)->streak == 1);
	advance_ms(w, 15000);
	expect(w, acme(w)->state == TRUNK_DOWN);
	expect(w, !trunk_is_usable(acme(w)));
	raw->is_mute = false;
	advance_ms(w, 36000);
	expect(w, acme(w)->state == TRUNK_UP);
	expect_quiet(w);
}

/* The state of a trunk whose provider answers two OPTIONS like this. */
static enum trunk_state state_after(struct world *w, unsigned status)
{
	struct raw *raw = world_raw(w, "acme");

	raw->is_mute = true;
	office_add_trunk(&w->office,
			 &(struct trunk_config){
				 .name = SLICE("acme"), .uri = SLICE(ACME_URI), .qualify_s = 30 },
			 NULL);
	world_start(w);
	raw_reply(raw, "OPTIONS", status, "x", "", "");
	advance_ms(w, 5500);
	if (raw_count(raw, "OPTIONS") > 1)
		raw_reply(raw, "OPTIONS", status, "x", "", "");
	return acme(w)->state;
}

FLOW_PLAIN(whoever_refuses_options_is_there, "RFC 3261 11.1")
{
	struct world *w = world_new("alice");

	expect(w, state_after(w, 404) == TRUNK_UP);
	expect_quiet(w);
}

FLOW_PLAIN(whoever_is_overloaded_is_not, "RFC 3261 21.5.4")
{
	struct world *w = world_new("alice");

	expect(w, state_after(w, 503) == TRUNK_DOWN);
	expect_quiet(w);
}
