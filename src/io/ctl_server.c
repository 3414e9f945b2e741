/* SPDX-License-Identifier: MIT */
/*
 * Each client has a buffer, and is polled for what it is waited for. In one turn a client gets one
 * buffer full at most, so that the longest table is only a row of short moments.
 */
#include "io/ctl_server.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/ctl_socket.h"
#include "io/host_inner.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_BYTES (2 * CTL_PIECE_MAX_BYTES)
#define PAUSE_MS 100

#define ERROR_LINE(text) SLICE("{\"type\":\"error\",\"text\":\"" text "\"}\n")

struct client {
	struct ctl_server *server;
	struct list node;
	int fd; /* closed when the poll handle is gone */
	uv_poll_t poll;
	struct timer silence;
	char request[CTL_REQUEST_MAX_BYTES];
	size_t request_n;
	void *answer;	 /* the user's; NULL before the request, and behind the last piece */
	char *out;	 /* [OUT_BYTES], with the request */
	size_t out_from; /* sent so far */
	size_t out_n;
};

struct ctl_server {
	struct host *host;
	struct ctl_user user;
	struct ctl_socket socket;
	uv_poll_t poll;
	struct timer pause; /* running while nothing is accepted */
	struct list clients;
	size_t client_count;
	size_t handle_count; /* of libuv that are not closed yet: the last one frees the server */
};

/* --- The end of things -------------------------------------------------------------------- */

static void server_release(struct ctl_server *server)
{
	if (--server->handle_count == 0)
		mem_free(server);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct ctl_server *server = client->server;

	close(client->fd);
	mem_free(client->out);
	mem_free(client);
	server_release(server);
}

/* What is unread when a socket is closed makes the other end lose our last words (unix(7)). */
static void drain(const struct client *client)
{
	char scratch[4096];

	for (int i = 0; i < 16; i++)
		if (recv(client->fd, scratch, sizeof(scratch), MSG_DONTWAIT) <= 0)
			break;
}

static void client_end(struct client *client)
{
	struct ctl_server *server = client->server;

	if (uv_is_closing((uv_handle_t *)&client->poll))
		return;
	timer_stop(&server->host->conn_timers, &client->silence);
	if (client->answer)
		server->user.end(client->answer);
	client->answer = NULL;
	drain(client);
	list_remove(&client->node);
	server->client_count--;
	uv_close((uv_handle_t *)&client->poll, on_client_closed);
}

static void on_silence(struct timer *timer)
{
	client_end(CONTAINER_OF(timer, struct client, silence));
}

static void client_is_heard(struct client *client)
{
	timer_start(&client->server->host->conn_timers, &client->silence, CTL_SILENCE_MS,
		    on_silence);
}

/* --- Answering ---------------------------------------------------------------------------- */

static void on_client(uv_poll_t *poll, int status, int events);

/* As much as there is room for, or as one look brings. */
static void fill(struct client *client)
{
	const struct ctl_user *user = &client->server->user;
	struct buf buf = { .p = client->out, .cap = OUT_BYTES };
	bool is_more = true;
	size_t before;

	do {
		before = buf.n;
		is_more = user->next(client->answer, &buf);
	} while (is_more && buf.n > before && buf.cap - buf.n >= CTL_PIECE_MAX_BYTES);
	client->out_from = 0;
	client->out_n = buf.n;
	if (is_more)
		return;
	user->end(client->answer);
	client->answer = NULL;
}

static void send_some(struct client *client)
{
	ssize_t n;

	if (client->out_from == client->out_n && client->answer)
		fill(client);
	if (client->out_from < client->out_n) {
		n = send(client->fd, client->out + client->out_from,
			 client->out_n - client->out_from, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			client_end(client);
			return;
		}
		client->out_from += (size_t)n;
		client_is_heard(client);
	}
	if (client->out_from == client->out_n && !client->answer)
		client_end(client);
}

static void answer_error(struct client *client, struct slice line)
{
	memcpy(client->out, line.p, line.n);
	client->out_n = line.n;
}

static void take_request(struct client *client, bool is_whole)
{
	const struct ctl_user *user = &client->server->user;
	struct slice line = slice_of(client->request, client->request_n);

	client->out = mem_alloc(OUT_BYTES);
	if (!client->out) {
		client_end(client);
		return;
	}
	if (!is_whole) {
		answer_error(client, ERROR_LINE("the request is too long"));
	} else {
		client->answer = user->begin(user->user, slice_trim(line));
		if (!client->answer)
			answer_error(client, ERROR_LINE("the server is out of memory"));
	}
	if (uv_poll_start(&client->poll, UV_WRITABLE, on_client))
		client_end(client);
}

static void read_some(struct client *client)
{
	size_t room = sizeof(client->request) - client->request_n;
	ssize_t n = recv(client->fd, client->request + client->request_n, room, 0);
	struct slice line, rest;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(client);
		return;
	}
	client->request_n += (size_t)n;
	if (slice_cut(slice_of(client->request, client->request_n), '\n', &line, &rest)) {
		client->request_n = line.n;
		take_request(client, true);
	} else if (client->request_n == sizeof(client->request)) {
		take_request(client, false);
	}
}

static void on_client(uv_poll_t *poll, int status, int events)
{
	struct client *client = poll->data;

	host_turn_begin(client->server->host);
	if (status < 0)
		client_end(client);
	else if (events & UV_WRITABLE)
		send_some(client);
	else if (events & UV_READABLE)
		read_some(client);
}

/* --- Accepting ---------------------------------------------------------------------------- */

static int client_start(struct ctl_server *server, int fd)
{
	struct client *client = mem_alloc(sizeof(*client));

	if (!client)
		return ERR_NOMEM;
	client->server = server;
	client->fd = fd;
	if (uv_poll_init(&server->host->loop, &client->poll, fd)) {
		mem_free(client);
		return ERR_IO;
	}
	client->poll.data = client;
	list_append(&server->clients, &client->node);
	server->client_count++;
	server->handle_count++;
	client_is_heard(client);
	if (uv_poll_start(&client->poll, UV_READABLE, on_client))
		client_end(client);
	return 0;
}

static void refuse(int fd, struct slice line)
{
	/* A new socket has room for a line; and who does not read it is told nothing. */
	(void)send(fd, line.p, line.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(struct timer *timer)
{
	struct ctl_server *server = CONTAINER_OF(timer, struct ctl_server, pause);

	(void)uv_poll_start(&server->poll, UV_READABLE, on_acceptable);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct ctl_server *server = poll->data;
	int fd;

	(void)status; /* accept4() tells the same */
	(void)events;
	host_turn_begin(server->host);
	fd = accept4(server->socket.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		if (server->client_count == CTL_CLIENTS_MAX)
			refuse(fd, ERROR_LINE("too many clients at once"));
		else if (client_start(server, fd))
			refuse(fd, ERROR_LINE("the server is out of memory"));
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* No descriptors left: what cannot be accepted now would wake us for ever. */
	uv_poll_stop(&server->poll);
	timer_start(&server->host->conn_timers, &server->pause, PAUSE_MS, on_pause_over);
}

/* --- Life --------------------------------------------------------------------------------- */

static int server_start(struct ctl_server *server)
{
	if (uv_poll_init(&server->host->loop, &server->poll, server->socket.fd))
		return ERR_IO;
	server->poll.data = server;
	server->handle_count = 1;
	CHECK(uv_poll_start(&server->poll, UV_READABLE, on_acceptable) == 0);
	return 0;
}

int ctl_server_open(struct host *host, const char *path, const struct ctl_user *user,
		    struct ctl_server **ret_server)
{
	struct ctl_server *server = mem_alloc(sizeof(*server));
	int err;

	if (!server)
		return ERR_NOMEM;
	server->host = host;
	server->user = *user;
	list_init(&server->clients);
	err = ctl_socket_listen(path, &server->socket);
	if (err) {
		mem_free(server);
		return err;
	}
	err = server_start(server);
	if (err) {
		ctl_socket_close(&server->socket);
		mem_free(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

static void on_server_closed(uv_handle_t *handle)
{
	struct ctl_server *server = handle->data;

	ctl_socket_close(&server->socket);
	server_release(server);
}

void ctl_server_close(struct ctl_server *server)
{
	if (!server)
		return;
	LIST_FOR (client, &server->clients, struct client, node)
		client_end(client);
	timer_stop(&server->host->conn_timers, &server->pause);
	uv_close((uv_handle_t *)&server->poll, on_server_closed);
}
