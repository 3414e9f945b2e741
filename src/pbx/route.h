/* SPDX-License-Identifier: MIT */
/*
 * What a called number means, once pick-up and other codes are ruled out.
 */
#ifndef LAMPYRID_PBX_ROUTE_H
#define LAMPYRID_PBX_ROUTE_H

#include "pbx/directory.h"

enum destination_kind { DESTINATION_NONE, DESTINATION_EXTENSION, DESTINATION_GROUP };

/* Where a call can go. Its texts are the directory's. */
struct destination {
	enum destination_kind kind;
	const struct extension *extension; /* of DESTINATION_EXTENSION */
	const struct group *group;	   /* of DESTINATION_GROUP */
};

/* Who that is, and where its calls go otherwise; not for DESTINATION_NONE. */
struct party destination_party(const struct destination *to);
const struct forward *destination_forward(const struct destination *to);

/* DESTINATION_NONE: there is no such number. */
struct destination route_find(const struct directory *directory, struct slice number);

#endif
