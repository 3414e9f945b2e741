/* SPDX-License-Identifier: MIT */
/*
 * Slices: comparing, cutting, trimming and reading numbers, always up to the last readable byte.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/slice.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void slices_compare_by_bytes(void **state)
{
	static const struct {
		const char *name;
		struct slice a, b;
		bool is_eq, is_eq_nocase, is_prefix; /* b is a prefix of a */
	} cases[] = {
		{ "both empty", SLICE_INIT(""), SLICE_INIT(""), true, true, true },
		{ "none is empty", { NULL, 0 }, SLICE_INIT(""), true, true, true },
		{ "one empty", SLICE_INIT("a"), SLICE_INIT(""), false, false, true },
		{ "same", SLICE_INIT("Via"), SLICE_INIT("Via"), true, true, true },
		{ "case", SLICE_INIT("Via"), SLICE_INIT("vIA"), false, true, false },
		{ "prefix", SLICE_INIT("Call-ID"), SLICE_INIT("Call"), false, false, true },
		{ "longer", SLICE_INIT("Call"), SLICE_INIT("Call-ID"), false, false, false },
		{ "at and backquote", SLICE_INIT("@"), SLICE_INIT("`"), false, false, false },
		{ "brackets", SLICE_INIT("["), SLICE_INIT("{"), false, false, false },
		{ "NUL inside", SLICE_INIT("a\0b"), SLICE_INIT("a\0c"), false, false, false },
		{ "high bytes", SLICE_INIT("\xc4"), SLICE_INIT("\xe4"), false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded a = guarded_copy(cases[i].a);
		struct guarded b = guarded_copy(cases[i].b);

		if (slice_eq(a.text, b.text) != cases[i].is_eq ||
		    slice_eq(b.text, a.text) != cases[i].is_eq ||
		    slice_eq_nocase(a.text, b.text) != cases[i].is_eq_nocase ||
		    slice_starts_with(a.text, b.text) != cases[i].is_prefix)
			fail_msg("%s", cases[i].name);
		guarded_free(&a);
		guarded_free(&b);
	}
}

static void numbers_are_digits_within_a_bound(void **state)
{
	static const struct {
		struct slice text;
		uint32_t max;
		int err;
		uint32_t value;
	} cases[] = {
		{ SLICE_INIT("0"), 0, 0, 0 },
		{ SLICE_INIT("5060"), 65535, 0, 5060 },
		{ SLICE_INIT("65535"), 65535, 0, 65535 },
		{ SLICE_INIT("65536"), 65535, ERR_RANGE, 0 },
		{ SLICE_INIT("0000000000000000000000007"), 9, 0, 7 },
		{ SLICE_INIT("4294967295"), UINT32_MAX, 0, UINT32_MAX },
		{ SLICE_INIT("4294967296"), UINT32_MAX, ERR_RANGE, 0 },
		{ SLICE_INIT("18446744073709551617"), UINT32_MAX, ERR_RANGE, 0 },
		{ SLICE_INIT("99999999999999999999999999x"), UINT32_MAX, ERR_SYNTAX, 0 },
		{ SLICE_INIT(""), 9, ERR_SYNTAX, 0 },
		{ SLICE_INIT("-1"), 9, ERR_SYNTAX, 0 },
		{ SLICE_INIT("+1"), 9, ERR_SYNTAX, 0 },
		{ SLICE_INIT(" 1"), 9, ERR_SYNTAX, 0 },
		{ SLICE_INIT("1\0"), 9, ERR_SYNTAX, 0 },
		{ SLICE_INIT("0x1"), 9, ERR_SYNTAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].text);
		uint32_t value = 0;

		if (slice_to_u32(text.text, cases[i].max, &value) != cases[i].err ||
		    value != cases[i].value)
			fail_msg("\"%.*s\"", SLICE_ARGS(cases[i].text));
		guarded_free(&text);
	}
}

static void a_failed_number_leaves_the_result_alone(void **state)
{
	uint32_t value = 42;

	(void)state;
	assert_int_equal(slice_to_u32(SLICE("10"), 9, &value), ERR_RANGE);
	assert_int_equal(slice_to_u32(SLICE("x"), 9, &value), ERR_SYNTAX);
	assert_int_equal(value, 42);
}

static void trimming_takes_both_ends(void **state)
{
	static const struct {
		struct slice text, expected;
	} cases[] = {
		{ SLICE_INIT(""), SLICE_INIT("") },
		{ SLICE_INIT(" \t\r\n"), SLICE_INIT("") },
		{ SLICE_INIT("a"), SLICE_INIT("a") },
		{ SLICE_INIT("  a b\t"), SLICE_INIT("a b") },
		{ SLICE_INIT("\r\n a\r\n"), SLICE_INIT("a") },
		{ SLICE_INIT("\va\f"), SLICE_INIT("\va\f") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].text);

		if (!slice_eq(slice_trim(text.text), cases[i].expected))
			fail_msg("case %zu", i);
		guarded_free(&text);
	}
}

static void cutting_splits_at_the_first_hit(void **state)
{
	static const struct {
		struct slice text, head, tail;
		bool is_cut;
	} cases[] = {
		{ SLICE_INIT(""), SLICE_INIT(""), { NULL, 0 }, false },
		{ SLICE_INIT("ab"), SLICE_INIT("ab"), { NULL, 0 }, false },
		{ SLICE_INIT(";"), SLICE_INIT(""), SLICE_INIT(""), true },
		{ SLICE_INIT("a;"), SLICE_INIT("a"), SLICE_INIT(""), true },
		{ SLICE_INIT(";b"), SLICE_INIT(""), SLICE_INIT("b"), true },
		{ SLICE_INIT("a;b;c"), SLICE_INIT("a"), SLICE_INIT("b;c"), true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].text);
		struct slice head, tail;

		if (slice_cut(text.text, ';', &head, &tail) != cases[i].is_cut ||
		    !slice_eq(head, cases[i].head) || !slice_eq(tail, cases[i].tail))
			fail_msg("case %zu", i);
		guarded_free(&text);
	}
}

static void offsets_are_clamped(void **state)
{
	struct slice text = SLICE("abc");

	(void)state;
	assert_true(slice_eq(slice_head(text, 2), SLICE("ab")));
	assert_true(slice_eq(slice_head(text, 4), text));
	assert_true(slice_eq(slice_from(text, 1), SLICE("bc")));
	assert_int_equal(slice_from(text, 3).n, 0);
	assert_int_equal(slice_from(text, SIZE_MAX).n, 0);
	assert_ptr_equal(slice_from(text, SIZE_MAX).p, text.p + 3);
	assert_int_equal(slice_from(SLICE_NONE, 1).n, 0);
	assert_int_equal(slice_find_char(text, 'c'), 2);
	assert_int_equal(slice_find_char(text, 'd'), 3);
	assert_int_equal(slice_find_char(SLICE_NONE, 'd'), 0);
}

static void kept_text_is_a_counted_copy(void **state)
{
	struct mem_count before = mem_count();
	struct slice text = SLICE("outlives");
	struct slice copy;

	(void)state;
	assert_int_equal(slice_keep(text, &copy), 0);
	assert_true(slice_eq(copy, text));
	assert_ptr_not_equal(copy.p, text.p);
	assert_true(mem_count().bytes >= before.bytes + text.n);
	mem_free((char *)copy.p);
	assert_int_equal(slice_keep(SLICE(""), &copy), 0);
	assert_null(copy.p);
	assert_int_equal(mem_count().blocks, before.blocks);
}

static void keeping_copes_with_refused_memory(void **state)
{
	struct slice copy = SLICE("untouched");

	(void)state;
	mem_refuse_nth(1);
	assert_int_equal(slice_keep(SLICE("text"), &copy), ERR_NOMEM);
	assert_true(slice_eq(copy, SLICE("untouched")));
}

static void a_mistyped_word_is_recognized(void **state)
{
	static const struct slice words[] = { SLICE_INIT("hold"), SLICE_INIT("hangup"),
					      SLICE_INIT("answer"), SLICE_INIT("dnd") };
	static const struct {
		struct slice word, meant;
	} cases[] = {
		{ SLICE_INIT("hodl"), SLICE_INIT("hold") },
		{ SLICE_INIT("Hangup"), SLICE_INIT("hangup") },
		{ SLICE_INIT("hang-upp"), SLICE_INIT("hangup") },
		{ SLICE_INIT("anwser"), SLICE_INIT("answer") },
		{ SLICE_INIT("dn"), SLICE_INIT("dnd") },
		{ SLICE_INIT("ho"), SLICE_INIT("") },
		{ SLICE_INIT("resume"), SLICE_INIT("") },
		{ SLICE_INIT("a"), SLICE_INIT("") },
		{ SLICE_INIT(""), SLICE_INIT("") },
		{ SLICE_INIT("answeransweransweransweransweranswer"), SLICE_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded word = guarded_copy(cases[i].word);
		struct slice near = slice_nearest(word.text, words, ARRAY_LEN(words));

		if (!slice_eq(near, cases[i].meant))
			fail_msg("%.*s: %.*s", SLICE_ARGS(cases[i].word), SLICE_ARGS(near));
		guarded_free(&word);
	}
}

/* Numbers are all alike: one that could be each of its neighbours is none of them. */
static void a_number_is_like_its_neighbours(void **state)
{
	struct nearest nearest;

	(void)state;
	nearest_start(&nearest, SLICE("209"));
	nearest_offer(&nearest, SLICE("301"));
	assert_int_equal(nearest.best.n, 0);
	assert_false(nearest.is_tied);
	nearest_offer(&nearest, SLICE("201"));
	assert_false(nearest.is_tied);
	nearest_offer(&nearest, SLICE("202"));
	assert_true(nearest.is_tied);
	nearest_offer(&nearest, SLICE("209"));
	assert_false(nearest.is_tied);
	assert_true(slice_eq(nearest.best, SLICE("209")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare_by_bytes),
		cmocka_unit_test(numbers_are_digits_within_a_bound),
		cmocka_unit_test(a_failed_number_leaves_the_result_alone),
		cmocka_unit_test(trimming_takes_both_ends),
		cmocka_unit_test(cutting_splits_at_the_first_hit),
		cmocka_unit_test(offsets_are_clamped),
		cmocka_unit_test(kept_text_is_a_counted_copy),
		cmocka_unit_test(keeping_copes_with_refused_memory),
		cmocka_unit_test(a_mistyped_word_is_recognized),
		cmocka_unit_test(a_number_is_like_its_neighbours),
	};

	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
