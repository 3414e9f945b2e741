/* SPDX-License-Identifier: MIT */
/*
 * Asks a parsed message everything that can be asked, and checks what holds for any input: each
 * slice lies inside the message, each walk ends, the index and the table agree. Shared by the unit
 * tests and the fuzzer.
 */
#ifndef LAMPYRID_TESTS_MSG_WALK_H
#define LAMPYRID_TESTS_MSG_WALK_H

#include "base/check.h"
#include "base/err.h"
#include "sip/msg.h"

static inline void check_inside(struct slice whole, struct slice part)
{
	if (part.n == 0)
		return;
	CHECK(part.p >= whole.p);
	CHECK(part.p + part.n <= whole.p + whole.n);
}

static inline void check_uri(struct slice whole, const struct sip_uri *uri)
{
	check_inside(whole, uri->text);
	check_inside(uri->text, uri->user);
	check_inside(uri->text, uri->password);
	check_inside(uri->text, uri->host);
	check_inside(uri->text, uri->params);
	check_inside(uri->text, uri->headers);
}

static inline void check_addr(struct slice whole, const struct sip_addr *addr)
{
	char room[SIP_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(room);

	check_inside(whole, addr->text);
	check_inside(addr->text, addr->display);
	check_inside(addr->text, addr->params);
	check_uri(addr->text, &addr->uri);
	sip_display_unquote(&buf, addr->display);
	CHECK(buf.n <= addr->display.n);
	CHECK(!memchr(room, '\r', buf.n) && !memchr(room, '\n', buf.n));
}

static inline void check_via(struct slice whole, const struct sip_via *via)
{
	check_inside(whole, via->text);
	check_inside(via->text, via->transport);
	check_inside(via->text, via->host);
	check_inside(via->text, via->branch);
	check_inside(via->text, via->received);
	check_inside(via->text, via->maddr);
	check_inside(via->text, via->params);
	CHECK(via->branch.n <= SIP_BRANCH_MAX_BYTES);
	CHECK(via->rport == 0 || via->has_rport);
}

/* Reads a text as everything a header's value may be. */
static inline void walk_text(struct slice text)
{
	struct slice token, params, value;
	struct sip_addr addr;
	struct sip_via via;

	if (sip_via_parse(text, &via) == 0)
		check_via(text, &via);
	if (sip_addr_parse(text, &addr) == 0)
		check_addr(text, &addr);
	sip_token_params(text, &token, &params);
	check_inside(text, token);
	check_inside(text, params);
	if (sip_param(params, SLICE("tag"), &value))
		check_inside(params, value);
	if (sip_param(text, SLICE("q"), &value))
		check_inside(text, value);
}

static inline void walk_header_id(const struct sip_msg *msg, enum sip_header_id id)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	uint32_t seconds;
	size_t lines = 0, entries = 0;

	for (const struct sip_header *h = sip_msg_header(msg, id); h;
	     h = sip_msg_header_next(msg, h)) {
		CHECK(h->id == id);
		lines++;
	}
	CHECK(lines <= msg->header_count);
	CHECK((lines == 0) == (sip_msg_header(msg, id) == NULL));
	while (sip_msg_list_next(msg, id, &cursor, &entry)) {
		CHECK(entry.n > 0 && ++entries <= msg->bytes.n);
		check_inside(msg->bytes, entry);
		walk_text(entry);
	}
	CHECK(!sip_msg_list_next(msg, id, &cursor, &entry));
	CHECK(!sip_msg_has_token(msg, id, SLICE("no such,token")));
	CHECK((sip_msg_seconds(msg, id, &seconds) == ERR_NOTFOUND) == (lines == 0));
}

static inline void walk_msg(const struct sip_msg *msg)
{
	check_inside(msg->bytes, msg->method_name);
	check_inside(msg->bytes, msg->reason);
	check_inside(msg->bytes, msg->call_id);
	check_inside(msg->bytes, msg->body);
	check_inside(msg->from.text, msg->from_tag);
	check_inside(msg->to.text, msg->to_tag);
	check_uri(msg->bytes, &msg->uri);
	check_via(msg->bytes, &msg->via);
	check_addr(msg->bytes, &msg->from);
	check_addr(msg->bytes, &msg->to);
	CHECK(msg->header_count <= SIP_HEADERS_MAX);
	CHECK(msg->from_tag.n <= SIP_TAG_MAX_BYTES && msg->to_tag.n <= SIP_TAG_MAX_BYTES);
	CHECK(msg->call_id.n <= SIP_CALL_ID_MAX_BYTES);
	CHECK(msg->method_name.n <= SIP_METHOD_MAX_BYTES);
	for (size_t i = 0; i < msg->header_count; i++) {
		const struct sip_header *h = &msg->headers[i];

		CHECK(h->name.n > 0);
		check_inside(msg->bytes, h->name);
		check_inside(msg->bytes, h->value);
		CHECK(sip_msg_header_named(msg, h->name) != NULL);
		walk_text(h->value);
	}
	for (unsigned id = 0; id < HDR_COUNT; id++)
		walk_header_id(msg, (enum sip_header_id)id);
}

/* What a message without a fault promises. */
static inline void check_whole_msg(const struct sip_msg *msg)
{
	CHECK(msg->is_request ? msg->status == 0 : msg->status >= 100 && msg->status <= 699);
	CHECK(msg->method_name.n > 0 && msg->call_id.n > 0 && msg->via.host.n > 0);
	CHECK(msg->from.uri.text.n > 0 && msg->to.uri.text.n > 0);
	CHECK(msg->cseq <= SIP_CSEQ_MAX);
	CHECK(!msg->has_content_length || msg->body.n == msg->content_length);
}

#endif
