/* SPDX-License-Identifier: MIT */
/*
 * Another configuration for a server that runs: it is taken whole, or the old one stays.
 */
#include "cmd/server.h"

#include "base/err.h"
#include "cmd/certificate.h"
#include "crypto/tls.h"

#include <errno.h>

static void log_report(struct server *server, const struct conf_report *report, int err)
{
	server_log(server, "event=reload config=%s result=refused mistakes=%zu cause=\"%s\"",
		   server->options->config, report->count + report->left_out, err_text(err));
	for (size_t i = 0; i < report->count; i++)
		server_log(server, "event=mistake text=\"%s\"", report->mistakes[i].text);
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

static bool asks_same(const struct directory *a, const struct directory *b)
{
	if (a->dns_count != b->dns_count)
		return false;
	for (size_t i = 0; i < a->dns_count; i++)
		if (!addr_eq(&a->dns[i], &b->dns[i]))
			return false;
	return true;
}

/* The first tls comes with a way out (server_open_listeners()). */
static bool can_be_taken_now(const struct server *server, const struct directory *directory)
{
	const struct directory *first = server->first;

	return (server->options->listen_count > 0 || listens_same(directory, first)) &&
	       slice_eq(directory->ctl, first->ctl) && directory->is_ctl_off == first->is_ctl_off &&
	       asks_same(directory, first) && (first->tls || !directory->tls);
}

static void log_certificate(struct server *server, const struct tls_context *tls)
{
	char text[32];
	struct buf until = BUF_ON(text);
	enum certificate_age age = certificate_age(tls, &until);

	if (age != CERTIFICATE_NONE)
		server_log(server, "event=certificate state=%s until=%.*s",
			   certificate_age_word(age), SLICE_ARGS(buf_text(&until)));
}

void server_take_certificate(struct server *server, struct tls_context *tls)
{
	if (!tls || (!tls_context_can_accept(tls) && server->has_tls_listener)) {
		if (server->has_tls_listener)
			server_log(server, "event=certificate-kept cause=\"tls has no certificate "
					   "any more; the old one stays until a restart\"");
		return;
	}
	host_set_tls(server->host, tls);
	log_certificate(server, tls);
}

int server_reload(void *ctx, const struct conf_report **ret_report, const char **ret_note)
{
	static const char restart_needed[] =
		"listen, ctl or dns has changed, or tls is new; there all stays as it was until "
		"the server is restarted";
	static struct conf_report report;
	struct server *server = ctx;
	struct directory *directory;
	bool is_same;
	int err;

	*ret_report = &report;
	*ret_note = NULL;
	if (event_log_reopen(&server->log))
		server_log(server, "event=log-kept cause=\"%s\"", strerror(errno));
	err = conf_read_file(server->options->config, server->map_secret, &report, &directory);
	if (err) {
		server_reopen_records(server);
		log_report(server, &report, err);
		return err;
	}
	is_same = can_be_taken_now(server, directory);
	pbx_set_directory(&server->pbx, directory);
	server_take_certificate(server, directory->tls);
	server_reopen_records(server);
	server_log(server, "event=reload config=%s result=taken extensions=%zu",
		   server->options->config, directory->extensions.count);
	if (!is_same) {
		*ret_note = restart_needed;
		server_log(server, "event=restart-needed cause=\"%s\"", restart_needed);
	}
	directory_unref(directory);
	return 0;
}

void server_on_reload(void *ctx, int signum)
{
	const struct conf_report *report;
	const char *note;

	(void)signum;
	(void)server_reload(ctx, &report, &note);
}
