/* SPDX-License-Identifier: MIT */
/*
 * The lamp of somebody whose server tells presence (RFC 3863) and no dialogs.
 */
#ifndef LAMPYRID_PHONE_PRESENCE_H
#define LAMPYRID_PHONE_PRESENCE_H

#include "sip/dialog_info.h"
#include "sip/pidf.h"

/*
 * The document of dialogs that says as much, in full state with this version: one dialog while
 * somebody rings or talks, else none. Its slices are those of `pidf`. There is no entity: the
 * subscription says whom it is about, under another scheme maybe.
 */
void presence_to_dialogs(const struct pidf *pidf, uint32_t version, struct dialog_info *ret_info);

#endif
