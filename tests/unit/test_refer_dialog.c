/* SPDX-License-Identifier: MIT */
/*
 * The dialog that a REFER which we accept lives in: the session's, which may end before it (RFC
 * 5057), or its own; and SUBSCRIBE in it (RFC 6665 4.2).
 */
#include "refer_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* --- When the session ends (RFC 5057) ----------------------------------------------------- */

static void the_transferor_may_hang_up_first(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	session_rig_peer_hangs_up(&rig->base);
	assert_int_equal(rig->ends, 0);
	fake_peer_advance_ms(&rig->base.peer, 40000);
	assert_int_equal(rig->base.stack.sessions.held_count, 0);
	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	session_rig_send(&rig->base, "SUBSCRIBE", "Event: refer\nExpires: 300\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	(void)take_notify(rig, "refer", "active;expires=300", "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	refer_tell(refer, 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void a_bye_may_cross_the_first_notify(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	session_rig_send(&rig->base, "BYE", "", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	fake_peer_advance_ms(&rig->base.peer, T1_MS);
	/* It was not answered. */
	assert_int_equal(fake_peer_take_request(&rig->base.peer, METHOD_NOTIFY)->cseq,
			 rig->base.last_cseq);
	answer(rig, 200);
	refer_tell(rig->refers[0], 404, SLICE_NONE);
	take_end(rig, "SIP/2.0 404 Not Found\r\n");
	session_rig_expect_idle(&rig->base);
}

static void we_may_hang_up_first(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	session_end(rig->base.session, 0, SLICE_NONE);
	rig->base.session = NULL;
	(void)session_rig_take(&rig->base, METHOD_BYE);
	/* The BYE is not answered yet. */
	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	session_rig_send(&rig->base, "SUBSCRIBE", "Event: refer\nExpires: 60\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	(void)take_notify(rig, "refer", "active;expires=60", "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 481);
	fake_peer_advance_ms(&rig->base.peer, 33000);
	while (!fake_peer_is_idle(&rig->base.peer))
		(void)fake_peer_take_request(&rig->base.peer, METHOD_BYE);
	assert_int_equal(rig->base.stack.sessions.held_count, 0);
	refer_tell(refer, 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void several_live_on_and_the_session_does_not(void **state)
{
	static const char *const methods[] = { "BYE", "OPTIONS", "INFO", "REFER" };
	struct refer_rig *rig = *state;
	char event[32];

	(void)make_refer(rig);
	send_refer(rig, "");
	snprintf(event, sizeof(event), "refer;id=%u", rig->base.cseq);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, event, ACTIVE, TRYING);
	answer(rig, 200);
	session_rig_peer_hangs_up(&rig->base);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		session_rig_send(&rig->base, methods[i], "", "");
		(void)fake_peer_take_response(&rig->base.peer, 481);
	}
	session_rig_send(&rig->base, "ACK", "", "");
	assert_true(fake_peer_is_idle(&rig->base.peer));
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	refer_tell(rig->refers[1], 486, SLICE_NONE);
	(void)take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n");
	answer(rig, 200);
	(void)take_notify(rig, event, OVER, "SIP/2.0 486 Busy Here\r\n");
	answer(rig, 200);
	assert_int_equal(rig->ends, 2);
	session_rig_expect_idle(&rig->base);
}

/* Who has learned the ids elsewhere, SECURITY R2; a NAT may give the peer another port. */
static void only_the_peer_speaks_in_the_dialog(void **state)
{
	struct refer_rig *rig = *state;

	(void)make_refer(rig);
	session_rig_peer_hangs_up(&rig->base);
	session_rig_send_from(&rig->base, "192.0.2.66:5060", "SUBSCRIBE",
			      "Event: refer\nExpires: 0\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 481);
	assert_int_equal(rig->ends, 0);
	session_rig_send_from(&rig->base, "192.0.2.1:49152", "SUBSCRIBE",
			      "Event: refer\nExpires: 0\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	(void)take_notify(rig, "refer", "terminated;reason=timeout", TRYING);
}

/* --- SUBSCRIBE ---------------------------------------------------------------------------- */

static void the_peer_may_ask_for_more_or_less_time(void **state)
{
	static const struct {
		const char *lines;
		unsigned status;
		const char *subscription_state;
	} cases[] = {
		{ "Event: refer\nExpires: 60\n", 200, "active;expires=60" },
		{ "Event: Refer;x=y\n", 200, "active;expires=600" },
		{ "Event: refer\nExpires: 86400\n", 200, "active;expires=3600" },
		{ "Event: refer\nExpires: soon\n", 400, NULL },
		{ "Event: refer;id=77\n", 481, NULL },
		{ "Event: refer;id=x\n", 481, NULL },
		{ "Event: refer\nRequire: x\n", 420, NULL },
		{ "Event: refer\nExpires: 0\n", 200, "terminated;reason=timeout" },
		{ "Event: refer\n", 481, NULL },
	};
	struct refer_rig *rig = *state;

	(void)make_refer(rig);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		session_rig_send(&rig->base, "SUBSCRIBE", cases[i].lines, "");
		(void)fake_peer_take_response(&rig->base.peer, cases[i].status);
		if (!cases[i].subscription_state)
			continue;
		(void)take_notify(rig, "refer", cases[i].subscription_state, TRYING);
		answer(rig, 200);
	}
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

static void when_its_time_is_over_so_is_it(void **state)
{
	struct refer_rig *rig = *state;

	(void)make_refer(rig);
	refer_tell(rig->refers[0], 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	fake_peer_advance_ms(&rig->base.peer, REFER_EXPIRES_S * 1000);
	(void)take_notify(rig, "refer", "terminated;reason=timeout", "SIP/2.0 180 Ringing\r\n");
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

/* Whose REFER we know nothing of. */
static void what_nobody_waits_for_is_answered(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	session_rig_send(&rig->base, "SUBSCRIBE", "Event: refer\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 481);
	session_rig_send(
		&rig->base, "NOTIFY",
		"Event: refer\nSubscription-State: active\nContent-Type: message/sipfrag\n",
		TRYING);
	(void)fake_peer_take_response(&rig->base.peer, 481);
	/* Others are the owner's. */
	session_rig_send(&rig->base, "NOTIFY", "Event: talk\nSubscription-State: active\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 501);
	session_rig_expect_idle(&rig->base);
}

/* --- Outside of a dialog ------------------------------------------------------------------ */

static void keep_tag(struct refer_rig *rig, const struct sip_msg *msg)
{
	assert_int_equal(slice_keep(msg->to_tag, &rig->base.tag), 0);
}

static void one_outside_makes_a_dialog(void **state)
{
	struct refer_rig *rig = *state;
	const struct sip_msg *msg;

	send_refer(rig, "Record-Route: <sip:192.0.2.1;lr>\n");
	msg = fake_peer_take_response(&rig->base.peer, 202);
	assert_non_null(sip_msg_header(msg, HDR_RECORD_ROUTE));
	assert_non_null(sip_msg_header(msg, HDR_CONTACT));
	keep_tag(rig, msg);
	msg = take_notify(rig, "refer", ACTIVE, TRYING);
	assert_true(slice_eq(sip_msg_value(msg, HDR_ROUTE), SLICE("<sip:192.0.2.1;lr>")));
	answer(rig, 200);
	session_rig_send(&rig->base, "SUBSCRIBE", "Event: refer\nExpires: 60\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	(void)take_notify(rig, "refer", "active;expires=60", TRYING);
	answer(rig, 200);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 481);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void one_outside_may_want_no_notify(void **state)
{
	struct refer_rig *rig = *state;
	const struct sip_msg *msg;

	send_refer(rig, "Refer-Sub: false\n");
	msg = fake_peer_take_response(&rig->base.peer, 202);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_SUB), SLICE("false")));
	assert_int_equal(rig->base.stack.usages.count, 0);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFER_TEST(the_transferor_may_hang_up_first),
		REFER_TEST(a_bye_may_cross_the_first_notify),
		REFER_TEST(we_may_hang_up_first),
		REFER_TEST(several_live_on_and_the_session_does_not),
		REFER_TEST(only_the_peer_speaks_in_the_dialog),
		REFER_TEST(the_peer_may_ask_for_more_or_less_time),
		REFER_TEST(when_its_time_is_over_so_is_it),
		REFER_TEST(what_nobody_waits_for_is_answered),
		REFER_TEST(one_outside_makes_a_dialog),
		REFER_TEST(one_outside_may_want_no_notify),
	};

	return cmocka_run_group_tests_name("refer_dialog", tests, NULL, NULL);
}
