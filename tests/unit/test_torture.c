/* SPDX-License-Identifier: MIT */
/*
 * Hard messages, written anew after the sections of RFC 4475: what a parser must take, what it must
 * refuse, and what it must leave to the layers above. The verdict is the parser's alone: a valid
 * message may still be answered with 4xx by core/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/guarded.h"
#include "support/msg_walk.h"
#include "support/wire_text.h"

#define assert_slice(actual, expected) assert_true(slice_eq((actual), SLICE(expected)))

/* The five headers that everybody needs; the start line stands before, the rest behind. */
#define VIA "Via: SIP/2.0/UDP desk7.example.net:5062;branch=z9hG4bK-t0rture\n"
#define FROM "From: \"Desk Seven\" <sip:207@example.net>;tag=d7\n"
#define TO "To: <sip:208@example.net>\n"
#define CALL_ID "Call-ID: t0rture-1@desk7.example.net\n"
#define COMMON VIA FROM TO CALL_ID "Max-Forwards: 70\n"
#define TEN(s) s s s s s s s s s s

#define LONG_BRANCH TEN(TEN("ab"))
#define LONG_CALL_ID TEN(TEN("id"))
#define LONG_NAME TEN(TEN("long name "))
#define LONG_PARAM TEN(TEN("very"))
#define LONG_TAG "12" TEN("982982982982982") "424"

struct torture {
	const char *name; /* with the section of RFC 4475 */
	struct slice text;
	const char *fault; /* "": valid */
	int err;
	bool is_answerable;
	bool is_uri_bad;
	void (*check)(const struct sip_msg *msg); /* may be NULL */
};

static struct slice unquoted(struct buf *buf, struct slice display)
{
	buf->n = 0;
	sip_display_unquote(buf, display);
	return buf_text(buf);
}

static struct slice entry_at(const struct sip_msg *msg, enum sip_header_id id, size_t index)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	do
		assert_true(sip_msg_list_next(msg, id, &cursor, &entry));
	while (index-- > 0);
	return entry;
}

static void check_tortuous(const struct sip_msg *msg)
{
	char room[64];
	struct buf buf = BUF_ON(room);
	struct slice value;
	struct sip_addr contact;
	struct sip_via via;

	assert_int_equal(msg->method, METHOD_INVITE);
	assert_slice(msg->to_tag, "77-f0lded");
	assert_slice(msg->to.uri.text, "sip:208@example.net");
	assert_slice(unquoted(&buf, msg->from.display), "Desk \\\"Seven\"");
	assert_slice(msg->from_tag, "d7");
	assert_int_equal(msg->max_forwards, 68);
	assert_int_equal(msg->cseq, 9);
	assert_slice(msg->call_id, "tortuous.7@192.0.2.7");
	assert_slice(msg->via.host, "192.0.2.7");
	assert_slice(msg->via.transport, "UDP");
	assert_slice(msg->via.branch, "390skdjuw");
	assert_int_equal(sip_via_parse(entry_at(msg, HDR_VIA, 1), &via), 0);
	assert_slice(via.transport, "TCP");
	assert_slice(via.host, "hop.example.net");
	assert_slice(via.branch, "z9hG4bK-second");
	assert_int_equal(sip_via_parse(entry_at(msg, HDR_VIA, 2), &via), 0);
	assert_slice(via.host, "192.0.2.99");
	assert_int_equal(via.port, 5070);
	assert_slice(via.branch, "z9hG4bK-third");
	assert_true(sip_msg_header(msg, HDR_SUBJECT) != NULL);
	assert_int_equal(sip_msg_value(msg, HDR_SUBJECT).n, 0);
	assert_slice(sip_msg_value(msg, HDR_ROUTE), "<sip:edge.example.net;lr;x=y;flag>");
	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &contact), 0);
	assert_slice(unquoted(&buf, contact.display), "\"\"");
	assert_true(sip_param(contact.params, SLICE("NEWPARAM"), &value));
	assert_slice(value, "newvalue");
	assert_true(sip_param(contact.params, SLICE("secondparam"), &value));
	assert_int_equal(value.n, 0);
	assert_true(sip_param(contact.params, SLICE("q"), &value));
	assert_slice(value, "0.33");
	assert_slice(sip_msg_header_named(msg, SLICE("odd-header"))->value, ";;,,;;,;");
	assert_int_equal(msg->body.n, 5);
}

static void check_wide_characters(const struct sip_msg *msg)
{
	assert_int_equal(msg->method, METHOD_OTHER);
	assert_slice(msg->method_name, "!odd-Method_*+`'~.%x");
	assert_int_equal(msg->uri.scheme, URI_SIP);
	assert_slice(msg->uri.host, "example.net");
	assert_slice(msg->uri.user, "1_unusual.user~(for-now!all)&*%3A%20");
	assert_slice(msg->from_tag, "_tag~1'2.3*");
	assert_slice(msg->call_id, "any%\"<word>!?:\\/(is){fine}[here]@a*b");
	assert_slice(msg->to.display, "BEL:\\\a DEL:\\\177");
	assert_non_null(sip_msg_header_named(msg, SLICE("eXt!%*_+`'~-.hdr")));
	assert_slice(msg->via.branch, "z9hG4bK.!%*_+`'~");
}

static void check_escapes(const struct sip_msg *msg)
{
	char room[32];
	struct buf buf = BUF_ON(room);

	assert_slice(msg->uri.user, "sips%3Auser%40example.net");
	assert_int_equal(uri_unescape(&buf, msg->to.uri.user), 0);
	assert_slice(buf_text(&buf), "user");
}

static void check_escaped_nul(const struct sip_msg *msg)
{
	char room[32];
	struct buf buf = BUF_ON(room);

	assert_slice(msg->from.uri.user, "nul-%00-nul");
	assert_int_equal(uri_unescape(&buf, msg->from.uri.user), ERR_SYNTAX);
}

static void check_percent_in_method(const struct sip_msg *msg)
{
	assert_int_equal(msg->method, METHOD_OTHER);
	assert_slice(msg->method_name, "RE%46ER");
	assert_slice(msg->from.display, "%5A%45");
}

static void check_no_space_before_bracket(const struct sip_msg *msg)
{
	assert_slice(msg->from.display, "desk");
	assert_slice(msg->from.uri.text, "sip:207@example.net");
}

static void check_long_values(const struct sip_msg *msg)
{
	assert_int_equal(msg->from_tag.n, 155); /* as long as the RFC's own */
	assert_int_equal(msg->via.branch.n, 7 + 200);
	assert_int_equal(msg->call_id.n, 200 + 12);
	assert_int_equal(sip_msg_header_named(msg, SLICE("Unknown-" TEN("Long")))->value.n, 1000);
}

static void check_trailing_octets(const struct sip_msg *msg)
{
	assert_int_equal(msg->method, METHOD_REGISTER);
	assert_true(msg->has_content_length);
	assert_int_equal(msg->body.n, 0);
}

static void check_semicolons_in_user(const struct sip_msg *msg)
{
	assert_slice(msg->uri.user, "207;room=3;floor=2%3Bwest");
	assert_slice(msg->uri.host, "example.net");
	assert_int_equal(msg->uri.params.n, 0);
}

static void check_transports(const struct sip_msg *msg)
{
	static const struct slice names[] = {
		SLICE_INIT("UDP"), SLICE_INIT("SCTP"),
		SLICE_INIT("TLS"), SLICE_INIT("CARRIER-PIGEON"),
		SLICE_INIT("TCP"),
	};
	struct sip_via via;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(sip_via_parse(entry_at(msg, HDR_VIA, i), &via), 0);
		assert_true(slice_eq(via.transport, names[i]));
	}
}

static void check_multipart(const struct sip_msg *msg)
{
	struct slice token, params, value;

	sip_token_params(sip_msg_value(msg, HDR_CONTENT_TYPE), &token, &params);
	assert_slice(token, "multipart/mixed");
	assert_true(sip_param(params, SLICE("boundary"), &value));
	assert_slice(value, "==desk; 7==");
	assert_int_equal(msg->body.n, msg->content_length);
	assert_non_null(memchr(msg->body.p, '\0', msg->body.n));
}

static void check_unusual_reason(const struct sip_msg *msg)
{
	assert_int_equal(msg->status, 200);
	assert_slice(msg->reason, "= 2**3 * 5**2 \xd0\xbd\xd0\xbe");
	assert_int_equal(msg->method, METHOD_INVITE);
}

static void check_empty_reason(const struct sip_msg *msg)
{
	assert_int_equal(msg->status, 100);
	assert_int_equal(msg->reason.n, 0);
}

static void check_headers_in_uri(const struct sip_msg *msg)
{
	assert_slice(msg->uri.headers, "Route=%3Csip:edge.example.net%3E");
}

static void check_bad_date(const struct sip_msg *msg)
{
	assert_slice(sip_msg_value(msg, HDR_DATE), "Sat, 21 Nov 2026 16:00:00 EST");
}

static void check_unbracketed_contact(const struct sip_msg *msg)
{
	struct sip_addr addr;

	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &addr), ERR_SYNTAX);
}

static void check_large_expires(const struct sip_msg *msg)
{
	struct sip_addr addr;
	struct slice value;
	uint32_t seconds;

	assert_int_equal(sip_msg_seconds(msg, HDR_EXPIRES, &seconds), ERR_RANGE);
	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &addr), 0);
	assert_true(sip_param(addr.params, SLICE("expires"), &value));
	assert_int_equal(slice_to_u32(value, SIP_EXPIRES_MAX, &seconds), ERR_RANGE);
}

static void check_large_retry_after(const struct sip_msg *msg)
{
	uint32_t seconds;

	assert_int_equal(sip_msg_seconds(msg, HDR_RETRY_AFTER, &seconds), ERR_RANGE);
	assert_slice(sip_msg_value(msg, HDR_WARNING), "1812 desk \"In Progress\"");
}

static void check_bare_cookie(const struct sip_msg *msg)
{
	assert_slice(msg->via.branch, "z9hG4bK");
}

static void check_unknown_scheme(const struct sip_msg *msg)
{
	assert_int_equal(msg->uri.scheme, URI_OTHER);
	assert_slice(msg->uri.text, "nosuchscheme:totally-opaque");
}

static void check_soap_scheme(const struct sip_msg *msg)
{
	assert_int_equal(msg->uri.scheme, URI_OTHER);
	assert_slice(msg->uri.user, "//192.0.2.103:3002");
}

static void check_foreign_addresses(const struct sip_msg *msg)
{
	assert_int_equal(msg->to.uri.scheme, URI_OTHER);
	assert_int_equal(msg->from.uri.scheme, URI_OTHER);
	assert_slice(msg->from.uri.text, "http://desk.example.net");
	assert_slice(msg->from_tag, "3234233");
}

static void check_extensions(const struct sip_msg *msg)
{
	assert_true(sip_msg_has_token(msg, HDR_REQUIRE, SLICE("NothingSupportsThis")));
	assert_true(sip_msg_has_token(msg, HDR_REQUIRE, SLICE("nothingSupportsThisEither")));
	assert_true(sip_msg_has_token(msg, HDR_PROXY_REQUIRE, SLICE("noProxySupportsThis")));
	assert_false(sip_msg_has_token(msg, HDR_REQUIRE, SLICE("noProxySupportsThis")));
}

static void check_unknown_content_type(const struct sip_msg *msg)
{
	assert_slice(sip_msg_value(msg, HDR_CONTENT_TYPE), "application/unknownformat");
	assert_slice(msg->body, "<audio>\r\n");
}

static void check_unknown_scheme_of_authorization(const struct sip_msg *msg)
{
	assert_slice(sip_msg_value(msg, HDR_AUTHORIZATION), "NoOneKnowsThis opaque=\"here\"");
}

static void check_broadcast_via(const struct sip_msg *msg)
{
	struct sip_via via;

	assert_slice(msg->via.host, "desk7.example.net");
	assert_int_equal(sip_via_parse(entry_at(msg, HDR_VIA, 1), &via), 0);
	assert_slice(via.host, "255.255.255.255");
	assert_slice(via.received, "192.0.2.1");
}

static void check_no_hops_left(const struct sip_msg *msg)
{
	assert_true(msg->has_max_forwards);
	assert_int_equal(msg->max_forwards, 0);
}

static void check_contact_parameter(const struct sip_msg *msg)
{
	struct sip_addr addr;

	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &addr), 0);
	assert_slice(addr.params, "unknownparam");
	assert_int_equal(addr.uri.params.n, 0);
}

static void check_contact_uri_parameter(const struct sip_msg *msg)
{
	struct sip_addr addr;

	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &addr), 0);
	assert_int_equal(addr.params.n, 0);
	assert_slice(addr.uri.params, "unknownparam");
}

static void check_contact_uri_header(const struct sip_msg *msg)
{
	struct sip_addr addr;

	assert_int_equal(sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &addr), 0);
	assert_slice(addr.uri.headers, "Route=%3Csip:edge.example.net%3E");
}

static void check_unacceptable_accept(const struct sip_msg *msg)
{
	assert_true(sip_msg_has_token(msg, HDR_ACCEPT, SLICE("text/nobody-knows-this")));
	assert_false(sip_msg_has_token(msg, HDR_ACCEPT, SLICE("application/sdp")));
}

static void check_rfc_2543(const struct sip_msg *msg)
{
	assert_int_equal(msg->from_tag.n, 0);
	assert_int_equal(msg->via.branch.n, 0);
	assert_false(msg->has_max_forwards);
	assert_slice(msg->to.uri.text, "sip:208@example.net");
	assert_slice(msg->from.params, "note=late");
	assert_false(msg->has_content_length);
	assert_slice(msg->body, "v=0\r\n");
}

#define VALID "", 0, false, false
#define BAD_URI "", 0, false, true
#define ANSWERED(reason) reason, ERR_SYNTAX, true, false
#define DROPPED(reason) reason, ERR_SYNTAX, false, false

static const struct torture valid_messages[] = {
	{ "3.1.1.1 folds, white space and compact names everywhere",
	  SLICE_INIT("INVITE sip:208@example.net;x-flag SIP/2.0\n"
		     "TO :\n sip:208@example.net ;   tag    = 77-f0lded\n"
		     "from   : \"Desk \\\\\\\"Seven\\\"\"       <sip:207@example.net>\n  ;\n  tag "
		     "= d7\n"
		     "MaX-fOrWaRdS: 0068\n"
		     "Call-ID: tortuous.7@192.0.2.7\n"
		     "Content-Length   : 5\n"
		     "cseq: 0009\n  INVITE\n"
		     "Via  : SIP  /   2.0\n /UDP\n    192.0.2.7;branch=390skdjuw\n"
		     "s :\n"
		     "New-Header:   a value\n continued here\n"
		     "Odd-Header: ;;,,;;,;\n"
		     "Content-Type: application/sdp\n"
		     "Route:\n <sip:edge.example.net;lr;x=y;flag>\n"
		     "v:  SIP  / 2.0  / TCP     hop.example.net   ;\n"
		     "  branch  =   z9hG4bK-second  ,\n"
		     " SIP  /    2.0   / UDP  192.0.2.99 : 5070   ; branch=\n z9hG4bK-third\n"
		     "m:\"\\\"\\\"\" <sip:207@example.net> ; newparam =\n      newvalue ;\n"
		     "  secondparam ; q = 0.33\n"
		     "\nv=0\n"),
	  VALID, check_tortuous },
	{ "3.1.1.2 every character a token and a word may hold",
	  SLICE_INIT(
		  "!odd-Method_*+`'~.%x sip:1_unusual.user~(for-now!all)&*%3A%20@example.net "
		  "SIP/2.0\n"
		  "Via: SIP/2.0/TCP desk7.example.net;branch=z9hG4bK.!%*_+`'~\n"
		  "To: \"BEL:\\\a DEL:\\\177\" <sip:1_unusual.user~(for-now!all)@example.net>\n"
		  "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.net>;tag=_tag~1'2.3*\n"
		  "Call-ID: any%\"<word>!?:\\/(is){fine}[here]@a*b\n"
		  "CSeq: 139122385 !odd-Method_*+`'~.%x\n"
		  "Max-Forwards: 255\n"
		  "eXt!%*_+`'~-.hdr: \xef\xbb\xbf\xe5\xa4\xa7\n\n"),
	  VALID, check_wide_characters },
	/* RFC 3261 25.1 lets a quoted-pair be NUL. Readers that end text there would see another
	 * name than we do, so this one message of the RFC is refused. */
	{ "3.1.1.2 a NUL even when it is escaped",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" VIA FROM
		     "To: \"NUL:\\\0\" <sip:208@example.net>\n" CALL_ID "CSeq: 1 OPTIONS\n\n"),
	  DROPPED("NUL in the head"), NULL },
	{ "3.1.1.3 escapes where they belong",
	  SLICE_INIT("INVITE sip:sips%3Auser%40example.net@example.net SIP/2.0\n" VIA FROM
		     "To: <sip:%75se%72@example.net>\n" CALL_ID "CSeq: 1 INVITE\n\n"),
	  VALID, check_escapes },
	{ "3.1.1.4 escaped NUL in a URI",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" VIA
		     "From: <sip:nul-%00-nul@example.net>;tag=839923423\n" TO CALL_ID
		     "CSeq: 14398234 REGISTER\nContact: <sip:%00@host5.example.net>\n\n"),
	  VALID, check_escaped_nul },
	{ "3.1.1.5 '%' that is no escape",
	  SLICE_INIT("RE%46ER sip:registrar.example.net SIP/2.0\n" VIA
		     "From: %5A%45 <sip:207@example.net>;tag=f232jadfj23\n" TO CALL_ID
		     "CSeq: 29344 RE%46ER\n\n"),
	  VALID, check_percent_in_method },
	{ "3.1.1.6 no space between display name and '<'",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" VIA
		     "From: desk<sip:207@example.net>;tag=323\n" TO CALL_ID "CSeq: 60 OPTIONS\n\n"),
	  VALID, check_no_space_before_bracket },
	{ "3.1.1.7 long values",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n"
		     "Via: SIP/2.0/TCP desk7.example.net;branch=z9hG4bK" LONG_BRANCH "\n"
		     "From: \"" LONG_NAME "\" <sip:207@example.net>;tag=" LONG_TAG
		     ";other=" LONG_PARAM "\n"
		     "To: <sip:208@example.net;unknown=" LONG_PARAM ">\n"
		     "Call-ID: " LONG_CALL_ID "@example.net\n"
		     "CSeq: 1 INVITE\n"
		     "Unknown-" TEN("Long") ": " TEN(TEN("0123456789")) "\n\n"),
	  VALID, check_long_values },
	{ "3.1.1.8 octets behind the end of a datagram's message",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\nl: 0\n\n"
		     "INVITE sip:joe@example.net SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9\n\n"),
	  VALID, check_trailing_octets },
	{ "3.1.1.9 semicolons in the user part",
	  SLICE_INIT("OPTIONS sip:207;room=3;floor=2%3Bwest@example.net SIP/2.0\n" COMMON
		     "CSeq: 8 OPTIONS\n\n"),
	  VALID, check_semicolons_in_user },
	{ "3.1.1.10 known and unknown transports",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n"
		     "Via: SIP/2.0/UDP t1.example.net;branch=z9hG4bKkdjuw\n"
		     "Via: SIP/2.0/SCTP t2.example.net;branch=z9hG4bKklasjdhf\n"
		     "Via: SIP/2.0/TLS t3.example.net;branch=z9hG4bK2980unddj\n"
		     "Via: SIP/2.0/CARRIER-PIGEON t4.example.net;branch=z9hG4bKasd0f3en\n"
		     "Via: SIP/2.0/TCP t5.example.net;branch=z9hG4bK0a9idfnee\n" FROM TO CALL_ID
		     "CSeq: 60 OPTIONS\n\n"),
	  VALID, check_transports },
	{ "3.1.1.11 a multipart body with binary in it",
	  SLICE_INIT("MESSAGE sip:208@example.net SIP/2.0\n" COMMON "CSeq: 127 MESSAGE\n"
		     "Content-Type: multipart/mixed; boundary=\"==desk; 7==\"\n"
		     "Content-Length: 109\n\n"
		     "--==desk; 7==\nContent-Type: text/plain\n\nHello\n"
		     "--==desk; 7==\nContent-Type: x/y\n\n\0\1\xff\xfe\n--==desk; 7==--\n"),
	  VALID, check_multipart },
	{ "3.1.1.12 an unusual reason phrase",
	  SLICE_INIT("SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\n" COMMON "CSeq: 35 INVITE\n\n"),
	  VALID, check_unusual_reason },
	{ "3.1.1.13 an empty reason phrase",
	  SLICE_INIT("SIP/2.0 100 \n" COMMON "CSeq: 35 INVITE\n\n"), VALID, check_empty_reason },
	{ "3.1.1.13 not even its space", SLICE_INIT("SIP/2.0 100\n" COMMON "CSeq: 35 INVITE\n\n"),
	  VALID, check_empty_reason },
};

static const struct torture invalid_messages[] = {
	{ "3.1.2.1 separators without a value",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n"
		     "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\n" FROM TO CALL_ID "CSeq: 8 INVITE\n"
		     "Contact: \"Joe\" <sip:joe@example.net>;;;;\n\n"),
	  VALID, NULL },
	{ "3.1.2.1 a From with two values",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" VIA
		     "From: <sip:207@example.net>;tag=1,,\n" TO CALL_ID "CSeq: 8 INVITE\n\n"),
	  DROPPED("bad From"), NULL },
	{ "3.1.2.2 Content-Length larger than the message",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON
		     "CSeq: 8 INVITE\nContent-Length: 9999\n\nv=0\n"),
	  ANSWERED("body shorter than Content-Length"), NULL },
	{ "3.1.2.3 negative Content-Length",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON
		     "CSeq: 8 INVITE\nContent-Length: -999\n\nv=0\n"),
	  ANSWERED("bad Content-Length"), NULL },
	{ "3.1.2.4 CSeq beyond 32 bits",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON
		     "CSeq: 36893488147419103232 REGISTER\n\n"),
	  DROPPED("CSeq number too large"), NULL },
	{ "3.1.2.4 CSeq of 2^31",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 2147483648 REGISTER\n\n"),
	  DROPPED("CSeq number too large"), NULL },
	{ "3.1.2.4 Max-Forwards beyond 255",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" VIA FROM TO CALL_ID
		     "CSeq: 1 REGISTER\nMax-Forwards: 300\n\n"),
	  ANSWERED("bad Max-Forwards"), NULL },
	{ "3.1.2.4 Expires beyond 32 bits",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 1 REGISTER\n"
		     "Expires: 10000000000000000000000\n"
		     "Contact: <sip:207@192.0.2.7>;expires=280297596632815\n\n"),
	  VALID, check_large_expires },
	{ "3.1.2.5 a response's CSeq beyond 32 bits",
	  SLICE_INIT("SIP/2.0 503 Service Unavailable\n" COMMON
		     "CSeq: 9292394834772304023312 OPTIONS\n\n"),
	  DROPPED("CSeq number too large"), NULL },
	{ "3.1.2.5 a response's Retry-After and Warning out of range",
	  SLICE_INIT("SIP/2.0 503 Service Unavailable\n" COMMON "CSeq: 5 OPTIONS\n"
		     "Retry-After: 949302838503028349304023988\n"
		     "Warning: 1812 desk \"In Progress\"\n\n"),
	  VALID, check_large_retry_after },
	{ "3.1.2.6 a display name whose quotes do not end",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" VIA FROM
		     "To: \"Desk Eight <sip:208@example.net>\n" CALL_ID "CSeq: 8 INVITE\n\n"),
	  DROPPED("bad To"), NULL },
	{ "3.1.2.7 a Request-URI in angle brackets",
	  SLICE_INIT("INVITE <sip:208@example.net> SIP/2.0\n" COMMON "CSeq: 8 INVITE\n\n"), BAD_URI,
	  NULL },
	{ "3.1.2.8 a space inside the Request-URI",
	  SLICE_INIT("INVITE sip:208@example.net; lr SIP/2.0\n" COMMON "CSeq: 8 INVITE\n\n"),
	  ANSWERED("stray space in the request line"), NULL },
	{ "3.1.2.9 two spaces between the parts of the request line",
	  SLICE_INIT("INVITE  sip:208@example.net  SIP/2.0\n" COMMON "CSeq: 8 INVITE\n\n"),
	  ANSWERED("stray space in the request line"), NULL },
	{ "3.1.2.10 spaces at the end of the request line",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0  \n" COMMON "CSeq: 8 OPTIONS\n\n"),
	  ANSWERED("stray space in the request line"), NULL },
	{ "3.1.2.11 headers in the Request-URI",
	  SLICE_INIT("INVITE sip:208@example.net?Route=%3Csip:edge.example.net%3E SIP/2.0\n" COMMON
		     "CSeq: 8 INVITE\n\n"),
	  VALID, check_headers_in_uri },
	{ "3.1.2.12 a Date in a zone other than GMT",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n"
		     "Date: Sat, 21 Nov 2026 16:00:00 EST\n\n"),
	  VALID, check_bad_date },
	{ "3.1.2.13 a Contact that needs its brackets",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\n"
		     "Contact: sip:207@example.net?Route=%3Csip:edge.example.net%3E\n\n"),
	  VALID, check_unbracketed_contact },
	{ "3.1.2.14 spaces inside an addr-spec",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" VIA FROM
		     "To: \"Eight\" < sip:208@example.net >\n" CALL_ID "CSeq: 8 OPTIONS\n\n"),
	  DROPPED("bad To"), NULL },
	{ "3.1.2.15 a comma in an unquoted display name",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" VIA
		     "From: Desk, Seven <sip:207@example.net>;tag=43\n" TO CALL_ID
		     "CSeq: 8 OPTIONS\n\n"),
	  DROPPED("bad From"), NULL },
	{ "3.1.2.16 a version from the future",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/7.0\n" COMMON "CSeq: 8 OPTIONS\n\n"),
	  ANSWERED("SIP version not supported"), NULL },
	{ "3.1.2.17 start line and CSeq name different methods",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n\n"),
	  ANSWERED("CSeq has another method"), NULL },
	{ "3.1.2.18 an unknown method and another in CSeq",
	  SLICE_INIT("NEWMETHOD sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n\n"),
	  ANSWERED("CSeq has another method"), NULL },
	{ "3.1.2.19 a response code beyond three digits",
	  SLICE_INIT("SIP/2.0 4294967301 better not break\n" COMMON "CSeq: 8 INVITE\n\n"),
	  DROPPED("bad status code"), NULL },
};

static const struct torture upper_layer_messages[] = {
	{ "3.2.1 a branch that is the cookie alone",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n"
		     "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\n" FROM TO CALL_ID
		     "CSeq: 8 OPTIONS\n\n"),
	  VALID, check_bare_cookie },
	{ "3.3.1 Call-ID, From and To missing",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" VIA "CSeq: 193942 INVITE\n\n"),
	  DROPPED("From missing"), NULL },
	{ "3.3.2 a Request-URI of an unknown scheme",
	  SLICE_INIT("OPTIONS nosuchscheme:totally-opaque SIP/2.0\n" COMMON "CSeq: 8 OPTIONS\n\n"),
	  VALID, check_unknown_scheme },
	{ "3.3.3 a Request-URI of a scheme not meant for calls",
	  SLICE_INIT("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\n" COMMON "CSeq: 8 OPTIONS\n\n"),
	  VALID, check_soap_scheme },
	{ "3.3.4 other schemes in From and To",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" VIA
		     "From: <http://desk.example.net>;tag=3234233\n"
		     "To: <isbn:2983792873>\n" CALL_ID "CSeq: 8 REGISTER\n\n"),
	  VALID, check_foreign_addresses },
	{ "3.3.5 Require and Proxy-Require that nobody meets",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 OPTIONS\n"
		     "Require: nothingSupportsThis, nothingSupportsThisEither\n"
		     "Proxy-Require: noProxySupportsThis, norDoAnyProxiesSupportThis\n\n"),
	  VALID, check_extensions },
	{ "3.3.6 an unknown Content-Type",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n"
		     "Content-Type: application/unknownformat\nContent-Length: 9\n\n<audio>\n"),
	  VALID, check_unknown_content_type },
	{ "3.3.7 an unknown Authorization scheme",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\n"
		     "Authorization: NoOneKnowsThis opaque=\"here\"\n\n"),
	  VALID, check_unknown_scheme_of_authorization },
	{ "3.3.8 single headers that stand twice",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n"
		     "CSeq: 59 INVITE\n" TO "i: another@example.net\n\n"),
	  ANSWERED("single header stands twice"), NULL },
	{ "3.3.9 two Content-Lengths",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 OPTIONS\n"
		     "Content-Length: 5\nContent-Length: 3\n\nv=0\n"),
	  ANSWERED("single header stands twice"), NULL },
	{ "3.3.10 a response with a broadcast Via",
	  SLICE_INIT("SIP/2.0 200 OK\n" VIA "Via: SIP/2.0/UDP "
		     "255.255.255.255;branch=z9hG4bK1saber23;received=192.0.2.1\n" FROM
		     "To: <sip:208@example.net>;tag=2229\n" CALL_ID "CSeq: 8 INVITE\n\n"),
	  VALID, check_broadcast_via },
	{ "3.3.11 no hops left",
	  SLICE_INIT("OPTIONS sip:208@example.net SIP/2.0\n" VIA FROM TO CALL_ID
		     "CSeq: 8 OPTIONS\nMax-Forwards: 0\n\n"),
	  VALID, check_no_hops_left },
	{ "3.3.12 a Contact header parameter",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\n"
		     "Contact: sip:207@desk7.example.net;unknownparam\n\n"),
	  VALID, check_contact_parameter },
	{ "3.3.13 a Contact URI parameter",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\n"
		     "Contact: <sip:207@desk7.example.net;unknownparam>\n\n"),
	  VALID, check_contact_uri_parameter },
	{ "3.3.14 an escaped header in a Contact URI",
	  SLICE_INIT("REGISTER sip:example.net SIP/2.0\n" COMMON "CSeq: 8 REGISTER\n"
		     "Contact: <sip:207@example.net?Route=%3Csip:edge.example.net%3E>\n\n"),
	  VALID, check_contact_uri_header },
	{ "3.3.15 an Accept that nobody can satisfy",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n" COMMON "CSeq: 8 INVITE\n"
		     "Accept: text/nobody-knows-this\n\n"),
	  VALID, check_unacceptable_accept },
	{ "3.4.1 the syntax of RFC 2543",
	  SLICE_INIT("INVITE sip:208@example.net SIP/2.0\n"
		     "Via: SIP/2.0/UDP desk7.example.net\n"
		     "From: sip:207@example.net;note=late\n"
		     "To: sip:208@example.net\nCall-ID: 1717@desk7.example.net\nCSeq: 56 INVITE\n"
		     "Content-Type: application/sdp\n\nv=0\n"),
	  VALID, check_rfc_2543 },
};

static int parse(struct slice bytes, struct sip_msg *ret_msg, struct sip_fault *ret_fault)
{
	static _Alignas(max_align_t) char block[8 * 1024];
	struct arena arena;

	arena_init(&arena, block, sizeof(block));
	return sip_msg_parse(bytes, &arena, ret_msg, ret_fault);
}

static void run_case(const struct torture *t)
{
	static char room[16 * 1024];
	struct buf buf = BUF_ON(room);
	struct guarded guarded = guarded_copy(wire_text(&buf, t->text));
	struct sip_msg msg;
	struct sip_fault fault;
	int err = parse(guarded.text, &msg, &fault);

	if (err != t->err || strcmp(fault.reason, t->fault) != 0)
		fail_msg("%s: %s at %zu", t->name, fault.reason, fault.offset);
	if (fault.is_answerable != t->is_answerable || msg.is_uri_bad != t->is_uri_bad)
		fail_msg("%s: answerable %d, uri bad %d", t->name, fault.is_answerable,
			 msg.is_uri_bad);
	walk_msg(&msg);
	if (!err)
		check_whole_msg(&msg);
	if (t->check)
		t->check(&msg);
	guarded_free(&guarded);
}

/* No prefix of a message may be read past its end. */
static void run_prefixes(const struct torture *t)
{
	static char room[16 * 1024];
	struct buf buf = BUF_ON(room);
	struct slice text = wire_text(&buf, t->text);

	for (size_t n = 0; n < text.n; n++) {
		struct guarded guarded = guarded_copy(slice_head(text, n));
		struct sip_msg msg;
		struct sip_fault fault;
		int err = parse(guarded.text, &msg, &fault);

		walk_msg(&msg);
		if (!err)
			check_whole_msg(&msg);
		guarded_free(&guarded);
	}
}

static void run_table(const struct torture *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		run_case(&cases[i]);
		run_prefixes(&cases[i]);
	}
}

static void valid_messages_are_read(void **state)
{
	(void)state;
	run_table(valid_messages, ARRAY_LEN(valid_messages));
}

static void invalid_messages_are_refused_or_left_to_their_getters(void **state)
{
	(void)state;
	run_table(invalid_messages, ARRAY_LEN(invalid_messages));
}

static void messages_for_the_layers_above_pass(void **state)
{
	(void)state;
	run_table(upper_layer_messages, ARRAY_LEN(upper_layer_messages));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_messages_are_read),
		cmocka_unit_test(invalid_messages_are_refused_or_left_to_their_getters),
		cmocka_unit_test(messages_for_the_layers_above_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
