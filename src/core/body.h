/* SPDX-License-Identifier: MIT */
/*
 * A body that outlives its message, with its Content-Type, in one block of memory.
 */
#ifndef LAMPYRID_CORE_BODY_H
#define LAMPYRID_CORE_BODY_H

#include "base/slice.h"

struct body {
	struct slice type;
	struct slice text;
};

/* A copy, which mem_free() ends; NULL without memory. */
struct body *body_keep(struct slice type, struct slice text);

#endif
