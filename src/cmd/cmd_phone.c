/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid phone`: the phone on a host. Commands come from standard input, a line each; events go
 * to standard output, a line each.
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/tls_ca.h"
#include "crypto/tls.h"
#include "io/host.h"
#include "io/trace_file.h"
#include "phone/phone.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GOODBYE_MS 3000	 /* for a server that does not answer any more */
#define PATIENCE_MS 4000 /* of a person who waits for the first answer; by UDP it may take 32 s */
#define EVENT_MAX_BYTES (1u << 20)
#define EXPIRES_MIN_S 10
#define EXPIRES_MAX_S 86400
#define PASSWORD_MAX_BYTES 256
#define PASSWORD_VARIABLE "LAMPYRID_PASSWORD"

static const char usage[] =
	"usage: lampyrid phone --aor sip:USER@SERVER[:PORT] [--password PASSWORD] [--key KEY]...\n"
	"\n"
	"A phone for people and scripts: it registers, calls and is called, watches others by\n"
	"lamps on its keys, and picks up their calls. Signalling only: there is no sound.\n"
	"\n"
	"  --aor URI           who this phone is: sip:203@192.0.2.1:5060\n"
	"  --password TEXT     without one, a server that asks for it is not answered. Others on\n"
	"                      this machine may see it for a moment; the next two hide it\n"
	"  --password-file FILE\n"
	"                      the password is the first line of FILE\n"
	"  LAMPYRID_PASSWORD   in the environment: the password when neither is given\n"
	"  --auth-user NAME    when it differs from the user of the AOR\n"
	"  --name TEXT         the name that others see\n"
	"  --server ADDR:PORT  where the server is, when the AOR has a domain name: names are\n"
	"                      not looked up yet\n"
	"  --transport T       udp (default), tcp or tls; ;transport= of the AOR says the same\n"
	"  --tls-ca FILE       by TLS: the server's certificate must lead to one in FILE (PEM),\n"
	"                      in place of those that this machine trusts; a certificate that\n"
	"                      nobody else has signed is named itself. It must be for the\n"
	"                      server's name or address as the AOR has it\n"
	"  --listen ADDR:PORT  our own address (default: a free port; on loopback when the\n"
	"                      server is there)\n"
	"  --key N=blf:TARGET[,talking=WHAT]\n"
	"                      key N watches TARGET (202, or a SIP address). A press calls it\n"
	"                      when it is idle and picks up when it rings; while it talks, WHAT\n"
	"                      is calls (default), pickup (take the call over) or nothing\n"
	"  --key N=speed:TARGET\n"
	"                      key N calls TARGET\n"
	"  --pickup HOW        auto (default), replaces, target or code\n"
	"  --pickup-code CODE  *8 makes the pick-up of 202 a call to *8202\n"
	"  --expires SECONDS   of registration and subscriptions (default 3600)\n"
	"  --no-register       call and watch without registering\n"
	"  --json              events as JSON, an object a line\n"
	"  --trace FILE        append every SIP message to FILE, for `lampyrid flow`\n"
	"  -h, --help          this text\n"
	"\n"
	"Commands: dial TARGET, press N, answer [CALL], hangup [CALL], hold [CALL],\n"
	"resume [CALL], dnd on, dnd off, calls, lamps, register, unregister, help, quit. CALL\n"
	"is the number of a call; without it the one that is meant is taken. The end of the\n"
	"input is quit, too; so are SIGINT, SIGTERM and SIGHUP.\n"
	"\n"
	"Exit code: 0 done, 1 failed, 2 wrongly called, 3 it has never been registered: refused,\n"
	"not answered, or ended before the answer (not with --no-register).\n"
	"\n"
	"Example:\n"
	"  lampyrid phone --aor sip:203@127.0.0.1:5060 --password secret --key 1=blf:202\n";

struct options {
	struct phone_config phone;
	struct phone_key_config keys[PHONE_KEYS_MAX];
	struct addr server; /* ADDR_NONE: from the AOR */
	struct addr listen; /* ADDR_NONE: the default */
	const char *trace;  /* NULL: none */
	const char *tls_ca; /* NULL: whom the system trusts */
	struct slice host;  /* of the AOR: whom a server must prove to be */
	uint8_t transport;
	bool has_transport; /* said by --transport */
	bool is_json;
	char password[PASSWORD_MAX_BYTES]; /* where phone.password points */
};

/* One phone in one process. */
struct program {
	const struct options *options;
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

/* --- Options ------------------------------------------------------------------------------ */

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("phone", message, what);
}

static int set_talking(struct phone_key_config *key, struct slice option, const char *text)
{
	struct slice name, value;

	if (slice_is_empty(option))
		return EXIT_CODE_OK;
	slice_cut(option, '=', &name, &value);
	if (key->kind != PHONE_KEY_BLF || !slice_eq(name, SLICE("talking")))
		return refuse_usage("behind the comma only a blf key's talking= is known", text);
	if (slice_eq(value, SLICE("calls")))
		key->talking = PHONE_TALKING_CALLS;
	else if (slice_eq(value, SLICE("pickup")))
		key->talking = PHONE_TALKING_PICKS_UP;
	else if (slice_eq(value, SLICE("nothing")))
		key->talking = PHONE_TALKING_NOTHING;
	else
		return refuse_usage("talking= should be calls, pickup or nothing", text);
	return EXIT_CODE_OK;
}

/* "1=blf:202,talking=pickup" */
static int add_key(struct options *options, const char *text)
{
	struct phone_key_config *key = &options->keys[options->phone.key_count];
	struct slice number, rest, what, kind;
	uint32_t value;

	if (options->phone.key_count == PHONE_KEYS_MAX)
		return refuse_usage("there are too many keys", NULL);
	slice_cut(slice_from_cstr(text), '=', &number, &rest);
	if (slice_to_u32(number, 9999, &value) || value == 0)
		return refuse_usage("--key should begin with a number, as 1=blf:202", text);
	slice_cut(rest, ',', &what, &rest);
	slice_cut(what, ':', &kind, &key->target);
	if (slice_eq(kind, SLICE("blf")))
		key->kind = PHONE_KEY_BLF;
	else if (slice_eq(kind, SLICE("speed")))
		key->kind = PHONE_KEY_SPEED;
	else
		return refuse_usage("--key should be as 1=blf:202 or 2=speed:201", text);
	if (slice_is_empty(key->target))
		return refuse_usage("--key lacks the one to watch or call, as 1=blf:202", text);
	for (size_t i = 0; i < options->phone.key_count; i++)
		if (options->keys[i].number == value)
			return refuse_usage("--key was given twice for this number", text);
	key->number = value;
	options->phone.key_count++;
	return set_talking(key, rest, text);
}

static int set_pickup(struct options *options, const char *text)
{
	static const struct {
		const char *name;
		enum pickup_mode mode;
	} modes[] = { { "auto", PICKUP_AUTO },
		      { "replaces", PICKUP_BY_REPLACES },
		      { "target", PICKUP_BY_TARGET },
		      { "code", PICKUP_BY_CODE } };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (!strcmp(text, modes[i].name)) {
			options->phone.pickup = modes[i].mode;
			return EXIT_CODE_OK;
		}
	}
	return refuse_usage("--pickup should be auto, replaces, target or code", text);
}

static int set_password(struct options *options, struct slice text)
{
	if (text.n == 0 || text.n > sizeof(options->password))
		return refuse_usage("the password should have 1 to 256 bytes", NULL);
	memcpy(options->password, text.p, text.n);
	options->phone.password = slice_of(options->password, text.n);
	return EXIT_CODE_OK;
}

/* ps shows an argument for as long as it stands there. */
static int take_password_argument(struct options *options, char *text)
{
	int code = set_password(options, slice_from_cstr(text));

	explicit_bzero(text, strlen(text));
	return code;
}

static int read_password_file(struct options *options, const char *path)
{
	char text[PASSWORD_MAX_BYTES + 2];
	FILE *file = fopen(path, "re");
	struct slice line;
	size_t n;
	int code;

	if (!file)
		return refuse_usage(strerror(errno), path);
	n = fread(text, 1, sizeof(text), file);
	line = slice_head(slice_of(text, n), slice_find_char(slice_of(text, n), '\n'));
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	code = ferror(file) ? refuse_usage("cannot be read", path) : set_password(options, line);
	(void)fclose(file);
	explicit_bzero(text, sizeof(text));
	return code;
}

static int find_password(struct options *options)
{
	char *text = getenv(PASSWORD_VARIABLE);
	int code = EXIT_CODE_OK;

	if (!text || text[0] == '\0')
		return EXIT_CODE_OK;
	if (slice_is_empty(options->phone.password))
		code = set_password(options, slice_from_cstr(text));
	explicit_bzero(text, strlen(text));
	return code;
}

static int set_transport(struct options *options, const char *text)
{
	options->has_transport = true;
	if (transport_parse(slice_from_cstr(text), &options->transport))
		return refuse_usage("--transport should be udp, tcp or tls", text);
	return EXIT_CODE_OK;
}

static int set_addr(struct addr *addr, const char *message, const char *text)
{
	if (addr_parse(slice_from_cstr(text), addr))
		return refuse_usage(message, text);
	return EXIT_CODE_OK;
}

static int set_expires(struct options *options, const char *text)
{
	uint32_t seconds;

	if (slice_to_u32(slice_from_cstr(text), EXPIRES_MAX_S, &seconds) || seconds < EXPIRES_MIN_S)
		return refuse_usage("--expires should be a number from 10 to 86400", text);
	options->phone.expires_s = seconds;
	return EXIT_CODE_OK;
}

enum option_id {
	OPTION_AOR = 256,
	OPTION_PASSWORD,
	OPTION_PASSWORD_FILE,
	OPTION_AUTH_USER,
	OPTION_NAME,
	OPTION_SERVER,
	OPTION_TRANSPORT,
	OPTION_LISTEN,
	OPTION_TLS_CA,
	OPTION_KEY,
	OPTION_PICKUP,
	OPTION_PICKUP_CODE,
	OPTION_EXPIRES,
	OPTION_NO_REGISTER,
	OPTION_JSON,
	OPTION_TRACE,
	OPTION_HELP = 'h',
};

static const struct option long_options[] = {
	{ "aor", required_argument, NULL, OPTION_AOR },
	{ "password", required_argument, NULL, OPTION_PASSWORD },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "auth-user", required_argument, NULL, OPTION_AUTH_USER },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "server", required_argument, NULL, OPTION_SERVER },
	{ "transport", required_argument, NULL, OPTION_TRANSPORT },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "tls-ca", required_argument, NULL, OPTION_TLS_CA },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "pickup", required_argument, NULL, OPTION_PICKUP },
	{ "pickup-code", required_argument, NULL, OPTION_PICKUP_CODE },
	{ "expires", required_argument, NULL, OPTION_EXPIRES },
	{ "no-register", no_argument, NULL, OPTION_NO_REGISTER },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static int set_option(void *object, int id)
{
	struct options *options = object;

	switch (id) {
	case OPTION_AOR:
		options->phone.aor = slice_from_cstr(optarg);
		return EXIT_CODE_OK;
	case OPTION_PASSWORD:
		return take_password_argument(options, optarg);
	case OPTION_PASSWORD_FILE:
		return read_password_file(options, optarg);
	case OPTION_AUTH_USER:
		options->phone.auth_user = slice_from_cstr(optarg);
		return EXIT_CODE_OK;
	case OPTION_NAME:
		options->phone.display_name = slice_from_cstr(optarg);
		return EXIT_CODE_OK;
	case OPTION_SERVER:
		return set_addr(&options->server, "--server should be as 192.0.2.1:5060", optarg);
	case OPTION_TRANSPORT:
		return set_transport(options, optarg);
	case OPTION_LISTEN:
		return set_addr(&options->listen, "--listen should be as 127.0.0.1:0", optarg);
	case OPTION_TLS_CA:
		options->tls_ca = optarg;
		return EXIT_CODE_OK;
	case OPTION_KEY:
		return add_key(options, optarg);
	case OPTION_PICKUP:
		return set_pickup(options, optarg);
	case OPTION_PICKUP_CODE:
		options->phone.pickup_code = slice_from_cstr(optarg);
		return EXIT_CODE_OK;
	case OPTION_EXPIRES:
		return set_expires(options, optarg);
	case OPTION_NO_REGISTER:
		options->phone.is_unregistered = true;
		return EXIT_CODE_OK;
	case OPTION_JSON:
		options->is_json = true;
		return EXIT_CODE_OK;
	case OPTION_TRACE:
		options->trace = optarg;
		return EXIT_CODE_OK;
	default:
		return EXIT_CODE_USAGE; /* no row of long_options has another value */
	}
}

/* The AOR's own word on it (RFC 3261 19.1.1) counts as --transport does. */
static int find_transport(struct options *options, const struct sip_uri *aor)
{
	struct slice value;
	uint8_t transport;

	if (!sip_param(aor->params, SLICE("transport"), &value))
		return EXIT_CODE_OK;
	if (transport_parse(value, &transport))
		return refuse_usage("the transport of --aor should be udp, tcp or tls",
				    options->phone.aor.p);
	if (options->has_transport && transport != options->transport)
		return refuse_usage("--transport contradicts the transport of --aor",
				    options->phone.aor.p);
	options->transport = transport;
	return EXIT_CODE_OK;
}

/* The AOR's host as an address, when it is one. */
static int find_server(struct options *options)
{
	struct sip_uri uri;

	if (slice_is_empty(options->phone.aor))
		return refuse_usage("--aor is missing, as --aor sip:203@192.0.2.1:5060", NULL);
	if (sip_uri_parse(options->phone.aor, &uri) || uri.scheme != URI_SIP ||
	    slice_is_empty(uri.user))
		return refuse_usage("--aor should be as sip:203@192.0.2.1:5060",
				    options->phone.aor.p);
	if (find_transport(options, &uri) != EXIT_CODE_OK)
		return EXIT_CODE_USAGE;
	options->host = uri.host;
	if (options->server.family != ADDR_NONE)
		return EXIT_CODE_OK;
	if (slice_eq_nocase(uri.host, SLICE("localhost")))
		uri.host = SLICE("127.0.0.1");
	if (addr_parse_ip(uri.host, &options->server)) {
		fprintf(stderr,
			"lampyrid phone: the server '%.*s' is a name, and names are not looked up "
			"yet; say where it is by --server ADDRESS:PORT\n",
			SLICE_ARGS(uri.host));
		return EXIT_CODE_USAGE;
	}
	options->server.port = uri.port ? uri.port : transport_port(options->transport);
	return EXIT_CODE_OK;
}

static int find_listen(struct options *options)
{
	struct addr *listen = &options->listen;

	if (listen->family != ADDR_NONE && listen->family != options->server.family)
		return refuse_usage("--listen and the server should both be IPv4 or both IPv6",
				    NULL);
	if (listen->family != ADDR_NONE)
		return EXIT_CODE_OK;
	*listen = (struct addr){ .family = options->server.family };
	if (addr_is_loopback(&options->server))
		memcpy(listen->ip, options->server.ip, sizeof(listen->ip));
	return EXIT_CODE_OK;
}

/* *ret_is_done: help was asked for and given. */
static int parse_options(int argc, char **argv, struct options *options, bool *ret_is_done)
{
	static const struct option_set set = {
		.command = "phone",
		.usage = usage,
		.letters = ":h",
		.longs = long_options,
		.set = set_option,
	};
	int code = options_read(&set, argc, argv, options, ret_is_done);

	if (code != EXIT_CODE_OK || *ret_is_done)
		return code;
	if (optind < argc)
		return refuse_usage("it takes options only", argv[optind]);
	options->phone.keys = options->keys;
	if (options->phone.pickup == PICKUP_BY_CODE && slice_is_empty(options->phone.pickup_code))
		return refuse_usage("--pickup code needs a --pickup-code", NULL);
	code = find_password(options);
	if (code == EXIT_CODE_OK)
		code = find_server(options);
	return code == EXIT_CODE_OK ? find_listen(options) : code;
}

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
	const struct options *options = program->options;
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
	const struct options *options = program->options;
	struct flow *server = &program->server;

	if (options->transport == TRANSPORT_TLS)
		return host_open_outlet(program->host, options->transport, &options->listen,
					&server->local, &server->listener);
	return host_listen(program->host, options->transport, &options->listen, &server->local,
			   &server->listener);
}

static int open_network(struct program *program)
{
	const struct options *options = program->options;
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
	struct options options = { .transport = TRANSPORT_UDP };
	struct host_user user = { .user = &program,
				  .on_message = on_message,
				  .on_connection_lost = on_connection_lost,
				  .on_turn_end = on_turn_end };
	bool is_done = false;
	int code = parse_options(argc, argv, &options, &is_done);
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
