/* SPDX-License-Identifier: MIT */
/*
 * Reading rlmi documents. Resources and instances come in the order of the document, so those of
 * one resource stand beside each other in one array.
 */
#include "xml/rlmi_read.h"

#include "base/check.h"
#include "base/err.h"
#include "xml/xml_read.h"

enum node {
	NODE_LIST = XML_FIRST,
	NODE_LIST_NAME,
	NODE_RESOURCE,
	NODE_RESOURCE_NAME,
	NODE_INSTANCE,
};

static const struct xml_element elements[] = {
	{ XML_DOCUMENT, NODE_LIST, false, SLICE_INIT("list"), { 0 } },
	{ NODE_LIST, NODE_LIST_NAME, true, SLICE_INIT("name"), { 0 } },
	{ NODE_LIST, NODE_RESOURCE, false, SLICE_INIT("resource"), { 0 } },
	{ NODE_RESOURCE, NODE_RESOURCE_NAME, true, SLICE_INIT("name"), { 0 } },
	{ NODE_RESOURCE, NODE_INSTANCE, false, SLICE_INIT("instance"), { 0 } },
};

struct reading {
	struct rlmi_list list;
	struct rlmi_resource *resources; /* [RLMI_RESOURCES_MAX], in the arena */
	struct rlmi_instance *instances; /* likewise */
	size_t instance_count;
	struct rlmi_resource resource; /* the one being read */
};

static void list_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;
	struct slice is_full = slice_trim(xml_attribute(attributes, "fullState"));

	if (slice_to_u32(slice_trim(xml_attribute(attributes, "version")), UINT32_MAX,
			 &reading->list.version)) {
		xml_fail(reader, ERR_SYNTAX);
		return;
	}
	reading->list.is_full =
		!slice_eq(is_full, SLICE("false")) && !slice_eq(is_full, SLICE("0"));
	reading->list.uri = xml_attribute_keep(reader, attributes, "uri");
}

/* What nobody knows is as good as active: the document beside it says more. */
static enum rlmi_state state_read(struct slice name)
{
	if (slice_eq_nocase(name, rlmi_state_name(RLMI_PENDING)))
		return RLMI_PENDING;
	if (slice_eq_nocase(name, rlmi_state_name(RLMI_TERMINATED)))
		return RLMI_TERMINATED;
	return RLMI_ACTIVE;
}

static void instance_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;

	if (reading->instance_count == RLMI_RESOURCES_MAX) {
		xml_fail(reader, ERR_LIMIT);
		return;
	}
	reading->instances[reading->instance_count++] = (struct rlmi_instance){
		.id = xml_attribute_keep(reader, attributes, "id"),
		.state = state_read(slice_trim(xml_attribute(attributes, "state"))),
		.reason = xml_attribute_keep(reader, attributes, "reason"),
		.cid = xml_attribute_keep(reader, attributes, "cid"),
	};
	reading->resource.instance_count++;
}

static void on_start(struct xml_reader *reader, uint8_t node, const XML_Char **attributes)
{
	struct reading *reading = reader->context;

	switch ((enum node)node) {
	case NODE_LIST:
		list_start(reader, attributes);
		break;
	case NODE_RESOURCE:
		reading->resource = (struct rlmi_resource){
			.uri = slice_trim(xml_attribute_keep(reader, attributes, "uri")),
			.instances = reading->instances + reading->instance_count,
		};
		break;
	case NODE_INSTANCE:
		instance_start(reader, attributes);
		break;
	case NODE_LIST_NAME:
	case NODE_RESOURCE_NAME:
		break;
	}
}

static void resource_end(struct xml_reader *reader)
{
	struct reading *reading = reader->context;

	if (reading->resource.uri.n == 0)
		return;
	if (reading->list.resource_count == RLMI_RESOURCES_MAX) {
		xml_fail(reader, ERR_LIMIT);
		return;
	}
	reading->resources[reading->list.resource_count++] = reading->resource;
}

/* Names may stand there in several languages: the first counts. */
static void set_first(struct slice *field, struct slice text)
{
	if (field->n == 0)
		*field = text;
}

static void on_end(struct xml_reader *reader, uint8_t node, struct slice text)
{
	struct reading *reading = reader->context;

	switch ((enum node)node) {
	case NODE_LIST_NAME:
		set_first(&reading->list.name, text);
		break;
	case NODE_RESOURCE_NAME:
		set_first(&reading->resource.name, text);
		break;
	case NODE_RESOURCE:
		resource_end(reader);
		break;
	case NODE_LIST:
	case NODE_INSTANCE:
		break;
	}
}

int rlmi_read(struct slice document, struct arena *arena, struct rlmi_list *ret_list)
{
	static const struct xml_kind kind = {
		.space = SLICE_INIT("urn:ietf:params:xml:ns:rlmi"),
		.elements = elements,
		.element_count = ARRAY_LEN(elements),
		.on_start = on_start,
		.on_end = on_end,
	};
	struct reading reading = { 0 };
	int err;

	reading.resources = arena_alloc(arena, RLMI_RESOURCES_MAX * sizeof(*reading.resources));
	reading.instances = arena_alloc(arena, RLMI_RESOURCES_MAX * sizeof(*reading.instances));
	if (!reading.resources || !reading.instances)
		return ERR_LIMIT;
	err = xml_read(document, arena, &kind, &reading);
	if (err)
		return err;
	reading.list.resources = reading.resources;
	*ret_list = reading.list;
	return 0;
}
