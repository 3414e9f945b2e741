/* SPDX-License-Identifier: MIT */
/*
 * Resource list meta-information (RFC 4662 5) as it is read: in the forms of the RFC and of the
 * field, bounded, and what is printed is read back.
 */
#include "base/check.h"
#include "base/err.h"
#include "support/guarded.h"
#include "xml/rlmi_read.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

#define XMLNS "xmlns=\"urn:ietf:params:xml:ns:rlmi\""

static alignas(max_align_t) char block[4 * XML_MAX_BYTES];

/* Reads from in front of an unreadable page; what it gives lives until the next read. */
static int read_text(struct slice text, size_t arena_bytes, struct rlmi_list *ret_list)
{
	struct guarded input = guarded_copy(text);
	struct arena arena;
	int err;

	arena_init(&arena, block, arena_bytes);
	err = rlmi_read(input.text, &arena, ret_list);
	guarded_free(&input);
	return err;
}

static void assert_slice_equal(struct slice a, struct slice b)
{
	if (!slice_eq(a, b))
		fail_msg("\"%.*s\" is not \"%.*s\"", SLICE_ARGS(a), SLICE_ARGS(b));
}

static void assert_resource_equal(const struct rlmi_resource *a, const struct rlmi_resource *b)
{
	assert_slice_equal(a->uri, b->uri);
	assert_slice_equal(a->name, b->name);
	assert_int_equal(a->instance_count, b->instance_count);
	for (size_t i = 0; i < a->instance_count; i++) {
		assert_slice_equal(a->instances[i].id, b->instances[i].id);
		assert_int_equal(a->instances[i].state, b->instances[i].state);
		assert_slice_equal(a->instances[i].reason, b->instances[i].reason);
		assert_slice_equal(a->instances[i].cid, b->instances[i].cid);
	}
}

static const struct rlmi_instance bob[] = {
	{ .id = SLICE_INIT("a"), .state = RLMI_ACTIVE, .cid = SLICE_INIT("x@y") },
	{ .id = SLICE_INIT("b"), .state = RLMI_PENDING },
};
static const struct rlmi_instance dave = { .id = SLICE_INIT("c"),
					   .state = RLMI_TERMINATED,
					   .reason = SLICE_INIT("noresource") };
static const struct rlmi_resource resources[] = {
	{ .uri = SLICE_INIT("sip:202@x"),
	  .name = SLICE_INIT("Bob <Co>"),
	  .instances = bob,
	  .instance_count = ARRAY_LEN(bob) },
	{ .uri = SLICE_INIT("sip:203@x"), .instances = &dave, .instance_count = 1 },
	{ .uri = SLICE_INIT("sip:204@x") },
};

static void what_is_printed_is_read_back(void **state)
{
	char room[2048];
	struct buf buf = BUF_ON(room);
	struct rlmi_list list;

	(void)state;
	rlmi_print_head(&buf, SLICE("sip:keys-201@x"), UINT32_MAX, false, SLICE("Keys"));
	for (size_t i = 0; i < ARRAY_LEN(resources); i++)
		rlmi_print_resource(&buf, &resources[i]);
	rlmi_print_end(&buf);
	assert_int_equal(read_text(buf_text(&buf), sizeof(block), &list), 0);
	assert_slice_equal(list.uri, SLICE("sip:keys-201@x"));
	assert_slice_equal(list.name, SLICE("Keys"));
	assert_int_equal(list.version, UINT32_MAX);
	assert_false(list.is_full);
	assert_int_equal(list.resource_count, ARRAY_LEN(resources));
	for (size_t i = 0; i < ARRAY_LEN(resources); i++)
		assert_resource_equal(&list.resources[i], &resources[i]);
}

/* Prefixes, extensions, names in two languages, a resource without a URI, states of nobody. */
static void the_field_is_understood(void **state)
{
	static const struct slice text = SLICE_INIT(
		"<r:list xmlns:r=\"urn:ietf:params:xml:ns:rlmi\" uri=\"sip:l@x\" version=\" 3 \" "
		"fullState=\"1\" x=\"y\">\n<r:name xml:lang=\"en\">Friends</r:name>"
		"<r:name xml:lang=\"de\">Freunde</r:name>\n"
		"<r:resource uri=\" sip:202@x \"><x>no</x><r:instance id=\"1\" state=\"dreaming\" "
		"cid=\"q\"/></r:resource><r:resource><r:name>no</r:name></r:resource>"
		"<instance id=\"no\"/></r:list>");
	struct rlmi_list list;

	(void)state;
	assert_int_equal(read_text(text, sizeof(block), &list), 0);
	assert_true(list.is_full);
	assert_int_equal(list.version, 3);
	assert_slice_equal(list.name, SLICE("Friends"));
	assert_int_equal(list.resource_count, 1);
	assert_slice_equal(list.resources[0].uri, SLICE("sip:202@x"));
	assert_int_equal(list.resources[0].instance_count, 1);
	assert_int_equal(list.resources[0].instances[0].state, RLMI_ACTIVE);
	assert_slice_equal(list.resources[0].instances[0].cid, SLICE("q"));
}

static void what_is_no_list_is_refused(void **state)
{
	static const struct slice cases[] = {
		SLICE_INIT(""),
		SLICE_INIT("<list " XMLNS " uri=\"sip:l@x\" fullState=\"true\"/>"),
		SLICE_INIT("<list " XMLNS " version=\"-1\"/>"),
		SLICE_INIT("<list xmlns=\"urn:other\" version=\"1\"/>"),
		SLICE_INIT("<resource " XMLNS " uri=\"sip:l@x\"/>"),
		SLICE_INIT("<list " XMLNS " version=\"1\"><resource uri=\"sip:202@x\">"),
	};
	struct rlmi_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(read_text(cases[i], sizeof(block), &list), ERR_SYNTAX);
}

static int read_many(size_t count, const char *inside)
{
	static char room[XML_MAX_BYTES];
	struct buf buf = BUF_ON(room);
	struct rlmi_list list;

	buf_lit(&buf, "<list " XMLNS " version=\"0\">");
	for (size_t i = 0; i < count; i++)
		buf_printf(&buf, "<resource uri=\"sip:%zu@x\">%s</resource>", i, inside);
	buf_lit(&buf, "</list>");
	assert_false(buf.is_overflown);
	return read_text(buf_text(&buf), sizeof(block), &list);
}

static void resources_and_instances_are_bounded(void **state)
{
	struct rlmi_list list;

	(void)state;
	assert_int_equal(read_many(RLMI_RESOURCES_MAX, "<instance/>"), 0);
	assert_int_equal(read_many(RLMI_RESOURCES_MAX + 1, ""), ERR_LIMIT);
	assert_int_equal(read_many(RLMI_RESOURCES_MAX / 2 + 1, "<instance/><instance/>"),
			 ERR_LIMIT);
	assert_int_equal(read_text(SLICE("<list " XMLNS " version=\"0\"/>"), 1024, &list),
			 ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(the_field_is_understood),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(resources_and_instances_are_bounded),
	};

	return cmocka_run_group_tests_name("rlmi documents", tests, NULL, NULL);
}
