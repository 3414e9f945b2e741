/* SPDX-License-Identifier: MIT */
/*
 * The command language: a word, and for some one argument. Mistakes are answered in words by an
 * error event; they never end the phone.
 */
#include "base/err.h"
#include "base/nearest.h"
#include "phone/phone_inner.h"

#define NUMBER_MAX 1000000
#define HELP_MAX_BYTES 2048

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

/* Nothing, or the numbers of the held call and the other one. */
static void do_transfer_attended(struct phone *phone, struct slice rest)
{
	struct slice held, consulted;
	uint32_t numbers[2] = { 0, 0 };

	slice_cut(rest, ' ', &held, &consulted);
	if (!slice_is_empty(rest) &&
	    (slice_to_u32(held, NUMBER_MAX, &numbers[0]) || numbers[0] == 0 ||
	     slice_to_u32(slice_trim(consulted), NUMBER_MAX, &numbers[1]) || numbers[1] == 0))
		(void)phone_fail(phone, ERR_SYNTAX,
				 "transfer which two calls? For example: transfer attended 1 2");
	else
		(void)phone_transfer_attended(phone, numbers[0], numbers[1]);
}

static void do_transfer(struct phone *phone, struct slice rest)
{
	struct slice word, more;

	slice_cut(rest, ' ', &word, &more);
	if (slice_is_empty(rest))
		(void)phone_fail(phone, ERR_SYNTAX,
				 "transfer where? For example: transfer 204, or transfer attended");
	else if (slice_eq(word, SLICE("attended")))
		do_transfer_attended(phone, slice_trim(more));
	else
		(void)phone_transfer(phone, 0, rest);
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

static void do_help(struct phone *phone, struct slice rest);

static const struct {
	struct slice word;
	void (*act)(struct phone *phone, struct slice rest);
	const char *arguments;
	const char *summary;
} commands[] = {
	{ SLICE_INIT("dial"), do_dial, "TARGET", "calls 202, 202@example.com, a code or a URI" },
	{ SLICE_INIT("press"), do_press, "N", "presses key N" },
	{ SLICE_INIT("answer"), do_answer, "[CALL]", "answers the call that rings" },
	{ SLICE_INIT("hangup"), do_hangup, "[CALL]", "ends a call, or refuses it" },
	{ SLICE_INIT("hold"), do_hold, "[CALL]", "puts a call on hold" },
	{ SLICE_INIT("resume"), do_resume, "[CALL]", "goes on with it" },
	{ SLICE_INIT("transfer"), do_transfer, "TARGET",
	  "sends the other end there; 'attended': the held one to the one we talk with" },
	{ SLICE_INIT("dnd"), do_dnd, "on|off", "refuses all calls as busy, or no more" },
	{ SLICE_INIT("calls"), do_calls, "", "our calls, and those of whom keys watch" },
	{ SLICE_INIT("lamps"), do_lamps, "", "what each key's lamp shows" },
	{ SLICE_INIT("register"), do_register, "", "registers now" },
	{ SLICE_INIT("unregister"), do_unregister, "", "is not reached any more" },
	{ SLICE_INIT("help"), do_help, "", "this list" },
	{ SLICE_INIT("quit"), do_quit, "", "hangs up, unregisters, ends" },
};

static void do_help(struct phone *phone, struct slice rest)
{
	char text[HELP_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	(void)rest;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_printf(&buf, "%-10.*s %-7s %s\n", SLICE_ARGS(commands[i].word),
			   commands[i].arguments, commands[i].summary);
	buf_lit(&buf, "CALL is the number of a call; without it the one that is meant is taken.");
	phone_emit(phone, &(struct phone_event){ .kind = PHONE_HELP, .text = buf_text(&buf) });
}

static void refuse_unknown(struct phone *phone, struct slice word)
{
	struct slice words[ARRAY_LEN(commands)], near;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		words[i] = commands[i].word;
	near = slice_nearest(word, words, ARRAY_LEN(commands));
	if (near.n > 0)
		(void)phone_fail(phone, ERR_NOTFOUND, "'%.*s' is no command; did you mean '%.*s'?",
				 SLICE_ARGS(word), SLICE_ARGS(near));
	else
		(void)phone_fail(phone, ERR_NOTFOUND, "'%.*s' is no command; 'help' lists them",
				 SLICE_ARGS(word));
}

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
	refuse_unknown(phone, word);
}
