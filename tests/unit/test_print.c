/* SPDX-License-Identifier: MIT */
/*
 * Printing: no value ends its own line or part (faults A3, P12), and the head of a response is
 * what RFC 3261 8.2.6.2 and 18.2.1 and RFC 3581 4 want.
 */
#include "base/addr.h"
#include "base/check.h"
#include "sip/print.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_slice(struct slice got, const char *expected)
{
	if (!slice_eq(got, slice_from_cstr(expected)))
		print_error("got:\n%.*s\nexpected:\n%s\n", SLICE_ARGS(got), expected);
	assert_true(slice_eq(got, slice_from_cstr(expected)));
}

static const struct {
	struct slice value;
	const char *printed;
} value_cases[] = {
	{ SLICE_INIT(""), "" },
	{ SLICE_INIT("plain value"), "plain value" },
	{ SLICE_INIT(" \tkept\t "), " \tkept\t " },
	{ SLICE_INIT("a\r\n b"), "a b" },
	{ SLICE_INIT("a \t\r\n \t b"), "a b" },
	{ SLICE_INIT("a\r\nX: y"), "a X: y" },
	{ SLICE_INIT("a\rb\nc\0d"), "a b c d" },
	{ SLICE_INIT("\r\na\r\n"), "a" },
	{ SLICE_INIT("\r\n\r\n"), "" },
	{ SLICE_INIT(" \r\n a"), "a" },
	{ SLICE_INIT("\0"), "" },
	{ SLICE_INIT("j\xc3\xb6rg"), "j\xc3\xb6rg" },
};

static void value_makes_a_fold_one_space(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(value_cases); i++) {
		struct guarded input = guarded_copy(value_cases[i].value);
		char text[64];
		struct buf buf = BUF_ON(text);

		sip_print_value(&buf, input.text);
		assert_slice(buf_text(&buf), value_cases[i].printed);
		guarded_free(&input);
	}
}

static void lines_and_headers_are_printed(void **state)
{
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	sip_print_request_line(&buf, SLICE("INVITE"), SLICE("sip:a@b"));
	sip_print_status_line(&buf, 486, SLICE("Busy Here"));
	sip_print_header(&buf, HDR_CALL_ID, SLICE("x@y"));
	sip_print_header_named(&buf, SLICE("X-Note"), SLICE("v"));
	sip_print_header_u32(&buf, HDR_EXPIRES, UINT32_MAX);
	sip_print_cseq(&buf, 1, SLICE("BYE"));
	sip_print_addr(&buf, HDR_FROM, SLICE("Al \"B\" \\"), SLICE("sip:a@b"), SLICE("t=1"));
	sip_print_addr(&buf, HDR_TO, SLICE_NONE, SLICE("sip:c@d"), SLICE_NONE);
	sip_print_body(&buf, SLICE("text/plain"), SLICE("a\r\n\0b"));
	buf_lit(&buf, "|");
	sip_print_body(&buf, SLICE("text/plain"), SLICE_NONE);
	assert_true(
		slice_eq(buf_text(&buf), SLICE("INVITE sip:a@b SIP/2.0\r\n"
					       "SIP/2.0 486 Busy Here\r\n"
					       "Call-ID: x@y\r\n"
					       "X-Note: v\r\n"
					       "Expires: 4294967295\r\n"
					       "CSeq: 1 BYE\r\n"
					       "From: \"Al \\\"B\\\" \\\\\" <sip:a@b>;tag=t=1\r\n"
					       "To: <sip:c@d>\r\n"
					       "Content-Type: text/plain\r\n"
					       "Content-Length: 5\r\n\r\na\r\n\0b|"
					       "Content-Length: 0\r\n\r\n")));
}

static void no_value_ends_its_line_or_part(void **state)
{
	static const struct slice evil =
		SLICE_INIT("a\r\nX: y\r\n\r\n\0 \"><b>;tag=1,\t:\x01\x7f\\");
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	sip_print_request_line(&buf, evil, evil);
	sip_print_status_line(&buf, 400, evil);
	sip_print_header(&buf, HDR_SUBJECT, evil);
	sip_print_header_named(&buf, evil, evil);
	sip_print_cseq(&buf, 1, evil);
	sip_print_addr(&buf, HDR_TO, evil, evil, evil);
	assert_slice(buf_text(&buf),
		     "aX:y\"><b>;tag=1,:\\ aX:y\"><b>;tag=1,:\\ SIP/2.0\r\n"
		     "SIP/2.0 400 a X: y \"><b>;tag=1,\t:\x01\x7f\\\r\n"
		     "Subject: a X: y \"><b>;tag=1,\t:\x01\x7f\\\r\n"
		     "aXy\"><b>;tag=1,\\: a X: y \"><b>;tag=1,\t:\x01\x7f\\\r\n"
		     "CSeq: 1 aX:y\"><b>;tag=1,:\\\r\n"
		     "To: \"a  X: y      \\\"><b>;tag=1, :  \\\\\" <aX:yb;tag=1,:\\>;"
		     "tag=aX:ybtag=1:\\\r\n");
}

/* What a display name was printed from is what is read from it. */
static void quoted_and_unquoted_are_inverse(void **state)
{
	static const char *const names[] = { "Alice",	    "",
					     "\"",	    "\\",
					     "a\"b\\c\\\"", "J\xc3\xb6rg <x>;," };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char text[64], plain[64];
		struct buf buf = BUF_ON(text), back = BUF_ON(plain);

		sip_print_quoted(&buf, slice_from_cstr(names[i]));
		assert_true(buf.n >= 2);
		sip_display_unquote(&back, slice_of(text + 1, buf.n - 2));
		assert_slice(buf_text(&back), names[i]);
	}
}

#define REQUEST_LINE "OPTIONS sip:b@h SIP/2.0\r\n"
#define FROM "From: <sip:a@h>;tag=f\r\n"
#define TO "To: <sip:b@h>\r\n"
#define REST "Call-ID: c@h\r\nCSeq: 7 OPTIONS\r\n"
#define END "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
#define OK "SIP/2.0 200 OK\r\n"
#define TO_TAGGED "To: <sip:b@h>;tag=ours\r\n"

static const struct {
	const char *name, *peer, *request, *head;
} head_cases[] = {
	{ "sent-by is where it came from", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM TO_TAGGED REST },
	{ "another port alone is no other address", "192.0.2.1:1024",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n" FROM TO_TAGGED REST },
	{ "another address", "192.0.2.9:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK
	  "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.9\r\n" FROM TO_TAGGED REST },
	{ "a host name", "192.0.2.9:5060",
	  REQUEST_LINE "v: SIP/2.0/UDP phone.example:5060;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP phone.example:5060;branch=z9hG4bK1;received=192.0.2.9\r\n" FROM
		  TO_TAGGED REST },
	{ "rport wants both even when they say the same", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;received=192.0.2.1;rport=5060\r\n" FROM
		  TO_TAGGED REST },
	{ "claims about itself are replaced", "192.0.2.9:1024",
	  REQUEST_LINE
	  "Via: SIP/2.0/UDP 10.0.0.1;RPORT=9;Received=203.0.113.1;branch=z9hG4bK1;x=\";"
	  "rport\"\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;x=\";rport\";received=192.0.2.9;rport=1024"
	     "\r\n" FROM TO_TAGGED REST },
	{ "a lying received alone goes", "192.0.2.1:5060",
	  REQUEST_LINE
	  "Via: SIP/2.0/UDP 192.0.2.1;received=203.0.113.1;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM TO_TAGGED REST },
	{ "IPv6 in another spelling", "[2001:db8::1]:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP [2001:DB8:0::1]:5060;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/UDP [2001:DB8:0::1]:5060;branch=z9hG4bK1\r\n" FROM TO_TAGGED REST },
	{ "IPv6 received has no brackets", "[2001:db8::9]:1024",
	  REQUEST_LINE "Via: SIP/2.0/TCP [2001:db8::1];rport;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK
	  "Via: SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK1;received=2001:db8::9;rport=1024\r\n" FROM
		  TO_TAGGED REST },
	{ "the family differs", "[::]:1024",
	  REQUEST_LINE "Via: SIP/2.0/TCP 0.0.0.0;branch=z9hG4bK1\r\n" FROM TO REST END,
	  OK "Via: SIP/2.0/TCP 0.0.0.0;branch=z9hG4bK1;received=::\r\n" FROM TO_TAGGED REST },
	{ "Vias in lines and lists stay in order", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1 , SIP/2.0/TCP "
		       "b;rport;branch=z9hG4bK2\r\n" FROM
		       "v:  SIP / 2.0 / UDP c;branch=z9hG4bK3,\r\n "
		       "SIP/2.0/UDP d;received=203.0.113.1;branch=z9hG4bK4\r\n" TO REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;received=192.0.2.1;rport=5060\r\n"
	     "Via: SIP/2.0/TCP b;rport;branch=z9hG4bK2\r\n"
	     "Via: SIP / 2.0 / UDP c;branch=z9hG4bK3\r\n"
	     "Via: SIP/2.0/UDP d;received=203.0.113.1;branch=z9hG4bK4\r\n" FROM TO_TAGGED REST },
	{ "folds become spaces", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP\r\n 192.0.2.1 ;\r\n\tbranch\r\n = z9hG4bK1 ; x\r\n"
		       "f: A\r\n B <sip:a@h>\r\n ;tag=f\r\nt: <sip:b@h>\r\n\t;x=y\r\n" REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch = z9hG4bK1;x\r\n"
	     "From: A B <sip:a@h> ;tag=f\r\nTo: <sip:b@h> ;x=y;tag=ours\r\n" REST },
	{ "a tag that is there stays", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM
		       "To: <sip:b@h>;TAG=theirs\r\n" REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM
	     "To: <sip:b@h>;TAG=theirs\r\n" REST },
	{ "a tag of the URI is none of the header", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM
		       "To: <sip:b@h;tag=no>\r\n" REST END,
	  OK "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM
	     "To: <sip:b@h;tag=no>;tag=ours\r\n" REST },
	{ "Record-Route is copied", "192.0.2.1:5060",
	  REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		       "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n" FROM TO
		       "record-route: <sip:p3;lr>\r\n" REST END,
	  OK
	  "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
	  "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3;lr>\r\n" FROM TO_TAGGED
		  REST },
};

static struct slice print_head(struct buf *buf, struct slice request, const char *peer_text,
			       const char *reason, struct slice to_tag, bool with_record_route)
{
	_Alignas(max_align_t) static char block[32768];
	struct arena arena;
	struct sip_msg msg;
	struct sip_fault fault;
	struct addr peer;

	arena_init(&arena, block, sizeof(block));
	assert_int_equal(addr_parse(slice_from_cstr(peer_text), &peer), 0);
	assert_int_equal(sip_msg_parse(request, &arena, &msg, &fault), 0);
	sip_print_response_head(buf, &msg, &peer, 200, slice_from_cstr(reason), to_tag,
				with_record_route);
	return buf_text(buf);
}

static void response_head_tells_where_the_request_came_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(head_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(head_cases[i].request));
		char text[1024];
		struct buf buf = BUF_ON(text);

		print_message("# %s\n", head_cases[i].name);
		assert_slice(
			print_head(&buf, input.text, head_cases[i].peer, "", SLICE("ours"), true),
			head_cases[i].head);
		guarded_free(&input);
	}
}

static void response_head_without_tag_and_routes(void **state)
{
	char text[1024];
	struct buf buf = BUF_ON(text);

	(void)state;
	assert_slice(
		print_head(&buf,
			   SLICE(REQUEST_LINE "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
					      "Record-Route: <sip:p1;lr>\r\n" FROM TO REST END),
			   "192.0.2.1:5060", "Fine\r\nX: y", SLICE_NONE, false),
		"SIP/2.0 200 Fine X: y\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" FROM TO REST);
}

/* One byte too few is an overflow that is remembered, never a byte written past the end. */
static void response_head_stays_in_its_buffer(void **state)
{
	static char dots[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(head_cases); i++) {
		size_t whole = strlen(head_cases[i].head);

		for (size_t cap = 0; cap <= whole; cap++) {
			struct guarded room = guarded_copy(slice_of(dots, cap));
			struct buf buf;

			buf_init(&buf, (char *)room.text.p, cap);
			print_head(&buf, slice_from_cstr(head_cases[i].request), head_cases[i].peer,
				   "", SLICE("ours"), true);
			assert_int_equal(buf.is_overflown, cap < whole);
			guarded_free(&room);
		}
	}
}

/* What was answered is itself a message with the same Vias, ids and parties. */
static void response_parses_back(void **state)
{
	_Alignas(max_align_t) static char block[32768];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(head_cases); i++) {
		char text[1024];
		struct buf buf = BUF_ON(text);
		struct arena arena;
		struct sip_msg msg;
		struct sip_fault fault;

		print_head(&buf, slice_from_cstr(head_cases[i].request), head_cases[i].peer, "",
			   SLICE("ours"), true);
		sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
		arena_init(&arena, block, sizeof(block));
		assert_int_equal(sip_msg_parse(buf_text(&buf), &arena, &msg, &fault), 0);
		assert_false(msg.is_request);
		assert_int_equal(msg.status, 200);
		assert_slice(msg.via.branch, "z9hG4bK1");
		assert_slice(msg.from_tag, "f");
		assert_true(msg.to_tag.n > 0);
		assert_slice(msg.call_id, "c@h");
		assert_int_equal(msg.cseq, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_makes_a_fold_one_space),
		cmocka_unit_test(lines_and_headers_are_printed),
		cmocka_unit_test(no_value_ends_its_line_or_part),
		cmocka_unit_test(quoted_and_unquoted_are_inverse),
		cmocka_unit_test(response_head_tells_where_the_request_came_from),
		cmocka_unit_test(response_head_without_tag_and_routes),
		cmocka_unit_test(response_head_stays_in_its_buffer),
		cmocka_unit_test(response_parses_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
