/* SPDX-License-Identifier: MIT */
/*
 * The reader walks the text once, record by record; every byte is looked at a bounded number of
 * times. What belongs to no record is reported once per run of lines.
 */
#include "capture/text_trace.h"

#include "base/err.h"
#include "sip/limits.h"

#define BLANK_MAX_BYTES 16 /* line ends between two records that are looked across */

struct reader {
	struct slice text;
	size_t at;
	unsigned line; /* of the byte at `at`, from 1 */
	const struct text_trace_sink *sink;
};

static const struct {
	struct slice name;
	enum transport transport;
} transports[] = {
	{ SLICE_INIT("udp:"), TRANSPORT_UDP }, { SLICE_INIT("tcp:"), TRANSPORT_TCP },
	{ SLICE_INIT("tls:"), TRANSPORT_TLS }, { SLICE_INIT("ws:"), TRANSPORT_TCP },
	{ SLICE_INIT("wss:"), TRANSPORT_TLS },
};

/* The line that begins here, without its end. */
static struct slice line_at(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at);

	return slice_head(rest, slice_find_char(rest, '\n'));
}

static bool cut_prefix(struct slice *text, struct slice prefix)
{
	if (!slice_starts_with(*text, prefix))
		return false;
	*text = slice_from(*text, prefix.n);
	return true;
}

static bool cut_transport(struct slice *text, uint8_t *ret_transport)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (cut_prefix(text, transports[i].name)) {
			*ret_transport = (uint8_t)transports[i].transport;
			return true;
		}
	}
	return false;
}

/* "Sent to udp:" and its like: a record begins, whether it is well-formed or not. */
static bool cut_record_start(struct slice *line, struct text_trace_message *ret_message)
{
	bool is_sent = cut_prefix(line, SLICE("Sent to "));

	if (!is_sent && !cut_prefix(line, SLICE("Received from ")))
		return false;
	ret_message->is_sent = is_sent;
	return cut_transport(line, &ret_message->transport);
}

static bool is_record_start(struct slice text, size_t at)
{
	struct slice head = slice_head(slice_from(text, at), 32);
	struct text_trace_message ignored;

	return cut_record_start(&head, &ignored);
}

static bool cut_number(struct slice *text, char end, uint32_t max, uint32_t *ret_value)
{
	struct slice digits;

	return slice_cut(*text, end, &digits, text) && slice_to_u32(digits, max, ret_value) == 0;
}

/* Days from 1 January 1970 in the Gregorian calendar; the year begins in March inside. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
	uint64_t y = month <= 2 ? year - 1 : year;
	uint64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* "28/4/2006 16:25:18:920", which may be followed by a space and more. */
static bool cut_time(struct slice *text, uint64_t *ret_ms)
{
	uint32_t day, month, year, hour, minute, second, ms;

	if (!cut_number(text, '/', 31, &day) || !cut_number(text, '/', 12, &month) ||
	    !cut_number(text, ' ', 9999, &year) || !cut_number(text, ':', 23, &hour) ||
	    !cut_number(text, ':', 59, &minute) || !cut_number(text, ':', 60, &second) ||
	    !cut_number(text, ' ', 999, &ms))
		return false;
	if (day == 0 || month == 0 || year < 1970)
		return false;
	*ret_ms = days_of(year, month, day) * 86400000 + hour * 3600000ull + minute * 60000ull +
		  second * 1000ull + ms;
	return true;
}

/* NULL, or what is wrong with the line. */
static const char *parse_record_line(struct slice line, struct text_trace_message *message,
				     uint32_t *ret_count)
{
	struct slice address;
	bool has_local;

	cut_record_start(&line, message);
	slice_cut(line, ' ', &address, &line);
	if (addr_parse(address, &message->peer))
		return "the peer's address should be IP:PORT";
	has_local = cut_prefix(&line, message->is_sent ? SLICE("from ") : SLICE("to "));
	if (has_local &&
	    (!slice_cut(line, ' ', &address, &line) || addr_parse(address, &message->local)))
		return "our own address should be IP:PORT";
	if (!cut_prefix(&line, SLICE("at ")) || !cut_time(&line, &message->at_ms))
		return "the time should be: at DAY/MONTH/YEAR HOUR:MINUTE:SECOND:MILLISECOND";
	if (!cut_prefix(&line, SLICE("(")) || !cut_number(&line, ' ', UINT32_MAX, ret_count) ||
	    !slice_eq(slice_trim(line), SLICE("bytes):")))
		return "the size should be: (N bytes):";
	return NULL;
}

static void advance(struct reader *reader, size_t to)
{
	for (; reader->at < to; reader->at++)
		reader->line += reader->text.p[reader->at] == '\n';
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* True when only line ends stand between `at` and the next record, or the end of the text. */
static bool can_end_at(struct slice text, size_t at)
{
	bool is_at_line = at > 0 && at <= text.n && text.p[at - 1] == '\n';

	for (size_t i = 0; i < BLANK_MAX_BYTES; i++, at++) {
		if (at >= text.n)
			return at == text.n;
		if (is_at_line && is_record_start(text, at))
			return true;
		if (!is_line_end(text.p[at]))
			return false;
		is_at_line = text.p[at] == '\n';
	}
	return false;
}

/* Where the next record begins, or the end of the text. */
static size_t find_next_record(struct slice text, size_t at)
{
	while (at < text.n && !is_record_start(text, at))
		at += line_at(text, at).n + 1;
	return at < text.n ? at : text.n;
}

static bool is_content_length(struct slice line, struct slice *ret_value)
{
	struct slice name;

	if (!slice_cut(line, ':', &name, ret_value))
		return false;
	name = slice_trim(name);
	return slice_eq_nocase(name, SLICE("Content-Length")) || slice_eq_nocase(name, SLICE("l"));
}

/* The offset behind the first empty line, or the end; also what Content-Length says on the way. */
static size_t find_head_end(struct slice text, uint32_t *ret_length, bool *ret_has_length)
{
	size_t at = 0;

	*ret_has_length = false;
	while (at < text.n) {
		struct slice whole = line_at(text, at), value;

		at += whole.n + 1;
		if (slice_is_empty(slice_trim(whole)))
			return at < text.n ? at : text.n;
		if (is_content_length(whole, &value) &&
		    slice_to_u32(slice_trim(value), SIP_MESSAGE_MAX_BYTES, ret_length) == 0)
			*ret_has_length = true;
	}
	return text.n;
}

/* The message that starts at `start`, when nothing but the next record says where it ends. */
static size_t find_end_by_next(size_t start, size_t head_end, size_t next, struct slice text)
{
	size_t end = next;

	while (end > start && is_line_end(text.p[end - 1]))
		end--;
	if (end < head_end)
		return head_end;
	while (end < next && !(end > start && text.p[end - 1] == '\n'))
		end++;
	return end;
}

static size_t find_end(struct slice text, size_t start, uint32_t count)
{
	size_t next, head_end;
	uint32_t length;
	bool has_length;

	if (count > 0 && count <= SIP_MESSAGE_MAX_BYTES && can_end_at(text, start + count))
		return start + count;
	next = find_next_record(text, start);
	head_end =
		start + find_head_end(slice_of(text.p + start, next - start), &length, &has_length);
	if (has_length && can_end_at(text, head_end + length))
		return head_end + length;
	return find_end_by_next(start, head_end, next, text);
}

static size_t skip_line_ends(struct slice text, size_t at)
{
	while (at < text.n && is_line_end(text.p[at]))
		at++;
	return at;
}

static void read_record(struct reader *reader)
{
	struct text_trace_message message = { .line = reader->line };
	struct slice line = line_at(reader->text, reader->at);
	uint32_t count = 0;
	const char *fault = parse_record_line(line, &message, &count);
	size_t start, end;

	advance(reader, reader->at + line.n);
	start = skip_line_ends(reader->text, reader->at);
	if (fault) {
		reader->sink->fault(reader->sink->ctx, message.line, fault);
		advance(reader, find_next_record(reader->text, start));
		return;
	}
	if (start >= reader->text.n || is_record_start(reader->text, start)) {
		if (count > 4)
			reader->sink->fault(reader->sink->ctx, message.line,
					    "the message is missing");
		advance(reader, start);
		return;
	}
	advance(reader, start);
	end = find_end(reader->text, start, count);
	message.bytes_line = reader->line;
	message.bytes = slice_of(reader->text.p + start, end - start);
	reader->sink->message(reader->sink->ctx, &message);
	advance(reader, end);
}

static size_t skip_byte_order_mark(struct slice text)
{
	return slice_starts_with(text, SLICE("\xef\xbb\xbf")) ? 3 : 0;
}

void text_trace_read(struct slice text, const struct text_trace_sink *sink)
{
	struct reader reader = { text, skip_byte_order_mark(text), 1, sink };

	for (;;) {
		advance(&reader, skip_line_ends(text, reader.at));
		if (reader.at >= text.n)
			return;
		if (is_record_start(text, reader.at)) {
			read_record(&reader);
			continue;
		}
		sink->fault(sink->ctx, reader.line, "this belongs to no message");
		advance(&reader, find_next_record(text, reader.at));
	}
}

bool text_trace_is_likely(struct slice text)
{
	return is_record_start(text, skip_line_ends(text, skip_byte_order_mark(text)));
}

void text_trace_mend(struct buf *buf, struct slice bytes)
{
	uint32_t length;
	bool has_length;
	size_t head_end = find_head_end(bytes, &length, &has_length);
	struct slice head = slice_head(bytes, head_end);

	for (size_t at = 0; at < head.n;) {
		struct slice line = line_at(head, at), text = line, value;

		at += line.n + 1;
		while (text.n > 0 && is_line_end(text.p[text.n - 1]))
			text.n--;
		if (slice_is_empty(slice_trim(text)))
			break;
		if (is_content_length(text, &value)) {
			buf_lit(buf, "Content-Length: ");
			buf_u64(buf, bytes.n - head_end);
		} else {
			buf_slice(buf, text);
		}
		buf_lit(buf, "\r\n");
	}
	buf_lit(buf, "\r\n");
	buf_slice(buf, slice_from(bytes, head_end));
}
