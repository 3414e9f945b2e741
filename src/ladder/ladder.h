/* SPDX-License-Identifier: MIT */
/*
 * A ladder collects records in the order of their time and knows its participants. It owns copies
 * of everything, is bounded, and recognises a message that was sent again: the same bytes the same
 * way. When both ends of a wire were captured, the second sighting is not drawn twice.
 */
#ifndef LAMPYRID_LADDER_LADDER_H
#define LAMPYRID_LADDER_LADDER_H

#include "base/map.h"
#include "ladder/record.h"

#define LADDER_PARTICIPANTS_MAX 24
#define LADDER_NAME_MAX_BYTES 64
#define LADDER_RECORDS_MAX 200000

/* The last participant when there are more than have a column each. */
#define LADDER_OTHERS "others"

struct ladder_row {
	struct ladder_record record; /* its slices are the row's own */
	unsigned from;		     /* index of a participant */
	unsigned to;
	bool is_again; /* a retransmission */
};

struct ladder {
	struct slice participants[LADDER_PARTICIPANTS_MAX]; /* owned copies, in column order */
	unsigned participant_count;
	struct ladder_row **rows; /* [row_count] */
	size_t row_count;
	size_t row_cap;
	struct map sightings;
	uint64_t secret[2];
};

/* The secret keys the hash that recognises bytes, so that no peer can hide one message behind
 * another. */
void ladder_init(struct ladder *ladder, const uint64_t secret[2]);
void ladder_fini(struct ladder *ladder);

/*
 * Gives a participant the next column; those not named so come in order of first appearance. Known
 * names are left where they are. ERR_LIMIT when all columns are taken, ERR_NOMEM.
 */
int ladder_add_participant(struct ladder *ladder, struct slice name);

/*
 * Adds a copy of the record. `bytes` is the whole message, or empty when it is not known (then it
 * is never a repetition). `source` counts the captures up from 0; each is added as a whole.
 * ERR_LIMIT over LADDER_RECORDS_MAX, ERR_NOMEM; the ladder is then as it was, but for a new column.
 */
int ladder_add(struct ladder *ladder, const struct ladder_record *record, struct slice bytes,
	       unsigned source);

/* By time; records of the same millisecond stay in the order they were added. ERR_NOMEM. */
int ladder_sort(struct ladder *ladder);

#endif
