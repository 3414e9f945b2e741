/* SPDX-License-Identifier: MIT */
/*
 * The inputs of a fuzzed switch name the dialogs of its scene by random words, which are others as
 * soon as the switch draws its random numbers in another order. What stands in the inputs is
 * replaced by what the switch says, so that they go on to hit the very dialogs.
 */
#ifndef LAMPYRID_FUZZ_NAMES_H
#define LAMPYRID_FUZZ_NAMES_H

#include "base/buf.h"
#include "base/check.h"
#include "raw.h"
#include "sip/limits.h"

#define NAME_BYTES 16
#define NAMES_MAX 8

/* What the inputs say; the switch's word stands behind `before` in `message`. */
struct name {
	const char *written; /* [NAME_BYTES] */
	const char *message; /* as raw_last() has it */
	const char *before;
};

struct words {
	char words[NAMES_MAX][64];
};

static inline void words_learn(const struct raw *raw, const struct name *names, size_t count,
			       struct words *ret_words)
{
	CHECK(count <= NAMES_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *at = strstr(raw_last(raw, names[i].message), names[i].before);
		size_t n;

		CHECK(at);
		at += strlen(names[i].before);
		n = strcspn(at, "\r;>");
		CHECK(n < sizeof(ret_words->words[i]));
		memcpy(ret_words->words[i], at, n);
		ret_words->words[i][n] = '\0';
	}
}

/* Valid until the next call. */
static inline struct slice words_put(const struct words *words, const struct name *names,
				     size_t count, struct slice input)
{
	static char text[SIP_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	size_t at = 0;

	while (at < input.n) {
		struct slice head = slice_head(slice_from(input, at), NAME_BYTES);
		size_t i = 0;

		while (i < count && !slice_eq(head, slice_from_cstr(names[i].written)))
			i++;
		if (i < count)
			buf_cstr(&buf, words->words[i]);
		else
			buf_char(&buf, input.p[at]);
		at += i < count ? NAME_BYTES : 1;
	}
	return buf_text(&buf);
}

#endif
