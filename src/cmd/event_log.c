/* SPDX-License-Identifier: MIT */
/*
 * The time is UTC, as in the traces. Lines are collected until the turn is over, since a call makes
 * a dozen of them and a system call costs more than a line. What is written at once is never longer
 * than what a pipe that can be written takes at once (pipe(7)): so writing it never waits for a
 * reader. The descriptor is shared with whoever started us and cannot be made non-blocking for it.
 */
#include "cmd/event_log.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/wall.h"
#include "sip/scan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define TAIL_BYTES 8 /* room for the last escape and the LF */

/* O_NONBLOCK means nothing to a regular file; with a FIFO open() would wait for its reader. */
static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0640);
}

int event_log_open(struct event_log *log, const char *path)
{
	int fd = path ? open_file(path) : STDERR_FILENO;

	if (fd < 0)
		return ERR_IO;
	*log = (struct event_log){ .path = path, .fd = fd };
	return 0;
}

/* On a full disk: what follows a torn line must not become a part of it. */
static bool end_torn(struct event_log *log)
{
	if (log->is_torn && write(log->fd, "\n", 1) != 1)
		return false;
	log->is_torn = false;
	return true;
}

static uint32_t lines_in(const char *text, size_t n)
{
	uint32_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* A log that cannot be written is no reason to drop a call. */
void event_log_flush(struct event_log *log)
{
	struct pollfd ready = { .fd = log->fd, .events = POLLOUT };
	ssize_t n = 0;

	if (log->lines == 0)
		return;
	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) && end_torn(log))
		n = write(log->fd, log->text, log->n);
	if (n != (ssize_t)log->n) {
		log->dropped += log->lines - (n > 0 ? lines_in(log->text, (size_t)n) : 0);
		log->is_torn = log->is_torn || (n > 0 && log->text[n - 1] != '\n');
	}
	log->n = 0;
	log->lines = 0;
}

int event_log_reopen(struct event_log *log)
{
	int fd;

	event_log_flush(log);
	if (!log->path)
		return 0;
	(void)end_torn(log); /* else later: an empty line harms nobody */
	fd = open_file(log->path);
	if (fd < 0)
		return ERR_IO;
	close(log->fd);
	log->fd = fd;
	return 0;
}

void event_log_close(struct event_log *log)
{
	event_log_flush(log);
	if (log->path)
		close(log->fd);
	log->fd = STDERR_FILENO;
	log->path = NULL;
}

/* Of one turn's lines most say the same. */
static void print_now(struct event_log *log, struct buf *buf)
{
	struct buf stamp = BUF_ON(log->stamp);
	struct timespec now;
	uint64_t now_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (now_ms != log->stamp_ms)
		wall_print(&stamp, now_ms);
	log->stamp_ms = now_ms;
	buf_slice(buf, slice_of(log->stamp, sizeof(log->stamp)));
	buf_char(buf, ' ');
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '\\';
}

/* False also where the first odd byte only makes others look so. */
static bool is_word_plain(const char *p)
{
	const uint64_t del = SCAN_EACH_BYTE * 0x7f, backslash = SCAN_EACH_BYTE * '\\';
	uint64_t word = scan_load(p);

	return ((word & SCAN_EACH_BYTE << 7) | scan_word_below(word, ' ') |
		scan_word_below(word ^ del, 1) | scan_word_below(word ^ backslash, 1)) == 0;
}

static size_t plain_run(struct slice s)
{
	size_t n = 0;

	while (s.n - n >= sizeof(uint64_t) && is_word_plain(s.p + n))
		n += sizeof(uint64_t);
	while (n < s.n && is_plain(s.p[n]))
		n++;
	return n;
}

/* A backslash is escaped as well, so that what is printed says exactly what there was. */
static void print_escaped(struct buf *buf, struct slice line)
{
	while (line.n > 0 && buf->n + TAIL_BYTES < buf->cap) {
		struct slice run = slice_head(line, plain_run(line));

		run = slice_head(run, buf->cap - buf->n - TAIL_BYTES);
		buf_slice(buf, run);
		line = slice_from(line, run.n);
		if (run.n == 0) {
			buf_lit(buf, "\\x");
			buf_hex(buf, line.p, 1);
			line = slice_from(line, 1);
		}
	}
}

static void add_line(struct event_log *log, struct slice line)
{
	char text[EVENT_LOG_BYTES];
	struct buf buf = BUF_ON(text);

	print_now(log, &buf);
	print_escaped(&buf, line);
	buf_char(&buf, '\n');
	if (buf.n > sizeof(log->text) - log->n)
		event_log_flush(log);
	memcpy(log->text + log->n, buf.p, buf.n);
	log->n += buf.n;
	log->lines++;
}

/* The news of lost lines may be lost itself: then it is told with the next line. */
static void tell_dropped(struct event_log *log)
{
	uint64_t dropped = log->dropped;
	char text[64];
	struct buf buf = BUF_ON(text);

	buf_printf(&buf, "event=log-lines-dropped count=%" PRIu64, dropped);
	add_line(log, buf_text(&buf));
	event_log_flush(log);
	if (log->dropped > dropped) {
		log->dropped = dropped;
		return;
	}
	log->dropped_total += dropped;
	log->dropped = 0;
}

void event_log_line(void *ctx, struct slice line)
{
	struct event_log *log = ctx;

	if (slice_is_empty(line)) {
		event_log_flush(log);
		return;
	}
	if (log->dropped > 0 && log->lines == 0)
		tell_dropped(log);
	add_line(log, line);
}

uint64_t event_log_dropped(const struct event_log *log)
{
	return log->dropped_total + log->dropped;
}
