/* SPDX-License-Identifier: MIT */
/*
 * A screen for lists (RFC 4662) that believes nothing: what a raw phone was sent is replayed on it,
 * and every NOTIFY has to be in order.
 */
#ifndef LAMPYRID_TESTS_SCREEN_H
#define LAMPYRID_TESTS_SCREEN_H

#include "world.h"

#define DATAGRAM_BYTES 1300

#define SCREEN_MAX 8

struct screen_key {
	char uri[64], name[32], instance[12], state[16];
	char document[2048];
	long version; /* of its last document; -1: none yet */
};

struct screen {
	size_t seen; /* of the inbox */
	size_t notifies;
	long version; /* -1: none yet */
	size_t parts; /* of the last one, as the next two */
	size_t bytes;
	bool is_full;
	bool is_whole; /* its phone takes more than a datagram */
	size_t count;
	struct screen_key keys[SCREEN_MAX];
};

extern const struct screen screen_blank;

/* Takes what has come to the raw phone since the last look; anything wrong with it fails. */
void screen_look(struct world *w, struct screen *screen, const struct raw *raw);

/* "202 early, 203" is what it shows, in the order of the list. */
bool screen_shows(const struct screen *screen, const char *expected);

/* The last document of this resource says so. */
bool screen_has(const struct screen *screen, const char *uri, const char *what);

/* NULL when there is no such resource. */
struct screen_key *screen_find_key(struct screen *screen, const char *uri);

/* What stands between `before` and the next '"' or '<'; "" when `before` is not there. */
void screen_cut(const char *text, const char *before, char *ret, size_t size);

#endif
