/* SPDX-License-Identifier: MIT */
/*
 * Escaping text for XML 1.0 documents.
 */
#include "sip/xml_print.h"

static bool is_tail_byte(struct slice s, size_t at)
{
	return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

/*
 * The length of the character that s starts with, 0 when it is none that XML may hold: overlong
 * forms, surrogates, U+FFFE, U+FFFF and all above U+10FFFF (RFC 3629 3, XML 1.0 2.2).
 */
static size_t utf8_length(struct slice s)
{
	unsigned char first = (unsigned char)s.p[0];
	unsigned char second = s.n > 1 ? (unsigned char)s.p[1] : 0;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return is_tail_byte(s, 1) ? 2 : 0;
	if (first >= 0xe0 && first <= 0xef) {
		bool is_overlong = first == 0xe0 && second < 0xa0;
		bool is_surrogate = first == 0xed && second > 0x9f;
		bool is_none =
			first == 0xef && second == 0xbf && s.n > 2 && (unsigned char)s.p[2] >= 0xbe;

		if (is_overlong || is_surrogate || is_none)
			return 0;
		return is_tail_byte(s, 1) && is_tail_byte(s, 2) ? 3 : 0;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		bool is_overlong = first == 0xf0 && second < 0x90;
		bool is_too_high = first == 0xf4 && second > 0x8f;

		if (is_overlong || is_too_high)
			return 0;
		return is_tail_byte(s, 1) && is_tail_byte(s, 2) && is_tail_byte(s, 3) ? 4 : 0;
	}
	return 0;
}

static struct slice char_escape(char c)
{
	switch (c) {
	case '&':
		return SLICE("&amp;");
	case '<':
		return SLICE("&lt;");
	case '>':
		return SLICE("&gt;");
	case '"':
		return SLICE("&quot;");
	case '\'':
		return SLICE("&apos;");
	default:
		return SLICE_NONE;
	}
}

/* Characters of one byte that stand for themselves. */
static const bool is_plain[256] = {
	[' ' ... '!'] = true, ['#' ... '%'] = true, ['(' ... ';'] = true,
	['='] = true,	      ['?' ... '~'] = true,
};

static void char_print(struct buf *buf, struct slice character)
{
	struct slice escape = char_escape(character.p[0]);

	if (character.n > 1)
		buf_slice(buf, character);
	else if (escape.n > 0)
		buf_slice(buf, escape);
	else
		buf_char(buf, '?');
}

void xml_text_print(struct buf *buf, struct slice plain)
{
	while (plain.n > 0) {
		size_t n = 0;

		while (n < plain.n && is_plain[(unsigned char)plain.p[n]])
			n++;
		buf_slice(buf, slice_head(plain, n));
		plain = slice_from(plain, n);
		if (plain.n == 0)
			break;
		n = utf8_length(plain);
		n = n == 0 ? 1 : n;
		char_print(buf, slice_head(plain, n));
		plain = slice_from(plain, n);
	}
}

void xml_attribute_print(struct buf *buf, struct slice name, struct slice value)
{
	buf_slice(buf, name);
	xml_text_print(buf, value);
	buf_char(buf, '"');
}

void xml_attribute_print_unless_empty(struct buf *buf, struct slice name, struct slice value)
{
	if (value.n > 0)
		xml_attribute_print(buf, name, value);
}
