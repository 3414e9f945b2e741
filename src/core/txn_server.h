/* SPDX-License-Identifier: MIT */
/*
 * Server transactions, INVITE and non-INVITE (RFC 3261 17.2 with RFC 6026). A transaction keeps
 * what every response repeats (Vias, From, To, Call-ID, CSeq) printed once.
 */
#ifndef LAMPYRID_CORE_TXN_SERVER_H
#define LAMPYRID_CORE_TXN_SERVER_H

#include "core/stack.h"

enum txn_server_state {
	TXN_SERVER_TRYING, /* non-INVITE only */
	TXN_SERVER_PROCEEDING,
	TXN_SERVER_COMPLETED,
	TXN_SERVER_CONFIRMED, /* INVITE: ACK for a non-2xx has come */
	TXN_SERVER_ACCEPTED,  /* INVITE: 2xx sent (RFC 6026 7.1) */
	TXN_SERVER_ENDED,
};

/* `owner` is looked up by the handler. The stack answers the CANCEL itself with 200. */
struct txn_server_ops {
	void (*on_cancel)(struct stack *stack, struct handle owner, const struct sip_msg *cancel);
	/* The connection of *flow is gone: another flow to who asked. ERR_NOTFOUND. May be NULL. */
	int (*find_way)(struct stack *stack, struct handle owner, struct flow *flow);
};

struct txn_server {
	struct pooled pooled;
	struct stack *stack;
	struct map_node node;
	struct map_node merge_node;
	char *keys; /* owned: those of both nodes; an empty key: not in the map */
	enum txn_server_state state;
	bool is_invite;
	struct flow flow;      /* of the responses (RFC 3261 18.2.2) */
	uint16_t sent_by_port; /* where a new connection goes when the old one is gone */
	char *head;	       /* owned: every line of a response between status line and Contact,
				  then request_to_tag; NULL once the final one is sent */
	size_t head_bytes;
	size_t to_tag_at; /* offset of our To tag in head, TOKEN_BYTES long; 0: the request had one
			   */
	struct slice request_to_tag; /* in `head`: the To tag that the request came with, if any */
	struct packet *last;	     /* the last response, for retransmissions */
	struct timer retransmit;     /* G */
	struct timer timeout;	     /* H, I, J or L */
	uint64_t interval_ms;
	const struct txn_server_ops *ops;
	struct handle owner;
};

/*
 * Starts the transaction of a request; in->txn is it from now on. For INVITE it answers 100 at
 * once (RFC 3261 17.2.1). NULL when full or out of memory: the caller answers 503 statelessly.
 */
struct txn_server *txn_server_start(struct incoming *in, const struct txn_server_ops *ops,
				    struct handle owner);

/* Our To tag, or the one the request came with. Before the final response only. */
struct slice txn_server_to_tag(const struct txn_server *txn);

/* Another To tag for the responses to come: a fork of ours (RFC 3261 12.1). No-op if the request
 * had one. */
void txn_server_set_to_tag(struct txn_server *txn, const char tag[TOKEN_BYTES]);

/*
 * Sends a response. Provisional ones only before the final one. A 2xx to INVITE is retransmitted
 * by the caller (RFC 3261 13.3.1.4) through txn_server_resend(). ERR_STATE, ERR_NOMEM.
 */
int txn_server_respond(struct txn_server *txn, const struct answer *answer);

/* The last response once more. */
void txn_server_resend(struct txn_server *txn);

/* For the stack: what came for the transaction. */
void txn_server_on_request(struct txn_server *txn, const struct sip_msg *msg);
struct txn_server *txn_server_match(struct stack *stack, const struct sip_msg *msg,
				    enum sip_method method);
bool txn_server_is_merged(struct stack *stack, const struct sip_msg *msg);

/* Ends it at once, in any state. */
void txn_server_end(struct txn_server *txn);
void txn_server_on_free(void *object);

/* Where a response to this request goes (RFC 3261 18.2.2, RFC 3581 4). */
struct flow txn_reply_flow(const struct sip_msg *msg, const struct flow *came_by);

#endif
