/* SPDX-License-Identifier: MIT */
/*
 * TLS on a connection: what the socket brings goes through crypto/tls.h before it is cut into
 * messages, and what is sent, before it is written. Whoever has not shaken hands within its time is
 * closed (SECURITY D6); a stream that fails takes the connection with it.
 */
#include "io/conn.h"

#include "base/err.h"
#include "crypto/tls.h"

static void close_failed(struct conn *conn)
{
	char text[192];
	struct buf reason = BUF_ON(text);

	buf_lit(&reason, "tls cause=\"");
	buf_slice(&reason, tls_reason(conn->tls));
	buf_char(&reason, '"');
	conn_close(conn, buf_text(&reason));
}

/* What TLS wants to say leaves. */
static int flush(struct conn *conn)
{
	struct slice bytes = tls_to_send(conn->tls);
	int err;

	if (slice_is_empty(bytes))
		return 0;
	err = conn_put(conn, bytes);
	tls_sent(conn->tls);
	return err;
}

int conn_tls_start(struct conn *conn)
{
	struct host *host = conn->host;
	struct slice domain = names_get(&host->names, conn->flow.name);
	int err;

	if (!host->tls || (!conn->is_ours && !tls_context_can_accept(host->tls)))
		return ERR_STATE;
	conn->state = CONN_SHAKING;
	conn_watch(conn);
	if (conn->is_ours)
		err = tls_connect(host->tls, domain, &conn->flow.peer, &conn->tls);
	else
		err = tls_accept(host->tls, &conn->tls);
	return err ? err : flush(conn);
}

static void on_open(struct conn *conn)
{
	conn->state = conn->is_ours ? CONN_OPEN : CONN_SILENT;
	conn_send_waiting(conn);
	conn_watch(conn);
}

/* Until the stream wants more from the wire; a message may close the connection. */
static enum tls_state read_all(struct conn *conn)
{
	enum tls_state state = TLS_OPEN;

	while (conn_is_open(conn) && state == TLS_OPEN) {
		uv_buf_t room = conn_read_room(conn);
		size_t n;

		if (!room.base) {
			conn_close(conn, SLICE("memory"));
			break;
		}
		state = tls_read(conn->tls, room.base, room.len, &n);
		if (n == 0)
			break;
		conn_take(conn, &room, n);
	}
	return state;
}

void conn_tls_receive(struct conn *conn, struct slice bytes)
{
	enum tls_state state = tls_receive(conn->tls, bytes);

	if (flush(conn))
		return;
	if (state == TLS_OPEN && conn->state == CONN_SHAKING)
		on_open(conn);
	if (state == TLS_OPEN)
		state = read_all(conn);
	if (conn->state == CONN_CLOSING || flush(conn))
		return;
	if (state == TLS_FAILED)
		close_failed(conn);
	else if (state == TLS_ENDED)
		conn_close(conn, SLICE("peer-closed"));
}

int conn_tls_send(struct conn *conn, struct slice bytes)
{
	if (tls_write(conn->tls, bytes)) {
		close_failed(conn);
		return ERR_IO;
	}
	return flush(conn);
}

void conn_tls_end(struct conn *conn)
{
	struct slice bytes;
	uv_buf_t all;

	tls_end(conn->tls);
	bytes = tls_to_send(conn->tls);
	if (slice_is_empty(bytes) || !list_is_empty(&conn->writes))
		return;
	all = uv_buf_init((char *)bytes.p, (unsigned)bytes.n);
	/* Politeness only: whoever does not take it at once does without. */
	(void)uv_try_write((uv_stream_t *)&conn->tcp, &all, 1);
	tls_sent(conn->tls);
}

void conn_tls_free(struct conn *conn)
{
	tls_free(conn->tls);
	conn->tls = NULL;
}
