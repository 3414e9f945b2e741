/* SPDX-License-Identifier: MIT */
/*
 * Counted heap memory. The allocator knows how large each block is, so that none carries its size a
 * second time; the counters are plain because one thread runs the calls and no other thread
 * allocates here.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>

static struct mem_count count;
static uint64_t refuse_in;

void *mem_alloc(size_t n)
{
	void *p;

	count.allocs++;
	if (refuse_in > 0 && --refuse_in == 0)
		return NULL;
	p = calloc(1, n);
	if (!p)
		return NULL;
	count.blocks++;
	count.bytes += malloc_usable_size(p);
	return p;
}

void mem_free(void *p)
{
	if (!p)
		return;
	count.blocks--;
	count.bytes -= malloc_usable_size(p);
	free(p);
}

struct mem_count mem_count(void)
{
	return count;
}

void mem_refuse_nth(uint64_t nth)
{
	refuse_in = nth;
}
