/* SPDX-License-Identifier: MIT */
/*
 * A hash table through the objects themselves, keyed by bytes that the object owns. Hashing is
 * keyed with a secret (SipHash), so that a peer cannot choose its way into one long chain.
 */
#ifndef LAMPYRID_BASE_MAP_H
#define LAMPYRID_BASE_MAP_H

#include "base/check.h"
#include "base/slice.h"

struct map_node {
	struct map_node *next; /* in the chain */
	const char *key; /* [key_n], lives as long as the node is in the map; NULL: it is in none */
	uint32_t key_n;
	uint32_t hash; /* the upper half */
};

struct map {
	struct map_node **chains; /* [1 << bits] */
	unsigned bits;
	bool is_sparse;
	size_t count;
	uint64_t secret[2];
};

static inline struct slice map_key(const struct map_node *node)
{
	return slice_of(node->key, node->key_n);
}

/* A zeroed node is in no map. */
static inline bool map_node_is_in(const struct map_node *node)
{
	return node->key != NULL;
}

/* Starts empty without memory; the table grows with its content. */
void map_init(struct map *map, const uint64_t secret[2]);

/* The same with more room, for one in which most searches are in vain: they touch no node. */
void map_init_sparse(struct map *map, const uint64_t secret[2]);

/* The map must be empty by now. */
void map_fini(struct map *map);

/* The node must be in no map; a key may be in it more than once. ERR_NOMEM only for the very first
 * node; later growth is optional.
 */
int map_insert(struct map *map, struct map_node *node, struct slice key);

/* The node must be in the map. */
void map_remove(struct map *map, struct map_node *node);

struct map_node *map_find(const struct map *map, struct slice key);

/* The next one with the same key, or NULL. Any order. */
struct map_node *map_find_next(const struct map_node *node);

/* Any order. Ask for the next before removing the current one. */
struct map_node *map_first(const struct map *map);
struct map_node *map_next(const struct map *map, const struct map_node *node);

/* SipHash-2-4 of the bytes under the secret. */
uint64_t hash_bytes(const uint64_t secret[2], struct slice bytes);

#endif
