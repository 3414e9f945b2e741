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

/* The same with another name and domain. */
void office_init_as(struct office *office, struct wires *wires, const char *name,
		    const char *domain);
void office_fini(struct office *office);

/* In group "office", with everybody's rights: numbers seen, calls taken within the group. */
void office_add(struct office *office, const char *number, const char *name);

/* The same with rights of its own. */
void office_add_extension(struct office *office, const struct extension *extension);

/*
 * A trunk, before the office starts; what `trunk` leaves empty is as in a configuration without
 * the key. Numbers are pairs of texts, the last one NULL: { "+4930*", "*", NULL }.
 */
void office_add_trunk(struct office *office, const struct trunk_config *trunk,
		      const char *const *numbers);

/* "0*" leaves by these trunks, in this order. */
void office_add_route(struct office *office, const char *match, const struct route *rest,
		      const char *first_trunk, const char *second_trunk);

/* "0*" in a file. */
struct number_match office_match(const char *text);

#endif
