/* SPDX-License-Identifier: MIT */
/*
 * Two servers that start at once take turns by a lock on the folder; so between asking who lives at
 * a socket and taking its place nobody else can. The mode is right from the first moment on: the
 * file is born under a umask (SECURITY K2).
 */
#include "io/ctl_socket.h"

#include "base/buf.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16
#define SYSTEM_FOLDER "/run/lampyrid"

/* --- Places ------------------------------------------------------------------------------- */

bool ctl_place(unsigned index, char ret_path[CTL_PATH_MAX])
{
	struct slice runtime = slice_from_cstr(getenv("XDG_RUNTIME_DIR"));
	struct buf path = { .p = ret_path, .cap = CTL_PATH_MAX };
	bool is_root = geteuid() == 0;
	bool has_runtime = !is_root && slice_starts_with(runtime, SLICE("/"));

	if (has_runtime && index == 0) {
		buf_slice(&path, runtime);
		buf_lit(&path, "/lampyrid");
	} else if (index == has_runtime) {
		buf_lit(&path, SYSTEM_FOLDER);
	} else if (!is_root && index == 1u + has_runtime) {
		buf_lit(&path, "/tmp/lampyrid-");
		buf_u64(&path, geteuid());
	} else {
		return false;
	}
	buf_slice(&path, slice_of("/ctl.sock", sizeof("/ctl.sock")));
	/* A folder with so long a name is none to look in. */
	if (path.is_overflown)
		ret_path[0] = '\0';
	return true;
}

/* "/run/lampyrid" of "/run/lampyrid/ctl.sock", "." of "ctl.sock". */
static void folder_of(const char *path, char ret_folder[CTL_PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	memcpy(ret_folder, path, n);
	ret_folder[n] = '\0';
	if (n == 0)
		memcpy(ret_folder, slash ? "/" : ".", 2);
}

bool ctl_place_make(const char *path)
{
	char folder[CTL_PATH_MAX];

	folder_of(path, folder);
	if (strcmp(folder, SYSTEM_FOLDER) != 0 || geteuid() == 0)
		(void)mkdir(folder, strcmp(folder, SYSTEM_FOLDER) == 0 ? 0755 : 0700);
	return access(folder, W_OK | X_OK) == 0;
}

/* --- Making ------------------------------------------------------------------------------- */

static int name_of(const char *path, struct sockaddr_un *ret_name)
{
	size_t n = strlen(path);

	*ret_name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n == 0 || n >= sizeof(ret_name->sun_path))
		return ERR_RANGE;
	memcpy(ret_name->sun_path, path, n);
	return 0;
}

/* Ours or root's, and nobody else can replace what is in it. */
static bool is_safe_folder(const struct stat *folder)
{
	if (folder->st_uid != geteuid() && folder->st_uid != 0)
		return false;
	return !(folder->st_mode & (S_IWGRP | S_IWOTH)) || (folder->st_mode & S_ISVTX);
}

/* Not through a symbolic link: where it leads may change before we connect. */
bool ctl_place_is_trusted(const char *path)
{
	char folder[CTL_PATH_MAX];
	struct stat stat_now;

	folder_of(path, folder);
	return geteuid() == 0 || lstat(folder, &stat_now) || is_safe_folder(&stat_now);
}

static int lock_folder(const char *path, int *ret_fd)
{
	char folder[CTL_PATH_MAX];
	struct stat stat;
	int fd, err = 0;

	folder_of(path, folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		err = ERR_IO;
	else if (!is_safe_folder(&stat))
		err = ERR_DENIED;
	else if (flock(fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? ERR_EXISTS : ERR_IO;
	if (err && fd >= 0)
		close(fd);
	*ret_fd = fd;
	return err;
}

/* Whatever a dead server of ours left goes; nothing else does. */
static int clear_path(const char *path)
{
	struct stat stat;
	int fd;

	if (lstat(path, &stat))
		return errno == ENOENT ? 0 : ERR_IO;
	if (!S_ISSOCK(stat.st_mode) || stat.st_uid != geteuid())
		return ERR_DENIED;
	if (ctl_socket_connect(path, 1, &fd) == 0) {
		close(fd);
		return ERR_EXISTS;
	}
	if (errno != ECONNREFUSED)
		return errno == EAGAIN ? ERR_EXISTS : ERR_IO;
	return unlink(path) ? ERR_IO : 0;
}

static int bind_private(int fd, const struct sockaddr_un *name)
{
	mode_t before = umask(0177);
	int result = bind(fd, (const struct sockaddr *)name, sizeof(*name));

	umask(before);
	return result ? ERR_IO : 0;
}

static int listen_at(const struct sockaddr_un *name, struct ctl_socket *ret_socket)
{
	int err, why, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat stat;

	if (fd < 0)
		return ERR_IO;
	err = bind_private(fd, name);
	if (!err && (listen(fd, BACKLOG) || lstat(name->sun_path, &stat)))
		err = ERR_IO;
	if (err) {
		why = errno;
		close(fd);
		errno = why;
		return err;
	}
	*ret_socket = (struct ctl_socket){ .fd = fd, .dev = stat.st_dev, .ino = stat.st_ino };
	memcpy(ret_socket->path, name->sun_path, sizeof(ret_socket->path));
	return 0;
}

int ctl_socket_listen(const char *path, struct ctl_socket *ret_socket)
{
	struct sockaddr_un name;
	int lock, why, err = name_of(path, &name);

	_Static_assert(sizeof(name.sun_path) == CTL_PATH_MAX, "unix(7)");
	if (err)
		return err;
	err = lock_folder(path, &lock);
	if (err)
		return err;
	err = clear_path(path);
	if (!err)
		err = listen_at(&name, ret_socket);
	why = errno;
	close(lock);
	errno = why;
	return err;
}

void ctl_socket_close(struct ctl_socket *socket)
{
	struct stat stat;

	if (lstat(socket->path, &stat) == 0 && stat.st_dev == socket->dev &&
	    stat.st_ino == socket->ino)
		(void)unlink(socket->path);
	close(socket->fd);
	socket->fd = -1;
}

int ctl_socket_connect(const char *path, unsigned patience_s, int *ret_fd)
{
	const struct timeval patience = { .tv_sec = patience_s };
	struct sockaddr_un name;
	int why, fd, err = name_of(path, &name);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (const struct sockaddr *)&name, sizeof(name))) {
		why = errno;
		close(fd);
		errno = why;
		return ERR_IO;
	}
	*ret_fd = fd;
	return 0;
}
