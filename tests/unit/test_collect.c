/* SPDX-License-Identifier: MIT */
/*
 * From whole traces to ladders: the lamps of a key, a pick-up by Replaces, a partner key, and a
 * server's own trace, each with its participants named; and what is done about damaged traces.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "capture/collect.h"
#include "ladder/draw_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FIXTURES SOURCE_ROOT "/tests/fixtures/"

static const uint64_t secret[2] = { 3, 4 };

struct fixture {
	char text[32768];
	size_t n;
};

static struct slice load(struct fixture *fixture, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("%s cannot be opened", path);
	fixture->n = fread(fixture->text, 1, sizeof(fixture->text), file);
	assert_true(fixture->n < sizeof(fixture->text));
	fclose(file);
	return slice_of(fixture->text, fixture->n);
}

static void no_fault(void *ctx, unsigned line, const char *reason)
{
	(void)ctx;
	fail_msg("line %u: %s", line, reason);
}

static const struct collect_faults faultless = { NULL, no_fault };

static void put_line(void *ctx, struct slice text)
{
	buf_slice(ctx, text);
}

static void assert_ladder(struct collector *collector, const char *expected)
{
	static char text[16384];
	struct ladder_style style = { .width = 100, .is_ascii = true };
	struct buf buf = BUF_ON(text);
	struct ladder ladder;

	ladder_init(&ladder, secret);
	assert_int_equal(collector_fill_ladder(collector, NULL, 0, &ladder), 0);
	ladder_draw_text(&ladder, &style, put_line, &buf);
	ladder_fini(&ladder);
	if (!slice_eq(buf_text(&buf), slice_from_cstr(expected)))
		fail_msg("drawn:\n%.*s", SLICE_ARGS(buf_text(&buf)));
}

static const struct {
	const char *path;
	const char *drawing;
} cases[] = {
	{ FIXTURES "server-pickup.txt",
	  "         201                 lampyrid                  202        203\n"
	  "  0.000   |-- INVITE 202 (sdp) ->|                      |          |\n"
	  "  0.001   |<- 100 INVITE --------|                      |          |\n"
	  "  0.001   |                      |-- INVITE 202 (sdp) ->|          |\n"
	  "  0.040   |                      |<- 180 INVITE --------|          |\n"
	  "  0.041   |                      |-- NOTIFY 202 early ------------>|\n"
	  "  0.041   |<- 180 INVITE --------|                      |          |\n"
	  "  0.052   |                      |<- 200 NOTIFY -------------------|\n"
	  "          :                      :                      :          :\n"
	  "  2.300   |                      |<- INVITE *8202 Replaces (sdp) --|\n"
	  "  2.302   |                      |-- 200 INVITE (sdp) ------------>|\n"
	  "  2.302   |                      |-- CANCEL ----------->|          |\n"
	  "  2.302   |<- 200 INVITE (sdp) --|                      |          |\n"
	  "  2.303   |                      |-- NOTIFY 202 terminated ------->|\n"
	  "  2.310   |                      |<- ACK --------------------------|\n"
	  "  2.311   |-- ACK -------------->|                      |          |\n"
	  "  2.315   |                      |<- 200 NOTIFY -------------------|\n"
	  "  2.320   |                      |<- 200 CANCEL --------|          |\n"
	  "  2.321   |                      |<- 487 INVITE --------|          |\n"
	  "  2.322   |                      |-- ACK -------------->|          |\n" },
	{ FIXTURES "snom-led.txt", "         203                  192.0.2.10:5060\n"
				   "  0.000   |-- SUBSCRIBE 202 -------->|\n"
				   "  0.006   |<- 200 SUBSCRIBE ---------|\n"
				   "  0.007   |<- NOTIFY 202 ------------|\n"
				   "  0.019   |-- 200 NOTIFY ----------->|\n"
				   "          :                          :\n"
				   "  4.100   |<- NOTIFY 202 early ------|\n"
				   "  4.112   |-- 200 NOTIFY ----------->|\n"
				   "          :                          :\n"
				   "  6.850   |<- NOTIFY 202 confirmed --|\n"
				   "  6.862   |-- 200 NOTIFY ----------->|\n"
				   "          :                          :\n"
				   "  9.300   |<- NOTIFY 202 ------------|\n"
				   "  9.312   |-- 200 NOTIFY ----------->|\n" },
	{ FIXTURES "snom-pickup-replaces.txt",
	  "   192.0.2.10:5060                               203\n"
	  "  0.000   |-- NOTIFY 202 early ------------------>|\n"
	  "  0.015   |<- 200 NOTIFY -------------------------|\n"
	  "  0.880   |<- INVITE 202 Replaces (sdp) ----------|\n"
	  "  1.380   |<- INVITE 202 Replaces (sdp) (again) --|\n"
	  "  1.402   |-- 200 INVITE (sdp) ------------------>|\n"
	  "  1.420   |<- ACK --------------------------------|\n"
	  "  1.425   |-- NOTIFY 202 terminated ------------->|\n"
	  "  1.440   |<- 200 NOTIFY -------------------------|\n" },
	{ FIXTURES "partner-key.txt", " 198.51.100.180:5060                            21\n"
				      "  0.000   |-- NOTIFY 207 early ----------------->|\n"
				      "  0.010   |<- 200 NOTIFY ------------------------|\n"
				      "          :                                      :\n"
				      "  3.000   |-- NOTIFY 207 terminated proceeding ->|\n"
				      "  3.005   |-- NOTIFY 207 trying ---------------->|\n"
				      "  3.010   |<- 200 NOTIFY ------------------------|\n"
				      "  3.015   |<- 200 NOTIFY ------------------------|\n"
				      "          :                                      :\n"
				      "  9.000   |-- NOTIFY 207 terminated ------------>|\n"
				      "  9.010   |<- 200 NOTIFY ------------------------|\n" },
};

static void fixtures_become_ladders(void **state)
{
	static struct collector collector;
	static struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		collector_init(&collector, secret);
		assert_int_equal(
			collector_add_text(&collector, load(&fixture, cases[i].path), &faultless),
			0);
		assert_ladder(&collector, cases[i].drawing);
		collector_fini(&collector);
		assert_int_equal(mem_count().blocks, 0);
	}
}

static struct slice without_carriage_returns(struct fixture *fixture)
{
	size_t n = 0;

	for (size_t i = 0; i < fixture->n; i++) {
		if (fixture->text[i] != '\r')
			fixture->text[n++] = fixture->text[i];
	}
	fixture->n = n;
	return slice_of(fixture->text, n);
}

static void an_edited_trace_gives_the_same_ladder(void **state)
{
	static struct collector collector;
	static struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		load(&fixture, cases[i].path);
		collector_init(&collector, secret);
		assert_int_equal(collector_add_text(&collector, without_carriage_returns(&fixture),
						    &faultless),
				 0);
		assert_ladder(&collector, cases[i].drawing);
		collector_fini(&collector);
		assert_int_equal(mem_count().blocks, 0);
	}
}

static void two_captures_of_one_wire_are_one_ladder(void **state)
{
	static struct collector collector;
	static struct fixture fixture;
	struct slice text = load(&fixture, cases[0].path);

	(void)state;
	collector_init(&collector, secret);
	assert_int_equal(collector_add_text(&collector, text, &faultless), 0);
	assert_int_equal(collector_add_text(&collector, text, &faultless), 0);
	assert_ladder(&collector, cases[0].drawing);
	collector_fini(&collector);
}

static size_t count_rows_of(struct collector *collector, struct slice call_id)
{
	const struct slice call_ids[] = { call_id, SLICE("nobody's") };
	struct ladder ladder;
	size_t count;

	ladder_init(&ladder, secret);
	assert_int_equal(collector_fill_ladder(collector, call_ids, 2, &ladder), 0);
	count = ladder.row_count;
	ladder_fini(&ladder);
	return count;
}

/* With those that it is joined with: leg-b is what the INVITE of call-c replaces. */
static const struct {
	struct slice call_id;
	size_t rows;
} picked[] = {
	{ SLICE_INIT("call-a"), 5 },
	{ SLICE_INIT("leg-b"), 6 + 3 },
	{ SLICE_INIT("call-c"), 6 + 3 },
	{ SLICE_INIT("leg-"), 0 },
};

static void one_call_can_be_picked(void **state)
{
	static struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(picked); i++) {
		static struct collector collector;

		collector_init(&collector, secret);
		collector_add_text(&collector, load(&fixture, FIXTURES "server-pickup.txt"),
				   &faultless);
		assert_int_equal(count_rows_of(&collector, picked[i].call_id), picked[i].rows);
		collector_fini(&collector);
		assert_int_equal(mem_count().blocks, 0);
	}
}

#define LINE_TO_B                                                                                  \
	"Received from udp:192.0.2.1:5060 to 192.0.2.2:5060 at 14/5/2026 09:31:02:000 (9 "         \
	"bytes):\r\n\r\n"
#define JOINED(method, call_id, lines)                                                             \
	LINE_TO_B method " sip:202@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP "                         \
			 "192.0.2.1;branch=z9hG4bK" call_id "\r\nFrom: <sip:201@h>;tag=f\r\n"      \
			 "To: <sip:202@h>\r\nCall-ID: " call_id "\r\nCSeq: 1 " method "\r\n" lines \
			 "Content-Length: 0\r\n\r\n"

/* One names the next: a transfer, and what comes of it. */
static void calls_of_a_transfer_are_joined(void **state)
{
	static struct collector collector;

	(void)state;
	collector_init(&collector, secret);
	collector_add_text(
		&collector,
		SLICE(JOINED("INVITE", "one", "") JOINED(
			"REFER", "one",
			"Refer-To: <sip:203@h?Replaces=two%3Bto-tag%3Da%3Bfrom-tag%3D"
			"b>\r\n") JOINED("INVITE", "two", "")
			      JOINED("INVITE", "three", "Replaces: two;to-tag=a;from-tag=b\r\n")
				      JOINED("INVITE", "four", "")),
		&faultless);
	assert_int_equal(count_rows_of(&collector, SLICE("three")), 4);
	collector_fini(&collector);
	assert_int_equal(mem_count().blocks, 0);
}

/* A REFER in a dialog of its own names the call that it is about, and the one that it leads to. */
static void a_transfer_beside_its_call_is_joined(void **state)
{
	static struct collector collector;

	(void)state;
	collector_init(&collector, secret);
	collector_add_text(
		&collector,
		SLICE(JOINED("INVITE", "one", "") JOINED("INVITE", "two", "") JOINED(
			"REFER", "beside",
			"Refer-To: <sip:203@h?Replaces=two%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\n"
			"Target-Dialog: one;local-tag=c;remote-tag=d\r\n")
			      JOINED("INVITE", "three", "")),
		&faultless);
	assert_int_equal(count_rows_of(&collector, SLICE("one")), 3);
	collector_fini(&collector);
	assert_int_equal(mem_count().blocks, 0);
}

static void remember_fault(void *ctx, unsigned line, const char *reason)
{
	assert_true(reason[0] != '\0');
	*(unsigned *)ctx = line;
}

static void a_bad_message_is_named_by_its_line(void **state)
{
	static struct collector collector;
	unsigned line = 0;
	struct collect_faults faults = { &line, remember_fault };

	(void)state;
	collector_init(&collector, secret);
	assert_int_equal(
		collector_add_text(&collector,
				   SLICE("\nSent to udp:192.0.2.1:5060 at 1/1/2020 1:1:1:1 "
					 "(2 bytes):\n\nBYE sip:a SIP/2.0\r\nCSeq: x\r\n\r\n"),
				   &faults),
		0);
	assert_in_range(line, 4, 6);
	assert_int_equal(collector.count, 0);
	collector_fini(&collector);
}

/* From: user, from which port to which, and the names both should get. */
static const struct {
	const char *name;
	const char *text;
	const char *from;
	const char *to;
} naming_cases[] = {
#define REQUEST(method, uri, from, to, more)                                                       \
	method " " uri " SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKx\n"               \
	       "From: <sip:" from "@h>;tag=1\nTo: <sip:" to "@h>\nCall-ID: c\nCSeq: 1 " method     \
	       "\nMax-Forwards: 70\n" more "Content-Length: 0\n\n"
#define SENT "Sent to udp:192.0.2.1:5060 from 192.0.2.9:5070 at 1/1/2020 1:1:1:1 (1 bytes):\n\n"
#define SENT_ALONE "Sent to udp:192.0.2.1:5060 at 1/1/2020 1:1:1:1 (1 bytes):\n\n"
	{ "a registration names the phone, not the server",
	  SENT REQUEST("REGISTER", "sip:h", "201", "201", ""), "201", "192.0.2.1:5060" },
	{ "two phones that call each other", SENT REQUEST("INVITE", "sip:202@h", "201", "202", ""),
	  "201", "202" },
	{ "the own address is learnt from Via",
	  SENT_ALONE REQUEST("INVITE", "sip:202@h", "Anonymous%20User", "202", "")
		  SENT_ALONE REQUEST("INVITE", "sip:202@h", "201", "202", ""),
	  "192.0.2.9:5070", "202" },
	{ "the same user at both ends", SENT REQUEST("INVITE", "sip:201@h", "201", "201", ""),
	  "192.0.2.9:5070", "192.0.2.1:5060" },
	{ "a phone of ours",
	  SENT REQUEST("REGISTER", "sip:h", "203", "203", "User-Agent: lampyrid/1\n"), "203",
	  "192.0.2.1:5060" },
	{ "an escaped user", SENT REQUEST("REGISTER", "sip:h", "%2a1", "%2a1", ""), "*1",
	  "192.0.2.1:5060" },
};

static void participants_are_named_when_it_is_clear(void **state)
{
	static struct collector collector;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(naming_cases); i++) {
		struct ladder ladder;

		collector_init(&collector, secret);
		collector_add_text(&collector, slice_from_cstr(naming_cases[i].text), &faultless);
		ladder_init(&ladder, secret);
		assert_int_equal(collector_fill_ladder(&collector, NULL, 0, &ladder), 0);
		assert_int_equal(ladder.participant_count, 2);
		if (!slice_eq(ladder.participants[0], slice_from_cstr(naming_cases[i].from)) ||
		    !slice_eq(ladder.participants[1], slice_from_cstr(naming_cases[i].to)))
			fail_msg("%s: %.*s, %.*s", naming_cases[i].name,
				 SLICE_ARGS(ladder.participants[0]),
				 SLICE_ARGS(ladder.participants[1]));
		ladder_fini(&ladder);
		collector_fini(&collector);
	}
}

static void every_refused_allocation_is_survived(void **state)
{
	static struct collector collector;
	static struct fixture fixture;
	bool is_refused = true;
	uint64_t nth;

	(void)state;
	load(&fixture, FIXTURES "server-pickup.txt");
	for (nth = 1; is_refused; nth++) {
		struct ladder ladder;
		uint64_t allocs = mem_count().allocs;

		collector_init(&collector, secret);
		ladder_init(&ladder, secret);
		mem_refuse_nth(nth);
		if (!collector_add_text(&collector, slice_of(fixture.text, fixture.n), NULL))
			collector_fill_ladder(&collector, NULL, 0, &ladder);
		is_refused = mem_count().allocs - allocs >= nth;
		mem_refuse_nth(0);
		ladder_fini(&ladder);
		collector_fini(&collector);
		assert_int_equal(mem_count().blocks, 0);
	}
	assert_true(nth > 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures_become_ladders),
		cmocka_unit_test(an_edited_trace_gives_the_same_ladder),
		cmocka_unit_test(two_captures_of_one_wire_are_one_ladder),
		cmocka_unit_test(one_call_can_be_picked),
		cmocka_unit_test(calls_of_a_transfer_are_joined),
		cmocka_unit_test(a_transfer_beside_its_call_is_joined),
		cmocka_unit_test(a_bad_message_is_named_by_its_line),
		cmocka_unit_test(participants_are_named_when_it_is_clear),
		cmocka_unit_test(every_refused_allocation_is_survived),
	};

	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
