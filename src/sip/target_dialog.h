/* SPDX-License-Identifier: MIT */
/*
 * The Target-Dialog header (RFC 4538 7): call-id;local-tag=x;remote-tag=y. It names a dialog that
 * the sender has, or knows of, with the recipient; the tags are as the sender sees them.
 */
#ifndef LAMPYRID_SIP_TARGET_DIALOG_H
#define LAMPYRID_SIP_TARGET_DIALOG_H

#include "base/buf.h"

struct sip_target_dialog {
	struct slice call_id;
	struct slice local_tag;	 /* the sender's */
	struct slice remote_tag; /* the recipient's */
};

/* ERR_SYNTAX unless it has one Call-ID and each tag once, none of them empty or over-long. */
int sip_target_dialog_parse(struct slice value, struct sip_target_dialog *ret_target);

/* What could end a part is left out. */
void sip_target_dialog_print(struct buf *buf, const struct sip_target_dialog *target);

#endif
