/* SPDX-License-Identifier: MIT */
/*
 * `lamps: forward`: an extension's phones are asked themselves what calls they have, by one
 * subscription to each phone (RFC 4235), which all watchers share. It runs while somebody watches
 * and the phone is registered.
 */
#ifndef LAMPYRID_PBX_LAMP_FORWARD_H
#define LAMPYRID_PBX_LAMP_FORWARD_H

#include "core/subscriber.h"
#include "pbx/lamp_source.h"

/* A phone that is asked, or was until now: then its report is closed. */
struct asked_phone {
	struct pooled pooled;
	struct pbx *pbx;
	struct lamp_report report;
	struct handle binding; /* which phone */
	uint64_t boot;	       /* hash of the Call-ID that it registers with */
	struct handle subscriber;
	unsigned last_status; /* of the refusal that was logged last; 0: it has not refused */
	bool is_unreadable;   /* what it said last, and that is logged */
	struct timer ask;     /* the next question for full state */
	uint64_t ask_at_ms;   /* not before */
};

/* A watcher or a phone of this extension came or went: whoever is to be asked is, and nobody else.
 */
void lamp_forward_update(struct pbx *pbx, struct slice number);

/* The same for all, after a new configuration. */
void lamp_forward_on_directory(struct pbx *pbx);

/* The status by which one of its phones refused to tell of its calls; 0: none has. */
unsigned lamp_forward_refusal(const struct lamp_entity *entity);

/* Without another word to anybody. */
void lamp_forward_fini(struct pbx *pbx);

void asked_phone_on_free(void *object);

#endif
