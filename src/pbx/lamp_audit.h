/* SPDX-License-Identifier: MIT */
/*
 * The auditor of lamps: goes through all watchers, a few at a time, and has each one's carrier
 * compare what its phone has been told with what is true. Where nothing was said of a change, that
 * is a mistake of ours: it is repaired with the full state, and counted. It also keeps the
 * account of how long lamps were wrong: from a change of what is true to the acknowledgement of a
 * document that says it.
 */
#ifndef LAMPYRID_PBX_LAMP_AUDIT_H
#define LAMPYRID_PBX_LAMP_AUDIT_H

#include "base/list.h"
#include "base/timer.h"

#include <stdint.h>

struct pbx;
struct watcher;

/* Of the switch. */
struct lamp_audit {
	struct list watchers; /* struct watcher by audit.node, the longest not looked at first */
	size_t count;	      /* of those */
	struct timer due;
	uint64_t looks;	   /* since the start */
	uint64_t repairs;  /* watchers that were told something wrong */
	uint64_t wrong_ms; /* of all acknowledged changes */
};

/* Of each watcher. Times are of timers->now_ms; 0: not so. */
struct lamp_account {
	struct list node;
	uint64_t changed_ms; /* since then it may have to be told something */
	uint64_t telling_ms; /* since then what it is being told is true */
	uint64_t right_ms;   /* when it was known last to show what is true */
};

void lamp_audit_init(struct pbx *pbx);

/* A watcher begins, knowing nothing, and ends. */
void lamp_audit_add(struct watcher *watcher);
void lamp_audit_remove(struct watcher *watcher);

/* What is true may be something else from now on; after all it is the same to this watcher. */
void lamp_audit_on_change(struct watcher *watcher);
void lamp_audit_on_same(struct watcher *watcher);

/*
 * It is being told something new (`is_other`), or the same once more; and then whether that has
 * arrived.
 */
void lamp_audit_on_told(struct watcher *watcher, bool is_other);
void lamp_audit_on_answer(struct watcher *watcher, bool has_arrived);

#endif
