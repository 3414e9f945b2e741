/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a configuration: a directory or a reason, never both, never neither, and nothing
 * left behind. Each line of the report can be shown on a terminal.
 */
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct conf_mistake *mistake)
{
	size_t n = strnlen(mistake->text, sizeof(mistake->text));

	CHECK(n > 0 && n < sizeof(mistake->text));
	for (size_t i = 0; i < n; i++)
		CHECK((unsigned char)mistake->text[i] >= 0x20 && mistake->text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t secret[2] = { 1, 2 };
	static struct conf_report report;
	struct directory *directory = NULL;
	uint64_t blocks = mem_count().blocks;
	int err = conf_read(slice_of((const char *)data, size), SLICE("fuzz.yaml"), secret, &report,
			    &directory);

	CHECK(err == 0 || err == ERR_SYNTAX);
	CHECK((err == 0) == (directory != NULL));
	CHECK((err == 0) == (report.count == 0));
	CHECK(report.count <= CONF_MISTAKES_MAX);
	for (size_t i = 0; i < report.count; i++) {
		check_line(&report.mistakes[i]);
		CHECK(i == 0 || report.mistakes[i - 1].line <= report.mistakes[i].line);
	}
	if (directory)
		CHECK(directory->domain.n > 0 && directory->extensions.count > 0 &&
		      directory->listen_count > 0);
	directory_unref(directory);
	CHECK(mem_count().blocks == blocks);
	return 0;
}
