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
	struct notifier_spec spec;
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

static const struct notifier_ops ops = {
	.expires_min_s = 60,
	.expires_max_s = 3600,
	.on_due = on_due,
	.on_end = on_end,
	.is_peer = is_peer,
	.on_answered = on_answered,
};

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
	if (notifier_take(in, &rig->spec, &ops, rig, &rig->notifier))
		return;
	assert_int_equal(slice_keep(dialog_local_tag(&rig->notifier->dialog), &rig->tag), 0);
	notifier_start(rig->notifier);
}

static int set_up(void **state)
{
	static struct rig rig;
	const struct stack_user user = { .user = &rig, .on_request = on_request };
	const struct stack_limits limits = { .transactions = 128, .subscriptions = 1 };

	rig = (struct rig){ .is_set_up = true,
			    .spec = { .event = SLICE("dialog"),
				      .contact_line =
					      SLICE("Contact: <sip:202@192.0.2.1:5060>\r\n") } };
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

/* The next SUBSCRIBE makes a subscription. */
static void forget(struct rig *rig)
{
	mem_free((char *)rig->tag.p);
	rig->tag = SLICE_NONE;
	rig->answers = 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	forget(rig);
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

/* --- How often ---------------------------------------------------------------------------- */

static void expect_silence_ms(struct rig *rig, uint64_t ms)
{
	fake_peer_advance_ms(&rig->peer, ms);
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void take_and_answer(struct rig *rig, bool is_full)
{
	(void)take_notify(rig, "active;expires=", is_full);
	fake_peer_answer(&rig->peer, 200, "", "", "");
}

static void changes_within_the_gap_become_one(void **state)
{
	struct rig *rig = *state;

	rig->spec.gap_ms = 500;
	make(rig, "dialog");
	for (int i = 0; i < 5; i++) {
		change(rig);
		expect_silence_ms(rig, 99);
	}
	fake_peer_advance_ms(&rig->peer, 5);
	take_and_answer(rig, false);
	/* The first change after a while is told at once. */
	expect_silence_ms(rig, 600);
	change(rig);
	(void)take_notify(rig, "active", false);
	change(rig);
	expect_silence_ms(rig, 300);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	expect_silence_ms(rig, 199);
	fake_peer_advance_ms(&rig->peer, 1);
	take_and_answer(rig, false);
	/* Neither a refresh nor the end waits. */
	subscribe(rig, "Event: dialog\n");
	(void)fake_peer_take_response(&rig->peer, 200);
	take_and_answer(rig, true);
	subscribe(rig, "Event: dialog\nExpires: 0\n");
	(void)fake_peer_take_response(&rig->peer, 200);
	(void)take_notify(rig, "terminated;reason=timeout", true);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	assert_int_equal(rig->ends, 1);
}

static void a_max_rate_is_kept_and_said(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;
	struct slice value;

	make(rig, "dialog;max-rate=0.25;id=7");
	change(rig);
	expect_silence_ms(rig, 3999);
	fake_peer_advance_ms(&rig->peer, 1);
	msg = take_notify(rig, "active;expires=", false);
	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), SLICE("dialog;id=7")));
	assert_true(
		sip_param(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), SLICE("max-rate"), &value));
	assert_true(slice_eq(value, SLICE("0.25")));
	fake_peer_answer(&rig->peer, 200, "", "", "");
	/* A refresh says it anew, or no more. */
	subscribe(rig, "Event: dialog;id=7\n");
	(void)fake_peer_take_response(&rig->peer, 200);
	msg = take_notify(rig, "active;expires=", true);
	assert_false(
		sip_param(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), SLICE("max-rate"), &value));
	fake_peer_answer(&rig->peer, 200, "", "", "");
	change(rig);
	take_and_answer(rig, false);
}

static void a_min_rate_tells_what_is_not_new(void **state)
{
	struct rig *rig = *state;

	make(rig, "dialog;min-rate=0.05");
	for (int i = 0; i < 3; i++) {
		expect_silence_ms(rig, 19999);
		fake_peer_advance_ms(&rig->peer, 1);
		take_and_answer(rig, true);
	}
	/* From the last one on, and a change without news does not count. */
	fake_peer_advance_ms(&rig->peer, 10000);
	change(rig);
	take_and_answer(rig, false);
	fake_peer_advance_ms(&rig->peer, 5000);
	notifier_change(rig->notifier);
	expect_silence_ms(rig, 14999);
	fake_peer_advance_ms(&rig->peer, 1);
	take_and_answer(rig, true);
}

static void a_gap_of_ours_and_a_min_rate_go_together(void **state)
{
	struct rig *rig = *state;

	rig->spec.gap_ms = 5000;
	make(rig, "dialog;min-rate=0.1");
	/* It had to wait, and then it is nothing. */
	change(rig);
	rig->has_news = false;
	expect_silence_ms(rig, 9999);
	assert_int_equal(rig->dues, 2);
	fake_peer_advance_ms(&rig->peer, 1);
	take_and_answer(rig, true);
}

static void an_event_is_told_by_package_and_id(void **state)
{
	static const struct {
		const char *event;
		unsigned status;
	} cases[] = {
		{ "dialog;id=7", 200 },	  { "Dialog;id=7;max-rate=1", 200 },
		{ "dialog;id=8", 489 },	  { "dialog", 489 },
		{ "presence;id=7", 489 }, { "dialog;sla;id=7", 200 },
	};
	struct rig *rig = *state;
	char lines[128];

	make(rig, "dialog;id=7;sla;x=\"a;b\"");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(lines, sizeof(lines), "Event: %s\n", cases[i].event);
		subscribe(rig, lines);
		(void)fake_peer_take_response(&rig->peer, cases[i].status);
		if (cases[i].status != 200)
			continue;
		assert_true(slice_eq(sip_msg_value(take_notify(rig, "active", true), HDR_EVENT),
				     SLICE("dialog;id=7;sla;x=\"a;b\"")));
		fake_peer_answer(&rig->peer, 200, "", "", "");
	}
}

static void a_broken_event_is_refused(void **state)
{
	struct rig *rig = *state;

	subscribe(rig, "Event: dialog;x=\"\n");
	(void)fake_peer_take_response(&rig->peer, 400);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->stack.notifiers.live_count, 0);
}

/* --- For how long ------------------------------------------------------------------------- */

static uint32_t granted_s(struct rig *rig, const char *lines)
{
	uint32_t seconds;

	subscribe(rig, lines);
	assert_int_equal(
		sip_msg_seconds(fake_peer_take_response(&rig->peer, 200), HDR_EXPIRES, &seconds),
		0);
	(void)fake_peer_take_request(&rig->peer, METHOD_NOTIFY);
	fake_peer_answer(&rig->peer, 200, "", "", "");
	assert_int_equal(notifier_expires_s(rig->notifier), seconds);
	return seconds;
}

static void refreshes_of_a_site_spread(void **state)
{
	struct rig *rig = *state;
	uint32_t least_s = UINT32_MAX, most_s = 0;

	for (int i = 0; i < 40; i++) {
		uint32_t seconds = granted_s(rig, i % 2 ? "Event: dialog\nExpires: 3600\n"
							: "Event: dialog\nExpires: 99999\n");

		assert_in_range(seconds, 3240, 3600);
		least_s = seconds < least_s ? seconds : least_s;
		most_s = seconds > most_s ? seconds : most_s;
	}
	assert_true(most_s - least_s > 180);
	/* Short ones stay as they are. */
	assert_int_equal(granted_s(rig, "Event: dialog\nExpires: 600\n"), 600);
	assert_int_equal(granted_s(rig, "Event: dialog\nExpires: 60\n"), 60);
}

static void the_end_says_why_and_when_to_come_again(void **state)
{
	static const struct {
		const char *reason;
		uint32_t retry_after_s;
		const char *said;
	} cases[] = {
		{ "deactivated", 0, "terminated;reason=deactivated" },
		{ "noresource", 0, "terminated;reason=noresource" },
		{ "probation", 30, "terminated;reason=probation;retry-after=30" },
		{ "giveup", 0, "terminated;reason=giveup" },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(rig, "dialog");
		notifier_end_until(rig->notifier, cases[i].reason, cases[i].retry_after_s);
		assert_true(slice_eq(
			sip_msg_value(take_notify(rig, "terminated", true), HDR_SUBSCRIPTION_STATE),
			slice_from_cstr(cases[i].said)));
		fake_peer_answer(&rig->peer, 200, "", "", "");
		assert_int_equal(rig->ends, i + 1);
		forget(rig);
	}
}

/* --- Failures ----------------------------------------------------------------------------- */

/* The answers that end it at once, and those after which it goes on, with full state. */
static void what_an_answer_means(void **state)
{
	static const struct {
		unsigned status;
		const char *lines;
		bool is_end;
		uint64_t least_ms, most_ms; /* till the next NOTIFY */
	} cases[] = {
		{ 481, "", true, 0, 0 },
		{ 481, "Retry-After: 5\r\n", true, 0, 0 },
		{ 404, "", true, 0, 0 },
		{ 489, "", true, 0, 0 },
		{ 480, "", true, 0, 0 },
		{ 480, "Retry-After: 5\r\n", false, 5000, 5000 },
		{ 500, "", false, 2000, 4000 },
		{ 500, "Retry-After: 10\r\n", false, 10000, 10000 },
		{ 503, "", false, 2000, 4000 },
		{ 503, "Retry-After: 7 (busy)\r\n", false, 7000, 7000 },
		{ 503, "Retry-After: 86400\r\n", false, 300000, 300000 },
		{ 503, "Retry-After: later\r\n", false, 2000, 4000 },
		{ 408, "", false, 2000, 4000 },
		{ 401, "", false, 2000, 4000 },
		{ 302, "", false, 2000, 4000 },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(rig, "dialog");
		fake_peer_advance_ms(&rig->peer, 40000);
		change(rig);
		(void)take_notify(rig, "active", false);
		fake_peer_answer(&rig->peer, cases[i].status, "", cases[i].lines, "");
		assert_int_equal(rig->last_answer, cases[i].status);
		if (!cases[i].is_end) {
			uint64_t wait_ms = rig->notifier->due_at_ms - rig->peer.timers.now_ms;

			assert_in_range(wait_ms, cases[i].least_ms, cases[i].most_ms);
			expect_silence_ms(rig, wait_ms - 1);
			fake_peer_advance_ms(&rig->peer, 1);
			take_and_answer(rig, true);
			subscribe(rig, "Event: dialog\nExpires: 0\n");
			(void)fake_peer_take_response(&rig->peer, 200);
			(void)take_notify(rig, "terminated", true);
			fake_peer_answer(&rig->peer, 200, "", "", "");
		}
		assert_int_equal(rig->ends, i + 1);
		fake_peer_advance_ms(&rig->peer, 40000);
		assert_true(fake_peer_is_idle(&rig->peer));
		forget(rig);
	}
}

static void who_asked_for_time_has_it(void **state)
{
	struct rig *rig = *state;

	make(rig, "dialog");
	change(rig);
	(void)take_notify(rig, "active", false);
	fake_peer_answer(&rig->peer, 503, "", "Retry-After: 20\r\n", "");
	expect_silence_ms(rig, 10000);
	change(rig);
	expect_silence_ms(rig, 9999);
	fake_peer_advance_ms(&rig->peer, 1);
	(void)take_notify(rig, "active", true);
	fake_peer_answer(&rig->peer, 503, "", "Retry-After: 20\r\n", "");
	/* Unless it asks itself. */
	subscribe(rig, "Event: dialog\n");
	(void)fake_peer_take_response(&rig->peer, 200);
	take_and_answer(rig, true);
	change(rig);
	take_and_answer(rig, false);
}

/* Each NOTIFY is given up after 32 s; between two there are 2 to 32 s. */
static void silence_never_ends_it_before_its_time(void **state)
{
	struct rig *rig = *state;
	unsigned tries = 0;

	make(rig, "dialog");
	change(rig);
	while (rig->peer.timers.now_ms + 1000 < rig->notifier->expires_at_ms) {
		fake_peer_advance_ms(&rig->peer, 1000);
		while (!fake_peer_is_idle(&rig->peer))
			tries = fake_peer_take_request(&rig->peer, METHOD_NOTIFY)->cseq;
		assert_non_null(rig->notifier);
	}
	assert_in_range(tries, 9, 16);
	assert_true(rig->was_full);
	assert_int_equal(rig->last_answer, 408);
	fake_peer_advance_ms(&rig->peer, 40000);
	assert_int_equal(rig->ends, 1);
}

/* --- What nobody asked for ---------------------------------------------------------------- */

static int offer(struct rig *rig)
{
	const struct dialog_spec spec = { .call_id = SLICE("c"),
					  .local = SLICE("<sip:202@pbx.example.com>"),
					  .remote = SLICE("<sip:201@pbx.example.com>"),
					  .target = SLICE("sip:201@192.0.2.5:5060"),
					  .contact = SLICE("Contact: <sip:202@192.0.2.1:5060>\r\n"),
					  .flow = rig->peer.flow };

	return notifier_new(&rig->stack, &spec, SLICE("dialog"), rig->spec.gap_ms, &ops, rig,
			    &rig->notifier);
}

static void an_unasked_notify_is_outside_of_any_dialog(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;

	assert_int_equal(offer(rig), 0);
	notifier_repeat(rig->notifier);
	for (uint32_t cseq = 1; cseq <= 2; cseq++) {
		msg = take_notify(rig, "active", cseq == 1);
		assert_true(slice_eq(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), SLICE("active")));
		assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), SLICE("dialog")));
		assert_true(slice_eq(msg->call_id, SLICE("c")));
		assert_true(slice_eq(msg->from_tag, dialog_local_tag(&rig->notifier->dialog)));
		assert_int_equal(msg->to_tag.n, 0);
		assert_int_equal(msg->cseq, cseq);
		fake_peer_answer(&rig->peer, 200, "theirs", "", "");
		change(rig);
	}
	(void)take_notify(rig, "active", false);
	notifier_end(rig->notifier, "noresource");
	(void)take_notify(rig, "terminated;reason=noresource", true);
	fake_peer_answer(&rig->peer, 481, "", "", "");
	assert_int_equal(rig->ends, 1);
}

static void a_refusal_ends_what_nobody_asked_for(void **state)
{
	static const unsigned refusals[] = { 400, 403, 404, 405, 406, 480, 481, 489, 501 };
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		assert_int_equal(offer(rig), 0);
		notifier_repeat(rig->notifier);
		(void)take_notify(rig, "active", true);
		fake_peer_answer(&rig->peer, refusals[i], "", "", "");
		assert_int_equal(rig->ends, i + 1);
		assert_int_equal(rig->last_answer, refusals[i]);
		stack_on_turn_end(&rig->stack);
	}
	fake_peer_advance_ms(&rig->peer, 100000);
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void silence_does_not_end_what_nobody_asked_for(void **state)
{
	static const unsigned later[] = { 408, 491, 500, 503 };
	struct rig *rig = *state;

	assert_int_equal(offer(rig), 0);
	notifier_repeat(rig->notifier);
	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		(void)take_notify(rig, "active", true);
		fake_peer_answer(&rig->peer, later[i], "", "", "");
		fake_peer_advance_ms(&rig->peer, 32000);
	}
	(void)take_notify(rig, "active", true);
	assert_int_equal(rig->ends, 0);
}

static void what_is_dropped_says_nothing_more(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(offer(rig), 0);
	notifier_repeat(rig->notifier);
	(void)take_notify(rig, "active", true);
	notifier_drop(rig->notifier);
	rig->notifier = NULL;
	stack_on_turn_end(&rig->stack);
	fake_peer_advance_ms(&rig->peer, 100000);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->ends, 0);
	assert_int_equal(rig->stack.notifiers.held_count, 0);
}

static void an_offer_copes_with_refused_memory(void **state)
{
	struct rig *rig = *state;
	int err = ERR_NOMEM;

	for (uint64_t nth = 1; err == ERR_NOMEM; nth++) {
		mem_refuse_nth(nth);
		err = offer(rig);
		mem_refuse_nth(0);
		stack_on_turn_end(&rig->stack);
		assert_int_equal(rig->stack.notifiers.held_count, err ? 0 : 1);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(without_news_no_notify_goes_out),
		TEST(a_repetition_goes_out_without_news),
		TEST(after_a_subscribe_the_notify_is_full_and_waits_for_none),
		TEST(changes_within_the_gap_become_one),
		TEST(a_max_rate_is_kept_and_said),
		TEST(a_min_rate_tells_what_is_not_new),
		TEST(a_gap_of_ours_and_a_min_rate_go_together),
		TEST(an_event_is_told_by_package_and_id),
		TEST(a_broken_event_is_refused),
		TEST(an_unasked_notify_is_outside_of_any_dialog),
		TEST(a_refusal_ends_what_nobody_asked_for),
		TEST(silence_does_not_end_what_nobody_asked_for),
		TEST(what_is_dropped_says_nothing_more),
		TEST(an_offer_copes_with_refused_memory),
		TEST(refreshes_of_a_site_spread),
		TEST(the_end_says_why_and_when_to_come_again),
		TEST(what_an_answer_means),
		TEST(who_asked_for_time_has_it),
		TEST(silence_never_ends_it_before_its_time),
	};

	return cmocka_run_group_tests_name("notifier", tests, NULL, NULL);
}
