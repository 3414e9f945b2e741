/* SPDX-License-Identifier: MIT */
/*
 * What documents in full and partial state add up to (RFC 4235 4.1, 4.3).
 */
#include "base/check.h"
#include "base/mem.h"
#include "core/dialog_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define STEPS_MAX 6

/* A document of dialogs named by one letter each: small is early, large is confirmed. */
struct step {
	enum { END, FULL, PARTIAL, ASKED, RESTART } what;
	uint32_t version;
	const char *dialogs; /* after '-' stand those that are terminated */
	enum dialog_set_verdict verdict;
	const char *kept;
};

static const struct sequence {
	const char *name;
	struct step steps[STEPS_MAX];
} sequences[] = {
	{ "full state forgets what it does not name",
	  { { FULL, 0, "ab", DIALOG_SET_TAKEN, "ab" }, { FULL, 1, "C", DIALOG_SET_TAKEN, "C" } } },
	{ "terminated ones are not kept",
	  { { FULL, 0, "a-b", DIALOG_SET_TAKEN, "a" }, { FULL, 1, "-a", DIALOG_SET_TAKEN, "" } } },
	{ "partial state changes what it names",
	  { { FULL, 10, "a", DIALOG_SET_TAKEN, "a" },
	    { PARTIAL, 11, "b", DIALOG_SET_TAKEN, "ab" },
	    { PARTIAL, 12, "", DIALOG_SET_TAKEN, "ab" },
	    { PARTIAL, 13, "A", DIALOG_SET_TAKEN, "Ab" },
	    { PARTIAL, 14, "c-a", DIALOG_SET_TAKEN, "bc" },
	    { PARTIAL, 15, "-x", DIALOG_SET_TAKEN, "bc" } } },
	{ "old versions are ignored, full ones too",
	  { { FULL, 10, "a", DIALOG_SET_TAKEN, "a" },
	    { FULL, 10, "", DIALOG_SET_OLD, "a" },
	    { FULL, 9, "", DIALOG_SET_OLD, "a" },
	    { PARTIAL, 10, "-a", DIALOG_SET_OLD, "a" },
	    { FULL, 4000000000, "", DIALOG_SET_TAKEN, "" } } },
	{ "a gap is taken and told; a full document has none",
	  { { FULL, 1, "", DIALOG_SET_TAKEN, "" },
	    { FULL, 7, "a", DIALOG_SET_TAKEN, "a" },
	    { PARTIAL, 9, "b", DIALOG_SET_GAP, "ab" },
	    { FULL, 10, "B", DIALOG_SET_TAKEN, "B" } } },
	{ "the first is partial", { { PARTIAL, 3, "a", DIALOG_SET_GAP, "a" } } },
	{ "who was asked for full state and answers in part has no more to say",
	  { { PARTIAL, 3, "a", DIALOG_SET_GAP, "a" },
	    { ASKED, 0, "", DIALOG_SET_TAKEN, "a" },
	    { PARTIAL, 9, "A", DIALOG_SET_TAKEN, "A" },
	    { PARTIAL, 11, "A", DIALOG_SET_GAP, "A" } } },
	{ "a new subscription counts anew, and the dialogs stay till it speaks",
	  { { FULL, 900, "a", DIALOG_SET_TAKEN, "a" },
	    { RESTART, 0, "", DIALOG_SET_TAKEN, "a" },
	    { FULL, 0, "A", DIALOG_SET_TAKEN, "A" } } },
};

static struct dialog_info info_of(const struct step *step)
{
	struct dialog_info info = { .version = step->version, .is_partial = step->what == PARTIAL };
	bool has_ended = false;

	for (const char *at = step->dialogs; *at; at++) {
		static const char ids[] = "abcdefghijklmnopqrstuvwxyz";
		bool is_early = *at >= 'a';

		if (*at == '-') {
			has_ended = true;
			continue;
		}
		info.dialogs[info.dialog_count++] = (struct dialog_entry){
			.id = slice_of(&ids[(*at | 0x20) - 'a'], 1),
			.state = has_ended  ? DIALOG_TERMINATED
				 : is_early ? DIALOG_EARLY
					    : DIALOG_CONFIRMED,
		};
	}
	return info;
}

static enum dialog_set_verdict step_take(struct dialog_set *set, const struct step *step)
{
	struct dialog_info info = info_of(step);

	switch (step->what) {
	case FULL:
	case PARTIAL:
		return dialog_set_take(set, &info);
	case ASKED:
		dialog_set_on_asked(set);
		break;
	case RESTART:
		dialog_set_restart(set);
		break;
	case END:
		break;
	}
	return DIALOG_SET_TAKEN;
}

static void expect_kept(const char *name, const struct dialog_set *set, const char *kept)
{
	char is[DIALOG_INFO_MAX + 1] = "";

	for (size_t i = 0; i < set->count; i++) {
		const struct dialog_entry *entry = &set->dialogs[i]->entry;

		is[i] = (char)(entry->state == DIALOG_CONFIRMED ? entry->id.p[0] & ~0x20
								: entry->id.p[0]);
	}
	if (strcmp(is, kept) != 0)
		fail_msg("%s: %s is kept, not %s", name, is, kept);
}

static void sequences_add_up(void **state)
{
	struct mem_count before = mem_count();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		struct dialog_set set = { 0 };

		for (size_t k = 0; k < STEPS_MAX && sequences[i].steps[k].what != END; k++) {
			const struct step *step = &sequences[i].steps[k];

			if (step_take(&set, step) != step->verdict)
				fail_msg("%s, step %zu: another verdict", sequences[i].name, k);
			expect_kept(sequences[i].name, &set, step->kept);
		}
		dialog_set_clear(&set);
		assert_int_equal(mem_count().blocks, before.blocks);
	}
}

/* Every slice that an entry has, each pointing into `texts`. */
static void entry_fill(struct dialog_entry *entry, char *texts)
{
	struct slice *fields[] = {
		&entry->id,
		&entry->call_id,
		&entry->local_tag,
		&entry->remote_tag,
		&entry->event,
		&entry->replaces.call_id,
		&entry->replaces.local_tag,
		&entry->replaces.remote_tag,
		&entry->referred_by_display,
		&entry->referred_by,
		&entry->local.display,
		&entry->local.identity,
		&entry->local.target,
		&entry->remote.display,
		&entry->remote.identity,
		&entry->remote.target,
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		texts[i] = (char)('A' + i);
		*fields[i] = slice_of(&texts[i], 1);
	}
}

static void what_is_kept_outlives_the_document(void **state)
{
	struct dialog_info info = { .dialog_count = 1 };
	struct dialog_set set = { 0 };
	char was_text[2048], is_text[2048], texts[64];
	struct buf was = BUF_ON(was_text), is = BUF_ON(is_text);

	(void)state;
	info.dialogs[0].state = DIALOG_EARLY;
	entry_fill(&info.dialogs[0], texts);
	dialog_info_print(&was, &info);
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	memset(texts, '#', sizeof(texts));
	info.dialogs[0] = set.dialogs[0]->entry;
	dialog_info_print(&is, &info);
	assert_false(is.is_overflown);
	assert_true(slice_eq(buf_text(&is), buf_text(&was)));
	dialog_set_clear(&set);
}

static void more_than_fit_leave_the_older_ones(void **state)
{
	struct dialog_set set = { 0 };
	struct dialog_info info = { .dialog_count = DIALOG_INFO_MAX };
	char ids[2 * DIALOG_INFO_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(ids); i++)
		ids[i] = (char)(1 + i);
	for (size_t i = 0; i < DIALOG_INFO_MAX; i++)
		info.dialogs[i].id = slice_of(&ids[i], 1);
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	info.version = 1;
	info.is_partial = true;
	for (size_t i = 0; i < DIALOG_INFO_MAX; i++)
		info.dialogs[i].id = slice_of(&ids[DIALOG_INFO_MAX + i], 1);
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	assert_int_equal(set.count, DIALOG_INFO_MAX);
	for (size_t i = 0; i < DIALOG_INFO_MAX; i++)
		assert_int_equal(set.dialogs[i]->entry.id.p[0], ids[i]);
	dialog_set_clear(&set);
}

/* "id:event" of each dialog that went, with '-' where nothing was said of it. */
static char gone[64];

static void on_gone(struct dialog_set *set, const struct dialog_entry *kept,
		    const struct dialog_entry *last)
{
	size_t n = strlen(gone);

	(void)set;
	snprintf(gone + n, sizeof(gone) - n, "%.*s:%.*s ", SLICE_ARGS(kept->id),
		 SLICE_ARGS(last ? last->event : SLICE("-")));
}

static void what_goes_is_told_with_its_last_word(void **state)
{
	struct dialog_set set = { .on_gone = on_gone };
	struct dialog_info info = info_of(&(struct step){ FULL, 0, "abcd", 0, NULL });

	(void)state;
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	assert_string_equal(gone, "");
	info = info_of(&(struct step){ PARTIAL, 1, "A-bx", 0, NULL });
	info.dialogs[1].event = SLICE("cancelled");
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	assert_string_equal(gone, "b:cancelled ");
	info = info_of(&(struct step){ FULL, 2, "A", 0, NULL });
	mem_refuse_nth(1);
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_REFUSED);
	mem_refuse_nth(0);
	assert_string_equal(gone, "b:cancelled ");
	assert_int_equal(dialog_set_take(&set, &info), DIALOG_SET_TAKEN);
	assert_string_equal(gone, "b:cancelled c:- d:- ");
	dialog_set_clear(&set);
	assert_string_equal(gone, "b:cancelled c:- d:- a:- ");
}

static void a_document_is_taken_whole_or_not_at_all(void **state)
{
	const struct step first = { FULL, 0, "ab", DIALOG_SET_TAKEN, "ab" };
	const struct step second = { FULL, 1, "ABc", DIALOG_SET_TAKEN, "ABc" };
	struct mem_count before = mem_count();
	struct dialog_set set = { 0 };

	(void)state;
	assert_int_equal(step_take(&set, &first), DIALOG_SET_TAKEN);
	for (uint64_t nth = 1; nth <= 3; nth++) {
		mem_refuse_nth(nth);
		assert_int_equal(step_take(&set, &second), DIALOG_SET_REFUSED);
		expect_kept("refused", &set, "ab");
	}
	mem_refuse_nth(0);
	assert_int_equal(step_take(&set, &second), DIALOG_SET_TAKEN);
	expect_kept("taken", &set, "ABc");
	dialog_set_clear(&set);
	assert_int_equal(mem_count().blocks, before.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_add_up),
		cmocka_unit_test(what_is_kept_outlives_the_document),
		cmocka_unit_test(more_than_fit_leave_the_older_ones),
		cmocka_unit_test(what_goes_is_told_with_its_last_word),
		cmocka_unit_test(a_document_is_taken_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("dialog_set", tests, NULL, NULL);
}
