/* SPDX-License-Identifier: MIT */
/*
 * What there is too much of: requests of strangers, and more calls than there may be. Who belongs
 * to us is served all the same.
 */
#include "texts.h"
#include "world.h"

#include "pbx/api.h"

#define RATE 3 /* for the tests' worlds: 30 at once */
#define BURST (RATE * STRANGERS_BURST_S)

static struct world *limited_office(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob");

	w->office.directory->limits.strangers_per_s = RATE;
	*ret_raw = world_raw(w, "raw");
	dial_number(w, "alice", "299"); /* everybody has started */
	return w;
}

/* Sends so many at once; how many were answered. */
static size_t flood_from(struct world *w, struct wire_node *node, size_t count, const char *text)
{
	size_t before = w->wires->line_count, answered = 0;

	for (size_t i = 0; i < count; i++)
		wires_send_raw(node, w->office.node, slice_from_cstr(text));
	advance_ms(w, 10);
	for (size_t i = before; i < w->wires->line_count; i++)
		answered += strncmp(w->wires->lines[i], "switch", 6) == 0;
	return answered;
}

static size_t flood(struct world *w, struct raw *raw, size_t count, const char *text)
{
	raw->count = 0;
	return flood_from(w, raw->node, count, text);
}

#define STRANGE(method)                                                                            \
	method " sip:201@" OFFICE_DOMAIN " SIP/2.0\r\n"                                            \
	       "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"     \
	       "From: <sip:x@" OFFICE_DOMAIN ">;tag=1\r\nTo: <sip:201@" OFFICE_DOMAIN              \
	       ">\r\nCall-ID: flood\r\nCSeq: 1 " method                                            \
	       "\r\nContact: <sip:x@192.0.2.9>\r\nContent-Length: 0\r\n\r\n"

FLOW_PLAIN(a_flood_of_strangers_is_answered_in_part, "SECURITY D1, SECURITY S9")
{
	struct raw *raw;
	struct world *w = limited_office(&raw);

	expect(w, flood(w, raw, 50, STRANGE("REGISTER")) == BURST);
	expect(w, flood(w, raw, 50, STRANGE("OPTIONS")) == 0);
	advance_ms(w, 990);
	expect(w, flood(w, raw, 50, STRANGE("INVITE")) == RATE);
	expect(w, w->office.pbx.strangers.dropped == 20 + 50 + 47);
	/* Others are not touched by that, and phones are served. */
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	advance_ms(w, 20000);
	expect(w, flood(w, raw, 50, STRANGE("OPTIONS")) == BURST);
	expect_quiet(w);
}

FLOW_PLAIN(faults_and_forged_dialogs_are_counted_too, "SECURITY S9")
{
	struct raw *raw;
	struct world *w = limited_office(&raw);

	expect(w, flood(w, raw, 20, STRANGE("BYE")) == 20);
	expect(w, flood(w, raw, 20, "OPTIONS sip:x SIP/2.0\r\nCall-ID: y\r\n\r\n") <= 10);
	expect(w, flood(w, raw, 20, STRANGE("PUBLISH")) <= 10);
	expect(w, flood(w, raw, 20, STRANGE("REGISTER")) == 0);
	expect_quiet(w);
}

FLOW_PLAIN(an_office_behind_one_address_has_more, "SECURITY D1")
{
	struct raw *raw;
	struct world *w = limited_office(&raw);
	struct wire_node *alice = w->phones[0].node;

	expect(w, flood_from(w, alice, 900, STRANGE("REGISTER")) > 500);
	expect(w, flood_from(w, alice, 900, STRANGE("REGISTER")) <= 1);
	expect(w, flood(w, raw, 20, STRANGE("REGISTER")) == 20);
	/* Good credentials pass where nothing else is answered. */
	dial(w, "alice", "bob");
	expect_silence(w, "switch -> alice 401 INVITE");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_trunk_is_no_stranger, "SECURITY D1")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob");
	char text[API_ROW_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;

	w->office.directory->limits.strangers_per_s = RATE;
	raw = world_raw(w, "acme");
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("acme"),
						 .uri = SLICE("sip:192.0.2.4"),
						 .calls_max = 5 },
			 NULL);
	dial_number(w, "alice", "299"); /* everybody has started */
	expect(w, flood(w, raw, 400, STRANGE("OPTIONS")) == 400);
	expect(w, w->office.pbx.strangers.dropped == 0);
	expect(w, flood(w, raw, 400, STRANGE("OPTIONS")) <= 300);
	api_cursor_init(&cursor, &w->office.pbx, API_TRUNKS, SLICE("acme"));
	expect(w, api_next(&cursor, &buf) == API_ROW);
	expect(w, api_next(&cursor, &buf) == API_END);
	api_cursor_fini(&cursor);
	buf_char(&buf, '\0');
	expect(w, strcmp(text, "{\"type\":\"trunk\",\"trunk\":\"acme\",\"state\":\"unknown\","
			       "\"age\":1,\"status\":0,\"calls\":0,\"calls_max\":5,\"targets\":[{"
			       "\"transport\":\"udp\",\"peer\":\"192.0.2.4:5060\","
			       "\"avoided\":false}],\"leaving\":false}") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(strangers_may_be_unlimited, "SECURITY D1")
{
	struct raw *raw;
	struct world *w = limited_office(&raw);

	w->office.directory->limits.strangers_per_s = 0;
	expect(w, flood(w, raw, 900, STRANGE("REGISTER")) == 900);
	expect_quiet(w);
}

FLOW(a_call_beyond_the_limit_is_refused_for_now, "RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	w->office.directory->limits.calls = 1;
	(void)directory_set_records(w->office.directory, SLICE("calls.jsonl"));
	pbx_set_directory(&w->office.pbx, w->office.directory);
	dial(w, "alice", "bob");
	dial(w, "carol", "dave");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 503);
	expect(w, strstr(w->wires->records[0], "\"cause\":\"limit\",\"status\":503") != NULL);
	expect(w, w->office.pbx.calls.refused == 1);
	hang_up(w, "alice");
	dial(w, "carol", "dave");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW(tools_see_what_the_switch_has, "ctl")
{
	struct world *w = world_new("alice", "bob", "carol");
	static char text[4 * API_ROW_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 65000);
	for (int table = 0; table < API_TABLES; table++) {
		struct api_cursor cursor;

		api_cursor_init(&cursor, &w->office.pbx, (enum api_table)table, SLICE("202"));
		while (api_next(&cursor, &buf) == API_ROW)
			buf_char(&buf, '\n');
		api_cursor_fini(&cursor);
	}
	buf_char(&buf, '\0');
	expect(w, strstr(text,
			 "{\"type\":\"call\",\"call\":1,\"state\":\"talking\",\"age\":65,"
			 "\"talk\":65,\"from\":{\"number\":\"201\",\"name\":\"alice\"},") == text);
	expect(w, strstr(text, "{\"type\":\"registration\",\"extension\":\"202\","
			       "\"contact\":\"sip:202@192.0.2.3:5060\",\"transport\":\"udp\","
			       "\"peer\":\"192.0.2.3:5060\",\"expires\":3534}\n") != NULL);
	expect(w, strstr(text, "{\"type\":\"subscription\",\"watcher\":\"203\",\"watched\":\"202\","
			       "\"event\":\"dialog\","
			       "\"state\":\"active\",\"version\":3,\"expires\":3") != NULL);
	expect(w, strstr(text, ",\"notify\":200,\"transport\":\"udp\"") != NULL);
	expect(w, strstr(text, "{\"type\":\"lamp\",\"extension\":\"202\",\"name\":\"bob\","
			       "\"lamp\":\"steady\",\"legs\":[{\"call\":1,\"state\":\"talking\","
			       "\"direction\":\"out\",\"with\":\"201\",\"age\":65}],\"watchers\":1,"
			       "\"registered\":true}\n") != NULL);
	expect_quiet(w);
}
