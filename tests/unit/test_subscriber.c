/* SPDX-License-Identifier: MIT */
/*
 * Subscribers: what goes to the notifier, what its NOTIFYs do, and how a lost subscription comes
 * back (RFC 6665 4.1).
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"
#include "core/subscriber.h"
#include "fake_peer.h"
#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CHALLENGE(nonce)                                                                           \
	"WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"" nonce "\", "                \
	"qop=\"auth\"\r\n"
#define CONTACT "Contact: <sip:202@192.0.2.1:5060>\r\n"
#define OK_LINES CONTACT "Expires: 600\r\n"
#define XML "Content-Type: application/dialog-info+xml\n"

struct rig {
	struct fake_peer peer;
	struct stack stack;
	struct account account;
	struct subscriber *subscriber;
	struct slice call_id; /* of the dialog, owned */
	struct slice tag;     /* ours in it, owned */
	unsigned news;
	unsigned notifies;
	unsigned losses;
	unsigned stops;
	unsigned last_status;
	char last_reason[64];
	char last_body[64];
	bool ends_itself; /* in its next handler */
	bool is_set_up;
};

static void on_handler(struct rig *rig)
{
	if (rig->ends_itself)
		subscriber_end(rig->subscriber);
}

static void on_new(struct subscriber *subscriber)
{
	struct rig *rig = subscriber->owner;

	rig->news++;
	on_handler(rig);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct rig *rig = subscriber->owner;

	rig->notifies++;
	snprintf(rig->last_body, sizeof(rig->last_body), "%.*s", SLICE_ARGS(notify->body));
	on_handler(rig);
}

static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct rig *rig = subscriber->owner;

	rig->losses++;
	rig->last_status = status;
	snprintf(rig->last_reason, sizeof(rig->last_reason), "%.*s", SLICE_ARGS(reason));
	on_handler(rig);
}

static void on_stopped(struct subscriber *subscriber)
{
	struct rig *rig = subscriber->owner;

	rig->stops++;
	on_handler(rig);
}

static const struct subscriber_ops ops = { on_new, on_notify, on_lost, on_stopped };

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	stack_on_message(user, flow, bytes);
}

static void on_turn_end(void *user)
{
	stack_on_turn_end(user);
}

static void on_request(void *user, struct incoming *in)
{
	(void)user;
	incoming_reply_status(in, 501);
}

static int set_up(void **state)
{
	static struct rig rig;
	const struct stack_user user = { .user = &rig, .on_request = on_request };
	const struct stack_limits limits = { .transactions = 32, .subscribers = 1 };
	struct subscriber_spec spec = {
		.dialog = { .local = SLICE("<sip:203@pbx.example.com>"),
			    .remote = SLICE("<sip:202@pbx.example.com>"),
			    .target = SLICE("sip:202@pbx.example.com"),
			    .contact = SLICE("Contact: <sip:203@192.0.2.3:5060>\r\n") },
		.event = SLICE("dialog"),
		.accept = SLICE("application/dialog-info+xml"),
		.expires_s = 600,
		.account = &rig.account,
	};

	rig = (struct rig){ .is_set_up = true };
	assert_int_equal(digest_init(), 0);
	fake_peer_init(&rig.peer);
	rig.peer.user = &rig.stack;
	rig.peer.on_message = on_message;
	rig.peer.on_turn_end = on_turn_end;
	rig.account.login =
		(struct auth_login){ .username = SLICE("203"), .password = SLICE("secret") };
	assert_int_equal(stack_init(&rig.stack, &rig.peer.env, &rig.peer.timers, &user, &limits,
				    SLICE("test")),
			 0);
	spec.dialog.flow = rig.peer.flow;
	assert_int_equal(subscriber_new(&rig.stack, &spec, &ops, &rig, &rig.subscriber), 0);
	*state = &rig;
	return 0;
}

static void forget_dialog(struct rig *rig)
{
	mem_free((char *)rig->call_id.p);
	mem_free((char *)rig->tag.p);
	rig->call_id = rig->tag = SLICE_NONE;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	forget_dialog(rig);
	stack_fini(&rig->stack);
	fake_peer_fini(&rig->peer);
	hash_fini();
	assert_int_equal(rig->peer.timers.count, 0);
	return mem_count().blocks == 0 ? 0 : -1;
}

/* The next message is a SUBSCRIBE that asks for so long; its dialog is remembered. */
static const struct sip_msg *take_subscribe(struct rig *rig, uint32_t expires_s)
{
	const struct sip_msg *msg = fake_peer_take_request(&rig->peer, METHOD_SUBSCRIBE);
	uint32_t seconds;

	assert_int_equal(sip_msg_seconds(msg, HDR_EXPIRES, &seconds), 0);
	assert_int_equal(seconds, expires_s);
	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), SLICE("dialog")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_ACCEPT), SLICE("application/dialog-info+xml")));
	assert_non_null(sip_msg_header(msg, HDR_CONTACT));
	forget_dialog(rig);
	assert_int_equal(slice_keep(msg->call_id, &rig->call_id), 0);
	assert_int_equal(slice_keep(msg->from_tag, &rig->tag), 0);
	return msg;
}

static void send_notify(struct rig *rig, unsigned cseq, const char *from_tag, const char *lines,
			const char *body)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKn%u%s%.*s\n"
		 "From: <sip:202@pbx.example.com>;tag=%s\n"
		 "To: <sip:203@pbx.example.com>;tag=%.*s\n"
		 "Call-ID: %.*s\n"
		 "CSeq: %u NOTIFY\n"
		 "Max-Forwards: 70\n"
		 "%s",
		 cseq, from_tag, SLICE_ARGS(rig->call_id), from_tag, SLICE_ARGS(rig->tag),
		 SLICE_ARGS(rig->call_id), cseq, lines);
	fake_peer_send(&rig->peer, text, body);
}

/* The usual NOTIFY with this Subscription-State, answered with 200. */
static void notify(struct rig *rig, unsigned cseq, const char *state, const char *body)
{
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Event: dialog\nSubscription-State: %s\n"
		 "Contact: <sip:202@192.0.2.1:5060>\n" XML,
		 state);
	send_notify(rig, cseq, "n", lines, body);
	(void)fake_peer_take_response(&rig->peer, 200);
}

static void make(struct rig *rig)
{
	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	notify(rig, 1, "active;expires=600", "first");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	assert_int_equal(rig->news, 1);
	assert_int_equal(rig->notifies, 1);
}

/* Until the timer that keeps the subscription is due. */
static void advance_to_due(struct rig *rig)
{
	assert_true(rig->subscriber->due.is_running);
	fake_peer_advance_ms(&rig->peer, rig->subscriber->due.at_ms - rig->peer.timers.now_ms);
}

static void it_subscribes_refreshes_and_unsubscribes(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;
	uint64_t wait_ms;

	make(rig);
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
	struct rig *rig = *state;
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
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;
	char text[1024];

	make(rig);
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
	struct rig *rig = *state;

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
	struct rig *rig = *state;
	uint64_t wait_ms;

	make(rig);
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
		struct rig *rig;

		if (i > 0)
			assert_int_equal(set_up(state), 0);
		rig = *state;
		make(rig);
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
			assert_int_equal(tear_down(state), 0);
	}
}

static void a_server_that_always_ends_it_is_asked_less_and_less(void **state)
{
	struct rig *rig = *state;
	uint64_t wait_ms;

	make(rig);
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
	struct rig *rig = *state;

	make(rig);
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
		struct rig *rig;
		const struct sip_msg *msg;

		if (i > 0)
			assert_int_equal(set_up(state), 0);
		rig = *state;
		make(rig);
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
			assert_int_equal(tear_down(state), 0);
	}
}

static void another_refusal_leaves_it_for_its_time(void **state)
{
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;

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
	struct rig *rig = *state;

	subscriber_start(rig->subscriber);
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->losses, 1);
	assert_int_equal(rig->last_status, 408);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
}

static void timer_n_ends_one_without_notify(void **state)
{
	struct rig *rig = *state;

	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	fake_peer_advance_ms(&rig->peer, 31999);
	assert_int_equal(rig->losses, 0);
	fake_peer_advance_ms(&rig->peer, 1);
	assert_int_equal(rig->losses, 1);
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_WAITING);
}

static void a_challenge_is_answered(void **state)
{
	struct rig *rig = *state;
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
	struct rig *rig = *state;

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
	struct rig *rig = *state;

	make(rig);
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
	struct rig *rig = *state;

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
	make(rig);
	subscriber_stop(rig->subscriber);
	take_subscribe(rig, 0);
	fake_peer_answer(&rig->peer, 200, "n", "", "");
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->stops, 4);
}

static void starting_again_while_stopping(void **state)
{
	struct rig *rig = *state;

	make(rig);
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
		struct rig *rig;

		if (i > 0)
			assert_int_equal(set_up(state), 0);
		rig = *state;
		if (i > 0)
			make(rig);
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
			assert_int_equal(tear_down(state), 0);
	}
}

/* A whole life with the nth allocation refused: whatever happens, it can be stopped. */
static void refused_memory_never_sticks(void **state)
{
	for (uint64_t nth = 1; nth < 80; nth++) {
		struct rig *rig = *state;

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
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_subscribes_refreshes_and_unsubscribes),
		TEST(a_notify_may_overtake_the_answer),
		TEST(a_second_fork_is_refused),
		TEST(a_notify_is_checked),
		TEST(cseq_only_grows),
		TEST(other_requests_are_refused),
		TEST(pending_becomes_active),
		TEST(the_notifier_may_shorten_it),
		TEST(after_terminated),
		TEST(a_server_that_always_ends_it_is_asked_less_and_less),
		TEST(what_comes_for_the_old_dialog_is_refused),
		TEST(a_refresh_that_finds_nothing_starts_anew),
		TEST(another_refusal_leaves_it_for_its_time),
		TEST(a_first_refusal_is_told_and_tried_again),
		TEST(nobody_answers),
		TEST(timer_n_ends_one_without_notify),
		TEST(a_challenge_is_answered),
		TEST(a_longer_time_is_accepted),
		TEST(a_refresh_on_demand_waits_for_the_last),
		TEST(stopping_at_each_point),
		TEST(starting_again_while_stopping),
		TEST(it_may_be_ended_in_any_handler),
		TEST(refused_memory_never_sticks),
	};

	return cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
}
