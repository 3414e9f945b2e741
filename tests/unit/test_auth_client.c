/* SPDX-License-Identifier: MIT */
/*
 * Digest as client: which challenge is answered, with what, and when a peer that keeps asking gets
 * no more (SECURITY A7) or none at all (A5).
 */
#include "base/check.h"
#include "base/err.h"
#include "core/auth_client.h"
#include "core/nonce.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RESPONSE_MAX_BYTES 4096
#define MD5_N1 "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\", qop=\"auth\"\r\n"
#define MD5_N2 "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n2\", qop=\"auth\"\r\n"
#define MD5_N3 "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n3\", qop=\"auth\"\r\n"

static const struct auth_login alice = { .username = SLICE_INIT("201"),
					 .password = SLICE_INIT("secret") };
static const struct auth_request register_request = { .method = SLICE_INIT("REGISTER"),
						      .uri = SLICE_INIT("sip:pbx.example.com"),
						      .cnonce = { 0, 1, 2, 3, 4, 5, 6, 7 } };

/* A response with these header lines, parsed; ends before an unreadable page. */
struct challenged {
	struct guarded bytes;
	struct arena arena;
	struct sip_msg msg;
	_Alignas(max_align_t) char block[16384];
};

static void challenged_start(struct challenged *c, unsigned status, struct slice lines)
{
	char text[RESPONSE_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct sip_fault fault;

	buf_lit(&buf, "SIP/2.0 ");
	buf_u64(&buf, status);
	buf_lit(&buf, " Who\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		      "From: <sip:201@pbx.example.com>;tag=1\r\nTo: <sip:201@pbx.example.com>\r\n"
		      "Call-ID: a\r\nCSeq: 1 REGISTER\r\n");
	buf_slice(&buf, lines);
	buf_lit(&buf, "Content-Length: 0\r\n\r\n");
	assert_false(buf.is_overflown);
	c->bytes = guarded_copy(buf_text(&buf));
	arena_init(&c->arena, c->block, sizeof(c->block));
	assert_int_equal(sip_msg_parse(c->bytes.text, &c->arena, &c->msg, &fault), 0);
}

static int answer(struct auth_client *client, unsigned status, struct slice lines,
		  const struct auth_login *login, struct auth_attempt *attempt, struct buf *buf)
{
	struct challenged c;
	int err;

	challenged_start(&c, status, lines);
	err = auth_client_answer(client, &c.msg, login, &register_request, attempt, buf);
	guarded_free(&c.bytes);
	return err;
}

static void the_first_answerable_challenge_is_answered(void **state)
{
	static const struct {
		const char *name;
		unsigned status;
		struct slice lines;
		int err;
		struct slice printed;
	} cases[] = {
		{ "MD5 by default", 401, SLICE_INIT(MD5_N1), 0,
		  SLICE_INIT("Authorization: Digest username=\"201\", realm=\"pbx.example.com\", "
			     "nonce=\"n1\", uri=\"sip:pbx.example.com\", "
			     "response=\"9568452ad8b794ea88c8aa66e1f77f05\", algorithm=MD5, "
			     "cnonce=\"0001020304050607\", qop=auth, nc=00000001\r\n") },
		{ "407", 407,
		  SLICE_INIT("Proxy-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\", "
			     "opaque=\"o\", algorithm=SHA-256, qop=\"auth,auth-int\"\r\n"),
		  0,
		  SLICE_INIT(
			  "Proxy-Authorization: Digest username=\"201\", "
			  "realm=\"pbx.example.com\", nonce=\"n1\", uri=\"sip:pbx.example.com\", "
			  "response=\"431d94276745c6cc5f802049e6ea701f5c1fc755db0e729533f92f459b"
			  "c80a15\", algorithm=SHA-256, opaque=\"o\", "
			  "cnonce=\"0001020304050607\", qop=auth, nc=00000001\r\n") },
		{ "without qop", 401,
		  SLICE_INIT(
			  "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\"\r\n"),
		  0,
		  SLICE_INIT("Authorization: Digest username=\"201\", realm=\"pbx.example.com\", "
			     "nonce=\"n1\", uri=\"sip:pbx.example.com\", "
			     "response=\"11a43fef39922bd5013ff0d9e3f08b33\", algorithm=MD5\r\n") },
		{ "RFC 8760 2.4: the order is the server's, what we cannot do is passed over", 401,
		  SLICE_INIT("WWW-Authenticate: Basic realm=\"pbx.example.com\"\r\n"
			     "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"\r\n"
			     "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n0\", "
			     "algorithm=SHA-512-256, qop=\"auth\"\r\n"
			     "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\", "
			     "algorithm=SHA-256, qop=\"auth\"\r\n" MD5_N2),
		  0,
		  SLICE_INIT("Authorization: Digest username=\"201\", realm=\"pbx.example.com\", "
			     "nonce=\"n1\", uri=\"sip:pbx.example.com\", "
			     "response=\"431d94276745c6cc5f802049e6ea701f5c1fc755db0e729533f92f459b"
			     "c80a15\", algorithm=SHA-256, "
			     "cnonce=\"0001020304050607\", qop=auth, nc=00000001\r\n") },
		{ "no challenge", 401, SLICE_INIT(""), ERR_UNSUPPORTED, SLICE_INIT("") },
		{ "the other header", 407, SLICE_INIT(MD5_N1), ERR_UNSUPPORTED, SLICE_INIT("") },
		{ "another status", 403, SLICE_INIT(MD5_N1), ERR_UNSUPPORTED, SLICE_INIT("") },
		{ "only auth-int", 401,
		  SLICE_INIT("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
			     "qop=\"auth-int\"\r\n"),
		  ERR_UNSUPPORTED, SLICE_INIT("") },
		{ "malformed", 401,
		  SLICE_INIT("WWW-Authenticate: Digest\r\nWWW-Authenticate:\r\n"
			     "WWW-Authenticate: Digest realm=\"\\\r\n"),
		  ERR_UNSUPPORTED, SLICE_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct auth_client client = { 0 };
		struct auth_attempt attempt = { 0 };
		char text[1024];
		struct buf buf = BUF_ON(text);
		int err = answer(&client, cases[i].status, cases[i].lines, &alice, &attempt, &buf);

		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		if (!slice_eq(buf_text(&buf), cases[i].printed))
			fail_msg("%s: %.*s", cases[i].name, SLICE_ARGS(buf_text(&buf)));
		assert_int_equal(attempt.answers, err ? 0 : 1);
	}
}

/* Each step is a 401 with these lines to the request as it was last sent. */
static void a_peer_that_keeps_asking_is_left(void **state)
{
	enum { STEPS_MAX = 4 };
	static const struct {
		const char *name;
		const char *lines[STEPS_MAX]; /* NULL: no more */
		int errs[STEPS_MAX];
	} cases[] = {
		{ "the same nonce again", { MD5_N1, MD5_N1 }, { 0, ERR_DENIED } },
		{ "a new nonce each time (A7)",
		  { MD5_N1, MD5_N2, MD5_N3, MD5_N3 },
		  { 0, 0, ERR_DENIED, ERR_DENIED } },
		{ "two nonces in turns", { MD5_N1, MD5_N2, MD5_N1 }, { 0, 0, ERR_DENIED } },
		{ "stale, then fine",
		  { MD5_N1, "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n2\", "
			    "qop=\"auth\", stale=true\r\n" },
		  { 0, 0 } },
		{ "stale for ever, with one nonce",
		  { MD5_N1,
		    "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\", "
		    "qop=\"auth\", stale=true\r\n",
		    "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n1\", "
		    "qop=\"auth\", stale=true\r\n" },
		  { 0, 0, ERR_DENIED } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct auth_client client = { 0 };
		struct auth_attempt attempt = { 0 };

		for (size_t j = 0; j < STEPS_MAX && cases[i].lines[j]; j++) {
			char text[1024];
			struct buf buf = BUF_ON(text);
			int err = answer(&client, 401, slice_from_cstr(cases[i].lines[j]), &alice,
					 &attempt, &buf);

			if (err != cases[i].errs[j])
				fail_msg("%s, step %zu: %s", cases[i].name, j, err_text(err));
			assert_true(err == 0 || buf.n == 0);
		}
	}
}

static void staleness_is_reported(void **state)
{
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(
		answer(&client, 401,
		       SLICE("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n"),
		       &alice, &attempt, &buf),
		0);
	assert_true(attempt.is_stale);
	buf = BUF_ON(text);
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &attempt, &buf), 0);
	assert_false(attempt.is_stale);
}

static void later_requests_carry_their_credentials_from_the_start(void **state)
{
	struct auth_client client = { 0 };
	struct auth_attempt first = { 0 };
	struct auth_attempt second = { 0 };
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(auth_client_print(&client, &alice, &register_request, &first, &buf),
			 ERR_NOTFOUND);
	assert_int_equal(buf.n, 0);
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &first, &buf), 0);
	buf = BUF_ON(text);
	assert_int_equal(auth_client_print(&client, &alice, &register_request, &second, &buf), 0);
	assert_true(
		slice_eq(buf_text(&buf),
			 SLICE("Authorization: Digest username=\"201\", realm=\"pbx.example.com\", "
			       "nonce=\"n1\", uri=\"sip:pbx.example.com\", "
			       "response=\"6a94ed1f83c0f7a7f788892a28da60b1\", algorithm=MD5, "
			       "cnonce=\"0001020304050607\", qop=auth, nc=00000002\r\n")));
	/* Refused like this, it has not been answered yet, but the password is wrong. */
	assert_int_equal(second.answers, 0);
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &second, &buf), ERR_DENIED);
}

/* Some servers hand the same nonce to all: that refuses nothing that we have sent. */
static void a_nonce_known_from_another_request_is_answered(void **state)
{
	struct auth_client client = { 0 };
	struct auth_attempt first = { 0 };
	struct auth_attempt second = { 0 };
	char text[1024];
	struct buf buf = BUF_ON(text);
	struct digest_credentials credentials;

	(void)state;
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &first, &buf), 0);
	buf = BUF_ON(text);
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &second, &buf), 0);
	assert_int_equal(
		digest_credentials_parse(slice_from(buf_text(&buf), sizeof("Authorization: ") - 1),
					 &credentials),
		0);
	assert_int_equal(credentials.nc, 2);
}

static void only_the_login_s_realm_gets_credentials(void **state)
{
	static const struct auth_login login = { .realm = SLICE_INIT("pbx \"A\""),
						 .username = SLICE_INIT("201"),
						 .password = SLICE_INIT("secret") };
	static const struct auth_login other = { .realm = SLICE_INIT("trunk"),
						 .username = SLICE_INIT("u"),
						 .password = SLICE_INIT("p") };
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &login, &attempt, &buf),
			 ERR_UNSUPPORTED);
	assert_int_equal(
		answer(&client, 401,
		       SLICE(MD5_N1
			     "WWW-Authenticate: Digest realm=\"pbx \\\"A\\\"\", nonce=\"n2\"\r\n"),
		       &login, &attempt, &buf),
		0);
	assert_int_equal(auth_client_print(&client, &other, &register_request, &attempt, &buf),
			 ERR_NOTFOUND);
}

static void texts_beyond_the_bounds_are_passed_over(void **state)
{
	static const struct {
		const char *name;
		size_t realm_n, nonce_n, opaque_n;
		int err;
	} cases[] = {
		{ "at the bounds", AUTH_REALM_MAX_BYTES, AUTH_NONCE_MAX_BYTES,
		  AUTH_OPAQUE_MAX_BYTES, 0 },
		{ "realm", AUTH_REALM_MAX_BYTES + 1, 1, 1, ERR_UNSUPPORTED },
		{ "nonce", 1, AUTH_NONCE_MAX_BYTES + 1, 1, ERR_UNSUPPORTED },
		{ "opaque", 1, 1, AUTH_OPAQUE_MAX_BYTES + 1, ERR_UNSUPPORTED },
	};
	static char filler[1024];

	(void)state;
	memset(filler, 'x', sizeof(filler));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct digest_challenge challenge = {
			.realm = slice_of(filler, cases[i].realm_n),
			.nonce = slice_of(filler, cases[i].nonce_n),
			.opaque = slice_of(filler, cases[i].opaque_n),
		};
		struct auth_client client = { 0 };
		struct auth_attempt attempt = { 0 };
		char lines_text[2048];
		char text[2048];
		struct buf lines = BUF_ON(lines_text);
		struct buf buf = BUF_ON(text);
		int err;

		buf_lit(&lines, "WWW-Authenticate: ");
		digest_challenge_print(&lines, &challenge);
		buf_lit(&lines, "\r\n");
		err = answer(&client, 401, buf_text(&lines), &alice, &attempt, &buf);
		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, err_text(err));
	}
}

static void odd_names_and_uris_cannot_leave_their_fields(void **state)
{
	static const struct {
		const char *name;
		struct slice username;
		struct slice uri;
		int err;
	} cases[] = {
		{ "quote in the name", SLICE_INIT("a\"b"), SLICE_INIT("sip:h"), 0 },
		{ "line end in the name", SLICE_INIT("a\r\nb"), SLICE_INIT("sip:h"), ERR_SYNTAX },
		{ "NUL in the name", SLICE_INIT("a\0b"), SLICE_INIT("sip:h"), ERR_SYNTAX },
		{ "quote in the URI", SLICE_INIT("a"), SLICE_INIT("sip:\"h"), ERR_SYNTAX },
		{ "backslash in the URI", SLICE_INIT("a"), SLICE_INIT("sip:\\h"), ERR_SYNTAX },
		{ "line end in the URI", SLICE_INIT("a"), SLICE_INIT("sip:h\n"), ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct auth_login login = { .username = cases[i].username,
					    .password = SLICE("secret") };
		struct auth_request request = { .method = SLICE("INVITE"), .uri = cases[i].uri };
		struct auth_client client = { 0 };
		struct auth_attempt attempt = { 0 };
		struct challenged c;
		char text[1024];
		struct buf buf = BUF_ON(text);
		int err;

		challenged_start(&c, 401, SLICE(MD5_N1));
		err = auth_client_answer(&client, &c.msg, &login, &request, &attempt, &buf);
		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].name, err_text(err));
		guarded_free(&c.bytes);
	}
}

static void a_user_name_too_long_is_refused(void **state)
{
	static char name[2 * AUTH_USERNAME_MAX_BYTES + 1];
	struct auth_login login = { .username = slice_of(name, sizeof(name)) };
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	char text[2048];
	struct buf buf = BUF_ON(text);

	(void)state;
	memset(name, 'u', sizeof(name));
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &login, &attempt, &buf), ERR_LIMIT);
	assert_int_equal(attempt.answers, 0);
}

static void a_buffer_too_small_is_an_error(void **state)
{
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	char text[100];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &attempt, &buf), ERR_LIMIT);
	assert_int_equal(attempt.answers, 0);
}

static void counts_end_before_they_repeat(void **state)
{
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_int_equal(answer(&client, 401, SLICE(MD5_N1), &alice, &attempt, &buf), 0);
	client.nc = UINT32_MAX;
	buf = BUF_ON(text);
	assert_int_equal(auth_client_print(&client, &alice, &register_request, &attempt, &buf),
			 ERR_LIMIT);
	assert_int_equal(buf.n, 0);
}

/* Both sides together: our own nonces, our own challenge, the counts going up. */
static void our_server_takes_our_client(void **state)
{
	const uint8_t secret[NONCE_SECRET_BYTES] = { 7 };
	const uint8_t salt[NONCE_SALT_BYTES] = { 9 };
	struct auth_client client = { 0 };
	struct auth_attempt attempt = { 0 };
	struct digest_challenge challenge = { .realm = SLICE("pbx.example.com"),
					      .alg = HASH_SHA256,
					      .is_alg_given = true,
					      .has_qop = true,
					      .has_qop_auth = true };
	struct nonces nonces;
	char nonce_text[NONCE_MAX_BYTES];
	char lines_text[512];
	struct buf nonce = BUF_ON(nonce_text);
	struct buf lines = BUF_ON(lines_text);

	(void)state;
	nonces_init(&nonces, secret);
	nonce_make(&nonces, 1000, salt, &nonce);
	challenge.nonce = buf_text(&nonce);
	buf_lit(&lines, "WWW-Authenticate: ");
	digest_challenge_print(&lines, &challenge);
	buf_lit(&lines, "\r\n");
	for (uint32_t i = 1; i <= 3; i++) {
		struct digest_credentials credentials;
		char hex[HASH_MAX_HEX];
		char text[1024];
		struct buf buf = BUF_ON(text);
		int err = i == 1 ? answer(&client, 401, buf_text(&lines), &alice, &attempt, &buf)
				 : auth_client_print(&client, &alice, &register_request, &attempt,
						     &buf);

		assert_int_equal(err, 0);
		assert_int_equal(digest_credentials_parse(
					 slice_from(buf_text(&buf), sizeof("Authorization: ") - 1),
					 &credentials),
				 0);
		assert_int_equal(
			digest_response(&credentials, SLICE("REGISTER"), SLICE("secret"), hex), 0);
		assert_true(hash_eq(credentials.response, slice_of(hex, HASH_MAX_HEX)));
		assert_int_equal(credentials.nc, i);
		assert_int_equal(nonce_use(&nonces, credentials.nonce, credentials.nc, 1000 + i),
				 NONCE_GOOD);
	}
	nonces_fini(&nonces);
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
		cmocka_unit_test(the_first_answerable_challenge_is_answered),
		cmocka_unit_test(a_peer_that_keeps_asking_is_left),
		cmocka_unit_test(staleness_is_reported),
		cmocka_unit_test(later_requests_carry_their_credentials_from_the_start),
		cmocka_unit_test(a_nonce_known_from_another_request_is_answered),
		cmocka_unit_test(only_the_login_s_realm_gets_credentials),
		cmocka_unit_test(texts_beyond_the_bounds_are_passed_over),
		cmocka_unit_test(odd_names_and_uris_cannot_leave_their_fields),
		cmocka_unit_test(a_user_name_too_long_is_refused),
		cmocka_unit_test(a_buffer_too_small_is_an_error),
		cmocka_unit_test(counts_end_before_they_repeat),
		cmocka_unit_test(our_server_takes_our_client),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
