/* SPDX-License-Identifier: MIT */
/*
 * The main of a fuzz target in the normal test run: `fuzz_NAME CORPUS...` feeds each file of each
 * corpus folder to LLVMFuzzerTestOneInput(), then every prefix of a small file, then mutations that
 * are the same in every run. TAP, one case per folder. Before a crash ends the program, the input
 * that caused it is written to crash-fuzz_NAME, ready to become a corpus file.
 */
#include "base/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 65535	     /* bytes: the largest datagram */
#define PREFIX_FILE_MAX 4096 /* bytes: larger files are not tried prefix by prefix */
#define MUTATIONS 1000
#define EDITS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the sanitizers' runtime; absent in a plain build. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

struct input {
	uint8_t p[INPUT_MAX];
	size_t n; /* bytes */
};

static const uint8_t *current; /* what the target is reading */
static size_t current_n;
static char crash_path[256];

static void keep_crash(void)
{
	int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (!current || fd < 0 || write(fd, current, current_n) < 0)
		return;
	close(fd);
	dprintf(STDERR_FILENO, "the input of %zu bytes is kept in %s\n", current_n, crash_path);
}

static void on_abort(int signal_number)
{
	keep_crash();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* A block of exactly its size: the sanitizer sees one byte read too many. */
static void feed(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	CHECK(copy);
	memcpy(copy, p, n);
	current = copy;
	current_n = n;
	LLVMFuzzerTestOneInput(copy, n);
	current = NULL;
	free(copy);
}

/* xorshift64*; seeded from the file's bytes, so a mutation does not depend on its neighbours. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static size_t random_below(uint64_t *state, size_t bound)
{
	return (size_t)(next_random(state) % bound);
}

static uint64_t seed_of(const struct input *input)
{
	uint64_t seed = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < input->n; i++)
		seed = (seed ^ input->p[i]) * 0x100000001b3;
	return seed ? seed : 1;
}

static void insert_bytes(struct input *input, size_t at, const void *bytes, size_t n)
{
	if (n > INPUT_MAX - input->n)
		return;
	memmove(input->p + at + n, input->p + at, input->n - at);
	memcpy(input->p + at, bytes, n);
	input->n += n;
}

static void remove_bytes(struct input *input, size_t at, size_t n)
{
	memmove(input->p + at, input->p + at + n, input->n - at - n);
	input->n -= n;
}

/* What has broken parsers before: ends of things, huge numbers, escapes, empty names. */
static void insert_token(struct input *input, size_t at, uint64_t *state)
{
	static const char *const tokens[] = {
		"\r\n",
		"\r\n\r\n",
		"\r\n ",
		"\n",
		"%00",
		"%",
		"\"",
		"\\",
		"<",
		">",
		";",
		",",
		":",
		"=",
		"@",
		"[",
		"]",
		"4294967296",
		"18446744073709551616",
		"-1",
		"\xff\xfe",
		"</",
		"<!",
		"]]>",
		"&#0;",
		"  ",
		"//",
	};
	const char *token = tokens[random_below(state, ARRAY_LEN(tokens))];

	insert_bytes(input, at, token, strlen(token));
}

static void edit(struct input *input, uint64_t *state)
{
	size_t at = random_below(state, input->n);
	size_t n = 1 + random_below(state, input->n - at < 64 ? input->n - at : 64);
	uint8_t piece[64];

	switch (random_below(state, 6)) {
	case 0:
		input->p[at] ^= (uint8_t)(1 << random_below(state, 8));
		break;
	case 1:
		input->p[at] = (uint8_t)next_random(state);
		break;
	case 2:
		remove_bytes(input, at, n);
		break;
	case 3:
		memcpy(piece, input->p + at, n);
		insert_bytes(input, random_below(state, input->n), piece, n);
		break;
	case 4:
		insert_token(input, at, state);
		break;
	default:
		memset(input->p + at, 'A', n);
		break;
	}
}

static void feed_mutations(const struct input *original)
{
	static struct input mutant;
	uint64_t state = seed_of(original);

	for (int i = 0; i < MUTATIONS; i++) {
		size_t edits = 1 + random_below(&state, EDITS_MAX);

		memcpy(mutant.p, original->p, original->n);
		mutant.n = original->n;
		while (edits-- > 0 && mutant.n > 0)
			edit(&mutant, &state);
		feed(mutant.p, mutant.n);
	}
}

static bool load(const char *folder, const char *name, struct input *ret_input)
{
	char path[4096];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "rb");
	if (!file)
		return false;
	ret_input->n = fread(ret_input->p, 1, INPUT_MAX, file);
	fclose(file);
	return true;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names. The number of files, or -1 when one could not be read. */
static int replay_folder(const char *folder)
{
	static struct input input;
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);
	bool is_whole = count >= 0;

	for (int i = 0; i < count; i++) {
		if (load(folder, entries[i]->d_name, &input)) {
			feed(input.p, input.n);
			for (size_t n = 0; input.n <= PREFIX_FILE_MAX && n < input.n; n++)
				feed(input.p, n);
			feed_mutations(&input);
		} else {
			is_whole = false;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return is_whole ? count : -1;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	int failed = 0;

	snprintf(crash_path, sizeof(crash_path), "crash-%s", slash ? slash + 1 : argv[0]);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(keep_crash);
	signal(SIGABRT, on_abort);
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int files;

		fflush(stdout);
		files = replay_folder(argv[i]);
		printf("%s %d - %s: %d files\n", files > 0 ? "ok" : "not ok", i, argv[i], files);
		failed += files <= 0;
	}
	return failed > 0;
}
