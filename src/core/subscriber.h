/* SPDX-License-Identifier: MIT */
/*
 * Subscribers: our side of a subscription that we made with SUBSCRIBE at a notifier (RFC 6665
 * 4.1). It keeps the subscription, makes a new one when the old is lost, and hands over what each
 * NOTIFY says. What that means is its owner's business.
 */
#ifndef LAMPYRID_CORE_SUBSCRIBER_H
#define LAMPYRID_CORE_SUBSCRIBER_H

#include "core/account.h"
#include "core/dialog.h"

enum subscriber_state {
	SUBSCRIBER_IDLE,     /* not started, stopped, or refused for good */
	SUBSCRIBER_STARTING, /* no NOTIFY yet */
	SUBSCRIBER_PENDING,  /* the notifier has not decided on it (RFC 6665 4.1.3) */
	SUBSCRIBER_ACTIVE,
	SUBSCRIBER_WAITING, /* lost, a new one follows later */
	SUBSCRIBER_STOPPING,
};

struct subscriber;

/* The subscriber may be started, stopped or ended inside any handler. */
struct subscriber_ops {
	/* The first NOTIFY of a new subscription has come: versions count anew from here. */
	void (*on_new)(struct subscriber *subscriber);
	/*
	 * A body of a type that was asked for, or none when the first NOTIFY of an active
	 * subscription has none: the notifier knows nothing. It was answered with 200 already.
	 */
	void (*on_notify)(struct subscriber *subscriber, const struct sip_msg *notify);
	/*
	 * The subscription is lost. `reason` is that of its last NOTIFY, or empty; `status` that of
	 * a refusal, or 0. In state WAITING a new one follows, in IDLE none.
	 */
	void (*on_lost)(struct subscriber *subscriber, unsigned status, struct slice reason);
	/* Stopped for good. */
	void (*on_stopped)(struct subscriber *subscriber);
};

struct subscriber_spec {
	struct dialog_spec dialog; /* target and remote say what is watched; all is copied */
	struct slice event;	   /* "dialog"; constant text, as are the next two */
	struct slice accept;	   /* "application/dialog-info+xml", or several with commas */
	struct slice lines;	   /* to add to each SUBSCRIBE, or empty */
	uint32_t expires_s;	   /* what is asked for, at least 1 */
	struct account *account;   /* outlives it; NULL: no challenge is answered */
};

struct subscriber {
	struct pooled pooled;
	struct usage usage;
	struct stack *stack;
	const struct subscriber_ops *ops;
	void *owner;
	enum subscriber_state state;
	struct dialog dialog; /* of the present subscription */
	struct slice target;  /* owned: of the first request of each */
	struct flow flow;     /* likewise */
	struct slice event;
	struct slice accept;
	struct slice lines;
	struct account *account;
	struct auth_attempt attempt;
	struct handle client; /* the SUBSCRIBE that waits for its answer */
	bool is_refresh_due;  /* as soon as that is answered */
	uint32_t expires_s;   /* asked for */
	uint32_t asked_s;     /* by the last SUBSCRIBE; 0 ends it */
	unsigned failures;    /* subscriptions lost in a row, each soon after its start */
	unsigned refusals;    /* refreshes refused in a row */
	unsigned raises;      /* 423 answered in this subscription */
	uint64_t started_at_ms;
	uint64_t expires_at_ms; /* of the present subscription; 0: not granted yet */
	struct timer due;	/* the next SUBSCRIBE */
	struct timer limit;	/* the end of its time, or of the wait for the first NOTIFY */
};

/* Idle, nothing is sent. ERR_NOMEM. */
int subscriber_new(struct stack *stack, const struct subscriber_spec *spec,
		   const struct subscriber_ops *ops, void *owner,
		   struct subscriber **ret_subscriber);

/* Subscribes now. A running one is left as it is. */
void subscriber_start(struct subscriber *subscriber);

/* SUBSCRIBE ahead of its time: the notifier answers with full state (RFC 6665 4.1.2.2). */
void subscriber_refresh(struct subscriber *subscriber);

/* The connection is gone: what is sent next by it goes another way. */
void subscriber_on_connection_lost(struct subscriber *subscriber, struct handle conn);

/* Unsubscribes; on_stopped follows, at once when there is nothing to unsubscribe from. */
void subscriber_stop(struct subscriber *subscriber);

/* Without another word to anybody. */
void subscriber_end(struct subscriber *subscriber);

void subscriber_on_free(void *object);

#endif
