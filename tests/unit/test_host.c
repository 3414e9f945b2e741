/* SPDX-License-Identifier: MIT */
/*
 * The host: its beginning and its end, the clock, chance, signals and the tap.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- Its beginning and its end ------------------------------------------------------------ */

static void impossible_flows_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *peer;
		uint8_t transport;
		uint8_t listener;
		struct handle conn;
	} rows[] = {
		{ "no such listener", "127.0.0.1:9", TRANSPORT_UDP, 7, { 0, 0 } },
		{ "a UDP listener for TCP", "127.0.0.1:9", TRANSPORT_TCP, 0, { 0, 0 } },
		{ "other family", "[::1]:9", TRANSPORT_UDP, 0, { 0, 0 } },
		{ "port 0", "127.0.0.1:0", TRANSPORT_UDP, 0, { 0, 0 } },
		{ "a connection that never was", "127.0.0.1:9", TRANSPORT_TCP, 1, { 3, 9 } },
	};
	struct rig rig;

	(void)state;
	rig_init(&rig, NULL);
	listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct flow flow = { .peer = addr_of(rows[i].peer),
				     .transport = rows[i].transport,
				     .listener = rows[i].listener,
				     .conn = rows[i].conn };

		if (send_text(&rig, &flow, SLICE("x")) != ERR_IO)
			fail_msg("%s", rows[i].name);
	}
	rig_fini(&rig);
}

static void occupied_port_is_an_error(void **state)
{
	struct rig rig;
	struct addr bound, unused;
	uint8_t index;

	(void)state;
	rig_init(&rig, NULL);
	for (uint8_t transport = TRANSPORT_UDP; transport <= TRANSPORT_TCP; transport++) {
		bound = listen_on(&rig, transport, "127.0.0.1:0");
		errno = 0;
		assert_int_equal(host_listen(rig.host, transport, &bound, &unused, &index), ERR_IO);
		assert_int_equal(errno, EADDRINUSE);
	}
	rig_fini(&rig);
}

static void host_free_leaves_nothing(void **state)
{
	struct flow flow = { .transport = TRANSPORT_TCP };
	struct addr any = addr_of("127.0.0.1:0");
	struct rig rig;
	struct addr to;
	int fds[4], listening, udp;

	(void)state;
	assert_int_equal(socket_listen(TRANSPORT_TCP, &any, &listening, &flow.peer), 0);
	udp = plain_udp("127.0.0.1:0");
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	for (unsigned i = 0; i < 4; i++) {
		fds[i] = plain_tcp(&to);
		plain_write(fds[i], SLICE("OPTIONS sip:half"));
	}
	assert_true(run_until(&rig, has_turns, 1));
	/* One connection under way with its queue, and datagrams not flushed. */
	assert_int_equal(send_text(&rig, &flow, SLICE(OPTIONS)), 0);
	flow = (struct flow){ .peer = name_of(udp), .listener = 1 };
	assert_int_equal(send_text(&rig, &flow, SLICE("bye")), 0);
	rig_fini(&rig);
	assert_int_equal(rig.lost, 0);
	plain_expect(udp, SLICE("bye"));
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
	close(udp);
	close(listening);
}

/* A message by each transport, an echo and a connection of ours, whatever memory says. */
static void talk_a_little(struct rig *rig)
{
	struct addr any = addr_of("127.0.0.1:0"), udp_to, tcp_to;
	struct flow out = { .transport = TRANSPORT_TCP };
	struct packet *packet;
	uint8_t index;
	int udp, tcp;

	rig->is_echoing = true;
	if (host_listen(rig->host, TRANSPORT_TCP, &any, &tcp_to, &index) ||
	    host_listen(rig->host, TRANSPORT_UDP, &any, &udp_to, &index))
		return;
	udp = plain_udp("127.0.0.1:0");
	tcp = plain_tcp(&tcp_to);
	plain_write(tcp, SLICE(OPTIONS "OPTIONS sip:half"));
	plain_send_to(udp, &udp_to, SLICE("datagram"));
	assert_true(run_until(rig, has_messages, 1));
	out.peer = tcp_to; /* ourselves */
	packet = packet_new(SLICE(OPTIONS));
	if (packet)
		(void)rig->env->send(rig->host, &out, packet);
	packet_unref(packet);
	for (int i = 0; i < 4; i++) {
		plain_send_to(udp, &udp_to, SLICE("datagram"));
		assert_true(run_until(rig, has_messages, rig->messages + 1));
	}
	close(udp);
	close(tcp);
}

static void every_allocation_may_be_refused(void **state)
{
	uint64_t blocks = mem_count().blocks;
	uint64_t refusals = 0;
	bool is_refused = true;

	(void)state;
	while (is_refused && refusals < 1000) {
		struct rig rig = { 0 };
		struct host_user user = { &rig, rig_on_message, rig_on_connection_lost,
					  rig_on_turn_end };
		uint64_t before = mem_count().allocs;

		mem_refuse_nth(++refusals);
		if (host_new(&user, &rig.host) == 0) {
			rig.env = host_env(rig.host);
			talk_a_little(&rig);
			timer_stop(host_timers(rig.host), &rig.patience);
		}
		is_refused = mem_count().allocs - before >= refusals;
		mem_refuse_nth(0);
		host_free(rig.host);
		assert_int_equal(mem_count().blocks, blocks);
	}
	assert_in_range(refusals, 10, 999);
}

/* --- The clock, chance, signals ----------------------------------------------------------- */

struct note {
	struct timer timer;
	struct rig *rig;
	const char *name;
};

static void write_note(struct timer *timer)
{
	struct note *note = CONTAINER_OF(timer, struct note, timer);

	assert_true(host_timers(note->rig->host)->now_ms >= timer->at_ms);
	rig_append(note->rig->text, &note->rig->text_n, slice_from_cstr(note->name));
	note->rig->messages++;
}

static void timers_run_in_order(void **state)
{
	static const struct {
		const char *name;
		uint64_t after_ms;
	} rows[] = { { "thirty", 30 }, { "ten", 10 }, { "now", 0 }, { "ten again", 10 } };
	struct note notes[ARRAY_LEN(rows)];
	struct rig rig;
	uint64_t begun_ms;

	(void)state;
	rig_init(&rig, NULL);
	memset(notes, 0, sizeof(notes));
	begun_ms = host_timers(rig.host)->now_ms;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		notes[i].rig = &rig;
		notes[i].name = rows[i].name;
		timer_start(host_timers(rig.host), &notes[i].timer, rows[i].after_ms, write_note);
	}
	assert_true(run_until(&rig, has_messages, ARRAY_LEN(rows)));
	expect_text(&rig, "now|ten|ten again|thirty|");
	assert_true(host_timers(rig.host)->now_ms >= begun_ms + 30);
	assert_in_range(rig.turns, 1, 4);
	rig_fini(&rig);
}

static void random_bytes_do_not_repeat(void **state)
{
	static unsigned char seen[600][16];
	unsigned char large[2000] = { 0 };
	struct rig rig;

	(void)state;
	rig_init(&rig, NULL);
	for (unsigned i = 0; i < 600; i++) {
		rig.env->random(rig.env->host, seen[i], 16);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 16);
	}
	rig.env->random(rig.env->host, large, sizeof(large));
	assert_memory_not_equal(large, large + 1000, 1000);
	rig_fini(&rig);
}

static void route_names_listener_and_address(void **state)
{
	struct flow flow = { .peer = addr_of("127.0.0.1:9"), .transport = TRANSPORT_TCP };
	struct addr second;
	struct rig rig;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(rig.env->route(rig.host, &flow), ERR_NOTFOUND);
	listen_on(&rig, TRANSPORT_UDP, "127.0.0.1:0");
	listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	second = listen_on(&rig, TRANSPORT_TCP, "127.0.0.2:0");
	assert_int_equal(rig.env->route(rig.host, &flow), 0);
	assert_int_equal(flow.listener, 1);
	flow.local = addr_of("127.0.0.2:5060");
	assert_int_equal(rig.env->route(rig.host, &flow), 0);
	assert_int_equal(flow.listener, 2);
	assert_true(addr_eq(&flow.local, &second));
	flow.peer = addr_of("[::1]:9");
	assert_int_equal(rig.env->route(rig.host, &flow), ERR_NOTFOUND);
	rig_fini(&rig);
}

static void names_are_numbered(void **state)
{
	static const char *const bad[] = { "", "a b", "a\n", "caf\xc3\xa9.example", "*.example" };
	char text[300];
	struct rig rig;
	uint16_t first, again, second, wrong = 9;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(rig.env->name(rig.host, SLICE("sip.example.com"), &first), 0);
	assert_int_equal(rig.env->name(rig.host, SLICE("other.example"), &second), 0);
	assert_int_equal(rig.env->name(rig.host, SLICE("SIP.Example.com"), &again), 0);
	assert_int_equal(first, again);
	assert_int_not_equal(first, 0);
	assert_int_not_equal(first, second);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(rig.env->name(rig.host, slice_from_cstr(bad[i]), &wrong),
				 ERR_SYNTAX);
	memset(text, 'a', sizeof(text));
	assert_int_equal(rig.env->name(rig.host, slice_of(text, 254), &wrong), ERR_SYNTAX);
	assert_int_equal(rig.env->name(rig.host, SLICE("a\0b"), &wrong), ERR_SYNTAX);
	assert_int_equal(wrong, 9);
	rig_fini(&rig);
}

static void on_signal(void *ctx, int signum)
{
	struct rig *rig = ctx;

	rig->messages++;
	assert_int_equal(signum, SIGHUP);
}

static void signals_are_events(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, NULL);
	assert_int_equal(host_on_signal(rig.host, SIGHUP, on_signal, NULL), 0);
	assert_int_equal(host_on_signal(rig.host, SIGHUP, on_signal, &rig), 0);
	assert_int_equal(host_on_signal(rig.host, SIGTERM, on_signal, &rig), 0);
	assert_int_equal(raise(SIGHUP), 0);
	assert_true(run_until(&rig, has_messages, 1));
	rig_fini(&rig);
}

/* --- The tap ------------------------------------------------------------------------------ */

static void on_tap(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
		   uint64_t wall_ms)
{
	struct rig *rig = ctx;
	char text[256];
	struct buf buf = BUF_ON(text);

	assert_true(wall_ms > 1700000000000);
	assert_false(addr_is_any(&flow->local));
	assert_int_equal(flow->local.family, flow->peer.family);
	buf_cstr(&buf, is_sent ? "sent " : "received ");
	buf_slice(&buf, transport_name(flow->transport));
	buf_char(&buf, ' ');
	buf_slice(&buf, bytes);
	rig_append(rig->log, &rig->log_n, buf_text(&buf));
}

static void tap_sees_both_ways(void **state)
{
	struct rig rig;
	struct addr udp_to = addr_of("127.0.0.1:1"), tcp_to;
	struct flow flow = { .listener = 0 };
	int udp = plain_udp("127.0.0.1:0"), tcp;

	(void)state;
	rig_init(&rig, NULL);
	host_set_tap(rig.host, on_tap, &rig);
	udp_to.port = listen_on(&rig, TRANSPORT_UDP, "0.0.0.0:0").port;
	tcp_to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	tcp = plain_tcp(&tcp_to);
	rig.is_echoing = true;
	plain_send_to(udp, &udp_to, SLICE("a"));
	assert_true(run_until(&rig, has_messages, 1));
	plain_write(tcp, SLICE("\r\n\r\nB sip:b SIP/2.0\r\nl: 0\r\n\r\n"));
	assert_true(run_until(&rig, has_messages, 2));
	flow.peer = name_of(udp);
	assert_int_equal(send_text(&rig, &flow, SLICE("c")), 0);
	assert_int_equal(rig.log_n, strlen("received UDP a|sent UDP a|"
					   "received TCP B sip:b SIP/2.0\r\nl: 0\r\n\r\n|"
					   "sent TCP B sip:b SIP/2.0\r\nl: 0\r\n\r\n|"
					   "sent UDP c|"));
	rig_fini(&rig);
	close(udp);
	close(tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(impossible_flows_are_refused),
		HOST_TEST(occupied_port_is_an_error),
		HOST_TEST(host_free_leaves_nothing),
		HOST_TEST(every_allocation_may_be_refused),
		HOST_TEST(timers_run_in_order),
		HOST_TEST(random_bytes_do_not_repeat),
		HOST_TEST(route_names_listener_and_address),
		HOST_TEST(names_are_numbered),
		HOST_TEST(signals_are_events),
		HOST_TEST(tap_sees_both_ways),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
