/* SPDX-License-Identifier: MIT */
/*
 * Reading what a phone wants of its do-not-disturb and forwards (see sip/feature_event.h), as
 * dialog_info_read() reads: no DTD, depth and size bounded, unknown elements skipped.
 */
#ifndef LAMPYRID_XML_FEATURE_READ_H
#define LAMPYRID_XML_FEATURE_READ_H

#include "base/arena.h"
#include "sip/feature_event.h"

#define FEATURE_TEXT_MAX_BYTES 1024 /* of one element */

/*
 * Fills *ret_event from a SetDoNotDisturb or SetForwarding, with slices into the arena. ERR_SYNTAX
 * for what is not well-formed, neither of the two, or does not say what it wants; ERR_LIMIT for too
 * deep, too large or too small an arena; ERR_NOMEM when the heap refuses.
 */
int feature_request_read(struct slice document, struct arena *arena,
			 struct feature_event *ret_event);

#endif
