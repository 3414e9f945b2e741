/* SPDX-License-Identifier: MIT */
/*
 * Digest challenges and credentials (RFC 7616): whatever can be read, prints as text that reads
 * the same, and asks for the same response.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/digest.h"

/* Names, quotes and separators that printing may add to the text that was read. */
#define PRINTED_EXTRA_BYTES 512

static char printed[65535 + PRINTED_EXTRA_BYTES];

static void check_challenge(struct slice text)
{
	struct buf buf = BUF_ON(printed);
	struct digest_challenge first;
	struct digest_challenge again;

	if (digest_challenge_parse(text, &first))
		return;
	digest_challenge_print(&buf, &first);
	CHECK(!buf.is_overflown);
	CHECK(digest_challenge_parse(buf_text(&buf), &again) == 0);
	CHECK(slice_eq(first.realm, again.realm));
	CHECK(slice_eq(first.nonce, again.nonce));
	CHECK(slice_eq(first.opaque, again.opaque));
	CHECK(first.alg == again.alg && first.is_alg_given == again.is_alg_given);
	CHECK(first.is_stale == again.is_stale);
	CHECK(first.has_qop == again.has_qop && first.has_qop_auth == again.has_qop_auth);
}

static void check_response(const struct digest_credentials *first,
			   const struct digest_credentials *again)
{
	char hex[HASH_MAX_HEX];
	char hex_again[HASH_MAX_HEX];
	int err = digest_response(first, SLICE("INVITE"), SLICE("secret"), hex);

	CHECK(err == 0 || err == ERR_LIMIT);
	CHECK(digest_response(again, SLICE("INVITE"), SLICE("secret"), hex_again) == err);
	CHECK(err || memcmp(hex, hex_again, 2 * hash_size(first->alg)) == 0);
}

static void check_credentials(struct slice text)
{
	struct buf buf = BUF_ON(printed);
	struct digest_credentials first;
	struct digest_credentials again;

	if (digest_credentials_parse(text, &first))
		return;
	digest_credentials_print(&buf, &first);
	CHECK(!buf.is_overflown);
	CHECK(digest_credentials_parse(buf_text(&buf), &again) == 0);
	CHECK(slice_eq(first.username, again.username));
	CHECK(slice_eq(first.realm, again.realm));
	CHECK(slice_eq(first.nonce, again.nonce));
	CHECK(slice_eq(first.uri, again.uri));
	CHECK(slice_eq(first.response, again.response));
	CHECK(slice_eq(first.opaque, again.opaque));
	CHECK(slice_eq(first.cnonce, again.cnonce));
	CHECK(slice_eq(first.nc_text, again.nc_text) && first.nc == again.nc);
	CHECK(first.alg == again.alg && first.has_qop == again.has_qop);
	check_response(&first, &again);
}

/* What a quoted string cannot hold at all, apart from what printing leaves out. */
static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) &&
		    !memchr("\t\r\n", text.p[i], 4))
			return true;
	return false;
}

/* Even text that was never read can only become a value of its own field. */
static void check_print(struct slice text)
{
	char room[2048];
	struct buf buf = BUF_ON(room);
	struct digest_challenge challenge = { .realm = text, .nonce = SLICE("n") };
	struct digest_challenge again;

	digest_challenge_print(&buf, &challenge);
	if (buf.is_overflown || has_control(text))
		return;
	CHECK(digest_challenge_parse(buf_text(&buf), &again) == 0);
	CHECK(slice_eq(again.nonce, SLICE("n")));
	CHECK(!again.is_stale && !again.has_qop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);

	CHECK(hash_init() == 0);
	check_challenge(text);
	check_credentials(text);
	check_print(text);
	return 0;
}
