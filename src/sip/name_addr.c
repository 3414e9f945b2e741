/* SPDX-License-Identifier: MIT */
/*
 * Addresses with a display name and header parameters (RFC 3261 20.10, 25.1 name-addr and
 * addr-spec). What two hops could read as two different identities is refused.
 */
#include "sip/msg.h"

#include "base/err.h"
#include "sip/lex.h"

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

static int read_name_addr(struct slice *rest, struct sip_addr *addr)
{
	size_t end;
	int err;

	if (read_display(rest, &addr->display))
		return ERR_SYNTAX;
	end = slice_find_char(*rest, '>');
	if (end == rest->n)
		return ERR_SYNTAX;
	err = sip_uri_parse(slice_of(rest->p + 1, end - 1), &addr->uri);
	lex_drop(rest, end + 1);
	lex_skip_lws(rest);
	return err;
}

/* RFC 3261 20.10: without brackets all parameters are the header's, and ',' and '?' are no part. */
static int read_addr_spec(struct slice *rest, struct sip_addr *addr)
{
	size_t end = slice_find_char(*rest, ';');
	struct slice text = lex_trim(slice_head(*rest, end));

	if (slice_find_char(text, ',') < text.n || slice_find_char(text, '?') < text.n)
		return ERR_SYNTAX;
	lex_drop(rest, end);
	return sip_uri_parse(text, &addr->uri);
}

/* Anything before a '<' is a display name, unless a ';' says that the '<' is a parameter's. */
static bool is_name_addr(struct slice text)
{
	size_t at = slice_find_char(text, '<');

	if (text.n > 0 && text.p[0] == '"')
		return true;
	return at < text.n && slice_find_char(slice_head(text, at), ';') == at;
}

int sip_addr_parse(struct slice text, struct sip_addr *ret_addr)
{
	struct sip_addr addr = { .text = lex_trim(text) };
	struct slice rest = addr.text;
	struct lex_param param;
	int err, got;

	err = is_name_addr(rest) ? read_name_addr(&rest, &addr) : read_addr_spec(&rest, &addr);
	if (err)
		return err;
	if (rest.n > 0 && !lex_eat(&rest, ';'))
		return ERR_SYNTAX;
	addr.params = rest;
	do
		got = lex_param_next(&rest, &param);
	while (got == 1);
	if (got < 0)
		return got;
	*ret_addr = addr;
	return 0;
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
