/* SPDX-License-Identifier: MIT */
/*
 * Phone profiles: what each make of phone needs in the documents that light its lamps, and of a
 * transfer. All of it is data, one row per make; doc/phones.md tells where each fact comes from.
 */
#ifndef LAMPYRID_PBX_PROFILE_H
#define LAMPYRID_PBX_PROFILE_H

#include "base/slice.h"

#include <stddef.h>

#define PROFILE_COUNT 9

/* How a list subscription's documents are built (RFC 4662). */
enum profile_list {
	PROFILE_LIST_RFC,	   /* only what changed, after the first */
	PROFILE_LIST_CONSOLIDATED, /* BroadWorks: always all, each resource with a dialog */
};

struct profile {
	const char *name;	  /* as the configuration says it */
	const char *agents[4];	  /* its User-Agent begins with one of these */
	bool is_partial;	  /* knows documents that tell changes only (RFC 4235 4.3) */
	bool is_dialog_needed;	  /* free is said by a terminated dialog, not by none */
	bool is_caller_steady;	  /* blinks on any early dialog: who calls is shown as talking */
	bool is_proceeding_early; /* knows no state before early: it is told that instead */
	bool is_name_shown;	  /* identities have a display name */
	unsigned dialogs_max;	  /* of one document; 0: as many as there are */
	unsigned notify_bytes;	  /* the longest NOTIFY by UDP, headers included */
	enum profile_list list;
	bool is_refer_told_early; /* wants to hear that a blind transfer is done before it is */
	unsigned list_resources;  /* the most that one NOTIFY of a list tells of; 0: as fit */
};

/* What a phone is taken for that nothing is known of. */
const struct profile *profile_generic(void);

/* NULL: there is none of that name. */
const struct profile *profile_find(struct slice name);

/* By the value of User-Agent; the generic one when it is not known, or empty. */
const struct profile *profile_of_agent(struct slice user_agent);

/* The name of the row `i`, of PROFILE_COUNT. */
const char *profile_name(size_t i);

#endif
