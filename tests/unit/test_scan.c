/* SPDX-License-Identifier: MIT */
/*
 * Looking for bytes a block at a time against the plain loop, which is the oracle: each byte at
 * each place of texts of each length up to some blocks, before an unreadable page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "sip/scan.h"
#include "support/guarded.h"

static size_t plain_break(struct slice s)
{
	size_t at = 0;

	while (at < s.n && s.p[at] != '\r' && s.p[at] != '\n' && s.p[at] != '\0')
		at++;
	return at;
}

static size_t plain_char(struct slice s, char c)
{
	size_t at = 0;

	while (at < s.n && s.p[at] != c)
		at++;
	return at;
}

static void check_scans(struct slice s)
{
	const char *end = s.p + s.n, *line_colon;
	size_t at = plain_break(s), colon = plain_char(s, ':');

	assert_ptr_equal(scan_break(s.p, end), s.p + at);
	assert_ptr_equal(scan_char(s.p, end, ':'), s.p + colon);
	assert_ptr_equal(scan_char(s.p, end, '\xff'), s.p + plain_char(s, '\xff'));
	assert_ptr_equal(scan_char(s.p, end, '\0'), s.p + plain_char(s, '\0'));
	assert_ptr_equal(scan_line(s.p, end, &line_colon), s.p + at);
	assert_ptr_equal(line_colon, colon < at ? s.p + colon : NULL);
}

/* `text` with each byte value at each place. */
static void check_each_byte(struct slice text)
{
	for (size_t at = 0; at < text.n; at++) {
		struct guarded guarded = guarded_copy(text);
		char *p = (char *)(uintptr_t)guarded.text.p;

		for (int c = 0; c < 256; c++) {
			p[at] = (char)c;
			check_scans(guarded.text);
		}
		guarded_free(&guarded);
	}
}

static void blocks_are_scanned_as_bytes_are(void **state)
{
	static const struct slice texts[] = {
		SLICE_INIT("Subject: a header with nothing to be found"),
		SLICE_INIT("\t\t\x0b\x01\xff\x80\x8d\x8a\x0e\x1f\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t"
			   "\t\t"),
		SLICE_INIT("To\t: a\xc3\xbc\r\nVia: b\r\n\r\nand: more\rof:it\n........."),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t n = 1; n <= texts[i].n; n++)
			check_each_byte(slice_head(texts[i], n));
}

static void nothing_is_found_in_nothing(void **state)
{
	static const char text[] = ":\r\n";
	const char *colon = text;

	(void)state;
	assert_ptr_equal(scan_break(text, text), text);
	assert_ptr_equal(scan_char(text, text, ':'), text);
	assert_ptr_equal(scan_line(text, text, &colon), text);
	assert_null(colon);
}

/* The marks of a word: none below the first true one, and no true one is missing. */
static void check_marks(const char bytes[8], uint64_t marks, bool (*is_true)(char c))
{
	bool is_found = false;

	for (unsigned i = 0; i < 8; i++) {
		bool is_marked = (marks >> (8 * i + 7)) & 1;

		is_found = is_found || is_true(bytes[i]);
		assert_true(is_true(bytes[i]) ? is_marked : !is_marked || is_found);
	}
	assert_int_equal(marks & ~(SCAN_EACH_BYTE << 7), 0);
}

static bool is_low(char c)
{
	return (unsigned char)c <= '\r';
}

static bool is_colon(char c)
{
	return c == ':';
}

/* What machines without SSE2 use. */
static void a_word_marks_its_bytes(void **state)
{
	static const char neighbours[] = {
		'\0', '\r', '\x0e', '9', ':', ';', '\x7f', '\x80', '\xff'
	};

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t i = 0; i < ARRAY_LEN(neighbours); i++)
			for (unsigned at = 0; at < 8; at++) {
				char bytes[8];

				memset(bytes, neighbours[i], sizeof(bytes));
				bytes[at] = (char)c;
				check_marks(bytes, scan_word_low(bytes), is_low);
				check_marks(bytes, scan_word_equal(bytes, ':'), is_colon);
			}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_scanned_as_bytes_are),
		cmocka_unit_test(nothing_is_found_in_nothing),
		cmocka_unit_test(a_word_marks_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
