/* SPDX-License-Identifier: MIT */
/*
 * What somebody may see of an extension's calls: the one function from the legs to the dialogs of a
 * document. Everything that tells of lamps asks here.
 */
#ifndef LAMPYRID_PBX_LAMP_VIEW_H
#define LAMPYRID_PBX_LAMP_VIEW_H

#include "pbx/lamp.h"

/* Whose eyes: two with the same view are told the same, but for version and entity. */
struct lamp_view {
	enum visibility visibility;
	bool may_pick_up;
	bool may_barge_in;
	const struct profile *profile;
	/* Of the legs in entity->legs, a bit each: whose peer, or referrer, is not named. */
	uint64_t hidden_peers;
	uint64_t hidden_referrers;
	struct slice viewer;	       /* the number, where it matters who that is; else empty */
	const struct dialog_ids *only; /* the one dialog asked for; NULL: all */
};

/* Longest printed URI of ours in a document: "sip:" user "@" domain. */
#define LAMP_URI_MAX_BYTES (8 + SIP_USER_MAX_BYTES * 3 + 256)

/* A document, and the text that its slices point into. */
struct lamp_dialogs {
	struct dialog_info info; /* without version and entity */
	bool has_ids;		 /* a dialog can be named by whoever reads it */
	bool is_cut;		 /* there are more of them */
	struct buf uris;
	char uri_text[DIALOG_INFO_MAX * 4 * LAMP_URI_MAX_BYTES];
};

/* What an extension is beside its calls: "do-not-disturb", "forwarded", "unregistered", or empty.
 */
struct slice lamp_status(struct pbx *pbx, const struct extension *extension);

/* Room for one more dialog, beside those that ended; without, the document is cut. */
bool lamp_dialogs_have_room(struct lamp_dialogs *dialogs);

/* As its rights are now. */
struct lamp_view lamp_view_of(struct watcher *watcher);

/* As the make of phone knows it: some know `early`, `confirmed` and `terminated` only. */
enum dialog_state lamp_known_state(const struct lamp_view *view, enum dialog_state state);

/* Those of the phone's own dialog with us, as the phone sees it; empty: it has none. */
struct dialog_ids lamp_leg_ids(const struct leg *leg);

/*
 * All that this view shows now, the dialog that matters most first; or with `since` > 0 only what
 * differs from entity->turn `since`. False: what was then is not known any more.
 */
bool lamp_view_read(const struct lamp_entity *entity, const struct lamp_view *view, uint64_t since,
		    struct lamp_dialogs *ret_dialogs);

#endif
