/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid flow` as it is called: its exit codes, and where its words go.
 */
#include "base/check.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define TRACE SOURCE_ROOT "/tests/fixtures/snom-led.txt"
#define ARGS_MAX 8

/* What the command wrote to one of its outputs. */
struct captured {
	char text[16384];
	size_t n;
};

static int redirect(int fd, FILE *file)
{
	int saved = dup(fd);

	assert_true(saved >= 0 && dup2(fileno(file), fd) == fd);
	return saved;
}

static void restore(int fd, int saved, FILE *file, struct captured *ret_captured)
{
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
	rewind(file);
	ret_captured->n = fread(ret_captured->text, 1, sizeof(ret_captured->text), file);
	fclose(file);
}

static int run(const char *const args[], struct captured *ret_out, struct captured *ret_err)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char *argv[ARGS_MAX + 2] = { (char *)"flow" };
	int argc = 1, saved_out, saved_err, code;

	assert_true(out && err);
	for (size_t i = 0; i < ARGS_MAX && args[i]; i++)
		argv[argc++] = (char *)args[i];
	fflush(stdout);
	saved_out = redirect(STDOUT_FILENO, out);
	saved_err = redirect(STDERR_FILENO, err);
	code = cmd_flow(argc, argv);
	fflush(stdout);
	restore(STDOUT_FILENO, saved_out, out, ret_out);
	restore(STDERR_FILENO, saved_err, err, ret_err);
	return code;
}

static bool contains(const struct captured *captured, const char *words)
{
	return memmem(captured->text, captured->n, words, strlen(words)) != NULL;
}

static const struct {
	const char *name;
	const char *args[ARGS_MAX];
	int code;
	const char *out; /* words on standard output; NULL: nothing at all */
	const char *err;
} cases[] = {
	{ "help", { "--help" }, 0, "usage: lampyrid flow FILE", NULL },
	{ "no file", { NULL }, 2, NULL, "Name a file" },
	{ "an unknown option", { TRACE, "--colour" }, 2, NULL, "unknown option: --colour" },
	{ "a missing value", { TRACE, "--call" }, 2, NULL, "a value is missing behind: --call" },
	{ "a mistyped option",
	  { TRACE, "--widht=80" },
	  2,
	  NULL,
	  "unknown option: --widht; did you mean --width?\n" },
	{ "mistyped help", { "--halp" }, 2, NULL, "did you mean --help?" },
	{ "an option that may be two",
	  { TRACE, "--h" },
	  2,
	  NULL,
	  "unknown option: --h; it may be --help --hide-repeats\n" },
	{ "a letter that is none", { TRACE, "-xo" }, 2, NULL, "unknown option: -x\n" },
	{ "a letter without its value", { TRACE, "-o" }, 2, NULL, "missing behind: -o" },
	{ "a value too many", { TRACE, "--ascii=no" }, 2, NULL, "takes no value: --ascii\n" },
	{ "help with a value", { "--help=all" }, 2, NULL, "takes no value: --help\n" },
	{ "an option cut short", { TRACE, "--as" }, 0, "|<- NOTIFY 202 early ------|", NULL },
	{ "a file that looks like an option", { "--", "--ascii" }, 1, NULL, "--ascii: No such" },
	{ "help in columns", { "-h" }, 0, "\n  -o, --output FILE   write to FILE", NULL },
	{ "help that is wrapped",
	  { "-h" },
	  0,
	  " that it is\n                      joined with by Replaces, ",
	  NULL },
	{ "svg", { TRACE, "--format", "svg" }, 2, NULL, "not yet available" },
	{ "html", { TRACE, "--format=html" }, 2, NULL, "not yet available" },
	{ "another format", { TRACE, "--format", "tex" }, 2, NULL, "should be text: tex" },
	{ "too narrow", { TRACE, "--width", "39" }, 2, NULL, "from 40 to 1000" },
	{ "a trace", { TRACE, "--format", "text" }, 0, "NOTIFY 202 early ", NULL },
	{ "without box characters", { TRACE, "--ascii" }, 0, "|<- NOTIFY 202 early ------|", NULL },
	{ "one call", { TRACE, "--call", "sub-1@192.0.2.33" }, 0, "SUBSCRIBE 202", NULL },
	{ "no such call", { TRACE, "--call", "x" }, 1, NULL, "  sub-1@192.0.2.33\n" },
	{ "no such file", { "/nonexistent" }, 1, NULL, "/nonexistent: No such file" },
	{ "a folder", { SOURCE_ROOT }, 1, NULL, SOURCE_ROOT ": Is a directory" },
	{ "no trace", { SOURCE_ROOT "/meson.build" }, 1, NULL, "no SIP message found" },
	{ "an output that cannot be made",
	  { TRACE, "-o", "/nonexistent/x" },
	  1,
	  NULL,
	  "/nonexistent/x: No such file" },
	{ "an output that is full", { TRACE, "-o", "/dev/full" }, 1, NULL, "/dev/full: No space" },
};

static void calls_end_with_the_right_code_and_words(void **state)
{
	static struct captured out, err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int code = run(cases[i].args, &out, &err);

		if (code != cases[i].code)
			fail_msg("%s: exit code %d", cases[i].name, code);
		if (cases[i].out ? !contains(&out, cases[i].out) : out.n > 0)
			fail_msg("%s: wrote %.*s", cases[i].name, (int)out.n, out.text);
		if (cases[i].err ? !contains(&err, cases[i].err) : err.n > 0)
			fail_msg("%s: complained %.*s", cases[i].name, (int)err.n, err.text);
		assert_int_equal(mem_count().blocks, 0);
	}
}

/* A file in the folder for temporary ones, with this content. */
static void make_file(char path[], const char *text, size_t n)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void the_output_file_gets_the_drawing(void **state)
{
	static struct captured out, err, file_text;
	char path[] = "/tmp/lampyrid-flow-XXXXXX";
	const char *const to_file[] = { TRACE, "-o", path, NULL };
	const char *const to_stdout[] = { TRACE, NULL };
	FILE *file;

	(void)state;
	make_file(path, "", 0);
	assert_int_equal(run(to_file, &out, &err), 0);
	assert_int_equal(out.n, 0);
	file = fopen(path, "rb");
	assert_non_null(file);
	file_text.n = fread(file_text.text, 1, sizeof(file_text.text), file);
	fclose(file);
	unlink(path);
	assert_int_equal(run(to_stdout, &out, &err), 0);
	assert_true(slice_eq(slice_of(out.text, out.n), slice_of(file_text.text, file_text.n)));
}

static void faults_are_named_by_file_and_line(void **state)
{
	static const char text[] =
		"Sent to udp:192.0.2.1:5060 at 1/1/2020 1:1:1:1 (2 bytes):\n\nBYE\r\n\r\n\n"
		"Sent to udp:nobody at 1/1/2020 1:1:1:1 (2 bytes):\n\nBYE\r\n\r\n";
	static struct captured out, err;
	char path[] = "/tmp/lampyrid-flow-XXXXXX", where[64];
	const char *const args[] = { TRACE, path, NULL };

	(void)state;
	make_file(path, text, sizeof(text) - 1);
	assert_int_equal(run(args, &out, &err), 0);
	snprintf(where, sizeof(where), "%s:3: ", path);
	assert_true(contains(&err, where));
	snprintf(where, sizeof(where), "%s:6: the peer's address", path);
	assert_true(contains(&err, where));
	assert_true(contains(&out, "SUBSCRIBE 202"));
	unlink(path);
}

static void a_packet_capture_is_told(void **state)
{
	static struct captured out, err;
	char path[] = "/tmp/lampyrid-flow-XXXXXX";
	const char *const args[] = { path, NULL };

	(void)state;
	make_file(path, "\xd4\xc3\xb2\xa1\2\0\4\0", 8);
	assert_int_equal(run(args, &out, &err), 1);
	assert_true(contains(&err, "a packet capture"));
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_end_with_the_right_code_and_words),
		cmocka_unit_test(the_output_file_gets_the_drawing),
		cmocka_unit_test(faults_are_named_by_file_and_line),
		cmocka_unit_test(a_packet_capture_is_told),
	};

	return cmocka_run_group_tests_name("cmd_flow", tests, NULL, NULL);
}
