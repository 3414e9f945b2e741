/* SPDX-License-Identifier: MIT */
/*
 * TLS on OpenSSL 3. A stream's wire is a pair of memory BIOs, so that no socket is needed; both are
 * emptied before more is put in, which bounds them. OpenSSL takes its memory from its own
 * allocator, its randomness from the system, and the time to check certificates by from the clock.
 */
#include "crypto/tls.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

/* OpenSSL has a type of this name, which base/err.h needs for an error. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#define DOMAIN_MAX_BYTES 253
#define CHAIN_MAX_BYTES 32768 /* of a peer's certificates */
#define CHAIN_MAX_DEPTH 8
#define WIRE_KEPT_BYTES 8192 /* between two messages */

/*
 * Forward secrecy, authenticated encryption first; CBC for phones of 2012. The plain RSA key
 * exchange that RFC 3261 26.2.1 asked for is gone for good (RFC 9325 4.1).
 */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!MD5:!DSS"

struct tls_context {
	uint32_t refs;
	SSL_CTX *ctx;
	bool has_certificate;
	bool verifies_clients;
};

struct tls_stream {
	SSL *ssl;
	BIO *in;  /* the ssl's */
	BIO *out; /* the ssl's */
	enum tls_state state;
	bool is_server;
	struct slice domain; /* what a server must prove; empty: its address */
	struct addr addr;
	const char *reason; /* constant text of the library */
};

/* --- Whom a certificate is for (RFC 5922 7.1) --------------------------------------------- */

/* A slice of the certificate with its true length: a NUL in it matches nothing (SECURITY T3). */
static struct slice name_text(const ASN1_STRING *text)
{
	return slice_of((const char *)ASN1_STRING_get0_data(text),
			(size_t)ASN1_STRING_length(text));
}

/* "sip:example.com": a URI without a user is a domain's identity. */
static bool sip_domain(const GENERAL_NAME *name, struct slice *ret_domain)
{
	struct slice text;

	if (name->type != GEN_URI)
		return false;
	text = name_text(name->d.uniformResourceIdentifier);
	if (!slice_eq_nocase(slice_head(text, 4), SLICE("sip:")) ||
	    slice_find_char(text, '@') < text.n)
		return false;
	*ret_domain = slice_from(text, 4);
	return true;
}

static bool proves_by_uri(const GENERAL_NAMES *names, struct slice domain, bool *ret_has_any)
{
	struct slice found;
	bool is_proved = false;

	*ret_has_any = false;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!sip_domain(sk_GENERAL_NAME_value(names, i), &found))
			continue;
		*ret_has_any = true;
		is_proved = is_proved || slice_eq_nocase(found, domain);
	}
	return is_proved;
}

/* Names of hosts count only when there is no domain by URI; wildcards match nothing (7.2). */
static bool proves_domain(const GENERAL_NAMES *names, struct slice domain)
{
	bool has_uri;

	if (proves_by_uri(names, domain, &has_uri) || has_uri)
		return proves_by_uri(names, domain, &has_uri);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS && slice_eq_nocase(name_text(name->d.dNSName), domain))
			return true;
	}
	return false;
}

static bool proves_address(const GENERAL_NAMES *names, const struct addr *addr)
{
	struct slice wanted = slice_of((const char *)addr->ip, addr->family == ADDR_IPV6 ? 16 : 4);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_IPADD && slice_eq(name_text(name->d.iPAddress), wanted))
			return true;
	}
	return false;
}

static bool certificate_proves(const X509 *certificate, const struct tls_stream *stream)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool is_proved = false;

	if (!names)
		return false;
	if (slice_is_empty(stream->domain))
		is_proved = proves_address(names, &stream->addr);
	else
		is_proved = proves_domain(names, stream->domain);
	GENERAL_NAMES_free(names);
	return is_proved;
}

/* Called for each certificate of the chain, the peer's own last; only ever makes it stricter. */
static int on_verify(int is_good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_stream *stream = SSL_get_app_data(ssl);

	if (!is_good || X509_STORE_CTX_get_error_depth(store) > 0 || stream->is_server)
		return is_good;
	if (certificate_proves(X509_STORE_CTX_get_current_cert(store), stream))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}

/* --- Contexts ----------------------------------------------------------------------------- */

static BIO *bio_on(struct slice text)
{
	return text.n > INT32_MAX ? NULL : BIO_new_mem_buf(text.p ? text.p : "", (int)text.n);
}

/* A passphrase cannot be asked for by a server that starts alone. */
static int no_passphrase(char *p, int cap, int is_writing, void *ctx)
{
	(void)p;
	(void)cap;
	(void)is_writing;
	(void)ctx;
	return -1;
}

static enum tls_fault use_certificate(SSL_CTX *ctx, BIO *bio)
{
	X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	bool is_taken;

	if (!certificate)
		return TLS_FAULT_CERTIFICATE;
	is_taken = SSL_CTX_use_certificate(ctx, certificate) == 1;
	X509_free(certificate);
	if (!is_taken)
		return TLS_FAULT_WEAK;
	while ((certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		if (SSL_CTX_add0_chain_cert(ctx, certificate) != 1) {
			X509_free(certificate);
			return TLS_FAULT_WEAK;
		}
	}
	return TLS_FAULT_NONE;
}

static enum tls_fault use_key(SSL_CTX *ctx, BIO *bio)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool is_taken;

	if (!key)
		return TLS_FAULT_KEY;
	/* Compared by hand: the library would drop the certificate that does not match. */
	is_taken = X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) == 1 &&
		   SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	return is_taken ? TLS_FAULT_NONE : TLS_FAULT_MISMATCH;
}

static enum tls_fault use_ca(SSL_CTX *ctx, BIO *bio)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	X509 *certificate;
	size_t count = 0;

	while ((certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		bool is_taken = X509_STORE_add_cert(store, certificate) == 1 &&
				SSL_CTX_add_client_CA(ctx, certificate) == 1;

		X509_free(certificate);
		if (!is_taken)
			return TLS_FAULT_CA;
		count++;
	}
	return count > 0 ? TLS_FAULT_NONE : TLS_FAULT_CA;
}

static int use_text(SSL_CTX *ctx, struct slice text, enum tls_fault (*use)(SSL_CTX *, BIO *),
		    enum tls_fault *ret_fault)
{
	BIO *bio = bio_on(text);

	if (!bio)
		return ERR_NOMEM;
	*ret_fault = use(ctx, bio);
	BIO_free(bio);
	ERR_clear_error();
	return *ret_fault == TLS_FAULT_NONE ? 0 : ERR_SYNTAX;
}

static int set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* An idle phone costs no buffers (SECURITY D8). */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* Tickets, which cost us nothing, but no table of sessions. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX_BYTES);
	SSL_CTX_set_verify_depth(ctx, CHAIN_MAX_DEPTH);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
			       SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
			       SSL_CTX_set_session_id_context(
				       ctx, (const unsigned char *)"lampyrid", 8) == 1
		       ? 0
		       : ERR_NOMEM;
}

static int use_spec(SSL_CTX *ctx, const struct tls_spec *spec, enum tls_fault *ret_fault)
{
	int err = set_rules(ctx);

	if (!err && !slice_is_empty(spec->certificate)) {
		err = use_text(ctx, spec->certificate, use_certificate, ret_fault);
		if (!err)
			err = use_text(ctx, spec->key, use_key, ret_fault);
	}
	if (err)
		return err;
	if (!slice_is_empty(spec->ca))
		return use_text(ctx, spec->ca, use_ca, ret_fault);
	return SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0 : ERR_NOMEM;
}

int tls_context_new(const struct tls_spec *spec, struct tls_context **ret_context,
		    enum tls_fault *ret_fault)
{
	struct tls_context *context = mem_alloc(sizeof(*context));
	int err;

	*ret_fault = TLS_FAULT_NONE;
	if (!context)
		return ERR_NOMEM;
	context->refs = 1;
	context->has_certificate = !slice_is_empty(spec->certificate);
	context->verifies_clients = spec->verifies_clients;
	context->ctx = SSL_CTX_new(TLS_method());
	err = context->ctx ? use_spec(context->ctx, spec, ret_fault) : ERR_NOMEM;
	ERR_clear_error();
	if (err) {
		tls_context_unref(context);
		return err;
	}
	*ret_context = context;
	return 0;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	CHECK(context->refs > 0 && context->refs < UINT32_MAX);
	context->refs++;
	return context;
}

void tls_context_unref(struct tls_context *context)
{
	if (!context || --context->refs > 0)
		return;
	SSL_CTX_free(context->ctx);
	mem_free(context);
}

bool tls_context_can_accept(const struct tls_context *context)
{
	return context->has_certificate;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	/* Without memory, or with a date out of reason: the beginning of time. */
	if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

int tls_context_validity(const struct tls_context *context, int64_t *ret_from_s,
			 int64_t *ret_until_s)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context->ctx);

	if (!certificate)
		return ERR_NOTFOUND;
	*ret_from_s = seconds_of(X509_get0_notBefore(certificate));
	*ret_until_s = seconds_of(X509_get0_notAfter(certificate));
	return 0;
}

/* --- Streams ------------------------------------------------------------------------------ */

static int stream_new(struct tls_context *context, struct tls_stream **ret_stream)
{
	struct tls_stream *stream = mem_alloc(sizeof(*stream));

	if (!stream)
		return ERR_NOMEM;
	stream->reason = "no reason";
	stream->ssl = SSL_new(context->ctx);
	stream->in = BIO_new(BIO_s_mem());
	stream->out = BIO_new(BIO_s_mem());
	if (!stream->ssl || !stream->in || !stream->out) {
		BIO_free(stream->in);
		BIO_free(stream->out);
		SSL_free(stream->ssl);
		mem_free(stream);
		return ERR_NOMEM;
	}
	SSL_set_bio(stream->ssl, stream->in, stream->out);
	SSL_set_app_data(stream->ssl, stream);
	*ret_stream = stream;
	return 0;
}

int tls_accept(struct tls_context *context, struct tls_stream **ret_stream)
{
	int mode = context->verifies_clients ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
					     : SSL_VERIFY_NONE;
	struct tls_stream *stream;
	int err;

	CHECK(context->has_certificate);
	err = stream_new(context, &stream);
	if (err)
		return err;
	stream->is_server = true;
	SSL_set_verify(stream->ssl, mode, on_verify);
	SSL_set_accept_state(stream->ssl);
	*ret_stream = stream;
	return 0;
}

static bool ask_by_name(SSL *ssl, struct slice domain)
{
	char text[DOMAIN_MAX_BYTES + 1] = { 0 };

	if (domain.n > DOMAIN_MAX_BYTES)
		return false;
	memcpy(text, domain.p, domain.n);
	return SSL_set_tlsext_host_name(ssl, text) == 1;
}

int tls_connect(struct tls_context *context, struct slice domain, const struct addr *addr,
		struct tls_stream **ret_stream)
{
	struct tls_stream *stream;
	int err = stream_new(context, &stream);

	if (err)
		return err;
	stream->addr = *addr;
	/* A numeric domain is an address, and SNI is for names only (RFC 6066 3). */
	if (!slice_is_empty(domain) && addr_parse_ip(domain, &stream->addr)) {
		stream->domain = domain;
		err = ask_by_name(stream->ssl, domain) ? 0 : ERR_NOMEM;
	}
	SSL_set_connect_state(stream->ssl);
	if (err) {
		tls_free(stream);
		return err;
	}
	(void)tls_receive(stream, SLICE_NONE);
	*ret_stream = stream;
	return 0;
}

/* An empty one, which would keep the room of the largest message there ever was: a fresh one. */
static bool shrink(BIO *bio)
{
	BUF_MEM *mem = NULL, *fresh;

	(void)BIO_get_mem_ptr(bio, &mem);
	fresh = mem && mem->max > WIRE_KEPT_BYTES ? BUF_MEM_new() : NULL;
	if (fresh)
		(void)BIO_set_mem_buf(bio, fresh, BIO_CLOSE);
	return fresh;
}

void tls_free(struct tls_stream *stream)
{
	if (!stream)
		return;
	SSL_free(stream->ssl);
	mem_free(stream);
}

static void note_failure(struct tls_stream *stream)
{
	long verdict = SSL_get_verify_result(stream->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	stream->state = TLS_FAILED;
	if (verdict != X509_V_OK)
		stream->reason = X509_verify_cert_error_string(verdict);
	else if (reason)
		stream->reason = reason;
}

/* After an operation that gave `result`: more bytes of the wire may be all that is missing. */
static void note_result(struct tls_stream *stream, int result)
{
	int error = SSL_get_error(stream->ssl, result);

	if (error == SSL_ERROR_ZERO_RETURN)
		stream->state = TLS_ENDED;
	else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		note_failure(stream);
	ERR_clear_error();
}

enum tls_state tls_receive(struct tls_stream *stream, struct slice bytes)
{
	int result;

	if (stream->state == TLS_FAILED || stream->state == TLS_ENDED)
		return stream->state;
	CHECK(bytes.n <= INT32_MAX);
	ERR_clear_error();
	if (bytes.n > 0 && BIO_write(stream->in, bytes.p, (int)bytes.n) != (int)bytes.n) {
		note_failure(stream);
		return stream->state;
	}
	if (stream->state != TLS_SHAKING_HANDS)
		return stream->state;
	result = SSL_do_handshake(stream->ssl);
	if (result == 1)
		stream->state = TLS_OPEN;
	else
		note_result(stream, result);
	return stream->state;
}

enum tls_state tls_read(struct tls_stream *stream, char *p, size_t cap, size_t *ret_n)
{
	int result;

	*ret_n = 0;
	if (stream->state != TLS_OPEN)
		return stream->state;
	ERR_clear_error();
	result = SSL_read_ex(stream->ssl, p, cap, ret_n);
	if (result == 1)
		return stream->state;
	note_result(stream, result);
	if (BIO_pending(stream->in) == 0)
		(void)shrink(stream->in);
	return stream->state;
}

int tls_write(struct tls_stream *stream, struct slice bytes)
{
	size_t n;

	if (stream->state != TLS_OPEN)
		return ERR_STATE;
	ERR_clear_error();
	/* Into memory all of it goes at once. */
	if (bytes.n > 0 && (SSL_write_ex(stream->ssl, bytes.p, bytes.n, &n) != 1 || n != bytes.n)) {
		note_failure(stream);
		ERR_clear_error();
		return ERR_STATE;
	}
	return 0;
}

void tls_end(struct tls_stream *stream)
{
	if (stream->state != TLS_OPEN && stream->state != TLS_ENDED)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(stream->ssl);
	ERR_clear_error();
	stream->state = TLS_ENDED;
}

enum tls_state tls_get_state(const struct tls_stream *stream)
{
	return stream->state;
}

struct slice tls_to_send(struct tls_stream *stream)
{
	char *p = NULL;
	long n = BIO_get_mem_data(stream->out, &p);

	return n > 0 ? slice_of(p, (size_t)n) : SLICE_NONE;
}

void tls_sent(struct tls_stream *stream)
{
	if (!shrink(stream->out))
		(void)BIO_reset(stream->out);
}

struct slice tls_reason(const struct tls_stream *stream)
{
	return slice_from_cstr(stream->reason);
}
