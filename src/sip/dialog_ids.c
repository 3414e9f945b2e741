/* SPDX-License-Identifier: MIT */
/*
 * A Call-ID with parameters behind it.
 */
#include "sip/dialog_ids.h"

#include "base/err.h"
#include "sip/limits.h"

int dialog_ids_cut_call_id(struct slice *rest, struct slice *ret_call_id)
{
	struct slice call_id;

	lex_skip_lws(rest);
	call_id = lex_cut(rest, LEX_WORD);
	lex_skip_lws(rest);
	if (call_id.n == 0 || call_id.n > SIP_CALL_ID_MAX_BYTES ||
	    (rest->n > 0 && rest->p[0] != ';'))
		return ERR_SYNTAX;
	*ret_call_id = call_id;
	return 0;
}

void dialog_ids_print(struct buf *buf, struct slice id, enum lex_class class)
{
	size_t start = 0;

	for (size_t i = 0; i < id.n; i++) {
		if (lex_is(id.p[i], class))
			continue;
		buf_slice(buf, slice_of(id.p + start, i - start));
		start = i + 1;
	}
	buf_slice(buf, slice_from(id, start));
}
