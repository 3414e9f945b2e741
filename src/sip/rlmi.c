/* SPDX-License-Identifier: MIT */
/*
 * Printing resource list meta-information (RFC 4662 5.1 to 5.5). A resource takes one line: a
 * list's first document names them all, and should still fit into a datagram.
 */
#include "sip/rlmi.h"

#include "base/check.h"
#include "sip/xml_print.h"

static const struct slice state_names[] = {
	[RLMI_ACTIVE] = SLICE_INIT("active"),
	[RLMI_PENDING] = SLICE_INIT("pending"),
	[RLMI_TERMINATED] = SLICE_INIT("terminated"),
};

struct slice rlmi_state_name(enum rlmi_state state)
{
	CHECK((size_t)state < ARRAY_LEN(state_names));
	return state_names[state];
}

static void name_print(struct buf *buf, struct slice name)
{
	if (name.n == 0)
		return;
	buf_lit(buf, "<name>");
	xml_text_print(buf, name);
	buf_lit(buf, "</name>");
}

static void instance_print(struct buf *buf, const struct rlmi_instance *instance)
{
	buf_lit(buf, "<instance");
	xml_attribute_print(buf, SLICE(" id=\""), instance->id);
	xml_attribute_print(buf, SLICE(" state=\""), rlmi_state_name(instance->state));
	xml_attribute_print_unless_empty(buf, SLICE(" reason=\""), instance->reason);
	xml_attribute_print_unless_empty(buf, SLICE(" cid=\""), instance->cid);
	buf_lit(buf, "/>");
}

void rlmi_print_head(struct buf *buf, struct slice uri, uint32_t version, bool is_full,
		     struct slice name)
{
	buf_lit(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<list xmlns=\"urn:ietf:params:xml:ns:rlmi\"");
	xml_attribute_print(buf, SLICE(" uri=\""), uri);
	buf_lit(buf, " version=\"");
	buf_u64(buf, version);
	buf_lit(buf, "\" fullState=\"");
	buf_slice(buf, is_full ? SLICE("true") : SLICE("false"));
	buf_lit(buf, "\">\n");
	name_print(buf, name);
	if (name.n > 0)
		buf_char(buf, '\n');
}

void rlmi_print_resource(struct buf *buf, const struct rlmi_resource *resource)
{
	buf_lit(buf, "<resource");
	xml_attribute_print(buf, SLICE(" uri=\""), resource->uri);
	buf_char(buf, '>');
	name_print(buf, resource->name);
	for (size_t i = 0; i < resource->instance_count; i++)
		instance_print(buf, &resource->instances[i]);
	buf_lit(buf, "</resource>\n");
}

void rlmi_print_end(struct buf *buf)
{
	buf_lit(buf, "</list>\n");
}
