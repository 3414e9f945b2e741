/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we send: what is said, what is heard of them, and what is refused (RFC 3515 2.4,
 * RFC 6665 4.1, RFC 4488).
 */
#include "referral_rig.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- What is said and heard --------------------------------------------------------------- */

static void it_is_sent_and_heard_of(void **state)
{
	struct referral_rig *rig = *state;
	const struct referral_spec spec = { .refer_to = REFER_TO,
					    .referred_by = SLICE_INIT("<sip:202@pbx>"),
					    .lines = SLICE_INIT("X-More: 1\r\n") };
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	assert_int_equal(send_referral_spec(rig, &spec), 0);
	msg = session_rig_take(&rig->base, METHOD_REFER);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_TO), REFER_TO));
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFERRED_BY), SLICE("<sip:202@pbx>")));
	assert_non_null(sip_msg_header_named(msg, SLICE("X-More")));
	assert_non_null(sip_msg_header(msg, HDR_CONTACT));
	assert_null(sip_msg_header(msg, HDR_REFER_SUB));
	assert_null(sip_msg_header(msg, HDR_TARGET_DIALOG));
	answer(rig, 100);
	assert_string_equal(rig->heard, "");
	answer(rig, 202);
	notify(rig, "active;expires=60", TRYING);
	notify(rig, "active;expires=60", TRYING);
	notify(rig, "active;expires=50", "SIP/2.0 180 Ringing Now\r\nContact: <sip:x@y>\r\n");
	assert_string_equal(rig->heard, "app");
	assert_string_equal(rig->reason, "Ringing Now");
	notify(rig, OVER, "SIP/2.0 486 Busy Here");
	assert_string_equal(rig->heard, "appfe");
	assert_int_equal(rig->status, 486);
	assert_int_equal(rig->end, REFERRAL_TOLD);
	/* It is over. */
	notify_event(rig, "refer", OVER, OK);
	(void)fake_peer_take_response(&rig->base.peer, 481);
	session_rig_expect_idle(&rig->base);
}

static void a_notify_may_overtake_the_answer(void **state)
{
	struct referral_rig *rig = *state;

	session_rig_call(&rig->base);
	(void)send_referral(rig);
	notify(rig, "active;expires=60", TRYING);
	assert_string_equal(rig->heard, "ap");
	/* The answer never comes. */
	fake_peer_advance_ms(&rig->base.peer, 40000);
	while (!fake_peer_is_idle(&rig->base.peer))
		(void)fake_peer_take_request(&rig->base.peer, METHOD_REFER);
	assert_string_equal(rig->heard, "ap");
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "apfe");
	session_rig_expect_idle(&rig->base);
}

static void a_final_status_ends_it_whatever_the_state(void **state)
{
	struct referral_rig *rig = *state;

	make_referral(rig);
	notify(rig, "active;expires=60", OK);
	assert_string_equal(rig->heard, "afe");
	assert_int_equal(rig->end, REFERRAL_TOLD);
	session_rig_expect_idle(&rig->base);
}

static void the_peer_may_end_it_without_a_word(void **state)
{
	static const char *const bodies[] = { "", TRYING };

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct referral_rig *rig = *state;

		make_referral(rig);
		notify(rig, "terminated;reason=timeout", bodies[i]);
		assert_string_equal(rig->heard, i ? "ape" : "ae");
		assert_int_equal(rig->end, REFERRAL_DROPPED);
		session_rig_expect_idle(&rig->base);
		assert_int_equal(referral_rig_tear_down(state), 0);
		assert_int_equal(referral_rig_set_up(state), 0);
	}
}

static void silence_ends_it(void **state)
{
	struct referral_rig *rig = *state;

	make_referral(rig);
	fake_peer_advance_ms(&rig->base.peer, (REFERRAL_SILENCE_S + 2) * 1000 - 1);
	assert_string_equal(rig->heard, "a");
	fake_peer_advance_ms(&rig->base.peer, 1);
	assert_string_equal(rig->heard, "ae");
	assert_int_equal(rig->end, REFERRAL_TIMED_OUT);
	session_rig_expect_idle(&rig->base);
}

static void the_peer_says_how_long_it_lasts(void **state)
{
	static const struct {
		const char *state;
		uint64_t lasts_s;
	} cases[] = {
		{ "active;expires=60", 60 },
		{ "pending;expires=600", 600 },
		{ "active;expires=86400", 3600 },
		{ "active", REFERRAL_SILENCE_S },
		{ "active;expires=soon", REFERRAL_SILENCE_S },
		{ "active;expires=0", 0 },
	};
	struct referral_rig *rig = *state;

	make_referral(rig);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		notify(rig, cases[i].state, TRYING);
		assert_int_equal(rig->referral->limit.at_ms - rig->base.peer.timers.now_ms,
				 cases[i].lasts_s * 1000 + 2000);
	}
	assert_string_equal(rig->heard, "ap");
}

static void who_is_hurried_is_not_waited_for(void **state)
{
	struct referral_rig *rig = *state;

	make_referral(rig);
	notify(rig, "active;expires=3600", TRYING);
	referral_hurry(rig->referral, 32);
	for (int i = 0; i < 3; i++) {
		fake_peer_advance_ms(&rig->base.peer, 10000);
		notify(rig, "active;expires=3600", TRYING);
	}
	fake_peer_advance_ms(&rig->base.peer, 1999);
	assert_string_equal(rig->heard, "ap");
	fake_peer_advance_ms(&rig->base.peer, 1);
	assert_string_equal(rig->heard, "ape");
	assert_int_equal(rig->end, REFERRAL_TIMED_OUT);
	session_rig_expect_idle(&rig->base);
}

static void a_notify_is_checked(void **state)
{
	static const struct {
		const char *lines, *body;
		unsigned status;
		const char *heard;
	} cases[] = {
		{ "Event: refer\n", "", 400, "a" },
		{ "Event: refer\nSubscription-State: active\n", TRYING, 415, "a" },
		{ "Event: refer\nSubscription-State: active\nContent-Type: text/plain\n", TRYING,
		  415, "a" },
		{ "Event: refer\nSubscription-State: active\nContent-Type: message/sipfrag\n",
		  "INVITE sip:a@b SIP/2.0\r\n", 400, "a" },
		{ "Event: refer;id=77\nSubscription-State: active\n", "", 481, "a" },
		{ "Event: refer\nSubscription-State: active\nRequire: x\n", "", 420, "a" },
		{ "Event: talk\nSubscription-State: active\n", "", 501, "a" },
		{ "Event: REFER;x=y\nSubscription-State: Active\nContent-Type: Message/Sipfrag\n",
		  TRYING, 200, "ap" },
		/* What cannot be read ends it all the same. */
		{ "Event: refer\nSubscription-State: terminated\nContent-Type: message/sipfrag\n",
		  "x", 400, "ape" },
	};
	struct referral_rig *rig = *state;

	make_referral(rig);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		session_rig_send(&rig->base, "NOTIFY", cases[i].lines, cases[i].body);
		(void)fake_peer_take_response(&rig->base.peer, cases[i].status);
		assert_string_equal(rig->heard, cases[i].heard);
	}
	session_rig_expect_idle(&rig->base);
}

/* RFC 3515 2.4.6. */
static void each_hears_of_its_own(void **state)
{
	struct referral_rig *rig = *state;
	struct referral *first;
	char first_event[32], second_event[32];

	make_referral(rig);
	first = rig->referral;
	snprintf(first_event, sizeof(first_event), "refer;id=%u", rig->base.last_cseq);
	(void)send_referral(rig);
	snprintf(second_event, sizeof(second_event), "refer;id=%u", rig->base.last_cseq);
	answer(rig, 202);
	notify_event(rig, second_event, "active", "SIP/2.0 180 Ringing\r\n");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	assert_int_equal(rig->referral->status, 180);
	assert_int_equal(first->status, 0);
	notify(rig, "active", "SIP/2.0 183 Session Progress\r\n");
	assert_int_equal(first->status, 183);
	notify_event(rig, first_event, OVER, OK);
	(void)fake_peer_take_response(&rig->base.peer, 200);
	assert_string_equal(rig->heard, "aappfe");
	/* Alone it needs no id. */
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "aappfefe");
	session_rig_expect_idle(&rig->base);
}

/* --- Without a subscription (RFC 4488) ------------------------------------------------------ */

static void nothing_need_be_told(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO, .is_untold = true };
	struct referral_rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	assert_int_equal(send_referral_spec(rig, &spec), 0);
	msg = session_rig_take(&rig->base, METHOD_REFER);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_SUB), SLICE("false")));
	assert_true(sip_msg_has_token(msg, HDR_SUPPORTED, SLICE("norefersub")));
	fake_peer_answer(&rig->base.peer, 200, "", "Refer-Sub: false\r\n", "");
	assert_string_equal(rig->heard, "ae");
	assert_int_equal(rig->end, REFERRAL_UNTOLD);
	session_rig_expect_idle(&rig->base);
	/* Who does not know the extension tells. */
	assert_int_equal(send_referral_spec(rig, &spec), 0);
	(void)session_rig_take(&rig->base, METHOD_REFER);
	answer(rig, 202);
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "aeafe");
	session_rig_expect_idle(&rig->base);
}

/* --- Refused ------------------------------------------------------------------------------ */

static void a_refusal_ends_it(void **state)
{
	static const unsigned statuses[] = { 400, 403, 405, 481, 491, 503, 603, 302 };
	struct referral_rig *rig = *state;

	session_rig_call(&rig->base);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		rig->heard[0] = rig->heard[1] = '\0';
		(void)send_referral(rig);
		answer(rig, statuses[i]);
		assert_string_equal(rig->heard, "r");
		assert_int_equal(rig->status, statuses[i]);
		session_rig_expect_idle(&rig->base);
	}
}

static void no_answer_is_a_refusal(void **state)
{
	struct referral_rig *rig = *state;

	session_rig_call(&rig->base);
	(void)send_referral(rig);
	fake_peer_advance_ms(&rig->base.peer, 64 * T1_MS);
	assert_string_equal(rig->heard, "r");
	assert_int_equal(rig->status, 408);
	while (!fake_peer_is_idle(&rig->base.peer))
		(void)fake_peer_take_request(&rig->base.peer, METHOD_REFER);
	session_rig_expect_idle(&rig->base);
}

static void a_challenge_is_the_sessions(void **state)
{
	struct referral_rig *rig = *state;
	char event[32];

	session_rig_call(&rig->base);
	(void)send_referral(rig);
	answer(rig, 407);
	assert_non_null(
		sip_msg_header(session_rig_take(&rig->base, METHOD_REFER), HDR_AUTHORIZATION));
	assert_int_equal(rig->base.challenges, 1);
	/* The id is that of the one that was accepted. */
	snprintf(event, sizeof(event), "refer;id=%u", rig->base.last_cseq);
	answer(rig, 202);
	notify_event(rig, event, OVER, OK);
	(void)fake_peer_take_response(&rig->base.peer, 200);
	assert_string_equal(rig->heard, "afe");
	/* It does not go on for ever (SECURITY A7). */
	(void)send_referral(rig);
	for (unsigned i = 0; i < 2; i++) {
		answer(rig, 401);
		(void)session_rig_take(&rig->base, METHOD_REFER);
	}
	answer(rig, 401);
	assert_string_equal(rig->heard, "afer");
	session_rig_expect_idle(&rig->base);
}

/* --- Limits ------------------------------------------------------------------------------- */

static void there_are_so_many_and_no_more(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct referral_rig *rig = *state;

	make_referral(rig);
	(void)send_referral(rig);
	assert_int_equal(send_referral_spec(rig, &spec), ERR_NOMEM);
	assert_true(fake_peer_is_idle(&rig->base.peer));
}

static void what_cannot_be_sent_is_none(void **state)
{
	static char huge[9000];
	struct referral_spec spec = { .refer_to = REFER_TO };
	struct referral_rig *rig = *state;

	session_rig_call(&rig->base);
	memset(huge, 'x', sizeof(huge));
	spec.referred_by = slice_of(huge, sizeof(huge));
	assert_int_equal(send_referral_spec(rig, &spec), ERR_LIMIT);
	session_rig_expect_idle(&rig->base);
	assert_string_equal(rig->heard, "");
}

static void a_way_that_is_gone_is_a_refusal(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct referral_rig *rig = *state;

	session_rig_call(&rig->base);
	rig->base.peer.is_cut_off = true;
	assert_int_equal(send_referral_spec(rig, &spec), 0);
	fake_peer_advance_ms(&rig->base.peer, 64 * T1_MS);
	rig->base.peer.is_cut_off = false;
	assert_string_equal(rig->heard, "r");
	session_rig_expect_idle(&rig->base);
}

static void refused_memory_leaves_nothing(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	unsigned refused = 0;

	for (uint64_t nth = 1; nth < 40; nth++) {
		struct referral_rig *rig = *state;
		bool is_sent;

		session_rig_call(&rig->base);
		mem_refuse_nth(nth);
		is_sent = send_referral_spec(rig, &spec) == 0;
		refused += !is_sent;
		if (is_sent) {
			(void)fake_peer_take_request(&rig->base.peer, METHOD_REFER);
			answer(rig, 202);
			notify_event(rig, "refer", "active", TRYING);
			session_rig_send(&rig->base, "BYE", "", "");
			notify_event(rig, "refer", OVER, OK);
		}
		mem_refuse_nth(0);
		fake_peer_advance_ms(&rig->base.peer, (REFERRAL_SILENCE_S + 2) * 1000);
		assert_null(rig->referral);
		if (rig->base.session)
			session_end(rig->base.session, 0, SLICE_NONE);
		rig->base.session = NULL;
		fake_peer_advance_ms(&rig->base.peer, 40000);
		rig->base.peer.taken_count = rig->base.peer.sent_count;
		session_rig_expect_idle(&rig->base);
		assert_int_equal(referral_rig_tear_down(state), 0);
		assert_int_equal(referral_rig_set_up(state), 0);
	}
	assert_in_range(refused, 3, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFERRAL_TEST(it_is_sent_and_heard_of),
		REFERRAL_TEST(a_notify_may_overtake_the_answer),
		REFERRAL_TEST(a_final_status_ends_it_whatever_the_state),
		REFERRAL_TEST(the_peer_may_end_it_without_a_word),
		REFERRAL_TEST(silence_ends_it),
		REFERRAL_TEST(who_is_hurried_is_not_waited_for),
		REFERRAL_TEST(the_peer_says_how_long_it_lasts),
		REFERRAL_TEST(a_notify_is_checked),
		REFERRAL_TEST(each_hears_of_its_own),
		REFERRAL_TEST(nothing_need_be_told),
		REFERRAL_TEST(a_refusal_ends_it),
		REFERRAL_TEST(no_answer_is_a_refusal),
		REFERRAL_TEST(a_challenge_is_the_sessions),
		REFERRAL_TEST(there_are_so_many_and_no_more),
		REFERRAL_TEST(what_cannot_be_sent_is_none),
		REFERRAL_TEST(a_way_that_is_gone_is_a_refusal),
		REFERRAL_TEST(refused_memory_leaves_nothing),
	};

	return cmocka_run_group_tests_name("referral", tests, NULL, NULL);
}
