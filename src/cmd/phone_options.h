/* SPDX-License-Identifier: MIT */
/*
 * What `lampyrid phone` is told on its command line.
 */
#ifndef LAMPYRID_CMD_PHONE_OPTIONS_H
#define LAMPYRID_CMD_PHONE_OPTIONS_H

#include "phone/phone.h"

#define PHONE_PASSWORD_MAX_BYTES 256

struct phone_options {
	struct phone_config phone;
	struct phone_key_config keys[PHONE_KEYS_MAX];
	size_t list_count;  /* of those */
	struct addr server; /* ADDR_NONE: from the AOR */
	struct addr listen; /* ADDR_NONE: the default */
	const char *trace;  /* NULL: none */
	const char *tls_ca; /* NULL: whom the system trusts */
	struct slice host;  /* of the AOR: whom a server must prove to be */
	uint8_t transport;
	bool has_transport; /* said by --transport */
	bool is_json;
	char password[PHONE_PASSWORD_MAX_BYTES]; /* where phone.password points */
};

/*
 * Finds the server and our own address, too, where they are not named. *ret_is_done: help was asked
 * for and given. An exit code.
 */
int phone_options_parse(int argc, char **argv, struct phone_options *options, bool *ret_is_done);

#endif
