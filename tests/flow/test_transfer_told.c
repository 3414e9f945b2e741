/* SPDX-License-Identifier: MIT */
/*
 * What the records of both calls of a transfer say, and of a call that is taken over; what tools
 * are told while it is under way.
 */
#include "transfer_scene.h"

#include "pbx/api.h"
#include "pbx/profile.h"
#include "run.h"

#include <stdio.h>

static struct world *with_records(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	(void)directory_set_records(w->office.directory, SLICE("calls.jsonl"));
	return w;
}

static const char *record_of(const struct world *w, unsigned call)
{
	char start[64];

	snprintf(start, sizeof(start), "{\"type\":\"record\",\"call\":%u,", call);
	for (size_t i = 0; i < w->wires->record_count; i++)
		if (!strncmp(w->wires->records[i], start, strlen(start)))
			return w->wires->records[i];
	return "";
}

/* In this order; a single quote stands for a double one. */
static void expect_record(struct world *w, unsigned call, const char *const *parts)
{
	const char *rest = record_of(w, call);

	for (; *parts && !w->is_faulty; parts++) {
		char text[512];
		struct buf part = BUF_ON(text);
		const char *found;

		for (const char *c = *parts; *c; c++)
			buf_char(&part, *c == '\'' ? '"' : *c);
		found = memmem(rest, strlen(rest), part.p, part.n);
		if (!found) {
			run_fail(w, "call %u: no %s in %s", call, *parts, record_of(w, call));
			return;
		}
		rest = found + part.n;
	}
}

#define PARTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

FLOW(a_transfer_is_in_the_records_of_both_calls, "call records")
{
	struct world *w = alice_talks_to_bob(with_records());

	advance_ms(w, 10000);
	transfer(w, "bob", "carol");
	answer(w, "carol");
	advance_ms(w, 5000);
	hang_up(w, "alice");
	expect_record(w, 1,
		      PARTS("'cause':'transferred','by':{'leg':2,'number':'202'},"
			    "'from':{'number':'201','name':'alice'},"
			    "'to':{'number':'202','name':'bob'},"
			    "'with':{'number':'202','name':'bob'},'legs':[{'leg':1,",
			    "'start':'2026-05-14T09:31:03.119Z','ring':",
			    "'end':'2026-05-14T09:31:13.421Z','status':200", "{'leg':2,",
			    "'transfers':[{'time':'2026-05-14T09:31:13.421Z','by':'202',"
			    "'of':'201','to':'203','how':'blind','result':'done','status':200,"
			    "'from_call':1,'to_call':2}]"));
	expect_record(w, 2,
		      PARTS("'start':'2026-05-14T09:31:13.319Z',"
			    "'answer':'2026-05-14T09:31:13.421Z'",
			    "'cause':'hangup','by':{'leg':1,'number':'201'},"
			    "'from':{'number':'201','name':'alice'},"
			    "'to':{'number':'203','name':'carol'},"
			    "'with':{'number':'203','name':'carol'},'legs':[{'leg':1,"
			    "'number':'201','name':'alice','direction':'in',"
			    "'start':'2026-05-14T09:31:13.421Z',"
			    "'answer':'2026-05-14T09:31:13.421Z','end':",
			    "{'leg':2,'number':'203','name':'carol','direction':'out',"
			    "'start':'2026-05-14T09:31:13.319Z',",
			    "'transfers':[{",
			    "'how':'blind','result':'done','status':200,"
			    "'from_call':1,'to_call':2}]"));
	expect_quiet(w);
}

FLOW(an_attended_transfer_is_in_the_records_of_both_calls, "call records")
{
	struct world *w = bob_calls_carol(with_records());

	answer(w, "carol");
	advance_ms(w, 1000);
	transfer_attended(w, "bob");
	advance_ms(w, 5000);
	hang_up(w, "carol");
	expect_record(w, 1,
		      PARTS("'cause':'transferred'", "'transfers':[{",
			    "'by':'202','of':'201','to':'203','how':'attended',"
			    "'result':'done','status':200,'from_call':1,'to_call':2}]"));
	expect_record(w, 2,
		      PARTS("'cause':'hangup','by':{'leg':2,'number':'203'},"
			    "'from':{'number':'202','name':'bob'},"
			    "'to':{'number':'203','name':'carol'},"
			    "'with':{'number':'203','name':'carol'}",
			    "{'leg':1,'number':'202'", "{'leg':2,'number':'203'",
			    "{'leg':3,'number':'201','name':'alice'", "'how':'attended'"));
	expect_quiet(w);
}

FLOW(a_semi_attended_transfer_is_in_the_records_of_both_calls, "call records")
{
	struct world *w = bob_calls_carol(with_records());

	transfer_attended(w, "bob");
	answer(w, "carol");
	advance_ms(w, 5000);
	hang_up(w, "carol");
	expect_record(w, 1,
		      PARTS("'cause':'transferred'", "'how':'semi-attended',"
						     "'result':'done'"));
	expect_record(w, 2,
		      PARTS("'with':{'number':'203','name':'carol'}", "{'leg':3,'number':'201'",
			    "'how':'semi-attended',"));
	expect_quiet(w);
}

FLOW(a_failed_transfer_is_in_the_records_of_both_calls, "call records")
{
	struct world *w = alice_talks_to_bob(with_records());

	transfer(w, "bob", "carol");
	hang_up(w, "carol");
	hang_up(w, "alice");
	expect_record(w, 1,
		      PARTS("'cause':'hangup','by':{'leg':1,", "'transfers':[{",
			    "'to':'203','how':'blind','result':'failed','status':486,"
			    "'from_call':1,'to_call':2}]"));
	expect_record(w, 2,
		      PARTS("'duration':0.100,'talk':0.000,'cause':'busy','status':486,"
			    "'from':{'number':'201','name':'alice'},"
			    "'to':{'number':'203','name':'carol'},"
			    "'legs':[{'leg':2,'number':'203',",
			    "}],'pickups':[],'forwards':[],'transfers':[{",
			    "'result':'failed','status':486"));
	expect_quiet(w);
}

FLOW(a_transfer_whose_transferee_hangs_up_is_in_both_records, "call records")
{
	struct world *w = alice_talks_to_bob(with_records());

	transfer(w, "bob", "carol");
	hang_up(w, "alice");
	expect_record(w, 1,
		      PARTS("'cause':'hangup','by':{'leg':1,", "'result':'failed','status':480"));
	expect_record(w, 2,
		      PARTS("'cause':'cancelled'", "'legs':[{'leg':2,",
			    "'result':'failed','status':480"));
	expect_quiet(w);
}

FLOW(who_is_called_back_is_in_the_records, "call records")
{
	struct world *w = alice_talks_to_bob(with_records());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	hang_up(w, "carol");
	answer(w, "bob");
	advance_ms(w, 5000);
	hang_up(w, "bob");
	expect_record(w, 1,
		      PARTS("'cause':'transferred',", "'transfers':[{",
			    "'how':'blind','result':'failed','status':486,"
			    "'from_call':1,'to_call':2},{",
			    "'by':'202','of':'201','to':'202','how':'recall',"
			    "'result':'done','status':200,'from_call':1,'to_call':3}]"));
	expect_record(w, 3,
		      PARTS("'cause':'hangup','by':{'leg':2,'number':'202'},"
			    "'from':{'number':'201','name':'alice'}",
			    "'with':{'number':'202','name':'bob'}", "'how':'recall'"));
	expect_quiet(w);
}

FLOW(who_barges_in_is_in_the_record, "call records")
{
	struct world *w = world_new("alice", "bob", "carol");

	(void)directory_set_records(w->office.directory, SLICE("calls.jsonl"));
	watch(w, "carol", "bob");
	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	dial(w, "alice", "bob");
	answer(w, "bob");
	barge_in(w, "carol", "bob");
	advance_ms(w, 1000);
	hang_up(w, "carol");
	expect_record(w, 1,
		      PARTS("'cause':'hangup','by':{'leg':3,'number':'203'}",
			    "'with':{'number':'203','name':'carol'}", "{'leg':3,'number':'203'",
			    "'pickups':[{", "'by':'203','from':'202','how':'barge-in'}]"));
	expect_quiet(w);
}

/* Somewhere in the rows about this extension. */
static void expect_row(struct world *w, enum api_table table, const char *number, const char *part)
{
	static char text[8 * API_ROW_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;

	api_cursor_init(&cursor, &w->office.pbx, table, slice_from_cstr(number));
	while (api_next(&cursor, &buf) == API_ROW)
		;
	api_cursor_fini(&cursor);
	if (!memmem(buf.p, buf.n, part, strlen(part)) && !w->is_faulty)
		run_fail(w, "no %s in %.*s", part, SLICE_ARGS(buf_text(&buf)));
}

#define UNDER_WAY                                                                                  \
	"\"transfer\":{\"how\":\"blind\",\"state\":\"calling\",\"by\":\"202\","                    \
	"\"of\":\"201\",\"to\":\"203\",\"from_call\":1,\"to_call\":2}"

FLOW(tools_are_told_of_a_transfer, "ctl")
{
	struct world *w = alice_talks_to_bob(with_records());

	transfer(w, "bob", "carol");
	expect_row(w, API_CALLS, "202", UNDER_WAY);
	expect_row(w, API_CALLS, "203", UNDER_WAY ",\"transferred_by\":\"202\"");
	expect_row(w, API_CALLS, "203", "\"age\":0,\"waits\":true}");
	expect_row(w, API_LAMP, "201", UNDER_WAY);
	expect_row(w, API_LAMP, "203", UNDER_WAY);
	answer(w, "carol");
	expect_row(w, API_CALLS, "203", "\"transferred_by\":\"202\",\"was_call\":1,\"legs\"");
	expect_row(w, API_LAMP, "201",
		   "\"with\":\"203\",\"age\":0,\"transferred_by\":\"202\",\"was_call\":1}");
	expect_quiet(w);
}

static struct world *whose_refers_go_on(struct world *w)
{
	world_extension(w, "bob")->refer = REFER_FORWARD;
	return w;
}

#define GONE_ON(to_call)                                                                           \
	"\"transfer\":{\"how\":\"blind\",\"state\":\"forwarded\",\"by\":\"202\","                  \
	"\"of\":\"201\",\"to\":\"203\",\"from_call\":1" to_call "}"

FLOW(tools_are_told_of_a_transfer_that_went_on, "ctl")
{
	struct world *w = alice_talks_to_bob(whose_refers_go_on(with_records()));

	transfer(w, "bob", "carol");
	expect_row(w, API_CALLS, "202", GONE_ON(",\"to_call\":2"));
	expect_row(w, API_CALLS, "203", GONE_ON(",\"to_call\":2") ",\"transferred_by\":\"202\"");
	expect_row(w, API_LAMP, "203", GONE_ON(",\"to_call\":2"));
	answer(w, "carol");
	expect_row(w, API_CALLS, "203", "\"transferred_by\":\"202\",\"was_call\":1,\"legs\"");
	expect_quiet(w);
}

FLOW(where_a_refer_that_failed_went_on_to_is_recorded, "call records")
{
	struct world *w = alice_talks_to_bob(whose_refers_go_on(with_records()));

	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	hang_up(w, "alice");
	expect_record(w, 1,
		      PARTS("'transfers':[{", "'by':'202','of':'201','to':'203','how':'blind',"
					      "'result':'failed','status':486,'from_call':1}]"));
	expect_quiet(w);
}

FLOW(a_consultation_that_is_replaced_says_by_which_call, "call records, RFC 3891 3")
{
	struct world *w = bob_consults_carol(whose_refers_go_on(with_records()));

	transfer_attended(w, "bob");
	advance_ms(w, 5000);
	hang_up(w, "carol");
	expect_record(w, 2,
		      PARTS("'cause':'transferred'", "'transfers':[{",
			    "'by':'202','of':'201','to':'203','how':'attended',"
			    "'result':'done','status':200,'from_call':1,'to_call':3}]"));
	expect_quiet(w);
}

/* It hears of a success before there is one, whoever makes the call. */
static void told_early(struct world *w)
{
	world_extension(w, "bob")->profile = profile_find(SLICE("mitel"));
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_phone_that_is_told_early_is_called_back_when_it_was_wrong, "PHONES Mitel, RFC 5589 6.3")
{
	told_early(world_new("alice", "bob", "carol"));
}

FLOW(a_phone_whose_refer_goes_on_is_told_early, "PHONES Mitel, RFC 5589 6.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	told_early(w);
}
