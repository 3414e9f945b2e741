/* SPDX-License-Identifier: MIT */
/*
 * The file of call records when it takes no more for a while: lines wait, go out whole in their
 * order, and are counted where there is no room for them.
 */
#include "base/check.h"
#include "base/mem.h"
#include "cmd/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE "0123456789"

static char folder[64];
static char path[96];
static struct record_file file;

static int start(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/record-file-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/calls.jsonl", folder);
	record_file_init(&file);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	record_file_close(&file);
	unlink(path);
	rmdir(folder);
	return mem_count().blocks == 0 ? 0 : -1;
}

/* What may be written to files from now on, as on a full disk. */
static void set_room(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void expect_file(const char *text)
{
	char is[256] = { 0 };
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, is, sizeof(is) - 1) >= 0);
	close(fd);
	assert_string_equal(is, text);
}

static void without_a_place_nothing_is_kept(void **state)
{
	(void)state;
	assert_int_equal(record_file_open(&file, SLICE("")), 0);
	assert_true(record_file_line(&file, SLICE(LINE)));
	assert_int_equal(file.told, 0);
	assert_int_equal(mem_count().blocks, 0);
}

static void a_line_is_appended(void **state)
{
	struct stat stat_now;

	(void)state;
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	assert_true(record_file_line(&file, SLICE("a")));
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	assert_true(record_file_line(&file, SLICE("b")));
	expect_file("a\nb\n");
	assert_int_equal(stat(path, &stat_now), 0);
	assert_int_equal(stat_now.st_mode & 0777, 0600);
	assert_int_equal(file.told, 2);
}

static void what_a_full_disk_refuses_waits(void **state)
{
	(void)state;
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(sizeof(LINE) + 3);
	assert_true(record_file_line(&file, SLICE(LINE)));
	assert_false(record_file_line(&file, SLICE(LINE)));
	assert_int_equal(file.error, EFBIG);
	assert_int_equal(file.lost, 0);
	expect_file(LINE "\n012");
	set_room(RLIM_INFINITY);
	record_file_flush(&file);
	expect_file(LINE "\n" LINE "\n");
	assert_int_equal(file.error, 0);
}

static void the_rest_of_a_line_goes_nowhere_else(void **state)
{
	char moved[128];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(3);
	assert_false(record_file_line(&file, SLICE(LINE)));
	assert_false(record_file_line(&file, SLICE("next")));
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(RLIM_INFINITY);
	record_file_flush(&file);
	expect_file("next\n");
	assert_int_equal(file.lost, 1);
	unlink(moved);
}

/* As after a full disk, or when the machine stopped in the middle of a line. */
static void a_torn_line_costs_no_other(void **state)
{
	(void)state;
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(3);
	assert_false(record_file_line(&file, SLICE(LINE)));
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(RLIM_INFINITY);
	assert_true(record_file_line(&file, SLICE("next")));
	expect_file("012\nnext\n");
	assert_int_equal(file.lost, 1);
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	assert_true(record_file_line(&file, SLICE("last")));
	expect_file("012\nnext\nlast\n");
}

static void what_has_no_room_is_counted(void **state)
{
	static char line[8000];

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(record_file_open(&file, slice_from_cstr(path)), 0);
	set_room(0);
	for (int i = 0; i < 10; i++)
		assert_false(record_file_line(&file, slice_of(line, sizeof(line))));
	set_room(RLIM_INFINITY);
	assert_int_equal(file.told, 10);
	assert_int_equal(file.lost, 2);
	assert_true(record_file_line(&file, SLICE("after")));
}

/* Standard output is a pipe here that nobody reads. */
static void a_full_pipe_is_not_waited_for(void **state)
{
	static char line[4000];
	int fds[2], kept = dup(STDOUT_FILENO);

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	assert_true(dup2(fds[1], STDOUT_FILENO) >= 0);
	assert_int_equal(record_file_open(&file, SLICE("-")), 0);
	for (int i = 0; i < 100; i++)
		(void)record_file_line(&file, slice_of(line, sizeof(line)));
	record_file_close(&file);
	record_file_init(&file);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0);
	close(fds[0]);
	close(fds[1]);
	close(kept);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_a_place_nothing_is_kept, start, stop),
		cmocka_unit_test_setup_teardown(a_line_is_appended, start, stop),
		cmocka_unit_test_setup_teardown(what_a_full_disk_refuses_waits, start, stop),
		cmocka_unit_test_setup_teardown(the_rest_of_a_line_goes_nowhere_else, start, stop),
		cmocka_unit_test_setup_teardown(a_torn_line_costs_no_other, start, stop),
		cmocka_unit_test_setup_teardown(what_has_no_room_is_counted, start, stop),
		cmocka_unit_test_setup_teardown(a_full_pipe_is_not_waited_for, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
