/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing the message parser (RFC 3261 7): any bytes, every getter, every walk.
 */
#include "../tests/support/msg_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(max_align_t) char block[16 * 1024];
	struct slice bytes = slice_of((const char *)data, size);
	struct arena arena;
	struct sip_msg msg;
	struct sip_fault fault;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = sip_msg_parse(bytes, &arena, &msg, &fault);
	CHECK(err == 0 || err == ERR_SYNTAX || err == ERR_LIMIT);
	CHECK(fault.reason && (err == 0) == (fault.reason[0] == '\0'));
	CHECK(fault.offset <= size);
	CHECK(!fault.is_answerable || (err && msg.is_request));
	if (size <= SIP_MESSAGE_MAX_BYTES)
		walk_msg(&msg);
	if (err == 0)
		check_whole_msg(&msg);
	walk_text(bytes);
	return 0;
}
