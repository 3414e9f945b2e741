/* SPDX-License-Identifier: MIT */
/*
 * Reading from a connection, cut into messages by sip/framer.h. All connections without half a
 * message read into one buffer of the host; only half a message has memory of its own.
 */
#include "io/conn.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/framer.h"
#include "sip/limits.h"

#define PARTIAL_FIRST_BYTES 4096
#define READ_ROOM_BYTES 2048 /* least room to read into */

/* Some phones keep a way open with one CRLF now and then: half a ping may wait for its rest. */
bool conn_is_inside_message(const struct conn *conn)
{
	return conn->partial && conn->partial[0] != '\r';
}
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
uv_buf_t conn_read_room(struct conn *conn)
{
	if (!conn->partial)
		return uv_buf_init(conn->host->read_buffer, TCP_READ_BYTES);
	if (partial_make_room(conn))
		return uv_buf_init(conn->partial + conn->partial_n,
				   (unsigned)(conn->partial_cap - conn->partial_n));
	return uv_buf_init(NULL, 0);
}

/* What TLS brings is no message yet: it is never half of one. */
static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buf)
{
	struct conn *conn = handle->data;

	(void)hint;
	if (conn->tls)
		*ret_buf = uv_buf_init(conn->host->read_buffer, TCP_READ_BYTES);
	else
		*ret_buf = conn_read_room(conn);
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
	if (!conn_is_inside_message(conn))
		conn->partial_ms = conn_now_ms(conn);
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
		conn->partial_ms = conn_now_ms(conn);
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

void conn_take(struct conn *conn, const uv_buf_t *room, size_t n)
{
	if (conn->partial)
		conn_receive(conn, slice_of(conn->partial, conn->partial_n + n));
	else
		conn_receive(conn, slice_of(room->base, n));
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
	if (conn->tls)
		conn_tls_receive(conn, slice_of(buf->base, (size_t)n));
	else
		conn_take(conn, buf, (size_t)n);
}

int conn_read_start(struct conn *conn)
{
	return uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) ? ERR_IO : 0;
}
