/* SPDX-License-Identifier: MIT */
/*
 * Printing start lines and headers (RFC 3261 7), and the head of a response (8.2.6.2). Much of
 * what is printed was sent by a peer or typed by a person; each kind of value leaves out the bytes
 * that could end it, so no value can become a second header, parameter or address.
 */
#include "sip/print.h"

#include "base/addr.h"
#include "sip/lex.h"
#include "sip/scan.h"

/* What a byte of a part does; such a part ends at blanks, and controls stand in none. */
enum char_class {
	IN_WORD = 1, /* visible, or a byte of a longer UTF-8 character */
	IN_NAME = 2, /* and no colon */
	IN_URI = 4,  /* and nothing that ends an address: <>" */
	IN_TAG = 8,  /* and nothing that ends a parameter: ;,<>" */
	AS_IS = 16,  /* of a quoted-string: blanks, and no quote or backslash */
};

enum {
	ANY = IN_WORD | IN_NAME | IN_URI | IN_TAG | AS_IS,
};

static const uint8_t char_classes[256] = {
	[' '] = AS_IS,
	['!'] = ANY,
	['"'] = IN_WORD | IN_NAME,
	['#' ... '+'] = ANY,
	[','] = ANY & ~IN_TAG,
	['-' ... '9'] = ANY,
	[':'] = ANY & ~IN_NAME,
	[';'] = ANY & ~IN_TAG,
	['<'] = ANY & ~(IN_URI | IN_TAG),
	['='] = ANY,
	['>'] = ANY & ~(IN_URI | IN_TAG),
	['?' ... '['] = ANY,
	['\\'] = ANY & ~AS_IS,
	[']' ... '~'] = ANY,
	[0x80 ... 0xff] = ANY,
};

static bool char_is(char c, enum char_class class)
{
	return (char_classes[(unsigned char)c] & class) != 0;
}

/* From offset `at`, the length of the run of one class. */
static size_t run_length(struct slice s, size_t at, enum char_class class)
{
	size_t end = at;

	while (end < s.n && char_is(s.p[end], class))
		end++;
	return end - at;
}

/* A value with a break in it: a fold becomes one space, other breaks go. */
static __attribute__((noinline)) void print_broken_value(struct buf *buf, struct slice value)
{
	size_t at = 0;
	bool is_first = true;

	while (at < value.n) {
		size_t start = at, end;

		at = (size_t)(scan_break(value.p + at, value.p + value.n) - value.p);
		end = at;
		while (at < value.n && (value.p[at] == '\0' || lex_is_lws(value.p[at])))
			at++;
		/* Blanks before a fold go with it, at the ends of the value they stay. */
		while (end < at && at < value.n && end > start && lex_is_lws(value.p[end - 1]))
			end--;
		if (start == end)
			continue;
		if (!is_first)
			buf_char(buf, ' ');
		buf_slice(buf, slice_of(value.p + start, end - start));
		is_first = false;
	}
}

void sip_print_value(struct buf *buf, struct slice value)
{
	if (value.n > 0 && scan_break(value.p, value.p + value.n) < value.p + value.n)
		print_broken_value(buf, value);
	else
		buf_slice(buf, value);
}

/* A part that ends at what is not of its class: such bytes are left out. */
static void print_word(struct buf *buf, struct slice word, enum char_class class)
{
	for (size_t at = 0; at < word.n; at++) {
		size_t n = run_length(word, at, class);

		buf_slice(buf, slice_of(word.p + at, n));
		at += n;
	}
}

void sip_print_request_line(struct buf *buf, struct slice method, struct slice uri)
{
	print_word(buf, method, IN_WORD);
	buf_char(buf, ' ');
	print_word(buf, uri, IN_WORD);
	buf_lit(buf, " SIP/2.0\r\n");
}

void sip_print_status_line(struct buf *buf, unsigned status, struct slice reason)
{
	buf_lit(buf, "SIP/2.0 ");
	buf_u64(buf, status);
	buf_char(buf, ' ');
	sip_print_value(buf, reason);
	buf_lit(buf, "\r\n");
}

static void print_name(struct buf *buf, enum sip_header_id id)
{
	buf_slice(buf, sip_header_name(id));
	buf_lit(buf, ": ");
}

void sip_print_header(struct buf *buf, enum sip_header_id id, struct slice value)
{
	print_name(buf, id);
	sip_print_value(buf, value);
	buf_lit(buf, "\r\n");
}

void sip_print_header_named(struct buf *buf, struct slice name, struct slice value)
{
	print_word(buf, name, IN_NAME);
	buf_lit(buf, ": ");
	sip_print_value(buf, value);
	buf_lit(buf, "\r\n");
}

void sip_print_header_u32(struct buf *buf, enum sip_header_id id, uint32_t value)
{
	print_name(buf, id);
	buf_u64(buf, value);
	buf_lit(buf, "\r\n");
}

void sip_print_cseq(struct buf *buf, uint32_t cseq, struct slice method)
{
	print_name(buf, HDR_CSEQ);
	buf_u64(buf, cseq);
	buf_char(buf, ' ');
	print_word(buf, method, IN_WORD);
	buf_lit(buf, "\r\n");
}

void sip_print_quoted(struct buf *buf, struct slice plain)
{
	buf_char(buf, '"');
	for (size_t at = 0; at < plain.n; at++) {
		size_t n = run_length(plain, at, AS_IS);

		buf_slice(buf, slice_of(plain.p + at, n));
		at += n;
		if (at == plain.n)
			break;
		if (char_is(plain.p[at], IN_WORD)) {
			buf_char(buf, '\\');
			buf_char(buf, plain.p[at]);
		} else {
			buf_char(buf, ' ');
		}
	}
	buf_char(buf, '"');
}

static void print_tag(struct buf *buf, struct slice tag)
{
	if (tag.n == 0)
		return;
	buf_lit(buf, ";tag=");
	print_word(buf, tag, IN_TAG);
}

void sip_print_addr(struct buf *buf, enum sip_header_id id, struct slice display, struct slice uri,
		    struct slice tag)
{
	print_name(buf, id);
	if (display.n > 0) {
		sip_print_quoted(buf, display);
		buf_char(buf, ' ');
	}
	buf_char(buf, '<');
	print_word(buf, uri, IN_URI);
	buf_char(buf, '>');
	print_tag(buf, tag);
	buf_lit(buf, "\r\n");
}

/* The received parameter's IPv6 address has no brackets (RFC 3261 25.1 via-received). */
static void print_received(struct buf *buf, const struct addr *peer)
{
	char text[ADDR_TEXT_MAX];
	struct buf ip = BUF_ON(text);

	addr_print_ip(&ip, peer);
	buf_lit(buf, ";received=");
	if (peer->family == ADDR_IPV6)
		buf_slice(buf, slice_of(text + 1, ip.n - 2));
	else
		buf_slice(buf, buf_text(&ip));
}

/*
 * The sender's own Via with where it really came from. What it claims about that itself is not
 * repeated: the next hop would believe it.
 */
static void print_top_via(struct buf *buf, const struct sip_via *via, const struct addr *peer)
{
	struct slice head, rest, text;
	struct lex_param param;
	struct addr sent_by;

	slice_cut(via->text, ';', &head, &rest);
	sip_print_value(buf, slice_trim(head));
	while (lex_param_next(&rest, &param) == 1) {
		if (lex_is_word(param.name, SLICE("received")) ||
		    lex_is_word(param.name, SLICE("rport")))
			continue;
		text = slice_of(param.name.p, (size_t)(rest.p - param.name.p));
		buf_char(buf, ';');
		sip_print_value(buf, slice_trim(text));
	}
	/* With rport it is there even when it says the same (RFC 3581 4). */
	if (via->has_rport || addr_parse_ip(via->host, &sent_by) || !addr_eq_ip(&sent_by, peer))
		print_received(buf, peer);
	if (via->has_rport) {
		buf_lit(buf, ";rport=");
		buf_u64(buf, peer->port);
	}
}

static void print_vias(struct buf *buf, const struct sip_msg *request, const struct addr *peer)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	bool is_top = true;

	while (sip_msg_list_next(request, HDR_VIA, &cursor, &entry)) {
		print_name(buf, HDR_VIA);
		if (is_top)
			print_top_via(buf, &request->via, peer);
		else
			sip_print_value(buf, entry);
		buf_lit(buf, "\r\n");
		is_top = false;
	}
}

void sip_print_response_head(struct buf *buf, const struct sip_msg *request,
			     const struct addr *peer, unsigned status, struct slice reason,
			     struct slice to_tag, bool with_record_route)
{
	const struct sip_header *route = NULL;

	sip_print_status_line(buf, status, reason.n > 0 ? reason : sip_status_reason(status));
	print_vias(buf, request, peer);
	if (with_record_route)
		route = sip_msg_header(request, HDR_RECORD_ROUTE);
	for (; route; route = sip_msg_header_next(request, route))
		sip_print_header(buf, HDR_RECORD_ROUTE, route->value);
	sip_print_header(buf, HDR_FROM, sip_msg_value(request, HDR_FROM));
	print_name(buf, HDR_TO);
	sip_print_value(buf, sip_msg_value(request, HDR_TO));
	if (request->to_tag.n == 0)
		print_tag(buf, to_tag);
	buf_lit(buf, "\r\n");
	sip_print_header(buf, HDR_CALL_ID, sip_msg_value(request, HDR_CALL_ID));
	sip_print_header(buf, HDR_CSEQ, sip_msg_value(request, HDR_CSEQ));
}

void sip_print_body(struct buf *buf, struct slice content_type, struct slice body)
{
	if (body.n > 0)
		sip_print_header(buf, HDR_CONTENT_TYPE, content_type);
	sip_print_header_u32(buf, HDR_CONTENT_LENGTH, (uint32_t)body.n);
	buf_lit(buf, "\r\n");
	buf_slice(buf, body);
}
