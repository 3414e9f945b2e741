/* SPDX-License-Identifier: MIT */
/*
 * The status line that a NOTIFY of event "refer" carries (RFC 3420, RFC 3515 2.4.5).
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/sipfrag.h"
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
	const char *body;
	unsigned status;
	const char *reason;
} good_cases[] = {
	{ "SIP/2.0 100 Trying\r\n", 100, "Trying" },
	{ "SIP/2.0 200 OK", 200, "OK" },
	{ "SIP/2.0 200 OK\n", 200, "OK" },
	{ "SIP/2.0 180 Ringing\r\nContact: <sip:202@192.0.2.1>\r\n\r\n", 180, "Ringing" },
	{ "\r\n SIP/2.0 486 Busy Here \r\n", 486, "Busy Here" },
	{ "sip/2.0  603  Decline\r\n", 603, "Decline" },
	{ "SIP/2.0 200", 200, "" },
	{ "SIP/2.0 200\r\n", 200, "" },
	{ "SIP/2.0 200 \r\n", 200, "" },
	{ "SIP/2.0 699 \xc3\xa4\r\n", 699, "\xc3\xa4" },
};

static void assert_round_trip(unsigned status, struct slice reason)
{
	char text[256];
	struct buf buf = BUF_ON(text);
	struct slice again;
	unsigned again_status;

	sipfrag_print(&buf, status, reason);
	assert_int_equal(sipfrag_parse(buf_text(&buf), &again_status, &again), 0);
	assert_int_equal(again_status, status);
	assert_true(slice_is_empty(reason) || slice_eq(again, reason));
}

static void parse_reads_and_print_writes_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(good_cases[i].body));
		struct slice reason;
		unsigned status;

		assert_int_equal(sipfrag_parse(input.text, &status, &reason), 0);
		assert_int_equal(status, good_cases[i].status);
		assert_slice(reason, good_cases[i].reason);
		assert_round_trip(status, reason);
		guarded_free(&input);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct slice whole = slice_from_cstr(good_cases[i].body);

		for (size_t n = 0; n <= whole.n; n++) {
			struct guarded input = guarded_copy(slice_head(whole, n));
			struct slice reason;
			unsigned status;

			if (!sipfrag_parse(input.text, &status, &reason))
				assert_round_trip(status, reason);
			guarded_free(&input);
		}
	}
}

static void parse_refuses(void **state)
{
	static const struct slice bodies[] = {
		SLICE_INIT(""),
		SLICE_INIT("\r\n\r\n"),
		SLICE_INIT("SIP/2.0"),
		SLICE_INIT("SIP/2.0 \r\n200 OK"),
		SLICE_INIT("SIP/2.0\r\n 200 OK"),
		SLICE_INIT("SIP/2.0200 OK"),
		SLICE_INIT("SIP/3.0 200 OK"),
		SLICE_INIT("SIP/2.0 20 OK"),
		SLICE_INIT("SIP/2.0 2000 OK"),
		SLICE_INIT("SIP/2.0 099 OK"),
		SLICE_INIT("SIP/2.0 700 OK"),
		SLICE_INIT("SIP/2.0 -20 OK"),
		SLICE_INIT("SIP/2.0 200OK"),
		SLICE_INIT("INVITE sip:a@b SIP/2.0\r\n"),
		SLICE_INIT("Contact: <sip:a@b>\r\n"),
		SLICE_INIT("\0SIP/2.0 200 OK"),
		SLICE_INIT("<xml/>"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct guarded input = guarded_copy(bodies[i]);
		struct slice reason;
		unsigned status = 1;

		assert_int_equal(sipfrag_parse(input.text, &status, &reason), ERR_SYNTAX);
		assert_int_equal(status, 1);
		guarded_free(&input);
	}
}

static void print_keeps_to_one_line(void **state)
{
	char text[256];
	struct buf buf = BUF_ON(text);

	(void)state;
	sipfrag_print(&buf, 200, SLICE_NONE);
	sipfrag_print(&buf, 480, SLICE("Not\r\nX: y"));
	assert_slice(buf_text(&buf), "SIP/2.0 200 OK\r\nSIP/2.0 480 Not X: y\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_reads_and_print_writes_it_back),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(print_keeps_to_one_line),
	};

	return cmocka_run_group_tests_name("sipfrag", tests, NULL, NULL);
}
