/* SPDX-License-Identifier: MIT */
/*
 * What the files of a session share: session.c (states, the end), session_call.c (UAC) with
 * session_fork.c, session_take.c (UAS), session_reliable.c, session_offer.c and session_update.c
 * (offers in the dialog), session_pass.c, session_timer.c. Nobody else includes this.
 */
#ifndef LAMPYRID_CORE_SESSION_INNER_H
#define LAMPYRID_CORE_SESSION_INNER_H

#include "core/session.h"

/* Finds a session for its dialog's requests. */
extern const struct usage_ops session_usage_ops;

/* Of every INVITE that we are asked: CANCEL. */
extern const struct txn_server_ops session_server_ops;

struct session *session_new(struct stack *stack, const struct session_ops *ops, void *owner);

/* The row of the present state must allow it. */
void session_set_state(struct session *session, enum session_state state);

/* Nobody is told anything any more. */
bool session_is_let_go(const struct session *session);

/* Answered, and not ended. */
bool session_is_up(const struct session *session);

/* The INVITE in progress of ours, and of the peer's; NULL when there is none. */
struct txn_client *session_client(struct session *session);
struct txn_server *session_server(struct session *session);

/* It waits for its final response or its ACK. */
bool session_is_offering(struct session *session);

/* It waits for our final response. */
bool session_is_offered(struct session *session);

/* The line of credentials for a 401 or 407 to a request of ours; false when there are none to give.
 */
bool session_answer_challenge(struct session *session, struct txn_client *txn,
			      const struct sip_msg *response, struct buf *line);

/* True when the request was sent again: with credentials, or for a longer session (422). */
bool session_try_again(struct session *session, struct txn_client *txn,
		       const struct sip_msg *response, const struct txn_client_ops *ops,
		       struct handle *ret_client);

/*
 * Sends a response to an INVITE or UPDATE of the peer's: Contact and abilities, then the owner's
 * lines. ERR_STATE without a transaction.
 */
int session_respond(struct session *session, struct txn_server *txn, const struct answer *answer);

/* The lines that tell the peer what we can do. */
void session_print_abilities(const struct session *session, struct buf *lines);

/* Answers an INVITE that could not be taken for this error. */
void session_refuse(struct incoming *in, int err);

/* Remembers the media of a request that was sent, see session_keep_media(). */
void session_keep_sent(struct session *session, struct txn_client *txn);

/* --- session_origin.c (RFC 3264 8) ---------------------------------------------------------- */

/* The first description of ours in a dialog; what was said in another one before is forgotten. */
void session_origin_start(struct session *session, struct slice body);

/* What is to be said in place of this further one. Lifetime: until the next call. */
struct slice session_origin_apply(struct session *session, struct slice body);
void session_origin_free(struct session *session);

/* Our 2xx is out: it is repeated until its ACK comes (RFC 3261 13.3.1.4). */
void session_await_ack(struct session *session);
bool session_awaits_ack(const struct session *session);

/* A 2xx that was answered already: its ACK again, or the end of another fork (13.2.2.4). */
void session_on_2xx_again(struct session *session, const struct txn_client *txn,
			  const struct sip_msg *response, const struct flow *flow);

/* What a message of the peer's says about its abilities. */
void session_learn(struct session *session, const struct sip_msg *msg);

/* Our UPDATE with an offer is unanswered; the peer's is. */
bool session_is_updating(struct session *session);

/* True when ours was: it went to another early dialog, so its answer means nothing any more. */
bool session_drop_update(struct session *session);
struct txn_server *session_updated(struct session *session);
void session_on_update(struct session *session, struct incoming *in);

/* 500 with a Retry-After of up to 10 s, drawn by chance (RFC 3261 14.2, RFC 3311 5.2). */
void session_refuse_for_now(struct session *session, struct incoming *in);

/* --- session_fork.c (RFC 3261 12.1.2, 13.2.2.4) --------------------------------------------- */

/* An early dialog beside the one in focus. */
struct session_fork {
	struct session_fork *next;
	struct dialog dialog;
	struct session_early early;
};

/*
 * The early dialog that a provisional response belongs to, made or brought up to date: in focus, or
 * *ret_fork is its fork. ERR_LIMIT, ERR_NOMEM: as if the response were lost.
 */
int session_fork_on_provisional(struct session *session, const struct sip_msg *response,
				const struct flow *flow, struct session_fork **ret_fork);

/* The fork of this tag answered: it comes into focus, the others are forgotten. */
void session_fork_choose(struct session *session, struct slice tag);

/* A request of a fork that is not in focus; false when there is none of this tag. */
bool session_fork_on_request(struct session *session, struct incoming *in);

void session_early_fini(struct session_early *early);
void session_forks_free(struct session *session);

/* --- session_reliable.c (RFC 3262) --------------------------------------------------------- */

/* UAC: false when this provisional response must be dropped; *ret_is_reliable: PRACK is due. */
bool session_reliable_take(struct session_early *early, const struct sip_msg *response,
			   bool is_busy, bool *ret_is_reliable);

/* UAC: PRACK of a fork that nobody else acknowledges. */
void session_fork_prack(struct session *session, struct session_fork *fork);

void session_on_prack(struct session *session, struct incoming *in);

/* UAS: true when the answer waits for a PRACK, *ret_err then says whether it could be kept. */
bool session_answer_waits(struct session *session, const struct answer *answer, int *ret_err);

/* UAS: 2xx at once. */
int session_answer_now(struct session *session, const struct answer *answer);

/* UAS: the PRACK's offer is answered; what waited for that goes out. */
void session_reliable_go_on(struct session *session);

/* UAS: no more retransmissions. */
void session_reliable_stop(struct session *session);
void session_reliable_free(struct session *session);
struct txn_server *session_pracked(struct session *session);

/* UPDATE or PRACK with an offer; its result goes to on_offer_result. */
int session_offer_by(struct session *session, enum sip_method method, struct slice lines,
		     struct slice content_type, struct slice body);

/* --- session_timer.c (RFC 4028) ------------------------------------------------------------ */

/* A refusal of 422 for this INVITE or UPDATE; false when there is none and nothing was answered. */
bool session_timer_refuse(struct incoming *in);

/* What an INVITE or UPDATE of the peer's asks for, to count with our 2xx. */
void session_timer_on_request(struct session *session, const struct sip_msg *request);

/* Session-Expires of our INVITE or UPDATE; of our 2xx to the peer's, from when on it counts. */
void session_timer_print(const struct session *session, struct buf *lines);
void session_timer_answer(struct session *session, struct buf *lines);

/* What the 2xx to our INVITE or UPDATE grants. */
void session_timer_on_response(struct session *session, const struct sip_msg *response);

/* The lines that our INVITE is sent again with after this 422; false: it stands as refused. */
bool session_timer_again(struct session *session, const struct sip_msg *response,
			 struct buf *lines);

/* The final response to a re-INVITE that is_refreshing; NULL when there was none. */
void session_timer_on_result(struct session *session, unsigned status,
			     const struct sip_msg *response);

/* Remembers what we said of our media, where a refresh will need it. */
bool session_needs_media(const struct session *session);
void session_keep_media(struct session *session, struct slice content_type, struct slice body);

void session_timer_stop(struct session *session);

/* Our re-INVITE, as session_offer(); its result goes to session_timer_on_result() instead. */
int session_refresh_by_invite(struct session *session);

void session_on_reinvite(struct session *session, struct incoming *in);

/* BYE; the session is over with its answer. */
void session_bye(struct session *session, struct slice lines);

/* The peer is gone: BYE, and the owner is told. */
void session_lose(struct session *session);

/* Over, with nothing left to do on the wire. */
void session_finish(struct session *session);

#endif
