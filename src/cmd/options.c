/* SPDX-License-Identifier: MIT */
/*
 * Reading a subcommand's options.
 */
#include "cmd/options.h"

#include <stdio.h>

int options_refuse(const char *command, const char *message, const char *what)
{
	fprintf(stderr, "lampyrid %s: %s%s%s\n", command, message, what ? ": " : "",
		what ? what : "");
	fprintf(stderr, "Try `lampyrid %s --help`.\n", command);
	return EXIT_CODE_USAGE;
}

int options_read(const struct option_set *set, int argc, char **argv, void *options,
		 bool *ret_is_done)
{
	int id, code = EXIT_CODE_OK;

	optind = 0; /* glibc: begin anew, also in a second call */
	while (code == EXIT_CODE_OK &&
	       (id = getopt_long(argc, argv, set->letters, set->longs, NULL)) != -1) {
		if (id == 'h') {
			fputs(set->usage, stdout);
			*ret_is_done = true;
			return EXIT_CODE_OK;
		}
		if (id == ':')
			code = options_refuse(set->command, "a value is missing behind",
					      argv[optind - 1]);
		else if (id == '?')
			code = options_refuse(set->command, "unknown option", argv[optind - 1]);
		else
			code = set->set(options, id);
	}
	return code;
}
