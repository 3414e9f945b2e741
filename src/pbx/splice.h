/* SPDX-License-Identifier: MIT */
/*
 * Splicing: bringing the media of two legs together, of which one at least has been answered, by
 * third party call control (RFC 3725). One side, the offerer, describes its media first; the other
 * answers, and the answer goes back. The legs may be of different calls: whose they are afterwards
 * is the owner's business. What else the phones offer meanwhile is refused with 491.
 */
#ifndef LAMPYRID_PBX_SPLICE_H
#define LAMPYRID_PBX_SPLICE_H

#include "pbx/call.h"
#include "pbx/reoffer.h"

enum splice_step {
	SPLICE_ASK,   /* INVITE without offer to the offerer */
	SPLICE_OFFER, /* its offer to the answerer, and the answer back */
	SPLICE_AGAIN, /* the offerer had described itself as held: the answer is its next offer */
};

struct splice {
	struct pooled pooled;
	struct pbx *pbx;
	struct leg *offerer;
	struct leg *answerer;
	enum splice_step step;
	bool was_held;	   /* the offerer described itself so, see SPLICE_AGAIN */
	bool is_swapped;   /* the other one would not describe itself without an offer */
	struct body *body; /* owned: what the step brings; NULL: nothing */
	struct reoffer again;
	void (*on_done)(void *owner, int err);
	void *owner;
};

struct splice_spec {
	/*
	 * Who describes first: an answered leg, which is asked by re-INVITE; one whose INVITE waits
	 * for our answer, or whose 2xx waits for our ACK, with the offer in it.
	 */
	struct leg *offerer;
	/* An answered leg, or one whose INVITE came without an offer. */
	struct leg *answerer;
	struct slice offer; /* of the offerer, when it has made one */
	struct slice offer_type;
	/*
	 * Called once, not from within splice_start(), unless splice_stop() comes first. 0: media
	 * flows. An error: legs that do not hear any more whom they heard before are astray.
	 * ERR_NOTFOUND: one of them is ending, and still in its call.
	 */
	void (*on_done)(void *owner, int err);
	void *owner;
};

/* ERR_NOMEM; ERR_STATE when one of them is being spliced. Then nothing has been sent. */
int splice_start(const struct splice_spec *spec);

/*
 * The same of one whose INVITE has just come, with or without an offer, and an answered leg; the
 * newcomer is the owner.
 */
int splice_newcomer(struct leg *newcomer, struct leg *other, const struct sip_msg *invite,
		    void (*on_done)(void *owner, int err));

/* How an INVITE is refused, or a REFER's end told, for this error; `gone` when a leg has ended. */
unsigned splice_status(int err, unsigned gone);

/* Without a word to the owner. What was asked of the phones is answered. */
void splice_stop(struct splice *splice);

/* The one that this leg is being brought together with; NULL: nobody. */
struct leg *splice_other(const struct leg *leg);

/*
 * The two parties of an answered call are brought together again when one of them has been led
 * astray by a splice that failed.
 */
void splice_restore(struct call *call);

/*
 * ACK of a 2xx that has an offer which nobody is there to answer: nothing flows until the leg is
 * spliced (RFC 3261 13.2.2.4 wants an answer in any case). The leg is astray.
 */
void splice_hold(struct leg *leg, struct slice type, struct slice offer);

/* The 2xx of this leg waits for an ACK with what the other one answers, and for no other ACK. */
bool splice_owes_ack(const struct leg *leg);

/* Events of the legs' sessions: false when they are not about the splice. */
bool splice_on_ack(struct leg *leg, const struct sip_msg *ack);
bool splice_on_offer_result(struct leg *leg, unsigned status, const struct sip_msg *response);
void splice_on_leg_end(struct leg *leg);

void splice_on_free(void *object);

#endif
