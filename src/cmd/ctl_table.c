/* SPDX-License-Identifier: MIT */
/*
 * Each cell is printed twice, to know the width of its column and to fill it: so a long table needs
 * no memory but its text.
 */
#include "cmd/ctl_table.h"

#include "base/check.h"
#include "base/json_read.h"
#include "base/utf8.h"

#include <stdlib.h>

#define GAP 2

/* --- Members ------------------------------------------------------------------------------ */

/* False when there is no such member; "a.b" is b of the object a. */
static bool member_find(struct slice object, const char *path, struct slice *ret_value)
{
	const char *dot = strchr(path, '.');
	char head[32];
	struct buf name = BUF_ON(head);

	if (!dot)
		return json_find(object, path, ret_value) == 0;
	buf_slice(&name, slice_of(path, (size_t)(dot - path)));
	buf_char(&name, '\0');
	CHECK(!name.is_overflown);
	return json_find(object, head, &object) == 0 && member_find(object, dot + 1, ret_value);
}

void ctl_member_print(struct buf *buf, struct slice object, const char *path)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf plain = BUF_ON(text);
	struct slice value;

	if (!member_find(object, path, &value))
		return;
	/* What is too long shows its beginning. */
	(void)json_print_plain(&plain, value);
	utf8_print_plain(buf, buf_text(&plain));
}

static bool member_number(struct slice object, const char *path, uint32_t *ret_number)
{
	struct slice value;

	return member_find(object, path, &value) && !slice_to_u32(value, UINT32_MAX, ret_number);
}

void ctl_age_print(struct buf *buf, uint64_t seconds)
{
	unsigned s = (unsigned)(seconds % 60), m = (unsigned)(seconds / 60 % 60);
	unsigned h = (unsigned)(seconds / 3600 % 24);
	uint64_t days = seconds / 86400;

	if (days > 0)
		buf_printf(buf, "%llud%02uh", (unsigned long long)days, h);
	else if (h > 0)
		buf_printf(buf, "%uh%02um", h, m);
	else if (m > 0)
		buf_printf(buf, "%um%02us", m, s);
	else
		buf_printf(buf, "%us", s);
}

static void print_age(struct buf *cell, struct slice row, const char *path)
{
	uint32_t seconds;

	if (member_number(row, path, &seconds))
		ctl_age_print(cell, seconds);
}

/* --- Cells -------------------------------------------------------------------------------- */

#define CELL(function, path)                                                                       \
	static void function(struct buf *cell, struct slice row)                                   \
	{                                                                                          \
		ctl_member_print(cell, row, path);                                                 \
	}
#define AGE_CELL(function, path)                                                                   \
	static void function(struct buf *cell, struct slice row)                                   \
	{                                                                                          \
		print_age(cell, row, path);                                                        \
	}

CELL(cell_call, "call")
CELL(cell_calls, "calls")
CELL(cell_trunk, "trunk")
CELL(cell_state, "state")
CELL(cell_extension, "extension")
CELL(cell_contact, "contact")
CELL(cell_watcher, "watcher")
CELL(cell_watched, "watched")
CELL(cell_event, "event")
CELL(cell_version, "version")
CELL(cell_lamp, "lamp")
CELL(cell_name, "name")
CELL(cell_watchers, "watchers")
CELL(cell_used, "used")
CELL(cell_limit, "limit")
CELL(cell_peak, "peak")
CELL(cell_refused, "refused")
AGE_CELL(cell_expires, "expires")
AGE_CELL(cell_age, "age")
AGE_CELL(cell_talk, "talk")

static void print_comma(struct buf *cell)
{
	if (cell->n > 0)
		buf_lit(cell, ", ");
}

/* "201 Alice" */
static void print_party(struct buf *cell, struct slice row, const char *path)
{
	struct slice party, name;

	if (!member_find(row, path, &party))
		return;
	ctl_member_print(cell, party, "number");
	if (!member_find(party, "name", &name))
		return;
	buf_char(cell, ' ');
	ctl_member_print(cell, party, "name");
}

static void cell_from(struct buf *cell, struct slice row)
{
	print_party(cell, row, "from");
}

static void cell_to(struct buf *cell, struct slice row)
{
	print_party(cell, row, "to");
}

static void cell_with(struct buf *cell, struct slice row)
{
	print_party(cell, row, "with");
}

/* "udp:192.0.2.7:5060" */
static void cell_way(struct buf *cell, struct slice row)
{
	ctl_member_print(cell, row, "transport");
	buf_char(cell, ':');
	ctl_member_print(cell, row, "peer");
}

/* A status; 0 is none yet. */
static void print_status(struct buf *cell, struct slice row, const char *path)
{
	uint32_t status;

	if (member_number(row, path, &status) && status > 0)
		buf_u64(cell, status);
}

static void cell_notify(struct buf *cell, struct slice row)
{
	print_status(cell, row, "notify");
}

static void cell_status(struct buf *cell, struct slice row)
{
	print_status(cell, row, "status");
}

void ctl_transfer_print(struct buf *buf, struct slice transfer, const char *sends)
{
	struct slice how = SLICE_NONE;

	(void)json_find(transfer, "how", &how);
	ctl_member_print(buf, transfer, "by");
	if (slice_eq(how, SLICE("\"recall\""))) {
		buf_lit(buf, " is called back for ");
		ctl_member_print(buf, transfer, "of");
		return;
	}
	if (slice_eq(how, SLICE("\"click-to-dial\""))) {
		buf_lit(buf, " calls ");
	} else {
		buf_printf(buf, " %s ", sends);
		ctl_member_print(buf, transfer, "of");
		buf_lit(buf, " to ");
	}
	ctl_member_print(buf, transfer, "to");
}

/*
 * "202 sends 201 to 203, call 9" while it is under way, "by 202, was call 7" when it is done;
 * nobody is named who transferred when a program had somebody called.
 */
static void cell_transfer(struct buf *cell, struct slice row)
{
	struct slice transfer, value;

	if (member_find(row, "transfer", &transfer)) {
		ctl_transfer_print(cell, transfer, "sends");
		if (member_find(transfer, "to_call", &value))
			buf_lit(cell, ", call ");
		ctl_member_print(cell, transfer, "to_call");
	} else if (member_find(row, "was_call", &value)) {
		if (member_find(row, "transferred_by", &value))
			buf_lit(cell, "by ");
		ctl_member_print(cell, row, "transferred_by");
		print_comma(cell);
		buf_lit(cell, "was call ");
		ctl_member_print(cell, row, "was_call");
	}
}

/* "*851 by 203, 12s" */
static void cell_parked(struct buf *cell, struct slice row)
{
	struct slice parked;

	if (!member_find(row, "parked", &parked))
		return;
	ctl_member_print(cell, parked, "orbit");
	buf_lit(cell, " by ");
	ctl_member_print(cell, parked, "by");
	print_comma(cell);
	print_age(cell, parked, "age");
}

/* "201 talking, 202 talking"; one that waits for somebody's answer to come is no phone of it yet */
static void cell_legs(struct buf *cell, struct slice row)
{
	struct slice legs, leg, waits;
	size_t at = 0;

	if (!member_find(row, "legs", &legs))
		return;
	while (json_next(legs, &at, &leg)) {
		print_comma(cell);
		ctl_member_print(cell, leg, "number");
		buf_char(cell, ' ');
		if (member_find(leg, "waits", &waits))
			buf_lit(cell, "waits");
		else
			ctl_member_print(cell, leg, "state");
	}
}

static void print_separator(struct buf *cell)
{
	if (cell->n > 0)
		buf_lit(cell, "; ");
}

static void print_why_calls(struct buf *cell, struct slice row)
{
	struct slice legs, leg, peer;
	size_t at = 0;

	if (!member_find(row, "legs", &legs))
		return;
	while (json_next(legs, &at, &leg)) {
		print_separator(cell);
		buf_lit(cell, "call ");
		ctl_member_print(cell, leg, "call");
		buf_lit(cell, ": ");
		ctl_member_print(cell, leg, "state");
		if (!member_find(leg, "with", &peer))
			continue;
		buf_lit(cell, ", ");
		ctl_member_print(cell, leg, "with");
	}
}

/* Of an orbit. */
static void print_why_parked(struct buf *cell, struct slice row)
{
	struct slice parked;

	if (!member_find(row, "parked", &parked))
		return;
	buf_lit(cell, "call ");
	ctl_member_print(cell, parked, "call");
	buf_lit(cell, ": parked by ");
	ctl_member_print(cell, parked, "by");
	buf_lit(cell, ", ");
	ctl_member_print(cell, parked, "with");
}

/* An orbit stands in the column of extensions, where it is asked for. */
static void cell_lit(struct buf *cell, struct slice row)
{
	struct slice orbit;

	ctl_member_print(cell, row, member_find(row, "orbit", &orbit) ? "orbit" : "extension");
}

/*
 * Why a lamp is as it is: "call 7: ringing, 201; 1 elsewhere; do-not-disturb". That no phone is
 * registered has its own column.
 */
static void cell_why(struct buf *cell, struct slice row)
{
	struct slice value;

	print_why_calls(cell, row);
	print_why_parked(cell, row);
	if (member_find(row, "elsewhere", &value)) {
		print_separator(cell);
		ctl_member_print(cell, row, "elsewhere");
		buf_lit(cell, " elsewhere");
	}
	if (member_find(row, "status", &value) && !slice_eq(value, SLICE("\"unregistered\""))) {
		print_separator(cell);
		ctl_member_print(cell, row, "status");
	}
}

static void cell_phone(struct buf *cell, struct slice row)
{
	struct slice value;

	if (member_find(row, "registered", &value) && !slice_eq(value, SLICE("true")))
		buf_lit(cell, "no phone");
}

static const struct ctl_column call_columns[] = {
	{ "CALL", true, cell_call },	      { "STATE", false, cell_state },
	{ "FROM", false, cell_from },	      { "TO", false, cell_to },
	{ "WITH", false, cell_with },	      { "AGE", true, cell_age },
	{ "TALK", true, cell_talk },	      { "PARKED", false, cell_parked },
	{ "TRANSFER", false, cell_transfer }, { "LEGS", false, cell_legs },
};

static const struct ctl_column registration_columns[] = {
	{ "EXTENSION", false, cell_extension },
	{ "EXPIRES IN", true, cell_expires },
	{ "WAY", false, cell_way },
	{ "CONTACT", false, cell_contact },
};

static const struct ctl_column subscription_columns[] = {
	{ "WATCHER", false, cell_watcher },   { "WATCHES", false, cell_watched },
	{ "EVENT", false, cell_event },	      { "STATE", false, cell_state },
	{ "VERSION", true, cell_version },    { "EXPIRES IN", true, cell_expires },
	{ "LAST NOTIFY", true, cell_notify }, { "WAY", false, cell_way },
};

static const struct ctl_column lamp_columns[] = {
	{ "EXTENSION", false, cell_lit },    { "NAME", false, cell_name },
	{ "LAMP", false, cell_lamp },	     { "WHY", false, cell_why },
	{ "WATCHERS", true, cell_watchers }, { "PHONES", false, cell_phone },
};

static void cell_registered(struct buf *cell, struct slice row)
{
	struct slice value;

	if (member_find(row, "registered", &value))
		buf_cstr(cell, slice_eq(value, SLICE("true")) ? "yes" : "no");
}

/* "udp:192.0.2.7:5060, tcp:192.0.2.8:5060 avoided" */
static void cell_targets(struct buf *cell, struct slice row)
{
	struct slice targets, target, value;
	size_t at = 0;

	if (!member_find(row, "targets", &targets))
		return;
	while (json_next(targets, &at, &target)) {
		print_comma(cell);
		cell_way(cell, target);
		if (member_find(target, "avoided", &value) && slice_eq(value, SLICE("true")))
			buf_lit(cell, " avoided");
	}
}

static const struct ctl_column trunk_columns[] = {
	{ "TRUNK", false, cell_trunk },
	{ "STATE", false, cell_state },
	{ "FOR", true, cell_age },
	{ "STATUS", true, cell_status },
	{ "REGISTERED", false, cell_registered },
	{ "CALLS", true, cell_calls },
	{ "TARGETS", false, cell_targets },
};

static const struct ctl_column pool_columns[] = {
	{ "ROOM FOR", false, cell_name },  { "USED", true, cell_used },
	{ "LIMIT", true, cell_limit },	   { "PEAK", true, cell_peak },
	{ "REFUSED", true, cell_refused },
};

const struct ctl_column *ctl_columns_find(struct slice type, size_t *ret_count)
{
	static const struct {
		struct slice type;
		const struct ctl_column *columns;
		size_t count;
	} rows[] = {
		{ SLICE_INIT("call"), call_columns, ARRAY_LEN(call_columns) },
		{ SLICE_INIT("registration"), registration_columns,
		  ARRAY_LEN(registration_columns) },
		{ SLICE_INIT("subscription"), subscription_columns,
		  ARRAY_LEN(subscription_columns) },
		{ SLICE_INIT("lamp"), lamp_columns, ARRAY_LEN(lamp_columns) },
		{ SLICE_INIT("trunk"), trunk_columns, ARRAY_LEN(trunk_columns) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (slice_eq(rows[i].type, type)) {
			*ret_count = rows[i].count;
			return rows[i].columns;
		}
	}
	return NULL;
}

/* --- Layout ------------------------------------------------------------------------------- */

/* The column that rows are sorted by; qsort() brings no context, and there is one thread. */
static const struct ctl_column *sorted_by;

static int compare_rows(const void *a, const void *b)
{
	char text_a[CTL_CELL_MAX_BYTES], text_b[CTL_CELL_MAX_BYTES];
	struct buf x = BUF_ON(text_a), y = BUF_ON(text_b);

	sorted_by->print(&x, *(const struct slice *)a);
	sorted_by->print(&y, *(const struct slice *)b);
	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return memcmp(x.p, y.p, x.n);
}

static void pad(FILE *file, size_t n)
{
	fprintf(file, "%*s", (int)n, "");
}

/* Spaces behind a cell come before the next one, so that no line ends in any. */
static void print_cell(FILE *file, const struct ctl_column *column, struct slice text, size_t width,
		       size_t *owed)
{
	size_t room = width - utf8_count(text);

	if (text.n > 0) {
		pad(file, *owed + (column->is_right ? room : 0));
		fwrite(text.p, 1, text.n, file);
		*owed = GAP + (column->is_right ? 0 : room);
	} else {
		*owed += GAP + width;
	}
}

static void measure(const struct ctl_column *columns, size_t column_count, const struct slice *rows,
		    size_t row_count, size_t *widths)
{
	char text[CTL_CELL_MAX_BYTES];

	for (size_t c = 0; c < column_count; c++) {
		size_t title = strlen(columns[c].title);

		widths[c] = 0;
		for (size_t r = 0; r < row_count; r++) {
			struct buf cell = BUF_ON(text);
			size_t n;

			columns[c].print(&cell, rows[r]);
			n = utf8_count(buf_text(&cell));
			if (n > widths[c])
				widths[c] = n;
		}
		if (widths[c] > 0 && widths[c] < title)
			widths[c] = title;
	}
}

static void print_row(FILE *file, const struct ctl_column *columns, size_t column_count,
		      const size_t *widths, const struct slice *row)
{
	size_t owed = 0;

	for (size_t c = 0; c < column_count; c++) {
		char text[CTL_CELL_MAX_BYTES];
		struct buf cell = BUF_ON(text);

		if (widths[c] == 0)
			continue;
		if (row)
			columns[c].print(&cell, *row);
		else
			buf_cstr(&cell, columns[c].title);
		print_cell(file, &columns[c], buf_text(&cell), widths[c], &owed);
	}
	fputc('\n', file);
}

void ctl_table_sort(const struct ctl_column *column, struct slice *rows, size_t row_count)
{
	sorted_by = column;
	qsort(rows, row_count, sizeof(*rows), compare_rows);
}

void ctl_table_print(FILE *file, const struct ctl_column *columns, size_t column_count,
		     const struct slice *rows, size_t row_count)
{
	size_t widths[CTL_COLUMNS_MAX];

	CHECK(column_count <= CTL_COLUMNS_MAX);
	measure(columns, column_count, rows, row_count, widths);
	print_row(file, columns, column_count, widths, NULL);
	for (size_t r = 0; r < row_count; r++)
		print_row(file, columns, column_count, widths, &rows[r]);
}

/* --- Status ------------------------------------------------------------------------------- */

/* A line of the page: `format` is text with members in braces, `{uptime|age}` as an age. */
static void print_line(FILE *file, struct slice row, const char *title, const char *format)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);
	struct slice rest = slice_from_cstr(format), head = SLICE_NONE, name, kind;

	while (slice_cut(rest, '{', &head, &rest)) {
		char path[32];
		struct buf buf = BUF_ON(path);

		buf_slice(&line, head);
		(void)slice_cut(rest, '}', &head, &rest);
		(void)slice_cut(head, '|', &name, &kind);
		buf_slice(&buf, name);
		buf_char(&buf, '\0');
		if (slice_is_empty(kind))
			ctl_member_print(&line, row, path);
		else
			print_age(&line, row, path);
	}
	buf_slice(&line, head);
	fprintf(file, "%-15s %.*s\n", title, SLICE_ARGS(buf_text(&line)));
}

static void print_listeners(FILE *file, struct slice row)
{
	struct slice list, item;
	size_t at = 0;

	if (!member_find(row, "listeners", &list))
		return;
	while (json_next(list, &at, &item)) {
		char text[CTL_CELL_MAX_BYTES];
		struct buf buf = BUF_ON(text);

		(void)json_print_plain(&buf, item);
		fprintf(file, "%-15s %.*s\n", "listening on", SLICE_ARGS(buf_text(&buf)));
	}
}

static void print_pools(FILE *file, struct slice row)
{
	struct slice pools, items[16];
	size_t at = 0, count = 0;

	if (!member_find(row, "pools", &pools))
		return;
	while (count < ARRAY_LEN(items) && json_next(pools, &at, &items[count]))
		count++;
	fputc('\n', file);
	ctl_table_print(file, pool_columns, ARRAY_LEN(pool_columns), items, count);
}

void ctl_status_print(FILE *file, struct slice row)
{
	struct slice records;

	print_line(file, row, "lampyrid", "{version}, pid {pid}");
	print_line(file, row, "running", "for {uptime|age}, since {started}");
	print_line(file, row, "configuration", "{config}");
	print_line(file, row, "domain", "{domain}, {extensions} extensions");
	print_listeners(file, row);
	print_line(file, row, "calls", "{calls} now, {calls_total} since the start");
	print_line(file, row, "registrations", "{registrations}");
	print_line(file, row, "subscriptions", "{subscriptions}");
	print_line(file, row, "lamps",
		   "{lamps.watchers} watchers, wrong for {lamps.wrong_lamp_seconds} s in all, "
		   "{lamps.repairs} repaired");
	print_line(file, row, "messages",
		   "{messages.received} received ({messages.malformed} malformed), "
		   "{messages.sent} sent ({messages.unsent} could not be)");
	print_line(file, row, "strangers",
		   "{strangers.dropped} requests dropped, {strangers.sources} sources known");
	print_line(file, row, "memory", "{memory.bytes} bytes in {memory.blocks} blocks");
	print_line(file, row, "log", "{log_dropped} lines dropped");
	if (member_find(row, "records", &records))
		print_line(file, row, "call records",
			   "{records.told} to {records.path}, {records.lost} lost");
	print_pools(file, row);
}
