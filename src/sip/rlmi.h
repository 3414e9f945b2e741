/* SPDX-License-Identifier: MIT */
/*
 * Resource list meta-information (RFC 4662 5) as data, and printing it: which resources a list has,
 * and in which part of the message the state of each one stands. Reading it is xml/'s work.
 */
#ifndef LAMPYRID_SIP_RLMI_H
#define LAMPYRID_SIP_RLMI_H

#include "base/buf.h"

#define RLMI_TYPE "application/rlmi+xml"

/* Of the subscription that stands behind an instance, in the words of RFC 6665 8.2.3. */
enum rlmi_state { RLMI_ACTIVE, RLMI_PENDING, RLMI_TERMINATED };

/* All slices are plain text, unescaped. */
struct rlmi_instance {
	struct slice id; /* the same as long as it is the same instance */
	enum rlmi_state state;
	struct slice reason; /* why it is terminated; else empty */
	struct slice cid;    /* Content-ID of its document, without brackets; or empty */
};

struct rlmi_resource {
	struct slice uri;
	struct slice name; /* for people; or empty */
	const struct rlmi_instance *instances;
	size_t instance_count; /* 0: nothing is known of it yet (RFC 4662 4.5) */
};

struct slice rlmi_state_name(enum rlmi_state state);

/*
 * A document is a head, any number of resources and an end. `is_full`: they are all the resources
 * that the list has, else those that changed. `uri` is the list's as it was subscribed; `name` may
 * be empty. Text is escaped.
 */
void rlmi_print_head(struct buf *buf, struct slice uri, uint32_t version, bool is_full,
		     struct slice name);
void rlmi_print_resource(struct buf *buf, const struct rlmi_resource *resource);
void rlmi_print_end(struct buf *buf);

#endif
