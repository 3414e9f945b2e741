/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid phone`: the phone on a host. Commands come from standard input, a line each; events go
 * to standard output, a line each.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/phone_options.h"
#include "cmd/tls_ca.h"
#include "crypto/tls.h"
#include "io/host.h"
#include "io/trace_file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define GOODBYE_MS 3000	 /* for a server that does not answer any more */
#define PATIENCE_MS 4000 /* of a person who waits for the first answer; by UDP it may take 32 s */
#define EVENT_MAX_BYTES (1u << 20)

/* One phone in one process. */
struct program {
	const struct phone_options *options;
	struct host *host;
	struct phone phone;
	struct flow server;
	struct trace_file *trace;
	struct timer goodbye;
	struct timer patience; /* runs until the server has said something to the first REGISTER */
	bool was_registered;
	bool is_output_lost;
	char text[EVENT_MAX_BYTES]; /* the event being printed */
};

/* --- Running ------------------------------------------------------------------------------ */

static void on_goodbye(struct timer *timer)
{
	struct program *program = CONTAINER_OF(timer, struct program, goodbye);

	host_stop(program->host);
}

/* The second time without waiting for anybody. */
static void quit(struct program *program)
{
	if (program->phone.is_stopping)
		host_stop(program->host);
	else
		phone_stop(&program->phone);
}

static void on_impatience(struct timer *timer)
{
	const struct program *program = CONTAINER_OF(timer, struct program, patience);
	const struct flow *server = &program->server;
	char text[ADDR_TEXT_MAX];
	struct buf addr = BUF_ON(text);

	addr_print(&addr, &server->peer);
	fprintf(stderr, "lampyrid phone: no answer from %.*s by %.*s yet, still trying\n",
		SLICE_ARGS(buf_text(&addr)), SLICE_ARGS(transport_word(server->transport)));
}

static void note_registration(struct program *program, const struct phone_event *event)
{
	if (event->kind != PHONE_REGISTERED && event->kind != PHONE_UNREGISTERED)
		return;
	timer_stop(host_timers(program->host), &program->patience);
	if (event->kind == PHONE_REGISTERED)
		program->was_registered = true;
}

static void on_event(void *user, const struct phone_event *event)
{
	struct program *program = user;
	struct buf buf = BUF_ON(program->text);

	note_registration(program, event);
	if (program->is_output_lost)
		return;
	phone_event_print_line(&buf, event, program->options->is_json);
	/* Nobody is left who reads: the next turn ends it. */
	if (fwrite(buf.p, 1, buf.n, stdout) != buf.n || fflush(stdout))
		program->is_output_lost = true;
}

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	struct program *program = user;

	phone_on_message(&program->phone, flow, bytes);
}

static void on_connection_lost(void *user, struct handle conn)
{
	struct program *program = user;
	struct flow flow;

	if (host_conn_flow(program->host, conn, &flow) == 0)
		phone_on_connection_lost(&program->phone, &flow);
}

static void on_turn_end(void *user)
{
	struct program *program = user;
	struct phone *phone = &program->phone;

	if (program->is_output_lost && !phone->is_stopping)
		phone_stop(phone);
	phone_on_turn_end(phone);
	if (!phone->is_stopping)
		return;
	if (phone_is_stopped(phone))
		host_stop(program->host);
	else if (!program->goodbye.is_running)
		timer_start(host_timers(program->host), &program->goodbye, GOODBYE_MS, on_goodbye);
}

static void on_line(void *ctx, struct slice line, bool is_end)
{
	struct program *program = ctx;

	if (!is_end)
		phone_command(&program->phone, line);
	else if (!program->phone.is_stopping)
		quit(program);
}

static void on_signal(void *ctx, int signum)
{
	(void)signum;
	quit(ctx);
}

/* --- Starting ----------------------------------------------------------------------------- */

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "lampyrid phone: %s: %s\n", what, why);
	return EXIT_CODE_FAILED;
}

static int fail_addr(const char *what, const struct addr *addr, const char *why)
{
	char text[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(text);

	addr_print(&buf, addr);
	fprintf(stderr, "lampyrid phone: %s %.*s: %s\n", what, SLICE_ARGS(buf_text(&buf)), why);
	return EXIT_CODE_FAILED;
}

/* Whom the server must prove to be: the domain of the AOR, before any look-up (RFC 5922 4). */
static int begin_tls(struct program *program)
{
	const struct phone_options *options = program->options;
	struct tls_context *context;
	struct addr numeric;
	int code = tls_ca_read("phone", options->tls_ca, &context);

	if (code != EXIT_CODE_OK)
		return code;
	host_set_tls(program->host, context);
	tls_context_unref(context);
	if (!addr_parse_ip(options->host, &numeric))
		return EXIT_CODE_OK;
	if (host_env(program->host)->name(program->host, options->host, &program->server.name))
		return fail("the server's name", "it is no name that a certificate could have");
	return EXIT_CODE_OK;
}

/* By TLS nobody can call us but by the connection that we have opened. */
static int open_listener(struct program *program)
{
	const struct phone_options *options = program->options;
	struct flow *server = &program->server;

	if (options->transport == TRANSPORT_TLS)
		return host_open_outlet(program->host, options->transport, &options->listen,
					&server->local, &server->listener);
	return host_listen(program->host, options->transport, &options->listen, &server->local,
			   &server->listener);
}

static int open_network(struct program *program)
{
	const struct phone_options *options = program->options;
	struct flow *server = &program->server;
	int err;

	server->transport = options->transport;
	server->peer = options->server;
	if (options->transport == TRANSPORT_TLS) {
		int code = begin_tls(program);

		if (code != EXIT_CODE_OK)
			return code;
	}
	err = open_listener(program);
	if (err)
		return fail_addr("it cannot listen on", &options->listen,
				 err == ERR_IO ? strerror(errno) : err_text(err));
	if (host_local_addr(program->host, server, &server->local))
		return fail_addr("there is no way to the server at", &server->peer,
				 strerror(errno));
	return EXIT_CODE_OK;
}

static int start_phone(struct program *program)
{
	struct phone_config config = program->options->phone;
	int err;

	config.server = program->server;
	err = phone_init(&program->phone, host_env(program->host), host_timers(program->host),
			 &config, on_event, program);
	if (err == ERR_SYNTAX)
		return fail("one of the addresses in --aor and --key is wrong", err_text(err));
	if (err)
		return fail("it cannot start", err_text(err));
	return EXIT_CODE_OK;
}

/* What the user has to know of the host's log: a line was not taken, or TLS does not work. */
static void on_log(void *ctx, struct slice line)
{
	static const struct slice tls = SLICE_INIT("event=connection-closed reason=tls ");

	(void)ctx;
	if (slice_starts_with(line, tls))
		fprintf(stderr, "lampyrid phone: no TLS with the server: %.*s\n",
			SLICE_ARGS(slice_from(line, tls.n)));
	if (slice_starts_with(line, SLICE("event=line-too-long")))
		fprintf(stderr, "lampyrid phone: a command of more than %d bytes was skipped\n",
			HOST_LINE_MAX_BYTES);
}

static int talk(struct program *program)
{
	struct host *host = program->host;
	bool registers = !program->options->phone.is_unregistered;

	phone_start(&program->phone);
	if (registers)
		timer_start(host_timers(host), &program->patience, PATIENCE_MS, on_impatience);
	host_run(host);
	if (!registers || program->was_registered)
		return EXIT_CODE_OK;
	fputs("lampyrid phone: it was never registered\n", stderr);
	return EXIT_CODE_UNREGISTERED;
}

static int run_phone(struct program *program)
{
	struct host *host = program->host;
	int code = start_phone(program);

	if (code != EXIT_CODE_OK)
		return code;
	if (host_on_signal(host, SIGINT, on_signal, program) ||
	    host_on_signal(host, SIGTERM, on_signal, program) ||
	    host_on_signal(host, SIGHUP, on_signal, program) ||
	    host_read_lines(host, STDIN_FILENO, on_line, program)) {
		code = fail("it cannot read its commands", strerror(errno));
	} else {
		code = talk(program);
	}
	timer_stop(host_timers(host), &program->goodbye);
	timer_stop(host_timers(host), &program->patience);
	phone_fini(&program->phone);
	return code;
}

static int run_on_host(struct program *program)
{
	const char *path = program->options->trace;
	int code = open_network(program);

	if (code != EXIT_CODE_OK)
		return code;
	if (path && trace_file_open(path, &program->trace))
		return fail(path, strerror(errno));
	if (program->trace)
		host_set_tap(program->host, trace_file_tap, program->trace);
	code = run_phone(program);
	host_set_tap(program->host, NULL, NULL);
	if (program->trace && trace_file_close(program->trace) && code == EXIT_CODE_OK)
		code = fail(path, "could not be written");
	return code;
}

int cmd_phone(int argc, char **argv)
{
	static struct program program;
	struct phone_options options = { .transport = TRANSPORT_UDP };
	struct host_user user = { .user = &program,
				  .on_message = on_message,
				  .on_connection_lost = on_connection_lost,
				  .on_turn_end = on_turn_end };
	bool is_done = false;
	int code = phone_options_parse(argc, argv, &options, &is_done);
	int err;

	if (code != EXIT_CODE_OK || is_done)
		return code;
	program.options = &options;
	err = host_new(&user, &program.host);
	if (err)
		return fail("it cannot start", err_text(err));
	host_set_log(program.host, on_log, NULL);
	code = run_on_host(&program);
	host_free(program.host);
	return code;
}
