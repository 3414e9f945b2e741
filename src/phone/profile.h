/* SPDX-License-Identifier: MIT */
/*
 * Makes of phones that ours can behave like, for the sake of the servers that are tried with it:
 * one table of what they send, what they take, and how they pick up.
 */
#ifndef LAMPYRID_PHONE_PROFILE_H
#define LAMPYRID_PHONE_PROFILE_H

#include "phone/pickup.h"

struct phone_profile {
	struct slice name;	  /* "snom" */
	struct slice product;	  /* of User-Agent; empty: our own */
	enum pickup_mode pickup;  /* its default, never PICKUP_AS_PROFILE */
	struct slice pickup_code; /* dialled when none is configured; may be empty */
	unsigned dialogs_max;	  /* of one document; one with more is its end. 0: as many as fit */
	bool asks_presence;	  /* it knows no dialogs: Event: presence from the start */
	bool wants_exact_entity;  /* each byte as it was subscribed to */
	bool flashes_for_callers; /* early and proceeding are ringing, whoever calls */
	bool misses_no_dialog;	  /* a full document without a <dialog> changes nothing */
	bool takes_unasked;	  /* a NOTIFY without a subscription */
};

extern const struct phone_profile phone_profiles[];
extern const size_t phone_profile_count;

/* The first row: nothing is held against a server. */
const struct phone_profile *phone_profile_generic(void);

/* NULL when there is none of that name. */
const struct phone_profile *phone_profile_find(struct slice name);

#endif
