/* SPDX-License-Identifier: MIT */
/*
 * Reading messages: names, lines, typed headers, lists, parameters, limits. What went wrong in
 * other parsers is in test_msg_hostile.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/parsed_msg.h"

/* A variant of a desk phone's pick-up, 17 headers and a body. */
static const struct slice pickup = SLICE_INIT(
	"INVITE sip:202@pbx.example.com SIP/2.0\n"
	"Via: SIP/2.0/UDP 192.0.2.61:2054;branch=z9hG4bK-p4wfiw5j4k4t;rport\n"
	"From: \"Carol at the desk\" <sip:203@pbx.example.com>;tag=fkbq77xqv2\n"
	"To: <sip:202@pbx.example.com>\n"
	"Call-ID: 3c269bfdf1b3-elaa4cdv0pdi@snom360-000413230534\n"
	"CSeq: 1 INVITE\n"
	"Max-Forwards: 70\n"
	"Contact: <sip:203@192.0.2.61:2054;gruu=dolzqxk4>;flow-id=1\n"
	"Replaces: eb4f000d-b85c2874@192.0.2.172;to-tag=d07b4339bf62df38o0;from-tag=ka6rnwbn36\n"
	"P-Key-Flags: resolution=\"31x13\", keys=\"4\"\n"
	"User-Agent: snom360/5.5\n"
	"Accept: application/sdp\n"
	"Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, INFO\n"
	"Allow-Events: talk, hold, refer\n"
	"Supported: timer, 100rel, replaces, callerid\n"
	"Session-Expires: 3600;refresher=uas\n"
	"Content-Type: application/sdp\n"
	"Content-Length: 29\n"
	"\n"
	"v=0\nm=audio 4000 RTP/AVP 0\n");

static void a_pickup_invite_is_read(void **state)
{
	struct parsed p;
	struct sip_addr contact;
	struct slice value;
	uint32_t seconds;

	(void)state;
	parse_text(&p, pickup);
	assert_int_equal(p.err, 0);
	assert_true(p.msg.is_request);
	assert_int_equal(p.msg.method, METHOD_INVITE);
	assert_slice(p.msg.uri.user, "202");
	assert_int_equal(p.msg.header_count, 17);
	assert_int_equal(p.arena.used, 17 * sizeof(struct sip_header));
	assert_slice(p.msg.via.host, "192.0.2.61");
	assert_int_equal(p.msg.via.port, 2054);
	assert_true(p.msg.via.has_rport);
	assert_slice(p.msg.from.display, "Carol at the desk");
	assert_slice(p.msg.from_tag, "fkbq77xqv2");
	assert_int_equal(p.msg.to_tag.n, 0);
	assert_slice(p.msg.call_id, "3c269bfdf1b3-elaa4cdv0pdi@snom360-000413230534");
	assert_int_equal(p.msg.cseq, 1);
	assert_int_equal(p.msg.max_forwards, 70);
	assert_slice(p.msg.body, "v=0\r\nm=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(sip_addr_parse(sip_msg_value(&p.msg, HDR_CONTACT), &contact), 0);
	assert_slice(contact.uri.params, "gruu=dolzqxk4");
	assert_slice(contact.params, "flow-id=1");
	assert_true(sip_msg_has_token(&p.msg, HDR_SUPPORTED, SLICE("REPLACES")));
	assert_false(sip_msg_has_token(&p.msg, HDR_SUPPORTED, SLICE("replace")));
	assert_int_equal(sip_msg_seconds(&p.msg, HDR_SESSION_EXPIRES, &seconds), 0);
	assert_int_equal(seconds, 3600);
	value = sip_msg_header_named(&p.msg, SLICE("p-key-flags"))->value;
	assert_slice(value, "resolution=\"31x13\", keys=\"4\"");
	assert_null(sip_msg_header(&p.msg, HDR_EXPIRES));
	assert_null(sip_msg_header_named(&p.msg, SLICE("P-Key")));
	assert_int_equal(sip_msg_value(&p.msg, HDR_EXPIRES).n, 0);
	parsed_fini(&p);
}

/* Every prefix stops at an unreadable page; none of them is a whole message. */
static void no_prefix_of_a_message_is_a_message(void **state)
{
	static char room[4096];
	struct buf buf = BUF_ON(room);
	struct slice whole = wire_text(&buf, pickup);

	(void)state;
	for (size_t n = 0; n < whole.n; n++) {
		struct parsed p;

		parse_bytes(&p, slice_head(whole, n));
		assert_int_equal(p.err, ERR_SYNTAX);
		parsed_fini(&p);
	}
}

static void a_full_arena_is_said(void **state)
{
	_Alignas(max_align_t) char block[256];
	struct arena arena;
	struct sip_msg msg;
	struct sip_fault fault;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	assert_int_equal(sip_msg_parse(pickup, &arena, &msg, &fault), ERR_NOMEM);
}

static struct slice in_case(struct buf *buf, struct slice name, bool is_upper)
{
	size_t start = buf->n;

	for (size_t i = 0; i < name.n; i++) {
		char c = char_to_lower(name.p[i]);

		buf_char(buf, is_upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	return slice_of(buf->p + start, buf->n - start);
}

static void every_header_has_its_names(void **state)
{
	static const char letters[HDR_COUNT] = {
#define HDR(id, name, compact, is_single) [HDR_##id] = compact,
#include "sip/headers.def"
#undef HDR
	};

	(void)state;
	for (unsigned i = 1; i < HDR_COUNT; i++) {
		enum sip_header_id id = (enum sip_header_id)i;
		struct slice name = sip_header_name(id);
		char room[128];
		struct buf buf = BUF_ON(room);

		assert_int_equal(sip_header_id_of(name), id);
		assert_int_equal(sip_header_id_of(in_case(&buf, name, false)), id);
		assert_int_equal(sip_header_id_of(in_case(&buf, name, true)), id);
		if (name.n > 2) /* "T" is To */
			assert_int_equal(sip_header_id_of(slice_head(name, name.n - 1)), HDR_OTHER);
		if (letters[i] != 0) {
			char upper = (char)(letters[i] - 'a' + 'A');

			assert_int_equal(sip_header_id_of(slice_of(&letters[i], 1)), id);
			assert_int_equal(sip_header_id_of(slice_of(&upper, 1)), id);
		}
	}
}

/* libre took "khd:" for Content-Length; 0x0d and '-' differ in the bit that lowers a letter. */
static void no_other_name_is_a_header(void **state)
{
	static const struct slice names[] = {
		SLICE_INIT(""),
		SLICE_INIT("khd"),
		SLICE_INIT("z"),
		SLICE_INIT("\0"),
		SLICE_INIT("Vis"),
		SLICE_INIT("To\1"),
		SLICE_INIT("Call\rID"),
		SLICE_INIT("Call ID"),
		SLICE_INIT("Content\rLength"),
		SLICE_INIT("Content-Lengti"),
		SLICE_INIT("\x16ia"),
		SLICE_INIT("Content-Length-And-More"),
		SLICE_INIT("Route-"),
		SLICE_INIT("X-Via"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(sip_header_id_of(names[i]), HDR_OTHER);
}

static void every_method_has_its_name(void **state)
{
	(void)state;
	for (unsigned i = 1; i < METHOD_COUNT; i++) {
		enum sip_method method = (enum sip_method)i;

		assert_int_equal(sip_method_of(sip_method_name(method)), method);
	}
	assert_int_equal(sip_method_of(SLICE("invite")), METHOD_OTHER);
	assert_int_equal(sip_method_of(SLICE("INVITEE")), METHOD_OTHER);
	assert_int_equal(sip_method_of(SLICE("")), METHOD_OTHER);
	assert_int_equal(sip_method_name(METHOD_OTHER).n, 0);
}

static void status_codes_have_reasons(void **state)
{
	(void)state;
	assert_slice(sip_status_reason(200), "OK");
	assert_slice(sip_status_reason(481), "Call/Transaction Does Not Exist");
	assert_slice(sip_status_reason(699), "Unknown");
}

struct via_case {
	struct slice text;
	int err;
	struct slice transport, host;
	uint16_t port;
	bool has_rport;
	uint16_t rport;
	struct slice branch, received, maddr;
};

#define VIA_OK(transport, host, port, has_rport, rport, branch, received, maddr)                   \
	0, SLICE_INIT(transport), SLICE_INIT(host), port, has_rport, rport, SLICE_INIT(branch),    \
		SLICE_INIT(received), SLICE_INIT(maddr)
#define VIA_BAD(err)                                                                               \
	err, SLICE_INIT(""), SLICE_INIT(""), 0, false, 0, SLICE_INIT(""), SLICE_INIT(""),          \
		SLICE_INIT("")

static const struct via_case via_cases[] = {
	{ SLICE_INIT("SIP/2.0/UDP 192.0.2.1"),
	  VIA_OK("UDP", "192.0.2.1", 0, false, 0, "", "", "") },
	{ SLICE_INIT("sip/2.0/tcp a_b.example.com:5061;branch=z9hG4bKx"),
	  VIA_OK("tcp", "a_b.example.com", 5061, false, 0, "z9hG4bKx", "", "") },
	{ SLICE_INIT("SIP/2.0/UDP [2001:db8::1]:5070;rport;received=192.0.2.9;maddr=224.0.1.75"),
	  VIA_OK("UDP", "[2001:db8::1]", 5070, true, 0, "", "192.0.2.9", "224.0.1.75") },
	{ SLICE_INIT("SIP/2.0/UDP h ; RPORT = 5062 ;; Branch = b ; ttl=1; x=\"a;branch=c\""),
	  VIA_OK("UDP", "h", 0, true, 5062, "b", "", "") },
	{ SLICE_INIT("SIP/2.0/UDP h;rport="), VIA_OK("UDP", "h", 0, true, 0, "", "", "") },
	{ SLICE_INIT("SIP/2.0/UDP h;received=[2001:db8::9]"),
	  VIA_OK("UDP", "h", 0, false, 0, "", "[2001:db8::9]", "") },
	{ SLICE_INIT("\r\n SIP/2.0/UDP\r\n h:5060\r\n ;branch=b"),
	  VIA_OK("UDP", "h", 5060, false, 0, "b", "", "") },
	{ SLICE_INIT(""), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/ h"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/3.0/UDP h"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SAP/2.0/UDP h"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;branch"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;branch="), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;branch=\"b\""), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;branch=a;branch=b"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;branch=a b"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h:"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h:0"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h:65536"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h:4294972356"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h:5060x"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;rport=-1"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;rport=70000"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;rport;rport"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h i"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP [2001:db8::1"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP [192.0.2.1]"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP [xyz]"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;a=\"T\\"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;a=\"T"), VIA_BAD(ERR_SYNTAX) },
	{ SLICE_INIT("SIP/2.0/UDP h;=x"), VIA_BAD(ERR_SYNTAX) },
};

static void vias_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(via_cases); i++) {
		const struct via_case *c = &via_cases[i];
		struct guarded guarded = guarded_copy(c->text);
		struct sip_via via = { .port = 0 };
		int err = sip_via_parse(guarded.text, &via);

		if (err != c->err)
			fail_msg("%.*s: %s", SLICE_ARGS(c->text), err_text(err));
		assert_true(slice_eq(via.transport, c->transport));
		assert_true(slice_eq(via.host, c->host));
		assert_int_equal(via.port, c->port);
		assert_int_equal(via.has_rport, c->has_rport);
		assert_int_equal(via.rport, c->rport);
		assert_true(slice_eq(via.branch, c->branch));
		assert_true(slice_eq(via.received, c->received));
		assert_true(slice_eq(via.maddr, c->maddr));
		guarded_free(&guarded);
	}
}

static const struct {
	struct slice text;
	int err;
	struct slice display, uri, params;
} addr_cases[] = {
	{ SLICE_INIT("sip:a@b"), 0, SLICE_INIT(""), SLICE_INIT("sip:a@b"), SLICE_INIT("") },
	{ SLICE_INIT(" sip:a@b ; tag=x "), 0, SLICE_INIT(""), SLICE_INIT("sip:a@b"),
	  SLICE_INIT(" tag=x") },
	{ SLICE_INIT("<sip:a@b;lr>;tag=x"), 0, SLICE_INIT(""), SLICE_INIT("sip:a@b;lr"),
	  SLICE_INIT("tag=x") },
	{ SLICE_INIT("A B  C <sip:a@b>"), 0, SLICE_INIT("A B  C"), SLICE_INIT("sip:a@b"),
	  SLICE_INIT("") },
	{ SLICE_INIT("M\xc3\xbcller (3) <sip:a@b>"), 0, SLICE_INIT("M\xc3\xbcller (3)"),
	  SLICE_INIT("sip:a@b"), SLICE_INIT("") },
	{ SLICE_INIT("\"<sip:x@y>;,\" <sip:a@b>"), 0, SLICE_INIT("<sip:x@y>;,"),
	  SLICE_INIT("sip:a@b"), SLICE_INIT("") },
	{ SLICE_INIT("\"q\\\"\\\\\"<tel:+1-201-555-0123>\r\n ;\r\n q=0.5"), 0,
	  SLICE_INIT("q\\\"\\\\"), SLICE_INIT("tel:+1-201-555-0123"), SLICE_INIT("\r\n q=0.5") },
	{ SLICE_INIT("\"\" <sip:a@b>"), 0, SLICE_INIT(""), SLICE_INIT("sip:a@b"), SLICE_INIT("") },
	{ SLICE_INIT("sip:a@b;x=\"<sip:c@d>\""), 0, SLICE_INIT(""), SLICE_INIT("sip:a@b"),
	  SLICE_INIT("x=\"<sip:c@d>\"") },
	{ SLICE_INIT("<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1"), 0, SLICE_INIT(""),
	  SLICE_INIT("sip:a@b"), SLICE_INIT("+sip.instance=\"<urn:uuid:1>\";reg-id=1") },
#define ADDR_BAD(text)                                                                             \
	{                                                                                          \
		SLICE_INIT(text), ERR_SYNTAX, SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("")       \
	}
	ADDR_BAD(""),
	ADDR_BAD("*"),
	ADDR_BAD("<>"),
	ADDR_BAD("<sip:a@b"),
	ADDR_BAD("sip:a@b>"),
	ADDR_BAD("< sip:a@b>"),
	ADDR_BAD("\"A <sip:a@b>"),
	ADDR_BAD("\"A\\\" <sip:a@b>"),
	ADDR_BAD("\"A\" B <sip:a@b>"),
	ADDR_BAD("A \"B\" <sip:a@b>"),
	ADDR_BAD("\"A\" sip:a@b"),
	ADDR_BAD("\"A\1\" <sip:a@b>"),
	ADDR_BAD("\"A\0\" <sip:a@b>"),
	ADDR_BAD("A;B <sip:a@b>"),
	ADDR_BAD("A, B <sip:a@b>"),
	ADDR_BAD("A\1 <sip:a@b>"),
	ADDR_BAD("<sip:a@b> <sip:c@d>"),
	ADDR_BAD("<sip:a@b>, <sip:c@d>"),
	ADDR_BAD("<sip:a@b>x"),
	ADDR_BAD("<sip:a@b>;x=1, <sip:c@d>"),
	ADDR_BAD("<sip:a@b>;x=\"1"),
	ADDR_BAD("sip:a@b?x=y"),
	ADDR_BAD("sip:a@b,sip:c@d"),
#undef ADDR_BAD
};

static void addresses_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addr_cases); i++) {
		struct guarded guarded = guarded_copy(addr_cases[i].text);
		struct sip_addr addr = { .display = SLICE_NONE };
		int err = sip_addr_parse(guarded.text, &addr);

		if (err != addr_cases[i].err)
			fail_msg("%.*s: %s", SLICE_ARGS(addr_cases[i].text), err_text(err));
		assert_true(slice_eq(addr.display, addr_cases[i].display));
		assert_true(slice_eq(addr.uri.text, addr_cases[i].uri));
		assert_true(slice_eq(addr.params, addr_cases[i].params));
		guarded_free(&guarded);
	}
}

static void every_prefix_of_vias_and_addresses_is_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(via_cases) + ARRAY_LEN(addr_cases); i++) {
		struct slice text = i < ARRAY_LEN(via_cases)
					    ? via_cases[i].text
					    : addr_cases[i - ARRAY_LEN(via_cases)].text;

		for (size_t n = 0; n < text.n; n++) {
			struct guarded guarded = guarded_copy(slice_head(text, n));

			walk_text(guarded.text);
			guarded_free(&guarded);
		}
	}
}

static void display_names_lose_their_escapes(void **state)
{
	static const struct {
		struct slice display, plain;
	} cases[] = {
		{ SLICE_INIT(""), SLICE_INIT("") },
		{ SLICE_INIT("Alice"), SLICE_INIT("Alice") },
		{ SLICE_INIT("a\\\"b\\\\c\\ d"), SLICE_INIT("a\"b\\c d") },
		{ SLICE_INIT("a\r\n   b\tc"), SLICE_INIT("a b\tc") },
		{ SLICE_INIT("a\\"), SLICE_INIT("a\\") },
		{ SLICE_INIT("a\\\r\n b"), SLICE_INIT("a\\ b") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char room[32];
		struct buf buf = BUF_ON(room);

		sip_display_unquote(&buf, cases[i].display);
		assert_true(slice_eq(buf_text(&buf), cases[i].plain));
	}
}

static void parameters_are_found(void **state)
{
	static const struct {
		struct slice params, name;
		bool is_found;
		struct slice value;
	} cases[] = {
		{ SLICE_INIT("a=b;c;d=\"x;y\""), SLICE_INIT("A"), true, SLICE_INIT("b") },
		{ SLICE_INIT("a=b;c;d=\"x;y\""), SLICE_INIT("c"), true, SLICE_INIT("") },
		{ SLICE_INIT("a=b;c;d=\"x;y\""), SLICE_INIT("d"), true, SLICE_INIT("x;y") },
		{ SLICE_INIT("a=b;c;d=\"x;y\""), SLICE_INIT("y"), false, SLICE_INIT("") },
		{ SLICE_INIT(" a \r\n = \t b ; c"), SLICE_INIT("a"), true, SLICE_INIT("b") },
		{ SLICE_INIT("a=\"x\\\"y\""), SLICE_INIT("a"), true, SLICE_INIT("x\\\"y") },
		{ SLICE_INIT("a="), SLICE_INIT("a"), true, SLICE_INIT("") },
		{ SLICE_INIT(";;a=1"), SLICE_INIT("a"), true, SLICE_INIT("1") },
		{ SLICE_INIT("a=[::1]:5060"), SLICE_INIT("a"), true, SLICE_INIT("[::1]:5060") },
		{ SLICE_INIT("ab=1"), SLICE_INIT("a"), false, SLICE_INIT("") },
		{ SLICE_INIT("a=\"T\\"), SLICE_INIT("a"), false, SLICE_INIT("") },
		{ SLICE_INIT("b=x y;a=1"), SLICE_INIT("a"), false, SLICE_INIT("") },
		{ SLICE_INIT(""), SLICE_INIT("a"), false, SLICE_INIT("") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded guarded = guarded_copy(cases[i].params);
		struct slice value = SLICE_NONE;

		assert_int_equal(sip_param(guarded.text, cases[i].name, &value), cases[i].is_found);
		assert_true(slice_eq(value, cases[i].value));
		guarded_free(&guarded);
	}
}

static void a_token_is_parted_from_its_parameters(void **state)
{
	struct slice token, params;

	(void)state;
	sip_token_params(SLICE(" active ;expires=3600"), &token, &params);
	assert_slice(token, "active");
	assert_slice(params, "expires=3600");
	sip_token_params(SLICE("dialog"), &token, &params);
	assert_slice(token, "dialog");
	assert_int_equal(params.n, 0);
}

static void lists_are_walked_over_commas_and_lines(void **state)
{
	static const struct slice expected[] = {
		SLICE_INIT("<sip:a@b,c>;x"), SLICE_INIT("\"Doe, \\\", J\" <sip:d@e>"),
		SLICE_INIT("sip:f@g"),	     SLICE_INIT("<sip:h@i>"),
		SLICE_INIT("<sip:j@k, l"),
	};
	struct sip_list_cursor cursor = { 0 };
	struct parsed p;
	struct slice entry;

	(void)state;
	parse_text(&p,
		   SLICE(HEAD "Contact: <sip:a@b,c>;x,\n \"Doe, \\\", J\" <sip:d@e> ,, sip:f@g\n"
			      "Subject: no, list\nm:\nContact: ,<sip:h@i>,\n"
			      "m: <sip:j@k, l\n\n"));
	assert_int_equal(p.err, 0);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_true(sip_msg_list_next(&p.msg, HDR_CONTACT, &cursor, &entry));
		assert_true(slice_eq(entry, expected[i]));
	}
	assert_false(sip_msg_list_next(&p.msg, HDR_CONTACT, &cursor, &entry));
	assert_false(sip_msg_list_next(&p.msg, HDR_CONTACT, &cursor, &entry));
	parsed_fini(&p);
}

static void seconds_are_read(void **state)
{
	static const struct {
		struct slice text;
		int err;
		uint32_t seconds;
	} cases[] = {
		{ SLICE_INIT(HEAD "\n"), ERR_NOTFOUND, 0 },
		{ SLICE_INIT(HEAD "Expires: 0\n\n"), 0, 0 },
		{ SLICE_INIT(HEAD "Expires: 4294967295\n\n"), 0, 4294967295u },
		{ SLICE_INIT(HEAD "Expires: 4294967296\n\n"), ERR_RANGE, 0 },
		{ SLICE_INIT(HEAD "Expires: 60 (a minute)\n\n"), 0, 60 },
		{ SLICE_INIT(HEAD "Expires: 60;x=y\n\n"), 0, 60 },
		{ SLICE_INIT(HEAD "Expires: 60 61\n\n"), ERR_SYNTAX, 0 },
		{ SLICE_INIT(HEAD "Expires: -1\n\n"), ERR_SYNTAX, 0 },
		{ SLICE_INIT(HEAD "Expires:\n\n"), ERR_SYNTAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct parsed p;
		uint32_t seconds = 0;

		parse_text(&p, cases[i].text);
		assert_int_equal(p.err, 0);
		assert_int_equal(sip_msg_seconds(&p.msg, HDR_EXPIRES, &seconds), cases[i].err);
		assert_int_equal(seconds, cases[i].seconds);
		parsed_fini(&p);
	}
}

static const struct fault_case framing_cases[] = {
	{ "as it should be", SLICE_INIT(HEAD "\n"), 0, "", false },
	{ "line ends before the start line", SLICE_INIT("\n\n" HEAD "\n"), 0, "", false },
	{ "only line ends", SLICE_INIT("\n\n"), ERR_SYNTAX, "head without an end", false },
	{ "nothing", SLICE_INIT(""), ERR_SYNTAX, "empty message", false },
	{ "no empty line", SLICE_INIT(HEAD), ERR_SYNTAX, "head without an end", true },
	{ "CR without LF", SLICE_INIT(HEAD "Subject: a\rTo: b\n\n"), ERR_SYNTAX, "CR without LF",
	  true },
	{ "CR twice", SLICE_INIT(HEAD "Subject: a\r\r\n\n"), ERR_SYNTAX, "CR without LF", true },
	{ "CR in a fold", SLICE_INIT(HEAD "Subject: a\n \rTo: b\n\n"), ERR_SYNTAX, "CR without LF",
	  true },
	{ "NUL in a value", SLICE_INIT(HEAD "Subject: a\0b\n\n"), ERR_SYNTAX, "NUL in the head",
	  true },
	{ "NUL in the body", SLICE_INIT(HEAD "\n\0"), 0, "", false },
	{ "no colon", SLICE_INIT(HEAD "Subject\n\n"), ERR_SYNTAX, "bad header name", true },
	{ "no name", SLICE_INIT(HEAD ": x\n\n"), ERR_SYNTAX, "bad header name", true },
	{ "fold before the first header",
	  SLICE_INIT(OPTIONS " x: y\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "bad header name", true },
	{ "fold in a name", SLICE_INIT(HEAD "Sub\n ject: x\n\n"), ERR_SYNTAX, "bad header name",
	  true },
	{ "space in a name", SLICE_INIT(HEAD "Sub ject: x\n\n"), ERR_SYNTAX, "bad header name",
	  true },
	{ "not SIP", SLICE_INIT("GET / HTTP/1.1\nHost: x\n\n"), ERR_SYNTAX, "start line is not SIP",
	  false },
	{ "a tab in the request line",
	  SLICE_INIT("OPTIONS\tsip:a@b SIP/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "start line is not SIP", false },
	{ "only a method", SLICE_INIT("OPTIONS\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "stray space in the request line", true },
	{ "the version in small letters",
	  SLICE_INIT("OPTIONS sip:a@b sip/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"), 0, "", false },
	{ "status 99", SLICE_INIT("SIP/2.0 099 Low\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "bad status code", false },
	{ "status 700", SLICE_INIT("SIP/2.0 700 High\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "bad status code", false },
	{ "status of two digits", SLICE_INIT("SIP/2.0 20 Short\n" VIA FROM TO CALL_ID CSEQ "\n"),
	  ERR_SYNTAX, "bad status code", false },
	{ "a response of another version",
	  SLICE_INIT("SIP/2.1 200 OK\n" VIA FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "SIP version not supported", false },
	{ "no Via", SLICE_INIT(OPTIONS FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX, "Via missing",
	  false },
	{ "an empty Via", SLICE_INIT(OPTIONS "Via: ,\n" FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
	  "bad Via", false },
	{ "no From", SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "\n"), ERR_SYNTAX, "From missing",
	  false },
	{ "no To", SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "\n"), ERR_SYNTAX, "To missing",
	  false },
	{ "no Call-ID", SLICE_INIT(OPTIONS VIA FROM TO CSEQ "\n"), ERR_SYNTAX, "Call-ID missing",
	  false },
	{ "no CSeq", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "\n"), ERR_SYNTAX, "CSeq missing",
	  false },
	{ "an empty Call-ID", SLICE_INIT(OPTIONS VIA FROM TO CSEQ "i:\n\n"), ERR_SYNTAX,
	  "bad Call-ID", false },
	{ "a space in Call-ID", SLICE_INIT(OPTIONS VIA FROM TO CSEQ "i: a b\n\n"), ERR_SYNTAX,
	  "bad Call-ID", false },
	{ "a semicolon in Call-ID", SLICE_INIT(OPTIONS VIA FROM TO CSEQ "i: a;to-tag=b\n\n"),
	  ERR_SYNTAX, "bad Call-ID", false },
	{ "CSeq without a method", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 7\n\n"),
	  ERR_SYNTAX, "bad CSeq", false },
	{ "CSeq without a number", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: OPTIONS\n\n"),
	  ERR_SYNTAX, "bad CSeq", false },
	{ "CSeq with more", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 7 OPTIONS x\n\n"),
	  ERR_SYNTAX, "bad CSeq", false },
	{ "the largest CSeq",
	  SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 2147483647 OPTIONS\n\n"), 0, "", false },
	{ "method in another case", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 7 options\n\n"),
	  ERR_SYNTAX, "CSeq has another method", true },
	{ "two tags", SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "f: <sip:a@b>;tag=1;tag=2\n\n"),
	  ERR_SYNTAX, "bad tag", false },
	{ "an empty tag", SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "f: <sip:a@b>;tag=\n\n"),
	  ERR_SYNTAX, "bad tag", false },
	{ "a quoted tag", SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "f: <sip:a@b>;tag=\"x\"\n\n"),
	  ERR_SYNTAX, "bad tag", false },
	{ "Max-Forwards in words", SLICE_INIT(HEAD "Max-Forwards: many\n\n"), ERR_SYNTAX,
	  "bad Max-Forwards", true },
	{ "Max-Forwards of a response",
	  SLICE_INIT("SIP/2.0 200 OK\n" VIA FROM TO CALL_ID CSEQ "Max-Forwards: many\n\n"), 0, "",
	  false },
	{ "a compact and a long name of a single header", SLICE_INIT(HEAD "t: <sip:x@y>\n\n"),
	  ERR_SYNTAX, "single header stands twice", true },
	{ "too many header lines",
	  SLICE_INIT(HEAD HUNDRED("Z: y\n") TEN("Z: y\n")
			     TEN("Z: y\n") "A: 1\nG: 2\nH: 3\nJ: 4\n\n"),
	  ERR_LIMIT, "too many header lines", true },
	{ "as many as there may be",
	  SLICE_INIT(HEAD HUNDRED("Z: y\n") TEN("Z: y\n") TEN("Z: y\n") "A: 1\nG: 2\nH: 3\n\n"), 0,
	  "", false },
	{ "33 Vias",
	  SLICE_INIT(OPTIONS TEN(VIA) TEN(VIA) TEN(VIA) VIA
		     "v: SIP/2.0/UDP a, SIP/2.0/UDP b\n" FROM TO CALL_ID CSEQ "\n"),
	  ERR_LIMIT, "too many Vias", true },
	{ "32 Vias",
	  SLICE_INIT(OPTIONS TEN(VIA) TEN(VIA) TEN(VIA) VIA
		     "v: SIP/2.0/UDP a\n" FROM TO CALL_ID CSEQ "\n"),
	  0, "", false },
	{ "a long header", SLICE_INIT(HEAD "Z: " HUNDRED(TEN("123456789")) "\n\n"), ERR_LIMIT,
	  "header too long", true },
	{ "a long start line",
	  SLICE_INIT("OPTIONS sip:" HUNDRED(TEN("12345")) " SIP/2.0\n" VIA FROM TO CALL_ID CSEQ
							  "\n"),
	  ERR_LIMIT, "start line too long", false },
	{ "a long Call-ID", SLICE_INIT(OPTIONS VIA FROM TO CSEQ "i: " HUNDRED("abc") "\n\n"),
	  ERR_LIMIT, "Call-ID too long", false },
};

static void framing_is_strict(void **state)
{
	(void)state;
	run_faults(framing_cases, ARRAY_LEN(framing_cases));
}

static void bare_line_feeds_are_taken(void **state)
{
	struct parsed p;

	(void)state;
	parse_bytes(&p, SLICE(HEAD "Subject: a\n b\n\nbody"));
	assert_int_equal(p.err, 0);
	assert_slice(sip_msg_value(&p.msg, HDR_SUBJECT), "a\n b");
	assert_slice(p.msg.body, "body");
	parsed_fini(&p);
}

static void a_body_is_no_fold(void **state)
{
	struct parsed p;

	(void)state;
	parse_text(&p, SLICE(HEAD "\n body"));
	assert_int_equal(p.err, 0);
	assert_slice(p.msg.body, " body");
	parsed_fini(&p);
}

static void a_message_has_its_largest_size(void **state)
{
	static char room[SIP_MESSAGE_MAX_BYTES + 1];
	struct buf buf = BUF_ON(room);
	struct parsed p;

	(void)state;
	wire_text(&buf, SLICE(HEAD "\n"));
	memset(room + buf.n, 'x', sizeof(room) - buf.n);
	parse_bytes(&p, slice_of(room, sizeof(room) - 1));
	assert_int_equal(p.err, 0);
	parsed_fini(&p);
	parse_bytes(&p, slice_of(room, sizeof(room)));
	assert_int_equal(p.err, ERR_LIMIT);
	assert_false(p.fault.is_answerable);
	parsed_fini(&p);
}

static void a_bad_request_uri_is_left_to_the_core(void **state)
{
	static const struct slice texts[] = {
		SLICE_INIT("OPTIONS <sip:a@b> SIP/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"),
		SLICE_INIT("OPTIONS sip:a@ SIP/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"),
		SLICE_INIT("OPTIONS 202 SIP/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"),
		SLICE_INIT("OPTIONS sip:" HUNDRED("0123456789")
				   TEN("012") "@b SIP/2.0\n" VIA FROM TO CALL_ID CSEQ "\n"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct parsed p;

		parse_text(&p, texts[i]);
		assert_int_equal(p.err, 0);
		assert_true(p.msg.is_uri_bad);
		assert_int_equal(p.msg.uri.scheme, URI_OTHER);
		assert_true(p.msg.uri.text.n > 0);
		parsed_fini(&p);
	}
}

static void a_fault_says_where(void **state)
{
	struct parsed p;

	(void)state;
	parse_text(&p, SLICE(HEAD "Subject: ok\nMax-Forwards: x\n\n"));
	assert_int_equal(p.err, ERR_SYNTAX);
	assert_int_equal(p.guarded.text.p[p.fault.offset], 'x');
	assert_slice(sip_msg_value(&p.msg, HDR_SUBJECT), "ok");
	parsed_fini(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pickup_invite_is_read),
		cmocka_unit_test(no_prefix_of_a_message_is_a_message),
		cmocka_unit_test(a_full_arena_is_said),
		cmocka_unit_test(every_header_has_its_names),
		cmocka_unit_test(no_other_name_is_a_header),
		cmocka_unit_test(every_method_has_its_name),
		cmocka_unit_test(status_codes_have_reasons),
		cmocka_unit_test(vias_are_read),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(every_prefix_of_vias_and_addresses_is_survived),
		cmocka_unit_test(display_names_lose_their_escapes),
		cmocka_unit_test(parameters_are_found),
		cmocka_unit_test(a_token_is_parted_from_its_parameters),
		cmocka_unit_test(lists_are_walked_over_commas_and_lines),
		cmocka_unit_test(seconds_are_read),
		cmocka_unit_test(framing_is_strict),
		cmocka_unit_test(bare_line_feeds_are_taken),
		cmocka_unit_test(a_body_is_no_fold),
		cmocka_unit_test(a_message_has_its_largest_size),
		cmocka_unit_test(a_bad_request_uri_is_left_to_the_core),
		cmocka_unit_test(a_fault_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
