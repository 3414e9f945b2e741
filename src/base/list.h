/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked ring through the objects themselves. An unlinked node points at itself, so
 * removing twice is harmless. LIST_FOR allows the current object to be removed in the body.
 */
#ifndef LAMPYRID_BASE_LIST_H
#define LAMPYRID_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list {
	struct list *prev;
	struct list *next;
};

static inline void list_init(struct list *node)
{
	node->prev = node;
	node->next = node;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first object, or NULL. */
#define LIST_FIRST(head, type, member)                                                             \
	(list_is_empty(head) ? NULL : CONTAINER_OF((head)->next, type, member))

#define LIST_FOR(var, head, type, member)                                                          \
	for (type *var = CONTAINER_OF((head)->next, type, member),                                 \
		  *var##_next = CONTAINER_OF(var->member.next, type, member);                      \
	     &var->member != (head);                                                               \
	     var = var##_next, var##_next = CONTAINER_OF(var->member.next, type, member))

#endif
