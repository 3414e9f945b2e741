/* SPDX-License-Identifier: MIT */
/*
 * The directory: what it copies, what it refuses, and that it gives everything back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "pbx/directory.h"

static const uint64_t secret[2] = { 1, 2 };

#define assert_slice(actual, expected) assert_true(slice_eq((actual), SLICE(expected)))

static struct extension extension_of(const char *number, const char *group)
{
	struct extension extension = {
		.number = slice_from_cstr(number),
		.name = SLICE("Somebody"),
		.password = SLICE("secret"),
		.visibility = VISIBILITY_CALLS,
		.pickup = PICKUP_ALL,
	};

	if (group)
		extension.groups[extension.group_count++] = slice_from_cstr(group);
	return extension;
}

static void a_new_directory_has_the_defaults(void **state)
{
	struct directory *directory = directory_new(secret);

	(void)state;
	assert_non_null(directory);
	assert_int_equal(directory->refs, 1);
	assert_int_equal(directory->domain.n, 0);
	assert_int_equal(directory->listen_count, 2);
	assert_int_equal(directory->listen[0].transport, TRANSPORT_UDP);
	assert_int_equal(directory->listen[1].transport, TRANSPORT_TCP);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(directory->listen[i].addr.family, ADDR_IPV4);
		assert_int_equal(directory->listen[i].addr.port, 5060);
		assert_true(addr_is_any(&directory->listen[i].addr));
	}
	assert_int_equal(directory->pickup_code_count, 2);
	assert_slice(directory->pickup_codes[0], "**");
	assert_slice(directory->pickup_codes[1], "*8");
	assert_slice(directory->group_pickup_code, "*8");
	assert_int_equal(directory->expires_max_s, 3600);
	assert_int_equal(directory->ring_timeout_s, 60);
	assert_null(directory_find(directory, SLICE("201")));
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void an_extension_is_copied(void **state)
{
	struct directory *directory = directory_new(secret);
	char number[] = "201", group[] = "sales";
	struct extension extension = extension_of(number, group);
	const struct extension *found;

	(void)state;
	assert_int_equal(directory_add_extension(directory, &extension), 0);
	number[0] = group[0] = 'X';
	found = directory_find(directory, SLICE("201"));
	assert_non_null(found);
	assert_slice(found->number, "201");
	assert_slice(found->name, "Somebody");
	assert_slice(found->password, "secret");
	assert_int_equal(found->group_count, 1);
	assert_slice(found->groups[0], "sales");
	assert_int_equal(found->visibility, VISIBILITY_CALLS);
	assert_int_equal(found->pickup, PICKUP_ALL);
	assert_null(directory_find(directory, SLICE("20")));
	assert_null(directory_find(directory, SLICE("2011")));
	assert_null(directory_find(directory, SLICE_NONE));
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void an_extension_may_lack_everything_but_the_number(void **state)
{
	struct directory *directory = directory_new(secret);
	struct extension extension = { .number = SLICE("201") };

	(void)state;
	assert_int_equal(directory_add_extension(directory, &extension), 0);
	assert_int_equal(directory_find(directory, SLICE("201"))->name.n, 0);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void a_number_is_given_once(void **state)
{
	struct directory *directory = directory_new(secret);
	struct extension first = extension_of("201", "sales"), second = extension_of("201", NULL);

	(void)state;
	assert_int_equal(directory_add_extension(directory, &first), 0);
	assert_int_equal(directory_add_extension(directory, &second), ERR_EXISTS);
	assert_int_equal(directory_find(directory, SLICE("201"))->group_count, 1);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void there_can_be_many_extensions(void **state)
{
	struct directory *directory = directory_new(secret);
	char number[8];

	(void)state;
	for (uint64_t i = 1000; i < 3000; i++) {
		struct buf buf = BUF_ON(number);
		struct extension extension = extension_of(NULL, "sales");

		buf_u64(&buf, i);
		extension.number = buf_text(&buf);
		assert_int_equal(directory_add_extension(directory, &extension), 0);
	}
	assert_int_equal(directory->extensions.count, 2000);
	assert_slice(directory_find(directory, SLICE("2999"))->number, "2999");
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

/* Whom an extension is told of is written at the others; itself, strangers and the hidden do not
 * count. */
static void watchers_know_whom_they_are_told_of(void **state)
{
	static const struct slice watchers[] = { SLICE_INIT("201"), SLICE_INIT("202"),
						 SLICE_INIT("299") };
	static const struct visibility_rule hidden = { SCOPE_USER, SLICE_INIT("201"),
						       VISIBILITY_NONE };
	static const char *const numbers[] = { "201", "202", "203", "204" };
	struct directory *directory = directory_new(secret);
	struct number_list list;
	const struct extension *alice;

	(void)state;
	assert_int_equal(directory_keep_numbers(directory, watchers, 3, &list), 0);
	for (size_t i = 0; i < 4; i++) {
		struct extension extension = extension_of(numbers[i], NULL);

		if (i < 3)
			extension.notify = list;
		if (i == 2)
			extension.visibility_rules = (struct visibility_rules){ &hidden, 1 };
		assert_int_equal(directory_add_extension(directory, &extension), 0);
	}
	assert_int_equal(directory_link(directory), 0);
	alice = directory_find(directory, SLICE("201"));
	assert_int_equal(alice->told_count, 1);
	assert_slice(alice->told_of[0]->number, "202");
	assert_int_equal(directory_find(directory, SLICE("202"))->told_count, 2);
	assert_int_equal(directory_find(directory, SLICE("203"))->told_count, 0);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void lists_have_bounds(void **state)
{
	static struct slice numbers[DIRECTORY_LIST_MAX + 1];
	static struct visibility_rule rules[DIRECTORY_RULES_MAX + 1];
	struct directory *directory = directory_new(secret);
	struct visibility_rules kept_rules;
	struct number_list kept;

	(void)state;
	assert_int_equal(directory_keep_numbers(directory, numbers, ARRAY_LEN(numbers), &kept),
			 ERR_LIMIT);
	assert_int_equal(directory_keep_rules(directory, rules, ARRAY_LEN(rules), &kept_rules),
			 ERR_LIMIT);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void too_many_groups_and_codes_are_refused(void **state)
{
	struct directory *directory = directory_new(secret);
	struct extension extension = extension_of("201", "sales");
	char code[2] = "a";

	(void)state;
	extension.group_count = DIRECTORY_GROUPS_MAX + 1;
	assert_int_equal(directory_add_extension(directory, &extension), ERR_LIMIT);
	directory_clear_pickup_codes(directory);
	for (size_t i = 0; i < DIRECTORY_CODES_MAX; i++, code[0]++)
		assert_int_equal(directory_add_pickup_code(directory, slice_of(code, 1)), 0);
	assert_int_equal(directory_add_pickup_code(directory, slice_of(code, 1)), ERR_LIMIT);
	assert_int_equal(directory_add_pickup_code(directory, SLICE("a")), 0);
	assert_int_equal(directory->pickup_code_count, DIRECTORY_CODES_MAX);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void the_domain_is_lowered_and_replaced(void **state)
{
	struct directory *directory = directory_new(secret);

	(void)state;
	assert_int_equal(directory_set_domain(directory, SLICE("PBX.Example.com")), 0);
	assert_slice(directory->domain, "pbx.example.com");
	assert_int_equal(directory_set_domain(directory, SLICE("[2001:DB8::1]")), 0);
	assert_slice(directory->domain, "[2001:db8::1]");
	assert_int_equal(directory_set_group_pickup_code(directory, SLICE_NONE), 0);
	assert_int_equal(directory->group_pickup_code.n, 0);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void the_last_reference_frees(void **state)
{
	struct directory *directory = directory_new(secret);

	(void)state;
	assert_ptr_equal(directory_ref(directory), directory);
	directory_unref(directory);
	assert_int_equal(directory->refs, 1);
	directory_unref(directory);
	directory_unref(NULL);
	assert_int_equal(mem_count().blocks, 0);
}

static void groups_are_shared_by_name(void **state)
{
	struct extension a = extension_of("201", "sales"), b = extension_of("202", "office");
	struct extension c = extension_of("203", NULL);

	(void)state;
	assert_false(extension_shares_group(&a, &b));
	assert_false(extension_shares_group(&a, &c));
	assert_false(extension_shares_group(&c, &c));
	b.groups[b.group_count++] = SLICE("sales");
	assert_true(extension_shares_group(&a, &b));
	assert_true(extension_shares_group(&b, &a));
}

/* A directory with a domain, a code and an extension, or NULL when memory was refused. */
static struct directory *directory_build(void)
{
	struct directory *directory = directory_new(secret);
	struct extension extension = extension_of("201", "sales");

	if (!directory)
		return NULL;
	if (!directory_set_domain(directory, SLICE("pbx.example.com")) &&
	    !directory_add_pickup_code(directory, SLICE("*7")) &&
	    !directory_add_extension(directory, &extension))
		return directory;
	directory_unref(directory);
	return NULL;
}

static void every_refused_allocation_is_survived(void **state)
{
	struct directory *directory = NULL;
	uint64_t nth = 0;

	(void)state;
	while (!directory) {
		mem_refuse_nth(++nth);
		directory = directory_build();
		mem_refuse_nth(0);
		if (!directory)
			assert_int_equal(mem_count().blocks, 0);
		assert_true(nth < 100);
	}
	assert_true(nth > 5);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_directory_has_the_defaults),
		cmocka_unit_test(an_extension_is_copied),
		cmocka_unit_test(an_extension_may_lack_everything_but_the_number),
		cmocka_unit_test(a_number_is_given_once),
		cmocka_unit_test(there_can_be_many_extensions),
		cmocka_unit_test(watchers_know_whom_they_are_told_of),
		cmocka_unit_test(lists_have_bounds),
		cmocka_unit_test(too_many_groups_and_codes_are_refused),
		cmocka_unit_test(the_domain_is_lowered_and_replaced),
		cmocka_unit_test(the_last_reference_frees),
		cmocka_unit_test(groups_are_shared_by_name),
		cmocka_unit_test(every_refused_allocation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
