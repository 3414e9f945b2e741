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

/*
 * The same, one candidate after the other, where there are too many to be held in a list. Where two
 * are as near, as numbers often are, neither was meant more than the other, and `is_tied` says so.
 */
struct nearest {
	struct slice word;
	struct slice best; /* SLICE_NONE: none is near */
	size_t least;
	bool is_tied;
};

void nearest_start(struct nearest *nearest, struct slice word);
void nearest_offer(struct nearest *nearest, struct slice candidate);

#endif
