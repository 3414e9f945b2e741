/* SPDX-License-Identifier: MIT */
/*
 * The configuration: one YAML text becomes one directory, or a list of everything that is wrong
 * with it. Nothing is half accepted and nothing unknown is passed over; doc/configuration.md is the
 * reference for people.
 */
#ifndef LAMPYRID_CONF_CONF_H
#define LAMPYRID_CONF_CONF_H

#include "pbx/directory.h"

#define CONF_TEXT_MAX_BYTES (4u << 20) /* some 40000 extensions */
#define CONF_NODES_MAX 400000	       /* keys and values of one file */
#define CONF_DEPTH_MAX 16	       /* lists and maps inside each other */
#define CONF_MISTAKES_MAX 20
#define CONF_MISTAKE_MAX_BYTES 1024

struct conf_mistake {
	uint32_t line, column; /* from 1; 0 when the file as a whole is meant */
	/* "FILE:LINE:COLUMN: KEY: what is wrong; what would be right", NUL-terminated, printable */
	char text[CONF_MISTAKE_MAX_BYTES];
};

struct conf_report {
	size_t count;					 /* mistakes told */
	size_t left_out;				 /* mistakes beyond CONF_MISTAKES_MAX */
	struct conf_mistake mistakes[CONF_MISTAKES_MAX]; /* [count] in the order of the file */
};

/*
 * Reads `text`; `file_name` is only for the report, which is overwritten. The caller owns the one
 * reference to *ret_directory. ERR_SYNTAX when the report has mistakes; ERR_NOMEM, perhaps with an
 * incomplete report.
 */
int conf_read(struct slice text, struct slice file_name, const uint64_t map_secret[2],
	      struct conf_report *report, struct directory **ret_directory);

/* The same for the file at `path`. ERR_IO, and one line in the report, when it cannot be read. */
int conf_read_file(const char *path, const uint64_t map_secret[2], struct conf_report *report,
		   struct directory **ret_directory);

#endif
