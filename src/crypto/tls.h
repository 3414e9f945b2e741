/* SPDX-License-Identifier: MIT */
/*
 * TLS (RFC 8446, RFC 5246) without sockets: bytes of the wire go in and come out, and so does what
 * they carry. Certificates are checked as SIP wants it (RFC 5922). Files are read elsewhere.
 */
#ifndef LAMPYRID_CRYPTO_TLS_H
#define LAMPYRID_CRYPTO_TLS_H

#include "base/addr.h"

struct tls_context;
struct tls_stream;

/* PEM texts, needed during the call only. */
struct tls_spec {
	struct slice certificate; /* ours, then those that lead to its root; empty: we have none */
	struct slice key;	  /* of it, not encrypted */
	struct slice ca;	  /* roots that peers are checked by; empty: those of the system */
	bool verifies_clients;	  /* who connects needs a certificate, too */
};

/* What is wrong with a spec. */
enum tls_fault {
	TLS_FAULT_NONE,
	TLS_FAULT_CERTIFICATE, /* there is none in the text */
	TLS_FAULT_WEAK,	       /* its key is too short, or its signature too old */
	TLS_FAULT_KEY,	       /* there is none in the text, or it is encrypted */
	TLS_FAULT_MISMATCH,    /* the key belongs to another certificate */
	TLS_FAULT_CA,	       /* there is no certificate in the text */
};

/*
 * Immutable and counted: a reload makes another one, and streams keep the one they began with.
 * ERR_SYNTAX with the fault, or ERR_NOMEM; *ret_fault is set in any case.
 */
int tls_context_new(const struct tls_spec *spec, struct tls_context **ret_context,
		    enum tls_fault *ret_fault);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* NULL is allowed */

/* Whether it has a certificate of ours: without one it cannot accept. */
bool tls_context_can_accept(const struct tls_context *context);

/* When our certificate is valid, in seconds since 1970 UTC. ERR_NOTFOUND without one. */
int tls_context_validity(const struct tls_context *context, int64_t *ret_from_s,
			 int64_t *ret_until_s);

enum tls_state {
	TLS_SHAKING_HANDS, /* nothing may be written yet */
	TLS_OPEN,	   /* whoever had to prove something has done it */
	TLS_ENDED,	   /* by the peer, in order */
	TLS_FAILED,
};

/* The called side. The context must have a certificate. ERR_NOMEM. */
int tls_accept(struct tls_context *context, struct tls_stream **ret_stream);

/*
 * The calling side. The peer must prove the SIP domain (RFC 5922 7.1), or the address when the
 * domain is empty or numeric: a certificate of a known root with that name, no wildcard, no common
 * name. `domain` must outlive the stream. ERR_NOMEM.
 */
int tls_connect(struct tls_context *context, struct slice domain, const struct addr *addr,
		struct tls_stream **ret_stream);
void tls_free(struct tls_stream *stream); /* NULL is allowed */

/* Takes bytes from the wire and goes on with the handshake as far as they last. */
enum tls_state tls_receive(struct tls_stream *stream, struct slice bytes);

/*
 * What the peer wrote, up to `cap` bytes; *ret_n is 0 when there is no more for now. It must be
 * read until then before the next tls_receive(), so that no more than one record is ever held.
 */
enum tls_state tls_read(struct tls_stream *stream, char *p, size_t cap, size_t *ret_n);

/* Writes to the peer. ERR_STATE when it is not open. */
int tls_write(struct tls_stream *stream, struct slice bytes);

/* Says good-bye. */
void tls_end(struct tls_stream *stream);

enum tls_state tls_get_state(const struct tls_stream *stream);

/* What is to be sent on the wire now; after any of the calls above. Valid until tls_sent(). */
struct slice tls_to_send(struct tls_stream *stream);
void tls_sent(struct tls_stream *stream);

/* Why it failed, in the library's words. */
struct slice tls_reason(const struct tls_stream *stream);

#endif
