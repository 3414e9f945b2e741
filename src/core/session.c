/* SPDX-License-Identifier: MIT */
/*
 * Sessions (RFC 3261 13 to 15): states, what both sides have in common, and the end. Each state has
 * its row of successors; whatever the wire brings in a state that does not expect it is answered as
 * the RFC says and changes nothing.
 */
#include "core/session_inner.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/refer_dialog.h"

#define ABILITIES_MAX_BYTES 512
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

void session_set_state(struct session *session, enum session_state state)
{
	CHECK(rows[session->state].next & (1u << state));
	session->state = state;
}

struct slice session_state_name(enum session_state state)
{
	return slice_from_cstr(rows[state].name);
}

/* Nobody is told anything any more. */
bool session_is_let_go(const struct session *session)
{
	return session->state == SESSION_CANCELLED || session->state == SESSION_ENDING ||
	       session->state == SESSION_ENDED;
}

bool session_is_up(const struct session *session)
{
	return session->state == SESSION_ANSWERED || session->state == SESSION_CONFIRMED;
}

struct session *session_find(struct stack *stack, struct handle handle)
{
	struct session *session = pool_find(&stack->sessions, handle);

	return session && !session_is_let_go(session) ? session : NULL;
}

struct txn_client *session_client(struct session *session)
{
	return pool_find(&session->stack->txn_clients, session->client);
}

struct txn_server *session_server(struct session *session)
{
	return pool_find(&session->stack->txn_servers, session->server);
}

/* What the peer still waits for is answered for good (RFC 3261 15.1.2). */
static void session_answer_open(struct session *session)
{
	struct txn_server *open[] = { session_server(session), session_updated(session),
				      session_pracked(session) };

	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (open[i])
			(void)txn_server_respond(open[i], &(struct answer){ .status = 487 });
}

static void stop_timers(struct session *session)
{
	struct timers *timers = session->stack->timers;

	timer_stop(timers, &session->ack_wait);
	timer_stop(timers, &session->offer_timeout);
	timer_stop(timers, &session->probe);
	session_timer_stop(session);
}

void session_finish(struct session *session)
{
	struct txn_client *open = session_client(session);

	session_set_state(session, SESSION_ENDED);
	stop_timers(session);
	session_reliable_stop(session);
	if (open)
		txn_client_cancel(open, SLICE_NONE);
	session_answer_open(session);
	usage_stop(session->stack, &session->usage);
	refer_dialog_on_session_end(session);
	pool_end(&session->stack->sessions, session);
}

void session_on_free(void *object)
{
	struct session *session = object;

	stop_timers(session);
	session_reliable_free(session);
	session_forks_free(session);
	session_early_fini(&session->early);
	usage_stop(session->stack, &session->usage);
	refer_dialog_on_session_free(session);
	if (!session->is_dialog_left)
		dialog_fini(&session->dialog);
	session_origin_free(session);
}

void session_print_abilities(const struct session *session, struct buf *lines)
{
	buf_slice(lines, session->ops->allow_line);
	session_print_supported(session->stack, lines);
}

void session_print_supported(const struct stack *stack, struct buf *lines)
{
	bool has_timer = stack->session_expires_s > 0;

	if (!stack->lacks_replaces)
		buf_cstr(lines, has_timer ? SESSION_SUPPORTED_LINE : "Supported: replaces\r\n");
	else if (has_timer)
		buf_lit(lines, "Supported: timer\r\n");
}

/* An INVITE of ours waits for its final response or its ACK, an UPDATE for its response. */
bool session_is_offering(struct session *session)
{
	const struct txn_client *txn = session_client(session);

	return session->is_ack_due || session_is_updating(session) ||
	       (txn && (txn->state == TXN_CLIENT_CALLING || txn->state == TXN_CLIENT_PROCEEDING));
}

/* An INVITE or UPDATE of the peer's waits for our final response. */
bool session_is_offered(struct session *session)
{
	const struct txn_server *txn = session_server(session);

	return session_updated(session) || (txn && txn->state == TXN_SERVER_PROCEEDING);
}

static const struct ability_row {
	struct slice token;
	enum session_ability ability;
} allow_rows[] = {
	{ SLICE_INIT("UPDATE"), PEER_UPDATE },
	{ SLICE_INIT("REFER"), PEER_REFER },
}, supported_rows[] = {
	{ SLICE_INIT("100rel"), PEER_100REL },
	{ SLICE_INIT("timer"), PEER_TIMER },
	{ SLICE_INIT("replaces"), PEER_REPLACES },
};

/* A message that has the header says all of it. */
static void learn(struct session *session, const struct sip_msg *msg, enum sip_header_id id,
		  const struct ability_row *known, size_t known_count)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	if (!sip_msg_header(msg, id))
		return;
	for (size_t i = 0; i < known_count; i++)
		session->peer_can &= ~(unsigned)known[i].ability;
	while (sip_msg_list_next(msg, id, &cursor, &entry))
		for (size_t i = 0; i < known_count; i++)
			if (slice_eq_nocase(entry, known[i].token))
				session->peer_can |= known[i].ability;
}

void session_learn(struct session *session, const struct sip_msg *msg)
{
	learn(session, msg, HDR_ALLOW, allow_rows, ARRAY_LEN(allow_rows));
	learn(session, msg, HDR_SUPPORTED, supported_rows, ARRAY_LEN(supported_rows));
}

/* --- Credentials -------------------------------------------------------------------------- */

bool session_answer_challenge(struct session *session, struct txn_client *txn,
			      const struct sip_msg *response, struct buf *line)
{
	if ((response->status != 401 && response->status != 407) || !session->ops->on_challenge ||
	    txn->challenges >= CHALLENGES_MAX)
		return false;
	session->challenges = ++txn->challenges;
	return session->ops->on_challenge(session, response, line) == 0 && !line->is_overflown;
}

bool session_try_again(struct session *session, struct txn_client *txn,
		       const struct sip_msg *response, const struct txn_client_ops *ops,
		       struct handle *ret_client)
{
	char text[2048];
	struct buf line = BUF_ON(text);

	if (!session_answer_challenge(session, txn, response, &line) &&
	    !session_timer_again(session, response, &line))
		return false;
	if (txn_client_start_again(txn, session->dialog.local_cseq + 1, buf_text(&line), ops,
				   session->pooled.handle, ret_client))
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

void session_bye(struct session *session, struct slice lines)
{
	if (session->state != SESSION_ENDING)
		session_set_state(session, SESSION_ENDING);
	session_answer_open(session);
	if (dialog_request(&session->dialog, session->stack, METHOD_BYE, lines, SLICE_NONE,
			   SLICE_NONE, &bye_ops, session->pooled.handle, NULL))
		session_finish(session);
}

/* --- Our 2xx until its ACK (RFC 3261 13.3.1.4) -------------------------------------------- */

bool session_awaits_ack(const struct session *session)
{
	return session->ack_wait.is_running;
}

static void on_ack_wait(struct timer *timer);

static void ack_wait_go_on(struct session *session)
{
	struct timers *timers = session->stack->timers;
	uint64_t left_ms = session->ack_until_ms - timers->now_ms;

	timer_start(timers, &session->ack_wait,
		    left_ms < session->ack_interval_ms ? left_ms : session->ack_interval_ms,
		    on_ack_wait);
}

static void on_ack_wait(struct timer *timer)
{
	struct session *session = CONTAINER_OF(timer, struct session, ack_wait);
	struct txn_server *txn = session_server(session);

	if (session->stack->timers->now_ms >= session->ack_until_ms) {
		session_lose(session);
		return;
	}
	if (txn)
		txn_server_resend(txn);
	session->ack_interval_ms *= 2;
	if (session->ack_interval_ms > T2_MS)
		session->ack_interval_ms = T2_MS;
	ack_wait_go_on(session);
}

void session_lose(struct session *session)
{
	const struct session_ops *ops = session->ops;
	bool is_told = !session_is_let_go(session);

	timer_stop(session->stack->timers, &session->ack_wait);
	session_bye(session, SLICE_NONE);
	if (is_told)
		ops->on_end(session, SESSION_LOST, NULL);
	session->owner = NULL;
}

void session_await_ack(struct session *session)
{
	session->ack_interval_ms = T1_MS;
	session->ack_until_ms = session->stack->timers->now_ms + 64 * T1_MS;
	ack_wait_go_on(session);
}

static void session_on_ack(struct session *session, const struct sip_msg *ack)
{
	if (!session_awaits_ack(session) || ack->cseq != session->invited_cseq)
		return;
	timer_stop(session->stack->timers, &session->ack_wait);
	session_reliable_free(session);
	if (session->state == SESSION_ENDING) {
		session_bye(session, SLICE_NONE);
		return;
	}
	if (session->state == SESSION_ANSWERED)
		session_set_state(session, SESSION_CONFIRMED);
	session->ops->on_ack(session, ack);
}

/* --- Is the peer still there? ------------------------------------------------------------- */

static void on_probe(struct timer *timer);

/* Whatever is said, somebody is there, unless it is that there is no such dialog (12.2.1.2). */
static void probe_result(struct stack *stack, struct handle owner, unsigned status)
{
	struct session *session = session_find(stack, owner);

	if (!session || status < 200)
		return;
	if (status == 408 || status == 481 || status == 503)
		session_lose(session);
	else
		timer_start(stack->timers, &session->probe, session->probe_ms, on_probe);
}

static void probe_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow)
{
	(void)flow;
	probe_result(txn->stack, owner, response->status);
}

static void probe_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	probe_result(txn->stack, owner, status);
}

static const struct txn_client_ops probe_ops = { probe_on_response, probe_on_failed };

static void on_probe(struct timer *timer)
{
	struct session *session = CONTAINER_OF(timer, struct session, probe);

	/* An answer may wait for its PRACK. */
	if (!session_is_up(session) ||
	    dialog_request(&session->dialog, session->stack, METHOD_OPTIONS, SLICE_NONE, SLICE_NONE,
			   SLICE_NONE, &probe_ops, session->pooled.handle, NULL))
		timer_start(session->stack->timers, timer, session->probe_ms, on_probe);
}

void session_probe_every(struct session *session, uint32_t every_ms)
{
	session->probe_ms = every_ms;
	timer_start(session->stack->timers, &session->probe, every_ms, on_probe);
}

/* --- Requests in the dialog --------------------------------------------------------------- */

static void session_on_bye(struct session *session, struct incoming *in)
{
	bool is_up = session_is_up(session);
	bool is_early = !session->is_uac && session->state == SESSION_EARLY;

	if (session->state == SESSION_CALLING ||
	    (session->is_uac && !is_up && !is_early && session->state != SESSION_ENDING)) {
		incoming_reply_status(in, 481);
		return;
	}
	incoming_reply_status(in, 200);
	session_finish(session);
	if (is_up)
		session->ops->on_end(session, SESSION_BYE, in->msg);
	else if (is_early)
		session->ops->on_cancel(session, in->msg);
}

static void session_on_options(struct session *session, struct incoming *in)
{
	char text[ABILITIES_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	session_print_abilities(session, &lines);
	incoming_reply(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
}

static void session_on_other(struct session *session, struct incoming *in)
{
	if (refer_dialog_is_for(in->msg))
		refer_dialog_on_request(session, in);
	else if (session_is_let_go(session))
		incoming_reply_status(in, 481);
	else if (!session->ops->on_request)
		session_refuse_method(session, in);
	else if (!session_refuse_required(in))
		session->ops->on_request(session, in);
}

/*
 * Whether the request comes from the peer. One that comes another way than before has to prove it;
 * an ACK, which cannot be challenged, has to come from the same host at least. What is repeated for
 * want of an ACK is repeated on, so a wrong guess loses nothing.
 */
static bool session_knows_way(struct session *session, struct incoming *in)
{
	if (flow_is_same_peer(&in->flow, &session->peer) || !session->ops->is_peer ||
	    session_is_let_go(session))
		return true;
	if (in->msg->method == METHOD_ACK)
		return addr_eq_ip(&in->flow.peer, &session->peer.peer);
	if (!slice_eq(in->msg->from_tag, dialog_remote_tag(&session->dialog))) {
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
		return false;
	}
	if (!session->ops->is_peer(session, in))
		return false;
	if (flow_eq(&session->dialog.flow, &session->peer))
		session->dialog.flow = in->flow;
	session->peer = in->flow;
	return true;
}

static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct session *session = CONTAINER_OF(usage, struct session, usage);
	unsigned refusal;

	if (session_fork_on_request(session, in) || !session_knows_way(session, in))
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
	else if (in->msg->method == METHOD_UPDATE)
		session_on_update(session, in);
	else if (in->msg->method == METHOD_PRACK)
		session_on_prack(session, in);
	else if (in->msg->method == METHOD_OPTIONS)
		session_on_options(session, in);
	else
		session_on_other(session, in);
}

static struct slice usage_call_id(const struct usage *usage)
{
	return dialog_call_id(&CONTAINER_OF(usage, const struct session, usage)->dialog);
}

const struct usage_ops session_usage_ops = { usage_on_request, usage_call_id };

struct session *session_find_dialog(struct stack *stack, struct slice call_id,
				    struct slice local_tag)
{
	struct usage *usage = usage_find(stack, call_id, local_tag);

	if (!usage || usage->ops != &session_usage_ops)
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
	if (session->is_ack_due)
		(void)session_ack(session, SLICE_NONE, SLICE_NONE);
	/* BYE must wait for the ACK of our 2xx (15). */
	if (session_awaits_ack(session))
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
		(void)session_respond(session, session_server(session), &answer);
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
