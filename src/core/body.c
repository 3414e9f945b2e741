/* SPDX-License-Identifier: MIT */
/*
 * Keeping a body: its texts stand behind it.
 */
#include "core/body.h"

#include "base/buf.h"
#include "base/mem.h"

struct body *body_keep(struct slice type, struct slice text)
{
	size_t n = type.n + text.n;
	struct body *body = mem_alloc(sizeof(*body) + n);
	struct buf texts;

	if (!body)
		return NULL;
	buf_init(&texts, (char *)(body + 1), n);
	buf_slice(&texts, type);
	buf_slice(&texts, text);
	body->type = slice_of(texts.p, type.n);
	body->text = slice_of(texts.p + type.n, text.n);
	return body;
}
