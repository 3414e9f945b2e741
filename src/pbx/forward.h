/* SPDX-License-Identifier: MIT */
/*
 * Forwards: where the calls of an extension or a group go instead, and the trail that a call leaves
 * on its way from one to the next, as the phone at its end is told (Diversion, RFC 5806;
 * History-Info, RFC 7044).
 */
#ifndef LAMPYRID_PBX_FORWARD_H
#define LAMPYRID_PBX_FORWARD_H

#include "base/buf.h"
#include "pbx/party.h"

enum forward_when {
	FORWARD_ALWAYS,
	FORWARD_BUSY,	      /* talking as much as allowed, do-not-disturb, or refused by hand */
	FORWARD_NO_ANSWER,    /* after forward.after_s */
	FORWARD_UNREGISTERED, /* no phone, or none that can be reached */
	FORWARD_KINDS,
	FORWARD_BY_PHONE = FORWARD_KINDS, /* a phone answered 302: no setting of ours */
	FORWARD_NEVER,			  /* of a failure: no forward is for it */
};

struct forward {
	struct slice to[FORWARD_KINDS]; /* numbers, by enum forward_when; empty: none */
	uint32_t after_s;		/* of FORWARD_NO_ANSWER */
};

/* Of forward.after_s: what it is when nobody says, and at most. */
#define FORWARD_AFTER_S 20
#define FORWARD_AFTER_MAX_S 600

/* How often one call may be forwarded. */
#define TRAIL_MAX 5

/* Who passed the call on, the first one first. The texts are the directory's. */
struct trail {
	struct {
		struct party party;
		enum forward_when why;
	} steps[TRAIL_MAX]; /* [count] */
	size_t count;
};

bool trail_has(const struct trail *trail, struct slice number);

/*
 * The Diversion and History-Info lines for an INVITE to `target`, each with its CRLF; nothing when
 * the call came straight. `domain` is ours.
 */
void trail_print(const struct trail *trail, struct buf *lines, struct slice target,
		 struct slice domain);

/* "busy" and the like, for the log; also of FORWARD_BY_PHONE. */
struct slice forward_name(enum forward_when why);

#endif
