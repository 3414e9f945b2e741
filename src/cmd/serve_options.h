/* SPDX-License-Identifier: MIT */
/*
 * What `lampyrid serve` is told on its command line.
 */
#ifndef LAMPYRID_CMD_SERVE_OPTIONS_H
#define LAMPYRID_CMD_SERVE_OPTIONS_H

#include "conf/conf.h"

struct serve_options {
	const char *config;
	const char *trace;				    /* NULL: none */
	const char *log;				    /* NULL: standard error */
	struct listen_addr listen[DIRECTORY_LISTENERS_MAX]; /* [listen_count] */
	size_t listen_count;				    /* 0: as the configuration says */
	bool is_check;
};

/*
 * Finds the configuration, too, where none is named. *ret_is_done: help was asked for and given.
 * An exit code.
 */
int serve_options_parse(int argc, char **argv, struct serve_options *options, bool *ret_is_done);

#endif
