/* SPDX-License-Identifier: MIT */
/*
 * Event packages (RFC 6665 7.2): what phones may subscribe to here, in one table.
 */
#ifndef LAMPYRID_PBX_EVENT_PACKAGE_H
#define LAMPYRID_PBX_EVENT_PACKAGE_H

#include "pbx/pbx.h"

struct trunk;

/*
 * Answers a SUBSCRIBE of `extension` outside of any dialog: by its package, or 489 with those that
 * there are.
 */
void event_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/* The same of somebody behind a trunk: lamps are all that there is for them. */
void event_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk);

/* "Allow-Events: dialog, ...\r\n" (RFC 6665 8.2.2) */
void event_packages_print(struct buf *lines);

/* The phone takes documents of this type: it says so, or does not say what it takes. */
bool event_accepts(const struct sip_msg *msg, struct slice content_type);

#endif
