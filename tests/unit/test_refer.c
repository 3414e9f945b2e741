/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we accept: what the peer is told and when, and which REFERs are refused (RFC
 * 3515 2.4, RFC 4488).
 */
#include "refer_rig.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- What is told ------------------------------------------------------------------------- */

static void it_is_accepted_told_and_over(void **state)
{
	struct refer_rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	send_refer(rig, "");
	msg = fake_peer_take_response(&rig->base.peer, 202);
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTACT), SLICE("<sip:202@192.0.2.3:5060>")));
	assert_null(sip_msg_header(msg, HDR_REFER_SUB));
	(void)take_notify(rig, "refer", "active;expires=600", TRYING);
	answer(rig, 200);
	refer_tell(rig->refers[0], 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void what_is_no_news_is_not_told(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 100, SLICE_NONE);
	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	refer_tell(refer, 180, SLICE_NONE);
	refer_tell(refer, 100, SLICE_NONE);
	assert_true(fake_peer_is_idle(&rig->base.peer));
	refer_tell(refer, 603, SLICE("No\r\nX: y"));
	refer_tell(refer, 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 603 No X: y\r\n");
	session_rig_expect_idle(&rig->base);
}

static void while_one_is_unanswered_the_latest_waits(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	refer_tell(refer, 183, SLICE_NONE);
	refer_tell(refer, 182, SLICE_NONE);
	assert_true(fake_peer_is_idle(&rig->base.peer));
	answer(rig, 200);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 182 Queued\r\n");
	refer_tell(refer, 183, SLICE_NONE);
	refer_tell(refer, 486, SLICE_NONE);
	answer(rig, 200);
	take_end(rig, "SIP/2.0 486 Busy Here\r\n");
	session_rig_expect_idle(&rig->base);
}

/* snom and Mitel hang up when they read it, whatever happens then (FIELD A6). */
static void the_end_may_be_told_at_once(void **state)
{
	struct refer_rig *rig = *state;

	rig->told_at_once = 200;
	session_rig_call(&rig->base);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	answer(rig, 200);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void a_long_reason_is_cut(void **state)
{
	struct refer_rig *rig = *state;
	char reason[300];

	(void)make_refer(rig);
	memset(reason, 'x', sizeof(reason));
	refer_tell(rig->refers[0], 480, slice_of(reason, sizeof(reason)));
	assert_int_equal(session_rig_take(&rig->base, METHOD_NOTIFY)->body.n,
			 strlen("SIP/2.0 480 \r\n") + REFER_REASON_MAX_BYTES);
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
}

static void the_owner_may_let_go(void **state)
{
	struct refer_rig *rig = *state;
	struct refer *refer = make_refer(rig);

	refer_tell(refer, 200, SLICE_NONE);
	refer_let_go(refer);
	(void)take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n");
	answer(rig, 200);
	assert_int_equal(rig->ends, 0);
	session_rig_expect_idle(&rig->base);
}

/* --- Several ------------------------------------------------------------------------------ */

/* RFC 3515 2.4.6: from the second on the id is the CSeq of the REFER. */
static void later_ones_have_an_id(void **state)
{
	struct refer_rig *rig = *state;
	char event[32], subscribe[64];

	(void)make_refer(rig);
	send_refer(rig, "");
	snprintf(event, sizeof(event), "refer;id=%u", rig->base.cseq);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, event, ACTIVE, TRYING);
	answer(rig, 200);
	refer_tell(rig->refers[0], 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 200);
	/* Each is found by its own. */
	snprintf(subscribe, sizeof(subscribe), "Event: %s\nExpires: 0\n", event);
	session_rig_send(&rig->base, "SUBSCRIBE", subscribe, "");
	(void)fake_peer_take_response(&rig->base.peer, 200);
	(void)take_notify(rig, event, "terminated;reason=timeout", TRYING);
	answer(rig, 200);
	assert_null(rig->refers[1]);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	(void)take_notify(rig, "refer", OVER, "SIP/2.0 200 OK\r\n");
	answer(rig, 200);
	assert_int_equal(rig->ends, 2);
	session_rig_expect_idle(&rig->base);
	/* When all are over, too. */
	send_refer(rig, "");
	snprintf(event, sizeof(event), "refer;id=%u", rig->base.cseq);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, event, ACTIVE, TRYING);
}

static void a_retransmission_is_the_same_refer(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "");
	session_rig_repeat(&rig->base);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	assert_true(fake_peer_is_idle(&rig->base.peer));
	assert_int_equal(rig->taken, 1);
}

/* --- Without a subscription (RFC 4488) ---------------------------------------------------- */

static void who_wants_no_notify_gets_none(void **state)
{
	struct refer_rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	send_refer(rig, "Refer-Sub: false\nRequire: norefersub\n");
	msg = fake_peer_take_response(&rig->base.peer, 202);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_SUB), SLICE("false")));
	refer_tell(rig->refers[0], 180, SLICE_NONE);
	assert_int_equal(rig->ends, 0);
	/* There is nothing to subscribe to, and it does not count as the first. */
	session_rig_send(&rig->base, "SUBSCRIBE", "Event: refer\n", "");
	(void)fake_peer_take_response(&rig->base.peer, 481);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	assert_int_equal(rig->ends, 1);
	send_refer(rig, "Refer-Sub: true\n");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
}

static void a_silent_one_is_over_in_time(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "Refer-Sub: false\n");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	fake_peer_advance_ms(&rig->base.peer, REFER_EXPIRES_S * 1000);
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

static void other_extensions_are_refused(void **state)
{
	struct refer_rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	send_refer(rig, "Require: norefersub, tdialog, explicitsub\n");
	msg = fake_peer_take_response(&rig->base.peer, 420);
	assert_true(slice_eq(sip_msg_value(msg, HDR_UNSUPPORTED), SLICE("explicitsub")));
	assert_int_equal(rig->taken, 0);
}

/* --- Refusals ----------------------------------------------------------------------------- */

static void only_an_answered_session_can_be_transferred(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_send(&rig->base, "INVITE", "", "");
	(void)fake_peer_take_response(&rig->base.peer, 100);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 491);
	assert_int_equal(rig->err, ERR_STATE);
}

static void a_bad_contact_is_refused(void **state)
{
	struct refer_rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "m: <tel:203>\n");
	/* The first one counts. */
	(void)fake_peer_take_response(&rig->base.peer, 202);
	fake_peer_send(&rig->base.peer,
		       "REFER sip:202@192.0.2.3:5060 SIP/2.0\n"
		       "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\n"
		       "From: <sip:203@pbx.example.com>;tag=g\nTo: <sip:202@pbx.example.com>\n"
		       "Call-ID: t\nCSeq: 1 REFER\n" REFER_TO,
		       "");
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	assert_true(slice_eq(fake_peer_take_response(&rig->base.peer, 400)->reason,
			     SLICE("Missing or bad Contact")));
	assert_int_equal(rig->err, ERR_SYNTAX);
	assert_int_equal(rig->base.stack.refers.held_count, 1);
}

static void there_are_so_many_and_no_more(void **state)
{
	struct refer_rig *rig;

	assert_int_equal(refer_rig_tear_down(state), 0);
	assert_int_equal(refer_rig_set_up_with(state, 1), 0);
	rig = *state;
	(void)make_refer(rig);
	send_refer(rig, "");
	assert_non_null(
		sip_msg_header(fake_peer_take_response(&rig->base.peer, 503), HDR_RETRY_AFTER));
	assert_int_equal(rig->err, ERR_NOMEM);
}

static void a_dialog_holds_so_many_and_no_more(void **state)
{
	struct refer_rig *rig;

	assert_int_equal(refer_rig_tear_down(state), 0);
	assert_int_equal(refer_rig_set_up_with(state, 100), 0);
	rig = *state;
	session_rig_call(&rig->base);
	for (unsigned i = 0; i < 16; i++) {
		send_refer(rig, "");
		(void)fake_peer_take_response(&rig->base.peer, 202);
		(void)session_rig_take(&rig->base, METHOD_NOTIFY);
		answer(rig, 200);
	}
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 503);
	assert_int_equal(rig->err, ERR_LIMIT);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	(void)session_rig_take(&rig->base, METHOD_NOTIFY);
	answer(rig, 200);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)session_rig_take(&rig->base, METHOD_NOTIFY);
}

/* Each allocation refused in turn: nothing is lost, and it ends. */
static void refused_memory_leaves_nothing(void **state)
{
	for (uint64_t nth = 1; nth < 60; nth++) {
		struct refer_rig *rig = *state;

		session_rig_call(&rig->base);
		mem_refuse_nth(nth);
		send_refer(rig, nth % 2 ? "" : "Refer-Sub: true\n");
		if (rig->refers[0])
			refer_tell(rig->refers[0], 180, SLICE_NONE);
		session_rig_send(&rig->base, "BYE", "", "");
		if (rig->refers[0])
			refer_tell(rig->refers[0], 200, SLICE_NONE);
		for (unsigned i = 0; i < 20; i++) {
			while (!fake_peer_is_idle(&rig->base.peer))
				if (fake_peer_take(&rig->base.peer)->is_request)
					answer(rig, 200);
			fake_peer_advance_ms(&rig->base.peer, 5000);
		}
		mem_refuse_nth(0);
		if (rig->base.session)
			session_end(rig->base.session, 0, SLICE_NONE);
		rig->base.session = NULL;
		fake_peer_advance_ms(&rig->base.peer, 40000);
		assert_int_equal(rig->ends, rig->taken);
		rig->base.peer.taken_count = rig->base.peer.sent_count;
		session_rig_expect_idle(&rig->base);
		assert_int_equal(refer_rig_tear_down(state), 0);
		assert_int_equal(refer_rig_set_up(state), 0);
	}
}

/* The stack may end at any time, with whatever is in it. */
static void the_stack_may_end_first(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		struct refer_rig *rig = *state;

		(void)make_refer(rig);
		send_refer(rig, "");
		if (i > 0)
			session_rig_send(&rig->base, "BYE", "", "");
		if (i == 2)
			fake_peer_advance_ms(&rig->base.peer, 1);
		assert_int_equal(refer_rig_tear_down(state), 0);
		assert_int_equal(refer_rig_set_up(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFER_TEST(it_is_accepted_told_and_over),
		REFER_TEST(what_is_no_news_is_not_told),
		REFER_TEST(while_one_is_unanswered_the_latest_waits),
		REFER_TEST(the_end_may_be_told_at_once),
		REFER_TEST(a_long_reason_is_cut),
		REFER_TEST(the_owner_may_let_go),
		REFER_TEST(later_ones_have_an_id),
		REFER_TEST(a_retransmission_is_the_same_refer),
		REFER_TEST(who_wants_no_notify_gets_none),
		REFER_TEST(a_silent_one_is_over_in_time),
		REFER_TEST(other_extensions_are_refused),
		REFER_TEST(only_an_answered_session_can_be_transferred),
		REFER_TEST(a_bad_contact_is_refused),
		REFER_TEST(there_are_so_many_and_no_more),
		REFER_TEST(a_dialog_holds_so_many_and_no_more),
		REFER_TEST(refused_memory_leaves_nothing),
		REFER_TEST(the_stack_may_end_first),
	};

	return cmocka_run_group_tests_name("refer", tests, NULL, NULL);
}
