/* SPDX-License-Identifier: MIT */
/*
 * The command language: a word, and for some one argument. Mistakes are answered in words by an
 * error event; they never end the phone.
 */
#include "base/err.h"
#include "phone/phone_inner.h"

#define NUMBER_MAX 1000000

static void do_dial(struct phone *phone, struct slice rest)
{
	if (slice_is_empty(rest))
		(void)phone_fail(phone, ERR_SYNTAX, "dial whom? For example: dial 202");
	else
		(void)phone_dial(phone, rest);
}

static void do_press(struct phone *phone, struct slice rest)
{
	uint32_t number;

	if (slice_to_u32(rest, NUMBER_MAX, &number))
		(void)phone_fail(phone, ERR_SYNTAX, "press which key? For example: press 1");
	else
		(void)phone_press(phone, number);
}

/* Nothing, or the number of a call. */
static void on_call(struct phone *phone, struct slice rest,
		    int (*act)(struct phone *phone, unsigned number))
{
	uint32_t number = 0;

	if (!slice_is_empty(rest) && (slice_to_u32(rest, NUMBER_MAX, &number) || number == 0))
		(void)phone_fail(phone, ERR_SYNTAX, "'%.*s' is not the number of a call",
				 SLICE_ARGS(rest));
	else
		(void)act(phone, number);
}

static void do_answer(struct phone *phone, struct slice rest)
{
	on_call(phone, rest, phone_answer);
}

static void do_hangup(struct phone *phone, struct slice rest)
{
	on_call(phone, rest, phone_hangup);
}

static void do_hold(struct phone *phone, struct slice rest)
{
	on_call(phone, rest, phone_hold);
}

static void do_resume(struct phone *phone, struct slice rest)
{
	on_call(phone, rest, phone_resume);
}

static void do_transfer(struct phone *phone, struct slice rest)
{
	(void)rest;
	(void)phone_fail(phone, ERR_UNSUPPORTED, "transfer is not yet available");
}

static void do_dnd(struct phone *phone, struct slice rest)
{
	if (slice_eq(rest, SLICE("on")) || slice_eq(rest, SLICE("off")))
		phone_set_dnd(phone, slice_eq(rest, SLICE("on")));
	else
		(void)phone_fail(phone, ERR_SYNTAX, "dnd on, or dnd off?");
}

static void do_calls(struct phone *phone, struct slice rest)
{
	(void)rest;
	phone_show_calls(phone);
}

static void do_lamps(struct phone *phone, struct slice rest)
{
	(void)rest;
	phone_show_lamps(phone);
}

static void do_register(struct phone *phone, struct slice rest)
{
	(void)rest;
	(void)phone_register(phone);
}

static void do_unregister(struct phone *phone, struct slice rest)
{
	(void)rest;
	(void)phone_unregister(phone);
}

static void do_quit(struct phone *phone, struct slice rest)
{
	(void)rest;
	phone_stop(phone);
}

static const struct {
	struct slice word;
	void (*act)(struct phone *phone, struct slice rest);
} commands[] = {
	{ SLICE_INIT("dial"), do_dial },	 { SLICE_INIT("press"), do_press },
	{ SLICE_INIT("answer"), do_answer },	 { SLICE_INIT("hangup"), do_hangup },
	{ SLICE_INIT("hold"), do_hold },	 { SLICE_INIT("resume"), do_resume },
	{ SLICE_INIT("transfer"), do_transfer }, { SLICE_INIT("dnd"), do_dnd },
	{ SLICE_INIT("calls"), do_calls },	 { SLICE_INIT("lamps"), do_lamps },
	{ SLICE_INIT("register"), do_register }, { SLICE_INIT("unregister"), do_unregister },
	{ SLICE_INIT("quit"), do_quit },
};

void phone_command(struct phone *phone, struct slice line)
{
	struct slice word, rest;

	line = slice_trim(line);
	if (slice_is_empty(line))
		return;
	slice_cut(line, ' ', &word, &rest);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (slice_eq(word, commands[i].word)) {
			commands[i].act(phone, slice_trim(rest));
			return;
		}
	}
	(void)phone_fail(phone, ERR_NOTFOUND,
			 "'%.*s' is no command; there are dial, press, answer, hangup, hold, "
			 "resume, dnd, calls, lamps, register, unregister and quit",
			 SLICE_ARGS(word));
}
