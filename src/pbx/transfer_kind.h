/* SPDX-License-Identifier: MIT */
/*
 * The ways to transfer a call, for the log, records and tools. doc/transfers.md tells of each.
 */
#ifndef LAMPYRID_PBX_TRANSFER_KIND_H
#define LAMPYRID_PBX_TRANSFER_KIND_H

#include "base/slice.h"

enum transfer_kind {
	TRANSFER_BLIND,	   /* to a number (RFC 5589 6) */
	TRANSFER_ATTENDED, /* to whom the transferor talks with in another call (RFC 5589 7) */
	TRANSFER_SEMI,	   /* the same, while that one's phone rings */
	TRANSFER_PICKUP,   /* to the caller of a phone that rings */
	TRANSFER_PARK,	   /* to an orbit, where the transferee waits */
	TRANSFER_RECALL,   /* back to the transferor, who had hung up before it failed */
	TRANSFER_CLICK,	   /* whom one's own phone was made to call */
};

/* "blind", "attended", ... */
struct slice transfer_kind_name(enum transfer_kind kind);

#endif
