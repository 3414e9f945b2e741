/* SPDX-License-Identifier: MIT */
/*
 * Measures a table of operations: CPU time of this process for as many operations as fill a round,
 * the best of several rounds (what disturbs a round only makes it slower). bytes/op is what the
 * operation says plus the heap bytes it keeps; allocs/op counts base/mem.h. What leaves something
 * behind is weighed instead.
 */
#include "bench.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUND_NS 100000000u /* 0.1 s */
#define ROUNDS 5
#define GATE_OPS 100
#define BLOCK_BYTES 8 /* glibc's own of each block */

struct measure {
	uint64_t n;
	uint64_t ns;
	uint64_t bytes;
	uint64_t allocs;
};

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct measure measure_round(const struct bench *bench, uint64_t n)
{
	struct mem_count before = mem_count();
	struct mem_count after;
	uint64_t start = cpu_ns();
	struct measure m = { .n = n };

	for (uint64_t i = 0; i < n; i++)
		m.bytes += bench->op();
	m.ns = cpu_ns() - start;
	after = mem_count();
	if (after.bytes > before.bytes)
		m.bytes += after.bytes - before.bytes;
	m.allocs = after.allocs - before.allocs;
	return m;
}

static struct measure measure_best(const struct bench *bench)
{
	struct measure best = measure_round(bench, 1);

	while (best.ns < ROUND_NS / 10)
		best = measure_round(bench, best.n * 2);
	best = measure_round(bench, best.n * ROUND_NS / best.ns + 1);
	for (int i = 1; i < ROUNDS; i++) {
		struct measure again = measure_round(bench, best.n);

		if (again.ns < best.ns)
			best = again;
	}
	return best;
}

static uint64_t held_bytes(void)
{
	struct mem_count count = mem_count();

	return count.bytes + count.blocks * BLOCK_BYTES;
}

/* Tables grow by doubling, so that the first half pays for some of the second. */
static uint64_t weigh(const struct bench *bench)
{
	uint64_t before;

	for (int i = 0; i < WEIGHED; i++)
		bench->op();
	before = held_bytes();
	for (int i = 0; i < WEIGHED; i++)
		bench->op();
	return (held_bytes() - before) / WEIGHED;
}

static void print_measure(const struct bench *bench)
{
	struct measure m;
	double n;

	if (bench->held_max > 0) {
		printf("%-28s %10d %31" PRIu64 " bytes held by each\n", bench->name, WEIGHED,
		       weigh(bench));
		return;
	}
	m = measure_best(bench);
	n = (double)m.n;
	printf("%-28s %10" PRIu64 " %10.1f ns/op %8.1f bytes/op %6.2f allocs/op\n", bench->name,
	       m.n, (double)m.ns / n, (double)m.bytes / n, (double)m.allocs / n);
}

static bool weight_passes(const struct bench *bench, int number)
{
	uint64_t held = weigh(bench);
	bool is_ok = held <= bench->held_max;

	printf("%s %d - %s: each holds %" PRIu64 " bytes, %" PRIu64 " allowed\n",
	       is_ok ? "ok" : "not ok", number, bench->name, held, bench->held_max);
	return is_ok;
}

/* The first operation may fill caches that later ones live on, so it is not counted. */
static bool gate_passes(const struct bench *bench, int number)
{
	struct measure m;
	bool is_ok;

	if (bench->held_max > 0)
		return weight_passes(bench, number);
	bench->op();
	m = measure_round(bench, GATE_OPS);
	is_ok = m.allocs <= bench->allocs_max * GATE_OPS;
	printf("%s %d - %s: %" PRIu64 " allocations in %d operations, %" PRIu64 " allowed\n",
	       is_ok ? "ok" : "not ok", number, bench->name, m.allocs, GATE_OPS,
	       bench->allocs_max * GATE_OPS);
	return is_ok;
}

int main(int argc, char **argv)
{
	bool is_gate = argc > 1 && strcmp(argv[1], "--gate") == 0;
	int count = 0;
	int failed = 0;

	while (benches[count].name)
		count++;
	if (is_gate)
		printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		if (benches[i].start)
			benches[i].start();
		if (!is_gate)
			print_measure(&benches[i]);
		else if (!gate_passes(&benches[i], i + 1))
			failed++;
		if (benches[i].stop)
			benches[i].stop();
		fflush(stdout);
	}
	return failed > 0;
}
