/* SPDX-License-Identifier: MIT */
/*
 * Requests on a Unix socket, a line each, answered in pieces from the loop of the host: a long
 * answer to a slow reader takes a buffer, and no time of the calls. One request per connection.
 */
#ifndef LAMPYRID_IO_CTL_SERVER_H
#define LAMPYRID_IO_CTL_SERVER_H

#include "base/buf.h"
#include "io/host.h"

#define CTL_CLIENTS_MAX 8
#define CTL_REQUEST_MAX_BYTES 256 /* with the line end */
#define CTL_PIECE_MAX_BYTES 16384 /* room for what one call of next() prints */
#define CTL_SILENCE_MS 10000 /* a client that sends, or takes, nothing for so long is dropped */

struct ctl_user {
	void *user;

	/*
	 * A request without its line end; the bytes live until end(). The answer is the user's
	 * object, NULL when memory is refused.
	 */
	void *(*begin)(void *user, struct slice request);

	/* Prints the next piece, which may be empty. False: that was the last one. */
	bool (*next)(void *answer, struct buf *buf);

	/* The answer is complete, or its reader is gone. */
	void (*end)(void *answer);
};

struct ctl_server;

/*
 * Serves `path` until ctl_server_close(). `user` is copied. Errors as ctl_socket_listen(), and
 * ERR_NOMEM.
 */
int ctl_server_open(struct host *host, const char *path, const struct ctl_user *user,
		    struct ctl_server **ret_server);

/* To be called before host_free(), which waits for the sockets. NULL is allowed. */
void ctl_server_close(struct ctl_server *server);

#endif
