/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid`: finds the subcommand and calls it.
 */
#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* NULL: not yet available */
	const char *summary;
} commands[] = {
	{ "serve", cmd_serve, "the call server: registrar, calls, lamps, pick-up, transfers" },
	{ "phone", cmd_phone, "a phone with lamp keys, for people and scripts" },
	{ "flow", cmd_flow, "traces of either, or of a desk phone, as a ladder diagram" },
	{ "doctor", NULL, "the same traces, read for faults (not yet available)" },
	{ "ctl", cmd_ctl, "looks into a running server: calls, lamps, registrations" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *file)
{
	fputs("usage: lampyrid COMMAND [OPTIONS]\n"
	      "\n"
	      "SIP calls for offices that live by their busy lamps.\n"
	      "\n",
	      file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(file, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "  lampyrid COMMAND --help    all about one command\n"
	      "  lampyrid --version         the version\n"
	      "\n"
	      "A first call on one machine, in three terminals:\n"
	      "\n"
	      "  lampyrid serve -c config/lampyrid.yaml --trace calls.txt\n"
	      "  lampyrid phone --aor sip:202@127.0.0.1:5060 --password evening-glow-202\n"
	      "  lampyrid phone --aor sip:201@127.0.0.1:5060 --password firefly-lamp-201 \\\n"
	      "      --key 1=blf:202\n"
	      "\n"
	      "Type `dial 202` into the third and `answer` into the second, and afterwards\n"
	      "\n"
	      "  lampyrid flow calls.txt\n",
	      file);
}

static int refuse_unknown(const char *word)
{
	struct slice names[COMMAND_COUNT], near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = slice_from_cstr(commands[i].name);
	near = slice_nearest(slice_from_cstr(word), names, COMMAND_COUNT);
	fprintf(stderr, "lampyrid: there is no command '%s'", word);
	if (near.n > 0)
		fprintf(stderr, "; did you mean '%.*s'?", SLICE_ARGS(near));
	fputs("\nTry `lampyrid --help`.\n", stderr);
	return EXIT_CODE_USAGE;
}

static int refuse_planned(const char *name)
{
	fprintf(stderr, "lampyrid: %s is not yet available\n", name);
	return EXIT_CODE_USAGE;
}

/* `help flow` is `flow --help`. */
static int run_help(int argc, char **argv)
{
	static char option[] = "--help";
	char *help[] = { NULL, option, NULL };

	if (argc < 3) {
		print_help(stdout);
		return 0;
	}
	help[0] = argv[2];
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(argv[2], commands[i].name))
			return commands[i].run ? commands[i].run(2, help) : refuse_planned(argv[2]);
	return refuse_unknown(argv[2]);
}

/* Else a socket gets the number of standard error, and our messages go to a phone. */
static bool open_standard_descriptors(void)
{
	int fd;

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		/* The lowest number that is free: this one. */
		fd = open("/dev/null", O_RDWR);
		if (fd != i)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (!open_standard_descriptors())
		return EXIT_CODE_FAILED;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_CODE_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return run_help(argc, argv);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("lampyrid " LAMPYRID_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run ? commands[i].run(argc - 1, argv + 1)
					       : refuse_planned(argv[1]);
	return refuse_unknown(argv[1]);
}
