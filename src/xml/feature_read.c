/* SPDX-License-Identifier: MIT */
/*
 * Reading feature requests: one element with a few texts in it, in any order.
 */
#include "xml/feature_read.h"

#include "base/check.h"
#include "base/err.h"
#include "xml/xml_read.h"

#define RINGS_MAX 100

enum node {
	NODE_SET_DND = XML_FIRST,
	NODE_SET_FORWARDING,
	NODE_DEVICE,
	NODE_DND_ON,
	NODE_FORWARD_ON,
	NODE_FORWARD_TYPE,
	NODE_FORWARD_TO,
	NODE_RING_COUNT,
};

static const struct xml_element elements[] = {
	{ XML_DOCUMENT, NODE_SET_DND, false, SLICE_INIT("SetDoNotDisturb"), { 0 } },
	{ XML_DOCUMENT, NODE_SET_FORWARDING, false, SLICE_INIT("SetForwarding"), { 0 } },
	{ NODE_SET_DND, NODE_DEVICE, true, SLICE_INIT("device"), { 0 } },
	{ NODE_SET_DND, NODE_DND_ON, true, SLICE_INIT("doNotDisturbOn"), { 0 } },
	{ NODE_SET_FORWARDING, NODE_DEVICE, true, SLICE_INIT("device"), { 0 } },
	{ NODE_SET_FORWARDING, NODE_FORWARD_ON, true, SLICE_INIT("activateForward"), { 0 } },
	{ NODE_SET_FORWARDING, NODE_FORWARD_TYPE, true, SLICE_INIT("forwardingType"), { 0 } },
	{ NODE_SET_FORWARDING, NODE_FORWARD_TO, true, SLICE_INIT("forwardDN"), { 0 } },
	{ NODE_SET_FORWARDING, NODE_RING_COUNT, true, SLICE_INIT("ringCount"), { 0 } },
};

struct request {
	struct feature_event event;
	bool has_feature; /* it says which one */
	bool has_is_on;	  /* and what shall be */
};

static void on_start(struct xml_reader *reader, uint8_t node, const XML_Char **attributes)
{
	struct request *request = reader->context;

	(void)attributes;
	if (node == NODE_SET_DND) {
		request->event.feature = FEATURE_DND;
		request->has_feature = true;
	}
}

/* xs:boolean. */
static void take_is_on(struct xml_reader *reader, struct request *request, struct slice text)
{
	bool is_yes = slice_eq_nocase(text, SLICE("true")) || slice_eq(text, SLICE("1"));
	bool is_no = slice_eq_nocase(text, SLICE("false")) || slice_eq(text, SLICE("0"));

	if (!is_yes && !is_no)
		xml_fail(reader, ERR_SYNTAX);
	request->event.is_on = is_yes;
	request->has_is_on = true;
}

static void take_type(struct xml_reader *reader, struct request *request, struct slice text)
{
	for (enum feature feature = FEATURE_FORWARD_ALWAYS; feature < FEATURES; feature++)
		if (slice_eq_nocase(text, feature_forwarding_type(feature))) {
			request->event.feature = feature;
			request->has_feature = true;
			return;
		}
	xml_fail(reader, ERR_SYNTAX);
}

static void take_rings(struct xml_reader *reader, struct request *request, struct slice text)
{
	if (text.n > 0 && slice_to_u32(text, RINGS_MAX, &request->event.ring_count))
		xml_fail(reader, ERR_SYNTAX);
}

static void on_end(struct xml_reader *reader, uint8_t node, struct slice text)
{
	struct request *request = reader->context;

	switch ((enum node)node) {
	case NODE_SET_DND:
	case NODE_SET_FORWARDING:
		if (!request->has_feature || !request->has_is_on)
			xml_fail(reader, ERR_SYNTAX);
		break;
	case NODE_DEVICE:
		request->event.device = text;
		break;
	case NODE_DND_ON:
	case NODE_FORWARD_ON:
		take_is_on(reader, request, text);
		break;
	case NODE_FORWARD_TYPE:
		take_type(reader, request, text);
		break;
	case NODE_FORWARD_TO:
		request->event.to = text;
		break;
	case NODE_RING_COUNT:
		take_rings(reader, request, text);
		break;
	}
}

int feature_request_read(struct slice document, struct arena *arena,
			 struct feature_event *ret_event)
{
	/* Phones spell the rest of the namespace in ways of their own. */
	static const struct xml_kind kind = {
		.space = SLICE_INIT("http://www.ecma"),
		.has_subspaces = true,
		.elements = elements,
		.element_count = ARRAY_LEN(elements),
		.on_start = on_start,
		.on_end = on_end,
	};
	struct request request = { 0 };
	int err = xml_read(document, arena, &kind, &request);

	if (!err)
		*ret_event = request.event;
	return err;
}
