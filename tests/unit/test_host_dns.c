/* SPDX-License-Identifier: MIT */
/*
 * The DNS by c-ares, against a name server that a test plays on loopback: answers of each type,
 * none, nonsense, and the end in between.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PACKET_MAX 2048

static struct seen {
	unsigned answers;
	enum dns_status status;
	size_t count;
	struct handle owner;
	char first[512]; /* "192.0.2.1 300", "10 20 5060 sip.example" ... */
} seen;

struct server {
	int fd;
	unsigned char packet[PACKET_MAX]; /* the question, then the answer */
	size_t n;
	struct sockaddr_storage from;
	socklen_t from_n;
};

static void on_answer(void *user, struct handle owner, const struct dns_answer *answer)
{
	struct rig *rig = user;
	char text[sizeof(seen.first) - 1];
	struct buf buf = BUF_ON(text);

	(void)rig;
	seen.answers++;
	seen.owner = owner;
	seen.status = answer->status;
	seen.count = answer->count;
	if (answer->count > 0) {
		const struct dns_record *record = &answer->records[0];

		if (record->addr.family != ADDR_NONE)
			addr_print_ip(&buf, &record->addr);
		buf_printf(&buf, " %u %u %u %u %.*s %.*s %.*s", record->ttl_s, record->order,
			   record->weight, record->port, SLICE_ARGS(record->flags),
			   SLICE_ARGS(record->service), SLICE_ARGS(record->name));
	}
	snprintf(seen.first, sizeof(seen.first), "%.*s", SLICE_ARGS(buf_text(&buf)));
}

static bool has_answers(struct rig *rig)
{
	return seen.answers >= rig->wanted;
}

static void set_up(struct rig *rig, struct server *server)
{
	struct addr addr;

	seen = (struct seen){ 0 };
	*server = (struct server){ .fd = plain_udp("127.0.0.1:0") };
	addr = name_of(server->fd);
	rig_init(rig, NULL);
	rig->fd = server->fd;
	assert_int_equal(host_set_dns(rig->host, &addr, 1), 0);
}

static void tear_down(struct rig *rig, struct server *server)
{
	rig_fini(rig);
	close(server->fd);
}

static int ask(struct rig *rig, const char *name, enum dns_type type)
{
	struct dns_question question = { .name = slice_from_cstr(name),
					 .type = type,
					 .user = rig,
					 .owner = { 7, 9 },
					 .on_answer = on_answer };

	return rig->env->resolve(rig->env->host, &question);
}

static void take_question(struct rig *rig, struct server *server)
{
	ssize_t n;

	assert_true(run_until(rig, has_answer, 0));
	server->from_n = sizeof(server->from);
	n = recvfrom(server->fd, server->packet, sizeof(server->packet), 0,
		     (struct sockaddr *)&server->from, &server->from_n);
	assert_true(n > 12);
	server->n = (size_t)n;
}

/* The question comes back as a response with this code; an OPT record behind it is cut off. */
static void begin_answer(struct server *server, unsigned rcode)
{
	size_t end = 12;

	while (server->packet[end] != 0)
		end += server->packet[end] + 1u;
	server->n = end + 5;
	server->packet[2] = 0x81;
	server->packet[3] = (unsigned char)(0x80 | rcode);
	memset(server->packet + 6, 0, 6);
}

static void add_record(struct server *server, unsigned type, const void *data, size_t n)
{
	unsigned char head[] = { 0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0,
				 0,    60, 0, (unsigned char)n };

	assert_true(server->n + sizeof(head) + n <= PACKET_MAX);
	memcpy(server->packet + server->n, head, sizeof(head));
	memcpy(server->packet + server->n + sizeof(head), data, n);
	server->n += sizeof(head) + n;
	server->packet[7]++;
}

static void send_answer(struct server *server)
{
	assert_int_equal(sendto(server->fd, server->packet, server->n, 0,
				(struct sockaddr *)&server->from, server->from_n),
			 server->n);
}

/* --- Answers ------------------------------------------------------------------------------ */

#define SRV_DATA                                                                                   \
	"\0\x0a\0\x14\x13\xc4\x03one\x07"                                                          \
	"example\0"
#define NAPTR_DATA                                                                                 \
	"\0\x0a\0\x05\x01S\x07SIP+D2U\0\x04_sip\x04_udp\x07"                                       \
	"example\0"

static void test_each_type_is_read(void **state)
{
	static const struct {
		enum dns_type type;
		unsigned number;
		const char *data;
		size_t n;
		const char *first;
	} rows[] = {
		{ DNS_A, 1, "\xc0\0\x02\x01", 4, "192.0.2.1 60 0 0 0   " },
		{ DNS_AAAA, 28, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16,
		  "[2001:db8::1] 60 0 0 0   " },
		{ DNS_SRV, 33, SRV_DATA, sizeof(SRV_DATA) - 1, " 300 10 20 5060   one.example" },
		{ DNS_NAPTR, 35, NAPTR_DATA, sizeof(NAPTR_DATA) - 1,
		  " 300 10 5 0 S SIP+D2U _sip._udp.example" },
	};
	struct server server;
	struct rig rig;

	(void)state;
	set_up(&rig, &server);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ask(&rig, "acme.example", rows[i].type), 0);
		take_question(&rig, &server);
		begin_answer(&server, 0);
		add_record(&server, rows[i].number, rows[i].data, rows[i].n);
		send_answer(&server);
		assert_true(run_until(&rig, has_answers, i + 1));
		assert_int_equal(seen.status, DNS_FOUND);
		assert_int_equal(seen.count, 1);
		assert_string_equal(seen.first, rows[i].first);
		assert_true(handle_eq(seen.owner, (struct handle){ 7, 9 }));
	}
	tear_down(&rig, &server);
}

static void test_nothing_there_is_no_failure(void **state)
{
	static const unsigned codes[] = { 0, 3 }; /* no such record, no such name */
	struct server server;
	struct rig rig;

	(void)state;
	set_up(&rig, &server);
	for (unsigned i = 0; i < ARRAY_LEN(codes); i++) {
		assert_int_equal(ask(&rig, "acme.example", DNS_SRV), 0);
		take_question(&rig, &server);
		begin_answer(&server, codes[i]);
		send_answer(&server);
		assert_true(run_until(&rig, has_answers, i + 1));
		assert_int_equal(seen.status, DNS_NOTHING);
	}
	tear_down(&rig, &server);
}

/* SECURITY D7: as many records as fit into a datagram, of which so many are taken. */
static void test_many_records_are_bounded(void **state)
{
	struct server server;
	struct rig rig;

	(void)state;
	set_up(&rig, &server);
	assert_int_equal(ask(&rig, "acme.example", DNS_A), 0);
	take_question(&rig, &server);
	begin_answer(&server, 0);
	for (unsigned char i = 1; i <= 60; i++)
		add_record(&server, 1, (const unsigned char[]){ 192, 0, 2, i }, 4);
	send_answer(&server);
	assert_true(run_until(&rig, has_answers, 1));
	assert_int_equal(seen.status, DNS_FOUND);
	assert_true(seen.count <= DNS_RECORDS_MAX);
	tear_down(&rig, &server);
}

/* Torn answers: whatever c-ares makes of them, one answer comes for each question. */
static void test_nonsense_is_survived(void **state)
{
	struct server server;
	struct rig rig;
	size_t whole;

	(void)state;
	set_up(&rig, &server);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(ask(&rig, "acme.example", i % 2 ? DNS_SRV : DNS_NAPTR), 0);
		take_question(&rig, &server);
		begin_answer(&server, 0);
		whole = server.n;
		if (i % 2)
			add_record(&server, 33, SRV_DATA, sizeof(SRV_DATA) - 1);
		else
			add_record(&server, 35, NAPTR_DATA, sizeof(NAPTR_DATA) - 1);
		server.n = whole + 13 + 2 * i;
		send_answer(&server);
		assert_true(run_until(&rig, has_answers, i + 1));
	}
	tear_down(&rig, &server);
}

static void test_the_end_in_between_tells_nobody(void **state)
{
	struct server server;
	struct rig rig;

	(void)state;
	set_up(&rig, &server);
	assert_int_equal(ask(&rig, "acme.example", DNS_A), 0);
	take_question(&rig, &server);
	tear_down(&rig, &server);
	assert_int_equal(seen.answers, 0);
}

static void test_what_is_no_name_is_not_asked(void **state)
{
	struct server server;
	struct rig rig;
	char text[300];

	(void)state;
	set_up(&rig, &server);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ask(&rig, text, DNS_A), ERR_LIMIT);
	/* A label of 100 letters is found out by c-ares, and told in a turn of its own. */
	text[100] = '\0';
	assert_int_equal(ask(&rig, text, DNS_A), 0);
	assert_int_equal(seen.answers, 0);
	assert_true(run_until(&rig, has_answers, 1));
	assert_int_equal(seen.status, DNS_FAILED);
	tear_down(&rig, &server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_each_type_is_read),
		HOST_TEST(test_nothing_there_is_no_failure),
		HOST_TEST(test_many_records_are_bounded),
		HOST_TEST(test_nonsense_is_survived),
		HOST_TEST(test_the_end_in_between_tells_nobody),
		HOST_TEST(test_what_is_no_name_is_not_asked),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
