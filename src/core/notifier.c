/* SPDX-License-Identifier: MIT */
/*
 * Notifiers (RFC 6665 4.2). A lost answer does not end a subscription: the phone is asked again
 * with full state, until the subscription's own time is over. Only answers that say "there is no
 * such subscription" end it at once (RFC 5057 5.1).
 */
#include "core/notifier.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"
#include "core/session.h"
#include "sip/lex.h"

#define RETRY_DOUBLINGS_MAX 4 /* 16 to 32 s: a phone that comes back is not dark for long */
#define EVENT_MAX_BYTES 256   /* it is repeated in every NOTIFY */

static void on_time(struct timer *timer);

static void notifier_finish(struct notifier *notifier)
{
	struct stack *stack = notifier->stack;

	if (notifier->state == NOTIFIER_ENDED)
		return;
	notifier->state = NOTIFIER_ENDED;
	timer_stop(stack->timers, &notifier->timer);
	usage_stop(stack, &notifier->usage);
	notifier_leave_twins(notifier);
	pool_end(&stack->notifiers, notifier);
	if (notifier->owner)
		notifier->ops->on_end(notifier);
}

void notifier_on_free(void *object)
{
	struct notifier *notifier = object;

	timer_stop(notifier->stack->timers, &notifier->timer);
	usage_stop(notifier->stack, &notifier->usage);
	notifier_leave_twins(notifier);
	dialog_fini(&notifier->dialog);
	mem_free(notifier->rates);
	if (notifier->is_event_own)
		mem_free((char *)notifier->event);
}

uint32_t notifier_expires_s(const struct notifier *notifier)
{
	uint64_t now_ms = notifier->stack->timers->now_ms;

	if (notifier->expires_at_ms <= now_ms)
		return 0;
	return (uint32_t)((notifier->expires_at_ms - now_ms + 999) / 1000);
}

/* --- Time --------------------------------------------------------------------------------- */

/* Where it runs early already it is left: on_time() looks again. */
static void notifier_set_timer(struct notifier *notifier)
{
	struct timers *timers = notifier->stack->timers;
	uint64_t at_ms = notifier->due_at_ms > 0 ? notifier->due_at_ms : TIMER_NEVER;

	if (notifier->state == NOTIFIER_ACTIVE && !notifier->is_unasked &&
	    notifier->expires_at_ms < at_ms)
		at_ms = notifier->expires_at_ms;
	if (at_ms == TIMER_NEVER || (notifier->timer.is_running && notifier->timer.at_ms <= at_ms))
		return;
	timer_start(timers, &notifier->timer, at_ms > timers->now_ms ? at_ms - timers->now_ms : 0,
		    on_time);
}

/* --- NOTIFY ------------------------------------------------------------------------------- */

bool notifier_is_pending(const struct notifier *notifier)
{
	return pool_find(&notifier->stack->txn_clients, notifier->pending) != NULL;
}

static void notifier_look_in(struct notifier *notifier, uint64_t after_ms)
{
	notifier->due_at_ms = notifier->stack->timers->now_ms + after_ms;
	notifier_set_timer(notifier);
}

/* When nothing changes for long, the same once more (RFC 6446 6 and 7). */
static void notifier_look_later(struct notifier *notifier)
{
	uint64_t now_ms = notifier->stack->timers->now_ms;
	uint64_t age_ms = now_ms - notifier->sent_at_ms;
	uint64_t idle_ms = notify_rates_idle_ms(notifier->rates, now_ms);

	if (idle_ms != UINT64_MAX)
		notifier_look_in(notifier, idle_ms > age_ms ? idle_ms - age_ms : 0);
}

static void notifier_due(struct notifier *notifier)
{
	notifier->is_due = false;
	notifier->ops->on_due(notifier);
	/* The owner declined. */
	if (notifier->state == NOTIFIER_ACTIVE && notifier->due_at_ms == 0 &&
	    !notifier_is_pending(notifier))
		notifier_look_later(notifier);
}

/* One NOTIFY at a time, and none before its time. */
static void notifier_try(struct notifier *notifier)
{
	uint64_t now_ms = notifier->stack->timers->now_ms;

	if (notifier_is_pending(notifier))
		return;
	if (notifier->earliest_ms > now_ms)
		notifier_look_in(notifier, notifier->earliest_ms - now_ms);
	else
		notifier_due(notifier);
}

void notifier_change(struct notifier *notifier)
{
	if (notifier->state != NOTIFIER_ACTIVE)
		return;
	notifier->is_due = true;
	notifier_try(notifier);
}

void notifier_go_on(struct notifier *notifier)
{
	/* What could not be sent comes again, with all of it. */
	if (notifier->state != NOTIFIER_ACTIVE || !notifier_is_pending(notifier))
		return;
	notifier->is_due = true;
	notifier->earliest_ms = notifier->sent_at_ms + notify_rates_gap_ms(notifier->rates, 0);
}

void notifier_set_gap(struct notifier *notifier, uint32_t gap_ms)
{
	notifier->gap_ms = gap_ms;
}

void notifier_repeat(struct notifier *notifier)
{
	notifier->must_send = true;
	notifier_change(notifier);
}

/*
 * What goes out now, whatever is unanswered: it says all that the pending NOTIFY says and more, so
 * that one is sent no more and its answer does not matter. CSeq keeps the two in order.
 */
static void notifier_force(struct notifier *notifier)
{
	struct txn_client *pending = pool_find(&notifier->stack->txn_clients, notifier->pending);

	if (pending)
		txn_client_end(pending);
	notifier->pending = HANDLE_NONE;
	notifier->must_send = true;
	notifier_due(notifier);
}

/* The same again, with full state, after a while; what changes until then is told at once. */
static void notifier_retry_in(struct notifier *notifier, uint64_t after_ms)
{
	notifier->must_send = true;
	notifier->is_due = true;
	notifier_look_in(notifier, after_ms);
}

static void notifier_suspend(struct notifier *notifier)
{
	if (notifier->failures < RETRY_DOUBLINGS_MAX)
		notifier->failures++;
	notifier_retry_in(notifier, retry_wait_ms(notifier->stack, notifier->failures));
}

/* The peer asked for time; an hour would outlast many a subscription, and the use of any lamp. */
static void notifier_wait(struct notifier *notifier, uint64_t asked_ms)
{
	uint64_t wait_ms = asked_ms < RETRY_MAX_MS ? asked_ms : RETRY_MAX_MS;

	notifier->earliest_ms = notifier->stack->timers->now_ms + wait_ms;
	notifier_retry_in(notifier, wait_ms);
}

/* Whoever has not asked may say no in any words, but for "too late" and "not now". */
static bool status_is_refusal(unsigned status)
{
	return status >= 400 && status < 500 && status != 408 && status != 491;
}

static void notifier_on_failure(struct notifier *notifier, unsigned status, uint64_t asked_ms)
{
	uint64_t age_ms = notifier->stack->timers->now_ms - notifier->accepted_at_ms;
	bool is_waiting = asked_ms > 0 && (status == 480 || status >= 500);

	/* Our 200 may still be on its way: the phone does not know the subscription yet. */
	if (notifier->is_doubted)
		notifier_finish(notifier);
	else if (status == 481 && age_ms < 64 * T1_MS && !notifier->is_unasked)
		notifier_retry_in(notifier, T1_MS + age_ms);
	else if (is_waiting)
		notifier_wait(notifier, asked_ms);
	else if (dialog_status_ends_usage(status) ||
		 (notifier->is_unasked && status_is_refusal(status)))
		notifier_finish(notifier);
	else
		notifier_suspend(notifier);
}

static void notifier_on_answer(struct notifier *notifier, unsigned status, uint64_t asked_ms)
{
	notifier->pending = HANDLE_NONE;
	notifier->last_status = (uint16_t)status;
	notifier->answered_at_ms = notifier->stack->timers->now_ms;
	if (notifier->ops->on_answered && notifier->owner)
		notifier->ops->on_answered(notifier, status);
	if (notifier->state == NOTIFIER_ENDING) {
		notifier_finish(notifier);
	} else if (status >= 300) {
		notifier_on_failure(notifier, status, asked_ms);
	} else {
		notifier->failures = 0;
		notifier->is_doubted = false;
		notifier_look_later(notifier);
		if (notifier->is_due)
			notifier_try(notifier);
	}
}

/* The notifier if this is its last NOTIFY, not one that another overtook. */
static struct notifier *notifier_of(const struct txn_client *txn, struct handle owner)
{
	struct notifier *notifier = pool_find(&txn->stack->notifiers, owner);

	return notifier && handle_eq(notifier->pending, txn->pooled.handle) ? notifier : NULL;
}

static void notify_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow)
{
	struct notifier *notifier = notifier_of(txn, owner);

	(void)flow;
	if (notifier && response->status >= 200)
		notifier_on_answer(notifier, response->status,
				   retry_after_ms(sip_msg_value(response, HDR_RETRY_AFTER)));
}

static void notify_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct notifier *notifier = notifier_of(txn, owner);

	if (notifier)
		notifier_on_answer(notifier, status, 0);
}

static const struct txn_client_ops notify_ops = { notify_on_response, notify_on_failed };

static void print_state(struct buf *buf, const struct notifier *notifier)
{
	buf_lit(buf, "Subscription-State: ");
	if (notifier->reason) {
		buf_lit(buf, "terminated;reason=");
		buf_cstr(buf, notifier->reason);
		if (notifier->retry_after_s > 0) {
			buf_lit(buf, ";retry-after=");
			buf_u64(buf, notifier->retry_after_s);
		}
	} else if (notifier->is_unasked) {
		buf_lit(buf, "active");
	} else {
		buf_lit(buf, "active;expires=");
		buf_u64(buf, notifier_expires_s(notifier));
		if (notifier->rates)
			notify_rates_print(notifier->rates, notifier->gap_ms, buf);
	}
	buf_lit(buf, "\r\n");
}

void notifier_send(struct notifier *notifier, struct slice content_type, struct slice body)
{
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	uint64_t now_ms = notifier->stack->timers->now_ms;

	sip_print_header(&lines, HDR_EVENT, notifier_event(notifier));
	print_state(&lines, notifier);
	buf_slice(&lines, notifier->ops->lines);
	notifier->due_at_ms = 0;
	notifier->must_send = false;
	notifier->sent_at_ms = now_ms;
	notifier->earliest_ms = now_ms + notify_rates_gap_ms(notifier->rates, notifier->gap_ms);
	notify_rates_count(notifier->rates, now_ms);
	if (!dialog_request(&notifier->dialog, notifier->stack, METHOD_NOTIFY, buf_text(&lines),
			    content_type, body, &notify_ops, notifier->pooled.handle,
			    &notifier->pending))
		return;
	if (notifier->state == NOTIFIER_ENDING)
		notifier_look_in(notifier, 0);
	else
		notifier_suspend(notifier);
}

static void on_next(struct notifier *notifier)
{
	/* The last NOTIFY could not even be sent: it ends without. */
	if (notifier->state == NOTIFIER_ENDING)
		notifier_finish(notifier);
	else if (notifier->is_due)
		notifier_try(notifier);
	else
		notifier_repeat(notifier);
}

static void on_time(struct timer *timer)
{
	struct notifier *notifier = CONTAINER_OF(timer, struct notifier, timer);
	uint64_t now_ms = notifier->stack->timers->now_ms;

	if (notifier->state == NOTIFIER_ACTIVE && !notifier->is_unasked &&
	    notifier->expires_at_ms <= now_ms) {
		notifier_end(notifier, "timeout");
	} else if (notifier->due_at_ms > 0 && notifier->due_at_ms <= now_ms) {
		notifier->due_at_ms = 0;
		on_next(notifier);
	}
	if (notifier->state != NOTIFIER_ENDED)
		notifier_set_timer(notifier);
}

/* --- The end ------------------------------------------------------------------------------ */

void notifier_end(struct notifier *notifier, const char *reason)
{
	notifier_end_until(notifier, reason, 0);
}

void notifier_end_until(struct notifier *notifier, const char *reason, uint32_t retry_after_s)
{
	if (notifier->state != NOTIFIER_ACTIVE)
		return;
	notifier->state = NOTIFIER_ENDING;
	notifier->reason = reason;
	notifier->retry_after_s = retry_after_s;
	notifier_force(notifier);
}

void notifier_doubt(struct notifier *notifier)
{
	notifier->is_doubted = true;
	notifier_repeat(notifier);
}

void notifier_forget(struct notifier *notifier)
{
	struct txn_client *pending = pool_find(&notifier->stack->txn_clients, notifier->pending);

	if (pending)
		txn_client_end(pending);
	notifier_finish(notifier);
}

void notifier_drop(struct notifier *notifier)
{
	notifier->owner = NULL;
	notifier_forget(notifier);
}

/* --- SUBSCRIBE ---------------------------------------------------------------------------- */

/* 0 and the seconds to grant at most, or the status that refuses. */
static unsigned grant(const struct notifier_ops *ops, const struct sip_msg *msg, uint32_t *ret_s)
{
	uint32_t asked_s;
	int err = sip_msg_seconds(msg, HDR_EXPIRES, &asked_s);

	if (err == ERR_NOTFOUND)
		asked_s = ops->expires_max_s;
	else if (err)
		return 400;
	if (asked_s > 0 && asked_s < ops->expires_min_s)
		return 423;
	*ret_s = asked_s < ops->expires_max_s ? asked_s : ops->expires_max_s;
	return 0;
}

static void subscribe_refuse(struct incoming *in, const struct notifier_ops *ops, unsigned status)
{
	char text[64];
	struct buf lines = BUF_ON(text);

	if (status == 423)
		sip_print_header_u32(&lines, HDR_MIN_EXPIRES, ops->expires_min_s);
	if (status == 503)
		incoming_refuse_full(in);
	else
		incoming_reply(in, &(struct answer){ .status = status, .lines = buf_text(&lines) });
}

static void subscribe_accept(struct notifier *notifier, struct incoming *in, uint32_t asked_s)
{
	uint32_t expires_s = grant_spread_s(notifier->stack, asked_s);
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	struct stack *stack = notifier->stack;

	notifier->accepted_at_ms = stack->timers->now_ms;
	notifier->expires_at_ms = stack->timers->now_ms + (uint64_t)expires_s * 1000;
	if (expires_s > 0)
		notifier_set_timer(notifier);
	buf_slice(&lines, dialog_contact(&notifier->dialog));
	sip_print_header_u32(&lines, HDR_EXPIRES, expires_s);
	buf_slice(&lines, notifier->ops->lines);
	incoming_reply(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
}

/* The package and id are what tells subscriptions apart (RFC 6665 8.2.1). */
static bool event_is_same(struct slice a, struct slice b)
{
	struct slice a_package, a_params, a_id = SLICE_NONE;
	struct slice b_package, b_params, b_id = SLICE_NONE;

	sip_token_params(a, &a_package, &a_params);
	sip_token_params(b, &b_package, &b_params);
	(void)sip_param(a_params, SLICE("id"), &a_id);
	(void)sip_param(b_params, SLICE("id"), &b_id);
	return slice_eq_nocase(a_package, b_package) && slice_eq(a_id, b_id);
}

static void set_event(struct notifier *notifier, struct slice event)
{
	notifier->event = event.p;
	notifier->event_n = (uint16_t)event.n;
}

/* As it goes back: with all parameters but those that go back elsewhere. */
static int event_keep(struct notifier *notifier, struct slice event, struct slice name)
{
	char text[EVENT_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct slice package, params, kept;
	struct lex_param param;
	int found, err;

	if (event.n > EVENT_MAX_BYTES)
		return ERR_SYNTAX;
	sip_token_params(event, &package, &params);
	buf_slice(&buf, package);
	while ((found = lex_param_next(&params, &param)) == 1) {
		if (notify_rate_is_name(param.name))
			continue;
		buf_char(&buf, ';');
		buf_slice(&buf, slice_of(param.name.p, (size_t)(params.p - param.name.p)));
	}
	if (found < 0)
		return ERR_SYNTAX;
	/* Most have no more to say than the name of the package, which stands somewhere already. */
	set_event(notifier, name);
	if (slice_eq(buf_text(&buf), name))
		return 0;
	err = slice_keep(buf_text(&buf), &kept);
	if (err)
		return err;
	set_event(notifier, kept);
	notifier->is_event_own = true;
	return 0;
}

/* Without memory it is as if nothing were asked for, and what goes back says so. */
static void event_read_rates(struct notifier *notifier, struct slice event)
{
	struct slice package, params;
	struct notify_rates asked = { 0 };

	sip_token_params(event, &package, &params);
	if (!notifier->rates && !notify_rates_read(&asked, params))
		return;
	if (!notifier->rates)
		notifier->rates = mem_alloc(sizeof(*notifier->rates));
	if (notifier->rates)
		(void)notify_rates_read(notifier->rates, params);
}

/* Of what flow_eq() compares: two that differ have the same by 1 in 2^64. */
static uint64_t flow_hash(const struct stack *stack, const struct flow *flow)
{
	char bytes[64];
	struct buf buf = BUF_ON(bytes);

	buf_char(&buf, (char)flow->transport);
	buf_char(&buf, (char)flow->listener);
	buf_slice(&buf, slice_of((const char *)&flow->name, sizeof(flow->name)));
	buf_slice(&buf, slice_of((const char *)&flow->conn, sizeof(flow->conn)));
	buf_slice(&buf, slice_of((const char *)flow->peer.ip, sizeof(flow->peer.ip)));
	buf_slice(&buf, slice_of((const char *)&flow->peer.port, sizeof(flow->peer.port)));
	buf_char(&buf, (char)flow->peer.family);
	return hash_bytes(stack->tag_secret, buf_text(&buf));
}

static void usage_on_request(struct usage *usage, struct incoming *in);

static struct slice usage_call_id(const struct usage *usage)
{
	return dialog_call_id(&CONTAINER_OF(usage, const struct notifier, usage)->dialog);
}

static const struct usage_ops usage_ops = { usage_on_request, usage_call_id };

static int notifier_init(struct notifier *notifier, struct incoming *in,
			 const struct notifier_spec *spec)
{
	int err = event_keep(notifier, sip_msg_value(in->msg, HDR_EVENT), spec->event);

	if (err)
		return err;
	if (!txn_server_start(in, NULL, HANDLE_NONE))
		return ERR_NOMEM;
	err = dialog_init_uas(&notifier->dialog, in, txn_server_to_tag(in->txn).p,
			      spec->contact_line);
	if (!err)
		err = usage_start(in->stack, &notifier->usage, &usage_ops,
				  dialog_local_tag(&notifier->dialog));
	return err;
}

int notifier_take(struct incoming *in, const struct notifier_spec *spec,
		  const struct notifier_ops *ops, void *owner, struct notifier **ret_notifier)
{
	struct notifier *notifier;
	uint32_t expires_s;
	unsigned refusal = grant(ops, in->msg, &expires_s);
	int err;

	if (refusal) {
		subscribe_refuse(in, ops, refusal);
		return ERR_DENIED;
	}
	notifier = pool_new(&in->stack->notifiers);
	if (!notifier) {
		incoming_refuse_full(in);
		return ERR_NOMEM;
	}
	notifier->stack = in->stack;
	notifier->peer = flow_hash(in->stack, &in->flow);
	notifier->ops = ops;
	notifier->gap_ms = spec->gap_ms;
	err = notifier_init(notifier, in, spec);
	if (err) {
		subscribe_refuse(in, ops, err == ERR_SYNTAX ? 400 : 503);
		notifier_finish(notifier);
		return err;
	}
	notifier->owner = owner;
	event_read_rates(notifier, sip_msg_value(in->msg, HDR_EVENT));
	subscribe_accept(notifier, in, expires_s);
	if (expires_s > 0)
		notifier_meet_twins(notifier);
	*ret_notifier = notifier;
	return 0;
}

int notifier_new(struct stack *stack, const struct dialog_spec *spec, struct slice event,
		 uint32_t gap_ms, const struct notifier_ops *ops, void *owner,
		 struct notifier **ret_notifier)
{
	struct notifier *notifier = pool_new(&stack->notifiers);
	int err;

	if (!notifier)
		return ERR_NOMEM;
	notifier->stack = stack;
	notifier->is_unasked = true;
	notifier->gap_ms = gap_ms;
	notifier->ops = ops;
	set_event(notifier, event);
	err = dialog_init_uac(&notifier->dialog, stack, spec);
	if (err) {
		notifier_drop(notifier);
		return err;
	}
	notifier->owner = owner;
	*ret_notifier = notifier;
	return 0;
}

void notifier_start(struct notifier *notifier)
{
	if (notifier_expires_s(notifier) == 0)
		notifier_end(notifier, "timeout");
	else
		notifier_force(notifier);
}

/* A refresh or, with Expires: 0, the end; each is followed by a NOTIFY (RFC 6665 4.2.1.2). */
static void notifier_on_subscribe(struct notifier *notifier, struct incoming *in)
{
	uint32_t expires_s;
	unsigned refusal = grant(notifier->ops, in->msg, &expires_s);
	int err = 0;

	if (!refusal && notifier->state != NOTIFIER_ACTIVE)
		refusal = 481;
	if (!refusal && !event_is_same(sip_msg_value(in->msg, HDR_EVENT), notifier_event(notifier)))
		refusal = 489;
	if (!refusal)
		err = dialog_refresh_target(&notifier->dialog, in->msg, &in->flow);
	if (err)
		refusal = err == ERR_NOMEM ? 503 : 400;
	if (refusal) {
		subscribe_refuse(in, notifier->ops, refusal);
		return;
	}
	if (notifier->ops->on_refresh && notifier->owner &&
	    !notifier->ops->on_refresh(notifier, in))
		return;
	notifier->is_doubted = false;
	event_read_rates(notifier, sip_msg_value(in->msg, HDR_EVENT));
	subscribe_accept(notifier, in, expires_s);
	notifier_start(notifier);
}

/* Somebody who speaks from elsewhere, or wants to act, proves to be the peer once more. */
static bool must_prove(const struct notifier *notifier, const struct incoming *in)
{
	return notifier->owner && (flow_hash(in->stack, &in->flow) != notifier->peer ||
				   !slice_is_empty(in->msg->body));
}

static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct notifier *notifier = CONTAINER_OF(usage, struct notifier, usage);
	unsigned refusal;

	/* It is for nothing here, and proves nothing. */
	if (in->msg->method == METHOD_ACK)
		return;
	if (must_prove(notifier, in) && !notifier->ops->is_peer(notifier, in))
		return;
	notifier->peer = flow_hash(in->stack, &in->flow);
	refusal = dialog_check_request(&notifier->dialog, in->msg);
	if (!refusal && in->msg->method != METHOD_SUBSCRIBE)
		refusal = 405;
	if (refusal == 405)
		incoming_reply(in, &(struct answer){ .status = 405,
						     .lines = SLICE_INIT("Allow: SUBSCRIBE\r\n") });
	else if (refusal)
		incoming_reply_status(in, refusal);
	else if (!session_refuse_required(in))
		notifier_on_subscribe(notifier, in);
}
