/* SPDX-License-Identifier: MIT */
/*
 * Sessions: the INVITE usage of a dialog (RFC 3261 13, 14, 15) on one side of one call, as caller
 * (UAC) or called (UAS). The session does what every INVITE usage must: 2xx retransmission and
 * ACK, late and forked 2xx, CANCEL against 2xx, re-INVITE glare, BYE. What a ringing or an offer
 * means is its owner's business.
 */
#ifndef LAMPYRID_CORE_SESSION_H
#define LAMPYRID_CORE_SESSION_H

#include "core/body.h"
#include "core/dialog.h"
#include "core/txn_server.h"

enum session_state {
	SESSION_CALLING,   /* UAC: INVITE sent, no response with a tag yet */
	SESSION_EARLY,	   /* UAC: 101..199 with a tag. UAS: from the start */
	SESSION_CANCELLED, /* UAC: CANCEL is sent or wanted, the final response is awaited */
	SESSION_ANSWERED,  /* 2xx sent or received, ACK outstanding */
	SESSION_CONFIRMED,
	SESSION_ENDING, /* BYE is sent, or waits for the ACK that must come first (15) */
	SESSION_ENDED,
};

enum session_cause {
	SESSION_BYE,  /* the peer hung up */
	SESSION_LOST, /* the peer is gone: no ACK, or 408/481 to a request in the dialog */
};

/* What the peer says that it can do, in Allow and Supported. */
enum session_ability {
	PEER_UPDATE = 1,
	PEER_100REL = 2,
	PEER_NEEDS_100REL = 4, /* its INVITE requires it */
	PEER_TIMER = 8,
	PEER_REFER = 16,    /* RFC 3515 */
	PEER_REPLACES = 32, /* RFC 3891 */
};

struct session;

/* Handlers of the owner. The session may be ended inside any of them. Those marked * may be NULL.
 */
struct session_ops {
	/* Header lines: what our INVITEs and responses say that we can do (RFC 3261 table 2). */
	struct slice allow_line;
	/* *UAC: 100, perhaps more than once: the INVITE has arrived. */
	void (*on_trying)(struct session *session);
	/*
	 * UAC: 101..199. When session_is_prack_due(), session_prack() or session_ignore() must
	 * follow, now or later. Of several forks only the one in focus is told: the first with a
	 * body, or the latest while there is none.
	 */
	void (*on_provisional)(struct session *session, const struct sip_msg *response);
	/* UAC: the first 2xx. session_ack() must follow, now or later; BYE implies it. */
	void (*on_answer)(struct session *session, const struct sip_msg *response);
	/* UAC: 300..699, or response NULL with 408 or 503. The session has ended. */
	void (*on_refused)(struct session *session, unsigned status,
			   const struct sip_msg *response);
	/* UAS: the caller gave up; 487 is sent. The session has ended. */
	void (*on_cancel)(struct session *session, const struct sip_msg *cancel);
	/*
	 * *UAS: a provisional response of ours is acknowledged; the body, if there is one, answers
	 * the offer in it (RFC 3262 5).
	 */
	void (*on_prack)(struct session *session, const struct sip_msg *prack);
	/* UAS: the ACK of the initial INVITE or a re-INVITE. */
	void (*on_ack)(struct session *session, const struct sip_msg *ack);
	/*
	 * A re-INVITE, or an UPDATE or PRACK with an offer, which may come before the answer:
	 * session_accept_offer() or session_refuse_offer() must follow, now or later.
	 */
	void (*on_offer)(struct session *session, const struct sip_msg *request);
	/* The final response to session_offer(), session_update() or session_prack() with an
	 * offer; 2xx of the first: session_ack() must follow. NULL as in on_refused. */
	void (*on_offer_result)(struct session *session, unsigned status,
				const struct sip_msg *response);
	/* *An UPDATE without an offer, which has been answered. */
	void (*on_update)(struct session *session, const struct sip_msg *update);
	/*
	 * *A request in the dialog other than INVITE, ACK, BYE, CANCEL, OPTIONS. What it insists on
	 * (Require) has been refused. NULL: answered 405.
	 */
	void (*on_request)(struct session *session, struct incoming *in);
	/*
	 * A confirmed or answered session has ended by the peer, or one that rang was lost for want
	 * of a PRACK. `bye` is NULL when it was lost.
	 */
	void (*on_end)(struct session *session, enum session_cause cause,
		       const struct sip_msg *bye);
	/*
	 * *The peer takes back the re-INVITE that on_offer brought: it is still to be answered,
	 * with 487, or with 200 when that cannot be helped. NULL: it is answered.
	 */
	void (*on_offer_cancelled)(struct session *session);
	/*
	 * *A request in the dialog came another way than the peer's so far. True: it is the peer
	 * all the same (a NAT's new port). False: it has been answered, with a challenge perhaps.
	 * NULL: true. Knowing the dialog's ids is not enough to speak in it (SECURITY R2).
	 */
	bool (*is_peer)(struct session *session, struct incoming *in);
	/*
	 * *A 401 or 407 to a request of ours: print the credentials' header line (with CRLF) into
	 * `line` and answer 0 to have the request sent again. NULL or an error: it stands as
	 * refused.
	 */
	int (*on_challenge)(struct session *session, const struct sip_msg *response,
			    struct buf *line);
};

/* What one fork's early dialog is known by beside its dialog. */
struct session_early {
	uint32_t rseq;	     /* of its last reliable response, 0: none (RFC 3262 4) */
	bool has_media;	     /* it has described some */
	struct body *answer; /* owned: its reliable description, which its 2xx need not repeat */
};

/* How long the session lives without a refresh, and whose turn that is (RFC 4028). */
struct session_interval {
	uint32_t s; /* 0: for ever */
	bool is_ours;
};

struct session {
	struct pooled pooled;
	enum session_state state;
	struct usage usage;
	struct stack *stack;
	const struct session_ops *ops;
	void *owner;	       /* NULL once session_end() was called */
	struct handle account; /* the owner's, to tell whose credentials; kept when it is let go */
	struct dialog dialog;
	struct flow peer; /* the way the peer has spoken so far */

	bool is_uac;
	bool is_invite_empty; /* the first INVITE has no offer */
	bool is_prack_due;    /* UAC: the fork in focus waits for session_prack() */
	bool is_agreed;	      /* an offer has had its answer: there may be another one */
	bool is_offer_empty;  /* our last re-INVITE has none: its 2xx brings one */
	bool is_ack_due;      /* a 2xx of the peer waits for session_ack() */
	bool is_refreshing;   /* our re-INVITE in progress is for that only */
	bool is_dialog_left;  /* to `refers`, when the session had ended */

	struct handle client;	  /* our INVITE or re-INVITE in progress */
	struct handle server;	  /* the peer's INVITE or re-INVITE in progress */
	struct handle update;	  /* our UPDATE with an offer in progress */
	struct handle updated;	  /* the peer's UPDATE with an offer, until it is answered */
	struct handle pracked;	  /* the peer's PRACK with an offer, until it is answered */
	uint32_t invite_cseq;	  /* of our last INVITE, for its ACK */
	uint32_t invited_cseq;	  /* of the peer's last INVITE, for its ACK and PRACKs */
	unsigned peer_can;	  /* enum session_ability, bits */
	unsigned challenges;	  /* answered for the request that on_challenge is about */
	unsigned passed_count;	  /* requests of session_pass() that the peer has not answered */
	uint32_t ack_interval_ms; /* of our 2xx while it waits for its ACK */
	uint32_t probe_ms;	  /* from one probe to the next */

	struct session_early early;	   /* UAC: of the fork in focus, whose dialog is `dialog` */
	struct session_fork *forks;	   /* UAC: owned, the others while it rings */
	struct session_reliable *reliable; /* UAS: owned, once a response was sent reliably */
	struct session_origin *origin;	   /* owned: of our descriptions, see session_origin.c */
	struct refer_dialog *refers; /* owned: what there is to tell of REFERs in the dialog */

	struct timer ack_wait;	    /* our 2xx is repeated until its ACK comes (13.3.1.4) ... */
	uint64_t ack_until_ms;	    /* ... or until then */
	struct timer offer_timeout; /* of our re-INVITE without a final response */
	struct timer probe;	    /* when the peer is next asked whether it is still there */

	struct session_interval interval; /* agreed */
	struct session_interval asked;	  /* by a request that has no final answer yet */
	uint32_t interval_min_s;	  /* the peer's Min-SE, 0: none */
	unsigned interval_tries;	  /* refused with 422, in a row */
	uint64_t expires_at_ms;
	struct timer refresh;
	struct body *media; /* owned: what a re-INVITE for a refresh says, NULL without need */
};

/* The methods that a session takes by itself or by on_request; an owner may take more. */
#define SESSION_METHODS "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, SUBSCRIBE, UPDATE, PRACK, INFO"
#define SESSION_SUPPORTED_LINE "Supported: replaces, timer\r\n"

struct session_spec {
	struct dialog_spec dialog;
	struct slice lines; /* beside what we can do: Replaces, P-Asserted-Identity ... */
	struct slice content_type;
	struct slice body;
	bool is_100rel; /* provisional responses may be reliable (RFC 3262) */
};

/* Sends the INVITE. Errors as txn_client_start(); then there is no session and no handler is
 * called. */
int session_call(struct stack *stack, const struct session_spec *spec,
		 const struct session_ops *ops, void *owner, struct session **ret_session);

/*
 * Takes an INVITE: 100 is sent. On failure the INVITE has been answered (400, 503, ...).
 * `contact_line` is copied.
 */
int session_take(struct incoming *in, struct slice contact_line, const struct session_ops *ops,
		 void *owner, struct session **ret_session);

/*
 * UAS before the answer: 101..199, sent reliably (RFC 3262 3) when the caller insists on it; the
 * second function also when the caller can. There is one unacknowledged at a time: the first
 * function lets the latest wait, the second answers ERR_STATE.
 */
int session_ring(struct session *session, const struct answer *answer);
int session_ring_reliably(struct session *session, const struct answer *answer);

/*
 * UAC: acknowledges the reliable response that on_provisional brought, with an answer to the offer
 * in it, an offer, or nothing. Errors as dialog_request(), and then as session_ignore().
 */
bool session_is_prack_due(const struct session *session, const struct sip_msg *response);
int session_prack(struct session *session, struct slice content_type, struct slice body);

/* UAC: takes that response for lost; it will be repeated. */
void session_ignore(struct session *session);

/*
 * UAS: 2xx, with the Contact added. It waits for the PRACK of a description that is not yet
 * acknowledged, and does not repeat one that was sent reliably (RFC 3262 3, 5). ERR_STATE when
 * there is nothing to answer.
 */
int session_answer(struct session *session, const struct answer *answer);

/* UAS: its INVITE waits for our final response. */
bool session_is_invited(const struct session *session);

/* UAS: under a new To tag, as if another fork had answered (RFC 3261 12.1). Before
 * session_answer(). An offer under the old one has no result any more. */
int session_new_fork(struct session *session);

/* UAC: the ACK of the 2xx that on_answer or on_offer_result brought. Twice does nothing. */
int session_ack(struct session *session, struct slice content_type, struct slice body);

/* Sends a re-INVITE (RFC 3261 14.1). ERR_STATE while another one is under way or before the answer.
 */
int session_offer(struct session *session, struct slice lines, struct slice content_type,
		  struct slice body);

/*
 * The same by UPDATE (RFC 3311), also before the answer once an offer has been answered reliably.
 * ERR_STATE as above; ERR_UNSUPPORTED when the peer does not allow it.
 */
int session_update(struct session *session, struct slice lines, struct slice content_type,
		   struct slice body);

/*
 * How long to wait before the next offer after a 491, by chance (RFC 3261 14.1): 2.1 to 4 s for who
 * made the Call-ID, up to 2 s for the other.
 */
uint64_t session_glare_ms(struct session *session);

/* The answer to what on_offer brought. ERR_STATE when it is answered already. */
int session_accept_offer(struct session *session, const struct answer *answer);
int session_refuse_offer(struct session *session, const struct answer *answer);

/* Takes back the re-INVITE of session_offer(): CANCEL; its result comes as always. */
void session_cancel_offer(struct session *session);

/*
 * Passes a request of somebody else's session on to this session's peer: method, body and the
 * headers that are for the other end go along as they are, and the answer goes back the same way.
 * It is answered whatever happens. When the peer says that there is no such dialog, or nothing at
 * all, the session is lost (RFC 3261 12.2.1.2, RFC 5057).
 */
void session_pass(struct session *session, struct incoming *in);

/* Supported, with what the stack's sessions know; nothing when that is nothing. */
void session_print_supported(const struct stack *stack, struct buf *lines);

/* True when it was answered with 420: it insists on an extension that no session has (8.2.2.3). */
bool session_refuse_required(struct incoming *in);

/* A request that the owner does not take: 405 with what it does take. */
void session_refuse_method(struct session *session, struct incoming *in);

/*
 * From now on the peer is asked every so often, by OPTIONS in the dialog, whether it is still
 * there; without an answer, or when there is no such dialog, the session is lost.
 */
void session_probe_every(struct session *session, uint32_t every_ms);

/*
 * Ends it from our side, whatever it takes: CANCEL, a final response (`status`, or 480 when 0), or
 * BYE. `lines` (a Reason) go along. The owner is let go: no handler is called any more but
 * on_challenge, with owner NULL, for a BYE; session_find() does not find it. What is still to be
 * done on the wire the session does by itself.
 */
void session_end(struct session *session, unsigned status, struct slice lines);

struct slice session_state_name(enum session_state state);

/* The session whose handle this is, or NULL. */
struct session *session_find(struct stack *stack, struct handle handle);

/* The session that owns (Call-ID, our tag), or NULL: for Replaces. */
struct session *session_find_dialog(struct stack *stack, struct slice call_id,
				    struct slice local_tag);

void session_on_free(void *object);

#endif
