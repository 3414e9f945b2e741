/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we send: what is said, and what is heard of them (RFC 3515 2.4, RFC 6665 4.1,
 * RFC 4488, RFC 5057).
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/referral.h"
#include "session_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REFER_TO SLICE("<sip:204@pbx.example.com>")

/* What was heard, in order: 'a' accepted, 'r' refused, 'p' progress, 'f' final, 'e' end. */
#define HEARD_MAX 16

struct rig {
	struct session_rig base;
	struct referral *referral; /* the last one sent; NULL: it has ended */
	char heard[HEARD_MAX + 1];
	unsigned status; /* of the last 'r', 'p' or 'f' */
	char reason[64];
	enum referral_end end;
	char ends_inside; /* the handler that ends it, 0: none */
	bool has_credentials;
	bool is_set_up;
};

static struct rig the_rig;

static void hear(struct referral *referral, char what)
{
	struct rig *rig = referral->owner;
	size_t n = strlen(rig->heard);

	assert_true(n < HEARD_MAX);
	rig->heard[n] = what;
	if (what == 'r' || what == 'e') {
		rig->referral = NULL;
	} else if (what == rig->ends_inside) {
		referral_end(referral);
		rig->referral = NULL;
	}
}

static void on_accepted(struct referral *referral)
{
	hear(referral, 'a');
}

static void on_refused(struct referral *referral, unsigned status, const struct sip_msg *response)
{
	struct rig *rig = referral->owner;

	if (response)
		assert_int_equal(response->status, status);
	rig->status = status;
	hear(referral, 'r');
}

static void on_progress(struct referral *referral, unsigned status, struct slice reason,
			bool is_final)
{
	struct rig *rig = referral->owner;

	rig->status = status;
	snprintf(rig->reason, sizeof(rig->reason), "%.*s", SLICE_ARGS(reason));
	hear(referral, is_final ? 'f' : 'p');
}

static void on_end(struct referral *referral, enum referral_end end)
{
	struct rig *rig = referral->owner;

	rig->end = end;
	hear(referral, 'e');
}

static int on_challenge(struct referral *referral, const struct sip_msg *response, struct buf *line)
{
	const struct rig *rig = referral->owner;

	(void)response;
	buf_lit(line, "Authorization: Digest y\r\n");
	return rig->has_credentials ? 0 : ERR_NOTFOUND;
}

static const struct referral_ops ops = { on_accepted, on_refused, on_progress, on_end,
					 on_challenge };

static void on_request(void *user, struct incoming *in)
{
	(void)user;
	incoming_reply_status(in, 501);
}

static int set_up(void **state)
{
	const struct stack_limits limits = { .transactions = 64, .sessions = 1, .referrals = 2 };

	the_rig = (struct rig){ .is_set_up = true };
	session_rig_init(&the_rig.base, &limits);
	the_rig.base.user = &the_rig;
	the_rig.base.on_inside = on_request;
	the_rig.base.on_outside = on_request;
	*state = &the_rig;
	return 0;
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

static int send_spec(struct rig *rig, const struct referral_spec *spec)
{
	return referral_send(rig->base.session, spec, &ops, rig, &rig->referral);
}

static const struct sip_msg *send(struct rig *rig)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };

	assert_int_equal(send_spec(rig, &spec), 0);
	return session_rig_take(&rig->base, METHOD_REFER);
}

static void answer(struct rig *rig, unsigned status)
{
	fake_peer_answer(&rig->base.peer, status, "", "", "");
}

/* A session and a REFER in it, which is accepted. */
static void make(struct rig *rig)
{
	session_rig_call(&rig->base);
	(void)send(rig);
	answer(rig, 202);
	assert_string_equal(rig->heard, "a");
}

static void notify_event(struct rig *rig, const char *event, const char *state, const char *body)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "Event: %s\nSubscription-State: %s\n%s", event, state,
		 body[0] ? "Content-Type: message/sipfrag;version=2.0\n" : "");
	session_rig_send(&rig->base, "NOTIFY", lines, body);
}

static void notify(struct rig *rig, const char *state, const char *body)
{
	notify_event(rig, "refer", state, body);
	(void)fake_peer_take_response(&rig->base.peer, 200);
}

#define TRYING "SIP/2.0 100 Trying\r\n"
#define OK "SIP/2.0 200 OK\r\n"
#define OVER "terminated;reason=noresource"

/* --- What is said and heard --------------------------------------------------------------- */

static void it_is_sent_and_heard_of(void **state)
{
	struct rig *rig = *state;
	const struct referral_spec spec = { .refer_to = REFER_TO,
					    .referred_by = SLICE_INIT("<sip:202@pbx>"),
					    .lines = SLICE_INIT("X-More: 1\r\n") };
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	assert_int_equal(send_spec(rig, &spec), 0);
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
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	(void)send(rig);
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
	struct rig *rig = *state;

	make(rig);
	notify(rig, "active;expires=60", OK);
	assert_string_equal(rig->heard, "afe");
	assert_int_equal(rig->end, REFERRAL_TOLD);
	session_rig_expect_idle(&rig->base);
}

static void the_peer_may_end_it_without_a_word(void **state)
{
	static const char *const bodies[] = { "", TRYING };

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct rig *rig = *state;

		make(rig);
		notify(rig, "terminated;reason=timeout", bodies[i]);
		assert_string_equal(rig->heard, i ? "ape" : "ae");
		assert_int_equal(rig->end, REFERRAL_DROPPED);
		session_rig_expect_idle(&rig->base);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void silence_ends_it(void **state)
{
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;

	make(rig);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		notify(rig, cases[i].state, TRYING);
		assert_int_equal(rig->referral->limit.at_ms - rig->base.peer.timers.now_ms,
				 cases[i].lasts_s * 1000 + 2000);
	}
	assert_string_equal(rig->heard, "ap");
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
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;
	struct referral *first;
	char first_event[32], second_event[32];

	make(rig);
	first = rig->referral;
	snprintf(first_event, sizeof(first_event), "refer;id=%u", rig->base.last_cseq);
	(void)send(rig);
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
	struct rig *rig = *state;
	const struct sip_msg *msg;

	session_rig_call(&rig->base);
	assert_int_equal(send_spec(rig, &spec), 0);
	msg = session_rig_take(&rig->base, METHOD_REFER);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REFER_SUB), SLICE("false")));
	assert_true(sip_msg_has_token(msg, HDR_SUPPORTED, SLICE("norefersub")));
	fake_peer_answer(&rig->base.peer, 200, "", "Refer-Sub: false\r\n", "");
	assert_string_equal(rig->heard, "ae");
	assert_int_equal(rig->end, REFERRAL_UNTOLD);
	session_rig_expect_idle(&rig->base);
	/* Who does not know the extension tells. */
	assert_int_equal(send_spec(rig, &spec), 0);
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
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		rig->heard[0] = rig->heard[1] = '\0';
		(void)send(rig);
		answer(rig, statuses[i]);
		assert_string_equal(rig->heard, "r");
		assert_int_equal(rig->status, statuses[i]);
		session_rig_expect_idle(&rig->base);
	}
}

static void no_answer_is_a_refusal(void **state)
{
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	(void)send(rig);
	fake_peer_advance_ms(&rig->base.peer, 64 * T1_MS);
	assert_string_equal(rig->heard, "r");
	assert_int_equal(rig->status, 408);
	while (!fake_peer_is_idle(&rig->base.peer))
		(void)fake_peer_take_request(&rig->base.peer, METHOD_REFER);
	session_rig_expect_idle(&rig->base);
}

static void a_challenge_is_the_sessions(void **state)
{
	struct rig *rig = *state;
	char event[32];

	session_rig_call(&rig->base);
	(void)send(rig);
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
	(void)send(rig);
	for (unsigned i = 0; i < 2; i++) {
		answer(rig, 401);
		(void)session_rig_take(&rig->base, METHOD_REFER);
	}
	answer(rig, 401);
	assert_string_equal(rig->heard, "afer");
	session_rig_expect_idle(&rig->base);
}

/* --- When it or the session ends ------------------------------------------------------------ */

static void the_session_may_end_first(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct rig *rig = *state;

		session_rig_call(&rig->base);
		(void)send(rig);
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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void while_our_bye_waits_a_notify_is_heard(void **state)
{
	struct rig *rig = *state;

	make(rig);
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
		struct rig *rig = *state;

		session_rig_call(&rig->base);
		rig->ends_inside = cases[i].handler;
		(void)send(rig);
		notify_event(rig, "refer", "active", TRYING);
		(void)fake_peer_take_response(&rig->base.peer, 200);
		notify_event(rig, "refer", OVER, OK);
		(void)fake_peer_take_response(&rig->base.peer, i < 2 ? 481 : 200);
		assert_string_equal(rig->heard, cases[i].heard);
		fake_peer_advance_ms(&rig->base.peer, 40000);
		rig->base.peer.taken_count = rig->base.peer.sent_count;
		session_rig_expect_idle(&rig->base);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void only_an_answered_session_can_be_referred(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct rig *rig = *state;

	session_rig_send(&rig->base, "INVITE", "", "");
	(void)fake_peer_take_response(&rig->base.peer, 100);
	assert_int_equal(send_spec(rig, &spec), ERR_STATE);
	assert_true(fake_peer_is_idle(&rig->base.peer));
}

/* --- Outside of a dialog ------------------------------------------------------------------ */

static const struct sip_msg *send_outside(struct rig *rig)
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

	assert_int_equal(
		referral_send_outside(&rig->base.stack, &dialog, &spec, &ops, rig, &rig->referral),
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
	struct rig *rig = *state;

	(void)send_outside(rig);
	fake_peer_answer(&rig->base.peer, 202, "f", "Contact: <sip:203@192.0.2.1:5060>\r\n", "");
	notify(rig, "active;expires=60", TRYING);
	notify(rig, OVER, OK);
	assert_string_equal(rig->heard, "apfe");
	session_rig_expect_idle(&rig->base);
}

static void its_notify_may_come_first_and_from_elsewhere(void **state)
{
	struct rig *rig = *state;

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
		struct rig *rig = *state;

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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* --- Limits ------------------------------------------------------------------------------- */

static void there_are_so_many_and_no_more(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct rig *rig = *state;

	make(rig);
	(void)send(rig);
	assert_int_equal(send_spec(rig, &spec), ERR_NOMEM);
	assert_true(fake_peer_is_idle(&rig->base.peer));
}

static void what_cannot_be_sent_is_none(void **state)
{
	static char huge[9000];
	struct referral_spec spec = { .refer_to = REFER_TO };
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	memset(huge, 'x', sizeof(huge));
	spec.referred_by = slice_of(huge, sizeof(huge));
	assert_int_equal(send_spec(rig, &spec), ERR_LIMIT);
	session_rig_expect_idle(&rig->base);
	assert_string_equal(rig->heard, "");
}

static void a_way_that_is_gone_is_a_refusal(void **state)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };
	struct rig *rig = *state;

	session_rig_call(&rig->base);
	rig->base.peer.is_cut_off = true;
	assert_int_equal(send_spec(rig, &spec), 0);
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
		struct rig *rig = *state;
		bool is_sent;

		session_rig_call(&rig->base);
		mem_refuse_nth(nth);
		is_sent = send_spec(rig, &spec) == 0;
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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
	assert_in_range(refused, 3, 20);
}

static void the_stack_may_end_first(void **state)
{
	struct rig *rig = *state;

	make(rig);
	session_rig_peer_hangs_up(&rig->base);
	(void)send_outside(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_sent_and_heard_of),
		TEST(a_notify_may_overtake_the_answer),
		TEST(a_final_status_ends_it_whatever_the_state),
		TEST(the_peer_may_end_it_without_a_word),
		TEST(silence_ends_it),
		TEST(the_peer_says_how_long_it_lasts),
		TEST(a_notify_is_checked),
		TEST(each_hears_of_its_own),
		TEST(nothing_need_be_told),
		TEST(a_refusal_ends_it),
		TEST(no_answer_is_a_refusal),
		TEST(a_challenge_is_the_sessions),
		TEST(the_session_may_end_first),
		TEST(while_our_bye_waits_a_notify_is_heard),
		TEST(it_may_be_ended_in_every_handler),
		TEST(only_an_answered_session_can_be_referred),
		TEST(one_outside_makes_a_dialog),
		TEST(its_notify_may_come_first_and_from_elsewhere),
		TEST(its_challenge_is_its_owners),
		TEST(there_are_so_many_and_no_more),
		TEST(what_cannot_be_sent_is_none),
		TEST(a_way_that_is_gone_is_a_refusal),
		TEST(refused_memory_leaves_nothing),
		TEST(the_stack_may_end_first),
	};

	return cmocka_run_group_tests_name("referral", tests, NULL, NULL);
}
