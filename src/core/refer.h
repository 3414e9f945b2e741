/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we accept (RFC 3515 2.4): 202, and the implicit subscription by which the peer hears
 * what becomes of it: NOTIFYs of event "refer" with the status line of the referred request as
 * message/sipfrag (RFC 3420). Doing what the REFER asks for is its owner's business.
 */
#ifndef LAMPYRID_CORE_REFER_H
#define LAMPYRID_CORE_REFER_H

#include "core/session.h"
#include "core/txn_server.h"

/* How long we tell what happens when nothing final does; the peer may ask for another time. */
#define REFER_EXPIRES_S 600
#define REFER_EXPIRES_MAX_S 3600

enum refer_state {
	REFER_ACTIVE, /* more may follow */
	REFER_ENDING, /* the NOTIFY with "terminated" waits, is out, or is tried again */
	REFER_ENDED,
};

struct refer;
struct refer_dialog;

struct refer_ops {
	/*
	 * It is over: the final status has been told, or can't be; the peer has unsubscribed, does
	 * not know the subscription (481), or is silent; or its time is over. What the REFER asked
	 * for may go on, it is only told to nobody. The owner forgets it.
	 */
	void (*on_end)(struct refer *refer);
};

#define REFER_REASON_MAX_BYTES 64 /* more of a peer's reason phrase is not passed on */

struct refer {
	struct pooled pooled;
	struct stack *stack;
	const struct refer_ops *ops;
	void *owner;
	void *account; /* see refer_set_account() */
	void (*account_release)(void *account);
	enum refer_state state;
	bool is_silent;		     /* "Refer-Sub: false": nothing is told (RFC 4488) */
	struct refer_dialog *dialog; /* where it is told; NULL when silent */
	struct list node;	     /* in dialog->refers */
	uint32_t cseq;		     /* of the REFER, which is its id */
	bool is_first;		     /* of its dialog: its NOTIFYs have no id (RFC 3515 2.4.6) */
	unsigned status;	     /* the latest */
	char reason_text[REFER_REASON_MAX_BYTES];
	struct slice reason;	/* in reason_text, or constant */
	const char *end_reason; /* of the subscription, constant text; NULL: active */
	bool is_due;		/* `status` has not been told yet */
	bool is_last_sent;	/* `pending` is the one with "terminated" */
	bool is_known;		/* a NOTIFY was answered by 2xx */
	struct handle pending;	/* the unanswered NOTIFY */
	unsigned failures;	/* of NOTIFYs in a row */
	uint64_t expires_at_ms;
	struct timer expiry;
	struct timer retry;
};

/*
 * Accepts a REFER in the dialog of a session that is answered: 202 and NOTIFY "100 Trying"; with
 * "Refer-Sub: false" 202 alone, and whatever is told stays unsaid. What it asks for has been
 * checked by the owner (sip/refer_to.h), and whether it may. On failure the REFER has been answered
 * (400: bad Contact, 491: the session is not answered yet, 503: no memory, or too many at a time).
 * Afterwards the session may end by either side: what is still to be told goes out all the same
 * (RFC 5057 4.1).
 *
 * A session hands its owner a REFER in on_request, and SUBSCRIBEs of its subscription to the refer
 * itself. Whose allow_line has no REFER answers 405, see session_refuse_method().
 */
int refer_accept(struct session *session, struct incoming *in, const struct refer_ops *ops,
		 void *owner, struct refer **ret_refer);

/*
 * The same for one outside of any dialog, which makes one (RFC 3515 2.4.3). `contact_line` is our
 * Contact, copied.
 */
int refer_take(struct incoming *in, struct slice contact_line, const struct refer_ops *ops,
	       void *owner, struct refer **ret_refer);

/*
 * What has become of it: 1xx as often as it changes (100 and the one told last are no news), then
 * one of 200 to 699, which is the last word; more are ignored. An empty reason is the usual one.
 * At most one NOTIFY is unanswered: of what comes meanwhile only the latest is told. It may be
 * called at once after accepting. Then it ends by itself, see on_end, which is never called from
 * here but for a silent one.
 */
void refer_tell(struct refer *refer, unsigned status, struct slice reason);

/* No handler is called any more; what has been told still goes out. Without a final status the
 * subscription lasts its time. */
void refer_let_go(struct refer *refer);

/* On whose account it is, whoever owns it: released when its memory is freed. */
void refer_set_account(struct refer *refer, void *account, void (*release)(void *account));

/* NULL when it has ended. */
struct refer *refer_find(struct stack *stack, struct handle handle);

/* For the stack and refer_dialog.c: false when the SUBSCRIBE is for none of them. */
void refer_on_free(void *object);
bool refer_on_subscribe(struct refer_dialog *dialog, struct incoming *in);

#endif
