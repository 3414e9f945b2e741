/* SPDX-License-Identifier: MIT */
/*
 * The dialog that a REFER which we send lives in: the session's, which may end before it (RFC
 * 5057), or its own.
 */
#include "referral_rig.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- When it or the session ends ------------------------------------------------------------ */

static void the_session_may_end_first(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct referral_rig *rig = *state;

		session_rig_call(&rig->base);
		(void)send_referral(rig);
		if (i & 1)
			answer(rig, 202);
		if (i & 2)
			session_rig_hang_up(&rig->base);
		else
			session_rig_peer_hangs_up(&rig->base);
		notify(rig, "active;expires=60", TRYING);
		notify_event(rig, "refer;id=2", "active", TRYING);
		(void)fake_peer_take_response(&rig->base.peer, 481);
		notify(rig, OVER, OK);
		assert_string_equal(rig->heard, "apfe");
		fake_peer_advance_ms(&rig->base.peer, 40000);
		rig->base.peer.taken_count = rig->base.peer.sent_count;
		session_rig_expect_idle(&rig->base);
		assert_int_equal(referral_rig_tear_down(state), 0);
		assert_int_equal(referral_rig_set_up(state), 0);
	}
}

static void while_our_bye_waits_a_notify_is_heard(void **state)
{
	struct referral_rig *rig = *state;

	make_referral(rig);
	session_end(rig->base.session, 0, SLICE_NONE);
	rig->base.session = NULL;
	(void)session_rig_take(&rig->base, METHOD_BYE);
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "afe");
}

static void it_may_be_ended_in_every_handler(void **state)
{
	static const struct {
		char handler;
		const char *heard;
	} cases[] = { { 'a', "a" }, { 'p', "ap" }, { 'f', "apf" } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct referral_rig *rig = *state;

		session_rig_call(&rig->base);
		rig->ends_inside = cases[i].handler;
		(void)send_referral(rig);
		notify_event(rig, "refer", "active", TRYING);
		(void)fake_peer_take_response(&rig->base.peer, 200);
		notify_event(rig, "refer", OVER, OK);
		(void)fake_peer_take_response(&rig->base.peer, i < 2 ? 481 : 200);
		assert_string_equal(rig->heard, cases[i].heard);
		fake_peer_advance_ms(&rig->base.peer, 40000);
		rig->base.peer.taken_count = rig->base.peer.sent_count;
		session_rig_expect_idle(&rig->base);
		assert_int_equal(referral_rig_tear_down(state), 0);
		assert_int_equal(referral_rig_set_up(state), 0);
	}
}

static void only_an_answered_session_can_be_referred(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct referral_rig *rig = *state;

	session_rig_send(&rig->base, "INVITE", "", "");
	(void)fake_peer_take_response(&rig->base.peer, 100);
	assert_int_equal(send_referral_spec(rig, &spec), ERR_STATE);
	assert_true(fake_peer_is_idle(&rig->base.peer));
}

/* --- Outside of a dialog ------------------------------------------------------------------ */

static const struct sip_msg *send_outside(struct referral_rig *rig)
{
	const struct referral_spec spec = {
		.refer_to = REFER_TO,
		.target_dialog = SLICE_INIT("c;local-tag=1;remote-tag=2"),
	};
	const struct dialog_spec dialog = {
		.call_id = SLICE("s"),
		.local = SLICE("<sip:202@pbx.example.com>"),
		.remote = SLICE("<sip:203@pbx.example.com>"),
		.target = SLICE("sip:203@192.0.2.1:5060"),
		.contact = SLICE("Contact: <sip:202@192.0.2.3:5060>\r\n"),
		.flow = rig->base.peer.flow,
	};
	const struct sip_msg *msg;

	assert_int_equal(referral_send_outside(&rig->base.stack, &dialog, &spec, &referral_rig_ops,
					       rig, &rig->referral),
			 0);
	msg = fake_peer_take_request(&rig->base.peer, METHOD_REFER);
	assert_int_equal(msg->to_tag.n, 0);
	assert_true(slice_eq(sip_msg_value(msg, HDR_TARGET_DIALOG),
			     SLICE("c;local-tag=1;remote-tag=2")));
	mem_free((char *)rig->base.tag.p);
	assert_int_equal(slice_keep(msg->from_tag, &rig->base.tag), 0);
	return msg;
}

static void one_outside_makes_a_dialog(void **state)
{
	struct referral_rig *rig = *state;

	(void)send_outside(rig);
	fake_peer_answer(&rig->base.peer, 202, "f", "Contact: <sip:203@192.0.2.1:5060>\r\n", "");
	notify(rig, "active;expires=60", TRYING);
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "apfe");
	session_rig_expect_idle(&rig->base);
}

static void its_notify_may_come_first_and_from_elsewhere(void **state)
{
	struct referral_rig *rig = *state;

	(void)send_outside(rig);
	session_rig_send_from(&rig->base, "192.0.2.77:5060", "NOTIFY",
			      "Event: refer\nSubscription-State: active\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	rig->base.peer.taken_count = 0;
	(void)fake_peer_take(&rig->base.peer);
	/* Another fork's answer; the first one stays. */
	fake_peer_answer(&rig->base.peer, 202, "g", "Contact: <sip:203@192.0.2.1:5060>\r\n", "");
	(void)fake_peer_take(&rig->base.peer);
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "afe");
	session_rig_expect_idle(&rig->base);
}

static void its_challenge_is_its_owners(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct referral_rig *rig = *state;

		rig->has_credentials = i == 0;
		(void)send_outside(rig);
		fake_peer_answer(&rig->base.peer, 401, "x", "", "");
		if (rig->has_credentials) {
			assert_non_null(sip_msg_header(
				fake_peer_take_request(&rig->base.peer, METHOD_REFER),
				HDR_AUTHORIZATION));
			fake_peer_answer(&rig->base.peer, 403, "x", "", "");
		}
		assert_string_equal(rig->heard, "r");
		session_rig_expect_idle(&rig->base);
		assert_int_equal(referral_rig_tear_down(state), 0);
		assert_int_equal(referral_rig_set_up(state), 0);
	}
}

static void the_stack_may_end_first(void **state)
{
	struct referral_rig *rig = *state;

	make_referral(rig);
	session_rig_peer_hangs_up(&rig->base);
	(void)send_outside(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFERRAL_TEST(the_session_may_end_first),
		REFERRAL_TEST(while_our_bye_waits_a_notify_is_heard),
		REFERRAL_TEST(it_may_be_ended_in_every_handler),
		REFERRAL_TEST(only_an_answered_session_can_be_referred),
		REFERRAL_TEST(one_outside_makes_a_dialog),
		REFERRAL_TEST(its_notify_may_come_first_and_from_elsewhere),
		REFERRAL_TEST(its_challenge_is_its_owners),
		REFERRAL_TEST(the_stack_may_end_first),
	};

	return cmocka_run_group_tests_name("referral dialog", tests, NULL, NULL);
}
