/* SPDX-License-Identifier: MIT */
/*
 * dialog-info documents: what is read can be printed and read again, and printing that gives the
 * same bytes.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "xml/dialog_info_read.h"

#include <stdalign.h>

#define ARENA_BYTES (4 * XML_MAX_BYTES)
#define PRINTED_MAX_BYTES (8 * XML_MAX_BYTES) /* an escape is six bytes for one */

static int read_and_print(struct slice document, struct buf *buf)
{
	static alignas(max_align_t) char block[ARENA_BYTES];
	struct dialog_info info;
	struct arena arena;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = dialog_info_read(document, &arena, &info);
	if (err)
		return err;
	dialog_info_print(buf, &info);
	CHECK(!buf->is_overflown);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char first_room[PRINTED_MAX_BYTES], second_room[PRINTED_MAX_BYTES];
	struct buf first = BUF_ON(first_room), second = BUF_ON(second_room);
	uint64_t blocks = mem_count().blocks;

	if (read_and_print(slice_of((const char *)data, size), &first) == 0 &&
	    first.n <= XML_MAX_BYTES) {
		CHECK(read_and_print(buf_text(&first), &second) == 0);
		CHECK(slice_eq(buf_text(&first), buf_text(&second)));
	}
	CHECK(mem_count().blocks == blocks);
	return 0;
}
