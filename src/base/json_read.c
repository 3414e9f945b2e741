/* SPDX-License-Identifier: MIT */
/*
 * A value's end is found by walking over it once; a stack of bits knows which bracket is open.
 * Numbers and words are taken by their letters: their reader decides what they mean.
 */
#include "base/json_read.h"

#include "base/err.h"

static struct slice skip_space(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n' || s.p[0] == '\r'))
		s = slice_from(s, 1);
	return s;
}

/* Bytes of the string that `s` starts with, both quotes included; 0 when it has no end. */
static size_t string_length(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 0x20)
			return 0;
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	return 0;
}

/* Of a number, or of true, false, null. */
static size_t word_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n) {
		char c = char_to_lower(s.p[n]);

		if (!char_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '+' &&
		    c != '.')
			break;
		n++;
	}
	return n;
}

/* Of an object or array. */
static size_t nest_length(struct slice s)
{
	bool is_object[JSON_DEPTH_MAX];
	size_t depth = 0, n;

	for (size_t i = 0; i < s.n; i += n) {
		char c = s.p[i];

		n = 1;
		if (c == '"') {
			n = string_length(slice_from(s, i));
			if (n == 0)
				return 0;
		} else if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH_MAX)
				return 0;
			is_object[depth++] = c == '{';
		} else if (c == '}' || c == ']') {
			if (is_object[--depth] != (c == '}'))
				return 0;
			if (depth == 0)
				return i + 1;
		}
	}
	return 0;
}

int json_value(struct slice text, struct slice *ret_value)
{
	struct slice s = skip_space(text);
	size_t n;

	if (s.n == 0)
		return ERR_SYNTAX;
	if (s.p[0] == '"')
		n = string_length(s);
	else if (s.p[0] == '{' || s.p[0] == '[')
		n = nest_length(s);
	else
		n = word_length(s);
	if (n == 0)
		return ERR_SYNTAX;
	*ret_value = slice_head(s, n);
	return 0;
}

/* What stands behind `piece`, a part of `s`. */
static struct slice behind(struct slice s, struct slice piece)
{
	return slice_from(s, (size_t)(piece.p + piece.n - s.p));
}

/* Steps over one "name": value and what separates it from the next. */
static int member_read(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct slice s = skip_space(*rest);

	if (s.n == 0 || s.p[0] != '"' || json_value(s, ret_name))
		return ERR_SYNTAX;
	s = skip_space(behind(s, *ret_name));
	if (s.n == 0 || s.p[0] != ':' || json_value(slice_from(s, 1), ret_value))
		return ERR_SYNTAX;
	s = skip_space(behind(s, *ret_value));
	if (s.n > 0 && s.p[0] == ',')
		s = slice_from(s, 1);
	*rest = s;
	return 0;
}

int json_find(struct slice object, const char *name, struct slice *ret_value)
{
	struct slice wanted = slice_from_cstr(name), rest = skip_space(object), found, value;

	if (rest.n == 0 || rest.p[0] != '{')
		return ERR_SYNTAX;
	rest = skip_space(slice_from(rest, 1));
	while (rest.n > 0 && rest.p[0] != '}') {
		if (member_read(&rest, &found, &value))
			return ERR_SYNTAX;
		if (slice_eq(slice_of(found.p + 1, found.n - 2), wanted)) {
			*ret_value = value;
			return 0;
		}
		rest = skip_space(rest);
	}
	return ERR_NOTFOUND;
}

bool json_next(struct slice array, size_t *at, struct slice *ret_item)
{
	struct slice s = skip_space(slice_from(array, *at));

	if (s.n == 0 || (s.p[0] != '[' && s.p[0] != ',') || (*at == 0) != (s.p[0] == '['))
		return false;
	if (json_value(slice_from(s, 1), ret_item))
		return false;
	*at = (size_t)(ret_item->p + ret_item->n - array.p);
	return true;
}

/* --- Strings ------------------------------------------------------------------------------ */

static void char_print(struct buf *buf, uint32_t c)
{
	if (c < 0x80) {
		buf_char(buf, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_char(buf, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_char(buf, (char)(0xe0 | c >> 12));
		} else {
			buf_char(buf, (char)(0xf0 | c >> 18));
			buf_char(buf, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_char(buf, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_char(buf, (char)(0x80 | (c & 0x3f)));
}

static int hex4_read(struct slice s, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (s.n < 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < 4; i++) {
		char c = char_to_lower(s.p[i]);

		if (char_is_digit(c))
			value = value * 16 + (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (uint32_t)(c - 'a') + 10;
		else
			return ERR_SYNTAX;
	}
	*ret_value = value;
	return 0;
}

static bool is_surrogate(uint32_t c, uint32_t first)
{
	return c >= first && c < first + 0x400;
}

/* Behind "\u": the bytes taken, or 0. */
static size_t unicode_print(struct buf *buf, struct slice s)
{
	uint32_t high, low;

	if (hex4_read(s, &high))
		return 0;
	if (is_surrogate(high, 0xd800) && slice_starts_with(slice_from(s, 4), SLICE("\\u")) &&
	    hex4_read(slice_from(s, 6), &low) == 0 && is_surrogate(low, 0xdc00)) {
		char_print(buf, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
		return 10;
	}
	if (is_surrogate(high, 0xd800) || is_surrogate(high, 0xdc00))
		high = 0xfffd;
	char_print(buf, high);
	return 4;
}

/* Behind a backslash: the bytes taken, or 0. */
static size_t escape_print(struct buf *buf, struct slice s)
{
	static const struct slice letters = SLICE_INIT("\"\\/bfnrt");
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	size_t at, n;

	if (s.n == 0)
		return 0;
	if (s.p[0] == 'u') {
		n = unicode_print(buf, slice_from(s, 1));
		return n > 0 ? n + 1 : 0;
	}
	at = slice_find_char(letters, s.p[0]);
	if (at == letters.n)
		return 0;
	buf_char(buf, meanings[at]);
	return 1;
}

int json_print_plain(struct buf *buf, struct slice value)
{
	struct slice s = value;
	size_t n;

	if (s.n == 0 || s.p[0] != '"') {
		buf_slice(buf, s);
		return 0;
	}
	if (string_length(s) != s.n)
		return ERR_SYNTAX;
	for (s = slice_of(s.p + 1, s.n - 2); s.n > 0; s = slice_from(s, n)) {
		n = 1;
		if (s.p[0] != '\\') {
			buf_char(buf, s.p[0]);
			continue;
		}
		n = escape_print(buf, slice_from(s, 1));
		if (n == 0)
			return ERR_SYNTAX;
		n++;
	}
	return 0;
}
