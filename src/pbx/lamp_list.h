/* SPDX-License-Identifier: MIT */
/*
 * List subscriptions (RFC 4662): the lamps of all who are on a list come in one subscription. Each
 * of them is watched as by a subscription of its own, with the same rights; what is theirs alone is
 * how many documents travel in one NOTIFY.
 */
#ifndef LAMPYRID_PBX_LAMP_LIST_H
#define LAMPYRID_PBX_LAMP_LIST_H

#include "pbx/lamp_subscription.h"
#include "pbx/list_members.h"

/* One who is on the list. */
struct list_entry {
	struct lamp_list *list;
	struct watcher *watcher;
	struct slice number; /* this and the next two: bytes behind the entries */
	struct slice uri;    /* of the resource, and entity of its documents */
	struct slice name;
	uint32_t instance; /* RFC 4662 5.5: another one after every change of the list */
	bool is_wanted;	   /* to be told */
	bool is_full_due;  /* by a document with the full state */
	bool is_changed;   /* to be told if it says anything new */
	bool is_pending;   /* told by the NOTIFY that has no answer yet */
};

/* One subscription. Owned by its notifier's life. */
struct lamp_list {
	struct list node; /* in pbx->lists */
	struct pbx *pbx;
	struct notifier *notifier;
	const struct profile *profile;
	const struct lamp_package *package; /* in which words it is told */
	struct viewer *viewer;		    /* whose phone it is */
	struct slice user;	    /* "keys-203"; bytes behind the struct, as the next one */
	struct slice uri;	    /* as it was subscribed */
	struct list_entry *entries; /* [count]; one block with their texts, and the title */
	struct slice title;	    /* of the list, for people; may be empty */
	size_t count;
	size_t next;		 /* the entry whose turn it is, where not all fit */
	uint32_t version;	 /* of the next RLMI document; grows by one (RFC 4662 5.2) */
	uint32_t instances;	 /* given out so far */
	char token[TOKEN_BYTES]; /* boundary, and what makes Content-IDs unique */
	bool is_full_due;	 /* the next NOTIFY names everybody */
	bool is_gone;		 /* there is nothing to tell any more */
};

/*
 * Answers a SUBSCRIBE of `viewer` outside of any dialog. False, and no answer: it is to no list of
 * this viewer's.
 */
bool lamp_list_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer,
			 const struct lamp_package *package);

/* After a new configuration, before lamp_on_directory(): lists are told anew where they changed. */
void lamp_list_on_directory(struct pbx *pbx);

/* Tells all that it is over for now, before lamp_stop(). */
void lamp_list_stop(struct pbx *pbx);

/* Forgets all without telling them, before lamp_fini(). */
void lamp_list_fini(struct pbx *pbx);

/* Whose subscription a notifier is; NULL when it is none of a list, or nobody's any more. */
struct lamp_list *lamp_list_of(const struct notifier *notifier);

/* The list subscription to "dialog" that carries a watcher; NULL when something else does. */
const struct notifier *lamp_list_subscription(const struct watcher *watcher);

#endif
