/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we send (RFC 3515 2.4.1, 2.4.4, RFC 6665 4.1).
 */
#include "core/referral.h"

#include "base/err.h"
#include "core/refer_dialog.h"
#include "sip/refer_to.h"
#include "sip/sipfrag.h"

#define LINES_MAX_BYTES 8192
#define CHALLENGES_MAX 2 /* answered for one REFER, SECURITY A7 */
#define EXPIRES_MAX_S 3600
#define ROUNDING_MS 2000 /* notifiers count whole seconds, and a NOTIFY travels */

static void on_limit(struct timer *timer);

static const unsigned state_next[] = {
	[REFERRAL_ASKING] = 1 << REFERRAL_HEARING | 1 << REFERRAL_ENDED,
	[REFERRAL_HEARING] = 1 << REFERRAL_ENDED,
	[REFERRAL_ENDED] = 0,
};

static void referral_set_state(struct referral *referral, enum referral_state state)
{
	CHECK(state_next[referral->state] & (1u << state));
	referral->state = state;
}

/* --- Life --------------------------------------------------------------------------------- */

static void referral_stop(struct referral *referral)
{
	timer_stop(referral->stack->timers, &referral->limit);
	if (referral->dialog)
		refer_dialog_leave(referral->dialog, &referral->node);
}

void referral_on_free(void *object)
{
	struct referral *referral = object;

	referral_stop(referral);
	if (referral->dialog)
		refer_dialog_release(referral->dialog);
}

void referral_end(struct referral *referral)
{
	referral_set_state(referral, REFERRAL_ENDED);
	referral_stop(referral);
	pool_end(&referral->stack->referrals, referral);
}

static void referral_finish(struct referral *referral, enum referral_end end)
{
	referral_end(referral);
	referral->ops->on_end(referral, end);
}

static void referral_refuse(struct referral *referral, unsigned status,
			    const struct sip_msg *response)
{
	referral_end(referral);
	referral->ops->on_refused(referral, status, response);
}

struct referral *referral_find(struct stack *stack, struct handle handle)
{
	return pool_find(&stack->referrals, handle);
}

static void on_limit(struct timer *timer)
{
	referral_finish(CONTAINER_OF(timer, struct referral, limit), REFERRAL_TIMED_OUT);
}

static void referral_await(struct referral *referral, uint32_t seconds)
{
	struct timers *timers = referral->stack->timers;
	uint64_t wait_ms = (uint64_t)seconds * 1000 + ROUNDING_MS, left_ms = 0;

	if (referral->last_ms > timers->now_ms)
		left_ms = referral->last_ms - timers->now_ms;
	timer_start(timers, &referral->limit,
		    referral->last_ms > 0 && left_ms < wait_ms ? left_ms : wait_ms, on_limit);
}

void referral_hurry(struct referral *referral, uint32_t seconds)
{
	referral->last_ms = referral->stack->timers->now_ms + (uint64_t)seconds * 1000;
	referral_await(referral, seconds);
}

/* False when the owner has ended it inside the handler. */
static bool referral_accept(struct referral *referral)
{
	struct stack *stack = referral->stack;
	struct handle handle = referral->pooled.handle;

	if (referral->state == REFERRAL_HEARING)
		return true;
	referral_set_state(referral, REFERRAL_HEARING);
	referral_await(referral, REFERRAL_SILENCE_S);
	referral->ops->on_accepted(referral);
	return referral_find(stack, handle) != NULL;
}

/* --- The answer to REFER ------------------------------------------------------------------ */

static void refer_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow);
static void refer_on_failed(struct txn_client *txn, struct handle owner, unsigned status);

static const struct txn_client_ops refer_ops = { refer_on_response, refer_on_failed };

static bool answer_challenge(struct referral *referral, struct txn_client *txn,
			     const struct sip_msg *response)
{
	char text[2048];
	struct buf line = BUF_ON(text);
	struct handle handle = referral->pooled.handle;

	if ((response->status != 401 && response->status != 407) || !referral->ops->on_challenge ||
	    txn->challenges >= CHALLENGES_MAX)
		return false;
	txn->challenges++;
	return referral->ops->on_challenge(referral, response, &line) == 0 && !line.is_overflown &&
	       referral_find(txn->stack, handle) &&
	       refer_dialog_send_again(referral->dialog, txn, buf_text(&line), &refer_ops, handle,
				       &referral->client) == 0;
}

static bool referral_try_again(struct referral *referral, struct txn_client *txn,
			       const struct sip_msg *response)
{
	bool is_sent = refer_dialog_try_again(referral->dialog, txn, response, &refer_ops,
					      referral->pooled.handle, &referral->client);

	if (!is_sent && !referral->dialog->session)
		is_sent = answer_challenge(referral, txn, response);
	if (is_sent)
		referral->cseq = refer_dialog_in(referral->dialog)->local_cseq;
	return is_sent;
}

/* The NOTIFY may have made the dialog already; another fork's tag changes nothing then. */
static int enter_dialog(struct referral *referral, const struct sip_msg *response,
			const struct flow *flow)
{
	struct dialog *dialog = refer_dialog_in(referral->dialog);

	if (slice_is_empty(dialog_remote_tag(dialog)))
		return dialog_on_response(dialog, referral->stack, response, flow);
	if (slice_eq(dialog_remote_tag(dialog), response->to_tag))
		return dialog_refresh_target(dialog, response, flow);
	return 0;
}

static void referral_on_2xx(struct referral *referral, const struct sip_msg *response,
			    const struct flow *flow)
{
	/* What cannot be kept of it is missed when something is to be sent, and nothing is. */
	(void)enter_dialog(referral, response, flow);
	if (referral_accept(referral) && sip_refer_sub_is_false(response))
		referral_finish(referral, REFERRAL_UNTOLD);
}

/* Whoever has told something has accepted, whatever became of the answer that said so. */
static void referral_on_failure(struct referral *referral, unsigned status,
				const struct sip_msg *response)
{
	if (referral->state == REFERRAL_ASKING)
		referral_refuse(referral, status, response);
}

static struct referral *referral_of(const struct txn_client *txn, struct handle owner)
{
	struct referral *referral = referral_find(txn->stack, owner);

	return referral && handle_eq(referral->client, txn->pooled.handle) ? referral : NULL;
}

static void refer_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow)
{
	struct referral *referral = referral_of(txn, owner);

	if (!referral || response->status < 200 || referral_try_again(referral, txn, response) ||
	    !referral_find(txn->stack, owner))
		return;
	referral->client = HANDLE_NONE;
	if (response->status < 300)
		referral_on_2xx(referral, response, flow);
	else
		referral_on_failure(referral, response->status, response);
}

static void refer_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct referral *referral = referral_of(txn, owner);

	if (referral)
		referral_on_failure(referral, status, NULL);
}

/* --- REFER -------------------------------------------------------------------------------- */

static void print_value_line(struct buf *lines, enum sip_header_id id, struct slice value)
{
	if (!slice_is_empty(value))
		sip_print_header(lines, id, value);
}

static int referral_ask(struct referral *referral, const struct referral_spec *spec)
{
	struct dialog *dialog = refer_dialog_in(referral->dialog);
	char text[LINES_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	int err;

	sip_print_header(&lines, HDR_REFER_TO, spec->refer_to);
	print_value_line(&lines, HDR_REFERRED_BY, spec->referred_by);
	print_value_line(&lines, HDR_TARGET_DIALOG, spec->target_dialog);
	if (spec->is_untold)
		buf_lit(&lines, "Refer-Sub: false\r\nSupported: norefersub\r\n");
	buf_slice(&lines, spec->lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	err = dialog_request(dialog, referral->stack, METHOD_REFER, buf_text(&lines), SLICE_NONE,
			     SLICE_NONE, &refer_ops, referral->pooled.handle, &referral->client);
	referral->cseq = dialog->local_cseq;
	return err;
}

static struct referral *referral_new(struct stack *stack, const struct referral_ops *ops,
				     void *owner)
{
	struct referral *referral = pool_new(&stack->referrals);

	if (!referral)
		return NULL;
	referral->stack = stack;
	referral->ops = ops;
	referral->owner = owner;
	list_init(&referral->node);
	return referral;
}

static int referral_start(struct referral *referral, struct refer_dialog *dialog,
			  const struct referral_spec *spec)
{
	referral->dialog = dialog;
	refer_dialog_join(dialog, &dialog->referrals, &referral->node);
	return referral_ask(referral, spec);
}

int referral_send(struct session *session, const struct referral_spec *spec,
		  const struct referral_ops *ops, void *owner, struct referral **ret_referral)
{
	struct refer_dialog *dialog;
	struct referral *referral;
	int err = ERR_NOMEM;

	if (session->state != SESSION_ANSWERED && session->state != SESSION_CONFIRMED)
		return ERR_STATE;
	referral = referral_new(session->stack, ops, owner);
	if (!referral)
		return ERR_NOMEM;
	dialog = refer_dialog_of(session);
	if (dialog)
		err = referral_start(referral, dialog, spec);
	if (err) {
		referral_end(referral);
		return err;
	}
	*ret_referral = referral;
	return 0;
}

int referral_send_outside(struct stack *stack, const struct dialog_spec *dialog_spec,
			  const struct referral_spec *spec, const struct referral_ops *ops,
			  void *owner, struct referral **ret_referral)
{
	struct referral *referral = referral_new(stack, ops, owner);
	struct refer_dialog *dialog;
	int err;

	if (!referral)
		return ERR_NOMEM;
	err = refer_dialog_new_uac(stack, dialog_spec, &dialog);
	if (!err)
		err = referral_start(referral, dialog, spec);
	if (err) {
		referral_end(referral);
		return err;
	}
	*ret_referral = referral;
	return 0;
}

/* --- NOTIFY (RFC 3515 2.4.4, 2.4.5) -------------------------------------------------------- */

/* What a NOTIFY says. */
struct news {
	unsigned status; /* 0: nothing of the referred request */
	struct slice reason;
	bool is_terminated;
	uint32_t expires_s;
};

static void refuse(struct incoming *in, unsigned status, struct slice reason, struct slice line)
{
	incoming_reply(in, &(struct answer){ .status = status, .reason = reason, .lines = line });
}

static void read_state(const struct sip_msg *msg, struct news *news)
{
	struct slice state, params, value;

	sip_token_params(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), &state, &params);
	news->is_terminated = slice_eq_nocase(state, SLICE("terminated"));
	if (!sip_param(params, SLICE("expires"), &value) ||
	    slice_to_u32(value, SIP_EXPIRES_MAX, &news->expires_s))
		news->expires_s = REFERRAL_SILENCE_S;
	if (news->expires_s > EXPIRES_MAX_S)
		news->expires_s = EXPIRES_MAX_S;
}

/* 0, or the status that refuses it; what it says of the subscription counts all the same. */
static unsigned notify_read(struct incoming *in, struct news *ret_news)
{
	const struct sip_msg *msg = in->msg;
	struct slice type, params;

	*ret_news = (struct news){ 0 };
	if (slice_is_empty(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE)))
		return 400;
	read_state(msg, ret_news);
	if (slice_is_empty(msg->body))
		return 0;
	sip_token_params(sip_msg_value(msg, HDR_CONTENT_TYPE), &type, &params);
	if (!slice_eq_nocase(type, SLICE(SIPFRAG_MEDIA_TYPE)))
		return 415;
	return sipfrag_parse(msg->body, &ret_news->status, &ret_news->reason) ? 400 : 0;
}

/* The dialog is made by it, or its target refreshed. */
static unsigned notify_enter_dialog(struct referral *referral, struct incoming *in)
{
	struct dialog *dialog = refer_dialog_in(referral->dialog);
	int err;

	if (slice_is_empty(dialog_remote_tag(dialog)))
		err = dialog_on_first_notify(dialog, in);
	else
		err = dialog_refresh_target(dialog, in->msg, &in->flow);
	if (err)
		return err == ERR_SYNTAX ? 400 : 503;
	return 0;
}

static void notify_answer(struct incoming *in, unsigned refusal)
{
	if (refusal == 415)
		refuse(in, 415, SLICE_NONE, SLICE("Accept: " SIPFRAG_MEDIA_TYPE "\r\n"));
	else if (refusal == 503)
		refuse(in, 503, SLICE_NONE, SLICE("Retry-After: 5\r\n"));
	else if (refusal == 400)
		refuse(in, 400, SLICE("Bad Subscription-State, sipfrag or Contact"), SLICE_NONE);
	else
		incoming_reply_status(in, 200);
}

static void referral_on_news(struct referral *referral, const struct news *news)
{
	struct stack *stack = referral->stack;
	struct handle handle = referral->pooled.handle;
	bool is_final = news->status >= 200;

	if (!referral_accept(referral))
		return;
	if (news->status && (is_final || news->status != referral->status)) {
		referral->status = news->status;
		referral->ops->on_progress(referral, news->status, news->reason, is_final);
		if (!referral_find(stack, handle))
			return;
	}
	if (is_final)
		referral_finish(referral, REFERRAL_TOLD);
	else if (news->is_terminated)
		referral_finish(referral, REFERRAL_DROPPED);
	else
		referral_await(referral, news->expires_s);
}

static void on_notify(struct referral *referral, struct incoming *in)
{
	struct news news;
	unsigned refusal = notify_read(in, &news);

	if (!refusal)
		refusal = notify_enter_dialog(referral, in);
	notify_answer(in, refusal);
	/* A 503 is asked again; what cannot be read will not come any better. */
	if (!refusal || (refusal != 503 && news.is_terminated))
		referral_on_news(referral, &news);
}

/* Without an id it is the oldest that lives: of refused ones peers count some, others none. */
bool referral_on_notify(struct refer_dialog *dialog, struct incoming *in)
{
	LIST_FOR (referral, &dialog->referrals, struct referral, node) {
		if (!refer_event_is_of(in->msg, referral->cseq, true))
			continue;
		on_notify(referral, in);
		return true;
	}
	return false;
}
