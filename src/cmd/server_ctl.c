/* SPDX-License-Identifier: MIT */
/*
 * A server's control socket: where it is, and what the status says of the program.
 */
#include "cmd/server.h"

#include "base/check.h"
#include "base/err.h"
#include "base/json.h"
#include "base/wall.h"
#include "cmd/ctl_answer.h"
#include "io/ctl_socket.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

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
		server_listen_print(&piece, &server->bound[i]);
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

	server->door = (struct ctl_door){ &server->pbx, server, print_status, server_reload };
	errno = 0;
	err = ctl_server_open(server->host, path, &user, &server->ctl);
	if (!err)
		server_log(server, "event=ctl path=%s", path);
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
		server_log(server, "event=ctl-off cause=\"%s\"",
			   err == ERR_NOTFOUND ? "there is no usual place for it"
					       : ctl_remedy(err, errno));
}

int server_open_ctl(struct server *server)
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
