/* SPDX-License-Identifier: MIT */
/*
 * What a running server answers to `lampyrid ctl`: requests over the control socket, rows of the
 * switch's tables. doc/ctl.md is the contract.
 */
#ifndef LAMPYRID_CMD_CTL_ANSWER_H
#define LAMPYRID_CMD_CTL_ANSWER_H

#include "conf/conf.h"
#include "io/ctl_server.h"
#include "pbx/pbx.h"

/* What the server has to say beyond its switch. Outlives the control socket. */
struct ctl_door {
	struct pbx *pbx;
	void *ctx;

	/* Members about the process, in an object that is open. */
	void (*print_status)(void *ctx, struct buf *buf);

	/* As SIGHUP does; 0 when the configuration was taken. `note` (may be NULL) is for a
	 * person. */
	int (*reload)(void *ctx, const struct conf_report **ret_report, const char **ret_note);
};

/* The requests of a control socket, answered through this door. */
struct ctl_user ctl_answer_user(struct ctl_door *door);

#endif
