/* SPDX-License-Identifier: MIT */
/*
 * What is known of one watched extension: its dialogs, kept from dialog-info documents in full and
 * partial state (RFC 4235 4.1, 4.3), and the lamp that follows from them.
 */
#ifndef LAMPYRID_PHONE_WATCH_H
#define LAMPYRID_PHONE_WATCH_H

#include "phone/event.h"
#include "sip/dialog_info.h"

struct watched_dialog {
	struct dialog_entry entry; /* its text stands behind it */
	char text[];
};

struct watch {
	struct watched_dialog *dialogs[DIALOG_INFO_MAX]; /* [dialog_count], each owned */
	size_t dialog_count;
	uint32_t version; /* of the last document */
	bool has_version;
	bool has_entity; /* the last document said whom it is about */
	bool is_asked;	 /* full state was asked for and has not come */
};

/* What has become of a document. */
enum watch_verdict {
	WATCH_TAKEN,
	WATCH_IGNORED, /* an old version, or about somebody else */
	WATCH_GAP,     /* taken, but something is missing: ask for full state */
	WATCH_REFUSED, /* no memory: nothing has changed, ask for full state */
};

/*
 * `subscribed` is the URI that was subscribed to. An entity naming another user, or another domain,
 * is somebody else; an address and a domain may well be the same server.
 */
enum watch_verdict watch_take(struct watch *watch, struct slice subscribed,
			      const struct dialog_info *info);

/*
 * Full state was asked for. A notifier that answers in part all the same has no more to say: its
 * next document is the base, whatever its version.
 */
void watch_set_asked(struct watch *watch);

/* A new subscription counts its versions anew (RFC 4235 4.1). The dialogs stay till it speaks. */
void watch_restart(struct watch *watch);

/* Nothing is known any more. */
void watch_clear(struct watch *watch);

enum lamp watch_lamp(const struct watch *watch);

/* The lamp that one dialog asks for. */
enum lamp watch_dialog_lamp(const struct watch *watch, const struct dialog_entry *entry);

/* The dialog that decided on the lamp, the first of those alike; NULL when it is off. */
const struct dialog_entry *watch_decider(const struct watch *watch);

#endif
