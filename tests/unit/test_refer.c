/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we accept: what the peer is told, when, in which dialog, and what its answers mean
 * (RFC 3515 2.4, RFC 6665 4.2, RFC 4488, RFC 5057).
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/refer.h"
#include "session_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REFERS_MAX 4
#define REFER_TO "Refer-To: <sip:204@pbx.example.com>\n"
#define CONTACT_LINE SLICE("Contact: <sip:202@192.0.2.3:5060>\r\n")

struct rig {
	struct session_rig base;
	struct refer *refers[REFERS_MAX]; /* in order of arrival; NULL: it has ended */
	unsigned taken;
	unsigned ends;
	int err;	       /* of the last one */
	unsigned told_at_once; /* a status for the next one, in the same turn; 0: none */
	bool is_set_up;
};

static struct rig the_rig;

static void on_end(struct refer *refer)
{
	struct rig *rig = refer->owner;

	rig->ends++;
	for (size_t i = 0; i < REFERS_MAX; i++)
		if (rig->refers[i] == refer)
			rig->refers[i] = NULL;
	/* What comes from inside a handler is harmless. */
	refer_tell(refer, 180, SLICE_NONE);
	refer_tell(refer, 486, SLICE_NONE);
}

static const struct refer_ops ops = { on_end };

static void take(struct rig *rig, struct incoming *in, bool is_inside)
{
	struct refer **ret_refer = &rig->refers[rig->taken % REFERS_MAX];

	if (in->msg->method != METHOD_REFER) {
		incoming_reply_status(in, 501);
		return;
	}
	rig->err = is_inside ? refer_accept(rig->base.session, in, &ops, rig, ret_refer)
			     : refer_take(in, CONTACT_LINE, &ops, rig, ret_refer);
	if (rig->err)
		return;
	rig->taken++;
	if (rig->told_at_once)
		refer_tell(*ret_refer, rig->told_at_once, SLICE_NONE);
}

static void on_inside(void *user, struct incoming *in)
{
	take(user, in, true);
}

static void on_outside(void *user, struct incoming *in)
{
	take(user, in, false);
}

static int set_up_with(void **state, uint32_t refers)
{
	const struct stack_limits limits = { .transactions = 64, .sessions = 1, .refers = refers };

	the_rig = (struct rig){ .is_set_up = true };
	session_rig_init(&the_rig.base, &limits);
	the_rig.base.user = &the_rig;
	the_rig.base.on_inside = on_inside;
	the_rig.base.on_outside = on_outside;
	*state = &the_rig;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, REFERS_MAX);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	return session_rig_fini(&rig->base) ? 0 : -1;
}

/* --- Steps -------------------------------------------------------------------------------- */

static void send_refer(struct rig *rig, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), REFER_TO "%s", lines);
	session_rig_send(&rig->base, "REFER", text, "");
}

/* The next message is a NOTIFY that says so; the state by its beginning. */
static const struct sip_msg *take_notify(struct rig *rig, const char *event, const char *state,
					 const char *body)
{
	const struct sip_msg *msg = session_rig_take(&rig->base, METHOD_NOTIFY);

	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), slice_from_cstr(event)));
	if (!slice_starts_with(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), slice_from_cstr(state)))
		fail_msg("%.*s", SLICE_ARGS(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE)));
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTENT_TYPE),
			     SLICE("message/sipfrag;version=2.0")));
	if (!slice_eq(msg->body, slice_from_cstr(body)))
		fail_msg("%.*s", SLICE_ARGS(msg->body));
	assert_non_null(sip_msg_header(msg, HDR_CONTACT));
	return msg;
}

static void answer(struct rig *rig, unsigned status)
{
	fake_peer_answer(&rig->base.peer, status, "", "", "");
}

#define TRYING "SIP/2.0 100 Trying\r\n"
#define ACTIVE "active;expires="
#define OVER "terminated;reason=noresource"

/* A session and a REFER in it, of which the first NOTIFY is answered. */
static struct refer *make(struct rig *rig)
{
	session_rig_call(&rig->base);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	answer(rig, 200);
	return rig->refers[0];
}

static void take_end(struct rig *rig, const char *body)
{
	(void)take_notify(rig, "refer", OVER, body);
	assert_int_equal(rig->ends, 0);
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
}

/* --- What is told ------------------------------------------------------------------------- */

static void it_is_accepted_told_and_over(void **state)
{
	struct rig *rig = *state;
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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;

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
	struct rig *rig = *state;
	char reason[300];

	(void)make(rig);
	memset(reason, 'x', sizeof(reason));
	refer_tell(rig->refers[0], 480, slice_of(reason, sizeof(reason)));
	assert_int_equal(session_rig_take(&rig->base, METHOD_NOTIFY)->body.n,
			 strlen("SIP/2.0 480 \r\n") + REFER_REASON_MAX_BYTES);
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
}

static void the_owner_may_let_go(void **state)
{
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;
	char event[32], subscribe[64];

	(void)make(rig);
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
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "");
	session_rig_repeat(&rig->base);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	(void)fake_peer_take_response(&rig->base.peer, 202);
	assert_true(fake_peer_is_idle(&rig->base.peer));
	assert_int_equal(rig->taken, 1);
}

/* --- Without a subscription (RFC 4488) ------------------------------------------------------ */

static void who_wants_no_notify_gets_none(void **state)
{
	struct rig *rig = *state;
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
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	send_refer(rig, "Refer-Sub: false\n");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	fake_peer_advance_ms(&rig->base.peer, REFER_EXPIRES_S * 1000);
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

static void other_extensions_are_refused(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	send_refer(rig, "Require: norefersub, tdialog, explicitsub\n");
	msg = fake_peer_take_response(&rig->base.peer, 420);
	assert_true(slice_eq(sip_msg_value(msg, HDR_UNSUPPORTED), SLICE("explicitsub")));
	assert_int_equal(rig->taken, 0);
}

/* --- When the session ends (RFC 5057) ------------------------------------------------------- */

static void the_transferor_may_hang_up_first(void **state)
{
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;

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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;
	char event[32];

	(void)make(rig);
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
	struct rig *rig = *state;

	(void)make(rig);
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
	struct rig *rig = *state;

	(void)make(rig);
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
	struct rig *rig = *state;

	(void)make(rig);
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
	struct rig *rig = *state;

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

/* --- Answers to NOTIFY -------------------------------------------------------------------- */

static void pass_till_retry(struct rig *rig, const struct refer *refer)
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
		struct rig *rig = *again;
		struct refer *refer = make(rig);

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
		assert_int_equal(tear_down(again), 0);
		assert_int_equal(set_up(again), 0);
	}
}

/* The 202 was lost, and the NOTIFY overtakes its repetition: some phones know no such dialog then.
 */
static void who_does_not_know_it_yet_is_told_once_more(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig *rig = *state;
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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* A re-INVITE may overtake it, so that its CSeq is too low (RFC 3261 12.2.2). */
static void the_last_word_is_said_again(void **state)
{
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

	refer_tell(refer, 180, SLICE_NONE);
	(void)take_notify(rig, "refer", ACTIVE, "SIP/2.0 180 Ringing\r\n");
	answer(rig, 500);
	refer_tell(refer, 200, SLICE_NONE);
	take_end(rig, "SIP/2.0 200 OK\r\n");
	session_rig_expect_idle(&rig->base);
}

static void a_silent_peer_is_given_up(void **state)
{
	struct rig *rig = *state;

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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

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
	struct rig *rig = *state;
	struct refer *refer = make(rig);

	rig->base.peer.is_cut_off = true;
	refer_tell(refer, 200, SLICE_NONE);
	fake_peer_advance_ms(&rig->base.peer, 200000);
	assert_int_equal(rig->ends, 1);
	rig->base.peer.is_cut_off = false;
	session_rig_expect_idle(&rig->base);
}

/* --- Outside of a dialog ------------------------------------------------------------------ */

static void keep_tag(struct rig *rig, const struct sip_msg *msg)
{
	assert_int_equal(slice_keep(msg->to_tag, &rig->base.tag), 0);
}

static void one_outside_makes_a_dialog(void **state)
{
	struct rig *rig = *state;
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
	struct rig *rig = *state;
	const struct sip_msg *msg;

	send_refer(rig, "Refer-Sub: false\n");
	msg = fake_peer_take_response(&rig->base.peer, 202);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_SUB), SLICE("false")));
	assert_int_equal(rig->base.stack.usages.count, 0);
	refer_tell(rig->refers[0], 200, SLICE_NONE);
	assert_int_equal(rig->ends, 1);
	session_rig_expect_idle(&rig->base);
}

/* --- Refusals ----------------------------------------------------------------------------- */

static void only_an_answered_session_can_be_transferred(void **state)
{
	struct rig *rig = *state;

	session_rig_send(&rig->base, "INVITE", "", "");
	(void)fake_peer_take_response(&rig->base.peer, 100);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 491);
	assert_int_equal(rig->err, ERR_STATE);
}

static void a_bad_contact_is_refused(void **state)
{
	struct rig *rig = *state;

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
	struct rig *rig;

	assert_int_equal(tear_down(state), 0);
	assert_int_equal(set_up_with(state, 1), 0);
	rig = *state;
	(void)make(rig);
	send_refer(rig, "");
	assert_non_null(
		sip_msg_header(fake_peer_take_response(&rig->base.peer, 503), HDR_RETRY_AFTER));
	assert_int_equal(rig->err, ERR_NOMEM);
}

static void a_dialog_holds_so_many_and_no_more(void **state)
{
	struct rig *rig;

	assert_int_equal(tear_down(state), 0);
	assert_int_equal(set_up_with(state, 100), 0);
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
		struct rig *rig = *state;

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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* The stack may end at any time, with whatever is in it. */
static void the_stack_may_end_first(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		struct rig *rig = *state;

		(void)make(rig);
		send_refer(rig, "");
		if (i > 0)
			session_rig_send(&rig->base, "BYE", "", "");
		if (i == 2)
			fake_peer_advance_ms(&rig->base.peer, 1);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_accepted_told_and_over),
		TEST(what_is_no_news_is_not_told),
		TEST(while_one_is_unanswered_the_latest_waits),
		TEST(the_end_may_be_told_at_once),
		TEST(a_long_reason_is_cut),
		TEST(the_owner_may_let_go),
		TEST(later_ones_have_an_id),
		TEST(a_retransmission_is_the_same_refer),
		TEST(who_wants_no_notify_gets_none),
		TEST(a_silent_one_is_over_in_time),
		TEST(other_extensions_are_refused),
		TEST(the_transferor_may_hang_up_first),
		TEST(a_bye_may_cross_the_first_notify),
		TEST(we_may_hang_up_first),
		TEST(several_live_on_and_the_session_does_not),
		TEST(only_the_peer_speaks_in_the_dialog),
		TEST(the_peer_may_ask_for_more_or_less_time),
		TEST(when_its_time_is_over_so_is_it),
		TEST(what_nobody_waits_for_is_answered),
		TEST(what_an_answer_means),
		TEST(who_does_not_know_it_yet_is_told_once_more),
		TEST(the_last_word_is_said_again),
		TEST(news_do_not_wait_for_a_second_try),
		TEST(a_silent_peer_is_given_up),
		TEST(a_notify_is_sent_again_with_credentials),
		TEST(a_way_that_is_gone_is_tried_and_given_up),
		TEST(one_outside_makes_a_dialog),
		TEST(one_outside_may_want_no_notify),
		TEST(only_an_answered_session_can_be_transferred),
		TEST(a_bad_contact_is_refused),
		TEST(there_are_so_many_and_no_more),
		TEST(a_dialog_holds_so_many_and_no_more),
		TEST(refused_memory_leaves_nothing),
		TEST(the_stack_may_end_first),
	};

	return cmocka_run_group_tests_name("refer", tests, NULL, NULL);
}
