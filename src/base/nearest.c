/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?"
 */
#include "base/nearest.h"

#define WORD_MAX_BYTES 32 /* a longer word is like none of ours */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * How many letters to change, add, drop or swap with their neighbour (optimal string alignment),
 * without regard to case.
 */
static size_t edit_distance(struct slice a, struct slice b)
{
	size_t rows[3][WORD_MAX_BYTES + 1]; /* for a[0..i], row i % 3 */

	for (size_t k = 0; k <= b.n; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t k = 1; k <= b.n; k++) {
			char ca = char_to_lower(a.p[i - 1]), cb = char_to_lower(b.p[k - 1]);

			row[k] = min3(above[k] + 1, row[k - 1] + 1, above[k - 1] + (ca != cb));
			if (i > 1 && k > 1 && ca == char_to_lower(b.p[k - 2]) &&
			    cb == char_to_lower(a.p[i - 2]))
				row[k] = min3(row[k], row[k], rows[(i - 2) % 3][k - 2] + 1);
		}
	}
	return rows[a.n % 3][b.n];
}

void nearest_start(struct nearest *nearest, struct slice word)
{
	/* As far off is no likeness. */
	*nearest = (struct nearest){ .word = word, .least = word.n < 5 ? 2 : 3 };
}

void nearest_offer(struct nearest *nearest, struct slice candidate)
{
	struct slice word = nearest->word;
	size_t distance;

	if (word.n == 0 || word.n > WORD_MAX_BYTES || candidate.n > WORD_MAX_BYTES)
		return;
	distance = edit_distance(word, candidate);
	if (distance >= candidate.n || distance > nearest->least)
		return;
	if (distance == nearest->least) {
		nearest->is_tied = nearest->best.n > 0;
		return;
	}
	nearest->least = distance;
	nearest->best = candidate;
	nearest->is_tied = false;
}

struct slice slice_nearest(struct slice word, const struct slice *candidates, size_t count)
{
	struct nearest nearest;

	nearest_start(&nearest, word);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&nearest, candidates[i]);
	return nearest.best;
}
