/* SPDX-License-Identifier: MIT */
/*
 * One character at a time, and the characters that a terminal takes for orders.
 */
#include "base/utf8.h"

uint32_t utf8_char(struct slice s, size_t *ret_n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t value = n == 1 ? first : first & (0x7fu >> n);

	*ret_n = 1;
	if (n == 1)
		return value;
	if (first < 0xc0 || first > 0xf7 || s.n < n)
		return UTF8_BAD;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return UTF8_BAD;
		value = value << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return UTF8_BAD;
	*ret_n = n;
	return value;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static bool is_bidi(uint32_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

size_t utf8_count(struct slice text)
{
	size_t n, count = 0;

	for (; text.n > 0; text = slice_from(text, n), count++)
		(void)utf8_char(text, &n);
	return count;
}

void utf8_print_plain(struct buf *buf, struct slice text)
{
	size_t n;

	for (; text.n > 0; text = slice_from(text, n)) {
		uint32_t c = utf8_char(text, &n);

		if (c == UTF8_BAD || utf8_is_control(c) || is_bidi(c))
			buf_char(buf, '?');
		else
			buf_slice(buf, slice_head(text, n));
	}
}
