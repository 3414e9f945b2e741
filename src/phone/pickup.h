/* SPDX-License-Identifier: MIT */
/*
 * Which INVITE takes a watched call: the choice that snom's phones make from what the NOTIFY
 * offers. A call-id asks for Replaces (RFC 3891); a remote target alone is a pick-up URI of the
 * server's; with neither there is only the feature code.
 */
#ifndef LAMPYRID_PHONE_PICKUP_H
#define LAMPYRID_PHONE_PICKUP_H

#include "sip/dialog_info.h"
#include "sip/replaces.h"

enum pickup_mode {
	PICKUP_AS_PROFILE, /* as the make does by default */
	PICKUP_AUTO,	   /* whatever is offered */
	PICKUP_BY_REPLACES,
	PICKUP_BY_TAGS, /* by Replaces when there are both tags, else by the code */
	PICKUP_BY_TARGET,
	PICKUP_BY_CODE,
};

struct phone_pickup {
	struct slice target; /* URI, or for is_code what is to be dialled */
	bool is_code;
	bool has_replaces;
	struct sip_replaces replaces;
	struct slice caller;	     /* URI of whom we shall talk with, as told; may be empty */
	struct slice caller_display; /* plain text */
};

/*
 * How to take `entry`, in a mode that is not PICKUP_AS_PROFILE; `code_number` is the feature code
 * with the watched number behind it, or empty. The result points into both. ERR_NOTFOUND: the lamp
 * is all there is.
 */
int phone_pickup_choose(const struct dialog_entry *entry, enum pickup_mode mode,
			struct slice code_number, struct phone_pickup *ret_pickup);

#endif
