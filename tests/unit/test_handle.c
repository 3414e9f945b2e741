/* SPDX-License-Identifier: MIT */
/*
 * Pools: handles that go stale at once, objects that stay readable until the sweep, bounds, reuse
 * of slots under new serials, and refused memory.
 */
#include "base/check.h"
#include "base/handle.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SLOT_MAX 40

struct thing {
	struct pooled pooled;
	int value;
};

static struct pool pool;
static int freed;
static uint64_t blocks_before;

static void on_free(void *object)
{
	struct thing *thing = object;

	assert_true(thing->pooled.is_ended);
	freed++;
}

static int start(void **state)
{
	(void)state;
	blocks_before = mem_count().blocks;
	freed = 0;
	pool_init(&pool, "things", sizeof(struct thing), SLOT_MAX, on_free);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	pool_fini(&pool);
	return mem_count().blocks == blocks_before ? 0 : -1;
}

static void none_names_nothing(void **state)
{
	(void)state;
	assert_null(pool_find(&pool, HANDLE_NONE));
	assert_non_null(pool_new(&pool));
	assert_null(pool_find(&pool, HANDLE_NONE));
	assert_null(pool_find(&pool, (struct handle){ 0, 99 }));
	assert_null(pool_find(&pool, (struct handle){ SLOT_MAX * 2, 1 }));
	assert_null(pool_find(&pool, (struct handle){ UINT32_MAX, UINT32_MAX }));
}

static void a_new_object_is_zeroed_and_found(void **state)
{
	struct thing *thing = pool_new(&pool);

	(void)state;
	assert_non_null(thing);
	assert_int_equal(thing->value, 0);
	assert_ptr_equal(pool_find(&pool, thing->pooled.handle), thing);
	assert_int_equal(pool.live_count, 1);
}

static void an_ended_object_is_lost_but_readable_until_the_sweep(void **state)
{
	struct thing *thing = pool_new(&pool);
	struct handle handle = thing->pooled.handle;

	(void)state;
	thing->value = 7;
	pool_end(&pool, thing);
	pool_end(&pool, thing);
	assert_null(pool_find(&pool, handle));
	assert_int_equal(thing->value, 7);
	assert_int_equal(pool.live_count, 0);
	assert_int_equal(pool.held_count, 1);
	assert_int_equal(freed, 0);
	pool_sweep(&pool);
	assert_int_equal(freed, 1);
	assert_int_equal(pool.held_count, 0);
}

static void a_reused_slot_has_another_serial(void **state)
{
	struct handle old = HANDLE_NONE;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct thing *thing = pool_new(&pool);

		assert_non_null(thing);
		assert_false(handle_eq(thing->pooled.handle, old));
		assert_null(pool_find(&pool, old));
		old = thing->pooled.handle;
		pool_end(&pool, thing);
		pool_sweep(&pool);
	}
	assert_true(pool.slot_count <= 16);
}

static void serials_wrap_past_zero(void **state)
{
	struct thing *thing = pool_new(&pool);
	uint32_t slot = thing->pooled.handle.slot;

	(void)state;
	pool_end(&pool, thing);
	pool_sweep(&pool);
	pool.serial = UINT32_MAX;
	thing = pool_new(&pool);
	assert_int_equal(thing->pooled.handle.slot, slot);
	assert_int_equal(thing->pooled.handle.serial, 1);
}

static void a_full_pool_refuses(void **state)
{
	struct thing *things[SLOT_MAX];

	(void)state;
	for (int i = 0; i < SLOT_MAX; i++) {
		things[i] = pool_new(&pool);
		assert_non_null(things[i]);
	}
	assert_null(pool_new(&pool));
	assert_int_equal(pool.slot_count, SLOT_MAX);
	pool_end(&pool, things[3]);
	assert_null(pool_new(&pool));
	pool_sweep(&pool);
	assert_non_null(pool_new(&pool));
	for (int i = 0; i < SLOT_MAX; i++)
		if (i != 3)
			assert_ptr_equal(pool_find(&pool, things[i]->pooled.handle), things[i]);
}

static void walking_sees_the_living_in_order(void **state)
{
	struct thing *things[SLOT_MAX];
	uint32_t slot = 0;
	struct thing *thing;
	int next = 1;

	(void)state;
	for (int i = 0; i < SLOT_MAX; i++) {
		things[i] = pool_new(&pool);
		things[i]->value = i;
	}
	for (int i = 0; i < SLOT_MAX; i += 2)
		pool_end(&pool, things[i]);
	while ((thing = pool_walk(&pool, &slot))) {
		assert_int_equal(thing->value, next);
		next += 2;
		pool_end(&pool, thing);
	}
	assert_int_equal(next, SLOT_MAX + 1);
	assert_int_equal(pool.live_count, 0);
}

static void the_end_of_the_pool_ends_its_objects(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_non_null(pool_new(&pool));
	pool_fini(&pool);
	assert_int_equal(freed, 5);
	assert_int_equal(mem_count().blocks, blocks_before);
	start(state);
}

static void refused_memory_leaves_the_pool_whole(void **state)
{
	int made = 0;

	(void)state;
	for (int i = 0; i < 3 * SLOT_MAX; i++) {
		if (i % 3 != 2)
			mem_refuse_nth((uint64_t)(i % 3) + 1);
		made += pool_new(&pool) != NULL;
		mem_refuse_nth(0);
		assert_int_equal(pool.live_count, made);
		assert_int_equal(pool.held_count, made);
	}
	assert_true(made >= SLOT_MAX - 1);
}

static void use_and_refusals_are_counted(void **state)
{
	void *first = pool_new(&pool);

	(void)state;
	assert_non_null(pool_new(&pool));
	pool_end(&pool, first);
	pool_sweep(&pool);
	assert_int_equal(pool.held_count, 1);
	assert_int_equal(pool.peak_count, 2);
	assert_int_equal(pool.refused, 0);
	mem_refuse_nth(1);
	assert_null(pool_new(&pool));
	assert_int_equal(pool.refused, 1);
}

static void another_bound_holds_from_now_on(void **state)
{
	void *things[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(things); i++)
		things[i] = pool_new(&pool);
	pool_set_max(&pool, 2);
	assert_int_equal(pool.live_count, 3);
	assert_null(pool_new(&pool));
	pool_end(&pool, things[0]);
	pool_end(&pool, things[1]);
	pool_sweep(&pool);
	assert_non_null(pool_new(&pool));
	assert_null(pool_new(&pool));
	assert_int_equal(pool.refused, 2);
	pool_set_max(&pool, SLOT_MAX);
	assert_non_null(pool_new(&pool));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(none_names_nothing, start, stop),
		cmocka_unit_test_setup_teardown(a_new_object_is_zeroed_and_found, start, stop),
		cmocka_unit_test_setup_teardown(
			an_ended_object_is_lost_but_readable_until_the_sweep, start, stop),
		cmocka_unit_test_setup_teardown(a_reused_slot_has_another_serial, start, stop),
		cmocka_unit_test_setup_teardown(serials_wrap_past_zero, start, stop),
		cmocka_unit_test_setup_teardown(a_full_pool_refuses, start, stop),
		cmocka_unit_test_setup_teardown(walking_sees_the_living_in_order, start, stop),
		cmocka_unit_test_setup_teardown(the_end_of_the_pool_ends_its_objects, start, stop),
		cmocka_unit_test_setup_teardown(refused_memory_leaves_the_pool_whole, start, stop),
		cmocka_unit_test_setup_teardown(use_and_refusals_are_counted, start, stop),
		cmocka_unit_test_setup_teardown(another_bound_holds_from_now_on, start, stop),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
