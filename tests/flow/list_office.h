/* SPDX-License-Identifier: MIT */
/*
 * An office where alice (201) subscribes to her list by a raw peer; bob (202), carol (203) and dave
 * (204) are phones.
 */
#ifndef LAMPYRID_TESTS_LIST_OFFICE_H
#define LAMPYRID_TESTS_LIST_OFFICE_H

#include "texts.h"
#include "world.h"

#include "pbx/profile.h"

#define SUBSCRIBE_PLAIN(to, call)                                                                  \
	TEXT_HEAD("SUBSCRIBE", "201", to, call) TEXT_CONTACT("201", "192.0.2.6") "Event: dialog\n"
#define SUBSCRIBE(to, call) SUBSCRIBE_PLAIN(to, call) "Supported: eventlist\n"

/* What alice's screen shows when nobody calls. */
#define ALL_FREE "202 terminated, 203 terminated, 204 terminated"

/* A phone that takes as much as is sent; there is no TCP to the raw one. */
extern const struct profile roomy_profile;

struct world *office_with_raw_alice(struct raw **ret_raw);

/* With her password; the answer's status. */
unsigned alice_says(struct raw *raw, const char *text);

#endif
