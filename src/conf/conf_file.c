/* SPDX-License-Identifier: MIT */
/*
 * The configuration from a file. One read bounded by the size limit, never by what the file system
 * says: a pipe will do as well.
 */
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void tell_errno(const struct conf_teller *teller, const char *what, int number)
{
	const char *remedy = "check the path and the permissions";

	if (number == ENOENT)
		remedy = "check the path behind -c";
	else if (number == EACCES)
		remedy = "let the user that runs lampyrid read it";
	else if (number == EISDIR)
		remedy = "name the file, such as lampyrid.yaml in it";
	conf_tell(teller, (struct conf_pos){ 0, 0 }, SLICE_NONE, "%s: %s; %s", what,
		  strerror(number), remedy);
}

int conf_read_fd(int fd, char *p, size_t cap, size_t *ret_n)
{
	size_t n = 0;

	while (n < cap) {
		ssize_t got = read(fd, p + n, cap - n);

		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		n += (size_t)got;
	}
	*ret_n = n;
	return 0;
}

int conf_read_file(const char *path, const uint64_t map_secret[2], struct conf_report *report,
		   struct directory **ret_directory)
{
	struct slice file_name = slice_from_cstr(path);
	struct conf_teller teller = { .report = report, .file_name = file_name };
	size_t cap = CONF_TEXT_MAX_BYTES + 1; /* one more tells that there is more */
	size_t n = 0;
	int number = 0;
	char *text;
	int fd;
	int err;

	report->count = 0;
	report->left_out = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tell_errno(&teller, "cannot be opened", errno);
		return ERR_IO;
	}
	text = mem_alloc(cap);
	err = text ? conf_read_fd(fd, text, cap, &n) : ERR_NOMEM;
	number = errno;
	close(fd);
	if (err == ERR_IO)
		tell_errno(&teller, "cannot be read", number);
	if (!err)
		err = conf_read(slice_of(text, n), file_name, map_secret, report, ret_directory);
	mem_free(text);
	return err;
}
