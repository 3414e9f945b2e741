/* SPDX-License-Identifier: MIT */
/*
 * The options of `lampyrid serve`, and where its configuration is looked for.
 */
#include "cmd/serve_options.h"

#include "base/check.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

#include <unistd.h>

#define CONFIG_HERE "./lampyrid.yaml"
#define CONFIG_SYSTEM "/etc/lampyrid/lampyrid.yaml"

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("serve", message, what);
}

static int add_listen(void *object, char *text)
{
	struct serve_options *options = object;
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

static const struct option_row option_rows[] = {
	{ "config", 'c', "FILE",
	  "the configuration (default: " CONFIG_HERE ", and if there is none, " CONFIG_SYSTEM ")",
	  OPTION_AT(struct serve_options, config) },
	{ "check", 0, NULL,
	  "only check the configuration: silent and exit code 0 when it is good, else a line for "
	  "each mistake and exit code 1",
	  OPTION_AT(struct serve_options, is_check) },
	{ "listen", 0, "ADDRESS",
	  "listen here instead of where the configuration says, such as udp:127.0.0.1:5060, "
	  "tcp:[::]:0 or tls:0.0.0.0:5061 (which needs tls in the configuration); may be given up "
	  "to 16 times; port 0 takes a free one, which is told at the start",
	  OPTION_BY(add_listen) },
	{ "trace", 0, "FILE",
	  "append every SIP message to FILE, for `lampyrid flow`; the file has names, numbers and "
	  "digests, and is for its owner only",
	  OPTION_AT(struct serve_options, trace) },
	{ "log", 0, "FILE", "append the log to FILE instead of standard error",
	  OPTION_AT(struct serve_options, log) },
};

static const struct option_set option_set = {
	.command = "serve",
	.intro =
		"usage: lampyrid serve [-c FILE] [--check] [--listen ADDRESS]... [--trace FILE]\n"
		"                      [--log FILE]\n"
		"\n"
		"Runs the call server: phones register with it, call each other through it, watch\n"
		"each other's lamps, pick up each other's calls, transfer and park them.\n"
		"\n",
	.outro = "\n"
		 "Signals: SIGHUP reads the configuration and the certificates again, without\n"
		 "dropping a call or a connection, and opens the log and the call records anew; a\n"
		 "bad configuration is refused and the old one stays. SIGTERM and SIGINT end the\n"
		 "server.\n"
		 "\n"
		 "Examples:\n"
		 "  lampyrid serve -c config/lampyrid.yaml\n"
		 "  lampyrid serve --check -c lampyrid.yaml\n"
		 "  lampyrid serve --listen udp:127.0.0.1:0 --trace calls.txt\n"
		 "`lampyrid ctl` looks into the running server; `lampyrid ctl reload` is SIGHUP, "
		 "and\n"
		 "prints what is wrong.\n",
	.rows = option_rows,
	.row_count = ARRAY_LEN(option_rows),
};

static int find_config(struct serve_options *options)
{
	static const char *const places[] = { CONFIG_HERE, CONFIG_SYSTEM };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
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
	int code = options_read(&option_set, argc, argv, options, ret_is_done);

	if (code != EXIT_CODE_OK || *ret_is_done)
		return code;
	if (optind < argc)
		return refuse_usage("what should this be? A configuration is named with -c",
				    argv[optind]);
	return options->config ? EXIT_CODE_OK : find_config(options);
}
