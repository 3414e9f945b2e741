/* SPDX-License-Identifier: MIT */
/*
 * Reliable provisional responses (RFC 3262). As UAS one at a time is repeated until its PRACK
 * comes; as UAC each fork's are taken in order, and its description is kept, for its 2xx need not
 * repeat it.
 */
#include "core/session_inner.h"

#include "base/err.h"
#include "base/mem.h"

#define LINES_MAX_BYTES 2048
#define RSEQ_FIRST_MAX 0x7fffffffu /* 2^31 - 1 (3) */

/* --- UAC (RFC 3262 4) --------------------------------------------------------------------- */

/* 0 without one. */
static uint32_t rseq_read(const struct sip_msg *response)
{
	uint32_t rseq;

	if (!sip_msg_has_token(response, HDR_REQUIRE, SLICE("100rel")) ||
	    slice_to_u32(sip_msg_value(response, HDR_RSEQ), UINT32_MAX, &rseq))
		return 0;
	return rseq;
}

static int keep_answer(struct session_early *early, const struct sip_msg *response)
{
	struct body *answer;

	if (slice_is_empty(response->body))
		return 0;
	answer = body_keep(sip_msg_value(response, HDR_CONTENT_TYPE), response->body);
	if (!answer)
		return ERR_NOMEM;
	mem_free(early->answer);
	early->answer = answer;
	return 0;
}

bool session_reliable_take(struct session_early *early, const struct sip_msg *response,
			   bool is_busy, bool *ret_is_reliable)
{
	uint32_t rseq = rseq_read(response);

	*ret_is_reliable = rseq > 0;
	if (rseq > 0) {
		/* Repeated, out of order, or before the last one is acknowledged: it comes again.
		 */
		if (is_busy || (early->rseq > 0 && rseq != early->rseq + 1) ||
		    keep_answer(early, response))
			return false;
		early->rseq = rseq;
	}
	if (!slice_is_empty(response->body))
		early->has_media = true;
	return true;
}

bool session_is_prack_due(const struct session *session, const struct sip_msg *response)
{
	return session->is_prack_due && rseq_read(response) == session->early.rseq;
}

static struct slice print_rack(struct buf *line, uint32_t rseq, uint32_t cseq)
{
	buf_printf(line, "RAck: %u %u INVITE\r\n", rseq, cseq);
	return buf_text(line);
}

/* What becomes of it the INVITE's own answer says; only a challenge is answered. */
static void prack_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	(void)txn;
	(void)owner;
	(void)status;
}

static void prack_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops prack_ops = { prack_on_response, prack_on_failed };

static void prack_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = session_find(txn->stack, owner);

	(void)flow;
	if (session && response->status >= 300)
		(void)session_try_again(session, txn, response, &prack_ops, NULL);
}

void session_fork_prack(struct session *session, struct session_fork *fork)
{
	char text[64];
	struct buf line = BUF_ON(text);

	fork->dialog.local_cseq = session->dialog.local_cseq;
	if (dialog_request(&fork->dialog, session->stack, METHOD_PRACK,
			   print_rack(&line, fork->early.rseq, session->invite_cseq), SLICE_NONE,
			   SLICE_NONE, NULL, HANDLE_NONE, NULL))
		fork->early.rseq--; /* it is repeated */
	session->dialog.local_cseq = fork->dialog.local_cseq;
}

int session_prack(struct session *session, struct slice content_type, struct slice body)
{
	char text[64];
	struct buf line = BUF_ON(text);
	struct slice rack = print_rack(&line, session->early.rseq, session->invite_cseq);
	int err;

	if (!session->is_prack_due)
		return ERR_STATE;
	/* Behind our own offer and its answer, a body is one more offer (5). */
	if (!session->is_invite_empty && !slice_is_empty(body))
		err = session_offer_by(session, METHOD_PRACK, rack, content_type, body);
	else
		err = dialog_request(&session->dialog, session->stack, METHOD_PRACK, rack,
				     content_type, body, &prack_ops, session->pooled.handle, NULL);
	if (err) {
		session_ignore(session);
		return err;
	}
	session->is_prack_due = false;
	if (session->is_invite_empty)
		session_keep_media(session, content_type, body);
	if (session->early.has_media)
		session->is_agreed = true;
	return 0;
}

void session_ignore(struct session *session)
{
	if (session->is_prack_due)
		session->early.rseq--;
	session->is_prack_due = false;
}

/* --- UAS: sending (RFC 3262 3) ------------------------------------------------------------ */

struct session_reliable {
	struct session *session;
	struct timer retransmit;
	uint64_t interval_ms;
	uint64_t give_up_ms;
	uint32_t rseq;	       /* of the last one sent */
	struct packet *packet; /* it, until it is acknowledged; then NULL */
	struct flow flow;
	bool has_media;	       /* it describes some */
	bool is_described;     /* one of those so far did, and is acknowledged */
	struct answer *next;   /* owned with its texts: the 1xx that waits, NULL: none */
	struct answer *answer; /* owned with its texts: the 2xx that waits */
};

static void answer_free(struct answer *answer)
{
	if (!answer)
		return;
	mem_free((char *)answer->reason.p);
	mem_free((char *)answer->lines.p);
	mem_free((char *)answer->content_type.p);
	mem_free((char *)answer->body.p);
	mem_free(answer);
}

static struct answer *answer_keep(const struct answer *answer)
{
	struct answer *copy = mem_alloc(sizeof(*copy));

	if (!copy)
		return NULL;
	copy->status = answer->status;
	if (slice_keep(answer->reason, &copy->reason) || slice_keep(answer->lines, &copy->lines) ||
	    slice_keep(answer->content_type, &copy->content_type) ||
	    slice_keep(answer->body, &copy->body)) {
		answer_free(copy);
		return NULL;
	}
	return copy;
}

void session_reliable_stop(struct session *session)
{
	if (session->reliable)
		timer_stop(session->stack->timers, &session->reliable->retransmit);
}

void session_reliable_free(struct session *session)
{
	struct session_reliable *reliable = session->reliable;

	if (!reliable)
		return;
	session_reliable_stop(session);
	packet_unref(reliable->packet);
	answer_free(reliable->next);
	answer_free(reliable->answer);
	mem_free(reliable);
	session->reliable = NULL;
}

/* Nobody acknowledges: the INVITE is refused (3), and the owner is told. */
static void reliable_give_up(struct session *session)
{
	struct txn_server *txn = session_server(session);

	if (txn)
		(void)txn_server_respond(txn, &(struct answer){ .status = 504 });
	session_finish(session);
	session->ops->on_end(session, SESSION_LOST, NULL);
	session->owner = NULL;
}

static void on_retransmit(struct timer *timer)
{
	struct session_reliable *reliable =
		CONTAINER_OF(timer, struct session_reliable, retransmit);
	struct session *session = reliable->session;
	struct timers *timers = session->stack->timers;
	uint64_t left_ms;

	if (!reliable->packet) {
		session_reliable_go_on(session); /* memory was refused for it */
		return;
	}
	if (timers->now_ms >= reliable->give_up_ms) {
		reliable_give_up(session);
		return;
	}
	(void)stack_send(session->stack, &reliable->flow, reliable->packet);
	left_ms = reliable->give_up_ms - timers->now_ms;
	reliable->interval_ms *= 2;
	timer_start(timers, timer,
		    reliable->interval_ms < left_ms ? reliable->interval_ms : left_ms,
		    on_retransmit);
}

static struct session_reliable *reliable_get(struct session *session)
{
	struct session_reliable *reliable = session->reliable;

	if (reliable)
		return reliable;
	reliable = mem_alloc(sizeof(*reliable));
	if (!reliable)
		return NULL;
	session->stack->env->random(session->stack->env->host, &reliable->rseq,
				    sizeof(reliable->rseq));
	reliable->rseq %= RSEQ_FIRST_MAX; /* the first one sent is one more */
	reliable->session = session;
	session->reliable = reliable;
	return reliable;
}

static int reliable_send(struct session *session, const struct answer *answer)
{
	struct session_reliable *reliable = reliable_get(session);
	struct txn_server *txn = session_server(session);
	struct timers *timers = session->stack->timers;
	char text[LINES_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	struct answer full = *answer;
	int err;

	if (!reliable || !txn)
		return reliable ? ERR_STATE : ERR_NOMEM;
	buf_printf(&lines, "Require: 100rel\r\nRSeq: %u\r\n", reliable->rseq + 1);
	buf_slice(&lines, answer->lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	full.lines = buf_text(&lines);
	err = session_respond(session, txn, &full);
	if (err)
		return err;
	reliable->rseq++;
	reliable->packet = packet_ref(txn->last);
	reliable->flow = txn->flow;
	reliable->has_media = !slice_is_empty(answer->body);
	reliable->interval_ms = T1_MS;
	reliable->give_up_ms = timers->now_ms + 64 * T1_MS;
	timer_start(timers, &reliable->retransmit, T1_MS, on_retransmit);
	return 0;
}

/* The latest is what counts: it takes the place of one that waits already. */
static int reliable_wait(struct session_reliable *reliable, const struct answer *answer)
{
	struct answer *next = answer_keep(answer);

	if (!next)
		return ERR_NOMEM;
	answer_free(reliable->next);
	reliable->next = next;
	return 0;
}

static int ring(struct session *session, const struct answer *answer, bool is_reliable)
{
	struct session_reliable *reliable = session->reliable;

	if (session->is_uac || session->state != SESSION_EARLY || answer->status >= 200)
		return ERR_STATE;
	if (!is_reliable || answer->status == 100)
		return session_respond(session, session_server(session), answer);
	if (!reliable || !reliable->packet)
		return reliable_send(session, answer);
	return ERR_STATE;
}

int session_ring(struct session *session, const struct answer *answer)
{
	struct session_reliable *reliable = session->reliable;
	bool is_reliable = session->peer_can & PEER_NEEDS_100REL;

	if (is_reliable && reliable && reliable->packet && session->state == SESSION_EARLY)
		return reliable_wait(reliable, answer);
	return ring(session, answer, is_reliable);
}

int session_ring_reliably(struct session *session, const struct answer *answer)
{
	return ring(session, answer, session->peer_can & (PEER_100REL | PEER_NEEDS_100REL));
}

/* --- UAS: the answer ---------------------------------------------------------------------- */

bool session_answer_waits(struct session *session, const struct answer *answer, int *ret_err)
{
	struct session_reliable *reliable = session->reliable;

	if (!reliable || ((!reliable->packet || !reliable->has_media) && !session_pracked(session)))
		return false;
	answer_free(reliable->answer);
	reliable->answer = answer_keep(answer);
	*ret_err = reliable->answer ? 0 : ERR_NOMEM;
	return true;
}

int session_answer_now(struct session *session, const struct answer *answer)
{
	struct answer short_one = *answer;
	int err;

	/* The description went before, and was acknowledged (RFC 3262 5). */
	if (session->reliable && session->reliable->is_described)
		short_one.content_type = short_one.body = SLICE_NONE;
	err = session_respond(session, session_server(session), &short_one);
	if (err)
		return err;
	session_reliable_stop(session);
	session_set_state(session, SESSION_ANSWERED);
	session->is_agreed = true;
	session_origin_start(session, answer->body);
	session_keep_media(session, answer->content_type, answer->body);
	session_await_ack(session);
	return 0;
}

void session_reliable_go_on(struct session *session)
{
	struct session_reliable *reliable = session->reliable;
	struct answer *answer = reliable ? reliable->answer : NULL;
	struct answer *next;

	if (!reliable || reliable->packet || session_pracked(session) ||
	    session->state != SESSION_EARLY)
		return;
	if (answer) {
		if (session_answer_now(session, answer)) {
			timer_start(session->stack->timers, &reliable->retransmit, T1_MS,
				    on_retransmit);
			return;
		}
		reliable->answer = NULL;
		answer_free(answer);
		return;
	}
	next = reliable->next;
	reliable->next = NULL;
	if (next)
		(void)reliable_send(session, next);
	answer_free(next);
}

/* --- UAS: PRACK --------------------------------------------------------------------------- */

struct txn_server *session_pracked(struct session *session)
{
	struct txn_server *txn = pool_find(&session->stack->txn_servers, session->pracked);

	return txn && txn->state == TXN_SERVER_TRYING ? txn : NULL;
}

/* "776656 1 INVITE" */
static bool rack_matches(const struct session_reliable *reliable, uint32_t cseq_of_invite,
			 const struct sip_msg *prack)
{
	struct slice rest = sip_msg_value(prack, HDR_RACK), word;
	uint32_t rseq, cseq;

	slice_cut(rest, ' ', &word, &rest);
	if (slice_to_u32(word, UINT32_MAX, &rseq))
		return false;
	slice_cut(slice_trim(rest), ' ', &word, &rest);
	return slice_to_u32(word, UINT32_MAX, &cseq) == 0 &&
	       slice_eq(slice_trim(rest), SLICE("INVITE")) && rseq == reliable->rseq &&
	       cseq == cseq_of_invite;
}

static void prack_offers(struct session *session, struct incoming *in)
{
	if (!txn_server_start(in, NULL, HANDLE_NONE)) {
		session_refuse(in, ERR_NOMEM);
		return;
	}
	session->pracked = in->txn->pooled.handle;
	session->ops->on_offer(session, in->msg);
}

void session_on_prack(struct session *session, struct incoming *in)
{
	struct session_reliable *reliable = session->reliable;

	if (session_refuse_required(in))
		return;
	if (!reliable || !reliable->packet || session_is_let_go(session) ||
	    !rack_matches(reliable, session->invited_cseq, in->msg)) {
		incoming_reply_status(in, 481);
		return;
	}
	timer_stop(session->stack->timers, &reliable->retransmit);
	packet_unref(reliable->packet);
	reliable->packet = NULL;
	if (reliable->has_media)
		reliable->is_described = session->is_agreed = true;
	if (session->state == SESSION_EARLY && !session->is_invite_empty &&
	    !slice_is_empty(in->msg->body)) {
		prack_offers(session, in);
	} else {
		incoming_reply_status(in, 200);
		if (session->ops->on_prack)
			session->ops->on_prack(session, in->msg);
	}
	session_reliable_go_on(session);
}
