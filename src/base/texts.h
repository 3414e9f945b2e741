/* SPDX-License-Identifier: MIT */
/*
 * Texts that belong to one object, one behind the other in one block of memory and found by where
 * each of them ends: one allocation and two bytes for each, where slices would take sixteen.
 */
#ifndef LAMPYRID_BASE_TEXTS_H
#define LAMPYRID_BASE_TEXTS_H

#include "base/slice.h"

/* The text with this index; empty while `block` is NULL. Valid until the next texts_keep(). */
static inline struct slice texts_get(const char *block, const uint16_t ends[], size_t index)
{
	size_t from = index > 0 ? ends[index - 1] : 0;

	return slice_of(block ? block + from : NULL, ends[index] - from);
}

/*
 * Keeps copies of `count` texts, which may be those that it has: *block is another one then (owner:
 * caller, released with mem_free()), unless they all say what they said before. `ends` starts
 * zeroed, *block NULL. ERR_LIMIT above 65535 bytes, ERR_NOMEM; then it keeps what it has.
 */
int texts_keep(char **block, uint16_t ends[], const struct slice texts[], size_t count);

#endif
