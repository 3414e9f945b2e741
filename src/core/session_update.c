/* SPDX-License-Identifier: MIT */
/*
 * UPDATE (RFC 3311): an offer without an INVITE, also before the answer, or a new target and a sign
 * of life without an offer. Those of the latter kind are answered here. An offer in a PRACK of ours
 * (RFC 3262 5) is the same thing by another name.
 */
#include "core/session_inner.h"

#include "base/err.h"

#define LINES_MAX_BYTES 4096
#define RETRY_AFTER_MAX_S 10

static bool is_open(const struct txn_client *txn)
{
	return txn && (txn->state == TXN_CLIENT_CALLING || txn->state == TXN_CLIENT_PROCEEDING);
}

bool session_is_updating(struct session *session)
{
	return is_open(pool_find(&session->stack->txn_clients, session->update));
}

bool session_drop_update(struct session *session)
{
	bool is_open = session_is_updating(session);

	session->update = HANDLE_NONE;
	return is_open;
}

/* Not of a fork that lost, see session_drop_update(). */
static bool is_current(const struct session *session, const struct txn_client *txn)
{
	return session && handle_eq(session->update, txn->pooled.handle);
}

struct txn_server *session_updated(struct session *session)
{
	struct txn_server *txn = pool_find(&session->stack->txn_servers, session->updated);

	return txn && txn->state == TXN_SERVER_TRYING ? txn : NULL;
}

/*
 * What stands in the way of an offer by UPDATE now, as the status to answer one of the peer's
 * (5.2); 0: nothing. The same holds for ours (5.1).
 */
static unsigned update_obstacle(struct session *session)
{
	if (session_updated(session) || session_pracked(session))
		return 500;
	if (session_is_updating(session))
		return 491;
	/* The INVITE's own offer is without an answer. */
	if (session->state == SESSION_EARLY && !session->is_agreed)
		return session->is_uac ? 491 : 500;
	if (session->state == SESSION_EARLY)
		return 0;
	if (session->state != SESSION_CONFIRMED || session_is_offered(session) ||
	    session_awaits_ack(session))
		return 500;
	return session_is_offering(session) ? 491 : 0;
}

/* --- Ours --------------------------------------------------------------------------------- */

static void update_result(struct session *session, unsigned status, const struct sip_msg *response)
{
	session->update = HANDLE_NONE;
	/* The dialog is gone (RFC 3261 12.2.1.2); before the answer the INVITE decides on that. */
	if (session_is_up(session) && (status == 408 || status == 481))
		session_lose(session);
	else
		session->ops->on_offer_result(session, status, response);
}

static void update_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct session *session = session_find(txn->stack, owner);

	if (is_current(session, txn))
		update_result(session, status, NULL);
}

static void update_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops update_ops = { update_on_response, update_on_failed };

static void update_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = session_find(txn->stack, owner);

	if (!is_current(session, txn) || response->status < 200 ||
	    session_try_again(session, txn, response, &update_ops, &session->update))
		return;
	if (response->status < 300) {
		(void)dialog_refresh_target(&session->dialog, response, flow);
		session_learn(session, response);
		if (session_is_up(session))
			session_timer_on_response(session, response);
	}
	update_result(session, response->status, response);
}

int session_update(struct session *session, struct slice lines, struct slice content_type,
		   struct slice body)
{
	if (!(session->peer_can & PEER_UPDATE))
		return ERR_UNSUPPORTED;
	if (update_obstacle(session) != 0)
		return ERR_STATE;
	return session_offer_by(session, METHOD_UPDATE, lines, content_type, body);
}

int session_offer_by(struct session *session, enum sip_method method, struct slice lines,
		     struct slice content_type, struct slice body)
{
	char text[LINES_MAX_BYTES];
	struct buf all = BUF_ON(text);

	session_print_abilities(session, &all);
	if (session_is_up(session))
		session_timer_print(session, &all);
	buf_slice(&all, lines);
	if (all.is_overflown)
		return ERR_LIMIT;
	return dialog_request(&session->dialog, session->stack, method, buf_text(&all),
			      content_type, session_origin_apply(session, body), &update_ops,
			      session->pooled.handle, &session->update);
}

/* --- The peer's --------------------------------------------------------------------------- */

void session_refuse_for_now(struct session *session, struct incoming *in)
{
	char text[32];
	struct buf line = BUF_ON(text);
	uint8_t bits;

	session->stack->env->random(session->stack->env->host, &bits, sizeof(bits));
	buf_printf(&line, "Retry-After: %u\r\n", bits % (RETRY_AFTER_MAX_S + 1));
	incoming_reply(in, &(struct answer){ .status = 500, .lines = buf_text(&line) });
}

static void update_take_offer(struct session *session, struct incoming *in)
{
	unsigned obstacle = update_obstacle(session);

	if (obstacle == 500) {
		session_refuse_for_now(session, in);
	} else if (obstacle != 0) {
		incoming_reply_status(in, obstacle);
	} else if (!txn_server_start(in, NULL, HANDLE_NONE)) {
		session_refuse(in, ERR_NOMEM);
	} else {
		session->updated = in->txn->pooled.handle;
		session->ops->on_offer(session, in->msg);
	}
}

/* Without an offer: it says where the peer is now, and that it is. */
static void update_answer(struct session *session, struct incoming *in)
{
	if (!txn_server_start(in, NULL, HANDLE_NONE) ||
	    session_respond(session, in->txn, &(struct answer){ .status = 200 }))
		session_refuse(in, ERR_NOMEM);
	else if (session->ops->on_update)
		session->ops->on_update(session, in->msg);
}

void session_on_update(struct session *session, struct incoming *in)
{
	if (session_refuse_required(in) || session_timer_refuse(in))
		return;
	if (session_is_let_go(session)) {
		incoming_reply_status(in, 481);
		return;
	}
	if (dialog_refresh_target(&session->dialog, in->msg, &in->flow)) {
		incoming_reply_status(in, 400);
		return;
	}
	session_learn(session, in->msg);
	/* Before the answer it is the INVITE that asks. */
	if (session_is_up(session))
		session_timer_on_request(session, in->msg);
	if (slice_is_empty(in->msg->body))
		update_answer(session, in);
	else
		update_take_offer(session, in);
}
