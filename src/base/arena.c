/* SPDX-License-Identifier: MIT */
/*
 * A bump allocator over a fixed block: bounded by construction.
 */
#include "base/arena.h"

#include <stdalign.h>

void arena_init(struct arena *arena, void *block, size_t size)
{
	arena->block = block;
	arena->size = size;
	arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	const size_t align = alignof(max_align_t);
	size_t start = (arena->used + align - 1) / align * align;

	if (start > arena->size || n > arena->size - start)
		return NULL;
	arena->used = start + n;
	return arena->block + start;
}

void arena_reset(struct arena *arena)
{
	arena->used = 0;
}
