/* SPDX-License-Identifier: MIT */
/*
 * One Via entry (RFC 3261 20.42): the protocol, sent-by, and the parameters that route responses
 * (RFC 3261 18.2.2, RFC 3581).
 */
#include "sip/msg.h"

#include "base/addr.h"
#include "base/err.h"
#include "sip/lex.h"

/* "SIP / 2.0 /" and the white space behind it. */
static bool eat_name_and_version(struct slice *rest)
{
	/* Nobody writes it otherwise, but RFC 4475 3.1.1.1 does. */
	if (rest->n > 8 && memcmp(rest->p, "SIP/2.0/", 8) == 0) {
		lex_drop(rest, 8);
		lex_skip_lws(rest);
		return true;
	}
	return slice_eq_nocase(lex_cut(rest, LEX_TOKEN), SLICE("SIP")) &&
	       lex_eat_spaced(rest, '/') && slice_eq(lex_cut(rest, LEX_TOKEN), SLICE("2.0")) &&
	       lex_eat_spaced(rest, '/');
}

static int read_protocol(struct slice *rest, struct slice *ret_transport)
{
	struct slice transport;

	if (!eat_name_and_version(rest))
		return ERR_SYNTAX;
	transport = lex_cut(rest, LEX_TOKEN);
	if (transport.n == 0 || rest->n == 0 || !lex_is_lws(rest->p[0]))
		return ERR_SYNTAX;
	lex_skip_lws(rest);
	*ret_transport = transport;
	return 0;
}

static int read_host(struct slice *rest, struct slice *ret_host)
{
	struct addr addr;
	struct slice host;

	if (rest->n > 0 && rest->p[0] == '[') {
		host = slice_head(*rest, slice_find_char(*rest, ']') + 1);
		if (addr_parse_ip(host, &addr) || addr.family != ADDR_IPV6)
			return ERR_SYNTAX;
		lex_drop(rest, host.n);
	} else {
		host = lex_cut(rest, LEX_HOST);
		if (host.n == 0)
			return ERR_SYNTAX;
	}
	*ret_host = host;
	return 0;
}

static int read_port(struct slice digits, uint16_t *ret_port)
{
	uint32_t port;

	if (slice_to_u32(digits, UINT16_MAX, &port) || port == 0)
		return ERR_SYNTAX;
	*ret_port = (uint16_t)port;
	return 0;
}

static int read_sent_by(struct slice *rest, struct sip_via *via)
{
	if (read_host(rest, &via->host))
		return ERR_SYNTAX;
	if (lex_eat_spaced(rest, ':') && read_port(lex_cut(rest, LEX_TOKEN), &via->port))
		return ERR_SYNTAX;
	lex_skip_lws(rest);
	return 0;
}

/* A parameter that may stand once and is not quoted. */
static int take_once(const struct lex_param *param, struct slice *ret_value)
{
	if (ret_value->p || param->is_quoted || param->value.n == 0)
		return ERR_SYNTAX;
	*ret_value = param->value;
	return 0;
}

static int take_param(const struct lex_param *param, struct sip_via *via)
{
	if (lex_is_word(param->name, SLICE("branch"))) {
		if (take_once(param, &via->branch))
			return ERR_SYNTAX;
		return via->branch.n > SIP_BRANCH_MAX_BYTES ? ERR_LIMIT : 0;
	}
	if (lex_is_word(param->name, SLICE("rport"))) {
		if (via->has_rport || param->is_quoted)
			return ERR_SYNTAX;
		via->has_rport = true;
		return param->value.n > 0 ? read_port(param->value, &via->rport) : 0;
	}
	if (lex_is_word(param->name, SLICE("received")))
		return take_once(param, &via->received);
	if (lex_is_word(param->name, SLICE("maddr")))
		return take_once(param, &via->maddr);
	return 0;
}

int sip_via_parse(struct slice text, struct sip_via *ret_via)
{
	struct sip_via via = { .text = lex_trim(text) };
	struct slice rest = via.text;
	struct lex_param param;
	int got;

	if (read_protocol(&rest, &via.transport) || read_sent_by(&rest, &via))
		return ERR_SYNTAX;
	if (rest.n > 0 && !lex_eat(&rest, ';'))
		return ERR_SYNTAX;
	via.params = rest;
	while ((got = lex_param_next(&rest, &param)) == 1) {
		int err = take_param(&param, &via);

		if (err)
			return err;
	}
	if (got < 0)
		return got;
	*ret_via = via;
	return 0;
}
