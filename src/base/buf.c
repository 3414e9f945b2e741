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

/* As much as there is room for. */
static void put(struct buf *buf, const char *p, size_t n)
{
	size_t room = buf->cap - buf->n;

	buf_slice(buf, slice_of(p, n < room ? n : room));
	if (n > room)
		buf->is_overflown = true;
}

/*
 * What nearly every line is made of, in a third of the time: "%.*s", "%s" and "%u". False at
 * anything else.
 */
__attribute__((format(printf, 2, 0))) static bool print_plain(struct buf *buf, const char *format,
							      va_list args)
{
	for (;;) {
		const char *end = strchrnul(format, '%');

		put(buf, format, (size_t)(end - format));
		if (*end == '\0')
			return true;
		if (strncmp(end, "%.*s", 4) == 0) {
			int n = va_arg(args, int);
			const char *p = va_arg(args, const char *);

			put(buf, p, n < 0 ? strlen(p) : strnlen(p, (size_t)n));
			format = end + 4;
		} else if (end[1] == 's') {
			const char *p = va_arg(args, const char *);

			if (!p)
				return false; /* glibc says "(null)", and a log line goes on */
			put(buf, p, strlen(p));
			format = end + 2;
		} else if (end[1] == 'u') {
			char digits[10];
			struct buf number = BUF_ON(digits);

			buf_u64(&number, va_arg(args, unsigned));
			put(buf, number.p, number.n);
			format = end + 2;
		} else {
			return false;
		}
	}
}

__attribute__((format(printf, 2, 0))) static void print_any(struct buf *buf, const char *format,
							    va_list args)
{
	char text[1024]; /* a line; what is longer overflows */
	int n = vsnprintf(text, sizeof(text), format, args);
	size_t wanted = n < 0 ? 0 : (size_t)n;

	put(buf, text, wanted < sizeof(text) ? wanted : sizeof(text) - 1);
	if (wanted >= sizeof(text))
		buf->is_overflown = true;
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	struct buf plain = *buf;
	va_list again;

	va_copy(again, args);
	if (print_plain(&plain, format, args))
		*buf = plain;
	else
		print_any(buf, format, again);
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}
