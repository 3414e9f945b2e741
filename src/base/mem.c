/* SPDX-License-Identifier: MIT */
/*
 * Counted heap memory. Each block carries its size in front of it; the counters are plain because
 * one thread runs the calls and no other thread allocates here.
 */
#include "base/mem.h"

#include <stdlib.h>

union mem_head {
	size_t n;
	max_align_t align;
};

static struct mem_count count;
static uint64_t refuse_in;

void *mem_alloc(size_t n)
{
	union mem_head *head;

	count.allocs++;
	if (refuse_in > 0 && --refuse_in == 0)
		return NULL;
	if (n > SIZE_MAX - sizeof(*head))
		return NULL;
	head = calloc(1, sizeof(*head) + n);
	if (!head)
		return NULL;
	head->n = n;
	count.blocks++;
	count.bytes += n;
	return head + 1;
}

void mem_free(void *p)
{
	union mem_head *head;

	if (!p)
		return;
	head = (union mem_head *)p - 1;
	count.blocks--;
	count.bytes -= head->n;
	free(head);
}

struct mem_count mem_count(void)
{
	return count;
}

void mem_refuse_nth(uint64_t nth)
{
	refuse_in = nth;
}
