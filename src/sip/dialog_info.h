/* SPDX-License-Identifier: MIT */
/*
 * dialog-info documents (RFC 4235 4.1) as data, and printing them. Reading them is xml/'s work.
 */
#ifndef LAMPYRID_SIP_DIALOG_INFO_H
#define LAMPYRID_SIP_DIALOG_INFO_H

#include "base/buf.h"
#include "sip/limits.h"

enum dialog_state {
	DIALOG_TRYING,
	DIALOG_PROCEEDING,
	DIALOG_EARLY,
	DIALOG_CONFIRMED,
	DIALOG_TERMINATED,
};

enum dialog_direction { DIALOG_DIRECTION_NONE, DIALOG_INITIATOR, DIALOG_RECIPIENT };

/* <local> or <remote>: empty slices are left out. Plain text, unescaped. */
struct dialog_party {
	struct slice display;
	struct slice identity; /* a URI */
	struct slice target;   /* a URI */
	bool is_rendering_no; /* <param pname="+sip.rendering" pval="no"/> of the target: on hold */
};

/* How a dialog is named on the wire; empty slices are left out. */
struct dialog_ids {
	struct slice call_id;
	struct slice local_tag;
	struct slice remote_tag;
};

struct dialog_entry {
	struct slice id;
	struct slice call_id;
	struct slice local_tag;
	struct slice remote_tag;
	enum dialog_direction direction;
	enum dialog_state state;
	struct slice event; /* state's event="", e.g. "cancelled"; may be empty */
	unsigned code;	    /* state's code="", 0: none */
	bool has_duration;
	uint32_t duration_s;	    /* since the dialog exists */
	struct dialog_ids replaces; /* the dialog that this one took the place of */
	struct slice referred_by_display;
	struct slice referred_by; /* a URI */
	struct dialog_party local;
	struct dialog_party remote;
};

struct dialog_info {
	uint32_t version;
	bool is_partial;
	struct slice entity; /* empty when missing: innovaphone leaves it out */
	size_t dialog_count;
	struct dialog_entry dialogs[DIALOG_INFO_MAX];
	struct slice status; /* <status xmlns="urn:lampyrid:lamp">, e.g. "unregistered"; or empty */
};

/* Somebody is called there and has not answered: what a lamp flashes for. */
bool dialog_entry_is_offered(const struct dialog_entry *dialog);

struct slice dialog_state_name(enum dialog_state state);

/* The whole document with its XML declaration. Text is escaped; control characters become '?'. */
void dialog_info_print(struct buf *buf, const struct dialog_info *info);

/*
 * The same in two pieces: what differs per watcher, and the rest, which is the same for all who may
 * see as much.
 */
void dialog_info_print_head(struct buf *buf, uint32_t version, bool is_partial,
			    struct slice entity);
void dialog_info_print_rest(struct buf *buf, const struct dialog_info *info);

#endif
