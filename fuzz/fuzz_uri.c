/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of URIs: what parses must print, parse back to the same parts and equal itself; what was
 * printed holds no byte that ends a line or a name-addr; escaping is undone by unescaping.
 */
#include "base/check.h"
#include "sip/limits.h"
#include "sip/uri.h"

static void check_printed(const struct sip_uri *uri)
{
	char text[SIP_URI_MAX_BYTES + 16];
	struct buf buf = BUF_ON(text);
	struct sip_uri again;

	sip_uri_print(&buf, uri);
	CHECK(!buf.is_overflown);
	for (size_t i = 0; i < buf.n; i++)
		CHECK((unsigned char)text[i] > ' ' && text[i] != '<' && text[i] != '>' &&
		      text[i] != '"');
	CHECK(sip_uri_parse(buf_text(&buf), &again) == 0);
	CHECK(again.scheme == uri->scheme && again.port == uri->port);
	CHECK(slice_eq(again.user, uri->user) && slice_eq(again.password, uri->password));
	CHECK(slice_eq(again.host, uri->host) && slice_eq(again.params, uri->params));
	CHECK(slice_eq(again.headers, uri->headers));
}

static void check_escapes(struct slice text)
{
	char escaped[3 * SIP_URI_MAX_BYTES], plain[SIP_URI_MAX_BYTES];

	text = slice_head(text, sizeof(plain));
	for (int kind = 0; kind < 2; kind++) {
		struct buf buf = BUF_ON(escaped), back = BUF_ON(plain);

		if (kind == 0)
			uri_escape_user(&buf, text);
		else
			uri_escape_header(&buf, text);
		CHECK(!buf.is_overflown);
		/* Only a NUL cannot come back. */
		if (uri_unescape(&back, buf_text(&buf)))
			CHECK(slice_find_char(text, '\0') < text.n);
		else
			CHECK(slice_eq(buf_text(&back), text));
	}
	struct buf back = BUF_ON(plain);

	if (!uri_unescape(&back, text))
		CHECK(back.n <= text.n && slice_find_char(buf_text(&back), '\0') == back.n);
}

/* The input is a URI, or two with a line end between. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size), a_text, b_text, value;
	struct sip_uri a, b;

	slice_cut(text, '\n', &a_text, &b_text);
	check_escapes(text);
	if (sip_uri_parse(a_text, &a))
		return 0;
	check_printed(&a);
	sip_uri_param(&a, SLICE("transport"), &value);
	sip_uri_header(&a, SLICE("Replaces"), &value);
	if (sip_uri_parse(b_text, &b))
		return 0;
	check_printed(&b);
	CHECK(sip_uri_eq(&a, &b) == sip_uri_eq(&b, &a));
	return 0;
}
