/* SPDX-License-Identifier: MIT */
/*
 * The codes that are dialled before a number or in place of one, and how long calls and
 * registrations may last.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- What is read ------------------------------------------------------------------------- */

static void check_codes(const struct directory *directory)
{
	assert_int_equal(directory->pickup_code_count, 1);
	assert_slice(directory->pickup_codes[0], "#7");
	assert_slice(directory->group_pickup_code, "#7");
}

static void check_no_codes(const struct directory *directory)
{
	assert_int_equal(directory->pickup_code_count, 0);
	assert_int_equal(directory->group_pickup_code.n, 0);
}

static void check_times(const struct directory *directory)
{
	assert_int_equal(directory->expires_max_s, 86400);
	assert_int_equal(directory->ring_timeout_s, 5);
	assert_int_equal(directory->session_expires_s, 90);
	assert_int_equal(directory->duration_max_s, 604800);
}

static const struct conf_rig_good good[] = {
	{ "one code as a text", "codes: {pickup: \"#7\", group-pickup: '#7'}\n" REST, check_codes },
	{ "no codes", "codes: {pickup: [], group-pickup: \"\"}\n" REST, check_no_codes },
	{ "times at their bounds",
	  "registration: {expires-max: 86400}\n"
	  "calls: {ring-timeout: \"5\", session-expires: 90, duration-max: 604800}\n" REST,
	  check_times },
};

static void a_good_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		conf_rig_expect_good(&good[i]);
}

/* --- What is told ------------------------------------------------------------------------- */

static const struct conf_rig_bad bad[] = {
	/* Codes. */
	{ "codes is a list", "codes: [\"*8\"]\n" REST,
	  "f:1:8: codes: a list stands here; expected a map, such as {pickup: [\"**\", \"*8\"], "
	  "group-pickup: \"*8\"}\n" },
	{ "code with a space", "codes: {pickup: \"* 8\"}\n" REST,
	  "f:1:17: codes.pickup: '* 8' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n" },
	{ "empty code", "codes: {pickup: [\"\"]}\n" REST,
	  "f:1:18: codes.pickup[1]: '' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n" },
	{ "bad group code", "codes: {group-pickup: \"*8;\"}\n" REST,
	  "f:1:23: codes.group-pickup: '*8;' is no code; use 1 to 16 of letters, digits and * # + "
	  "- "
	  ". _\n" },
	{ "code twice", "codes: {pickup: [\"*8\", \"*8\"]}\n" REST,
	  "f:1:24: codes.pickup[2]: the code is listed twice; remove one of them\n" },
	{ "ambiguous codes", "codes: {pickup: [\"*\", \"*8\"]}\n" REST,
	  "f:1:23: codes.pickup[2]: '*8' and '*' cannot be told apart before a number; change one "
	  "of them\n" },
	{ "too many codes",
	  "codes: {pickup: [\"*a\", \"*b\", \"*c\", \"*d\", \"*e\", \"*f\", \"*g\", \"*h\", "
	  "\"*i\"]}\n" REST,
	  "f:1:66: codes.pickup[9]: there can be 8 codes; remove this one\n" },
	{ "code that an extension begins with", "codes: {pickup: \"2\", group-pickup: \"\"}\n" REST,
	  "f:3:14: extensions.201: the number begins with the pick-up code '2', so that a call to "
	  "it "
	  "would be a pick-up; choose another number or another code\n" },
	{ "code that is an extension", "codes: {pickup: \"201\"}\n" REST,
	  "f:3:14: extensions.201: the number begins with the pick-up code '201', so that a call "
	  "to "
	  "it would be a pick-up; choose another number or another code\n" },
	{ "group code that is an extension", "codes: {group-pickup: \"201\"}\n" REST,
	  "f:3:14: extensions.201: this number is the group-pickup code too; choose another number "
	  "or another code\n" },
	{ "codes of do-not-disturb", "codes: {dnd-on: \"*2 1\", dnd-off: \"*78\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*2 1' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n"
	  "f:1:34: codes.dnd-off: '*78' is the code dnd-on too; choose another code\n" },
	{ "a code that is the default of another", "codes: {dnd-on: \"*79\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*79' is the code dnd-off too; choose another code\n" },
	{ "two codes that are the same", "codes: {dnd-on: \"*8\", group-pickup: \"*79\"}\n" REST,
	  "f:1:37: codes.group-pickup: '*79' is the code dnd-off too; choose another code\n" },
	{ "a code that takes calls of the group, too", "codes: {dnd-on: \"*8\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*8' is the code group-pickup too; choose another code\n" },

	/* Times. */
	{ "time with a unit", "calls: {ring-timeout: 60s}\n" REST,
	  "f:1:23: calls.ring-timeout: '60s' does not fit; expected whole seconds from 5 to 600, "
	  "without a unit\n" },
	{ "times out of bounds",
	  "calls: {ring-timeout: 4}\nregistration: {expires-max: 86401}\n" REST,
	  "f:1:23: calls.ring-timeout: '4' does not fit; expected whole seconds from 5 to 600, "
	  "without a unit\n"
	  "f:2:29: registration.expires-max: '86401' does not fit; expected whole seconds from 60 "
	  "to "
	  "86400, without a unit\n" },
	{ "session times out of bounds", "calls: {session-expires: 89, duration-max: 1h}\n" REST,
	  "f:1:26: calls.session-expires: '89' does not fit; expected whole seconds from 90 to "
	  "86400, without a unit, or 0 for never\n"
	  "f:1:44: calls.duration-max: '1h' does not fit; expected whole seconds from 60 to "
	  "604800, without a unit, or 0 for never\n" },
	{ "huge and negative times",
	  "calls: {ring-timeout: 99999999999999999999999}\nregistration: {expires-max: -1}\n" REST,
	  "f:1:23: calls.ring-timeout: '99999999999999999999999' does not fit; expected whole "
	  "seconds from 5 to 600, without a unit\n"
	  "f:2:29: registration.expires-max: '-1' does not fit; expected whole seconds from 60 to "
	  "86400, without a unit\n" },
	{ "time is a map", "calls: {ring-timeout: {s: 60}}\n" REST,
	  "f:1:23: calls.ring-timeout: a map (KEY: VALUE) stands here; expected seconds, such as "
	  "60\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].name, bad[i].yaml, bad[i].lines);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_taken),
		cmocka_unit_test(a_mistake_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
