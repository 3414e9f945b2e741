/* SPDX-License-Identifier: MIT */
/*
 * Test input that ends where readable memory ends: one byte read too many is a crash, in any build.
 */
#ifndef LAMPYRID_TESTS_GUARDED_H
#define LAMPYRID_TESTS_GUARDED_H

#include "base/slice.h"

struct guarded {
	struct slice text; /* its last byte is the last readable one */
	void *map;
	size_t map_bytes;
};

/* A copy of `text` before an unreadable page; ends the test program when there is no memory. */
struct guarded guarded_copy(struct slice text);
void guarded_free(struct guarded *guarded);

#endif
