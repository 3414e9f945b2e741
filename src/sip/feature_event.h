/* SPDX-License-Identifier: MIT */
/*
 * What a phone and its server tell each other of do-not-disturb and forwards, in the "as-feature-
 * event" package that BroadWorks began and Poly, Yealink, Cisco MPP and Grandstream speak. The
 * documents are those of CSTA (ECMA-323): SetDoNotDisturb and SetForwarding by the phone,
 * DoNotDisturbEvent and ForwardingEvent by the server, one feature in each. Reading the phone's is
 * xml/'s work.
 */
#ifndef LAMPYRID_SIP_FEATURE_EVENT_H
#define LAMPYRID_SIP_FEATURE_EVENT_H

#include "base/buf.h"

#define FEATURE_NAMESPACE "http://www.ecma-international.org/standards/ecma-323/csta/ed3"
#define FEATURE_DOCUMENT_TYPE "application/x-as-feature-event+xml"

enum feature {
	FEATURE_DND,
	FEATURE_FORWARD_ALWAYS,
	FEATURE_FORWARD_BUSY,
	FEATURE_FORWARD_NO_ANSWER,
	FEATURES,
};

struct feature_event {
	enum feature feature;
	struct slice device; /* whose it is, as the phone or the server likes to say it */
	bool is_on;
	struct slice to;     /* of a forward: a number or URI; may be empty */
	uint32_t ring_count; /* of FEATURE_FORWARD_NO_ANSWER, in rings; 0: not said */
};

/* CSTA's forwardingType: "forwardImmediate"; not of FEATURE_DND. */
struct slice feature_forwarding_type(enum feature feature);

/* The server's document with its XML declaration. Text is escaped. */
void feature_event_print(struct buf *buf, const struct feature_event *event);

#endif
