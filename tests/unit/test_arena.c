/* SPDX-License-Identifier: MIT */
/*
 * The arena: aligned pieces that do not overlap, never past the block, nothing from the heap.
 */
#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK_BYTES 1024

static alignas(max_align_t) char block[BLOCK_BYTES];

static void pieces_are_aligned_and_apart(void **state)
{
	uint64_t allocs = mem_count().allocs;
	struct arena arena;
	char *end = block;
	char *piece;
	size_t n = 0;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	while ((piece = arena_alloc(&arena, n % 37))) {
		assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
		assert_true(piece >= end);
		assert_true(piece + n % 37 <= block + sizeof(block));
		memset(piece, 0xa5, n % 37);
		end = piece + n % 37;
		n++;
	}
	assert_true(n > 10);
	assert_true(arena.used <= arena.size);
	assert_int_equal(mem_count().allocs, allocs);
}

static void the_whole_block_can_be_had_once(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	assert_null(arena_alloc(&arena, sizeof(block) + 1));
	assert_ptr_equal(arena_alloc(&arena, sizeof(block)), block);
	assert_null(arena_alloc(&arena, 1));
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 1), block);
}

static void huge_sizes_are_refused(void **state)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, BLOCK_BYTES };
	struct arena arena;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	assert_non_null(arena_alloc(&arena, 1));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_null(arena_alloc(&arena, sizes[i]));
	assert_int_equal(arena.used, 1);
	assert_non_null(arena_alloc(&arena, 1));
}

static void an_odd_or_empty_block_is_never_overrun(void **state)
{
	(void)state;
	for (size_t size = 0; size < 64; size++) {
		struct arena arena;
		char *piece;

		arena_init(&arena, block, size);
		while ((piece = arena_alloc(&arena, 3)))
			assert_true(piece + 3 <= block + size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(the_whole_block_can_be_had_once),
		cmocka_unit_test(huge_sizes_are_refused),
		cmocka_unit_test(an_odd_or_empty_block_is_never_overrun),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
