/* SPDX-License-Identifier: MIT */
/*
 * A moment as people write it. `wall_ms` is milliseconds since 1970 UTC, without leap seconds.
 */
#ifndef LAMPYRID_BASE_WALL_H
#define LAMPYRID_BASE_WALL_H

#include "base/buf.h"

/* "2026-05-14T09:31:02.118Z" (RFC 3339 5.6): WALL_TEXT_BYTES up to the year 9999. */
#define WALL_TEXT_BYTES 24
void wall_print(struct buf *buf, uint64_t wall_ms);

#endif
