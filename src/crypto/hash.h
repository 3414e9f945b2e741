/* SPDX-License-Identifier: MIT */
/*
 * Hashes for digest authentication, from OpenSSL: the only place below `io` that knows it.
 */
#ifndef LAMPYRID_CRYPTO_HASH_H
#define LAMPYRID_CRYPTO_HASH_H

#include "base/slice.h"

enum hash_alg { HASH_MD5, HASH_SHA256 };

#define HASH_MAX_BYTES 32
#define HASH_MAX_HEX (2 * HASH_MAX_BYTES)

/* Loads the algorithms once. ERR_UNSUPPORTED when the library refuses one (FIPS mode: MD5). */
int hash_init(void);
void hash_fini(void);

/* Bytes of a result: 16 or 32. */
size_t hash_size(enum hash_alg alg);

/* The hash of the parts joined by ':' as digest wants them, in lower-case hex (2 * hash_size). */
int hash_joined_hex(enum hash_alg alg, const struct slice *parts, size_t part_count,
		    char ret_hex[HASH_MAX_HEX]);

/* HMAC-SHA-256 (RFC 2104), 32 bytes. */
int hash_hmac(struct slice key, struct slice text, uint8_t ret_mac[32]);

/* Compares in constant time. */
bool hash_eq(struct slice a, struct slice b);

#endif
