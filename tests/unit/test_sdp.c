/* SPDX-License-Identifier: MIT */
/*
 * Reading session descriptions (RFC 8866), telling a hold (RFC 3264 8.4), and the answer that lets
 * nothing flow (RFC 3725). Every input ends at an unreadable page, and so does each of its
 * prefixes.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/sdp.h"
#include "sip/sdp_origin.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define FORMATS_16 " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"
#define AUDIO "m=audio 4000 RTP/AVP 0\r\n"
#define AUDIO_4 AUDIO AUDIO AUDIO AUDIO

static const struct {
	const char *name;
	struct slice text;
	int err;
	size_t media_count;
} parse_cases[] = {
	{ "no media", SLICE_INIT(HEAD), 0, 0 },
	{ "audio", SLICE_INIT(HEAD AUDIO), 0, 1 },
	{ "bare line feeds", SLICE_INIT("v=0\ns=-\nm=audio 4000 RTP/AVP 0 8\n"), 0, 1 },
	{ "no line end at the end", SLICE_INIT("v=0\r\nm=audio 4000 RTP/AVP 0"), 0, 1 },
	{ "empty lines at the end", SLICE_INIT(HEAD AUDIO "\r\n\n\r\n"), 0, 1 },
	{ "fax", SLICE_INIT(HEAD "m=image 4000 udptl t38\r\n"), 0, 1 },
	{ "a count of ports", SLICE_INIT(HEAD "m=audio 4000/2 RTP/AVP 0\r\n"), 0, 1 },
	{ "refused without formats", SLICE_INIT(HEAD "m=video 0 RTP/AVP\r\n"), 0, 1 },
	{ "unknown lines", SLICE_INIT(HEAD "y=1\r\n" AUDIO "y=\r\n"), 0, 1 },
	{ "as many streams as allowed", SLICE_INIT(HEAD AUDIO_4 AUDIO_4 AUDIO_4 AUDIO_4), 0, 16 },
	{ "a stream more", SLICE_INIT(HEAD AUDIO_4 AUDIO_4 AUDIO_4 AUDIO_4 AUDIO), ERR_LIMIT, 0 },
	{ "64 formats",
	  SLICE_INIT(HEAD "m=audio 1 RTP/AVP" FORMATS_16 FORMATS_16 FORMATS_16 FORMATS_16 "\r\n"),
	  0, 1 },
	{ "65 formats",
	  SLICE_INIT(HEAD "m=audio 1 RTP/AVP" FORMATS_16 FORMATS_16 FORMATS_16 FORMATS_16 " 0\r\n"),
	  ERR_LIMIT, 0 },
	{ "empty", SLICE_INIT(""), ERR_SYNTAX, 0 },
	{ "only line ends", SLICE_INIT("\r\n\r\n"), ERR_SYNTAX, 0 },
	{ "another version", SLICE_INIT("v=1\r\n"), ERR_SYNTAX, 0 },
	{ "no version", SLICE_INIT("o=- 1 1 IN IP4 192.0.2.1\r\n"), ERR_SYNTAX, 0 },
	{ "no equals sign", SLICE_INIT(HEAD "audio\r\n"), ERR_SYNTAX, 0 },
	{ "no type", SLICE_INIT(HEAD "=x\r\n"), ERR_SYNTAX, 0 },
	{ "an empty line inside", SLICE_INIT(HEAD "\r\n" AUDIO), ERR_SYNTAX, 0 },
	{ "a bare CR", SLICE_INIT(HEAD "a=x\ry\r\n"), ERR_SYNTAX, 0 },
	{ "port 65536", SLICE_INIT(HEAD "m=audio 65536 RTP/AVP 0\r\n"), ERR_SYNTAX, 0 },
	{ "port -1", SLICE_INIT(HEAD "m=audio -1 RTP/AVP 0\r\n"), ERR_SYNTAX, 0 },
	{ "no port count", SLICE_INIT(HEAD "m=audio 4000/ RTP/AVP 0\r\n"), ERR_SYNTAX, 0 },
	{ "no formats", SLICE_INIT(HEAD "m=audio 4000 RTP/AVP\r\n"), ERR_SYNTAX, 0 },
	{ "no proto", SLICE_INIT(HEAD "m=audio 4000\r\n"), ERR_SYNTAX, 0 },
	{ "empty m=", SLICE_INIT(HEAD "m=\r\n"), ERR_SYNTAX, 0 },
	{ "payload 128", SLICE_INIT(HEAD "m=audio 4000 RTP/AVP 128\r\n"), ERR_SYNTAX, 0 },
	{ "P10 payload 4294967296", SLICE_INIT(HEAD "m=audio 4000 RTP/AVP 4294967296\r\n"),
	  ERR_SYNTAX, 0 },
	{ "P10 port of 40 digits",
	  SLICE_INIT(HEAD "m=audio 4444444444444444444444444444444444444444 RTP/AVP 0\r\n"),
	  ERR_SYNTAX, 0 },
	{ "P10 fmtp with NUL", SLICE_INIT(HEAD AUDIO "a=fmtp\0:0 x\r\n"), ERR_SYNTAX, 0 },
	{ "P10 bad rtpmap lines",
	  SLICE_INIT(HEAD AUDIO "a=rtpmap:\r\na=rtpmap:0\r\na=rtpmap:4294967296 x/1\r\n"
				"a=rtpmap:0 /\r\na=rtpmap:0 x/99999999999/9999999\r\n"),
	  0, 1 },
	{ "P10 bad candidate lines",
	  SLICE_INIT(HEAD AUDIO
		     "a=candidate:\r\na=candidate\r\na=candidate:1 1 UDP 1 x 999999\r\n"),
	  0, 1 },
};

static void descriptions_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
		struct guarded input = guarded_copy(parse_cases[i].text);
		struct sdp sdp = { 0 };
		int err = sdp_parse(input.text, &sdp);

		if (err != parse_cases[i].err || sdp.media_count != parse_cases[i].media_count)
			fail_msg("%s: %s, %zu streams", parse_cases[i].name, err_text(err),
				 sdp.media_count);
		guarded_free(&input);
	}
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
		for (size_t n = 0; n < parse_cases[i].text.n; n++) {
			struct guarded input = guarded_copy(slice_head(parse_cases[i].text, n));
			char room[2048];
			struct buf buf = BUF_ON(room);
			struct sdp sdp;

			if (sdp_parse(input.text, &sdp) == 0) {
				sdp_is_hold(&sdp);
				sdp_print_inactive_answer(&buf, &sdp, 1);
			}
			guarded_free(&input);
		}
	}
}

static void an_oversized_description_is_refused(void **state)
{
	static char text[SDP_MAX_BYTES + 1];
	struct sdp sdp;

	(void)state;
	memset(text, '\n', sizeof(text));
	memcpy(text, HEAD, sizeof(HEAD) - 1);
	assert_int_equal(sdp_parse(slice_of(text, SDP_MAX_BYTES), &sdp), 0);
	assert_int_equal(sdp_parse(slice_of(text, SDP_MAX_BYTES + 1), &sdp), ERR_LIMIT);
}

static void streams_are_told_apart(void **state)
{
	static const char text[] = HEAD "a=recvonly\r\n"
					"m=audio 4000 RTP/AVP 0 101\r\na=sendonly\r\n"
					"m=video 0/1 RTP/SAVP 96\r\nc=IN IP6 2001:db8::1\r\n";
	struct sdp sdp;

	(void)state;
	assert_int_equal(sdp_parse(SLICE(text), &sdp), 0);
	assert_int_equal(sdp.media_count, 2);
	assert_int_equal(sdp.direction, SDP_RECVONLY);
	assert_int_equal(sdp.media[0].direction, SDP_SENDONLY);
	assert_int_equal(sdp.media[1].direction, SDP_RECVONLY);
	assert_int_equal(sdp.media[0].port, 4000);
	assert_int_equal(sdp.media[1].port, 0);
	assert_true(slice_eq(sdp.media[0].kind, SLICE("audio")));
	assert_true(slice_eq(sdp.media[0].formats, SLICE("0 101")));
	assert_true(slice_eq(sdp.media[1].proto, SLICE("RTP/SAVP")));
	assert_true(slice_eq(sdp.media[0].connection, SLICE("IN IP4 192.0.2.1")));
	assert_true(slice_eq(sdp.media[1].connection, SLICE("IN IP6 2001:db8::1")));
	assert_true(slice_eq(sdp.session, SLICE(HEAD "a=recvonly\r\n")));
	assert_true(slice_starts_with(sdp.media[1].text, SLICE("m=video")));
	assert_int_equal(sdp.session.n + sdp.media[0].text.n + sdp.media[1].text.n,
			 sizeof(text) - 1);
}

static const struct {
	const char *name;
	struct slice text;
	bool is_hold;
} hold_cases[] = {
	{ "talking", SLICE_INIT(HEAD AUDIO), false },
	{ "sendonly", SLICE_INIT(HEAD AUDIO "a=sendonly\r\n"), true },
	{ "inactive", SLICE_INIT(HEAD AUDIO "a=inactive\r\n"), true },
	{ "recvonly", SLICE_INIT(HEAD AUDIO "a=recvonly\r\n"), false },
	{ "sendonly by session", SLICE_INIT(HEAD "a=sendonly\r\n" AUDIO), true },
	{ "session overruled", SLICE_INIT(HEAD "a=sendonly\r\n" AUDIO "a=sendrecv\r\n"), false },
	{ "address of zeroes", SLICE_INIT(HEAD AUDIO "c=IN IP4 0.0.0.0\r\n"), true },
	{ "IPv6 address of zeroes", SLICE_INIT(HEAD AUDIO "c=IN IP6 ::\r\n"), true },
	{ "zeroes of trickle ICE",
	  SLICE_INIT(HEAD AUDIO "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"), false },
	{ "one of two", SLICE_INIT(HEAD AUDIO "a=sendonly\r\n" AUDIO), false },
	{ "refused ones don't count",
	  SLICE_INIT(HEAD AUDIO "a=sendonly\r\nm=video 0 RTP/AVP 96\r\n"), true },
	{ "no live stream", SLICE_INIT(HEAD "m=audio 0 RTP/AVP 0\r\na=inactive\r\n"), false },
	{ "no stream", SLICE_INIT(HEAD "a=inactive\r\n"), false },
};

static void a_hold_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hold_cases); i++) {
		struct sdp sdp;

		assert_int_equal(sdp_parse(hold_cases[i].text, &sdp), 0);
		if (sdp_is_hold(&sdp) != hold_cases[i].is_hold)
			fail_msg("%s", hold_cases[i].name);
	}
}

static const struct {
	const char *name;
	struct slice text;
	bool is_nowhere;
} nowhere_cases[] = {
	{ "somewhere", SLICE_INIT(HEAD AUDIO), false },
	{ "held, and somewhere", SLICE_INIT(HEAD AUDIO "a=inactive\r\n"), false },
	{ "address of zeroes", SLICE_INIT(HEAD AUDIO "c=IN IP4 0.0.0.0\r\n"), true },
	{ "IPv6 address of zeroes", SLICE_INIT(HEAD AUDIO "c=IN IP6 ::\r\n"), true },
	{ "of the session", SLICE_INIT("v=0\r\nc=IN IP4 0.0.0.0\r\n" AUDIO), true },
	{ "zeroes of trickle ICE",
	  SLICE_INIT(HEAD AUDIO "c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"), false },
	{ "one of two", SLICE_INIT(HEAD AUDIO AUDIO "c=IN IP4 0.0.0.0\r\n"), true },
	{ "refused ones don't count",
	  SLICE_INIT(HEAD AUDIO "m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n"), false },
	{ "no stream", SLICE_INIT("v=0\r\nc=IN IP4 0.0.0.0\r\n"), false },
};

static void nowhere_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nowhere_cases); i++) {
		struct sdp sdp;

		assert_int_equal(sdp_parse(nowhere_cases[i].text, &sdp), 0);
		if (sdp_is_nowhere(&sdp) != nowhere_cases[i].is_nowhere)
			fail_msg("%s", nowhere_cases[i].name);
	}
}

static const struct {
	const char *name;
	struct slice offer, answer;
} held_cases[] = {
	{ "audio and refused video",
	  SLICE_INIT(HEAD AUDIO "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\nm=video 0 RTP/AVP\r\n"),
	  SLICE_INIT("v=0\r\no=- 77 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		     "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=inactive\r\n"
		     "m=video 0 RTP/AVP 0\r\n") },
	{ "IPv6, in the stream only",
	  SLICE_INIT("v=0\r\nt=5 6\r\n" AUDIO "c=IN IP6 2001:db8::1\r\n"),
	  SLICE_INIT("v=0\r\no=- 77 1 IN IP6 ::\r\ns=-\r\nc=IN IP6 ::\r\nt=5 6\r\n"
		     "m=audio 9 RTP/AVP 0\r\na=inactive\r\n") },
	{ "one crypto",
	  SLICE_INIT(HEAD "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 A inline:k\r\n"
			  "a=crypto:2 B inline:l\r\n"),
	  SLICE_INIT("v=0\r\no=- 77 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		     "m=audio 9 RTP/SAVP 0\r\na=crypto:1 A inline:k\r\na=inactive\r\n") },
	{ "DTLS roles",
	  SLICE_INIT(HEAD "a=setup:passive\r\nm=audio 9 UDP/TLS/RTP/SAVP 0\r\n"
			  "a=setup:actpass\r\na=fingerprint:sha-1 00\r\na=candidate:1\r\n"),
	  SLICE_INIT("v=0\r\no=- 77 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		     "a=setup:active\r\nm=audio 9 UDP/TLS/RTP/SAVP 0\r\na=setup:passive\r\n"
		     "a=fingerprint:sha-1 00\r\na=inactive\r\n") },
};

static void the_held_answer_lets_nothing_flow(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(held_cases); i++) {
		char room[1024];
		struct buf buf = BUF_ON(room);
		struct sdp offer, answer;

		assert_int_equal(sdp_parse(held_cases[i].offer, &offer), 0);
		sdp_print_inactive_answer(&buf, &offer, 77);
		if (!slice_eq(buf_text(&buf), held_cases[i].answer))
			fail_msg("%s: %.*s", held_cases[i].name, SLICE_ARGS(buf_text(&buf)));
		assert_int_equal(sdp_parse(buf_text(&buf), &answer), 0);
		assert_int_equal(answer.media_count, offer.media_count);
		assert_true(sdp_is_hold(&answer));
	}
}

static const struct {
	const char *name;
	struct slice text, printed; /* printed: as version 8 of "x 9" at "IN IP6 ::1" */
	int err;
} origin_cases[] = {
	{ "usual", SLICE_INIT("v=0\r\no=alice 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"),
	  SLICE_INIT("v=0\r\no=x 9 8 IN IP6 ::1\r\ns=-\r\n"), 0 },
	{ "bare line ends", SLICE_INIT("v=0\no=- 1 18446744073709551615 IN IP4 h\ns=-\n"),
	  SLICE_INIT("v=0\no=x 9 8 IN IP6 ::1\ns=-\n"), 0 },
	{ "none", SLICE_INIT("v=0\r\ns=-\r\n"), SLICE_INIT(""), ERR_NOTFOUND },
	{ "no place", SLICE_INIT("v=0\r\no=alice 1 2\r\n"), SLICE_INIT(""), ERR_SYNTAX },
	{ "no number", SLICE_INIT("o=alice 1 2a IN IP4 h\r\n"), SLICE_INIT(""), ERR_SYNTAX },
	{ "too large a number", SLICE_INIT("o=a 1 18446744073709551616 IN IP4 h\r\n"),
	  SLICE_INIT(""), ERR_SYNTAX },
	{ "no description", SLICE_INIT("--boundary\r\n"), SLICE_INIT(""), ERR_NOTFOUND },
};

static void origins_are_read_and_exchanged(void **state)
{
	const struct sdp_origin other = { SLICE("x 9"), 8, SLICE("IN IP6 ::1") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(origin_cases); i++) {
		char room[128];
		struct buf buf = BUF_ON(room);
		struct sdp_origin origin;
		int err = sdp_origin_read(origin_cases[i].text, &origin);

		if (err != origin_cases[i].err)
			fail_msg("%s: %d", origin_cases[i].name, err);
		if (err)
			continue;
		sdp_print_with_origin(&buf, origin_cases[i].text, &other);
		if (!slice_eq(buf_text(&buf), origin_cases[i].printed))
			fail_msg("%s: %.*s", origin_cases[i].name, SLICE_ARGS(buf_text(&buf)));
	}
}

static void a_party_that_holds_nobody_says_so(void **state)
{
	char room[256];
	struct buf buf = BUF_ON(room);
	struct sdp sdp;

	(void)state;
	assert_int_equal(
		sdp_parse(SLICE(HEAD "a=inactive\r\n" AUDIO "a=recvonly\r\na=ptime:20\r\n"), &sdp),
		0);
	assert_false(sdp_is_talking(&sdp));
	sdp_print_talking(&buf, &sdp);
	assert_true(slice_eq(buf_text(&buf), SLICE(HEAD AUDIO "a=ptime:20\r\n")));
	assert_int_equal(sdp_parse(buf_text(&buf), &sdp), 0);
	assert_true(sdp_is_talking(&sdp) && sdp_has_stream(&sdp));
	assert_int_equal(sdp_parse(SLICE(HEAD "m=audio 0 RTP/AVP 0\r\n"), &sdp), 0);
	assert_false(sdp_has_stream(&sdp) || sdp_is_talking(&sdp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptions_are_read),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(an_oversized_description_is_refused),
		cmocka_unit_test(streams_are_told_apart),
		cmocka_unit_test(a_hold_is_told),
		cmocka_unit_test(nowhere_is_known),
		cmocka_unit_test(the_held_answer_lets_nothing_flow),
		cmocka_unit_test(origins_are_read_and_exchanged),
		cmocka_unit_test(a_party_that_holds_nobody_says_so),
	};

	return cmocka_run_group_tests_name("sdp", tests, NULL, NULL);
}
