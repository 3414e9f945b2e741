/* SPDX-License-Identifier: MIT */
/*
 * Addresses with a display name and header parameters (RFC 3261 20.10, 25.1 name-addr and
 * addr-spec). What two hops could read as two different identities is refused.
 */
#include "sip/msg.h"

#include "base/err.h"
#include "sip/lex.h"
#include "sip/scan.h"

/* The display name before a '<', trimmed; empty when there is none. */
static int read_display(struct slice *rest, struct slice *ret_display)
{
	struct slice display;

	if (rest->n > 0 && rest->p[0] == '"') {
		if (lex_cut_quoted(rest, &display))
			return ERR_SYNTAX;
		lex_skip_lws(rest);
	} else {
		display = lex_trim(lex_cut(rest, LEX_DISPLAY));
	}
	*ret_display = display;
	return rest->n > 0 && rest->p[0] == '<' ? 0 : ERR_SYNTAX;
}

static int read_name_addr(struct slice *rest, struct slice *ret_display, struct sip_uri *ret_uri)
{
	const char *end;
	size_t n;
	int err;

	if (read_display(rest, ret_display))
		return ERR_SYNTAX;
	end = scan_char(rest->p, rest->p + rest->n, '>');
	n = (size_t)(end - rest->p);
	if (n == rest->n)
		return ERR_SYNTAX;
	err = sip_uri_parse(slice_of(rest->p + 1, n - 1), ret_uri);
	lex_drop(rest, n + 1);
	lex_skip_lws(rest);
	return err;
}

/* RFC 3261 20.10: without brackets all parameters are the header's, and ',' and '?' are no part. */
static int read_addr_spec(struct slice *rest, struct sip_uri *ret_uri)
{
	size_t end = slice_find_char(*rest, ';');
	struct slice text = lex_trim(slice_head(*rest, end));

	if (slice_find_char(text, ',') < text.n || slice_find_char(text, '?') < text.n)
		return ERR_SYNTAX;
	lex_drop(rest, end);
	return sip_uri_parse(text, ret_uri);
}

/* Anything before a '<' is a display name, unless a ';' says that the '<' is a parameter's. */
static bool is_name_addr(struct slice text)
{
	size_t at;

	if (text.n > 0 && (text.p[0] == '"' || text.p[0] == '<'))
		return true;
	at = slice_find_char(text, '<');
	return at < text.n && slice_find_char(slice_head(text, at), ';') == at;
}

/* RFC 3261 19.3: one tag at most, a token; none in RFC 2543 and in a first To. */
static void take_param(const struct lex_param *param, struct lex_tag *tag)
{
	if (!lex_is_word(param->name, SLICE("tag")))
		return;
	if (tag->value.p || param->is_quoted || param->value.n == 0)
		tag->err = ERR_SYNTAX;
	tag->value = param->value;
}

int lex_addr_parse(struct slice text, struct sip_addr *ret_addr, struct lex_tag *ret_tag)
{
	struct slice whole = lex_trim(text), rest = whole, display = SLICE_NONE, params;
	struct lex_tag tag = { .err = 0 };
	struct lex_param param;
	struct sip_uri uri;
	int err, got;

	err = is_name_addr(rest) ? read_name_addr(&rest, &display, &uri)
				 : read_addr_spec(&rest, &uri);
	if (err)
		return err;
	if (rest.n > 0 && !lex_eat(&rest, ';'))
		return ERR_SYNTAX;
	params = rest;
	while ((got = lex_param_next(&rest, &param)) == 1)
		take_param(&param, &tag);
	if (got < 0)
		return got;
	if (!tag.err && tag.value.n > SIP_TAG_MAX_BYTES)
		tag.err = ERR_LIMIT;
	*ret_addr = (struct sip_addr){
		.text = whole, .display = display, .uri = uri, .params = params
	};
	*ret_tag = tag;
	return 0;
}

int sip_addr_parse(struct slice text, struct sip_addr *ret_addr)
{
	struct lex_tag tag;

	return lex_addr_parse(text, ret_addr, &tag);
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

void sip_display_unquote(struct buf *buf, struct slice display)
{
	for (size_t i = 0; i < display.n; i++) {
		char c = display.p[i];

		if (c == '\\' && i + 1 < display.n && !is_line_end(display.p[i + 1])) {
			buf_char(buf, display.p[++i]);
		} else if (is_line_end(c)) {
			while (i + 1 < display.n && lex_is_lws(display.p[i + 1]))
				i++;
			buf_char(buf, ' ');
		} else {
			buf_char(buf, c);
		}
	}
}
