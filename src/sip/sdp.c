/* SPDX-License-Identifier: MIT */
/*
 * Reading session descriptions (RFC 8866 5), telling a hold (RFC 3264 8.4), and the answer that
 * keeps a call waiting without media (RFC 3725 4.4). Attributes are not judged here: what call
 * control does not use passes through unread.
 */
#include "sip/sdp.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/sdp_line.h"

#define PORT_MAX 65535
#define PAYLOAD_MAX 127 /* RFC 3550 5.1: seven bits */
#define PORT_DISCARD 9	/* where nobody listens, as RFC 4145 4.1 uses it */

static bool is_direction(struct slice name, enum sdp_direction *ret_direction)
{
	static const struct slice names[] = {
		[SDP_SENDRECV] = SLICE_INIT("sendrecv"),
		[SDP_SENDONLY] = SLICE_INIT("sendonly"),
		[SDP_RECVONLY] = SLICE_INIT("recvonly"),
		[SDP_INACTIVE] = SLICE_INIT("inactive"),
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_eq(name, names[i])) {
			*ret_direction = (enum sdp_direction)i;
			return true;
		}
	}
	return false;
}

bool sdp_proto_is_rtp(struct slice proto)
{
	return slice_starts_with(proto, SLICE("RTP/")) ||
	       slice_starts_with(proto, SLICE("UDP/TLS/RTP/"));
}

/* "port" or "port/count" (RFC 8866 5.14). */
static int port_parse(struct slice text, uint32_t *ret_port)
{
	struct slice port, count;
	uint32_t number;

	if (slice_cut(text, '/', &port, &count) && slice_to_u32(count, PORT_MAX, &number) != 0)
		return ERR_SYNTAX;
	return slice_to_u32(port, PORT_MAX, ret_port) == 0 ? 0 : ERR_SYNTAX;
}

static int formats_check(struct slice formats, struct slice proto)
{
	struct slice format;
	size_t count = 0;
	uint32_t payload;

	while (sdp_word_next(&formats, &format)) {
		if (sdp_proto_is_rtp(proto) && slice_to_u32(format, PAYLOAD_MAX, &payload) != 0)
			return ERR_SYNTAX;
		if (++count > SDP_FORMATS_MAX)
			return ERR_LIMIT;
	}
	return 0;
}

static int media_line_parse(struct slice value, struct sdp_media *media)
{
	struct slice port;

	if (!sdp_word_next(&value, &media->kind) || !sdp_word_next(&value, &port) ||
	    !sdp_word_next(&value, &media->proto) || port_parse(port, &media->port) != 0)
		return ERR_SYNTAX;
	media->formats = slice_trim(value);
	/* A refused stream may say nothing more: some phones then leave the formats out. */
	if (media->formats.n == 0 && media->port != 0)
		return ERR_SYNTAX;
	return formats_check(media->formats, media->proto);
}

/* A c= or direction line of the session or of one stream; of several c= the first counts. */
static void common_line_read(const struct sdp_line *line, struct slice *connection,
			     enum sdp_direction *direction)
{
	struct slice name, value;

	if (line->type == 'c' && connection->n == 0)
		*connection = slice_trim(line->value);
	else if (sdp_line_attribute(line, &name, &value))
		is_direction(name, direction);
}

static int line_read(const struct sdp_line *line, const char *start, struct sdp *sdp)
{
	struct sdp_media *media;

	if (sdp->session.n == 0) {
		if (line->type != 'v' || !slice_eq(slice_trim(line->value), SLICE("0")))
			return ERR_SYNTAX;
		sdp->session.p = start;
	}
	if (line->type == 'm') {
		if (sdp->media_count == SDP_MEDIA_MAX)
			return ERR_LIMIT;
		media = &sdp->media[sdp->media_count++];
		*media = (struct sdp_media){ .text = { start, 0 }, .direction = sdp->direction };
		return media_line_parse(line->value, media);
	}
	if (sdp->media_count > 0) {
		media = &sdp->media[sdp->media_count - 1];
		common_line_read(line, &media->connection, &media->direction);
	} else {
		common_line_read(line, &sdp->connection, &sdp->direction);
	}
	return 0;
}

int sdp_parse(struct slice text, struct sdp *ret_sdp)
{
	struct sdp sdp = { .direction = SDP_SENDRECV };
	struct slice rest = text;
	struct sdp_line line;
	int more, err;

	if (text.n > SDP_MAX_BYTES)
		return ERR_LIMIT;
	for (;;) {
		const char *start = rest.p;
		struct slice *grown;

		more = sdp_line_next(&rest, &line);
		if (more <= 0)
			break;
		err = line_read(&line, start, &sdp);
		if (err)
			return err;
		grown = sdp.media_count > 0 ? &sdp.media[sdp.media_count - 1].text : &sdp.session;
		grown->n = (size_t)(rest.p - grown->p);
	}
	if (more < 0 || sdp.session.n == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < sdp.media_count; i++)
		if (sdp.media[i].connection.n == 0)
			sdp.media[i].connection = sdp.connection;
	*ret_sdp = sdp;
	return 0;
}

/* RFC 2543's way of holding, and its IPv6 twin. */
static bool connection_is_nowhere(struct slice connection)
{
	return slice_eq(connection, SLICE("IN IP4 0.0.0.0")) ||
	       slice_eq(connection, SLICE("IN IP6 ::"));
}

/* With trickle ICE an address of zeroes only means "not known yet" (RFC 8840 4). */
static bool media_has_ice(const struct sdp *sdp, const struct sdp_media *media)
{
	struct slice ufrag;

	return sdp_attribute_find(media->text, SLICE("ice-ufrag"), &ufrag) ||
	       sdp_attribute_find(sdp->session, SLICE("ice-ufrag"), &ufrag);
}

static bool media_is_nowhere(const struct sdp *sdp, const struct sdp_media *media)
{
	return connection_is_nowhere(media->connection) && !media_has_ice(sdp, media);
}

bool sdp_is_nowhere(const struct sdp *sdp)
{
	for (size_t i = 0; i < sdp->media_count; i++)
		if (sdp->media[i].port != 0 && media_is_nowhere(sdp, &sdp->media[i]))
			return true;
	return false;
}

bool sdp_is_hold(const struct sdp *sdp)
{
	bool has_live = false;

	for (size_t i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *media = &sdp->media[i];

		if (media->port == 0)
			continue;
		has_live = true;
		if (media->direction == SDP_SENDONLY || media->direction == SDP_INACTIVE)
			continue;
		if (!media_is_nowhere(sdp, media))
			return false;
	}
	return has_live;
}

bool sdp_has_stream(const struct sdp *sdp)
{
	for (size_t i = 0; i < sdp->media_count; i++)
		if (sdp->media[i].port != 0)
			return true;
	return false;
}

bool sdp_is_talking(const struct sdp *sdp)
{
	for (size_t i = 0; i < sdp->media_count; i++)
		if (sdp->media[i].port != 0 && sdp->media[i].direction != SDP_SENDRECV)
			return false;
	return sdp_has_stream(sdp);
}

static void print_without_direction(struct buf *buf, struct slice text)
{
	enum sdp_direction direction;
	struct slice name, value;
	struct sdp_line line;

	while (sdp_line_next(&text, &line) > 0) {
		if (sdp_line_attribute(&line, &name, &value) && is_direction(name, &direction))
			continue;
		buf_char(buf, line.type);
		buf_char(buf, '=');
		buf_slice(buf, line.value);
		buf_lit(buf, "\r\n");
	}
}

void sdp_print_talking(struct buf *buf, const struct sdp *sdp)
{
	print_without_direction(buf, sdp->session);
	for (size_t i = 0; i < sdp->media_count; i++)
		print_without_direction(buf, sdp->media[i].text);
}

/*
 * What an offerer insists on finding in an answer before it believes it: codecs, keys and ICE.
 * They are its own words said back; as nothing flows, nothing is ever sent under them.
 */
static bool is_said_back(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("rtpmap"),	   SLICE_INIT("fmtp"),	  SLICE_INIT("mid"),
		SLICE_INIT("ice-ufrag"),   SLICE_INIT("ice-pwd"), SLICE_INIT("rtcp-mux"),
		SLICE_INIT("fingerprint"),
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(name, names[i]))
			return true;
	return false;
}

static void attribute_print(struct buf *buf, struct slice value)
{
	buf_lit(buf, "a=");
	buf_slice(buf, value);
	buf_lit(buf, "\r\n");
}

/* RFC 4145 4.1 and RFC 5763 5: passive, so that nobody knocks, unless the offer is passive. */
static void setup_print(struct buf *buf, struct slice offered)
{
	attribute_print(buf, slice_eq(offered, SLICE("passive")) ? SLICE("setup:active")
								 : SLICE("setup:passive"));
}

static void attributes_say_back(struct buf *buf, struct slice text)
{
	struct sdp_line line;
	struct slice name, value;
	bool has_crypto = false;

	while (sdp_line_next(&text, &line) > 0) {
		if (!sdp_line_attribute(&line, &name, &value))
			continue;
		if (slice_eq(name, SLICE("setup")))
			setup_print(buf, value);
		/* RFC 4568 5.1.2: the answer takes exactly one of them. */
		else if (is_said_back(name) || (slice_eq(name, SLICE("crypto")) && !has_crypto))
			attribute_print(buf, line.value);
		has_crypto = has_crypto || slice_eq(name, SLICE("crypto"));
	}
}

static void held_session_print(struct buf *buf, const struct sdp *offer, uint64_t session_id)
{
	struct slice address = offer->connection;
	struct slice rest = offer->session;
	struct slice time = SLICE("0 0");
	struct sdp_line line;

	if (address.n == 0 && offer->media_count > 0)
		address = offer->media[0].connection;
	address = slice_starts_with(address, SLICE("IN IP6")) ? SLICE("IN IP6 ::")
							      : SLICE("IN IP4 0.0.0.0");
	/* RFC 3264 6: the answer's t= is the offer's. */
	while (sdp_line_next(&rest, &line) > 0)
		if (line.type == 't')
			time = line.value;
	buf_lit(buf, "v=0\r\no=- ");
	buf_u64(buf, session_id);
	buf_lit(buf, " 1 ");
	buf_slice(buf, address);
	buf_lit(buf, "\r\ns=-\r\nc=");
	buf_slice(buf, address);
	buf_lit(buf, "\r\nt=");
	buf_slice(buf, time);
	buf_lit(buf, "\r\n");
	attributes_say_back(buf, offer->session);
}

void sdp_media_line_start(struct buf *buf, const struct sdp_media *offered, uint32_t port)
{
	buf_lit(buf, "m=");
	buf_slice(buf, offered->kind);
	buf_char(buf, ' ');
	buf_u64(buf, port);
	buf_char(buf, ' ');
	buf_slice(buf, offered->proto);
	buf_char(buf, ' ');
}

void sdp_media_line_print(struct buf *buf, const struct sdp_media *offered, uint32_t port)
{
	sdp_media_line_start(buf, offered, port);
	buf_slice(buf, offered->formats.n > 0 ? offered->formats : SLICE("0"));
	buf_lit(buf, "\r\n");
}

void sdp_print_inactive_answer(struct buf *buf, const struct sdp *offer, uint64_t session_id)
{
	held_session_print(buf, offer, session_id);
	for (size_t i = 0; i < offer->media_count; i++) {
		const struct sdp_media *media = &offer->media[i];

		sdp_media_line_print(buf, media, media->port == 0 ? 0 : PORT_DISCARD);
		if (media->port == 0)
			continue;
		attributes_say_back(buf, media->text);
		buf_lit(buf, "a=inactive\r\n");
	}
}
