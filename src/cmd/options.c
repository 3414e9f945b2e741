/* SPDX-License-Identifier: MIT */
/*
 * Reading a subcommand's options, and what is said of mistakes: the ':' in front of the letters
 * keeps getopt_long() from saying it.
 */
#include "cmd/options.h"

#include "base/check.h"
#include "base/nearest.h"

#include <stdio.h>

#define ID_HELP 'h'
#define ID_FIRST 256 /* of the first row as a long option; a letter is its own id */
#define LABEL_CELLS 22
#define HELP_CELLS 80

int options_refuse(const char *command, const char *message, const char *what)
{
	fprintf(stderr, "lampyrid %s: %s%s%s\n", command, message, what ? ": " : "",
		what ? what : "");
	fprintf(stderr, "Try `lampyrid %s --help`.\n", command);
	return EXIT_CODE_USAGE;
}

/* --- Help --------------------------------------------------------------------------------- */

/* Words, with a new line where the next one does not fit. */
static void print_wrapped(size_t column, const char *text)
{
	struct slice rest = slice_from_cstr(text), word;
	size_t at = column;

	while (rest.n > 0) {
		slice_cut(rest, ' ', &word, &rest);
		if (at > column && at + 1 + word.n > HELP_CELLS) {
			printf("\n%*s", (int)column, "");
			at = column;
		}
		at += (size_t)printf("%s%.*s", at > column ? " " : "", SLICE_ARGS(word));
	}
	putchar('\n');
}

static void print_row(const struct option_row *row)
{
	int cells = 0;

	cells += printf("  ");
	if (row->letter)
		cells += printf("-%c, ", row->letter);
	cells += printf("--%s", row->name);
	if (row->argument)
		cells += printf(" %s", row->argument);
	if (cells + 2 > LABEL_CELLS) {
		putchar('\n');
		cells = 0;
	}
	printf("%*s", LABEL_CELLS - cells, "");
	print_wrapped(LABEL_CELLS, row->help);
}

void options_print_help(const struct option_set *set)
{
	static const struct option_row help = { .name = "help",
						.letter = ID_HELP,
						.help = "this text" };

	fputs(set->intro, stdout);
	for (size_t i = 0; i < set->row_count; i++)
		print_row(&set->rows[i]);
	print_row(&help);
	fputs(set->outro, stdout);
}

/* --- Mistakes ----------------------------------------------------------------------------- */

static bool begins_so(const struct option *option, struct slice name)
{
	return slice_starts_with(slice_from_cstr(option->name), name);
}

/* One that begins two names, and so may be either. */
static void print_possible(const struct option *longs, struct slice name)
{
	fputs("; it may be", stderr);
	for (const struct option *option = longs; option->name; option++)
		if (begins_so(option, name))
			fprintf(stderr, " --%s", option->name);
}

static void print_guess(const struct option *longs, struct slice name)
{
	struct nearest nearest;

	nearest_start(&nearest, name);
	for (const struct option *option = longs; option->name; option++) {
		if (begins_so(option, name)) {
			print_possible(longs, name);
			return;
		}
		nearest_offer(&nearest, slice_from_cstr(option->name));
	}
	if (!slice_is_empty(nearest.best) && !nearest.is_tied)
		fprintf(stderr, "; did you mean --%.*s?", SLICE_ARGS(nearest.best));
}

/*
 * optopt is a letter, the id of an option that was given a value and takes none, or 0: it is none.
 * What stands behind a '=' may be a password, and is not said.
 */
static int refuse_option(const char *command, const struct option *longs, const char *word)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	struct slice name, value;

	if (optopt && optopt < ID_FIRST && word[1] != '-')
		return options_refuse(command, "unknown option", letter);
	slice_cut(slice_from_cstr(word + strlen("--")), '=', &name, &value);
	fprintf(stderr, "lampyrid %s: %s: --%.*s", command,
		optopt ? "this option takes no value" : "unknown option", SLICE_ARGS(name));
	if (!optopt)
		print_guess(longs, name);
	fprintf(stderr, "\nTry `lampyrid %s --help`.\n", command);
	return EXIT_CODE_USAGE;
}

/* --- Reading ------------------------------------------------------------------------------ */

struct tables {
	struct option longs[OPTIONS_MAX + 2]; /* with --help, and a zero row */
	char letters[2 * OPTIONS_MAX + 3];    /* with ':' in front, 'h', and a NUL */
};

static void fill_tables(const struct option_set *set, struct tables *tables)
{
	size_t longs = 0, letters = 0;

	CHECK(set->row_count <= OPTIONS_MAX);
	tables->letters[letters++] = ':';
	tables->letters[letters++] = ID_HELP;
	tables->longs[longs++] = (struct option){ "help", no_argument, NULL, ID_HELP };
	for (size_t i = 0; i < set->row_count; i++) {
		const struct option_row *row = &set->rows[i];

		CHECK(row->kind);
		if (row->kind == OPTION_FORM)
			continue;
		tables->longs[longs++] =
			(struct option){ row->name, row->argument ? required_argument : no_argument,
					 NULL, ID_FIRST + (int)i };
		if (row->letter)
			tables->letters[letters++] = row->letter;
		if (row->letter && row->argument)
			tables->letters[letters++] = ':';
	}
}

static const struct option_row *row_of(const struct option_set *set, int id)
{
	if (id >= ID_FIRST)
		return &set->rows[id - ID_FIRST];
	for (size_t i = 0; i < set->row_count; i++)
		if (set->rows[i].letter == id)
			return &set->rows[i];
	return NULL;
}

static int take(const struct option_row *row, void *options, char *value)
{
	char *at = (char *)options + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)(void *)at = true;
		return EXIT_CODE_OK;
	case OPTION_TEXT:
		*(const char **)(void *)at = value;
		return EXIT_CODE_OK;
	case OPTION_SLICE:
		*(struct slice *)(void *)at = slice_from_cstr(value);
		return EXIT_CODE_OK;
	case OPTION_TAKEN:
		return row->take(options, value);
	case OPTION_FORM:
		break;
	}
	return EXIT_CODE_USAGE; /* a form is not read */
}

int options_read(const struct option_set *set, int argc, char **argv, void *options,
		 bool *ret_is_done)
{
	struct tables tables = { 0 };
	int id, code = EXIT_CODE_OK;

	fill_tables(set, &tables);
	optind = 0; /* glibc: begin anew, also in a second call */
	while (code == EXIT_CODE_OK &&
	       (id = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		if (id == ID_HELP) {
			options_print_help(set);
			*ret_is_done = true;
			return EXIT_CODE_OK;
		}
		if (id == ':')
			code = options_refuse(set->command, "a value is missing behind",
					      argv[optind - 1]);
		else if (id == '?')
			code = refuse_option(set->command, tables.longs, argv[optind - 1]);
		else
			code = take(row_of(set, id), options, optarg);
	}
	return code;
}
