/* SPDX-License-Identifier: MIT */
/*
 * Reading resource list meta-information (RFC 4662 5).
 */
#ifndef LAMPYRID_XML_RLMI_READ_H
#define LAMPYRID_XML_RLMI_READ_H

#include "base/arena.h"
#include "sip/limits.h"
#include "sip/rlmi.h"

#define RLMI_RESOURCES_MAX (MULTIPART_PARTS_MAX - 1) /* and as many instances */

struct rlmi_list {
	struct slice uri;
	struct slice name; /* or empty */
	uint32_t version;
	bool is_full;			       /* what is not named here is not in the list */
	const struct rlmi_resource *resources; /* [resource_count], in the arena */
	size_t resource_count;
};

/*
 * Fills *ret_list with slices into the arena, which has to hold its arrays beside its text, some
 * 32 kB. ERR_SYNTAX without a version, ERR_LIMIT for too many resources or instances; the others
 * are those of xml_read(). A resource without a URI is left out.
 */
int rlmi_read(struct slice document, struct arena *arena, struct rlmi_list *ret_list);

#endif
