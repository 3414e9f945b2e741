/* SPDX-License-Identifier: MIT */
/*
 * Refer-To (RFC 3515 2.1): what is read from each form that phones send, what is refused and by
 * which answer, and that print and parse are inverse. Referred-By (RFC 3892), Refer-Sub (RFC 4488).
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/refer_to.h"
#include "support/guarded.h"
#include "support/wire_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT_BYTES 4096

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	if (got.n > 0)
		assert_memory_equal(got.p, expected, got.n);
}

#define URI "sip:202@pbx.example.com"
#define IDS "?Replaces=a84b%40192.0.2.1%3Bto-tag%3D7743%3Bfrom-tag%3D6472"

static const struct {
	const char *value, *display, *user, *uri;
	const char *call_id; /* NULL: no Replaces */
	const char *to_tag, *from_tag;
	bool is_early_only;
} good_cases[] = {
	{ "<" URI ">", "", "202", URI, NULL, "", "", false },
	{ URI, "", "202", URI, NULL, "", "", false },
	{ URI ";x=y", "", "202", URI, NULL, "", "", false },
	{ " \"Bob\" <" URI ";method=INVITE> ;x=y", "Bob", "202", URI ";method=INVITE", NULL, "", "",
	  false },
	{ "<sips:202@pbx.example.com>", "", "202", "sips:202@pbx.example.com", NULL, "", "",
	  false },
	{ "<sip:pbx.example.com>", "", "", "sip:pbx.example.com", NULL, "", "", false },
	/* As RFC 5589 7 writes it, and as phones do (PHONES trap 17). */
	{ "<" URI IDS "&Require=replaces>", "", "202", URI, "a84b@192.0.2.1", "7743", "6472",
	  false },
	{ "<" URI IDS "%3Bearly-only>", "", "202", URI, "a84b@192.0.2.1", "7743", "6472", true },
	{ URI IDS, "", "202", URI, "a84b@192.0.2.1", "7743", "6472", false },
	{ " " URI ";transport=udp" IDS "  ", "", "202", URI ";transport=udp", "a84b@192.0.2.1",
	  "7743", "6472", false },
	{ "<" URI "?Replaces=a84b@192.0.2.1;to-tag=7743;from-tag=6472>", "", "202", URI,
	  "a84b@192.0.2.1", "7743", "6472", false },
	{ URI "?Replaces=a84b@192.0.2.1;to-tag=7743;from-tag=6472", "", "202", URI,
	  "a84b@192.0.2.1", "7743", "6472", false },
	{ "<" URI "?replaces=a%3bFROM-TAG=1%3bTo-Tag%3d2>", "", "202", URI, "a", "2", "1", false },
	{ "<" URI "?Replaces=a>", "", "202", URI, "a", "", "", false },
	{ "<" URI "?Replaces=a%3Bto-tag%3D0>", "", "202", URI, "a", "", "", false },
	{ "<" URI "?%52eplaces=a%25b>", "", "202", URI, "a%b", "", "", false },
	{ "<" URI "?&Require=replaces%2Creplaces&&Replaces=a&Referred-By=%3Csip%3Ax%40y%3E>", "",
	  "202", URI, "a", "", "", false },
	{ "<" URI "?Require=>", "", "202", URI, NULL, "", "", false },
};

static void assert_same(const struct sip_refer_to *a, const struct sip_refer_to *b)
{
	assert_true(sip_uri_eq(&a->uri, &b->uri));
	assert_int_equal(a->has_replaces, b->has_replaces);
	assert_true(slice_eq(a->replaces.call_id, b->replaces.call_id));
	assert_true(slice_eq(a->replaces.to_tag, b->replaces.to_tag));
	assert_true(slice_eq(a->replaces.from_tag, b->replaces.from_tag));
	assert_int_equal(a->replaces.is_early_only, b->replaces.is_early_only);
}

static void assert_round_trip(const struct sip_refer_to *refer_to)
{
	char text[TEXT_BYTES], room_text[SIP_REFER_TO_ROOM_BYTES];
	struct buf buf = BUF_ON(text), room = BUF_ON(room_text);
	struct sip_refer_to again;

	sip_refer_to_print(&buf, &refer_to->uri,
			   refer_to->has_replaces ? &refer_to->replaces : NULL);
	assert_false(buf.is_overflown);
	assert_int_equal(sip_refer_to_parse(buf_text(&buf), &room, &again).status, 0);
	assert_same(refer_to, &again);
}

static void parse_reads_and_print_writes_it_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(good_cases[i].value));
		char text[SIP_REFER_TO_ROOM_BYTES];
		struct buf room = BUF_ON(text);
		struct sip_refer_to refer_to;

		assert_int_equal(sip_refer_to_parse(input.text, &room, &refer_to).status, 0);
		assert_slice(refer_to.display, good_cases[i].display);
		assert_slice(refer_to.uri.user, good_cases[i].user);
		assert_slice(refer_to.uri.text, good_cases[i].uri);
		assert_int_equal(refer_to.uri.headers.n, 0);
		assert_int_equal(refer_to.has_replaces, good_cases[i].call_id != NULL);
		if (good_cases[i].call_id)
			assert_slice(refer_to.replaces.call_id, good_cases[i].call_id);
		assert_slice(refer_to.replaces.to_tag, good_cases[i].to_tag);
		assert_slice(refer_to.replaces.from_tag, good_cases[i].from_tag);
		assert_int_equal(refer_to.replaces.is_early_only, good_cases[i].is_early_only);
		assert_round_trip(&refer_to);
		guarded_free(&input);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct slice whole = slice_from_cstr(good_cases[i].value);

		for (size_t n = 0; n <= whole.n; n++) {
			struct guarded input = guarded_copy(slice_head(whole, n));
			char text[SIP_REFER_TO_ROOM_BYTES];
			struct buf room = BUF_ON(text);
			struct sip_refer_to refer_to;

			if (!sip_refer_to_parse(input.text, &room, &refer_to).status)
				assert_round_trip(&refer_to);
			guarded_free(&input);
		}
	}
}

static const struct {
	const char *value;
	unsigned status;
} bad_cases[] = {
	{ "", 400 },
	{ "202", 400 },
	{ "<" URI, 400 },
	{ "<>", 400 },
	{ "<" URI ">, <sip:203@pbx.example.com>", 400 }, /* one value only (RFC 3515 2.4.2) */
	{ URI ",sip:203@pbx.example.com", 400 },
	{ URI IDS ",sip:203@pbx.example.com", 400 },
	{ URI IDS ", " URI IDS, 400 },
	{ "<" URI "?Replaces>", 400 },
	{ "<" URI "?Replaces=>", 400 },
	{ "<" URI "?=a>", 400 },
	{ "<" URI "?Replaces=a%3Bto-tag%3D1%3Bto-tag%3D2>", 400 },
	{ "<" URI "?Replaces=a%2Cb>", 400 },
	{ "<" URI "?Replaces=a%00>", 400 },
	{ "<" URI "?Replaces=a%0d%0aX%3a%20y>", 400 },
	{ "<" URI "?Replaces=a&Replaces=a>", 400 },
	{ "<" URI "?Replaces=a&replaces=b>", 400 },
	{ "<" URI "?Require=%00>", 400 },
	{ "<" URI "?Re%00quire=replaces>", 400 },
	{ "<" URI ";method=BYE>", 403 },
	{ "<" URI ";method=REFER>", 403 },
	{ "<" URI ";METHOD=SUBSCRIBE>", 403 },
	{ "<" URI ";method=invite>", 403 },
	{ "<" URI ";method>", 403 },
	{ "<" URI ";method=INVITE;method=BYE>", 403 },
	{ "<" URI ";method=INVITE;x;%6dethod=BYE>", 403 },
	{ "<" URI "?From=%3Csip%3A209%40pbx.example.com%3E>", 403 },
	{ "<" URI "?to=x>", 403 },
	{ "<" URI "?Call-ID=x>", 403 },
	{ "<" URI "?CSeq=1%20INVITE>", 403 },
	{ "<" URI "?Via=x>", 403 },
	{ "<" URI "?Route=%3Csip%3Aevil.example%3E>", 403 },
	{ "<" URI "?Authorization=x>", 403 },
	{ "<" URI "?P-Asserted-Identity=x>", 403 },
	{ "<" URI "?body=v%3D0>", 403 },
	{ "<" URI "?Require=replaces%2C100rel>", 403 },
	{ "<" URI "?Replaces=a&Subject=x>", 403 },
	{ "<" URI "?Replacesx=a>", 403 },
	{ "<tel:+49301234567>", 416 },
	{ "tel:202", 416 },
	{ "<http://www.example.com/>", 416 },
	{ "http://www.example.com/?a=b", 416 },
	{ "<mailto:bob@example.com>", 416 },
	{ "<cid:list@example.com>", 416 },
	{ "<urn:service:sos>", 416 },
};

static void parse_refuses_with_the_status_for_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++) {
		struct guarded input = guarded_copy(slice_from_cstr(bad_cases[i].value));
		struct sip_refer_to refer_to = { .has_replaces = true };
		char text[SIP_REFER_TO_ROOM_BYTES];
		struct buf room = BUF_ON(text);
		unsigned status = sip_refer_to_parse(input.text, &room, &refer_to).status;

		if (status != bad_cases[i].status)
			fail_msg("%s: %u", bad_cases[i].value, status);
		assert_true(refer_to.has_replaces);
		guarded_free(&input);
	}
}

static void a_control_byte_or_quote_stands_in_none(void **state)
{
	static const char bytes[] = { 0, 1, '\n', '\r', ' ', '"', '<', 0x7f };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		char value[] = "<" URI "?Replaces=a_b>", text[SIP_REFER_TO_ROOM_BYTES];
		struct buf room = BUF_ON(text);
		struct sip_refer_to refer_to;

		*strchr(value, '_') = bytes[i];
		assert_int_equal(
			sip_refer_to_parse(slice_of(value, sizeof(value) - 1), &room, &refer_to)
				.status,
			400);
	}
}

/* Too little room is as if it could not be read: nothing is cut off in silence. */
static void too_little_room_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen("a84b@192.0.2.1;to-tag=7743;from-tag=6472"); n++) {
		char text[64];
		struct buf room;
		struct sip_refer_to refer_to;

		buf_init(&room, text, n);
		assert_int_equal(
			sip_refer_to_parse(SLICE("<" URI IDS ">"), &room, &refer_to).status, 400);
	}
}

/* Ids of a dialog-info document are any text; the headers of the URI are not printed. */
static void print_lets_nothing_out(void **state)
{
	const struct sip_replaces replaces = { .call_id = SLICE_INIT("a\r\n>&b"),
					       .to_tag = SLICE_INIT("1;x=2,") };
	struct sip_uri uri;
	char text[256], small_text[8];
	struct buf buf = BUF_ON(text), small = BUF_ON(small_text);

	(void)state;
	assert_int_equal(sip_uri_parse(SLICE(URI "?From=x"), &uri), 0);
	sip_refer_to_print(&buf, &uri, &replaces);
	assert_slice(buf_text(&buf), "<" URI "?Replaces=a%3Eb%3Bto-tag%3D1x%3D2>");
	sip_refer_to_print(&small, &uri, &replaces);
	assert_true(small.is_overflown);
}

/* --- Whole requests ----------------------------------------------------------------------- */

#define REFER                                                                                      \
	"REFER sip:201@192.0.2.1 SIP/2.0\n"                                                        \
	"Via: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bKr\nFrom: <sip:203@pbx>;tag=f\n"             \
	"To: <sip:201@pbx>;tag=t\nCall-ID: c\nCSeq: 1 REFER\n"

struct request {
	char text[TEXT_BYTES];
	_Alignas(max_align_t) char block[16384];
	struct sip_msg msg;
	struct sip_fault fault;
	int err;
};

static const struct sip_msg *read(struct request *request, const char *lines)
{
	struct buf buf = BUF_ON(request->text);
	struct arena arena;

	wire_text(&buf, SLICE(REFER));
	wire_text(&buf, slice_from_cstr(lines));
	wire_text(&buf, SLICE("Content-Length: 0\n\n"));
	arena_init(&arena, request->block, sizeof(request->block));
	request->err = sip_msg_parse(buf_text(&buf), &arena, &request->msg, &request->fault);
	return &request->msg;
}

static void a_refer_has_one_refer_to(void **state)
{
	static struct request request;
	char text[SIP_REFER_TO_ROOM_BYTES];
	struct buf room = BUF_ON(text);
	struct sip_refer_to refer_to;
	struct sip_verdict verdict;

	(void)state;
	verdict = sip_refer_to_read(read(&request, ""), &room, &refer_to);
	assert_int_equal(verdict.status, 400);
	assert_slice(verdict.reason, "Missing Refer-To");
	verdict = sip_refer_to_read(read(&request, "r: <" URI IDS ">\n"), &room, &refer_to);
	assert_int_equal(verdict.status, 0);
	assert_slice(refer_to.replaces.call_id, "a84b@192.0.2.1");
	/* The second line is refused where the message is read. */
	(void)read(&request, "Refer-To: <" URI ">\nr: <" URI ">\n");
	assert_int_equal(request.err, ERR_SYNTAX);
	assert_true(request.fault.is_answerable);
}

static void referred_by_is_read(void **state)
{
	static const struct {
		const char *lines;
		int err;
		const char *display, *user;
	} cases[] = {
		{ "", ERR_NOTFOUND, "", "" },
		{ "Referred-By: \"Bob\" <sip:202@pbx.example.com>\n", 0, "Bob", "202" },
		{ "b: sip:202@pbx.example.com;cid=\"1@x\"\n", 0, "", "202" },
		{ "b: <tel:+4930123>\n", 0, "", "+4930123" },
		{ "b: <http://x/>\n", ERR_SYNTAX, "", "" },
		{ "b: Bob\n", ERR_SYNTAX, "", "" },
		{ "b: <sip:202@pbx>, <sip:203@pbx>\n", ERR_SYNTAX, "", "" },
		{ "b:\n", ERR_SYNTAX, "", "" },
	};
	static struct request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sip_addr addr = { 0 };

		assert_int_equal(sip_referred_by_read(read(&request, cases[i].lines), &addr),
				 cases[i].err);
		assert_slice(addr.display, cases[i].display);
		assert_slice(addr.uri.user, cases[i].user);
	}
}

static void refer_sub_is_read(void **state)
{
	static const struct {
		const char *lines;
		bool is_false;
	} cases[] = {
		{ "", false },
		{ "Refer-Sub: true\n", false },
		{ "Refer-Sub: false\n", true },
		{ "refer-sub:  FALSE ;x=y\n", true },
		{ "Refer-Sub: falsehood\n", false },
		{ "Refer-Sub:\n", false },
	};
	static struct request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(sip_refer_sub_is_false(read(&request, cases[i].lines)),
				 cases[i].is_false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_reads_and_print_writes_it_back),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(parse_refuses_with_the_status_for_it),
		cmocka_unit_test(a_control_byte_or_quote_stands_in_none),
		cmocka_unit_test(too_little_room_is_refused),
		cmocka_unit_test(print_lets_nothing_out),
		cmocka_unit_test(a_refer_has_one_refer_to),
		cmocka_unit_test(referred_by_is_read),
		cmocka_unit_test(refer_sub_is_read),
	};

	return cmocka_run_group_tests_name("refer_to", tests, NULL, NULL);
}
