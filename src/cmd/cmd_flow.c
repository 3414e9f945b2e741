/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid flow`: traces as a ladder diagram. Reads the files, and writes what capture/ and
 * ladder/ make of them.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "capture/collect.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "ladder/draw_text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define FILES_MAX 64
#define CALLS_MAX 16
#define FILE_MAX_BYTES (256u << 20)
#define FAULTS_SHOWN_MAX 20 /* of one file */
#define CALLS_SHOWN_MAX 10  /* when the wanted one is not there */
#define WIDTH_DEFAULT 120
#define WIDTH_MIN 40

struct options {
	char *const *files;
	size_t file_count;
	struct slice calls[CALLS_MAX];
	size_t call_count;
	const char *output; /* NULL: standard output */
	struct ladder_style style;
};

struct loaded {
	const char *path;
	char *text; /* owned; NULL for an empty file */
	unsigned fault_count;
};

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("flow", message, what);
}

static int add_call(void *object, char *text)
{
	struct options *options = object;

	if (options->call_count == CALLS_MAX)
		return refuse_usage("--call was given too often", NULL);
	options->calls[options->call_count++] = slice_from_cstr(text);
	return EXIT_CODE_OK;
}

/* There is nothing to choose yet. */
static int check_format(void *object, char *format)
{
	(void)object;
	if (!strcmp(format, "text"))
		return EXIT_CODE_OK;
	if (!strcmp(format, "svg") || !strcmp(format, "html")) {
		fprintf(stderr, "lampyrid flow: --format %s is not yet available; use text\n",
			format);
		return EXIT_CODE_USAGE;
	}
	return refuse_usage("--format should be text", format);
}

static int set_width(void *object, char *text)
{
	struct options *options = object;
	uint32_t width;

	if (slice_to_u32(slice_from_cstr(text), LADDER_WIDTH_MAX, &width) || width < WIDTH_MIN)
		return refuse_usage("--width should be a number from 40 to 1000", text);
	options->style.width = width;
	return EXIT_CODE_OK;
}

static const struct option_row option_rows[] = {
	{ "call", 0, "ID",
	  "only messages with this Call-ID, and of calls that it is joined with by Replaces, "
	  "Refer-To or Target-Dialog; may be given up to 16 times",
	  OPTION_BY(add_call) },
	{ "format", 0, "text", "the only format so far; svg and html are not yet available",
	  OPTION_BY(check_format) },
	{ "output", 'o', "FILE", "write to FILE instead of standard output",
	  OPTION_AT(struct options, output) },
	{ "width", 0, "N",
	  "columns to draw for (40 to 1000); long labels are cut to fit (default: the terminal's "
	  "width, else 120)",
	  OPTION_BY(set_width) },
	{ "ascii", 0, NULL, "no box characters", OPTION_AT(struct options, style.is_ascii) },
	{ "hide-repeats", 0, NULL, "leave retransmissions out; otherwise they are marked (again)",
	  OPTION_AT(struct options, style.is_repeat_hidden) },
};

static const struct option_set option_set = {
	.command = "flow",
	.intro = "usage: lampyrid flow FILE... [--call ID] [--format text] [-o FILE]\n"
		 "\n"
		 "Draws the SIP messages of traces as a ladder: a column for each phone and "
		 "server,\n"
		 "time at the left in seconds since the first message, an arrow for each message.\n"
		 "Traces are text: the SIP trace of a desk phone, or what `lampyrid serve` and\n"
		 "`lampyrid phone` write. Several files are merged by time; a message that two of\n"
		 "them saw is drawn once.\n"
		 "\n",
	.outro = "",
	.rows = option_rows,
	.row_count = ARRAY_LEN(option_rows),
};

/* *ret_is_done: help was asked for and given. */
static int parse_options(int argc, char **argv, struct options *options, bool *ret_is_done)
{
	int code = options_read(&option_set, argc, argv, options, ret_is_done);

	if (code != EXIT_CODE_OK || *ret_is_done)
		return code;
	options->files = argv + optind;
	options->file_count = (size_t)(argc - optind);
	if (options->file_count == 0)
		return refuse_usage("which trace should be drawn? Name a file", NULL);
	if (options->file_count > FILES_MAX)
		return refuse_usage("too many files, 64 at most", NULL);
	return EXIT_CODE_OK;
}

static void complain(const char *path, const char *reason)
{
	fprintf(stderr, "lampyrid flow: %s: %s\n", path, reason);
}

/* Grows with what is read, so that a pipe works as well as a file. */
static int read_all(FILE *file, struct slice *ret_text)
{
	size_t cap = 65536, n = 0;
	char *text = mem_alloc(cap);

	while (text) {
		char *larger;

		n += fread(text + n, 1, cap - n, file);
		if (n < cap)
			break;
		larger = cap < FILE_MAX_BYTES ? mem_alloc(2 * cap) : NULL;
		if (!larger) {
			mem_free(text);
			return cap < FILE_MAX_BYTES ? ERR_NOMEM : ERR_LIMIT;
		}
		memcpy(larger, text, n);
		mem_free(text);
		text = larger;
		cap *= 2;
	}
	if (!text)
		return ERR_NOMEM;
	if (ferror(file)) {
		mem_free(text);
		return ERR_IO;
	}
	*ret_text = slice_of(text, n);
	return 0;
}

static bool is_pcap(struct slice text)
{
	static const struct slice magics[] = { SLICE_INIT("\xd4\xc3\xb2\xa1"),
					       SLICE_INIT("\xa1\xb2\xc3\xd4"),
					       SLICE_INIT("\x4d\x3c\xb2\xa1"),
					       SLICE_INIT("\xa1\xb2\x3c\x4d"),
					       SLICE_INIT("\x0a\x0d\x0d\x0a") };

	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (slice_starts_with(text, magics[i]))
			return true;
	}
	return false;
}

static void on_fault(void *ctx, unsigned line, const char *reason)
{
	struct loaded *loaded = ctx;

	if (loaded->fault_count++ < FAULTS_SHOWN_MAX)
		fprintf(stderr, "%s:%u: %s\n", loaded->path, line, reason);
}

static int load(struct collector *collector, struct loaded *loaded)
{
	struct collect_faults faults = { loaded, on_fault };
	FILE *file = fopen(loaded->path, "rb");
	struct slice text;
	int err;

	if (!file) {
		complain(loaded->path, strerror(errno));
		return EXIT_CODE_FAILED;
	}
	errno = 0;
	err = read_all(file, &text);
	if (err) {
		complain(loaded->path, err == ERR_IO ? strerror(errno)
				       : err == ERR_LIMIT
					       ? "larger than 256 MiB; cut it into pieces"
					       : err_text(err));
		fclose(file);
		return EXIT_CODE_FAILED;
	}
	fclose(file);
	loaded->text = (char *)text.p;
	if (is_pcap(text)) {
		complain(loaded->path, "a packet capture; only text traces can be read so far");
		return EXIT_CODE_FAILED;
	}
	err = collector_add_text(collector, text, &faults);
	if (loaded->fault_count > FAULTS_SHOWN_MAX)
		fprintf(stderr, "%s: and %u more\n", loaded->path,
			loaded->fault_count - FAULTS_SHOWN_MAX);
	if (err == ERR_LIMIT)
		complain(loaded->path, "too many messages; those behind the limit are not drawn");
	else if (err)
		complain(loaded->path, err_text(err));
	return err && err != ERR_LIMIT ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static bool was_call_before(const struct collector *collector, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (slice_eq(collector->messages[k].call_id, collector->messages[i].call_id))
			return true;
	}
	return false;
}

static void print_clean(FILE *file, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		fputc(text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?', file);
}

/* The first few calls, so that the right name can be copied. */
static void print_calls(const struct collector *collector)
{
	size_t shown = 0;

	fputs("The trace has messages of:\n", stderr);
	for (size_t i = 0; i < collector->count && i < 10000; i++) {
		if (was_call_before(collector, i))
			continue;
		if (shown++ == CALLS_SHOWN_MAX) {
			fputs("  ...\n", stderr);
			return;
		}
		fputs("  ", stderr);
		print_clean(stderr, collector->messages[i].call_id);
		fputc('\n', stderr);
	}
}

static int complain_nothing(const struct collector *collector, const struct options *options)
{
	if (collector->count == 0) {
		complain(options->files[0], "no SIP message found; a text trace has lines such as\n"
					    "  Received from udp:192.0.2.1:5060 at 28/4/2006 "
					    "16:25:18:920 (950 bytes):");
		return EXIT_CODE_FAILED;
	}
	fputs("lampyrid flow: no message has the wanted Call-ID.\n", stderr);
	print_calls(collector);
	return EXIT_CODE_FAILED;
}

static unsigned terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_col < WIDTH_MIN)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

static void write_line(void *ctx, struct slice text)
{
	fwrite(text.p, 1, text.n, ctx);
}

static int draw(const struct ladder *ladder, const struct options *options)
{
	struct ladder_style style = options->style;
	const char *path = options->output ? options->output : "standard output";
	FILE *file = options->output ? fopen(options->output, "wb") : stdout;
	bool is_bad;

	if (!file) {
		complain(path, strerror(errno));
		return EXIT_CODE_FAILED;
	}
	if (style.width == 0)
		style.width = options->output ? WIDTH_DEFAULT : terminal_width();
	ladder_draw_text(ladder, &style, write_line, file);
	errno = 0;
	is_bad = fflush(file) != 0 || ferror(file);
	if (file != stdout && fclose(file))
		is_bad = true;
	if (is_bad)
		complain(path, errno ? strerror(errno) : "could not be written");
	return is_bad ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static int draw_collected(struct collector *collector, const struct options *options)
{
	struct ladder ladder;
	int err, code;

	ladder_init(&ladder, collector->secret);
	err = collector_fill_ladder(collector, options->calls, options->call_count, &ladder);
	if (err) {
		fprintf(stderr, "lampyrid flow: %s\n", err_text(err));
		code = EXIT_CODE_FAILED;
	} else if (ladder.row_count == 0) {
		code = complain_nothing(collector, options);
	} else {
		code = draw(&ladder, options);
	}
	ladder_fini(&ladder);
	return code;
}

static int flow(const struct options *options, struct loaded *loaded)
{
	static struct collector collector;
	uint64_t secret[2] = { 0 };
	int code = EXIT_CODE_OK;

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret)) {
		fputs("lampyrid flow: the system gives no random bytes\n", stderr);
		return EXIT_CODE_FAILED;
	}
	collector_init(&collector, secret);
	for (size_t i = 0; i < options->file_count && code == EXIT_CODE_OK; i++) {
		loaded[i].path = options->files[i];
		code = load(&collector, &loaded[i]);
	}
	if (code == EXIT_CODE_OK)
		code = draw_collected(&collector, options);
	collector_fini(&collector);
	return code;
}

int cmd_flow(int argc, char **argv)
{
	struct loaded loaded[FILES_MAX] = { 0 };
	struct options options = { 0 };
	bool is_done = false;
	int code = parse_options(argc, argv, &options, &is_done);

	if (code != EXIT_CODE_OK || is_done)
		return code;
	code = flow(&options, loaded);
	for (size_t i = 0; i < options.file_count; i++)
		mem_free(loaded[i].text);
	return code;
}
