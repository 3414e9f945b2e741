/* SPDX-License-Identifier: MIT */
/*
 * Reading what a phone wants of its do-not-disturb and forwards (see sip/feature_event.h).
 */
#ifndef LAMPYRID_XML_FEATURE_READ_H
#define LAMPYRID_XML_FEATURE_READ_H

#include "base/arena.h"
#include "sip/feature_event.h"

/*
 * Fills *ret_event from a SetDoNotDisturb or SetForwarding, with slices into the arena. Errors are
 * those of xml_read(); ERR_SYNTAX also for one that does not say what it wants.
 */
int feature_request_read(struct slice document, struct arena *arena,
			 struct feature_event *ret_event);

#endif
