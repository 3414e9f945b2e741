/* SPDX-License-Identifier: MIT */
/*
 * The main of the flow tests. Each flow is a test of its own in four ways: plain, on bad wires
 * (each of its messages lost, doubled and late in turn), with memory refused (each of its
 * allocations in turn), and with other random numbers. `test_flow NAME` runs only flows whose own
 * or file's name has NAME in it.
 */
#include "run.h"

#include "world.h"

#include "base/check.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FLOWS_MAX 800
#define SEEDS 3

/* A flow with more allocations than this has every k-th refused, so that the suite stays short. */
#define REFUSALS_MAX 400

static struct run {
	enum wire_fault fault;
	uint64_t fault_nth;
	uint64_t refuse_nth;
	uint64_t seed;
	bool is_refusing;
	struct world *world;
	jmp_buf escape;
	char failure[512];
} run;

static struct flow_test *flows; /* the last one first */

void flow_add(struct flow_test *test)
{
	test->next = flows;
	flows = test;
}

void run_begin(struct world *w)
{
	run.world = w;
}

bool run_is_faulty(void)
{
	return run.fault != WIRE_GOOD || run.is_refusing;
}

uint64_t run_seed(void)
{
	return run.seed;
}

enum wire_fault run_fault(uint64_t *ret_nth)
{
	*ret_nth = run.fault_nth;
	return run.fault;
}

static uint64_t allocs_at_start, allocs_counted;

void run_start_faults(void)
{
	allocs_at_start = mem_count().allocs;
	mem_refuse_nth(run.refuse_nth);
}

void run_stop_faults(void)
{
	allocs_counted = mem_count().allocs - allocs_at_start;
	mem_refuse_nth(0);
}

_Noreturn void run_fail(struct world *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run.failure, sizeof(run.failure), format, args);
	va_end(args);
	wires_print(w->wires);
	longjmp(run.escape, 1);
}

/* One run; fails the cmocka test with what makes it repeatable. */
static void run_once(const struct flow_test *flow, uint64_t *ret_messages)
{
	struct mem_count before = mem_count();
	bool is_failed;

	run.world = NULL;
	run.failure[0] = '\0';
	is_failed = setjmp(run.escape) != 0;
	if (!is_failed)
		flow->run();
	run_stop_faults();
	if (!is_failed && !run.world->is_checked) {
		snprintf(run.failure, sizeof(run.failure),
			 "the flow does not end with expect_quiet");
		is_failed = true;
	}
	*ret_messages = run.world->wires->sent_count;
	if (!is_failed)
		world_free(run.world);
	if (!is_failed && mem_count().blocks != before.blocks) {
		snprintf(run.failure, sizeof(run.failure), "%llu blocks of memory left",
			 (unsigned long long)(mem_count().blocks - before.blocks));
		is_failed = true;
	}
	if (is_failed)
		fail_msg("%s (fault %d at message %llu, allocation %llu refused, seed %llu): %s",
			 flow->name, (int)run.fault, (unsigned long long)run.fault_nth,
			 (unsigned long long)run.refuse_nth, (unsigned long long)run.seed,
			 run.failure);
}

static void run_plain(const struct flow_test *flow, uint64_t *ret_messages, uint64_t *ret_allocs)
{
	run.fault = WIRE_GOOD;
	run.fault_nth = 0;
	run.refuse_nth = 0;
	run.is_refusing = false;
	run.seed = 1;
	run_once(flow, ret_messages);
	*ret_allocs = allocs_counted;
}

static void test_plain(void **state)
{
	const struct flow_test *flow = *state;
	uint64_t messages, allocs;

	run_plain(flow, &messages, &allocs);
	for (run.seed = 2; run.seed < 2 + SEEDS; run.seed++)
		run_once(flow, &messages);
}

static void test_bad_wires(void **state)
{
	const struct flow_test *flow = *state;
	uint64_t messages, allocs, ignored;

	run_plain(flow, &messages, &allocs);
	for (run.fault = WIRE_LOSES; run.fault <= WIRE_DELAYS; run.fault++)
		for (run.fault_nth = 1; run.fault_nth <= messages; run.fault_nth++)
			run_once(flow, &ignored);
}

static void test_refused_memory(void **state)
{
	const struct flow_test *flow = *state;
	uint64_t messages, allocs, stride;

	run_plain(flow, &messages, &allocs);
	run.is_refusing = true;
	stride = allocs / REFUSALS_MAX + 1;
	for (run.refuse_nth = 1; run.refuse_nth <= allocs; run.refuse_nth += stride)
		run_once(flow, &messages);
}

static char names[FLOWS_MAX * 3][160];
static struct CMUnitTest tests[FLOWS_MAX * 3];
static size_t test_count;

static void add_test(struct flow_test *flow, const char *suffix, CMUnitTestFunction function)
{
	CHECK(test_count < FLOWS_MAX * 3);
	snprintf(names[test_count], sizeof(names[0]), "%s%s", flow->name, suffix);
	tests[test_count] = (struct CMUnitTest){ .name = names[test_count],
						 .test_func = function,
						 .initial_state = flow };
	test_count++;
}

static void add_flow(struct flow_test *flow)
{
	add_test(flow, "", test_plain);
	if (flow->is_plain_only)
		return;
	add_test(flow, ", each message lost, doubled and late", test_bad_wires);
	add_test(flow, ", each allocation refused", test_refused_memory);
}

/*
 * Without an argument all flows; with "--part=1/4" every fourth one, from the first on, so that
 * several processes share the work; else those whose name, or whose file's name, has that in it.
 */
int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : "";
	unsigned part = 1, parts = 1, i = 0;

	if (sscanf(wanted, "--part=%u/%u", &part, &parts) == 2)
		wanted = "";
	for (struct flow_test *flow = flows; flow; flow = flow->next)
		if (i++ % parts == part - 1 &&
		    (strstr(flow->name, wanted) || strstr(flow->file, wanted)))
			add_flow(flow);
	return _cmocka_run_group_tests("flows", tests, test_count, NULL, NULL);
}
