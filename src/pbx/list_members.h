/* SPDX-License-Identifier: MIT */
/*
 * The lists whose lamps can be had in one subscription: "keys-203" is what the configuration calls
 * the keys of 203, "keys-sales" is the group sales. A list never says more of anybody than a
 * subscription to that extension, or orbit, alone would.
 */
#ifndef LAMPYRID_PBX_LIST_MEMBERS_H
#define LAMPYRID_PBX_LIST_MEMBERS_H

#include "pbx/directory.h"

/* Any more are not on the list. */
#define LIST_MEMBERS_MAX DIRECTORY_LIST_MAX

/* "keys-" and the number, or the name of the group. */
#define LIST_USER_MAX_BYTES 128

/* The texts are the directory's. */
struct list_member {
	struct slice number;
	struct slice name; /* for people; empty: an orbit has none */
};

struct list_members {
	struct slice title; /* of the list, for people; may be empty */
	size_t count;
	struct list_member members[LIST_MEMBERS_MAX];
};

/*
 * Who is on the list that `user`, the user part of a URI, unescaped, means for this viewer. False:
 * there is no such list, or it is somebody else's, which must look the same.
 */
bool list_members_find(const struct directory *directory, struct slice user,
		       const struct extension *viewer, struct list_members *ret_members);

#endif
