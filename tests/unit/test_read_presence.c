/* SPDX-License-Identifier: MIT */
/*
 * Presence documents (RFC 3863, RFC 4480) as servers write them: what is understood, and that ours
 * is read back.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "support/guarded.h"
#include "xml/pidf_read.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIDF "urn:ietf:params:xml:ns:pidf"

static alignas(max_align_t) char block[4096];

/* Reads from in front of an unreadable page; what it gives lives until the next read. */
static int read_text(struct slice text, size_t arena_bytes, struct pidf *ret_pidf)
{
	struct guarded input = guarded_copy(text);
	struct arena arena;
	int err;

	arena_init(&arena, block, arena_bytes);
	err = pidf_read(input.text, &arena, ret_pidf);
	guarded_free(&input);
	return err;
}

static void assert_slice_equal(struct slice a, struct slice b)
{
	if (!slice_eq(a, b))
		fail_msg("\"%.*s\" is not \"%.*s\"", SLICE_ARGS(a), SLICE_ARGS(b));
}

static void assert_pidf_equal(const struct pidf *a, const struct pidf *b)
{
	assert_slice_equal(a->entity, b->entity);
	assert_slice_equal(a->contact, b->contact);
	assert_slice_equal(a->note, b->note);
	assert_int_equal(a->is_open, b->is_open);
	assert_int_equal(a->activity, b->activity);
}

static const struct {
	const char *name;
	struct slice text;
	struct pidf expected;
} field_cases[] = {
	{ "ringing in the manner of Asterisk: namespaces of drafts, a status of the person",
	  SLICE_INIT(
		  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<presence entity=\"sip:202@pbx.example.com\" xmlns=\"" PIDF "\" "
		  "xmlns:pp=\"" PIDF ":person\" xmlns:es=\"" PIDF ":rpid:status:rpid-status\" "
		  "xmlns:ep=\"" PIDF ":rpid:rpid-person\">\n"
		  "<note>Ringing</note>\n<tuple id=\"202\">\n<status><basic>open</basic></status>\n"
		  "<contact priority=\"1\">sip:202@pbx.example.com</contact>\n</tuple>\n"
		  "<pp:person><status><ep:activities><ep:busy/></ep:activities></status>"
		  "</pp:person></presence>"),
	  { .entity = SLICE_INIT("sip:202@pbx.example.com"),
	    .contact = SLICE_INIT("sip:202@pbx.example.com"),
	    .is_open = true,
	    .activity = PIDF_BUSY,
	    .note = SLICE_INIT("Ringing") } },
	{ "two tuples, one of them open; the busier of two activities, the first of two notes",
	  SLICE_INIT("<p:presence xmlns:p=\"" PIDF "\" xmlns:d=\"" PIDF
		     ":data-model\" xmlns:r=\"" PIDF
		     ":rpid\" entity=\"pres:a@b\"><p:tuple id=\"1\"><p:status><p:basic>closed"
		     "</p:basic></p:status></p:tuple><p:tuple id=\"2\"><p:status><p:basic> open "
		     "</p:basic></p:status><p:note xml:lang=\"en\">Talking &amp; typing</p:note>"
		     "</p:tuple><d:person id=\"x\"><r:activities><r:on-the-phone/><r:busy/>"
		     "</r:activities><d:note>second</d:note></d:person></p:presence>"),
	  { .entity = SLICE_INIT("pres:a@b"),
	    .is_open = true,
	    .activity = PIDF_ON_THE_PHONE,
	    .note = SLICE_INIT("Talking & typing") } },
	{ "nobody is there",
	  SLICE_INIT("<presence xmlns=\"" PIDF "\" entity=\"sip:a@b\"/>"),
	  { .entity = SLICE_INIT("sip:a@b") } },
	{ "foreign elements say nothing",
	  SLICE_INIT("<presence xmlns=\"" PIDF "\"><x:tuple xmlns:x=\"urn:x\"><status><basic>open"
		     "</basic></status></x:tuple><tuple id=\"1\"><basic>open</basic><status><basic>"
		     "shut</basic></status></tuple></presence>"),
	  { .is_open = false } },
};

static void the_field_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct pidf pidf;
		int err = read_text(field_cases[i].text, sizeof(block), &pidf);

		if (err)
			fail_msg("%s: %s", field_cases[i].name, err_text(err));
		assert_pidf_equal(&pidf, &field_cases[i].expected);
	}
}

static void what_we_print_is_read_back(void **state)
{
	const struct pidf pidf = { .entity = SLICE("sip:202@pbx.example.com"),
				   .contact = SLICE("sip:202@pbx.example.com;x=\"<&>\""),
				   .is_open = true,
				   .activity = PIDF_ON_THE_PHONE,
				   .note = SLICE("On the phone") };
	char room[2048];
	struct buf buf = BUF_ON(room);
	struct pidf read_back;

	(void)state;
	pidf_print(&buf, &pidf);
	assert_int_equal(read_text(buf_text(&buf), sizeof(block), &read_back), 0);
	assert_pidf_equal(&read_back, &pidf);
}

static void no_prefix_is_a_document(void **state)
{
	struct slice whole = field_cases[0].text;

	(void)state;
	for (size_t n = 0; n < whole.n; n++) {
		struct pidf pidf;

		assert_int_equal(read_text(slice_head(whole, n), sizeof(block), &pidf), ERR_SYNTAX);
	}
}

static void what_is_no_presence_is_refused(void **state)
{
	static const struct slice cases[] = {
		SLICE_INIT("Ringing"),
		SLICE_INIT("<presence xmlns=\"urn:other\"/>"),
		SLICE_INIT("<tuple xmlns=\"" PIDF "\"/>"),
		SLICE_INIT("<!DOCTYPE presence><presence xmlns=\"" PIDF "\"/>"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct pidf pidf;

		assert_int_equal(read_text(cases[i], sizeof(block), &pidf), ERR_SYNTAX);
	}
}

static void a_small_arena_and_refused_memory_are_noticed(void **state)
{
	struct pidf pidf;

	(void)state;
	assert_int_equal(read_text(field_cases[0].text, 32, &pidf), ERR_LIMIT);
	for (uint64_t nth = 1, asked = UINT64_MAX; nth <= asked; nth++) {
		uint64_t before = mem_count().allocs;

		mem_refuse_nth(nth);
		assert_int_equal(read_text(field_cases[0].text, sizeof(block), &pidf), ERR_NOMEM);
		asked = mem_count().allocs - before;
		mem_refuse_nth(0);
		assert_int_equal(mem_count().blocks, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_field_is_understood),
		cmocka_unit_test(what_we_print_is_read_back),
		cmocka_unit_test(no_prefix_is_a_document),
		cmocka_unit_test(what_is_no_presence_is_refused),
		cmocka_unit_test(a_small_arena_and_refused_memory_are_noticed),
	};

	return cmocka_run_group_tests_name("presence documents", tests, NULL, NULL);
}
