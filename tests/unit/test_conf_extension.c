/* SPDX-License-Identifier: MIT */
/*
 * Extensions, the groups that they are in, and where their calls are forwarded.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- What is read ------------------------------------------------------------------------- */

static void check_extensions(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("bob.b-1_+"));

	assert_int_equal(directory->extensions.count, 2);
	assert_slice(alice->name, "Ali\xc3\xa7"
				  "e \"A\"");
	assert_slice(alice->password, "0123");
	assert_int_equal(alice->group_count, 2);
	assert_slice(alice->groups[0], "sales");
	assert_slice(alice->groups[1], "first floor");
	assert_int_equal(alice->visibility, VISIBILITY_NONE);
	assert_int_equal(alice->pickup, PICKUP_ALL);
	assert_slice(bob->name, "null");
	assert_slice(bob->password, "p: #w");
	assert_int_equal(bob->visibility, VISIBILITY_BUSY);
	assert_int_equal(bob->pickup, PICKUP_NONE);
}

static void check_groups(const struct directory *directory)
{
	const struct group *sales = directory_find_group(directory, SLICE("600"));
	const struct group *floor = directory_find_group(directory, SLICE("601"));
	const struct group_member *first = LIST_FIRST(&sales->members, struct group_member, node);

	assert_slice(sales->name, "sales");
	assert_int_equal(sales->ring, GROUP_ALL);
	assert_int_equal(sales->member_s, 20);
	assert_true(first->extension == directory_find(directory, SLICE("202")));
	assert_true(first->node.next->next == &sales->members);
	assert_int_equal(floor->ring, GROUP_IN_TURN);
	assert_int_equal(floor->member_s, 15);
	assert_slice(floor->forward.to[FORWARD_NO_ANSWER], "201");
	assert_int_equal(floor->forward.after_s, 60);
	assert_int_equal(floor->forward.to[FORWARD_BUSY].n, 0);
	assert_true(list_is_empty(&floor->members));
	assert_true(directory_find_group_by_name(directory, SLICE("first floor")) == floor);
	assert_null(directory_find_group(directory, SLICE("sales")));
}

static void check_forwards(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("202"));

	assert_slice(alice->forward.to[FORWARD_ALWAYS], "202");
	assert_int_equal(alice->max_calls, 3);
	assert_slice(bob->forward.to[FORWARD_BUSY], "201");
	assert_slice(bob->forward.to[FORWARD_NO_ANSWER], "201");
	assert_slice(bob->forward.to[FORWARD_UNREGISTERED], "600");
	assert_int_equal(bob->forward.after_s, 20);
	assert_int_equal(bob->max_calls, 0);
	assert_slice(directory->dnd_on_code, "*21");
	assert_int_equal(directory->dnd_off_code.n, 0);
}

static const struct conf_rig_good good[] = {
	{ "extensions, before the defaults they take",
	  "extensions:\n"
	  "  201: {name: \"Ali\\u00e7e \\\"A\\\"\", password: 0123, groups: [sales, first floor],\n"
	  "        visibility: none, pickup: all}\n"
	  "  bob.b-1_+: {name: \"null\", password: \"p: #w\"}\n"
	  "defaults: {visibility: busy, pickup: none}\n" DOMAIN,
	  check_extensions },
	{ "groups, behind the extensions that name them",
	  DOMAIN "extensions:\n"
		 "  \"202\": {password: x, groups: [sales]}\n"
		 "  \"201\": {password: x, groups: [sales, nobody calls this one]}\n"
		 "groups:\n"
		 "  sales: {number: \"600\"}\n"
		 "  first floor: {number: 601, ring: in-turn, time: 15,\n"
		 "                forward: {no-answer: {after: 60, to: \"201\"}}}\n",
	  check_groups },
	{ "forwards",
	  DOMAIN "extensions:\n"
		 "  201: {password: x, forward: {always: \"202\"}}\n"
		 "  202: {password: x, max-calls: 0,\n"
		 "        forward: {busy: 201, no-answer: \"201\", unregistered: \"600\"}}\n"
		 "defaults: {max-calls: 3}\ncodes: {dnd-on: \"*21\", dnd-off: \"\"}\n"
		 "groups: {sales: {number: \"600\"}}\n",
	  check_forwards },
};

static void a_good_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		conf_rig_expect_good(&good[i]);
}

/* --- What is told ------------------------------------------------------------------------- */

#define PICKUP_REMEDY "one of none, same-group, all"

static const struct conf_rig_bad bad[] = {
	/* Extensions. */
	{ "no extensions", DOMAIN "extensions: {}\n",
	  "f:2:13: extensions: there are no extensions; add one, such as \"201\": {name: Alice, "
	  "password: ...}\n" },
	{ "extensions is a list", DOMAIN "extensions:\n  - 201\n",
	  "f:3:3: extensions: a list stands here; expected a map of extensions, such as \"201\": "
	  "{name: Alice, password: ...}\n" },
	{ "extension is a text", DOMAIN "extensions:\n  201: secret\n",
	  "f:3:8: extensions.201: a text stands here; expected a map with a password at least, "
	  "such "
	  "as {name: Alice, password: ...}\n" },
	{ "extension without a value", DOMAIN "extensions:\n  201:\n",
	  "f:3:7: extensions.201: there is no value; expected a map with a password at least, such "
	  "as {name: Alice, password: ...}\n" },
	{ "missing password", DOMAIN "extensions:\n  201: {name: A}\n",
	  "f:3:3: extensions.201.password: missing, and " ANYONE "; add one\n" },
	{ "empty password", DOMAIN "extensions:\n  201: {password: \"\"}\n",
	  "f:3:19: extensions.201.password: the password is empty, and " ANYONE "; choose one\n" },
	{ "password without a value", DOMAIN "extensions:\n  201: {password: }\n",
	  "f:3:19: extensions.201.password: there is no value; expected a password: " ANYONE "\n" },
	{ "password is a list", DOMAIN "extensions:\n  201: {password: [hidden]}\n",
	  "f:3:19: extensions.201.password: a list stands here; expected a password: " ANYONE
	  "\n" },
	{ "password with a line end is not printed",
	  DOMAIN "extensions:\n  201: {password: \"hidden\\n\"}\n",
	  "f:3:19: extensions.201.password: the text has a control character, such as a line end; "
	  "remove it\n" },
	{ "name with a line end",
	  DOMAIN "extensions:\n  201: {password: x, name: \"A\\r\\nVia: x\"}\n",
	  "f:3:28: extensions.201.name: the text has a control character, such as a line end; "
	  "remove "
	  "it\n" },

	/* Numbers. */
	{ "number with a code", DOMAIN "extensions:\n  \"*8202\": {password: x}\n",
	  "f:3:3: extensions.*8202: '*8202' is no extension number; use 1 to 64 of letters, digits "
	  "and + - . _\n" },
	{ "number with a space", DOMAIN "extensions:\n  20 1: {password: x}\n",
	  "f:3:3: extensions.20 1: '20 1' is no extension number; use 1 to 64 of letters, digits "
	  "and "
	  "+ - . _\n" },
	{ "number of 65 letters",
	  DOMAIN
	  "extensions:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: "
	  "{password: x}\n",
	  "f:3:3: extensions.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: "
	  "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is no extension number; "
	  "use 1 to 64 of letters, digits and + - . _\n" },

	/* Groups and rights. */
	{ "groups is a text", DOMAIN "extensions:\n  201: {password: x, groups: sales}\n",
	  "f:3:30: extensions.201.groups: a text stands here; expected a list of group names, such "
	  "as [sales, office]\n" },
	{ "groups of wrong kinds",
	  DOMAIN "extensions:\n  201: {password: x, groups: [[a], {b: c}, \"\", d, d]}\n",
	  "f:3:31: extensions.201.groups[1]: a list stands here; expected the name of a group, "
	  "such "
	  "as sales\n"
	  "f:3:36: extensions.201.groups[2]: a map (KEY: VALUE) stands here; expected the name of "
	  "a "
	  "group, such as sales\n"
	  "f:3:44: extensions.201.groups[3]: the name is empty; expected the name of a group, such "
	  "as "
	  "sales\n"
	  "f:3:51: extensions.201.groups[5]: the group 'd' is named twice; remove one of them\n" },
	{ "too many groups",
	  DOMAIN "extensions:\n  201: {password: x, groups: [a, b, c, d, e, f, g, h, i]}\n",
	  "f:3:55: extensions.201.groups[9]: an extension can be in 8 groups; remove this one\n" },
	{ "mistyped visibility", "defaults: {visibility: number}\n" REST,
	  "f:1:24: defaults.visibility: 'number' is not known; did you mean 'numbers'?\n" },
	{ "unknown pickup", DOMAIN "extensions:\n  201: {password: x, pickup: everybody}\n",
	  "f:3:30: extensions.201.pickup: 'everybody' is not known; expected none, same-group, "
	  "all\n" },
	{ "pickup is a list", DOMAIN "extensions:\n  201: {password: x, pickup: [all]}\n",
	  "f:3:30: extensions.201.pickup: a list stands here; expected " PICKUP_REMEDY "\n" },
	{ "a group without a number", "groups: {sales: {}, door: 600}\n" REST,
	  "f:1:10: groups.sales.number: missing; add what is dialled for the group, such as "
	  "\"600\" (a group that only picks up calls for each other needs no entry here)\n"
	  "f:1:27: groups.door: a text stands here; expected a map with a number at least, such as "
	  "{number: \"600\", ring: all}\n" },
	{ "groups with numbers that cannot be",
	  "groups: {a: {number: \"*78\"}, b: {number: \"7\"}, c: {number: \"7\"},\n"
	  "         d: {number: \"201\", ring: round, time: 3}}\n" REST,
	  "f:1:14: groups.a.number: '*78' is no group number; use 1 to 64 of letters, digits and "
	  "+ "
	  "- . _\n"
	  "f:1:51: groups.c: another group has the number '7'; change one\n"
	  "f:2:35: groups.d.ring: 'round' is not known; expected all, in-turn\n"
	  "f:2:48: groups.d.time: '3' does not fit; expected whole seconds from 5 to 600, without "
	  "a "
	  "unit\n"
	  "f:4:14: extensions.201: a group has this number too; change one\n" },

	/* Forwards. */
	{ "forwards that lead nowhere",
	  DOMAIN "extensions:\n  201: {password: x, forward: {always: \"300\", busy: \"201\",\n"
		 "        no-answer: {after: 10}, sometimes: \"202\", unregistered: \"\"}}\n",
	  "f:3:40: extensions.201.forward.always: there is no extension, no group and no route for "
	  "the number '300'; add one, or choose a number that exists\n"
	  "f:3:53: extensions.201.forward.busy: '201' is forwarded to itself; choose another "
	  "number\n"
	  "f:4:9: extensions.201.forward.no-answer.to: missing; add where the calls go, such as "
	  "to: \"302\"\n"
	  "f:4:33: extensions.201.forward.sometimes: unknown key; the keys here are always, busy, "
	  "no-answer, unregistered\n"
	  "f:4:65: extensions.201.forward.unregistered: expected a number in quotes, such as "
	  "\"302\"\n" },
	{ "max-calls", DOMAIN "extensions:\n  201: {password: x, max-calls: many}\n",
	  "f:3:33: extensions.201.max-calls: 'many' does not fit; expected a whole number from 0 "
	  "to "
	  "1000\n" },
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
