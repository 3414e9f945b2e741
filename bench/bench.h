/* SPDX-License-Identifier: MIT */
/*
 * A benchmark program is a table of operations; bench.c is its main. `bench_NAME` measures and
 * prints name, n, ns/op, bytes/op, allocs/op; `bench_NAME --gate` only counts allocations and
 * speaks TAP: a time depends on the machine, a count does not.
 */
#ifndef LAMPYRID_BENCH_BENCH_H
#define LAMPYRID_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct bench {
	const char *name;
	void (*start)(void); /* may be NULL */

	/* One operation. Returns the bytes it printed or took from its arena, 0 for neither. */
	size_t (*op)(void);

	void (*stop)(void);  /* may be NULL */
	uint64_t allocs_max; /* per operation: the gate */

	/*
	 * Of an operation that leaves something behind: what WEIGHED more of them, after as many,
	 * may hold of the heap, each, with what the allocator adds. 0: it leaves nothing.
	 */
	uint64_t held_max;
};

#define WEIGHED 1000

/* The program's table, defined beside its operations; ends with a row without a name. */
extern const struct bench benches[];

#endif
