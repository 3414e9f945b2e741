/* SPDX-License-Identifier: MIT */
/*
 * The listeners of a server, and what to do when one cannot be opened.
 */
#include "cmd/server.h"

#include "base/check.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>

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

void server_listen_print(struct buf *buf, const struct listen_addr *listen)
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

	server_listen_print(&buf, listen);
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
		server_log(server, "event=listener-skipped cause=\"no IPv6 on this machine\"");
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
		return server_fail("too many listeners; remove some under `listen`");
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

int server_open_listeners(struct server *server)
{
	const struct serve_options *options = server->options;
	const struct directory *directory = server->pbx.directory;
	const struct listen_addr *listen =
		options->listen_count > 0 ? options->listen : directory->listen;
	size_t count = options->listen_count > 0 ? options->listen_count : directory->listen_count;
	int code = EXIT_CODE_OK;

	for (size_t i = 0; i < count && code == EXIT_CODE_OK; i++)
		code = open_listener(server, &listen[i]);
	if (code == EXIT_CODE_OK && server->bound_count == 0)
		return server_fail("there is no address to listen on; add one under `listen`");
	return code == EXIT_CODE_OK ? open_outlets(server) : code;
}
