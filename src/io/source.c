/* SPDX-License-Identifier: MIT */
/*
 * A source exists while it has connections.
 */
#include "io/source.h"

#include "base/err.h"
#include "base/mem.h"

struct source {
	struct map_node node;
	char key[ADDR_NETWORK_BYTES];
	uint32_t connections;
};

static int source_new(struct map *sources, const char key[ADDR_NETWORK_BYTES],
		      struct source **ret_source)
{
	struct source *source = mem_alloc(sizeof(*source));
	int err;

	if (!source)
		return ERR_NOMEM;
	memcpy(source->key, key, ADDR_NETWORK_BYTES);
	err = map_insert(sources, &source->node, slice_of(source->key, ADDR_NETWORK_BYTES));
	if (err) {
		mem_free(source);
		return err;
	}
	*ret_source = source;
	return 0;
}

int source_take(struct map *sources, const struct addr *peer, uint32_t max,
		struct source **ret_source)
{
	char key[ADDR_NETWORK_BYTES];
	struct map_node *node;
	struct source *source;
	int err;

	addr_network(peer, key);
	node = map_find(sources, slice_of(key, ADDR_NETWORK_BYTES));
	if (node) {
		source = CONTAINER_OF(node, struct source, node);
		*ret_source = source;
		if (source->connections >= max)
			return ERR_LIMIT;
	} else {
		err = source_new(sources, key, &source);
		if (err)
			return err;
	}
	source->connections++;
	*ret_source = source;
	return 0;
}

void source_release(struct map *sources, struct source *source)
{
	if (!source || --source->connections > 0)
		return;
	map_remove(sources, &source->node);
	mem_free(source);
}
