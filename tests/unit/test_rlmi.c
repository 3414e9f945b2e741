/* SPDX-License-Identifier: MIT */
/*
 * Resource list meta-information (RFC 4662 5) as it is printed.
 */
#include "base/check.h"
#include "sip/rlmi.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<list xmlns=\"urn:ietf:params:xml:ns:rlmi\""

static void assert_slice_equal(struct slice a, struct slice b)
{
	if (!slice_eq(a, b))
		fail_msg("\"%.*s\" is not \"%.*s\"", SLICE_ARGS(a), SLICE_ARGS(b));
}

/* Two devices of one resource, one that is no more, and one that nothing is known of. */
static const struct rlmi_instance bob_instances[] = {
	{ .id = SLICE_INIT("juwigmtboe"),
	  .state = RLMI_ACTIVE,
	  .cid = SLICE_INIT("bUZBsM@pres.example.com") },
	{ .id = SLICE_INIT("hqzsuxtfyq"), .state = RLMI_PENDING },
};
static const struct rlmi_instance dave_instance = {
	.id = SLICE_INIT("1"),
	.state = RLMI_TERMINATED,
	.reason = SLICE_INIT("noresource"),
};
static const struct rlmi_resource resources[] = {
	{ .uri = SLICE_INIT("sip:bob@example.com"),
	  .name = SLICE_INIT("Bob Smith"),
	  .instances = bob_instances,
	  .instance_count = ARRAY_LEN(bob_instances) },
	{ .uri = SLICE_INIT("sip:dave@example.com"),
	  .name = SLICE_INIT("Dave Jones"),
	  .instances = &dave_instance,
	  .instance_count = 1 },
	{ .uri = SLICE_INIT("sip:ed@example.net") },
};

static void print(struct buf *buf, uint32_t version, bool is_full, struct slice name, size_t count)
{
	rlmi_print_head(buf, SLICE("sip:adam-friends@example.com"), version, is_full, name);
	for (size_t i = 0; i < count; i++)
		rlmi_print_resource(buf, &resources[i]);
	rlmi_print_end(buf);
}

static const struct {
	uint32_t version;
	bool is_full;
	struct slice name;
	size_t resources;
	struct slice expected;
} cases[] = {
	{ 0, true, SLICE_INIT("Buddy List"), 3,
	  SLICE_INIT(HEAD
		     " uri=\"sip:adam-friends@example.com\" version=\"0\" fullState=\"true\">\n"
		     "<name>Buddy List</name>\n"
		     "<resource uri=\"sip:bob@example.com\"><name>Bob Smith</name>"
		     "<instance id=\"juwigmtboe\" state=\"active\" "
		     "cid=\"bUZBsM@pres.example.com\"/>"
		     "<instance id=\"hqzsuxtfyq\" state=\"pending\"/></resource>\n"
		     "<resource uri=\"sip:dave@example.com\"><name>Dave Jones</name>"
		     "<instance id=\"1\" state=\"terminated\" reason=\"noresource\"/>"
		     "</resource>\n"
		     "<resource uri=\"sip:ed@example.net\"></resource>\n"
		     "</list>\n") },
	{ 4294967295u, false, SLICE_INIT(""), 0,
	  SLICE_INIT(HEAD " uri=\"sip:adam-friends@example.com\" version=\"4294967295\" "
			  "fullState=\"false\">\n</list>\n") },
};

static void the_document_reads_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char room[1024];
		struct buf buf = BUF_ON(room);

		print(&buf, cases[i].version, cases[i].is_full, cases[i].name, cases[i].resources);
		assert_slice_equal(buf_text(&buf), cases[i].expected);
	}
}

static void no_text_breaks_the_document(void **state)
{
	struct slice hostile = SLICE("\"/></list>&\x01\xff");
	struct rlmi_instance instance = {
		.id = hostile, .reason = hostile, .cid = hostile, .state = RLMI_TERMINATED
	};
	struct rlmi_resource resource = {
		.uri = hostile, .name = hostile, .instances = &instance, .instance_count = 1
	};
	char room[1024];
	struct buf buf = BUF_ON(room);

	(void)state;
	rlmi_print_head(&buf, hostile, 1, true, hostile);
	rlmi_print_resource(&buf, &resource);
	rlmi_print_end(&buf);
#define SAFE "&quot;/&gt;&lt;/list&gt;&amp;??"
	assert_slice_equal(buf_text(&buf),
			   SLICE(HEAD " uri=\"" SAFE "\" version=\"1\" fullState=\"true\">\n"
				      "<name>" SAFE "</name>\n<resource uri=\"" SAFE
				      "\"><name>" SAFE "</name><instance id=\"" SAFE
				      "\" state=\"terminated\" "
				      "reason=\"" SAFE "\" cid=\"" SAFE "\"/></resource>\n"
				      "</list>\n"));
}

static void a_small_buffer_is_noticed(void **state)
{
	char room[1024], short_room[1024];
	struct buf whole = BUF_ON(room);

	(void)state;
	print(&whole, 7, true, SLICE("Buddy List"), ARRAY_LEN(resources));
	for (size_t n = 0; n < whole.n; n++) {
		struct buf buf = { .p = short_room, .cap = n };

		print(&buf, 7, true, SLICE("Buddy List"), ARRAY_LEN(resources));
		assert_true(buf.is_overflown);
		assert_slice_equal(buf_text(&buf), slice_head(buf_text(&whole), buf.n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_reads_so),
		cmocka_unit_test(no_text_breaks_the_document),
		cmocka_unit_test(a_small_buffer_is_noticed),
	};

	return cmocka_run_group_tests_name("rlmi", tests, NULL, NULL);
}
