/* SPDX-License-Identifier: MIT */
/*
 * A YAML text as a tree of texts, lists and maps, each with its place in the file. Meaning is not
 * known here: keys may be given twice, and every value is text.
 */
#ifndef LAMPYRID_CONF_TREE_H
#define LAMPYRID_CONF_TREE_H

#include "base/map.h"

struct conf_teller;

/* Bits, so that a key can take more than one kind. */
enum conf_kind {
	CONF_TEXT = 1,
	CONF_LIST = 2,
	CONF_MAP = 4,
	CONF_BAD = 8, /* reported already; to be passed over in silence */
};

struct conf_pos {
	uint32_t line, column; /* from 1 */
};

struct conf_node {
	struct conf_node *made_before; /* every node of the tree, for the end */
	struct conf_node *parent;      /* NULL for the root */
	struct conf_node *first, *last, *next;
	const struct conf_node *key; /* of a value in a map, else NULL */
	struct map_node key_seen;    /* while the keys of the parent are compared */
	size_t index;		     /* of an item in a list, from 1 */
	enum conf_kind kind;
	bool is_quoted;
	struct conf_pos pos;
	struct slice text; /* of CONF_TEXT; UTF-8 */
};

struct conf_tree {
	struct conf_node *made_last;
	size_t node_count;
	struct conf_node *root; /* NULL for an empty file */
};

/*
 * ERR_SYNTAX when there is no tree to walk, which the report explains; 0 with mistakes in the
 * report when single nodes are CONF_BAD. conf_tree_fini() is due in any case.
 */
int conf_tree_read(struct conf_tree *tree, struct slice text, const struct conf_teller *teller);
void conf_tree_fini(struct conf_tree *tree);

/* No value at all: "key:", "key: ~" or "key: null". */
bool conf_node_is_null(const struct conf_node *node);

#endif
