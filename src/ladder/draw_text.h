/* SPDX-License-Identifier: MIT */
/*
 * A ladder as text for a terminal: a column per participant, time at the left, one line per
 * message with its label inside the arrow.
 *
 *	         201            lampyrid            202
 *	  0.000   │── INVITE 202 ─►│                 │
 *	  0.012   │                │── INVITE 202 ──►│
 */
#ifndef LAMPYRID_LADDER_DRAW_TEXT_H
#define LAMPYRID_LADDER_DRAW_TEXT_H

#include "ladder/ladder.h"

#define LADDER_WIDTH_MAX 1000

struct ladder_style {
	unsigned width;	       /* cells; labels are cut to fit into it; 0: as wide as it takes */
	bool is_ascii;	       /* no box characters */
	bool is_repeat_hidden; /* retransmissions are left out instead of marked "(again)" */
};

/*
 * Gives the drawing line by line, each with its '\n', valid during the call of `line`. More
 * participants than the width has room for make the lines longer than it. The ladder is drawn in
 * the order of its rows: see ladder_sort().
 */
void ladder_draw_text(const struct ladder *ladder, const struct ladder_style *style,
		      void (*line)(void *ctx, struct slice text), void *ctx);

#endif
