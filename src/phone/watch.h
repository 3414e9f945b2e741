/* SPDX-License-Identifier: MIT */
/*
 * What is known of one watched extension: its dialogs, kept from dialog-info documents in full and
 * partial state (RFC 4235 4.1, 4.3), and the lamp that follows from them.
 */
#ifndef LAMPYRID_PHONE_WATCH_H
#define LAMPYRID_PHONE_WATCH_H

#include "core/dialog_set.h"
#include "phone/event.h"
#include "phone/profile.h"

struct watch {
	const struct phone_profile *profile;
	struct dialog_set set;
	bool has_entity; /* the last document said whom it is about */
};

/* What has become of a document. */
enum watch_verdict {
	WATCH_TAKEN,
	WATCH_IGNORED, /* an old version, about somebody else, or lost on this make */
	WATCH_GAP,     /* taken, but something is missing: ask for full state */
	WATCH_REFUSED, /* no memory: nothing has changed, ask for full state */
};

/*
 * `subscribed` is the URI that was subscribed to. An entity naming another user, or another domain,
 * is somebody else; an address and a domain may well be the same server.
 */
enum watch_verdict watch_take(struct watch *watch, struct slice subscribed,
			      const struct dialog_info *info);

/* The same user at what may be the same server, however either is spelled. */
bool watch_entity_is(struct slice entity, struct slice subscribed);

enum lamp watch_lamp(const struct watch *watch);

/* The lamp that one dialog asks for. */
enum lamp watch_dialog_lamp(const struct watch *watch, const struct dialog_entry *entry);

/* The dialog that decided on the lamp, the first of those alike; NULL when it is off. */
const struct dialog_entry *watch_decider(const struct watch *watch);

#endif
