/* SPDX-License-Identifier: MIT */
/*
 * What went wrong in other parsers of messages: P1 to P9, each with its advisory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/parsed_msg.h"

/* P1: CVE-2017-9372. */
static void p1_a_long_method_is_refused(void **state)
{
#define LONG TEN("ABC") "DE" /* 32 bytes */
	static const struct fault_case cases[] = {
		{ "at the limit",
		  SLICE_INIT(LONG " sip:a@b SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 " LONG "\n\n"),
		  0, "", false },
		{ "one byte over",
		  SLICE_INIT(LONG "F sip:a@b SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 " LONG
				  "F\n\n"),
		  ERR_LIMIT, "method too long", false },
		{ "in CSeq only", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 1 " LONG "F\n\n"),
		  ERR_LIMIT, "method too long", false },
		{ "in a response",
		  SLICE_INIT("SIP/2.0 200 OK\n" VIA FROM TO CALL_ID
			     "CSeq: 1 " HUNDRED(LONG) "\n\n"),
		  ERR_LIMIT, "method too long", false },
	};
#undef LONG

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
}

/* P2: AST-2017-009. */
static void p2_numbers_out_of_range_are_refused(void **state)
{
	static const struct fault_case cases[] = {
		{ "CSeq", SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: 2147483648 OPTIONS\n\n"),
		  ERR_SYNTAX, "CSeq number too large", false },
		{ "CSeq of hundreds of digits",
		  SLICE_INIT(OPTIONS VIA FROM TO CALL_ID "CSeq: " HUNDRED("99999") " OPTIONS\n\n"),
		  ERR_SYNTAX, "CSeq number too large", false },
		{ "port of Via",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP a:65536\n" FROM TO CALL_ID CSEQ "\n"),
		  ERR_SYNTAX, "bad Via", false },
		{ "rport of Via",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP a;rport=4294967297\n" FROM TO CALL_ID CSEQ
				     "\n"),
		  ERR_SYNTAX, "bad Via", false },
		{ "port of From",
		  SLICE_INIT(OPTIONS VIA "f: <sip:a@b:65536>\n" TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
		  "bad From", false },
		{ "Max-Forwards", SLICE_INIT(HEAD "Max-Forwards: 4294967366\n\n"), ERR_SYNTAX,
		  "bad Max-Forwards", true },
		{ "ttl says nothing to us",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP a;ttl=" HUNDRED("9") "\n" FROM TO CALL_ID CSEQ
									  "\n"),
		  0, "", false },
	};

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
}

/* P3: CVE-2023-28097, OSV-2021-1196, OSV-2022-1165. */
static void p3_content_length_cannot_lie(void **state)
{
	static const struct fault_case cases[] = {
		{ "exact", SLICE_INIT(HEAD "Content-Length: 3\n\nabc"), 0, "", false },
		{ "shorter", SLICE_INIT(HEAD "l: 2\n\nabc"), 0, "", false },
		{ "one too many", SLICE_INIT(HEAD "l: 4\n\nabc"), ERR_SYNTAX,
		  "body shorter than Content-Length", true },
		{ "over the limit", SLICE_INIT(HEAD "l: 65536\n\nabc"), ERR_LIMIT,
		  "Content-Length too large", true },
		{ "2^31", SLICE_INIT(HEAD "l: 2147483648\n\nabc"), ERR_LIMIT,
		  "Content-Length too large", true },
		{ "2^32 + 3", SLICE_INIT(HEAD "l: 4294967299\n\nabc"), ERR_LIMIT,
		  "Content-Length too large", true },
		{ "2^64 + 3", SLICE_INIT(HEAD "l: 18446744073709551619\n\nabc"), ERR_LIMIT,
		  "Content-Length too large", true },
		{ "negative", SLICE_INIT(HEAD "l: -3\n\nabc"), ERR_SYNTAX, "bad Content-Length",
		  true },
		{ "with a plus", SLICE_INIT(HEAD "l: +3\n\nabc"), ERR_SYNTAX, "bad Content-Length",
		  true },
		{ "a list", SLICE_INIT(HEAD "l: 3, 3\n\nabc"), ERR_SYNTAX, "bad Content-Length",
		  true },
		{ "folded apart", SLICE_INIT(HEAD "l: 1\n 2\n\nabc"), ERR_SYNTAX,
		  "bad Content-Length", true },
		{ "empty", SLICE_INIT(HEAD "l:\n\nabc"), ERR_SYNTAX, "bad Content-Length", true },
		{ "hexadecimal", SLICE_INIT(HEAD "l: 0x3\n\nabc"), ERR_SYNTAX, "bad Content-Length",
		  true },
		{ "twice the same", SLICE_INIT(HEAD "l: 3\nContent-Length: 3\n\nabc"), ERR_SYNTAX,
		  "single header stands twice", true },
	};

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
}

/* P4: CVE-2018-8828. */
static void p4_tags_and_branches_stop_at_their_limit(void **state)
{
#define TAG TEN("0123456789abcdefghijklmno") "01234"	/* 255 bytes */
#define BRANCH TEN("0123456789abcdef012345678") "01234" /* 255 bytes */
	static const struct fault_case cases[] = {
		{ "From tag at the limit",
		  SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "f: <sip:a@b>;tag=" TAG "\n\n"), 0, "",
		  false },
		{ "From tag over it",
		  SLICE_INIT(OPTIONS VIA TO CALL_ID CSEQ "f: <sip:a@b>;tag=" TAG "x\n\n"),
		  ERR_LIMIT, "tag too long", false },
		{ "To tag over it",
		  SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "t: <sip:a@b>;tag=" TAG "x\n\n"),
		  ERR_LIMIT, "tag too long", false },
		{ "branch at the limit",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP a;branch=" BRANCH "\n" FROM TO CALL_ID CSEQ
				     "\n"),
		  0, "", false },
		{ "branch over it",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP a;branch=" BRANCH "x\n" FROM TO CALL_ID CSEQ
				     "\n"),
		  ERR_LIMIT, "branch too long", false },
	};
#undef TAG
#undef BRANCH

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
}

/* P5: CVE-2023-27597, 27598, 27599. */
static void p5_what_is_cut_short_is_not_read_on(void **state)
{
	static const struct fault_case cases[] = {
		{ "quotes open at the line's end",
		  SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "t: <sip:a@b>;a=\"T\\\n\n"), ERR_SYNTAX,
		  "bad To", false },
		{ "a Via cut in its protocol",
		  SLICE_INIT(OPTIONS "v: SIP/2.0\n" FROM TO CALL_ID CSEQ "\n"), ERR_SYNTAX,
		  "bad Via", false },
		{ "a Via cut in its host",
		  SLICE_INIT(OPTIONS "v: SIP/2.0/UDP [2001:\n" FROM TO CALL_ID CSEQ "\n"),
		  ERR_SYNTAX, "bad Via", false },
		{ "a URI cut behind its scheme",
		  SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "t: <sip:>\n\n"), ERR_SYNTAX, "bad To",
		  false },
		{ "a name without its address",
		  SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "t: \"T\"\n\n"), ERR_SYNTAX, "bad To",
		  false },
	};

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
}

/* P6: no boundary of a multipart is ever searched: the body is one slice, and the type is text. */
static void p6_an_odd_boundary_is_only_text(void **state)
{
	static const struct slice texts[] = {
		SLICE_INIT(HEAD "c: multipart/mixed;boundary=\"\"\nl: 4\n\n----"),
		SLICE_INIT(HEAD "c: multipart/mixed;boundary=\"open\nl: 4\n\n----"),
		SLICE_INIT(HEAD "c: multipart/mixed;boundary\nl: 4\n\n----"),
		SLICE_INIT(HEAD "c: multipart/mixed;boundary=\"\\\"\nl: 4\n\n----"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct parsed p;
		struct slice token, params, value = SLICE_NONE;

		parse_text(&p, texts[i]);
		assert_int_equal(p.err, 0);
		assert_slice(p.msg.body, "----");
		sip_token_params(sip_msg_value(&p.msg, HDR_CONTENT_TYPE), &token, &params);
		assert_slice(token, "multipart/mixed");
		sip_param(params, SLICE("boundary"), &value);
		assert_int_equal(value.n, 0);
		parsed_fini(&p);
	}
}

/* P7: AST-2016-009, CVE-2020-28361. */
static void p7_a_header_name_has_one_reading(void **state)
{
	static const struct fault_case cases[] = {
		{ "a control byte in the name",
		  SLICE_INIT(OPTIONS VIA FROM CALL_ID CSEQ "To\1: <sip:a@b>\n\n"), ERR_SYNTAX,
		  "bad header name", false },
		{ "a second To hidden so", SLICE_INIT(HEAD "To\1: <sip:a@b>\n\n"), ERR_SYNTAX,
		  "bad header name", true },
		{ "a control byte before the name", SLICE_INIT(HEAD "\1To: <sip:a@b>\n\n"),
		  ERR_SYNTAX, "bad header name", true },
		{ "a NUL behind the name", SLICE_INIT(HEAD "To\0: <sip:a@b>\n\n"), ERR_SYNTAX,
		  "bad header name", true },
		{ "a vertical tab before the colon", SLICE_INIT(HEAD "To\v: <sip:a@b>\n\n"),
		  ERR_SYNTAX, "bad header name", true },
		{ "a space before the colon is still the same To",
		  SLICE_INIT(HEAD "To : <sip:a@b>\n\n"), ERR_SYNTAX, "single header stands twice",
		  true },
	};
	struct parsed p;

	(void)state;
	run_faults(cases, ARRAY_LEN(cases));
	parse_text(&p, SLICE(HEAD "X-Bypass \t : 1\nExpires\t: 60\n\n"));
	assert_int_equal(p.err, 0);
	assert_slice(sip_msg_header_named(&p.msg, SLICE("X-Bypass"))->name, "X-Bypass");
	assert_slice(sip_msg_value(&p.msg, HDR_EXPIRES), "60");
	parsed_fini(&p);
}

/* P8: AST-2017-014. */
static void p8_a_missing_contact_is_just_missing(void **state)
{
	struct sip_list_cursor cursor = { 0 };
	struct parsed p;
	struct slice entry;

	(void)state;
	parse_text(&p, SLICE("INVITE sip:202@pbx.example.com SIP/2.0\n" VIA FROM TO CALL_ID
			     "CSeq: 7 INVITE\n\n"));
	assert_int_equal(p.err, 0);
	assert_null(sip_msg_header(&p.msg, HDR_CONTACT));
	assert_int_equal(sip_msg_value(&p.msg, HDR_CONTACT).n, 0);
	assert_false(sip_msg_list_next(&p.msg, HDR_CONTACT, &cursor, &entry));
	parsed_fini(&p);
}

/* P9: AST-2016-004. */
static void p9_a_long_contact_is_refused_by_its_getter(void **state)
{
	struct parsed p;
	struct sip_addr addr;

	(void)state;
	parse_text(&p, SLICE("REGISTER sip:pbx.example.com SIP/2.0\n" VIA FROM TO CALL_ID
			     "CSeq: 7 REGISTER\n"
			     "Contact: <sip:" HUNDRED(TEN("1234567")) "@b>\n\n"));
	assert_int_equal(p.err, 0);
	assert_int_equal(sip_addr_parse(sip_msg_value(&p.msg, HDR_CONTACT), &addr), ERR_LIMIT);
	parsed_fini(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_a_long_method_is_refused),
		cmocka_unit_test(p2_numbers_out_of_range_are_refused),
		cmocka_unit_test(p3_content_length_cannot_lie),
		cmocka_unit_test(p4_tags_and_branches_stop_at_their_limit),
		cmocka_unit_test(p5_what_is_cut_short_is_not_read_on),
		cmocka_unit_test(p6_an_odd_boundary_is_only_text),
		cmocka_unit_test(p7_a_header_name_has_one_reading),
		cmocka_unit_test(p8_a_missing_contact_is_just_missing),
		cmocka_unit_test(p9_a_long_contact_is_refused_by_its_getter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
