/* SPDX-License-Identifier: MIT */
/*
 * Digest authentication as client (RFC 3261 22.2 and 22.3, RFC 8760 2.4): picks the challenge of a
 * 401 or 407, prints the credentials, and keeps what was learned so that later requests carry
 * theirs from the start.
 */
#ifndef LAMPYRID_CORE_AUTH_CLIENT_H
#define LAMPYRID_CORE_AUTH_CLIENT_H

#include "sip/digest.h"
#include "sip/msg.h"

/* A challenge with longer texts is passed over as one we cannot answer. */
#define AUTH_REALM_MAX_BYTES 256
#define AUTH_NONCE_MAX_BYTES 512
#define AUTH_OPAQUE_MAX_BYTES 256
#define AUTH_USERNAME_MAX_BYTES 256
#define AUTH_CNONCE_BYTES 8

/* Answers to challenges of one request: one, and one more for another nonce. */
#define AUTH_ANSWERS_MAX 2

/* What one account has learned from one server. Zeroed it knows nothing. Owned by the caller. */
struct auth_client {
	char realm[AUTH_REALM_MAX_BYTES];
	char nonce[AUTH_NONCE_MAX_BYTES];
	char opaque[AUTH_OPAQUE_MAX_BYTES];
	size_t realm_n;
	size_t nonce_n;
	size_t opaque_n;
	enum hash_alg alg;
	bool has_qop;
	bool is_proxy;	 /* 407: the header is Proxy-Authorization */
	uint32_t nc;	 /* last count used with this nonce */
	uint32_t serial; /* counts the nonces learned; 0: none so far */
};

/* Who answers. The slices need to live only as long as the call they are handed to. */
struct auth_login {
	struct slice realm; /* answer only this one, so that nobody else gets a hash; empty: any */
	struct slice username; /* plain text */
	struct slice password;
};

/* The request that carries the credentials. */
struct auth_request {
	struct slice method;
	struct slice uri;		   /* the Request-URI as it is sent */
	uint8_t cnonce[AUTH_CNONCE_BYTES]; /* random, new for each print */
};

/* The attempts to get one request through. Zeroed before its first sending, kept by its sender. */
struct auth_attempt {
	unsigned answers; /* to challenges, so far */
	uint32_t serial;  /* of the nonce it was last sent with; 0: without credentials */
	bool is_stale;	  /* the last challenge only refused the nonce's age */
};

/*
 * Prints "Authorization: ...\r\n" (or Proxy-Authorization) for a request that was not challenged
 * yet, from what is known. ERR_NOTFOUND when nothing is: send it bare.
 */
int auth_client_print(struct auth_client *client, const struct auth_login *login,
		      const struct auth_request *request, struct auth_attempt *attempt,
		      struct buf *buf);

/*
 * Answers a 401 or 407 to the request: learns its challenge and prints the header line to send the
 * request again with. ERR_DENIED when it refuses what was sent already, or challenges without end;
 * ERR_UNSUPPORTED when there is no challenge that we can answer. Nothing is printed then.
 * Both: ERR_SYNTAX when the user name or URI cannot stand in a header; ERR_LIMIT when `buf` is too
 * small, the user name too long, or the nonce's counts are used up.
 */
int auth_client_answer(struct auth_client *client, const struct sip_msg *response,
		       const struct auth_login *login, const struct auth_request *request,
		       struct auth_attempt *attempt, struct buf *buf);

#endif
