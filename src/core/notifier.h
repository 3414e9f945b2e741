/* SPDX-License-Identifier: MIT */
/*
 * Notifiers: our side of a subscription that a peer made with SUBSCRIBE (RFC 6665 4.2), or of one
 * that it would have made if it could, and is told without having asked. What a
 * NOTIFY says is the owner's business; when one may go out, and what its answer means for the
 * subscription, is decided here. At most one NOTIFY is unanswered at a time: changes that happen
 * meanwhile become one NOTIFY.
 */
#ifndef LAMPYRID_CORE_NOTIFIER_H
#define LAMPYRID_CORE_NOTIFIER_H

#include "core/dialog.h"
#include "core/notifier_twin.h"
#include "core/notify_rate.h"
#include "core/txn_server.h"

/* Of one subscription. */
struct notifier_spec {
	struct slice event;	   /* its package's name, constant text */
	struct slice contact_line; /* our Contact, copied */
	uint32_t gap_ms;	   /* least time between two NOTIFYs; 0: none */
};

enum notifier_state {
	NOTIFIER_ACTIVE,
	NOTIFIER_ENDING, /* the last NOTIFY (Subscription-State: terminated) is out */
	NOTIFIER_ENDED,
};

/* Of all subscriptions of one kind: what they are granted, and whom they ask. */
struct notifier;
struct notifier_ops {
	uint32_t expires_min_s;
	uint32_t expires_max_s; /* also what counts as asked for when nothing is */
	struct slice lines;	/* more for the 200 and each NOTIFY; constant text, or empty */
	/*
	 * A NOTIFY is due: call notifier_send() before returning. With notifier->must_send it has
	 * the full state; without, the owner may send what changed since the last one that was
	 * acknowledged, or return without a NOTIFY when that is nothing.
	 */
	void (*on_due)(struct notifier *notifier);
	/* It is over, whatever the reason. The owner forgets it. */
	void (*on_end)(struct notifier *notifier);
	/* A refresh came another way than before: as is_peer of struct session_ops. */
	bool (*is_peer)(struct notifier *notifier, struct incoming *in);
	/*
	 * What was sent last is answered: by a 2xx it is acknowledged, else (408 and 503 also when
	 * no answer came) the next NOTIFY has the full state. Before any on_due or on_end that
	 * follows from it; the subscription must not be ended from here. May be NULL.
	 */
	void (*on_answered)(struct notifier *notifier, unsigned status);
	/*
	 * A SUBSCRIBE within the subscription, which would be granted: what it says in its body
	 * (with one, is_peer was asked first). False: it has been refused. May be NULL: bodies say
	 * nothing.
	 */
	bool (*on_refresh)(struct notifier *notifier, struct incoming *in);
};

struct notifier {
	struct pooled pooled;
	uint8_t state;	   /* enum notifier_state */
	bool is_unasked;   /* by notifier_new(): it has no time of its own, and no requests come */
	bool is_due;	   /* a change waits for the pending one's answer, or for earliest_ms */
	bool must_send;	   /* the next NOTIFY has to go out, with the full state */
	bool is_doubted;   /* the device has a newer one: the next failure is the last */
	bool is_event_own; /* the text of `event` is ours, not its package's */
	uint16_t last_status;	/* that answered a NOTIFY; 408 or 503 when none came; 0: not yet */
	uint16_t event_n;	/* of event */
	uint8_t failures;	/* of NOTIFYs in a row, a few at most */
	uint32_t gap_ms;	/* see struct notifier_spec */
	struct handle pending;	/* the unanswered NOTIFY; dialog.local_cseq is its CSeq */
	uint32_t retry_after_s; /* said with the reason; 0: nothing is */
	struct stack *stack;
	const struct notifier_ops *ops;
	void *owner;
	uint64_t earliest_ms; /* of the next NOTIFY: a gap, or the peer asked for time */
	uint64_t due_at_ms;   /* then there is one: a change had to wait, or there is none for long;
				 0: nothing waits */
	uint64_t sent_at_ms;  /* the last NOTIFY; 0: none yet */
	uint64_t answered_at_ms;
	uint64_t expires_at_ms;
	uint64_t accepted_at_ms;
	struct timer timer;	    /* of due_at_ms or expires_at_ms, or early for either */
	const char *event;	    /* [event_n] see notifier_event() */
	struct notify_rates *rates; /* owned: those that were asked for; NULL: none */
	const char *reason;	    /* why it ends, constant text; NULL: active */
	uint64_t peer;		    /* hash of the way the peer has spoken so far */
	struct dialog dialog;
	struct usage usage;
	struct notifier_twin twin;
};

/* The Event value, echoed in every NOTIFY (id parameter). */
static inline struct slice notifier_event(const struct notifier *notifier)
{
	return slice_of(notifier->event, notifier->event_n);
}

/*
 * Takes a SUBSCRIBE whose event package and rights have been checked: answers 200 (first, so that
 * no phone sees a NOTIFY for a subscription it does not know yet). notifier_start() must follow.
 * On failure the SUBSCRIBE has been answered (400, 423, 503).
 */
int notifier_take(struct incoming *in, const struct notifier_spec *spec,
		  const struct notifier_ops *ops, void *owner, struct notifier **ret_notifier);

/*
 * NOTIFYs to a peer that has not subscribed and is known to take them. Each is a request outside of
 * any dialog, all with the Call-ID and From tag of `spec` and its CSeq growing; the subscription
 * state is "active" and names no time. It goes on until notifier_end(), notifier_drop(), or until
 * the peer refuses one: then notifier->reason is NULL in on_end. notifier_repeat() sends the first.
 * `event` is constant text. ERR_NOMEM.
 */
int notifier_new(struct stack *stack, const struct dialog_spec *spec, struct slice event,
		 uint32_t gap_ms, const struct notifier_ops *ops, void *owner,
		 struct notifier **ret_notifier);

/* Asks for the first NOTIFY, when the owner is ready. After Expires: 0, a fetch, it is the only
 * one. */
void notifier_start(struct notifier *notifier);

/*
 * Something changed: on_due follows at once, or when the pending NOTIFY has been answered and the
 * least gap has passed (its own, and RFC 6446 max-rate), once for all that changed meanwhile.
 */
void notifier_change(struct notifier *notifier);

/*
 * The NOTIFY that on_due has just sent did not have room for all: on_due follows when it has been
 * answered, without the own least gap, since what it tells is no newer.
 */
void notifier_go_on(struct notifier *notifier);

/* Another least gap, from the next NOTIFY on. */
void notifier_set_gap(struct notifier *notifier, uint32_t gap_ms);

/* The same as notifier_change(), and whatever the peer has been told, it is told the full state
 * once more. */
void notifier_repeat(struct notifier *notifier);

/* It has been told something and not answered yet. */
bool notifier_is_pending(const struct notifier *notifier);

/* Inside on_due only. */
void notifier_send(struct notifier *notifier, struct slice content_type, struct slice body);

/*
 * Ends it from our side with a reason of RFC 6665 4.2.2 ("deactivated", "rejected", "noresource",
 * constant text): on_due for the last NOTIFY, then on_end when that is answered.
 */
void notifier_end(struct notifier *notifier, const char *reason);

/* The same for "probation" or "giveup": the peer may come again, after so long (0: when it likes).
 */
void notifier_end_until(struct notifier *notifier, const char *reason, uint32_t retry_after_s);

/* The device may have forgotten it: it is asked, and what is no 2xx ends it. */
void notifier_doubt(struct notifier *notifier);

/* Ends it without a word to its peer; on_end follows. */
void notifier_forget(struct notifier *notifier);

/* Ends it without a word to anybody: what it has sent is not repeated, and on_end does not follow.
 */
void notifier_drop(struct notifier *notifier);

/* Seconds left. */
uint32_t notifier_expires_s(const struct notifier *notifier);

void notifier_on_free(void *object);

#endif
