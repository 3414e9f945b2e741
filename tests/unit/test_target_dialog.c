/* SPDX-License-Identifier: MIT */
/*
 * The Target-Dialog header (RFC 4538 7): what is read, what is refused, and that print and parse
 * are inverse.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/limits.h"
#include "sip/target_dialog.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	assert_memory_equal(got.p, expected, got.n);
}

static const struct {
	const char *value, *call_id, *local_tag, *remote_tag, *printed;
} good_cases[] = {
	{ "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544",
	  "fa77as7dad8-sd98ajzz@host.example.com", "kkaz-", "6544",
	  "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544" },
	{ " a \r\n ; Remote-Tag = 1 ; x=\"y;local-tag=3\" ; LOCAL-TAG=2 ", "a", "2", "1",
	  "a;local-tag=2;remote-tag=1" },
};

static void assert_round_trip(const struct sip_target_dialog *target, const char *printed)
{
	char text[1024];
	struct buf buf = BUF_ON(text);
	struct sip_target_dialog again;

	sip_target_dialog_print(&buf, target);
	if (printed)
		assert_slice(buf_text(&buf), printed);
	assert_int_equal(sip_target_dialog_parse(buf_text(&buf), &again), 0);
	assert_true(slice_eq(again.call_id, target->call_id));
	assert_true(slice_eq(again.local_tag, target->local_tag));
	assert_true(slice_eq(again.remote_tag, target->remote_tag));
}

static void parse_reads_and_print_writes_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(good_cases[i].value));
		struct sip_target_dialog target;

		assert_int_equal(sip_target_dialog_parse(input.text, &target), 0);
		assert_slice(target.call_id, good_cases[i].call_id);
		assert_slice(target.local_tag, good_cases[i].local_tag);
		assert_slice(target.remote_tag, good_cases[i].remote_tag);
		assert_round_trip(&target, good_cases[i].printed);
		guarded_free(&input);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct slice whole = slice_from_cstr(good_cases[i].value);

		for (size_t n = 0; n <= whole.n; n++) {
			struct guarded input = guarded_copy(slice_head(whole, n));
			struct sip_target_dialog target;

			if (!sip_target_dialog_parse(input.text, &target))
				assert_round_trip(&target, NULL);
			guarded_free(&input);
		}
	}
}

static void parse_refuses(void **state)
{
	static const struct slice values[] = {
		SLICE_INIT(""),
		SLICE_INIT(";local-tag=1;remote-tag=2"),
		SLICE_INIT("a"),
		SLICE_INIT("a;local-tag=1"),
		SLICE_INIT("a;remote-tag=1"),
		SLICE_INIT("a;local-tag=;remote-tag=2"),
		SLICE_INIT("a;local-tag=1;local-tag=1;remote-tag=2"),
		SLICE_INIT("a;local-tag=1;remote-tag=2;Remote-Tag=3"),
		SLICE_INIT("a;local-tag=\"1\";remote-tag=2"),
		SLICE_INIT("a;local-tag=1;remote-tag=2, b;local-tag=1;remote-tag=2"),
		SLICE_INIT("a b;local-tag=1;remote-tag=2"),
		SLICE_INIT("a\0;local-tag=1;remote-tag=2"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct guarded input = guarded_copy(values[i]);
		struct sip_target_dialog target;

		assert_int_equal(sip_target_dialog_parse(input.text, &target), ERR_SYNTAX);
		guarded_free(&input);
	}
}

static void parse_refuses_what_is_over_the_limits(void **state)
{
	struct sip_target_dialog target;
	char text[1024];

	(void)state;
	for (size_t extra = 0; extra <= 1; extra++) {
		struct buf buf = BUF_ON(text);

		for (size_t i = 0; i < SIP_CALL_ID_MAX_BYTES + extra; i++)
			buf_char(&buf, 'c');
		buf_lit(&buf, ";local-tag=1;remote-tag=2");
		assert_int_equal(sip_target_dialog_parse(buf_text(&buf), &target),
				 extra ? ERR_SYNTAX : 0);
		buf = BUF_ON(text);
		buf_lit(&buf, "a;local-tag=1;remote-tag=");
		for (size_t i = 0; i < SIP_TAG_MAX_BYTES + extra; i++)
			buf_char(&buf, 't');
		assert_int_equal(sip_target_dialog_parse(buf_text(&buf), &target),
				 extra ? ERR_SYNTAX : 0);
	}
}

static void print_leaves_out_what_could_end_a_part(void **state)
{
	const struct sip_target_dialog target = { SLICE_INIT("a\r\nX: y;"), SLICE_INIT("1;x,"),
						  SLICE_INIT("\"2\"") };
	char text[128];
	struct buf buf = BUF_ON(text);

	(void)state;
	sip_target_dialog_print(&buf, &target);
	assert_slice(buf_text(&buf), "aX:y;local-tag=1x;remote-tag=2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_reads_and_print_writes_it_back),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(parse_refuses_what_is_over_the_limits),
		cmocka_unit_test(print_leaves_out_what_could_end_a_part),
	};

	return cmocka_run_group_tests_name("target_dialog", tests, NULL, NULL);
}
