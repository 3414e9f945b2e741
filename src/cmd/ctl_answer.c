/* SPDX-License-Identifier: MIT */
/*
 * An answer is rows and, behind them, one line that says how it ended. Tables are read row by row
 * while the calls go on; the rest is short and printed in one piece.
 */
#include "cmd/ctl_answer.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "conf/conf_report.h"
#include "pbx/api.h"

#define WORD_MAX_BYTES 64

_Static_assert(API_ROW_MAX_BYTES + 256 <= CTL_PIECE_MAX_BYTES, "a row and the last line fit");

struct ctl_answer {
	struct ctl_door *door;
	bool (*next)(struct ctl_answer *answer, struct buf *buf);
	struct api_cursor cursor;
	bool has_cursor;
	uint64_t rows;
	struct conf_report *report; /* a copy: another reload may come while this one is told */
	size_t told;		    /* of its mistakes */
	int err;
	const char *note;
	char text[WORD_MAX_BYTES]; /* of an unknown command */
	size_t text_n;
};

/* --- The last line ------------------------------------------------------------------------ */

static void print_end(struct buf *buf, uint64_t rows, const char *note)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("end"));
	json_number(buf, "rows", rows);
	if (note)
		json_text(buf, "note", slice_from_cstr(note));
	json_object_end(buf);
	buf_char(buf, '\n');
}

static void print_error(struct buf *buf, struct slice text)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("error"));
	json_text(buf, "text", text);
	json_object_end(buf);
	buf_char(buf, '\n');
}

/* --- Tables ------------------------------------------------------------------------------- */

static bool next_row(struct ctl_answer *answer, struct buf *buf)
{
	switch (api_next(&answer->cursor, buf)) {
	case API_ROW:
		buf_char(buf, '\n');
		answer->rows++;
		return true;
	case API_AGAIN:
		return true;
	case API_END:
		break;
	}
	print_end(buf, answer->rows, NULL);
	return false;
}

/* --- Status ------------------------------------------------------------------------------- */

static bool next_status(struct ctl_answer *answer, struct buf *buf)
{
	struct ctl_door *door = answer->door;

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("status"));
	json_text(buf, "version", SLICE(LAMPYRID_VERSION));
	door->print_status(door->ctx, buf);
	api_print_status(door->pbx, buf);
	json_object_end(buf);
	buf_char(buf, '\n');
	print_end(buf, 1, NULL);
	return false;
}

/* --- Reload ------------------------------------------------------------------------------- */

static void print_mistake(struct buf *buf, const struct conf_mistake *mistake)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("mistake"));
	json_number(buf, "line", mistake->line);
	json_number(buf, "column", mistake->column);
	json_text(buf, "text", slice_from_cstr(mistake->text));
	json_object_end(buf);
	buf_char(buf, '\n');
}

static bool next_mistake(struct ctl_answer *answer, struct buf *buf)
{
	const struct conf_report *report = answer->report;

	if (answer->err == 0) {
		print_end(buf, 0, answer->note);
		return false;
	}
	if (report && answer->told < report->count) {
		print_mistake(buf, &report->mistakes[answer->told++]);
		return true;
	}
	print_error(buf, answer->err == ERR_NOMEM
				 ? SLICE("there is no memory to read the configuration; the old "
					 "one stays")
				 : SLICE("the configuration is refused; the old one stays"));
	return false;
}

static void start_reload(struct ctl_answer *answer)
{
	struct ctl_door *door = answer->door;
	const struct conf_report *report = NULL;

	answer->next = next_mistake;
	answer->err = door->reload(door->ctx, &report, &answer->note);
	if (answer->err == 0 || !report)
		return;
	/* Without memory the mistakes are in the log only. */
	answer->report = mem_alloc(sizeof(*report));
	if (answer->report)
		*answer->report = *report;
}

/* --- Requests ----------------------------------------------------------------------------- */

static bool next_unknown(struct ctl_answer *answer, struct buf *buf)
{
	char text[256];
	struct buf sentence = BUF_ON(text);

	buf_printf(&sentence,
		   "'%s' is no command; there are status, calls, registrations, subscriptions, "
		   "lamps, lamp, trunks and reload",
		   conf_quote(slice_of(answer->text, answer->text_n)).text);
	print_error(buf, buf_text(&sentence));
	return false;
}

static bool next_too_much(struct ctl_answer *answer, struct buf *buf)
{
	(void)answer;
	print_error(buf,
		    SLICE("a request is a command and one extension or trunk at most; `lamp` takes "
			  "a watcher behind it"));
	return false;
}

static void start(struct ctl_answer *answer, struct slice command, struct slice argument)
{
	enum api_table table = api_find_table(command);
	struct slice head = slice_head(command, sizeof(answer->text));
	bool is_status = slice_eq(command, SLICE("status"));
	bool is_reload = slice_eq(command, SLICE("reload"));
	struct slice watcher = SLICE_NONE;

	if (table == API_LAMP)
		slice_cut(argument, ' ', &argument, &watcher);
	if (slice_find_char(argument, ' ') < argument.n ||
	    slice_find_char(watcher, ' ') < watcher.n ||
	    (!slice_is_empty(argument) && (is_status || is_reload))) {
		answer->next = next_too_much;
	} else if (table != API_TABLES) {
		answer->next = next_row;
		api_cursor_init(&answer->cursor, answer->door->pbx, table, argument);
		answer->cursor.watcher = watcher;
		answer->has_cursor = true;
	} else if (is_status) {
		answer->next = next_status;
	} else if (is_reload) {
		start_reload(answer);
	} else {
		answer->next = next_unknown;
		memcpy(answer->text, head.p, head.n);
		answer->text_n = head.n;
	}
}

static void *begin(void *user, struct slice request)
{
	struct ctl_answer *answer = mem_alloc(sizeof(*answer));
	struct slice command, argument;

	if (!answer)
		return NULL;
	answer->door = user;
	slice_cut(request, ' ', &command, &argument);
	start(answer, command, slice_trim(argument));
	return answer;
}

static bool next(void *object, struct buf *buf)
{
	struct ctl_answer *answer = object;

	return answer->next(answer, buf);
}

static void end(void *object)
{
	struct ctl_answer *answer = object;

	if (answer->has_cursor)
		api_cursor_fini(&answer->cursor);
	mem_free(answer->report);
	mem_free(answer);
}

struct ctl_user ctl_answer_user(struct ctl_door *door)
{
	return (struct ctl_user){ .user = door, .begin = begin, .next = next, .end = end };
}
