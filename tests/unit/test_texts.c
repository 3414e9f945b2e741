/* SPDX-License-Identifier: MIT */
/*
 * Texts in one block: each comes back as it was kept, some may be set anew from those that are
 * there, and what is refused changes nothing.
 */
#include "base/texts.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT 3

struct texts {
	char *block;
	uint16_t ends[COUNT];
};

static int keep(struct texts *texts, struct slice a, struct slice b, struct slice c)
{
	const struct slice all[COUNT] = { a, b, c };

	return texts_keep(&texts->block, texts->ends, all, COUNT);
}

static struct slice get(const struct texts *texts, size_t index)
{
	return texts_get(texts->block, texts->ends, index);
}

static void assert_texts(const struct texts *texts, const char *a, const char *b, const char *c)
{
	assert_true(slice_eq(get(texts, 0), slice_from_cstr(a)));
	assert_true(slice_eq(get(texts, 1), slice_from_cstr(b)));
	assert_true(slice_eq(get(texts, 2), slice_from_cstr(c)));
}

static void texts_come_back(void **state)
{
	struct texts texts = { 0 };

	(void)state;
	assert_texts(&texts, "", "", "");
	assert_int_equal(keep(&texts, SLICE("one"), SLICE_NONE, SLICE("three")), 0);
	assert_texts(&texts, "one", "", "three");
	assert_int_equal(keep(&texts, get(&texts, 2), SLICE("two"), get(&texts, 0)), 0);
	assert_texts(&texts, "three", "two", "one");
	assert_int_equal(keep(&texts, SLICE_NONE, SLICE_NONE, SLICE_NONE), 0);
	assert_texts(&texts, "", "", "");
	mem_free(texts.block);
}

static void the_same_texts_need_no_memory(void **state)
{
	struct texts texts = { 0 };
	uint64_t allocs;

	(void)state;
	assert_int_equal(keep(&texts, SLICE("one"), SLICE_NONE, SLICE("three")), 0);
	allocs = mem_count().allocs;
	assert_int_equal(keep(&texts, SLICE("one"), SLICE_NONE, SLICE("three")), 0);
	assert_int_equal(mem_count().allocs, allocs);
	/* The same bytes, divided otherwise, are others. */
	assert_int_equal(keep(&texts, SLICE("onet"), SLICE_NONE, SLICE("hree")), 0);
	assert_texts(&texts, "onet", "", "hree");
	mem_free(texts.block);
}

static void what_is_refused_changes_nothing(void **state)
{
	static char large[UINT16_MAX];
	struct texts texts = { 0 };

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_int_equal(keep(&texts, SLICE("one"), SLICE("two"), SLICE("three")), 0);
	mem_refuse_nth(1);
	assert_int_equal(keep(&texts, SLICE("1"), SLICE("2"), SLICE("3")), ERR_NOMEM);
	assert_texts(&texts, "one", "two", "three");
	assert_int_equal(keep(&texts, SLICE("1"), slice_of(large, sizeof(large)), SLICE_NONE),
			 ERR_LIMIT);
	assert_texts(&texts, "one", "two", "three");
	assert_int_equal(keep(&texts, SLICE_NONE, slice_of(large, sizeof(large)), SLICE_NONE), 0);
	assert_int_equal(get(&texts, 1).n, sizeof(large));
	assert_int_equal(get(&texts, 2).n, 0);
	mem_free(texts.block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back),
		cmocka_unit_test(the_same_texts_need_no_memory),
		cmocka_unit_test(what_is_refused_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
