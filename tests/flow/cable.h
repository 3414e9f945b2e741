/* SPDX-License-Identifier: MIT */
/*
 * Phones without a switch between them: what one sends reaches the other byte for byte, as if they
 * knew each other's addresses. It keeps nothing and answers nothing.
 */
#ifndef LAMPYRID_TESTS_CABLE_H
#define LAMPYRID_TESTS_CABLE_H

#include "wire.h"

#define CABLE_ENDS_MAX 6

struct cable {
	struct wire_node *node;
	struct {
		const char *user; /* "201", of Request-URIs */
		struct wire_node *node;
	} ends[CABLE_ENDS_MAX]; /* [end_count] */
	size_t end_count;
};

/* A node "cable" on the wires. */
void cable_init(struct cable *cable, struct wires *wires);

void cable_add(struct cable *cable, const char *user, struct wire_node *node);

#endif
