/* SPDX-License-Identifier: MIT */
/*
 * The log of events: one line each, "2026-05-14T09:31:02.118Z event=register extension=201 ...",
 * to standard error or a file. Whatever a peer has put into a line, it stays one printable line.
 */
#ifndef LAMPYRID_CMD_EVENT_LOG_H
#define LAMPYRID_CMD_EVENT_LOG_H

#include "base/wall.h"

#include <stdint.h>

#define EVENT_LOG_BYTES 4096 /* what a pipe takes at once (pipe(7): PIPE_BUF) */

struct event_log {
	const char *path; /* NULL: standard error */
	int fd;
	uint64_t dropped;	    /* lines, since the last that was written */
	uint64_t dropped_total;	    /* before those */
	char text[EVENT_LOG_BYTES]; /* not written yet */
	size_t n;
	uint32_t lines;
	char stamp[WALL_TEXT_BYTES]; /* the time of the last line ... */
	uint64_t stamp_ms;	     /* ... and when that is */
	bool is_torn;		     /* what was written last ends inside a line */
};

/* Appends to the file. ERR_IO with errno. */
int event_log_open(struct event_log *log, const char *path);

/* Takes the file anew, after somebody has moved it away. Keeps the old one on ERR_IO, with errno.
 */
int event_log_reopen(struct event_log *log);
void event_log_close(struct event_log *log);

/*
 * Has the shape of the host's log; `ctx` is the struct event_log. Lines are collected until there
 * are many, or until an empty one comes: the end of the turn. Where nobody reads the log, they are
 * dropped rather than waited with; how many were is told when lines go through again.
 */
void event_log_line(void *ctx, struct slice line);

/* Writes what was collected. */
void event_log_flush(struct event_log *log);

/* Lines that were dropped since the start. */
uint64_t event_log_dropped(const struct event_log *log);

#endif
