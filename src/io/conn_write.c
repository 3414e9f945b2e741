/* SPDX-License-Identifier: MIT */
/*
 * Writing to a connection: at once what the socket takes, the rest in a bounded queue.
 */
#include "io/conn.h"

#include "base/err.h"
#include "base/mem.h"

static void write_free(struct tcp_write *write)
{
	write->conn->writes_bytes -= write->packet->n - write->from;
	list_remove(&write->node);
	packet_unref(write->packet);
	mem_free(write);
}
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

int conn_send(struct conn *conn, struct packet *packet)
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
int conn_send_waiting(struct conn *conn)
{
	LIST_FOR (write, &conn->writes, struct tcp_write, node)
		if (write_start(write))
			return ERR_IO;
	return 0;
}

void conn_drop_writes(struct conn *conn)
{
	LIST_FOR (write, &conn->writes, struct tcp_write, node)
		write_free(write);
}
