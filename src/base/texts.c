/* SPDX-License-Identifier: MIT */
#include "base/texts.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

int texts_keep(char **block, uint16_t ends[], const struct slice texts[], size_t count)
{
	bool is_same = *block != NULL;
	struct buf buf;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		is_same = is_same && slice_eq(texts[i], texts_get(*block, ends, i));
		n += texts[i].n;
	}
	if (is_same)
		return 0;
	if (n > UINT16_MAX)
		return ERR_LIMIT;
	/* A block of nothing is one, too: it says that there are texts. */
	buf_init(&buf, mem_alloc(n > 0 ? n : 1), n);
	if (!buf.p)
		return ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		buf_slice(&buf, texts[i]);
		ends[i] = (uint16_t)buf.n;
	}
	mem_free(*block);
	*block = buf.p;
	return 0;
}
