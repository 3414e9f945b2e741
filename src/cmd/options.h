/* SPDX-License-Identifier: MIT */
/*
 * The options of a subcommand as one table, from which they are read, explained by --help, and
 * guessed at when one was mistyped. getopt_long() does the reading: --width 80, --width=80, --wid
 * 80, -o x, -ox, words before options, and "--".
 */
#ifndef LAMPYRID_CMD_OPTIONS_H
#define LAMPYRID_CMD_OPTIONS_H

#include "base/slice.h"

#include <getopt.h>
#include <stddef.h>

#define OPTIONS_MAX 40 /* rows of a table */

enum exit_code {
	EXIT_CODE_OK,
	EXIT_CODE_FAILED,
	EXIT_CODE_USAGE,
	EXIT_CODE_UNREGISTERED, /* a phone that should have registered and never was */
};

enum option_kind {
	OPTION_FORM = 1, /* only explained: another form of the option in the row before */
	OPTION_FLAG,	 /* a bool becomes true */
	OPTION_TEXT,	 /* a const char * becomes the value */
	OPTION_SLICE,	 /* a struct slice becomes the value */
	OPTION_TAKEN,	 /* by a function */
};

struct option_row {
	const char *name;     /* "width" */
	char letter;	      /* 'o'; 0: none */
	const char *argument; /* "FILE"; NULL: a flag */
	const char *help;     /* as one line: it is wrapped */

	/* OPTION_AT(), OPTION_BY() or OPTION_ANOTHER_FORM writes these. */
	enum option_kind kind;
	size_t offset;
	int (*take)(void *options, char *value); /* an exit code; the value may be wiped */
};

/* Where the value goes, in the struct that options_read() is given: its type says how. */
#define OPTION_AT(type, member)                                                                    \
	.kind = _Generic(((type *)NULL)->member,                                                   \
			 bool: OPTION_FLAG,                                                        \
			 const char *: OPTION_TEXT,                                                \
			 struct slice: OPTION_SLICE),                                              \
	.offset = offsetof(type, member)
#define OPTION_BY(function) .kind = OPTION_TAKEN, .take = (function)
#define OPTION_ANOTHER_FORM .kind = OPTION_FORM

struct option_set {
	const char *command;	       /* "serve" */
	const char *intro;	       /* of --help, up to the options */
	const char *outro;	       /* behind them, or "" */
	const struct option_row *rows; /* [row_count]; --help is there by itself */
	size_t row_count;
};

/* Prints "lampyrid COMMAND: message: what" and where help is; `what` may be NULL. EXIT_CODE_USAGE.
 */
int options_refuse(const char *command, const char *message, const char *what);

/*
 * Reads argv up to what is no option; optind is there afterwards. *ret_is_done is set when help was
 * asked for and given.
 */
int options_read(const struct option_set *set, int argc, char **argv, void *options,
		 bool *ret_is_done);

/* To standard output. */
void options_print_help(const struct option_set *set);

#endif
