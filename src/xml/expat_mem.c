/* SPDX-License-Identifier: MIT */
/*
 * malloc, realloc and free for expat over mem_alloc(). Each block carries its size in front of it,
 * because growing one means copying what it holds.
 */
#include "xml/expat_mem.h"

#include "base/mem.h"

#include <string.h>

union block_head {
	size_t n;
	max_align_t align;
};

static void *block_alloc(size_t n)
{
	union block_head *head;

	if (n > SIZE_MAX - sizeof(*head))
		return NULL;
	head = mem_alloc(sizeof(*head) + n);
	if (!head)
		return NULL;
	head->n = n;
	return head + 1;
}

static void block_free(void *p)
{
	if (p)
		mem_free((union block_head *)p - 1);
}

static void *block_realloc(void *p, size_t n)
{
	void *grown = block_alloc(n);
	size_t held;

	if (!grown || !p)
		return grown;
	held = ((union block_head *)p - 1)->n;
	memcpy(grown, p, held < n ? held : n);
	block_free(p);
	return grown;
}

const XML_Memory_Handling_Suite expat_mem_suite = { block_alloc, block_realloc, block_free };
