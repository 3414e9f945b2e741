/* SPDX-License-Identifier: MIT */
/*
 * The age of our certificate.
 */
#include "cmd/certificate.h"

#include "crypto/tls.h"

#include <time.h>

#define SOON_S (14 * 86400)

static void print_time(struct buf *buf, int64_t at_s)
{
	time_t seconds = (time_t)at_s;
	char text[32];
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	buf_slice(buf, slice_of(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm)));
}

enum certificate_age certificate_age(const struct tls_context *context, struct buf *until)
{
	int64_t now_s = (int64_t)time(NULL), from_s, until_s;

	if (!context || tls_context_validity(context, &from_s, &until_s))
		return CERTIFICATE_NONE;
	print_time(until, until_s);
	if (now_s < from_s)
		return CERTIFICATE_NOT_YET_VALID;
	if (now_s > until_s)
		return CERTIFICATE_EXPIRED;
	return until_s - now_s < SOON_S ? CERTIFICATE_EXPIRES_SOON : CERTIFICATE_GOOD;
}

const char *certificate_age_word(enum certificate_age age)
{
	static const char *const words[] = {
		[CERTIFICATE_NONE] = "none",
		[CERTIFICATE_GOOD] = "good",
		[CERTIFICATE_EXPIRES_SOON] = "expires-soon",
		[CERTIFICATE_EXPIRED] = "expired",
		[CERTIFICATE_NOT_YET_VALID] = "not-yet-valid",
	};

	return words[age];
}
