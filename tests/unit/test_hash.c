/* SPDX-License-Identifier: MIT */
/*
 * Hashes against the vectors of RFC 1321, FIPS 180-4 and RFC 4231, on input that ends at an
 * unreadable page.
 */
#include "base/buf.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PARTS_MAX 3

static void parts_are_joined_by_colons_and_hashed(void **state)
{
	static char x[200];
	static char y[64];
	static const struct {
		const char *name;
		struct slice parts[PARTS_MAX];
		size_t count;
		const char *md5;
		const char *sha256;
	} cases[] = {
		{ "no part",
		  { SLICE_INIT("") },
		  0,
		  "d41d8cd98f00b204e9800998ecf8427e",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "one empty part",
		  { { NULL, 0 } },
		  1,
		  "d41d8cd98f00b204e9800998ecf8427e",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "one part",
		  { SLICE_INIT("abc") },
		  1,
		  "900150983cd24fb0d6963f7d28e17f72",
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "two empty parts",
		  { SLICE_INIT(""), SLICE_INIT("") },
		  2,
		  "853ae90f0351324bd73ea615e6487517",
		  "e7ac0786668e0ff0f02b62bd04f45ff636fd82db63b1104601c975dc005f3a67" },
		{ "three parts",
		  { SLICE_INIT("a"), SLICE_INIT("b"), SLICE_INIT("c") },
		  3,
		  "02cc8f08398a4f3113b554e8105ebe4c",
		  "b0ee04f880c4ff4261479e2e7822b7410aee4c7159f4185ad5b0d88a312b495e" },
		{ "longer than a block",
		  { { x, sizeof(x) }, { y, sizeof(y) } },
		  2,
		  "586dc69c7e162938cbb1c36cb3e3f263",
		  "3a7782eeceb951260c410b105f5fd4ed647063df88e72e07c488fdb37447bcf7" },
	};

	(void)state;
	memset(x, 'x', sizeof(x));
	memset(y, 'y', sizeof(y));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded copies[PARTS_MAX];
		struct slice parts[PARTS_MAX];
		char hex[HASH_MAX_HEX];

		for (size_t j = 0; j < PARTS_MAX; j++) {
			copies[j] = guarded_copy(cases[i].parts[j]);
			parts[j] = copies[j].text;
		}
		assert_int_equal(hash_joined_hex(HASH_MD5, parts, cases[i].count, hex), 0);
		if (!slice_eq(slice_of(hex, 32), slice_from_cstr(cases[i].md5)))
			fail_msg("%s: MD5", cases[i].name);
		assert_int_equal(hash_joined_hex(HASH_SHA256, parts, cases[i].count, hex), 0);
		if (!slice_eq(slice_of(hex, 64), slice_from_cstr(cases[i].sha256)))
			fail_msg("%s: SHA-256", cases[i].name);
		for (size_t j = 0; j < PARTS_MAX; j++)
			guarded_free(&copies[j]);
	}
}

static void hmac_agrees_with_rfc_4231(void **state)
{
	static char key_0b[20];
	static char key_aa[131];
	static const struct {
		const char *name;
		struct slice key;
		struct slice text;
		const char *mac; /* hex */
	} cases[] = {
		{ "case 1",
		  { key_0b, sizeof(key_0b) },
		  SLICE_INIT("Hi There"),
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "empty key after another",
		  { NULL, 0 },
		  { NULL, 0 },
		  "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
		{ "case 2", SLICE_INIT("Jefe"), SLICE_INIT("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "case 6, key longer than a block",
		  { key_aa, sizeof(key_aa) },
		  SLICE_INIT("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};

	(void)state;
	memset(key_0b, 0x0b, sizeof(key_0b));
	memset(key_aa, (char)0xaa, sizeof(key_aa));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded key = guarded_copy(cases[i].key);
		struct guarded text = guarded_copy(cases[i].text);
		uint8_t mac[32];
		char hex_text[64];
		struct buf hex = BUF_ON(hex_text);

		assert_int_equal(hash_hmac(key.text, text.text, mac), 0);
		buf_hex(&hex, mac, sizeof(mac));
		if (!slice_eq(buf_text(&hex), slice_from_cstr(cases[i].mac)))
			fail_msg("%s", cases[i].name);
		guarded_free(&key);
		guarded_free(&text);
	}
}

static void hashes_compare_by_bytes(void **state)
{
	(void)state;
	assert_true(hash_eq(SLICE("abc"), SLICE("abc")));
	assert_true(hash_eq(SLICE_NONE, SLICE("")));
	assert_false(hash_eq(SLICE("abc"), SLICE("abd")));
	assert_false(hash_eq(SLICE("abc"), SLICE("ABC")));
	assert_false(hash_eq(SLICE("abc"), SLICE("ab")));
	assert_false(hash_eq(SLICE(""), SLICE("a")));
}

static void sizes_are_those_of_the_algorithms(void **state)
{
	(void)state;
	assert_int_equal(hash_size(HASH_MD5), 16);
	assert_int_equal(hash_size(HASH_SHA256), 32);
}

static void init_and_fini_may_be_repeated(void **state)
{
	char hex[HASH_MAX_HEX];

	(void)state;
	assert_int_equal(hash_init(), 0);
	hash_fini();
	hash_fini();
	assert_int_equal(hash_init(), 0);
	assert_int_equal(hash_joined_hex(HASH_MD5, NULL, 0, hex), 0);
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
		cmocka_unit_test(parts_are_joined_by_colons_and_hashed),
		cmocka_unit_test(hmac_agrees_with_rfc_4231),
		cmocka_unit_test(hashes_compare_by_bytes),
		cmocka_unit_test(sizes_are_those_of_the_algorithms),
		cmocka_unit_test(init_and_fini_may_be_repeated),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
