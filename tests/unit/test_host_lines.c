/* SPDX-License-Identifier: MIT */
/*
 * Lines from pipes, files and terminals.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void on_line(void *ctx, struct slice line, bool is_end)
{
	struct rig *rig = ctx;

	rig_append(rig->text, &rig->text_n, is_end ? SLICE("(end)") : line);
	rig->messages += is_end;
}

static void write_all(int fd, struct slice text)
{
	assert_int_equal(write(fd, text.p, text.n), text.n);
}

static const struct {
	const char *name;
	struct slice input;
	const char *expected;
} line_rows[] = {
	{ "nothing", SLICE_INIT(""), "(end)|" },
	{ "one", SLICE_INIT("dial 202\n"), "dial 202|(end)|" },
	{ "two with CRLF", SLICE_INIT("dial 202\r\nquit\r\n"), "dial 202|quit|(end)|" },
	{ "an empty one", SLICE_INIT("\n\na\n"), "||a|(end)|" },
	{ "without an end", SLICE_INIT("a\nquit"), "a|quit|(end)|" },
	{ "a NUL inside", SLICE_INIT("a\0b\n"), NULL },
};

static void lines_from_a_pipe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
		struct rig rig;
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		rig_init(&rig, NULL);
		assert_int_equal(host_read_lines(rig.host, fds[0], on_line, &rig), 0);
		assert_int_equal(host_read_lines(rig.host, fds[0], on_line, &rig), ERR_STATE);
		write_all(fds[1], line_rows[i].input);
		close(fds[1]);
		if (!run_until(&rig, has_messages, 1))
			fail_msg("%s: no end", line_rows[i].name);
		if (line_rows[i].expected)
			expect_text(&rig, line_rows[i].expected);
		else
			assert_memory_equal(rig.text, "a\0b|(end)|", rig.text_n);
		rig_fini(&rig);
		close(fds[0]);
	}
}

static void lines_from_a_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
		FILE *file = tmpfile();
		struct rig rig;

		assert_non_null(file);
		write_all(fileno(file), line_rows[i].input);
		assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
		rig_init(&rig, NULL);
		assert_int_equal(host_read_lines(rig.host, fileno(file), on_line, &rig), 0);
		if (!run_until(&rig, has_messages, 1))
			fail_msg("%s: no end", line_rows[i].name);
		if (line_rows[i].expected)
			expect_text(&rig, line_rows[i].expected);
		rig_fini(&rig);
		fclose(file);
	}
}

static void lines_from_dev_null_end_at_once(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rig rig;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(host_read_lines(rig.host, fd, on_line, &rig), 0);
	assert_true(run_until(&rig, has_messages, 1));
	expect_text(&rig, "(end)|");
	rig_fini(&rig);
	close(fd);
}

static void lines_from_a_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct rig rig;
	int fd;

	(void)state;
	if (master < 0 || grantpt(master) || unlockpt(master))
		skip();
	fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	rig_init(&rig, NULL);
	assert_int_equal(host_read_lines(rig.host, fd, on_line, &rig), 0);
	write_all(master, SLICE("press 1\n"));
	assert_true(run_until(&rig, has_turns, rig.turns + 1));
	expect_text(&rig, "press 1|");
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	write_all(master, SLICE("\4")); /* the terminal's end of input */
	assert_true(run_until(&rig, has_messages, 1));
	expect_text(&rig, "press 1|(end)|");
	rig_fini(&rig);
	close(fd);
	close(master);
}

static void lines_too_long_are_skipped(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		bool is_taken;
	} rows[] = {
		{ "the longest", HOST_LINE_MAX_BYTES, true },
		{ "one more", HOST_LINE_MAX_BYTES + 1, false },
		{ "two more", HOST_LINE_MAX_BYTES + 2, false },
		{ "three more", HOST_LINE_MAX_BYTES + 3, false },
		{ "much more", 5 * HOST_LINE_MAX_BYTES, false },
	};
	static char text[5 * HOST_LINE_MAX_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		rig_init(&rig, NULL);
		assert_int_equal(host_read_lines(rig.host, fds[0], on_line, &rig), 0);
		write_all(fds[1], slice_of(text, rows[i].n));
		write_all(fds[1], SLICE("\nok\n"));
		close(fds[1]);
		assert_true(run_until(&rig, has_messages, 1));
		if (log_has(&rig, "event=line-too-long") == rows[i].is_taken)
			fail_msg("%s", rows[i].name);
		if (!rows[i].is_taken)
			expect_text(&rig, "ok|(end)|");
		rig_fini(&rig);
		close(fds[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(lines_from_a_pipe),
		HOST_TEST(lines_from_a_file),
		HOST_TEST(lines_from_dev_null_end_at_once),
		HOST_TEST(lines_from_a_terminal),
		HOST_TEST(lines_too_long_are_skipped),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
