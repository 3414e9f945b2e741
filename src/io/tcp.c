/* SPDX-License-Identifier: MIT */
/*
 * Connections (RFC 3261 18): accepted ones and our own, cut into messages by sip/framer.h. All
 * connections without half a message read into one buffer of the host; only half a message has
 * memory of its own. Slow, silent and idle peers are closed, and those idle longest make room for
 * new ones (SECURITY D6). Nothing is freed before libuv says that the socket is gone: that is also
 * when the user hears of the loss.
 */
#include "io/host_inner.h"

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/socket.h"
#include "io/source.h"
#include "sip/framer.h"
#include "sip/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_WAKE 64
#define PARTIAL_FIRST_BYTES 4096
#define READ_ROOM_BYTES 2048 /* least room to read into */
#define KEEPALIVE_S 60
#define PEER_KEY_BYTES 20
#define CLOSING_MAX 1024 /* on top of the limit, until the end of the turn */

enum conn_state {
	CONN_CONNECTING, /* ours; what is sent waits in `writes` */
	CONN_SILENT,	 /* accepted, no whole message yet */
	CONN_OPEN,
	CONN_CLOSING, /* until libuv lets go of the socket */
};

struct conn {
	struct pooled pooled;
	struct host *host;
	enum conn_state state;
	struct flow flow; /* with the listener's port as local port, and our own handle */
	uv_tcp_t tcp;
	uv_connect_t connect;

	struct map_node by_peer; /* in the map while its key is set */
	char peer_key[PEER_KEY_BYTES];

	struct list by_age;    /* in host->trusted or host->strangers, until it closes */
	struct source *source; /* counts this one, until it closes; NULL for ours */
	bool is_trusted;

	char *partial; /* [partial_cap], owned; NULL when there is no half message */
	size_t partial_n;
	size_t partial_cap;
	size_t scanned; /* the framer's */

	struct timer timer; /* runs at the nearest of the deadlines */
	uint64_t begun_ms;
	uint64_t traffic_ms;
	uint64_t partial_ms; /* when the half message began */

	struct list writes; /* struct tcp_write */
	size_t writes_bytes;
};

/* Bytes that the socket did not take at once. */
struct tcp_write {
	uv_write_t req;
	struct list node;
	struct conn *conn;
	struct packet *packet; /* one reference */
	size_t from;	       /* bytes written before */
};

static uint64_t now_ms(const struct conn *conn)
{
	return conn->host->conn_timers.now_ms;
}

static bool conn_is_open(const struct conn *conn)
{
	return conn->state == CONN_SILENT || conn->state == CONN_OPEN;
}

/* Closing */

static void write_free(struct tcp_write *write)
{
	write->conn->writes_bytes -= write->packet->n - write->from;
	list_remove(&write->node);
	packet_unref(write->packet);
	mem_free(write);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct host *host = conn->host;

	LIST_FOR (write, &conn->writes, struct tcp_write, node)
		write_free(write);
	mem_free(conn->partial);
	conn->partial = NULL;
	if (!host->is_freeing) {
		host_turn_begin(host);
		host->user.on_connection_lost(host->user.user, conn->pooled.handle);
	}
	pool_end(&host->conns, conn);
}

static void log_closed(const struct conn *conn, struct slice reason)
{
	char text[160];
	struct buf buf = BUF_ON(text);

	if (conn->host->is_freeing)
		return;
	buf_lit(&buf, "event=connection-closed reason=");
	buf_slice(&buf, reason);
	buf_lit(&buf, " peer=");
	addr_print(&buf, &conn->flow.peer);
	host_log_often(conn->host, HOST_LOG_CLOSED, buf_text(&buf));
}

/*
 * Safe at any place: what is being read stays readable, and the user hears of it later. From now on
 * nothing finds the connection for sending.
 */
static void conn_close(struct conn *conn, struct slice reason)
{
	if (conn->state == CONN_CLOSING)
		return;
	log_closed(conn, reason);
	conn->state = CONN_CLOSING;
	timer_stop(&conn->host->conn_timers, &conn->timer);
	if (conn->by_peer.key.p)
		map_remove(&conn->host->conns_by_peer, &conn->by_peer);
	conn->by_peer.key = SLICE_NONE;
	list_remove(&conn->by_age);
	conn->host->conn_count--;
	source_release(&conn->host->sources, conn->source);
	conn->source = NULL;
	uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

/* Age */

static void conn_touch(struct conn *conn)
{
	struct host *host = conn->host;

	conn->traffic_ms = now_ms(conn);
	if (conn->state == CONN_CLOSING)
		return;
	list_remove(&conn->by_age);
	list_append(conn->is_trusted ? &host->trusted : &host->strangers, &conn->by_age);
}

/* Its descriptor is free on return. False when there is none. */
static bool close_idlest(struct host *host)
{
	struct conn *conn = LIST_FIRST(&host->strangers, struct conn, by_age);

	if (!conn)
		conn = LIST_FIRST(&host->trusted, struct conn, by_age);
	if (!conn)
		return false;
	conn_close(conn, SLICE("idlest"));
	return true;
}

/* Deadlines */

/* Some phones keep a way open with one CRLF now and then: half a ping may wait for its rest. */
static bool is_inside_message(const struct conn *conn)
{
	return conn->partial && conn->partial[0] != '\r';
}

static uint64_t conn_deadline_ms(const struct conn *conn)
{
	const struct host_limits *limits = &conn->host->limits;
	uint32_t idle_ms = limits->idle_ms;
	uint64_t at_ms, sooner_ms;

	if (!conn->is_trusted && limits->stranger_idle_ms < idle_ms)
		idle_ms = limits->stranger_idle_ms;
	at_ms = conn->traffic_ms + idle_ms;
	sooner_ms = at_ms;

	if (conn->state == CONN_CONNECTING)
		sooner_ms = conn->begun_ms + limits->connect_ms;
	else if (conn->state == CONN_SILENT)
		sooner_ms = conn->begun_ms + limits->first_message_ms;
	if (sooner_ms < at_ms)
		at_ms = sooner_ms;
	if (is_inside_message(conn) && conn->partial_ms + limits->partial_ms < at_ms)
		at_ms = conn->partial_ms + limits->partial_ms;
	return at_ms;
}

static void on_deadline(struct timer *timer);

/* A deadline that has moved away is noticed when the timer runs: traffic costs no timer work. */
static void conn_watch(struct conn *conn)
{
	uint64_t at_ms = conn_deadline_ms(conn);
	uint64_t now = now_ms(conn);

	if (conn->state == CONN_CLOSING || (conn->timer.is_running && conn->timer.at_ms <= at_ms))
		return;
	timer_start(&conn->host->conn_timers, &conn->timer, at_ms > now ? at_ms - now : 0,
		    on_deadline);
}

static void on_deadline(struct timer *timer)
{
	struct conn *conn = CONTAINER_OF(timer, struct conn, timer);

	if (now_ms(conn) >= conn_deadline_ms(conn))
		conn_close(conn, SLICE("timeout"));
	else
		conn_watch(conn);
}

/* Writing */

static void on_written(uv_write_t *req, int status)
{
	struct tcp_write *write = req->data;
	struct conn *conn = write->conn;

	write_free(write);
	if (conn->host->is_freeing)
		return;
	host_turn_begin(conn->host);
	conn_touch(conn);
	if (status < 0)
		conn_close(conn, SLICE("write-failed"));
}

static int write_start(struct tcp_write *write)
{
	struct packet *packet = write->packet;
	uv_buf_t part = uv_buf_init(packet->p + write->from, packet->n - (unsigned)write->from);

	write->req.data = write;
	return uv_write(&write->req, (uv_stream_t *)&write->conn->tcp, &part, 1, on_written);
}

/* Behind what waits already. */
static int conn_queue(struct conn *conn, struct packet *packet, size_t from)
{
	struct tcp_write *write;

	if (conn->writes_bytes + packet->n - from > conn->host->limits.conn_queue_bytes)
		return ERR_LIMIT;
	write = mem_alloc(sizeof(*write));
	if (!write)
		return ERR_NOMEM;
	write->conn = conn;
	write->packet = packet_ref(packet);
	write->from = from;
	list_append(&conn->writes, &write->node);
	conn->writes_bytes += packet->n - from;
	if (conn->state != CONN_CONNECTING && write_start(write)) {
		write_free(write);
		return ERR_IO;
	}
	return 0;
}

/* A packet that cannot be queued whole would break the stream: the connection goes with it. */
static int conn_send(struct conn *conn, struct packet *packet)
{
	size_t from = 0;

	conn_touch(conn);
	if (conn_is_open(conn) && list_is_empty(&conn->writes)) {
		uv_buf_t all = uv_buf_init(packet->p, packet->n);
		int n = uv_try_write((uv_stream_t *)&conn->tcp, &all, 1);

		if (n < 0 && n != UV_EAGAIN) {
			conn_close(conn, SLICE("write-failed"));
			return ERR_IO;
		}
		from = n > 0 ? (size_t)n : 0;
	}
	if (from < packet->n && conn_queue(conn, packet, from)) {
		conn_close(conn, SLICE("write-queue-full"));
		return ERR_IO;
	}
	return 0;
}

/* Reading */

static bool partial_make_room(struct conn *conn)
{
	size_t cap = conn->partial_cap * 2;
	char *partial;

	if (conn->partial_cap - conn->partial_n >= READ_ROOM_BYTES)
		return true;
	if (cap > SIP_MESSAGE_MAX_BYTES)
		cap = SIP_MESSAGE_MAX_BYTES;
	if (cap == conn->partial_cap)
		return conn->partial_n < cap;
	partial = mem_alloc(cap);
	if (!partial)
		return false;
	memcpy(partial, conn->partial, conn->partial_n);
	mem_free(conn->partial);
	conn->partial = partial;
	conn->partial_cap = cap;
	return true;
}

/* libuv reads right after this, so the host's buffer is never held by two connections. */
static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buf)
{
	struct conn *conn = handle->data;

	(void)hint;
	if (!conn->partial)
		*ret_buf = uv_buf_init(conn->host->read_buffer, TCP_READ_BYTES);
	else if (partial_make_room(conn))
		*ret_buf = uv_buf_init(conn->partial + conn->partial_n,
				       (unsigned)(conn->partial_cap - conn->partial_n));
	else
		*ret_buf = uv_buf_init(NULL, 0);
}

static void partial_free(struct conn *conn)
{
	mem_free(conn->partial);
	conn->partial = NULL;
	conn->partial_n = 0;
	conn->partial_cap = 0;
}

/* `rest` lies in the host's buffer or in our own. */
static int partial_keep(struct conn *conn, struct slice rest)
{
	if (rest.n >= SIP_MESSAGE_MAX_BYTES)
		return ERR_LIMIT;
	if (!is_inside_message(conn))
		conn->partial_ms = now_ms(conn);
	if (conn->partial) {
		memmove(conn->partial, rest.p, rest.n);
	} else {
		size_t cap = rest.n < PARTIAL_FIRST_BYTES / 2 ? PARTIAL_FIRST_BYTES : 2 * rest.n;

		if (cap > SIP_MESSAGE_MAX_BYTES)
			cap = SIP_MESSAGE_MAX_BYTES;
		conn->partial = mem_alloc(cap);
		if (!conn->partial)
			return ERR_NOMEM;
		conn->partial_cap = cap;
		memcpy(conn->partial, rest.p, rest.n);
	}
	conn->partial_n = rest.n;
	return 0;
}

static void take_message(struct conn *conn, struct slice message)
{
	struct flow flow = conn->flow;

	conn->state = CONN_OPEN;
	host_deliver(conn->host, &flow, message);
}

/*
 * Cuts whole messages off `bytes`; what is left of them is kept. However many pings came at once,
 * one answer tells the peer that we are here (RFC 5626 4.4.1).
 */
static void conn_receive(struct conn *conn, struct slice bytes)
{
	bool is_pinged = false;

	while (bytes.n > 0 && conn_is_open(conn)) {
		struct slice message = SLICE_NONE;
		size_t used = 0;
		enum framer_verdict verdict = framer_next(bytes, &conn->scanned, &used, &message);

		bytes = slice_from(bytes, used);
		if (verdict == FRAMER_BAD) {
			conn_close(conn, SLICE("bad-framing"));
			return;
		}
		if (verdict == FRAMER_PARTIAL)
			break;
		CHECK(used > 0);
		conn->scanned = 0;
		conn->partial_ms = now_ms(conn);
		if (verdict == FRAMER_MESSAGE)
			take_message(conn, message);
		else
			is_pinged = true;
	}
	if (!conn_is_open(conn))
		return;
	if (bytes.n == 0)
		partial_free(conn);
	else if (partial_keep(conn, bytes))
		conn_close(conn, SLICE("message-too-long"));
	if (is_pinged && conn_is_open(conn))
		(void)conn_send(conn, conn->host->pong);
	conn_watch(conn);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *conn = stream->data;

	if (n == 0)
		return;
	host_turn_begin(conn->host);
	if (n < 0) {
		conn_close(conn, n == UV_EOF ? SLICE("peer-closed") : SLICE("read-failed"));
		return;
	}
	conn_touch(conn);
	if (conn->partial)
		conn_receive(conn, slice_of(conn->partial, conn->partial_n + (size_t)n));
	else
		conn_receive(conn, slice_of(buf->base, (size_t)n));
}

/* Opening */

static void peer_key(const struct addr *peer, uint8_t listener, char ret_key[PEER_KEY_BYTES])
{
	memcpy(ret_key, peer->ip, 16);
	ret_key[16] = (char)(peer->port >> 8);
	ret_key[17] = (char)(peer->port & 0xff);
	ret_key[18] = (char)peer->family;
	ret_key[19] = (char)listener;
}

static struct conn *conn_find_by_peer(struct listener *listener, const struct addr *peer)
{
	char key[PEER_KEY_BYTES];
	struct map_node *node;

	peer_key(peer, listener->index, key);
	node = map_find(&listener->host->conns_by_peer, slice_of(key, sizeof(key)));
	return node ? CONTAINER_OF(node, struct conn, by_peer) : NULL;
}

/* Without memory for the map it is merely not found by its peer. */
static void conn_map(struct conn *conn, struct listener *listener)
{
	if (conn_find_by_peer(listener, &conn->flow.peer))
		return;
	peer_key(&conn->flow.peer, listener->index, conn->peer_key);
	if (map_insert(&conn->host->conns_by_peer, &conn->by_peer,
		       slice_of(conn->peer_key, sizeof(conn->peer_key))))
		conn->by_peer.key = SLICE_NONE;
}

/* The one that is idle longest makes room where there is none. NULL without memory. */
static struct conn *conn_new(struct listener *listener, const struct addr *peer,
			     enum conn_state state)
{
	struct host *host = listener->host;
	struct conn *conn;

	if (host->conn_count >= host->limits.connections && !close_idlest(host))
		return NULL;
	conn = pool_new(&host->conns);
	if (!conn)
		return NULL;
	CHECK(uv_tcp_init(&host->loop, &conn->tcp) == 0);
	conn->tcp.data = conn;
	conn->host = host;
	conn->state = state;
	conn->flow = (struct flow){ .local = listener->addr,
				    .peer = *peer,
				    .conn = conn->pooled.handle,
				    .transport = TRANSPORT_TCP,
				    .listener = listener->index };
	conn->begun_ms = now_ms(conn);
	list_init(&conn->writes);
	conn->is_trusted = state == CONN_CONNECTING;
	list_init(&conn->by_age);
	conn_touch(conn);
	host->conn_count++;
	conn_map(conn, listener);
	conn_watch(conn);
	return conn;
}

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
	return uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) ? ERR_IO : 0;
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
	conn->state = CONN_OPEN;
	conn_touch(conn);
	if (conn_start(conn)) {
		conn_close(conn, SLICE("connect-failed"));
		return;
	}
	LIST_FOR (write, &conn->writes, struct tcp_write, node)
		if (write_start(write)) {
			conn_close(conn, SLICE("write-failed"));
			return;
		}
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

static struct conn *conn_open(struct listener *listener, const struct addr *peer)
{
	struct conn *conn = conn_new(listener, peer, CONN_CONNECTING);

	if (conn && connect_start(conn, listener)) {
		conn_close(conn, SLICE("connect-failed"));
		return NULL;
	}
	return conn;
}

static struct conn *conn_find(struct host *host, struct handle handle)
{
	struct conn *conn = pool_find(&host->conns, handle);

	return conn && conn->state != CONN_CLOSING ? conn : NULL;
}

int tcp_send(struct listener *listener, struct flow *flow, struct packet *packet)
{
	struct conn *conn;

	if (flow->conn.serial != 0) {
		conn = conn_find(listener->host, flow->conn);
	} else {
		conn = conn_find_by_peer(listener, &flow->peer);
		if (!conn)
			conn = conn_open(listener, &flow->peer);
	}
	if (!conn || conn_send(conn, packet))
		return ERR_IO;
	*flow = conn->flow;
	return 0;
}

const struct flow *tcp_find_flow(struct host *host, struct handle handle)
{
	const struct conn *conn = pool_find(&host->conns, handle);

	return conn ? &conn->flow : NULL;
}

void tcp_trust(struct host *host, struct handle handle)
{
	struct conn *conn = conn_find(host, handle);

	if (!conn || conn->is_trusted)
		return;
	conn->is_trusted = true;
	list_remove(&conn->by_age);
	list_append(&host->trusted, &conn->by_age);
}

/* Accepting */

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

	if (err) {
		refuse(listener, fd, peer,
		       err == ERR_LIMIT ? SLICE("source-limit") : SLICE("memory"));
		return;
	}
	conn = conn_new(listener, peer, CONN_SILENT);
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
	if (fd >= 0 && !close_idlest(host)) {
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

/* Beginning and end */

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
