/* SPDX-License-Identifier: MIT */
/*
 * The Replaces header (RFC 3891 6.1): what is read, with and without tags, what is refused, and
 * that print and parse are inverse.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/limits.h"
#include "sip/replaces.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	if (got.n > 0)
		assert_memory_equal(got.p, expected, got.n);
}

static const struct {
	const char *value, *call_id, *to_tag, *from_tag;
	bool is_early_only;
	const char *printed;
} good_cases[] = {
	{ "eb4f000d-b85c2874@192.168.1.172;to-tag=d07b4339bf62df38o0;from-tag=ka6rnwbn36",
	  "eb4f000d-b85c2874@192.168.1.172", "d07b4339bf62df38o0", "ka6rnwbn36", false,
	  "eb4f000d-b85c2874@192.168.1.172;to-tag=d07b4339bf62df38o0;from-tag=ka6rnwbn36" },
	{ " a \r\n ; from-tag = x ; to-tag = y ; early-only ", "a", "y", "x", true,
	  "a;to-tag=y;from-tag=x;early-only" },
	{ "12adf2f34456gs5;TO-TAG=12345;From-Tag=54321;Early-Only", "12adf2f34456gs5", "12345",
	  "54321", true, "12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only" },
	{ "a@b", "a@b", "", "", false, "a@b" },
	{ "a@b;to-tag=0;from-tag=0", "a@b", "", "", false, "a@b" },
	{ "a@b;from-tag=00", "a@b", "", "00", false, "a@b;from-tag=00" },
	{ "a;to-tag=;early-only;early-only", "a", "", "", true, "a;early-only" },
	{ "a;x=\"b,;to-tag=1\";y;to-tag=2", "a", "2", "", false, "a;to-tag=2" },
	{ "<a>\"(b){c}?/:[d]\\", "<a>\"(b){c}?/:[d]\\", "", "", false, "<a>\"(b){c}?/:[d]\\" },
};

static void assert_round_trip(const struct sip_replaces *replaces, struct slice *ret_printed,
			      char text[1024])
{
	struct buf buf;
	struct sip_replaces again;

	buf_init(&buf, text, 1024);
	sip_replaces_print(&buf, replaces);
	assert_false(buf.is_overflown);
	*ret_printed = buf_text(&buf);
	assert_int_equal(sip_replaces_parse(*ret_printed, &again), 0);
	assert_true(slice_eq(again.call_id, replaces->call_id));
	assert_true(slice_eq(again.to_tag, replaces->to_tag));
	assert_true(slice_eq(again.from_tag, replaces->from_tag));
	assert_int_equal(again.is_early_only, replaces->is_early_only);
}

static void parse_reads_and_print_writes_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(good_cases[i].value));
		struct sip_replaces replaces;
		struct slice printed;
		char text[1024];

		assert_int_equal(sip_replaces_parse(input.text, &replaces), 0);
		assert_slice(replaces.call_id, good_cases[i].call_id);
		assert_slice(replaces.to_tag, good_cases[i].to_tag);
		assert_slice(replaces.from_tag, good_cases[i].from_tag);
		assert_int_equal(replaces.is_early_only, good_cases[i].is_early_only);
		assert_round_trip(&replaces, &printed, text);
		assert_slice(printed, good_cases[i].printed);
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
			struct sip_replaces replaces;
			struct slice printed;
			char text[1024];

			if (!sip_replaces_parse(input.text, &replaces))
				assert_round_trip(&replaces, &printed, text);
			guarded_free(&input);
		}
	}
}

static const struct slice bad_cases[] = {
	SLICE_INIT(""),
	SLICE_INIT("  "),
	SLICE_INIT(";to-tag=1;from-tag=2"),
	SLICE_INIT("a b;to-tag=1"),
	SLICE_INIT("a\0b;to-tag=1"),
	SLICE_INIT("a,b"),
	SLICE_INIT("a;to-tag=1;to-tag=1"),
	SLICE_INIT("a;to-tag=0;to-tag=1"),
	SLICE_INIT("a;from-tag=1;From-Tag=2"),
	SLICE_INIT("a;to-tag=1;from-tag=2, b;to-tag=3;from-tag=4"),
	SLICE_INIT("a;to-tag=1,b"),
	SLICE_INIT("a;to-tag=\"1\""),
	SLICE_INIT("a;to-tag=1 2"),
	SLICE_INIT("a;to-tag=1\x01"),
	SLICE_INIT("a;to-tag=1\r\nX:y"),
	SLICE_INIT("a;x=\"open"),
	SLICE_INIT("a;x=\"open\\"),
};

static void parse_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++) {
		struct guarded input = guarded_copy(bad_cases[i]);
		struct sip_replaces replaces = { .is_early_only = true };

		assert_int_equal(sip_replaces_parse(input.text, &replaces), ERR_SYNTAX);
		assert_true(replaces.is_early_only);
		guarded_free(&input);
	}
}

static void parse_refuses_what_is_over_the_limits(void **state)
{
	struct sip_replaces replaces;

	(void)state;
	for (size_t n = SIP_CALL_ID_MAX_BYTES; n <= SIP_CALL_ID_MAX_BYTES + 1; n++) {
		char call_id[SIP_CALL_ID_MAX_BYTES + 1];

		memset(call_id, 'a', sizeof(call_id));
		assert_int_equal(sip_replaces_parse(slice_of(call_id, n), &replaces),
				 n > SIP_CALL_ID_MAX_BYTES ? ERR_SYNTAX : 0);
	}
	for (size_t n = SIP_TAG_MAX_BYTES; n <= SIP_TAG_MAX_BYTES + 1; n++) {
		char text[512];
		struct buf buf = BUF_ON(text);

		buf_lit(&buf, "a;from-tag=");
		for (size_t i = 0; i < n; i++)
			buf_char(&buf, 't');
		assert_int_equal(sip_replaces_parse(buf_text(&buf), &replaces),
				 n > SIP_TAG_MAX_BYTES ? ERR_SYNTAX : 0);
	}
}

/* Ids of a dialog-info document are any text: none becomes a parameter, an entry or a line. */
static void print_leaves_out_what_could_end_a_part(void **state)
{
	const struct sip_replaces replaces = {
		.call_id = SLICE_INIT("a\r\nX: y;to-tag=1,"),
		.to_tag = SLICE_INIT("1;early-only\0"),
		.from_tag = SLICE_INIT("\"2\", b"),
	};
	char text[128];
	struct buf buf = BUF_ON(text);

	(void)state;
	sip_replaces_print(&buf, &replaces);
	assert_slice(buf_text(&buf), "aX:yto-tag1;to-tag=1early-only;from-tag=2b");
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
