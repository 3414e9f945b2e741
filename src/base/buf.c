/* SPDX-License-Identifier: MIT */
/*
 * Printing numbers and formatted text into a fixed buffer.
 */
#include "base/buf.h"

#include <stdio.h>

void buf_init(struct buf *buf, char *p, size_t cap)
{
	*buf = (struct buf){ .p = p, .cap = cap };
}

void buf_u64(struct buf *buf, uint64_t value)
{
	char digits[20]; /* 2^64 has 20 */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_slice(buf, slice_of(digits + at, sizeof(digits) - at));
}

void buf_hex(struct buf *buf, const void *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		buf_char(buf, hex[p[i] >> 4]);
		buf_char(buf, hex[p[i] & 15]);
	}
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	char text[1024]; /* a line; what is longer overflows */
	size_t room = buf->cap - buf->n;
	int n = vsnprintf(text, sizeof(text), format, args);
	size_t wanted = n < 0 ? 0 : (size_t)n;
	struct slice fits = slice_of(text, wanted < sizeof(text) ? wanted : sizeof(text) - 1);

	buf_slice(buf, slice_head(fits, room));
	if (wanted > room || wanted >= sizeof(text))
		buf->is_overflown = true;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}
