/* SPDX-License-Identifier: MIT */
/*
 * Trace records, one writev() each: after a crash of ours the file has every message up to it.
 */
#include "io/trace_file.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX_BYTES 256

struct trace_file {
	int fd;
	bool is_broken; /* a record is torn: its count is wrong, so nothing may follow */
};

static void print_padded(struct buf *buf, uint64_t value, uint64_t place)
{
	for (; place > 0; place /= 10)
		buf_char(buf, (char)('0' + value / place % 10));
}

static void print_time(struct buf *buf, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	buf_u64(buf, (uint64_t)tm.tm_mday);
	buf_char(buf, '/');
	buf_u64(buf, (uint64_t)tm.tm_mon + 1);
	buf_char(buf, '/');
	buf_u64(buf, (uint64_t)tm.tm_year + 1900);
	buf_char(buf, ' ');
	print_padded(buf, (uint64_t)tm.tm_hour, 10);
	buf_char(buf, ':');
	print_padded(buf, (uint64_t)tm.tm_min, 10);
	buf_char(buf, ':');
	print_padded(buf, (uint64_t)tm.tm_sec, 10);
	buf_char(buf, ':');
	print_padded(buf, wall_ms % 1000, 100);
}

static void print_head(struct buf *buf, bool is_sent, const struct flow *flow, size_t n,
		       uint64_t wall_ms)
{
	buf_cstr(buf, is_sent ? "Sent to " : "Received from ");
	buf_slice(buf, transport_word(flow->transport));
	buf_char(buf, ':');
	addr_print(buf, &flow->peer);
	buf_cstr(buf, is_sent ? " from " : " to ");
	addr_print(buf, &flow->local);
	buf_lit(buf, " at ");
	print_time(buf, wall_ms);
	buf_lit(buf, " (");
	buf_u64(buf, n);
	buf_lit(buf, " bytes):\n\n");
}

static int make_private(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return ERR_IO;
	if (!S_ISREG(stat.st_mode) || stat.st_uid != geteuid()) {
		errno = EPERM;
		return ERR_DENIED;
	}
	return fchmod(fd, 0600) ? ERR_IO : 0;
}

/* O_NONBLOCK means nothing to a regular file; with others open() could wait. */
int private_file_open(const char *path, int *ret_fd)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = open(path, flags, 0600);
	int err, why;

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? ERR_DENIED : ERR_IO;
	err = make_private(fd);
	if (err) {
		why = errno;
		close(fd);
		errno = why;
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int trace_file_open(const char *path, struct trace_file **ret_file)
{
	struct trace_file *file = mem_alloc(sizeof(*file));
	int err;

	if (!file) {
		errno = ENOMEM;
		return ERR_NOMEM;
	}
	err = private_file_open(path, &file->fd);
	if (err) {
		mem_free(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

void trace_file_tap(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
		    uint64_t wall_ms)
{
	struct trace_file *file = ctx;
	bool is_ended = bytes.n > 0 && bytes.p[bytes.n - 1] == '\n';
	struct slice tail = is_ended ? SLICE("\n\n") : SLICE("\n\n\n");
	char head[HEAD_MAX_BYTES];
	struct buf buf = BUF_ON(head);
	struct iovec parts[3];
	ssize_t n;

	if (file->is_broken)
		return;
	print_head(&buf, is_sent, flow, bytes.n, wall_ms);
	parts[0] = (struct iovec){ buf.p, buf.n };
	parts[1] = (struct iovec){ (void *)bytes.p, bytes.n };
	parts[2] = (struct iovec){ (void *)tail.p, tail.n };
	n = writev(file->fd, parts, 3);
	file->is_broken = n < 0 || (size_t)n != buf.n + bytes.n + tail.n;
}

int trace_file_close(struct trace_file *file)
{
	bool is_broken = file->is_broken;

	if (close(file->fd))
		is_broken = true;
	mem_free(file);
	return is_broken ? ERR_IO : 0;
}
