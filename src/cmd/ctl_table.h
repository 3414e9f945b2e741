/* SPDX-License-Identifier: MIT */
/*
 * What `lampyrid ctl` shows to people: the rows of an answer, JSON objects, as aligned columns.
 * Text of peers is printed so that it cannot move a cursor.
 */
#ifndef LAMPYRID_CMD_CTL_TABLE_H
#define LAMPYRID_CMD_CTL_TABLE_H

#include "base/buf.h"

#include <stdio.h>

#define CTL_CELL_MAX_BYTES 1024
#define CTL_COLUMNS_MAX 10

struct ctl_column {
	const char *title;
	bool is_right; /* numbers stand at the right of their column */
	void (*print)(struct buf *cell, struct slice row);
};

/* By what this column says, shorter texts first, as numbers are sorted. */
void ctl_table_sort(const struct ctl_column *column, struct slice *rows, size_t row_count);

/* A line of titles, and the rows. Columns that say nothing in any row are left out. */
void ctl_table_print(FILE *file, const struct ctl_column *columns, size_t column_count,
		     const struct slice *rows, size_t row_count);

/* The columns for the rows of this type ("call"); NULL when there are none. */
const struct ctl_column *ctl_columns_find(struct slice type, size_t *ret_count);

/* The one row of `status`, as a page. */
void ctl_status_print(FILE *file, struct slice row);

/* "12s", "3m12s", "2h03m", "5d04h". */
void ctl_age_print(struct buf *buf, uint64_t seconds);

/* The member of an object as plain text; nothing when there is none. A dot looks into objects. */
void ctl_member_print(struct buf *buf, struct slice object, const char *path);

/*
 * A transfer as a sentence: "202 sends 201 to 203" with that verb, "202 is called back for 201", or
 * "202 calls 203" for a program's click.
 */
void ctl_transfer_print(struct buf *buf, struct slice transfer, const char *sends);

#endif
