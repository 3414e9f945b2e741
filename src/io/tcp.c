/* SPDX-License-Identifier: MIT */
/*
 * Where connections come from (RFC 3261 18), by TCP and TLS: opened by us towards a peer, or
 * accepted.
 */
#include "io/conn.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_WAKE 64
#define KEEPALIVE_S 60
#define CLOSING_MAX 1024 /* on top of the limit, until the end of the turn */

/* --- Opening ------------------------------------------------------------------------------ */

/* The socket is connected. */
static int conn_start(struct conn *conn)
{
	union sockaddr_any name;
	int n = sizeof(name);
	uint16_t port = conn->flow.local.port;

	if (uv_tcp_getsockname(&conn->tcp, &name.any, &n))
		return ERR_IO;
	sockaddr_to_addr(&name, &conn->flow.local);
	conn->flow.local.port = port;
	/* Both are improvements only. */
	(void)uv_tcp_nodelay(&conn->tcp, 1);
	(void)uv_tcp_keepalive(&conn->tcp, 1, KEEPALIVE_S);
	if (conn->flow.transport == TRANSPORT_TLS && conn_tls_start(conn))
		return ERR_IO;
	return conn_read_start(conn);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct conn *conn = connect->data;

	if (conn->state == CONN_CLOSING)
		return;
	host_turn_begin(conn->host);
	if (status < 0) {
		conn_close(conn, SLICE("connect-failed"));
		return;
	}
	conn_touch(conn);
	if (conn_start(conn)) {
		conn_close(conn, SLICE("connect-failed"));
		return;
	}
	if (conn->tls)
		return;
	conn->state = CONN_OPEN;
	conn_send_waiting(conn);
}

/* From the listener's address, so that the peer sees the one it knows. */
static int connect_start(struct conn *conn, const struct listener *listener)
{
	union sockaddr_any name;
	struct addr from = listener->addr;

	from.port = 0;
	sockaddr_from_addr(&from, &name);
	if (!listener->is_any && uv_tcp_bind(&conn->tcp, &name.any, 0))
		return ERR_IO;
	sockaddr_from_addr(&conn->flow.peer, &name);
	conn->connect.data = conn;
	return uv_tcp_connect(&conn->connect, &conn->tcp, &name.any, on_connected) ? ERR_IO : 0;
}

static struct conn *conn_open(struct listener *listener, const struct addr *peer, uint16_t name)
{
	struct conn *conn = conn_new(listener, peer, name, CONN_CONNECTING);

	if (conn && connect_start(conn, listener)) {
		conn_close(conn, SLICE("connect-failed"));
		return NULL;
	}
	return conn;
}
int tcp_send(struct listener *listener, struct flow *flow, struct packet *packet)
{
	struct conn *conn;

	if (flow->conn.serial != 0) {
		conn = conn_find(listener->host, flow->conn);
	} else {
		conn = conn_find_by_peer(listener, &flow->peer, flow->name);
		if (!conn)
			conn = conn_open(listener, &flow->peer, flow->name);
	}
	if (!conn || conn_send(conn, packet))
		return ERR_IO;
	*flow = conn->flow;
	return 0;
}

/* --- Accepting ---------------------------------------------------------------------------- */

static void refuse(struct listener *listener, int fd, const struct addr *peer, struct slice reason)
{
	char text[160];
	struct buf buf = BUF_ON(text);

	close(fd);
	buf_lit(&buf, "event=connection-refused reason=");
	buf_slice(&buf, reason);
	buf_lit(&buf, " peer=");
	addr_print(&buf, peer);
	host_log_often(listener->host, HOST_LOG_REFUSED, buf_text(&buf));
}

static void accept_one(struct listener *listener, int fd, const struct addr *peer)
{
	struct host *host = listener->host;
	struct source *source;
	struct conn *conn;
	int err = source_take(&host->sources, peer, host->limits.source_connections, &source);

	/* Who says nothing makes room for who may yet: perhaps a phone of the same house. */
	if (err == ERR_LIMIT && conn_close_idlest_stranger(host, source))
		err = source_take(&host->sources, peer, host->limits.source_connections, &source);
	if (err) {
		refuse(listener, fd, peer,
		       err == ERR_LIMIT ? SLICE("source-limit") : SLICE("memory"));
		return;
	}
	conn = conn_new(listener, peer, 0, CONN_SILENT);
	if (!conn) {
		source_release(&host->sources, source);
		refuse(listener, fd, peer, SLICE("memory"));
		return;
	}
	conn->source = source;
	if (uv_tcp_open(&conn->tcp, fd)) {
		close(fd);
		conn_close(conn, SLICE("accept-failed"));
	} else if (conn_start(conn)) {
		conn_close(conn, SLICE("accept-failed"));
	}
}

static int accept_next(struct listener *listener, struct addr *ret_peer)
{
	union sockaddr_any name;
	socklen_t n = sizeof(name);
	int fd = accept4(listener->fd, &name.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		sockaddr_to_addr(&name, ret_peer);
	return fd;
}

/*
 * Out of descriptors, which the system says even when nobody waits. The spare one shows whether
 * somebody does: then the connection that is idle longest makes room.
 */
static int accept_on_spare(struct listener *listener, struct addr *ret_peer)
{
	struct host *host = listener->host;
	int fd, why;

	if (host->spare_fd >= 0)
		close(host->spare_fd);
	fd = accept_next(listener, ret_peer);
	why = errno;
	if (fd >= 0 && !conn_close_idlest(host)) {
		refuse(listener, fd, ret_peer, SLICE("descriptors"));
		fd = -1;
		why = ECONNABORTED;
	}
	host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	errno = why;
	return fd;
}

void tcp_on_acceptable(struct listener *listener)
{
	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		struct addr peer;
		int fd = accept_next(listener, &peer);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			fd = accept_on_spare(listener, &peer);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				listener_pause(listener);
			return;
		}
		if (host_has_no_way(listener->host, &peer))
			close(fd);
		else
			accept_one(listener, fd, &peer);
	}
}
/* --- Beginning and end -------------------------------------------------------------------- */

int tcp_init(struct host *host)
{
	pool_init(&host->conns, "connections", sizeof(struct conn),
		  HOST_CONNECTIONS_MAX + CLOSING_MAX, NULL);
	list_init(&host->strangers);
	list_init(&host->trusted);
	host->pong = packet_new(SLICE("\r\n"));
	return host->pong ? 0 : ERR_NOMEM;
}

int tcp_listener_init(struct listener *listener)
{
	struct host *host = listener->host;

	if (!host->read_buffer)
		host->read_buffer = mem_alloc(TCP_READ_BYTES);
	return host->read_buffer ? 0 : ERR_NOMEM;
}

void tcp_close_all(struct host *host)
{
	uint32_t slot = 0;
	struct conn *conn;

	while ((conn = pool_walk(&host->conns, &slot)))
		conn_close(conn, SLICE("stop"));
}

void tcp_fini(struct host *host)
{
	pool_fini(&host->conns);
	map_fini(&host->conns_by_peer);
	map_fini(&host->sources);
	packet_unref(host->pong);
	mem_free(host->read_buffer);
}
