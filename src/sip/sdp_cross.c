/* SPDX-License-Identifier: MIT */
/*
 * An answer made out of two offers, as a pick-up needs it: both parties have offered, and each is
 * to get the other's description as its answer (RFC 3264 6). Everything decided here comes out
 * the same when the two descriptions change places and `is_active` is turned around; otherwise
 * the parties would disagree about codec, key (RFC 4568 5.1.2) or DTLS role (RFC 5763 5).
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/sdp_codec.h"
#include "sip/sdp_line.h"

#define CRYPTO_MAX 16	/* a=crypto lines read from one stream */
#define FEEDBACK_MAX 64 /* a=rtcp-fb lines judged for one stream */

enum setup { SETUP_ANY, SETUP_ACTIVE, SETUP_PASSIVE, SETUP_NEVER };

/* What one stream says beside its codecs; what it leaves out it has from its session. */
struct traits {
	struct slice mid;
	enum setup setup;
	bool has_fingerprint;
	bool has_ice;
	bool has_rtcp_mux;
	bool has_rtcp_mux_only;
	bool has_rtcp_rsize;
	bool is_bundled; /* its mid stands in the session's BUNDLE group */
};

struct side {
	const struct sdp *sdp;
	struct slice bundle; /* the mids of its BUNDLE group */
	struct traits traits[SDP_MEDIA_MAX];
};

struct crossing {
	struct side offer;
	struct side other;
	bool is_active;
	bool is_crossed[SDP_MEDIA_MAX]; /* this stream of the offer has a partner */
	size_t partner[SDP_MEDIA_MAX];	/* in `other` */
	bool is_partner_used[SDP_MEDIA_MAX];
	bool uses_ice;	/* any stream does */
	bool uses_dtls; /* any stream does */
};

struct crypto {
	struct slice tag;
	struct slice suite;
	struct slice keys;  /* and the session parameters behind them */
	unsigned agreement; /* the parameters that both must have alike */
};

/* What two streams agree upon. */
struct stream {
	const struct sdp_media *offered;
	const struct sdp_media *described;
	const struct traits *offered_traits;
	const struct traits *described_traits;
	size_t codec_count;
	struct {
		struct slice offered;	/* the format's number there */
		struct slice described; /* and here */
	} codecs[SDP_FORMATS_MAX];
	enum setup setup; /* of the answer */
	bool uses_ice;
	bool uses_dtls;
	bool uses_setup;
	bool uses_crypto;
	struct slice crypto_tag; /* of the offer */
	struct crypto crypto;	 /* of the other */
};

static bool word_is_in(struct slice words, struct slice wanted)
{
	struct slice word;

	while (sdp_word_next(&words, &word))
		if (slice_eq(word, wanted))
			return true;
	return false;
}

static enum setup setup_parse(struct slice value)
{
	if (slice_eq(value, SLICE("active")))
		return SETUP_ACTIVE;
	if (slice_eq(value, SLICE("passive")))
		return SETUP_PASSIVE;
	return slice_eq(value, SLICE("holdconn")) ? SETUP_NEVER : SETUP_ANY;
}

static void traits_read(struct slice text, struct traits *traits)
{
	struct sdp_line line;
	struct slice name, value;

	while (sdp_line_next(&text, &line) > 0) {
		if (!sdp_line_attribute(&line, &name, &value))
			continue;
		if (slice_eq(name, SLICE("mid")))
			traits->mid = value;
		else if (slice_eq(name, SLICE("setup")))
			traits->setup = setup_parse(value);
		else if (slice_eq(name, SLICE("fingerprint")))
			traits->has_fingerprint = true;
		else if (slice_eq(name, SLICE("ice-ufrag")))
			traits->has_ice = true;
		else if (slice_eq(name, SLICE("rtcp-mux")))
			traits->has_rtcp_mux = true;
		else if (slice_eq(name, SLICE("rtcp-mux-only")))
			traits->has_rtcp_mux_only = true;
		else if (slice_eq(name, SLICE("rtcp-rsize")))
			traits->has_rtcp_rsize = true;
	}
}

static void side_read(const struct sdp *sdp, struct side *side)
{
	struct traits session = { 0 };
	struct slice rest = sdp->session;
	struct slice name, value, semantics;
	struct sdp_line line;

	side->sdp = sdp;
	traits_read(sdp->session, &session);
	while (side->bundle.n == 0 && sdp_line_next(&rest, &line) > 0)
		if (sdp_line_attribute(&line, &name, &value) && slice_eq(name, SLICE("group")) &&
		    sdp_word_next(&value, &semantics) && slice_eq(semantics, SLICE("BUNDLE")))
			side->bundle = value;
	for (size_t i = 0; i < sdp->media_count; i++) {
		struct traits *traits = &side->traits[i];

		*traits = session;
		traits->mid = SLICE_NONE;
		traits_read(sdp->media[i].text, traits);
		traits->is_bundled = traits->mid.n > 0 && word_is_in(side->bundle, traits->mid);
	}
}

/* The role of the describing side; false when both insist on the same one (RFC 4145 4.1). */
static bool setup_agree(enum setup offered, enum setup described, bool is_active,
			enum setup *ret_setup)
{
	if (offered == SETUP_NEVER || described == SETUP_NEVER)
		return false;
	if (described != SETUP_ANY) {
		*ret_setup = described;
		return offered != described;
	}
	if (offered != SETUP_ANY)
		*ret_setup = offered == SETUP_ACTIVE ? SETUP_PASSIVE : SETUP_ACTIVE;
	else
		*ret_setup = is_active ? SETUP_ACTIVE : SETUP_PASSIVE;
	return true;
}

/* RFC 4568 6.3: of the SRTP session parameters these are negotiated, the rest is only declared. */
static unsigned crypto_agreement(struct slice parameters)
{
	static const struct slice names[] = { SLICE_INIT("UNENCRYPTED_SRTP"),
					      SLICE_INIT("UNENCRYPTED_SRTCP"),
					      SLICE_INIT("UNAUTHENTICATED_SRTP") };
	unsigned agreement = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (word_is_in(parameters, names[i]))
			agreement |= 1u << i;
	return agreement;
}

/* "tag suite keys [parameters]" (RFC 4568 9.1); the lines that are none are passed over. */
static size_t cryptos_read(struct slice text, struct crypto cryptos[CRYPTO_MAX])
{
	struct sdp_line line;
	struct slice name, value;
	uint32_t tag;
	size_t count = 0;

	while (count < CRYPTO_MAX && sdp_line_next(&text, &line) > 0) {
		struct crypto *crypto = &cryptos[count];

		if (!sdp_line_attribute(&line, &name, &value) || !slice_eq(name, SLICE("crypto")))
			continue;
		if (!sdp_word_next(&value, &crypto->tag) || !sdp_word_next(&value, &crypto->suite))
			continue;
		crypto->keys = slice_trim(value);
		if (crypto->keys.n == 0 || slice_to_u32(crypto->tag, 999999999, &tag) != 0)
			continue;
		crypto->agreement = crypto_agreement(crypto->keys);
		count++;
	}
	return count;
}

static bool crypto_eq(const struct crypto *a, const struct crypto *b)
{
	return slice_eq(a->suite, b->suite) && a->agreement == b->agreement;
}

/*
 * One of the two sides leads in both answers, so that both get the same codec first and the same
 * suite: the one whose answer says active.
 */
static bool crypto_agree(struct stream *stream, bool is_active)
{
	struct crypto offered[CRYPTO_MAX], described[CRYPTO_MAX];
	size_t offered_count = cryptos_read(stream->offered->text, offered);
	size_t described_count = cryptos_read(stream->described->text, described);
	size_t leader_count = is_active ? described_count : offered_count;
	size_t follower_count = is_active ? offered_count : described_count;

	for (size_t i = 0; i < leader_count; i++) {
		for (size_t j = 0; j < follower_count; j++) {
			const struct crypto *from = &offered[is_active ? j : i];
			const struct crypto *to = &described[is_active ? i : j];

			if (crypto_eq(from, to)) {
				stream->crypto_tag = from->tag;
				stream->crypto = *to;
				return true;
			}
		}
	}
	return false;
}

/* RFC 3264 6.1: the formats both have, here as `other` numbers them. */
static bool codecs_agree(struct stream *stream, bool is_active)
{
	struct sdp_codecs offered, described;
	const struct sdp_codecs *leader = is_active ? &described : &offered;
	const struct sdp_codecs *follower = is_active ? &offered : &described;
	bool is_used[SDP_FORMATS_MAX] = { false };
	bool has_main = false;

	sdp_codecs_read(stream->offered, &offered);
	sdp_codecs_read(stream->described, &described);
	stream->codec_count = 0;
	for (size_t i = 0; i < leader->count; i++) {
		/* Repair formats name others by number; an answer may always leave them out. */
		if (sdp_codec_is_repair(&leader->at[i]))
			continue;
		for (size_t j = 0; j < follower->count; j++) {
			if (is_used[j] || !sdp_codec_eq(&leader->at[i], &follower->at[j]))
				continue;
			is_used[j] = true;
			has_main = has_main || sdp_codec_is_main(&leader->at[i]);
			stream->codecs[stream->codec_count].offered =
				offered.at[is_active ? j : i].format;
			stream->codecs[stream->codec_count++].described =
				described.at[is_active ? i : j].format;
			break;
		}
	}
	return has_main;
}

static bool text_contains(struct slice text, struct slice part)
{
	for (; text.n >= part.n; text = slice_from(text, 1))
		if (slice_starts_with(text, part))
			return true;
	return false;
}

/* Keys and roles; false when the profile wants a key and none can be agreed upon. */
static bool keying_agree(struct stream *stream, bool is_active)
{
	struct slice proto = stream->offered->proto;
	bool is_tcp = slice_starts_with(proto, SLICE("TCP"));
	bool needs_dtls = text_contains(proto, SLICE("TLS"));
	bool has_role = setup_agree(stream->offered_traits->setup, stream->described_traits->setup,
				    is_active, &stream->setup);

	stream->uses_dtls = has_role && stream->offered_traits->has_fingerprint &&
			    stream->described_traits->has_fingerprint;
	stream->uses_setup = stream->uses_dtls || (is_tcp && has_role);
	stream->uses_crypto = !needs_dtls && !stream->uses_dtls && crypto_agree(stream, is_active);
	if (needs_dtls)
		return stream->uses_dtls;
	if (is_tcp)
		return has_role;
	return stream->uses_dtls || stream->uses_crypto || !text_contains(proto, SLICE("SAVP"));
}

static bool stream_agree(const struct crossing *crossing, size_t at, size_t partner,
			 struct stream *ret_stream)
{
	struct stream *stream = ret_stream;

	*stream = (struct stream){
		.offered = &crossing->offer.sdp->media[at],
		.described = &crossing->other.sdp->media[partner],
		.offered_traits = &crossing->offer.traits[at],
		.described_traits = &crossing->other.traits[partner],
	};
	if (stream->offered->port == 0 || stream->described->port == 0 ||
	    stream->offered->connection.n == 0 || stream->described->connection.n == 0)
		return false;
	if (!slice_eq_nocase(stream->offered->kind, stream->described->kind) ||
	    !slice_eq_nocase(stream->offered->proto, stream->described->proto))
		return false;
	stream->uses_ice = stream->offered_traits->has_ice && stream->described_traits->has_ice;
	return codecs_agree(stream, crossing->is_active) &&
	       keying_agree(stream, crossing->is_active);
}

/*
 * Each stream of the offer takes the first that is left and agrees. Taking turns in the order of
 * either side gives the same pairs, because both rank by position.
 */
static size_t streams_pair(struct crossing *crossing)
{
	struct stream stream;
	size_t count = 0;

	for (size_t i = 0; i < crossing->offer.sdp->media_count; i++) {
		for (size_t j = 0; j < crossing->other.sdp->media_count; j++) {
			if (crossing->is_partner_used[j] || !stream_agree(crossing, i, j, &stream))
				continue;
			crossing->is_crossed[i] = true;
			crossing->partner[i] = j;
			crossing->is_partner_used[j] = true;
			crossing->uses_ice = crossing->uses_ice || stream.uses_ice;
			crossing->uses_dtls = crossing->uses_dtls || stream.uses_dtls;
			count++;
			break;
		}
	}
	return count;
}

/* What becomes of the other's attributes in the answer. Those not named here are kept. */
enum attribute_rule {
	RULE_KEEP,
	RULE_DROP,	    /* said anew, or void unless answered in kind */
	RULE_ICE,	    /* RFC 8839 4: only when both do ICE */
	RULE_DTLS,	    /* RFC 5763 5: only when both do */
	RULE_RTCP_MUX,	    /* RFC 5761 5.1.1: only when offered */
	RULE_RTCP_MUX_ONLY, /* RFC 8858 4 */
	RULE_RTCP_RSIZE,    /* RFC 5506 5 */
	RULE_PAYLOAD,	    /* with its format only */
	RULE_FEEDBACK,	    /* RFC 4585 4.2: with its format and when offered */
};

static enum attribute_rule attribute_rule(struct slice name)
{
	static const struct {
		struct slice name;
		enum attribute_rule rule;
	} rules[] = {
		{ SLICE_INIT("sendrecv"), RULE_DROP },
		{ SLICE_INIT("sendonly"), RULE_DROP },
		{ SLICE_INIT("recvonly"), RULE_DROP },
		{ SLICE_INIT("inactive"), RULE_DROP },
		{ SLICE_INIT("setup"), RULE_DROP },
		{ SLICE_INIT("crypto"), RULE_DROP },
		{ SLICE_INIT("mid"), RULE_DROP },
		{ SLICE_INIT("group"), RULE_DROP },
		{ SLICE_INIT("bundle-only"), RULE_DROP },
		{ SLICE_INIT("remote-candidates"), RULE_DROP },
		/* RFC 8285 6: an answer must use the offer's numbers; it may do without. */
		{ SLICE_INIT("extmap"), RULE_DROP },
		{ SLICE_INIT("extmap-allow-mixed"), RULE_DROP },
		{ SLICE_INIT("rid"), RULE_DROP },
		{ SLICE_INIT("simulcast"), RULE_DROP },
		{ SLICE_INIT("imageattr"), RULE_DROP },
		{ SLICE_INIT("framesize"), RULE_DROP },
		{ SLICE_INIT("key-mgmt"), RULE_DROP },
		{ SLICE_INIT("acap"), RULE_DROP },
		{ SLICE_INIT("tcap"), RULE_DROP },
		{ SLICE_INIT("pcfg"), RULE_DROP },
		{ SLICE_INIT("creq"), RULE_DROP },
		{ SLICE_INIT("ice-ufrag"), RULE_ICE },
		{ SLICE_INIT("ice-pwd"), RULE_ICE },
		{ SLICE_INIT("ice-lite"), RULE_ICE },
		{ SLICE_INIT("ice-options"), RULE_ICE },
		{ SLICE_INIT("ice-pacing"), RULE_ICE },
		{ SLICE_INIT("ice-mismatch"), RULE_DROP },
		{ SLICE_INIT("candidate"), RULE_ICE },
		{ SLICE_INIT("end-of-candidates"), RULE_ICE },
		{ SLICE_INIT("fingerprint"), RULE_DTLS },
		{ SLICE_INIT("tls-id"), RULE_DTLS },
		{ SLICE_INIT("rtcp-mux"), RULE_RTCP_MUX },
		{ SLICE_INIT("rtcp-mux-only"), RULE_RTCP_MUX_ONLY },
		{ SLICE_INIT("rtcp-rsize"), RULE_RTCP_RSIZE },
		{ SLICE_INIT("rtpmap"), RULE_PAYLOAD },
		{ SLICE_INIT("fmtp"), RULE_PAYLOAD },
		{ SLICE_INIT("rtcp-fb"), RULE_FEEDBACK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (slice_eq(name, rules[i].name))
			return rules[i].rule;
	return RULE_KEEP;
}

/* The number in the offer of the codec that `other` gives this number. */
static bool payload_find(const struct stream *stream, struct slice value, struct slice *ret_offered,
			 struct slice *ret_rest)
{
	struct slice number;

	if (!sdp_word_next(&value, &number))
		return false;
	for (size_t i = 0; i < stream->codec_count; i++) {
		if (slice_eq(number, stream->codecs[i].described)) {
			*ret_offered = stream->codecs[i].offered;
			*ret_rest = value;
			return true;
		}
	}
	return false;
}

static bool feedback_is_offered(const struct stream *stream, struct slice value)
{
	struct slice text = stream->offered->text;
	struct slice offered = SLICE("*");
	struct slice name, kind, offer_value, number;
	struct sdp_line line;

	if (slice_starts_with(value, SLICE("* ")))
		kind = slice_from(value, 2);
	else if (!payload_find(stream, value, &offered, &kind))
		return false;
	while (sdp_line_next(&text, &line) > 0)
		if (sdp_line_attribute(&line, &name, &offer_value) &&
		    slice_eq(name, SLICE("rtcp-fb")) && sdp_word_next(&offer_value, &number) &&
		    (slice_eq(number, SLICE("*")) || slice_eq(number, offered)) &&
		    slice_eq(slice_trim(offer_value), slice_trim(kind)))
			return true;
	return false;
}

static bool media_attribute_is_kept(const struct stream *stream, struct slice name,
				    struct slice value, size_t *feedback_left)
{
	struct slice ignored;

	switch (attribute_rule(name)) {
	case RULE_KEEP:
		return true;
	case RULE_DROP:
		return false;
	case RULE_ICE:
		return stream->uses_ice;
	case RULE_DTLS:
		return stream->uses_dtls;
	case RULE_RTCP_MUX:
		return stream->offered_traits->has_rtcp_mux;
	case RULE_RTCP_MUX_ONLY:
		return stream->offered_traits->has_rtcp_mux_only;
	case RULE_RTCP_RSIZE:
		return stream->offered_traits->has_rtcp_rsize;
	case RULE_PAYLOAD:
		return payload_find(stream, value, &ignored, &ignored);
	case RULE_FEEDBACK:
		return *feedback_left > 0 && (*feedback_left)-- > 0 &&
		       feedback_is_offered(stream, value);
	}
	return false;
}

/* On session level there are no payloads; what is for all streams stays if any stream uses it. */
static bool session_attribute_is_kept(const struct crossing *crossing, struct slice name)
{
	switch (attribute_rule(name)) {
	case RULE_KEEP:
		return true;
	case RULE_ICE:
		return crossing->uses_ice;
	case RULE_DTLS:
		return crossing->uses_dtls;
	case RULE_DROP:
	case RULE_RTCP_MUX:
	case RULE_RTCP_MUX_ONLY:
	case RULE_RTCP_RSIZE:
	case RULE_PAYLOAD:
	case RULE_FEEDBACK:
		return false;
	}
	return false;
}

static void line_print(struct buf *buf, char type, struct slice value)
{
	buf_char(buf, type);
	buf_char(buf, '=');
	buf_slice(buf, value);
	buf_lit(buf, "\r\n");
}

static bool is_mid_kept(const struct stream *stream)
{
	return stream->offered_traits->mid.n > 0 &&
	       slice_eq(stream->offered_traits->mid, stream->described_traits->mid);
}

/*
 * RFC 8843 7.3: in the order of the offer, and only streams that both put into their group and
 * that are accepted.
 */
static void bundle_print(struct buf *buf, const struct crossing *crossing)
{
	struct slice mids = crossing->offer.bundle;
	struct slice mid;
	bool is_printed[SDP_MEDIA_MAX] = { false };
	bool has_any = false;

	while (sdp_word_next(&mids, &mid)) {
		for (size_t i = 0; i < crossing->offer.sdp->media_count; i++) {
			const struct traits *offered = &crossing->offer.traits[i];
			const struct traits *described =
				&crossing->other.traits[crossing->partner[i]];

			if (!crossing->is_crossed[i] || is_printed[i] || !described->is_bundled ||
			    !slice_eq(offered->mid, mid) || !slice_eq(described->mid, mid))
				continue;
			if (!has_any)
				buf_lit(buf, "a=group:BUNDLE");
			buf_char(buf, ' ');
			buf_slice(buf, mid);
			is_printed[i] = has_any = true;
			break;
		}
	}
	if (has_any)
		buf_lit(buf, "\r\n");
}

/* RFC 3264 6: the answer's t= is the offer's. */
static struct slice offered_time(const struct sdp *offer, struct slice fallback)
{
	struct slice rest = offer->session;
	struct sdp_line line;

	while (sdp_line_next(&rest, &line) > 0)
		if (line.type == 't')
			return line.value;
	return fallback;
}

static void session_print(struct buf *buf, const struct crossing *crossing)
{
	struct slice rest = crossing->other.sdp->session;
	struct slice name, value;
	struct sdp_line line;
	bool has_time = false;

	while (sdp_line_next(&rest, &line) > 0) {
		if (line.type == 't' && !has_time) {
			line_print(buf, 't', offered_time(crossing->offer.sdp, line.value));
			has_time = true;
		}
		/* Repeats and zones belong to the t= left out, k= is a key nobody asked for. */
		if (line.type == 't' || line.type == 'r' || line.type == 'z' || line.type == 'k')
			continue;
		if (sdp_line_attribute(&line, &name, &value) &&
		    !session_attribute_is_kept(crossing, name))
			continue;
		line_print(buf, line.type, line.value);
	}
	bundle_print(buf, crossing);
}

/* RFC 3264 6.1: nobody sends what the other does not want to receive. */
static struct slice direction_name(enum sdp_direction offered, enum sdp_direction described)
{
	bool is_wanted = offered == SDP_SENDRECV || offered == SDP_RECVONLY;
	bool is_given = offered == SDP_SENDRECV || offered == SDP_SENDONLY;
	bool sends = is_wanted && (described == SDP_SENDRECV || described == SDP_SENDONLY);
	bool receives = is_given && (described == SDP_SENDRECV || described == SDP_RECVONLY);

	if (sends)
		return receives ? SLICE("sendrecv") : SLICE("sendonly");
	return receives ? SLICE("recvonly") : SLICE("inactive");
}

static void agreed_attributes_print(struct buf *buf, const struct stream *stream)
{
	line_print(buf, 'a',
		   direction_name(stream->offered->direction, stream->described->direction));
	if (stream->uses_setup)
		line_print(buf, 'a',
			   stream->setup == SETUP_ACTIVE ? SLICE("setup:active")
							 : SLICE("setup:passive"));
	if (stream->uses_crypto) {
		buf_lit(buf, "a=crypto:");
		buf_slice(buf, stream->crypto_tag);
		buf_char(buf, ' ');
		buf_slice(buf, stream->crypto.suite);
		buf_char(buf, ' ');
		buf_slice(buf, stream->crypto.keys);
		buf_lit(buf, "\r\n");
	}
	if (is_mid_kept(stream)) {
		buf_lit(buf, "a=mid:");
		buf_slice(buf, stream->offered_traits->mid);
		buf_lit(buf, "\r\n");
	}
}

static void stream_print(struct buf *buf, const struct stream *stream)
{
	struct slice rest = stream->described->text;
	struct slice name, value;
	struct sdp_line line;
	size_t feedback_left = FEEDBACK_MAX;

	sdp_media_line_start(buf, stream->offered, stream->described->port);
	for (size_t i = 0; i < stream->codec_count; i++) {
		if (i > 0)
			buf_char(buf, ' ');
		buf_slice(buf, stream->codecs[i].described);
	}
	buf_lit(buf, "\r\n");
	while (sdp_line_next(&rest, &line) > 0) {
		if (line.type == 'm' || line.type == 'k')
			continue;
		if (sdp_line_attribute(&line, &name, &value) &&
		    !media_attribute_is_kept(stream, name, value, &feedback_left))
			continue;
		line_print(buf, line.type, line.value);
	}
	agreed_attributes_print(buf, stream);
}

int sdp_cross(struct buf *buf, const struct sdp *offer, const struct sdp *other, bool is_active)
{
	struct crossing crossing = { .is_active = is_active };
	struct stream stream;

	side_read(offer, &crossing.offer);
	side_read(other, &crossing.other);
	if (streams_pair(&crossing) == 0)
		return ERR_UNSUPPORTED;
	session_print(buf, &crossing);
	for (size_t i = 0; i < offer->media_count; i++) {
		if (crossing.is_crossed[i] &&
		    stream_agree(&crossing, i, crossing.partner[i], &stream)) {
			stream_print(buf, &stream);
			continue;
		}
		sdp_media_line_print(buf, &offer->media[i], 0);
		/* RFC 8866 5.7: a description without a c= of its own needs one in each stream. */
		if (other->connection.n == 0)
			line_print(buf, 'c', SLICE("IN IP4 0.0.0.0"));
	}
	return 0;
}
