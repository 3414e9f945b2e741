/* SPDX-License-Identifier: MIT */
/*
 * Printing: exact text, and for every capacity that is too small a true prefix, the overflow
 * remembered, and not one byte written behind the end (SECURITY P12).
 */
#include "base/buf.h"
#include "base/check.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void print_all(struct buf *buf)
{
	buf_lit(buf, "Expires: ");
	buf_u64(buf, 3600);
	buf_cstr(buf, "\r\n");
	buf_char(buf, '<');
	buf_slice(buf, SLICE_NONE);
	buf_slice(buf, SLICE("a\0b"));
	buf_hex(buf, "\x00\x7f\xff", 3);
	buf_cstr(buf, NULL);
	buf_char(buf, '>');
}

static const struct slice all = SLICE_INIT("Expires: 3600\r\n<a\0b007fff>");

static void what_is_printed_is_exact(void **state)
{
	char room[64];
	struct buf buf = BUF_ON(room);

	(void)state;
	print_all(&buf);
	assert_false(buf.is_overflown);
	assert_true(slice_eq(buf_text(&buf), all));
}

static void too_little_room_gives_a_prefix_and_says_so(void **state)
{
	static const char blank[64];

	(void)state;
	for (size_t cap = 0; cap <= all.n; cap++) {
		struct guarded room = guarded_copy(slice_of(blank, cap));
		struct buf buf;

		buf_init(&buf, (char *)room.text.p, cap);
		print_all(&buf);
		assert_int_equal(buf.is_overflown, cap < all.n);
		assert_true(buf.n <= cap);
		assert_true(slice_starts_with(all, buf_text(&buf)));
		guarded_free(&room);
	}
}

static void nothing_follows_an_overflow(void **state)
{
	char room[4];
	struct buf buf = BUF_ON(room);

	(void)state;
	buf_lit(&buf, "abc");
	buf_lit(&buf, "de");
	buf_char(&buf, 'f');
	assert_true(buf.is_overflown);
	assert_true(slice_eq(buf_text(&buf), SLICE("abc")));
}

static void numbers_print_in_full(void **state)
{
	static const struct {
		uint64_t value;
		struct slice text;
	} cases[] = {
		{ 0, SLICE_INIT("0") },
		{ 9, SLICE_INIT("9") },
		{ 10, SLICE_INIT("10") },
		{ UINT32_MAX, SLICE_INIT("4294967295") },
		{ UINT64_MAX, SLICE_INIT("18446744073709551615") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char room[20];
		struct buf buf = BUF_ON(room);

		buf_u64(&buf, cases[i].value);
		assert_true(slice_eq(buf_text(&buf), cases[i].text));
	}
}

/* snprintf() is the oracle, for every capacity. */
__attribute__((format(printf, 1, 2))) static void check_format(const char *format, ...)
{
	char wanted[128], room[128];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	assert_in_range(n, 0, sizeof(wanted) - 1);
	for (size_t cap = 0; cap <= sizeof(room); cap++) {
		struct buf buf;
		size_t fits = cap < (size_t)n ? cap : (size_t)n;

		buf_init(&buf, room, cap);
		va_start(args, format);
		buf_vprintf(&buf, format, args);
		va_end(args);
		assert_int_equal(buf.is_overflown, cap < (size_t)n);
		assert_true(slice_eq(buf_text(&buf), slice_of(wanted, fits)));
	}
}

static void formats_print_as_printf_does(void **state)
{
	const char *volatile nothing = NULL; /* the compiler would say so */

	(void)state;
	check_format("%u %s", 1u, nothing);
	check_format("%s", "");
	check_format("event=leg call=%u party=%.*s state=%s", UINT32_MAX, 3, "2011", "ringing");
	check_format("%.*s|%.*s|%.*s", 0, "a", 5, "ab", 4, "a\0bc");
	check_format("%.*s", -1, "all of it");
	check_format("100%% of %u, %d, %02u:%02u %c %-7s|", 0u, -1, 7u, 12u, 'x', "left");
	check_format("%u then %zu, %llu and %s", 1u, (size_t)2, 3ull, "text");
}

static void a_line_that_is_too_long_overflows(void **state)
{
	static char text[3000], room[4000];
	struct buf buf = BUF_ON(room);

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	buf_printf(&buf, "%s%d", text, 1);
	assert_true(buf.is_overflown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_exact),
		cmocka_unit_test(too_little_room_gives_a_prefix_and_says_so),
		cmocka_unit_test(nothing_follows_an_overflow),
		cmocka_unit_test(numbers_print_in_full),
		cmocka_unit_test(formats_print_as_printf_does),
		cmocka_unit_test(a_line_that_is_too_long_overflows),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
