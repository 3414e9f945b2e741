/* SPDX-License-Identifier: MIT */
/*
 * Subscribers: what goes to the notifier, and what its NOTIFYs do (RFC 6665 4.1).
 */
#include "subscriber_rig.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void it_subscribes_refreshes_and_unsubscribes(void **state)
{
	struct subscriber_rig *rig = *state;
	const struct sip_msg *msg;
	uint64_t wait_ms;

	make_subscription(rig);
	for (uint32_t cseq = 2; cseq < 5; cseq++) {
		wait_ms = rig->subscriber->due.at_ms - rig->peer.timers.now_ms;
		assert_in_range(wait_ms, 300000, 450000);
		advance_to_due(rig);
		msg = take_subscribe(rig, 600);
		assert_int_equal(msg->cseq, cseq);
		assert_true(slice_eq(msg->to_tag, SLICE("n")));
		assert_true(slice_eq(msg->uri.text, SLICE("sip:202@192.0.2.1:5060")));
		fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
		notify(rig, cseq, "active;expires=600", "again");
	}
	assert_int_equal(rig->news, 1);
	assert_int_equal(rig->notifies, 4);
	subscriber_stop(rig->subscriber);
	take_subscribe(rig, 0);
	fake_peer_answer(&rig->peer, 200, "n", "Expires: 0\r\n", "");
	assert_int_equal(rig->stops, 0);
	notify(rig, 5, "terminated;reason=timeout", "last");
	assert_int_equal(rig->stops, 1);
	assert_int_equal(rig->notifies, 4);
	fake_peer_advance_ms(&rig->peer, 4000000);
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void a_notify_may_overtake_the_answer(void **state)
{
	struct subscriber_rig *rig = *state;
	struct sip_msg subscribe;
	const struct sip_msg *msg;
	_Alignas(max_align_t) static char block[sizeof(rig->peer.block)];

	subscriber_start(rig->subscriber);
	subscribe = *take_subscribe(rig, 600);
	memcpy(block, rig->peer.block, sizeof(block));
	send_notify(rig, 7, "n",
		    "Event: dialog\nSubscription-State: active;expires=500\n"
		    "Contact: <sip:202@192.0.2.7:5070>\n"
		    "Record-Route: <sip:192.0.2.8;lr>,<sip:192.0.2.9;lr>\n" XML,
		    "early");
	(void)fake_peer_take_response(&rig->peer, 200);
	assert_int_equal(rig->notifies, 1);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	memcpy(rig->peer.block, block, sizeof(block));
	rig->peer.msg = subscribe;
	fake_peer_answer(&rig->peer, 200, "n", "Expires: 600\r\n", "");
	assert_int_equal(rig->losses, 0);
	/* The dialog is the NOTIFY's: target, and its routes in their order (12.1.1). */
	subscriber_refresh(rig->subscriber);
	msg = take_subscribe(rig, 600);
	assert_true(slice_eq(msg->to_tag, SLICE("n")));
	assert_true(slice_eq(msg->uri.text, SLICE("sip:202@192.0.2.7:5070")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_ROUTE), SLICE("<sip:192.0.2.8;lr>")));
	assert_int_equal(rig->news, 1);
}

static void a_second_fork_is_refused(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	send_notify(rig, 1, "other", "Event: dialog\nSubscription-State: active\n" XML, "x");
	(void)fake_peer_take_response(&rig->peer, 481);
	assert_int_equal(rig->notifies, 1);
}

static void a_notify_is_checked(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		const char *body;
		unsigned status;
		bool is_passed_on;
	} cases[] = {
		{ "no event", "Subscription-State: active\n" XML, "x", 489, false },
		{ "another event", "Event: presence\nSubscription-State: active\n" XML, "x", 489,
		  false },
		{ "event with id", "Event: dialog;id=1\nSubscription-State: active\n" XML, "x", 200,
		  true },
		{ "no state", "Event: dialog\n" XML, "x", 400, false },
		{ "another body",
		  "Event: dialog\nSubscription-State: active\nContent-Type: text/plain\n", "x", 415,
		  false },
		{ "body without type", "Event: dialog\nSubscription-State: active\n", "x", 415,
		  false },
		{ "type with parameter and case",
		  "Event: dialog\nSubscription-State: active\n"
		  "Content-Type: Application/dialog-info+XML;charset=utf-8\n",
		  "x", 200, true },
		{ "no body", "Event: dialog\nSubscription-State: active\n", "", 200, false },
		{ "unknown state is active", "Event: dialog\nSubscription-State: happy\n" XML, "x",
		  200, true },
		{ "bad contact",
		  "Event: dialog\nSubscription-State: active\nContact: <mailto:a>\n" XML, "x", 400,
		  false },
	};
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned before = rig->notifies;
		const struct sip_msg *msg;

		send_notify(rig, 10 + (unsigned)i, "n", cases[i].lines, cases[i].body);
		msg = fake_peer_take(&rig->peer);
		if (msg->status != cases[i].status)
			fail_msg("%s: %u", cases[i].name, msg->status);
		if (rig->notifies - before != cases[i].is_passed_on)
			fail_msg("%s: passed on or not", cases[i].name);
		assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	}
}

static void cseq_only_grows(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	notify(rig, 5, "active", "x");
	send_notify(rig, 4, "n", "Event: dialog\nSubscription-State: active\n" XML, "old");
	(void)fake_peer_take_response(&rig->peer, 500);
	assert_string_equal(rig->last_body, "x");
	/* The same once more is a retransmission: the same answer, nothing else. */
	send_notify(rig, 4, "n", "Event: dialog\nSubscription-State: active\n" XML, "old");
	(void)fake_peer_take_response(&rig->peer, 500);
	assert_int_equal(rig->notifies, 2);
}

static void other_requests_are_refused(void **state)
{
	struct subscriber_rig *rig = *state;
	char text[1024];

	make_subscription(rig);
	snprintf(text, sizeof(text),
		 "BYE sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKbye\n"
		 "From: <sip:202@pbx.example.com>;tag=n\n"
		 "To: <sip:203@pbx.example.com>;tag=%.*s\nCall-ID: %.*s\nCSeq: 9 BYE\n",
		 SLICE_ARGS(rig->tag), SLICE_ARGS(rig->call_id));
	fake_peer_send(&rig->peer, text, "");
	(void)fake_peer_take_response(&rig->peer, 405);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
}

static void pending_becomes_active(void **state)
{
	struct subscriber_rig *rig = *state;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 202, "n", OK_LINES, "");
	notify(rig, 1, "pending;expires=600", "");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_PENDING);
	assert_int_equal(rig->notifies, 0);
	notify(rig, 2, "active;expires=590", "x");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	assert_int_equal(rig->news, 1);
}

static void the_notifier_may_shorten_it(void **state)
{
	struct subscriber_rig *rig = *state;
	uint64_t wait_ms;

	make_subscription(rig);
	notify(rig, 2, "active;expires=100", "x");
	wait_ms = rig->subscriber->due.at_ms - rig->peer.timers.now_ms;
	assert_in_range(wait_ms, 50000, 75000);
	/* What it counts down by itself moves nothing. */
	for (unsigned i = 3; i < 20; i++) {
		char state_text[32];

		fake_peer_advance_ms(&rig->peer, 1000);
		snprintf(state_text, sizeof(state_text), "active;expires=%u", 102 - i);
		notify(rig, i, state_text, "x");
		assert_int_equal(rig->subscriber->due.at_ms - rig->peer.timers.now_ms,
				 wait_ms - (i - 2) * 1000u);
	}
}

static void a_challenge_is_answered(void **state)
{
	struct subscriber_rig *rig = *state;
	const struct sip_msg *msg;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 401, "x", CHALLENGE("n1"), "");
	msg = take_subscribe(rig, 600);
	assert_int_equal(msg->cseq, 2);
	assert_true(slice_is_empty(msg->to_tag));
	assert_non_null(sip_msg_header(msg, HDR_AUTHORIZATION));
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	notify(rig, 1, "active", "x");
	subscriber_refresh(rig->subscriber);
	msg = take_subscribe(rig, 600);
	assert_int_equal(msg->cseq, 3);
	assert_non_null(sip_msg_header(msg, HDR_AUTHORIZATION));
	fake_peer_answer(&rig->peer, 401, "n", CHALLENGE("n1"), "");
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
}

static void a_longer_time_is_accepted(void **state)
{
	struct subscriber_rig *rig = *state;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 423, "x", "Min-Expires: 1800\r\n", "");
	assert_int_equal(take_subscribe(rig, 1800)->cseq, 2);
	fake_peer_answer(&rig->peer, 423, "x", "Min-Expires: 60\r\n", "");
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->last_status, 423);
}

static void a_refresh_on_demand_waits_for_the_last(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	subscriber_refresh(rig->subscriber);
	take_subscribe(rig, 600);
	subscriber_refresh(rig->subscriber);
	subscriber_refresh(rig->subscriber);
	assert_true(fake_peer_is_idle(&rig->peer));
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	fake_peer_advance_ms(&rig->peer, 0);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	fake_peer_advance_ms(&rig->peer, 0);
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void stopping_at_each_point(void **state)
{
	struct subscriber_rig *rig = *state;

	/* Idle, and waiting: nothing is there. */
	subscriber_stop(rig->subscriber);
	assert_int_equal(rig->stops, 1);
	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 403, "n", "", "");
	subscriber_stop(rig->subscriber);
	assert_int_equal(rig->stops, 2);
	/* Before the answer: it is waited for. */
	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	subscriber_stop(rig->subscriber);
	assert_true(fake_peer_is_idle(&rig->peer));
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	take_subscribe(rig, 0);
	fake_peer_answer(&rig->peer, 481, "n", "", "");
	assert_int_equal(rig->stops, 3);
	/* Without the last NOTIFY: Timer N. */
	make_subscription(rig);
	subscriber_stop(rig->subscriber);
	take_subscribe(rig, 0);
	fake_peer_answer(&rig->peer, 200, "n", "", "");
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->stops, 4);
}

static void starting_again_while_stopping(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	subscriber_stop(rig->subscriber);
	take_subscribe(rig, 0);
	subscriber_start(rig->subscriber);
	assert_true(slice_is_empty(take_subscribe(rig, 600)->to_tag));
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	notify(rig, 1, "active", "x");
	assert_int_equal(rig->stops, 0);
	assert_int_equal(rig->news, 2);
}

static void it_may_be_ended_in_any_handler(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct subscriber_rig *rig;

		if (i > 0)
			assert_int_equal(subscriber_rig_set_up(state), 0);
		rig = *state;
		if (i > 0)
			make_subscription(rig);
		rig->ends_itself = true;
		if (i == 0) {
			subscriber_start(rig->subscriber);
			take_subscribe(rig, 600);
			notify(rig, 1, "active", "x");
			assert_int_equal(rig->notifies, 0);
		} else if (i == 1) {
			notify(rig, 2, "terminated;reason=rejected", "x");
		} else if (i == 2) {
			notify(rig, 2, "terminated;reason=rejected", "");
		} else {
			subscriber_stop(rig->subscriber);
			take_subscribe(rig, 0);
			notify(rig, 2, "terminated", "");
		}
		assert_int_equal(rig->stack.subscribers.held_count, 0);
		if (i < 3)
			assert_int_equal(subscriber_rig_tear_down(state), 0);
	}
}

/* A whole life with the nth allocation refused: whatever happens, it can be stopped. */
static void refused_memory_never_sticks(void **state)
{
	for (uint64_t nth = 1; nth < 80; nth++) {
		struct subscriber_rig *rig = *state;

		mem_refuse_nth(nth);
		subscriber_start(rig->subscriber);
		for (unsigned i = 0; i < 6; i++) {
			rig->peer.taken_count =
				rig->peer.sent_count > 0 ? rig->peer.sent_count - 1 : 0;
			if (fake_peer_is_idle(&rig->peer) ||
			    !fake_peer_take(&rig->peer)->is_request)
				fake_peer_advance_ms(&rig->peer, 5000);
			else
				fake_peer_answer(&rig->peer, i == 0 ? 401 : 200, "n",
						 i == 0 ? CHALLENGE("n1") : OK_LINES, "");
		}
		mem_refuse_nth(0);
		subscriber_stop(rig->subscriber);
		fake_peer_advance_ms(&rig->peer, 100000);
		assert_int_equal(rig->subscriber->state, SUBSCRIBER_IDLE);
		assert_int_equal(rig->stack.txn_clients.held_count, 0);
		assert_int_equal(subscriber_rig_tear_down(state), 0);
		assert_int_equal(subscriber_rig_set_up(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUBSCRIBER_TEST(it_subscribes_refreshes_and_unsubscribes),
		SUBSCRIBER_TEST(a_notify_may_overtake_the_answer),
		SUBSCRIBER_TEST(a_second_fork_is_refused),
		SUBSCRIBER_TEST(a_notify_is_checked),
		SUBSCRIBER_TEST(cseq_only_grows),
		SUBSCRIBER_TEST(other_requests_are_refused),
		SUBSCRIBER_TEST(pending_becomes_active),
		SUBSCRIBER_TEST(the_notifier_may_shorten_it),
		SUBSCRIBER_TEST(a_challenge_is_answered),
		SUBSCRIBER_TEST(a_longer_time_is_accepted),
		SUBSCRIBER_TEST(a_refresh_on_demand_waits_for_the_last),
		SUBSCRIBER_TEST(stopping_at_each_point),
		SUBSCRIBER_TEST(starting_again_while_stopping),
		SUBSCRIBER_TEST(it_may_be_ended_in_any_handler),
		SUBSCRIBER_TEST(refused_memory_never_sticks),
	};

	return cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
}
