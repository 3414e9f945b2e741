/* SPDX-License-Identifier: MIT */
/*
 * Who is at the far end of a leg, as phones and lamps show it. Both texts belong to somebody who
 * outlives the leg: the directory that it holds, or the leg itself.
 */
#ifndef LAMPYRID_PBX_PARTY_H
#define LAMPYRID_PBX_PARTY_H

#include "base/slice.h"

struct party {
	struct slice number; /* "202"; empty: withheld */
	struct slice name;   /* may be empty */
};

/* In memory of its own, one block with its texts: mem_free(). NULL when memory is refused. */
struct party *party_copy(const struct party *party);

#endif
