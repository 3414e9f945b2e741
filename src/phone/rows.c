/* SPDX-License-Identifier: MIT */
/*
 * Rows in print. Who calls whom is said by an arrow, hold by a word, and time as a clock shows it.
 *
 *     call 1  talking    sip:203@pbx -> sip:201@pbx         0:42
 *     key 1   early      Alice <sip:201@pbx> -> sip:202@pbx        0:03
 *     key 2   confirmed  sip:204@pbx -- somebody      held  12:07
 */
#include "phone/rows.h"

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"

#define CELL_MAX_BYTES 1024
#define GAP SLICE("  ")

static void place_print(struct buf *cell, const struct phone_row *row)
{
	buf_printf(cell, row->call ? "call %u" : "key %u", row->call ? row->call : row->key);
}

static void state_print(struct buf *cell, const struct phone_row *row)
{
	utf8_print_plain(cell, row->state);
}

static void remote_print(struct buf *cell, const struct phone_row *row)
{
	bool has_uri = !slice_is_empty(row->remote);

	if (!has_uri && slice_is_empty(row->display))
		buf_lit(cell, "somebody");
	utf8_print_plain(cell, row->display);
	if (!has_uri)
		return;
	buf_cstr(cell, slice_is_empty(row->display) ? "" : " <");
	utf8_print_plain(cell, row->remote);
	buf_cstr(cell, slice_is_empty(row->display) ? "" : ">");
}

static void parties_print(struct buf *cell, const struct phone_row *row)
{
	if (row->direction == PHONE_DIRECTION_IN) {
		remote_print(cell, row);
		buf_lit(cell, " -> ");
		utf8_print_plain(cell, row->local);
	} else {
		utf8_print_plain(cell, row->local);
		buf_cstr(cell, row->direction == PHONE_DIRECTION_OUT ? " -> " : " -- ");
		remote_print(cell, row);
	}
}

static void hold_print(struct buf *cell, const struct phone_row *row)
{
	if (row->is_held)
		buf_cstr(cell, row->call ? "held by the other side" : "held");
}

static void time_print(struct buf *cell, const struct phone_row *row)
{
	buf_printf(cell, "%u:%02u", (unsigned)(row->seconds / 60), (unsigned)(row->seconds % 60));
}

static void (*const columns[])(struct buf *cell, const struct phone_row *row) = {
	place_print, state_print, parties_print, hold_print, time_print,
};

/* In characters; text that does not fit is cut. */
static size_t cell_make(size_t column, const struct phone_row *row, char text[CELL_MAX_BYTES],
			struct slice *ret_text)
{
	struct buf cell;

	buf_init(&cell, text, CELL_MAX_BYTES);
	columns[column](&cell, row);
	*ret_text = buf_text(&cell);
	return utf8_count(*ret_text);
}

static size_t column_width(size_t column, const struct phone_row *rows, size_t count)
{
	size_t widest = 0;

	for (size_t i = 0; i < count; i++) {
		char text[CELL_MAX_BYTES];
		struct slice cell;
		size_t width = cell_make(column, &rows[i], text, &cell);

		widest = width > widest ? width : widest;
	}
	return widest;
}

static void row_print(struct buf *buf, const struct phone_row *row, const size_t *widths)
{
	for (size_t column = 0; column < ARRAY_LEN(columns); column++) {
		char text[CELL_MAX_BYTES];
		struct slice cell;
		size_t width = cell_make(column, row, text, &cell);

		if (widths[column] == 0)
			continue;
		if (column > 0)
			buf_slice(buf, GAP);
		buf_slice(buf, cell);
		for (; column + 1 < ARRAY_LEN(columns) && width < widths[column]; width++)
			buf_char(buf, ' ');
	}
}

void phone_rows_print(struct buf *buf, const struct phone_row *rows, size_t count)
{
	size_t widths[ARRAY_LEN(columns)];

	if (count == 0)
		buf_lit(buf, "no calls");
	for (size_t column = 0; column < ARRAY_LEN(columns); column++)
		widths[column] = column_width(column, rows, count);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(buf, '\n');
		row_print(buf, &rows[i], widths);
	}
}

/* --- JSON --------------------------------------------------------------------------------- */

static struct slice direction_name(enum phone_direction direction)
{
	switch (direction) {
	case PHONE_DIRECTION_NONE:
		break;
	case PHONE_DIRECTION_OUT:
		return SLICE("out");
	case PHONE_DIRECTION_IN:
		return SLICE("in");
	}
	return SLICE_NONE;
}

static void row_print_json(struct buf *buf, const struct phone_row *row)
{
	json_object_begin(buf, NULL);
	if (row->call)
		json_number(buf, "call", row->call);
	else
		json_number(buf, "key", row->key);
	json_text(buf, "state", row->state);
	json_text_unless_empty(buf, "remote", row->remote);
	json_text_unless_empty(buf, "display", row->display);
	json_text(buf, "local", row->local);
	json_text_unless_empty(buf, "direction", direction_name(row->direction));
	json_bool(buf, "held", row->is_held);
	json_number(buf, "seconds", row->seconds);
	json_object_end(buf);
}

void phone_rows_print_json(struct buf *buf, const struct phone_row *rows, size_t count)
{
	json_array_begin(buf, "calls");
	for (size_t i = 0; i < count; i++)
		row_print_json(buf, &rows[i]);
	json_array_end(buf);
}
