/* SPDX-License-Identifier: MIT */
/*
 * URIs: what is read and how it is cut (RFC 3261 19.1, 25.1, RFC 3966), that print and parse are
 * inverse, equality (RFC 3261 19.1.4), parameters, headers and escapes.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/limits.h"
#include "sip/uri.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT_MAX (SIP_URI_MAX_BYTES + 16)

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	if (got.n > 0)
		assert_memory_equal(got.p, expected, got.n);
}

static const struct {
	const char *text, *printed;
	enum uri_scheme scheme;
	const char *user, *password, *host;
	uint16_t port;
	const char *params, *headers;
} good_cases[] = {
	{ "sip:202@pbx.example.com", "sip:202@pbx.example.com", URI_SIP, "202", "",
	  "pbx.example.com", 0, "", "" },
	{ "SIP:a@b", "sip:a@b", URI_SIP, "a", "", "b", 0, "", "" },
	{ "sips:a@b:5061", "sips:a@b:5061", URI_SIPS, "a", "", "b", 5061, "", "" },
	{ "sip:pbx", "sip:pbx", URI_SIP, "", "", "pbx", 0, "", "" },
	{ "sip:192.0.2.1:05060", "sip:192.0.2.1:5060", URI_SIP, "", "", "192.0.2.1", 5060, "", "" },
	{ "sip:h:65535;lr", "sip:h:65535;lr", URI_SIP, "", "", "h", 65535, "lr", "" },
	{ "sip:h:1?a=b", "sip:h:1?a=b", URI_SIP, "", "", "h", 1, "", "a=b" },
	{ "sip:h;", "sip:h", URI_SIP, "", "", "h", 0, "", "" },
	{ "sip:h?", "sip:h", URI_SIP, "", "", "h", 0, "", "" },
	{ "sip:a:@h", "sip:a@h", URI_SIP, "a", "", "h", 0, "", "" },
	{ "sip:a:b:c@h", "sip:a:b:c@h", URI_SIP, "a", "b:c", "h", 0, "", "" },
	{ "sip:*8202@domain", "sip:*8202@domain", URI_SIP, "*8202", "", "domain", 0, "", "" },
	{ "sip:**202@domain", "sip:**202@domain", URI_SIP, "**202", "", "domain", 0, "", "" },
	{ "sip:%2321#@domain", "sip:%2321#@domain", URI_SIP, "%2321#", "", "domain", 0, "", "" },
	{ "sip:;?&=+$,/@h", "sip:;?&=+$,/@h", URI_SIP, ";?&=+$,/", "", "h", 0, "", "" },
	{ "sip:alice;day=tuesday@atlanta.com", "sip:alice;day=tuesday@atlanta.com", URI_SIP,
	  "alice;day=tuesday", "", "atlanta.com", 0, "", "" },
	{ "sip:+1-212-555-1212:1234@gateway.com;user=phone",
	  "sip:+1-212-555-1212:1234@gateway.com;user=phone", URI_SIP, "+1-212-555-1212", "1234",
	  "gateway.com", 0, "user=phone", "" },
	{ "sip:a@[2001:db8::1]", "sip:a@[2001:db8::1]", URI_SIP, "a", "", "[2001:db8::1]", 0, "",
	  "" },
	{ "sip:[::1]:5070;transport=tcp?x=y", "sip:[::1]:5070;transport=tcp?x=y", URI_SIP, "", "",
	  "[::1]", 5070, "transport=tcp", "x=y" },
	{ "sip:a@h;maddr=[::1];;lr?Replaces=x%40y%3Bto-tag%3D1&z=",
	  "sip:a@h;maddr=[::1];;lr?Replaces=x%40y%3Bto-tag%3D1&z=", URI_SIP, "a", "", "h", 0,
	  "maddr=[::1];;lr", "Replaces=x%40y%3Bto-tag%3D1&z=" },
	{ "sip:a@h?Replaces=x@y;to-tag=1", "sip:a@h?Replaces=x@y;to-tag=1", URI_SIP, "a", "", "h",
	  0, "", "Replaces=x@y;to-tag=1" },
	{ "sip:null-%00-null@example.com", "sip:null-%00-null@example.com", URI_SIP,
	  "null-%00-null", "", "example.com", 0, "", "" },
	{ "sip:j\xc3\xb6rg@my_host.", "sip:j\xc3\xb6rg@my_host.", URI_SIP, "j\xc3\xb6rg", "",
	  "my_host.", 0, "", "" },
	{ "tel:+1-201-555-0123", "tel:+1-201-555-0123", URI_TEL, "+1-201-555-0123", "", "", 0, "",
	  "" },
	{ "TEL:7042;phone-context=example.com", "tel:7042;phone-context=example.com", URI_TEL,
	  "7042", "", "", 0, "phone-context=example.com", "" },
	{ "tel:*#(a)", "tel:*#(a)", URI_TEL, "*#(a)", "", "", 0, "", "" },
	{ "urn:service:sos", "urn:service:sos", URI_OTHER, "service:sos", "", "", 0, "", "" },
	{ "http://a/b?c#d", "http://a/b?c#d", URI_OTHER, "//a/b?c#d", "", "", 0, "", "" },
	{ "x-1+a.b:y", "x-1+a.b:y", URI_OTHER, "y", "", "", 0, "", "" },
};

static void parse_cuts_the_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(good_cases[i].text));
		struct sip_uri uri;

		assert_int_equal(sip_uri_parse(input.text, &uri), 0);
		assert_ptr_equal(uri.text.p, input.text.p);
		assert_slice(uri.text, good_cases[i].text);
		assert_int_equal(uri.scheme, good_cases[i].scheme);
		assert_slice(uri.user, good_cases[i].user);
		assert_slice(uri.password, good_cases[i].password);
		assert_slice(uri.host, good_cases[i].host);
		assert_int_equal(uri.port, good_cases[i].port);
		assert_slice(uri.params, good_cases[i].params);
		assert_slice(uri.headers, good_cases[i].headers);
		guarded_free(&input);
	}
}

static void assert_same_parts(const struct sip_uri *a, const struct sip_uri *b)
{
	assert_int_equal(a->scheme, b->scheme);
	assert_true(slice_eq(a->user, b->user));
	assert_true(slice_eq(a->password, b->password));
	assert_true(slice_eq(a->host, b->host));
	assert_int_equal(a->port, b->port);
	assert_true(slice_eq(a->params, b->params));
	assert_true(slice_eq(a->headers, b->headers));
}

/* What parses prints, and what was printed parses to the same parts. */
static void assert_round_trip(const struct sip_uri *uri)
{
	char text[TEXT_MAX];
	struct buf buf = BUF_ON(text);
	struct guarded printed;
	struct sip_uri again;

	sip_uri_print(&buf, uri);
	assert_false(buf.is_overflown);
	printed = guarded_copy(buf_text(&buf));
	assert_int_equal(sip_uri_parse(printed.text, &again), 0);
	assert_same_parts(uri, &again);
	assert_true(sip_uri_eq(uri, &again));
	assert_true(sip_uri_eq(&again, uri));
	guarded_free(&printed);
}

static void print_and_parse_are_inverse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		char text[TEXT_MAX];
		struct buf buf = BUF_ON(text);
		struct sip_uri uri;

		assert_int_equal(sip_uri_parse(slice_from_cstr(good_cases[i].text), &uri), 0);
		sip_uri_print(&buf, &uri);
		assert_slice(buf_text(&buf), good_cases[i].printed);
		assert_round_trip(&uri);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct slice whole = slice_from_cstr(good_cases[i].text);

		for (size_t n = 0; n <= whole.n; n++) {
			struct guarded input = guarded_copy(slice_head(whole, n));
			struct sip_uri uri;

			if (!sip_uri_parse(input.text, &uri))
				assert_round_trip(&uri);
			guarded_free(&input);
		}
	}
}

static const struct slice bad_cases[] = {
	SLICE_INIT(""),
	SLICE_INIT("sip"),
	SLICE_INIT(":a@b"),
	SLICE_INIT("1ab:c"),
	SLICE_INIT("s p:a@b"),
	SLICE_INIT("s/p:a@b"),
	SLICE_INIT("sip:"),
	SLICE_INIT("sips:"),
	SLICE_INIT("tel:"),
	SLICE_INIT("urn:"),
	SLICE_INIT("sip:a@"),
	SLICE_INIT("sip:@b"),
	SLICE_INIT("sip::p@b"),
	SLICE_INIT("sip:a@;lr"),
	SLICE_INIT("sip:a@?x=y"),
	SLICE_INIT("sip:a@:5060"),
	SLICE_INIT("sip:a@b@c"),
	SLICE_INIT("sip:a@b;x=@c"),
	SLICE_INIT("sip:a b@c"),
	SLICE_INIT(" sip:a@b"),
	SLICE_INIT("sip:a@b "),
	SLICE_INIT("sip:a@b\r\nX: y"),
	SLICE_INIT("sip:a\0@b"),
	SLICE_INIT("sip:a\x7f@b"),
	SLICE_INIT("sip:a@b>"),
	SLICE_INIT("<sip:a@b>"),
	SLICE_INIT("sip:a\"@b"),
	SLICE_INIT("sip:a@b:"),
	SLICE_INIT("sip:a@b:;lr"),
	SLICE_INIT("sip:a@b:0"),
	SLICE_INIT("sip:a@b:00"),
	SLICE_INIT("sip:a@b:65536"),
	SLICE_INIT("sip:a@b:4294972356"),
	SLICE_INIT("sip:a@b:99999999999999999999999999999"),
	SLICE_INIT("sip:a@b:+5060"),
	SLICE_INIT("sip:a@b:-1"),
	SLICE_INIT("sip:a@b:5060x"),
	SLICE_INIT("sip:a@b:5060:1"),
	SLICE_INIT("sip:a@b,c"),
	SLICE_INIT("sip:a@b/c"),
	SLICE_INIT("sip:a@b%41"),
	SLICE_INIT("sip:a@b\xc3\xb6"),
	SLICE_INIT("sip:a@["),
	SLICE_INIT("sip:a@[]"),
	SLICE_INIT("sip:a@[::1"),
	SLICE_INIT("sip:a@::1]"),
	SLICE_INIT("sip:a@[::1]x"),
	SLICE_INIT("sip:a@[[::1]]"),
	SLICE_INIT("sip:a@[192.0.2.1]"),
	SLICE_INIT("sip:a@[host]"),
	SLICE_INIT("sip:a@[fe80::1%25eth0]"),
	SLICE_INIT("sip:a%@b"),
	SLICE_INIT("sip:a%4@b"),
	SLICE_INIT("sip:a%4g@b"),
	SLICE_INIT("sip:a@b;x=%"),
	SLICE_INIT("sip:a@b?x=%4"),
	SLICE_INIT("urn:a%zz"),
	SLICE_INIT("tel:+"),
	SLICE_INIT("tel:-.()"),
	SLICE_INIT("tel:+abc"),
	SLICE_INIT("tel:+1*2"),
	SLICE_INIT("tel:1+2"),
	SLICE_INIT("tel:xyz"),
	SLICE_INIT("tel:12@host"),
	SLICE_INIT("tel:12?a=b"),
	SLICE_INIT("tel:12;a=b?c"),
};

static void parse_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++) {
		struct guarded input = guarded_copy(bad_cases[i]);
		struct sip_uri uri = { .port = 4711 };

		assert_int_equal(sip_uri_parse(input.text, &uri), ERR_SYNTAX);
		assert_int_equal(uri.port, 4711);
		guarded_free(&input);
	}
}

static void parse_refuses_what_is_over_the_limits(void **state)
{
	char text[TEXT_MAX];
	struct buf buf = BUF_ON(text);
	struct sip_uri uri;

	(void)state;
	buf_lit(&buf, "sip:");
	while (buf.n < SIP_URI_MAX_BYTES)
		buf_char(&buf, 'a');
	assert_int_equal(sip_uri_parse(buf_text(&buf), &uri), 0);
	assert_round_trip(&uri);
	buf_char(&buf, 'a');
	assert_int_equal(sip_uri_parse(buf_text(&buf), &uri), ERR_LIMIT);

	buf_init(&buf, text, sizeof(text));
	buf_lit(&buf, "sip:a@b");
	for (int i = 0; i < 400; i++)
		buf_lit(&buf, ";x");
	assert_int_equal(sip_uri_parse(buf_text(&buf), &uri), ERR_LIMIT);
	text[7] = '?';
	for (int i = 0; i < 400; i++)
		text[9 + 2 * i] = '&';
	assert_int_equal(sip_uri_parse(buf_text(&buf), &uri), ERR_LIMIT);
}

/* The first table of RFC 3261 19.1.4 and its siblings. */
static const struct {
	const char *a, *b;
	bool is_equal;
} eq_cases[] = {
	{ "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp", true },
	{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
	{ "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true },
	{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	  "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true },
	{ "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	  "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true },
	{ "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
	{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false },
	{ "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false },
	{ "sip:a@b", "sips:a@b", false },
	{ "sip:a@b", "sip:b", false },
	{ "sip:a:x@b", "sip:a@b", false },
	{ "sip:a:x@b", "sip:a:%78@b", true },
	{ "sip:a:x@b", "sip:a:X@b", false },
	{ "sip:a%3bb@c", "sip:a%3Bb@c", true },
	{ "sip:a%3Bb@c", "sip:a;b@c", false },
	{ "sip:a%2Ab@c", "sip:a*b@c", true },
	{ "sip:a@b:5060", "sip:a@b:05060", true },
	{ "sip:a@b;ttl=1", "sip:a@b", false },
	{ "sip:a@b", "sip:a@b;maddr=192.0.2.1", false },
	{ "sip:a@b;USER=phone", "sip:a@b", false },
	{ "sip:a@b;user=phone", "sip:a@b;user=ip", false },
	{ "sip:a@b;x=%41", "sip:a@b;%78=a", true },
	{ "sip:a@b;lr", "sip:a@b;lr=on", false },
	{ "sip:a@b;x=1;x=2", "sip:a@b;x=1", false },
	{ "sip:a@b;", "sip:a@b", true },
	{ "sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]", true },
	{ "sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]", false },
	{ "sip:a@b?x=1", "sip:a@b?X=1", true },
	{ "sip:a@b?x=a", "sip:a@b?x=A", false },
	{ "sip:a@b?x=1&x=2", "sip:a@b?x=2&x=1", true },
	{ "sip:a@b?x=1", "sip:a@b?x=1&y", false },
	{ "tel:+1-201-555-0123", "tel:+1(201)5550123", true },
	{ "tel:+12015550123", "tel:12015550123", false },
	{ "tel:+1201", "tel:+12015", false },
	{ "tel:1201-", "tel:1201", true },
	{ "tel:aB*#", "tel:Ab*#", true },
	{ "tel:1;ext=1-2;phone-context=+4-9", "tel:1;phone-context=+49;EXT=12", true },
	{ "tel:1;phone-context=a-b.c", "tel:1;phone-context=ab.c", false },
	{ "tel:1;phone-context=A.c", "tel:1;phone-context=a.C", true },
	{ "tel:1;x=1", "tel:1", false },
	{ "tel:1", "sip:1", false },
	{ "urn:service:sos", "urn:service:sos", true },
	{ "urn:service:sos", "urn:service:SOS", false },
};

static void eq_is_that_of_the_rfc_and_symmetric(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(eq_cases); i++) {
		struct sip_uri a, b;

		assert_int_equal(sip_uri_parse(slice_from_cstr(eq_cases[i].a), &a), 0);
		assert_int_equal(sip_uri_parse(slice_from_cstr(eq_cases[i].b), &b), 0);
		assert_int_equal(sip_uri_eq(&a, &b), eq_cases[i].is_equal);
		assert_int_equal(sip_uri_eq(&b, &a), eq_cases[i].is_equal);
	}
}

static const struct {
	const char *uri, *name, *value; /* value NULL: not there */
} field_cases[] = {
	{ "sip:h;transport=tcp;lr", "Transport", "tcp" },
	{ "sip:h;transport=tcp;lr", "lr", "" },
	{ "sip:h;transport=tcp;lr", "l", NULL },
	{ "sip:h;transport=tcp;lr", "tcp", NULL },
	{ "sip:h;;;a=b=c;", "a", "b=c" },
	{ "sip:h;%74tl=%31", "ttl", "%31" },
	{ "sip:h;a=1;a=2", "a", "1" },
	{ "sip:h;=x", "a", NULL },
	{ "sip:h?a=1", "a", NULL },
	{ "sip:a=1@h", "a", NULL },
	{ "tel:1;ext=2", "ext", "2" },
	{ "urn:a;b=c", "b", NULL },
};

static void param_finds_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(field_cases[i].uri));
		struct slice value, name = slice_from_cstr(field_cases[i].name);
		struct sip_uri uri;

		assert_int_equal(sip_uri_parse(input.text, &uri), 0);
		if (field_cases[i].value) {
			assert_true(sip_uri_param(&uri, name, &value));
			assert_slice(value, field_cases[i].value);
		} else {
			assert_false(sip_uri_param(&uri, name, &value));
		}
		guarded_free(&input);
	}
}

static void header_finds_by_name(void **state)
{
	struct sip_uri uri;
	struct slice value;

	(void)state;
	assert_int_equal(sip_uri_parse(SLICE("sip:h;a=0?&a=1&Replaces=x%40y;z=1&b&a=2"), &uri), 0);
	assert_true(sip_uri_header(&uri, SLICE("replaces"), &value));
	assert_slice(value, "x%40y;z=1");
	assert_true(sip_uri_header(&uri, SLICE("A"), &value));
	assert_slice(value, "1");
	assert_true(sip_uri_header(&uri, SLICE("b"), &value));
	assert_slice(value, "");
	assert_false(sip_uri_header(&uri, SLICE("z"), &value));
	assert_false(sip_uri_header(&uri, SLICE(""), &value));
}

static const struct {
	struct slice escaped;
	const char *plain; /* NULL: refused */
} unescape_cases[] = {
	{ SLICE_INIT(""), "" },
	{ SLICE_INIT("abc"), "abc" },
	{ SLICE_INIT("%41%62%2b"), "Ab+" },
	{ SLICE_INIT("a%2541"), "a%41" },
	{ SLICE_INIT("%ff"), "\xff" },
	{ SLICE_INIT("%0d%0A"), "\r\n" },
	{ SLICE_INIT("%"), NULL },
	{ SLICE_INIT("%4"), NULL },
	{ SLICE_INIT("a%4"), NULL },
	{ SLICE_INIT("%g1"), NULL },
	{ SLICE_INIT("%1g"), NULL },
	{ SLICE_INIT("%%41"), NULL },
	{ SLICE_INIT("a%00"), NULL },
	{ SLICE_INIT("a\0b"), NULL },
};

static void unescape_undoes_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unescape_cases); i++) {
		struct guarded input = guarded_copy(unescape_cases[i].escaped);
		char text[32];
		struct buf buf = BUF_ON(text);

		if (unescape_cases[i].plain) {
			assert_int_equal(uri_unescape(&buf, input.text), 0);
			assert_slice(buf_text(&buf), unescape_cases[i].plain);
		} else {
			assert_int_equal(uri_unescape(&buf, input.text), ERR_SYNTAX);
			assert_int_equal(buf.n, 0);
		}
		guarded_free(&input);
	}
}

static void escape_keeps_what_may_stand(void **state)
{
	char all[255], text[3 * sizeof(all)], back[sizeof(all)];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i + 1);
	for (int kind = 0; kind < 2; kind++) {
		struct buf buf = BUF_ON(text), plain = BUF_ON(back);

		if (kind == 0)
			uri_escape_user(&buf, slice_of(all, sizeof(all)));
		else
			uri_escape_header(&buf, slice_of(all, sizeof(all)));
		assert_int_equal(uri_unescape(&plain, buf_text(&buf)), 0);
		assert_true(slice_eq(buf_text(&plain), slice_of(all, sizeof(all))));
	}
	struct buf user = BUF_ON(text);

	uri_escape_user(&user, SLICE("aZ9-_.!~*'()&=+$,;?/ #@:%[]\r\xc3"));
	assert_slice(buf_text(&user), "aZ9-_.!~*'()&=+$,;?/%20%23%40%3A%25%5B%5D%0D%C3");
	struct buf header = BUF_ON(text);

	uri_escape_header(&header, SLICE("aZ9-_.!~*'()[]/?:+$ &=;,@%\n"));
	assert_slice(buf_text(&header), "aZ9-_.!~*'()[]/?:+$%20%26%3D%3B%2C%40%25%0A");
}

static void print_leaves_out_what_could_end_a_line(void **state)
{
	struct sip_uri uri = {
		.scheme = URI_SIP,
		.user = SLICE_INIT("a\r\nX: <b>"),
		.host = SLICE_INIT("h\0 \"\x7f"),
		.params = SLICE_INIT("lr\n"),
		.headers = SLICE_INIT("\ra"),
	};
	char text[64];
	struct buf buf = BUF_ON(text);

	(void)state;
	sip_uri_print(&buf, &uri);
	assert_slice(buf_text(&buf), "sip:aX:b@h;lr?a");
	buf_init(&buf, text, sizeof(text));
	uri = (struct sip_uri){ .text = SLICE("no uri\r\n"), .scheme = URI_OTHER };
	sip_uri_print(&buf, &uri);
	assert_slice(buf_text(&buf), "nouri");
}

static void print_remembers_an_overflow(void **state)
{
	struct sip_uri uri;

	(void)state;
	assert_int_equal(sip_uri_parse(SLICE("sip:a:b@h:5060;lr?x=y"), &uri), 0);
	for (size_t cap = 0; cap < 21; cap++) {
		struct guarded room = guarded_copy(slice_head(SLICE("....................."), cap));
		struct buf buf;

		buf_init(&buf, (char *)room.text.p, cap);
		sip_uri_print(&buf, &uri);
		assert_true(buf.is_overflown);
		guarded_free(&room);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_cuts_the_parts),
		cmocka_unit_test(print_and_parse_are_inverse),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(parse_refuses_what_is_over_the_limits),
		cmocka_unit_test(eq_is_that_of_the_rfc_and_symmetric),
		cmocka_unit_test(param_finds_by_name),
		cmocka_unit_test(header_finds_by_name),
		cmocka_unit_test(unescape_undoes_escapes),
		cmocka_unit_test(escape_keeps_what_may_stand),
		cmocka_unit_test(print_leaves_out_what_could_end_a_line),
		cmocka_unit_test(print_remembers_an_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
