/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies (RFC 2046 5.1, RFC 2387): which parts are read, what is refused, and that what
 * is written is read back.
 */
#include "base/check.h"
#include "base/err.h"
#include "sip/multipart.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PARTS_MAX 3

static void assert_slice(struct slice got, const char *expected)
{
	assert_int_equal(got.n, strlen(expected));
	if (got.n > 0)
		assert_memory_equal(got.p, expected, got.n);
}

static const struct {
	const char *type, *body;
	size_t part_count, root;
	struct {
		const char *type, *id, *body;
	} parts[PARTS_MAX];
} good_cases[] = {
	/* RFC 4662 6: as lists come */
	{ "multipart/related;type=\"application/rlmi+xml\";start=\"<a@x>\";boundary=\"50UB/j:w\"",
	  "--50UB/j:w\r\n"
	  "Content-Transfer-Encoding: binary\r\n"
	  "Content-ID: <a@x>\r\n"
	  "Content-Type: application/rlmi+xml;charset=\"UTF-8\"\r\n"
	  "\r\n"
	  "<list/>\r\n"
	  "\r\n--50UB/j:w\r\n"
	  "Content-ID: <b@x>\r\n"
	  "Content-Type: application/dialog-info+xml\r\n"
	  "\r\n"
	  "<dialog-info/>\r\n--50UB/j:w--\r\n",
	  2,
	  0,
	  { { "application/rlmi+xml;charset=\"UTF-8\"", "a@x", "<list/>\r\n" },
	    { "application/dialog-info+xml", "b@x", "<dialog-info/>" } } },
	/* LF alone, preamble and epilogue, no headers, transport padding, folds */
	{ " MULTIPART/mixed ; Boundary = b ; x",
	  "read me not\n--b\n\none\n\n--b \t\ncontent-type:\n text/plain;\n\ta=b\nX: y\n\ntwo\n"
	  "--b--\nnor me\n--b\n",
	  2,
	  0,
	  { { "", "", "one\n" }, { "text/plain;\n\ta=b", "", "two" } } },
	/* the root need not be the first; lines that only look like a delimiter */
	{ "multipart/related;boundary=b;start=2",
	  "--b\r\nContent-ID: <1>\r\n\r\n--bc\r\n --b\r\n-b\r\n--b x\r\n--b\r\n"
	  "Content-ID: 2\r\n\r\n\r\n--b--",
	  2,
	  1,
	  { { "", "1", "--bc\r\n --b\r\n-b\r\n--b x" }, { "", "2", "" } } },
	/* the start is nowhere, an id that is none, a part with no line at all, one without body */
	{ "multipart/related;boundary=\"a b\";start=\"<9>\"",
	  "--a b\r\n--a b\r\nContent-ID: <a b>\r\n--a b--",
	  2,
	  0,
	  { { "", "", "" }, { "", "", "" } } },
};

static void assert_parts(const struct multipart *multipart, size_t at)
{
	assert_int_equal(multipart->part_count, good_cases[at].part_count);
	assert_int_equal(multipart->root, good_cases[at].root);
	for (size_t i = 0; i < multipart->part_count; i++) {
		assert_slice(multipart->parts[i].type, good_cases[at].parts[i].type);
		assert_slice(multipart->parts[i].id, good_cases[at].parts[i].id);
		assert_slice(multipart->parts[i].body, good_cases[at].parts[i].body);
	}
}

static void the_parts_are_read(void **state)
{
	static struct multipart multipart;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good_cases); i++) {
		struct guarded type = guarded_copy(slice_from_cstr(good_cases[i].type));
		struct guarded body = guarded_copy(slice_from_cstr(good_cases[i].body));

		assert_int_equal(multipart_read(type.text, body.text, &multipart), 0);
		assert_parts(&multipart, i);
		guarded_free(&type);
		guarded_free(&body);
	}
}

/* Each prefix up to the "--" that ends the closing delimiter. */
static void a_body_cut_short_is_refused(void **state)
{
	struct slice type = slice_from_cstr(good_cases[0].type);
	struct slice whole = slice_from_cstr(good_cases[0].body);
	static struct multipart multipart;

	(void)state;
	for (size_t n = 0; n < whole.n - strlen("\r\n"); n++) {
		struct guarded body = guarded_copy(slice_head(whole, n));

		assert_int_equal(multipart_read(type, body.text, &multipart), ERR_SYNTAX);
		guarded_free(&body);
	}
}

static void a_part_is_found_by_its_id(void **state)
{
	static struct multipart multipart;
	const struct multipart_part *part;

	(void)state;
	assert_int_equal(multipart_read(slice_from_cstr(good_cases[0].type),
					slice_from_cstr(good_cases[0].body), &multipart),
			 0);
	part = multipart_find(&multipart, SLICE("b@x"));
	assert_ptr_equal(part, &multipart.parts[1]);
	assert_slice(multipart_part_type(&multipart.parts[0]), "application/rlmi+xml");
	assert_null(multipart_find(&multipart, SLICE("B@x")));
	assert_null(multipart_find(&multipart, SLICE_NONE));
}

static void a_part_is_plain_unless_it_is_encoded(void **state)
{
	static const struct {
		struct slice encoding;
		bool is_plain;
	} cases[] = {
		{ SLICE_INIT(""), true },	 { SLICE_INIT("Binary"), true },
		{ SLICE_INIT("8bit"), true },	 { SLICE_INIT("7BIT"), true },
		{ SLICE_INIT("base64"), false }, { SLICE_INIT("quoted-printable"), false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(multipart_part_is_plain(
					 &(struct multipart_part){ .encoding = cases[i].encoding }),
				 cases[i].is_plain);
}

static const struct {
	struct slice type, body;
	int err;
} bad_cases[] = {
	{ SLICE_INIT("application/rlmi+xml;boundary=b"), SLICE_INIT("--b\r\n\r\n\r\n--b--"),
	  ERR_UNSUPPORTED },
	{ SLICE_INIT(""), SLICE_INIT("--b\r\n\r\n\r\n--b--"), ERR_UNSUPPORTED },
	{ SLICE_INIT("multipart/related"), SLICE_INIT("--b\r\n\r\n\r\n--b--"), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary="), SLICE_INIT("--\r\n\r\n\r\n----"), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b;boundary=c"), SLICE_INIT("--b\r\n\r\n\r\n--b--"),
	  ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=\"b \""), SLICE_INIT("--b \r\n\r\n\r\n--b --"),
	  ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b*"), SLICE_INIT("--b*\r\n\r\n\r\n--b*--"),
	  ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=\"b"), SLICE_INIT("--b\r\n\r\n\r\n--b--"),
	  ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"), SLICE_INIT(""), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"), SLICE_INIT("--b--\r\n"), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"), SLICE_INIT("--b\r\nnot a header\r\n--b--"),
	  ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"),
	  SLICE_INIT("--b\r\nContent-ID: <1>\r\nContent-ID: <2>\r\n\r\n--b--"), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"),
	  SLICE_INIT("--b\r\nContent-Type: a\rb\r\n\r\n--b--"), ERR_SYNTAX },
	{ SLICE_INIT("multipart/related;boundary=b"),
	  SLICE_INIT("--b\r\nContent-Type: a\0b\r\n\r\n--b--"), ERR_SYNTAX },
};

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	static struct multipart multipart;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++)
		assert_int_equal(multipart_read(bad_cases[i].type, bad_cases[i].body, &multipart),
				 bad_cases[i].err);
}

static void print_parts(struct buf *buf, size_t count)
{
	for (size_t i = 0; i < count; i++)
		multipart_print_part(buf, SLICE("b"), &(struct multipart_part){ 0 }, i == 0);
	multipart_print_end(buf, SLICE("b"));
}

static void there_are_as_many_parts_as_fit_and_no_more(void **state)
{
	static struct multipart multipart;

	(void)state;
	for (size_t count = MULTIPART_PARTS_MAX; count <= MULTIPART_PARTS_MAX + 1; count++) {
		char text[(MULTIPART_PARTS_MAX + 2) * sizeof("\r\n--b\r\n\r\n")];
		struct buf buf = BUF_ON(text);

		print_parts(&buf, count);
		assert_int_equal(multipart_read(SLICE("multipart/mixed;boundary=b"), buf_text(&buf),
						&multipart),
				 count > MULTIPART_PARTS_MAX ? ERR_LIMIT : 0);
	}
}

static void what_is_written_is_read_back(void **state)
{
	const struct multipart_part root = { .type = SLICE("application/rlmi+xml"),
					     .id = SLICE("list@x"),
					     .encoding = SLICE("binary") };
	const struct multipart_part bob = { .type = SLICE("application/dialog-info+xml"),
					    .id = SLICE("b>\r\no <b@x") };
	static struct multipart multipart;
	char type_text[256], body_text[1024];
	struct buf type = BUF_ON(type_text), body = BUF_ON(body_text);

	(void)state;
	multipart_print_type(&type, SLICE("x7-q"), root.type, root.id);
	multipart_print_part(&body, SLICE("x7-q"), &root, true);
	buf_lit(&body, "<list/>");
	multipart_print_part(&body, SLICE("x7-q"), &bob, false);
	buf_lit(&body, "<dialog-info/>\r\n");
	multipart_print_end(&body, SLICE("x7-q"));
	assert_slice(buf_text(&type), "multipart/related;type=\"application/rlmi+xml\";"
				      "start=\"<list@x>\";boundary=\"x7-q\"");
	assert_slice(buf_text(&body), "--x7-q\r\n"
				      "Content-Transfer-Encoding: binary\r\n"
				      "Content-ID: <list@x>\r\n"
				      "Content-Type: application/rlmi+xml\r\n"
				      "\r\n"
				      "<list/>\r\n"
				      "--x7-q\r\n"
				      "Content-ID: <bob@x>\r\n"
				      "Content-Type: application/dialog-info+xml\r\n"
				      "\r\n"
				      "<dialog-info/>\r\n"
				      "\r\n"
				      "--x7-q--\r\n");
	assert_int_equal(multipart_read(buf_text(&type), buf_text(&body), &multipart), 0);
	assert_int_equal(multipart.part_count, 2);
	assert_slice(multipart.parts[0].body, "<list/>");
	assert_slice(multipart.parts[1].body, "<dialog-info/>\r\n");
	assert_slice(multipart.parts[1].id, "bob@x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_are_read),
		cmocka_unit_test(a_body_cut_short_is_refused),
		cmocka_unit_test(a_part_is_found_by_its_id),
		cmocka_unit_test(a_part_is_plain_unless_it_is_encoded),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(there_are_as_many_parts_as_fit_and_no_more),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
