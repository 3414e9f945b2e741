/* SPDX-License-Identifier: MIT */
/*
 * The phone's session descriptions (RFC 8866, RFC 3264): the codecs that every desk phone has. An
 * answer is the offer crossed with our own description.
 */
#include "base/err.h"
#include "phone/phone_inner.h"

#define MEDIA_PORT 4000

static struct addr media_addr(const struct phone *phone)
{
	struct addr addr = phone->config.media;

	if (addr.family == ADDR_NONE || addr.port == 0) {
		addr = phone->config.server.local;
		addr.port = MEDIA_PORT;
	}
	return addr;
}

/* "IN IP6 2001:db8::1", without the brackets of a SIP host. */
static void address_print(struct buf *buf, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	struct buf ip = BUF_ON(text);

	addr_print_ip(&ip, addr);
	if (addr->family == ADDR_IPV6) {
		buf_lit(buf, "IN IP6 ");
		buf_slice(buf, slice_of(text + 1, ip.n - 2));
	} else {
		buf_lit(buf, "IN IP4 ");
		buf_slice(buf, buf_text(&ip));
	}
	buf_lit(buf, "\r\n");
}

/*
 * An offer of ours leaves the peer's hold as it is (RFC 3264 8.4): what he does not want to hear
 * now is not offered. Anything else is crossed with his own offer.
 */
static const char *direction_line(const struct phone_call *call)
{
	bool is_hold = call->offer == PHONE_OFFER_HOLD ||
		       (call->state == PHONE_CALL_HOLDING && call->offer != PHONE_OFFER_RESUME);

	if (call->offer != PHONE_OFFER_NONE && call->is_held_by_peer)
		return is_hold ? "a=inactive\r\n" : "a=recvonly\r\n";
	return is_hold ? "a=sendonly\r\n" : "a=sendrecv\r\n";
}

void phone_media_print(const struct phone_call *call, struct buf *buf)
{
	struct addr addr = media_addr(call->phone);

	buf_lit(buf, "v=0\r\no=- ");
	buf_u64(buf, call->sdp_id);
	buf_char(buf, ' ');
	buf_u64(buf, call->sdp_version + 1u);
	buf_char(buf, ' ');
	address_print(buf, &addr);
	buf_lit(buf, "s=-\r\nc=");
	address_print(buf, &addr);
	buf_lit(buf, "t=0 0\r\nm=audio ");
	buf_u64(buf, addr.port);
	buf_lit(buf, " RTP/AVP 8 0 101\r\n"
		     "a=rtpmap:8 PCMA/8000\r\n"
		     "a=rtpmap:0 PCMU/8000\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\n"
		     "a=fmtp:101 0-15\r\n");
	buf_cstr(buf, direction_line(call));
}

int phone_media_answer(struct phone_call *call, struct slice offer, struct buf *buf,
		       bool *ret_is_hold)
{
	char text[PHONE_SDP_MAX_BYTES];
	struct buf ours = BUF_ON(text);
	struct sdp offered, described;
	int err = sdp_parse(offer, &offered);

	if (err)
		return ERR_SYNTAX;
	phone_media_print(call, &ours);
	err = sdp_parse(buf_text(&ours), &described);
	CHECK(err == 0);
	err = sdp_cross(buf, &offered, &described, true);
	if (err || buf->is_overflown)
		return ERR_UNSUPPORTED;
	*ret_is_hold = sdp_is_hold(&offered);
	return 0;
}
