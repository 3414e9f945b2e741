/* SPDX-License-Identifier: MIT */
/*
 * How a lost subscription is told and comes back (RFC 6665 4.1.2).
 */
#include "subscriber_rig.h"

#include "base/mem.h"
#include "core/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void after_terminated(void **state)
{
	static const struct {
		const char *state;
		enum subscriber_state next;
		const char *reason;
		unsigned losses;
		uint64_t wait_min_ms; /* for WAITING */
		uint64_t wait_max_ms;
	} cases[] = {
		{ "terminated;reason=deactivated", SUBSCRIBER_STARTING, "", 0, 0, 0 },
		{ "terminated;reason=timeout", SUBSCRIBER_STARTING, "", 0, 0, 0 },
		{ "Terminated;reason=Timeout", SUBSCRIBER_STARTING, "", 0, 0, 0 },
		{ "terminated;reason=probation;retry-after=90", SUBSCRIBER_WAITING, "probation", 1,
		  90000, 90000 },
		{ "terminated;reason=probation", SUBSCRIBER_WAITING, "probation", 1, 2000, 4000 },
		{ "terminated;reason=giveup;retry-after=1", SUBSCRIBER_WAITING, "giveup", 1, 2000,
		  4000 },
		{ "terminated", SUBSCRIBER_WAITING, "", 1, 2000, 4000 },
		{ "terminated;reason=whatever;retry-after=60", SUBSCRIBER_WAITING, "whatever", 1,
		  60000, 60000 },
		{ "terminated;reason=rejected", SUBSCRIBER_IDLE, "rejected", 1, 0, 0 },
		{ "terminated;reason=noresource;retry-after=5", SUBSCRIBER_IDLE, "noresource", 1, 0,
		  0 },
		{ "terminated;reason=invariant", SUBSCRIBER_IDLE, "invariant", 1, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct subscriber_rig *rig;

		if (i > 0)
			assert_int_equal(subscriber_rig_set_up(state), 0);
		rig = *state;
		make_subscription(rig);
		notify(rig, 2, cases[i].state, "last");
		assert_string_equal(rig->last_body, "last");
		if (rig->subscriber->state != cases[i].next || rig->losses != cases[i].losses)
			fail_msg("%s: state %d", cases[i].state, (int)rig->subscriber->state);
		assert_string_equal(rig->last_reason, cases[i].reason);
		if (cases[i].next == SUBSCRIBER_WAITING)
			assert_in_range(rig->subscriber->due.at_ms - rig->peer.timers.now_ms,
					cases[i].wait_min_ms, cases[i].wait_max_ms);
		if (cases[i].next == SUBSCRIBER_STARTING) {
			struct slice old = rig->call_id;

			rig->call_id = SLICE_NONE;
			take_subscribe(rig, 600);
			assert_false(slice_eq(old, rig->call_id));
			mem_free((char *)old.p);
		}
		assert_true(fake_peer_is_idle(&rig->peer));
		if (i + 1 < ARRAY_LEN(cases))
			assert_int_equal(subscriber_rig_tear_down(state), 0);
	}
}

static void a_server_that_always_ends_it_is_asked_less_and_less(void **state)
{
	struct subscriber_rig *rig = *state;
	uint64_t wait_ms;

	make_subscription(rig);
	notify(rig, 2, "terminated;reason=deactivated", "");
	for (unsigned i = 2; i < 12; i++) {
		take_subscribe(rig, 600);
		fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
		notify(rig, 1, "active", "x");
		notify(rig, 2, "terminated;reason=deactivated", "");
		assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
		wait_ms = rig->subscriber->due.at_ms - rig->peer.timers.now_ms;
		assert_in_range(wait_ms, i < 7 ? 2000u << (i - 1) : RETRY_MAX_MS / 2, RETRY_MAX_MS);
		advance_to_due(rig);
	}
	/* One that lasts makes it forgotten. */
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	notify(rig, 1, "active", "x");
	fake_peer_advance_ms(&rig->peer, 60000);
	notify(rig, 2, "terminated;reason=deactivated", "");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_STARTING);
}

static void what_comes_for_the_old_dialog_is_refused(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	notify(rig, 2, "terminated;reason=deactivated", "");
	send_notify(rig, 3, "n", "Event: dialog\nSubscription-State: active\n" XML, "x");
	(void)fake_peer_take_request(&rig->peer, METHOD_SUBSCRIBE);
	(void)fake_peer_take_response(&rig->peer, 481);
	assert_int_equal(rig->notifies, 1);
}

static void a_refresh_that_finds_nothing_starts_anew(void **state)
{
	static const unsigned statuses[] = { 481, 404, 489, 501 };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct subscriber_rig *rig;
		const struct sip_msg *msg;

		if (i > 0)
			assert_int_equal(subscriber_rig_set_up(state), 0);
		rig = *state;
		make_subscription(rig);
		advance_to_due(rig);
		take_subscribe(rig, 600);
		fake_peer_answer(&rig->peer, statuses[i], "n", "", "");
		msg = take_subscribe(rig, 600);
		assert_true(slice_is_empty(msg->to_tag));
		assert_int_equal(msg->cseq, 1);
		assert_true(slice_eq(msg->uri.text, SLICE("sip:202@pbx.example.com")));
		assert_int_equal(rig->losses, 0);
		fake_peer_answer(&rig->peer, 200, "m", OK_LINES, "");
		send_notify(rig, 1, "m", "Event: dialog\nSubscription-State: active\n" XML, "y");
		(void)fake_peer_take_response(&rig->peer, 200);
		assert_int_equal(rig->news, 2);
		if (i + 1 < ARRAY_LEN(statuses))
			assert_int_equal(subscriber_rig_tear_down(state), 0);
	}
}

static void another_refusal_leaves_it_for_its_time(void **state)
{
	struct subscriber_rig *rig = *state;

	make_subscription(rig);
	advance_to_due(rig);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 500, "n", "", "");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	notify(rig, 2, "active", "x");
	/* Tried again; with no luck until the end of its time, a new one is made. */
	for (unsigned i = 0; i < 100 && rig->news == 1; i++) {
		fake_peer_advance_ms(&rig->peer, 1000);
		if (fake_peer_is_idle(&rig->peer))
			continue;
		if (slice_is_empty(take_subscribe(rig, 600)->to_tag))
			break;
		fake_peer_answer(&rig->peer, 500, "n", "", "");
	}
	while (rig->subscriber->state == SUBSCRIBER_ACTIVE)
		fake_peer_advance_ms(&rig->peer, 1000);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_STARTING);
	assert_int_equal(rig->losses, 0);
}

static void a_first_refusal_is_told_and_tried_again(void **state)
{
	struct subscriber_rig *rig = *state;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 403, "n", "", "");
	assert_int_equal(rig->losses, 1);
	assert_int_equal(rig->last_status, 403);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
	advance_to_due(rig);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 503, "n", "Retry-After: 77\r\n", "");
	assert_int_equal(rig->subscriber->due.at_ms - rig->peer.timers.now_ms, 77000);
}

static void nobody_answers(void **state)
{
	struct subscriber_rig *rig = *state;

	subscriber_start(rig->subscriber);
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->losses, 1);
	assert_int_equal(rig->last_status, 408);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
}

static void timer_n_ends_one_without_notify(void **state)
{
	struct subscriber_rig *rig = *state;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	fake_peer_advance_ms(&rig->peer, 31999);
	assert_int_equal(rig->losses, 0);
	fake_peer_advance_ms(&rig->peer, 1);
	assert_int_equal(rig->losses, 1);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUBSCRIBER_TEST(after_terminated),
		SUBSCRIBER_TEST(a_server_that_always_ends_it_is_asked_less_and_less),
		SUBSCRIBER_TEST(what_comes_for_the_old_dialog_is_refused),
		SUBSCRIBER_TEST(a_refresh_that_finds_nothing_starts_anew),
		SUBSCRIBER_TEST(another_refusal_leaves_it_for_its_time),
		SUBSCRIBER_TEST(a_first_refusal_is_told_and_tried_again),
		SUBSCRIBER_TEST(nobody_answers),
		SUBSCRIBER_TEST(timer_n_ends_one_without_notify),
	};

	return cmocka_run_group_tests_name("subscriber lost", tests, NULL, NULL);
}
