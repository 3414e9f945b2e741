/* SPDX-License-Identifier: MIT */
/*
 * Which leg a Replaces names, in an INVITE (RFC 3891 3) or in the Refer-To of a REFER: the dialog
 * of somebody's phone with us, as that phone sees it. Knowing the ids is no right to anything.
 */
#ifndef LAMPYRID_PBX_LEG_FIND_H
#define LAMPYRID_PBX_LEG_FIND_H

#include "pbx/pbx.h"
#include "sip/replaces.h"

struct leg;

/* `asker` NULL: somebody outside. NULL when it names none. */
struct leg *leg_by_replaces(struct pbx *pbx, const struct sip_replaces *replaces,
			    const struct extension *asker);

#endif
