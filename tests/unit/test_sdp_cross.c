/* SPDX-License-Identifier: MIT */
/*
 * Crossing two offers: codecs (RFC 3264 6.1), keys (RFC 4568 5.1.2), DTLS roles (RFC 5763 5), ICE,
 * bundling (RFC 8843 7.3), and that both parties are told the same.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/sdp.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The receiver of the answer is A, the one it describes is B. */
#define A_HEAD "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=3 4\r\n"
#define B_HEAD "v=0\r\no=b 2 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
#define ANSWER_HEAD "v=0\r\no=b 2 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=3 4\r\n"
#define SAVP "m=audio 4000 RTP/SAVP 0\r\n"
#define DTLS "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"
#define PRINT "a=fingerprint:sha-256 00\r\n"
#define MAIN_KEY "inline:bWFpbg|2^20|1:4"

static const struct cross_case {
	const char *name;
	struct slice offer, other;
	bool is_active;
	struct slice answer; /* empty: nothing agrees */
} cases[] = {
	{ "static payloads by number", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 8 0 18\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 0 3 8\r\na=rtpmap:3 GSM/8000\r\n"
			    "a=rtpmap:8 pcma/8000\r\na=ptime:20\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 8 0\r\na=rtpmap:8 pcma/8000\r\n"
				 "a=ptime:20\r\na=sendrecv\r\n") },
	{ "the active side's preference leads", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 8 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 0 8\r\n"), true,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 0 8\r\na=sendrecv\r\n") },
	{ "dynamic payloads by name, rate and channels, in the other's numbers",
	  SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 96 97 98 101\r\na=rtpmap:96 opus/48000/2\r\n"
			    "a=rtpmap:97 L16/8000\r\na=rtpmap:98 speex/16000\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 111 97 98 100\r\na=rtpmap:111 OPUS/48000/2\r\n"
			    "a=fmtp:111 useinbandfec=1\r\na=rtpmap:97 L16/8000/2\r\n"
			    "a=rtpmap:98 speex/8000\r\na=fmtp:98 x\r\n"
			    "a=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 111 100\r\na=rtpmap:111 OPUS/48000/2\r\n"
				 "a=fmtp:111 useinbandfec=1\r\n"
				 "a=rtpmap:100 telephone-event/8000\r\na=fmtp:100 0-15\r\n"
				 "a=sendrecv\r\n") },
	{ "telephone-event alone is no talk",
	  SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
	  false, SLICE_INIT("") },
	{ "the parameters that make another codec",
	  SLICE_INIT(A_HEAD "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
			    "a=fmtp:96 profile-level-id=42e01f; packetization-mode=1\r\n"),
	  SLICE_INIT(B_HEAD "m=video 5000 RTP/AVP 97 98\r\na=rtpmap:97 H264/90000\r\n"
			    "a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=video 5000 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\n"
				 "a=fmtp:98 packetization-mode=1\r\na=sendrecv\r\n") },
	{ "streams in the order of the offer, the lonely one refused",
	  SLICE_INIT(A_HEAD "m=video 4002 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 0\r\nm=image 5002 udptl t38\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD "m=video 0 RTP/AVP 31\r\n"
				 "m=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n") },
	{ "a refused stream has a c= where the session has none",
	  SLICE_INIT("v=0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"
		     "m=video 0 RTP/AVP\r\n"),
	  SLICE_INIT("v=0\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n"), false,
	  SLICE_INIT("v=0\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n"
		     "a=sendrecv\r\nm=video 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n") },
	{ "fax", SLICE_INIT(A_HEAD "m=image 4000 udptl t38\r\n"),
	  SLICE_INIT(B_HEAD "m=image 5000 udptl t38\r\na=T38FaxVersion:0\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD "m=image 5000 udptl t38\r\na=T38FaxVersion:0\r\na=sendrecv\r\n") },
	{ "no codec agrees", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 8\r\n"), false, SLICE_INIT("") },
	{ "plain against SRTP", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD SAVP "a=crypto:1 S inline:k\r\n"), false, SLICE_INIT("") },
	{ "the other has refused its own", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 0 RTP/AVP 0\r\n"), false, SLICE_INIT("") },
	{ "the other has no address", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT("v=0\r\nm=audio 5000 RTP/AVP 0\r\n"), false, SLICE_INIT("") },
	{ "crypto: the offer's tag, the other's key",
	  SLICE_INIT(A_HEAD SAVP
		     "a=crypto:3 AES_256 inline:QQ\r\na=crypto:7 AES_128 inline:Qg\r\n"),
	  SLICE_INIT(B_HEAD SAVP "a=crypto:1 AES_128 " MAIN_KEY " KDR=1\r\n"
				 "a=crypto:2 F8 inline:Qw\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD SAVP "a=sendrecv\r\na=crypto:7 AES_128 " MAIN_KEY " KDR=1\r\n") },
	{ "crypto: negotiated parameters must be alike",
	  SLICE_INIT(A_HEAD SAVP
		     "a=crypto:1 S inline:a\r\na=crypto:2 S inline:b UNENCRYPTED_SRTP\r\n"),
	  SLICE_INIT(B_HEAD SAVP "a=crypto:5 S inline:c UNENCRYPTED_SRTP\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD SAVP "a=sendrecv\r\na=crypto:2 S inline:c UNENCRYPTED_SRTP\r\n") },
	{ "crypto: no common suite", SLICE_INIT(A_HEAD SAVP "a=crypto:1 S inline:a\r\n"),
	  SLICE_INIT(B_HEAD SAVP "a=crypto:1 T inline:b\r\n"), false, SLICE_INIT("") },
	{ "crypto: none at all", SLICE_INIT(A_HEAD SAVP), SLICE_INIT(B_HEAD SAVP), false,
	  SLICE_INIT("") },
	{ "crypto offered beside plain RTP, and not by the other",
	  SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 0\r\na=crypto:1 S inline:b\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n") },
	{ "DTLS: both may, this side is active",
	  SLICE_INIT(A_HEAD DTLS PRINT "a=setup:actpass\r\n"),
	  SLICE_INIT(B_HEAD DTLS PRINT "a=setup:actpass\r\n"), true,
	  SLICE_INIT(ANSWER_HEAD DTLS PRINT "a=sendrecv\r\na=setup:active\r\n") },
	{ "DTLS: both may, this side is passive",
	  SLICE_INIT(A_HEAD DTLS PRINT "a=setup:actpass\r\n"),
	  SLICE_INIT(B_HEAD DTLS PRINT "a=setup:actpass\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD DTLS PRINT "a=sendrecv\r\na=setup:passive\r\n") },
	{ "DTLS: the other is active", SLICE_INIT(A_HEAD DTLS PRINT "a=setup:actpass\r\n"),
	  SLICE_INIT(B_HEAD DTLS PRINT "a=setup:active\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD DTLS PRINT "a=sendrecv\r\na=setup:active\r\n") },
	{ "DTLS: the offerer is active", SLICE_INIT(A_HEAD DTLS PRINT "a=setup:active\r\n"),
	  SLICE_INIT(B_HEAD DTLS PRINT "a=setup:actpass\r\n"), true,
	  SLICE_INIT(ANSWER_HEAD DTLS PRINT "a=sendrecv\r\na=setup:passive\r\n") },
	{ "DTLS: both insist", SLICE_INIT(A_HEAD DTLS PRINT "a=setup:active\r\n"),
	  SLICE_INIT(B_HEAD DTLS PRINT "a=setup:active\r\n"), true, SLICE_INIT("") },
	{ "DTLS: role and print of the session",
	  SLICE_INIT(A_HEAD PRINT "a=setup:actpass\r\n" DTLS),
	  SLICE_INIT(B_HEAD PRINT "a=setup:passive\r\n" DTLS), true,
	  SLICE_INIT(ANSWER_HEAD PRINT DTLS "a=sendrecv\r\na=setup:passive\r\n") },
	{ "DTLS: only one has a print", SLICE_INIT(A_HEAD DTLS PRINT "a=setup:actpass\r\n"),
	  SLICE_INIT(B_HEAD DTLS "a=setup:actpass\r\n"), true, SLICE_INIT("") },
	{ "ICE and rtcp-mux, when both have it",
	  SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\na=ice-ufrag:a\r\na=rtcp-mux\r\n"),
	  SLICE_INIT(B_HEAD
		     "a=ice-lite\r\nm=audio 5000 RTP/AVP 0\r\na=ice-ufrag:b\r\na=ice-pwd:c\r\n"
		     "a=candidate:1 1 UDP 1 192.0.2.2 5000 typ host\r\na=rtcp-mux\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "a=ice-lite\r\nm=audio 5000 RTP/AVP 0\r\na=ice-ufrag:b\r\n"
				 "a=ice-pwd:c\r\na=candidate:1 1 UDP 1 192.0.2.2 5000 typ host\r\n"
				 "a=rtcp-mux\r\na=sendrecv\r\n") },
	{ "ICE and rtcp-mux, when only the other has it",
	  SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "a=ice-lite\r\na=ice-options:ice2\r\nm=audio 5000 RTP/AVP 0\r\n"
			    "a=ice-ufrag:b\r\na=ice-pwd:c\r\na=candidate:1\r\na=rtcp-mux\r\n"
			    "a=rtcp:5001\r\na=end-of-candidates\r\na=rtcp-rsize\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 0\r\na=rtcp:5001\r\na=sendrecv\r\n") },
	{ "BUNDLE with the same mids",
	  SLICE_INIT(A_HEAD "a=group:BUNDLE v a\r\nm=audio 4000 RTP/AVP 0\r\na=mid:a\r\n"
			    "m=video 4000 RTP/AVP 31\r\na=mid:v\r\n"),
	  SLICE_INIT(B_HEAD "a=group:BUNDLE a v\r\na=group:LS a v\r\nm=audio 5000 RTP/AVP 0\r\n"
			    "a=mid:a\r\nm=video 5000 RTP/AVP 31\r\na=mid:v\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "a=group:BUNDLE v a\r\nm=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n"
				 "a=mid:a\r\nm=video 5000 RTP/AVP 31\r\na=sendrecv\r\n"
				 "a=mid:v\r\n") },
	{ "BUNDLE with other mids",
	  SLICE_INIT(A_HEAD "a=group:BUNDLE 0\r\nm=audio 4000 RTP/AVP 0\r\na=mid:0\r\n"),
	  SLICE_INIT(B_HEAD "a=group:BUNDLE a\r\nm=audio 5000 RTP/AVP 0\r\na=mid:a\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n") },
	{ "BUNDLE names no refused stream",
	  SLICE_INIT(A_HEAD "a=group:BUNDLE 0 1\r\nm=audio 4000 RTP/AVP 0\r\na=mid:0\r\n"
			    "m=video 4000 RTP/AVP 31\r\na=mid:1\r\n"),
	  SLICE_INIT(B_HEAD "a=group:BUNDLE 0 1\r\nm=audio 5000 RTP/AVP 0\r\na=mid:0\r\n"), false,
	  SLICE_INIT(ANSWER_HEAD "a=group:BUNDLE 0\r\nm=audio 5000 RTP/AVP 0\r\na=sendrecv\r\n"
				 "a=mid:0\r\nm=video 0 RTP/AVP 31\r\n") },
	{ "feedback and repair",
	  SLICE_INIT(A_HEAD
		     "m=video 4000 RTP/AVPF 96 97\r\na=rtpmap:96 VP8/90000\r\n"
		     "a=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"),
	  SLICE_INIT(B_HEAD
		     "m=video 5000 RTP/AVPF 100 101\r\na=rtpmap:100 VP8/90000\r\n"
		     "a=rtcp-fb:100 nack pli\r\na=rtcp-fb:100 ccm fir\r\na=rtcp-fb:* nack\r\n"
		     "a=extmap:1 urn:x\r\na=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=video 5000 RTP/AVPF 100\r\na=rtpmap:100 VP8/90000\r\n"
				 "a=rtcp-fb:100 nack pli\r\na=sendrecv\r\n") },
	{ "P10 bad payload numbers are left out", SLICE_INIT(A_HEAD "m=audio 4000 RTP/AVP 0\r\n"),
	  SLICE_INIT(B_HEAD "m=audio 5000 RTP/AVP 0 96\r\na=rtpmap:4294967296 PCMU/8000\r\n"
			    "a=rtpmap:96\r\na=fmtp:\r\na=fmtp\r\na=rtpmap:0 /\r\n"),
	  false,
	  SLICE_INIT(ANSWER_HEAD "m=audio 5000 RTP/AVP 0\r\na=rtpmap:0 /\r\na=sendrecv\r\n") },
};

static void two_offers_become_an_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct cross_case *c = &cases[i];
		struct guarded offer_text = guarded_copy(c->offer);
		struct guarded other_text = guarded_copy(c->other);
		char room[2048];
		struct buf buf = BUF_ON(room);
		struct sdp offer, other, answer;
		int err;

		assert_int_equal(sdp_parse(offer_text.text, &offer), 0);
		assert_int_equal(sdp_parse(other_text.text, &other), 0);
		err = sdp_cross(&buf, &offer, &other, c->is_active);
		if (err != (c->answer.n > 0 ? 0 : ERR_UNSUPPORTED) ||
		    !slice_eq(buf_text(&buf), c->answer))
			fail_msg("%s: %s\n%.*s", c->name, err_text(err),
				 SLICE_ARGS(buf_text(&buf)));
		if (err == 0) {
			assert_int_equal(sdp_parse(buf_text(&buf), &answer), 0);
			assert_int_equal(answer.media_count, offer.media_count);
		}
		guarded_free(&offer_text);
		guarded_free(&other_text);
	}
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sdp offer, other;

		assert_int_equal(sdp_parse(cases[i].offer, &offer), 0);
		for (size_t n = 0; n < cases[i].other.n; n++) {
			struct guarded text = guarded_copy(slice_head(cases[i].other, n));
			char room[4096];
			struct buf buf = BUF_ON(room);

			if (sdp_parse(text.text, &other) == 0) {
				sdp_cross(&buf, &offer, &other, true);
				sdp_cross(&buf, &other, &offer, false);
			}
			guarded_free(&text);
		}
	}
}

static const char *const direction_names[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

static void parse_with_direction(struct buf *buf, enum sdp_direction direction, struct sdp *ret_sdp)
{
	buf_lit(buf, A_HEAD "m=audio 4000 RTP/AVP 0\r\na=");
	buf_cstr(buf, direction_names[direction]);
	assert_int_equal(sdp_parse(buf_text(buf), ret_sdp), 0);
}

/* RFC 3264 6.1, rows: what the offer says; columns: what the other says. */
static void nobody_sends_what_is_not_wanted(void **state)
{
	static const enum sdp_direction expected[4][4] = {
		{ SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE },
		{ SDP_RECVONLY, SDP_INACTIVE, SDP_RECVONLY, SDP_INACTIVE },
		{ SDP_SENDONLY, SDP_SENDONLY, SDP_INACTIVE, SDP_INACTIVE },
		{ SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE },
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 4; j++) {
			char rooms[3][512];
			struct buf a = BUF_ON(rooms[0]), b = BUF_ON(rooms[1]), c = BUF_ON(rooms[2]);
			struct sdp offer, other, answer;

			parse_with_direction(&a, (enum sdp_direction)i, &offer);
			parse_with_direction(&b, (enum sdp_direction)j, &other);
			assert_int_equal(sdp_cross(&c, &offer, &other, false), 0);
			assert_int_equal(sdp_parse(buf_text(&c), &answer), 0);
			assert_int_equal(answer.media[0].direction, expected[i][j]);
		}
	}
}

/* Where the suite stands in an answer's only a=crypto line. */
static struct slice crypto_suite(struct slice text)
{
	struct slice tail = text;
	struct slice head;

	while (tail.n > 0 && !slice_starts_with(tail, SLICE("a=crypto:")))
		tail = slice_from(tail, 1);
	slice_cut(tail, ' ', &head, &tail);
	slice_cut(tail, ' ', &head, &tail);
	return head;
}

static void both_parties_are_told_the_same(void **state)
{
	static const char a[] = A_HEAD "m=audio 4000 RTP/SAVP 0 8 9\r\na=crypto:1 S inline:a\r\n"
				       "a=crypto:2 T inline:b\r\nm=audio 4002 RTP/SAVP 8\r\n"
				       "a=crypto:1 S inline:c\r\n";
	static const char b[] = B_HEAD "m=audio 5000 RTP/SAVP 9\r\na=crypto:1 U inline:d\r\n"
				       "m=audio 5002 RTP/SAVP 8 0\r\na=crypto:1 T inline:e\r\n"
				       "a=crypto:2 S inline:f\r\n";
	char rooms[2][1024];
	struct buf to_a = BUF_ON(rooms[0]), to_b = BUF_ON(rooms[1]);
	struct sdp sdp_a, sdp_b, answer_a, answer_b;

	(void)state;
	assert_int_equal(sdp_parse(SLICE(a), &sdp_a), 0);
	assert_int_equal(sdp_parse(SLICE(b), &sdp_b), 0);
	assert_int_equal(sdp_cross(&to_a, &sdp_a, &sdp_b, true), 0);
	assert_int_equal(sdp_cross(&to_b, &sdp_b, &sdp_a, false), 0);
	assert_int_equal(sdp_parse(buf_text(&to_a), &answer_a), 0);
	assert_int_equal(sdp_parse(buf_text(&to_b), &answer_b), 0);
	assert_int_equal(answer_a.media[0].port, 5002);
	assert_int_equal(answer_a.media[1].port, 0);
	assert_int_equal(answer_b.media[0].port, 0);
	assert_int_equal(answer_b.media[1].port, 4000);
	assert_true(slice_eq(answer_a.media[0].formats, SLICE("8 0")));
	assert_true(slice_eq(answer_b.media[1].formats, SLICE("8 0")));
	assert_true(slice_eq(crypto_suite(buf_text(&to_a)), SLICE("T")));
	assert_true(slice_eq(crypto_suite(buf_text(&to_b)), SLICE("T")));
}

static void a_small_buffer_is_noticed(void **state)
{
	struct sdp offer, other;

	(void)state;
	assert_int_equal(sdp_parse(cases[0].offer, &offer), 0);
	assert_int_equal(sdp_parse(cases[0].other, &other), 0);
	for (size_t n = 0; n < cases[0].answer.n; n++) {
		char room[256];
		struct buf buf = { .p = room, .cap = n };

		assert_int_equal(sdp_cross(&buf, &offer, &other, false), 0);
		assert_true(buf.is_overflown);
		assert_true(slice_starts_with(cases[0].answer, buf_text(&buf)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_offers_become_an_answer),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(nobody_sends_what_is_not_wanted),
		cmocka_unit_test(both_parties_are_told_the_same),
		cmocka_unit_test(a_small_buffer_is_noticed),
	};

	return cmocka_run_group_tests_name("sdp_cross", tests, NULL, NULL);
}
