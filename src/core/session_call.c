/* SPDX-License-Identifier: MIT */
/*
 * Sessions as the calling side (RFC 3261 13.2, UAC): the INVITE, its forks, its answers and their
 * ACK.
 */
#include "core/session_inner.h"

#include "base/err.h"
#include "core/way.h"

#define LINES_MAX_BYTES 8192
#define SENT_ARENA_BYTES 16384 /* a message of ours */
#define ORPHAN_CSEQ_GAP 1000

/* The INVITE's transaction keeps it, as long as its 2xx may come again. False: no memory. */
static bool session_send_ack(struct session *session, struct slice content_type, struct slice body)
{
	struct txn_client *txn = session_client(session);
	struct packet *ack = NULL;

	(void)dialog_ack(&session->dialog, session->stack, session->invite_cseq, SLICE_NONE,
			 content_type, body, &ack);
	if (txn)
		txn_client_keep_ack(txn, ack);
	packet_unref(ack);
	return ack != NULL;
}

/*
 * A 2xx again: its ACK was lost, or memory for it was refused. The ACK of an answer that the owner
 * has not given yet follows when it does.
 */
void session_on_2xx_again(struct session *session, const struct txn_client *txn,
			  const struct sip_msg *response, const struct flow *flow)
{
	struct dialog fork;

	if (slice_eq(response->to_tag, dialog_remote_tag(&session->dialog))) {
		if (txn->ack)
			(void)way_send(session->stack, &session->dialog.flow, txn->ack);
		else if (response->cseq != session->invite_cseq)
			(void)dialog_ack(&session->dialog, session->stack, response->cseq,
					 SLICE_NONE, SLICE_NONE, SLICE_NONE, NULL);
		else if (!session->is_ack_due)
			(void)session_send_ack(session, SLICE_NONE, SLICE_NONE);
		return;
	}
	/* Another fork answered too: acknowledged and ended (13.2.2.4). */
	if (dialog_fork(&session->dialog, session->stack, response, flow, &fork))
		return;
	(void)dialog_ack(&fork, session->stack, response->cseq, SLICE_NONE, SLICE_NONE, SLICE_NONE,
			 NULL);
	(void)dialog_request(&fork, session->stack, METHOD_BYE, SLICE_NONE, SLICE_NONE, SLICE_NONE,
			     NULL, HANDLE_NONE, NULL);
	dialog_fini(&fork);
}

static int sent_parse(const struct packet *packet, char *block, size_t block_bytes,
		      struct sip_msg *ret_msg)
{
	struct arena arena;
	struct sip_fault fault;

	arena_init(&arena, block, block_bytes);
	return sip_msg_parse(packet_bytes(packet), &arena, ret_msg, &fault);
}

void session_keep_sent(struct session *session, struct txn_client *txn)
{
	_Alignas(max_align_t) char block[SENT_ARENA_BYTES];
	struct sip_msg sent;

	if (session_needs_media(session) &&
	    sent_parse(txn->request, block, sizeof(block), &sent) == 0)
		session_keep_media(session, sip_msg_value(&sent, HDR_CONTENT_TYPE), sent.body);
}

static void session_on_2xx(struct session *session, struct txn_client *txn,
			   const struct sip_msg *response, const struct flow *flow)
{
	bool is_cancelled = session->state == SESSION_CANCELLED;
	bool is_dropped = !slice_eq(dialog_remote_tag(&session->dialog), response->to_tag) &&
			  session_drop_update(session);
	int err;

	session_fork_choose(session, response->to_tag);
	err = dialog_on_response(&session->dialog, session->stack, response, flow);
	if (err)
		(void)dialog_set_remote_tag(&session->dialog, response->to_tag);
	session->is_prack_due = false;
	session->peer = *flow;
	session->is_ack_due = true;
	session->is_agreed = true;
	session_learn(session, response);
	if (is_cancelled || err) {
		/* It answered before our CANCEL reached it, or we cannot go on (15). */
		bool is_told = !is_cancelled;

		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
		session_bye(session, SLICE_NONE);
		if (is_told)
			session->ops->on_refused(session, 500, NULL);
		session->owner = NULL;
		return;
	}
	session_set_state(session, SESSION_ANSWERED);
	session_timer_on_response(session, response);
	session_keep_sent(session, txn);
	if (is_dropped)
		session->ops->on_offer_result(session, 487, NULL);
	if (!session_is_let_go(session))
		session->ops->on_answer(session, response);
	session_early_fini(&session->early);
}

static void session_refused(struct session *session, unsigned status,
			    const struct sip_msg *response)
{
	bool is_told = !session_is_let_go(session);

	session_finish(session);
	if (is_told)
		session->ops->on_refused(session, status, response);
}

static void invite_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	if (session)
		session_refused(session, status, NULL);
}

static void invite_on_provisional(struct session *session, const struct sip_msg *response,
				  const struct flow *flow)
{
	struct session_fork *fork;
	bool is_reliable;

	if (session->state == SESSION_CANCELLED)
		return;
	if (response->status == 100) {
		if (session->ops->on_trying)
			session->ops->on_trying(session);
		return;
	}
	if (session_fork_on_provisional(session, response, flow, &fork))
		return; /* as if it were lost; the next response tries again */
	if (!session_reliable_take(fork ? &fork->early : &session->early, response,
				   !fork && session->is_prack_due, &is_reliable))
		return;
	/* An offer of a fork that nobody listens to has no answer: that one gives up. */
	if (fork && is_reliable && (!session->is_invite_empty || !fork->early.has_media))
		session_fork_prack(session, fork);
	if (fork)
		return;
	session->is_prack_due |= is_reliable;
	session->peer = *flow;
	session_learn(session, response);
	if (session->state == SESSION_CALLING)
		session_set_state(session, SESSION_EARLY);
	session->ops->on_provisional(session, response);
}

/* What rang by the INVITE that was refused is over (RFC 3261 12.3). */
static void invite_sent_again(struct session *session)
{
	session->invite_cseq = session->dialog.local_cseq;
	session_forks_free(session);
	session_early_fini(&session->early);
	session->is_prack_due = session->is_agreed = false;
	if (session_drop_update(session))
		session->ops->on_offer_result(session, 487, NULL);
}

/* A 2xx whose session is over: the ACK that it has had, or the end of another fork (13.2.2.4). */
static void orphan_on_2xx(struct txn_client *txn, const struct sip_msg *response,
			  const struct flow *flow)
{
	_Alignas(max_align_t) char block[SENT_ARENA_BYTES];
	struct sip_msg sent;
	struct dialog fork;

	if (txn->ack && sent_parse(txn->ack, block, sizeof(block), &sent) == 0 &&
	    slice_eq(sent.to_tag, response->to_tag)) {
		(void)stack_send(txn->stack, &txn->flow, txn->ack);
		return;
	}
	if (sent_parse(txn->request, block, sizeof(block), &sent) ||
	    dialog_init_sent(&fork, txn->stack, &sent, &txn->flow))
		return;
	if (dialog_on_response(&fork, txn->stack, response, flow) == 0) {
		(void)dialog_ack(&fork, txn->stack, sent.cseq, SLICE_NONE, SLICE_NONE, SLICE_NONE,
				 NULL);
		/* Beyond any PRACK that the fork may have had. */
		fork.local_cseq += ORPHAN_CSEQ_GAP;
		(void)dialog_request(&fork, txn->stack, METHOD_BYE, SLICE_NONE, SLICE_NONE,
				     SLICE_NONE, NULL, HANDLE_NONE, NULL);
	}
	dialog_fini(&fork);
}

static void invite_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops invite_ops = { invite_on_response, invite_on_failed };

static void invite_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	if (!session) {
		if (response->status >= 200 && response->status < 300)
			orphan_on_2xx(txn, response, flow);
		return;
	}
	if (session_is_up(session) || session->state == SESSION_ENDING) {
		if (response->status >= 200 && response->status < 300)
			session_on_2xx_again(session, txn, response, flow);
	} else if (response->status < 200) {
		invite_on_provisional(session, response, flow);
	} else if (response->status < 300) {
		session_on_2xx(session, txn, response, flow);
	} else if (session->state != SESSION_CANCELLED &&
		   session_try_again(session, txn, response, &invite_ops, &session->client)) {
		invite_sent_again(session);
	} else {
		session_refused(session, response->status, response);
	}
}

struct session *session_new(struct stack *stack, const struct session_ops *ops, void *owner)
{
	struct session *session = pool_new(&stack->sessions);

	if (!session)
		return NULL;
	session->stack = stack;
	session->ops = ops;
	session->owner = owner;
	return session;
}

int session_call(struct stack *stack, const struct session_spec *spec,
		 const struct session_ops *ops, void *owner, struct session **ret_session)
{
	struct session *session = session_new(stack, ops, owner);
	char text[LINES_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	struct dialog *dialog;
	int err;

	if (!session)
		return ERR_NOMEM;
	session_print_abilities(session, &lines);
	session_timer_print(session, &lines);
	if (spec->is_100rel)
		buf_lit(&lines, "Supported: 100rel\r\n");
	buf_slice(&lines, spec->lines);
	session->is_uac = true;
	session->state = SESSION_CALLING;
	session->is_invite_empty = slice_is_empty(spec->body);
	dialog = &session->dialog;
	if ((err = lines.is_overflown ? ERR_LIMIT : 0) ||
	    (err = dialog_init_uac(dialog, stack, &spec->dialog)) ||
	    (err = usage_start(stack, &session->usage, &session_usage_ops,
			       dialog_local_tag(dialog))) ||
	    (err = dialog_request(dialog, stack, METHOD_INVITE, buf_text(&lines),
				  spec->content_type, spec->body, &invite_ops,
				  session->pooled.handle, &session->client))) {
		session_finish(session);
		return err;
	}
	session->invite_cseq = dialog->local_cseq;
	session_origin_start(session, spec->body);
	*ret_session = session;
	return 0;
}

int session_ack(struct session *session, struct slice content_type, struct slice body)
{
	bool is_sent;

	if (!session->is_ack_due)
		return ERR_STATE;
	body = session_origin_apply(session, body);
	is_sent = session_send_ack(session, content_type, body);
	session_keep_media(session, content_type, body);
	/* Refused memory: the 2xx will come again, and an answer in the ACK must not be lost. */
	if (!is_sent && !slice_is_empty(body))
		return ERR_NOMEM;
	session->is_ack_due = false;
	if (session->state == SESSION_ANSWERED)
		session_set_state(session, SESSION_CONFIRMED);
	return 0;
}
