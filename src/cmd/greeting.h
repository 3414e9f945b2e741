/* SPDX-License-Identifier: MIT */
/*
 * What `lampyrid serve` says when it starts: where it listens, who there is, and what to type into
 * a phone.
 */
#ifndef LAMPYRID_CMD_GREETING_H
#define LAMPYRID_CMD_GREETING_H

#include "pbx/directory.h"

/*
 * `listen` are the addresses as bound, with their ports; wildcards are shown as the addresses that
 * this machine has. `config` is the file's name; `has_ctl`: `lampyrid ctl` finds this server.
 */
void greeting_print(const struct directory *directory, const struct listen_addr *listen,
		    size_t listen_count, const char *config, bool has_ctl);

#endif
