/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we send (RFC 3515 2.4.1): in a session's dialog or outside of any, and hearing from
 * the NOTIFYs what becomes of them. It ends by itself, whatever the peer does: with the final
 * status, with the end of the subscription, or when nothing is heard for long. That the session
 * ends meanwhile does not matter (RFC 5057).
 */
#ifndef LAMPYRID_CORE_REFERRAL_H
#define LAMPYRID_CORE_REFERRAL_H

#include "core/session.h"

/* How long we listen to a peer that says nothing, not even for how long it will tell. */
#define REFERRAL_SILENCE_S 180

enum referral_state {
	REFERRAL_ASKING,  /* no answer and no NOTIFY yet */
	REFERRAL_HEARING, /* accepted */
	REFERRAL_ENDED,
};

/* Why nothing more will be heard. */
enum referral_end {
	REFERRAL_TOLD,	   /* on_progress had the final status */
	REFERRAL_UNTOLD,   /* accepted, and there is no subscription (RFC 4488) */
	REFERRAL_DROPPED,  /* the peer ended the subscription without a final status */
	REFERRAL_TIMED_OUT /* nothing was heard for as long as it was to last */
};

struct referral;
struct refer_dialog;

/*
 * Handlers of the owner; the last one called is on_refused or on_end, with which it has ended. It
 * may be ended inside each.
 */
struct referral_ops {
	/* 2xx, or a NOTIFY that came before it (RFC 6665 4.1.2.4). */
	void (*on_accepted)(struct referral *referral);
	/* 300..699, or response NULL with 408 or 503. */
	void (*on_refused)(struct referral *referral, unsigned status,
			   const struct sip_msg *response);
	/* Another status of the referred request; 200 to 699 is the final one. */
	void (*on_progress)(struct referral *referral, unsigned status, struct slice reason,
			    bool is_final);
	void (*on_end)(struct referral *referral, enum referral_end end);
	/*
	 * A 401 or 407 outside of any session, else its own on_challenge is asked: as that of
	 * struct session_ops. May be NULL: it stands as refused.
	 */
	int (*on_challenge)(struct referral *referral, const struct sip_msg *response,
			    struct buf *line);
};

struct referral_spec {
	struct slice refer_to;	    /* the value, see sip_refer_to_print() */
	struct slice referred_by;   /* the value, `"Bob" <sip:202@pbx>` (RFC 3892); empty: none */
	struct slice target_dialog; /* the value, see sip_target_dialog_print(); empty: none */
	struct slice lines;	    /* more, each with its CRLF */
	bool is_untold;		    /* "Refer-Sub: false": nothing need be told (RFC 4488) */
};

struct referral {
	struct pooled pooled;
	struct stack *stack;
	const struct referral_ops *ops;
	void *owner;
	enum referral_state state;
	struct refer_dialog *dialog;
	struct list node;     /* in dialog->referrals */
	struct handle client; /* the REFER that waits for its answer */
	uint32_t cseq;	      /* of the REFER, which is its id (RFC 3515 2.4.6) */
	unsigned status;      /* the last one heard, 0: none */
	struct timer limit;
	uint64_t last_ms; /* when nothing more is heard in any case; 0: nobody has said */
};

/*
 * Sends a REFER in the dialog of a session that is answered. ERR_STATE when it is not; ERR_NOMEM,
 * ERR_LIMIT, ERR_IO as txn_client_start(); then there is none and no handler is called.
 */
int referral_send(struct session *session, const struct referral_spec *spec,
		  const struct referral_ops *ops, void *owner, struct referral **ret_referral);

/* The same outside of any dialog: it makes one (RFC 3515 2.4.3). */
int referral_send_outside(struct stack *stack, const struct dialog_spec *dialog,
			  const struct referral_spec *spec, const struct referral_ops *ops,
			  void *owner, struct referral **ret_referral);

/*
 * What is known does not need the peer any more: it is listened to for so long at most, however
 * long it says that it will tell.
 */
void referral_hurry(struct referral *referral, uint32_t seconds);

/* Not interested any more: no handler is called, a NOTIFY that still comes is answered 481. */
void referral_end(struct referral *referral);

/* NULL when it has ended. */
struct referral *referral_find(struct stack *stack, struct handle handle);

/* For the stack and refer_dialog.c: false when the NOTIFY is for none of them. */
void referral_on_free(void *object);
bool referral_on_notify(struct refer_dialog *dialog, struct incoming *in);

#endif
