/* SPDX-License-Identifier: MIT */
/*
 * What a flow test expects of lamps, calls and the ladder.
 */
#include "world.h"

#include "run.h"

#define FAULT_WAIT_MS 40000 /* how long an expectation waits under faults */

void world_expect(struct world *w, bool is_true, const char *claim, const char *file, int line)
{
	if (!is_true && !w->is_faulty)
		run_fail(w, "%s:%d: %s", file, line, claim);
}

static bool lamp_is(struct world *w, const char *watcher, const char *watched, enum lamp lamp)
{
	struct world_phone *p = world_phone(w, watcher);

	return phone_lamp(&p->phone, world_key(w, p, watched)) == lamp;
}

void expect_lamp(struct world *w, const char *watcher, const char *watched, enum lamp lamp)
{
	world_start(w);
	for (uint64_t ms = 0; w->is_faulty && ms < FAULT_WAIT_MS; ms += 1000) {
		if (lamp_is(w, watcher, watched, lamp))
			return;
		advance_ms(w, 1000);
	}
	if (!w->is_faulty && !lamp_is(w, watcher, watched, lamp))
		run_fail(w, "%s's key for %s is not %.*s", watcher, watched,
			 SLICE_ARGS(lamp_name(lamp)));
}

void expect_calls(struct world *w, const char *name, enum phone_call_state state, size_t count)
{
	struct world_phone *p = world_phone(w, name);
	size_t is = phone_count_calls_in(&p->phone, state);

	if (!w->is_faulty && is != count)
		run_fail(w, "%s has %zu calls in state %d, not %zu", name, is, (int)state, count);
}

void expect_ended(struct world *w, const char *name, enum phone_cause cause, unsigned status)
{
	struct world_phone *p = world_phone(w, name);

	if (w->is_faulty)
		return;
	if (p->last_cause != cause || (status > 0 && p->last_status != status))
		run_fail(w, "%s's call ended by %.*s %u", name,
			 SLICE_ARGS(phone_cause_name(p->last_cause)), p->last_status);
}

/* Two texts are the same line when they differ in spaces only: the columns of a ladder line up. */
static bool line_eq(const char *a, const char *b)
{
	for (;;) {
		while (*a == ' ')
			a++;
		while (*b == ' ')
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

static size_t find_line(struct world *w, const char *line, size_t from)
{
	while (from < w->wires->line_count && !line_eq(w->wires->lines[from], line))
		from++;
	return from;
}

void expect_ladder_list(struct world *w, const char *const *lines)
{
	size_t at = w->mark;

	if (w->is_faulty)
		return;
	for (; *lines; lines++) {
		size_t found = find_line(w, *lines, at);

		if (found == w->wires->line_count)
			run_fail(w, "missing in the ladder (from line %zu): %s", at, *lines);
		at = found + 1;
	}
	w->mark = at;
}

void expect_silence(struct world *w, const char *line)
{
	if (!w->is_faulty && find_line(w, line, w->mark) < w->wires->line_count)
		run_fail(w, "not expected in the ladder: %s", line);
}
