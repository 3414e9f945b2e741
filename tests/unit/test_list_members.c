/* SPDX-License-Identifier: MIT */
/*
 * Who is on which list, and for whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "pbx/list_members.h"

static void add(struct directory *directory, const char *number, const char *name,
		const char *group, enum visibility visibility, const struct slice *keys,
		size_t key_count)
{
	struct extension extension = {
		.number = slice_from_cstr(number),
		.name = slice_from_cstr(name),
		.visibility = visibility,
	};

	if (group)
		extension.groups[extension.group_count++] = slice_from_cstr(group);
	assert_int_equal(directory_keep_numbers(directory, keys, key_count, &extension.keys), 0);
	assert_int_equal(directory_add_extension(directory, &extension), 0);
}

/* 201 has all on its keys, and two orbits of which one is there; 204 shows nothing to anybody. */
static struct directory *office(void)
{
	static const struct slice keys[] = { SLICE_INIT("205"), SLICE_INIT("202"),
					     SLICE_INIT("204"), SLICE_INIT("201"),
					     SLICE_INIT("299"), SLICE_INIT("*852"),
					     SLICE_INIT("*854") };
	static const struct park_config park = { .code = SLICE_INIT("*85"), .orbits = 3 };
	struct directory *directory = directory_new((const uint64_t[2]){ 1, 2 });

	assert_int_equal(directory_add_group(directory, &(struct group){ .name = SLICE("sales"),
									 .number = SLICE("600") }),
			 0);
	assert_int_equal(directory_set_park(directory, &park), 0);
	add(directory, "201", "Alice", "sales", VISIBILITY_NUMBERS, keys, ARRAY_LEN(keys));
	add(directory, "202", "Bob", "sales", VISIBILITY_BUSY, NULL, 0);
	add(directory, "203", "Carol", "sales", VISIBILITY_CALLS, keys, 1);
	add(directory, "204", "Dave", "sales", VISIBILITY_NONE, NULL, 0);
	add(directory, "205", "", NULL, VISIBILITY_NUMBERS, NULL, 0);
	return directory;
}

static const struct {
	const char *user, *viewer;
	const char *expected; /* "title: number number"; NULL: no such list */
} cases[] = {
	{ "keys-201", "201", "Alice: 205 202 201 *852 " },
	{ "keys-203", "203", "Carol: 205 " },
	{ "keys-201", "202", NULL }, /* somebody else's */
	{ "keys-202", "202", NULL }, /* has no keys */
	{ "keys-299", "201", NULL }, /* nobody */
	{ "keys-sales", "202", "sales: 201 203 " },
	{ "keys-sales", "204", "sales: 201 202 203 " },
	{ "keys-sales", "205", NULL }, /* not a member */
	{ "keys-Sales", "202", NULL },
	{ "keys-600", "202", NULL },
	{ "keys-", "201", NULL },
	{ "keys", "201", NULL },
	{ "201", "201", NULL },
	{ "", "201", NULL },
};

static void a_list_has_whom_its_viewer_may_see(void **state)
{
	struct directory *directory = office();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct list_members members;
		char text[128];
		size_t n = 0;
		bool is_found = list_members_find(
			directory, slice_from_cstr(cases[i].user),
			directory_find(directory, slice_from_cstr(cases[i].viewer)), &members);

		if (is_found != (cases[i].expected != NULL))
			fail_msg("%s for %s", cases[i].user, cases[i].viewer);
		if (!is_found)
			continue;
		n += (size_t)snprintf(text, sizeof(text), "%.*s: ", SLICE_ARGS(members.title));
		for (size_t k = 0; k < members.count; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ",
					      SLICE_ARGS(members.members[k].number));
		assert_string_equal(text, cases[i].expected);
	}
	directory_unref(directory);
}

static void a_list_has_an_end(void **state)
{
	struct directory *directory = directory_new((const uint64_t[2]){ 1, 2 });
	struct list_members members;

	(void)state;
	assert_int_equal(directory_add_group(directory, &(struct group){ .name = SLICE("all"),
									 .number = SLICE("600") }),
			 0);
	for (unsigned i = 0; i < LIST_MEMBERS_MAX + 2; i++) {
		char number[8];

		snprintf(number, sizeof(number), "%u", 1000 + i);
		add(directory, number, "", "all", VISIBILITY_BUSY, NULL, 0);
	}
	assert_true(list_members_find(directory, SLICE("keys-all"),
				      directory_find(directory, SLICE("1000")), &members));
	assert_int_equal(members.count, LIST_MEMBERS_MAX);
	assert_true(slice_eq(members.members[0].number, SLICE("1001")));
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_whom_its_viewer_may_see),
		cmocka_unit_test(a_list_has_an_end),
	};

	return cmocka_run_group_tests_name("list_members", tests, NULL, NULL);
}
