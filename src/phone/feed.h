/* SPDX-License-Identifier: MIT */
/*
 * What feeds lamps: a subscription at the server, of one key or of a list of keys, and asking it
 * for full state when something is missing.
 */
#ifndef LAMPYRID_PHONE_FEED_H
#define LAMPYRID_PHONE_FEED_H

#include "core/subscriber.h"

struct phone;

struct feed {
	struct phone *phone;
	struct slice target;	    /* URI, its owner's */
	bool is_list;		    /* of resources (RFC 4662) */
	bool is_presence;	    /* Event: presence, else dialog */
	void (*on_ask)(void *user); /* full state is asked for right now */
	void *user;
	struct handle subscriber; /* its owner is the feed */
	struct timer ask;	  /* the next SUBSCRIBE for full state */
	uint64_t ask_at_ms;	  /* not before */
	unsigned asks;		  /* in a row */
};

#define FEED_DIALOG_TYPE "application/dialog-info+xml"
#define FEED_PRESENCE_TYPE "application/pidf+xml"
#define FEED_RLMI_TYPE "application/rlmi+xml"

/* Subscribes. A running one is left as it is. ERR_NOMEM. */
int feed_start(struct feed *feed, const struct subscriber_ops *ops);

/*
 * The server has refused with this status. One that does not know the dialog package is asked for
 * presence in its place: true when that has begun.
 */
bool feed_fall_back(struct feed *feed, unsigned status, const struct subscriber_ops *ops);

/* Unsubscribes; subscriber_ops.on_stopped follows. */
void feed_stop(struct feed *feed);

/* Forgets the subscription without a word to anybody. */
void feed_end(struct feed *feed);

/* The subscription stands. */
bool feed_is_up(const struct feed *feed);

/*
 * Something is missing. A notifier that goes on leaving gaps is asked later and later, so that it
 * cannot make us send as fast as it does; one that was in order for long is trusted again.
 */
void feed_want_full_state(struct feed *feed);

/* What was missing has come, or is not to be had any more. */
void feed_want_no_more(struct feed *feed);

/* What was told on it in the meantime is lost; asking is bounded as for any other gap. */
void feed_on_connection_lost(struct feed *feed, struct handle conn);

#endif
