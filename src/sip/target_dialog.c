/* SPDX-License-Identifier: MIT */
/*
 * The Target-Dialog header (RFC 4538 7). As Replaces it names one dialog, and nothing in it may be
 * read in two ways.
 */
#include "sip/target_dialog.h"

#include "base/err.h"
#include "sip/dialog_ids.h"
#include "sip/limits.h"

static int set_tag(const struct lex_param *param, struct slice *ret_tag)
{
	if (ret_tag->n > 0 || param->is_quoted || param->value.n == 0 ||
	    param->value.n > SIP_TAG_MAX_BYTES)
		return ERR_SYNTAX;
	*ret_tag = param->value;
	return 0;
}

static int parse_params(struct slice rest, struct sip_target_dialog *target)
{
	struct lex_param param;
	int got, err = 0;

	while (!err && (got = lex_param_next(&rest, &param)) != 0) {
		if (got < 0)
			return got;
		if (slice_eq_nocase(param.name, SLICE("local-tag")))
			err = set_tag(&param, &target->local_tag);
		else if (slice_eq_nocase(param.name, SLICE("remote-tag")))
			err = set_tag(&param, &target->remote_tag);
	}
	return err;
}

int sip_target_dialog_parse(struct slice value, struct sip_target_dialog *ret_target)
{
	struct sip_target_dialog target = { 0 };
	struct slice rest = value;

	if (dialog_ids_cut_call_id(&rest, &target.call_id) || parse_params(rest, &target) ||
	    target.local_tag.n == 0 || target.remote_tag.n == 0)
		return ERR_SYNTAX;
	*ret_target = target;
	return 0;
}

void sip_target_dialog_print(struct buf *buf, const struct sip_target_dialog *target)
{
	dialog_ids_print(buf, target->call_id, LEX_WORD);
	buf_lit(buf, ";local-tag=");
	dialog_ids_print(buf, target->local_tag, LEX_VALUE);
	buf_lit(buf, ";remote-tag=");
	dialog_ids_print(buf, target->remote_tag, LEX_VALUE);
}
