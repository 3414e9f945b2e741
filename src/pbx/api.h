/* SPDX-License-Identifier: MIT */
/*
 * The switch as tools see it: its tables, a row at a time, each row one JSON object. doc/ctl.md
 * names every field; names and meanings only grow. Nothing here changes the switch, and a table may
 * change between two rows: what is there all the time is shown, and shown once.
 */
#ifndef LAMPYRID_PBX_API_H
#define LAMPYRID_PBX_API_H

#include "pbx/pbx.h"

enum api_table {
	API_CALLS,
	API_REGISTRATIONS,
	API_SUBSCRIPTIONS,
	API_LAMPS,
	API_LAMP, /* one extension's or orbit's, and all that its watchers are told */
	API_TRUNKS,
	API_TABLES,
};

/* A lamp with more watchers shows these many; others by their number. */
#define API_WATCHERS_MAX 100

/* Any row fits; a longer one leaves legs out. */
#define API_ROW_MAX_BYTES 8192

struct api_cursor {
	struct pbx *pbx;
	enum api_table table;
	struct slice
		number; /* caller's: only rows about this extension, orbit or trunk; empty: all */
	uint32_t slot;	/* of a pool: where to go on */
	bool is_second; /* subscriptions: in the second pool, of phones that refused */
	struct directory *directory; /* lamps: a reference, so that `node` stays */
	const struct map_node *node; /* lamps: the next extension */
	struct slice watcher;	     /* lamp: caller's: only what this one sees; empty: all */
	uint32_t shown;		     /* lamp, or an orbit: rows so far */
};

/* The cursor must not outlive the switch. api_cursor_fini() is due. */
void api_cursor_init(struct api_cursor *cursor, struct pbx *pbx, enum api_table table,
		     struct slice number);
void api_cursor_fini(struct api_cursor *cursor);

enum api_step {
	API_ROW,   /* `buf` has one more object, without a line end */
	API_AGAIN, /* enough looked at for this turn: nothing printed, ask again */
	API_END,
};

/* The buf needs room for API_ROW_MAX_BYTES. */
enum api_step api_next(struct api_cursor *cursor, struct buf *buf);

/* The members about the switch in an object that is open: counts, pools, messages. */
void api_print_status(const struct pbx *pbx, struct buf *buf);

/* The table with this name ("calls"); API_TABLES when there is none. */
enum api_table api_find_table(struct slice name);

#endif
