/* SPDX-License-Identifier: MIT */
/*
 * What a REFER asks for: Refer-To (RFC 3515 2.1), who asks for it: Referred-By (RFC 3892), and
 * whether it wants to hear how it goes: Refer-Sub (RFC 4488).
 */
#ifndef LAMPYRID_SIP_REFER_TO_H
#define LAMPYRID_SIP_REFER_TO_H

#include "sip/msg.h"
#include "sip/replaces.h"
#include "sip/verdict.h"

/* Room for what stands escaped in a Refer-To. */
#define SIP_REFER_TO_ROOM_BYTES SIP_URI_MAX_BYTES

struct sip_refer_to {
	struct slice display; /* as that of struct sip_addr */
	struct sip_uri uri;   /* sip or sips, without headers, also in its text */
	bool has_replaces;
	struct sip_replaces replaces; /* a missing tag is an empty slice, see sip/replaces.h */
};

/*
 * Reads the Refer-To of a REFER, in brackets or not, with the ids in its Replaces escaped or not.
 * The verdict is OK, or what the REFER is answered with, *ret_refer_to then untouched:
 *
 *   400  there is none, or more than one (RFC 3515 2.4.2); it, or its Replaces, cannot be read
 *        (RFC 3261 19.1.5); two Replaces (RFC 3891 3)
 *   403  it asks for another method than INVITE, for a body, or for a header but Replaces,
 *        `Require=replaces` and Referred-By, which is not believed: ours is told (RFC 3261 19.1.5)
 *   416  another scheme than sip and sips
 *
 * The slices point into the message or into `room`, which should have SIP_REFER_TO_ROOM_BYTES and
 * holds nothing afterwards but what they need.
 */
struct sip_verdict sip_refer_to_read(const struct sip_msg *refer, struct buf *room,
				     struct sip_refer_to *ret_refer_to);

/* The same for the value of one Refer-To. */
struct sip_verdict sip_refer_to_parse(struct slice value, struct buf *room,
				      struct sip_refer_to *ret_refer_to);

/*
 * Whom it names, in brackets or not, whatever it asks for: to show it. ERR_SYNTAX, or ERR_LIMIT
 * over SIP_URI_MAX_BYTES.
 */
int sip_refer_to_addr(struct slice value, struct sip_addr *ret_addr);

/*
 * Prints a Refer-To's value, always in brackets: the URI without its headers, and the Replaces
 * escaped, NULL: none. Reading it back gives the same.
 */
void sip_refer_to_print(struct buf *buf, const struct sip_uri *uri,
			const struct sip_replaces *replaces);

/*
 * Who refers, as it says itself. ERR_NOTFOUND when it does not, ERR_SYNTAX when it cannot be read
 * or is no SIP or telephone address; it is optional, so neither is a reason to refuse (RFC 3892
 * 2.4). sip_print_addr() prints one.
 */
int sip_referred_by_read(const struct sip_msg *refer, struct sip_addr *ret_addr);

/*
 * A REFER that wants no subscription, or a 2xx that makes none: "Refer-Sub: false" (RFC 4488 4).
 * Whatever else it says counts as "true", which is also what is meant when it is not there.
 */
bool sip_refer_sub_is_false(const struct sip_msg *msg);

#endif
