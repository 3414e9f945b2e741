/* SPDX-License-Identifier: MIT */
/*
 * The keys about the server as a process: ctl, records, limits.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_is_not_said_has_its_default(void **state)
{
	struct directory *directory = conf_rig_read_good(REST);

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
	struct directory *directory = conf_rig_read_good(
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
	struct directory *directory =
		conf_rig_read_good("ctl: off\nlimits: {strangers: off}\n" REST);

	(void)state;
	assert_true(directory->is_ctl_off);
	assert_int_equal(directory->ctl.n, 0);
	assert_int_equal(directory->limits.strangers_per_s, 0);
	directory_unref(directory);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *yaml;
	const char *lines; /* of the report */
} bad[] = {
	{ "ctl: \"\"\n" REST, "f:1:6: ctl: the path is empty; name a file, or remove the key\n" },
	{ "ctl: []\n" REST,
	  "f:1:6: ctl: a list stands here; expected a path, such as /run/lampyrid/ctl.sock, or "
	  "off\n" },
	{ "ctl: /" LONG LONG "\n" REST, "f:1:6: ctl: the text has 141 bytes; use at most 107\n" },
	{ "records: \"a\\nb\"\n" REST,
	  "f:1:10: records: the text has a control character, such as a line end; remove it\n" },
	{ "limits: {calls: 0}\n" REST,
	  "f:1:17: limits.calls: '0' does not fit; expected a whole number from 1 to 65536\n" },
	{ "limits: {registrations: many}\n" REST,
	  "f:1:25: limits.registrations: 'many' does not fit; expected a whole number from 1 to "
	  "1000000\n" },
	{ "limits: {transactions: 99}\n" REST,
	  "f:1:24: limits.transactions: '99' does not fit; expected a whole number from 100 to "
	  "1000000\n" },
	{ "limits: {strangers: 0}\n" REST, "f:1:21: limits.strangers: '0' does not fit; expected a "
					   "whole number from 1 to 100000, or "
					   "off for no limit\n" },
	{ "limits: {call: 5}\n" REST, "f:1:10: limits.call: unknown key; did you mean 'calls'?\n" },
	{ "limits: 5\n" REST,
	  "f:1:9: limits: a text stands here; expected a map, such as {calls: 500}\n" },
};

static void mistakes_say_what_would_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].yaml, bad[i].yaml, bad[i].lines);
}

static void refused_memory_leaves_nothing(void **state)
{
	(void)state;
	conf_rig_refuse_memory(SLICE("ctl: /tmp/x.sock\nrecords: r.jsonl\n" REST));
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
