/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the framer: a stream that arrives in pieces is cut as one that arrives at once. The
 * first input byte seeds the sizes of the pieces, the rest is the stream.
 */
#include "base/check.h"
#include "base/mem.h"
#include "sip/framer.h"
#include "sip/limits.h"

/* One verdict after another, asked for until no byte is left to wait for. */
struct reader {
	struct slice stream;
	size_t start, end; /* what has arrived and is not done with */
	size_t scanned;
	uint32_t seed; /* 0: all arrives at once */
};

static void receive(struct reader *reader)
{
	size_t left = reader->stream.n - reader->end, n = left;

	if (reader->seed != 0) {
		reader->seed = reader->seed * 1664525u + 1013904223u;
		n = 1 + (reader->seed >> 24) % 16;
	}
	reader->end += n < left ? n : left;
}

/* The next message or ping, or how the stream ends. Only copies are shown, cut to size. */
static enum framer_verdict next(struct reader *reader, struct slice *ret_message)
{
	for (;;) {
		size_t n = reader->end - reader->start, used;
		char *copy = mem_alloc(n > 0 ? n : 1);
		struct slice message = SLICE_NONE;
		enum framer_verdict verdict;

		CHECK(copy);
		if (n > 0)
			memcpy(copy, reader->stream.p + reader->start, n);
		verdict = framer_next(slice_of(copy, n), &reader->scanned, &used, &message);
		CHECK(used <= n);
		if (verdict == FRAMER_MESSAGE) {
			CHECK(message.n > 0 && message.n <= SIP_MESSAGE_MAX_BYTES);
			CHECK(message.p + message.n == copy + used);
			*ret_message = slice_of(reader->stream.p + reader->start +
							(size_t)(message.p - copy),
						message.n);
		}
		mem_free(copy);
		reader->start += used;
		if (verdict != FRAMER_PARTIAL || reader->end == reader->stream.n)
			return verdict;
		receive(reader);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader whole = { 0 }, pieces = { 0 };
	enum framer_verdict verdict;

	if (size == 0)
		return 0;
	whole.stream = slice_of((const char *)data + 1, size - 1);
	pieces.stream = whole.stream;
	pieces.seed = data[0] + 1u;
	receive(&whole);
	do {
		struct slice a = SLICE_NONE, b = SLICE_NONE;

		verdict = next(&whole, &a);
		CHECK(next(&pieces, &b) == verdict);
		CHECK(a.p == b.p && a.n == b.n);
	} while (verdict == FRAMER_MESSAGE || verdict == FRAMER_PING);
	return 0;
}
