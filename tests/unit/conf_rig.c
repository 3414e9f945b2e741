/* SPDX-License-Identifier: MIT */
/*
 * Texts of the configuration, and what is said of them, for tests.
 */
#include "conf_rig.h"

#include "base/err.h"
#include "base/mem.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const uint64_t conf_rig_secret[2] = { 1, 2 };
struct conf_report report;

int conf_rig_read(struct slice text, struct directory **ret_directory)
{
	struct guarded guarded = guarded_copy(text);
	int err = conf_read(guarded.text, SLICE("f"), conf_rig_secret, &report, ret_directory);

	guarded_free(&guarded);
	return err;
}

struct directory *conf_rig_read_good(const char *yaml)
{
	struct directory *directory = NULL;
	int err = conf_rig_read(slice_from_cstr(yaml), &directory);

	if (err || report.count > 0)
		fail_msg("%s: %s", yaml, report.count ? report.mistakes[0].text : err_text(err));
	return directory;
}

void conf_rig_try_prefixes(struct slice text)
{
	for (size_t n = 0; n <= text.n; n++) {
		struct directory *directory = NULL;
		int err = conf_rig_read(slice_head(text, n), &directory);

		assert_true(err == 0 || err == ERR_SYNTAX);
		assert_true((err == 0) == (directory != NULL));
		assert_true((err == 0) == (report.count == 0));
		directory_unref(directory);
		assert_int_equal(mem_count().blocks, 0);
	}
}

uint64_t conf_rig_refuse_memory(struct slice text)
{
	struct directory *directory = NULL;
	uint64_t nth = 0;

	while (!directory) {
		int err;

		mem_refuse_nth(++nth);
		err = conf_rig_read(text, &directory);
		mem_refuse_nth(0);
		assert_int_equal(report.count, 0);
		assert_int_equal(err, directory ? 0 : ERR_NOMEM);
		if (!directory)
			assert_int_equal(mem_count().blocks, 0);
	}
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
	return nth;
}

void conf_rig_expect_good(const struct conf_rig_good *good)
{
	struct directory *directory = conf_rig_read_good(good->yaml);

	good->check(directory);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
	conf_rig_try_prefixes(slice_from_cstr(good->yaml));
}

void conf_rig_expect_bad(const char *name, const char *yaml, const char *lines)
{
	static char told[CONF_MISTAKES_MAX * CONF_MISTAKE_MAX_BYTES];
	struct slice text = slice_from_cstr(yaml);
	struct directory *directory = NULL;
	struct buf buf = BUF_ON(told);
	int err = conf_rig_read(text, &directory);

	for (size_t i = 0; i < report.count; i++) {
		buf_cstr(&buf, report.mistakes[i].text);
		buf_char(&buf, '\n');
	}
	if (!slice_eq(buf_text(&buf), slice_from_cstr(lines)))
		fail_msg("%s:\n%.*sexpected:\n%s", name, SLICE_ARGS(buf_text(&buf)), lines);
	assert_int_equal(err, ERR_SYNTAX);
	assert_null(directory);
	assert_int_equal(report.left_out, 0);
	assert_int_equal(mem_count().blocks, 0);
	conf_rig_try_prefixes(text);
}
