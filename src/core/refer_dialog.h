/* SPDX-License-Identifier: MIT */
/*
 * The dialog that REFERs and what is told of them live in (RFC 3515 2.4.6, RFC 5057): that of a
 * session as long as there is one, of which CSeq, route and target are shared; when the session is
 * over and something is still to be told, the dialog itself, taken over. A REFER outside of any
 * dialog has one of its own from the start. Only refer.c, referral.c and the session know of it.
 */
#ifndef LAMPYRID_CORE_REFER_DIALOG_H
#define LAMPYRID_CORE_REFER_DIALOG_H

#include "core/session.h"

struct refer_dialog {
	struct stack *stack;
	struct session *session; /* whose dialog it is; NULL: it is `own` */
	struct dialog own;
	struct usage usage;    /* of `own` */
	struct flow peer;      /* the way the peer of `own` spoke */
	bool is_peer_open;     /* it may be anybody whom our REFER reached */
	struct list refers;    /* struct refer: accepted, and to be told of */
	struct list referrals; /* struct referral: sent, and to hear of */
	unsigned holders;      /* of those, until their memory is freed */
	bool has_accepted;     /* there was a REFER of the peer's: the next one has an id */
};

/* That of a session, made at the first call; freed with it. NULL without memory. */
struct refer_dialog *refer_dialog_of(struct session *session);

/*
 * Begun by the peer's REFER, whose server transaction has been started, or by one of ours.
 * ERR_SYNTAX (Contact), ERR_LIMIT, ERR_NOMEM. Freed when its last holder lets it go.
 */
int refer_dialog_new_uas(struct incoming *in, struct slice contact_line,
			 struct refer_dialog **ret_dialog);
int refer_dialog_new_uac(struct stack *stack, const struct dialog_spec *spec,
			 struct refer_dialog **ret_dialog);

static inline struct dialog *refer_dialog_in(struct refer_dialog *dialog)
{
	return dialog->session ? &dialog->session->dialog : &dialog->own;
}

/* `node` is one more in its list, from now on a holder. */
void refer_dialog_join(struct refer_dialog *dialog, struct list *list, struct list *node);

/* No more in the list; the dialog stays readable till refer_dialog_release(), which is for the end
 * of the turn. */
void refer_dialog_leave(struct refer_dialog *dialog, struct list *node);
void refer_dialog_release(struct refer_dialog *dialog);

/*
 * From the handler of its final response: the same request with one more line. Errors as
 * txn_client_start_again().
 */
int refer_dialog_send_again(struct refer_dialog *dialog, struct txn_client *txn, struct slice line,
			    const struct txn_client_ops *ops, struct handle owner,
			    struct handle *ret_client);

/*
 * True when that was done, with the session's credentials. Those of a session that is over are not
 * known any more.
 */
bool refer_dialog_try_again(struct refer_dialog *dialog, struct txn_client *txn,
			    const struct sip_msg *response, const struct txn_client_ops *ops,
			    struct handle owner, struct handle *ret_client);

/*
 * Whether the Event of a NOTIFY or SUBSCRIBE means the REFER with this CSeq, or, when it has no id,
 * one that needs none (RFC 3515 2.4.6).
 */
bool refer_event_is_of(const struct sip_msg *msg, uint32_t cseq, bool needs_no_id);

/* --- For the session ---------------------------------------------------------------------- */

/* A SUBSCRIBE or NOTIFY whose Event is "refer". */
bool refer_dialog_is_for(const struct sip_msg *msg);

/* One in the session's dialog: answered, 481 when it is for nobody. */
void refer_dialog_on_request(struct session *session, struct incoming *in);

/* The session's usage has stopped: what is still to be told goes on in its dialog. */
void refer_dialog_on_session_end(struct session *session);

/* It is freed, ended before or not. */
void refer_dialog_on_session_free(struct session *session);

#endif
