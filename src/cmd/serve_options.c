/* SPDX-License-Identifier: MIT */
/*
 * The options of `lampyrid serve`, and where its configuration is looked for.
 */
#include "cmd/serve_options.h"

#include "cmd/cmd.h"
#include "cmd/options.h"

#include <unistd.h>

#define CONFIG_HERE "./lampyrid.yaml"
#define CONFIG_SYSTEM "/etc/lampyrid/lampyrid.yaml"

static const char usage[] =
	"usage: lampyrid serve [-c FILE] [--check] [--listen ADDRESS]... [--trace FILE] [--log "
	"FILE]\n"
	"\n"
	"Runs the call server: phones register with it, call each other through it, watch\n"
	"each other's lamps, pick up each other's calls, transfer and park them.\n"
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
	"a call or a connection, and opens the log and the call records anew; a bad\n"
	"configuration is refused and the old one stays. SIGTERM and SIGINT end the server.\n"
	"\n"
	"Examples:\n"
	"  lampyrid serve -c config/lampyrid.yaml\n"
	"  lampyrid serve --check -c lampyrid.yaml\n"
	"  lampyrid serve --listen udp:127.0.0.1:0 --trace calls.txt\n"
	"`lampyrid ctl` looks into the running server; `lampyrid ctl reload` is SIGHUP, and\n"
	"prints what is wrong.\n";

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("serve", message, what);
}

static int add_listen(struct serve_options *options, const char *text)
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
	struct serve_options *options = object;

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

static int find_config(struct serve_options *options)
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

int serve_options_parse(int argc, char **argv, struct serve_options *options, bool *ret_is_done)
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
