/* SPDX-License-Identifier: MIT */
/*
 * Pools of objects behind {slot, serial} handles. The slot table doubles up to its bound; each
 * object is a heap block of its own, so that the sanitizers see every use after it was freed.
 */
#include "base/handle.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

#define POOL_FIRST_SLOTS 16

/* NULL when the slot is free. */
static struct pooled *object_at(const struct pool *pool, uint32_t slot)
{
	uintptr_t content = pool->slots[slot];

	return content & 1 ? NULL : (struct pooled *)content;
}

static void slot_free(struct pool *pool, uint32_t slot)
{
	pool->slots[slot] = (uintptr_t)pool->first_free << 1 | 1;
	pool->first_free = slot;
}

void pool_init(struct pool *pool, const char *name, size_t object_size, uint32_t slot_max,
	       void (*on_free)(void *object))
{
	CHECK(object_size >= sizeof(struct pooled) && slot_max < POOL_NO_SLOT / 2);
	*pool = (struct pool){ .name = name,
			       .slot_max = slot_max,
			       .first_free = POOL_NO_SLOT,
			       .ended_first = POOL_NO_SLOT,
			       .object_size = object_size,
			       .on_free = on_free };
}

void pool_fini(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->slot_count; i++)
		if (object_at(pool, i))
			pool_end(pool, object_at(pool, i));
	pool_sweep(pool);
	mem_free(pool->slots);
	pool->slots = NULL;
	pool->slot_count = 0;
}

void pool_set_max(struct pool *pool, uint32_t slot_max)
{
	CHECK(slot_max > 0 && slot_max < POOL_NO_SLOT / 2);
	pool->slot_max = slot_max;
}

void pool_keep(struct pool *pool, uint32_t kept)
{
	pool->kept = kept;
}

bool pool_has_room(struct pool *pool)
{
	if (pool->held_count < pool->slot_max)
		return true;
	pool->refused++;
	return false;
}

static bool pool_grow(struct pool *pool)
{
	uint32_t count = pool->slot_count ? pool->slot_count * 2 : POOL_FIRST_SLOTS;
	uint32_t old_count = pool->slot_count;
	uintptr_t *slots;

	if (count > pool->slot_max + pool->kept)
		count = pool->slot_max + pool->kept;
	if (count <= pool->slot_count)
		return false;
	slots = mem_alloc(count * sizeof(*slots));
	if (!slots)
		return false;
	if (pool->slots)
		memcpy(slots, pool->slots, pool->slot_count * sizeof(*slots));
	mem_free(pool->slots);
	pool->slots = slots;
	pool->slot_count = count;
	for (uint32_t i = count; i-- > old_count;)
		slot_free(pool, i);
	return true;
}

static struct pooled *object_new(struct pool *pool)
{
	if (pool->held_count >= pool->slot_max + pool->kept ||
	    (pool->first_free == POOL_NO_SLOT && !pool_grow(pool)))
		return NULL;
	return mem_alloc(pool->object_size);
}

void *pool_new(struct pool *pool)
{
	struct pooled *object = object_new(pool);
	uint32_t slot = pool->first_free;

	if (!object) {
		pool->refused++;
		return NULL;
	}
	pool->serial = pool->serial == UINT32_MAX ? 1 : pool->serial + 1;
	pool->first_free = (uint32_t)(pool->slots[slot] >> 1);
	pool->slots[slot] = (uintptr_t)object;
	object->handle = (struct handle){ slot, pool->serial };
	pool->live_count++;
	pool->held_count++;
	if (pool->held_count > pool->peak_count)
		pool->peak_count = pool->held_count;
	return object;
}

void *pool_find(const struct pool *pool, struct handle handle)
{
	struct pooled *object;

	if (handle.serial == 0 || handle.slot >= pool->slot_count)
		return NULL;
	object = object_at(pool, handle.slot);
	if (!object || object->handle.serial != handle.serial || object->is_ended)
		return NULL;
	return object;
}

void pool_end(struct pool *pool, void *object)
{
	struct pooled *pooled = object;
	uint32_t at = pooled->handle.slot;

	CHECK(at < pool->slot_count && object_at(pool, at) == pooled);
	if (pooled->is_ended)
		return;
	pooled->is_ended = true;
	pool->live_count--;
	pooled->next_ended = pool->ended_first & POOL_NO_SLOT;
	pool->ended_first = at;
}

void pool_free_ended(struct pool *pool)
{
	while (pool->ended_first != POOL_NO_SLOT) {
		uint32_t at = pool->ended_first;
		struct pooled *object = object_at(pool, at);

		pool->ended_first = object->next_ended;
		if (pool->on_free)
			pool->on_free(object);
		mem_free(object);
		slot_free(pool, at);
		pool->held_count--;
	}
}

void *pool_walk(const struct pool *pool, uint32_t *slot)
{
	while (*slot < pool->slot_count) {
		struct pooled *object = object_at(pool, (*slot)++);

		if (object && !object->is_ended)
			return object;
	}
	return NULL;
}
