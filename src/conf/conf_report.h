/* SPDX-License-Identifier: MIT */
/*
 * How a mistake is told: the place, the key with its path, a sentence. What is quoted from the file
 * is clipped and escaped, so that no file can paint on the admin's terminal.
 */
#ifndef LAMPYRID_CONF_REPORT_H
#define LAMPYRID_CONF_REPORT_H

#include "conf/conf.h"
#include "conf/conf_tree.h"

/* Who tells: the report, and the name of the file. */
struct conf_teller {
	struct conf_report *report;
	struct slice file_name;
};

/* At `pos` ({0, 0}: the file as a whole) about `key`, which may be empty. */
__attribute__((format(printf, 4, 5))) void conf_tell(const struct conf_teller *teller,
						     struct conf_pos pos, struct slice key,
						     const char *format, ...);

/* About a value, at its place and with its path. */
__attribute__((format(printf, 3, 4))) void conf_tell_value(const struct conf_teller *teller,
							   const struct conf_node *node,
							   const char *format, ...);

/* The same, at the place of the value's key. */
__attribute__((format(printf, 3, 4))) void conf_tell_key(const struct conf_teller *teller,
							 const struct conf_node *node,
							 const char *format, ...);

/* About a key that `map` should have and has not. */
__attribute__((format(printf, 4, 5))) void conf_tell_missing(const struct conf_teller *teller,
							     const struct conf_node *map,
							     struct slice key, const char *format,
							     ...);

#define CONF_QUOTE_MAX_BYTES 64

/* A text from the file as it may be printed: conf_quote(text).text in an argument list. */
struct conf_quote {
	char text[CONF_QUOTE_MAX_BYTES];
};
struct conf_quote conf_quote(struct slice text);

/* Whether the UTF-8 text is free of control characters. */
bool conf_is_printable(struct slice text);

#endif
