/* SPDX-License-Identifier: MIT */
/*
 * A switch on a wire node with extensions of the test's choosing.
 */
#ifndef LAMPYRID_TESTS_OFFICE_H
#define LAMPYRID_TESTS_OFFICE_H

#include "pbx/pbx.h"
#include "wire.h"

#define OFFICE_DOMAIN "pbx.example"
#define OFFICE_PASSWORD "secret"
#define OFFICE_GROUP "600"

struct office {
	struct pbx pbx;
	struct wire_node *node;
	struct directory *directory;
};

/* The switch with its own node "switch", the group "office" and no extension yet. */
void office_init(struct office *office, struct wires *wires);
void office_fini(struct office *office);

/* In group "office", with everybody's rights: numbers seen, calls taken within the group. */
void office_add(struct office *office, const char *number, const char *name);

/* The same with rights of its own. */
void office_add_extension(struct office *office, const struct extension *extension);

#endif
