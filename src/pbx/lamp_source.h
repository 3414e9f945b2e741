/* SPDX-License-Identifier: MIT */
/*
 * What others say of an extension's calls, beside those that pass here: its own phones, asked by
 * SUBSCRIBE (lamp_forward.h), or whoever publishes for it (publish.h). Each one's word is a report,
 * and a report is a lease: it is closed when its time is over or its peer is gone, and the dialogs
 * in it end with it. Where it speaks of a call that passes here, we know better.
 */
#ifndef LAMPYRID_PBX_LAMP_SOURCE_H
#define LAMPYRID_PBX_LAMP_SOURCE_H

#include "core/dialog_set.h"
#include "pbx/lamp_view.h"

struct leg;

/* A dialog that is over, by hashes of how it is named. */
struct lamp_over {
	uint64_t call_id;    /* 0: none */
	uint64_t local_tag;  /* 0: any, as the next */
	uint64_t remote_tag; /* seen from whom direction names; NONE: from either side */
	enum dialog_direction direction;
	uint64_t until_ms; /* nobody's word is later than that */
};

#define LAMP_OVER_MAX 8

struct lamp_report {
	struct list node;	    /* in entity->reports */
	struct lamp_entity *entity; /* NULL: closed */
	bool is_published;	    /* it is part of a struct publication */
	struct dialog_set dialogs;
	uint64_t peer; /* whose word it is: of several of one peer about a dialog, the last counts;
			  0: nobody has another */
	uint64_t secret[2];		      /* of the ids that watchers are told */
	uint64_t turn;			      /* of the last word */
	struct lamp_over over[LAMP_OVER_MAX]; /* what is not made live again */
	size_t over_at;			      /* to be overwritten */
};

/* From now on it belongs to the extension. ERR_NOMEM. */
int lamp_report_open(struct lamp_report *report, struct pbx *pbx, struct slice number,
		     uint64_t peer);

/* Whatever it says is no longer so. Closing a closed one does nothing. */
void lamp_report_close(struct lamp_report *report);

/* The report stands, and says nothing for now. */
void lamp_report_clear(struct lamp_report *report);

/* What the document says; `info` is left in disorder. As dialog_set_take(). */
enum dialog_set_verdict lamp_report_take(struct lamp_report *report, struct dialog_info *info);

/* One of our legs changed or is over, before that is told: its dialog is nobody else's business. */
void lamp_source_on_leg(const struct leg *leg);

/* How many dialogs there are that do not pass here, as far as anybody says. */
size_t lamp_source_count(const struct lamp_entity *entity);

/*
 * Where the dialog comes from that watchers know by this id: "published" or "forward", as the
 * configuration says it; empty: from none of these.
 */
struct slice lamp_source_of(const struct lamp_entity *entity, struct slice id);

/*
 * Adds the dialogs that do not pass here as the view may see them, or with `since` > 0 those of
 * reports that were heard later than that. Nobody can pick them up here, so that no lamp flashes
 * for them and nobody is told their ids.
 */
void lamp_source_add(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
		     const struct lamp_view *view, uint64_t since);

#endif
