/* SPDX-License-Identifier: MIT */
/*
 * What the answers to the NOTIFYs of a REFER mean, and what becomes of it when there are none
 * (RFC 6665 4.2.2).
 */
#include "refer_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void pass_till_retry(struct refer_rig *rig, const struct refer *refer)
{
	fake_peer_advance_ms(&rig->base.peer, refer->retry.at_ms - rig->base.peer.timers.now_ms);
}

static void what_an_answer_means(void **state)
{
	static const struct {
		unsigned status;
		const char *lines;
		uint64_t least_ms, most_ms; /* till the next one; 0: it is over */
	} cases[] = {
		{ 481, "", 0, 0 },
		{ 404, "", 0, 0 },
		{ 489, "", 0, 0 },
		{ 405, "", 0, 0 },
		{ 501, "", 0, 0 },
		{ 408, "", 0, 0 },
		{ 500, "", 2000, 4000 },
		{ 491, "", 2000, 4000 },
		{ 500, "Retry-After: 9\r\n", 9000, 9000 },
		{ 503, "Retry-After: 86400\r\n", 300000, 300000 },
	};
	void **again = state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct refer_rig *rig = *again;
		struct refer *refer = make_refer(rig);

		refer_tell(refer, 180, SLICE_NONE);
		(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
		fake_peer_answer(&rig->base.peer, cases[i].status, "", cases[i].lines, "");
		if (cases[i].most_ms == 0) {
			assert_int_equal(rig->ends, 1);
		} else {
			assert_in_range(refer->retry.at_ms - rig->base.peer.timers.now_ms,
					cases[i].least_ms, cases[i].most_ms);
			pass_till_retry(rig, refer);
			(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
			answer(rig, 200);
			refer_tell(refer, 200, SLICE_NONE);
			take_end(rig, "SIP/2.0 200 OK\r\n");
		}
		session_rig_expect_idle(&rig->base);
		assert_int_equal(refer_rig_tear_down(again), 0);
		assert_int_equal(refer_rig_set_up(again), 0);
	}
}

/* The 202 was lost, and the NOTIFY overtakes its repetition: some phones know no such dialog then.
 */
static void who_does_not_know_it_yet_is_told_once_more(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct refer_rig *rig = *state;
		bool is_known = i == 0;

		session_rig_call(&rig->base);
		send_refer(rig, "");
		(void)fake_peer_take_response(&rig->base.peer, 202);
		(void)take_notify(rig, "refer", ACTIVE, TRYING);
		answer(rig, 481);
		assert_int_equal(rig->ends, 0);
		pass_till_retry(rig, rig->refers[0]);
		(void)take_notify(rig, "refer", ACTIVE, TRYING);
		answer(rig, is_known ? 200 : 481);
		assert_int_equal(rig->ends, is_known ? 0 : 1);
		assert_int_equal(refer_rig_tear_down(state), 0);
		assert_int_equal(refer_rig_set_up(state), 0);
	}
}

/* A re-INVITE may overtake it, so that its CSeq is too low (RFC 3261 12.2.2). */
static void the_last_word_is_said_again(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 200, SLICE_NONE);
	for (unsigned i = 0; i <= 2; i++) {
		(void)take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n");
		assert_int_equal(rig->ends, 0);
		answer(rig, 500);
		pass_till_retry(rig, refer);
	}
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

static void news_do_not_wait_for_a_second_try(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 500);
	refer_tell(refer, 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void a_silent_peer_is_given_up(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	fake_peer_advance_ms(&rig->base.peer, 64 * T1_MS);
	assert_int_equal(rig->ends, 1);
	while (!fake_peer_is_idle(&rig->base.peer))
		(void)fake_peer_take_request(&rig->base.peer, METHOD_NOTIFY);
	session_rig_expect_idle(&rig->base);
}

static void a_notify_is_sent_again_with_credentials(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 200, SLICE_NONE);
	(void)take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n");
	answer(rig, 401);
	assert_non_null(sip_msg_header(take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n"),
				       HDR_AUTHORIZATION));
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
	assert_int_equal(rig->base.challenges, 1);
	session_rig_expect_idle(&rig->base);
}

static void a_way_that_is_gone_is_tried_and_given_up(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	rig->base.peer.is_cut_off = true;
	refer_tell(refer, 200, SLICE_NONE);
	fake_peer_advance_ms(&rig->base.peer, 200000);
	assert_int_equal(rig->ends, 1);
	rig->base.peer.is_cut_off = false;
	session_rig_expect_idle(&rig->base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFER_TEST(what_an_answer_means),
		REFER_TEST(who_does_not_know_it_yet_is_told_once_more),
		REFER_TEST(the_last_word_is_said_again),
		REFER_TEST(news_do_not_wait_for_a_second_try),
		REFER_TEST(a_silent_peer_is_given_up),
		REFER_TEST(a_notify_is_sent_again_with_credentials),
		REFER_TEST(a_way_that_is_gone_is_tried_and_given_up),
	};

	return cmocka_run_group_tests_name("refer_notify", tests, NULL, NULL);
}
