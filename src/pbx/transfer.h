/* SPDX-License-Identifier: MIT */
/*
 * Transfers that the server makes for its phones (RFC 3515, RFC 5589): a REFER in a call names whom
 * the other party, the transferee, shall talk with. Nothing that talks is touched before the target
 * has answered; then the transferee's leg is spliced with the target's and moves into its call.
 * When that fails everybody stays where they were; a transferor who has hung up meanwhile is called
 * back.
 *
 *     call 7 ─┬─ leg 1, of 201, the transferee           call 9 ─┬─ stand-in of 201, or the
 *             └─ leg 2, of 202, the transferor                   │  transferor's consultation
 *                                                                └─ leg 5, of 203, the target
 */
#ifndef LAMPYRID_PBX_TRANSFER_H
#define LAMPYRID_PBX_TRANSFER_H

#include "pbx/call.h"
#include "pbx/reoffer.h"

struct refer;
struct referral;
struct referrer;

enum transfer_state {
	TRANSFER_WAITING,  /* for the target's answer */
	TRANSFER_ASKING,   /* the transferee, for an offer without which the target is not called */
	TRANSFER_SPLICING, /* it has answered */
	TRANSFER_FORWARDED, /* the transferee's phone does it by itself */
};

struct transfer {
	struct pooled pooled;
	struct pbx *pbx;
	enum transfer_state state;
	enum transfer_kind kind;
	struct call *from;	/* of transferor and transferee */
	struct call *to;	/* of the target */
	struct leg *transferee; /* in `from` */
	struct leg *transferor; /* in `from`; NULL: it has hung up */
	struct leg *seat;	/* in `to`, whose place is the transferee's; NULL: it has hung up */
	struct leg *target;	/* in `to`, who has answered; NULL: nobody yet */
	struct refer *refer;	/* by whom the transferor is told; NULL: nobody wants to know */
	struct party *by;	/* owned: the transferor */
	struct referrer *referrer; /* whose share it is in; NULL: nobody's */
	struct referral *referral; /* what its phone was asked; NULL: nothing */
	struct slice number;	   /* owned: where its phone was sent; empty: nowhere */
	struct handle arrival;	   /* the leg by which it came where it was sent */
	unsigned failure;	   /* why nothing comes of that, as far as known; 0: not yet */
	struct handle picked;	   /* that rings for the target, until the transfer is done */
	bool is_by_inside;	   /* the transferor has an extension, and can be called back */
	bool has_asked;		   /* the transferee, for an offer */
	bool has_arrived;	   /* it has talked where it was sent */
	struct reoffer ask_again;
};

/* What somebody's own phone has answered for, see click.h. */
struct transfer_order {
	struct slice number;
	uint32_t hops_used;
	struct refer *refer; /* who is told, taken over; may be NULL */
	struct referrer *referrer;
};

/* Where the transferee is, or is to be; NULL: nowhere yet. */
struct call *transfer_destination(const struct transfer *transfer);

/* Whom it leads to, as far as that is known: who has answered, or what was or is to be called. */
struct slice transfer_target(const struct transfer *transfer);

/* Answers the REFER that came in this leg's dialog, or outside of any and names that. */
void transfer_on_refer(struct leg *leg, struct incoming *in);

/*
 * Calls that number for this leg, which is alone in its call, with the rights of its extension.
 * When nothing comes of it the leg ends.
 */
void transfer_call_for(struct leg *leg, const struct transfer_order *order);

/*
 * Calls an extension back for somebody who is parked, or whom `holder` holds (else NULL): whose
 * phone answers gets them, and the holder is let go. When nothing comes of it nothing changes. The
 * call must not be in a transfer. The extension is of the present directory. ERR_NOMEM.
 */
int transfer_call_back(struct leg *waiting, struct leg *holder, const struct extension *extension);

/* Such a call that rings, or is to ring, is given up. False: it was answered, or is a transfer. */
bool transfer_give_up(struct call *call);

/* --- What becomes of the legs and calls of a transfer ------------------------------------- */

/* A phone of a call whose caller is a stand-in rings, or answers. */
void transfer_on_provisional(struct call *call, unsigned status);
void transfer_on_answer(struct leg *leg, const struct sip_msg *response);

/* A phone that the target has called answers: they talk, nothing comes of the transfer. */
void transfer_on_race(struct call *call);

/* That call's partner is somebody who picks it up; see join_start(). */
int transfer_on_pickup(struct leg *picker, struct slice offer, struct slice offer_type);

/* The transferee describes itself, or does not; false: it was not asked to. */
bool transfer_on_offer_result(struct leg *leg, unsigned status, const struct sip_msg *response);

/* The transferor's consultation is answered as any call is. */
void transfer_on_talking(struct call *call);

/*
 * The transferee's phone, sent there by REFER, comes by this leg; it talks there; its ticket is
 * over with this status, since it talks or since nothing has come of it.
 */
void transfer_on_arrival(struct transfer *transfer, const struct leg *leg);
void transfer_on_arrived(struct transfer *transfer, const struct leg *leg);
void transfer_on_ticket_over(struct transfer *transfer, unsigned status);

/* Its target has taken another call instead; `seat` is the transferor's leg, or NULL. */
void transfer_end_consultation(struct call *call, const struct leg *seat);

/* True when the call goes on without this leg, which has gone and is ended here. */
bool transfer_on_leg_gone(struct leg *leg);

/* The call ends with this status; its legs are still there. */
void transfer_on_call_end(struct call *call, unsigned status);

void transfer_on_free(void *object);

#endif
