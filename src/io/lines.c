/* SPDX-License-Identifier: MIT */
/*
 * Lines from a descriptor, for the phone's standard input. Pipes and terminals are polled; a file
 * cannot be, so it is read a piece per turn. libuv makes a polled descriptor non-blocking, and with
 * it every other name of the same terminal, standard output too; so that is undone at once, and one
 * read per wake-up does not block.
 */
#include "io/host_inner.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct line_reader {
	struct host *host;
	int fd; /* the caller's */
	void (*on_line)(void *ctx, struct slice line, bool is_end);
	void *ctx;
	union {
		uv_handle_t any;
		uv_poll_t poll;
		uv_idle_t idle; /* for what cannot be polled */
	} handle;
	size_t n;			    /* bytes of `text` that wait for their line end */
	bool is_skipping;		    /* inside a line that is too long */
	char text[HOST_LINE_MAX_BYTES + 2]; /* with CRLF */
};

static void on_reader_closed(uv_handle_t *handle)
{
	struct line_reader *lines = handle->data;

	lines->host->lines = NULL;
	mem_free(lines);
}

void lines_close(struct line_reader *lines)
{
	if (lines && !uv_is_closing(&lines->handle.any))
		uv_close(&lines->handle.any, on_reader_closed);
}

static void log_too_long(struct line_reader *lines)
{
	host_log(lines->host, SLICE("event=line-too-long"));
}

static void take_line(struct line_reader *lines, struct slice line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (!lines->is_skipping && line.n <= HOST_LINE_MAX_BYTES)
		lines->on_line(lines->ctx, line, false);
	else
		log_too_long(lines);
	lines->is_skipping = false;
}

/* `text` holds what waited and what was just read behind it. */
static void take_lines(struct line_reader *lines)
{
	struct slice rest = slice_of(lines->text, lines->n);
	struct slice line, tail;

	while (slice_cut(rest, '\n', &line, &tail)) {
		take_line(lines, line);
		rest = tail;
	}
	if (rest.n == sizeof(lines->text)) {
		lines->is_skipping = true;
		rest.n = 0;
	}
	memmove(lines->text, rest.p, rest.n);
	lines->n = rest.n;
}

static void take_end(struct line_reader *lines)
{
	if (lines->n > 0 || lines->is_skipping)
		take_line(lines, slice_of(lines->text, lines->n));
	lines->on_line(lines->ctx, SLICE_NONE, true);
	lines_close(lines);
}

static void read_some(struct line_reader *lines)
{
	ssize_t n;

	host_turn_begin(lines->host);
	n = read(lines->fd, lines->text + lines->n, sizeof(lines->text) - lines->n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		take_end(lines);
		return;
	}
	lines->n += (size_t)n;
	take_lines(lines);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status; /* read() tells the same */
	(void)events;
	read_some(poll->data);
}

static void on_idle(uv_idle_t *idle)
{
	read_some(idle->data);
}

static int reader_start(struct line_reader *lines)
{
	int flags = fcntl(lines->fd, F_GETFL);
	int result;

	if (flags < 0)
		return ERR_IO;
	result = uv_poll_init(&lines->host->loop, &lines->handle.poll, lines->fd);
	if (result == 0) {
		(void)fcntl(lines->fd, F_SETFL, flags);
		lines->handle.any.data = lines;
		CHECK(uv_poll_start(&lines->handle.poll, UV_READABLE, on_readable) == 0);
		return 0;
	}
	if (result != UV_EPERM)
		return ERR_IO;
	CHECK(uv_idle_init(&lines->host->loop, &lines->handle.idle) == 0);
	lines->handle.any.data = lines;
	CHECK(uv_idle_start(&lines->handle.idle, on_idle) == 0);
	return 0;
}

int host_read_lines(struct host *host, int fd,
		    void (*on_line)(void *ctx, struct slice line, bool is_end), void *ctx)
{
	struct line_reader *lines;
	int err;

	if (host->lines)
		return ERR_STATE;
	lines = mem_alloc(sizeof(*lines));
	if (!lines)
		return ERR_NOMEM;
	*lines = (struct line_reader){ .host = host, .fd = fd, .on_line = on_line, .ctx = ctx };
	err = reader_start(lines);
	if (err) {
		mem_free(lines);
		return err;
	}
	host->lines = lines;
	return 0;
}
