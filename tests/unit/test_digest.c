/* SPDX-License-Identifier: MIT */
/*
 * Digest challenges and credentials: what is read, what is refused (SECURITY A1), that what is
 * printed reads back the same, and the example responses of RFC 7616 and RFC 2617.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/digest.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX_32 "0123456789abcdef0123456789abcdef"
#define HEX_64 HEX_32 HEX_32
#define MUST "username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:h\""
#define GOOD "Digest " MUST ", response=\"" HEX_32 "\""

static void assert_slice(const char *name, const char *what, struct slice is, struct slice want)
{
	if (!slice_eq(is, want))
		fail_msg("%s: %s is \"%.*s\", not \"%.*s\"", name, what, SLICE_ARGS(is),
			 SLICE_ARGS(want));
}

static void assert_challenge(const char *name, const struct digest_challenge *is,
			     const struct digest_challenge *want)
{
	assert_slice(name, "realm", is->realm, want->realm);
	assert_slice(name, "nonce", is->nonce, want->nonce);
	assert_slice(name, "opaque", is->opaque, want->opaque);
	if (is->alg != want->alg || is->is_alg_given != want->is_alg_given ||
	    is->is_stale != want->is_stale || is->has_qop != want->has_qop ||
	    is->has_qop_auth != want->has_qop_auth)
		fail_msg("%s: algorithm, stale or qop", name);
}

static void assert_credentials(const char *name, const struct digest_credentials *is,
			       const struct digest_credentials *want)
{
	assert_slice(name, "username", is->username, want->username);
	assert_slice(name, "realm", is->realm, want->realm);
	assert_slice(name, "nonce", is->nonce, want->nonce);
	assert_slice(name, "uri", is->uri, want->uri);
	assert_slice(name, "response", is->response, want->response);
	assert_slice(name, "opaque", is->opaque, want->opaque);
	assert_slice(name, "cnonce", is->cnonce, want->cnonce);
	assert_slice(name, "nc", is->nc_text, want->nc_text);
	if (is->nc != want->nc || is->alg != want->alg || is->has_qop != want->has_qop)
		fail_msg("%s: count, algorithm or qop", name);
}

static const struct {
	const char *name;
	struct slice text;
	struct digest_challenge want;
} challenges[] = {
	{ "RFC 2069",
	  SLICE_INIT("Digest realm=\"r\", nonce=\"n\""),
	  { .realm = SLICE_INIT("r"), .nonce = SLICE_INIT("n") } },
	{ "RFC 3261 22.4, folded",
	  SLICE_INIT("Digest realm=\"biloxi.com\",\r\n qop=\"auth,auth-int\",\r\n\tnonce=\"dcd98b\""
		     ",\r\n opaque=\"5ccc\""),
	  { .realm = SLICE_INIT("biloxi.com"),
	    .nonce = SLICE_INIT("dcd98b"),
	    .opaque = SLICE_INIT("5ccc"),
	    .has_qop = true,
	    .has_qop_auth = true } },
	{ "SHA-256, stale",
	  SLICE_INIT(
		  "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\", stale=TRUE"),
	  { .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .alg = HASH_SHA256,
	    .is_alg_given = true,
	    .is_stale = true,
	    .has_qop = true,
	    .has_qop_auth = true } },
	{ "any case, any order, spaces, quotes around tokens",
	  SLICE_INIT(" dIGEST\tStale = \"true\" ,ALGORITHM=\"md5\",NONCE =\"n\", Realm= \"r\" "),
	  { .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .is_alg_given = true,
	    .is_stale = true } },
	{ "unknown parameters, even twice",
	  SLICE_INIT("Digest charset=UTF-8, realm=\"r\", x=\"a, nonce=b\", x=1, nonce=\"n\""),
	  { .realm = SLICE_INIT("r"), .nonce = SLICE_INIT("n") } },
	{ "empty list entries",
	  SLICE_INIT("Digest , realm=\"r\",, nonce=\"n\" , "),
	  { .realm = SLICE_INIT("r"), .nonce = SLICE_INIT("n") } },
	{ "escapes stay",
	  SLICE_INIT("Digest realm=\"a\\\"b\\\\\", nonce=\"n\""),
	  { .realm = SLICE_INIT("a\\\"b\\\\"), .nonce = SLICE_INIT("n") } },
	{ "empty realm and nonce",
	  SLICE_INIT("Digest realm=\"\", nonce=\"\""),
	  { .realm = SLICE_INIT(""), .nonce = SLICE_INIT("") } },
	{ "empty qop is none",
	  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", qop=\"\""),
	  { .realm = SLICE_INIT("r"), .nonce = SLICE_INIT("n") } },
	{ "stale=false",
	  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", stale=false, qop=AUTH"),
	  { .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .has_qop = true,
	    .has_qop_auth = true } },
	{ "UTF-8 and a tab in the realm",
	  SLICE_INIT("Digest realm=\"B\xc3\xbcro\tEG\", nonce=\"n\""),
	  { .realm = SLICE_INIT("B\xc3\xbcro\tEG"), .nonce = SLICE_INIT("n") } },
	{ "bare values",
	  SLICE_INIT("Digest realm=biloxi.com,nonce=a+b/c==,qop=auth"),
	  { .realm = SLICE_INIT("biloxi.com"),
	    .nonce = SLICE_INIT("a+b/c=="),
	    .has_qop = true,
	    .has_qop_auth = true } },
};

static void challenges_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(challenges); i++) {
		struct guarded text = guarded_copy(challenges[i].text);
		struct digest_challenge challenge;

		if (digest_challenge_parse(text.text, &challenge))
			fail_msg("%s: refused", challenges[i].name);
		assert_challenge(challenges[i].name, &challenge, &challenges[i].want);
		guarded_free(&text);
	}
}

static const struct {
	const char *name;
	struct slice text;
	struct digest_credentials want;
} credentials[] = {
	{ "RFC 2069 client",
	  SLICE_INIT(GOOD),
	  { .username = SLICE_INIT("u"),
	    .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .uri = SLICE_INIT("sip:h"),
	    .response = SLICE_INIT(HEX_32) } },
	{ "with qop",
	  SLICE_INIT(GOOD ", algorithm=MD5, opaque=\"o\", cnonce=\"c\", qop=auth, nc=0000000A"),
	  { .username = SLICE_INIT("u"),
	    .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .uri = SLICE_INIT("sip:h"),
	    .response = SLICE_INIT(HEX_32),
	    .opaque = SLICE_INIT("o"),
	    .cnonce = SLICE_INIT("c"),
	    .nc_text = SLICE_INIT("0000000A"),
	    .nc = 10,
	    .has_qop = true } },
	{ "SHA-256, quotes around tokens, empty cnonce, highest count",
	  SLICE_INIT("Digest " MUST ",response=\"" HEX_64
		     "\",algorithm=\"sha-256\",qop=\"auth\",nc=\"ffffffff\",cnonce=\"\""),
	  { .username = SLICE_INIT("u"),
	    .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .uri = SLICE_INIT("sip:h"),
	    .response = SLICE_INIT(HEX_64),
	    .cnonce = SLICE_INIT(""),
	    .nc_text = SLICE_INIT("ffffffff"),
	    .nc = UINT32_MAX,
	    .alg = HASH_SHA256,
	    .has_qop = true } },
	{ "cnonce and nc without qop say nothing",
	  SLICE_INIT(GOOD ", cnonce=\"c\", nc=1"),
	  { .username = SLICE_INIT("u"),
	    .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .uri = SLICE_INIT("sip:h"),
	    .response = SLICE_INIT(HEX_32) } },
	{ "bare URI, escapes stay, userhash=false",
	  SLICE_INIT("Digest username=\"a\\\"b\", realm=\"r\", nonce=\"n\", uri=sip:h;x=y, "
		     "userhash=false, response=\"" HEX_32 "\""),
	  { .username = SLICE_INIT("a\\\"b"),
	    .realm = SLICE_INIT("r"),
	    .nonce = SLICE_INIT("n"),
	    .uri = SLICE_INIT("sip:h;x=y"),
	    .response = SLICE_INIT(HEX_32) } },
};

static void credentials_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(credentials); i++) {
		struct guarded text = guarded_copy(credentials[i].text);
		struct digest_credentials is;

		if (digest_credentials_parse(text.text, &is))
			fail_msg("%s: refused", credentials[i].name);
		assert_credentials(credentials[i].name, &is, &credentials[i].want);
		guarded_free(&text);
	}
}

struct refused {
	const char *name;
	struct slice text;
	int err;
};

static void refused_challenges_leave_the_result_alone(void **state)
{
	static const struct refused cases[] = {
		{ "nothing", SLICE_INIT(""), ERR_SYNTAX },
		{ "none", { NULL, 0 }, ERR_SYNTAX },
		{ "scheme alone", SLICE_INIT("Digest"), ERR_SYNTAX },
		{ "scheme and space", SLICE_INIT("Digest "), ERR_SYNTAX },
		{ "another scheme", SLICE_INIT("Basic realm=\"r\", nonce=\"n\""), ERR_SYNTAX },
		{ "longer scheme", SLICE_INIT("Digests realm=\"r\", nonce=\"n\""), ERR_SYNTAX },
		{ "no space", SLICE_INIT("Digest,realm=\"r\", nonce=\"n\""), ERR_SYNTAX },
		{ "no realm", SLICE_INIT("Digest nonce=\"n\""), ERR_SYNTAX },
		{ "no nonce", SLICE_INIT("Digest realm=\"r\""), ERR_SYNTAX },
		{ "realm twice", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", REALM=\"r\""),
		  ERR_SYNTAX },
		{ "two challenges in one line",
		  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", Digest realm=\"s\", nonce=\"m\""),
		  ERR_SYNTAX },
		{ "open quote", SLICE_INIT("Digest realm=\"r\", nonce=\"n"), ERR_SYNTAX },
		{ "quote at the end", SLICE_INIT("Digest realm=\"r\", nonce=\""), ERR_SYNTAX },
		{ "escaped last quote", SLICE_INIT("Digest realm=\"r\", nonce=\"n\\\""),
		  ERR_SYNTAX },
		{ "backslash at the end", SLICE_INIT("Digest realm=\"r\", nonce=\"n\\"),
		  ERR_SYNTAX },
		{ "no value", SLICE_INIT("Digest realm=\"r\", nonce="), ERR_SYNTAX },
		{ "no name", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", =x"), ERR_SYNTAX },
		{ "no equal sign", SLICE_INIT("Digest realm=\"r\", nonce \"n\""), ERR_SYNTAX },
		{ "name at the end", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", x"), ERR_SYNTAX },
		{ "no comma", SLICE_INIT("Digest realm=\"r\" nonce=\"n\""), ERR_SYNTAX },
		{ "text behind a quote", SLICE_INIT("Digest realm=\"r\"x, nonce=\"n\""),
		  ERR_SYNTAX },
		{ "quote inside a bare value", SLICE_INIT("Digest realm=r\"x, nonce=\"n\""),
		  ERR_SYNTAX },
		{ "NUL in a quoted string", SLICE_INIT("Digest realm=\"r\0s\", nonce=\"n\""),
		  ERR_SYNTAX },
		{ "NUL in a name", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", \0=1"),
		  ERR_SYNTAX },
		{ "CRLF in a quoted string", SLICE_INIT("Digest realm=\"r\r\n s\", nonce=\"n\""),
		  ERR_SYNTAX },
		{ "escaped LF", SLICE_INIT("Digest realm=\"r\\\n\", nonce=\"n\""), ERR_SYNTAX },
		{ "control byte in a bare value", SLICE_INIT("Digest realm=r\x01, nonce=\"n\""),
		  ERR_SYNTAX },
		{ "MD5-sess", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"),
		  ERR_UNSUPPORTED },
		{ "SHA-512-256",
		  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"),
		  ERR_UNSUPPORTED },
		{ "empty algorithm", SLICE_INIT("Digest realm=\"r\", nonce=\"n\", algorithm=\"\""),
		  ERR_UNSUPPORTED },
		{ "auth-int alone",
		  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, x\""),
		  ERR_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].text);
		struct digest_challenge untouched = { .realm = SLICE("before") };
		int err = digest_challenge_parse(text.text, &untouched);

		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		assert_slice(cases[i].name, "realm", untouched.realm, SLICE("before"));
		guarded_free(&text);
	}
}

static void refused_credentials_leave_the_result_alone(void **state)
{
	static const struct refused cases[] = {
		{ "nothing", SLICE_INIT(""), ERR_SYNTAX },
		{ "scheme alone", SLICE_INIT("Digest "), ERR_SYNTAX },
		{ "no username",
		  SLICE_INIT("Digest realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"" HEX_32
			     "\""),
		  ERR_SYNTAX },
		{ "username* alone",
		  SLICE_INIT("Digest username*=UTF-8''u, realm=\"r\", nonce=\"n\", uri=\"sip:h\", "
			     "response=\"" HEX_32 "\""),
		  ERR_SYNTAX },
		{ "no response", SLICE_INIT("Digest " MUST), ERR_SYNTAX },
		{ "empty response", SLICE_INIT("Digest " MUST ", response=\"\""), ERR_SYNTAX },
		{ "short response", SLICE_INIT("Digest " MUST ", response=\"0123\""), ERR_SYNTAX },
		{ "MD5 with a long response",
		  SLICE_INIT("Digest " MUST ", response=\"" HEX_64 "\""), ERR_SYNTAX },
		{ "SHA-256 with a short response", SLICE_INIT(GOOD ", algorithm=SHA-256"),
		  ERR_SYNTAX },
		{ "no hex",
		  SLICE_INIT("Digest " MUST ", response=\"g123456789abcdef0123456789abcdef\""),
		  ERR_SYNTAX },
		{ "response of the length of a stack buffer",
		  SLICE_INIT("Digest " MUST
			     ", response=\"" HEX_64 HEX_64 HEX_64 HEX_64 HEX_64 HEX_64 HEX_64 HEX_64
			     "\""),
		  ERR_SYNTAX },
		{ "username twice", SLICE_INIT(GOOD ", username=\"v\""), ERR_SYNTAX },
		{ "qop without nc", SLICE_INIT(GOOD ", qop=auth, cnonce=\"c\""), ERR_SYNTAX },
		{ "qop without cnonce", SLICE_INIT(GOOD ", qop=auth, nc=00000001"), ERR_SYNTAX },
		{ "seven digits", SLICE_INIT(GOOD ", qop=auth, cnonce=\"c\", nc=0000001"),
		  ERR_SYNTAX },
		{ "nine digits", SLICE_INIT(GOOD ", qop=auth, cnonce=\"c\", nc=000000001"),
		  ERR_SYNTAX },
		{ "signed count", SLICE_INIT(GOOD ", qop=auth, cnonce=\"c\", nc=-0000001"),
		  ERR_SYNTAX },
		{ "auth-int", SLICE_INIT(GOOD ", qop=auth-int, cnonce=\"c\", nc=00000001"),
		  ERR_UNSUPPORTED },
		{ "SHA-256-sess", SLICE_INIT(GOOD ", algorithm=SHA-256-sess"), ERR_UNSUPPORTED },
		{ "userhash", SLICE_INIT(GOOD ", userhash=true"), ERR_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].text);
		struct digest_credentials untouched = { .realm = SLICE("before") };
		int err = digest_credentials_parse(text.text, &untouched);

		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		assert_slice(cases[i].name, "realm", untouched.realm, SLICE("before"));
		guarded_free(&text);
	}
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(challenges) + ARRAY_LEN(credentials); i++) {
		struct slice whole = i < ARRAY_LEN(challenges)
					     ? challenges[i].text
					     : credentials[i - ARRAY_LEN(challenges)].text;

		for (size_t n = 0; n < whole.n; n++) {
			struct guarded text = guarded_copy(slice_head(whole, n));
			struct digest_challenge challenge;
			struct digest_credentials is;

			digest_challenge_parse(text.text, &challenge);
			digest_credentials_parse(text.text, &is);
			guarded_free(&text);
		}
	}
}

static void what_is_printed_reads_back(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(challenges); i++) {
		struct buf buf = BUF_ON(text);
		struct digest_challenge again;

		digest_challenge_print(&buf, &challenges[i].want);
		assert_false(buf.is_overflown);
		assert_int_equal(digest_challenge_parse(buf_text(&buf), &again), 0);
		assert_challenge(challenges[i].name, &again, &challenges[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(credentials); i++) {
		struct buf buf = BUF_ON(text);
		struct digest_credentials again;

		digest_credentials_print(&buf, &credentials[i].want);
		assert_false(buf.is_overflown);
		assert_int_equal(digest_credentials_parse(buf_text(&buf), &again), 0);
		assert_credentials(credentials[i].name, &again, &credentials[i].want);
	}
}

static void a_challenge_is_printed_as_phones_expect_it(void **state)
{
	static const struct digest_challenge challenge = { .realm = SLICE_INIT("pbx.example.com"),
							   .nonce = SLICE_INIT("n1"),
							   .alg = HASH_SHA256,
							   .is_alg_given = true,
							   .is_stale = true,
							   .has_qop = true,
							   .has_qop_auth = true };
	char text[256];
	struct buf buf = BUF_ON(text);

	(void)state;
	digest_challenge_print(&buf, &challenge);
	assert_slice("challenge", "text", buf_text(&buf),
		     SLICE("Digest realm=\"pbx.example.com\", nonce=\"n1\", algorithm=SHA-256, "
			   "qop=\"auth\", stale=true"));
}

static void no_text_leaves_its_field(void **state)
{
	static const struct {
		const char *name;
		struct slice realm;
		struct slice printed;
	} cases[] = {
		{ "bare quote", SLICE_INIT("a\", nonce=\"x"), SLICE_INIT("a\\\", nonce=\\\"x") },
		{ "backslash at the end", SLICE_INIT("a\\"), SLICE_INIT("a\\\\") },
		{ "backslash before a line end", SLICE_INIT("a\\\r\n"), SLICE_INIT("a\\\\") },
		{ "line ends", SLICE_INIT("a\r\nX: y\n\0z"), SLICE_INIT("aX: yz") },
		{ "an escape", SLICE_INIT("a\\\"b"), SLICE_INIT("a\\\"b") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct digest_challenge challenge = { .realm = cases[i].realm,
						      .nonce = SLICE("n") };
		struct digest_challenge again;
		char text[256];
		struct buf buf = BUF_ON(text);

		digest_challenge_print(&buf, &challenge);
		if (digest_challenge_parse(buf_text(&buf), &again))
			fail_msg("%s: cannot be read", cases[i].name);
		assert_slice(cases[i].name, "realm", again.realm, cases[i].printed);
		assert_slice(cases[i].name, "nonce", again.nonce, SLICE("n"));
	}
}

static void printing_stops_at_the_end_of_the_buffer(void **state)
{
	char text[1024];
	struct buf whole = BUF_ON(text);

	(void)state;
	digest_credentials_print(&whole, &credentials[1].want);
	for (size_t cap = 0; cap < whole.n; cap++) {
		struct guarded room = guarded_copy(slice_of(text, cap));
		struct buf buf = { .p = (char *)(uintptr_t)room.text.p, .cap = cap };

		digest_credentials_print(&buf, &credentials[1].want);
		assert_true(buf.is_overflown);
		guarded_free(&room);
	}
}

static void escapes_are_made_and_undone(void **state)
{
	static const struct {
		struct slice plain;
		struct slice escaped;
	} cases[] = {
		{ SLICE_INIT(""), SLICE_INIT("") },
		{ SLICE_INIT("201"), SLICE_INIT("201") },
		{ SLICE_INIT("a\"b\\c"), SLICE_INIT("a\\\"b\\\\c") },
		{ SLICE_INIT("\\\\"), SLICE_INIT("\\\\\\\\") },
	};
	char text[32];
	struct buf buf;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf = BUF_ON(text);
		digest_escape(&buf, cases[i].plain);
		assert_slice("escape", "text", buf_text(&buf), cases[i].escaped);
		buf = BUF_ON(text);
		digest_unescape(&buf, cases[i].escaped);
		assert_slice("unescape", "text", buf_text(&buf), cases[i].plain);
	}
	buf = BUF_ON(text);
	digest_unescape(&buf, SLICE("a\\b\\"));
	assert_slice("unescape", "needless and last backslash", buf_text(&buf), SLICE("ab\\"));
}

/* Method, password and the header of each example; the response in it is the expected one. */
static void responses_agree_with_the_examples(void **state)
{
	static const struct {
		const char *name;
		struct slice method;
		struct slice password;
		struct slice header;
	} cases[] = {
		{ "RFC 7616 3.9.1, MD5", SLICE_INIT("GET"), SLICE_INIT("Circle of Life"),
		  SLICE_INIT(
			  "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
			  "uri=\"/dir/index.html\", algorithm=MD5, "
			  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
			  "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "
			  "qop=auth, response=\"8ca523f5e9506fed4657c9700eebdbec\", "
			  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"") },
		{ "RFC 7616 3.9.1, SHA-256", SLICE_INIT("GET"), SLICE_INIT("Circle of Life"),
		  SLICE_INIT(
			  "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
			  "uri=\"/dir/index.html\", algorithm=SHA-256, "
			  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
			  "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "
			  "qop=auth, response=\"753927fa0e85d155564e2e272a28d180"
			  "2ca10daf4496794697cf8db5856cb6c1\"") },
		{ "RFC 2617 3.5", SLICE_INIT("GET"), SLICE_INIT("Circle Of Life"),
		  SLICE_INIT("Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
			     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
			     "uri=\"/dir/index.html\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
			     "response=\"6629fae49393a05397450978507c4ef1\", "
			     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"") },
		{ "RFC 2069 2.4 with its erratum", SLICE_INIT("GET"), SLICE_INIT("CircleOfLife"),
		  SLICE_INIT("Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
			     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
			     "uri=\"/dir/index.html\", "
			     "response=\"1949323746fe6a43ef61f9606e7febea\"") },
		{ "SHA-256 without qop", SLICE_INIT("GET"), SLICE_INIT("CircleOfLife"),
		  SLICE_INIT("Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
			     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", algorithm=SHA-256, "
			     "uri=\"/dir/index.html\", response=\"89381827616a396139e299fae10b3a81"
			     "aaa7bb9e04bee0dcb56ca48dd58af998\"") },
		{ "RFC 7616 3.4: escapes are undone first", SLICE_INIT("REGISTER"),
		  SLICE_INIT("pw"),
		  SLICE_INIT("Digest username=\"a\\\"b\", realm=\"r\\\\s\", nonce=\"n\\1\", "
			     "uri=\"sip:pbx.example.com\", qop=auth, nc=0000000A, cnonce=\"c1\", "
			     "response=\"b4d52733e21278781c1a5c80fc9e669c\"") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded text = guarded_copy(cases[i].header);
		struct digest_credentials is;
		char hex[HASH_MAX_HEX];

		assert_int_equal(digest_credentials_parse(text.text, &is), 0);
		assert_int_equal(digest_response(&is, cases[i].method, cases[i].password, hex), 0);
		assert_slice(cases[i].name, "response", slice_of(hex, is.response.n), is.response);
		guarded_free(&text);
	}
}

static void a_count_without_text_is_printed_and_hashed_alike(void **state)
{
	struct digest_credentials is = { .username = SLICE("a\\\"b"),
					 .realm = SLICE("r\\\\s"),
					 .nonce = SLICE("n1"),
					 .uri = SLICE("sip:pbx.example.com"),
					 .cnonce = SLICE("c1"),
					 .nc = 0x12ab,
					 .has_qop = true };
	struct digest_credentials again;
	char hex[HASH_MAX_HEX];
	char hex_again[HASH_MAX_HEX];
	char text[512];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(digest_response(&is, SLICE("REGISTER"), SLICE("pw"), hex), 0);
	is.response = slice_of(hex, 32);
	digest_credentials_print(&buf, &is);
	assert_int_equal(digest_credentials_parse(buf_text(&buf), &again), 0);
	assert_slice("count", "text", again.nc_text, SLICE("000012ab"));
	assert_int_equal(digest_response(&again, SLICE("REGISTER"), SLICE("pw"), hex_again), 0);
	assert_memory_equal(hex, hex_again, 32);
}

static void escaped_text_longer_than_a_header_is_refused(void **state)
{
	static char text[9000];
	struct digest_credentials is = { .username = slice_of(text, sizeof(text)) };
	char hex[HASH_MAX_HEX];

	(void)state;
	memset(text, 'u', sizeof(text));
	assert_int_equal(digest_response(&is, SLICE("INVITE"), SLICE("pw"), hex), 0);
	text[0] = '\\';
	assert_int_equal(digest_response(&is, SLICE("INVITE"), SLICE("pw"), hex), ERR_LIMIT);
}

static int setup(void **state)
{
	(void)state;
	return hash_init();
}

static int teardown(void **state)
{
	(void)state;
	hash_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(credentials_are_read),
		cmocka_unit_test(refused_challenges_leave_the_result_alone),
		cmocka_unit_test(refused_credentials_leave_the_result_alone),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(a_challenge_is_printed_as_phones_expect_it),
		cmocka_unit_test(no_text_leaves_its_field),
		cmocka_unit_test(printing_stops_at_the_end_of_the_buffer),
		cmocka_unit_test(escapes_are_made_and_undone),
		cmocka_unit_test(responses_agree_with_the_examples),
		cmocka_unit_test(a_count_without_text_is_printed_and_hashed_alike),
		cmocka_unit_test(escaped_text_longer_than_a_header_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
