/* SPDX-License-Identifier: MIT */
/*
 * The Unix socket of a running server: where it lies when nobody says, how it is made so that only
 * its owner (and root) can speak there, and how it is reached.
 */
#ifndef LAMPYRID_IO_CTL_SOCKET_H
#define LAMPYRID_IO_CTL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#define CTL_PATH_MAX 108 /* with its NUL: struct sockaddr_un has no more room (unix(7)) */

/* The file that was made, so that nobody else's is removed. */
struct ctl_socket {
	int fd; /* listening, non-blocking; the caller closes it */
	char path[CTL_PATH_MAX];
	uint64_t dev, ino;
};

/*
 * A listening socket with mode 0600 at `path`. What a dead server left there is replaced.
 * ERR_EXISTS: a living server has it. ERR_DENIED: the folder, or what stands there, is not only
 * ours to write. ERR_RANGE: the path is too long. ERR_IO with errno.
 */
int ctl_socket_listen(const char *path, struct ctl_socket *ret_socket);

/* Closes it, and removes the file unless somebody has replaced it. */
void ctl_socket_close(struct ctl_socket *socket);

/*
 * A blocking connection; whatever takes longer than `patience_s` fails with EAGAIN, later reading
 * and writing too. ERR_RANGE; ERR_IO with errno (ECONNREFUSED: nobody lives there).
 */
int ctl_socket_connect(const char *path, unsigned patience_s, int *ret_fd);

/*
 * The `index`th place, from 0, where a server of this user is looked for, the best first: for root
 * /run/lampyrid; for others $XDG_RUNTIME_DIR/lampyrid, /run/lampyrid, /tmp/lampyrid-UID; in each
 * of them ctl.sock. False behind the last.
 */
bool ctl_place(unsigned index, char ret_path[CTL_PATH_MAX]);

/*
 * Whether nobody but us and root could have put there what is there: else it may answer anything.
 * Root trusts every place.
 */
bool ctl_place_is_trusted(const char *path);

/* Makes the folder of such a place where it may; whether there is one now. */
bool ctl_place_make(const char *path);

#endif
