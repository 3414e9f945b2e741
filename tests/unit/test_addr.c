/* SPDX-License-Identifier: MIT */
/*
 * Numeric addresses: what is read (RFC 4291 2.2, brackets of RFC 3261 25.1), how it is printed
 * (RFC 5952 4), and that print and parse are inverse.
 */
#include "base/addr.h"
#include "base/check.h"
#include "base/err.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	struct slice text;
	const char *printed; /* NULL: refused */
} ip_cases[] = {
	{ SLICE_INIT("192.0.2.1"), "192.0.2.1" },
	{ SLICE_INIT("0.0.0.0"), "0.0.0.0" },
	{ SLICE_INIT("255.255.255.255"), "255.255.255.255" },
	{ SLICE_INIT("256.0.0.1"), NULL },
	{ SLICE_INIT("1.2.3"), NULL },
	{ SLICE_INIT("1.2.3.4.5"), NULL },
	{ SLICE_INIT("1.2.3."), NULL },
	{ SLICE_INIT(".1.2.3"), NULL },
	{ SLICE_INIT("1..2.3"), NULL },
	{ SLICE_INIT("1.2.3.0004"), NULL },
	{ SLICE_INIT("1.2.3.-4"), NULL },
	{ SLICE_INIT("1.2.3.4 "), NULL },
	{ SLICE_INIT("pbx.example.com"), NULL },
	{ SLICE_INIT(""), NULL },
	{ SLICE_INIT("["), NULL },
	{ SLICE_INIT("[]"), NULL },
	{ SLICE_INIT("::"), "[::]" },
	{ SLICE_INIT("::1"), "[::1]" },
	{ SLICE_INIT("[::1]"), "[::1]" },
	{ SLICE_INIT("1::"), "[1::]" },
	{ SLICE_INIT("2001:DB8:0:0:8:800:200C:417A"), "[2001:db8::8:800:200c:417a]" },
	{ SLICE_INIT("2001:0db8:0000:0000:0001:0000:0000:0001"), "[2001:db8::1:0:0:1]" },
	{ SLICE_INIT("2001:db8:0:1:1:1:1:1"), "[2001:db8:0:1:1:1:1:1]" },
	{ SLICE_INIT("1:0:0:2:0:0:0:3"), "[1:0:0:2::3]" },
	{ SLICE_INIT("1:2:3:4:5:6:7:8"), "[1:2:3:4:5:6:7:8]" },
	{ SLICE_INIT("::2:3:4:5:6:7:8"), "[0:2:3:4:5:6:7:8]" },
	{ SLICE_INIT("1:2:3:4:5:6:7::"), "[1:2:3:4:5:6:7:0]" },
	{ SLICE_INIT("::ffff:192.0.2.1"), "[::ffff:c000:201]" },
	{ SLICE_INIT("1:2:3:4:5:6:192.0.2.1"), "[1:2:3:4:5:6:c000:201]" },
	{ SLICE_INIT("1:2:3:4:5:6:7:192.0.2.1"), NULL },
	{ SLICE_INIT("192.0.2.1::"), NULL },
	{ SLICE_INIT("::192.0.2"), NULL },
	{ SLICE_INIT("1:2:3:4:5:6:7"), NULL },
	{ SLICE_INIT("1:2:3:4:5:6:7:8:9"), NULL },
	{ SLICE_INIT("1:2:3:4:5:6:7:8::"), NULL },
	{ SLICE_INIT("1::2::3"), NULL },
	{ SLICE_INIT(":::"), NULL },
	{ SLICE_INIT(":1"), NULL },
	{ SLICE_INIT("1:"), NULL },
	{ SLICE_INIT("1::2:"), NULL },
	{ SLICE_INIT("12345::"), NULL },
	{ SLICE_INIT("g::"), NULL },
	{ SLICE_INIT("fe80::1%eth0"), NULL },
	{ SLICE_INIT("[::1"), NULL },
	{ SLICE_INIT("::1]"), NULL },
};

static const struct {
	struct slice text;
	const char *printed;
} port_cases[] = {
	{ SLICE_INIT("192.0.2.1:5060"), "192.0.2.1:5060" },
	{ SLICE_INIT("127.0.0.1:0"), "127.0.0.1:0" },
	{ SLICE_INIT("0.0.0.0:65535"), "0.0.0.0:65535" },
	{ SLICE_INIT("[2001:db8::1]:5060"), "[2001:db8::1]:5060" },
	{ SLICE_INIT("192.0.2.1"), NULL },
	{ SLICE_INIT("192.0.2.1:"), NULL },
	{ SLICE_INIT("192.0.2.1:65536"), NULL },
	{ SLICE_INIT("192.0.2.1:5060x"), NULL },
	{ SLICE_INIT("192.0.2.1:-1"), NULL },
	{ SLICE_INIT("2001:db8::1:5060"), NULL },
	{ SLICE_INIT("[2001:db8::1]"), NULL },
	{ SLICE_INIT("[2001:db8::1]5060"), NULL },
	{ SLICE_INIT("[]:5060"), NULL },
	{ SLICE_INIT(":5060"), NULL },
	{ SLICE_INIT(":"), NULL },
	{ SLICE_INIT(""), NULL },
};

typedef int parse_function(struct slice text, struct addr *ret_addr);
typedef void print_function(struct buf *buf, const struct addr *addr);

static void check_text(struct slice text, const char *printed, parse_function *parse,
		       print_function *print)
{
	struct guarded copy = guarded_copy(text);
	struct addr addr = { .port = 4711 };
	struct addr again;
	char room[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(room);
	int err = parse(copy.text, &addr);

	if (printed) {
		assert_int_equal(err, 0);
		print(&buf, &addr);
		assert_false(buf.is_overflown);
		if (!slice_eq(buf_text(&buf), slice_from_cstr(printed)))
			fail_msg("\"%.*s\" printed as \"%.*s\"", SLICE_ARGS(text),
				 SLICE_ARGS(buf_text(&buf)));
		assert_int_equal(parse(buf_text(&buf), &again), 0);
		assert_true(addr_eq(&addr, &again));
	} else if (err != ERR_SYNTAX || addr.port != 4711) {
		fail_msg("\"%.*s\" is taken", SLICE_ARGS(text));
	}
	guarded_free(&copy);
}

static void check_prefixes(struct slice text, parse_function *parse)
{
	for (size_t n = 0; n < text.n; n++) {
		struct guarded copy = guarded_copy(slice_head(text, n));
		struct addr addr;

		(void)parse(copy.text, &addr);
		guarded_free(&copy);
	}
}

static void addresses_are_read_and_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ip_cases); i++)
		check_text(ip_cases[i].text, ip_cases[i].printed, addr_parse_ip, addr_print_ip);
}

static void addresses_with_ports_are_read_and_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(port_cases); i++)
		check_text(port_cases[i].text, port_cases[i].printed, addr_parse, addr_print);
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ip_cases); i++)
		check_prefixes(ip_cases[i].text, addr_parse_ip);
	for (size_t i = 0; i < ARRAY_LEN(port_cases); i++)
		check_prefixes(port_cases[i].text, addr_parse);
}

static void the_longest_address_fits(void **state)
{
	struct addr addr = { .family = ADDR_IPV6, .port = 65535 };
	char room[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(room);

	(void)state;
	memset(addr.ip, 0xff, sizeof(addr.ip));
	addr_print(&buf, &addr);
	assert_false(buf.is_overflown);
	assert_true(
		slice_eq(buf_text(&buf), SLICE("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")));
}

static struct addr addr_of(struct slice text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static void equality_knows_ports_and_families(void **state)
{
	struct addr a = addr_of(SLICE("192.0.2.1:5060"));
	struct addr b = addr_of(SLICE("192.0.2.1:5061"));
	struct addr any4 = addr_of(SLICE("0.0.0.0:0"));
	struct addr any6 = addr_of(SLICE("[::]:0"));

	(void)state;
	assert_true(addr_eq(&a, &a));
	assert_false(addr_eq(&a, &b));
	assert_true(addr_eq_ip(&a, &b));
	assert_false(addr_eq_ip(&any4, &any6));
	assert_true(addr_is_any(&any4));
	assert_true(addr_is_any(&any6));
	assert_false(addr_is_any(&a));
}

static void a_flow_is_way_and_peer(void **state)
{
	struct flow a = { .peer = addr_of(SLICE("192.0.2.1:5060")), .transport = TRANSPORT_UDP };
	struct flow b = a;

	(void)state;
	b.local = addr_of(SLICE("192.0.2.9:5060"));
	assert_true(flow_eq(&a, &b));
	b.listener = 1;
	assert_false(flow_eq(&a, &b));
	b = a;
	b.transport = TRANSPORT_TCP;
	assert_false(flow_eq(&a, &b));
	b = a;
	b.conn = (struct handle){ 0, 1 };
	assert_false(flow_eq(&a, &b));
	b = a;
	b.peer.port++;
	assert_false(flow_eq(&a, &b));
	assert_true(transport_is_reliable(TRANSPORT_TCP));
	assert_false(transport_is_reliable(TRANSPORT_UDP));
	assert_true(slice_eq(transport_name(TRANSPORT_TCP), SLICE("TCP")));
	assert_true(slice_eq(transport_name(TRANSPORT_UDP), SLICE("UDP")));
	b = a;
	b.name = 1;
	assert_false(flow_eq(&a, &b));
}

static void a_socket_of_the_peer_is_known_by_tcp_and_udp(void **state)
{
	struct flow a = { .peer = addr_of(SLICE("192.0.2.1:5060")), .transport = TRANSPORT_UDP };
	struct flow b = a;

	(void)state;
	assert_true(flow_is_same_peer(&a, &b));
	b.transport = TRANSPORT_TCP;
	b.conn = (struct handle){ 1, 1 };
	assert_true(flow_is_same_peer(&a, &b));
	assert_true(flow_is_same_peer(&b, &a));
	b.peer.port++;
	assert_false(flow_is_same_peer(&a, &b));
	b.peer.port--;
	b.transport = TRANSPORT_TLS;
	assert_false(flow_is_same_peer(&a, &b));
	assert_true(flow_is_same_peer(&b, &b));
	a = b;
	a.transport = TRANSPORT_TCP;
	b.transport = TRANSPORT_TCP;
	b.conn.serial++;
	assert_false(flow_is_same_peer(&a, &b));
}

static void transports_have_names_words_and_ports(void **state)
{
	static const struct {
		uint8_t transport;
		struct slice name, word;
		uint16_t port;
		bool is_reliable;
	} rows[] = {
		{ TRANSPORT_UDP, SLICE_INIT("UDP"), SLICE_INIT("udp"), 5060, false },
		{ TRANSPORT_TCP, SLICE_INIT("TCP"), SLICE_INIT("tcp"), 5060, true },
		{ TRANSPORT_TLS, SLICE_INIT("TLS"), SLICE_INIT("tls"), 5061, true },
	};
	uint8_t transport;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(slice_eq(transport_name(rows[i].transport), rows[i].name));
		assert_true(slice_eq(transport_word(rows[i].transport), rows[i].word));
		assert_int_equal(transport_port(rows[i].transport), rows[i].port);
		assert_int_equal(transport_is_reliable(rows[i].transport), rows[i].is_reliable);
		assert_int_equal(transport_parse(rows[i].name, &transport), 0);
		assert_int_equal(transport, rows[i].transport);
	}
	assert_int_equal(transport_parse(SLICE("sctp"), &transport), ERR_UNSUPPORTED);
	assert_int_equal(transport_parse(SLICE_NONE, &transport), ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_printed),
		cmocka_unit_test(addresses_with_ports_are_read_and_printed),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(the_longest_address_fits),
		cmocka_unit_test(equality_knows_ports_and_families),
		cmocka_unit_test(a_flow_is_way_and_peer),
		cmocka_unit_test(a_socket_of_the_peer_is_known_by_tcp_and_udp),
		cmocka_unit_test(transports_have_names_words_and_ports),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
