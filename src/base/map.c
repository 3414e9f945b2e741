/* SPDX-License-Identifier: MIT */
/*
 * Chained hashing with SipHash-2-4 (Aumasson and Bernstein, 2012). The table doubles when it holds
 * as many nodes as chains, a sparse one at half as many, so that most searches in vain, such as for
 * a new transaction, touch no node at all; when memory is refused it stays as it is and only gets
 * slower.
 */
#include "base/map.h"

#include "base/err.h"
#include "base/mem.h"

#define MAP_FIRST_BITS 4

static uint64_t rotl(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t load_le(const char *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return word;
}

uint64_t hash_bytes(const uint64_t secret[2], struct slice bytes)
{
	uint64_t v[4] = { secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
			  secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573 };
	size_t whole = bytes.n / 8 * 8;
	uint64_t word;

	for (size_t at = 0; at < whole; at += 8) {
		word = load_le(bytes.p + at, 8);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)bytes.n << 56;
	if (bytes.n > whole)
		word |= load_le(bytes.p + whole, bytes.n - whole);
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *map, const uint64_t secret[2])
{
	*map = (struct map){ .secret = { secret[0], secret[1] } };
}

void map_init_sparse(struct map *map, const uint64_t secret[2])
{
	map_init(map, secret);
	map->is_sparse = true;
}

void map_fini(struct map *map)
{
	CHECK(map->count == 0);
	mem_free(map->chains);
	map->chains = NULL;
}

static uint32_t hash_of(const struct map *map, struct slice key)
{
	return (uint32_t)(hash_bytes(map->secret, key) >> 32);
}

static struct map_node **map_chain(const struct map *map, uint32_t hash)
{
	return &map->chains[hash >> (32 - map->bits)];
}

static int map_grow(struct map *map)
{
	struct map old = *map;
	unsigned bits = old.chains ? old.bits + 1 : MAP_FIRST_BITS;
	struct map_node **chains = mem_alloc(sizeof(*chains) << bits);

	if (!chains)
		return ERR_NOMEM;
	map->chains = chains;
	map->bits = bits;
	for (size_t i = 0; old.chains && i < (size_t)1 << old.bits; i++) {
		for (struct map_node *node = old.chains[i], *next; node; node = next) {
			struct map_node **chain = map_chain(map, node->hash);

			next = node->next;
			node->next = *chain;
			*chain = node;
		}
	}
	mem_free(old.chains);
	return 0;
}

int map_insert(struct map *map, struct map_node *node, struct slice key)
{
	struct map_node **chain;

	if (!map->chains || map->count >> (map->bits - map->is_sparse)) {
		int err = map_grow(map);

		if (err && !map->chains)
			return err;
	}
	CHECK(key.n <= UINT32_MAX);
	node->key = key.p ? key.p : "";
	node->key_n = (uint32_t)key.n;
	node->hash = hash_of(map, key);
	chain = map_chain(map, node->hash);
	node->next = *chain;
	*chain = node;
	map->count++;
	return 0;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = map_chain(map, node->hash);

	while (*link != node) {
		CHECK(*link);
		link = &(*link)->next;
	}
	*link = node->next;
	node->next = NULL;
	node->key = NULL;
	map->count--;
}

struct map_node *map_find(const struct map *map, struct slice key)
{
	uint32_t hash;

	if (map->count == 0)
		return NULL;
	hash = hash_of(map, key);
	for (struct map_node *node = *map_chain(map, hash); node; node = node->next)
		if (node->hash == hash && slice_eq(map_key(node), key))
			return node;
	return NULL;
}

struct map_node *map_find_next(const struct map_node *node)
{
	for (struct map_node *next = node->next; next; next = next->next)
		if (next->hash == node->hash && slice_eq(map_key(next), map_key(node)))
			return next;
	return NULL;
}

static struct map_node *map_scan(const struct map *map, size_t chain)
{
	for (; chain < (size_t)1 << map->bits; chain++)
		if (map->chains[chain])
			return map->chains[chain];
	return NULL;
}

struct map_node *map_first(const struct map *map)
{
	return map->chains ? map_scan(map, 0) : NULL;
}

struct map_node *map_next(const struct map *map, const struct map_node *node)
{
	return node->next ? node->next : map_scan(map, (node->hash >> (32 - map->bits)) + 1);
}
