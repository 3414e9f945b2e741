/* SPDX-License-Identifier: MIT */
/*
 * What a called number means, once pick-up and other codes are ruled out.
 */
#ifndef LAMPYRID_PBX_ROUTE_H
#define LAMPYRID_PBX_ROUTE_H

#include "pbx/directory.h"

enum destination_kind { DESTINATION_NONE, DESTINATION_EXTENSION };

/* Where a call can go. Its texts are the directory's. */
struct destination {
	enum destination_kind kind;
	const struct extension *extension; /* DESTINATION_EXTENSION */
};

/* DESTINATION_NONE: there is no such number. */
struct destination route_find(const struct directory *directory, struct slice number);

#endif
