/* SPDX-License-Identifier: MIT */
/*
 * Raw peers: templates out, texts in.
 */
#include "raw.h"

#include "base/check.h"
#include "sip/print.h"

#include <stdio.h>
#include <stdlib.h>

#define ANSWER_TIME_MS 20

static bool parse(const char *text, size_t n, struct sip_msg *msg)
{
	_Alignas(max_align_t) static char block[65536];
	struct arena arena;
	struct sip_fault fault;

	arena_init(&arena, block, sizeof(block));
	return sip_msg_parse(slice_of(text, n), &arena, msg, &fault) == 0;
}

/* A bare 200 to whatever the peer is asked: enough for NOTIFY, CANCEL and BYE. */
static void answer_200(struct raw *raw, const struct sip_msg *msg)
{
	char text[RAW_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	sip_print_response_head(&buf, msg, &raw->to->addr, 200, SLICE_NONE, SLICE("rawtag"), false);
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	wires_send_raw(raw->node, raw->to, buf_text(&buf));
}

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	struct raw *raw = owner;
	struct sip_msg msg;

	(void)flow;
	if (raw->count < RAW_INBOX_MAX && bytes.n < RAW_MESSAGE_MAX_BYTES) {
		memcpy(raw->inbox[raw->count], bytes.p, bytes.n);
		raw->inbox[raw->count][bytes.n] = '\0';
		raw->sizes[raw->count++] = bytes.n;
	}
	if (!raw->is_mute && parse(bytes.p, bytes.n, &msg) && msg.is_request &&
	    msg.method != METHOD_ACK && msg.method != METHOD_INVITE)
		answer_200(raw, &msg);
}

static void on_turn_end(void *owner)
{
	(void)owner;
}

struct raw *raw_new(struct wires *wires, const char *name, struct wire_node *to)
{
	struct raw *raw = calloc(1, sizeof(*raw));

	CHECK(raw);
	raw->node = wires_add(wires, name);
	raw->node->owner = raw;
	raw->node->on_message = on_message;
	raw->node->on_turn_end = on_turn_end;
	raw->to = to;
	return raw;
}

void raw_free(struct raw *raw)
{
	free(raw);
}

static void print_via(struct raw *raw, struct buf *buf)
{
	buf_lit(buf, "Via: SIP/2.0/UDP ");
	addr_print(buf, &raw->node->addr);
	buf_printf(buf, ";branch=z9hG4bK-%s-%u;rport", raw->node->name, ++raw->branch);
}

static const char *body_of(const char *text)
{
	const char *empty = strstr(text, "\n\n");

	return empty ? empty + 2 : text + strlen(text);
}

/* The body's size on the wire: each line end is two bytes there. */
static size_t body_bytes(const char *text)
{
	size_t n = 0;

	for (const char *p = body_of(text); *p; p++)
		n += *p == '\n' ? 2 : 1;
	return n;
}

static void fill(struct raw *raw, const char *text, const char *auth, struct buf *buf)
{
	for (const char *p = text; *p; p++) {
		if (strncmp(p, "{via}", 5) == 0) {
			print_via(raw, buf);
			p += 4;
		} else if (strncmp(p, "{cseq}", 6) == 0) {
			buf_printf(buf, "%u", ++raw->cseq);
			p += 5;
		} else if (strncmp(p, "{len}", 5) == 0) {
			buf_u64(buf, body_bytes(text));
			p += 4;
		} else if (strncmp(p, "{auth}\n", 7) == 0) {
			buf_cstr(buf, auth);
			p += 6;
		} else if (*p == '\r') {
			continue; /* of a line that was heard: its end is written anew */
		} else if (*p == '\n') {
			buf_lit(buf, "\r\n");
		} else {
			buf_char(buf, *p);
		}
	}
	CHECK(!buf->is_overflown);
}

static unsigned last_status(const struct raw *raw, size_t since)
{
	struct sip_msg msg;

	for (size_t i = raw->count; i-- > since;)
		if (parse(raw->inbox[i], raw->sizes[i], &msg) && !msg.is_request)
			return msg.status;
	return 0;
}

static unsigned ask(struct raw *raw, const char *text, const char *auth)
{
	char out[RAW_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(out);
	size_t since = raw->count;

	fill(raw, text, auth, &buf);
	wires_send_raw(raw->node, raw->to, buf_text(&buf));
	wires_advance_ms(raw->node->wires, ANSWER_TIME_MS);
	return last_status(raw, since);
}

unsigned raw_ask(struct raw *raw, const char *text)
{
	return ask(raw, text, "");
}

unsigned raw_ask_as(struct raw *raw, const char *user, const char *password, const char *text)
{
	char line[2048];
	struct buf buf = { .p = line, .cap = sizeof(line) - 1 };
	struct auth_login login = { .username = slice_from_cstr(user),
				    .password = slice_from_cstr(password) };
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	struct auth_request request = { 0 };
	struct slice method, rest, uri;
	const char *challenge;
	struct sip_msg msg;
	unsigned status = ask(raw, text, "");

	if (status != 401)
		return status;
	slice_cut(slice_from_cstr(text), ' ', &method, &rest);
	slice_cut(rest, ' ', &uri, &rest);
	request.method = method;
	request.uri = uri;
	challenge = raw_last(raw, "SIP/2.0 401");
	CHECK(parse(challenge, strlen(challenge), &msg));
	CHECK(auth_client_answer(&client, &msg, &login, &request, &attempt, &buf) == 0);
	line[buf.n] = '\0';
	memcpy(raw->last_auth, line, buf.n + 1);
	return ask(raw, text, line);
}

static void print_side(struct buf *buf, const char *name, const struct sip_addr *addr,
		       struct slice tag, const char *other_tag)
{
	buf_printf(buf, "%s: <%.*s>;tag=", name, SLICE_ARGS(addr->uri.text));
	if (slice_is_empty(tag))
		buf_cstr(buf, other_tag);
	else
		buf_slice(buf, tag);
	buf_char(buf, '\n');
}

static void print_within(struct raw *raw, char text[RAW_MESSAGE_MAX_BYTES], const char *start,
			 const char *tag, const char *method, const char *rest)
{
	char about_text[RAW_MESSAGE_MAX_BYTES];
	struct buf buf = { .p = text, .cap = RAW_MESSAGE_MAX_BYTES - 1 };
	const char *about = raw_last(raw, start);
	struct sip_msg msg;

	snprintf(about_text, sizeof(about_text), "%s", about);
	CHECK(*about && parse(about_text, strlen(about_text), &msg));
	buf_printf(&buf, "%s sip:x@", method);
	addr_print(&buf, &raw->to->addr);
	buf_lit(&buf, " SIP/2.0\n{via}\nMax-Forwards: 70\n");
	print_side(&buf, "From", msg.is_request ? &msg.to : &msg.from,
		   msg.is_request ? msg.to_tag : msg.from_tag, tag);
	print_side(&buf, "To", msg.is_request ? &msg.from : &msg.to,
		   msg.is_request ? msg.from_tag : msg.to_tag, tag);
	buf_printf(&buf, "Call-ID: %.*s\n", SLICE_ARGS(msg.call_id));
	if (strcmp(method, "ACK") == 0)
		buf_printf(&buf, "CSeq: %u ACK\n%s", msg.cseq, rest);
	else
		buf_printf(&buf, "CSeq: {cseq} %s\n%s", method, rest);
	CHECK(!buf.is_overflown);
	text[buf.n] = '\0';
}

unsigned raw_speak(struct raw *raw, const char *start, const char *tag, const char *method,
		   const char *rest)
{
	char text[RAW_MESSAGE_MAX_BYTES];

	print_within(raw, text, start, tag, method, rest);
	return raw_ask(raw, text);
}

unsigned raw_speak_as(struct raw *raw, const char *user, const char *password, const char *start,
		      const char *method, const char *rest)
{
	char text[RAW_MESSAGE_MAX_BYTES];

	print_within(raw, text, start, "", method, rest);
	return raw_ask_as(raw, user, password, text);
}

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

const char *raw_last(const struct raw *raw, const char *start)
{
	for (size_t i = raw->count; i-- > 0;)
		if (starts(raw->inbox[i], start))
			return raw->inbox[i];
	return "";
}

bool raw_heard(const struct raw *raw, const char *start, const char *what)
{
	for (size_t i = 0; i < raw->count; i++)
		if (starts(raw->inbox[i], start) && strstr(raw->inbox[i], what))
			return true;
	return false;
}

size_t raw_count(const struct raw *raw, const char *start)
{
	size_t n = 0;

	for (size_t i = 0; i < raw->count; i++)
		n += starts(raw->inbox[i], start);
	return n;
}

void raw_reply(struct raw *raw, const char *method, unsigned status, const char *tag,
	       const char *lines, const char *body)
{
	char text[RAW_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	const char *request = raw_last(raw, method);
	struct sip_msg msg;

	CHECK(*request && parse(request, strlen(request), &msg));
	sip_print_response_head(&buf, &msg, &raw->to->addr, status, SLICE_NONE,
				slice_from_cstr(tag), true);
	buf_cstr(&buf, lines);
	sip_print_body(&buf, SLICE("application/sdp"), slice_from_cstr(body));
	CHECK(!buf.is_overflown);
	wires_send_raw(raw->node, raw->to, buf_text(&buf));
	wires_advance_ms(raw->node->wires, ANSWER_TIME_MS);
}
