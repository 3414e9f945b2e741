/* SPDX-License-Identifier: MIT */
/*
 * Twins stand in one map under one key. There are never many.
 */
#include "core/notifier_twin.h"

#include "core/notifier.h"

/* A phone that answers every NOTIFY with 200, whatever it is about, has these many at most. */
#define TWINS_MAX 3

static struct notifier *notifier_of(struct map_node *node)
{
	return node ? CONTAINER_OF(node, struct notifier, twin.node) : NULL;
}

static struct slice key_of(struct notifier *notifier)
{
	return slice_of((const char *)&notifier->twin.hash, sizeof(notifier->twin.hash));
}

static uint64_t hash_of(const struct notifier *notifier)
{
	struct stack *stack = notifier->stack;
	const struct dialog *dialog = &notifier->dialog;
	const struct slice parts[] = { dialog_local(dialog), dialog_remote(dialog),
				       dialog_target(dialog), notifier_event(notifier) };
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_slice(&buf, parts[i]);
		buf_char(&buf, '\n');
	}
	return hash_bytes(stack->tag_secret, buf_text(&buf));
}

static void doubt_all(struct map_node *node)
{
	for (struct map_node *next; node; node = next) {
		next = map_find_next(node);
		notifier_doubt(notifier_of(node));
	}
}

/* The one that was confirmed last so long ago makes room. */
static void make_room(struct map_node *node)
{
	struct notifier *oldest = notifier_of(node);
	unsigned count = 0;

	for (; node; node = map_find_next(node)) {
		if (notifier_of(node)->accepted_at_ms <= oldest->accepted_at_ms)
			oldest = notifier_of(node);
		count++;
	}
	if (count >= TWINS_MAX)
		notifier_forget(oldest);
}

void notifier_meet_twins(struct notifier *notifier)
{
	struct map *twins = &notifier->stack->twins;

	notifier->twin.hash = hash_of(notifier);
	make_room(map_find(twins, key_of(notifier)));
	doubt_all(map_find(twins, key_of(notifier)));
	/* Without memory, for the very first of all, it will have no twins. */
	(void)map_insert(twins, &notifier->twin.node, key_of(notifier));
}

void notifier_leave_twins(struct notifier *notifier)
{
	if (map_node_is_in(&notifier->twin.node))
		map_remove(&notifier->stack->twins, &notifier->twin.node);
}
