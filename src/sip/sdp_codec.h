/* SPDX-License-Identifier: MIT */
/*
 * The formats of one m= line as codecs that can be compared across two descriptions, whatever
 * payload numbers they use (RFC 8866 6.6, RFC 3551 6).
 */
#ifndef LAMPYRID_SIP_SDP_CODEC_H
#define LAMPYRID_SIP_SDP_CODEC_H

#include "sip/sdp.h"

struct sdp_codec {
	struct slice format; /* as the m= line says it */
	struct slice name;   /* empty when nobody knows what the number means */
	uint32_t rate;	     /* Hz; 0 outside RTP */
	uint32_t channels;
	struct slice fmtp; /* behind the payload number, may be empty */
};

struct sdp_codecs {
	size_t count;
	struct sdp_codec at[SDP_FORMATS_MAX];
};

void sdp_codecs_read(const struct sdp_media *media, struct sdp_codecs *ret_codecs);

/* Same name, rate, channels, and those fmtp parameters that make it another codec. */
bool sdp_codec_eq(const struct sdp_codec *a, const struct sdp_codec *b);

/* Carries media by itself, unlike telephone-event or comfort noise. */
bool sdp_codec_is_main(const struct sdp_codec *codec);

/* Repairs another format by its number (rtx, red, FEC). */
bool sdp_codec_is_repair(const struct sdp_codec *codec);

#endif
