/* SPDX-License-Identifier: MIT */
/*
 * The connections of the host (RFC 3261 18): cutting into messages, opening, reusing and losing
 * them.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"
#include "support/guarded.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void tcp_split_writes_make_the_same_message(void **state)
{
	static const struct slice message = SLICE_INIT(OPTIONS);
	struct guarded guarded = guarded_copy(message);
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	for (size_t i = 1; i < message.n; i++) {
		rig.text_n = 0;
		plain_write(fd, slice_head(guarded.text, i));
		assert_true(run_until(&rig, has_turns, rig.turns + 1));
		plain_write(fd, slice_from(guarded.text, i));
		assert_true(run_until(&rig, has_messages, (unsigned)i));
		expect_text(&rig, OPTIONS "|");
	}
	rig.text_n = 0;
	for (size_t i = 0; i < message.n; i++) {
		plain_write(fd, slice_of(guarded.text.p + i, 1));
		assert_true(run_until(&rig, has_turns, rig.turns + 1));
	}
	expect_text(&rig, OPTIONS "|");
	assert_int_equal(rig.lost, 0);
	close(fd);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(handle_eq(rig.lost_conn, rig.flow.conn));
	rig_fini(&rig);
	guarded_free(&guarded);
}

static void tcp_many_messages_in_one_write(void **state)
{
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS "\r\n" OPTIONS "BYE sip:b SIP/2.0\r\nl: 3\r\n\r\nab"));
	assert_true(run_until(&rig, has_messages, 2));
	expect_text(&rig, OPTIONS "|" OPTIONS "|");
	plain_write(fd, SLICE("c" OPTIONS));
	assert_true(run_until(&rig, has_messages, 4));
	expect_text(&rig, OPTIONS "|" OPTIONS "|BYE sip:b SIP/2.0\r\nl: 3\r\n\r\nabc|" OPTIONS "|");
	rig_fini(&rig);
	close(fd);
}

static void tcp_takes_the_largest_message(void **state)
{
	static const struct slice head =
		SLICE_INIT("MESSAGE sip:a SIP/2.0\r\nContent-Length: 65487\r\n\r\n");
	static char text[65535];
	struct slice all = slice_of(text, sizeof(text));
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, head.p, head.n);
	assert_int_equal(head.n + 65487, sizeof(text));
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	for (size_t at = 0; at < all.n; at += 5000) {
		plain_write(fd, slice_head(slice_from(all, at), 5000));
		assert_true(run_until(&rig, has_turns, rig.turns + 1));
	}
	assert_true(run_until(&rig, has_messages, 1));
	assert_int_equal(rig.lost, 0);
	rig_fini(&rig);
	close(fd);
}

/* RFC 5626 4.4.1; many pings at once get one answer. */
static void tcp_ping_is_answered(void **state)
{
	struct rig rig;
	struct addr to;
	int fd;
	char pings[4000];
	char got[8];

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	rig.fd = fd;
	plain_write(fd, SLICE("\r\n\r\n"));
	assert_true(run_until(&rig, has_answer, 0));
	plain_expect(fd, SLICE("\r\n"));
	for (size_t i = 0; i < sizeof(pings); i++)
		pings[i] = i % 2 ? '\n' : '\r';
	plain_write(fd, slice_of(pings, sizeof(pings)));
	assert_true(run_until(&rig, has_answer, 0));
	plain_expect(fd, SLICE("\r\n"));
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(rig.messages, 0);
	rig_fini(&rig);
	close(fd);
}

static void tcp_bad_framing_closes(void **state)
{
	static const struct {
		const char *name;
		struct slice input;
	} rows[] = {
		{ "Content-Length over the limit",
		  SLICE_INIT("OPTIONS sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n") },
		{ "Content-Length over 32 bits",
		  SLICE_INIT("OPTIONS sip:a SIP/2.0\r\nContent-Length: 4294967297\r\n\r\n") },
		{ "negative Content-Length",
		  SLICE_INIT("OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n") },
		{ "no Content-Length", SLICE_INIT("OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r\n") },
		{ "TLS", SLICE_INIT("\x16\x03\x01\x02") },
	};
	struct rig rig;
	struct addr to;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = plain_tcp(&to);

		plain_write(fd, rows[i].input);
		if (!run_until(&rig, has_lost, (unsigned)i + 1) || !plain_is_closed(fd))
			fail_msg("%s: still open", rows[i].name);
		close(fd);
	}
	assert_int_equal(rig.messages, 0);
	rig_fini(&rig);
}

static void tcp_endless_head_closes(void **state)
{
	static char text[70000];
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	memset(text, 'x', sizeof(text));
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, slice_of(text, sizeof(text)));
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(mem_count().bytes < 3000000);
	rig_fini(&rig);
	close(fd);
}

/* SECURITY D6 */
static void tcp_slow_clients_are_closed(void **state)
{
	static const struct {
		const char *name;
		struct slice input;
		uint32_t first_message_ms, partial_ms, idle_ms;
		unsigned messages;
	} rows[] = {
		{ "silent", SLICE_INIT(""), 30, 60000, 60000, 0 },
		{ "six bytes", SLICE_INIT("INVITE"), 30, 60000, 60000, 0 },
		{ "six bytes, second deadline", SLICE_INIT("INVITE"), 60000, 30, 60000, 0 },
		{ "pings only", SLICE_INIT("\r\n\r\n\r\n\r\n"), 30, 60000, 60000, 0 },
		{ "message and a half", SLICE_INIT(OPTIONS "BYE sip:"), 60000, 30, 60000, 1 },
		{ "idle", SLICE_INIT(OPTIONS), 60000, 60000, 30, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_limits limits = HOST_LIMITS_DEFAULT;
		struct rig rig;
		struct addr to;
		int fd;

		limits.first_message_ms = rows[i].first_message_ms;
		limits.partial_ms = rows[i].partial_ms;
		limits.idle_ms = rows[i].idle_ms;
		rig_init(&rig, &limits);
		to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
		fd = plain_tcp(&to);
		plain_write(fd, rows[i].input);
		if (!run_until(&rig, has_lost, 1) || !plain_is_closed(fd) ||
		    rig.messages != rows[i].messages || !log_has(&rig, "reason=timeout"))
			fail_msg("%s: %u messages, %u lost", rows[i].name, rig.messages, rig.lost);
		rig_fini(&rig);
		close(fd);
	}
}

static bool is_later(struct rig *rig)
{
	return host_timers(rig->host)->now_ms >= rig->wanted;
}

static void nothing(struct timer *timer)
{
	(void)timer;
}

static void tcp_half_a_ping_may_wait(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct timer timer = { 0 };
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	limits.partial_ms = 20;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS "\r\n"));
	assert_true(run_until(&rig, has_messages, 1));
	timer_start(host_timers(rig.host), &timer, 60, nothing);
	assert_true(run_until(&rig, is_later, (unsigned)timer.at_ms));
	plain_write(fd, SLICE("OPTIONS"));
	assert_true(run_until(&rig, has_turns, rig.turns + 1));
	plain_write(fd, SLICE(" sip:a SIP/2.0\r\nl: 0\r\n\r\n"));
	assert_true(run_until(&rig, has_messages, 2));
	assert_int_equal(rig.lost, 0);
	rig_fini(&rig);
	close(fd);
}

static void tcp_refused_connection_is_reported(void **state)
{
	struct flow flow = { .transport = TRANSPORT_TCP };
	struct addr closed = addr_of("127.0.0.1:0");
	struct rig rig;
	int fd;

	(void)state;
	assert_int_equal(socket_listen(TRANSPORT_TCP, &closed, &fd, &flow.peer), 0);
	close(fd);
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(addr_eq(&rig.lost_flow.peer, &flow.peer));
	assert_true(log_has(&rig, "reason=connect-failed peer=127.0.0.1:"));
	assert_true(log_has(&rig, " transport=tcp"));
	flow.conn = rig.lost_conn;
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), ERR_IO);
	assert_int_equal(host_conn_flow(rig.host, flow.conn, &flow), ERR_NOTFOUND);
	rig_fini(&rig);
}

static void tcp_opens_one_connection_to_a_peer(void **state)
{
	struct flow flow = { .transport = TRANSPORT_TCP };
	struct addr any = addr_of("127.0.0.1:0"), ours;
	union sockaddr_any name;
	socklen_t n = sizeof(name);
	struct rig rig;
	int listening, fd;

	(void)state;
	assert_int_equal(socket_listen(TRANSPORT_TCP, &any, &listening, &flow.peer), 0);
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_TCP, "127.0.0.3:0");
	assert_int_equal(send_text(&rig, &flow, SLICE("one ")), 0);
	assert_int_equal(send_text(&rig, &flow, SLICE("two ")), 0);
	assert_true(run_until(&rig, has_turns, 2));
	assert_int_equal(send_text(&rig, &flow, SLICE("three")), 0);
	assert_true(plain_wait(listening));
	fd = accept(listening, &name.any, &n);
	assert_true(fd >= 0);
	plain_expect(fd, SLICE("one two three"));
	sockaddr_to_addr(&name, &ours);
	any = addr_of("127.0.0.3:0");
	assert_true(addr_eq_ip(&ours, &any));
	assert_int_equal(accept(listening, NULL, NULL), -1);
	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 1));
	assert_int_equal(send_text(&rig, &rig.flow, SLICE("four")), 0);
	plain_expect(fd, SLICE("four"));
	rig_fini(&rig);
	close(fd);
	close(listening);
}

static void tcp_reuses_the_connection_of_the_peer(void **state)
{
	struct flow flow = { .transport = TRANSPORT_TCP };
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 1));
	flow.peer = name_of(fd);
	assert_int_equal(send_text(&rig, &flow, SLICE("hello")), 0);
	plain_expect(fd, SLICE("hello"));
	rig_fini(&rig);
	close(fd);
}

static void tcp_peer_that_does_not_read_is_closed(void **state)
{
	static char text[32768];
	struct rig rig;
	struct addr to;
	unsigned sent = 0;
	int fd;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 1));
	memset(text, 'x', sizeof(text));
	while (sent < 10000 && send_text(&rig, &rig.flow, slice_of(text, sizeof(text))) == 0)
		sent++;
	assert_in_range(sent, 1, 9999);
	assert_true(log_has(&rig, "reason=write-queue-full"));
	assert_true(run_until(&rig, has_lost, 1));
	rig_fini(&rig);
	close(fd);
}

static void tcp_queued_bytes_keep_their_order(void **state)
{
	static char text[65000];
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	size_t read_n = 0;
	int fd;

	(void)state;
	limits.conn_queue_bytes = 64 * 1024 * 1024;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 1));
	for (int i = 0; i < 200; i++) {
		memset(text, 'a' + i % 26, sizeof(text));
		assert_int_equal(send_text(&rig, &rig.flow, slice_of(text, sizeof(text))), 0);
	}
	while (read_n < 200 * sizeof(text)) {
		ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

		for (ssize_t i = 0; i < n; i++, read_n++)
			assert_true(text[i] == (char)('a' + read_n / sizeof(text) % 26));
		if (n <= 0)
			assert_true(run_until(&rig, has_turns, rig.turns + 1));
	}
	assert_int_equal(rig.lost, 0);
	rig_fini(&rig);
	close(fd);
}

/* CVE-2018-7286: a burst of requests, and the connection is gone before they are answered. */
static void tcp_burst_from_a_peer_that_leaves(void **state)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	rig.is_echoing = true;
	fd = plain_tcp(&to);
	assert_true(run_until(&rig, has_turns, 1));
	for (int i = 0; i < 100; i++)
		plain_write(fd, SLICE(OPTIONS));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	assert_true(run_until(&rig, has_lost, 1));
	rig.flow.conn = rig.lost_conn;
	rig.flow.transport = TRANSPORT_TCP;
	rig.flow.peer = rig.lost_flow.peer;
	assert_int_equal(send_text(&rig, &rig.flow, SLICE(OPTIONS)), ERR_IO);
	rig_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(tcp_split_writes_make_the_same_message),
		HOST_TEST(tcp_many_messages_in_one_write),
		HOST_TEST(tcp_takes_the_largest_message),
		HOST_TEST(tcp_ping_is_answered),
		HOST_TEST(tcp_bad_framing_closes),
		HOST_TEST(tcp_endless_head_closes),
		HOST_TEST(tcp_slow_clients_are_closed),
		HOST_TEST(tcp_half_a_ping_may_wait),
		HOST_TEST(tcp_refused_connection_is_reported),
		HOST_TEST(tcp_opens_one_connection_to_a_peer),
		HOST_TEST(tcp_reuses_the_connection_of_the_peer),
		HOST_TEST(tcp_peer_that_does_not_read_is_closed),
		HOST_TEST(tcp_queued_bytes_keep_their_order),
		HOST_TEST(tcp_burst_from_a_peer_that_leaves),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
