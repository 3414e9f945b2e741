/* SPDX-License-Identifier: MIT */
/*
 * The call records of a server: where they go, and what the log says when they cannot.
 */
#include "cmd/server.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>

#define RECORDS_TOLD_MS 60000 /* how often the log says that records cannot be written */

static void on_record(void *ctx, struct slice line)
{
	struct server *server = ctx;
	struct record_file *file = &server->records;
	uint64_t now_ms = host_timers(server->host)->now_ms;

	if (record_file_line(file, line))
		return;
	if (server->records_told_ms > 0 && now_ms - server->records_told_ms < RECORDS_TOLD_MS)
		return;
	server->records_told_ms = now_ms;
	server_log(server, "event=records-unwritten path=%s lost=%llu cause=\"%s\"", file->path,
		   (unsigned long long)file->lost, strerror(file->error));
}

static const char *records_remedy(int err, int error)
{
	if (err == ERR_DENIED)
		return "it must be a regular file of this user, and no symbolic link";
	return err == ERR_IO ? strerror(error) : err_text(err);
}

/* As the current configuration says, opened anew; the old file stays when that fails. */
static int open_records(struct server *server)
{
	return record_file_open(&server->records, server->pbx.directory->records);
}

void server_reopen_records(struct server *server)
{
	int err = open_records(server);

	if (err)
		server_log(server, "event=records-kept path=%s cause=\"%s\"", server->records.path,
			   records_remedy(err, errno));
}

int server_open_records(struct server *server)
{
	int err = open_records(server);

	if (!err) {
		host_set_records(server->host, on_record, server);
		return EXIT_CODE_OK;
	}
	fprintf(stderr, "lampyrid serve: cannot write the records %.*s: %s\n",
		SLICE_ARGS(server->pbx.directory->records), records_remedy(err, errno));
	return EXIT_CODE_FAILED;
}
