/* SPDX-License-Identifier: MIT */
/*
 * Session descriptions: whatever is parsed can be crossed with itself and with an offer of a desk
 * phone, in both places, and can be held; what comes out can be parsed again.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/sdp.h"

/* The other's session, and all of the offer's m= lines with what is said about them. */
#define PRINTED_MAX_BYTES (4 * SDP_MAX_BYTES)

static const char desk_phone[] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	"m=audio 5004 RTP/AVP 8 0 9 96 101\r\na=rtpmap:96 opus/48000/2\r\n"
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
	"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
	"m=audio 5006 RTP/SAVP 8 0\r\n"
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
	"m=audio 5008 UDP/TLS/RTP/SAVPF 0 96\r\na=rtpmap:96 opus/48000/2\r\na=setup:actpass\r\n"
	"a=fingerprint:sha-256 00:11\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
	"a=rtcp-mux\r\na=rtcp-fb:* nack\r\na=mid:0\r\n";

static void check_parses(struct buf *buf)
{
	struct sdp again;
	int err;

	CHECK(!buf->is_overflown);
	err = sdp_parse(buf_text(buf), &again);
	CHECK(err == 0 || buf->n > SDP_MAX_BYTES);
}

static void cross(const struct sdp *offer, const struct sdp *other, bool is_active)
{
	static char room[PRINTED_MAX_BYTES];
	struct buf buf = BUF_ON(room);

	if (sdp_cross(&buf, offer, other, is_active) == 0)
		check_parses(&buf);
	else
		CHECK(buf.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[PRINTED_MAX_BYTES];
	struct buf buf = BUF_ON(room);
	struct sdp sdp, phone;

	if (sdp_parse(slice_of((const char *)data, size), &sdp) != 0)
		return 0;
	CHECK(sdp_parse(SLICE(desk_phone), &phone) == 0);
	sdp_is_hold(&sdp);
	cross(&sdp, &sdp, true);
	cross(&sdp, &phone, false);
	cross(&phone, &sdp, true);
	sdp_print_inactive_answer(&buf, &sdp, size);
	check_parses(&buf);
	return 0;
}
