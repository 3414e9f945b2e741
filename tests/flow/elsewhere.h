/* SPDX-License-Identifier: MIT */
/*
 * Calls of bob (202) that do not pass here: how they are told, and what carol (203), a raw watcher,
 * then hears of him.
 */
#ifndef LAMPYRID_TESTS_ELSEWHERE_H
#define LAMPYRID_TESTS_ELSEWHERE_H

#include "texts.h"
#include "world.h"

#define DIALOG(id, direction, state)                                                               \
	"<dialog id=\"" id "\" call-id=\"" id "@old\" local-tag=\"l" id "\" remote-tag=\"r" id     \
	"\" direction=\"" direction "\"><state>" state "</state><remote><identity display=\"Zoe\"" \
	">sip:0301234@old.example</identity></remote></dialog>"
#define RINGS(id) DIALOG(id, "recipient", "early")
#define TALKS(id) DIALOG(id, "recipient", "confirmed")
#define IS_OVER(id) DIALOG(id, "recipient", "terminated")

#define EVENT "Event: dialog\n"
#define TYPE "Content-Type: application/dialog-info+xml\n"

/* Carol subscribes to bob's calls. */
void watch_bob(struct world *w, struct raw *carol);

/* The last NOTIFY says so. */
bool is_told(const struct raw *watcher, const char *what);

/* The rows of `ctl lamp 202`, as text, until the next call. */
const char *explained(struct world *w);

#endif
