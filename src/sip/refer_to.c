/* SPDX-License-Identifier: MIT */
/*
 * Refer-To (RFC 3515 2.1). Its URI is an order to send a request that somebody else words, so
 * nothing of it is honoured but what a transfer needs; the rest is refused and not passed over in
 * silence, so that nobody believes that it was done (RFC 3261 19.1.5).
 */
#include "sip/refer_to.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/lex.h"
#include "sip/print.h"

#define HEADER_NAME_MAX_BYTES 64

static const struct sip_verdict bad = { 400, SLICE_INIT("Bad Refer-To") };
static const struct sip_verdict bad_replaces = { 400, SLICE_INIT("Bad Replaces in Refer-To") };

/* --- The URI ------------------------------------------------------------------------------ */

/*
 * Some phones leave out the brackets that a URI with headers must have (RFC 3261 20): then all of
 * it is the URI, and no parameter is the header's.
 */
static bool is_bare_with_headers(struct slice value)
{
	return slice_find_char(value, '<') == value.n && slice_find_char(value, '?') < value.n;
}

int sip_refer_to_addr(struct slice value, struct sip_addr *ret_addr)
{
	value = lex_trim(value);
	if (!is_bare_with_headers(value))
		return sip_addr_parse(value, ret_addr);
	*ret_addr = (struct sip_addr){ .text = value };
	return sip_uri_parse(value, &ret_addr->uri);
}

/* Methods mind their case (RFC 3261 7.1); whoever reads a second parameter finds the same. */
static bool is_invite(const struct sip_uri *uri)
{
	struct sip_uri rest = *uri;
	struct slice method;

	while (sip_uri_param(&rest, SLICE("method"), &method)) {
		if (!slice_eq(method, SLICE("INVITE")))
			return false;
		rest.params =
			slice_from(rest.params, (size_t)(method.p + method.n - rest.params.p));
	}
	return true;
}

static struct sip_verdict check_uri(const struct sip_uri *uri)
{
	if (uri->scheme != URI_SIP && uri->scheme != URI_SIPS)
		return (struct sip_verdict){ .status = 416 };
	if (!is_invite(uri))
		return (struct sip_verdict){ 403, SLICE("No Such Method by Refer-To") };
	return SIP_VERDICT_OK;
}

/* --- Its headers -------------------------------------------------------------------------- */

static struct sip_verdict take_replaces(struct slice escaped, struct buf *room,
					struct sip_refer_to *refer_to)
{
	size_t from = room->n;

	if (refer_to->has_replaces)
		return (struct sip_verdict){ 400, SLICE("Two Replaces in Refer-To") };
	if (uri_unescape(room, escaped) || room->is_overflown ||
	    sip_replaces_parse(slice_from(buf_text(room), from), &refer_to->replaces))
		return bad_replaces;
	refer_to->has_replaces = true;
	return SIP_VERDICT_OK;
}

/* RFC 3891 6.2: that the target knows Replaces may be insisted on, and nothing else. */
static struct sip_verdict take_require(struct slice escaped, struct buf *room,
				       struct sip_refer_to *refer_to)
{
	struct buf text = { .p = room->p + room->n, .cap = room->cap - room->n };
	struct slice rest, entry;

	(void)refer_to;
	if (uri_unescape(&text, escaped) || text.is_overflown)
		return bad;
	rest = buf_text(&text);
	while (lex_entry_next(&rest, &entry))
		if (!slice_eq_nocase(entry, SLICE("replaces")))
			return (struct sip_verdict){ 403, SLICE("No Such Require by Refer-To") };
	return SIP_VERDICT_OK;
}

static struct sip_verdict pass_over(struct slice escaped, struct buf *room,
				    struct sip_refer_to *refer_to)
{
	(void)escaped;
	(void)room;
	(void)refer_to;
	return SIP_VERDICT_OK;
}

static const struct {
	struct slice name;
	struct sip_verdict (*take)(struct slice escaped, struct buf *room,
				   struct sip_refer_to *refer_to);
} rows[] = {
	{ SLICE_INIT("Replaces"), take_replaces },
	{ SLICE_INIT("Require"), take_require },
	{ SLICE_INIT("Referred-By"), pass_over },
};

static struct sip_verdict take_header(struct slice escaped_name, struct slice value,
				      struct buf *room, struct sip_refer_to *refer_to)
{
	char text[HEADER_NAME_MAX_BYTES];
	struct buf name = BUF_ON(text);

	if (slice_is_empty(escaped_name) || uri_unescape(&name, escaped_name))
		return bad;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(buf_text(&name), rows[i].name))
			return rows[i].take(value, room, refer_to);
	return (struct sip_verdict){ 403, SLICE("No Such Header by Refer-To") };
}

static struct sip_verdict take_headers(struct slice headers, struct buf *room,
				       struct sip_refer_to *refer_to)
{
	struct sip_verdict verdict = SIP_VERDICT_OK;
	struct slice header, name, value;

	while (headers.n > 0 && !verdict.status) {
		slice_cut(headers, '&', &header, &headers);
		if (slice_is_empty(header))
			continue;
		slice_cut(header, '=', &name, &value);
		verdict = take_header(name, value, room, refer_to);
	}
	return verdict;
}

/* --- All of it ---------------------------------------------------------------------------- */

struct sip_verdict sip_refer_to_parse(struct slice value, struct buf *room,
				      struct sip_refer_to *ret_refer_to)
{
	struct sip_refer_to refer_to = { 0 };
	struct sip_verdict verdict;
	struct slice headers;
	struct sip_addr addr;

	if (sip_refer_to_addr(value, &addr))
		return bad;
	verdict = check_uri(&addr.uri);
	headers = addr.uri.headers;
	refer_to.display = addr.display;
	refer_to.uri = addr.uri;
	if (!slice_is_empty(headers))
		refer_to.uri.text =
			slice_head(addr.uri.text, (size_t)(headers.p - 1 - addr.uri.text.p));
	refer_to.uri.headers = SLICE_NONE;
	if (!verdict.status)
		verdict = take_headers(headers, room, &refer_to);
	if (!verdict.status)
		*ret_refer_to = refer_to;
	return verdict;
}

/* A second header line makes the message malformed already, so there is one value to look at. */
struct sip_verdict sip_refer_to_read(const struct sip_msg *refer, struct buf *room,
				     struct sip_refer_to *ret_refer_to)
{
	const struct sip_header *header = sip_msg_header(refer, HDR_REFER_TO);

	if (!header)
		return (struct sip_verdict){ 400, SLICE("Missing Refer-To") };
	return sip_refer_to_parse(header->value, room, ret_refer_to);
}

void sip_refer_to_print(struct buf *buf, const struct sip_uri *uri,
			const struct sip_replaces *replaces)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf value = BUF_ON(text);
	struct sip_uri bare = *uri;

	bare.headers = SLICE_NONE;
	buf_char(buf, '<');
	sip_uri_print(buf, &bare);
	if (replaces) {
		sip_replaces_print(&value, replaces);
		buf->is_overflown |= value.is_overflown;
		buf_lit(buf, "?Replaces=");
		uri_escape_header(buf, buf_text(&value));
	}
	buf_char(buf, '>');
}

/* --- Who refers, and what it wants to hear ------------------------------------------------ */

int sip_referred_by_read(const struct sip_msg *refer, struct sip_addr *ret_addr)
{
	const struct sip_header *header = sip_msg_header(refer, HDR_REFERRED_BY);
	struct sip_addr addr;

	if (!header)
		return ERR_NOTFOUND;
	if (sip_addr_parse(header->value, &addr) || addr.uri.scheme == URI_OTHER)
		return ERR_SYNTAX;
	*ret_addr = addr;
	return 0;
}

bool sip_refer_sub_is_false(const struct sip_msg *msg)
{
	struct slice value, params;

	sip_token_params(sip_msg_value(msg, HDR_REFER_SUB), &value, &params);
	return slice_eq_nocase(value, SLICE("false"));
}
