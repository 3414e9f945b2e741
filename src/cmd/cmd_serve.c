/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid serve`: the switch on a host. Reads the configuration, opens the listeners, says where
 * it can be reached, and runs until a signal ends it.
 */
#include "base/err.h"
#include "cmd/certificate.h"
#include "cmd/greeting.h"
#include "cmd/server.h"
#include "io/trace_file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define GOODBYE_MS 200
#define EVENT_MAX_BYTES (CONF_MISTAKE_MAX_BYTES + 256)

/* --- Words -------------------------------------------------------------------------------- */

int server_fail(const char *message)
{
	fprintf(stderr, "lampyrid serve: %s\n", message);
	return EXIT_CODE_FAILED;
}

void server_log(struct server *server, const char *format, ...)
{
	char text[EVENT_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	va_list args;

	va_start(args, format);
	buf_vprintf(&buf, format, args);
	va_end(args);
	event_log_line(&server->log, buf_text(&buf));
}

/* --- Configuration ------------------------------------------------------------------------ */

static void print_report(const struct conf_report *report, int err)
{
	for (size_t i = 0; i < report->count; i++)
		fprintf(stderr, "%s\n", report->mistakes[i].text);
	if (report->left_out > 0)
		fprintf(stderr, "and %zu more\n", report->left_out);
	if (report->count == 0)
		fprintf(stderr, "lampyrid serve: the configuration: %s\n", err_text(err));
}

static int read_config(const char *path, const uint64_t map_secret[2],
		       struct directory **ret_directory)
{
	static struct conf_report report;
	int err = conf_read_file(path, map_secret, &report, ret_directory);

	if (!err)
		return EXIT_CODE_OK;
	print_report(&report, err);
	return EXIT_CODE_FAILED;
}

/* --- The end ------------------------------------------------------------------------------ */

static void on_goodbye(struct timer *timer)
{
	host_stop(CONTAINER_OF(timer, struct server, goodbye)->host);
}

/* What the phones are told of the end needs a moment to leave; a second signal does not wait. */
static void on_stop(void *ctx, int signum)
{
	struct server *server = ctx;

	if (server->goodbye.is_running) {
		host_stop(server->host);
		return;
	}
	server_log(server, "event=stop signal=%s", signum == SIGINT ? "SIGINT" : "SIGTERM");
	pbx_stop(&server->pbx);
	timer_start(host_timers(server->host), &server->goodbye, GOODBYE_MS, on_goodbye);
}

/* --- The server --------------------------------------------------------------------------- */

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	struct server *server = user;

	pbx_on_message(&server->pbx, flow, bytes);
}

static void on_connection_lost(void *user, struct handle conn)
{
	struct server *server = user;
	struct flow flow;

	if (!host_conn_flow(server->host, conn, &flow))
		pbx_on_connection_lost(&server->pbx, &flow);
}

static void on_turn_end(void *user)
{
	struct server *server = user;

	pbx_on_turn_end(&server->pbx);
	record_file_flush(&server->records);
}

static int open_trace(struct server *server)
{
	const char *path = server->options->trace;
	int err;

	if (!path)
		return EXIT_CODE_OK;
	err = trace_file_open(path, &server->trace);
	if (err) {
		fprintf(stderr, "lampyrid serve: cannot write the trace %s: %s\n", path,
			err == ERR_DENIED ? "it must be a regular file of your own, and no "
					    "symbolic link"
					  : strerror(errno));
		return EXIT_CODE_FAILED;
	}
	host_set_tap(server->host, trace_file_tap, server->trace);
	return EXIT_CODE_OK;
}

static int watch_signals(struct server *server)
{
	if (host_on_signal(server->host, SIGTERM, on_stop, server) ||
	    host_on_signal(server->host, SIGINT, on_stop, server) ||
	    host_on_signal(server->host, SIGHUP, server_on_reload, server))
		return server_fail("the system refuses signal handlers");
	return EXIT_CODE_OK;
}

static int run(struct server *server)
{
	int code = watch_signals(server);

	if (code == EXIT_CODE_OK)
		code = open_trace(server);
	server_take_certificate(server, server->pbx.directory->tls);
	if (code == EXIT_CODE_OK)
		code = server_open_listeners(server);
	if (code == EXIT_CODE_OK)
		code = server_open_records(server);
	if (code == EXIT_CODE_OK)
		code = server_open_ctl(server);
	if (code != EXIT_CODE_OK)
		return code;
	greeting_print(server->pbx.directory, server->bound, server->bound_count,
		       server->options->config, server->ctl != NULL);
	server_log(server, "event=start version=" LAMPYRID_VERSION " pid=%ld extensions=%zu",
		   (long)getpid(), server->pbx.directory->extensions.count);
	event_log_flush(&server->log);
	pbx_start(&server->pbx);
	host_run(server->host);
	return EXIT_CODE_OK;
}

static int close_trace(struct server *server)
{
	if (!server->trace || !trace_file_close(server->trace))
		return EXIT_CODE_OK;
	return server_fail("the trace is incomplete: it could not be written");
}

static int run_on_host(struct server *server, struct directory *directory)
{
	const struct host_user user = { server, on_message, on_connection_lost, on_turn_end };
	int code, err = host_new(&user, &server->host);

	if (err)
		return server_fail("the system gives no event loop or no memory");
	(void)host_set_dns(server->host, directory->dns, directory->dns_count);
	host_set_log(server->host, event_log_line, &server->log);
	err = pbx_init(&server->pbx, host_env(server->host), host_timers(server->host), directory,
		       &pbx_default_limits);
	if (err) {
		fprintf(stderr, "lampyrid serve: cannot start: %s\n", err_text(err));
		host_free(server->host);
		return EXIT_CODE_FAILED;
	}
	record_file_init(&server->records);
	server->start_ms = host_timers(server->host)->now_ms;
	server->start_wall_ms = wall_ms();
	code = run(server);
	ctl_server_close(server->ctl);
	pbx_fini(&server->pbx);
	host_set_records(server->host, NULL, NULL);
	record_file_close(&server->records);
	host_set_tap(server->host, NULL, NULL);
	host_free(server->host);
	if (close_trace(server) != EXIT_CODE_OK)
		code = EXIT_CODE_FAILED;
	return code;
}

static int serve(const struct serve_options *options, struct directory *directory,
		 const uint64_t map_secret[2])
{
	static struct server server;
	int code;

	server.options = options;
	server.first = directory;
	memcpy(server.map_secret, map_secret, sizeof(server.map_secret));
	if (event_log_open(&server.log, options->log)) {
		fprintf(stderr, "lampyrid serve: cannot write the log %s: %s\n", options->log,
			strerror(errno));
		return EXIT_CODE_FAILED;
	}
	code = run_on_host(&server, directory);
	event_log_close(&server.log);
	return code;
}

/* The file is good, so the check succeeds; the phones will think otherwise. */
static void warn_of_certificate(const struct tls_context *tls)
{
	char text[32];
	struct buf until = BUF_ON(text);
	enum certificate_age age = certificate_age(tls, &until);

	if (age == CERTIFICATE_EXPIRED)
		fprintf(stderr,
			"lampyrid serve: warning: the certificate has expired, on %.*s; phones "
			"will "
			"refuse it\n",
			SLICE_ARGS(buf_text(&until)));
	else if (age == CERTIFICATE_NOT_YET_VALID)
		fprintf(stderr, "lampyrid serve: warning: the certificate is not valid yet; phones "
				"will refuse it\n");
}

int cmd_serve(int argc, char **argv)
{
	struct serve_options options = { 0 };
	struct directory *directory;
	uint64_t map_secret[2];
	bool is_done = false;
	int code = serve_options_parse(argc, argv, &options, &is_done);

	if (code != EXIT_CODE_OK || is_done)
		return code;
	if (getrandom(map_secret, sizeof(map_secret), 0) != (ssize_t)sizeof(map_secret))
		return server_fail("the system gives no random bytes");
	code = read_config(options.config, map_secret, &directory);
	if (code != EXIT_CODE_OK)
		return code;
	if (options.is_check)
		warn_of_certificate(directory->tls);
	else
		code = serve(&options, directory, map_secret);
	directory_unref(directory);
	return code;
}
