/* SPDX-License-Identifier: MIT */
/*
 * Sessions (RFC 3261 13 to 15). Each state has its row of successors; whatever the wire brings in
 * a state that does not expect it is answered as the RFC says and changes nothing.
 */
#include "core/session.h"

#include "base/err.h"
#include "base/mem.h"

#define CHALLENGES_MAX 2 /* answered for one request, SECURITY A7 */

static const struct session_row {
	const char *name;
	unsigned next; /* a bit for each state that may follow */
} rows[] = {
	[SESSION_CALLING] = { "calling", 1 << SESSION_EARLY | 1 << SESSION_CANCELLED |
						 1 << SESSION_ANSWERED | 1 << SESSION_ENDING |
						 1 << SESSION_ENDED },
	[SESSION_EARLY] = { "early", 1 << SESSION_CANCELLED | 1 << SESSION_ANSWERED |
					     1 << SESSION_ENDING | 1 << SESSION_ENDED },
	[SESSION_CANCELLED] = { "cancelled", 1 << SESSION_ENDING | 1 << SESSION_ENDED },
	[SESSION_ANSWERED] = { "answered",
			       1 << SESSION_CONFIRMED | 1 << SESSION_ENDING | 1 << SESSION_ENDED },
	[SESSION_CONFIRMED] = { "confirmed", 1 << SESSION_ENDING | 1 << SESSION_ENDED },
	[SESSION_ENDING] = { "ending", 1 << SESSION_ENDED },
	[SESSION_ENDED] = { "ended", 0 },
};

static void session_set_state(struct session *session, enum session_state state)
{
	CHECK(rows[session->state].next & (1u << state));
	session->state = state;
}

struct slice session_state_name(enum session_state state)
{
	return slice_from_cstr(rows[state].name);
}

/* Nobody is told anything any more. */
static bool session_is_let_go(const struct session *session)
{
	return session->state == SESSION_CANCELLED || session->state == SESSION_ENDING ||
	       session->state == SESSION_ENDED;
}

static bool session_is_up(const struct session *session)
{
	return session->state == SESSION_ANSWERED || session->state == SESSION_CONFIRMED;
}

struct session *session_find(struct stack *stack, struct handle handle)
{
	struct session *session = pool_find(&stack->sessions, handle);

	return session && !session_is_let_go(session) ? session : NULL;
}

static struct txn_client *session_client(struct session *session)
{
	return pool_find(&session->stack->txn_clients, session->client);
}

static struct txn_server *session_server(struct session *session)
{
	return pool_find(&session->stack->txn_servers, session->server);
}

static void session_finish(struct session *session)
{
	struct timers *timers = session->stack->timers;

	struct txn_client *open = session_client(session);

	session_set_state(session, SESSION_ENDED);
	timer_stop(timers, &session->retransmit);
	timer_stop(timers, &session->ack_timeout);
	timer_stop(timers, &session->offer_timeout);
	if (open)
		txn_client_cancel(open, SLICE_NONE);
	usage_stop(session->stack, &session->usage);
	pool_end(&session->stack->sessions, session);
}

void session_on_free(void *object)
{
	struct session *session = object;

	timer_stop(session->stack->timers, &session->retransmit);
	timer_stop(session->stack->timers, &session->ack_timeout);
	timer_stop(session->stack->timers, &session->offer_timeout);
	usage_stop(session->stack, &session->usage);
	dialog_fini(&session->dialog);
	packet_unref(session->ack);
}

/* An INVITE of ours waits for its final response or its ACK. */
static bool session_is_offering(struct session *session)
{
	const struct txn_client *txn = session_client(session);

	return session->is_ack_due ||
	       (txn && (txn->state == TXN_CLIENT_CALLING || txn->state == TXN_CLIENT_PROCEEDING));
}

/* An INVITE of the peer's waits for our final response. */
static bool session_is_offered(struct session *session)
{
	const struct txn_server *txn = session_server(session);

	return txn && txn->state == TXN_SERVER_PROCEEDING;
}

/* --- Credentials -------------------------------------------------------------------------- */

/* True when the request was sent again with credentials. */
static bool session_try_again(struct session *session, struct txn_client *txn,
			      const struct sip_msg *response, const struct txn_client_ops *ops,
			      struct handle *ret_client)
{
	char text[2048];
	struct buf line = BUF_ON(text);

	if ((response->status != 401 && response->status != 407) || !session->ops->on_challenge ||
	    session->challenges >= CHALLENGES_MAX)
		return false;
	session->challenges++;
	if (session->ops->on_challenge(session, response, &line) || line.is_overflown)
		return false;
	if (txn_client_start_again(txn, buf_text(&line), ops, session->pooled.handle, ret_client))
		return false;
	session->dialog.local_cseq++;
	return true;
}

/* --- BYE ---------------------------------------------------------------------------------- */

static void bye_on_response(struct txn_client *txn, struct handle owner,
			    const struct sip_msg *response, const struct flow *flow);

static void bye_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	(void)status; /* whatever the reason: the dialog is over (RFC 3261 15.1.1) */
	if (session)
		session_finish(session);
}

static const struct txn_client_ops bye_ops = { bye_on_response, bye_on_failed };

static void bye_on_response(struct txn_client *txn, struct handle owner,
			    const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	(void)flow;
	if (session && response->status >= 200 &&
	    !session_try_again(session, txn, response, &bye_ops, NULL))
		session_finish(session);
}

static void session_bye(struct session *session, struct slice lines)
{
	if (session->state != SESSION_ENDING)
		session_set_state(session, SESSION_ENDING);
	session->challenges = 0;
	if (dialog_request(&session->dialog, session->stack, METHOD_BYE, lines, SLICE_NONE,
			   SLICE_NONE, &bye_ops, session->pooled.handle, NULL))
		session_finish(session);
}

/* --- Our 2xx until its ACK (RFC 3261 13.3.1.4) -------------------------------------------- */

static void on_retransmit_2xx(struct timer *timer)
{
	struct session *session = CONTAINER_OF(timer, struct session, retransmit);
	struct txn_server *txn = session_server(session);

	if (txn)
		txn_server_resend(txn);
	session->interval_ms = session->interval_ms * 2 < T2_MS ? session->interval_ms * 2 : T2_MS;
	timer_start(session->stack->timers, timer, session->interval_ms, on_retransmit_2xx);
}

static void session_lose(struct session *session)
{
	const struct session_ops *ops = session->ops;
	bool is_told = !session_is_let_go(session);

	timer_stop(session->stack->timers, &session->retransmit);
	timer_stop(session->stack->timers, &session->ack_timeout);
	session_bye(session, SLICE_NONE);
	if (is_told)
		ops->on_end(session, SESSION_LOST, NULL);
	session->owner = NULL;
}

static void on_ack_timeout(struct timer *timer)
{
	session_lose(CONTAINER_OF(timer, struct session, ack_timeout));
}

static void session_await_ack(struct session *session)
{
	struct timers *timers = session->stack->timers;

	session->answered_cseq = session->dialog.remote_cseq;
	session->interval_ms = T1_MS;
	timer_start(timers, &session->retransmit, T1_MS, on_retransmit_2xx);
	timer_start(timers, &session->ack_timeout, 64 * T1_MS, on_ack_timeout);
}

static void session_on_ack(struct session *session, const struct sip_msg *ack)
{
	if (!session->ack_timeout.is_running || ack->cseq != session->answered_cseq)
		return;
	timer_stop(session->stack->timers, &session->retransmit);
	timer_stop(session->stack->timers, &session->ack_timeout);
	if (session->state == SESSION_ENDING) {
		session_bye(session, SLICE_NONE);
		return;
	}
	if (session->state == SESSION_ANSWERED)
		session_set_state(session, SESSION_CONFIRMED);
	session->ops->on_ack(session, ack);
}

/* --- Calling (UAC) ------------------------------------------------------------------------ */

static void session_send_ack(struct session *session, struct slice content_type, struct slice body)
{
	struct packet *ack = NULL;

	(void)dialog_ack(&session->dialog, session->stack, session->invite_cseq, SLICE_NONE,
			 content_type, body, &ack);
	packet_unref(session->ack);
	session->ack = ack;
}

/*
 * A 2xx again: its ACK was lost, or memory for it was refused. The ACK of an answer that the owner
 * has not given yet follows when it does.
 */
static void session_on_2xx_again(struct session *session, const struct sip_msg *response,
				 const struct flow *flow)
{
	struct dialog fork;

	if (slice_eq(response->to_tag, session->dialog.remote_tag)) {
		if (response->cseq != session->invite_cseq)
			(void)dialog_ack(&session->dialog, session->stack, response->cseq,
					 SLICE_NONE, SLICE_NONE, SLICE_NONE, NULL);
		else if (session->ack)
			(void)stack_send(session->stack, &session->dialog.flow, session->ack);
		else if (!session->is_ack_due)
			session_send_ack(session, SLICE_NONE, SLICE_NONE);
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

static void session_on_2xx(struct session *session, const struct sip_msg *response,
			   const struct flow *flow)
{
	bool is_cancelled = session->state == SESSION_CANCELLED;
	int err = dialog_on_response(&session->dialog, session->stack, response, flow);

	session->peer = *flow;
	session->is_ack_due = true;
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
	session->ops->on_answer(session, response);
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
	if (session->state == SESSION_CANCELLED || response->status == 100)
		return;
	if (dialog_on_response(&session->dialog, session->stack, response, flow))
		return; /* as if it were lost; the next response tries again */
	if (session->state == SESSION_CALLING)
		session_set_state(session, SESSION_EARLY);
	session->ops->on_provisional(session, response);
}

static void invite_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops invite_ops = { invite_on_response, invite_on_failed };

static void invite_on_response(struct txn_client *txn, struct handle owner,
			       const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = pool_find(&txn->stack->sessions, owner);

	if (!session)
		return;
	if (session_is_up(session) || session->state == SESSION_ENDING) {
		if (response->status >= 200 && response->status < 300)
			session_on_2xx_again(session, response, flow);
	} else if (response->status < 200) {
		invite_on_provisional(session, response, flow);
	} else if (response->status < 300) {
		session_on_2xx(session, response, flow);
	} else if (session->state != SESSION_CANCELLED &&
		   session_try_again(session, txn, response, &invite_ops, &session->client)) {
		session->invite_cseq = session->dialog.local_cseq;
	} else {
		session_refused(session, response->status, response);
	}
}

static struct session *session_new(struct stack *stack, const struct session_ops *ops, void *owner)
{
	struct session *session = pool_new(&stack->sessions);

	if (!session)
		return NULL;
	session->stack = stack;
	session->ops = ops;
	session->owner = owner;
	return session;
}

static const struct usage_ops usage_ops;

int session_call(struct stack *stack, const struct session_spec *spec,
		 const struct session_ops *ops, void *owner, struct session **ret_session)
{
	struct session *session = session_new(stack, ops, owner);
	struct dialog *dialog;
	int err;

	if (!session)
		return ERR_NOMEM;
	session->is_uac = true;
	session->state = SESSION_CALLING;
	dialog = &session->dialog;
	if ((err = dialog_init_uac(dialog, stack, &spec->dialog)) ||
	    (err = usage_start(stack, &session->usage, &usage_ops, dialog->call_id,
			       dialog_local_tag(dialog))) ||
	    (err = dialog_request(dialog, stack, METHOD_INVITE, spec->lines, spec->content_type,
				  spec->body, &invite_ops, session->pooled.handle,
				  &session->client))) {
		session_finish(session);
		return err;
	}
	session->invite_cseq = dialog->local_cseq;
	*ret_session = session;
	return 0;
}

int session_ack(struct session *session, struct slice content_type, struct slice body)
{
	if (!session->is_ack_due)
		return ERR_STATE;
	session->is_ack_due = false;
	session_send_ack(session, content_type, body);
	if (session->state == SESSION_ANSWERED)
		session_set_state(session, SESSION_CONFIRMED);
	return 0;
}

/* --- Re-INVITE of ours (RFC 3261 14.1) ---------------------------------------------------- */

static void offer_failed(struct session *session, unsigned status, const struct sip_msg *response)
{
	/* The dialog is gone (12.2.1.2). */
	if (status == 408 || status == 481)
		session_lose(session);
	else
		session->ops->on_offer_result(session, status, response);
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
	timer_stop(session->stack->timers, &session->offer_timeout);
	if (session_is_let_go(session)) {
		if (response->status < 300)
			session_on_2xx_again(session, response, flow);
	} else if (response->status >= 300) {
		if (session_try_again(session, txn, response, &offer_ops, &session->client))
			session->invite_cseq = session->dialog.local_cseq;
		else
			offer_failed(session, response->status, response);
	} else if (response->cseq != session->invite_cseq || session->ack) {
		session_on_2xx_again(session, response, flow);
	} else if (!session->is_ack_due) {
		(void)dialog_refresh_target(&session->dialog, response, flow);
		session->is_ack_due = true;
		session->ops->on_offer_result(session, response->status, response);
	}
}

/* Taken back when it rings on: a re-INVITE has nobody to wait for. */
static void on_offer_timeout(struct timer *timer)
{
	session_cancel_offer(CONTAINER_OF(timer, struct session, offer_timeout));
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
	int err;

	if (session->state != SESSION_CONFIRMED || session_is_offering(session) ||
	    session_is_offered(session) || session->ack_timeout.is_running)
		return ERR_STATE;
	session->challenges = 0;
	err = dialog_request(&session->dialog, session->stack, METHOD_INVITE, lines, content_type,
			     body, &offer_ops, session->pooled.handle, &session->client);
	if (err)
		return err;
	session->invite_cseq = session->dialog.local_cseq;
	timer_start(session->stack->timers, &session->offer_timeout, 64 * T1_MS, on_offer_timeout);
	packet_unref(session->ack);
	session->ack = NULL;
	return 0;
}

/* --- Being called (UAS) ------------------------------------------------------------------- */

static void server_on_cancel(struct stack *stack, struct handle owner, const struct sip_msg *cancel)
{
	struct session *session = pool_find(&stack->sessions, owner);
	struct txn_server *txn = session ? session_server(session) : NULL;

	if (!txn)
		return;
	(void)txn_server_respond(txn, &(struct answer){ .status = 487 });
	/* A cancelled re-INVITE leaves the session as it was (14.2). */
	if (session->state == SESSION_CONFIRMED && session->ops->on_offer_cancelled)
		session->ops->on_offer_cancelled(session);
	if (session->state != SESSION_EARLY)
		return;
	session_finish(session);
	session->ops->on_cancel(session, cancel);
}

static const struct txn_server_ops server_ops = { server_on_cancel };

/* Answers what could not be taken: in->txn may exist or not. */
static void take_refuse(struct incoming *in, int err)
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
		take_refuse(in, err);
		return err;
	}
	session->state = SESSION_EARLY;
	session->peer = in->flow;
	if (txn_server_start(in, &server_ops, session->pooled.handle)) {
		session->server = in->txn->pooled.handle;
		err = dialog_init_uas(&session->dialog, in, txn_server_to_tag(in->txn).p,
				      contact_line);
	}
	if (!err)
		err = usage_start(in->stack, &session->usage, &usage_ops, session->dialog.call_id,
				  dialog_local_tag(&session->dialog));
	if (err) {
		take_refuse(in, err);
		session_finish(session);
		return err;
	}
	*ret_session = session;
	return 0;
}

/* The Contact and what we can do, in front of the owner's lines (RFC 3261 table 2). */
static int session_respond(struct session *session, const struct answer *answer)
{
	char text[2048];
	struct buf lines = BUF_ON(text);
	struct txn_server *txn = session_server(session);
	struct answer full = *answer;

	if (!txn)
		return ERR_STATE;
	if (answer->status < 300) {
		buf_slice(&lines, session->dialog.contact);
		buf_lit(&lines, SESSION_CAN_LINES);
	}
	buf_slice(&lines, answer->lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	full.lines = buf_text(&lines);
	return txn_server_respond(txn, &full);
}

int session_ring(struct session *session, const struct answer *answer)
{
	if (session->is_uac || session->state != SESSION_EARLY || answer->status >= 200)
		return ERR_STATE;
	return session_respond(session, answer);
}

int session_answer(struct session *session, const struct answer *answer)
{
	int err;

	if (session->is_uac || session->state != SESSION_EARLY)
		return ERR_STATE;
	err = session_respond(session, answer);
	if (err)
		return err;
	session_set_state(session, SESSION_ANSWERED);
	session_await_ack(session);
	return 0;
}

int session_new_fork(struct session *session)
{
	struct txn_server *txn = session_server(session);
	char tag[TOKEN_BYTES];
	int err;

	if (!txn || session->is_uac || session->state != SESSION_EARLY)
		return ERR_STATE;
	stack_token(session->stack, tag);
	err = usage_rename(session->stack, &session->usage, session->dialog.call_id,
			   slice_of(tag, sizeof(tag)));
	if (err)
		return err;
	memcpy(session->dialog.local_tag, tag, sizeof(tag));
	txn_server_set_to_tag(txn, tag);
	return 0;
}

/* --- Re-INVITE of the peer's (RFC 3261 14.2) ---------------------------------------------- */

static void session_on_reinvite(struct session *session, struct incoming *in)
{
	if (sip_msg_header(in->msg, HDR_REQUIRE)) {
		char text[SIP_HEADER_MAX_BYTES];
		struct buf line = BUF_ON(text);

		sip_print_header(&line, HDR_UNSUPPORTED, sip_msg_value(in->msg, HDR_REQUIRE));
		incoming_reply(in, &(struct answer){ .status = 420, .lines = buf_text(&line) });
		return;
	}
	if (session->state != SESSION_CONFIRMED || session_is_offered(session) ||
	    session->ack_timeout.is_running) {
		incoming_reply(in, &(struct answer){ .status = 500,
						     .lines = SLICE_INIT("Retry-After: 2\r\n") });
		return;
	}
	if (session_is_offering(session)) {
		incoming_reply_status(in, 491);
		return;
	}
	if (!txn_server_start(in, &server_ops, session->pooled.handle)) {
		take_refuse(in, ERR_NOMEM);
		return;
	}
	session->server = in->txn->pooled.handle;
	if (dialog_refresh_target(&session->dialog, in->msg, &in->flow)) {
		incoming_reply_status(in, 400);
		return;
	}
	session->ops->on_offer(session, in->msg);
}

int session_accept_offer(struct session *session, const struct answer *answer)
{
	int err;

	if (session->state != SESSION_CONFIRMED || !session_is_offered(session))
		return ERR_STATE;
	err = session_respond(session, answer);
	if (err)
		(void)session_refuse_offer(session, &(struct answer){ .status = 500 });
	else
		session_await_ack(session);
	return err;
}

int session_refuse_offer(struct session *session, const struct answer *answer)
{
	if (session->state != SESSION_CONFIRMED || !session_is_offered(session))
		return ERR_STATE;
	return session_respond(session, answer);
}

/* --- Requests in the dialog --------------------------------------------------------------- */

static void session_on_bye(struct session *session, struct incoming *in)
{
	struct txn_server *txn = session_server(session);
	bool is_up = session_is_up(session);
	bool is_early = !session->is_uac && session->state == SESSION_EARLY;

	if (session->state == SESSION_CALLING ||
	    (session->is_uac && !is_up && !is_early && session->state != SESSION_ENDING)) {
		incoming_reply_status(in, 481);
		return;
	}
	incoming_reply_status(in, 200);
	/* An INVITE still open is answered for good (15.1.2). */
	if (txn && txn->state == TXN_SERVER_PROCEEDING)
		(void)txn_server_respond(txn, &(struct answer){ .status = 487 });
	session_finish(session);
	if (is_up)
		session->ops->on_end(session, SESSION_BYE, in->msg);
	else if (is_early)
		session->ops->on_cancel(session, in->msg);
}

static void session_on_other(struct session *session, struct incoming *in)
{
	if (session->ops->on_request && !session_is_let_go(session))
		session->ops->on_request(session, in);
	else
		incoming_reply(in, &(struct answer){ .status = 405,
						     .lines = SLICE_INIT(SESSION_ALLOW_LINE) });
}

/* An ACK changes nothing that its INVITE did not ask for. */
static bool session_knows_way(struct session *session, struct incoming *in)
{
	if (in->msg->method == METHOD_ACK || flow_eq(&in->flow, &session->peer) ||
	    !session->ops->is_peer)
		return true;
	if (!slice_eq(in->msg->from_tag, session->dialog.remote_tag) ||
	    session_is_let_go(session)) {
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
		return false;
	}
	if (!session->ops->is_peer(session, in))
		return false;
	session->peer = in->flow;
	return true;
}

static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct session *session = CONTAINER_OF(usage, struct session, usage);
	unsigned refusal;

	if (!session_knows_way(session, in))
		return;
	refusal = dialog_check_request(&session->dialog, in->msg);
	if (refusal) {
		incoming_reply_status(in, refusal);
		return;
	}
	if (in->msg->method == METHOD_ACK)
		session_on_ack(session, in->msg);
	else if (in->msg->method == METHOD_BYE)
		session_on_bye(session, in);
	else if (in->msg->method == METHOD_INVITE)
		session_on_reinvite(session, in);
	else if (in->msg->method == METHOD_OPTIONS)
		incoming_reply(in, &(struct answer){ .status = 200,
						     .lines = SLICE_INIT(SESSION_CAN_LINES) });
	else
		session_on_other(session, in);
}

static const struct usage_ops usage_ops = { usage_on_request };

struct session *session_find_dialog(struct stack *stack, struct slice call_id,
				    struct slice local_tag)
{
	struct usage *usage = usage_find(stack, call_id, local_tag);

	if (!usage || usage->ops != &usage_ops)
		return NULL;
	return session_find(stack, CONTAINER_OF(usage, struct session, usage)->pooled.handle);
}

/* --- Ending ------------------------------------------------------------------------------- */

static void session_end_calling(struct session *session, struct slice lines)
{
	struct txn_client *txn = session_client(session);

	session_set_state(session, SESSION_CANCELLED);
	if (txn)
		txn_client_cancel(txn, lines);
	else
		session_finish(session);
}

static void session_end_up(struct session *session, struct slice lines)
{
	struct txn_server *txn = session_server(session);

	if (session->is_ack_due)
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
	if (txn && txn->state == TXN_SERVER_PROCEEDING)
		(void)txn_server_respond(txn, &(struct answer){ .status = 487 });
	/* BYE must wait for the ACK of our 2xx (15). */
	if (session->ack_timeout.is_running)
		session_set_state(session, SESSION_ENDING);
	else
		session_bye(session, lines);
}

void session_end(struct session *session, unsigned status, struct slice lines)
{
	struct answer answer = { .status = status ? status : 480, .lines = lines };

	session->owner = NULL;
	switch (session->state) {
	case SESSION_CALLING:
		session_end_calling(session, lines);
		break;
	case SESSION_EARLY:
		if (session->is_uac) {
			session_end_calling(session, lines);
			break;
		}
		(void)session_respond(session, &answer);
		session_finish(session);
		break;
	case SESSION_ANSWERED:
	case SESSION_CONFIRMED:
		session_end_up(session, lines);
		break;
	case SESSION_CANCELLED:
	case SESSION_ENDING:
	case SESSION_ENDED:
		break;
	}
}
