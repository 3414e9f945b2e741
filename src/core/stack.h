/* SPDX-License-Identifier: MIT */
/*
 * The stack: one SIP element without sockets. Bytes and the time come in, packets go out through
 * struct env. It parses, matches transactions and dialogs, answers what needs no thought
 * (malformed, too many hops, merged, unknown dialog) and hands the rest to its user, the
 * transaction user of RFC 3261 5.
 */
#ifndef LAMPYRID_CORE_STACK_H
#define LAMPYRID_CORE_STACK_H

#include "base/arena.h"
#include "base/env.h"
#include "base/list.h"
#include "base/map.h"
#include "base/timer.h"
#include "sip/msg.h"

/* RFC 3261 17.1.1.1 and table 4. */
#define T1_MS 500
#define T2_MS 4000
#define T4_MS 5000

struct stack;
struct txn_server;

/* A request that has arrived and waits for its answer. Lifetime: message. */
struct incoming {
	struct stack *stack;
	const struct sip_msg *msg;
	struct flow flow;	/* as it came */
	struct txn_server *txn; /* made on demand by the first stateful answer */
};

/* What a usage of a dialog (a session, a subscription) wants to hear. */
struct usage;
struct usage_ops {
	/* A request inside the dialog: to be answered through `in`; an ACK needs none. */
	void (*on_request)(struct usage *usage, struct incoming *in);
	/* The Call-ID of its dialog. */
	struct slice (*call_id)(const struct usage *usage);
};

/*
 * One dialog usage, found by our own tag, which is drawn at random and never twice, and told by its
 * Call-ID. Lives in its owner, beside its dialog.
 */
struct usage {
	struct map_node node; /* key: the local tag */
	const struct usage_ops *ops;
};

struct stack_user {
	void *user;

	/*
	 * A request outside of any dialog and transaction, never ACK or CANCEL. It passed the
	 * checks of RFC 3261 8.2.2 but for Require and authentication. It must be answered before
	 * or after returning (a server transaction keeps it).
	 */
	void (*on_request)(void *user, struct incoming *in);

	/*
	 * The connection of *flow to a peer of ours is gone: another flow to it, if there is one.
	 * `identity` is the From or To value that names it, `target` the URI that its Contact said;
	 * both must fit, or somebody else would hear what is the peer's. ERR_NOTFOUND. May be NULL.
	 */
	int (*find_way)(void *user, struct slice identity, struct slice target, struct flow *flow);

	/*
	 * Whether a request may have an answer that keeps no state: what anybody can cause at will.
	 * May be NULL: it may.
	 */
	bool (*may_answer)(void *user, const struct incoming *in);
};

struct stack_limits {
	uint32_t transactions; /* of each kind */
	uint32_t sessions;
	uint32_t subscriptions; /* of peers with us */
	uint32_t registrations; /* of ours elsewhere */
	uint32_t subscribers;	/* ours elsewhere */
	uint32_t refers;	/* of peers, accepted and not over */
	uint32_t referrals;	/* ours, heard of */
};

/* Of messages since the start. */
struct stack_counts {
	uint64_t received;
	uint64_t malformed; /* of those */
	uint64_t sent;	    /* retransmissions included */
	uint64_t unsent;    /* the host knew that the way is gone */
};

#define STACK_ARENA_BYTES (64 * 1024)
#define STACK_SCRATCH_BYTES (SIP_MESSAGE_MAX_BYTES + 1)

/* A peer that would not talk by TCP (RFC 3261 18.1.1). */
struct stack_refusal {
	struct addr peer;
	uint64_t until_ms;
};

#define STACK_REFUSALS_MAX 64

struct stack {
	const struct env *env;
	struct timers *timers;
	struct stack_user user;
	struct slice product;	    /* of Server and User-Agent: "lampyrid/0.1.0" */
	uint32_t session_expires_s; /* asked for in INVITEs (RFC 4028); 0: no session timers */
	bool lacks_replaces;	    /* no session says that it knows RFC 3891 */
	bool is_ending;		    /* stack_fini() is on its way: nothing new is sent */
	struct stack_counts counts;

	struct pool txn_clients;
	struct pool txn_servers;
	struct pool sessions;
	struct pool notifiers;
	struct pool registrations;
	struct pool subscribers;
	struct pool refers;
	struct pool referrals;
	struct map server_map;	/* branch, sent-by and method -> txn_server */
	struct map merge_map;	/* From tag, Call-ID, CSeq -> txn_server (RFC 3261 8.2.2.2) */
	struct map usages;	/* local tag -> usage */
	struct map twins;	/* subscriptions that are twins, see notifier_twin.h */
	uint64_t tag_secret[2]; /* for To tags of stateless answers (RFC 3261 8.2.7) */
	struct stack_refusal refusals[STACK_REFUSALS_MAX];

	struct arena arena; /* *message* */
	char *scratch;	    /* [STACK_SCRATCH_BYTES] the packet being printed */
	char *head_scratch; /* [STACK_SCRATCH_BYTES] the headers being printed for it */
};

/*
 * `env` and `timers` must outlive the stack; `product` too. ERR_NOMEM at start-up only.
 */
int stack_init(struct stack *stack, const struct env *env, struct timers *timers,
	       const struct stack_user *user, const struct stack_limits *limits,
	       struct slice product);

/* Ends everything without sending another byte. */
void stack_fini(struct stack *stack);

/* One whole message as the host received it; the bytes need to live only until it returns. */
void stack_on_message(struct stack *stack, const struct flow *flow, struct slice bytes);

/* Hands a packet to the host, unless the stack is ending. Errors as env->send(). */
int stack_send(struct stack *stack, const struct flow *flow, struct packet *packet);

/* To be called when the loop turn ends: frees what has ended. */
void stack_on_turn_end(struct stack *stack);

/*
 * A connection, lost->conn, ended or could not be opened: what was sent on it, or by HANDLE_NONE to
 * the same peer by the same transport for the same name, and
 * has no response yet takes another way by the next timer. Without one a request in a dialog waits
 * for its peer to come back as long as for an answer, any other fails with 503 (RFC 3261 8.1.3.1).
 */
void stack_on_connection_lost(struct stack *stack, const struct flow *lost);

/* Random text for tags, branches and Call-IDs: TOKEN_BYTES characters of [a-z2-7], 80 bits. */
#define TOKEN_BYTES 16
void stack_token(struct stack *stack, char ret_token[TOKEN_BYTES]);

/* "key=value ..." to the host's log, if there is one. */
void stack_trace(struct stack *stack, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- Usages ------------------------------------------------------------------------------- */

/*
 * From now on requests with its Call-ID and this To tag come to the usage. The tag stays the
 * caller's and must last until usage_stop(). ERR_NOMEM.
 */
int usage_start(struct stack *stack, struct usage *usage, const struct usage_ops *ops,
		struct slice local_tag);

/* The same usage under another tag of ours, written into `local_tag`, which it was started with. */
void usage_rename(struct stack *stack, struct usage *usage, char local_tag[TOKEN_BYTES],
		  const char fresh[TOKEN_BYTES]);

/* Stopping a stopped one does nothing. */
void usage_stop(struct stack *stack, struct usage *usage);

/* The usage that owns (Call-ID, our tag), or NULL. */
struct usage *usage_find(struct stack *stack, struct slice call_id, struct slice local_tag);

/* --- Answering ---------------------------------------------------------------------------- */

/*
 * `lines` are whole header lines to add, each with its CRLF, or SLICE_NONE; an empty `reason` is
 * the usual one. reply() answers through a server transaction (made here if there is none), so
 * that a retransmission is answered from it; reply_stateless() keeps nothing (RFC 3261 8.2.7).
 */
struct answer {
	unsigned status;
	struct slice reason;
	struct slice lines;
	struct slice content_type;
	struct slice body;
};

void incoming_reply(struct incoming *in, const struct answer *answer);
void incoming_reply_stateless(struct incoming *in, const struct answer *answer);

/* The same with a status only. */
void incoming_reply_status(struct incoming *in, unsigned status);

/* The same with 503: memory was refused or a table is full, and may not be in a moment. */
void incoming_refuse_full(struct incoming *in);

#endif
