/* SPDX-License-Identifier: MIT */
/*
 * Where a URI leads to, for a zone that a test writes (RFC 3263 4, RFC 2782).
 */
#include "core/resolve.h"

#include "base/check.h"
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define UDP (1u << TRANSPORT_UDP)
#define TCP (1u << TRANSPORT_TCP)
#define TLS (1u << TRANSPORT_TLS)
#define V4 (1u << ADDR_IPV4)
#define V6 (1u << ADDR_IPV6)

/* One record: "A 192.0.2.1", "SRV 10 0 5060 sip1.example", "NAPTR 10 50 s SIP+D2U _sip._udp.x". */
struct record {
	const char *name;
	const char *data;
	uint32_t ttl_s; /* 0: 300 */
};

struct zone {
	const struct record *records; /* [count] */
	size_t count;
	const char *failing; /* questions for this name get no answer */
	uint32_t random;     /* what the environment says */
	char asked[1024];    /* "NAPTR example.com, SRV ..." */
};

static void zone_random(void *host, void *ret_bytes, size_t n)
{
	struct zone *zone = host;

	memset(ret_bytes, 0, n);
	memcpy(ret_bytes, &zone->random, n < sizeof(zone->random) ? n : sizeof(zone->random));
}

static struct slice word(struct slice *rest)
{
	struct slice head;

	slice_cut(*rest, ' ', &head, rest);
	return head;
}

static uint16_t number(struct slice *rest)
{
	uint32_t value;

	assert_int_equal(slice_to_u32(word(rest), 65535, &value), 0);
	return (uint16_t)value;
}

static bool record_read(const struct record *line, enum dns_type type, struct dns_record *record)
{
	static const char *const names[] = { "A", "AAAA", "SRV", "NAPTR" };
	struct slice rest = slice_from_cstr(line->data);

	if (!slice_eq(word(&rest), slice_from_cstr(names[type])))
		return false;
	*record = (struct dns_record){ .ttl_s = line->ttl_s ? line->ttl_s : 300 };
	if (type == DNS_A || type == DNS_AAAA) {
		assert_int_equal(addr_parse_ip(rest, &record->addr), 0);
		return true;
	}
	record->order = number(&rest);
	record->weight = number(&rest);
	if (type == DNS_SRV) {
		record->port = number(&rest);
	} else {
		record->flags = word(&rest);
		record->service = word(&rest);
	}
	record->name = word(&rest);
	return true;
}

static void zone_answer(struct zone *zone, struct resolve *resolve, struct slice name,
			enum dns_type type)
{
	struct dns_record records[64];
	struct dns_answer answer = { .status = DNS_NOTHING, .records = records };

	for (size_t i = 0; i < zone->count; i++)
		if (slice_eq(name, slice_from_cstr(zone->records[i].name)) &&
		    record_read(&zone->records[i], type, &records[answer.count]))
			answer.count++;
	if (answer.count > 0)
		answer.status = DNS_FOUND;
	if (zone->failing && slice_eq(name, slice_from_cstr(zone->failing)))
		answer = (struct dns_answer){ .status = DNS_FAILED };
	resolve_on_answer(resolve, &answer);
}

static int run(struct zone *zone, struct resolve *resolve, const char *uri_text,
	       unsigned transports, unsigned families)
{
	static const char *const names[] = { "A", "AAAA", "SRV", "NAPTR" };
	static struct env env;
	struct resolve_means means = { transports, families };
	struct sip_uri uri;
	struct slice name;
	enum dns_type type;
	size_t n = 0;
	int err;

	env = (struct env){ .host = zone, .random = zone_random };
	zone->asked[0] = '\0';
	assert_int_equal(sip_uri_parse(slice_from_cstr(uri_text), &uri), 0);
	err = resolve_start(resolve, &env, &uri, &means);
	if (err)
		return err;
	while (resolve_ask(resolve, &name, &type)) {
		n += (size_t)snprintf(zone->asked + n, sizeof(zone->asked) - n, "%s%s %.*s",
				      n ? ", " : "", names[type], SLICE_ARGS(name));
		assert_true(n < sizeof(zone->asked));
		zone_answer(zone, resolve, name, type);
	}
	assert_true(resolve_is_done(resolve));
	return 0;
}

static const char *print_targets(const struct resolve *resolve)
{
	static char text[2048];
	struct buf buf = { .p = text, .cap = sizeof(text) - 1 };

	for (size_t i = 0; i < resolve->target_count; i++) {
		if (i > 0)
			buf_char(&buf, ' ');
		buf_slice(&buf, transport_name(resolve->targets[i].transport));
		buf_char(&buf, '/');
		addr_print(&buf, &resolve->targets[i].addr);
	}
	text[buf.n] = '\0';
	return text;
}

/* --- The way through RFC 3263 ------------------------------------------------------------- */

static const struct record records[] = {
	{ "naptr.example", "NAPTR 20 10 s SIP+D2U _sip._udp.naptr.example", 0 },
	{ "naptr.example", "NAPTR 10 10 s SIP+D2T _sip._tcp.naptr.example", 0 },
	{ "naptr.example", "NAPTR 5 10 s SIPS+D2T _sips._tcp.naptr.example", 0 },
	{ "naptr.example", "NAPTR 1 10 u E2U+sip _sip._udp.wrong.example", 0 },
	{ "_sip._tcp.naptr.example", "SRV 0 0 5070 one.example", 0 },
	{ "_sip._udp.naptr.example", "SRV 0 0 5080 two.example", 60 },
	{ "_sip._udp.srv.example", "SRV 20 0 5061 two.example", 0 },
	{ "_sip._udp.srv.example", "SRV 10 0 5060 one.example", 0 },
	{ "_sip._tcp.srv.example", "SRV 10 0 5062 one.example", 0 },
	{ "_sip._udp.away.example", "SRV 0 0 0 .", 0 },
	{ "_sip._tcp.away.example", "SRV 0 0 5060 one.example", 0 },
	{ "one.example", "A 192.0.2.1", 0 },
	{ "one.example", "AAAA 2001:db8::1", 0 },
	{ "two.example", "A 192.0.2.2", 0 },
	{ "two.example", "A 192.0.2.3", 0 },
	{ "zero.example", "A 0.0.0.0", 0 },
	{ "twice.example", "A 192.0.2.1", 0 },
	{ "twice.example", "A 192.0.2.1", 0 },
};

static const struct {
	const char *name, *uri;
	unsigned transports, families;
	const char *asked, *targets;
} ways[] = {
	{ "a number needs no DNS", "sip:192.0.2.9", UDP | TCP, V4, "", "UDP/192.0.2.9:5060" },
	{ "a number with port and transport", "sip:192.0.2.9:5070;transport=TCP", UDP | TCP, V4, "",
	  "TCP/192.0.2.9:5070" },
	{ "an IPv6 number", "sip:[2001:db8::9]", UDP, V4 | V6, "", "UDP/[2001:db8::9]:5060" },
	{ "only TCP is there", "sip:192.0.2.9", TCP, V4, "", "TCP/192.0.2.9:5060" },
	{ "a port skips NAPTR and SRV", "sip:two.example:5090", UDP, V4, "A two.example",
	  "UDP/192.0.2.2:5090 UDP/192.0.2.3:5090" },
	{ "both families", "sip:one.example:5090", UDP, V4 | V6, "A one.example, AAAA one.example",
	  "UDP/192.0.2.1:5090 UDP/[2001:db8::1]:5090" },
	{ "only IPv6 is there", "sip:one.example:5090", UDP, V6, "AAAA one.example",
	  "UDP/[2001:db8::1]:5090" },
	{ "NAPTR in its order, without what we lack", "sip:naptr.example", UDP | TCP, V4,
	  "NAPTR naptr.example, SRV _sip._tcp.naptr.example, SRV _sip._udp.naptr.example, "
	  "A one.example, A two.example",
	  "TCP/192.0.2.1:5070 UDP/192.0.2.2:5080 UDP/192.0.2.3:5080" },
	{ "NAPTR for UDP only", "sip:naptr.example", UDP, V4,
	  "NAPTR naptr.example, SRV _sip._udp.naptr.example, A two.example",
	  "UDP/192.0.2.2:5080 UDP/192.0.2.3:5080" },
	{ "NAPTR for TLS", "sip:naptr.example", TLS | UDP, V4,
	  "NAPTR naptr.example, SRV _sips._tcp.naptr.example, SRV _sip._udp.naptr.example, "
	  "A two.example",
	  "UDP/192.0.2.2:5080 UDP/192.0.2.3:5080" },
	{ "sips goes by TLS only", "sips:two.example", UDP | TCP | TLS, V4,
	  "NAPTR two.example, SRV _sips._tcp.two.example, A two.example",
	  "TLS/192.0.2.2:5061 TLS/192.0.2.3:5061" },
	{ "a number by TLS", "sip:192.0.2.9;transport=tls", UDP | TLS, V4, "",
	  "TLS/192.0.2.9:5061" },
	{ "a given transport skips NAPTR", "sip:naptr.example;transport=udp", UDP | TCP, V4,
	  "SRV _sip._udp.naptr.example, A two.example", "UDP/192.0.2.2:5080 UDP/192.0.2.3:5080" },
	{ "without NAPTR every transport's SRV, by priority", "sip:srv.example", UDP | TCP, V4,
	  "NAPTR srv.example, SRV _sip._udp.srv.example, SRV _sip._tcp.srv.example, A one.example, "
	  "A two.example, A one.example",
	  "UDP/192.0.2.1:5060 UDP/192.0.2.2:5061 UDP/192.0.2.3:5061 TCP/192.0.2.1:5062" },
	{ "a target of . is decidedly nowhere", "sip:away.example", UDP | TCP, V4,
	  "NAPTR away.example, SRV _sip._udp.away.example, SRV _sip._tcp.away.example, "
	  "A one.example",
	  "TCP/192.0.2.1:5060" },
	{ "nowhere is not at the name itself either", "sip:away.example;transport=udp", UDP | TCP,
	  V4, "SRV _sip._udp.away.example", "" },
	{ "neither NAPTR nor SRV: the name itself", "sip:two.example", UDP | TCP, V4,
	  "NAPTR two.example, SRV _sip._udp.two.example, SRV _sip._tcp.two.example, A two.example",
	  "UDP/192.0.2.2:5060 UDP/192.0.2.3:5060" },
	{ "no SRV of the given transport", "sip:two.example;transport=tcp", UDP | TCP, V4,
	  "SRV _sip._tcp.two.example, A two.example", "TCP/192.0.2.2:5060 TCP/192.0.2.3:5060" },
	{ "a name that is not there", "sip:none.example:5060", UDP, V4, "A none.example", "" },
	{ "0.0.0.0 is no target", "sip:zero.example:5060", UDP, V4, "A zero.example", "" },
	{ "each target once", "sip:twice.example:5060", UDP, V4, "A twice.example",
	  "UDP/192.0.2.1:5060" },
	{ "a last dot is no part of the name", "sip:two.example.:5060", UDP, V4, "A two.example",
	  "UDP/192.0.2.2:5060 UDP/192.0.2.3:5060" },
};

static void test_ways(void **state)
{
	struct zone zone = { .records = records, .count = ARRAY_LEN(records) };
	struct resolve resolve;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		assert_int_equal(
			run(&zone, &resolve, ways[i].uri, ways[i].transports, ways[i].families), 0);
		assert_string_equal(zone.asked, ways[i].asked);
		assert_string_equal(print_targets(&resolve), ways[i].targets);
		assert_false(resolve.is_doubtful);
	}
}

static void test_what_this_host_cannot_do_is_refused(void **state)
{
	static const struct {
		const char *uri;
		unsigned transports, families;
		int err;
	} refused[] = {
		{ "sip:192.0.2.9;transport=tcp", UDP, V4, ERR_UNSUPPORTED },
		{ "sip:192.0.2.9;transport=sctp", UDP | TCP, V4, ERR_UNSUPPORTED },
		{ "sip:[2001:db8::9]", UDP, V4, ERR_UNSUPPORTED },
		{ "sips:192.0.2.9", UDP | TCP, V4, ERR_UNSUPPORTED },
		{ "sips:one.example", UDP | TCP, V4, ERR_UNSUPPORTED },
	};
	struct zone zone = { 0 };
	struct resolve resolve;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_int_equal(run(&zone, &resolve, refused[i].uri, refused[i].transports,
				     refused[i].families),
				 refused[i].err);
}

/* --- Weights ------------------------------------------------------------------------------ */

static void test_weights_decide_by_chance(void **state)
{
	static const struct record weighted[] = {
		{ "_sip._udp.w.example", "SRV 10 30 5001 one.example", 0 },
		{ "_sip._udp.w.example", "SRV 10 0 5000 one.example", 0 },
		{ "_sip._udp.w.example", "SRV 10 70 5002 one.example", 0 },
		{ "_sip._udp.w.example", "SRV 5 0 5003 one.example", 0 },
		{ "one.example", "A 192.0.2.1", 0 },
	};
	static const struct {
		uint32_t random;
		uint16_t second; /* port of the first of priority 10 */
	} choices[] = { { 0, 5000 }, { 1, 5001 }, { 30, 5001 }, { 31, 5002 }, { 100, 5002 } };
	struct zone zone = { .records = weighted, .count = ARRAY_LEN(weighted) };
	struct resolve resolve;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		zone.random = choices[i].random;
		assert_int_equal(run(&zone, &resolve, "sip:w.example;transport=udp", UDP, V4), 0);
		assert_int_equal(resolve.target_count, 4);
		assert_int_equal(resolve.targets[0].addr.port, 5003);
		assert_int_equal(resolve.targets[1].addr.port, choices[i].second);
	}
}

/* --- Bounds and failures ------------------------------------------------------------------ */

static void test_what_gets_no_answer_is_doubtful_but_no_end(void **state)
{
	struct zone zone = { .records = records,
			     .count = ARRAY_LEN(records),
			     .failing = "srv.example" };
	struct resolve resolve;

	(void)state;
	assert_int_equal(run(&zone, &resolve, "sip:srv.example", UDP, V4), 0);
	assert_string_equal(print_targets(&resolve),
			    "UDP/192.0.2.1:5060 UDP/192.0.2.2:5061 UDP/192.0.2.3:5061");
	assert_true(resolve.is_doubtful);
}

static void test_the_shortest_time_to_live_counts(void **state)
{
	struct zone zone = { .records = records, .count = ARRAY_LEN(records) };
	struct resolve resolve;

	(void)state;
	assert_int_equal(run(&zone, &resolve, "sip:naptr.example", UDP, V4), 0);
	assert_int_equal(resolve.ttl_s, 60);
	assert_int_equal(run(&zone, &resolve, "sip:192.0.2.1", UDP, V4), 0);
	assert_true(resolve.ttl_s == UINT32_MAX);
}

/* SECURITY D7: an answer as large as it can be leads to no more than fits. */
static void test_enormous_answers_are_bounded(void **state)
{
	static struct record many[64 + 64];
	static char lines[64 + 64][64], names[64][32];
	struct zone zone = { .records = many, .count = ARRAY_LEN(many) };
	struct resolve resolve;

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu.example", i);
		snprintf(lines[i], sizeof(lines[i]), "SRV %zu 0 5060 %s", i, names[i]);
		snprintf(lines[64 + i], sizeof(lines[0]), "A 192.0.2.%zu", i + 1);
		many[i] = (struct record){ "_sip._udp.many.example", lines[i], 0 };
		many[64 + i] = (struct record){ names[0], lines[64 + i], 0 };
	}
	assert_int_equal(run(&zone, &resolve, "sip:many.example;transport=udp", UDP, V4 | V6), 0);
	assert_true(resolve.target_count <= RESOLVE_TARGETS_MAX);
	assert_true(resolve.asked <= RESOLVE_QUESTIONS_MAX);
}

static void test_a_name_too_long_is_passed_over(void **state)
{
	static char text[400], srv[400];
	struct record long_ones[] = { { "_sip._udp.l.example", srv, 0 },
				      { "l.example", "A 192.0.2.7", 0 } };
	struct zone zone = { .records = long_ones, .count = ARRAY_LEN(long_ones) };
	struct resolve resolve;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	snprintf(srv, sizeof(srv), "SRV 0 0 5060 %.300s", text);
	assert_int_equal(run(&zone, &resolve, "sip:l.example;transport=udp", UDP, V4), 0);
	assert_string_equal(print_targets(&resolve), "UDP/192.0.2.7:5060");
	memcpy(text, "sip:", 4);
	text[300] = '\0';
	assert_int_equal(run(&zone, &resolve, text, UDP, V4), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_what_this_host_cannot_do_is_refused),
		cmocka_unit_test(test_weights_decide_by_chance),
		cmocka_unit_test(test_what_gets_no_answer_is_doubtful_but_no_end),
		cmocka_unit_test(test_the_shortest_time_to_live_counts),
		cmocka_unit_test(test_enormous_answers_are_bounded),
		cmocka_unit_test(test_a_name_too_long_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
