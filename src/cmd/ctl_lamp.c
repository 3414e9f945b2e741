/* SPDX-License-Identifier: MIT */
/*
 * Sentences from the members of rows (doc/ctl.md). A word that is not known here, of a newer
 * server, is shown as it came.
 */
#include "cmd/ctl_lamp.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/json_read.h"
#include "cmd/ctl_table.h"

/* --- Members ------------------------------------------------------------------------------ */

static bool has(struct slice row, const char *name)
{
	struct slice value;

	return json_find(row, name, &value) == 0;
}

static bool is(struct slice row, const char *name, const char *word)
{
	char text[64];
	struct buf buf = BUF_ON(text);

	ctl_member_print(&buf, row, name);
	return slice_eq(buf_text(&buf), slice_from_cstr(word));
}

static void print_age(struct buf *line, struct slice row, const char *path)
{
	char text[32];
	struct buf buf = BUF_ON(text);
	uint32_t seconds;

	ctl_member_print(&buf, row, path);
	if (slice_to_u32(buf_text(&buf), UINT32_MAX, &seconds) == 0)
		ctl_age_print(line, seconds);
}

static void put(FILE *file, const struct buf *line)
{
	fprintf(file, "%.*s\n", SLICE_ARGS(buf_text(line)));
}

/* "202 Bob" */
static void print_who(struct buf *line, struct slice row, const char *number)
{
	ctl_member_print(line, row, number);
	if (!has(row, "name"))
		return;
	buf_char(line, ' ');
	ctl_member_print(line, row, "name");
}

/* The next item, and how many like it stand together: an extension's phones ring at once. */
static bool next_alike(struct slice array, size_t *at, struct slice *ret_item, unsigned *ret_count)
{
	struct slice next;
	size_t after;

	if (!json_next(array, at, ret_item))
		return false;
	*ret_count = 1;
	for (after = *at; json_next(array, &after, &next) && slice_eq(next, *ret_item); *at = after)
		(*ret_count)++;
	return true;
}

static void print_count(struct buf *line, unsigned count, const char *noun)
{
	if (count > 1)
		buf_printf(line, " (%u %s)", count, noun);
}

struct wording {
	const char *word;
	const char *text;
};

/* What is said for a member's word, or the word itself. */
static void print_word(struct buf *line, struct slice row, const char *name,
		       const struct wording *wordings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(row, name, wordings[i].word)) {
			buf_cstr(line, wordings[i].text);
			return;
		}
	ctl_member_print(line, row, name);
}

/* --- The extension ------------------------------------------------------------------------ */

/*
 * "; 202 transfers 201 to 203 (blind, from call 7 to 9)", ", transferred by 202 (was call 7)"; a
 * program's click has no transferor.
 */
static void print_transfer(struct buf *line, struct slice leg)
{
	struct slice transfer;

	if (json_find(leg, "transfer", &transfer) == 0) {
		buf_lit(line, "; ");
		ctl_transfer_print(line, transfer, "transfers");
		buf_lit(line, " (");
		ctl_member_print(line, transfer, "how");
		buf_lit(line, ", from call ");
		ctl_member_print(line, transfer, "from_call");
		if (has(transfer, "to_call"))
			buf_lit(line, " to ");
		ctl_member_print(line, transfer, "to_call");
		buf_char(line, ')');
	} else if (has(leg, "was_call")) {
		if (has(leg, "transferred_by"))
			buf_lit(line, ", transferred by ");
		ctl_member_print(line, leg, "transferred_by");
		buf_lit(line, " (was call ");
		ctl_member_print(line, leg, "was_call");
		buf_char(line, ')');
	}
}

static void put_leg(FILE *file, struct slice leg, unsigned count)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_lit(&line, "  call ");
	ctl_member_print(&line, leg, "call");
	buf_lit(&line, ": ");
	ctl_member_print(&line, leg, "state");
	buf_lit(&line, " for ");
	print_age(&line, leg, "age");
	if (has(leg, "with")) {
		buf_lit(&line, ", with ");
		ctl_member_print(&line, leg, "with");
	}
	if (is(leg, "state", "calling") && is(leg, "direction", "out"))
		buf_lit(&line, "; its phone does not ring yet, so no lamp shows it");
	if (is(leg, "state", "proceeding"))
		buf_lit(&line, "; its phone has the call, and does not ring yet");
	print_transfer(&line, leg);
	print_count(&line, count, "phones");
	put(file, &line);
}

static void put_elsewhere(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	if (!has(row, "elsewhere"))
		return;
	buf_lit(&line, "  calls that do not pass here, as its phone or a publisher says: ");
	ctl_member_print(&line, row, "elsewhere");
	buf_lit(&line, "; no key here can take them, so none flashes for them");
	put(file, &line);
}

static void put_untold(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	if (!has(row, "untold"))
		return;
	buf_lit(&line,
		"  a phone of it does not say what calls it has elsewhere (`lamps: forward`): it "
		"refused our SUBSCRIBE with ");
	ctl_member_print(&line, row, "untold");
	put(file, &line);
}

static void put_legs(FILE *file, struct slice row)
{
	struct slice legs, leg;
	unsigned count;
	size_t at = 0;

	if (json_find(row, "legs", &legs))
		return;
	while (next_alike(legs, &at, &leg, &count))
		put_leg(file, leg, count);
	if (at == 0 || slice_eq(legs, SLICE("[]")))
		fputs("  it has no call here\n", file);
}

static void put_extension(FILE *file, struct slice row)
{
	static const struct wording states[] = {
		{ "do-not-disturb", "  it does not want to be disturbed\n" },
		{ "forwarded", "  all its calls are forwarded\n" },
	};
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	print_who(&line, row, "extension");
	buf_lit(&line, ": ");
	ctl_member_print(&line, row, "lamp");
	put(file, &line);
	put_legs(file, row);
	put_elsewhere(file, row);
	put_untold(file, row);
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (is(row, "status", states[i].word))
			fputs(states[i].text, file);
	if (is(row, "registered", "false"))
		fputs("  no phone is registered for it\n", file);
	if (is(row, "watchers", "0"))
		fputs("  nobody watches it\n", file);
}

static void put_orbit(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);
	struct slice parked;

	ctl_member_print(&line, row, "orbit");
	buf_lit(&line, ": ");
	ctl_member_print(&line, row, "lamp");
	put(file, &line);
	line = BUF_ON(text);
	if (json_find(row, "parked", &parked) == 0) {
		buf_lit(&line, "  call ");
		ctl_member_print(&line, parked, "call");
		buf_lit(&line, ": ");
		ctl_member_print(&line, parked, "with");
		buf_lit(&line, " waits for ");
		print_age(&line, parked, "age");
		buf_lit(&line, ", parked by ");
		ctl_member_print(&line, parked, "by");
	} else {
		buf_lit(&line, "  nobody waits there");
	}
	put(file, &line);
	if (is(row, "watchers", "0"))
		fputs("  nobody watches it\n", file);
}

/* --- Who watches -------------------------------------------------------------------------- */

static void print_rights(struct buf *line, struct slice row)
{
	static const struct wording sights[] = {
		{ "none", "nothing" },
		{ "busy", "free or busy" },
		{ "calls", "calls, not with whom" },
		{ "numbers", "calls and with whom" },
	};
	static const struct wording causes[] = {
		{ "own", "it is its own" },
		{ "orbit", "it is an orbit" },
		{ "default", "`visibility` for everybody" },
		{ "user", "`visibility` for user " },
		{ "group", "`visibility` for group " },
		{ "domain", "`visibility` for domain " },
	};
	static const struct wording pickups[] = {
		{ "own", "it is its own" },
		{ "orbit", "every extension may fetch" },
		{ "everybody", "`pickup: all`" },
		{ "same-group", "`pickup: same-group`, and they share one" },
		{ "other-group", "`pickup: same-group`, and they share none" },
		{ "nobody", "`pickup: none`" },
		{ "unseen", "who sees nothing takes nothing" },
		{ "outside", "nobody outside may" },
	};

	print_word(line, row, "sees", sights, ARRAY_LEN(sights));
	buf_lit(line, " (");
	print_word(line, row, "sees_by", causes, ARRAY_LEN(causes));
	ctl_member_print(line, row, "sees_as");
	buf_cstr(line, is(row, "pickup", "true") ? "), may pick up (" : "), may not pick up (");
	print_word(line, row, "pickup_by", pickups, ARRAY_LEN(pickups));
	buf_char(line, ')');
}

static void put_rights(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_lit(&line, "  sees ");
	print_rights(&line, row);
	put(file, &line);
}

static void put_profile(FILE *file, struct slice row)
{
	static const struct wording causes[] = {
		{ "configuration", "as the configuration says" },
		{ "user-agent", "by its User-Agent" },
	};
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	if (is(row, "profile", "generic") && is(row, "profile_by", "user-agent")) {
		fputs("  its phone is of no make that is known here (by its User-Agent)\n", file);
		return;
	}
	buf_lit(&line, "  its phone is taken for ");
	ctl_member_print(&line, row, "profile");
	buf_lit(&line, " (");
	print_word(&line, row, "profile_by", causes, ARRAY_LEN(causes));
	buf_char(&line, ')');
	put(file, &line);
}

/* `is_dnd`: what is no call is do-not-disturb. */
static void put_dialog(FILE *file, struct slice dialog, unsigned count, bool is_dnd)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_lit(&line, "  shown: ");
	ctl_member_print(&line, dialog, "state");
	if (has(dialog, "direction")) {
		buf_lit(&line, ", ");
		ctl_member_print(&line, dialog, "direction");
	}
	if (has(dialog, "remote")) {
		buf_lit(&line, ", with ");
		ctl_member_print(&line, dialog, "remote");
	}
	if (has(dialog, "call")) {
		buf_lit(&line, ", because of call ");
		ctl_member_print(&line, dialog, "call");
		buf_lit(&line, " since ");
		print_age(&line, dialog, "age");
	}
	if (is(dialog, "elsewhere", "published"))
		buf_lit(&line, ", because of a call elsewhere, which was published");
	else if (has(dialog, "elsewhere"))
		buf_lit(&line, ", because of a call elsewhere, of which its phone told");
	else if (is_dnd && !has(dialog, "call") && is(dialog, "state", "confirmed"))
		buf_lit(&line, ", because of do-not-disturb");
	print_count(&line, count, has(dialog, "call") ? "phones" : "dialogs");
	put(file, &line);
}

static void put_dialogs(FILE *file, struct slice extension, struct slice row)
{
	/* Who sees free or busy is shown one dialog, whatever it stands for. */
	bool is_dnd = is(extension, "status", "do-not-disturb") && !is(row, "sees", "busy");
	struct slice dialogs, dialog;
	unsigned count;
	size_t at = 0;

	if (json_find(row, "dialogs", &dialogs))
		return;
	while (next_alike(dialogs, &at, &dialog, &count))
		put_dialog(file, dialog, count, is_dnd);
}

static bool is_own_call(struct slice row)
{
	struct slice dialogs, dialog, watcher, with;
	size_t at = 0;

	if (json_find(row, "dialogs", &dialogs) || json_find(row, "watcher", &watcher))
		return false;
	while (json_next(dialogs, &at, &dialog))
		if (json_find(dialog, "with", &with) == 0 && slice_eq(with, watcher))
			return true;
	return false;
}

/* The question that most is asked: it rings there, and this key does not flash. */
static void put_why_steady(FILE *file, struct slice extension, struct slice row)
{
	if (!is(extension, "lamp", "flash") || !is(row, "lamp", "steady"))
		return;
	if (is(row, "sees", "busy"))
		fputs("  it does not flash: who sees `busy` is not told that it rings\n", file);
	else if (is_own_call(row))
		fputs("  it does not flash: the call that rings there is its own\n", file);
	else if (is(row, "pickup", "false"))
		fputs("  it does not flash: that would promise a pick-up, and it may not pick up\n",
		      file);
}

static void print_answer(struct buf *line, struct slice row)
{
	if (!has(row, "status")) {
		buf_lit(line, ", not answered yet");
	} else if (is(row, "status", "408")) {
		buf_lit(line, ", nobody answered (408) for ");
		ctl_member_print(line, row, "after");
		buf_lit(line, " s");
	} else if (is(row, "status", "503") && is(row, "after", "0.000")) {
		buf_lit(line, ", it could not be sent (503)");
	} else {
		buf_lit(line, ", answered ");
		ctl_member_print(line, row, "status");
		buf_lit(line, " after ");
		ctl_member_print(line, row, "after");
		buf_lit(line, " s");
	}
}

static void print_notify(struct buf *line, struct slice row)
{
	struct slice notify;

	if (json_find(row, "notify", &notify))
		return;
	buf_lit(line, ": NOTIFY ");
	ctl_member_print(line, notify, "cseq");
	if (has(notify, "version")) {
		buf_lit(line, ", version ");
		ctl_member_print(line, notify, "version");
	}
	buf_lit(line, ", Call-ID ");
	ctl_member_print(line, notify, "call_id");
	buf_lit(line, ", ");
	print_age(line, notify, "age");
	buf_lit(line, " ago");
	print_answer(line, notify);
}

static void put_told(FILE *file, struct slice row)
{
	static const struct wording states[] = {
		{ "right", "told so" },
		{ "sent", "being told" },
		{ "lost", "not told, and tried again" },
		{ "waits", "something changed and waits for its turn; told before" },
		{ "nothing", "told nothing yet" },
	};
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_lit(&line, "  ");
	print_word(&line, row, "told", states, ARRAY_LEN(states));
	print_notify(&line, row);
	put(file, &line);
	line.n = 0;
	if (has(row, "wrong")) {
		buf_lit(&line, "  its lamp is not known to be right for ");
		print_age(&line, row, "wrong");
	} else if (has(row, "right")) {
		buf_lit(&line, "  found right ");
		print_age(&line, row, "right");
		buf_lit(&line, " ago");
	}
	if (line.n > 0)
		put(file, &line);
}

static void put_way(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_cstr(&line, has(row, "unasked") ? "  told without having subscribed, of "
					    : "  subscribed to ");
	if (has(row, "list")) {
		buf_lit(&line, "the list ");
		ctl_member_print(&line, row, "list");
		buf_lit(&line, ", and so to ");
	}
	ctl_member_print(&line, row, "entity");
	if (has(row, "event")) {
		buf_lit(&line, " (");
		ctl_member_print(&line, row, "event");
		buf_lit(&line, ") ");
		buf_cstr(&line, has(row, "unasked") ? "at " : "from ");
		ctl_member_print(&line, row, "transport");
		buf_char(&line, ':');
		ctl_member_print(&line, row, "peer");
	}
	if (has(row, "expires")) {
		buf_lit(&line, ", for ");
		print_age(&line, row, "expires");
	}
	put(file, &line);
}

static void put_watcher(FILE *file, struct slice extension, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	print_who(&line, row, "watcher");
	buf_lit(&line, " watches ");
	ctl_member_print(&line, row, "watched");
	buf_lit(&line, ": ");
	ctl_member_print(&line, row, "lamp");
	put(file, &line);
	put_dialogs(file, extension, row);
	put_why_steady(file, extension, row);
	put_told(file, row);
	put_rights(file, row);
	put_profile(file, row);
	put_way(file, row);
}

/* --- Who does not watch ------------------------------------------------------------------- */

static void put_absent(FILE *file, struct slice row)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf line = BUF_ON(text);

	print_who(&line, row, "watcher");
	buf_lit(&line, " does not watch ");
	ctl_member_print(&line, row, "watched");
	put(file, &line);
	if (is(row, "exists", "false")) {
		fputs("  there is no such extension\n", file);
		return;
	}
	if (is(row, "registered", "false"))
		fputs("  no phone is registered for it\n", file);
	line = BUF_ON(text);
	buf_lit(&line, "  it would see ");
	print_rights(&line, row);
	put(file, &line);
	if (is(row, "sees", "none"))
		fputs("  a SUBSCRIBE is answered 404, as for an extension that is not there\n",
		      file);
	else
		fputs("  it has not subscribed, or that has run out: look at the key's settings\n",
		      file);
}

void ctl_lamp_print(FILE *file, const struct slice *rows, size_t row_count)
{
	struct slice extension = SLICE_NONE;

	for (size_t i = 0; i < row_count; i++) {
		if (i > 0)
			fputc('\n', file);
		if (is(rows[i], "type", "lamp")) {
			extension = rows[i];
			if (has(extension, "orbit"))
				put_orbit(file, extension);
			else
				put_extension(file, extension);
		} else if (is(rows[i], "watching", "false")) {
			put_absent(file, rows[i]);
		} else {
			put_watcher(file, extension, rows[i]);
		}
	}
}
