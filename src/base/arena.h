/* SPDX-License-Identifier: MIT */
/*
 * An arena hands out pieces of one fixed block and forgets them all at once. It backs the lifetime
 * *message* (one arena per received message) and *turn* (scratch of the loop turn).
 */
#ifndef LAMPYRID_BASE_ARENA_H
#define LAMPYRID_BASE_ARENA_H

#include <stddef.h>

struct arena {
	char *block; /* caller's memory, aligned for any type */
	size_t size; /* bytes */
	size_t used; /* bytes */
};

/* `block` stays the caller's and must outlive the arena. */
void arena_init(struct arena *arena, void *block, size_t size);

/* Uninitialised memory aligned for any type, or NULL when the block is used up. */
void *arena_alloc(struct arena *arena, size_t n);

/* Forgets everything handed out. */
void arena_reset(struct arena *arena);

#endif
