/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies, the value of Content-Type in the first line: what is read points into the
 * body, can be written again with another boundary, and is then read as the same parts.
 */
#include "base/check.h"
#include "sip/multipart.h"

#define PRINTED_MAX_BYTES (256 * 1024)
#define BOUNDARY SLICE("a-boundary-that-no-fuzzer-finds-by-itself")

static void body_print(struct buf *buf, const struct multipart *multipart)
{
	for (size_t i = 0; i < multipart->part_count; i++) {
		multipart_print_part(buf, BOUNDARY, &multipart->parts[i], i == 0);
		buf_slice(buf, multipart->parts[i].body);
	}
	multipart_print_end(buf, BOUNDARY);
}

static void check_inside(struct slice part, struct slice body)
{
	CHECK(part.n == 0 || (part.p >= body.p && part.p + part.n <= body.p + body.n));
}

static void check_same(const struct multipart *a, const struct multipart *b)
{
	CHECK(a->part_count == b->part_count);
	for (size_t i = 0; i < a->part_count; i++) {
		CHECK(slice_eq(a->parts[i].type, b->parts[i].type));
		CHECK(slice_eq(a->parts[i].id, b->parts[i].id));
		CHECK(slice_eq(a->parts[i].encoding, b->parts[i].encoding));
		CHECK(slice_eq(a->parts[i].body, b->parts[i].body));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct multipart first, second;
	static char body_room[PRINTED_MAX_BYTES], type_room[SIP_HEADER_MAX_BYTES];
	struct buf printed = BUF_ON(body_room), printed_type = BUF_ON(type_room);
	struct slice type, body;

	if (!slice_cut(slice_of((const char *)data, size), '\n', &type, &body) ||
	    multipart_read(type, body, &first))
		return 0;
	CHECK(first.part_count > 0 && first.root < first.part_count);
	for (size_t i = 0; i < first.part_count; i++) {
		check_inside(first.parts[i].type, body);
		check_inside(first.parts[i].id, body);
		check_inside(first.parts[i].encoding, body);
		check_inside(first.parts[i].body, body);
	}
	body_print(&printed, &first);
	multipart_print_type(&printed_type, BOUNDARY, SLICE("application/rlmi+xml"),
			     first.parts[first.root].id);
	if (printed.is_overflown || printed_type.is_overflown)
		return 0;
	CHECK(multipart_read(buf_text(&printed_type), buf_text(&printed), &second) == 0);
	check_same(&first, &second);
	CHECK(slice_eq(second.parts[second.root].id, first.parts[first.root].id));
	return 0;
}
