/* SPDX-License-Identifier: MIT */
/*
 * Calls: a caller's leg and the legs to those who may answer it, of which one remains (a B2BUA,
 * RFC 3261 6 and 16.7 for choosing among answers). A leg is our side of the dialog with one phone;
 * media flows between the phones.
 */
#ifndef LAMPYRID_PBX_CALL_H
#define LAMPYRID_PBX_CALL_H

#include "core/session.h"
#include "pbx/forward.h"
#include "pbx/party.h"
#include "pbx/pbx.h"
#include "pbx/record.h"
#include "sip/dialog_info.h"

struct attempt;
struct click;
struct parked;
struct splice;
struct ticket;
struct transfer;
struct trunk;
struct destination;

#define CONTACT_LINE_MAX_BYTES 256
#define IDENTITY_MAX_BYTES 1024

/* What a request without Max-Breadth may fork to (RFC 5393 5.3.2). */
#define BREADTH_MAX 60

enum call_state {
	CALL_RINGING, /* nobody has answered */
	CALL_JOINING, /* two parties are there; their media is still being agreed */
	CALL_TALKING,
	CALL_ENDED,
};

/* How two parties whose offers do not simply answer each other are brought together. */
enum join_step {
	JOIN_NONE,
	JOIN_CALLER_ANSWERS,  /* the caller's ACK will bring the answer for the other */
	JOIN_PARTNER_ANSWERS, /* the partner's ACK will bring the answer for the caller */
	JOIN_HELD,	      /* both hold an inactive answer; ACKs are awaited */
	JOIN_SPLICED,	      /* they are offered each other's media once more */
};

/* Why somebody is called back for a call that they had. */
enum recall {
	RECALL_NONE,	 /* it is a call like any other */
	RECALL_HOLD,	 /* they hold the other party, who would come from there */
	RECALL_TRANSFER, /* it was parked, or nothing has come of its transfer */
};

/* What a lamp says of a leg, and no more than that. */
enum leg_state {
	LEG_CALLING,	/* caller: INVITE has come, 100 is sent; called: INVITE sent */
	LEG_PROCEEDING, /* called: the phone has sent 100 some time ago, and no more yet */
	LEG_RINGING,
	LEG_TALKING,
	LEG_ENDED,
};

/* Why there is no answer: what the caller may be told, and which forward is for it. */
struct failure {
	unsigned status; /* 0: there is still hope */
	enum forward_when why;
};

/* How a leg's dialog ended, in the words of RFC 4235 3.7.1. */
struct leg_exit {
	const char *event; /* constant text; NULL: not yet */
	unsigned code;	   /* of the response that ended it; 0: none */
};

struct leg {
	struct pooled pooled;
	struct pbx *pbx;
	struct call *call;
	struct list node;      /* in call->legs */
	struct list lamp_node; /* in entity->legs */
	struct lamp_entity *entity;
	struct attempt *attempt;	   /* that rings it; NULL: it called us, or has answered */
	struct directory *directory;	   /* a reference: holds `extension` */
	const struct extension *extension; /* whose phone this is; NULL: somebody outside */
	struct trunk *trunk;	 /* by which somebody outside is there; counted in its calls */
	struct party party;	 /* who is there */
	struct party *outside;	 /* owned: `party` without an extension; NULL: it has one */
	struct session *session; /* NULL once let go */
	enum leg_state state;
	uint32_t breadth;      /* its share of call->breadth_left */
	struct leg *heir;      /* is about to take its place, in the same call; NULL: none */
	struct splice *splice; /* that brings it together with somebody new; NULL: none */
	struct parked *parked; /* it is alone in its call, waiting; NULL: it is not */
	struct timer timer;   /* of the state: when a slow phone is told of, or the next reminder is
				 due */
	uint8_t reminders;    /* of that hold, so far */
	bool is_stand_in;     /* for a transferee, who comes when somebody answers: no session */
	bool is_ending;	      /* by leg_end(), which has not come to its end */
	bool is_astray;	      /* it hears somebody else than the other one of its call, or nobody */
	bool is_holding;      /* its last description holds the other party */
	bool is_initiator;    /* the phone called us: direction of RFC 4235 */
	char id[TOKEN_BYTES]; /* of <dialog> */
	uint64_t start_ms;    /* when its INVITE came, or was sent */
	uint64_t state_ms;    /* when the state was entered */
	uint64_t state_turn;  /* pbx->turn then */
	uint64_t tag_hash;    /* of the phone's tag that watchers were told last */
	struct leg_exit exit;
	struct dialog_ids *replaced; /* owned: whose place this one's took; NULL: nobody's */
	struct record_leg record;
};

struct call {
	struct pooled pooled;
	uint32_t number; /* of the log: counts up from 1 */
	struct pbx *pbx;
	enum call_state state;
	enum join_step join;
	struct list legs;	     /* the caller's first */
	struct leg *caller;	     /* NULL once it is gone */
	struct leg *partner;	     /* who answered; NULL while ringing */
	struct list attempts;	     /* struct attempt: who is being tried while ringing */
	struct directory *directory; /* a reference: the one that the call is routed by */
	struct party called;	     /* whom the caller meant; the number is owned */
	uint32_t hops_used;	     /* by the INVITE so far (RFC 3261 16.6 3.) */
	enum recall recall;
	uint32_t breadth_left;	 /* how many more may ring at once (RFC 5393 5.3) */
	struct slice offer;	 /* owned: the caller's description until they talk; may be empty */
	struct slice offer_type; /* owned: its Content-Type */
	struct handle early;	 /* the leg whose early media the caller has */
	uint64_t early_fork;	 /* hash of the phone's tag then */
	struct handle pracked;	 /* the leg that waits for the caller's PRACK */
	struct click *click;	 /* that is waiting for one of its phones; NULL: none */
	struct transfer *transfer; /* that is to end or to fill it; NULL: none */
	struct party *referrer;	   /* owned: who has transferred it; NULL: nobody */
	uint32_t former;	   /* number of the call that a party came from by that; 0: none */
	unsigned shown;		   /* the last provisional status that the caller was sent */
	struct leg *offerer;	   /* whose offer is on its way through, NULL: none */
	bool is_hold_offered;	   /* that offer holds the other party */
	bool is_offer_delayed; /* that INVITE had no offer: the ACK carries the answer (RFC 3264) */
	bool is_emergency;     /* by a route that no limit is in the way of */
	bool is_private;       /* the caller wants to stay unknown outside (RFC 3323) */
	struct failure failure; /* the best of its attempts so far */
	struct timer timer; /* of the state: how long it may ring, when the join goes on, how long
			       it may last */
	struct record record;
};

/* Routes an INVITE of an authenticated extension: a call, or a pick-up. */
void call_on_invite(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/*
 * A plain call: `number` is what was called, `to` what it means; by a ticket, or NULL, which then
 * is used.
 */
void call_start(struct pbx *pbx, struct incoming *in, const struct extension *caller,
		struct slice number, const struct destination *to, struct ticket *ticket);

/* The same by somebody outside. Where it goes is inside: trunks never lead to trunks (R3). */
void call_start_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk,
			   const struct party *caller, struct slice number,
			   const struct destination *to, struct ticket *ticket);

/*
 * A call of a transferee, whose leg is still in another one: a stand-in has its place, the last one
 * of the functions below makes it another one. `hops_used` by the request that asked for it.
 * call_ring() then tries the destination, see attempt_start(). NULL: no memory, or no room.
 */
struct call *call_new_for(const struct leg *transferee, struct slice number, uint32_t hops_used);
void call_ring(struct call *call, const struct destination *to);

/* The same of somebody who is to be called once this number has answered. */
struct call *call_new_by(struct pbx *pbx, const struct party *caller, struct slice number,
			 uint32_t hops_used);

/* A place for the transferee. NULL: no memory. */
struct leg *call_stand_in(struct call *call, const struct leg *transferee);

/* What its lamps and INVITEs say from now on of who transferred it; copied. ERR_NOMEM. */
int call_set_referrer(struct call *call, const struct party *referrer);

/* Into another call, where it is neither caller nor partner yet. `seat`, which it comes instead of,
 * has ended; NULL: nobody. */
void leg_move(struct leg *leg, struct call *to, const struct leg *seat);

/*
 * Takes an INVITE of this extension's phone as a leg of the call; `number` is what our Contact
 * names. NULL on failure: the INVITE is answered.
 */
struct leg *call_take_leg(struct call *call, struct incoming *in, const struct extension *extension,
			  struct slice number);

/* The same of somebody outside. */
struct leg *call_take_trunk_leg(struct call *call, struct incoming *in, struct trunk *trunk,
				const struct party *party, struct slice number);

/* A leg to be called by this attempt. NULL: the table is full or memory was refused. */
struct leg *call_new_leg(struct call *call, struct attempt *attempt,
			 const struct extension *extension);

/* The same of somebody outside, whom `number` reaches by this trunk; the text is copied. */
struct leg *call_new_trunk_leg(struct call *call, struct attempt *attempt, struct trunk *trunk,
			       struct slice number);

/* The others stop ringing: CANCEL with "Call completed elsewhere" (RFC 3326). */
void call_end_others(struct call *call, const struct leg *winner);

/* One leg leaves: its session ends with the status and lines (may be empty), its lamp goes dark. */
void leg_end(struct leg *leg, unsigned status, struct slice lines);

/*
 * 200 with this description, as the other side's answer or offer, and with who that is
 * (P-Asserted-Identity, RFC 3325), so that the phone's screen says it. When the caller has early
 * media of somebody else, it comes under a new To tag, as another fork's (RFC 3261 13.2.1).
 */
int leg_answer(struct leg *leg, struct slice content_type, struct slice body);

/* The same, and the one at the other end is `by`. */
int leg_answer_as(struct leg *leg, const struct leg *by, struct slice content_type,
		  struct slice body);

/* The header line that says who that is, as far as the phone may know it; or nothing. */
struct slice leg_print_peer(struct buf *line, const struct leg *leg, const struct leg *other);

/* Everybody leaves. */
void call_end(struct call *call, unsigned status, struct slice lines);

void call_set_state(struct call *call, enum call_state state);
void leg_set_state(struct leg *leg, enum leg_state state);

/*
 * Its lamp says that its dialog took the place of this other leg's (RFC 4235 4.1.4); without memory
 * it does not.
 */
void leg_set_replaced(struct leg *leg, const struct leg *other);

/* The one at the other end of an answered call, or NULL. */
struct leg *leg_other(const struct leg *leg);

/* Who a phone shows as the other party, whatever the call's state; NULL when there is nobody. */
const struct party *leg_peer(const struct leg *leg);

void call_on_free(void *object);
void leg_on_free(void *object);

/* The handlers of every leg's session; owner is the leg. */
extern const struct session_ops leg_session_ops;

#endif
