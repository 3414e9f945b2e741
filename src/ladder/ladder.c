/* SPDX-License-Identifier: MIT */
/*
 * Collecting records. A retransmission carries the same bytes in the same direction (RFC 3261
 * 17.1.1.2); a message that two captures saw does so too, but once in each.
 */
#include "ladder/ladder.h"

#include "base/err.h"
#include "base/mem.h"

struct sighting_key {
	uint64_t digest;
	uint32_t from;
	uint32_t to;
};

struct sighting {
	struct map_node node;
	struct sighting_key key;
	unsigned source;       /* that saw it last */
	unsigned seen;	       /* times, by that source */
	unsigned seen_at_most; /* times, by any one source before */
};

void ladder_init(struct ladder *ladder, const uint64_t secret[2])
{
	*ladder = (struct ladder){ .secret = { secret[0], secret[1] } };
	map_init(&ladder->sightings, secret);
}

static void row_free(struct ladder_row *row)
{
	mem_free((char *)row->record.summary.p);
	mem_free((char *)row->record.call_id.p);
	mem_free(row);
}

void ladder_fini(struct ladder *ladder)
{
	struct map_node *node;

	while ((node = map_first(&ladder->sightings))) {
		map_remove(&ladder->sightings, node);
		mem_free(CONTAINER_OF(node, struct sighting, node));
	}
	map_fini(&ladder->sightings);
	for (size_t i = 0; i < ladder->row_count; i++)
		row_free(ladder->rows[i]);
	mem_free(ladder->rows);
	for (unsigned i = 0; i < ladder->participant_count; i++)
		mem_free((char *)ladder->participants[i].p);
	*ladder = (struct ladder){ 0 };
}

static bool find_participant(const struct ladder *ladder, struct slice name, unsigned *ret_index)
{
	for (unsigned i = 0; i < ladder->participant_count; i++) {
		if (slice_eq(ladder->participants[i], name)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static int append_participant(struct ladder *ladder, struct slice name)
{
	struct slice copy;

	if (slice_keep(name, &copy))
		return ERR_NOMEM;
	ladder->participants[ladder->participant_count++] = copy;
	return 0;
}

/* A name as columns know it: never empty, never endless. */
static struct slice name_of(struct slice text)
{
	return slice_is_empty(text) ? SLICE("?") : slice_head(text, LADDER_NAME_MAX_BYTES);
}

int ladder_add_participant(struct ladder *ladder, struct slice name)
{
	unsigned index;

	name = name_of(name);
	if (find_participant(ladder, name, &index))
		return 0;
	if (ladder->participant_count >= LADDER_PARTICIPANTS_MAX - 1)
		return ERR_LIMIT;
	return append_participant(ladder, name);
}

static int need_participant(struct ladder *ladder, struct slice name, unsigned *ret_index)
{
	bool is_full = ladder->participant_count >= LADDER_PARTICIPANTS_MAX - 1;
	int err;

	name = name_of(name);
	if (find_participant(ladder, name, ret_index))
		return 0;
	if (is_full) {
		name = SLICE(LADDER_OTHERS);
		if (find_participant(ladder, name, ret_index))
			return 0;
	}
	err = append_participant(ladder, name);
	if (!err)
		*ret_index = ladder->participant_count - 1;
	return err;
}

static int reserve_row(struct ladder *ladder)
{
	size_t cap = ladder->row_cap ? 2 * ladder->row_cap : 16;
	struct ladder_row **rows;

	if (ladder->row_count < ladder->row_cap)
		return 0;
	rows = mem_alloc(cap * sizeof(struct ladder_row *));
	if (!rows)
		return ERR_NOMEM;
	if (ladder->row_count > 0)
		memcpy(rows, ladder->rows, ladder->row_count * sizeof(struct ladder_row *));
	mem_free(ladder->rows);
	ladder->rows = rows;
	ladder->row_cap = cap;
	return 0;
}

static int find_sighting(struct ladder *ladder, const struct ladder_row *row, struct slice bytes,
			 struct sighting **ret_sighting)
{
	struct sighting_key key = { hash_bytes(ladder->secret, bytes), row->from, row->to };
	struct map_node *node =
		map_find(&ladder->sightings, slice_of((const char *)&key, sizeof(key)));
	struct sighting *sighting;

	if (node) {
		*ret_sighting = CONTAINER_OF(node, struct sighting, node);
		return 0;
	}
	sighting = mem_alloc(sizeof(*sighting));
	if (!sighting)
		return ERR_NOMEM;
	sighting->key = key;
	if (map_insert(&ladder->sightings, &sighting->node,
		       slice_of((const char *)&sighting->key, sizeof(sighting->key)))) {
		mem_free(sighting);
		return ERR_NOMEM;
	}
	*ret_sighting = sighting;
	return 0;
}

/* True when another capture has shown this very transmission already. */
static bool is_seen_elsewhere(struct sighting *sighting, unsigned source)
{
	if (source != sighting->source) {
		if (sighting->seen > sighting->seen_at_most)
			sighting->seen_at_most = sighting->seen;
		sighting->source = source;
		sighting->seen = 0;
	}
	return ++sighting->seen <= sighting->seen_at_most;
}

static int row_new(struct ladder *ladder, const struct ladder_record *record,
		   struct ladder_row **ret_row)
{
	struct ladder_row *row = mem_alloc(sizeof(*row));
	struct slice summary = slice_head(record->summary, LADDER_SUMMARY_MAX_BYTES);

	if (!row)
		return ERR_NOMEM;
	row->record.at_ms = record->at_ms;
	if (need_participant(ladder, record->from, &row->from) ||
	    need_participant(ladder, record->to, &row->to) ||
	    slice_keep(summary, &row->record.summary) ||
	    slice_keep(slice_head(record->call_id, SIP_CALL_ID_MAX_BYTES), &row->record.call_id)) {
		row_free(row);
		return ERR_NOMEM;
	}
	row->record.from = ladder->participants[row->from];
	row->record.to = ladder->participants[row->to];
	*ret_row = row;
	return 0;
}

int ladder_add(struct ladder *ladder, const struct ladder_record *record, struct slice bytes,
	       unsigned source)
{
	struct sighting *sighting = NULL;
	struct ladder_row *row;

	if (ladder->row_count >= LADDER_RECORDS_MAX)
		return ERR_LIMIT;
	if (reserve_row(ladder) || row_new(ladder, record, &row))
		return ERR_NOMEM;
	if (!slice_is_empty(bytes) && find_sighting(ladder, row, bytes, &sighting)) {
		row_free(row);
		return ERR_NOMEM;
	}
	if (sighting && is_seen_elsewhere(sighting, source)) {
		row_free(row);
		return 0;
	}
	row->is_again = sighting && sighting->seen > 1;
	ladder->rows[ladder->row_count++] = row;
	return 0;
}

static void merge(struct ladder_row **to, struct ladder_row *const *from, size_t begin, size_t mid,
		  size_t end)
{
	size_t left = begin, right = mid;

	for (size_t i = begin; i < end; i++) {
		bool is_left = left < mid && (right >= end || from[left]->record.at_ms <=
								      from[right]->record.at_ms);

		to[i] = is_left ? from[left++] : from[right++];
	}
}

int ladder_sort(struct ladder *ladder)
{
	size_t n = ladder->row_count;
	struct ladder_row **to;

	if (n < 2)
		return 0;
	to = mem_alloc(ladder->row_cap * sizeof(struct ladder_row *));
	if (!to)
		return ERR_NOMEM;
	for (size_t run = 1; run < n; run *= 2) {
		struct ladder_row **from = ladder->rows;

		for (size_t begin = 0; begin < n; begin += 2 * run) {
			size_t mid = begin + run < n ? begin + run : n;
			size_t end = begin + 2 * run < n ? begin + 2 * run : n;

			merge(to, from, begin, mid, end);
		}
		ladder->rows = to;
		to = from;
	}
	mem_free(to);
	return 0;
}
