/* SPDX-License-Identifier: MIT */
/*
 * Somebody beside the switch who knows of calls that do not pass there: another PBX that publishes
 * (RFC 3903), or a phone of an extension that tells who asks (RFC 4235). It is made of the real
 * machines of core/, so that it can be lost messages and be refused memory.
 */
#ifndef LAMPYRID_TESTS_NEIGHBOUR_H
#define LAMPYRID_TESTS_NEIGHBOUR_H

#include "core/account.h"
#include "core/notifier.h"
#include "core/registration.h"
#include "wire.h"

struct neighbour {
	struct wire_node *node;
	struct wire_node *to;
	struct stack stack;
	const char *number;  /* whose calls it tells of */
	char document[2048]; /* the dialogs: XML */
	uint32_t version;

	bool is_publisher;
	struct dialog numbering; /* no dialog: that of its PUBLISHes */
	char etag[64];		 /* empty: none */
	struct handle client;	 /* the PUBLISH that waits for its answer */
	bool is_due;		 /* there is more to say than that one did */
	bool has_said;		 /* the last PUBLISH had the document */
	bool is_leaving;	 /* the publication is to be removed */
	struct timer again;

	struct account account; /* of the extension, to register with */
	struct handle registration;
};

/* A PBX at the next address, which tells of `number`'s calls by PUBLISH. */
struct neighbour *neighbour_new_publisher(struct wires *wires, const char *name,
					  struct wire_node *to, const char *number);

/* A phone of extension `number`: it registers, and tells of its calls when it is asked. */
struct neighbour *neighbour_new_phone(struct wires *wires, const char *name, struct wire_node *to,
				      const char *number, const char *password);

/* From now on these are the dialogs that there are ("": none). */
void neighbour_says(struct neighbour *neighbour, const char *dialogs);

/* Takes its publication back, or unregisters. */
void neighbour_leaves(struct neighbour *neighbour);

void neighbour_free(struct neighbour *neighbour);

#endif
