/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid serve`: the switch on a host. Reads the configuration, opens the listeners, says where
 * it can be reached, and runs until a signal ends it.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/json.h"
#include "base/wall.h"
#include "cmd/certificate.h"
#include "cmd/cmd.h"
#include "cmd/ctl_answer.h"
#include "cmd/event_log.h"
#include "cmd/greeting.h"
#include "cmd/options.h"
#include "cmd/record_file.h"
#include "conf/conf.h"
#include "crypto/tls.h"
#include "io/ctl_socket.h"
#include "io/host.h"
#include "io/trace_file.h"
#include "pbx/pbx.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define CONFIG_HERE "./lampyrid.yaml"
#define CONFIG_SYSTEM "/etc/lampyrid/lampyrid.yaml"
#define GOODBYE_MS 200
#define RECORDS_TOLD_MS 60000 /* how often the log says that records cannot be written */
#define EVENT_MAX_BYTES (CONF_MISTAKE_MAX_BYTES + 256)

static const char usage[] =
	"usage: lampyrid serve [-c FILE] [--check] [--listen ADDRESS]... [--trace FILE] [--log "
	"FILE]\n"
	"\n"
	"Runs the call server: phones register with it, call each other through it, watch\n"
	"each other's lamps and pick up each other's calls.\n"
	"\n"
	"  -c, --config FILE   the configuration (default: " CONFIG_HERE ", and if there is\n"
	"                      none, " CONFIG_SYSTEM ")\n"
	"  --check             only check the configuration: silent and exit code 0 when it\n"
	"                      is good, else a line for each mistake and exit code 1\n"
	"  --listen ADDRESS    listen here instead of where the configuration says, such as\n"
	"                      udp:127.0.0.1:5060, tcp:[::]:0 or tls:0.0.0.0:5061 (which needs\n"
	"                      tls in the configuration); may be given up to 16 times;\n"
	"                      port 0 takes a free one, which is told at the start\n"
	"  --trace FILE        append every SIP message to FILE, for `lampyrid flow`; the file\n"
	"                      has names, numbers and digests, and is for its owner only\n"
	"  --log FILE          append the log to FILE instead of standard error\n"
	"  -h, --help          this text\n"
	"\n"
	"Signals: SIGHUP reads the configuration and the certificates again, without dropping\n"
	"a call or a connection, and opens the log file anew; a bad configuration is refused\n"
	"and the old one stays. SIGTERM and SIGINT end the server.\n"
	"\n"
	"Examples:\n"
	"  lampyrid serve -c config/lampyrid.yaml\n"
	"  lampyrid serve --check -c lampyrid.yaml && pkill -HUP lampyrid\n"
	"  lampyrid serve --listen udp:127.0.0.1:0 --trace calls.txt\n";

struct options {
	const char *config;
	const char *trace;				    /* NULL: none */
	const char *log;				    /* NULL: standard error */
	struct listen_addr listen[DIRECTORY_LISTENERS_MAX]; /* [listen_count] */
	size_t listen_count;				    /* 0: as the configuration says */
	bool is_check;
};

/* One server in one process. */
struct server {
	const struct options *options;
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

/* --- Options ------------------------------------------------------------------------------ */

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("serve", message, what);
}

static int add_listen(struct options *options, const char *text)
{
	struct listen_addr *listen = &options->listen[options->listen_count];
	struct slice transport, addr;

	if (options->listen_count == DIRECTORY_LISTENERS_MAX)
		return refuse_usage("--listen was given more than 16 times", NULL);
	slice_cut(slice_from_cstr(text), ':', &transport, &addr);
	if (transport_parse(transport, &listen->transport))
		return refuse_usage("--listen should begin with udp:, tcp: or tls:", text);
	if (addr_parse(addr, &listen->addr))
		return refuse_usage("--listen should be as udp:192.0.2.1:5060 or tcp:[::1]:5060",
				    text);
	options->listen_count++;
	return EXIT_CODE_OK;
}

enum option_id {
	OPTION_CHECK = 256,
	OPTION_LISTEN,
	OPTION_TRACE,
	OPTION_LOG,
	OPTION_HELP = 'h',
	OPTION_CONFIG = 'c',
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static int set_option(void *object, int id)
{
	struct options *options = object;

	switch (id) {
	case OPTION_CONFIG:
		options->config = optarg;
		return EXIT_CODE_OK;
	case OPTION_CHECK:
		options->is_check = true;
		return EXIT_CODE_OK;
	case OPTION_LISTEN:
		return add_listen(options, optarg);
	case OPTION_TRACE:
		options->trace = optarg;
		return EXIT_CODE_OK;
	case OPTION_LOG:
		options->log = optarg;
		return EXIT_CODE_OK;
	default:
		return EXIT_CODE_USAGE; /* no row of long_options has another value */
	}
}

static int find_config(struct options *options)
{
	static const char *const places[] = { CONFIG_HERE, CONFIG_SYSTEM };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], F_OK) == 0) {
			options->config = places[i];
			return EXIT_CODE_OK;
		}
	}
	return refuse_usage("no configuration: there is neither " CONFIG_HERE " nor " CONFIG_SYSTEM
			    "; name one with -c FILE",
			    NULL);
}

/* *ret_is_done: help was asked for and given. */
static int parse_options(int argc, char **argv, struct options *options, bool *ret_is_done)
{
	static const struct option_set set = {
		.command = "serve",
		.usage = usage,
		.letters = ":hc:",
		.longs = long_options,
		.set = set_option,
	};
	int code = options_read(&set, argc, argv, options, ret_is_done);

	if (code != EXIT_CODE_OK || *ret_is_done)
		return code;
	if (optind < argc)
		return refuse_usage("what should this be? A configuration is named with -c",
				    argv[optind]);
	return options->config ? EXIT_CODE_OK : find_config(options);
}

/* --- Configuration ------------------------------------------------------------------------ */

static int fail(const char *message)
{
	fprintf(stderr, "lampyrid serve: %s\n", message);
	return EXIT_CODE_FAILED;
}

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

/* --- The log ------------------------------------------------------------------------------ */

static void log_event(struct server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void log_event(struct server *server, const char *format, ...)
{
	char text[EVENT_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	va_list args;

	va_start(args, format);
	buf_vprintf(&buf, format, args);
	va_end(args);
	event_log_line(&server->log, buf_text(&buf));
}

/* --- Call records ------------------------------------------------------------------------- */

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
	log_event(server, "event=records-unwritten path=%s lost=%llu cause=\"%s\"", file->path,
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

static void reopen_records(struct server *server)
{
	int err = open_records(server);

	if (err)
		log_event(server, "event=records-kept path=%s cause=\"%s\"", server->records.path,
			  records_remedy(err, errno));
}

static int start_records(struct server *server)
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

/* --- Reload ------------------------------------------------------------------------------- */

static void log_report(struct server *server, const struct conf_report *report, int err)
{
	log_event(server, "event=reload config=%s result=refused mistakes=%zu cause=\"%s\"",
		  server->options->config, report->count + report->left_out, err_text(err));
	for (size_t i = 0; i < report->count; i++)
		log_event(server, "event=mistake text=\"%s\"", report->mistakes[i].text);
}

static bool listens_same(const struct directory *a, const struct directory *b)
{
	if (a->listen_count != b->listen_count)
		return false;
	for (size_t i = 0; i < a->listen_count; i++)
		if (a->listen[i].transport != b->listen[i].transport ||
		    !addr_eq(&a->listen[i].addr, &b->listen[i].addr))
			return false;
	return true;
}

static void log_certificate(struct server *server, const struct tls_context *tls)
{
	char text[32];
	struct buf until = BUF_ON(text);
	enum certificate_age age = certificate_age(tls, &until);

	if (age != CERTIFICATE_NONE)
		log_event(server, "event=certificate state=%s until=%.*s",
			  certificate_age_word(age), SLICE_ARGS(buf_text(&until)));
}

/* New connections begin with it; those that stand are not disturbed. */
static void take_certificate(struct server *server, struct tls_context *tls)
{
	if (!tls || (!tls_context_can_accept(tls) && server->has_tls_listener)) {
		if (server->has_tls_listener)
			log_event(server, "event=certificate-kept cause=\"tls has no certificate "
					  "any more; the old one stays until a restart\"");
		return;
	}
	host_set_tls(server->host, tls);
	log_certificate(server, tls);
}

/* The report is the last reload's; *ret_note is for a person, NULL: all is said. */
static int reload(void *ctx, const struct conf_report **ret_report, const char **ret_note)
{
	static const char restart_needed[] =
		"listen or ctl has changed; the old ones stay until the server is restarted";
	static struct conf_report report;
	struct server *server = ctx;
	struct directory *directory;
	bool is_same;
	int err;

	*ret_report = &report;
	*ret_note = NULL;
	if (event_log_reopen(&server->log))
		log_event(server, "event=log-kept cause=\"%s\"", strerror(errno));
	err = conf_read_file(server->options->config, server->map_secret, &report, &directory);
	if (err) {
		reopen_records(server);
		log_report(server, &report, err);
		return err;
	}
	is_same = (server->options->listen_count > 0 || listens_same(directory, server->first)) &&
		  slice_eq(directory->ctl, server->first->ctl) &&
		  directory->is_ctl_off == server->first->is_ctl_off;
	pbx_set_directory(&server->pbx, directory);
	take_certificate(server, directory->tls);
	reopen_records(server);
	log_event(server, "event=reload config=%s result=taken extensions=%zu",
		  server->options->config, directory->extensions.count);
	if (!is_same) {
		*ret_note = restart_needed;
		log_event(server, "event=restart-needed cause=\"%s\"", restart_needed);
	}
	directory_unref(directory);
	return 0;
}

static void on_reload(void *ctx, int signum)
{
	const struct conf_report *report;
	const char *note;

	(void)signum;
	(void)reload(ctx, &report, &note);
}

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
	log_event(server, "event=stop signal=%s", signum == SIGINT ? "SIGINT" : "SIGTERM");
	pbx_stop(&server->pbx);
	timer_start(host_timers(server->host), &server->goodbye, GOODBYE_MS, on_goodbye);
}

/* --- Listeners ---------------------------------------------------------------------------- */

static const char *listen_remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program has this address (`ss -lntup` tells which; perhaps "
		       "another lampyrid): end it, or choose another port";
	case EADDRNOTAVAIL:
		return "this machine has no such address; `ip address` shows those it has";
	case EACCES:
		return "not allowed; ports below 1024 need root";
	case EAFNOSUPPORT:
		return "this machine has no IPv6; remove the address";
	default:
		return strerror(error);
	}
}

static void print_listen(struct buf *buf, const struct listen_addr *listen)
{
	buf_slice(buf, transport_word(listen->transport));
	buf_char(buf, ':');
	addr_print(buf, &listen->addr);
}

static int fail_listen(const struct server *server, const struct listen_addr *listen, int err,
		       int error)
{
	char text[ADDR_TEXT_MAX + 8];
	struct buf buf = BUF_ON(text);

	print_listen(&buf, listen);
	if (err == ERR_STATE) {
		fprintf(stderr,
			"lampyrid serve: cannot listen on %.*s: it needs a certificate; add tls: "
			"{certificate: FILE, key: FILE} to %s\n",
			SLICE_ARGS(buf_text(&buf)), server->options->config);
		return EXIT_CODE_FAILED;
	}
	fprintf(stderr, "lampyrid serve: cannot listen on %.*s: %s\n", SLICE_ARGS(buf_text(&buf)),
		err == ERR_IO ? listen_remedy(error) : err_text(err));
	if (server->options->listen_count == 0)
		fprintf(stderr, "It stands under `listen` in %s.\n", server->options->config);
	return EXIT_CODE_FAILED;
}

/* On a machine without IPv6 "every IPv6 address" is none: nothing to open, nothing wrong. */
static bool is_needless(const struct listen_addr *listen, int err, int error)
{
	return err == ERR_IO && error == EAFNOSUPPORT && listen->addr.family == ADDR_IPV6 &&
	       addr_is_any(&listen->addr);
}

static int open_listener(struct server *server, const struct listen_addr *listen)
{
	struct listen_addr *bound = &server->bound[server->bound_count];
	uint8_t index;
	int err, error;

	errno = 0;
	err = host_listen(server->host, listen->transport, &listen->addr, &bound->addr, &index);
	error = errno;
	if (is_needless(listen, err, error)) {
		log_event(server, "event=listener-skipped cause=\"no IPv6 on this machine\"");
		return EXIT_CODE_OK;
	}
	if (err)
		return fail_listen(server, listen, err, error);
	bound->transport = listen->transport;
	if (listen->transport == TRANSPORT_TLS)
		server->has_tls_listener = true;
	server->bound_count++;
	/* A wildcard is known by the address that each message came to. */
	if (!addr_is_any(&bound->addr) && pbx_add_own_address(&server->pbx, &bound->addr))
		return fail("too many listeners; remove some under `listen`");
	return EXIT_CODE_OK;
}

/* Who has a section tls but no listener by it can still call others. */
static int open_outlets(struct server *server)
{
	static const uint8_t families[] = { ADDR_IPV4, ADDR_IPV6 };

	if (server->has_tls_listener || !server->pbx.directory->tls)
		return EXIT_CODE_OK;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct listen_addr outlet = { .transport = TRANSPORT_TLS,
					      .addr = { .family = families[i] } };
		struct addr held;
		uint8_t index;
		int err;

		errno = 0;
		err = host_open_outlet(server->host, TRANSPORT_TLS, &outlet.addr, &held, &index);
		if (err && !is_needless(&outlet, err, errno))
			return fail_listen(server, &outlet, err, errno);
	}
	return EXIT_CODE_OK;
}

static int open_listeners(struct server *server)
{
	const struct options *options = server->options;
	const struct directory *directory = server->pbx.directory;
	const struct listen_addr *listen =
		options->listen_count > 0 ? options->listen : directory->listen;
	size_t count = options->listen_count > 0 ? options->listen_count : directory->listen_count;
	int code = EXIT_CODE_OK;

	for (size_t i = 0; i < count && code == EXIT_CODE_OK; i++)
		code = open_listener(server, &listen[i]);
	if (code == EXIT_CODE_OK && server->bound_count == 0)
		return fail("there is no address to listen on; add one under `listen`");
	return code == EXIT_CODE_OK ? open_outlets(server) : code;
}

/* --- The control socket ------------------------------------------------------------------- */

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void print_status(void *ctx, struct buf *buf)
{
	const struct server *server = ctx;
	uint64_t now_ms = host_timers(server->host)->now_ms;
	char text[ADDR_TEXT_MAX + 8];
	struct buf piece = BUF_ON(text);

	json_number(buf, "pid", (uint64_t)getpid());
	wall_print(&piece, server->start_wall_ms);
	json_text(buf, "started", buf_text(&piece));
	json_number(buf, "uptime", (now_ms - server->start_ms) / 1000);
	json_text(buf, "config", slice_from_cstr(server->options->config));
	json_array_begin(buf, "listeners");
	for (size_t i = 0; i < server->bound_count; i++) {
		piece.n = 0;
		print_listen(&piece, &server->bound[i]);
		json_text(buf, NULL, buf_text(&piece));
	}
	json_array_end(buf);
	json_number(buf, "log_dropped", event_log_dropped(&server->log));
	if (server->records.fd < 0)
		return;
	json_object_begin(buf, "records");
	json_text(buf, "path", slice_from_cstr(server->records.path));
	json_number(buf, "told", server->records.told);
	json_number(buf, "lost", server->records.lost);
	json_number(buf, "waiting_bytes", server->records.waiting_n);
	json_object_end(buf);
}

static const char *ctl_remedy(int err, int error)
{
	if (err == ERR_EXISTS)
		return "another lampyrid answers there: end it, or choose another path under `ctl`";
	if (err == ERR_DENIED)
		return "the folder, or what stands there, is not ours alone to write: choose a "
		       "path in a folder of this user under `ctl`";
	return err == ERR_IO ? strerror(error) : err_text(err);
}

static int open_ctl_at(struct server *server, const char *path)
{
	const struct ctl_user user = ctl_answer_user(&server->door);
	int err;

	server->door = (struct ctl_door){ &server->pbx, server, print_status, reload };
	errno = 0;
	err = ctl_server_open(server->host, path, &user, &server->ctl);
	if (!err)
		log_event(server, "event=ctl path=%s", path);
	return err;
}

/* Where nobody has chosen a place the server runs without, if it must. */
static void open_usual_ctl(struct server *server)
{
	char path[CTL_PATH_MAX];
	int err = ERR_NOTFOUND;

	for (unsigned i = 0; err && err != ERR_EXISTS && ctl_place(i, path); i++)
		if (ctl_place_make(path))
			err = open_ctl_at(server, path);
	if (err)
		log_event(server, "event=ctl-off cause=\"%s\"",
			  err == ERR_NOTFOUND ? "there is no usual place for it"
					      : ctl_remedy(err, errno));
}

static int open_ctl(struct server *server)
{
	const struct directory *directory = server->pbx.directory;
	char path[CTL_PATH_MAX] = { 0 };
	int err;

	if (directory->is_ctl_off)
		return EXIT_CODE_OK;
	if (slice_is_empty(directory->ctl)) {
		open_usual_ctl(server);
		return EXIT_CODE_OK;
	}
	CHECK(directory->ctl.n < sizeof(path)); /* conf_take_ctl() */
	memcpy(path, directory->ctl.p, directory->ctl.n);
	err = open_ctl_at(server, path);
	if (!err)
		return EXIT_CODE_OK;
	fprintf(stderr, "lampyrid serve: cannot make the control socket %s: %s\n", path,
		ctl_remedy(err, errno));
	return EXIT_CODE_FAILED;
}

/* --- The server --------------------------------------------------------------------------- */

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
	    host_on_signal(server->host, SIGHUP, on_reload, server))
		return fail("the system refuses signal handlers");
	return EXIT_CODE_OK;
}

static int run(struct server *server)
{
	int code = watch_signals(server);

	if (code == EXIT_CODE_OK)
		code = open_trace(server);
	take_certificate(server, server->pbx.directory->tls);
	if (code == EXIT_CODE_OK)
		code = open_listeners(server);
	if (code == EXIT_CODE_OK)
		code = start_records(server);
	if (code == EXIT_CODE_OK)
		code = open_ctl(server);
	if (code != EXIT_CODE_OK)
		return code;
	greeting_print(server->pbx.directory, server->bound, server->bound_count,
		       server->options->config);
	log_event(server, "event=start version=" LAMPYRID_VERSION " pid=%ld extensions=%zu",
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
	return fail("the trace is incomplete: it could not be written");
}

static int run_on_host(struct server *server, struct directory *directory)
{
	const struct host_user user = { server, on_message, on_connection_lost, on_turn_end };
	int code, err = host_new(&user, &server->host);

	if (err)
		return fail("the system gives no event loop or no memory");
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

static int serve(const struct options *options, struct directory *directory,
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
	struct options options = { 0 };
	struct directory *directory;
	uint64_t map_secret[2];
	bool is_done = false;
	int code = parse_options(argc, argv, &options, &is_done);

	if (code != EXIT_CODE_OK || is_done)
		return code;
	if (getrandom(map_secret, sizeof(map_secret), 0) != (ssize_t)sizeof(map_secret))
		return fail("the system gives no random bytes");
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
