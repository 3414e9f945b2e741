/* SPDX-License-Identifier: MIT */
/*
 * The configuration under test: a text that ends at an unreadable page is read as the file "f", and
 * its report is compared line by line. Each of these asserts that no block of ours is left.
 */
#ifndef LAMPYRID_TESTS_CONF_RIG_H
#define LAMPYRID_TESTS_CONF_RIG_H

#include "conf/conf.h"

#define assert_slice(actual, expected) assert_true(slice_eq((actual), SLICE(expected)))

#define DOMAIN "domain: pbx.example.com\n"
#define EXTENSIONS "extensions: {\"201\": {password: x}}\n"
#define REST DOMAIN EXTENSIONS /* behind a key under test, what makes the file complete */

/* What is told of an extension without one. */
#define ANYONE "an extension without a password could be taken by anyone"

extern const uint64_t conf_rig_secret[2];

/* Of the text that was read last. */
extern struct conf_report report;

/* A text that must be taken, and what it must give. */
struct conf_rig_good {
	const char *name;
	const char *yaml;
	void (*check)(const struct directory *directory);
};

/* A text that must be refused. */
struct conf_rig_bad {
	const char *name;
	const char *yaml;
	const char *lines; /* of the report, each with its line end */
};

/* As conf_read(); here alone blocks may stay, those of the directory. */
int conf_rig_read(struct slice text, struct directory **ret_directory);

/* The same of a text that must be taken. */
struct directory *conf_rig_read_good(const char *yaml);

/* The row is taken without a word and gives what it should; its prefixes are tried, too. */
void conf_rig_expect_good(const struct conf_rig_good *good);

/*
 * This text is refused with these lines of the report and no others; its prefixes are tried, too.
 * What fails is told by `name`.
 */
void conf_rig_expect_bad(const char *name, const char *yaml, const char *lines);

/* Every prefix is read to its end or refused with a reason, and nothing of it stays. */
void conf_rig_try_prefixes(struct slice text);

/*
 * A good text is read until it succeeds, with one allocation more before the refused one each time:
 * there is no mistake to tell, and nothing stays. How many reads that were.
 */
uint64_t conf_rig_refuse_memory(struct slice text);

#endif
