/* SPDX-License-Identifier: MIT */
/*
 * Twins are a chain from the newest to the oldest, which is never long; the map knows the newest.
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
				       dialog_target(dialog), notifier->event };
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_slice(&buf, parts[i]);
		buf_char(&buf, '\n');
	}
	return hash_bytes(stack->tag_secret, buf_text(&buf));
}

/* Without memory (for the very first of all) it will have no twins. */
static void become_newest(struct notifier *notifier)
{
	notifier->twin.is_newest =
		!map_insert(&notifier->stack->twins, &notifier->twin.node, key_of(notifier));
}

static void resign(struct notifier *notifier)
{
	map_remove(&notifier->stack->twins, &notifier->twin.node);
	notifier->twin.is_newest = false;
}

void notifier_meet_twins(struct notifier *notifier)
{
	unsigned count = 1;

	notifier->twin.hash = hash_of(notifier);
	notifier->twin.older = notifier_of(map_find(&notifier->stack->twins, key_of(notifier)));
	if (notifier->twin.older)
		resign(notifier->twin.older);
	become_newest(notifier);
	for (struct notifier *twin = notifier->twin.older, *next; twin; twin = next) {
		next = twin->twin.older;
		if (++count > TWINS_MAX)
			notifier_forget(twin);
		else
			notifier_doubt(twin);
	}
}

void notifier_leave_twins(struct notifier *notifier)
{
	struct notifier *older = notifier->twin.older;
	struct notifier *newer;

	notifier->twin.older = NULL;
	if (notifier->twin.is_newest) {
		resign(notifier);
		if (older)
			become_newest(older);
		return;
	}
	newer = notifier_of(map_find(&notifier->stack->twins, key_of(notifier)));
	while (newer && newer->twin.older != notifier)
		newer = newer->twin.older;
	if (newer)
		newer->twin.older = older;
}
