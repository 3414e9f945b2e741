/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands have in common in reading their command line: exit codes, the way to refuse
 * a wrong one, and the loop around getopt_long().
 */
#ifndef LAMPYRID_CMD_OPTIONS_H
#define LAMPYRID_CMD_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

enum exit_code {
	EXIT_CODE_OK,
	EXIT_CODE_FAILED,
	EXIT_CODE_USAGE,
	EXIT_CODE_UNREGISTERED, /* a phone that should have registered and never was */
};

struct option_set {
	const char *command;	    /* "serve" */
	const char *usage;	    /* the text of --help */
	const char *letters;	    /* of getopt, with 'h' and a ':' in front */
	const struct option *longs; /* ends with a zero row; --help has the value 'h' */

	/* Takes one option, with optarg; the answer is an exit code. */
	int (*set)(void *options, int id);
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

#endif
