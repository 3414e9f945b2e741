/* SPDX-License-Identifier: MIT */
/*
 * Timers: single rules, then random starts, stops and steps of the clock against an oracle that
 * keeps all timers in an array and sorts it.
 */
#include "base/check.h"
#include "base/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TIMERS 200
#define STEPS 20000

struct alarm {
	struct timer timer;
	int number;
	uint64_t at_ms; /* the oracle's knowledge */
	uint64_t order;
	bool is_on;
};

static struct timers timers;
static struct alarm alarms[TIMERS];
static int fired[TIMERS * 2];
static size_t fired_count;

static void note(struct timer *timer)
{
	struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

	assert_false(timer->is_running);
	assert_true(timer->at_ms <= timers.now_ms);
	assert_true(fired_count < ARRAY_LEN(fired));
	fired[fired_count++] = alarm->number;
}

static int reset(void **state)
{
	(void)state;
	timers_init(&timers, 1000);
	fired_count = 0;
	for (int i = 0; i < TIMERS; i++)
		alarms[i] = (struct alarm){ .number = i };
	return 0;
}

static void nothing_is_due_at_first(void **state)
{
	(void)state;
	assert_int_equal(timers_next_ms(&timers), TIMER_NEVER);
	timers_run(&timers, 5000);
	assert_int_equal(timers.now_ms, 5000);
}

static void a_timer_runs_once_when_due(void **state)
{
	(void)state;
	timer_start(&timers, &alarms[0].timer, 500, note);
	assert_int_equal(timers_next_ms(&timers), 1500);
	timers_run(&timers, 1499);
	assert_int_equal(fired_count, 0);
	timers_run(&timers, 1500);
	assert_int_equal(fired_count, 1);
	timers_run(&timers, 9000);
	assert_int_equal(fired_count, 1);
	assert_int_equal(timers.count, 0);
}

static void equal_times_run_in_order_of_starting(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		timer_start(&timers, &alarms[(i * 7) % 20].timer, 10, note);
	timers_run(&timers, 1010);
	for (int i = 0; i < 20; i++)
		assert_int_equal(fired[i], (i * 7) % 20);
}

static void starting_again_moves_it(void **state)
{
	(void)state;
	timer_start(&timers, &alarms[0].timer, 10, note);
	timer_start(&timers, &alarms[0].timer, 100, note);
	assert_int_equal(timers.count, 1);
	timers_run(&timers, 1099);
	assert_int_equal(fired_count, 0);
	timers_run(&timers, 1100);
	assert_int_equal(fired_count, 1);
}

static void stopping_is_final_and_may_be_repeated(void **state)
{
	(void)state;
	timer_stop(&timers, &alarms[0].timer);
	timer_start(&timers, &alarms[0].timer, 10, note);
	timer_stop(&timers, &alarms[0].timer);
	timer_stop(&timers, &alarms[0].timer);
	timers_run(&timers, 2000);
	assert_int_equal(fired_count, 0);
	assert_int_equal(timers_next_ms(&timers), TIMER_NEVER);
}

static void the_clock_never_goes_back(void **state)
{
	(void)state;
	timers_set_now(&timers, 900);
	assert_int_equal(timers.now_ms, 1000);
	timer_start(&timers, &alarms[0].timer, 0, note);
	timers_run(&timers, 1);
	assert_int_equal(fired_count, 1);
}

static void stop_the_next(struct timer *timer)
{
	note(timer);
	timer_stop(&timers, &alarms[1].timer);
}

static void a_handler_may_stop_another_that_is_due(void **state)
{
	(void)state;
	timer_start(&timers, &alarms[0].timer, 10, stop_the_next);
	timer_start(&timers, &alarms[1].timer, 10, note);
	timer_start(&timers, &alarms[2].timer, 10, note);
	timers_run(&timers, 2000);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired[1], 2);
}

static void start_again(struct timer *timer)
{
	note(timer);
	if (fired_count < 4)
		timer_start(&timers, timer, 50, start_again);
}

static void a_handler_may_start_its_own_timer(void **state)
{
	(void)state;
	timer_start(&timers, &alarms[0].timer, 50, start_again);
	for (uint64_t now = 1000; now <= 2000; now += 10)
		timers_run(&timers, now);
	assert_int_equal(fired_count, 4);
}

static int compare_alarms(const void *a, const void *b)
{
	const struct alarm *x = *(struct alarm *const *)a;
	const struct alarm *y = *(struct alarm *const *)b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t sort_running(struct alarm *ret_sorted[TIMERS])
{
	size_t n = 0;

	for (size_t i = 0; i < TIMERS; i++)
		if (alarms[i].is_on)
			ret_sorted[n++] = &alarms[i];
	qsort(ret_sorted, n, sizeof(ret_sorted[0]), compare_alarms);
	return n;
}

static void run_and_compare(uint64_t now_ms)
{
	struct alarm *sorted[TIMERS];
	size_t n = sort_running(sorted);
	size_t due = 0;

	assert_int_equal(timers.count, n);
	assert_int_equal(timers_next_ms(&timers), n > 0 ? sorted[0]->at_ms : TIMER_NEVER);
	fired_count = 0;
	timers_run(&timers, now_ms);
	for (; due < n && sorted[due]->at_ms <= now_ms; due++) {
		assert_true(due < fired_count);
		assert_int_equal(fired[due], sorted[due]->number);
		sorted[due]->is_on = false;
	}
	assert_int_equal(fired_count, due);
}

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005 + 1442695040888963407;
	return *random >> 33;
}

static void run_random_steps(uint64_t seed)
{
	uint64_t random = seed;
	uint64_t order = 0;
	uint64_t now_ms = 1000;

	for (int step = 0; step < STEPS; step++) {
		struct alarm *alarm = &alarms[next_random(&random) % TIMERS];
		uint64_t after_ms = next_random(&random) % 400;

		switch (next_random(&random) % 8) {
		case 0:
			now_ms += next_random(&random) % 60;
			run_and_compare(now_ms);
			break;
		case 1:
		case 2:
			timer_stop(&timers, &alarm->timer);
			alarm->is_on = false;
			break;
		default:
			timer_start(&timers, &alarm->timer, after_ms, note);
			alarm->at_ms = now_ms + after_ms;
			alarm->order = order++;
			alarm->is_on = true;
			break;
		}
	}
	run_and_compare(now_ms + 1000);
	assert_int_equal(timers.count, 0);
}

static void random_starts_and_stops_agree_with_sorting(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		reset(state);
		run_random_steps(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_due_at_first, reset),
		cmocka_unit_test_setup(a_timer_runs_once_when_due, reset),
		cmocka_unit_test_setup(equal_times_run_in_order_of_starting, reset),
		cmocka_unit_test_setup(starting_again_moves_it, reset),
		cmocka_unit_test_setup(stopping_is_final_and_may_be_repeated, reset),
		cmocka_unit_test_setup(the_clock_never_goes_back, reset),
		cmocka_unit_test_setup(a_handler_may_stop_another_that_is_due, reset),
		cmocka_unit_test_setup(a_handler_may_start_its_own_timer, reset),
		cmocka_unit_test_setup(random_starts_and_stops_agree_with_sorting, reset),
	};

	return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
