/* SPDX-License-Identifier: MIT */
/*
 * Where connections come from, and how many from each place, so that one stranger cannot take all
 * that there is (SECURITY D6). A place is an IPv4 address, or the /64 that an IPv6 host is given
 * whole (RFC 4291 2.5.4).
 */
#ifndef LAMPYRID_IO_SOURCE_H
#define LAMPYRID_IO_SOURCE_H

#include "base/addr.h"
#include "base/map.h"

struct source;

/*
 * Counts one more connection of `peer`. ERR_LIMIT when it has `max` already; then *ret_source is
 * set as well, and not counted. ERR_NOMEM.
 */
int source_take(struct map *sources, const struct addr *peer, uint32_t max,
		struct source **ret_source);

/* One less; with the last one the source is gone. NULL is allowed. */
void source_release(struct map *sources, struct source *source);

#endif
