/* SPDX-License-Identifier: MIT */
/*
 * TLS without sockets: two streams that are each other's wire. What SECURITY T1 to T6 tell of
 * others is tried on each kind of certificate.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "support/certs.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* OpenSSL has a type of this name, which base/err.h needs for an error. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/ssl.h>
#undef ERR_STATE

#define LOOPBACK "\x7f\0\0\1"

static struct cert ca, other_ca, server, weak, second;
static const struct addr loopback = { .ip = { 127, 0, 0, 1 }, .port = 5061, .family = ADDR_IPV4 };

static struct tls_context *context_of(const struct tls_spec *spec)
{
	struct tls_context *context;
	enum tls_fault fault;

	assert_int_equal(tls_context_new(spec, &context, &fault), 0);
	assert_int_equal(fault, TLS_FAULT_NONE);
	return context;
}

static struct tls_context *context_with(const struct cert *cert)
{
	return context_of(&(struct tls_spec){
		.certificate = cert_text(cert), .key = cert_key(cert), .ca = cert_text(&ca) });
}

static struct tls_context *context_for_client(void)
{
	return context_of(&(struct tls_spec){ .ca = cert_text(&ca) });
}

/* What one says the other hears, whole or byte by byte. */
static void carry(struct tls_stream *from, struct tls_stream *to, bool is_slow)
{
	struct slice bytes = tls_to_send(from);

	for (size_t i = 0; is_slow && i < bytes.n; i++)
		(void)tls_receive(to, slice_of(bytes.p + i, 1));
	if (!is_slow && bytes.n > 0)
		(void)tls_receive(to, bytes);
	tls_sent(from);
}

static void shake_hands(struct tls_stream *a, struct tls_stream *b)
{
	for (int i = 0; i < 4; i++) {
		carry(a, b, false);
		carry(b, a, false);
	}
}

struct pair {
	struct tls_stream *client, *server;
};

/* Both sides after the handshake, however it went. */
static struct pair meet(struct tls_context *client, struct tls_context *accepting,
			struct slice domain)
{
	struct pair pair;

	assert_int_equal(tls_accept(accepting, &pair.server), 0);
	assert_int_equal(tls_connect(client, domain, &loopback, &pair.client), 0);
	shake_hands(pair.client, pair.server);
	return pair;
}

static void part(struct pair *pair)
{
	tls_free(pair->client);
	tls_free(pair->server);
}

static bool is_open(const struct pair *pair)
{
	return tls_get_state(pair->client) == TLS_OPEN && tls_get_state(pair->server) == TLS_OPEN;
}

static void expect_heard(struct tls_stream *stream, const char *text)
{
	char got[256];
	size_t n, all = 0;

	do {
		assert_int_equal(tls_read(stream, got + all, sizeof(got) - all, &n), TLS_OPEN);
		all += n;
	} while (n > 0);
	assert_int_equal(all, strlen(text));
	assert_memory_equal(got, text, all);
}

static void words_go_both_ways(void **state)
{
	struct tls_context *client = context_for_client(), *accepting = context_with(&server);
	struct pair pair = meet(client, accepting, SLICE("sip.example.com"));

	(void)state;
	assert_true(is_open(&pair));
	assert_int_equal(tls_write(pair.client, SLICE("INVITE")), 0);
	assert_int_equal(tls_write(pair.client, SLICE_NONE), 0);
	carry(pair.client, pair.server, true);
	expect_heard(pair.server, "INVITE");
	assert_int_equal(tls_write(pair.server, SLICE("100 ")), 0);
	assert_int_equal(tls_write(pair.server, SLICE("Trying")), 0);
	carry(pair.server, pair.client, false);
	expect_heard(pair.client, "100 Trying");
	tls_end(pair.client);
	carry(pair.client, pair.server, false);
	{
		char c;
		size_t n;

		assert_int_equal(tls_read(pair.server, &c, 1, &n), TLS_ENDED);
	}
	assert_int_equal(tls_write(pair.server, SLICE("late")), ERR_STATE);
	part(&pair);
	tls_context_unref(client);
	tls_context_unref(accepting);
}

/* SECURITY T2 to T4, T6, RFC 5922 7.1 and 7.2 */
static void a_server_must_prove_its_name(void **state)
{
	static char long_name[20000];
	static const struct {
		const char *what;
		struct cert_name names[CERT_NAMES_MAX];
		size_t name_count;
		const char *common_name;
		struct slice domain; /* asked for; none: 127.0.0.1 */
		bool is_good;
	} rows[] = {
		{ "by name",
		  { { CERT_DNS, SLICE_INIT("sip.example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  true },
		{ "in capitals",
		  { { CERT_DNS, SLICE_INIT("SIP.Example.COM") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  true },
		{ "the second name",
		  { { CERT_DNS, SLICE_INIT("a") }, { CERT_DNS, SLICE_INIT("sip.example.com") } },
		  2,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  true },
		{ "by SIP URI",
		  { { CERT_URI, SLICE_INIT("sip:example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("example.com"),
		  true },
		{ "by address",
		  { { CERT_IP, SLICE_INIT(LOOPBACK) } },
		  1,
		  NULL,
		  SLICE_INIT(""),
		  true },
		{ "by address as a domain",
		  { { CERT_IP, SLICE_INIT(LOOPBACK) } },
		  1,
		  NULL,
		  SLICE_INIT("127.0.0.1"),
		  true },
		{ "another name",
		  { { CERT_DNS, SLICE_INIT("sip.example.org") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "another address",
		  { { CERT_IP, SLICE_INIT("\x7f\0\0\2") } },
		  1,
		  NULL,
		  SLICE_INIT(""),
		  false },
		{ "an address as a name",
		  { { CERT_DNS, SLICE_INIT("127.0.0.1") } },
		  1,
		  NULL,
		  SLICE_INIT(""),
		  false },
		{ "a NUL behind it",
		  { { CERT_DNS, SLICE_INIT("sip.example.com\0.evil.example") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "a NUL at its end",
		  { { CERT_DNS, SLICE_INIT("sip.example.com\0") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "a NUL in a URI",
		  { { CERT_URI, SLICE_INIT("sip:example.com\0x") } },
		  1,
		  NULL,
		  SLICE_INIT("example.com"),
		  false },
		{ "a wildcard",
		  { { CERT_DNS, SLICE_INIT("*.example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "a parent",
		  { { CERT_DNS, SLICE_INIT("example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "a user of it",
		  { { CERT_URI, SLICE_INIT("sip:bob@example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("example.com"),
		  false },
		{ "another scheme",
		  { { CERT_URI, SLICE_INIT("http:example.com") } },
		  1,
		  NULL,
		  SLICE_INIT("example.com"),
		  false },
		{ "a URI for others makes names void",
		  { { CERT_URI, SLICE_INIT("sip:other.org") },
		    { CERT_DNS, SLICE_INIT("example.com") } },
		  2,
		  NULL,
		  SLICE_INIT("example.com"),
		  false },
		{ "a common name only",
		  { { 0 } },
		  0,
		  "sip.example.com",
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "an empty name",
		  { { CERT_DNS, SLICE_INIT("") } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
		{ "a very long name",
		  { { CERT_DNS, { long_name, 3000 } } },
		  1,
		  NULL,
		  SLICE_INIT("sip.example.com"),
		  false },
	};
	struct tls_context *client = context_for_client();

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cert_spec spec = { .issuer = &ca,
					  .common_name = rows[i].common_name,
					  .name_count = rows[i].name_count };
		struct tls_context *accepting;
		struct cert cert;
		struct pair pair;

		memcpy(spec.names, rows[i].names, sizeof(spec.names));
		cert_make(&spec, &cert);
		accepting = context_with(&cert);
		pair = meet(client, accepting, rows[i].domain);
		if (is_open(&pair) != rows[i].is_good)
			fail_msg("%s: %.*s", rows[i].what, SLICE_ARGS(tls_reason(pair.client)));
		if (!rows[i].is_good)
			assert_int_equal(tls_get_state(pair.client), TLS_FAILED);
		part(&pair);
		tls_context_unref(accepting);
	}
	tls_context_unref(client);
}

static void a_server_must_prove_its_chain(void **state)
{
	static const struct cert_name name = { CERT_DNS, SLICE_INIT("sip.example.com") };
	const struct {
		const char *what;
		struct cert_spec spec;
		const char *reason;
	} rows[] = {
		{ "another root",
		  { .issuer = &other_ca, .names = { name }, .name_count = 1 },
		  "unable to get local issuer certificate" },
		{ "signed by itself",
		  { .names = { name }, .name_count = 1 },
		  "self-signed certificate" },
		{ "expired",
		  { .issuer = &ca,
		    .names = { name },
		    .name_count = 1,
		    .from_s = -100,
		    .until_s = -10 },
		  "certificate has expired" },
		{ "not yet valid",
		  { .issuer = &ca,
		    .names = { name },
		    .name_count = 1,
		    .from_s = 100,
		    .until_s = 1000 },
		  "certificate is not yet valid" },
		{ "signed by a leaf",
		  { .issuer = &server, .common_name = "leaf", .names = { name }, .name_count = 1 },
		  "unable to get local issuer certificate" },
	};
	struct tls_context *client = context_for_client();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_context *accepting;
		struct cert cert;
		struct pair pair;

		cert_make(&rows[i].spec, &cert);
		accepting = context_with(&cert);
		pair = meet(client, accepting, SLICE("sip.example.com"));
		if (tls_get_state(pair.client) != TLS_FAILED ||
		    !slice_eq(tls_reason(pair.client), slice_from_cstr(rows[i].reason)))
			fail_msg("%s: %.*s", rows[i].what, SLICE_ARGS(tls_reason(pair.client)));
		assert_int_equal(tls_get_state(pair.server), TLS_FAILED);
		part(&pair);
		tls_context_unref(accepting);
	}
	tls_context_unref(client);
}

static void clients_prove_themselves_when_asked(void **state)
{
	struct tls_spec spec = { .certificate = cert_text(&server),
				 .key = cert_key(&server),
				 .ca = cert_text(&ca),
				 .verifies_clients = true };
	struct tls_context *accepting = context_of(&spec), *with, *without = context_for_client();
	struct tls_context *wrong;
	struct cert client, stranger;
	struct pair pair;

	(void)state;
	cert_make_for(&ca, CERT_DNS, SLICE("phone"), &client);
	cert_make_for(&other_ca, CERT_DNS, SLICE("phone"), &stranger);
	with = context_with(&client);
	wrong = context_with(&stranger);
	pair = meet(with, accepting, SLICE("sip.example.com"));
	assert_true(is_open(&pair));
	part(&pair);
	pair = meet(without, accepting, SLICE("sip.example.com"));
	assert_int_equal(tls_get_state(pair.server), TLS_FAILED);
	part(&pair);
	pair = meet(wrong, accepting, SLICE("sip.example.com"));
	assert_int_equal(tls_get_state(pair.server), TLS_FAILED);
	part(&pair);
	tls_context_unref(with);
	tls_context_unref(without);
	tls_context_unref(wrong);
	tls_context_unref(accepting);
}

/* A client of the library itself: what ours would never say. Answers whether it got through. */
static bool plain_client_meets(int version, const char *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct tls_context *accepting = context_with(&server);
	struct tls_stream *stream;
	bool is_through = false;

	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
	if (ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, in, out);
	assert_int_equal(tls_accept(accepting, &stream), 0);
	for (int i = 0; i < 4 && !is_through; i++) {
		char *p;
		long n;

		is_through = SSL_connect(ssl) == 1 && tls_get_state(stream) == TLS_OPEN;
		n = BIO_get_mem_data(out, &p);
		if (n > 0)
			(void)tls_receive(stream, slice_of(p, (size_t)n));
		(void)BIO_reset(out);
		if (tls_to_send(stream).n > 0)
			BIO_write(in, tls_to_send(stream).p, (int)tls_to_send(stream).n);
		tls_sent(stream);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_free(stream);
	tls_context_unref(accepting);
	return is_through;
}

/* SECURITY T5 */
static void old_protocols_and_weak_ciphers_are_refused(void **state)
{
	(void)state;
	assert_true(plain_client_meets(TLS1_3_VERSION, NULL));
	assert_true(plain_client_meets(TLS1_2_VERSION, NULL));
	assert_true(plain_client_meets(TLS1_2_VERSION, "ECDHE+AES"));
	assert_false(plain_client_meets(TLS1_1_VERSION, NULL));
	assert_false(plain_client_meets(TLS1_VERSION, NULL));
	assert_false(plain_client_meets(TLS1_2_VERSION, "aNULL"));
	assert_false(plain_client_meets(TLS1_2_VERSION, "kRSA"));
	assert_false(plain_client_meets(TLS1_2_VERSION, "eNULL"));
}

static void nonsense_fails_and_stays_failed(void **state)
{
	static char zeroes[70000];
	static const struct slice rows[] = {
		SLICE_INIT("OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"),
		SLICE_INIT("\x16\x03\x01\xff\xff\x01\x00\x00"),
		SLICE_INIT("\x16\x03\x01\x00\x04\x01\xff\xff\xff"),
		SLICE_INIT("\x15\x03\x03\x00\x02\x02\x28"),
		SLICE_INIT("\x17\x03\x03\x00\x01x"),
		{ zeroes, sizeof(zeroes) },
	};
	struct tls_context *accepting = context_with(&server);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_stream *stream;
		char c;
		size_t n;

		assert_int_equal(tls_accept(accepting, &stream), 0);
		if (tls_receive(stream, rows[i]) != TLS_FAILED)
			fail_msg("row %zu went through", i);
		assert_true(tls_reason(stream).n > 0);
		assert_int_equal(tls_receive(stream, SLICE("more")), TLS_FAILED);
		assert_int_equal(tls_read(stream, &c, 1, &n), TLS_FAILED);
		assert_int_equal(tls_write(stream, SLICE("x")), ERR_STATE);
		tls_end(stream);
		tls_free(stream);
	}
	tls_context_unref(accepting);
}

/* Each byte of a handshake wrong in turn: it fails, or goes on as if nothing had been. */
static void damaged_handshakes_are_survived(void **state)
{
	struct tls_context *client = context_for_client(), *accepting = context_with(&server);

	(void)state;
	for (size_t at = 0; at < 320; at++) {
		struct tls_stream *a, *b;
		char hello[1024];
		struct slice bytes;

		assert_int_equal(tls_accept(accepting, &b), 0);
		assert_int_equal(tls_connect(client, SLICE("sip.example.com"), &loopback, &a), 0);
		bytes = tls_to_send(a);
		assert_true(bytes.n < sizeof(hello));
		memcpy(hello, bytes.p, bytes.n);
		hello[at % bytes.n] ^= (char)(1 << at % 8);
		(void)tls_receive(b, slice_of(hello, bytes.n));
		tls_sent(a);
		carry(b, a, false);
		shake_hands(a, b);
		assert_int_not_equal(tls_get_state(b), TLS_ENDED);
		tls_free(a);
		tls_free(b);
	}
	tls_context_unref(client);
	tls_context_unref(accepting);
}

static void a_spec_is_checked(void **state)
{
	const struct {
		const char *what;
		struct tls_spec spec;
		enum tls_fault fault;
	} rows[] = {
		{ "no certificate in it",
		  { .certificate = SLICE("nothing"), .key = cert_key(&server) },
		  TLS_FAULT_CERTIFICATE },
		{ "the key in its place",
		  { .certificate = cert_key(&server) },
		  TLS_FAULT_CERTIFICATE },
		{ "no key",
		  { .certificate = cert_text(&server), .key = cert_text(&server) },
		  TLS_FAULT_KEY },
		{ "an empty key", { .certificate = cert_text(&server) }, TLS_FAULT_KEY },
		{ "another's key",
		  { .certificate = cert_text(&server), .key = cert_key(&second) },
		  TLS_FAULT_MISMATCH },
		{ "a short key",
		  { .certificate = cert_text(&weak), .key = cert_key(&weak) },
		  TLS_FAULT_WEAK },
		{ "no root", { .ca = SLICE("nothing") }, TLS_FAULT_CA },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_context *context;
		enum tls_fault fault;

		if (tls_context_new(&rows[i].spec, &context, &fault) != ERR_SYNTAX ||
		    fault != rows[i].fault)
			fail_msg("%s: %d", rows[i].what, (int)fault);
	}
}

static void a_context_knows_its_times(void **state)
{
	struct tls_context *context, *empty = context_for_client();
	int64_t from_s, until_s;
	struct cert cert;

	(void)state;
	cert_make(&(struct cert_spec){ .from_s = -3600, .until_s = 7200 }, &cert);
	context = context_with(&cert);
	assert_int_equal(tls_context_validity(context, &from_s, &until_s), 0);
	assert_int_equal(until_s - from_s, 10800);
	assert_true(from_s > 1700000000);
	assert_int_equal(tls_context_validity(empty, &from_s, &until_s), ERR_NOTFOUND);
	assert_true(tls_context_can_accept(context));
	assert_false(tls_context_can_accept(empty));
	tls_context_unref(context);
	tls_context_unref(empty);
	tls_context_unref(NULL);
}

/* A reload gives the context up; the streams do not notice. */
static void streams_outlive_their_context(void **state)
{
	struct tls_context *client = context_for_client(), *accepting = context_with(&server);
	struct pair pair = meet(client, accepting, SLICE("sip.example.com"));

	(void)state;
	tls_context_unref(client);
	tls_context_unref(accepting);
	assert_true(is_open(&pair));
	assert_int_equal(tls_write(pair.client, SLICE("still here")), 0);
	carry(pair.client, pair.server, false);
	expect_heard(pair.server, "still here");
	part(&pair);
}

static void refused_memory_is_told(void **state)
{
	struct tls_context *context = context_with(&server), *none;
	struct tls_stream *stream;
	enum tls_fault fault;

	(void)state;
	mem_refuse_nth(1);
	assert_int_equal(tls_accept(context, &stream), ERR_NOMEM);
	mem_refuse_nth(1);
	assert_int_equal(tls_connect(context, SLICE_NONE, &loopback, &stream), ERR_NOMEM);
	mem_refuse_nth(1);
	assert_int_equal(tls_context_new(&(struct tls_spec){ 0 }, &none, &fault), ERR_NOMEM);
	tls_context_unref(context);
}

static size_t library_bytes;

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
	size_t before = malloc_usable_size(p);

	(void)file;
	(void)line;
	p = realloc(p, n);
	if (p)
		library_bytes += malloc_usable_size(p) - before;
	return p;
}

static void *counted_malloc(size_t n, const char *file, int line)
{
	return counted_realloc(NULL, n, file, line);
}

static void counted_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	library_bytes -= malloc_usable_size(p);
	free(p);
}

static void say_much(struct tls_stream *from, struct tls_stream *to)
{
	static char text[65000];
	size_t n, all = 0;

	assert_int_equal(tls_write(from, slice_of(text, sizeof(text))), 0);
	carry(from, to, false);
	do {
		assert_int_equal(tls_read(to, text, sizeof(text), &n), TLS_OPEN);
		all += n;
	} while (n > 0);
	assert_int_equal(all, sizeof(text));
}

/* SECURITY D8: a large message is not paid for until the phone leaves. */
static void a_large_message_leaves_no_memory_behind(void **state)
{
	struct tls_context *client = context_for_client(), *accepting = context_with(&server);
	struct pair pair = meet(client, accepting, SLICE("sip.example.com"));
	size_t before = library_bytes;

	(void)state;
	assert_true(before > 0);
	say_much(pair.client, pair.server);
	say_much(pair.server, pair.client);
	assert_in_range(library_bytes, before / 2, before + 32768);
	part(&pair);
	tls_context_unref(client);
	tls_context_unref(accepting);
}

static int make_certs(void **state)
{
	(void)state;
	cert_make_ca(&ca);
	cert_make(&(struct cert_spec){ .is_ca = true, .common_name = "another root" }, &other_ca);
	cert_make_for(&ca, CERT_DNS, SLICE("sip.example.com"), &server);
	cert_make(&(struct cert_spec){ .rsa_bits = 1024 }, &weak);
	cert_make(&(struct cert_spec){ 0 }, &second);
	return 0;
}

static int expect_no_block(void **state)
{
	(void)state;
	assert_int_equal(mem_count().blocks, 0);
	return 0;
}

#define TLS_TEST(f) cmocka_unit_test_teardown(f, expect_no_block)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TLS_TEST(words_go_both_ways),
		TLS_TEST(a_server_must_prove_its_name),
		TLS_TEST(a_server_must_prove_its_chain),
		TLS_TEST(clients_prove_themselves_when_asked),
		TLS_TEST(old_protocols_and_weak_ciphers_are_refused),
		TLS_TEST(nonsense_fails_and_stays_failed),
		TLS_TEST(damaged_handshakes_are_survived),
		TLS_TEST(a_spec_is_checked),
		TLS_TEST(a_context_knows_its_times),
		TLS_TEST(streams_outlive_their_context),
		TLS_TEST(refused_memory_is_told),
		TLS_TEST(a_large_message_leaves_no_memory_behind),
	};

	/* Before the library has any. */
	if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
		return 1;

	return cmocka_run_group_tests_name("tls", tests, make_certs, NULL);
}
