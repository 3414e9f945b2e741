/* SPDX-License-Identifier: MIT */
/*
 * The server's digest nonces (RFC 7616 3.3 and 3.4). A nonce carries its time of issue and a MAC,
 * so that handing one out costs no memory: only a nonce with which somebody proved to know a
 * password is remembered, with the nonce counts it was used with.
 */
#ifndef LAMPYRID_CORE_NONCE_H
#define LAMPYRID_CORE_NONCE_H

#include "base/buf.h"
#include "base/map.h"

/*
 * How long one may be used. An older one costs the client one more round trip (stale=true), never
 * its user a question.
 */
#define NONCE_LIFE_MS (5 * 60 * 1000)

/* Remembered at most; beyond that the oldest ones become stale before their time. */
#define NONCE_TABLE_MAX 16384

/* Issue time, salt and MAC. */
#define NONCE_BYTES 24
#define NONCE_MAX_BYTES (2 * NONCE_BYTES)
#define NONCE_SALT_BYTES 8
#define NONCE_SECRET_BYTES 32

struct nonce_record;

struct nonces {
	uint64_t mac_secret[2];
	struct map used;	    /* owns a struct nonce_record per nonce */
	struct nonce_record *first; /* of the same ones, the first used */
	struct nonce_record *last;
	uint64_t floor_ms; /* what was issued up to here has been forgotten */
	size_t used_max;   /* NONCE_TABLE_MAX; a test may lower it */
};

enum nonce_verdict {
	NONCE_GOOD,
	NONCE_STALE,  /* ours, but too old, replayed or forgotten: challenge with stale=true */
	NONCE_FOREIGN /* not ours: challenge as if there had been no credentials */
};

/*
 * `secret` is random and lives as long as the process: a restart makes all nonces foreign. The
 * times given to the functions below are of a clock that never goes back.
 */
void nonces_init(struct nonces *nonces, const uint8_t secret[NONCE_SECRET_BYTES]);
void nonces_fini(struct nonces *nonces);

/* Prints a fresh nonce, NONCE_MAX_BYTES long. The salt is random, new for each one. */
void nonce_make(struct nonces *nonces, uint64_t now_ms, const uint8_t salt[NONCE_SALT_BYTES],
		struct buf *buf);

/*
 * The verdict that nonce_use() would give, without using it up. Asked before the password is
 * looked up: a foreign nonce needs no hashing of credentials. RFC 7616 3.3 lets stale=true be told
 * only to who answered right, so NONCE_STALE here is no news for the peer yet.
 */
enum nonce_verdict nonce_peek(const struct nonces *nonces, struct slice nonce, uint32_t nc,
			      uint64_t now_ms);

/*
 * Uses up one count of a nonce, after the response was found right. `nc` is the client's nonce
 * count; counts may arrive out of order, at most 63 behind the highest, each once. 0 stands for
 * credentials without qop (RFC 2069): they are good once per nonce.
 */
enum nonce_verdict nonce_use(struct nonces *nonces, struct slice nonce, uint32_t nc,
			     uint64_t now_ms);

#endif
