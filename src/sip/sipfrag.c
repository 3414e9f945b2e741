/* SPDX-License-Identifier: MIT */
/*
 * Status lines as message/sipfrag (RFC 3420 2).
 */
#include "sip/sipfrag.h"

#include "base/err.h"
#include "sip/lex.h"
#include "sip/print.h"
#include "sip/scan.h"

#define STATUS_DIGITS 3

void sipfrag_print(struct buf *buf, unsigned status, struct slice reason)
{
	sip_print_status_line(buf, status,
			      slice_is_empty(reason) ? sip_status_reason(status) : reason);
}

static struct slice first_line(struct slice body)
{
	const char *end;

	lex_skip_lws(&body);
	if (slice_is_empty(body))
		return body;
	end = scan_break(body.p, body.p + body.n);
	return slice_of(body.p, (size_t)(end - body.p));
}

static void skip_blanks(struct slice *rest)
{
	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		lex_drop(rest, 1);
}

int sipfrag_parse(struct slice body, unsigned *ret_status, struct slice *ret_reason)
{
	struct slice version = SLICE("SIP/2.0"), line = first_line(body);
	uint32_t status;

	if (!slice_eq_nocase(slice_head(line, version.n), version))
		return ERR_SYNTAX;
	lex_drop(&line, version.n);
	if (line.n == 0 || !lex_is_lws(line.p[0]))
		return ERR_SYNTAX;
	skip_blanks(&line);
	if (slice_to_u32(slice_head(line, STATUS_DIGITS), 699, &status) || status < 100)
		return ERR_SYNTAX;
	lex_drop(&line, STATUS_DIGITS);
	if (line.n > 0 && !lex_is_lws(line.p[0]))
		return ERR_SYNTAX;
	*ret_status = status;
	*ret_reason = lex_trim(line);
	return 0;
}
