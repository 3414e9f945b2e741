/* SPDX-License-Identifier: MIT */
/*
 * The keys about the server as a process: ctl, records, limits.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define REST "domain: pbx.example.com\nextensions: {\"201\": {password: x}}\n"

static const uint64_t secret[2] = { 1, 2 };
static struct conf_report report;

static struct directory *read_good(const char *yaml)
{
	struct directory *directory = NULL;
	int err = conf_read(slice_from_cstr(yaml), SLICE("f"), secret, &report, &directory);

	if (err)
		fail_msg("%s: %s", yaml, report.count ? report.mistakes[0].text : err_text(err));
	return directory;
}

static void what_is_not_said_has_its_default(void **state)
{
	struct directory *directory = read_good(REST);

	(void)state;
	assert_int_equal(directory->ctl.n, 0);
	assert_false(directory->is_ctl_off);
	assert_int_equal(directory->records.n, 0);
	assert_int_equal(directory->limits.calls, 0);
	assert_int_equal(directory->limits.registrations, 0);
	assert_int_equal(directory->limits.subscriptions, 0);
	assert_int_equal(directory->limits.subscriptions_each, 1000);
	assert_int_equal(directory->limits.transactions, 0);
	assert_int_equal(directory->limits.strangers_per_s, 30);
	directory_unref(directory);
}

static void what_is_said_counts(void **state)
{
	struct directory *directory = read_good(
		"ctl: /tmp/x.sock\nrecords: \"-\"\nlimits: {calls: 500, registrations: 7,\n"
		"  subscriptions: 1000000, subscriptions-each: 1, transactions: 100,\n"
		"  strangers: 100000}\n" REST);

	(void)state;
	assert_true(slice_eq(directory->ctl, SLICE("/tmp/x.sock")));
	assert_true(slice_eq(directory->records, SLICE("-")));
	assert_int_equal(directory->limits.calls, 500);
	assert_int_equal(directory->limits.registrations, 7);
	assert_int_equal(directory->limits.subscriptions, 1000000);
	assert_int_equal(directory->limits.subscriptions_each, 1);
	assert_int_equal(directory->limits.transactions, 100);
	assert_int_equal(directory->limits.strangers_per_s, 100000);
	directory_unref(directory);
}

static void things_can_be_off(void **state)
{
	struct directory *directory = read_good("ctl: off\nlimits: {strangers: off}\n" REST);

	(void)state;
	assert_true(directory->is_ctl_off);
	assert_int_equal(directory->ctl.n, 0);
	assert_int_equal(directory->limits.strangers_per_s, 0);
	directory_unref(directory);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *yaml;
	const char *mistake;
} bad[] = {
	{ "ctl: \"\"\n" REST, "f:1:6: ctl: the path is empty; name a file, or remove the key" },
	{ "ctl: []\n" REST,
	  "f:1:6: ctl: a list stands here; expected a path, such as /run/lampyrid/ctl.sock, or "
	  "off" },
	{ "ctl: /" LONG LONG "\n" REST, "f:1:6: ctl: the text has 141 bytes; use at most 107" },
	{ "records: \"a\\nb\"\n" REST,
	  "f:1:10: records: the text has a control character, such as a line end; remove it" },
	{ "limits: {calls: 0}\n" REST,
	  "f:1:17: limits.calls: '0' does not fit; expected a whole number from 1 to 65536" },
	{ "limits: {registrations: many}\n" REST,
	  "f:1:25: limits.registrations: 'many' does not fit; expected a whole number from 1 to "
	  "1000000" },
	{ "limits: {transactions: 99}\n" REST,
	  "f:1:24: limits.transactions: '99' does not fit; expected a whole number from 100 to "
	  "1000000" },
	{ "limits: {strangers: 0}\n" REST, "f:1:21: limits.strangers: '0' does not fit; expected a "
					   "whole number from 1 to 100000, or "
					   "off for no limit" },
	{ "limits: {call: 5}\n" REST, "f:1:10: limits.call: unknown key; did you mean 'calls'?" },
	{ "limits: 5\n" REST,
	  "f:1:9: limits: a text stands here; expected a map, such as {calls: 500}" },
};

static void mistakes_say_what_would_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct directory *directory = NULL;
		int err = conf_read(slice_from_cstr(bad[i].yaml), SLICE("f"), secret, &report,
				    &directory);

		assert_int_equal(err, ERR_SYNTAX);
		assert_int_equal(report.count, 1);
		assert_string_equal(report.mistakes[0].text, bad[i].mistake);
		assert_int_equal(mem_count().blocks, 0);
	}
}

static void refused_memory_leaves_nothing(void **state)
{
	static const char yaml[] = "ctl: /tmp/x.sock\nrecords: r.jsonl\n" REST;

	(void)state;
	for (uint64_t nth = 1;; nth++) {
		struct directory *directory = NULL;
		int err;

		mem_refuse_nth(nth);
		err = conf_read(SLICE(yaml), SLICE("f"), secret, &report, &directory);
		mem_refuse_nth(0);
		directory_unref(directory);
		assert_int_equal(mem_count().blocks, 0);
		if (!err)
			break;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(what_is_said_counts),
		cmocka_unit_test(things_can_be_off),
		cmocka_unit_test(mistakes_say_what_would_be_right),
		cmocka_unit_test(refused_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
