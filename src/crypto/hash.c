/* SPDX-License-Identifier: MIT */
/*
 * Hashes on OpenSSL 3. Fetching an algorithm costs microseconds, hashing with it a fraction of
 * one, so everything is fetched once and one context per algorithm is used again and again: a
 * context that stays with its algorithm keeps its inner state's memory. OpenSSL takes its memory
 * from its own allocator; all of it is held between hash_init() and hash_fini().
 */
#include "crypto/hash.h"

#include "base/check.h"
#include "base/err.h"

/* OpenSSL has a type of this name, which base/err.h needs for an error. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#undef ERR_STATE

#define ALG_COUNT 2

static struct {
	EVP_MD *md[ALG_COUNT];
	EVP_MD_CTX *ctx[ALG_COUNT];
	EVP_MAC *mac;
	EVP_MAC_CTX *mac_ctx;
	bool is_ready;
} loaded;

static const struct {
	const char *name;
	size_t size; /* bytes */
} algs[ALG_COUNT] = {
	[HASH_MD5] = { "MD5", 16 },
	[HASH_SHA256] = { "SHA256", 32 },
};

static int load_alg(enum hash_alg alg)
{
	loaded.md[alg] = EVP_MD_fetch(NULL, algs[alg].name, NULL);
	if (!loaded.md[alg])
		return ERR_UNSUPPORTED;
	loaded.ctx[alg] = EVP_MD_CTX_new();
	if (!loaded.ctx[alg])
		return ERR_NOMEM;
	return EVP_DigestInit_ex2(loaded.ctx[alg], loaded.md[alg], NULL) ? 0 : ERR_UNSUPPORTED;
}

static int load_mac(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	loaded.mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!loaded.mac)
		return ERR_UNSUPPORTED;
	loaded.mac_ctx = EVP_MAC_CTX_new(loaded.mac);
	if (!loaded.mac_ctx)
		return ERR_NOMEM;
	return EVP_MAC_CTX_set_params(loaded.mac_ctx, params) ? 0 : ERR_UNSUPPORTED;
}

int hash_init(void)
{
	int err;

	if (loaded.is_ready)
		return 0;
	err = load_alg(HASH_MD5);
	if (!err)
		err = load_alg(HASH_SHA256);
	if (!err)
		err = load_mac();
	if (err) {
		hash_fini();
		return err;
	}
	loaded.is_ready = true;
	return 0;
}

void hash_fini(void)
{
	for (size_t i = 0; i < ALG_COUNT; i++) {
		EVP_MD_CTX_free(loaded.ctx[i]);
		EVP_MD_free(loaded.md[i]);
		loaded.ctx[i] = NULL;
		loaded.md[i] = NULL;
	}
	EVP_MAC_CTX_free(loaded.mac_ctx);
	EVP_MAC_free(loaded.mac);
	loaded.mac_ctx = NULL;
	loaded.mac = NULL;
	loaded.is_ready = false;
}

size_t hash_size(enum hash_alg alg)
{
	return algs[alg].size;
}

static void hex_print(const unsigned char *bytes, size_t n, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
}

int hash_joined_hex(enum hash_alg alg, const struct slice *parts, size_t part_count,
		    char ret_hex[HASH_MAX_HEX])
{
	unsigned char result[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = loaded.ctx[alg];

	CHECK(loaded.is_ready);
	if (!EVP_DigestInit_ex2(ctx, loaded.md[alg], NULL))
		return ERR_NOMEM;
	for (size_t i = 0; i < part_count; i++) {
		if (i > 0 && !EVP_DigestUpdate(ctx, ":", 1))
			return ERR_NOMEM;
		if (parts[i].n > 0 && !EVP_DigestUpdate(ctx, parts[i].p, parts[i].n))
			return ERR_NOMEM;
	}
	if (!EVP_DigestFinal_ex(ctx, result, NULL))
		return ERR_NOMEM;
	hex_print(result, algs[alg].size, ret_hex);
	return 0;
}

int hash_hmac(struct slice key, struct slice text, uint8_t ret_mac[32])
{
	/* A key of NULL would mean "the last one again". */
	const char *key_bytes = key.p ? key.p : "";
	size_t n;

	CHECK(loaded.is_ready);
	if (!EVP_MAC_init(loaded.mac_ctx, (const unsigned char *)key_bytes, key.n, NULL))
		return ERR_NOMEM;
	if (text.n > 0 && !EVP_MAC_update(loaded.mac_ctx, (const unsigned char *)text.p, text.n))
		return ERR_NOMEM;
	return EVP_MAC_final(loaded.mac_ctx, ret_mac, &n, 32) ? 0 : ERR_NOMEM;
}

bool hash_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
