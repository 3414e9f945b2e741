/* SPDX-License-Identifier: MIT */
/*
 * What to say of our certificate's age: one that has run out is no mistake of the file, but phones
 * will refuse it.
 */
#ifndef LAMPYRID_CMD_CERTIFICATE_H
#define LAMPYRID_CMD_CERTIFICATE_H

#include "base/buf.h"

struct tls_context;

enum certificate_age {
	CERTIFICATE_NONE, /* there is none */
	CERTIFICATE_GOOD,
	CERTIFICATE_EXPIRES_SOON, /* within two weeks */
	CERTIFICATE_EXPIRED,
	CERTIFICATE_NOT_YET_VALID,
};

/* NULL has none. `until` gets the end, as 2026-11-21T10:15:00Z; nothing when there is none. */
enum certificate_age certificate_age(const struct tls_context *context, struct buf *until);

/* "expires-soon" */
const char *certificate_age_word(enum certificate_age age);

#endif
