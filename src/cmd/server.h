/* SPDX-License-Identifier: MIT */
/*
 * One server in one process, as the files around it share it: cmd_serve.c (its life),
 * server_listen.c, server_records.c, server_reload.c and server_ctl.c.
 */
#ifndef LAMPYRID_CMD_SERVER_H
#define LAMPYRID_CMD_SERVER_H

#include "cmd/cmd.h"
#include "cmd/ctl_answer.h"
#include "cmd/event_log.h"
#include "cmd/options.h"
#include "cmd/record_file.h"
#include "cmd/serve_options.h"
#include "io/host.h"
#include "pbx/pbx.h"

struct ctl_server;

struct server {
	const struct serve_options *options;
	const struct directory *first; /* the caller's: whose listeners are open */
	struct event_log log;
	struct host *host;
	struct pbx pbx;
	struct trace_file *trace;
	struct listen_addr bound[DIRECTORY_LISTENERS_MAX]; /* [bound_count] */
	size_t bound_count;
	bool has_tls_listener;
	uint64_t map_secret[2];
	struct timer goodbye; /* from the signal to the end */
	struct record_file records;
	uint64_t records_told_ms; /* when the log last said that they cannot be written; 0: never */
	struct ctl_door door;
	struct ctl_server *ctl; /* NULL: nobody can look in */
	uint64_t start_ms;	/* on the host's clock */
	uint64_t start_wall_ms;
};

/* --- cmd_serve.c -------------------------------------------------------------------------- */

/* A line of the log. */
void server_log(struct server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A sentence on standard error; gives the exit code. */
int server_fail(const char *message);

/* --- server_listen.c ---------------------------------------------------------------------- */

/* An exit code; what is wrong is said. */
int server_open_listeners(struct server *server);

/* "udp:192.0.2.1:5060" */
void server_listen_print(struct buf *buf, const struct listen_addr *listen);

/* --- server_records.c --------------------------------------------------------------------- */

/* An exit code; what is wrong is said. */
int server_open_records(struct server *server);

/* As the current configuration says; the old file stays when that fails, which the log says. */
void server_reopen_records(struct server *server);

/* --- server_reload.c ---------------------------------------------------------------------- */

/* The report is the last reload's; *ret_note is for a person, NULL: all is said. ctx is a server.
 */
int server_reload(void *ctx, const struct conf_report **ret_report, const char **ret_note);

/* The same, of a signal. */
void server_on_reload(void *ctx, int signum);

/* New connections begin with it; those that stand are not disturbed. */
void server_take_certificate(struct server *server, struct tls_context *tls);

/* --- server_ctl.c ------------------------------------------------------------------------- */

/* An exit code; what is wrong is said. */
int server_open_ctl(struct server *server);

#endif
