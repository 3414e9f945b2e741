/* SPDX-License-Identifier: MIT */
/*
 * Cutting streams (RFC 3261 18.3, RFC 5626 4.4.1): whole streams, byte by byte and in random
 * pieces, give the same messages and pings; lengths that lie end the stream (faults P3, P7, D4).
 */
#include "base/buf.h"
#include "base/check.h"
#include "sip/framer.h"
#include "sip/limits.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEAD "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n"

/* What a stream was cut into: "[message]" for each message, "P" a ping, "!" where it was bad. */
struct cutter {
	char text[2048];
	struct buf log;
	bool is_bad;
};

/* `size` says how much each read brings: a constant, or 0 for random cuts by an LCG. */
static void cut_stream(struct cutter *cutter, struct slice stream, size_t size, uint32_t seed)
{
	size_t start = 0, end = 0, scanned = 0;

	cutter->log = (struct buf)BUF_ON(cutter->text);
	cutter->is_bad = false;
	while (end < stream.n && !cutter->is_bad) {
		enum framer_verdict verdict;

		seed = seed * 1664525u + 1013904223u;
		end += size > 0 ? size : 1 + (seed >> 24) % 40;
		end = end < stream.n ? end : stream.n;
		do {
			struct guarded input =
				guarded_copy(slice_of(stream.p + start, end - start));
			struct slice message;
			size_t used;

			verdict = framer_next(input.text, &scanned, &used, &message);
			assert_true(used <= input.text.n);
			start += used;
			if (verdict == FRAMER_MESSAGE) {
				buf_char(&cutter->log, '[');
				buf_slice(&cutter->log, message);
				buf_char(&cutter->log, ']');
				assert_int_equal(scanned, 0);
			} else if (verdict == FRAMER_PING) {
				buf_char(&cutter->log, 'P');
			} else if (verdict == FRAMER_BAD) {
				buf_char(&cutter->log, '!');
				cutter->is_bad = true;
				assert_int_equal(used, 0);
			}
			guarded_free(&input);
		} while (verdict == FRAMER_MESSAGE || verdict == FRAMER_PING);
	}
	assert_false(cutter->log.is_overflown);
}

static const struct {
	const char *name;
	struct slice stream;
	const char *cuts;
} cases[] = {
	{ "nothing", SLICE_INIT(""), "" },
	{ "without a body", SLICE_INIT(HEAD "Content-Length: 0\r\n\r\n"),
	  "[" HEAD "Content-Length: 0\r\n\r\n]" },
	{ "with a body", SLICE_INIT(HEAD "Content-Length: 5\r\n\r\na\r\n\r\n"),
	  "[" HEAD "Content-Length: 5\r\n\r\na\r\n\r\n]" },
	{ "the compact name", SLICE_INIT(HEAD "l:3\r\n\r\nabc"), "[" HEAD "l:3\r\n\r\nabc]" },
	{ "names have no case", SLICE_INIT(HEAD "CONTENT-length:3\r\n\r\nabc"),
	  "[" HEAD "CONTENT-length:3\r\n\r\nabc]" },
	{ "blanks and zeros", SLICE_INIT(HEAD "L \t: \t0003 \t\r\n\r\nabc"),
	  "[" HEAD "L \t: \t0003 \t\r\n\r\nabc]" },
	{ "a folded length", SLICE_INIT(HEAD "Content-Length:\r\n 3\r\n\r\nabc"),
	  "[" HEAD "Content-Length:\r\n 3\r\n\r\nabc]" },
	{ "a fold is no header", SLICE_INIT(HEAD "Subject: x\r\n l: 9\r\nl: 1\r\n\r\na"),
	  "[" HEAD "Subject: x\r\n l: 9\r\nl: 1\r\n\r\na]" },
	{ "a body is no header", SLICE_INIT(HEAD "l: 8\r\n\r\nl: 9\r\n\r\n"),
	  "[" HEAD "l: 8\r\n\r\nl: 9\r\n\r\n]" },
	{ "two messages", SLICE_INIT(HEAD "l: 1\r\n\r\na" HEAD "l: 2\r\n\r\nbc"),
	  "[" HEAD "l: 1\r\n\r\na][" HEAD "l: 2\r\n\r\nbc]" },
	{ "line ends between", SLICE_INIT("\r\n" HEAD "l: 0\r\n\r\n\r\n" HEAD "l: 0\r\n\r\n"),
	  "[" HEAD "l: 0\r\n\r\n][" HEAD "l: 0\r\n\r\n]" },
	{ "a ping", SLICE_INIT("\r\n\r\n"), "P" },
	{ "pings between",
	  SLICE_INIT("\r\n\r\n" HEAD "l: 0\r\n\r\n\r\n\r\n\r\n\r\n\r\n" HEAD "l: 0\r\n\r\n"),
	  "P[" HEAD "l: 0\r\n\r\n]PP[" HEAD "l: 0\r\n\r\n]" },
	{ "half a ping", SLICE_INIT("\r\n\r"), "" },
	{ "half a head", SLICE_INIT(HEAD "l: 0\r\n\r"), "" },
	{ "half a body", SLICE_INIT(HEAD "l: 5\r\n\r\nabcd"), "" },
	{ "a short length leaves noise", SLICE_INIT(HEAD "l: 1\r\n\r\na\x01"),
	  "[" HEAD "l: 1\r\n\r\na]!" },
	{ "no length", SLICE_INIT(HEAD "\r\n"), "!" },
	{ "only a start line", SLICE_INIT("OPTIONS sip:a SIP/2.0\r\n\r\n"), "!" },
	{ "an empty length", SLICE_INIT(HEAD "l:\r\n\r\n"), "!" },
	{ "a negative length", SLICE_INIT(HEAD "l: -1\r\n\r\n"), "!" },
	{ "a signed length", SLICE_INIT(HEAD "l: +1\r\n\r\na"), "!" },
	{ "a hex length", SLICE_INIT(HEAD "l: 0x1\r\n\r\na"), "!" },
	{ "two numbers", SLICE_INIT(HEAD "l: 1 1\r\n\r\na"), "!" },
	{ "a number cut by a fold", SLICE_INIT(HEAD "l: 1\r\n 1\r\n\r\na"), "!" },
	{ "a list of lengths", SLICE_INIT(HEAD "l: 1, 1\r\n\r\na"), "!" },
	{ "2^32 + 1", SLICE_INIT(HEAD "l: 4294967297\r\n\r\na"), "!" },
	{ "2^64 + 1", SLICE_INIT(HEAD "l: 18446744073709551617\r\n\r\na"), "!" },
	{ "2 GB", SLICE_INIT(HEAD "l: 2147483647\r\n\r\na"), "!" },
	{ "over the limit with its head", SLICE_INIT(HEAD "l: 65535\r\n\r\na"), "!" },
	{ "two lengths", SLICE_INIT(HEAD "l: 1\r\nContent-Length: 0\r\n\r\na"), "!" },
	{ "the same length twice", SLICE_INIT(HEAD "l: 1\r\nl: 1\r\n\r\na"), "!" },
	{ "a control byte in the name", SLICE_INIT(HEAD "Content-Length\x01: 1\r\n\r\na"), "!" },
	{ "another name", SLICE_INIT(HEAD "Content-Lengt: 0\r\nkhd: 0\r\n\r\n"), "!" },
	{ "a line end of LF", SLICE_INIT(HEAD "X: y\nl: 1\r\n\r\na"), "!" },
	{ "an empty line of LF", SLICE_INIT(HEAD "l: 1\r\n\na"), "!" },
	{ "a line end of CR", SLICE_INIT(HEAD "X: y\rl: 1\r\nl: 0\r\n\r\na"), "!" },
	{ "a doubled CR", SLICE_INIT(HEAD "l: 0\r\r\n\r\n"), "!" },
	{ "a folded start line", SLICE_INIT("OPTIONS sip:a SIP/2.0\r\n l: 1\r\nl: 0\r\n\r\n"),
	  "!" },
	{ "LF first", SLICE_INIT("\n" HEAD "l: 0\r\n\r\n"), "!" },
	{ "CR first", SLICE_INIT("\r" HEAD "l: 0\r\n\r\n"), "!" },
	{ "a blank first", SLICE_INIT(" " HEAD "l: 0\r\n\r\n"), "!" },
	{ "three odd line ends", SLICE_INIT("\r\n\rX"), "!" },
	{ "TLS", SLICE_INIT("\x16\x03\x01\x02"), "!" },
	{ "binary", SLICE_INIT("\xff\xfe"), "!" },
	{ "HTTP", SLICE_INIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "!" },
};

static void streams_are_cut_the_same_however_they_arrive(void **state)
{
	struct cutter cutter;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice expected = slice_from_cstr(cases[i].cuts);

		print_message("# %s\n", cases[i].name);
		for (uint32_t seed = 0; seed < 20; seed++) {
			/* All at once, byte by byte, three by three, then random. */
			static const size_t sizes[] = { SIZE_MAX / 2, 1, 3 };

			cut_stream(&cutter, cases[i].stream, seed < 3 ? sizes[seed] : 0, seed);
			assert_true(slice_eq(buf_text(&cutter.log), expected));
		}
	}
}

static void no_prefix_is_read_beyond_or_cut_differently(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cutter whole, part;

		cut_stream(&whole, cases[i].stream, SIZE_MAX / 2, 0);
		for (size_t n = 0; n < cases[i].stream.n; n++) {
			cut_stream(&part, slice_head(cases[i].stream, n), SIZE_MAX / 2, 0);
			assert_true(slice_starts_with(buf_text(&whole.log), buf_text(&part.log)));
		}
	}
}

/* A peer may send long heads, but not longer than a message may be. */
static void a_head_without_end_is_refused_at_the_limit(void **state)
{
	static char text[SIP_MESSAGE_MAX_BYTES + 100];
	size_t scanned = 0, used;
	struct slice message;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t n = 1; n < SIP_MESSAGE_MAX_BYTES; n++) {
		assert_int_equal(framer_next(slice_of(text, n), &scanned, &used, &message),
				 FRAMER_PARTIAL);
		/* Nothing is searched twice. */
		assert_int_equal(scanned, n);
	}
	assert_int_equal(
		framer_next(slice_of(text, SIP_MESSAGE_MAX_BYTES), &scanned, &used, &message),
		FRAMER_BAD);
	scanned = 0;
	assert_int_equal(framer_next(slice_of(text, sizeof(text)), &scanned, &used, &message),
			 FRAMER_BAD);
}

/* The length is believed only as far as a whole message may go, and before the body is there. */
static void the_largest_message_fits_and_one_byte_more_does_not(void **state)
{
	(void)state;
	for (size_t excess = 0; excess <= 1; excess++) {
		static char text[SIP_MESSAGE_MAX_BYTES + 1];
		struct buf buf = BUF_ON(text);
		size_t scanned = 0, used;
		struct slice message;
		/* The head with its five digits: */
		size_t head = sizeof(HEAD "l: 65000\r\n\r\n") - 1;

		buf_lit(&buf, HEAD "l: ");
		buf_u64(&buf, SIP_MESSAGE_MAX_BYTES - head + excess);
		buf_lit(&buf, "\r\n\r\n");
		assert_int_equal(buf.n, head);
		assert_int_equal(framer_next(buf_text(&buf), &scanned, &used, &message),
				 excess ? FRAMER_BAD : FRAMER_PARTIAL);
		if (excess)
			break;
		while (buf.n < SIP_MESSAGE_MAX_BYTES) {
			assert_int_equal(framer_next(buf_text(&buf), &scanned, &used, &message),
					 FRAMER_PARTIAL);
			buf_char(&buf, '\n');
		}
		assert_int_equal(framer_next(buf_text(&buf), &scanned, &used, &message),
				 FRAMER_MESSAGE);
		assert_int_equal(used, SIP_MESSAGE_MAX_BYTES);
		assert_int_equal(message.n, SIP_MESSAGE_MAX_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_cut_the_same_however_they_arrive),
		cmocka_unit_test(no_prefix_is_read_beyond_or_cut_differently),
		cmocka_unit_test(a_head_without_end_is_refused_at_the_limit),
		cmocka_unit_test(the_largest_message_fits_and_one_byte_more_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
