/* SPDX-License-Identifier: MIT */
/*
 * Writing to a connection: at once what the socket takes, the rest in a bounded queue. What is sent
 * before the connection is open waits as it is, since it may have to be encrypted.
 */
#include "io/conn.h"

#include "base/err.h"
#include "base/mem.h"

static void write_free(struct conn_write *write)
{
	write->conn->writes_bytes -= write->packet->n - write->from;
	list_remove(&write->node);
	packet_unref(write->packet);
	mem_free(write);
}

static void on_written(uv_write_t *req, int status)
{
	struct conn_write *write = req->data;
	struct conn *conn = write->conn;

	write_free(write);
	if (conn->host->is_freeing)
		return;
	host_turn_begin(conn->host);
	conn_touch(conn);
	if (status < 0)
		conn_close(conn, SLICE("write-failed"));
}

static int write_start(struct conn_write *write)
{
	struct packet *packet = write->packet;
	uv_buf_t part = uv_buf_init(packet->p + write->from, packet->n - (unsigned)write->from);

	write->req.data = write;
	return uv_write(&write->req, (uv_stream_t *)&write->conn->tcp, &part, 1, on_written);
}

/* Behind what is in the list already; takes a reference of its own. */
static int list_write(struct conn *conn, struct list *list, struct packet *packet, size_t from,
		      struct conn_write **ret_write)
{
	struct conn_write *write;

	if (conn->writes_bytes + packet->n - from > conn->host->limits.conn_queue_bytes)
		return ERR_LIMIT;
	write = mem_alloc(sizeof(*write));
	if (!write)
		return ERR_NOMEM;
	write->conn = conn;
	write->packet = packet_ref(packet);
	write->from = from;
	list_append(list, &write->node);
	conn->writes_bytes += packet->n - from;
	*ret_write = write;
	return 0;
}

static int queue_write(struct conn *conn, struct packet *packet, size_t from)
{
	struct conn_write *write;
	int err = list_write(conn, &conn->writes, packet, from, &write);

	if (err)
		return err;
	if (write_start(write)) {
		write_free(write);
		return ERR_IO;
	}
	return 0;
}

/* How much of it the socket takes at once, and nothing when others wait. */
static int try_write(struct conn *conn, struct slice bytes, size_t *ret_n)
{
	uv_buf_t all = uv_buf_init((char *)bytes.p, (unsigned)bytes.n);
	int n;

	*ret_n = 0;
	if (!list_is_empty(&conn->writes))
		return 0;
	n = uv_try_write((uv_stream_t *)&conn->tcp, &all, 1);
	if (n < 0 && n != UV_EAGAIN) {
		conn_close(conn, SLICE("write-failed"));
		return ERR_IO;
	}
	*ret_n = n > 0 ? (size_t)n : 0;
	return 0;
}

static int fail_full(struct conn *conn)
{
	conn_close(conn, SLICE("write-queue-full"));
	return ERR_IO;
}

int conn_put(struct conn *conn, struct slice bytes)
{
	struct packet *rest;
	size_t n;
	int err = try_write(conn, bytes, &n);

	if (err || n == bytes.n)
		return err;
	rest = packet_new(slice_from(bytes, n));
	err = rest ? queue_write(conn, rest, 0) : ERR_NOMEM;
	packet_unref(rest);
	return err ? fail_full(conn) : 0;
}

static int put_packet(struct conn *conn, struct packet *packet)
{
	size_t n;
	int err = try_write(conn, packet_bytes(packet), &n);

	if (err)
		return err;
	return n < packet->n && queue_write(conn, packet, n) ? fail_full(conn) : 0;
}

int conn_send(struct conn *conn, struct packet *packet)
{
	struct conn_write *write;

	conn_touch(conn);
	if (!conn_is_open(conn))
		return list_write(conn, &conn->waiting, packet, 0, &write) ? fail_full(conn) : 0;
	return conn->tls ? conn_tls_send(conn, packet_bytes(packet)) : put_packet(conn, packet);
}

void conn_send_waiting(struct conn *conn)
{
	LIST_FOR (write, &conn->waiting, struct conn_write, node) {
		struct packet *packet = packet_ref(write->packet);
		int err;

		write_free(write);
		err = conn_send(conn, packet);
		packet_unref(packet);
		if (err)
			return;
	}
}

void conn_drop_writes(struct conn *conn)
{
	LIST_FOR (write, &conn->waiting, struct conn_write, node)
		write_free(write);
	LIST_FOR (write, &conn->writes, struct conn_write, node)
		write_free(write);
}
