/* SPDX-License-Identifier: MIT */
/*
 * Messages in tests are written with "\n"; on the wire each line ends in CRLF. A "\r" that a test
 * writes itself stays as it is, alone or before its "\n".
 */
#ifndef LAMPYRID_TESTS_WIRE_TEXT_H
#define LAMPYRID_TESTS_WIRE_TEXT_H

#include "base/buf.h"
#include "base/check.h"

static inline struct slice wire_text(struct buf *buf, struct slice text)
{
	size_t start = buf->n;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_char(buf, '\r');
		buf_char(buf, text.p[i]);
	}
	CHECK(!buf->is_overflown);
	return slice_of(buf->p + start, buf->n - start);
}

#endif
