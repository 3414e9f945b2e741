/* SPDX-License-Identifier: MIT */
/*
 * The texts of the error table.
 */
#include "base/err.h"

#include <stddef.h>

const char *err_text(int err)
{
	static const char *const texts[] = { /* by ordinal */
#define X(name, text) text,
					     ERR_TABLE(X)
#undef X
	};
	size_t ordinal;

	if (err >= 0)
		return "no error";
	ordinal = (size_t)(-1 - err);
	return ordinal < sizeof(texts) / sizeof(texts[0]) ? texts[ordinal] : "unknown error";
}
