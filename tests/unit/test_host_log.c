/* SPDX-License-Identifier: MIT */
/*
 * The log under a flood: what strangers can cause is told a few times a second, and a log that
 * nobody reads stops nobody.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "cmd/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_told(struct rig *rig)
{
	return log_has(rig, "event=lines-withheld");
}

static unsigned count_of(const struct rig *rig, const char *piece)
{
	const char *at = rig->log, *end = rig->log + rig->log_n;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), piece, strlen(piece)))) {
		at += strlen(piece);
		n++;
	}
	return n;
}

static void connections_are_logged_a_few_times_a_second(void **state)
{
	struct rig rig;
	struct addr to;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	for (unsigned i = 0; i < 30; i++)
		close(plain_tcp(&to));
	assert_true(run_until(&rig, has_lost, 30));
	assert_int_equal(count_of(&rig, "event=connection-closed"), 10);
	assert_true(run_until(&rig, is_told, 0));
	assert_true(log_has(&rig, "event=lines-withheld kind=connection-closed count=20|"));
	close(plain_tcp(&to));
	assert_true(run_until(&rig, has_lost, 31));
	assert_int_equal(count_of(&rig, "event=connection-closed"), 11);
	rig_fini(&rig);
}

/* Reads what is there; the number of bytes. */
static size_t drain(int fd, char *text, size_t cap)
{
	size_t n = 0;
	ssize_t more;

	while (n < cap && (more = read(fd, text + n, cap - n)) > 0)
		n += (size_t)more;
	return n;
}

static void full_pipe_drops_lines_and_says_so(void **state)
{
	static char text[1 << 20];
	char filler[2000], expected[64];
	struct event_log log = { .path = NULL };
	uint64_t dropped;
	size_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	log.fd = fds[1];
	memset(filler, 'x', sizeof(filler));
	for (unsigned i = 0; i < 1000; i++)
		event_log_line(&log, slice_of(filler, sizeof(filler)));
	event_log_flush(&log);
	dropped = log.dropped;
	assert_in_range(dropped, 1, 999);
	n = drain(fds[0], text, sizeof(text));
	assert_true(n > 0 && text[n - 1] == '\n');
	event_log_line(&log, SLICE("event=later"));
	event_log_line(&log, SLICE_NONE); /* the turn is over */
	n = drain(fds[0], text, sizeof(text));
	snprintf(expected, sizeof(expected), "event=log-lines-dropped count=%u\n",
		 (unsigned)dropped);
	assert_non_null(memmem(text, n, expected, strlen(expected)));
	assert_non_null(memmem(text, n, "event=later\n", strlen("event=later\n")));
	assert_int_equal(log.dropped, 0);
	close(fds[0]);
	close(fds[1]);
}

static void log_without_a_reader_is_survived(void **state)
{
	struct event_log log = { .path = NULL };
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	log.fd = fds[1];
	event_log_line(&log, SLICE("event=a"));
	event_log_flush(&log);
	event_log_line(&log, SLICE("event=b"));
	event_log_flush(&log);
	assert_int_equal(log.dropped, 2);
	close(fds[1]);
}

static void lines_of_a_turn_are_written_at_its_end(void **state)
{
	struct event_log log = { .path = NULL };
	char text[512];
	size_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	log.fd = fds[1];
	event_log_line(&log, SLICE("event=a"));
	event_log_line(&log, SLICE("event=b name=\"\n\\\""));
	assert_int_equal(drain(fds[0], text, sizeof(text)), 0);
	event_log_line(&log, SLICE_NONE);
	n = drain(fds[0], text, sizeof(text));
	assert_non_null(memmem(text, n, "Z event=a\n2", 11));
	assert_non_null(memmem(text, n, "Z event=b name=\"\\x0a\\x5c\"\n", 26));
	close(fds[0]);
	close(fds[1]);
}

/* Each byte at each place of a line that is otherwise plain. */
static void what_is_not_plain_is_escaped_wherever_it_stands(void **state)
{
	struct event_log log = { .path = NULL, .fd = -1 };

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			char line[] = "event=a name=\"01234\"", wanted[32];
			struct slice told = SLICE("event=a name=\"01234\"");
			struct buf buf = BUF_ON(wanted);
			bool is_plain = c >= ' ' && c <= '~' && c != '\\';

			line[at] = (char)c;
			buf_slice(&buf, slice_of(line, at));
			if (is_plain)
				buf_char(&buf, (char)c);
			else
				buf_printf(&buf, "\\x%02x", c);
			buf_slice(&buf, slice_of(line + at + 1, told.n - at - 1));
			buf_char(&buf, '\n');
			log.n = 0;
			event_log_line(&log, slice_of(line, told.n));
			assert_true(log.n > buf.n);
			assert_memory_equal(log.text + log.n - buf.n, wanted, buf.n);
			assert_int_equal(log.text[log.n - buf.n - 1], ' ');
		}
}

/* A full disk takes half of what there is to say. */
static void torn_line_is_no_part_of_the_next(void **state)
{
	char path[] = "/tmp/event-log-XXXXXX", text[512];
	struct event_log log;
	struct rlimit old, few;
	size_t n;
	int fd = mkstemp(path);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(event_log_open(&log, path), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	few = (struct rlimit){ 40, old.rlim_max };
	event_log_line(&log, SLICE("event=a"));
	event_log_line(&log, SLICE("event=b"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	event_log_flush(&log);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	event_log_line(&log, SLICE("event=c"));
	event_log_close(&log);
	n = drain(fd, text, sizeof(text));
	assert_non_null(memmem(text, n, "Z event=a\n20", 12));
	assert_null(memmem(text, n, "event=b", 7));
	assert_true(text[40] == '\n');
	assert_non_null(memmem(text, n, "Z event=log-lines-dropped count=1\n20", 36));
	assert_non_null(memmem(text, n, "Z event=c\n", 10));
	close(fd);
	unlink(path);
}

/* With a FIFO for a log whose reader is gone, SIGHUP must not stop the calls. */
static void log_is_not_waited_for_at_its_opening(void **state)
{
	char folder[] = "/tmp/event-log-XXXXXX", path[64];
	struct event_log log;
	int reader;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(event_log_open(&log, path), 0);
	close(reader);
	alarm(5); /* it waited for ever */
	assert_int_equal(event_log_reopen(&log), ERR_IO);
	assert_int_equal(errno, ENXIO);
	alarm(0);
	event_log_close(&log);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(connections_are_logged_a_few_times_a_second),
		HOST_TEST(full_pipe_drops_lines_and_says_so),
		HOST_TEST(lines_of_a_turn_are_written_at_its_end),
		HOST_TEST(what_is_not_plain_is_escaped_wherever_it_stands),
		HOST_TEST(torn_line_is_no_part_of_the_next),
		HOST_TEST(log_is_not_waited_for_at_its_opening),
		HOST_TEST(log_without_a_reader_is_survived),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
