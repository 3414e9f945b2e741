/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of phones to what is their own extension's: its messages, registrations and
 * features. Nobody else may see those, so the only right is to be that extension.
 */
#ifndef LAMPYRID_PBX_OWN_WATCH_H
#define LAMPYRID_PBX_OWN_WATCH_H

#include "core/notifier.h"
#include "pbx/pbx.h"
#include "sip/reg_info.h"

struct own_watch;

/* What an event package says. */
struct own_package {
	struct slice event; /* its name */
	struct slice content_type;
	size_t watch_bytes; /* of its struct for one subscription, which begins with own_watch */

	/*
	 * Prints what watch->notifier is due to tell (as on_due of struct notifier_ops). False:
	 * there is nothing to tell.
	 */
	bool (*print)(struct own_watch *watch, struct buf *body);
	/* There is more than one document could say: print is asked again. May be NULL. */
	bool (*has_more)(const struct own_watch *watch);
	/* As of struct notifier_ops. May be NULL. */
	void (*on_answered)(struct own_watch *watch, bool is_acknowledged);
	/*
	 * A SUBSCRIBE by the extension, of proved identity, first or later. False: it has been
	 * answered with the reason why not. May be NULL.
	 */
	bool (*on_subscribe)(struct pbx *pbx, struct incoming *in,
			     const struct extension *extension);
};

/* A contact that is no more, as long as somebody may have to be told. */
struct own_past {
	uint64_t id;
	uint64_t turn; /* pbx->turn when it ended; 0: nothing stands here */
	enum reg_event event;
	struct slice uri; /* owned */
};

#define OWN_PAST_MAX 4

/* What one extension's phones watch. Exists while they do. */
struct own {
	struct map_node node; /* in pbx->owns */
	struct pbx *pbx;
	struct slice number;		    /* owned */
	struct list watches;		    /* struct own_watch by node */
	struct own_past past[OWN_PAST_MAX]; /* a ring, see reg_event.c */
	size_t past_next;
	uint64_t past_lost_turn; /* pbx->turn of the latest one that the ring has forgotten */
};

/* One subscription. Owned by its notifier's life. */
struct own_watch {
	struct list node; /* in own->watches */
	struct own *own;
	struct viewer *viewer; /* the own one */
	const struct own_package *package;
	struct notifier *notifier;
	bool is_refreshing; /* a SUBSCRIBE is at hand, whose NOTIFY tells all */
};

/* Answers a SUBSCRIBE of `extension` outside of any dialog. */
void own_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		   const struct own_package *package);

/* NULL when nobody watches. */
struct own *own_find(struct pbx *pbx, struct slice number);

/* Whose subscription a notifier is; NULL when it is none of these, or nobody's any more. */
const struct own_watch *own_watch_of(const struct notifier *notifier);

/* The watches of this package have something new to tell. */
void own_change(struct own *own, const struct own_package *package);

/* Subscriptions of those who left end: after a new configuration. */
void own_on_directory(struct pbx *pbx);

/* Tells all that it is over for now ("deactivated"). */
void own_stop(struct pbx *pbx);

/* Forgets all without telling them. */
void own_fini(struct pbx *pbx);

#endif
