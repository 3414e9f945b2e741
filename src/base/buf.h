/* SPDX-License-Identifier: MIT */
/*
 * A buffer to print into: fixed capacity, never one byte past it. Overflow is remembered, so a
 * printer writes straight on and its caller asks once at the end.
 */
#ifndef LAMPYRID_BASE_BUF_H
#define LAMPYRID_BASE_BUF_H

#include <stdarg.h>

#include "base/slice.h"

struct buf {
	char *p;    /* caller's memory */
	size_t n;   /* bytes printed */
	size_t cap; /* bytes */
	bool is_overflown;
};

void buf_init(struct buf *buf, char *p, size_t cap);

/* A buf over a char array in scope. */
#define BUF_ON(array) ((struct buf){ .p = (array), .n = 0, .cap = sizeof(array) })

/* After an overflow nothing more is written: what stands there is a true prefix of what was meant.
 */
static inline void buf_slice(struct buf *buf, struct slice s)
{
	if (s.n > buf->cap - buf->n)
		buf->is_overflown = true;
	if (buf->is_overflown || s.n == 0)
		return;
	memcpy(buf->p + buf->n, s.p, s.n);
	buf->n += s.n;
}

static inline void buf_char(struct buf *buf, char c)
{
	if (buf->n == buf->cap)
		buf->is_overflown = true;
	if (buf->is_overflown)
		return;
	buf->p[buf->n++] = c;
}

void buf_u64(struct buf *buf, uint64_t value);

/* Lower-case hex, two digits a byte. */
void buf_hex(struct buf *buf, const void *bytes, size_t n);

/* As printf does; text of a peer only through "%.*s" with SLICE_ARGS. */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* A string literal, without strlen at run time. */
#define buf_lit(buf, lit) buf_slice((buf), SLICE(lit))

static inline void buf_cstr(struct buf *buf, const char *cstr)
{
	buf_slice(buf, slice_from_cstr(cstr));
}

/* What has been printed. Valid until the next print. */
static inline struct slice buf_text(const struct buf *buf)
{
	return slice_of(buf->p, buf->n);
}

#endif
