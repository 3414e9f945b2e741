/* SPDX-License-Identifier: MIT */
/*
 * JSON printed and read again, UTF-8 that is none, and moments.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "base/wall.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define expect_slice(s, text)                                                                      \
	do {                                                                                       \
		struct slice got = (s);                                                            \
		assert_int_equal(got.n, sizeof(text) - 1);                                         \
		assert_memory_equal(got.p, text, sizeof(text) - 1);                                \
	} while (0)

/* --- Printing ----------------------------------------------------------------------------- */

static void commas_stand_between_values_only(void **state)
{
	char text[256];
	struct buf buf = BUF_ON(text);

	(void)state;
	json_object_begin(&buf, NULL);
	json_text(&buf, "a", SLICE("{["));
	json_array_begin(&buf, "b");
	json_number(&buf, NULL, 0);
	json_object_begin(&buf, NULL);
	json_object_end(&buf);
	json_object_begin(&buf, NULL);
	json_bool(&buf, "yes", true);
	json_bool(&buf, "no", false);
	json_object_end(&buf);
	json_array_end(&buf);
	json_text_unless_empty(&buf, "none", SLICE_NONE);
	json_number(&buf, "c", UINT64_MAX);
	json_object_end(&buf);
	buf_char(&buf, '\n');
	json_object_begin(&buf, NULL);
	json_object_end(&buf);
	expect_slice(buf_text(&buf), "{\"a\":\"{[\",\"b\":[0,{},{\"yes\":true,\"no\":false}],"
				     "\"c\":18446744073709551615}\n{}");
}

static const struct {
	const char *name;
	struct slice text;
	const char *json;
	const char *plain; /* on a terminal */
} texts[] = {
	{ "nothing", SLICE_INIT(""), "\"\"", "" },
	{ "quotes and backslashes", SLICE_INIT("a\"b\\c"), "\"a\\\"b\\\\c\"", "a\"b\\c" },
	{ "controls", SLICE_INIT("\0\x1f\x7f\n"), "\"\\u0000\\u001f\\u007f\\u000a\"", "????" },
	{ "C1 controls", SLICE_INIT("\xc2\x9b"), "\"\\u009b\"", "?" },
	{ "characters", SLICE_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94"),
	  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94" },
	{ "stray bytes", SLICE_INIT("\xff\x80"), "\"\\ufffd\\ufffd\"", "??" },
	{ "cut off", SLICE_INIT("\xe2\x82"), "\"\\ufffd\\ufffd\"", "??" },
	{ "overlong", SLICE_INIT("\xc0\xaf"), "\"\\ufffd\\ufffd\"", "??" },
	{ "a surrogate", SLICE_INIT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"", "???" },
	{ "beyond Unicode", SLICE_INIT("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
	  "????" },
	{ "marks of direction", SLICE_INIT("\xe2\x80\xae"), "\"\xe2\x80\xae\"", "?" },
};

static void any_bytes_are_a_string(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct guarded input = guarded_copy(texts[i].text);
		char json[256] = { 0 }, plain[256] = { 0 };
		struct buf json_buf = BUF_ON(json), plain_buf = BUF_ON(plain);

		json_text(&json_buf, NULL, input.text);
		assert_string_equal(json, texts[i].json);
		utf8_print_plain(&plain_buf, input.text);
		assert_string_equal(plain, texts[i].plain);
		assert_int_equal(utf8_count(input.text), utf8_count(buf_text(&plain_buf)));
		guarded_free(&input);
	}
}

/* --- Reading ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	struct slice text;
	const char *value; /* NULL: ERR_SYNTAX */
} values[] = {
	{ "a number", SLICE_INIT(" 12.5e3, 4"), "12.5e3" },
	{ "a word", SLICE_INIT("true}"), "true" },
	{ "a string", SLICE_INIT("\"a\\\"}\"]"), "\"a\\\"}\"" },
	{ "an object", SLICE_INIT("{\"a\":[1,{}],\"b\":\"}\"} x"), "{\"a\":[1,{}],\"b\":\"}\"}" },
	{ "nothing", SLICE_INIT("  "), NULL },
	{ "a sign", SLICE_INIT(","), NULL },
	{ "no end of a string", SLICE_INIT("\"abc"), NULL },
	{ "a backslash at the end", SLICE_INIT("\"abc\\"), NULL },
	{ "a line end in a string", SLICE_INIT("\"a\nb\""), NULL },
	{ "no end of an object", SLICE_INIT("{\"a\":1"), NULL },
	{ "crossed brackets", SLICE_INIT("{[}]"), NULL },
	{ "too deep",
	  SLICE_INIT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), NULL },
};

static void a_value_ends_where_it_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct guarded input = guarded_copy(values[i].text);
		struct slice value;
		int err = json_value(input.text, &value);

		if (!values[i].value)
			assert_int_equal(err, ERR_SYNTAX);
		else if (err || !slice_eq(value, slice_from_cstr(values[i].value)))
			fail_msg("%s: %.*s", values[i].name, SLICE_ARGS(value));
		guarded_free(&input);
	}
}

static void members_are_found_by_name(void **state)
{
	struct slice object = SLICE("{\"a\" : 1, \"b\":{\"c\":2},\"c\":[3, \"x\",{}], \"d\":\"\"}");
	struct slice value, item;
	size_t at = 0;

	(void)state;
	assert_int_equal(json_find(object, "a", &value), 0);
	expect_slice(value, "1");
	assert_int_equal(json_find(object, "d", &value), 0);
	expect_slice(value, "\"\"");
	assert_int_equal(json_find(object, "e", &value), ERR_NOTFOUND);
	assert_int_equal(json_find(SLICE("[1]"), "a", &value), ERR_SYNTAX);
	assert_int_equal(json_find(SLICE("{\"a\" 1}"), "a", &value), ERR_SYNTAX);
	assert_int_equal(json_find(object, "c", &value), 0);
	assert_true(json_next(value, &at, &item));
	expect_slice(item, "3");
	assert_true(json_next(value, &at, &item));
	expect_slice(item, "\"x\"");
	assert_true(json_next(value, &at, &item));
	expect_slice(item, "{}");
	assert_false(json_next(value, &at, &item));
	at = 0;
	assert_false(json_next(SLICE("[]"), &at, &item));
	assert_false(json_next(SLICE("12"), &at, &item));
}

/* Whatever is cut off, nothing behind the end is read. */
static void every_prefix_is_safe(void **state)
{
	static const struct slice whole = SLICE_INIT("{\"a\":\"\\ud83d\\udd14\\n\",\"b\":[1,2]}");

	(void)state;
	for (size_t n = 0; n <= whole.n; n++) {
		struct guarded input = guarded_copy(slice_head(whole, n));
		struct slice value, item;
		char text[64];
		struct buf buf = BUF_ON(text);
		size_t at = 0;

		(void)json_value(input.text, &value);
		if (json_find(input.text, "a", &value) == 0)
			(void)json_print_plain(&buf, value);
		(void)json_print_plain(&buf, input.text);
		if (json_find(input.text, "b", &value) == 0)
			while (json_next(value, &at, &item))
				continue;
		guarded_free(&input);
	}
}

static const struct {
	struct slice value;
	const char *plain; /* NULL: ERR_SYNTAX */
} strings[] = {
	{ SLICE_INIT("12"), "12" },
	{ SLICE_INIT("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\""), "a\"\\/\b\f\n\r\tz" },
	{ SLICE_INIT("\"\\u00e9\\u20AC\\ud83d\\udd14\""), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94" },
	{ SLICE_INIT("\"\\ud83dx\\udd14\""), "\xef\xbf\xbdx\xef\xbf\xbd" },
	{ SLICE_INIT("\"\\x\""), NULL },
	{ SLICE_INIT("\"\\u12\""), NULL },
	{ SLICE_INIT("\"\\u12g4\""), NULL },
	{ SLICE_INIT("\"a\"b\""), NULL },
};

static void strings_say_what_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		char text[64] = { 0 };
		struct buf buf = BUF_ON(text);
		int err = json_print_plain(&buf, strings[i].value);

		assert_int_equal(err, strings[i].plain ? 0 : ERR_SYNTAX);
		if (strings[i].plain)
			assert_string_equal(text, strings[i].plain);
	}
}

static void what_is_printed_is_read_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char json[256], plain[256];
		struct buf json_buf = BUF_ON(json), plain_buf = BUF_ON(plain);
		struct slice value;

		json_text(&json_buf, NULL, texts[i].text);
		assert_int_equal(json_value(buf_text(&json_buf), &value), 0);
		assert_int_equal(value.n, json_buf.n);
		assert_int_equal(json_print_plain(&plain_buf, value), 0);
		if (!strstr(texts[i].json, "\\ufffd"))
			assert_true(slice_eq(buf_text(&plain_buf), texts[i].text));
	}
}

/* --- Moments ------------------------------------------------------------------------------ */

static const struct {
	uint64_t wall_ms;
	const char *text;
} moments[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 951782399999, "2000-02-28T23:59:59.999Z" },
	{ 951782400000, "2000-02-29T00:00:00.000Z" },
	{ 951868800000, "2000-03-01T00:00:00.000Z" },
	{ 1704067199999, "2023-12-31T23:59:59.999Z" },
	{ 1709164800000, "2024-02-29T00:00:00.000Z" },
	{ 1778751062118, "2026-05-14T09:31:02.118Z" },
	{ 4107542400000, "2100-03-01T00:00:00.000Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
};

static void moments_are_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		char text[WALL_TEXT_BYTES + 1] = { 0 };
		struct buf buf = BUF_ON(text);

		wall_print(&buf, moments[i].wall_ms);
		assert_string_equal(text, moments[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_values_only),
		cmocka_unit_test(any_bytes_are_a_string),
		cmocka_unit_test(a_value_ends_where_it_ends),
		cmocka_unit_test(members_are_found_by_name),
		cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(strings_say_what_was_meant),
		cmocka_unit_test(what_is_printed_is_read_again),
		cmocka_unit_test(moments_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
