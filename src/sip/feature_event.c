/* SPDX-License-Identifier: MIT */
/*
 * Printing feature events. The namespace is no ornament: phones of one maker restart without it.
 */
#include "sip/feature_event.h"

#include "base/check.h"
#include "sip/xml_print.h"

static const struct slice forwarding_types[FEATURES] = {
	[FEATURE_FORWARD_ALWAYS] = SLICE_INIT("forwardImmediate"),
	[FEATURE_FORWARD_BUSY] = SLICE_INIT("forwardBusy"),
	[FEATURE_FORWARD_NO_ANSWER] = SLICE_INIT("forwardNoAns"),
};

struct slice feature_forwarding_type(enum feature feature)
{
	CHECK(feature > FEATURE_DND && feature < FEATURES);
	return forwarding_types[feature];
}

static void text_element_print(struct buf *buf, struct slice element, struct slice text)
{
	buf_char(buf, '<');
	buf_slice(buf, element);
	buf_char(buf, '>');
	xml_text_print(buf, text);
	buf_lit(buf, "</");
	buf_slice(buf, element);
	buf_lit(buf, ">\n");
}

static struct slice bool_name(bool is_true)
{
	return is_true ? SLICE("true") : SLICE("false");
}

static void dnd_print(struct buf *buf, const struct feature_event *event)
{
	buf_lit(buf, "<DoNotDisturbEvent xmlns=\"" FEATURE_NAMESPACE "\">\n");
	text_element_print(buf, SLICE("device"), event->device);
	text_element_print(buf, SLICE("doNotDisturbOn"), bool_name(event->is_on));
	buf_lit(buf, "</DoNotDisturbEvent>\n");
}

static void forwarding_print(struct buf *buf, const struct feature_event *event)
{
	buf_lit(buf, "<ForwardingEvent xmlns=\"" FEATURE_NAMESPACE "\">\n");
	text_element_print(buf, SLICE("device"), event->device);
	text_element_print(buf, SLICE("forwardingType"), feature_forwarding_type(event->feature));
	text_element_print(buf, SLICE("forwardStatus"), bool_name(event->is_on));
	text_element_print(buf, SLICE("forwardTo"), event->to);
	if (event->ring_count > 0) {
		buf_lit(buf, "<ringCount>");
		buf_u64(buf, event->ring_count);
		buf_lit(buf, "</ringCount>\n");
	}
	buf_lit(buf, "</ForwardingEvent>\n");
}

void feature_event_print(struct buf *buf, const struct feature_event *event)
{
	buf_lit(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (event->feature == FEATURE_DND)
		dnd_print(buf, event);
	else
		forwarding_print(buf, event);
}
