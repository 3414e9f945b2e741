/* SPDX-License-Identifier: MIT */
/*
 * Rates of NOTIFYs (RFC 6446): what is read, adjusted and said back, and the times that follow.
 */
#include "core/notify_rate.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_asked_for_is_said_back(void **state)
{
	static const struct {
		const char *asked;
		uint32_t gap_ms;
		const char *granted;
	} cases[] = {
		{ "", 0, "" },
		{ "id=7", 500, "" },
		{ "max-rate=0.5", 0, ";max-rate=0.5" },
		{ "Max-Rate=\"2\";id=1", 0, ";max-rate=2" },
		{ "max-rate=99.0000000001", 0, ";max-rate=99.0000000001" },
		{ "max-rate=0.0000000001", 0, ";max-rate=0.0000000001" },
		{ "max-rate=10", 0, ";max-rate=10" },
		{ "min-rate=0.1", 0, ";min-rate=0.1" },
		{ "adaptive-min-rate=0.01", 0, ";adaptive-min-rate=0.01" },
		{ "min-rate=0.05;max-rate=1;adaptive-min-rate=0.10", 0,
		  ";max-rate=1;min-rate=0.05;adaptive-min-rate=0.1" },
		/* No rates, so nothing. */
		{ "max-rate", 0, "" },
		{ "max-rate=", 0, "" },
		{ "max-rate=0", 0, "" },
		{ "max-rate=0.0", 0, "" },
		{ "max-rate=100", 0, "" },
		{ "max-rate=1.", 0, "" },
		{ "max-rate=.5", 0, "" },
		{ "max-rate=-1", 0, "" },
		{ "max-rate=1e3", 0, "" },
		{ "max-rate=1.00000000001", 0, "" },
		{ "max-rate=99999999999999999999999999", 0, "" },
		{ "max-rate=1.2.3", 0, "" },
		/* Adjusted: ours is the least gap, and what is not new has its own. */
		{ "max-rate=10", 500, ";max-rate=2" },
		{ "max-rate=1", 500, ";max-rate=1" },
		{ "max-rate=1", 3000, ";max-rate=0.3333333333" },
		{ "min-rate=99", 0, ";min-rate=0.2" },
		{ "adaptive-min-rate=1", 0, ";adaptive-min-rate=0.2" },
		{ "max-rate=0.1;min-rate=0.2", 0, ";max-rate=0.1;min-rate=0.1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct guarded asked = guarded_copy(slice_from_cstr(cases[i].asked));
		struct notify_rates rates = { 0 };
		char text[256];
		struct buf buf = BUF_ON(text);

		(void)notify_rates_read(&rates, asked.text);
		notify_rates_print(&rates, cases[i].gap_ms, &buf);
		if (!slice_eq(buf_text(&buf), slice_from_cstr(cases[i].granted)))
			fail_msg("%s: %.*s", cases[i].asked, SLICE_ARGS(buf_text(&buf)));
		guarded_free(&asked);
	}
}

static struct notify_rates rates_of(const char *params)
{
	struct notify_rates rates = { 0 };

	(void)notify_rates_read(&rates, slice_from_cstr(params));
	return rates;
}

static void the_longer_gap_counts(void **state)
{
	struct notify_rates rates = rates_of("max-rate=0.3");

	(void)state;
	assert_int_equal(notify_rates_gap_ms(&rates, 0), 3334);
	assert_int_equal(notify_rates_gap_ms(&rates, 5000), 5000);
	rates = rates_of("");
	assert_int_equal(notify_rates_gap_ms(&rates, 0), 0);
	assert_int_equal(notify_rates_gap_ms(&rates, 20), 20);
}

static void a_min_rate_is_a_time_without_news(void **state)
{
	struct notify_rates rates = rates_of("");

	(void)state;
	assert_true(notify_rates_idle_ms(&rates, 1000) == UINT64_MAX);
	rates = rates_of("min-rate=0.1");
	assert_int_equal(notify_rates_idle_ms(&rates, 1000), 10000);
	rates = rates_of("min-rate=0.1;max-rate=0.05");
	assert_int_equal(notify_rates_idle_ms(&rates, 1000), 20000);
}

/* Whatever happens in a period, there are about as many NOTIFYs as the rate says. */
static void an_adaptive_rate_is_an_average(void **state)
{
	static const struct {
		const char *name;
		unsigned changes; /* NOTIFYs with news at the beginning */
		unsigned least, most;
	} cases[] = {
		{ "nothing happens", 0, 18, 24 },
		{ "some things happen", 5, 18, 26 },
		{ "much happens", 40, 44, 60 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct notify_rates rates = rates_of("adaptive-min-rate=0.1");
		uint64_t now_ms = 1000000, end_ms = now_ms + 200000;
		unsigned count = 0;

		for (; count < cases[i].changes; count++)
			notify_rates_count(&rates, now_ms);
		while (now_ms < end_ms) {
			notify_rates_count(&rates, now_ms);
			count++;
			now_ms += notify_rates_idle_ms(&rates, now_ms);
		}
		if (count < cases[i].least || count > cases[i].most)
			fail_msg("%s: %u NOTIFYs in 200 s", cases[i].name, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_for_is_said_back),
		cmocka_unit_test(the_longer_gap_counts),
		cmocka_unit_test(a_min_rate_is_a_time_without_news),
		cmocka_unit_test(an_adaptive_rate_is_an_average),
	};

	return cmocka_run_group_tests_name("notify_rate", tests, NULL, NULL);
}
