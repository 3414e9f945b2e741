/* SPDX-License-Identifier: MIT */
/*
 * What a NOTIFY of a list subscription carries (RFC 4662 5): an RLMI document that names the
 * resources, and behind it a document for each of those that are told of, as many as fit.
 */
#ifndef LAMPYRID_PBX_LIST_NOTICE_H
#define LAMPYRID_PBX_LIST_NOTICE_H

#include "pbx/lamp_list.h"

/* Lifetime: until the next one is made. */
struct list_notice {
	struct slice type; /* value of Content-Type */
	struct slice body;
	bool is_rest_due; /* somebody who is wanted did not fit */
};

/*
 * Tells of the wanted entries, and names all with list->is_full_due; takes note of both. The body
 * fits into a datagram where the list's phone is told by UDP, unless the names alone do not, or one
 * document alone does not: there is always something in it that was wanted.
 */
void list_notice_make(struct lamp_list *list, struct list_notice *ret_notice);

#endif
