/* SPDX-License-Identifier: MIT */
/*
 * Standard output is shared with whoever started us and cannot be made non-blocking for it; so it
 * is asked first, and given no more at once than a pipe that can be written takes (pipe(7)).
 */
#include "cmd/record_file.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/trace_file.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_WAITING_BYTES (64 * 1024)

void record_file_init(struct record_file *file)
{
	*file = (struct record_file){ .fd = -1 };
}

static void close_fd(struct record_file *file)
{
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	file->fd = -1;
}

void record_file_close(struct record_file *file)
{
	record_file_flush(file);
	close_fd(file);
	mem_free(file->waiting);
	file->waiting = NULL;
}

static int open_path(const char *path, int *ret_fd)
{
	if (path[0] == '\0')
		*ret_fd = -1;
	else if (path[0] == '-' && path[1] == '\0')
		*ret_fd = STDOUT_FILENO;
	else
		return private_file_open(path, ret_fd);
	return 0;
}

/* The rest of a line belongs behind its beginning: if it cannot go there, it goes nowhere. */
static void drop_torn(struct record_file *file)
{
	struct slice line, rest;

	if (!file->is_torn)
		return;
	(void)slice_cut(slice_of(file->waiting, file->waiting_n), '\n', &line, &rest);
	memmove(file->waiting, rest.p, rest.n);
	file->waiting_n = rest.n;
	file->is_torn = false;
	file->lost++;
}

/* The file's own last line: its writer stopped in the middle of it. */
static bool ends_torn(int fd)
{
	struct stat stat;
	char last;

	return fd > STDERR_FILENO && fstat(fd, &stat) == 0 && stat.st_size > 0 &&
	       pread(fd, &last, 1, stat.st_size - 1) == 1 && last != '\n';
}

int record_file_open(struct record_file *file, struct slice path)
{
	char text[RECORD_PATH_MAX] = { 0 };
	int fd, err;

	if (path.n >= sizeof(text))
		return ERR_RANGE;
	if (path.n > 0)
		memcpy(text, path.p, path.n);
	if (!file->waiting && path.n > 0)
		file->waiting = mem_alloc(RECORD_WAITING_BYTES);
	if (!file->waiting && path.n > 0)
		return ERR_NOMEM;
	err = open_path(text, &fd);
	if (err)
		return err;
	record_file_flush(file);
	drop_torn(file);
	close_fd(file);
	file->fd = fd;
	file->is_behind_torn = ends_torn(fd);
	file->error = 0;
	memcpy(file->path, text, sizeof(text));
	return 0;
}

/* How much may be written now without waiting for a reader; files take all there is. */
static size_t room(const struct record_file *file)
{
	struct pollfd ready = { .fd = file->fd, .events = POLLOUT };

	if (file->fd != STDOUT_FILENO)
		return file->waiting_n;
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return 0;
	return file->waiting_n < PIPE_BUF ? file->waiting_n : PIPE_BUF;
}

/* What follows a torn line must not become a part of it. */
static bool end_torn(struct record_file *file)
{
	if (file->is_behind_torn && write(file->fd, "\n", 1) != 1) {
		file->error = errno;
		return false;
	}
	file->is_behind_torn = false;
	return true;
}

void record_file_flush(struct record_file *file)
{
	if (file->waiting_n > 0 && file->fd >= 0 && !end_torn(file))
		return;
	while (file->waiting_n > 0 && file->fd >= 0) {
		size_t n = room(file);
		ssize_t written = n > 0 ? write(file->fd, file->waiting, n) : 0;

		if (written <= 0) {
			file->error = written < 0 ? errno : EAGAIN;
			return;
		}
		file->error = 0;
		file->is_torn = file->waiting[written - 1] != '\n';
		file->waiting_n -= (size_t)written;
		memmove(file->waiting, file->waiting + written, file->waiting_n);
	}
}

bool record_file_line(struct record_file *file, struct slice line)
{
	if (file->fd < 0)
		return true;
	file->told++;
	if (line.n + 1 > RECORD_WAITING_BYTES - file->waiting_n)
		record_file_flush(file);
	if (line.n + 1 > RECORD_WAITING_BYTES - file->waiting_n) {
		file->lost++;
		return false;
	}
	memcpy(file->waiting + file->waiting_n, line.p, line.n);
	file->waiting_n += line.n;
	file->waiting[file->waiting_n++] = '\n';
	record_file_flush(file);
	return file->error == 0;
}
