/* SPDX-License-Identifier: MIT */
/*
 * Reading dialog-info documents (RFC 4235) with expat: no DTD, no entities beyond the five of XML,
 * depth and size bounded. Unknown elements are skipped.
 */
#ifndef LAMPYRID_XML_DIALOG_INFO_READ_H
#define LAMPYRID_XML_DIALOG_INFO_READ_H

#include "base/arena.h"
#include "sip/dialog_info.h"

/*
 * Fills *ret_info with slices into the arena. ERR_SYNTAX for what is not well-formed, no
 * dialog-info or without a version; ERR_LIMIT for too deep, too large, too many dialogs or too
 * small an arena; ERR_NOMEM when the heap refuses, which another try may not.
 */
int dialog_info_read(struct slice document, struct arena *arena, struct dialog_info *ret_info);

#endif
