/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we accept (RFC 3515 2.4.2 to 2.4.6, RFC 6665 4.2, RFC 4488). Unlike a lamp this is
 * short-lived: a peer that is silent or has forgotten is not asked again.
 */
#include "core/refer.h"

#include "base/err.h"
#include "core/refer_dialog.h"
#include "core/retry.h"
#include "sip/refer_to.h"
#include "sip/sipfrag.h"

#define LINES_MAX_BYTES 1024
#define FAILURES_MAX 2 /* NOTIFYs that are tried again, in a row */
#define REFERS_PER_DIALOG_MAX 16

static void on_expiry(struct timer *timer);
static void on_retry(struct timer *timer);

static const unsigned state_next[] = {
	[REFER_ACTIVE] = 1 << REFER_ENDING | 1 << REFER_ENDED,
	[REFER_ENDING] = 1 << REFER_ENDED,
	[REFER_ENDED] = 0,
};

static void refer_set_state(struct refer *refer, enum refer_state state)
{
	CHECK(state_next[refer->state] & (1u << state));
	refer->state = state;
}

/* --- Life --------------------------------------------------------------------------------- */

static void refer_stop(struct refer *refer)
{
	timer_stop(refer->stack->timers, &refer->expiry);
	timer_stop(refer->stack->timers, &refer->retry);
	if (refer->dialog)
		refer_dialog_leave(refer->dialog, &refer->node);
}

void refer_on_free(void *object)
{
	struct refer *refer = object;

	refer_stop(refer);
	if (refer->account_release)
		refer->account_release(refer->account);
	if (refer->dialog)
		refer_dialog_release(refer->dialog);
}

static void refer_finish(struct refer *refer)
{
	refer_set_state(refer, REFER_ENDED);
	refer_stop(refer);
	pool_end(&refer->stack->refers, refer);
	if (refer->owner)
		refer->ops->on_end(refer);
}

struct refer *refer_find(struct stack *stack, struct handle handle)
{
	return pool_find(&stack->refers, handle);
}

void refer_let_go(struct refer *refer)
{
	refer->owner = NULL;
}

void refer_set_account(struct refer *refer, void *account, void (*release)(void *account))
{
	refer->account = account;
	refer->account_release = release;
}

/* --- NOTIFY ------------------------------------------------------------------------------- */

static void notify_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow);
static void notify_on_failed(struct txn_client *txn, struct handle owner, unsigned status);

static const struct txn_client_ops notify_ops = { notify_on_response, notify_on_failed };

static uint32_t refer_expires_s(const struct refer *refer)
{
	uint64_t now_ms = refer->stack->timers->now_ms;

	return refer->expires_at_ms > now_ms
		       ? (uint32_t)((refer->expires_at_ms - now_ms + 999) / 1000)
		       : 0;
}

static void print_lines(const struct refer *refer, struct buf *lines)
{
	buf_lit(lines, "Event: refer");
	if (!refer->is_first) {
		buf_lit(lines, ";id=");
		buf_u64(lines, refer->cseq);
	}
	buf_lit(lines, "\r\nSubscription-State: ");
	if (refer->end_reason) {
		buf_lit(lines, "terminated;reason=");
		buf_cstr(lines, refer->end_reason);
	} else {
		buf_lit(lines, "active;expires=");
		buf_u64(lines, refer_expires_s(refer));
	}
	buf_lit(lines, "\r\n");
}

/* Not now: what is the latest then is told later. It ends by a timer only, never under a caller. */
static void refer_suspend(struct refer *refer, uint64_t asked_ms)
{
	uint64_t wait_ms = 0;

	if (++refer->failures <= FAILURES_MAX) {
		wait_ms = retry_wait_ms(refer->stack, refer->failures);
		if (asked_ms > wait_ms)
			wait_ms = asked_ms < RETRY_MAX_MS ? asked_ms : RETRY_MAX_MS;
	}
	refer->is_due = true;
	timer_start(refer->stack->timers, &refer->retry, wait_ms, on_retry);
}

static void refer_notify(struct refer *refer)
{
	char lines_text[LINES_MAX_BYTES], body_text[LINES_MAX_BYTES];
	struct buf lines = BUF_ON(lines_text), body = BUF_ON(body_text);

	refer->is_due = false;
	refer->is_last_sent = refer->end_reason != NULL;
	print_lines(refer, &lines);
	sipfrag_print(&body, refer->status, refer->reason);
	if (dialog_request(refer_dialog_in(refer->dialog), refer->stack, METHOD_NOTIFY,
			   buf_text(&lines), SLICE(SIPFRAG_CONTENT_TYPE), buf_text(&body),
			   &notify_ops, refer->pooled.handle, &refer->pending))
		refer_suspend(refer, 0);
}

/* One NOTIFY at a time, and the last word does not wait for a second try of another. */
static void refer_try(struct refer *refer)
{
	refer->is_due = true;
	if (pool_find(&refer->stack->txn_clients, refer->pending))
		return;
	timer_stop(refer->stack->timers, &refer->retry);
	refer_notify(refer);
}

static void on_retry(struct timer *timer)
{
	struct refer *refer = CONTAINER_OF(timer, struct refer, retry);

	if (refer->failures > FAILURES_MAX)
		refer_finish(refer);
	else
		refer_notify(refer);
}

/* RFC 6665 4.2.2. Our 202 may still be on its way: the peer does not know the subscription yet. */
static bool answer_ends_it(const struct refer *refer, unsigned status)
{
	if (status == 481 && !refer->is_known && refer->failures == 0)
		return false;
	return status == 408 || dialog_status_ends_usage(status);
}

static void refer_on_answer(struct refer *refer, unsigned status, uint64_t asked_ms)
{
	refer->pending = HANDLE_NONE;
	if (status < 300) {
		refer->failures = 0;
		refer->is_known = true;
		if (refer->is_last_sent)
			refer_finish(refer);
		else if (refer->is_due)
			refer_notify(refer);
	} else if (answer_ends_it(refer, status)) {
		refer_finish(refer);
	} else {
		refer_suspend(refer, asked_ms);
	}
}

static struct refer *refer_of(const struct txn_client *txn, struct handle owner)
{
	struct refer *refer = refer_find(txn->stack, owner);

	return refer && handle_eq(refer->pending, txn->pooled.handle) ? refer : NULL;
}

static void notify_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow)
{
	struct refer *refer = refer_of(txn, owner);

	(void)flow;
	if (refer && response->status >= 200 &&
	    !refer_dialog_try_again(refer->dialog, txn, response, &notify_ops, refer->pooled.handle,
				    &refer->pending))
		refer_on_answer(refer, response->status,
				retry_after_ms(sip_msg_value(response, HDR_RETRY_AFTER)));
}

static void notify_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct refer *refer = refer_of(txn, owner);

	if (refer)
		refer_on_answer(refer, status, 0);
}

/* --- What is told ------------------------------------------------------------------------- */

static void refer_set_status(struct refer *refer, unsigned status, struct slice reason)
{
	struct buf text = BUF_ON(refer->reason_text);

	refer->status = status;
	buf_slice(&text, slice_head(reason, sizeof(refer->reason_text)));
	refer->reason = buf_text(&text);
}

/* The last NOTIFY, with the latest status. */
static void refer_terminate(struct refer *refer, const char *end_reason)
{
	refer_set_state(refer, REFER_ENDING);
	refer->end_reason = end_reason;
	timer_stop(refer->stack->timers, &refer->expiry);
	refer_try(refer);
}

void refer_tell(struct refer *refer, unsigned status, struct slice reason)
{
	if (refer->state != REFER_ACTIVE || (status < 200 && refer->is_silent))
		return;
	if (status < 200 && (status == 100 || status == refer->status))
		return;
	refer_set_status(refer, status, reason);
	if (status < 200)
		refer_try(refer);
	else if (refer->is_silent)
		refer_finish(refer);
	else
		refer_terminate(refer, "noresource");
}

static void on_expiry(struct timer *timer)
{
	struct refer *refer = CONTAINER_OF(timer, struct refer, expiry);

	if (refer->is_silent)
		refer_finish(refer);
	else
		refer_terminate(refer, "timeout");
}

static void refer_last(struct refer *refer, uint32_t expires_s)
{
	uint64_t whole_ms = (uint64_t)expires_s * 1000;

	refer->expires_at_ms = refer->stack->timers->now_ms + whole_ms;
	timer_start(refer->stack->timers, &refer->expiry, whole_ms, on_expiry);
}

/* --- REFER -------------------------------------------------------------------------------- */

static void refer_refuse(struct incoming *in, int err)
{
	if (err == ERR_SYNTAX)
		incoming_reply(in, &(struct answer){ .status = 400,
						     .reason = SLICE("Missing or bad Contact") });
	else if (err == ERR_STATE)
		incoming_reply_status(in, 491);
	else
		incoming_refuse_full(in);
}

static struct refer *refer_new(struct incoming *in, const struct refer_ops *ops)
{
	struct refer *refer = pool_new(&in->stack->refers);

	if (!refer)
		return NULL;
	refer->stack = in->stack;
	refer->ops = ops;
	refer->cseq = in->msg->cseq;
	refer->is_silent = sip_refer_sub_is_false(in->msg);
	list_init(&refer->node);
	return refer;
}

static void refer_join(struct refer *refer, struct refer_dialog *dialog)
{
	refer->dialog = dialog;
	refer->is_first = !dialog->has_accepted;
	dialog->has_accepted = true;
	refer_dialog_join(dialog, &dialog->refers, &refer->node);
}

/* 202 comes first, so that no phone is told of a REFER that it does not know accepted. */
static void refer_start(struct refer *refer, struct incoming *in, struct slice contact_line)
{
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	buf_slice(&lines, contact_line);
	if (refer->is_silent)
		buf_lit(&lines, "Refer-Sub: false\r\n");
	incoming_reply(in, &(struct answer){ .status = 202, .lines = buf_text(&lines) });
	refer_last(refer, REFER_EXPIRES_S);
	refer->status = 100;
	if (!refer->is_silent)
		refer_notify(refer);
}

/* Only an answered session has one dialog for good: until then forks come and go. */
static int refer_enter_session(struct refer *refer, struct session *session, struct incoming *in)
{
	struct refer_dialog *dialog;
	int err;

	if (session->state != SESSION_ANSWERED && session->state != SESSION_CONFIRMED)
		return ERR_STATE;
	err = dialog_refresh_target(&session->dialog, in->msg, &in->flow);
	if (err)
		return err;
	if (!in->txn && !txn_server_start(in, NULL, HANDLE_NONE))
		return ERR_NOMEM;
	if (refer->is_silent)
		return 0;
	dialog = refer_dialog_of(session);
	if (!dialog)
		return ERR_NOMEM;
	if (dialog->holders >= REFERS_PER_DIALOG_MAX)
		return ERR_LIMIT;
	refer_join(refer, dialog);
	return 0;
}

/* `err` is what has come of making it, and of finding its dialog; `refer` may be NULL then. */
static int refer_begin(struct refer *refer, int err, struct incoming *in, struct slice contact_line,
		       void *owner, struct refer **ret_refer)
{
	if (err) {
		refer_refuse(in, err);
		if (refer)
			refer_finish(refer);
		return err;
	}
	refer->owner = owner;
	refer_start(refer, in, contact_line);
	*ret_refer = refer;
	return 0;
}

int refer_accept(struct session *session, struct incoming *in, const struct refer_ops *ops,
		 void *owner, struct refer **ret_refer)
{
	struct refer *refer = refer_new(in, ops);
	int err = refer ? refer_enter_session(refer, session, in) : ERR_NOMEM;

	return refer_begin(refer, err, in, dialog_contact(&session->dialog), owner, ret_refer);
}

static int refer_enter_own(struct refer *refer, struct incoming *in, struct slice contact_line)
{
	struct refer_dialog *dialog;
	int err;

	if (!in->txn && !txn_server_start(in, NULL, HANDLE_NONE))
		return ERR_NOMEM;
	if (refer->is_silent)
		return 0;
	err = refer_dialog_new_uas(in, contact_line, &dialog);
	if (!err)
		refer_join(refer, dialog);
	return err;
}

int refer_take(struct incoming *in, struct slice contact_line, const struct refer_ops *ops,
	       void *owner, struct refer **ret_refer)
{
	struct refer *refer = refer_new(in, ops);
	int err = refer ? refer_enter_own(refer, in, contact_line) : ERR_NOMEM;

	return refer_begin(refer, err, in, contact_line, owner, ret_refer);
}

/* --- SUBSCRIBE: a refresh, or the end of it (RFC 3515 2.4.4) ------------------------------- */

static unsigned subscribe_check(struct refer *refer, const struct incoming *in,
				uint32_t *ret_expires_s)
{
	int err = sip_msg_seconds(in->msg, HDR_EXPIRES, ret_expires_s);

	if (err == ERR_NOTFOUND)
		*ret_expires_s = REFER_EXPIRES_S;
	else if (err)
		return 400;
	if (*ret_expires_s > REFER_EXPIRES_MAX_S)
		*ret_expires_s = REFER_EXPIRES_MAX_S;
	if (refer->state != REFER_ACTIVE)
		return 481;
	err = dialog_refresh_target(refer_dialog_in(refer->dialog), in->msg, &in->flow);
	if (err)
		return err == ERR_SYNTAX ? 400 : 503;
	return 0;
}

/* Each SUBSCRIBE is followed by a NOTIFY (RFC 6665 4.2.1.2). */
static void on_subscribe(struct refer *refer, struct incoming *in)
{
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	uint32_t expires_s;
	unsigned refusal = subscribe_check(refer, in, &expires_s);

	if (refusal) {
		incoming_reply_status(in, refusal);
		return;
	}
	buf_slice(&lines, dialog_contact(refer_dialog_in(refer->dialog)));
	sip_print_header_u32(&lines, HDR_EXPIRES, expires_s);
	incoming_reply(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
	if (expires_s == 0) {
		refer_terminate(refer, "timeout");
		return;
	}
	refer_last(refer, expires_s);
	refer_try(refer);
}

bool refer_on_subscribe(struct refer_dialog *dialog, struct incoming *in)
{
	LIST_FOR (refer, &dialog->refers, struct refer, node) {
		if (!refer_event_is_of(in->msg, refer->cseq, refer->is_first))
			continue;
		on_subscribe(refer, in);
		return true;
	}
	return false;
}
