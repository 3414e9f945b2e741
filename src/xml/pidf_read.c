/* SPDX-License-Identifier: MIT */
/*
 * Reading presence documents. Servers differ in where they tell an activity (of the person, in a
 * status of the person, in that of a tuple) and under which of the many namespaces that the drafts
 * of RFC 4480 had, all of which begin like PIDF's own.
 */
#include "xml/pidf_read.h"

#include "base/check.h"
#include "xml/xml_read.h"

enum node {
	NODE_PRESENCE = XML_FIRST,
	NODE_TUPLE,
	NODE_PERSON,
	NODE_STATUS,
	NODE_BASIC,
	NODE_CONTACT,
	NODE_NOTE,
	NODE_ACTIVITIES,
	NODE_BUSY,
	NODE_ON_THE_PHONE,
};

static const struct xml_element elements[] = {
	{ XML_DOCUMENT, NODE_PRESENCE, false, SLICE_INIT("presence"), { 0 } },
	{ NODE_PRESENCE, NODE_TUPLE, false, SLICE_INIT("tuple"), { 0 } },
	{ NODE_PRESENCE, NODE_PERSON, false, SLICE_INIT("person"), { 0 } },
	{ NODE_PRESENCE, NODE_NOTE, true, SLICE_INIT("note"), { 0 } },
	{ NODE_TUPLE, NODE_STATUS, false, SLICE_INIT("status"), { 0 } },
	{ NODE_TUPLE, NODE_CONTACT, true, SLICE_INIT("contact"), { 0 } },
	{ NODE_TUPLE, NODE_NOTE, true, SLICE_INIT("note"), { 0 } },
	{ NODE_PERSON, NODE_STATUS, false, SLICE_INIT("status"), { 0 } },
	{ NODE_PERSON, NODE_ACTIVITIES, false, SLICE_INIT("activities"), { 0 } },
	{ NODE_PERSON, NODE_NOTE, true, SLICE_INIT("note"), { 0 } },
	{ NODE_STATUS, NODE_BASIC, true, SLICE_INIT("basic"), { 0 } },
	{ NODE_STATUS, NODE_ACTIVITIES, false, SLICE_INIT("activities"), { 0 } },
	{ NODE_ACTIVITIES, NODE_BUSY, false, SLICE_INIT("busy"), { 0 } },
	{ NODE_ACTIVITIES, NODE_ON_THE_PHONE, false, SLICE_INIT("on-the-phone"), { 0 } },
};

static void add_activity(struct pidf *pidf, enum pidf_activity activity)
{
	if (activity > pidf->activity)
		pidf->activity = activity;
}

static void on_start(struct xml_reader *reader, uint8_t node, const XML_Char **attributes)
{
	struct pidf *pidf = reader->context;

	switch ((enum node)node) {
	case NODE_PRESENCE:
		pidf->entity = xml_attribute_keep(reader, attributes, "entity");
		break;
	case NODE_BUSY:
		add_activity(pidf, PIDF_BUSY);
		break;
	case NODE_ON_THE_PHONE:
		add_activity(pidf, PIDF_ON_THE_PHONE);
		break;
	case NODE_TUPLE:
	case NODE_PERSON:
	case NODE_STATUS:
	case NODE_BASIC:
	case NODE_CONTACT:
	case NODE_NOTE:
	case NODE_ACTIVITIES:
		break;
	}
}

static void set_first(struct slice *field, struct slice text)
{
	if (field->n == 0)
		*field = text;
}

static void on_end(struct xml_reader *reader, uint8_t node, struct slice text)
{
	struct pidf *pidf = reader->context;

	switch ((enum node)node) {
	case NODE_BASIC:
		pidf->is_open |= slice_eq_nocase(text, SLICE("open"));
		break;
	case NODE_CONTACT:
		set_first(&pidf->contact, text);
		break;
	case NODE_NOTE:
		set_first(&pidf->note, text);
		break;
	case NODE_PRESENCE:
	case NODE_TUPLE:
	case NODE_PERSON:
	case NODE_STATUS:
	case NODE_ACTIVITIES:
	case NODE_BUSY:
	case NODE_ON_THE_PHONE:
		break;
	}
}

int pidf_read(struct slice document, struct arena *arena, struct pidf *ret_pidf)
{
	static const struct xml_kind kind = {
		.space = SLICE_INIT("urn:ietf:params:xml:ns:pidf"),
		.has_subspaces = true,
		.elements = elements,
		.element_count = ARRAY_LEN(elements),
		.on_start = on_start,
		.on_end = on_end,
	};
	struct pidf pidf = { 0 };
	int err = xml_read(document, arena, &kind, &pidf);

	if (err)
		return err;
	*ret_pidf = pidf;
	return 0;
}
