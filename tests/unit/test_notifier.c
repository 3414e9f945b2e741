/* SPDX-License-Identifier: MIT */
/*
 * Notifiers: when a NOTIFY goes out, what its answer means for the subscription (RFC 6665 4.2),
 * and how often there may be one.
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/notifier.h"
#include "fake_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TYPE SLICE("text/plain")
#define CONTACT "Contact: <sip:201@192.0.2.5:5060>\n"

struct rig {
	struct fake_peer peer;
	struct stack stack;
	struct notifier_terms terms;
	struct notifier *notifier; /* NULL: none, or it has ended */
	struct slice tag;	   /* ours in the dialog, owned */
	unsigned cseq;		   /* of the last SUBSCRIBE */
	bool has_news;		   /* something that the peer has not been told */
	bool was_full;		   /* the last NOTIFY had to be */
	unsigned dues;
	unsigned ends;
	unsigned answers;
	unsigned last_answer;
	bool is_set_up;
};

static void on_due(struct notifier *notifier)
{
	struct rig *rig = notifier->owner;

	rig->dues++;
	if (!notifier->must_send && !rig->has_news)
		return;
	rig->was_full = notifier->must_send;
	rig->has_news = false;
	notifier_send(notifier, TYPE, SLICE("state"));
}

static void on_end(struct notifier *notifier)
{
	struct rig *rig = notifier->owner;

	rig->ends++;
	rig->notifier = NULL;
}

static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	(void)notifier;
	(void)in;
	return true;
}

static void on_answered(struct notifier *notifier, unsigned status)
{
	struct rig *rig = notifier->owner;

	rig->answers++;
	rig->last_answer = status;
}

static const struct notifier_ops ops = { on_due, on_end, is_peer, on_answered };

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
	struct rig *rig = user;

	if (in->msg->method != METHOD_SUBSCRIBE || rig->notifier) {
		incoming_reply_status(in, 481);
		return;
	}
	if (notifier_take(in, &rig->terms, &ops, rig, &rig->notifier))
		return;
	assert_int_equal(slice_keep(dialog_local_tag(&rig->notifier->dialog), &rig->tag), 0);
	notifier_start(rig->notifier);
}

static int set_up(void **state)
{
	static struct rig rig;
	const struct stack_user user = { .user = &rig, .on_request = on_request };
	const struct stack_limits limits = { .transactions = 32, .subscriptions = 1 };

	rig = (struct rig){ .is_set_up = true,
			    .terms = { .contact_line =
					       SLICE("Contact: <sip:202@192.0.2.1:5060>\r\n"),
				       .expires_min_s = 60,
				       .expires_max_s = 3600 } };
	fake_peer_init(&rig.peer);
	rig.peer.user = &rig.stack;
	rig.peer.on_message = on_message;
	rig.peer.on_turn_end = on_turn_end;
	assert_int_equal(stack_init(&rig.stack, &rig.peer.env, &rig.peer.timers, &user, &limits,
				    SLICE("test")),
			 0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	mem_free((char *)rig->tag.p);
	if (rig->notifier)
		rig->notifier->owner = NULL;
	stack_fini(&rig->stack);
	fake_peer_fini(&rig->peer);
	assert_int_equal(rig->peer.timers.count, 0);
	return mem_count().blocks == 0 ? 0 : -1;
}

/* A SUBSCRIBE, in the dialog when there is one already; `lines` have the Event. */
static void subscribe(struct rig *rig, const char *lines)
{
	char text[2048];
	char tag[64] = "";

	if (!slice_is_empty(rig->tag))
		snprintf(tag, sizeof(tag), ";tag=%.*s", SLICE_ARGS(rig->tag));
	rig->cseq++;
	snprintf(text, sizeof(text),
		 "SUBSCRIBE sip:202@192.0.2.1:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bKs%u\n"
		 "From: <sip:201@pbx.example.com>;tag=f\n"
		 "To: <sip:202@pbx.example.com>%s\n"
		 "Call-ID: s\nCSeq: %u SUBSCRIBE\nMax-Forwards: 70\n" CONTACT "%s",
		 rig->cseq, tag, rig->cseq, lines);
	fake_peer_send(&rig->peer, text, "");
}

/* The next message is a NOTIFY with this state (its beginning), full or not. */
static const struct sip_msg *take_notify(struct rig *rig, const char *subscription_state,
					 bool is_full)
{
	const struct sip_msg *msg = fake_peer_take_request(&rig->peer, METHOD_NOTIFY);

	assert_true(slice_starts_with(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE),
				      slice_from_cstr(subscription_state)));
	assert_int_equal(rig->was_full, is_full);
	return msg;
}

/* A subscription for 600 s, whose first NOTIFY is answered. */
static void make(struct rig *rig, const char *event)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "Event: %s\nExpires: 600\n", event);
	subscribe(rig, lines);
	(void)fake_peer_take_response(&rig->peer, 200);
	(void)take_notify(rig, "active;expires=", true);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	assert_int_equal(rig->answers, 1);
}

static void change(struct rig *rig)
{
	rig->has_news = true;
	notifier_change(rig->notifier);
}

/* --- What goes out ------------------------------------------------------------------------ */

static void without_news_no_notify_goes_out(void **state)
{
	struct rig *rig = *state;

	make(rig, "dialog");
	notifier_change(rig->notifier);
	assert_int_equal(rig->dues, 2);
	assert_true(fake_peer_is_idle(&rig->peer));
	change(rig);
	(void)take_notify(rig, "active;expires=", false);
	assert_true(notifier_is_pending(rig->notifier));
	fake_peer_answer(&rig->peer, 200, "", "", "");
	assert_false(notifier_is_pending(rig->notifier));
	assert_int_equal(rig->last_answer, 200);
	assert_int_equal(rig->answers, 2);
}

static void a_repetition_goes_out_without_news(void **state)
{
	struct rig *rig = *state;

	make(rig, "dialog");
	notifier_repeat(rig->notifier);
	(void)take_notify(rig, "active;expires=", true);
	/* While that one is unanswered, too: the next one is full although it is a change's. */
	change(rig);
	notifier_repeat(rig->notifier);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	(void)take_notify(rig, "active;expires=", true);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void after_a_subscribe_the_notify_is_full_and_waits_for_none(void **state)
{
	struct rig *rig = *state;

	make(rig, "dialog");
	change(rig);
	(void)take_notify(rig, "active;expires=", false);
	subscribe(rig, "Event: dialog\n");
	(void)fake_peer_take_response(&rig->peer, 200);
	assert_int_equal(take_notify(rig, "active;expires=", true)->cseq, 3);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	/* The one that was overtaken is not sent again. */
	fake_peer_advance_ms(&rig->peer, 40000);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->answers, 2);
	assert_int_equal(rig->notifier->dialog.local_cseq, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(without_news_no_notify_goes_out),
		TEST(a_repetition_goes_out_without_news),
		TEST(after_a_subscribe_the_notify_is_full_and_waits_for_none),
	};

	return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
