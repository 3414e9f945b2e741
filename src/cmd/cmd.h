/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of `lampyrid`, a file each. argv[0] is the subcommand's name; the answer is the
 * program's exit code: see options.h.
 */
#ifndef LAMPYRID_CMD_CMD_H
#define LAMPYRID_CMD_CMD_H

int cmd_serve(int argc, char **argv);
int cmd_phone(int argc, char **argv);
int cmd_flow(int argc, char **argv);
int cmd_ctl(int argc, char **argv);

#endif
