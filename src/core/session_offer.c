/* SPDX-License-Identifier: MIT */
/*
 * Offers inside a session: re-INVITEs of ours and of the peer (RFC 3261 14), and how an offer is
 * answered. One at a time, with those of session_update.c.
 */
#include "core/session_inner.h"

#include "base/err.h"

#define LINES_MAX_BYTES 4096

/* --- Re-INVITE of ours (RFC 3261 14.1) ---------------------------------------------------- */

/* Taken back when it rings on: a re-INVITE has nobody to wait for. */
static void on_offer_timeout(struct timer *timer)
{
	session_cancel_offer(CONTAINER_OF(timer, struct session, offer_timeout));
}

static void offer_started(struct session *session)
{
	session->invite_cseq = session->dialog.local_cseq;
	timer_start(session->stack->timers, &session->offer_timeout, 64 * T1_MS, on_offer_timeout);
}

static void offer_failed(struct session *session, unsigned status, const struct sip_msg *response)
{
	if (session->is_refreshing)
		session_timer_on_result(session, status, response);
	/* The dialog is gone (12.2.1.2). */
	else if (status == 408 || status == 481)
		session_lose(session);
	else
		session->ops->on_offer_result(session, status, response);
}

static void offer_accepted(struct session *session, struct txn_client *txn,
			   const struct sip_msg *response)
{
	if (session->is_refreshing) {
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
		session_timer_on_result(session, response->status, response);
		return;
	}
	session_timer_on_response(session, response);
	session_keep_sent(session, txn);
	session->ops->on_offer_result(session, response->status, response);
}

static void offer_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct session *session = session_find(txn->stack, owner);

	if (session)
		offer_failed(session, status, NULL);
}

static void offer_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops offer_ops = { offer_on_response, offer_on_failed };

static void offer_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	if (!session || response->status < 200)
		return;
	if (response->cseq == session->invite_cseq)
		timer_stop(session->stack->timers, &session->offer_timeout);
	if (session_is_let_go(session)) {
		if (response->status < 300)
			session_on_2xx_again(session, txn, response, flow);
	} else if (response->status >= 300) {
		if (session_try_again(session, txn, response, &offer_ops, &session->client))
			offer_started(session);
		else
			offer_failed(session, response->status, response);
	} else if (response->cseq != session->invite_cseq || txn->ack) {
		session_on_2xx_again(session, txn, response, flow);
	} else if (!session->is_ack_due) {
		(void)dialog_refresh_target(&session->dialog, response, flow);
		session_learn(session, response);
		session->is_ack_due = true;
		offer_accepted(session, txn, response);
	}
}

void session_cancel_offer(struct session *session)
{
	struct txn_client *txn = session_client(session);

	if (txn)
		txn_client_cancel(txn, SLICE_NONE);
}

int session_offer(struct session *session, struct slice lines, struct slice content_type,
		  struct slice body)
{
	char text[LINES_MAX_BYTES];
	struct buf all = BUF_ON(text);
	int err;

	if (session->state != SESSION_CONFIRMED || session_is_offering(session) ||
	    session_is_offered(session) || session_awaits_ack(session))
		return ERR_STATE;
	session_print_abilities(session, &all);
	session_timer_print(session, &all);
	buf_slice(&all, lines);
	if (all.is_overflown)
		return ERR_LIMIT;
	err = dialog_request(&session->dialog, session->stack, METHOD_INVITE, buf_text(&all),
			     content_type, session_origin_apply(session, body), &offer_ops,
			     session->pooled.handle, &session->client);
	if (err)
		return err;
	session->is_offer_empty = slice_is_empty(body);
	offer_started(session);
	return 0;
}

int session_refresh_by_invite(struct session *session)
{
	int err = ERR_STATE;

	if (session->media)
		err = session_offer(session, SLICE_NONE, session->media->type,
				    session->media->text);
	session->is_refreshing = err == 0;
	return err;
}

/* --- Re-INVITE of the peer's (RFC 3261 14.2) ---------------------------------------------- */

void session_on_reinvite(struct session *session, struct incoming *in)
{
	if (session_refuse_required(in) || session_timer_refuse(in))
		return;
	if (session->state != SESSION_CONFIRMED || session_is_offered(session) ||
	    session_awaits_ack(session)) {
		session_refuse_for_now(session, in);
		return;
	}
	if (session_is_offering(session)) {
		incoming_reply_status(in, 491);
		return;
	}
	if (!txn_server_start(in, &session_server_ops, session->pooled.handle)) {
		session_refuse(in, ERR_NOMEM);
		return;
	}
	session->server = in->txn->pooled.handle;
	session->invited_cseq = in->msg->cseq;
	if (dialog_refresh_target(&session->dialog, in->msg, &in->flow)) {
		incoming_reply_status(in, 400);
		return;
	}
	session_learn(session, in->msg);
	session_timer_on_request(session, in->msg);
	session->ops->on_offer(session, in->msg);
}

/* --- Answering either kind ---------------------------------------------------------------- */

static struct txn_server *offered(struct session *session)
{
	struct txn_server *txn = session_updated(session);

	if (!txn)
		txn = session_pracked(session);
	if (txn || session->state != SESSION_CONFIRMED)
		return txn;
	txn = session_server(session);
	return txn && txn->state == TXN_SERVER_PROCEEDING ? txn : NULL;
}

int session_accept_offer(struct session *session, const struct answer *answer)
{
	struct txn_server *txn = offered(session);
	bool is_prack = txn && txn == session_pracked(session);
	struct answer ours = *answer;
	int err;

	ours.body = session_origin_apply(session, answer->body);
	err = is_prack ? txn_server_respond(txn, &ours) : session_respond(session, txn, &ours);
	if (err)
		(void)session_refuse_offer(session, &(struct answer){ .status = 500 });
	else if (txn->is_invite)
		session_await_ack(session);
	if (!err)
		session_keep_media(session, ours.content_type, ours.body);
	session_reliable_go_on(session);
	return err;
}

int session_refuse_offer(struct session *session, const struct answer *answer)
{
	int err = session_respond(session, offered(session), answer);

	session_reliable_go_on(session);
	return err;
}
