/* SPDX-License-Identifier: MIT */
/*
 * A subscriber and its notifier for tests.
 */
#include "subscriber_rig.h"

#include "base/mem.h"
#include "sip/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void on_handler(struct subscriber_rig *rig)
{
	if (rig->ends_itself)
		subscriber_end(rig->subscriber);
}

static void on_new(struct subscriber *subscriber)
{
	struct subscriber_rig *rig = subscriber->owner;

	rig->news++;
	on_handler(rig);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct subscriber_rig *rig = subscriber->owner;

	rig->notifies++;
	snprintf(rig->last_body, sizeof(rig->last_body), "%.*s", SLICE_ARGS(notify->body));
	on_handler(rig);
}

static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct subscriber_rig *rig = subscriber->owner;

	rig->losses++;
	rig->last_status = status;
	snprintf(rig->last_reason, sizeof(rig->last_reason), "%.*s", SLICE_ARGS(reason));
	on_handler(rig);
}

static void on_stopped(struct subscriber *subscriber)
{
	struct subscriber_rig *rig = subscriber->owner;

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

int subscriber_rig_set_up(void **state)
{
	static struct subscriber_rig rig;
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

	rig = (struct subscriber_rig){ .is_set_up = true };
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

static void forget_dialog(struct subscriber_rig *rig)
{
	mem_free((char *)rig->call_id.p);
	mem_free((char *)rig->tag.p);
	rig->call_id = rig->tag = SLICE_NONE;
}

int subscriber_rig_tear_down(void **state)
{
	struct subscriber_rig *rig = *state;

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

const struct sip_msg *take_subscribe(struct subscriber_rig *rig, uint32_t expires_s)
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

void send_notify(struct subscriber_rig *rig, unsigned cseq, const char *from_tag, const char *lines,
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

void notify(struct subscriber_rig *rig, unsigned cseq, const char *state, const char *body)
{
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Event: dialog\nSubscription-State: %s\n"
		 "Contact: <sip:202@192.0.2.1:5060>\n" XML,
		 state);
	send_notify(rig, cseq, "n", lines, body);
	(void)fake_peer_take_response(&rig->peer, 200);
}

void make_subscription(struct subscriber_rig *rig)
{
	subscriber_start(rig->subscriber);
	take_subscribe(rig, 600);
	fake_peer_answer(&rig->peer, 200, "n", OK_LINES, "");
	notify(rig, 1, "active;expires=600", "first");
	assert_int_equal(rig->subscriber->state, SUBSCRIBER_ACTIVE);
	assert_int_equal(rig->news, 1);
	assert_int_equal(rig->notifies, 1);
}

void advance_to_due(struct subscriber_rig *rig)
{
	assert_true(rig->subscriber->due.is_running);
	fake_peer_advance_ms(&rig->peer, rig->subscriber->due.at_ms - rig->peer.timers.now_ms);
}
