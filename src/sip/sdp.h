/* SPDX-License-Identifier: MIT */
/*
 * SDP (RFC 8866) as far as call control needs it: whether media is there and which way it flows,
 * and crossing two offers at a pick-up. Descriptions otherwise pass through byte for byte.
 */
#ifndef LAMPYRID_SIP_SDP_H
#define LAMPYRID_SIP_SDP_H

#include "base/buf.h"
#include "sip/limits.h"

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_media {
	struct slice text;	      /* from its m= line to before the next m= */
	struct slice kind;	      /* "audio" */
	uint32_t port;		      /* 0: refused */
	struct slice proto;	      /* "RTP/AVP" */
	struct slice formats;	      /* "0 8 101" */
	struct slice connection;      /* c= value of this media, or the session's */
	enum sdp_direction direction; /* with the session's as default */
};

struct sdp {
	struct slice session;	 /* everything before the first m= line */
	struct slice connection; /* session c= value, may be empty */
	enum sdp_direction direction;
	size_t media_count;
	struct sdp_media media[SDP_MEDIA_MAX];
};

/* ERR_SYNTAX on a line without "x=", a bad m= line, a number out of range; ERR_LIMIT. */
int sdp_parse(struct slice text, struct sdp *ret_sdp);

/*
 * The party that says this holds its peer: each live stream is sendonly or inactive, or has
 * c=0.0.0.0 without ICE (RFC 3264 8.4). False when no stream is live.
 */
bool sdp_is_hold(const struct sdp *sdp);

/* A live stream has c=0.0.0.0 without ICE: whoever hears this does not know where to send. */
bool sdp_is_nowhere(const struct sdp *sdp);

/* Each live stream flows both ways; false when none is live. */
bool sdp_is_talking(const struct sdp *sdp);

/* The same description by a party that holds nobody (sendrecv is the default, RFC 8866 6.7). */
void sdp_print_talking(struct buf *buf, const struct sdp *sdp);

/* At least one stream is not refused. */
bool sdp_has_stream(const struct sdp *sdp);

/*
 * Makes the answer to `offer` out of what `other` describes (another party's own offer), printed
 * as a session description: m= lines in the order of the offer, codecs intersected by name, rate
 * and channels (static payloads by number, RFC 3551), numbered as `other` numbers them, its
 * connection, port and attributes; a=crypto and DTLS setup made an answer; `is_active` decides an
 * actpass (this side's answer says active, the other's passive); streams of the offer without a
 * partner get port 0. ERR_UNSUPPORTED, with nothing printed, when no stream agrees.
 *
 * For the answer to the other party call it again with the two changed over and `is_active` turned
 * around: codec order and key suite follow the active side's preference, so both get the same.
 */
int sdp_cross(struct buf *buf, const struct sdp *offer, const struct sdp *other, bool is_active);

/*
 * An answer to `offer` that accepts its streams but lets nothing flow (a=inactive, c=0.0.0.0 or
 * [::], port 9): it holds a call until it is re-offered (RFC 3725). `session_id` names the origin.
 */
void sdp_print_inactive_answer(struct buf *buf, const struct sdp *offer, uint64_t session_id);

#endif
