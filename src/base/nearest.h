/* SPDX-License-Identifier: MIT */
/*
 * Finding out which word somebody meant who mistyped it.
 */
#ifndef LAMPYRID_BASE_NEAREST_H
#define LAMPYRID_BASE_NEAREST_H

#include "base/slice.h"

/* The candidate that `word` looks like, mistyped by a letter or two; SLICE_NONE when there is none.
 */
struct slice slice_nearest(struct slice word, const struct slice *candidates, size_t count);

#endif
