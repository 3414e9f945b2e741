/* SPDX-License-Identifier: MIT */
/*
 * What somebody's dialog-info documents add up to (RFC 4235 4.1, 4.3): the dialogs that stand, kept
 * from documents in full and partial state by their versions. Terminated ones are not kept: nothing
 * follows from them.
 */
#ifndef LAMPYRID_CORE_DIALOG_SET_H
#define LAMPYRID_CORE_DIALOG_SET_H

#include "sip/dialog_info.h"

/* One block of its own memory, so that a partial document touches only what it names. */
struct kept_dialog {
	struct dialog_entry entry; /* its text stands behind it */
	uint64_t began_ms;	   /* for the owner: 0 at first, then kept while the dialog is */
	char text[];
};

struct dialog_set;

/*
 * A kept dialog is about to go; `last` is the word that ended it, NULL when there was none. It may
 * not change the set.
 */
typedef void dialog_set_on_gone(struct dialog_set *set, const struct dialog_entry *kept,
				const struct dialog_entry *last);

/* Zeroed it is empty. */
struct dialog_set {
	dialog_set_on_gone *on_gone;		      /* may be NULL */
	struct kept_dialog *dialogs[DIALOG_INFO_MAX]; /* [count], each owned */
	size_t count;
	uint32_t version; /* of the last document */
	bool has_version;
	bool is_asked; /* full state was asked for and has not come */
};

/* What has become of a document. */
enum dialog_set_verdict {
	DIALOG_SET_TAKEN,
	DIALOG_SET_OLD,	    /* ignored: its version is no news */
	DIALOG_SET_GAP,	    /* taken, but something is missing: ask for full state */
	DIALOG_SET_REFUSED, /* no memory: nothing has changed, ask for full state */
};

/* Copies what it keeps. */
enum dialog_set_verdict dialog_set_take(struct dialog_set *set, const struct dialog_info *info);

/* The one at `i` is known to be over, whatever was told of it. */
void dialog_set_remove(struct dialog_set *set, size_t i);

/*
 * Full state was asked for. A notifier that answers in part all the same has no more to say: its
 * next document is the base, whatever its version.
 */
void dialog_set_on_asked(struct dialog_set *set);

/* A new subscription counts its versions anew (RFC 4235 4.1). The dialogs stay till it speaks. */
void dialog_set_restart(struct dialog_set *set);

/* Nothing is known any more, and no memory held. */
void dialog_set_clear(struct dialog_set *set);

#endif
