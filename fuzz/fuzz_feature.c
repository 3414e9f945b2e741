/* SPDX-License-Identifier: MIT */
/*
 * What phones ask for their features: whatever is understood can be told back, and nothing is left
 * behind.
 */
#include "base/check.h"
#include "base/mem.h"
#include "sip/limits.h"
#include "xml/feature_read.h"

#include <stdalign.h>

#define PRINTED_MAX_BYTES (8 * XML_MAX_BYTES) /* an escape is six bytes for one */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static alignas(max_align_t) char block[4 * XML_MAX_BYTES];
	static char room[PRINTED_MAX_BYTES];
	struct buf buf = BUF_ON(room);
	uint64_t blocks = mem_count().blocks;
	struct feature_event event;
	struct arena arena;

	arena_init(&arena, block, sizeof(block));
	if (feature_request_read(slice_of((const char *)data, size), &arena, &event) == 0) {
		CHECK(event.feature < FEATURES);
		feature_event_print(&buf, &event);
		CHECK(!buf.is_overflown);
	}
	CHECK(mem_count().blocks == blocks);
	return 0;
}
