/* SPDX-License-Identifier: MIT */
/*
 * Lamps: what watchers are told about an extension's calls (RFC 4235 over RFC 6665). There is one
 * truth, the legs that calls hold; the document of a NOTIFY is always made anew from them, by one
 * function for the first and for every later NOTIFY.
 */
#ifndef LAMPYRID_PBX_LAMP_H
#define LAMPYRID_PBX_LAMP_H

#include "core/notifier.h"
#include "pbx/pbx.h"
#include "sip/dialog_info.h"

struct leg;

/* What is watched: an extension's legs and watchers. Exists while it has one or the other. */
struct lamp_entity {
	struct map_node node; /* in pbx->entities */
	struct pbx *pbx;
	struct slice number;	   /* owned */
	struct list legs;	   /* struct leg by lamp_node, the oldest first */
	struct list watchers;	   /* struct watcher by node */
	char last_id[TOKEN_BYTES]; /* of the dialog that ended last: idle names it (RFC 4235 4.1) */
};

/* One subscription. Owned by its notifier's life. */
struct watcher {
	struct list node; /* in entity->watchers */
	struct lamp_entity *entity;
	struct notifier *notifier;
	struct slice number;	 /* owned: whose phone watches */
	struct slice entity_uri; /* owned: as it was subscribed, byte for byte */
	uint32_t version;	 /* of the next document; only grows */
	uint64_t told_turn;	 /* pbx->turn when the last document with ids was sent */
};

/* Answers a SUBSCRIBE of `extension` outside of any dialog. */
void lamp_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/* A leg of this extension begins to exist, changed, or is no more. Starting: ERR_NOMEM. */
int lamp_leg_start(struct leg *leg);
void lamp_leg_changed(struct leg *leg);
void lamp_leg_end(struct leg *leg);

/* Whether a phone of `picker` was told this leg's ids (SECURITY R2). */
bool lamp_was_told(const struct leg *leg, struct slice picker);

/* Everybody is told anew, or that the subscription is over: after a new configuration. */
void lamp_on_directory(struct pbx *pbx);

/* Tells all watchers that it is over for now ("deactivated"). */
void lamp_stop(struct pbx *pbx);

/* Forgets all watchers without telling them. */
void lamp_fini(struct pbx *pbx);

/* Whose subscription a notifier is; NULL when it is none of ours, or nobody's any more. */
struct watcher *lamp_watcher(const struct notifier *notifier);

/* Whether watchers are told of the leg: a phone that does not ring yet has nothing to show. */
bool lamp_leg_is_shown(const struct leg *leg);

struct lamp_entity *lamp_find(struct pbx *pbx, struct slice number);

#endif
