/* SPDX-License-Identifier: MIT */
/*
 * Whatever people do with their phones, in whatever order: calls, pick-ups, holds, transfers,
 * parks, takeovers, one upon the other before the first is done. Nothing particular is expected of
 * any step, and some of what is sent is lost; in the end nobody may be left over, no lamp may be
 * lit, and no byte kept.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS 150

static const char *const names[] = { "alice", "bob", "carol", "dave" };
static const char *const numbers[] = { "201",	"202",	 "203",	 "204", "600", "*8",
				       "**202", "*8203", "*851", "*85", "299" };

static const char *any_number(struct world *w)
{
	return numbers[wires_random(w->wires) % ARRAY_LEN(numbers)];
}

/* One command, in the words of the phone's command line. */
static void print_command(struct world *w, char *text, size_t n)
{
	static const char *const plain[] = { "answer",
					     "answer",
					     "answer",
					     "answer",
					     "hangup",
					     "hangup 1",
					     "hangup 2",
					     "hold",
					     "resume",
					     "transfer attended",
					     "transfer attended",
					     "press 1",
					     "press 2",
					     "dnd on",
					     "dnd off",
					     "dnd off" };
	uint64_t what = wires_random(w->wires) % (10 + ARRAY_LEN(plain));

	if (what < 6)
		snprintf(text, n, "dial %s", any_number(w));
	else if (what < 10)
		snprintf(text, n, "transfer %s", any_number(w));
	else
		snprintf(text, n, "%s", plain[what - 10]);
}

static void command(struct world *w, const char *name, const char *line)
{
	struct world_phone *p = world_phone(w, name);

	phone_command(&p->phone, slice_from_cstr(line));
	phone_on_turn_end(&p->phone);
}

static void let_time_pass(struct world *w)
{
	static const uint64_t times_ms[] = { 0, 0, 1, 5, 20, 20, 100, 500, 3000, 9000 };

	advance_ms(w, times_ms[wires_random(w->wires) % ARRAY_LEN(times_ms)]);
}

static bool one_in_four(struct world *w)
{
	return wires_random(w->wires) % 4 == 0;
}

/* Phones differ in what they know of transfers. */
static void choose_make(struct world *w, struct phone *phone)
{
	phone->config.lacks_refer = one_in_four(w);
	phone->config.lacks_replaces = phone->stack.lacks_replaces = one_in_four(w);
	phone->config.transfer_leaves = one_in_four(w);
	phone->config.transfer_unheard = one_in_four(w);
}

/* What the configuration says of transfers is another thing from now on. */
static void reload(struct world *w)
{
	enum refer_mode *mode = &w->office.directory->refer;

	*mode = *mode == REFER_FORWARD ? REFER_HANDLE : REFER_FORWARD;
	pbx_set_directory(&w->office.pbx, w->office.directory);
}

static struct world *office_in_turmoil(void)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"),
							.orbits = 2,
							.timeout_s = 10 }) == 0);
	world_extension(w, "bob")->hold_reminder_s = 4;
	world_extension(w, "dave")->refer = REFER_FORWARD;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		watch(w, names[i], names[(i + 1) % ARRAY_LEN(names)]);
		watch(w, names[i], names[(i + 2) % ARRAY_LEN(names)]);
		if (i % 2 == 0)
			world_extension(w, names[i])->barge_in = BARGE_IN_SAME_GROUP;
	}
	world_start(w);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t k = 0; k < 2; k++)
			world_phone(w, names[i])->phone.keys[k]->config.talking =
				PHONE_TALKING_PICKS_UP;
	return w;
}

static void turmoil(struct world *w)
{
	char text[64];

	for (size_t i = 0; i < STEPS; i++) {
		const char *name = names[wires_random(w->wires) % ARRAY_LEN(names)];

		print_command(w, text, sizeof(text));
		if (getenv("FLOW_TRACE"))
			fprintf(stderr, "%zu %s: %s\n", i, name, text);
		command(w, name, text);
		if (wires_random(w->wires) % 12 == 0) {
			/* What it is sent for a while is lost. */
			cut_off(w, name);
			let_time_pass(w);
			cut_off(w, name);
		}
		if (wires_random(w->wires) % 24 == 0)
			reload(w);
		let_time_pass(w);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		command(w, names[i], "dnd off");
	advance_ms(w, 60000);
}

#define TURMOIL(n)                                                                                 \
	FLOW_PLAIN(whatever_phones_do_nobody_is_left_over_##n, "RFC 5589 6, RFC 3891 3")           \
	{                                                                                          \
		struct world *w = office_in_turmoil();                                             \
                                                                                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			(void)wires_random(w->wires);                                              \
		for (size_t i = 0; i < ARRAY_LEN(names); i++)                                      \
			choose_make(w, &world_phone(w, names[i])->phone);                          \
		turmoil(w);                                                                        \
		expect_quiet(w);                                                                   \
	}

TURMOIL(1)
TURMOIL(2)
TURMOIL(3)
TURMOIL(4)
TURMOIL(5)
TURMOIL(6)
TURMOIL(7)
TURMOIL(8)
