/* SPDX-License-Identifier: MIT */
/*
 * The hash table against a plain array as oracle, under refused memory, and SipHash-2-4 against the
 * vectors published with it.
 */
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ITEMS 300
#define STEPS 20000

static const uint64_t secret[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

struct item {
	struct map_node node;
	char key[8];
	bool is_in;
	bool is_seen;
};

static struct item items[ITEMS];

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005 + 1442695040888963407;
	return *random >> 33;
}

static struct slice key_of(struct item *item)
{
	size_t i = (size_t)(item - items);

	item->key[0] = (char)('a' + i % 26);
	item->key[1] = (char)(i & 0xff);
	item->key[2] = (char)(i >> 8);
	return slice_of(item->key, 3 + i % 5);
}

static void reset_items(void)
{
	for (size_t i = 0; i < ITEMS; i++)
		items[i] = (struct item){ 0 };
}

static void hash_equals_the_published_vectors(void **state)
{
	/* Key 00..0f, message 00 01 02 ... of each length. */
	static const struct {
		size_t n;
		uint64_t hash;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd },	{ 2, 0x0d6c8009d9a94f5a },
		{ 7, 0xab0200f58b01d137 },  { 8, 0x93f5f5799a932462 },	{ 9, 0x9e0082df0ba9e4b0 },
		{ 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
	};
	char message[64];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (char)i;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(slice_of(message, cases[i].n));

		if (hash_bytes(secret, text.text) != cases[i].hash)
			fail_msg("length %zu", cases[i].n);
		guarded_free(&text);
	}
}

static void an_empty_map_needs_no_memory(void **state)
{
	uint64_t allocs = mem_count().allocs;
	struct map map;

	(void)state;
	map_init(&map, secret);
	assert_null(map_find(&map, SLICE("x")));
	assert_null(map_first(&map));
	map_fini(&map);
	assert_int_equal(mem_count().allocs, allocs);
}

static size_t walk(const struct map *map)
{
	size_t seen = 0;

	for (size_t i = 0; i < ITEMS; i++)
		items[i].is_seen = false;
	for (struct map_node *node = map_first(map); node; node = map_next(map, node)) {
		struct item *item = CONTAINER_OF(node, struct item, node);

		assert_true(item->is_in);
		assert_false(item->is_seen);
		item->is_seen = true;
		seen++;
	}
	return seen;
}

/* Random inserting and removing; every `refuse_every`th step memory is refused, 0: never. */
static void run_against_oracle(uint64_t seed, uint64_t refuse_every)
{
	uint64_t random = seed;
	size_t count = 0;
	struct map map;

	reset_items();
	map_init(&map, secret);
	for (int step = 0; step < STEPS; step++) {
		struct item *item = &items[next_random(&random) % ITEMS];
		struct slice key = key_of(item);

		if (refuse_every > 0 && (uint64_t)step % refuse_every == 0)
			mem_refuse_nth(1);
		assert_ptr_equal(map_find(&map, key), item->is_in ? &item->node : NULL);
		if (item->is_in) {
			map_remove(&map, &item->node);
			item->is_in = false;
			count--;
		} else if (map_insert(&map, &item->node, key) == 0) {
			item->is_in = true;
			count++;
		}
		assert_int_equal(map.count, count);
		if (step % 1000 == 0)
			assert_int_equal(walk(&map), count);
	}
	mem_refuse_nth(0);
	for (size_t i = 0; i < ITEMS; i++)
		if (items[i].is_in)
			map_remove(&map, &items[i].node);
	map_fini(&map);
}

static void random_changes_agree_with_an_array(void **state)
{
	uint64_t blocks = mem_count().blocks;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_against_oracle(seed, 0);
	assert_int_equal(mem_count().blocks, blocks);
}

static void refused_growth_only_makes_it_slower(void **state)
{
	uint64_t blocks = mem_count().blocks;

	(void)state;
	run_against_oracle(7, 1);
	run_against_oracle(8, 3);
	assert_int_equal(mem_count().blocks, blocks);
}

static void the_first_node_needs_memory(void **state)
{
	struct map map;

	(void)state;
	reset_items();
	map_init(&map, secret);
	mem_refuse_nth(1);
	assert_int_equal(map_insert(&map, &items[0].node, SLICE("x")), ERR_NOMEM);
	assert_null(map_find(&map, SLICE("x")));
	assert_int_equal(map_insert(&map, &items[0].node, SLICE("x")), 0);
	map_remove(&map, &items[0].node);
	map_fini(&map);
}

static void keys_may_be_empty_and_hold_any_byte(void **state)
{
	static const struct slice keys[] = { SLICE_INIT(""),	 SLICE_INIT("\0"),
					     SLICE_INIT("\0\0"), SLICE_INIT("a"),
					     SLICE_INIT("A"),	 SLICE_INIT("a\0"),
					     SLICE_INIT("\xff") };
	struct map map;

	(void)state;
	reset_items();
	map_init(&map, secret);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_int_equal(map_insert(&map, &items[i].node, keys[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_ptr_equal(map_find(&map, keys[i]), &items[i].node);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		map_remove(&map, &items[i].node);
	map_fini(&map);
}

static unsigned count_twins(const struct map *map, struct slice key, unsigned *ret_seen)
{
	unsigned n = 0;

	*ret_seen = 0;
	for (struct map_node *node = map_find(map, key); node; node = map_find_next(node)) {
		assert_true(slice_eq(map_key(node), key));
		*ret_seen |= 1u << (CONTAINER_OF(node, struct item, node) - items);
		n++;
	}
	return n;
}

/* Among others, which make the map grow and so turn their order round. */
static void twins_are_all_found_and_removed_one_by_one(void **state)
{
	struct item *last = &items[ITEMS - 1];
	struct map map;
	unsigned seen;

	(void)state;
	reset_items();
	map_init(&map, secret);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(map_insert(&map, &items[i].node, SLICE("twin")), 0);
		for (size_t n = 3 + i; n < ITEMS; n += 3)
			assert_int_equal(map_insert(&map, &items[n].node, key_of(&items[n])), 0);
	}
	assert_int_equal(count_twins(&map, SLICE("twin"), &seen), 3);
	assert_int_equal(seen, 7);
	assert_ptr_equal(map_find(&map, key_of(last)), &last->node);
	assert_null(map_find_next(&last->node));
	map_remove(&map, &items[1].node);
	assert_false(map_node_is_in(&items[1].node));
	assert_int_equal(count_twins(&map, SLICE("twin"), &seen), 2);
	assert_int_equal(seen, 5);
	for (size_t i = 0; i < ITEMS; i++)
		if (i != 1)
			map_remove(&map, &items[i].node);
	map_fini(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_equals_the_published_vectors),
		cmocka_unit_test(an_empty_map_needs_no_memory),
		cmocka_unit_test(random_changes_agree_with_an_array),
		cmocka_unit_test(refused_growth_only_makes_it_slower),
		cmocka_unit_test(the_first_node_needs_memory),
		cmocka_unit_test(keys_may_be_empty_and_hold_any_byte),
		cmocka_unit_test(twins_are_all_found_and_removed_one_by_one),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
