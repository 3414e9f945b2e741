/* SPDX-License-Identifier: MIT */
/*
 * The calendar in a few divisions. A year is taken to begin in March: the leap day is its last, and
 * the lengths of the months before it repeat every five.
 */
#include "base/wall.h"

#define DAY_MS 86400000u
#define DAYS_TO_1970 719468u /* from the first of March of the year 0 */
#define DAYS_IN_400_YEARS 146097u

static void print_padded(struct buf *buf, uint64_t value, uint64_t place)
{
	for (; place > 0; place /= 10)
		buf_char(buf, (char)('0' + value / place % 10));
}

static void print_date(struct buf *buf, uint64_t days)
{
	uint64_t era = (days + DAYS_TO_1970) / DAYS_IN_400_YEARS;
	uint64_t day = (days + DAYS_TO_1970) % DAYS_IN_400_YEARS; /* of the 400 years */
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* 0 is March */
	day -= (153 * month + 2) / 5;
	print_padded(buf, era * 400 + year + (month >= 10), 1000);
	buf_char(buf, '-');
	print_padded(buf, month < 10 ? month + 3 : month - 9, 10);
	buf_char(buf, '-');
	print_padded(buf, day + 1, 10);
}

void wall_print(struct buf *buf, uint64_t wall_ms)
{
	uint64_t of_day = wall_ms % DAY_MS;

	print_date(buf, wall_ms / DAY_MS);
	buf_char(buf, 'T');
	print_padded(buf, of_day / 3600000, 10);
	buf_char(buf, ':');
	print_padded(buf, of_day / 60000 % 60, 10);
	buf_char(buf, ':');
	print_padded(buf, of_day / 1000 % 60, 10);
	buf_char(buf, '.');
	print_padded(buf, of_day % 1000, 100);
	buf_char(buf, 'Z');
}
