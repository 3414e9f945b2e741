/* SPDX-License-Identifier: MIT */
/*
 * The o= line of a description (RFC 8866 5.2), which names the session and the version of what is
 * said of it.
 */
#ifndef LAMPYRID_SIP_SDP_ORIGIN_H
#define LAMPYRID_SIP_SDP_ORIGIN_H

#include "base/buf.h"

/* "o=" name " " version " " place */
struct sdp_origin {
	struct slice name; /* "alice 2890844526": user and session id */
	uint64_t version;
	struct slice place; /* "IN IP4 192.0.2.1" */
};

/* ERR_NOTFOUND without an o= line; ERR_SYNTAX, also for a version beyond 64 bits. */
int sdp_origin_read(struct slice description, struct sdp_origin *ret_origin);

/* The same description with another origin. It has one that can be read. */
void sdp_print_with_origin(struct buf *buf, struct slice description,
			   const struct sdp_origin *origin);

#endif
