/* SPDX-License-Identifier: MIT */
/*
 * The one door to the heap. Every block is counted, so that a test can say "no byte is left", and
 * can be refused, so that a test can prove that every caller copes.
 */
#ifndef LAMPYRID_BASE_MEM_H
#define LAMPYRID_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

struct mem_count {
	uint64_t allocs; /* asked for since start, refused ones included */
	uint64_t blocks; /* held now */
	uint64_t bytes;	 /* held now, as the allocator rounds them up */
};

/* Zeroed memory of n bytes (n > 0), or NULL. The caller owns it and gives it back by mem_free(). */
void *mem_alloc(size_t n);

/* NULL is allowed. */
void mem_free(void *p);

struct mem_count mem_count(void);

/* For tests: the `nth` allocation from now on (1 is the next) is refused, once; 0 refuses none. */
void mem_refuse_nth(uint64_t nth);

#endif
