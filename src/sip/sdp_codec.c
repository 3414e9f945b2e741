/* SPDX-License-Identifier: MIT */
/*
 * Codecs out of rtpmap and fmtp lines (RFC 8866 6.6, 6.15), with the static payload numbers of
 * RFC 3551 6 for those that say none. A bad line counts as if it were not there.
 */
#include "sip/sdp_codec.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/sdp_line.h"

#define PAYLOAD_COUNT 128
#define RATE_MAX 1000000000

struct static_payload {
	const char *name;
	uint32_t rate;
	uint32_t channels;
};

static const struct static_payload static_payloads[] = {
	[0] = { "PCMU", 8000, 1 },   [3] = { "GSM", 8000, 1 },	  [4] = { "G723", 8000, 1 },
	[5] = { "DVI4", 8000, 1 },   [6] = { "DVI4", 16000, 1 },  [7] = { "LPC", 8000, 1 },
	[8] = { "PCMA", 8000, 1 },   [9] = { "G722", 8000, 1 },	  [10] = { "L16", 44100, 2 },
	[11] = { "L16", 44100, 1 },  [12] = { "QCELP", 8000, 1 }, [13] = { "CN", 8000, 1 },
	[14] = { "MPA", 90000, 1 },  [15] = { "G728", 8000, 1 },  [16] = { "DVI4", 11025, 1 },
	[17] = { "DVI4", 22050, 1 }, [18] = { "G729", 8000, 1 },  [25] = { "CelB", 90000, 1 },
	[26] = { "JPEG", 90000, 1 }, [28] = { "nv", 90000, 1 },	  [31] = { "H261", 90000, 1 },
	[32] = { "MPV", 90000, 1 },  [33] = { "MP2T", 90000, 1 }, [34] = { "H263", 90000, 1 },
};

/*
 * Parameters that both sides must use alike (RFC 3264 6.1 calls them part of the format):
 * RFC 6184 8.2.2, RFC 4867 8.3.1, RFC 5577, RFC 9628.
 */
static const struct {
	struct slice codec, parameter, fallback;
} configurations[] = {
	{ SLICE_INIT("H264"), SLICE_INIT("packetization-mode"), SLICE_INIT("0") },
	{ SLICE_INIT("AMR"), SLICE_INIT("octet-align"), SLICE_INIT("0") },
	{ SLICE_INIT("AMR-WB"), SLICE_INIT("octet-align"), SLICE_INIT("0") },
	{ SLICE_INIT("G7221"), SLICE_INIT("bitrate"), SLICE_INIT("") },
	{ SLICE_INIT("VP9"), SLICE_INIT("profile-id"), SLICE_INIT("0") },
};

struct payload_lines {
	struct slice rtpmap[PAYLOAD_COUNT];
	struct slice fmtp[PAYLOAD_COUNT];
};

static void payload_lines_read(struct slice text, struct payload_lines *ret_lines)
{
	struct sdp_line line;
	struct slice name, value, number;
	uint32_t payload;

	memset(ret_lines, 0, sizeof(*ret_lines));
	while (sdp_line_next(&text, &line) > 0) {
		bool is_rtpmap;

		if (!sdp_line_attribute(&line, &name, &value))
			continue;
		is_rtpmap = slice_eq(name, SLICE("rtpmap"));
		if (!is_rtpmap && !slice_eq(name, SLICE("fmtp")))
			continue;
		if (!sdp_word_next(&value, &number) ||
		    slice_to_u32(number, PAYLOAD_COUNT - 1, &payload) != 0)
			continue;
		*(is_rtpmap ? &ret_lines->rtpmap[payload] : &ret_lines->fmtp[payload]) =
			slice_trim(value);
	}
}

/* "name/rate" or "name/rate/channels". */
static int rtpmap_parse(struct slice rtpmap, struct sdp_codec *codec)
{
	struct slice name, rate_text, channels_text;
	uint32_t rate, channels = 1;

	slice_cut(rtpmap, '/', &name, &rate_text);
	if (slice_cut(rate_text, '/', &rate_text, &channels_text) &&
	    slice_to_u32(channels_text, UINT8_MAX, &channels) != 0)
		return ERR_SYNTAX;
	if (name.n == 0 || slice_to_u32(rate_text, RATE_MAX, &rate) != 0)
		return ERR_SYNTAX;
	codec->name = name;
	codec->rate = rate;
	codec->channels = channels;
	return 0;
}

static void codec_identify(const struct payload_lines *lines, struct sdp_codec *codec)
{
	uint32_t payload;

	if (slice_to_u32(codec->format, PAYLOAD_COUNT - 1, &payload) != 0)
		return;
	codec->fmtp = lines->fmtp[payload];
	if (lines->rtpmap[payload].n > 0 && rtpmap_parse(lines->rtpmap[payload], codec) == 0)
		return;
	if (payload < ARRAY_LEN(static_payloads) && static_payloads[payload].name) {
		codec->name = slice_from_cstr(static_payloads[payload].name);
		codec->rate = static_payloads[payload].rate;
		codec->channels = static_payloads[payload].channels;
	}
}

void sdp_codecs_read(const struct sdp_media *media, struct sdp_codecs *ret_codecs)
{
	struct payload_lines lines;
	struct slice formats = media->formats;
	struct slice format;
	bool is_rtp = sdp_proto_is_rtp(media->proto);

	payload_lines_read(media->text, &lines);
	ret_codecs->count = 0;
	while (ret_codecs->count < SDP_FORMATS_MAX && sdp_word_next(&formats, &format)) {
		struct sdp_codec *codec = &ret_codecs->at[ret_codecs->count++];

		*codec = (struct sdp_codec){ .format = format };
		if (is_rtp)
			codec_identify(&lines, codec);
		else
			codec->name = format;
	}
}

static struct slice fmtp_parameter(struct slice fmtp, struct slice name, struct slice fallback)
{
	struct slice part, part_name, value;

	while (fmtp.n > 0) {
		slice_cut(fmtp, ';', &part, &fmtp);
		slice_cut(part, '=', &part_name, &value);
		if (slice_eq_nocase(slice_trim(part_name), name))
			return slice_trim(value);
	}
	return fallback;
}

bool sdp_codec_eq(const struct sdp_codec *a, const struct sdp_codec *b)
{
	if (a->name.n == 0 || a->rate != b->rate || a->channels != b->channels ||
	    !slice_eq_nocase(a->name, b->name))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(configurations); i++) {
		struct slice parameter = configurations[i].parameter;
		struct slice fallback = configurations[i].fallback;

		if (slice_eq_nocase(a->name, configurations[i].codec) &&
		    !slice_eq_nocase(fmtp_parameter(a->fmtp, parameter, fallback),
				     fmtp_parameter(b->fmtp, parameter, fallback)))
			return false;
	}
	return true;
}

static bool name_is_one_of(struct slice name, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(name, names[i]))
			return true;
	return false;
}

bool sdp_codec_is_main(const struct sdp_codec *codec)
{
	static const struct slice names[] = { SLICE_INIT("telephone-event"), SLICE_INIT("CN"),
					      SLICE_INIT("tone") };

	return !name_is_one_of(codec->name, names, ARRAY_LEN(names)) && !sdp_codec_is_repair(codec);
}

bool sdp_codec_is_repair(const struct sdp_codec *codec)
{
	static const struct slice names[] = { SLICE_INIT("rtx"),	SLICE_INIT("red"),
					      SLICE_INIT("ulpfec"),	SLICE_INIT("parityfec"),
					      SLICE_INIT("flexfec-03"), SLICE_INIT("flexfec") };

	return name_is_one_of(codec->name, names, ARRAY_LEN(names));
}
