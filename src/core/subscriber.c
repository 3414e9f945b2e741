/* SPDX-License-Identifier: MIT */
/*
 * Subscribers (RFC 6665 4.1). Each new subscription is a new dialog; whatever still comes for the
 * last one is answered 481 by the stack. A lost one is replaced at once when it was in order until
 * then, and later and later when it never lasts.
 */
#include "core/subscriber.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"

#define RAISES_MAX 2 /* 423 answered in one subscription */
#define EXPIRES_RAISED_MAX_S 86400
#define TIMER_N_MS (64 * T1_MS) /* RFC 6665 4.1.2.4 */
#define LASTING_MS 60000	/* a subscription that held so long was in order */
#define ROUNDING_MS 2000	/* notifiers count whole seconds, and a NOTIFY travels */

#define BIT(state) (1u << (state))
#define BITS_UP (BIT(SUBSCRIBER_PENDING) | BIT(SUBSCRIBER_ACTIVE))
#define BITS_END (BIT(SUBSCRIBER_IDLE) | BIT(SUBSCRIBER_STARTING))

static const unsigned state_next[] = {
	[SUBSCRIBER_IDLE] = BIT(SUBSCRIBER_STARTING) | BIT(SUBSCRIBER_WAITING),
	[SUBSCRIBER_STARTING] =
		BITS_UP | BITS_END | BIT(SUBSCRIBER_WAITING) | BIT(SUBSCRIBER_STOPPING),
	[SUBSCRIBER_PENDING] =
		BITS_UP | BITS_END | BIT(SUBSCRIBER_WAITING) | BIT(SUBSCRIBER_STOPPING),
	[SUBSCRIBER_ACTIVE] =
		BITS_UP | BITS_END | BIT(SUBSCRIBER_WAITING) | BIT(SUBSCRIBER_STOPPING),
	[SUBSCRIBER_WAITING] = BITS_END | BIT(SUBSCRIBER_WAITING),
	[SUBSCRIBER_STOPPING] = BITS_END | BIT(SUBSCRIBER_WAITING),
};

static void subscriber_set_state(struct subscriber *subscriber, enum subscriber_state state)
{
	CHECK(state_next[subscriber->state] & BIT(state));
	subscriber->state = state;
}

static bool subscriber_is_up(const struct subscriber *subscriber)
{
	return BITS_UP & BIT(subscriber->state);
}

/* --- Life --------------------------------------------------------------------------------- */

static void subscriber_let_go(struct subscriber *subscriber)
{
	timer_stop(subscriber->stack->timers, &subscriber->due);
	timer_stop(subscriber->stack->timers, &subscriber->limit);
	usage_stop(subscriber->stack, &subscriber->usage);
	subscriber->client = HANDLE_NONE;
	subscriber->is_refresh_due = false;
}

void subscriber_on_free(void *object)
{
	struct subscriber *subscriber = object;

	subscriber_let_go(subscriber);
	dialog_fini(&subscriber->dialog);
	mem_free((char *)subscriber->target.p);
}

int subscriber_new(struct stack *stack, const struct subscriber_spec *spec,
		   const struct subscriber_ops *ops, void *owner,
		   struct subscriber **ret_subscriber)
{
	struct subscriber *subscriber = pool_new(&stack->subscribers);
	int err;

	if (!subscriber)
		return ERR_NOMEM;
	subscriber->stack = stack;
	subscriber->ops = ops;
	subscriber->owner = owner;
	subscriber->flow = spec->dialog.flow;
	subscriber->event = spec->event;
	subscriber->accept = spec->accept;
	subscriber->lines = spec->lines;
	subscriber->account = spec->account;
	subscriber->expires_s = spec->expires_s;
	err = dialog_init_uac(&subscriber->dialog, stack, &spec->dialog);
	if (!err)
		err = slice_keep(spec->dialog.target, &subscriber->target);
	if (err) {
		pool_end(&stack->subscribers, subscriber);
		return err;
	}
	*ret_subscriber = subscriber;
	return 0;
}

void subscriber_end(struct subscriber *subscriber)
{
	subscriber_let_go(subscriber);
	pool_end(&subscriber->stack->subscribers, subscriber);
}

static void subscriber_finish(struct subscriber *subscriber)
{
	subscriber_let_go(subscriber);
	if (subscriber->state != SUBSCRIBER_IDLE)
		subscriber_set_state(subscriber, SUBSCRIBER_IDLE);
	subscriber->ops->on_stopped(subscriber);
}

/* --- SUBSCRIBE ---------------------------------------------------------------------------- */

static const struct txn_client_ops subscribe_ops;
static const struct usage_ops usage_ops;

static int subscriber_ask(struct subscriber *subscriber, uint32_t expires_s)
{
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	subscriber->attempt = (struct auth_attempt){ 0 };
	subscriber->asked_s = expires_s;
	sip_print_header(&lines, HDR_EVENT, subscriber->event);
	sip_print_header(&lines, HDR_ACCEPT, subscriber->accept);
	sip_print_header_u32(&lines, HDR_EXPIRES, expires_s);
	buf_slice(&lines, subscriber->lines);
	if (subscriber->account)
		account_print(subscriber->account, subscriber->stack, SLICE("SUBSCRIBE"),
			      dialog_request_uri(&subscriber->dialog), &subscriber->attempt,
			      &lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	return dialog_request(&subscriber->dialog, subscriber->stack, METHOD_SUBSCRIBE,
			      buf_text(&lines), SLICE_NONE, SLICE_NONE, &subscribe_ops,
			      subscriber->pooled.handle, &subscriber->client);
}

/* A new dialog in place of the last one. */
static int subscriber_renew(struct subscriber *subscriber)
{
	struct stack *stack = subscriber->stack;
	const struct dialog *last = &subscriber->dialog;
	struct dialog fresh;
	int err;

	err = dialog_init_uac(&fresh, stack,
			      &(struct dialog_spec){ .local = dialog_local(last),
						     .remote = dialog_remote(last),
						     .target = subscriber->target,
						     .contact = dialog_contact(last),
						     .flow = subscriber->flow });
	if (err)
		return err;
	subscriber_let_go(subscriber);
	dialog_fini(&subscriber->dialog);
	subscriber->dialog = fresh;
	return usage_start(stack, &subscriber->usage, &usage_ops,
			   dialog_local_tag(&subscriber->dialog));
}

static int subscriber_launch(struct subscriber *subscriber)
{
	int err = subscriber_renew(subscriber);

	if (!err)
		err = subscriber_ask(subscriber, subscriber->expires_s);
	if (err)
		return err;
	if (subscriber->state != SUBSCRIBER_STARTING)
		subscriber_set_state(subscriber, SUBSCRIBER_STARTING);
	subscriber->started_at_ms = subscriber->stack->timers->now_ms;
	subscriber->expires_at_ms = 0;
	subscriber->raises = 0;
	subscriber->refusals = 0;
	return 0;
}

/* --- Losing it ---------------------------------------------------------------------------- */

/* What is done after a subscription has ended against our will (RFC 6665 4.1.3). */
enum afterwards { AFTER_AT_ONCE, AFTER_A_WHILE, AFTER_NEVER };

static void on_restart(struct timer *timer);

static void subscriber_lose(struct subscriber *subscriber, enum afterwards afterwards,
			    unsigned status, struct slice reason, uint64_t retry_after)
{
	struct timers *timers = subscriber->stack->timers;
	uint64_t wait_ms;

	if (subscriber_is_up(subscriber) &&
	    timers->now_ms - subscriber->started_at_ms >= LASTING_MS)
		subscriber->failures = 0;
	subscriber->failures++;
	if (afterwards == AFTER_AT_ONCE && subscriber->failures == 1 &&
	    subscriber_launch(subscriber) == 0)
		return;
	subscriber_let_go(subscriber);
	if (afterwards == AFTER_NEVER) {
		subscriber_set_state(subscriber, SUBSCRIBER_IDLE);
	} else {
		wait_ms = retry_wait_ms(subscriber->stack, subscriber->failures);
		subscriber_set_state(subscriber, SUBSCRIBER_WAITING);
		timer_start(timers, &subscriber->due, retry_after > wait_ms ? retry_after : wait_ms,
			    on_restart);
	}
	subscriber->ops->on_lost(subscriber, status, reason);
}

static void on_restart(struct timer *timer)
{
	struct subscriber *subscriber = CONTAINER_OF(timer, struct subscriber, due);

	if (subscriber_launch(subscriber))
		subscriber_lose(subscriber, AFTER_A_WHILE, 503, SLICE_NONE, 0);
}

/* No NOTIFY came, or no refresh got through in time. */
static void on_limit(struct timer *timer)
{
	struct subscriber *subscriber = CONTAINER_OF(timer, struct subscriber, limit);

	if (subscriber->state == SUBSCRIBER_STOPPING)
		subscriber_finish(subscriber);
	else
		subscriber_lose(subscriber,
				subscriber_is_up(subscriber) ? AFTER_AT_ONCE : AFTER_A_WHILE, 408,
				SLICE_NONE, 0);
}

/* --- Keeping it --------------------------------------------------------------------------- */

static void subscriber_refuse(struct subscriber *subscriber, unsigned status,
			      const struct sip_msg *response);

static void on_refresh(struct timer *timer)
{
	subscriber_refresh(CONTAINER_OF(timer, struct subscriber, due));
}

void subscriber_refresh(struct subscriber *subscriber)
{
	if (!subscriber_is_up(subscriber))
		return;
	if (pool_find(&subscriber->stack->txn_clients, subscriber->client)) {
		subscriber->is_refresh_due = true;
		return;
	}
	subscriber->is_refresh_due = false;
	timer_stop(subscriber->stack->timers, &subscriber->due);
	if (subscriber_ask(subscriber, subscriber->expires_s))
		subscriber_refuse(subscriber, 503, NULL);
}

void subscriber_on_connection_lost(struct subscriber *subscriber, struct handle conn)
{
	if (handle_eq(subscriber->dialog.flow.conn, conn))
		subscriber->dialog.flow = subscriber->flow;
}

/* It lasts so long from now on. */
static void subscriber_set_time(struct subscriber *subscriber, uint32_t expires_s)
{
	struct stack *stack = subscriber->stack;
	uint64_t whole_ms = (uint64_t)expires_s * 1000;

	subscriber->expires_at_ms = stack->timers->now_ms + whole_ms;
	timer_start(stack->timers, &subscriber->due, refresh_wait_ms(stack, expires_s), on_refresh);
	timer_start(stack->timers, &subscriber->limit, whole_ms, on_limit);
}

/* --- Answers to SUBSCRIBE ----------------------------------------------------------------- */

static bool subscriber_try_again(struct subscriber *subscriber, struct txn_client *txn,
				 const struct sip_msg *response)
{
	char text[2048];
	struct buf line = BUF_ON(text);

	if ((response->status != 401 && response->status != 407) || !subscriber->account ||
	    account_answer(subscriber->account, subscriber->stack, response,
			   dialog_request_uri(&subscriber->dialog), &subscriber->attempt, &line))
		return false;
	if (txn_client_start_again(txn, subscriber->dialog.local_cseq + 1, buf_text(&line),
				   &subscribe_ops, subscriber->pooled.handle, &subscriber->client))
		return false;
	subscriber->dialog.local_cseq++;
	return true;
}

/* Min-Expires of a 423 taken over (RFC 6665 4.1.2.1). */
static bool subscriber_raise(struct subscriber *subscriber, const struct sip_msg *response)
{
	uint32_t min_s;

	if (response->status != 423 || subscriber->raises >= RAISES_MAX ||
	    sip_msg_seconds(response, HDR_MIN_EXPIRES, &min_s) || min_s <= subscriber->expires_s ||
	    min_s > EXPIRES_RAISED_MAX_S)
		return false;
	subscriber->raises++;
	subscriber->expires_s = min_s;
	return subscriber_ask(subscriber, min_s) == 0;
}

/*
 * A refused refresh leaves the subscription as it is for the rest of its time, unless the answer
 * says that there is none (RFC 6665 4.1.2.2).
 */
static void subscriber_refuse(struct subscriber *subscriber, unsigned status,
			      const struct sip_msg *response)
{
	uint64_t retry_after =
		response ? retry_after_ms(sip_msg_value(response, HDR_RETRY_AFTER)) : 0;
	uint64_t wait_ms;

	if (!subscriber_is_up(subscriber)) {
		subscriber_lose(subscriber, AFTER_A_WHILE, status, SLICE_NONE, retry_after);
	} else if (dialog_status_ends_usage(status)) {
		subscriber_lose(subscriber, AFTER_AT_ONCE, status, SLICE_NONE, 0);
	} else {
		wait_ms = retry_wait_ms(subscriber->stack, ++subscriber->refusals);
		timer_start(subscriber->stack->timers, &subscriber->due,
			    retry_after > wait_ms ? retry_after : wait_ms, on_refresh);
	}
}

static void subscriber_unsubscribe(struct subscriber *subscriber)
{
	timer_stop(subscriber->stack->timers, &subscriber->due);
	timer_stop(subscriber->stack->timers, &subscriber->limit);
	if (subscriber_ask(subscriber, 0))
		subscriber_finish(subscriber);
}

/* While we are stopping: only a subscription that stands needs to be ended. */
static void subscriber_stop_on_final(struct subscriber *subscriber, bool is_2xx)
{
	if (!is_2xx)
		subscriber_finish(subscriber);
	else if (subscriber->asked_s > 0)
		subscriber_unsubscribe(subscriber);
	else
		timer_start(subscriber->stack->timers, &subscriber->limit, TIMER_N_MS, on_limit);
}

static void subscriber_accepted(struct subscriber *subscriber, const struct sip_msg *response)
{
	uint32_t expires_s;

	if (sip_msg_seconds(response, HDR_EXPIRES, &expires_s))
		expires_s = subscriber->asked_s;
	if (expires_s == 0) {
		subscriber_lose(subscriber, AFTER_A_WHILE, 0, SLICE_NONE, 0);
		return;
	}
	subscriber->refusals = 0;
	subscriber_set_time(subscriber, expires_s);
	if (subscriber->state == SUBSCRIBER_STARTING)
		timer_start(subscriber->stack->timers, &subscriber->limit, TIMER_N_MS, on_limit);
	else if (subscriber->is_refresh_due)
		timer_start(subscriber->stack->timers, &subscriber->due, 0, on_refresh);
}

static void subscriber_on_2xx(struct subscriber *subscriber, const struct sip_msg *response,
			      const struct flow *flow)
{
	struct dialog *dialog = &subscriber->dialog;
	int err;

	/* The NOTIFY may have made the dialog already; another fork's tag changes nothing then. */
	if (slice_is_empty(dialog_remote_tag(dialog)))
		err = dialog_on_response(dialog, subscriber->stack, response, flow);
	else if (slice_eq(dialog_remote_tag(dialog), response->to_tag))
		err = dialog_refresh_target(dialog, response, flow);
	else
		err = 0;
	if (subscriber->state == SUBSCRIBER_STOPPING)
		subscriber_stop_on_final(subscriber, true);
	else if (err)
		subscriber_lose(subscriber, AFTER_A_WHILE, 500, SLICE_NONE, 0);
	else
		subscriber_accepted(subscriber, response);
}

static void subscriber_on_refusal(struct subscriber *subscriber, unsigned status,
				  const struct sip_msg *response)
{
	if (subscriber->state == SUBSCRIBER_STOPPING)
		subscriber_stop_on_final(subscriber, false);
	else if (!response || !subscriber_raise(subscriber, response))
		subscriber_refuse(subscriber, status, response);
}

/* The subscriber if this is its SUBSCRIBE, not one of a dialog that was given up. */
static struct subscriber *subscriber_of(const struct txn_client *txn, struct handle owner)
{
	struct subscriber *subscriber = pool_find(&txn->stack->subscribers, owner);

	if (!subscriber || !handle_eq(subscriber->client, txn->pooled.handle))
		return NULL;
	return subscriber;
}

static void subscribe_on_response(struct txn_client *txn, struct handle owner,
				  const struct sip_msg *response, const struct flow *flow)
{
	struct subscriber *subscriber = subscriber_of(txn, owner);

	if (!subscriber || response->status < 200)
		return;
	if (subscriber_try_again(subscriber, txn, response))
		return;
	subscriber->client = HANDLE_NONE;
	if (response->status < 300)
		subscriber_on_2xx(subscriber, response, flow);
	else
		subscriber_on_refusal(subscriber, response->status, response);
}

static void subscribe_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct subscriber *subscriber = pool_find(&txn->stack->subscribers, owner);

	/* The transaction has ended, so its handle is stale: compare it all the same. */
	if (!subscriber || !handle_eq(subscriber->client, txn->pooled.handle))
		return;
	subscriber->client = HANDLE_NONE;
	subscriber_on_refusal(subscriber, status, NULL);
}

static const struct txn_client_ops subscribe_ops = { subscribe_on_response, subscribe_on_failed };

/* --- NOTIFY (RFC 6665 4.1.3) -------------------------------------------------------------- */

static void reply_line(struct incoming *in, unsigned status, struct slice reason, struct slice line)
{
	incoming_reply(in, &(struct answer){ .status = status, .reason = reason, .lines = line });
}

static bool media_type_is_one(struct slice value, struct slice types)
{
	struct slice token, params, type;

	sip_token_params(value, &token, &params);
	while (types.n > 0) {
		slice_cut(types, ',', &type, &types);
		if (slice_eq_nocase(token, slice_trim(type)))
			return true;
	}
	return false;
}

/* True when the NOTIFY can be used; else it has been answered. */
static bool notify_check(struct subscriber *subscriber, struct incoming *in)
{
	const struct sip_msg *msg = in->msg;
	struct slice event, params;
	char text[256];
	struct buf accept = BUF_ON(text);

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &event, &params);
	if (!slice_eq_nocase(event, subscriber->event)) {
		incoming_reply_status(in, 489);
		return false;
	}
	if (slice_is_empty(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE))) {
		reply_line(in, 400, SLICE("Missing Subscription-State"), SLICE_NONE);
		return false;
	}
	if (!slice_is_empty(msg->body) &&
	    !media_type_is_one(sip_msg_value(msg, HDR_CONTENT_TYPE), subscriber->accept)) {
		sip_print_header(&accept, HDR_ACCEPT, subscriber->accept);
		reply_line(in, 415, SLICE_NONE, buf_text(&accept));
		return false;
	}
	return true;
}

/* The dialog is made by it, or its target refreshed. */
static bool notify_enter_dialog(struct subscriber *subscriber, struct incoming *in)
{
	struct dialog *dialog = &subscriber->dialog;
	int err;

	if (slice_is_empty(dialog_remote_tag(dialog)))
		err = dialog_on_first_notify(dialog, in);
	else
		err = dialog_refresh_target(dialog, in->msg, &in->flow);
	if (err == ERR_SYNTAX)
		reply_line(in, 400, SLICE("Bad Contact or Record-Route"), SLICE_NONE);
	else if (err)
		reply_line(in, 503, SLICE_NONE, SLICE("Retry-After: 5\r\n"));
	return err == 0;
}

static enum afterwards afterwards_of(struct slice reason)
{
	static const struct {
		struct slice reason;
		enum afterwards afterwards;
	} rows[] = {
		{ SLICE_INIT("deactivated"), AFTER_AT_ONCE },
		{ SLICE_INIT("timeout"), AFTER_AT_ONCE },
		{ SLICE_INIT("probation"), AFTER_A_WHILE },
		{ SLICE_INIT("giveup"), AFTER_A_WHILE },
		{ SLICE_INIT("rejected"), AFTER_NEVER },
		{ SLICE_INIT("noresource"), AFTER_NEVER },
		{ SLICE_INIT("invariant"), AFTER_NEVER },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(reason, rows[i].reason))
			return rows[i].afterwards;
	return AFTER_A_WHILE;
}

static void subscriber_on_terminated(struct subscriber *subscriber, struct slice params)
{
	struct slice reason = SLICE_NONE, value = SLICE_NONE;
	enum afterwards afterwards;

	(void)sip_param(params, SLICE("reason"), &reason);
	(void)sip_param(params, SLICE("retry-after"), &value);
	afterwards = afterwards_of(reason);
	subscriber_lose(subscriber, afterwards, 0, reason,
			afterwards == AFTER_A_WHILE ? retry_after_ms(value) : 0);
}

/* The notifier's own count is the authority when it is shorter (RFC 6665 4.1.3). */
static void subscriber_on_expires(struct subscriber *subscriber, struct slice params)
{
	uint64_t now_ms = subscriber->stack->timers->now_ms;
	struct slice value;
	uint32_t expires_s;

	if (sip_param(params, SLICE("expires"), &value) &&
	    slice_to_u32(value, SIP_EXPIRES_MAX, &expires_s) == 0 && expires_s > 0 &&
	    now_ms + (uint64_t)expires_s * 1000 + ROUNDING_MS < subscriber->expires_at_ms)
		subscriber_set_time(subscriber, expires_s);
}

/* It stands: from the first NOTIFY on `limit` is the end of its time. */
static void subscriber_on_stands(struct subscriber *subscriber, struct slice state)
{
	struct timers *timers = subscriber->stack->timers;
	bool is_first = subscriber->state == SUBSCRIBER_STARTING;

	subscriber_set_state(subscriber, slice_eq_nocase(state, SLICE("pending"))
						 ? SUBSCRIBER_PENDING
						 : SUBSCRIBER_ACTIVE);
	if (!is_first)
		return;
	if (subscriber->expires_at_ms > timers->now_ms)
		timer_start(timers, &subscriber->limit, subscriber->expires_at_ms - timers->now_ms,
			    on_limit);
	else
		subscriber_set_time(subscriber, subscriber->asked_s);
}

/* True while the handler that was called has left the subscription as it was. */
static bool subscriber_is_same(struct stack *stack, struct handle handle,
			       enum subscriber_state state)
{
	const struct subscriber *subscriber = pool_find(&stack->subscribers, handle);

	return subscriber && subscriber->state == state;
}

static void subscriber_on_state(struct subscriber *subscriber, const struct sip_msg *msg)
{
	struct handle handle = subscriber->pooled.handle;
	struct stack *stack = subscriber->stack;
	bool is_first = subscriber->state == SUBSCRIBER_STARTING;
	struct slice value, params;
	bool is_terminated;

	sip_token_params(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), &value, &params);
	is_terminated = slice_eq_nocase(value, SLICE("terminated"));
	if (is_first) {
		subscriber->ops->on_new(subscriber);
		if (!subscriber_is_same(stack, handle, SUBSCRIBER_STARTING))
			return;
	}
	if (!is_terminated) {
		subscriber_on_stands(subscriber, value);
		subscriber_on_expires(subscriber, params);
	}
	if (!slice_is_empty(msg->body) || (is_first && subscriber->state == SUBSCRIBER_ACTIVE)) {
		enum subscriber_state state = subscriber->state;

		subscriber->ops->on_notify(subscriber, msg);
		if (!subscriber_is_same(stack, handle, state))
			return;
	}
	if (is_terminated)
		subscriber_on_terminated(subscriber, params);
}

static void subscriber_on_notify(struct subscriber *subscriber, struct incoming *in)
{
	struct slice value, params;

	if (!notify_check(subscriber, in) || !notify_enter_dialog(subscriber, in))
		return;
	incoming_reply_status(in, 200);
	if (subscriber->state != SUBSCRIBER_STOPPING) {
		subscriber_on_state(subscriber, in->msg);
		return;
	}
	sip_token_params(sip_msg_value(in->msg, HDR_SUBSCRIPTION_STATE), &value, &params);
	if (slice_eq_nocase(value, SLICE("terminated")))
		subscriber_finish(subscriber);
}

static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct subscriber *subscriber = CONTAINER_OF(usage, struct subscriber, usage);
	unsigned refusal = dialog_check_request(&subscriber->dialog, in->msg);

	if (in->msg->method == METHOD_ACK)
		return;
	if (refusal)
		incoming_reply_status(in, refusal);
	else if (in->msg->method != METHOD_NOTIFY)
		reply_line(in, 405, SLICE_NONE, SLICE("Allow: NOTIFY\r\n"));
	else
		subscriber_on_notify(subscriber, in);
}

static struct slice usage_call_id(const struct usage *usage)
{
	return dialog_call_id(&CONTAINER_OF(usage, const struct subscriber, usage)->dialog);
}

static const struct usage_ops usage_ops = { usage_on_request, usage_call_id };

/* --- Starting and stopping ---------------------------------------------------------------- */

void subscriber_start(struct subscriber *subscriber)
{
	if (subscriber->state == SUBSCRIBER_STARTING || subscriber_is_up(subscriber))
		return;
	subscriber->failures = 0;
	if (subscriber_launch(subscriber))
		subscriber_lose(subscriber, AFTER_A_WHILE, 503, SLICE_NONE, 0);
}

void subscriber_stop(struct subscriber *subscriber)
{
	bool is_asking = pool_find(&subscriber->stack->txn_clients, subscriber->client) != NULL;

	switch (subscriber->state) {
	case SUBSCRIBER_IDLE:
	case SUBSCRIBER_WAITING:
		subscriber_finish(subscriber);
		break;
	case SUBSCRIBER_STARTING:
	case SUBSCRIBER_PENDING:
	case SUBSCRIBER_ACTIVE:
		subscriber_set_state(subscriber, SUBSCRIBER_STOPPING);
		timer_stop(subscriber->stack->timers, &subscriber->due);
		timer_stop(subscriber->stack->timers, &subscriber->limit);
		/* What is under way is waited for, so that its answer tells what there is to end.
		 */
		if (!is_asking)
			subscriber_unsubscribe(subscriber);
		break;
	case SUBSCRIBER_STOPPING:
		break;
	}
}
