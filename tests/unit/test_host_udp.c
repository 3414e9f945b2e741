/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of the host: in batches, from the address that was asked, and where there is no way.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void udp_echoes_in_batches(void **state)
{
	struct rig rig;
	struct addr to;
	int fd = plain_udp("127.0.0.1:0");

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	rig.is_echoing = true;
	for (unsigned i = 0; i < 300; i++) {
		char text[16];

		plain_send_to(fd, &to, slice_of(text, (size_t)sprintf(text, "message %u", i)));
	}
	assert_true(run_until(&rig, has_messages, 300));
	assert_true(rig.turns <= 3);
	assert_true(addr_eq(&rig.flow.local, &to));
	for (unsigned i = 0; i < 300; i++) {
		char text[16];

		plain_expect(fd, slice_of(text, (size_t)sprintf(text, "message %u", i)));
	}
	rig_fini(&rig);
	close(fd);
}

static void udp_allocates_nothing_but_packets(void **state)
{
	struct rig rig;
	struct addr to;
	int fd = plain_udp("127.0.0.1:0");
	uint64_t allocs;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_UDP, "0.0.0.0:0");
	to = addr_of("127.0.0.1:1");
	to.port = name_of(fd).port;
	allocs = mem_count().allocs;
	rig.is_echoing = true;
	for (unsigned i = 0; i < 100; i++) {
		struct flow flow = { .peer = to };

		assert_int_equal(send_text(&rig, &flow, SLICE("x")), 0);
	}
	assert_true(run_until(&rig, has_turns, 1));
	assert_int_equal(mem_count().allocs - allocs, 100);
	rig_fini(&rig);
	close(fd);
}

/* No socket has room for the answers to thousands of NOTIFYs. */
static void udp_receives_while_a_long_turn_sends(void **state)
{
	struct rig rig;
	struct addr to;
	int fd = plain_udp("127.0.0.1:0");
	struct flow flow = { .peer = name_of(fd) };
	uint64_t allocs;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	for (unsigned i = 0; i < 100; i++)
		plain_send_to(fd, &to, SLICE("answer"));
	allocs = mem_count().allocs;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(send_text(&rig, &flow, SLICE("x")), 0);
	/* A packet for each: what came is off the socket, but not delivered inside of a send. */
	assert_int_equal(mem_count().allocs - allocs, 1000 + 100);
	assert_int_equal(rig.messages, 0);
	plain_send_to(fd, &to, SLICE("last"));
	assert_true(run_until(&rig, has_messages, 100));
	assert_true(run_until(&rig, has_messages, 101));
	assert_memory_equal(rig.text + rig.text_n - 5, "last|", 5);
	rig_fini(&rig);
	close(fd);
}

static void udp_keep_alives_are_not_messages(void **state)
{
	static const struct {
		const char *name;
		struct slice input;
		unsigned expected;
	} rows[] = {
		{ "empty", SLICE_INIT(""), 0 },
		{ "CRLFCRLF", SLICE_INIT("\r\n\r\n"), 0 },
		{ "four NULs", SLICE_INIT("\0\0\0\0"), 0 },
		{ "one letter", SLICE_INIT("x"), 1 },
		{ "CRLF and a message", SLICE_INIT("\r\nx"), 1 },
	};
	struct rig rig;
	struct addr to;
	int fd = plain_udp("127.0.0.1:0");

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned before = rig.messages;

		plain_send_to(fd, &to, rows[i].input);
		assert_true(run_until(&rig, has_turns, rig.turns + 1));
		if (rig.messages - before != rows[i].expected)
			fail_msg("%s: %u messages", rows[i].name, rig.messages - before);
	}
	rig_fini(&rig);
	close(fd);
}

/* RFC 3581 4: the response leaves from where the request came to. */
static void expect_answer_from(const char *any, const char *client, const char *aimed_at)
{
	struct rig rig;
	struct addr to = addr_of(aimed_at), from;
	union sockaddr_any name;
	socklen_t n = sizeof(name);
	int fd = plain_udp(client);
	char got[16];

	rig_init(&rig, NULL);
	to.port = listen_on(&rig, TRANSPORT_UDP, any).port;
	rig.is_echoing = true;
	plain_send_to(fd, &to, SLICE("ping"));
	assert_true(run_until(&rig, has_messages, 1));
	assert_true(addr_eq(&rig.flow.local, &to));
	assert_true(plain_wait(fd));
	assert_int_equal(recvfrom(fd, got, sizeof(got), 0, &name.any, &n), 4);
	sockaddr_to_addr(&name, &from);
	assert_true(addr_eq(&from, &to));
	rig_fini(&rig);
	close(fd);
}

static void wildcard_answers_from_the_address_asked(void **state)
{
	(void)state;
	expect_answer_from("0.0.0.0:0", "127.0.0.1:0", "127.0.0.1:1");
	expect_answer_from("0.0.0.0:0", "127.0.0.1:0", "127.0.0.2:1");
	expect_answer_from("0.0.0.0:0", "127.0.0.9:0", "127.1.2.3:1");
}

static bool has_ipv6(void)
{
	struct addr addr = addr_of("[::1]:0"), bound;
	int fd;

	if (socket_listen(TRANSPORT_UDP, &addr, &fd, &bound))
		return false;
	close(fd);
	return true;
}

static void ipv6_works_alike(void **state)
{
	struct rig rig;
	struct addr to;
	int fd;

	(void)state;
	if (!has_ipv6())
		skip();
	expect_answer_from("[::1]:0", "[::1]:0", "[::1]:1");
	expect_answer_from("[::]:0", "[::1]:0", "[::1]:1");
	rig_init(&rig, NULL);
	to = addr_of("[::1]:1");
	to.port = listen_on(&rig, TRANSPORT_TCP, "[::]:0").port;
	rig.is_echoing = true;
	fd = plain_tcp(&to);
	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 1));
	plain_expect(fd, SLICE(OPTIONS));
	assert_true(addr_eq(&rig.flow.local, &to));
	rig_fini(&rig);
	close(fd);
}

static void ipv6_listener_takes_no_ipv4(void **state)
{
	struct rig rig;
	struct addr bound, same = addr_of("0.0.0.0:0"), unused;
	uint8_t index;

	(void)state;
	if (!has_ipv6())
		skip();
	rig_init(&rig, NULL);
	bound = listen_on(&rig, TRANSPORT_UDP, "[::]:0");
	same.port = bound.port;
	assert_int_equal(host_listen(rig.host, TRANSPORT_UDP, &same, &unused, &index), 0);
	rig_fini(&rig);
}

static void local_addr_is_what_the_peer_sees(void **state)
{
	struct rig rig;
	struct addr any, one, seen;
	struct flow flow = { .peer = addr_of("127.0.0.1:9") };

	(void)state;
	rig_init(&rig, NULL);
	any = listen_on(&rig, TRANSPORT_UDP, "0.0.0.0:0");
	one = listen_on(&rig, TRANSPORT_UDP, "127.0.0.5:0");
	assert_int_equal(host_local_addr(rig.host, &flow, &seen), 0);
	assert_true(seen.port == any.port);
	any = addr_of("127.0.0.1:1");
	assert_true(addr_eq_ip(&seen, &any));
	flow.listener = 1;
	assert_int_equal(host_local_addr(rig.host, &flow, &seen), 0);
	assert_true(addr_eq(&seen, &one));
	flow.listener = 2;
	assert_int_equal(host_local_addr(rig.host, &flow, &seen), ERR_IO);
	flow = (struct flow){ .peer = addr_of("[::1]:9") };
	assert_int_equal(host_local_addr(rig.host, &flow, &seen), ERR_IO);
	rig_fini(&rig);
}

static void datagram_without_a_way_stops_no_other(void **state)
{
	struct rig rig;
	int fd = plain_udp("127.0.0.1:0");
	struct flow good = { .peer = name_of(fd) };
	struct flow bad = good;

	(void)state;
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_UDP, "0.0.0.0:0");
	bad.local = addr_of("203.0.113.77:5060"); /* not ours */
	assert_int_equal(send_text(&rig, &good, SLICE("one")), 0);
	assert_int_equal(send_text(&rig, &bad, SLICE("lost")), 0);
	assert_int_equal(send_text(&rig, &good, SLICE("two")), 0);
	assert_true(run_until(&rig, has_turns, 1));
	plain_expect(fd, SLICE("one"));
	plain_expect(fd, SLICE("two"));
	assert_true(log_has(&rig, "event=datagrams-dropped listener=0 count=1"));
	rig_fini(&rig);
	close(fd);
}

static int send_errors; /* how often the system has no memory for us */

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
	if (send_errors == 0)
		return __real_sendmmsg(fd, messages, n, flags);
	send_errors--;
	errno = ENOBUFS;
	return -1;
}

static void datagram_is_tried_twice(void **state)
{
	struct rig rig;
	int fd = plain_udp("127.0.0.1:0");
	struct flow flow = { .peer = name_of(fd) };

	(void)state;
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	rig.fd = fd;
	send_errors = 1;
	assert_int_equal(send_text(&rig, &flow, SLICE("once")), 0);
	assert_true(run_until(&rig, has_answer, 0));
	plain_expect(fd, SLICE("once"));
	send_errors = 2;
	assert_int_equal(send_text(&rig, &flow, SLICE("lost")), 0);
	assert_int_equal(send_text(&rig, &flow, SLICE("kept")), 0);
	assert_true(run_until(&rig, has_answer, 0));
	plain_expect(fd, SLICE("kept"));
	run_for(&rig, 1);
	assert_int_equal(send_errors, 0);
	assert_true(log_has(&rig, "event=datagrams-dropped listener=0 count=1|"));
	rig_fini(&rig);
	close(fd);
}

/* RFC 4007 6: without its scope such an address leads nowhere. */
static void link_local_peer_is_refused(void **state)
{
	static const struct {
		const char *peer;
		int expected;
	} rows[] = {
		{ "[fe80::1]:5060", ERR_IO },
		{ "[febf::1]:5060", ERR_IO },
		{ "[fe80::2]:5061", ERR_IO },
		{ "[::1]:5060", 0 },
	};
	struct rig rig;

	(void)state;
	if (!has_ipv6())
		skip();
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_UDP, "[::1]:0");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct flow flow = { .peer = addr_of(rows[i].peer) };

		assert_int_equal(send_text(&rig, &flow, SLICE("x")), rows[i].expected);
	}
	assert_int_equal(rig.log_n, strlen("event=peer-refused reason=link-local-ipv6 "
					   "peer=[fe80::1]:5060|"));
	assert_true(log_has(&rig, "peer=[fe80::1]:5060|"));
	rig_fini(&rig);
}

static void datagram_queue_is_bounded(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	int fd = plain_udp("127.0.0.1:0");
	struct flow flow = { .peer = name_of(fd) };

	(void)state;
	limits.datagrams_waiting = 4;
	rig_init(&rig, &limits);
	listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(send_text(&rig, &flow, SLICE("x")), 0);
	assert_true(run_until(&rig, has_turns, 1));
	for (unsigned i = 0; i < 4; i++)
		plain_expect(fd, SLICE("x"));
	assert_true(log_has(&rig, "count=6"));
	rig_fini(&rig);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(udp_echoes_in_batches),
		HOST_TEST(udp_allocates_nothing_but_packets),
		HOST_TEST(udp_receives_while_a_long_turn_sends),
		HOST_TEST(udp_keep_alives_are_not_messages),
		HOST_TEST(wildcard_answers_from_the_address_asked),
		HOST_TEST(ipv6_works_alike),
		HOST_TEST(ipv6_listener_takes_no_ipv4),
		HOST_TEST(local_addr_is_what_the_peer_sees),
		HOST_TEST(datagram_without_a_way_stops_no_other),
		HOST_TEST(datagram_is_tried_twice),
		HOST_TEST(link_local_peer_is_refused),
		HOST_TEST(datagram_queue_is_bounded),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
