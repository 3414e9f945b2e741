/* SPDX-License-Identifier: MIT */
/*
 * Digest access authentication (RFC 7616 as SIP uses it: RFC 3261 22 and RFC 8760): the values of
 * challenges and credentials, and the computation. MD5 and SHA-256, qop=auth or none (RFC 2069
 * clients). Whose password, which nonce and whether it was seen before is core/'s business.
 */
#ifndef LAMPYRID_SIP_DIGEST_H
#define LAMPYRID_SIP_DIGEST_H

#include "base/buf.h"
#include "crypto/hash.h"

/* Loads the algorithms, once per process; ERR_UNSUPPORTED as hash_init(). */
int digest_init(void);

struct digest_challenge {
	struct slice realm;
	struct slice nonce;
	struct slice opaque;
	enum hash_alg alg;
	bool is_alg_given;
	bool is_stale;
	bool has_qop;	   /* a qop list is there */
	bool has_qop_auth; /* and holds "auth" */
};

struct digest_credentials {
	struct slice username;
	struct slice realm;
	struct slice nonce;
	struct slice uri;
	struct slice response;
	struct slice opaque;
	struct slice cnonce;
	struct slice nc_text; /* the eight digits as they stood; empty without qop */
	uint32_t nc;
	enum hash_alg alg;
	bool has_qop; /* qop=auth */
};

/*
 * ERR_SYNTAX for what is not "Digest ..." or lacks realm or nonce (credentials: also username,
 * uri, response of the right length, and with qop cnonce and nc); ERR_UNSUPPORTED for another
 * algorithm or qop. Slices have their quotes removed; a backslash escape inside stays as it is.
 */
int digest_challenge_parse(struct slice value, struct digest_challenge *ret_challenge);
int digest_credentials_parse(struct slice value, struct digest_credentials *ret_credentials);

/*
 * The text of a quoted string and what it stands for (RFC 7616 3.4: unq). A field of the structs
 * above holds the former: a configured user name goes in by digest_escape(), a received one is
 * looked up by what digest_unescape() gives.
 */
void digest_escape(struct buf *buf, struct slice plain);
void digest_unescape(struct buf *buf, struct slice text);

/* The header's value: `Digest realm="...", nonce="...", algorithm=..., qop="auth"[, stale=true]`.
 * CR, LF and NUL are left out and a bare quote is escaped, so no text can leave its field.
 */
void digest_challenge_print(struct buf *buf, const struct digest_challenge *challenge);
void digest_credentials_print(struct buf *buf, const struct digest_credentials *credentials);

/*
 * The response (2 * hash_size hex digits) for these credentials (their `response` is not read),
 * this method and this password. Escapes are undone before hashing. Without nc_text the count is
 * made from `nc`. ERR_LIMIT when escaped text is longer than one header may be.
 */
int digest_response(const struct digest_credentials *credentials, struct slice method,
		    struct slice password, char ret_hex[HASH_MAX_HEX]);

/* Whether `response` is what somebody who knows the password says. Takes the same time either way.
 */
bool digest_is_right(const struct digest_credentials *credentials, struct slice method,
		     struct slice password);

#endif
