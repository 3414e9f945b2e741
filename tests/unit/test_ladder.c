/* SPDX-License-Identifier: MIT */
/*
 * Ladders: what is kept and in which order, which messages are repetitions (RFC 3261 17.1.1.2),
 * and the drawings, cell by cell.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "ladder/draw_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint64_t secret[2] = { 1, 2 };

static int add(struct ladder *ladder, uint64_t at_ms, const char *from, const char *to,
	       const char *summary)
{
	struct ladder_record record = { .at_ms = at_ms,
					.from = slice_from_cstr(from),
					.to = slice_from_cstr(to),
					.summary = slice_from_cstr(summary),
					.call_id = SLICE("c1") };

	return ladder_add(ladder, &record, SLICE_NONE, 0);
}

static void put_line(void *ctx, struct slice text)
{
	buf_slice(ctx, text);
}

static size_t longest_line; /* bytes, without its end */

static void measure_line(void *ctx, struct slice text)
{
	(void)ctx;
	if (text.n - 1 > longest_line)
		longest_line = text.n - 1;
}

static void assert_drawing(const struct ladder *ladder, struct ladder_style style,
			   const char *expected)
{
	static char text[65536];
	struct buf buf = BUF_ON(text);

	ladder_draw_text(ladder, &style, put_line, &buf);
	assert_false(buf.is_overflown);
	if (!slice_eq(buf_text(&buf), slice_from_cstr(expected)))
		fail_msg("drawn:\n%.*s", SLICE_ARGS(buf_text(&buf)));
}

static int add_bytes(struct ladder *ladder, uint64_t at_ms, const char *from, const char *to,
		     const char *bytes, unsigned source)
{
	struct ladder_record record = { .at_ms = at_ms,
					.from = slice_from_cstr(from),
					.to = slice_from_cstr(to),
					.summary = slice_from_cstr(bytes) };

	return ladder_add(ladder, &record, slice_from_cstr(bytes), source);
}

static const struct {
	uint64_t at_ms;
	const char *from;
	const char *to;
	const char *summary;
} pick_up[] = {
	{ 1000, "201", "lampyrid", "INVITE 202 (sdp)" },
	{ 1001, "lampyrid", "202", "INVITE 202 (sdp)" },
	{ 1040, "202", "lampyrid", "180 INVITE" },
	{ 1041, "lampyrid", "203", "NOTIFY 202 early" },
	{ 1041, "lampyrid", "201", "180 INVITE" },
	{ 3300, "203", "lampyrid", "INVITE *8202 Replaces (sdp)" },
	{ 3302, "lampyrid", "203", "200 INVITE (sdp)" },
	{ 3302, "lampyrid", "202", "CANCEL" },
	{ 3302, "lampyrid", "201", "200 INVITE (sdp)" },
};

static void add_pick_up(struct ladder *ladder)
{
	for (size_t i = 0; i < ARRAY_LEN(pick_up); i++)
		assert_int_equal(add(ladder, pick_up[i].at_ms, pick_up[i].from, pick_up[i].to,
				     pick_up[i].summary),
				 0);
}

static const char wide[] = "         201                 lampyrid                  202        203\n"
			   "  0.000   │── INVITE 202 (sdp) ─►│                      │          │\n"
			   "  0.001   │                      │── INVITE 202 (sdp) ─►│          │\n"
			   "  0.040   │                      │◄─ 180 INVITE ────────│          │\n"
			   "  0.041   │                      │── NOTIFY 202 early ────────────►│\n"
			   "  0.041   │◄─ 180 INVITE ────────│                      │          │\n"
			   "          ┊                      ┊                      ┊          ┊\n"
			   "  2.300   │                      │◄─ INVITE *8202 Replaces (sdp) ──│\n"
			   "  2.302   │                      │── 200 INVITE (sdp) ────────────►│\n"
			   "  2.302   │                      │── CANCEL ───────────►│          │\n"
			   "  2.302   │◄─ 200 INVITE (sdp) ──│                      │          │\n";

static const char narrow[] = "         201            lampyrid             202        203\n"
			     "  0.000   │── INVITE 202… ─►│                 │          │\n"
			     "  0.001   │                 │── INVITE 202… ─►│          │\n"
			     "  0.040   │                 │◄─ 180 INVITE ───│          │\n"
			     "  0.041   │                 │── NOTIFY 202 early ───────►│\n"
			     "  0.041   │◄─ 180 INVITE ───│                 │          │\n"
			     "          ┊                 ┊                 ┊          ┊\n"
			     "  2.300   │                 │◄─ INVITE *8202 Replaces… ──│\n"
			     "  2.302   │                 │── 200 INVITE (sdp) ───────►│\n"
			     "  2.302   │                 │── CANCEL ──────►│          │\n"
			     "  2.302   │◄─ 200 INVITE… ──│                 │          │\n";

static const char ascii[] = "         201            lampyrid             202        203\n"
			    "  0.000   |-- INVITE 202~ ->|                 |          |\n"
			    "  0.001   |                 |-- INVITE 202~ ->|          |\n"
			    "  0.040   |                 |<- 180 INVITE ---|          |\n"
			    "  0.041   |                 |-- NOTIFY 202 early ------->|\n"
			    "  0.041   |<- 180 INVITE ---|                 |          |\n"
			    "          :                 :                 :          :\n"
			    "  2.300   |                 |<- INVITE *8202 Replaces~ --|\n"
			    "  2.302   |                 |-- 200 INVITE (sdp) ------->|\n"
			    "  2.302   |                 |-- CANCEL ------>|          |\n"
			    "  2.302   |<- 200 INVITE~ --|                 |          |\n";

static void a_pick_up_is_drawn(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add_pick_up(&ladder);
	assert_drawing(&ladder, (struct ladder_style){ .width = 100 }, wide);
	assert_drawing(&ladder, (struct ladder_style){ 0 }, wide);
	assert_drawing(&ladder, (struct ladder_style){ .width = 60 }, narrow);
	assert_drawing(&ladder, (struct ladder_style){ .width = 60, .is_ascii = true }, ascii);
	ladder_fini(&ladder);
	assert_int_equal(mem_count().blocks, 0);
}

static void no_line_is_wider_than_wanted(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add_pick_up(&ladder);
	for (unsigned width = 54; width < 120; width++) {
		struct ladder_style style = { .width = width, .is_ascii = true };

		longest_line = 0;
		ladder_draw_text(&ladder, &style, measure_line, NULL);
		assert_true(longest_line > 0 && longest_line <= width);
	}
	ladder_fini(&ladder);
}

static const char repeated[] = "          a                              b\n"
			       "  0.000   │── INVITE 202 (sdp) ─────────►│\n"
			       "  0.500   │── INVITE 202 (sdp) (again) ─►│\n"
			       "  0.501   │◄─ INVITE 202 (sdp) ──────────│\n"
			       "  0.502   │── CANCEL ───────────────────►│\n"
			       "  1.500   │── INVITE 202 (sdp) (again) ─►│\n";

static const char without_repeats[] = "          a                      b\n"
				      "  0.000   │── INVITE 202 (sdp) ─►│\n"
				      "  0.501   │◄─ INVITE 202 (sdp) ──│\n"
				      "  0.502   │── CANCEL ───────────►│\n";

static void a_retransmission_is_marked_or_hidden(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add_bytes(&ladder, 0, "a", "b", "INVITE 202 (sdp)", 0);
	add_bytes(&ladder, 500, "a", "b", "INVITE 202 (sdp)", 0);
	add_bytes(&ladder, 501, "b", "a", "INVITE 202 (sdp)", 0);
	add_bytes(&ladder, 502, "a", "b", "CANCEL", 0);
	add_bytes(&ladder, 1500, "a", "b", "INVITE 202 (sdp)", 0);
	assert_drawing(&ladder, (struct ladder_style){ .width = 100 }, repeated);
	assert_drawing(&ladder, (struct ladder_style){ .is_repeat_hidden = true }, without_repeats);
	ladder_fini(&ladder);
}

static void what_two_captures_saw_is_kept_once(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add_bytes(&ladder, 0, "a", "b", "x", 0);
	add_bytes(&ladder, 500, "a", "b", "x", 0);
	add_bytes(&ladder, 3, "a", "b", "x", 1);
	assert_int_equal(ladder.row_count, 2);
	add_bytes(&ladder, 503, "a", "b", "x", 1);
	assert_int_equal(ladder.row_count, 2);
	add_bytes(&ladder, 1503, "a", "b", "x", 1);
	assert_int_equal(ladder.row_count, 3);
	assert_true(ladder.rows[2]->is_again);
	add_bytes(&ladder, 1503, "b", "a", "x", 1);
	assert_int_equal(ladder.row_count, 4);
	assert_false(ladder.rows[3]->is_again);
	ladder_fini(&ladder);
}

static const char alone[] = "            a                        b\n"
			    "    0.000   │◄ OPTIONS               │\n"
			    "            ┊                        ┊\n"
			    "86400.000   │── OPTIONS 1234567890 ─►│\n"
			    "86400.001   │                        │◄ INVITE 1234567890\n";

static const char alone_ascii[] = "            a              b\n"
				  "    0.000   |< OPTIONS     |\n"
				  "            :              :\n"
				  "86400.000   |-- OPTIONS~ ->|\n"
				  "86400.001   |              |< INVITE ~\n";

static void a_message_to_oneself_is_drawn(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add(&ladder, 123456789, "a", "a", "OPTIONS");
	add(&ladder, 123456789 + 86400000, "a", "b", "OPTIONS 1234567890");
	add(&ladder, 123456789 + 86400001, "b", "b", "INVITE 1234567890");
	assert_drawing(&ladder, (struct ladder_style){ 0 }, alone);
	assert_drawing(&ladder, (struct ladder_style){ .width = 1, .is_ascii = true }, alone_ascii);
	ladder_fini(&ladder);
}

static const char strange[] =
	"[2001:db8:1…:4:5:6]:5060  203.0.113.250:65535  ?    203.0.113.251:65535\n"
	"  0.000     │── OPTIONS?[2J ──────►│           │             │\n"
	"  0.000     │                      │           │── J??rgen ─►│\n";

static void strange_names_do_no_harm(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	add(&ladder, 0, "[2001:db8:1:2:3:4:5:6]:5060", "203.0.113.250:65535", "OPTIONS\033[2J");
	add(&ladder, 0, "", "203.0.113.251:65535", "J\303\274rgen");
	assert_drawing(&ladder, (struct ladder_style){ .width = 80 }, strange);
	ladder_fini(&ladder);
}

static void columns_can_be_given(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	assert_int_equal(ladder_add_participant(&ladder, SLICE("b")), 0);
	assert_int_equal(ladder_add_participant(&ladder, SLICE("a")), 0);
	assert_int_equal(ladder_add_participant(&ladder, SLICE("b")), 0);
	add(&ladder, 0, "a", "b", "BYE");
	assert_drawing(&ladder, (struct ladder_style){ .is_ascii = true },
		       "          b          a\n"
		       "  0.000   |<- BYE ---|\n");
	ladder_fini(&ladder);
}

static void too_many_participants_share_a_column(void **state)
{
	struct ladder ladder;
	char name[16];

	(void)state;
	ladder_init(&ladder, secret);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "phone-%d", i);
		assert_int_equal(add(&ladder, 0, name, "phone-0", "REGISTER"), 0);
	}
	assert_int_equal(ladder.participant_count, LADDER_PARTICIPANTS_MAX);
	assert_true(
		slice_eq(ladder.participants[LADDER_PARTICIPANTS_MAX - 1], SLICE(LADDER_OTHERS)));
	assert_int_equal(ladder_add_participant(&ladder, SLICE("one more")), ERR_LIMIT);
	longest_line = 0;
	ladder_draw_text(&ladder, &(struct ladder_style){ .width = 1 }, measure_line, NULL);
	assert_true(longest_line > 0 && longest_line < LADDER_WIDTH_MAX * 3);
	ladder_fini(&ladder);
}

static void records_are_sorted_by_time(void **state)
{
	struct ladder ladder;

	(void)state;
	for (unsigned n = 0; n < 70; n++) {
		ladder_init(&ladder, secret);
		for (unsigned i = 0; i < n; i++)
			add(&ladder, i * 7 % 10, i % 2 ? "a" : "b", "c", "BYE");
		assert_int_equal(ladder_sort(&ladder), 0);
		for (unsigned i = 1; i < n; i++)
			assert_true(ladder.rows[i - 1]->record.at_ms <=
				    ladder.rows[i]->record.at_ms);
		ladder_fini(&ladder);
	}
	assert_int_equal(mem_count().blocks, 0);
}

static void sorting_keeps_what_came_at_once_in_order(void **state)
{
	static const char *const names[] = { "1", "2", "3", "4", "5" };
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	for (unsigned i = 0; i < 5; i++)
		add(&ladder, 9, "a", "b", names[i]);
	add(&ladder, 8, "a", "b", "0");
	assert_int_equal(ladder_sort(&ladder), 0);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(ladder.rows[i]->record.summary.p[0], '0' + (char)i);
	ladder_fini(&ladder);
}

static void an_empty_ladder_draws_nothing(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder, secret);
	assert_int_equal(ladder_sort(&ladder), 0);
	assert_drawing(&ladder, (struct ladder_style){ 0 }, "");
	ladder_fini(&ladder);
}

static void every_refused_allocation_is_survived(void **state)
{
	bool is_refused = true;

	(void)state;
	for (uint64_t nth = 1; is_refused; nth++) {
		struct ladder ladder;
		int err = 0;

		ladder_init(&ladder, secret);
		mem_refuse_nth(nth);
		for (size_t i = 0; i < 20 && !err; i++)
			err = add_bytes(&ladder, 20 - i, "a", i % 3 ? "b" : "c", "x", 0);
		if (!err)
			err = ladder_sort(&ladder);
		is_refused = err != 0;
		assert_true(err == 0 || err == ERR_NOMEM);
		mem_refuse_nth(0);
		ladder_fini(&ladder);
		assert_int_equal(mem_count().blocks, 0);
		assert_true(nth < 200);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pick_up_is_drawn),
		cmocka_unit_test(no_line_is_wider_than_wanted),
		cmocka_unit_test(a_retransmission_is_marked_or_hidden),
		cmocka_unit_test(what_two_captures_saw_is_kept_once),
		cmocka_unit_test(a_message_to_oneself_is_drawn),
		cmocka_unit_test(strange_names_do_no_harm),
		cmocka_unit_test(columns_can_be_given),
		cmocka_unit_test(too_many_participants_share_a_column),
		cmocka_unit_test(records_are_sorted_by_time),
		cmocka_unit_test(sorting_keeps_what_came_at_once_in_order),
		cmocka_unit_test(an_empty_ladder_draws_nothing),
		cmocka_unit_test(every_refused_allocation_is_survived),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
