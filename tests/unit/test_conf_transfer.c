/* SPDX-License-Identifier: MIT */
/*
 * The configuration of transfers and of park: whose word counts, what every key gives, the sentence
 * for every mistake, and which numbers orbits are.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

/* --- What is read ------------------------------------------------------------------------- */

static void what_is_not_said_has_its_default(void **state)
{
	struct directory *directory = conf_rig_read_good(REST);
	const struct extension *extension = directory_find(directory, SLICE("201"));

	(void)state;
	assert_int_equal(directory->refer, REFER_HANDLE);
	assert_int_equal(extension->refer, REFER_UNSAID);
	assert_int_equal(extension->barge_in, BARGE_IN_NONE);
	assert_false(extension->may_join_trunks || extension->may_refer_out);
	assert_int_equal(extension->hold_reminder_s, 0);
	assert_int_equal(directory->park.orbits, 0);
	assert_int_equal(park_orbit_of(&directory->park, SLICE("*851")), 0);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static const char full[] =
	DOMAIN "extensions:\n"
	       "  \"201\": {password: x, refer: handle, barge-in: no, trunk-to-trunk: no,\n"
	       "          click-to-dial: yes, hold-reminder: no}\n"
	       "  \"202\": {password: x}\n"
	       "trunks:\n"
	       "  acme: {uri: \"sip:acme.example\", refer: forward}\n"
	       "  other: {uri: \"sip:other.example\"}\n"
	       "defaults: {refer: forward, barge-in: same-group, trunk-to-trunk: yes,\n"
	       "           hold-reminder: 60}\n"
	       "park: {code: \"#7\", orbits: 12, timeout: 0}\n";

/* The trunk's word counts more than that of `defaults`, which is therefore not each extension's. */
static void every_key_is_read(void **state)
{
	struct directory *directory = conf_rig_read_good(full);
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("202"));
	const struct dialplan *dialplan = &directory->dialplan;

	(void)state;
	assert_int_equal(directory->refer, REFER_FORWARD);
	assert_int_equal(alice->refer, REFER_HANDLE);
	assert_int_equal(bob->refer, REFER_UNSAID);
	assert_int_equal(dialplan_find_trunk(dialplan, SLICE("acme"))->refer, REFER_FORWARD);
	assert_int_equal(dialplan_find_trunk(dialplan, SLICE("other"))->refer, REFER_UNSAID);
	assert_int_equal(alice->barge_in, BARGE_IN_NONE);
	assert_int_equal(bob->barge_in, BARGE_IN_SAME_GROUP);
	assert_false(alice->may_join_trunks);
	assert_true(bob->may_join_trunks);
	assert_true(alice->may_refer_out);
	assert_false(bob->may_refer_out);
	assert_int_equal(alice->hold_reminder_s, 0);
	assert_int_equal(bob->hold_reminder_s, 60);
	assert_slice(directory->park.code, "#7");
	assert_int_equal(directory->park.orbits, 12);
	assert_int_equal(directory->park.timeout_s, 0);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void nothing_stays_of_a_torn_text(void **state)
{
	(void)state;
	conf_rig_try_prefixes(SLICE(full));
}

static void nothing_stays_when_memory_is_refused(void **state)
{
	(void)state;
	conf_rig_refuse_memory(SLICE(full));
}

/* --- Orbits ------------------------------------------------------------------------------- */

static const struct {
	const char *yaml;
	const char *number;
	uint32_t orbit; /* 0: it is none */
} orbits[] = {
	{ "park: {}\n", "*851", 1 },
	{ "park: {}\n", "*859", 9 },
	{ "park: {}\n", "*850", 0 },
	{ "park: {}\n", "*85", 0 },
	{ "park: {}\n", "*8511", 0 },
	{ "park: {}\n", "*8501", 0 },
	{ "park: {}\n", "851", 0 },
	{ "park: {}\n", "", 0 },
	{ "park: {orbits: 3}\n", "*853", 3 },
	{ "park: {orbits: 3}\n", "*854", 0 },
	{ "park: {orbits: 10}\n", "*8501", 1 },
	{ "park: {orbits: 10}\n", "*8510", 10 },
	{ "park: {orbits: 10}\n", "*8511", 0 },
	{ "park: {orbits: 10}\n", "*851", 0 },
	{ "park: {orbits: 10}\n", "*8500", 0 },
	{ "park: {orbits: 99}\n", "*8599", 99 },
};

static void orbits_are_numbers_of_one_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orbits); i++) {
		struct slice number = slice_from_cstr(orbits[i].number);
		char text[256], printed[16];
		struct buf yaml = BUF_ON(text), buf = BUF_ON(printed);
		struct directory *directory;

		buf_cstr(&yaml, orbits[i].yaml);
		buf_lit(&yaml, REST);
		buf_char(&yaml, '\0');
		directory = conf_rig_read_good(text);
		if (park_orbit_of(&directory->park, number) != orbits[i].orbit)
			fail_msg("%s%s", orbits[i].yaml, orbits[i].number);
		park_print_orbit(&directory->park, orbits[i].orbit, &buf);
		if (orbits[i].orbit > 0)
			assert_true(slice_eq(buf_text(&buf), number));
		directory_unref(directory);
	}
}

/* --- What is told ------------------------------------------------------------------------- */

#define PARK "park: {}\n"

static const struct {
	const char *yaml;
	const char *lines; /* of the report */
} bad[] = {
	{ "defaults: {refer: hanlde}\n" REST,
	  "f:1:19: defaults.refer: 'hanlde' is not known; did you mean 'handle'?\n" },
	{ "defaults: {barge-in: all}\n" REST,
	  "f:1:22: defaults.barge-in: 'all' is not known; expected no, same-group\n" },
	{ "defaults: {barge_in: no}\n" REST,
	  "f:1:12: defaults.barge_in: unknown key; did you mean 'barge-in'?\n" },
	{ "defaults: {trunk-to-trunk: [yes]}\n" REST,
	  "f:1:28: defaults.trunk-to-trunk: a list stands here; expected yes or no\n" },
	{ "defaults: {click-to-dial: always}\n" REST,
	  "f:1:27: defaults.click-to-dial: 'always' is not known; expected no, yes\n" },
	{ "defaults: {hold-reminder: 60s}\n" REST,
	  "f:1:27: defaults.hold-reminder: '60s' does not fit; expected whole seconds from 10 to "
	  "3600, without a unit, or 0 for never\n" },
	{ "hold-reminder: 60\n" REST,
	  "f:1:1: hold-reminder: unknown key here; it stands under 'defaults', or an extension\n" },
	{ REST "trunks: {acme: {uri: \"sip:acme.example\", barge-in: no}}\n",
	  "f:3:42: trunks.acme.barge-in: unknown key here; it stands under 'defaults', or an "
	  "extension\n" },
	{ DOMAIN "extensions:\n  201: {password: x, refer: off}\n",
	  "f:3:29: extensions.201.refer: 'off' is not known; expected handle, forward\n" },
	{ REST "trunks: {acme: {uri: \"sip:acme.example\", refer: never}}\n",
	  "f:3:49: trunks.acme.refer: 'never' is not known; expected handle, forward\n" },

	{ "park: \"*85\"\n" REST,
	  "f:1:7: park: a text stands here; expected a map, such as {code: \"*85\", orbits: "
	  "9}\n" },
	{ "park: {codes: \"*85\"}\n" REST,
	  "f:1:8: park.codes: unknown key; did you mean 'code'?\n" },
	{ "park: {code: \"*8 5\", orbits: 100, timeout: 5}\n" REST,
	  "f:1:14: park.code: '*8 5' is no code; use 1 to 16 of letters, digits and * # + - . _\n"
	  "f:1:30: park.orbits: '100' does not fit; expected a whole number from 1 to 99\n"
	  "f:1:44: park.timeout: '5' does not fit; expected whole seconds from 10 to 3600, "
	  "without a unit, or 0 for never\n" },

	/* What would be read in two ways. */
	{ "park: {code: \"*78\"}\n" REST,
	  "f:1:14: park.code: '*78' would be the code dnd-on and that of park; choose another "
	  "code\n" },
	{ "park: {code: \"*7\"}\n" REST,
	  "f:1:14: park.code: '*78' would be the code dnd-on and an orbit of park; choose another "
	  "code\n"
	  "f:1:14: park.code: '*79' would be the code dnd-off and an orbit of park; choose "
	  "another code\n" },
	{ "park: {orbits: 4}\ncodes: {group-pickup: \"*853\"}\n" REST,
	  "f:1:7: park: '*853' would be the code group-pickup and an orbit of park; choose "
	  "another code\n" },
	{ "park: {code: \"85\"}\n" DOMAIN
	  "extensions: {851: {password: x}, 85: {password: x}, 852: {password: x}}\n"
	  "groups: {door: {number: \"859\"}}\n",
	  "f:3:14: extensions.851: this number is an orbit of park too; choose another number, or "
	  "another code for park\n"
	  "f:3:34: extensions.85: this number is the code of park too; choose another number or "
	  "another code\n"
	  "f:3:53: extensions.852: this number is an orbit of park too; choose another number, or "
	  "another code for park\n"
	  "f:4:17: groups.door.number: this number is an orbit of park too; choose another "
	  "number, or another code for park\n" },
	{ PARK DOMAIN "extensions: {51: {password: x}, 5: {password: x}, 50: {password: x}}\n",
	  "f:3:14: extensions.51: '*851', the pick-up code and this number, is an orbit of park, "
	  "so that nobody could pick up its calls; choose another number or another code\n"
	  "f:3:33: extensions.5: '*85', the pick-up code and this number, is the code of park, so "
	  "that nobody could pick up its calls; choose another number or another code\n" },
	{ PARK REST "trunks: {acme: {uri: \"sip:acme.example\"}}\n"
		    "routes: [{match: \"*851\", trunk: acme}]\n",
	  "f:5:18: routes[1].match: this is an orbit, and orbits come first: the route would "
	  "never be used; remove it, or the orbit\n" },
	{ PARK DOMAIN "extensions: {201: {password: x, forward: {always: \"*851\"}}}\n",
	  "f:3:51: extensions.201.forward.always: there is no extension, no group and no route "
	  "for the number '*851'; add one, or choose a number that exists\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].yaml, bad[i].yaml, bad[i].lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(nothing_stays_of_a_torn_text),
		cmocka_unit_test(nothing_stays_when_memory_is_refused),
		cmocka_unit_test(orbits_are_numbers_of_one_length),
		cmocka_unit_test(a_mistake_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
