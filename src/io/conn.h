/* SPDX-License-Identifier: MIT */
/*
 * A connection, as the files around it share it: conn.c (its life), conn_read.c, conn_write.c,
 * conn_tls.c between these two and the socket, and tcp.c, where it comes from.
 */
#ifndef LAMPYRID_IO_CONN_H
#define LAMPYRID_IO_CONN_H

#include "base/list.h"
#include "io/host_inner.h"

struct source;
struct tls_stream;

#define PEER_KEY_BYTES 22

enum conn_state {
	CONN_CONNECTING, /* ours; what is sent waits */
	CONN_SHAKING,	 /* TLS; what is sent waits */
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
	struct tls_stream *tls; /* owned; NULL by TCP */
	bool is_ours;		/* opened by us */

	struct map_node by_peer; /* in host->conns_by_peer, or in none */
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

	struct list waiting; /* struct conn_write, until it is open */
	struct list writes;  /* struct conn_write, on their way */
	size_t writes_bytes; /* of both */
};

/* Bytes that the socket did not take at once. */
struct conn_write {
	uv_write_t req;
	struct list node;
	struct conn *conn;
	struct packet *packet; /* one reference */
	size_t from;	       /* bytes written before */
};

static inline uint64_t conn_now_ms(const struct conn *conn)
{
	return conn->host->conn_timers.now_ms;
}

static inline bool conn_is_open(const struct conn *conn)
{
	return conn->state == CONN_SILENT || conn->state == CONN_OPEN;
}

/* --- conn.c ------------------------------------------------------------------------------- */

/* The one that is idle longest makes room where there is none. NULL without memory. */
struct conn *conn_new(struct listener *listener, const struct addr *peer, uint16_t name,
		      enum conn_state state);

/*
 * Safe at any place: what is being read stays readable, and the user hears of it later. From now on
 * nothing finds the connection for sending.
 */
void conn_close(struct conn *conn, struct slice reason);

/* NULL when there is none, or it is closing. */
struct conn *conn_find(struct host *host, struct handle handle);

/* By TLS only one that we opened for this name: others have proved nothing (SECURITY T2). */
struct conn *conn_find_by_peer(struct listener *listener, const struct addr *peer, uint16_t name);

/* There was traffic. */
void conn_touch(struct conn *conn);

/* A deadline may have come nearer. */
void conn_watch(struct conn *conn);

/* Makes room. Its descriptor is free on return. False when there is none to close. */
bool conn_close_idlest(struct host *host);

/* The same among the strangers of one place. */
bool conn_close_idlest_stranger(struct host *host, const struct source *source);

/* --- conn_read.c -------------------------------------------------------------------------- */

int conn_read_start(struct conn *conn);

/* Where the next bytes of messages go; p NULL without memory. Filled before the next call. */
uv_buf_t conn_read_room(struct conn *conn);

/* `n` bytes are there now. */
void conn_take(struct conn *conn, const uv_buf_t *room, size_t n);

/* Half a message is there, and its deadline runs. */
bool conn_is_inside_message(const struct conn *conn);

/* --- conn_write.c ------------------------------------------------------------------------- */

/* A packet that cannot be queued whole would break the stream: the connection goes with it. */
int conn_send(struct conn *conn, struct packet *packet);

/* What was sent before it was open leaves now. */
void conn_send_waiting(struct conn *conn);

/* Bytes for the wire as they stand; otherwise as conn_send(). */
int conn_put(struct conn *conn, struct slice bytes);

/* For the end: whatever was not written. */
void conn_drop_writes(struct conn *conn);

/* --- conn_tls.c --------------------------------------------------------------------------- */

/* The socket is connected: the handshake begins. ERR_NOMEM, ERR_STATE without a certificate. */
int conn_tls_start(struct conn *conn);

/* From the wire. */
void conn_tls_receive(struct conn *conn, struct slice bytes);

/* Only when it is open; otherwise as conn_send(). */
int conn_tls_send(struct conn *conn, struct slice bytes);

/* Says good-bye as far as the socket takes it at once. */
void conn_tls_end(struct conn *conn);
void conn_tls_free(struct conn *conn);

#endif
