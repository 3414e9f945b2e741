/* SPDX-License-Identifier: MIT */
/*
 * Client transactions, INVITE and non-INVITE (RFC 3261 17.1 with RFC 6026). The sent packet is the
 * transaction's memory: ACK for a failure, CANCEL and a second try are printed from it.
 */
#ifndef LAMPYRID_CORE_TXN_CLIENT_H
#define LAMPYRID_CORE_TXN_CLIENT_H

#include "core/stack.h"

struct txn_client;

/* A CANCEL waits for the first provisional response (RFC 3261 9.1). */
enum txn_cancel { TXN_CANCEL_NONE, TXN_CANCEL_WANTED, TXN_CANCEL_SENT };

enum txn_client_state {
	TXN_CLIENT_CALLING, /* non-INVITE: Trying */
	TXN_CLIENT_PROCEEDING,
	TXN_CLIENT_COMPLETED, /* INVITE: a failure came; another request ends with its answer */
	TXN_CLIENT_ACCEPTED,  /* INVITE: a 2xx came (RFC 6026 7.2) */
	TXN_CLIENT_ENDED,
};

/* `owner` is whose request it is; its pool may have ended it by now, so the handlers look it up. */
struct txn_client_ops {
	/* Every response but retransmissions; in ACCEPTED each 2xx, also repeated ones. */
	void (*on_response)(struct txn_client *txn, struct handle owner,
			    const struct sip_msg *response, const struct flow *flow);
	/* No final response: 408 for timers B and F, 503 when it could not be sent (8.1.3.1). */
	void (*on_failed)(struct txn_client *txn, struct handle owner, unsigned status);
};

struct txn_client {
	struct pooled pooled;
	struct stack *stack;
	char token[TOKEN_BYTES]; /* of its branch, which names it, see txn_client.c */
	enum txn_client_state state;
	enum sip_method method;
	struct flow flow;
	struct flow *datagram; /* owned: it was switched to TCP for its size, and would have gone
				  there, and may yet; NULL: it was not */
	unsigned moves;	       /* to other connections */
	bool is_in_dialog;
	unsigned challenges;	/* answered for this request, as its owner counts (SECURITY A7) */
	struct packet *request; /* NULL when its failure leaves nothing to print from it */
	struct packet *ack;	/* INVITE: the ACK of its final response, once there is one */
	enum txn_cancel cancel;
	struct handle cancel_txn;    /* the CANCEL, which has the same branch */
	struct packet *cancel_lines; /* of the CANCEL that is wanted; may be NULL */
	struct timer timer;	     /* of the next two, or early for either */
	uint64_t retry_at_ms;	     /* A or E, or the next look for a way; 0: none */
	uint64_t timeout_at_ms;	     /* B, D, F or M; after CANCEL the wait of 9.1; 0: none */
	uint32_t interval_ms;	     /* of A or E */
	bool is_way_lost;	     /* the retry is a look for another way */
	const struct txn_client_ops *ops;
	struct handle owner;
};

/* A request without its Via. All slices only need to live during the call. */
struct request {
	struct slice method;
	struct slice uri;
	struct flow flow;    /* flow.local is what the Via says */
	bool is_in_dialog;   /* its peer may come back when its connection is gone */
	unsigned challenges; /* answered for it before */
	/* Whole header lines, from Max-Forwards to the last, without Content-*. */
	struct slice lines;
	struct slice content_type;
	struct slice body;
};

/*
 * Sends it and keeps it going. *ret_handle (may be NULL) finds the transaction in
 * stack->txn_clients as long as it lives. ops NULL: nobody listens. ERR_NOMEM, ERR_LIMIT (message
 * too large or pool full), ERR_IO: nothing was sent and no handler will be called.
 */
int txn_client_start(struct stack *stack, const struct request *request,
		     const struct txn_client_ops *ops, struct handle owner,
		     struct handle *ret_handle);

/*
 * From the handler of its final response: the same request once more with another CSeq, a new
 * branch and more header lines (each with its CRLF), such as credentials for a 401 or 407; old
 * lines of the same names are left out.
 */
int txn_client_start_again(struct txn_client *txn, uint32_t cseq, struct slice more_lines,
			   const struct txn_client_ops *ops, struct handle owner,
			   struct handle *ret_handle);

/*
 * CANCEL of an INVITE (RFC 3261 9.1), with more header lines (a Reason) or SLICE_NONE. Waits for
 * the first provisional response; the INVITE's final response comes as always.
 */
void txn_client_cancel(struct txn_client *txn, struct slice lines);

/* ACCEPTED: the ACK of its 2xx, which the owner has sent; NULL: there is none. A reference is
 * taken.
 */
void txn_client_keep_ack(struct txn_client *txn, struct packet *ack);

/* Prints an ACK or other request outside of a transaction and sends it; *ret_packet may be NULL. */
int request_send(struct stack *stack, const struct request *request, struct packet **ret_packet);

/* For the stack. */
void txn_client_on_response(struct txn_client *txn, const struct sip_msg *msg,
			    const struct flow *flow);
struct txn_client *txn_client_match(struct stack *stack, const struct sip_msg *msg);
void txn_client_end(struct txn_client *txn);

/* Its connection is gone, see stack_on_connection_lost(): no handler is called from here. */
void txn_client_lose(struct txn_client *txn);
void txn_client_on_free(void *object);

#endif
