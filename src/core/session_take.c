/* SPDX-License-Identifier: MIT */
/*
 * Sessions as the called side (RFC 3261 13.3, UAS): taking an INVITE, ringing, answering.
 */
#include "core/session_inner.h"

#include "base/err.h"

static void server_on_cancel(struct stack *stack, struct handle owner, const struct sip_msg *cancel)
{
	struct session *session = pool_find(&stack->sessions, owner);
	struct txn_server *txn = session ? session_server(session) : NULL;

	if (!txn)
		return;
	if (session->state == SESSION_CONFIRMED && session->ops->on_offer_cancelled) {
		session->ops->on_offer_cancelled(session);
		return;
	}
	/* A cancelled re-INVITE leaves the session as it was (14.2). */
	(void)txn_server_respond(txn, &(struct answer){ .status = 487 });
	if (session->state != SESSION_EARLY)
		return;
	session_finish(session);
	session->ops->on_cancel(session, cancel);
}

/* A caller that waits for its answer may have come back by another connection. */
static int server_find_way(struct stack *stack, struct handle owner, struct flow *flow)
{
	const struct session *session = pool_find(&stack->sessions, owner);

	if (!session || !stack->user.find_way)
		return ERR_NOTFOUND;
	return stack->user.find_way(stack->user.user, dialog_remote(&session->dialog),
				    dialog_target(&session->dialog), flow);
}

const struct txn_server_ops session_server_ops = { server_on_cancel, server_find_way };

/* Answers what could not be taken: in->txn may exist or not. */
void session_refuse(struct incoming *in, int err)
{
	struct answer answer = { .status = 503, .lines = SLICE_INIT("Retry-After: 5\r\n") };

	if (err == ERR_SYNTAX)
		answer =
			(struct answer){ .status = 400, .reason = SLICE("Missing or bad Contact") };
	incoming_reply(in, &answer);
}

int session_take(struct incoming *in, struct slice contact_line, const struct session_ops *ops,
		 void *owner, struct session **ret_session)
{
	struct session *session = session_new(in->stack, ops, owner);
	int err = ERR_NOMEM;

	if (!session) {
		session_refuse(in, err);
		return err;
	}
	session->state = SESSION_EARLY;
	if (session_timer_refuse(in)) {
		session_finish(session);
		return ERR_DENIED;
	}
	session->peer = in->flow;
	session->invited_cseq = in->msg->cseq;
	session_learn(session, in->msg);
	session_timer_on_request(session, in->msg);
	session->is_invite_empty = slice_is_empty(in->msg->body);
	if (sip_msg_has_token(in->msg, HDR_REQUIRE, SLICE("100rel")))
		session->peer_can |= PEER_NEEDS_100REL;
	if (txn_server_start(in, &session_server_ops, session->pooled.handle)) {
		session->server = in->txn->pooled.handle;
		err = dialog_init_uas(&session->dialog, in, txn_server_to_tag(in->txn).p,
				      contact_line);
	}
	if (!err)
		err = usage_start(in->stack, &session->usage, &session_usage_ops,
				  dialog_local_tag(&session->dialog));
	if (err) {
		session_refuse(in, err);
		session_finish(session);
		return err;
	}
	*ret_session = session;
	return 0;
}

/* The Contact and what we can do, in front of the owner's lines (RFC 3261 table 2). */
int session_respond(struct session *session, struct txn_server *txn, const struct answer *answer)
{
	char text[2048];
	struct buf lines = BUF_ON(text);
	struct answer full = *answer;

	if (!txn)
		return ERR_STATE;
	if (answer->status < 300) {
		buf_slice(&lines, dialog_contact(&session->dialog));
		session_print_abilities(session, &lines);
	}
	if (answer->status >= 200 && answer->status < 300 &&
	    (txn->is_invite || session_is_up(session)))
		session_timer_answer(session, &lines);
	buf_slice(&lines, answer->lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	full.lines = buf_text(&lines);
	return txn_server_respond(txn, &full);
}

bool session_is_invited(const struct session *session)
{
	return !session->is_uac && session->state == SESSION_EARLY;
}

int session_answer(struct session *session, const struct answer *answer)
{
	int err;

	if (!session_is_invited(session))
		return ERR_STATE;
	if (session_answer_waits(session, answer, &err))
		return err;
	return session_answer_now(session, answer);
}

int session_new_fork(struct session *session)
{
	struct txn_server *txn = session_server(session);
	char tag[TOKEN_BYTES];

	if (!txn || session->is_uac || session->state != SESSION_EARLY)
		return ERR_STATE;
	stack_token(session->stack, tag);
	usage_rename(session->stack, &session->usage, session->dialog.local_tag, tag);
	/* Nothing was said under this one. */
	session_reliable_free(session);
	(void)session_drop_update(session);
	session->is_agreed = false;
	txn_server_set_to_tag(txn, tag);
	return 0;
}
