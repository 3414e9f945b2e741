/* SPDX-License-Identifier: MIT */
/*
 * The life of connections (RFC 3261 18), accepted ones and our own. Slow, silent and idle peers are
 * closed, and those idle longest make room for new ones (SECURITY D6). Nothing is freed before
 * libuv says that the socket is gone: that is also when the user hears of the loss.
 */
#include "io/conn.h"

#include "base/mem.h"
#include "io/source.h"

/* --- Closing ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct host *host = conn->host;

	conn_drop_writes(conn);
	mem_free(conn->partial);
	conn->partial = NULL;
	conn_tls_free(conn);
	if (!host->is_freeing) {
		host_turn_begin(host);
		host->user.on_connection_lost(host->user.user, conn->pooled.handle);
	}
	pool_end(&host->conns, conn);
}

static void log_closed(const struct conn *conn, struct slice reason)
{
	char text[256];
	struct buf buf = BUF_ON(text);

	if (conn->host->is_freeing)
		return;
	buf_lit(&buf, "event=connection-closed reason=");
	buf_slice(&buf, reason);
	buf_lit(&buf, " peer=");
	addr_print(&buf, &conn->flow.peer);
	buf_lit(&buf, " transport=");
	buf_slice(&buf, transport_word(conn->flow.transport));
	host_log_often(conn->host, HOST_LOG_CLOSED, buf_text(&buf));
}

void conn_close(struct conn *conn, struct slice reason)
{
	if (conn->state == CONN_CLOSING)
		return;
	log_closed(conn, reason);
	if (conn->tls)
		conn_tls_end(conn);
	conn->state = CONN_CLOSING;
	timer_stop(&conn->host->conn_timers, &conn->timer);
	if (map_node_is_in(&conn->by_peer))
		map_remove(&conn->host->conns_by_peer, &conn->by_peer);
	list_remove(&conn->by_age);
	conn->host->conn_count--;
	source_release(&conn->host->sources, conn->source);
	conn->source = NULL;
	uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

/* --- Age ---------------------------------------------------------------------------------- */

void conn_touch(struct conn *conn)
{
	struct host *host = conn->host;

	conn->traffic_ms = conn_now_ms(conn);
	if (conn->state == CONN_CLOSING)
		return;
	list_remove(&conn->by_age);
	list_append(conn->is_trusted ? &host->trusted : &host->strangers, &conn->by_age);
}

bool conn_close_idlest(struct host *host)
{
	struct conn *conn = LIST_FIRST(&host->strangers, struct conn, by_age);

	if (!conn)
		conn = LIST_FIRST(&host->trusted, struct conn, by_age);
	if (!conn)
		return false;
	conn_close(conn, SLICE("idlest"));
	return true;
}

bool conn_close_idlest_stranger(struct host *host, const struct source *source)
{
	LIST_FOR (conn, &host->strangers, struct conn, by_age) {
		if (conn->source != source)
			continue;
		conn_close(conn, SLICE("source-limit"));
		return true;
	}
	return false;
}

/* --- Deadlines ---------------------------------------------------------------------------- */

static uint64_t conn_deadline_ms(const struct conn *conn)
{
	const struct host_limits *limits = &conn->host->limits;
	uint32_t idle_ms = limits->idle_ms;
	uint64_t at_ms, sooner_ms;

	if (!conn->is_trusted && limits->stranger_idle_ms < idle_ms)
		idle_ms = limits->stranger_idle_ms;
	at_ms = conn->traffic_ms + idle_ms;
	sooner_ms = at_ms;

	if (conn->state == CONN_CONNECTING || (conn->state == CONN_SHAKING && conn->is_ours))
		sooner_ms = conn->begun_ms + limits->connect_ms;
	else if (conn->state == CONN_SHAKING)
		sooner_ms = conn->begun_ms + limits->handshake_ms;
	else if (conn->state == CONN_SILENT)
		sooner_ms = conn->begun_ms + limits->first_message_ms;
	if (sooner_ms < at_ms)
		at_ms = sooner_ms;
	if (conn_is_inside_message(conn) && conn->partial_ms + limits->partial_ms < at_ms)
		at_ms = conn->partial_ms + limits->partial_ms;
	return at_ms;
}

static void on_deadline(struct timer *timer);

/* A deadline that has moved away is noticed when the timer runs: traffic costs no timer work. */
void conn_watch(struct conn *conn)
{
	uint64_t at_ms = conn_deadline_ms(conn);
	uint64_t now = conn_now_ms(conn);

	if (conn->state == CONN_CLOSING || (conn->timer.is_running && conn->timer.at_ms <= at_ms))
		return;
	timer_start(&conn->host->conn_timers, &conn->timer, at_ms > now ? at_ms - now : 0,
		    on_deadline);
}

static void on_deadline(struct timer *timer)
{
	struct conn *conn = CONTAINER_OF(timer, struct conn, timer);

	if (conn_now_ms(conn) >= conn_deadline_ms(conn))
		conn_close(conn, SLICE("timeout"));
	else
		conn_watch(conn);
}

/* --- Finding ------------------------------------------------------------------------------ */

static void peer_key(const struct addr *peer, uint8_t listener, uint16_t name,
		     char ret_key[PEER_KEY_BYTES])
{
	memcpy(ret_key, peer->ip, 16);
	ret_key[16] = (char)(peer->port >> 8);
	ret_key[17] = (char)(peer->port & 0xff);
	ret_key[18] = (char)peer->family;
	ret_key[19] = (char)listener;
	ret_key[20] = (char)(name >> 8);
	ret_key[21] = (char)(name & 0xff);
}

struct conn *conn_find_by_peer(struct listener *listener, const struct addr *peer, uint16_t name)
{
	char key[PEER_KEY_BYTES];
	struct map_node *node;

	peer_key(peer, listener->index, name, key);
	node = map_find(&listener->host->conns_by_peer, slice_of(key, sizeof(key)));
	return node ? CONTAINER_OF(node, struct conn, by_peer) : NULL;
}

/* Without memory for the map it is merely not found by its peer. */
static void conn_map(struct conn *conn, struct listener *listener)
{
	if (conn_find_by_peer(listener, &conn->flow.peer, conn->flow.name) ||
	    (conn->flow.transport == TRANSPORT_TLS && !conn->is_ours))
		return;
	peer_key(&conn->flow.peer, listener->index, conn->flow.name, conn->peer_key);
	(void)map_insert(&conn->host->conns_by_peer, &conn->by_peer,
			 slice_of(conn->peer_key, sizeof(conn->peer_key)));
}

struct conn *conn_find(struct host *host, struct handle handle)
{
	struct conn *conn = pool_find(&host->conns, handle);

	return conn && conn->state != CONN_CLOSING ? conn : NULL;
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

/* --- Beginning ---------------------------------------------------------------------------- */

struct conn *conn_new(struct listener *listener, const struct addr *peer, uint16_t name,
		      enum conn_state state)
{
	struct host *host = listener->host;
	struct conn *conn;

	if (host->conn_count >= host->limits.connections && !conn_close_idlest(host))
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
				    .transport = listener->transport,
				    .listener = listener->index,
				    .name = name };
	conn->begun_ms = conn_now_ms(conn);
	list_init(&conn->waiting);
	list_init(&conn->writes);
	conn->is_ours = state == CONN_CONNECTING;
	conn->is_trusted = conn->is_ours;
	list_init(&conn->by_age);
	conn_touch(conn);
	host->conn_count++;
	conn_map(conn, listener);
	conn_watch(conn);
	return conn;
}
