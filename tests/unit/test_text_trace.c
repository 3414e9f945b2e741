/* SPDX-License-Identifier: MIT */
/*
 * Text traces: which bytes are a message's, whatever people have done to the file, and that what
 * cannot be read is named by its line and passed over.
 */
#include "base/check.h"
#include "base/err.h"
#include "capture/text_trace.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define AT "at 28/4/2006 16:25:18:920 "
#define GOT "Received from udp:192.0.2.1:5060 " AT
#define SENT "Sent to udp:192.0.2.1:5060 " AT
#define HEAD(length) "BYE sip:a SIP/2.0\r\nContent-Length: " length "\r\n\r\n"

/* What was read, a line each: "<12 message" or "!line reason", CR as $ and LF as /. */
struct seen {
	char text[1024];
	struct buf buf;
};

static void put_visible(struct buf *buf, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		buf_char(buf, c == '\r' ? '$' : c == '\n' ? '/' : c);
	}
}

static void on_message(void *ctx, const struct text_trace_message *message)
{
	struct seen *seen = ctx;

	assert_true(message->bytes.n > 0);
	buf_char(&seen->buf, message->is_sent ? '>' : '<');
	buf_u64(&seen->buf, message->bytes_line);
	buf_char(&seen->buf, ' ');
	put_visible(&seen->buf, message->bytes);
	buf_char(&seen->buf, '\n');
}

static void on_fault(void *ctx, unsigned line, const char *reason)
{
	struct seen *seen = ctx;

	buf_char(&seen->buf, '!');
	buf_u64(&seen->buf, line);
	buf_char(&seen->buf, ' ');
	buf_cstr(&seen->buf, reason);
	buf_char(&seen->buf, '\n');
}

static void read_text(struct slice text, struct seen *ret_seen)
{
	struct text_trace_sink sink = { ret_seen, on_message, on_fault };

	buf_init(&ret_seen->buf, ret_seen->text, sizeof(ret_seen->text));
	text_trace_read(text, &sink);
}

static const struct {
	const char *name;
	struct slice text;
	const char *expected;
} cases[] = {
	{ "nothing", SLICE_INIT(""), "" },
	{ "only empty lines", SLICE_INIT("\n\r\n\n"), "" },
	{ "the count is right",
	  SLICE_INIT(GOT "(5 bytes):\n\nab\r\nc\n\n" SENT "(2 bytes):\n\nde\n\n"),
	  "<3 ab$/c\n>8 de\n" },
	{ "no line end at the end", SLICE_INIT(GOT "(2 bytes):\n\nab"), "<3 ab\n" },
	{ "the count covers what looks like a record",
	  SLICE_INIT(GOT "(33 bytes):\n\nab\nSent to udp:192.0.2.9:1 at 1/\r\n\n\n"),
	  "<3 ab/Sent to udp:192.0.2.9:1 at 1/$\n" },
	{ "the count is wrong, Content-Length is right",
	  SLICE_INIT(GOT "(17 bytes):\n\n" HEAD("4") "a\n\r\n\r\n\n" SENT "(2 bytes):\n\nde\n"),
	  "<3 BYE sip:a SIP/2.0$/Content-Length: 4$/$/a/$/\n>12 de\n" },
	{ "a compact length without case",
	  SLICE_INIT(GOT "(1 bytes):\n\nBYE\r\nL : 2\r\n\r\na\nb\n"), "<3 BYE$/L : 2$/$/a/b/\n" },
	{ "both are wrong: the next record ends it",
	  SLICE_INIT(GOT "(17 bytes):\n\n" HEAD("99") "ab\r\n\n\n" SENT "(2 bytes):\n\nde\n"),
	  "<3 BYE sip:a SIP/2.0$/Content-Length: 99$/$/ab$/\n>11 de\n" },
	{ "both are wrong and no body",
	  SLICE_INIT(GOT "(17 bytes):\n\n" HEAD("99") "\n\n" SENT "(2 bytes):\n\nde\n"),
	  "<3 BYE sip:a SIP/2.0$/Content-Length: 99$/$/\n>10 de\n" },
	{ "line feeds only", SLICE_INIT(GOT "(40 bytes):\n\nBYE\nContent-Length: 4\n\na\nb\n\n\n"),
	  "<3 BYE/Content-Length: 4//a/b/\n" },
	{ "carriage returns everywhere", SLICE_INIT(GOT "(3 bytes):\r\n\r\nBYE\r\n\r\n\r\n"),
	  "<3 BYE\n" },
	{ "a length of 20 digits", SLICE_INIT(GOT "(1 bytes):\n\nl: 18446744073709551616\n\nab\n"),
	  "<3 l: 18446744073709551616//ab/\n" },
	{ "a count of 20 digits", SLICE_INIT(GOT "(18446744073709551616 bytes):\n\nab\n"),
	  "!1 the size should be: (N bytes):\n" },
	{ "keep-alives", SLICE_INIT(GOT "(4 bytes):\n\n\r\n\r\n\n\n" SENT "(2 bytes):\n\n\r\n\n\n"),
	  "" },
	{ "a missing message", SLICE_INIT(GOT "(400 bytes):\n\n" SENT "(2 bytes):\n\nde\n"),
	  "!1 the message is missing\n>5 de\n" },
	{ "a byte order mark", SLICE_INIT("\xef\xbb\xbf" GOT "(2 bytes):\n\nab\n"), "<3 ab\n" },
	{ "notes of a person", SLICE_INIT("Monday\nphone 3\n\n" GOT "(2 bytes):\n\nab\n"),
	  "!1 this belongs to no message\n<6 ab\n" },
	{ "a peer without a port", SLICE_INIT("Sent to udp:192.0.2.1 " AT "(2 bytes):\n\nab\n"),
	  "!1 the peer's address should be IP:PORT\n" },
	{ "a bad own address",
	  SLICE_INIT("\nSent to udp:192.0.2.1:1 from me " AT "(2 bytes):\n\nab\n"),
	  "!2 our own address should be IP:PORT\n" },
	{ "a bad time",
	  SLICE_INIT("Sent to udp:192.0.2.1:1 at noon (2 bytes):\n\nab\n" SENT "(2 bytes):\n\nde"),
	  "!1 the time should be: at DAY/MONTH/YEAR HOUR:MINUTE:SECOND:MILLISECOND\n>6 de\n" },
	{ "the month 13",
	  SLICE_INIT("Sent to udp:192.0.2.1:1 at 1/13/2020 1:1:1:1 (2 bytes):\n\nab\n"),
	  "!1 the time should be: at DAY/MONTH/YEAR HOUR:MINUTE:SECOND:MILLISECOND\n" },
	{ "the day 0", SLICE_INIT("Sent to udp:192.0.2.1:1 at 0/1/2020 1:1:1:1 (2 bytes):\n\nab\n"),
	  "!1 the time should be: at DAY/MONTH/YEAR HOUR:MINUTE:SECOND:MILLISECOND\n" },
	{ "no count", SLICE_INIT(GOT "\n\nab\n"), "!1 the size should be: (N bytes):\n" },
	{ "a torn count", SLICE_INIT(GOT "(2 b\n\nab\n"), "!1 the size should be: (N bytes):\n" },
	{ "an unknown transport", SLICE_INIT("Sent to fax:192.0.2.1:1 " AT "(2 bytes):\n\nab\n"),
	  "!1 this belongs to no message\n" },
};

static void traces_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded input = guarded_copy(cases[i].text);
		struct seen seen;

		read_text(input.text, &seen);
		if (!slice_eq(buf_text(&seen.buf), slice_from_cstr(cases[i].expected)))
			fail_msg("%s:\n%.*s", cases[i].name, SLICE_ARGS(buf_text(&seen.buf)));
		guarded_free(&input);
	}
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t n = 0; n < cases[i].text.n; n++) {
			struct guarded input = guarded_copy(slice_head(cases[i].text, n));
			struct seen seen;

			read_text(input.text, &seen);
			assert_false(seen.buf.is_overflown);
			guarded_free(&input);
		}
	}
}

static const struct {
	struct slice line;
	bool is_sent;
	uint8_t transport;
	const char *local; /* NULL: not named */
	const char *peer;
	uint64_t at_ms;
} lines[] = {
	{ SLICE_INIT("Received from udp:192.0.2.1:5060 at 28/4/2006 16:25:18:920 (1 bytes):\n\na"),
	  false, TRANSPORT_UDP, NULL, "192.0.2.1:5060", 1146241518920 },
	{ SLICE_INIT("Sent to tcp:192.0.2.1:5060 from 192.0.2.7:5070 at 1/1/1970 00:00:00:000 "
		     "(1 bytes):\n\na"),
	  true, TRANSPORT_TCP, "192.0.2.7:5070", "192.0.2.1:5060", 0 },
	{ SLICE_INIT("Received from tls:[2001:db8::1]:5061 to [2001:db8::2]:5061 at "
		     "29/2/2024 23:59:60:999 (1 bytes):\n\na"),
	  false, TRANSPORT_TLS, "[2001:db8::2]:5061", "[2001:db8::1]:5061", 1709251200999 },
};

static void keep_message(void *ctx, const struct text_trace_message *message)
{
	*(struct text_trace_message *)ctx = *message;
}

static void fail_on_fault(void *ctx, unsigned line, const char *reason)
{
	(void)ctx;
	fail_msg("line %u: %s", line, reason);
}

static void assert_addr(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(text);

	if (!expected) {
		assert_int_equal(addr->family, ADDR_NONE);
		return;
	}
	addr_print(&buf, addr);
	assert_true(slice_eq(buf_text(&buf), slice_from_cstr(expected)));
}

static void a_record_says_who_and_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct text_trace_message message = { 0 };
		struct text_trace_sink sink = { &message, keep_message, fail_on_fault };

		text_trace_read(lines[i].line, &sink);
		assert_int_equal(message.is_sent, lines[i].is_sent);
		assert_int_equal(message.transport, lines[i].transport);
		assert_int_equal(message.at_ms, lines[i].at_ms);
		assert_addr(&message.local, lines[i].local);
		assert_addr(&message.peer, lines[i].peer);
	}
}

static const struct {
	const char *name;
	struct slice text;
	const char *mended;
} mend_cases[] = {
	{ "line feeds", SLICE_INIT("BYE\nl: 9\n\na\nb\n"), "BYE$/Content-Length: 4$/$/a/b/" },
	{ "mixed ends", SLICE_INIT("BYE\r\nTo: x\n\r\nab"), "BYE$/To: x$/$/ab" },
	{ "no empty line", SLICE_INIT("BYE\nContent-Length: 7\n"), "BYE$/Content-Length: 0$/$/" },
	{ "no end at all", SLICE_INIT("BYE"), "BYE$/$/" },
	{ "nothing", SLICE_INIT(""), "$/" },
};

static void damaged_messages_are_mended(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mend_cases); i++) {
		struct guarded input = guarded_copy(mend_cases[i].text);
		char text[128], visible[128];
		struct buf buf = BUF_ON(text), visible_buf = BUF_ON(visible);

		text_trace_mend(&buf, input.text);
		put_visible(&visible_buf, buf_text(&buf));
		if (!slice_eq(buf_text(&visible_buf), slice_from_cstr(mend_cases[i].mended)))
			fail_msg("%s: %.*s", mend_cases[i].name,
				 SLICE_ARGS(buf_text(&visible_buf)));
		guarded_free(&input);
	}
}

static void a_trace_is_told_from_other_text(void **state)
{
	(void)state;
	assert_true(text_trace_is_likely(SLICE("\r\n" GOT)));
	assert_false(text_trace_is_likely(SLICE("Received from the baker")));
	assert_false(text_trace_is_likely(SLICE("")));
}

static void skip_message(void *ctx, const struct text_trace_message *message)
{
	(void)message;
	++*(unsigned *)ctx;
}

static void skip_fault(void *ctx, unsigned line, const char *reason)
{
	(void)line;
	(void)reason;
	++*(unsigned *)ctx;
}

/* Records whose sizes all point far ahead must not make the reader look at the same text again. */
static void work_is_linear(void **state)
{
	static const char record[] = GOT "(65000 bytes):\n\nl: 65000\n\n";
	static char text[(sizeof(record) - 1) * 20000];
	unsigned count = 0;
	struct text_trace_sink sink = { &count, skip_message, skip_fault };

	(void)state;
	for (size_t i = 0; i < 20000; i++)
		memcpy(text + i * (sizeof(record) - 1), record, sizeof(record) - 1);
	text_trace_read(slice_of(text, sizeof(text)), &sink);
	assert_int_equal(count, 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces_are_read),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(a_record_says_who_and_when),
		cmocka_unit_test(damaged_messages_are_mended),
		cmocka_unit_test(a_trace_is_told_from_other_text),
		cmocka_unit_test(work_is_linear),
	};

	return cmocka_run_group_tests_name("text_trace", tests, NULL, NULL);
}
