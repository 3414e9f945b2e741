/* SPDX-License-Identifier: MIT */
/*
 * The rows of the calls screen in print: a table for a person, an array for a script.
 */
#ifndef LAMPYRID_PHONE_ROWS_H
#define LAMPYRID_PHONE_ROWS_H

#include "phone/event.h"

/* Aligned columns, a line each, without the last line feed; "no calls" when there are none. */
void phone_rows_print(struct buf *buf, const struct phone_row *rows, size_t count);

/* A member "calls" of the object that is being printed. */
void phone_rows_print_json(struct buf *buf, const struct phone_row *rows, size_t count);

#endif
