/* SPDX-License-Identifier: MIT */
/*
 * Call records: one for each call, whatever becomes of it, and what each one says. Under faults a
 * call may end in other ways, but it always has its one record, and that is JSON.
 */
#include "texts.h"
#include "world.h"

#include "base/json_read.h"
#include "run.h"

#include <stdio.h>

#define NEED_RECORDS(w) (void)directory_set_records((w)->office.directory, SLICE("calls.jsonl"))

static struct slice last_record(const struct world *w)
{
	size_t count = w->wires->record_count;

	return count > 0 ? slice_from_cstr(w->wires->records[count - 1]) : SLICE("{}");
}

/* The record without what is random. */
static struct slice without_ids(struct slice record)
{
	static char text[WIRE_RECORD_BYTES];
	struct buf buf = BUF_ON(text);
	const char *id;

	while ((id = memmem(record.p, record.n, ",\"call_id\":\"", 12))) {
		buf_slice(&buf, slice_head(record, (size_t)(id - record.p)));
		record = slice_from(record, (size_t)(id - record.p) + 12);
		record = slice_from(record, slice_find_char(record, '"') + 1);
	}
	buf_slice(&buf, record);
	return buf_text(&buf);
}

#define DAY "2026-05-14T"

/* `json` has '@' for the date of all times. */
static void expect_record(struct world *w, const char *json)
{
	char text[WIRE_RECORD_BYTES];
	struct buf buf = BUF_ON(text);
	struct slice is = without_ids(last_record(w));

	for (; *json; json++) {
		if (*json == '@')
			buf_lit(&buf, DAY);
		else
			buf_char(&buf, *json == '\'' ? '"' : *json);
	}
	if (!w->is_faulty && !slice_eq(is, buf_text(&buf)))
		run_fail(w, "record %.*s\n# expected %.*s", SLICE_ARGS(is),
			 SLICE_ARGS(buf_text(&buf)));
}

/* Under faults, too: a record for each call that began, each of them well-formed. */
static void expect_records_of_all(struct world *w)
{
	struct slice value;

	expect_quiet(w);
	if (w->wires->record_count < w->office.pbx.last_call)
		run_fail(w, "%zu records of %u calls", w->wires->record_count,
			 w->office.pbx.last_call);
	for (size_t i = 0; i < w->wires->record_count; i++)
		if (json_value(slice_from_cstr(w->wires->records[i]), &value) ||
		    value.n != strlen(w->wires->records[i]))
			run_fail(w, "no JSON: %s", w->wires->records[i]);
}

FLOW(an_answered_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 5000);
	hang_up(w, "bob");
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:08.319Z','duration':5.200,"
			 "'talk':5.100,'cause':'hangup','by':{'leg':2,'number':'202'},"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'202',"
			 "'name':'bob'},'with':{'number':'202','name':'bob'},'legs':[{'leg':1,"
			 "'number':'201','name':'alice','direction':'in',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:08.319Z','status':200},"
			 "{'leg':2,'number':'202','name':'bob','direction':'out',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:08.319Z','status':200}],"
			 "'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(a_cancelled_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	hang_up(w, "alice");
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'end':'@09:31:03.219Z','duration':0.100,'talk':0.000,"
			 "'cause':'cancelled','by':{'leg':1,'number':'201'},"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'202',"
			 "'name':'bob'},'legs':[{'leg':1,'number':'201','name':'alice',"
			 "'direction':'in','start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'end':'@09:31:03.219Z','status':487},{'leg':2,'number':'202',"
			 "'name':'bob','direction':'out','start':'@09:31:03.119Z',"
			 "'ring':'@09:31:03.121Z','end':'@09:31:03.219Z','status':487}],"
			 "'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(a_refused_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	hang_up(w, "bob");
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'end':'@09:31:03.219Z','duration':0.100,'talk':0.000,'cause':'busy',"
			 "'status':486,'from':{'number':'201','name':'alice'},"
			 "'to':{'number':'202','name':'bob'},'legs':[{'leg':1,'number':'201',"
			 "'name':'alice','direction':'in','start':'@09:31:03.119Z',"
			 "'ring':'@09:31:03.121Z','end':'@09:31:03.219Z','status':486},{'leg':2,"
			 "'number':'202','name':'bob','direction':'out',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'end':'@09:31:03.219Z','status':486}],'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(an_unanswered_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	advance_ms(w, 61000);
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'end':'@09:32:03.119Z','duration':60.000,'talk':0.000,"
			 "'cause':'no-answer','status':408,'from':{'number':'201',"
			 "'name':'alice'},'to':{'number':'202','name':'bob'},'legs':[{'leg':1,"
			 "'number':'201','name':'alice','direction':'in',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'end':'@09:32:03.119Z','status':408},{'leg':2,'number':'202',"
			 "'name':'bob','direction':'out','start':'@09:31:03.119Z',"
			 "'ring':'@09:31:03.121Z','end':'@09:32:03.119Z','status':487}],"
			 "'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(a_picked_up_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob", "carol");

	NEED_RECORDS(w);
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	pick_up(w, "carol", "bob");
	advance_ms(w, 1000);
	hang_up(w, "alice");
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:04.319Z','duration':1.200,"
			 "'talk':1.100,'cause':'hangup','by':{'leg':1,'number':'201'},"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'202',"
			 "'name':'bob'},'with':{'number':'203','name':'carol'},'legs':[{'leg':1,"
			 "'number':'201','name':'alice','direction':'in',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:04.319Z','status':200},"
			 "{'leg':2,'number':'202','name':'bob','direction':'out',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'end':'@09:31:03.219Z','status':487},{'leg':3,'number':'203',"
			 "'name':'carol','direction':'in','start':'@09:31:03.219Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:31:04.319Z','status':200}],"
			 "'pickups':[{'time':'@09:31:03.219Z','by':'203','from':'202',"
			 "'how':'replaces'}],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(a_forwarded_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob", "carol");

	NEED_RECORDS(w);
	world_extension(w, "bob")->forward.to[FORWARD_BUSY] = SLICE("203");
	dial(w, "alice", "bob");
	hang_up(w, "bob");
	answer(w, "carol");
	hang_up(w, "carol");
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'answer':'@09:31:03.319Z','end':'@09:31:03.419Z','duration':0.300,"
			 "'talk':0.100,'cause':'hangup','by':{'leg':3,'number':'203'},"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'202',"
			 "'name':'bob'},'with':{'number':'203','name':'carol'},'legs':[{'leg':1,"
			 "'number':'201','name':'alice','direction':'in',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.319Z','end':'@09:31:03.419Z','status':200},"
			 "{'leg':2,'number':'202','name':'bob','direction':'out',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'end':'@09:31:03.219Z','status':486},{'leg':3,'number':'203',"
			 "'name':'carol','direction':'out','start':'@09:31:03.219Z',"
			 "'ring':'@09:31:03.221Z','answer':'@09:31:03.319Z',"
			 "'end':'@09:31:03.419Z','status':200}],'pickups':[],"
			 "'forwards':[{'time':'@09:31:03.219Z','from':'202','to':'203',"
			 "'why':'busy'}]}");
	expect_records_of_all(w);
}

FLOW(a_lost_call_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	answer(w, "bob");
	cut_off(w, "bob");
	advance_ms(w, 200000);
	expect_record(w, "{'type':'record','call':1,'start':'@09:31:03.119Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:33:35.219Z','duration':152.100,"
			 "'talk':152.000,'cause':'lost','by':{'leg':2,'number':'202'},"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'202',"
			 "'name':'bob'},'with':{'number':'202','name':'bob'},'legs':[{'leg':1,"
			 "'number':'201','name':'alice','direction':'in',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:33:35.219Z','status':200},"
			 "{'leg':2,'number':'202','name':'bob','direction':'out',"
			 "'start':'@09:31:03.119Z','ring':'@09:31:03.121Z',"
			 "'answer':'@09:31:03.219Z','end':'@09:33:35.219Z','status':200}],"
			 "'pickups':[],'forwards':[]}");
	cut_off(w, "bob");
	expect_records_of_all(w);
}

FLOW(a_call_of_the_longest_duration_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	w->office.directory->duration_max_s = 60;
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 61000);
	expect(w, memmem(last_record(w).p, last_record(w).n,
			 "\"talk\":60.000,\"cause\":\"limit\",\"from\"", 36) != NULL);
	expect_records_of_all(w);
}

FLOW(a_call_to_nobody_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	NEED_RECORDS(w);
	dial_number(w, "alice", "299");
	expect_record(w, "{'type':'record','start':'@09:31:03.119Z','end':'@09:31:03.119Z',"
			 "'duration':0.000,'talk':0.000,'cause':'refused','status':404,"
			 "'from':{'number':'201','name':'alice'},'to':{'number':'299'},"
			 "'legs':[],'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW_PLAIN(a_call_that_rings_when_the_server_ends_has_a_record, "call records")
{
	struct world *w = world_new("alice", "bob", "carol");

	NEED_RECORDS(w);
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "carol", "alice");
	pbx_stop(&w->office.pbx);
	advance_ms(w, 100);
	expect_record(w, "{'type':'record','call':2,'start':'@09:31:03.319Z',"
			 "'end':'@09:31:03.418Z','duration':0.099,'talk':0.000,"
			 "'cause':'shutdown','status':503,'from':{'number':'203',"
			 "'name':'carol'},'to':{'number':'201','name':'alice'},'legs':[{'leg':1,"
			 "'number':'203','name':'carol','direction':'in',"
			 "'start':'@09:31:03.319Z','ring':'@09:31:03.321Z',"
			 "'end':'@09:31:03.418Z','status':503},{'leg':2,'number':'201',"
			 "'name':'alice','direction':'out','start':'@09:31:03.319Z',"
			 "'ring':'@09:31:03.321Z','end':'@09:31:03.418Z','status':487}],"
			 "'pickups':[],'forwards':[]}");
	expect_records_of_all(w);
}

FLOW(without_a_place_there_is_no_record, "call records")
{
	struct world *w = world_new("alice", "bob");

	dial(w, "alice", "bob");
	hang_up(w, "alice");
	expect(w, w->wires->record_count == 0);
	expect_quiet(w);
}
