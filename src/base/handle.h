/* SPDX-License-Identifier: MIT */
/*
 * Pools and handles. A pool owns its objects: a bounded number, all of one size. Everybody else
 * holds a handle and looks the object up; the handle of an ended object gives NULL. Ending is in
 * two steps: pool_end() makes every handle stale at once, pool_sweep() frees at the end of the
 * turn, so that no object is freed under a running callback.
 */
#ifndef LAMPYRID_BASE_HANDLE_H
#define LAMPYRID_BASE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handle {
	uint32_t slot;
	uint32_t serial; /* never 0; counts the objects that there were in the pool */
};

#define HANDLE_NONE ((struct handle){ 0, 0 })

static inline bool handle_eq(struct handle a, struct handle b)
{
	return a.slot == b.slot && a.serial == b.serial;
}

#define POOL_NO_SLOT (UINT32_MAX / 2)

/* Stands first in every pooled object. */
struct pooled {
	struct handle handle;
	bool is_ended : 1;
	uint32_t next_ended : 31; /* slot */
};

struct pool {
	const char *name;
	/* [slot_count] The address of an object, or where there is none twice the next free slot
	 * and 1, as no object's address is odd. */
	uintptr_t *slots;
	uint32_t slot_count;
	uint32_t slot_max;
	uint32_t kept;	 /* slots beyond slot_max, see pool_keep() */
	uint32_t serial; /* of the last object */
	uint32_t first_free;
	uint32_t ended_first; /* graveyard, linked by next_ended */
	uint32_t live_count;  /* not ended */
	uint32_t held_count;  /* with the ended ones that are not swept yet */
	uint32_t peak_count;  /* of held_count */
	uint64_t refused;     /* asked for and not given */
	size_t object_size;
	void (*on_free)(void *object); /* may be NULL: releases what the object owns */
};

/* `object_size` bytes each, starting with a struct pooled; at most `slot_max` at a time, or none.
 */
void pool_init(struct pool *pool, const char *name, size_t object_size, uint32_t slot_max,
	       void (*on_free)(void *object));

/*
 * Another bound, 0 < `slot_max`, from now on. Where there are more than that, none is taken away:
 * there is no new one until there are fewer.
 */
void pool_set_max(struct pool *pool, uint32_t slot_max);

/*
 * Beyond its maximum the pool has so many slots more, for what must not be refused; everybody else
 * asks pool_has_room() first, which counts a no as a refusal.
 */
void pool_keep(struct pool *pool, uint32_t kept);
bool pool_has_room(struct pool *pool);

/* Ends and frees whatever is left. */
void pool_fini(struct pool *pool);

/* A zeroed object, or NULL when the pool is full or memory was refused. */
void *pool_new(struct pool *pool);

/* NULL when the handle is stale. */
void *pool_find(const struct pool *pool, struct handle handle);

/* The object stays readable until pool_sweep(). Ending twice is harmless. */
void pool_end(struct pool *pool, void *object);

/* Frees what has ended. Only the turn's end calls it, mostly for nothing. */
void pool_free_ended(struct pool *pool);
static inline void pool_sweep(struct pool *pool)
{
	if (pool->ended_first != POOL_NO_SLOT)
		pool_free_ended(pool);
}

/* The live object in the lowest slot at or after *slot, and *slot set behind it; NULL at the end.
 */
void *pool_walk(const struct pool *pool, uint32_t *slot);

#endif
