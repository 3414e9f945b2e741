/* SPDX-License-Identifier: MIT */
/*
 * What comes in lists (RFC 4662): rlmi and presence documents. What is read can be printed and read
 * again, and printing that gives the same bytes.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "xml/pidf_read.h"
#include "xml/rlmi_read.h"

#include <stdalign.h>

#define ARENA_BYTES (4 * XML_MAX_BYTES)
#define PRINTED_MAX_BYTES (16 * XML_MAX_BYTES) /* an escape is six bytes for one */

static alignas(max_align_t) char block[ARENA_BYTES];

static int rlmi_copy(struct slice document, struct buf *buf)
{
	struct rlmi_list list;
	struct arena arena;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = rlmi_read(document, &arena, &list);
	if (err)
		return err;
	rlmi_print_head(buf, list.uri, list.version, list.is_full, list.name);
	for (size_t i = 0; i < list.resource_count; i++)
		rlmi_print_resource(buf, &list.resources[i]);
	rlmi_print_end(buf);
	CHECK(!buf->is_overflown);
	return 0;
}

static int pidf_copy(struct slice document, struct buf *buf)
{
	struct arena arena;
	struct pidf pidf;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = pidf_read(document, &arena, &pidf);
	if (err)
		return err;
	pidf_print(buf, &pidf);
	CHECK(!buf->is_overflown);
	return 0;
}

static void check(struct slice document, int (*copy)(struct slice document, struct buf *buf))
{
	static char first_room[PRINTED_MAX_BYTES], second_room[PRINTED_MAX_BYTES];
	struct buf first = BUF_ON(first_room), second = BUF_ON(second_room);

	if (copy(document, &first) || first.n > XML_MAX_BYTES)
		return;
	CHECK(copy(buf_text(&first), &second) == 0);
	CHECK(slice_eq(buf_text(&first), buf_text(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice document = slice_of((const char *)data, size);
	uint64_t blocks = mem_count().blocks;

	check(document, rlmi_copy);
	check(document, pidf_copy);
	CHECK(mem_count().blocks == blocks);
	return 0;
}
