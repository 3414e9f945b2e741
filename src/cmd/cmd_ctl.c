/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid ctl`: asks a running server over its control socket, and shows the answer: tables for
 * people, or the lines as they come.
 */
#include "base/buf.h"
#include "base/check.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/ctl_lamp.h"
#include "cmd/ctl_table.h"
#include "cmd/options.h"
#include "conf/conf_report.h"
#include "io/ctl_server.h"
#include "io/ctl_socket.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 15
#define ANSWER_FIRST_BYTES 65536
#define ANSWER_MAX_BYTES (512u << 20)

struct options {
	const char *socket;  /* NULL: the usual places */
	const char *watcher; /* NULL: all of them */
	bool is_json;
};

static const struct option_row option_rows[] = {
	{ "json", 0, NULL, "the rows as they come, a JSON object a line; doc/ctl.md has the fields",
	  OPTION_AT(struct options, is_json) },
	{ "watcher", 0, "EXTENSION", "of `lamp` only what this one sees, or why it sees nothing",
	  OPTION_AT(struct options, watcher) },
	{ "socket", 0, "PATH",
	  "where the server listens, as `ctl` in its configuration says (default: where it listens "
	  "when nothing is said there)",
	  OPTION_AT(struct options, socket) },
};

static const struct option_set option_set = {
	.command = "ctl",
	.intro = "usage: lampyrid ctl [--json] [--socket PATH] COMMAND [EXTENSION]\n"
		 "       lampyrid ctl [--json] [--socket PATH] lamp EXTENSION|ORBIT [--watcher "
		 "EXTENSION]\n"
		 "\n"
		 "Looks into a running server.\n"
		 "\n"
		 "  status                     version, listeners, counts, and how near the limits "
		 "are\n"
		 "  calls [EXTENSION|ORBIT]    calls and their legs\n"
		 "  registrations [EXTENSION]  which phones are registered, how, and for how long\n"
		 "  subscriptions [EXTENSION]  who watches whom, and how the last NOTIFY was "
		 "answered\n"
		 "  lamps [EXTENSION|ORBIT]    each extension's lamp, and why it is lit\n"
		 "  lamp EXTENSION|ORBIT       why it shows what it shows: to each who watches,\n"
		 "                             because of which call, told by which NOTIFY, by "
		 "which\n"
		 "                             rights\n"
		 "  trunks [TRUNK]             whether each trunk is there, and our registration "
		 "there\n"
		 "  reload                     reads the configuration again, as SIGHUP does, and\n"
		 "                             says what is wrong with it\n"
		 "  help                       this text\n"
		 "\n",
	.outro = "\n"
		 "Exit code: 0 done, 1 the server said no or was not reached, 2 wrongly called.\n"
		 "\n"
		 "Examples:\n"
		 "  lampyrid ctl status\n"
		 "  lampyrid ctl lamps 202\n"
		 "  lampyrid ctl lamp 202 --watcher 203\n"
		 "  lampyrid ctl lamp '*851'\n"
		 "  lampyrid ctl --json calls\n",
	.rows = option_rows,
	.row_count = ARRAY_LEN(option_rows),
};

/* --- Commands ----------------------------------------------------------------------------- */

static const struct command {
	struct slice name;
	bool has_extension;
	const char *none; /* said in place of a table without rows */
} commands[] = {
	{ SLICE_INIT("status"), false, "" },
	{ SLICE_INIT("calls"), true, "no calls" },
	{ SLICE_INIT("registrations"), true, "no phone is registered" },
	{ SLICE_INIT("subscriptions"), true, "nobody watches" },
	{ SLICE_INIT("lamps"), true, "no such extension or orbit" },
	{ SLICE_INIT("lamp"), true, "no such extension or orbit" },
	{ SLICE_INIT("trunks"), true, "no trunk" },
	{ SLICE_INIT("reload"), false, "" },
	{ SLICE_INIT("help"), false, "" },
};

static int refuse_command(const char *word)
{
	struct slice names[ARRAY_LEN(commands)], near;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		names[i] = commands[i].name;
	near = slice_nearest(slice_from_cstr(word), names, ARRAY_LEN(names));
	fprintf(stderr, "lampyrid ctl: there is no command '%s'",
		conf_quote(slice_from_cstr(word)).text);
	if (near.n > 0)
		fprintf(stderr, "; did you mean '%.*s'?", SLICE_ARGS(near));
	fputs("\nTry `lampyrid ctl --help`.\n", stderr);
	return EXIT_CODE_USAGE;
}

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq(commands[i].name, slice_from_cstr(word)))
			return &commands[i];
	return NULL;
}

/* --- The way there ------------------------------------------------------------------------ */

static int fail_connect(const char *path, int err, int error)
{
	const char *remedy = "check the path";

	if (err == ERR_RANGE)
		remedy = "such a long path is none of a socket";
	else if (error == ENOENT)
		remedy = "there is no socket; is the server running, and with this path under "
			 "`ctl`? Name its socket with --socket";
	else if (error == ECONNREFUSED)
		remedy = "nobody listens there; the server has ended, start it";
	else if (error == EACCES || error == EPERM)
		remedy = "not allowed; ask as root, or as the user that runs the server";
	else if (error == EAGAIN)
		remedy = "the server does not answer; is it stopped?";
	else
		remedy = strerror(error);
	fprintf(stderr, "lampyrid ctl: %s: %s\n", path, remedy);
	return EXIT_CODE_FAILED;
}

/* One that is there and does not let us in is told rather than one that is not there. */
static int connect_usual(int *ret_fd)
{
	char path[CTL_PATH_MAX], worst[CTL_PATH_MAX] = { 0 };
	int err = 0, error = 0;

	for (unsigned i = 0; ctl_place(i, path); i++) {
		errno = EACCES;
		err = ERR_DENIED;
		if (ctl_place_is_trusted(path))
			err = ctl_socket_connect(path, PATIENCE_S, ret_fd);
		if (!err)
			return EXIT_CODE_OK;
		if (worst[0] == '\0' || errno != ENOENT) {
			memcpy(worst, path, sizeof(worst));
			error = errno;
		}
	}
	return fail_connect(worst, err, error);
}

static int connect_server(const struct options *options, int *ret_fd)
{
	int err;

	if (!options->socket)
		return connect_usual(ret_fd);
	err = ctl_socket_connect(options->socket, PATIENCE_S, ret_fd);
	return err ? fail_connect(options->socket, err, errno) : EXIT_CODE_OK;
}

static int fail(const char *sentence)
{
	fprintf(stderr, "lampyrid ctl: %s\n", sentence);
	return EXIT_CODE_FAILED;
}

static int send_request(int fd, const char *command, const char *extension, const char *watcher)
{
	char text[CTL_REQUEST_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	buf_cstr(&buf, command);
	if (extension) {
		buf_char(&buf, ' ');
		buf_cstr(&buf, extension);
	}
	if (watcher) {
		buf_char(&buf, ' ');
		buf_cstr(&buf, watcher);
	}
	buf_char(&buf, '\n');
	if (buf.is_overflown)
		return options_refuse("ctl", "no extension has so long a number", NULL);
	/* A server that refuses us does not listen, but it has said why. */
	(void)send(fd, buf.p, buf.n, MSG_NOSIGNAL);
	return EXIT_CODE_OK;
}

/* --- The answer --------------------------------------------------------------------------- */

/* All of it; the caller frees the text. */
static int read_answer(int fd, struct slice *ret_text)
{
	size_t cap = ANSWER_FIRST_BYTES, n = 0;
	char *text = mem_alloc(cap), *more;
	ssize_t got = 1;

	while (text && got > 0) {
		got = recv(fd, text + n, cap - n, 0);
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		n += got > 0 ? (size_t)got : 0;
		if (n < cap)
			continue;
		more = cap < ANSWER_MAX_BYTES ? mem_alloc(2 * cap) : NULL;
		if (more)
			memcpy(more, text, n);
		mem_free(text);
		text = more;
		cap *= 2;
	}
	if (!text)
		return fail("the answer is too long for the memory there is");
	*ret_text = slice_of(text, n);
	/* A server that refuses us hangs up without having read what we said (ECONNRESET). */
	if (got == 0 || (n > 0 && text[n - 1] == '\n' && errno == ECONNRESET))
		return EXIT_CODE_OK;
	return fail(errno == EAGAIN ? "the server does not answer; is it stopped?"
				    : "the server is gone");
}

static bool type_is(struct slice line, const char *type)
{
	char text[32];
	struct buf buf = BUF_ON(text);

	ctl_member_print(&buf, line, "type");
	return slice_eq(buf_text(&buf), slice_from_cstr(type));
}

/* Text of the server for people; with its own mark in front, as every message of ours. */
static void print_member(FILE *file, const char *mark, struct slice line, const char *name)
{
	char text[CTL_CELL_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	ctl_member_print(&buf, line, name);
	if (buf.n > 0)
		fprintf(file, "%s%.*s\n", mark, SLICE_ARGS(buf_text(&buf)));
}

static void show_rows(const struct command *command, const char *extension, struct slice *rows,
		      size_t count)
{
	char text[32];
	struct buf type = BUF_ON(text);
	const struct ctl_column *columns;
	size_t column_count;

	if (count == 0) {
		if (command->none[0] && extension)
			printf("%s: %s\n", command->none,
			       conf_quote(slice_from_cstr(extension)).text);
		else if (command->none[0])
			puts(command->none);
		return;
	}
	if (slice_eq(command->name, SLICE("lamp"))) {
		ctl_lamp_print(stdout, rows, count);
		return;
	}
	ctl_member_print(&type, rows[0], "type");
	columns = ctl_columns_find(buf_text(&type), &column_count);
	if (columns) {
		ctl_table_sort(&columns[0], rows, count);
		ctl_table_print(stdout, columns, column_count, rows, count);
	} else if (type_is(rows[0], "status")) {
		ctl_status_print(stdout, rows[0]);
	}
}

/* The lines of the answer but the last one, which says how it ended; the caller frees them. */
static struct slice *split_rows(struct slice text, size_t *ret_count, struct slice *ret_last)
{
	size_t lines = 0, n = 0;
	struct slice *rows, line;

	*ret_last = SLICE_NONE;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	rows = mem_alloc((lines + 1) * sizeof(*rows));
	if (!rows)
		return NULL;
	while (slice_cut(text, '\n', &line, &text))
		rows[n++] = line;
	if (n > 0)
		*ret_last = rows[--n];
	*ret_count = n;
	return rows;
}

static int show_answer(const struct options *options, const struct command *command,
		       const char *extension, struct slice text)
{
	size_t count = 0;
	struct slice last, *rows = split_rows(text, &count, &last);
	bool is_good;

	if (!rows)
		return fail("there is no memory to show the answer");
	is_good = type_is(last, "end");
	if (!is_good && !type_is(last, "error")) {
		mem_free(rows);
		return fail("the answer is incomplete; is that a lampyrid server?");
	}
	for (size_t i = 0; i < count; i++) {
		if (options->is_json)
			printf("%.*s\n", SLICE_ARGS(rows[i]));
		else if (type_is(rows[i], "mistake"))
			print_member(stderr, "", rows[i], "text");
	}
	fflush(stdout); /* before what goes to standard error */
	if (is_good && !options->is_json)
		show_rows(command, extension, rows, count);
	if (!is_good)
		print_member(stderr, "lampyrid ctl: ", last, "text");
	else if (slice_eq(command->name, SLICE("reload")) && !options->is_json)
		puts("the configuration is taken");
	print_member(stderr, "lampyrid ctl: ", last, "note");
	mem_free(rows);
	return is_good ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static int ask(const struct options *options, const struct command *command, char **words)
{
	struct slice answer = SLICE_NONE;
	int fd, code = connect_server(options, &fd);

	if (code != EXIT_CODE_OK)
		return code;
	code = send_request(fd, words[0], words[1], options->watcher);
	if (code == EXIT_CODE_OK)
		code = read_answer(fd, &answer);
	if (code == EXIT_CODE_OK)
		code = show_answer(options, command, words[1], answer);
	mem_free((char *)answer.p);
	close(fd);
	if (fflush(stdout) && code == EXIT_CODE_OK)
		return fail("the answer could not be written");
	return code;
}

static bool has_spaces(const char *word)
{
	return word && strcspn(word, " \r\n") != strlen(word);
}

/* The command's own words, `count` with itself. */
static int check_words(const struct options *options, const struct command *command, char **words,
		       int count)
{
	bool is_lamp = slice_eq(command->name, SLICE("lamp"));

	if (count > 1 + command->has_extension)
		return options_refuse("ctl", "this is too much", words[1 + command->has_extension]);
	if (has_spaces(words[1]) || has_spaces(options->watcher))
		return options_refuse("ctl", "no extension has spaces", NULL);
	if (is_lamp && !words[1])
		return options_refuse("ctl", "whose lamp? Name an extension or an orbit", NULL);
	if (!is_lamp && options->watcher)
		return options_refuse("ctl", "only `lamp` has a watcher", "--watcher");
	return EXIT_CODE_OK;
}

int cmd_ctl(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command *command;
	bool is_done = false;
	int code = options_read(&option_set, argc, argv, &options, &is_done);

	if (code != EXIT_CODE_OK || is_done)
		return code;
	if (optind == argc)
		return options_refuse("ctl", "what should be shown? There is status, for one",
				      NULL);
	command = find_command(argv[optind]);
	if (!command)
		return refuse_command(argv[optind]);
	if (slice_eq(command->name, SLICE("help"))) {
		options_print_help(&option_set);
		return EXIT_CODE_OK;
	}
	code = check_words(&options, command, argv + optind, argc - optind);
	return code == EXIT_CODE_OK ? ask(&options, command, argv + optind) : code;
}
