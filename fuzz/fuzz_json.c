/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the JSON reader: every value, member and item that it finds lies inside the input, and
 * a string that it decodes, printed again, is the same string.
 */
#include "base/check.h"
#include "base/json.h"
#include "base/json_read.h"

#define TEXT_MAX 4096

static void check_inside(struct slice all, struct slice piece)
{
	CHECK(piece.p >= all.p && piece.n > 0 && piece.p + piece.n <= all.p + all.n);
}

static void check_string(struct slice value)
{
	char text[TEXT_MAX], again[6 * TEXT_MAX], text2[TEXT_MAX * 6];
	struct buf plain = BUF_ON(text), json = BUF_ON(again), plain2 = BUF_ON(text2);
	struct buf json2 = BUF_ON(again);

	if (json_print_plain(&plain, value) || plain.is_overflown || value.p[0] != '"')
		return;
	json_text(&json, NULL, buf_text(&plain));
	CHECK(!json.is_overflown && json_print_plain(&plain2, buf_text(&json)) == 0);
	/* Once more: what was no UTF-8 has become U+FFFD by now, and stays that. */
	json_text(&json2, NULL, buf_text(&plain2));
	CHECK(json2.n == json.n || plain2.n != plain.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of((const char *)data, size), value, item;
	size_t at = 0;

	if (json_value(all, &value) == 0) {
		check_inside(all, value);
		check_string(value);
	}
	if (json_find(all, "a", &value) == 0) {
		check_inside(all, value);
		check_string(value);
	}
	while (json_next(all, &at, &item))
		check_inside(all, item);
	return 0;
}
