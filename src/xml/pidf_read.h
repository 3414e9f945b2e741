/* SPDX-License-Identifier: MIT */
/*
 * Reading presence documents (RFC 3863) with what a person does (RFC 4479, RFC 4480).
 */
#ifndef LAMPYRID_XML_PIDF_READ_H
#define LAMPYRID_XML_PIDF_READ_H

#include "base/arena.h"
#include "sip/pidf.h"

/*
 * Fills *ret_pidf with slices into the arena. It is open when one of the tuples is, the activity
 * the busiest that is told, note and contact the first that are not empty. Errors are those of
 * xml_read().
 */
int pidf_read(struct slice document, struct arena *arena, struct pidf *ret_pidf);

#endif
