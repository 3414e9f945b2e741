/* SPDX-License-Identifier: MIT */
/*
 * Transactions by the clock: when each message is sent again, and when each transaction ends
 * (RFC 3261 17, table 4; RFC 6026), on unreliable and reliable transports.
 */
#include "base/mem.h"
#include "core/txn_client.h"
#include "core/txn_server.h"
#include "fake_peer.h"
#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FOR_EVER_MS 200000
#define TIMES_MAX 32

struct rig {
	struct fake_peer peer;
	struct stack stack;
	unsigned statuses[TIMES_MAX]; /* [status_count] told to the owner of a client transaction */
	size_t status_count;
	unsigned answer; /* what the server side answers a request with, 0: nothing */
	unsigned requests;
	unsigned cancels;
};

static struct rig *rig;

/* --- The stack's user --------------------------------------------------------------------- */

static void on_cancel(struct stack *stack, struct handle owner, const struct sip_msg *cancel)
{
	(void)stack;
	(void)owner;
	(void)cancel;
	rig->cancels++;
}

static const struct txn_server_ops server_ops = { .on_cancel = on_cancel };

static void on_request(void *user, struct incoming *in)
{
	(void)user;
	rig->requests++;
	assert_non_null(txn_server_start(in, &server_ops, HANDLE_NONE));
	if (rig->answer)
		incoming_reply_status(in, rig->answer);
}

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	stack_on_message(user, flow, bytes);
}

static void on_turn_end(void *user)
{
	stack_on_turn_end(user);
}

static void on_response(struct txn_client *txn, struct handle owner, const struct sip_msg *response,
			const struct flow *flow)
{
	(void)txn;
	(void)owner;
	(void)flow;
	rig->statuses[rig->status_count++] = response->status;
}

static void on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	(void)txn;
	(void)owner;
	rig->statuses[rig->status_count++] = status;
}

static const struct txn_client_ops client_ops = { on_response, on_failed };

static int set_up(void **state)
{
	static const struct stack_limits limits = { .transactions = 16 };

	rig = test_calloc(1, sizeof(*rig));
	fake_peer_init(&rig->peer);
	assert_int_equal(stack_init(&rig->stack, &rig->peer.env, &rig->peer.timers,
				    &(struct stack_user){ .on_request = on_request }, &limits,
				    SLICE("test")),
			 0);
	rig->peer.user = &rig->stack;
	rig->peer.on_message = on_message;
	rig->peer.on_turn_end = on_turn_end;
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	stack_fini(&rig->stack);
	fake_peer_fini(&rig->peer);
	test_free(*state);
	assert_int_equal(mem_count().blocks, 0);
	return 0;
}

/* --- Time --------------------------------------------------------------------------------- */

/* Runs until nothing is due: the times at which something was sent, and the time of the end. */
static uint64_t run_out(const char *expected)
{
	char times[256] = "";
	size_t n = 0, sent = rig->peer.sent_count;
	uint64_t now_ms = 0;

	while (rig->peer.timers.count > 0 && now_ms < FOR_EVER_MS) {
		uint64_t after_ms = fake_peer_next_ms(&rig->peer);

		fake_peer_advance_ms(&rig->peer, after_ms);
		now_ms += after_ms;
		for (; sent < rig->peer.sent_count; sent++)
			n += (size_t)snprintf(times + n, sizeof(times) - n, "%s%llu", n ? " " : "",
					      (unsigned long long)now_ms);
	}
	assert_string_equal(times, expected);
	assert_int_equal(rig->stack.txn_clients.held_count, 0);
	assert_int_equal(rig->stack.txn_servers.held_count, 0);
	return now_ms;
}

static void told(const char *expected)
{
	char statuses[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < rig->status_count; i++)
		n += (size_t)snprintf(statuses + n, sizeof(statuses) - n, "%s%u", n ? " " : "",
				      rig->statuses[i]);
	assert_string_equal(statuses, expected);
}

static void start(const char *method, enum transport transport)
{
	static char text[512];
	struct buf lines = BUF_ON(text);
	struct request request = { .method = slice_from_cstr(method),
				   .uri = SLICE("sip:202@192.0.2.9"),
				   .flow = rig->peer.flow };

	request.flow.transport = (uint8_t)transport;
	rig->peer.flow.transport = (uint8_t)transport;
	buf_printf(&lines,
		   "Max-Forwards: 70\r\nFrom: <sip:201@x>;tag=a\r\nTo: <sip:202@x>\r\n"
		   "Call-ID: c\r\nCSeq: 1 %s\r\n",
		   method);
	request.lines = buf_text(&lines);
	assert_int_equal(txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL),
			 0);
	(void)fake_peer_take(&rig->peer);
}

static void answer(unsigned status)
{
	fake_peer_answer(&rig->peer, status, "b", "", "");
}

/* --- Clients (RFC 3261 17.1) -------------------------------------------------------------- */

#define A_TIMES "500 1500 3500 7500 15500 31500"
#define E_TIMES "500 1500 3500 7500 11500 15500 19500 23500 27500 31500"

static void invite_is_sent_again_by_timer_a_until_b(void **state)
{
	(void)state;
	start("INVITE", TRANSPORT_UDP);
	assert_int_equal(run_out(A_TIMES), 32000);
	told("408");
}

static void invite_over_tcp_is_sent_once(void **state)
{
	(void)state;
	start("INVITE", TRANSPORT_TCP);
	assert_int_equal(run_out(""), 32000);
	told("408");
}

static void other_requests_are_sent_again_by_timer_e_until_f(void **state)
{
	(void)state;
	start("OPTIONS", TRANSPORT_UDP);
	assert_int_equal(run_out(E_TIMES), 32000);
	told("408");
}

static void a_provisional_response_slows_timer_e_to_t2(void **state)
{
	(void)state;
	start("OPTIONS", TRANSPORT_UDP);
	answer(100);
	/* The interval that runs already is not cut short (17.1.2.2). */
	assert_int_equal(run_out("500 4500 8500 12500 16500 20500 24500 28500"), 32000);
	told("100 408");
}

static void a_final_response_ends_it_and_a_copy_is_dropped(void **state)
{
	(void)state;
	start("OPTIONS", TRANSPORT_UDP);
	answer(200);
	answer(200);
	assert_int_equal(run_out(""), 0);
	told("200");
}

static void a_final_response_over_tcp_ends_it(void **state)
{
	(void)state;
	start("OPTIONS", TRANSPORT_TCP);
	answer(404);
	assert_int_equal(run_out(""), 0);
	told("404");
}

static void ringing_stops_timer_a_and_b(void **state)
{
	(void)state;
	start("INVITE", TRANSPORT_UDP);
	answer(180);
	assert_int_equal(rig->peer.timers.count, 0);
	answer(486);
	assert_int_equal(run_out(""), 64 * T1_MS);
	told("180 486");
}

static void each_failure_is_acknowledged(void **state)
{
	const struct sip_msg *ack;

	(void)state;
	start("INVITE", TRANSPORT_UDP);
	answer(486);
	/* 17.1.1.3: the branch of the INVITE, its CSeq number, the To of the response. */
	ack = fake_peer_take_request(&rig->peer, METHOD_ACK);
	assert_int_equal(ack->cseq, 1);
	assert_true(slice_eq(ack->to_tag, SLICE("b")));
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void a_failure_over_tcp_is_acknowledged_and_over(void **state)
{
	(void)state;
	start("INVITE", TRANSPORT_TCP);
	answer(603);
	(void)fake_peer_take_request(&rig->peer, METHOD_ACK);
	assert_int_equal(run_out(""), 0);
}

static void every_2xx_is_told_until_timer_m(void **state)
{
	(void)state;
	start("INVITE", TRANSPORT_UDP);
	answer(200);
	answer(200);
	answer(486); /* RFC 6026 7.2: not for us */
	assert_int_equal(run_out(""), 64 * T1_MS);
	told("200 200");
}

static void what_cannot_be_sent_fails_with_503(void **state)
{
	(void)state;
	rig->peer.is_cut_off = true;
	{
		struct request request = { .method = SLICE("OPTIONS"),
					   .uri = SLICE("sip:x"),
					   .flow = rig->peer.flow };

		assert_int_equal(
			txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL), 0);
	}
	told("");
	assert_int_equal(run_out(""), 0);
	told("503");
}

static void a_lost_connection_is_replaced_by_one_to_the_contact(void **state)
{
	struct request request = { .method = SLICE("NOTIFY"),
				   .uri = SLICE("sip:202@192.0.2.77:5099;transport=tcp"),
				   .flow = rig->peer.flow,
				   .lines = SLICE("From: <sip:a@x>;tag=1\r\nTo: <sip:202@x>\r\n"
						  "Call-ID: c\r\nCSeq: 1 NOTIFY\r\n") };

	(void)state;
	request.flow.transport = TRANSPORT_TCP;
	request.flow.conn = rig->peer.lost_conn;
	assert_int_equal(txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL),
			 0);
	assert_int_equal(rig->peer.sent_count, 1);
	assert_int_equal(rig->peer.last_to.port, 5099);
	assert_int_equal(rig->peer.last_to.ip[3], 77);
	/* A name cannot be reached without looking it up. */
	request.uri = SLICE("sip:202@phone.example");
	assert_int_equal(txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL),
			 0);
	assert_int_equal(rig->peer.sent_count, 1);
	assert_int_equal(run_out(""), 32000);
	told("503 408");
}

/* SECURITY T2: what fails for one name is no matter of another at the same address. */
static void a_lost_connection_concerns_its_own_name(void **state)
{
	struct request request = { .method = SLICE("OPTIONS"),
				   .uri = SLICE("sip:x"),
				   .flow = rig->peer.flow };
	struct flow lost;

	(void)state;
	request.flow.transport = TRANSPORT_TLS;
	request.flow.name = 1;
	assert_int_equal(txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL),
			 0);
	lost = request.flow;
	lost.conn = (struct handle){ .slot = 1, .serial = 1 };
	lost.name = 2;
	stack_on_connection_lost(&rig->stack, &lost);
	lost.name = 1;
	lost.transport = TRANSPORT_TCP;
	stack_on_connection_lost(&rig->stack, &lost);
	fake_peer_advance_ms(&rig->peer, 100);
	told("");
	lost.transport = TRANSPORT_TLS;
	stack_on_connection_lost(&rig->stack, &lost);
	fake_peer_advance_ms(&rig->peer, 100);
	told("503");
}

static void the_table_is_bounded(void **state)
{
	struct request request = { .method = SLICE("OPTIONS"),
				   .uri = SLICE("sip:x"),
				   .flow = rig->peer.flow };

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(
			txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL), 0);
	assert_true(txn_client_start(&rig->stack, &request, &client_ops, HANDLE_NONE, NULL) < 0);
}

/* --- Servers (RFC 3261 17.2) -------------------------------------------------------------- */

static void arrive(const char *method, const char *branch, enum transport transport)
{
	char head[512];

	rig->peer.flow.transport = (uint8_t)transport;
	snprintf(head, sizeof(head),
		 "%s sip:201@192.0.2.1 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.9:5060%s\n"
		 "From: <sip:202@x>;tag=a\nTo: <sip:201@x>\nCall-ID: c\nCSeq: 1 %s\n",
		 method, branch, method);
	fake_peer_send(&rig->peer, head, "");
}

static void drop_sent(void)
{
	while (!fake_peer_is_idle(&rig->peer))
		(void)fake_peer_take(&rig->peer);
}

static void a_failure_is_sent_again_by_timer_g_until_h(void **state)
{
	(void)state;
	rig->answer = 486;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_UDP);
	assert_int_equal(run_out("500 1500 3500 7500 11500 15500 19500 23500 27500 31500"), 32000);
}

static void a_failure_over_tcp_is_sent_once_and_waits_for_its_ack(void **state)
{
	(void)state;
	rig->answer = 486;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_TCP);
	assert_int_equal(run_out(""), 32000);
}

static void the_ack_ends_timer_g_and_i_follows(void **state)
{
	(void)state;
	rig->answer = 486;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_UDP);
	arrive("ACK", ";branch=z9hG4bK1", TRANSPORT_UDP);
	assert_int_equal(run_out(""), T4_MS);
	assert_int_equal(rig->requests, 1);
}

static void the_ack_over_tcp_is_the_end(void **state)
{
	(void)state;
	rig->answer = 486;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_TCP);
	arrive("ACK", ";branch=z9hG4bK1", TRANSPORT_TCP);
	assert_int_equal(run_out(""), 0);
}

static void an_invite_again_gets_the_last_response_again(void **state)
{
	(void)state;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 100);
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 100);
	assert_int_equal(rig->requests, 1);
}

static void a_request_again_gets_its_answer_until_timer_j(void **state)
{
	(void)state;
	rig->answer = 200;
	arrive("OPTIONS", ";branch=z9hG4bK1", TRANSPORT_UDP);
	arrive("OPTIONS", ";branch=z9hG4bK1", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 200);
	(void)fake_peer_take_response(&rig->peer, 200);
	assert_int_equal(rig->requests, 1);
	assert_int_equal(run_out(""), 64 * T1_MS);
	arrive("OPTIONS", ";branch=z9hG4bK1", TRANSPORT_UDP);
	assert_int_equal(rig->requests, 2);
}

static void the_branch_and_sent_by_decide(void **state)
{
	(void)state;
	rig->answer = 200;
	arrive("OPTIONS", ";branch=z9hG4bK1", TRANSPORT_UDP);
	arrive("OPTIONS", ";branch=z9hG4bK2", TRANSPORT_UDP);
	/* Another branch with the same Call-ID, CSeq and From tag is a merged request (8.2.2.2). */
	(void)fake_peer_take_response(&rig->peer, 200);
	(void)fake_peer_take_response(&rig->peer, 482);
	assert_int_equal(rig->requests, 1);
}

/* 17.2.3: without the magic cookie the request itself is what is matched. */
static void a_client_of_rfc_2543_is_matched_too(void **state)
{
	(void)state;
	rig->answer = 486;
	arrive("INVITE", "", TRANSPORT_UDP);
	drop_sent();
	arrive("INVITE", "", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 486);
	arrive("ACK", "", TRANSPORT_UDP);
	assert_int_equal(run_out(""), T4_MS);
	assert_int_equal(rig->requests, 1);
}

static void cancel_finds_its_invite(void **state)
{
	(void)state;
	arrive("INVITE", ";branch=z9hG4bK1", TRANSPORT_UDP);
	drop_sent();
	arrive("CANCEL", ";branch=z9hG4bK1", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 200);
	assert_int_equal(rig->cancels, 1);
	arrive("CANCEL", ";branch=z9hG4bK9", TRANSPORT_UDP);
	(void)fake_peer_take_response(&rig->peer, 481);
	assert_int_equal(rig->cancels, 1);
}

/* 18.2.2: without rport the answer goes to the port of the Via, with it to where it came from. */
static void an_answer_goes_where_the_via_says(void **state)
{
	_Alignas(max_align_t) static char block[8192];
	static const char text[] = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5099;"
				   "branch=z9hG4bK1%s\r\nFrom: <sip:a@x>;tag=1\r\n"
				   "To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
	static const struct {
		const char *rport;
		uint16_t port;
	} cases[] = { { "", 5099 }, { ";rport", 4321 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char request[512];
		struct arena arena;
		struct sip_msg msg;
		struct sip_fault fault;
		struct flow came_by = rig->peer.flow, answer_by;

		came_by.peer.port = 4321;
		snprintf(request, sizeof(request), text, cases[i].rport);
		arena_init(&arena, block, sizeof(block));
		assert_int_equal(sip_msg_parse(slice_from_cstr(request), &arena, &msg, &fault), 0);
		answer_by = txn_reply_flow(&msg, &came_by);
		assert_int_equal(answer_by.peer.port, cases[i].port);
		assert_true(addr_eq_ip(&answer_by.peer, &came_by.peer));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(invite_is_sent_again_by_timer_a_until_b),
		TEST(invite_over_tcp_is_sent_once),
		TEST(other_requests_are_sent_again_by_timer_e_until_f),
		TEST(a_provisional_response_slows_timer_e_to_t2),
		TEST(a_final_response_ends_it_and_a_copy_is_dropped),
		TEST(a_final_response_over_tcp_ends_it),
		TEST(ringing_stops_timer_a_and_b),
		TEST(each_failure_is_acknowledged),
		TEST(a_failure_over_tcp_is_acknowledged_and_over),
		TEST(every_2xx_is_told_until_timer_m),
		TEST(what_cannot_be_sent_fails_with_503),
		TEST(a_lost_connection_is_replaced_by_one_to_the_contact),
		TEST(a_lost_connection_concerns_its_own_name),
		TEST(the_table_is_bounded),
		TEST(a_failure_is_sent_again_by_timer_g_until_h),
		TEST(a_failure_over_tcp_is_sent_once_and_waits_for_its_ack),
		TEST(the_ack_ends_timer_g_and_i_follows),
		TEST(the_ack_over_tcp_is_the_end),
		TEST(an_invite_again_gets_the_last_response_again),
		TEST(a_request_again_gets_its_answer_until_timer_j),
		TEST(the_branch_and_sent_by_decide),
		TEST(a_client_of_rfc_2543_is_matched_too),
		TEST(cancel_finds_its_invite),
		TEST(an_answer_goes_where_the_via_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
