/* SPDX-License-Identifier: MIT */
/*
 * The file with the call records, a line each. Calls never wait for it: what cannot be written now
 * waits in a bounded room and is tried again; what has no room is counted, and told in the log once
 * in a while.
 */
#ifndef LAMPYRID_CMD_RECORD_FILE_H
#define LAMPYRID_CMD_RECORD_FILE_H

#include "base/slice.h"

#include <stdint.h>

#define RECORD_PATH_MAX 1024

struct record_file {
	int fd; /* -1: none */
	char path[RECORD_PATH_MAX];
	char *waiting; /* [RECORD_WAITING_BYTES], owned; what could not be written yet */
	size_t waiting_n;
	bool is_torn;	     /* the first of `waiting` is the rest of a line */
	bool is_behind_torn; /* the file ends inside a line that nobody will end */
	int error;	     /* errno of the last failure, 0: all is well */
	uint64_t told;	     /* lines that were given to us */
	uint64_t lost;	     /* lines */
};

/* No file yet. */
void record_file_init(struct record_file *file);
void record_file_close(struct record_file *file);

/*
 * Writes to `path` from now on, opened anew even if it is the same: a file of our own, for us alone
 * to read, as a trace; "-" is standard output, empty is none. Lines that wait go there, too. On
 * ERR_DENIED, or ERR_IO with errno, the old file is kept.
 */
int record_file_open(struct record_file *file, struct slice path);

/* `line` without its end. False: it is lost, and file->error says why. */
bool record_file_line(struct record_file *file, struct slice line);

/* Tries what waits; cheap when nothing does. */
void record_file_flush(struct record_file *file);

#endif
