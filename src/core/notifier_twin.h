/* SPDX-License-Identifier: MIT */
/*
 * Twins: subscriptions of one device to the same thing, told by their To, From, Contact and Event.
 * Most are what a phone has forgotten when it was switched off. Nothing in the protocol says so,
 * and there are phones that mean to have two; so the older one is asked by one more NOTIFY, and
 * whatever is not answered by a 2xx is over.
 */
#ifndef LAMPYRID_CORE_NOTIFIER_TWIN_H
#define LAMPYRID_CORE_NOTIFIER_TWIN_H

#include "base/map.h"

struct notifier;

/* In each notifier. */
struct notifier_twin {
	struct map_node node; /* in stack->twins */
	uint64_t hash;	      /* of what tells twins; the key */
};

/* A subscription begins: its older twins are asked, and those beyond a few forgotten. */
void notifier_meet_twins(struct notifier *notifier);

/* It is over. Leaving twice does nothing. */
void notifier_leave_twins(struct notifier *notifier);

#endif
