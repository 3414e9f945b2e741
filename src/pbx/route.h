/* SPDX-License-Identifier: MIT */
/*
 * What a called number means, once pick-up and other codes are ruled out.
 */
#ifndef LAMPYRID_PBX_ROUTE_H
#define LAMPYRID_PBX_ROUTE_H

#include "pbx/directory.h"

struct pbx;

enum destination_kind {
	DESTINATION_NONE,
	DESTINATION_EXTENSION,
	DESTINATION_GROUP,
	DESTINATION_ROUTE, /* somebody outside */
};

/* Where a call can go. Its texts are the directory's. */
struct destination {
	enum destination_kind kind;
	const struct extension *extension; /* of DESTINATION_EXTENSION, with: */
	struct handle replaced; /* its leg, whose phone alone is called, to have a call replace the
				   one that it is in (RFC 3891); HANDLE_NONE: all its phones */
	const struct group *group; /* of DESTINATION_GROUP */
	const struct route *route; /* of DESTINATION_ROUTE, with: */
	struct slice number;	   /* as it was dialled; whoever asked keeps it */
};

/* Who that is, and where its calls go otherwise; not for DESTINATION_NONE. */
struct party destination_party(const struct destination *to);
struct forward destination_forward(const struct pbx *pbx, const struct destination *to);

/* No limit is in the way of such a call. */
bool destination_is_emergency(const struct destination *to);

/* An extension or a group. DESTINATION_NONE: there is no such number inside. */
struct destination route_find(const struct directory *directory, struct slice number);

/*
 * The same, and where it is nobody inside, outside by a route that this extension may use; NULL: a
 * route that everybody may. *ret_is_denied: there is one, for others.
 */
struct destination route_find_for(const struct directory *directory, struct slice number,
				  const struct extension *caller, bool *ret_is_denied);

/* What stands behind the longest matching pick-up code; empty when none matches. */
struct slice route_behind_pickup_code(const struct directory *directory, struct slice number);

#endif
