/* SPDX-License-Identifier: MIT */
/*
 * The Replaces header (RFC 3891 6.1): call-id;to-tag=x;from-tag=y;early-only. Some phones leave
 * the tags out (snom, when the lamp document had none), so a missing tag is an empty slice here.
 */
#ifndef LAMPYRID_SIP_REPLACES_H
#define LAMPYRID_SIP_REPLACES_H

#include "base/buf.h"

struct sip_replaces {
	struct slice call_id;
	struct slice to_tag;   /* empty when missing or "0" */
	struct slice from_tag; /* empty when missing or "0" */
	bool is_early_only;
};

/* ERR_SYNTAX on an empty or over-long call-id, a doubled tag, or more than one entry. */
int sip_replaces_parse(struct slice value, struct sip_replaces *ret_replaces);
void sip_replaces_print(struct buf *buf, const struct sip_replaces *replaces);

#endif
