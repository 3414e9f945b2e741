/* SPDX-License-Identifier: MIT */
/*
 * The host by TLS: it calls itself, and strangers try their luck with it.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "support/certs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOPBACK "\x7f\0\0\1"
#define LOOPBACK6 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define HOSTILE_CONNECTIONS 1000

static struct cert ca, server, renewed;

static struct tls_context *context_with(const struct cert *cert)
{
	struct tls_spec spec = { .certificate = cert ? cert_text(cert) : SLICE_NONE,
				 .key = cert ? cert_key(cert) : SLICE_NONE,
				 .ca = cert_text(&ca) };
	struct tls_context *context;
	enum tls_fault fault;

	assert_int_equal(tls_context_new(&spec, &context, &fault), 0);
	return context;
}

static void use_certificate(struct rig *rig, const struct cert *cert)
{
	struct tls_context *context = context_with(cert);

	host_set_tls(rig->host, context);
	tls_context_unref(context);
}

/* A host with a listener on a free port of 127.0.0.1, and the flow to it. */
static struct flow listen_by_tls(struct rig *rig, const struct host_limits *limits)
{
	struct flow flow = { .transport = TRANSPORT_TLS };

	rig_init(rig, limits);
	use_certificate(rig, &server);
	flow.peer = listen_on(rig, TRANSPORT_TLS, "127.0.0.1:0");
	return flow;
}

static uint16_t name_number(struct rig *rig, const char *domain)
{
	uint16_t name;

	assert_int_equal(rig->env->name(rig->host, slice_from_cstr(domain), &name), 0);
	return name;
}

static void tls_carries_messages_both_ways(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL), accepted;

	(void)state;
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 2));
	expect_text(&rig, OPTIONS "|" OPTIONS "|");
	assert_int_equal(rig.flow.transport, TRANSPORT_TLS);
	assert_true(addr_eq(&rig.flow.local, &flow.peer));
	accepted = rig.flow;
	assert_int_equal(send_text(&rig, &accepted, SLICE("SIP/2.0 200 OK\r\nl: 0\r\n\r\n")), 0);
	assert_true(run_until(&rig, has_messages, 3));
	assert_true(addr_eq(&rig.flow.peer, &flow.peer));
	assert_int_equal(rig.lost, 0);
	rig_fini(&rig);
}

static void tls_carries_the_largest_message(void **state)
{
	static const struct slice head =
		SLICE_INIT("MESSAGE sip:a SIP/2.0\r\nContent-Length: 65487\r\n\r\n");
	static char text[65535];
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, head.p, head.n);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(send_text(&rig, &flow, slice_of(text, sizeof(text))), 0);
		assert_true(run_until(&rig, has_messages, i));
	}
	assert_int_equal(rig.lost, 0);
	rig_fini(&rig);
}

static void tls_ping_is_answered(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);

	(void)state;
	assert_int_equal(send_text(&rig, &flow, SLICE("\r\n\r\n" OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	assert_int_equal(send_text(&rig, &rig.flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 2));
	rig_fini(&rig);
}

/* SECURITY T2, CVE-2020-15260 */
static void tls_connection_serves_one_name_only(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);
	struct handle by_name;

	(void)state;
	flow.name = name_number(&rig, "sip.example.com");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	assert_int_equal(send_text(&rig, &rig.flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 2));
	by_name = rig.flow.conn; /* our end of the connection */
	assert_int_equal(rig.flow.name, flow.name);
	flow.name = name_number(&rig, "sip.example.org");
	assert_int_equal(send_text(&rig, &flow, SLICE("BYE sip:a SIP/2.0\r\nl: 0\r\n\r\n")), 0);
	assert_true(run_until(&rig, has_lost, 2)); /* both ends */
	assert_int_equal(rig.messages, 2);
	assert_true(log_has(&rig, "reason=tls cause=\"hostname mismatch\""));
	flow.name = name_number(&rig, "SIP.example.com");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 3));
	assert_int_equal(send_text(&rig, &rig.flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 4));
	assert_true(handle_eq(rig.flow.conn, by_name));
	rig_fini(&rig);
}

/* A trunk at "[2001:db8::1]" has to prove that address (RFC 5922 7.1). */
static void tls_ipv6_address_is_proved(void **state)
{
	static const struct cert_name address = { CERT_IP, SLICE_INIT(LOOPBACK6) };
	struct flow flow = { .transport = TRANSPORT_TLS };
	struct cert cert;
	struct rig rig;

	(void)state;
	cert_make(&(struct cert_spec){ .issuer = &ca, .names = { address }, .name_count = 1 },
		  &cert);
	rig_init(&rig, NULL);
	use_certificate(&rig, &cert);
	flow.peer = listen_on(&rig, TRANSPORT_TLS, "[::1]:0");
	flow.name = name_number(&rig, "[::1]");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	flow.name = name_number(&rig, "[2001:db8::1]");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_lost, 2)); /* both ends */
	assert_true(log_has(&rig, "reason=tls cause=\"hostname mismatch\""));
	assert_int_equal(rig.messages, 1);
	rig_fini(&rig);
}

/* Whoever connects to us has proved no name: what asks for one opens a connection of its own. */
static void tls_accepted_connection_is_found_by_its_handle_only(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL), accepted;

	(void)state;
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	accepted = rig.flow;
	accepted.conn = HANDLE_NONE;
	assert_int_equal(send_text(&rig, &accepted, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_lost, 1)); /* nobody listens on that port */
	assert_int_equal(rig.messages, 1);
	rig_fini(&rig);
}

static void tls_reload_keeps_connections(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);
	struct flow first;

	(void)state;
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	first = rig.flow;
	flow.name = name_number(&rig, "renewed.example.com");
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_lost, 2)); /* the old certificate has no such name */
	use_certificate(&rig, &renewed);
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 2));
	assert_int_equal(send_text(&rig, &first, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 3));
	assert_int_equal(rig.lost, 2);
	rig_fini(&rig);
}

static void tls_outlet_calls_and_is_not_called(void **state)
{
	struct rig rig, other;
	struct flow flow = { .transport = TRANSPORT_TLS };
	struct addr any = addr_of("127.0.0.1:0"), held;

	(void)state;
	rig_init(&other, NULL);
	flow.peer = any;
	assert_int_equal(host_open_outlet(other.host, TRANSPORT_TLS, &any, &held, &flow.listener),
			 0);
	flow.peer = held;
	assert_int_equal(send_text(&other, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&other, has_lost, 1)); /* no context: it cannot even call */
	use_certificate(&other, NULL);
	assert_int_equal(send_text(&other, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&other, has_lost, 2));
	assert_true(log_has(&other, "reason=connect-failed"));
	rig_fini(&other);
	flow = listen_by_tls(&rig, NULL);
	assert_int_equal(host_open_outlet(rig.host, TRANSPORT_TLS, &any, &held, &flow.listener), 0);
	assert_int_equal(flow.listener, 1);
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	assert_int_equal(rig.flow.listener, 0);
	rig_fini(&rig);
}

static void tls_needs_a_certificate_to_listen(void **state)
{
	struct addr any = addr_of("127.0.0.1:0"), bound;
	struct rig rig;
	uint8_t index;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(host_listen(rig.host, TRANSPORT_TLS, &any, &bound, &index), ERR_STATE);
	use_certificate(&rig, NULL);
	assert_int_equal(host_listen(rig.host, TRANSPORT_TLS, &any, &bound, &index), ERR_STATE);
	rig_fini(&rig);
}

/* SECURITY T1, D6 */
static void tls_garbage_is_closed(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(OPTIONS),
		SLICE_INIT("GET / HTTP/1.1\r\n\r\n"),
		SLICE_INIT("\x16\x03\x01\xff\xff\x01\x00\x00"),
		SLICE_INIT("\x15\x03\x03\x00\x02\x02\x28"),
	};
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = plain_tcp(&flow.peer);

		plain_write(fd, rows[i]);
		if (!run_until(&rig, has_lost, (unsigned)i + 1) || !plain_is_closed(fd))
			fail_msg("row %zu: still open", i);
		close(fd);
	}
	assert_int_equal(rig.messages, 0);
	assert_true(log_has(&rig, "reason=tls cause="));
	rig_fini(&rig);
}

static void tls_half_handshakes_run_out_of_time(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(""),
		SLICE_INIT("\x16"),
		SLICE_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
	};
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct flow flow;
	int fds[ARRAY_LEN(rows)];

	(void)state;
	limits.handshake_ms = 50;
	flow = listen_by_tls(&rig, &limits);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fds[i] = plain_tcp(&flow.peer);
		plain_write(fds[i], rows[i]);
	}
	assert_true(run_until(&rig, has_lost, ARRAY_LEN(rows)));
	assert_true(log_has(&rig, "reason=timeout"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(plain_is_closed(fds[i]));
		close(fds[i]);
	}
	rig_fini(&rig);
}

static void tls_silent_after_the_handshake_is_closed(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct flow flow;

	(void)state;
	limits.first_message_ms = 200;
	flow = listen_by_tls(&rig, &limits);
	assert_int_equal(send_text(&rig, &flow, SLICE("\r\n\r\n")), 0);
	assert_true(run_until(&rig, has_lost, 2));
	assert_true(log_has(&rig, "reason=timeout"));
	rig_fini(&rig);
}

/* SECURITY D6: they take each other's place, and what they cost comes back. */
static void tls_thousands_of_connects_are_bounded(void **state)
{
	static const struct slice hello =
		SLICE_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
	static int fds[HOSTILE_CONNECTIONS];
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct flow flow;
	uint64_t bytes;

	(void)state;
	limits.connections = 32;
	limits.source_connections = 32;
	flow = listen_by_tls(&rig, &limits);
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 1));
	rig.env->trust(rig.host, &rig.flow);
	bytes = mem_count().bytes;
	for (size_t i = 0; i < HOSTILE_CONNECTIONS; i++) {
		fds[i] = plain_tcp(&flow.peer);
		plain_write(fds[i], hello);
		assert_true(run_until(&rig, has_turns, rig.turns + 1));
		if (mem_count().bytes > bytes + 512 * 1024)
			fail_msg("%llu bytes", (unsigned long long)mem_count().bytes);
	}
	/* Who was trusted before them is still there. */
	assert_int_equal(send_text(&rig, &rig.flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_messages, 2));
	for (size_t i = 0; i < HOSTILE_CONNECTIONS; i++)
		close(fds[i]);
	rig_fini(&rig);
}

/* SECURITY T1: the end comes while hands are shaken, at every step of it. */
static void tls_host_may_end_amid_a_handshake(void **state)
{
	(void)state;
	for (unsigned turns = 0; turns < 8; turns++) {
		struct rig rig;
		struct flow flow = listen_by_tls(&rig, NULL);
		int fd = plain_tcp(&flow.peer);

		plain_write(fd, SLICE("\x16\x03\x01\x02\x00\x01"));
		assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
		for (unsigned i = 0; i < turns && rig.messages == 0; i++)
			assert_true(run_until(&rig, has_turns, rig.turns + 1));
		rig_fini(&rig);
		close(fd);
	}
}

static void tls_refused_connection_is_reported(void **state)
{
	struct rig rig;
	struct flow flow = listen_by_tls(&rig, NULL);

	(void)state;
	flow.peer.port = 1;
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(addr_eq(&rig.lost_flow.peer, &flow.peer));
	assert_int_equal(rig.lost_flow.transport, TRANSPORT_TLS);
	rig_fini(&rig);
}

/* As far as it gets with an allocation refused; nothing is left of it. */
static void call_oneself(struct host *host, struct rig *rig)
{
	struct flow flow = { .transport = TRANSPORT_TLS };
	struct tls_context *context = context_with(&server);
	struct addr any = addr_of("127.0.0.1:0");
	struct packet *packet;

	host_set_tls(host, context);
	tls_context_unref(context);
	if (host_listen(host, TRANSPORT_TLS, &any, &flow.peer, &flow.listener))
		return;
	packet = packet_new(SLICE(OPTIONS));
	if (packet && !host_env(host)->send(host, &flow, packet)) {
		rig->wanted = 1;
		timer_start(host_timers(host), &rig->patience, 100, rig_give_up);
		rig->is_done = has_messages;
		host_run(host);
	}
	packet_unref(packet);
	timer_stop(host_timers(host), &rig->patience);
}

static void tls_every_allocation_may_be_refused(void **state)
{
	uint64_t blocks = mem_count().blocks, refusals = 0;
	bool is_refused = true;

	(void)state;
	while (is_refused && refusals < 200) {
		struct rig rig = { 0 };
		struct host_user user = { &rig, rig_on_message, rig_on_connection_lost,
					  rig_on_turn_end };
		uint64_t before;

		assert_int_equal(host_new(&user, &rig.host), 0);
		rig.env = host_env(rig.host);
		before = mem_count().allocs;
		mem_refuse_nth(++refusals + 1); /* the context's own is another test's */
		call_oneself(rig.host, &rig);
		is_refused = mem_count().allocs - before > refusals;
		mem_refuse_nth(0);
		host_free(rig.host);
		assert_int_equal(mem_count().blocks, blocks);
	}
	assert_in_range(refusals, 5, 199);
}

static int make_certs(void **state)
{
	static const struct cert_name address = { CERT_IP, SLICE_INIT(LOOPBACK) };
	static const struct cert_name name = { CERT_DNS, SLICE_INIT("sip.example.com") };
	static const struct cert_name new_name = { CERT_DNS, SLICE_INIT("renewed.example.com") };

	cert_make_ca(&ca);
	cert_make(&(struct cert_spec){ .issuer = &ca, .names = { address, name }, .name_count = 2 },
		  &server);
	cert_make(&(struct cert_spec){ .issuer = &ca,
				       .names = { address, new_name },
				       .name_count = 2 },
		  &renewed);
	/* OpenSSL keeps some descriptor or other from its first handshake on. */
	tls_context_unref(context_with(&server));
	return warm_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(tls_carries_messages_both_ways),
		HOST_TEST(tls_carries_the_largest_message),
		HOST_TEST(tls_ping_is_answered),
		HOST_TEST(tls_connection_serves_one_name_only),
		HOST_TEST(tls_ipv6_address_is_proved),
		HOST_TEST(tls_accepted_connection_is_found_by_its_handle_only),
		HOST_TEST(tls_reload_keeps_connections),
		HOST_TEST(tls_outlet_calls_and_is_not_called),
		HOST_TEST(tls_needs_a_certificate_to_listen),
		HOST_TEST(tls_garbage_is_closed),
		HOST_TEST(tls_half_handshakes_run_out_of_time),
		HOST_TEST(tls_silent_after_the_handshake_is_closed),
		HOST_TEST(tls_thousands_of_connects_are_bounded),
		HOST_TEST(tls_host_may_end_amid_a_handshake),
		HOST_TEST(tls_refused_connection_is_reported),
		HOST_TEST(tls_every_allocation_may_be_refused),
	};

	return cmocka_run_group_tests_name("host_tls", tests, make_certs, NULL);
}
