/* SPDX-License-Identifier: MIT */
/*
 * The Replaces header (RFC 3891 6.1). It names the dialog that a call takes over, so nothing in
 * it may be read in two ways: one entry, one to-tag, one from-tag.
 */
#include "sip/replaces.h"

#include "base/err.h"
#include "sip/dialog_ids.h"
#include "sip/limits.h"

/* An RFC 2543 peer without tags is written as "0" (RFC 3891 6.1). */
static int set_tag(const struct lex_param *param, bool *is_seen, struct slice *ret_tag)
{
	if (*is_seen || param->is_quoted || param->value.n > SIP_TAG_MAX_BYTES)
		return ERR_SYNTAX;
	*is_seen = true;
	*ret_tag = slice_eq(param->value, SLICE("0")) ? SLICE_NONE : param->value;
	return 0;
}

static int parse_params(struct slice rest, struct sip_replaces *replaces)
{
	bool has_to_tag = false, has_from_tag = false;
	struct lex_param param;
	int got, err = 0;

	while (!err && (got = lex_param_next(&rest, &param)) != 0) {
		if (got < 0)
			return got;
		if (slice_eq_nocase(param.name, SLICE("to-tag")))
			err = set_tag(&param, &has_to_tag, &replaces->to_tag);
		else if (slice_eq_nocase(param.name, SLICE("from-tag")))
			err = set_tag(&param, &has_from_tag, &replaces->from_tag);
		else if (slice_eq_nocase(param.name, SLICE("early-only")))
			replaces->is_early_only = true;
	}
	return err;
}

int sip_replaces_parse(struct slice value, struct sip_replaces *ret_replaces)
{
	struct sip_replaces replaces = { 0 };
	struct slice rest = value;

	if (dialog_ids_cut_call_id(&rest, &replaces.call_id) || parse_params(rest, &replaces))
		return ERR_SYNTAX;
	*ret_replaces = replaces;
	return 0;
}

void sip_replaces_print(struct buf *buf, const struct sip_replaces *replaces)
{
	dialog_ids_print(buf, replaces->call_id, LEX_WORD);
	if (replaces->to_tag.n > 0) {
		buf_lit(buf, ";to-tag=");
		dialog_ids_print(buf, replaces->to_tag, LEX_VALUE);
	}
	if (replaces->from_tag.n > 0) {
		buf_lit(buf, ";from-tag=");
		dialog_ids_print(buf, replaces->from_tag, LEX_VALUE);
	}
	if (replaces->is_early_only)
		buf_lit(buf, ";early-only");
}
