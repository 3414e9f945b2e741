/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap through the timers themselves (Fredman, Sedgewick, Sleator, Tarjan, 1986): O(1)
 * to start, O(log n) amortised to stop or run, and no memory to be refused.
 */
#include "base/timer.h"

#include "base/check.h"

static bool timer_is_before(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

/* Both are roots without siblings, or NULL. */
static struct timer *heap_meld(struct timer *a, struct timer *b)
{
	struct timer *parent;
	struct timer *child;

	if (!a || !b)
		return a ? a : b;
	parent = timer_is_before(a, b) ? a : b;
	child = parent == a ? b : a;
	child->sibling = parent->child;
	if (child->sibling)
		child->sibling->prev = child;
	child->prev = parent;
	parent->child = child;
	return parent;
}

/* Melds a list of siblings into one root: pairs from left to right, then all from right to left. */
static struct timer *heap_meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL; /* melded pairs, last one first, linked by sibling */
	struct timer *root = NULL;

	while (first) {
		struct timer *a = first;
		struct timer *b = a->sibling;
		struct timer *pair;

		first = b ? b->sibling : NULL;
		a->sibling = NULL;
		a->prev = NULL;
		if (b) {
			b->sibling = NULL;
			b->prev = NULL;
		}
		pair = heap_meld(a, b);
		pair->sibling = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct timer *next = pairs->sibling;

		pairs->sibling = NULL;
		root = heap_meld(root, pairs);
		pairs = next;
	}
	return root;
}

static void heap_remove(struct timers *timers, struct timer *timer)
{
	struct timer *below = heap_meld_siblings(timer->child);

	if (timer == timers->root) {
		timers->root = below;
	} else {
		if (timer->prev->child == timer)
			timer->prev->child = timer->sibling;
		else
			timer->prev->sibling = timer->sibling;
		if (timer->sibling)
			timer->sibling->prev = timer->prev;
		timers->root = heap_meld(timers->root, below);
	}
	timer->child = NULL;
	timer->sibling = NULL;
	timer->prev = NULL;
	timer->is_running = false;
	timers->count--;
}

void timers_init(struct timers *timers, uint64_t now_ms)
{
	*timers = (struct timers){ .now_ms = now_ms };
}

void timers_set_now(struct timers *timers, uint64_t now_ms)
{
	if (now_ms > timers->now_ms)
		timers->now_ms = now_ms;
}

void timers_run(struct timers *timers, uint64_t now_ms)
{
	timers_set_now(timers, now_ms);
	while (timers->root && timers->root->at_ms <= timers->now_ms) {
		struct timer *due = timers->root;

		heap_remove(timers, due);
		due->handler(due);
	}
}

uint64_t timers_next_ms(const struct timers *timers)
{
	return timers->root ? timers->root->at_ms : TIMER_NEVER;
}

void timer_start(struct timers *timers, struct timer *timer, uint64_t after_ms,
		 timer_handler *handler)
{
	CHECK(handler);
	timer_stop(timers, timer);
	timer->at_ms = timers->now_ms + after_ms;
	timer->order = timers->started++;
	timer->handler = handler;
	timer->is_running = true;
	timers->root = heap_meld(timers->root, timer);
	timers->count++;
}

void timer_stop(struct timers *timers, struct timer *timer)
{
	if (timer->is_running)
		heap_remove(timers, timer);
}
