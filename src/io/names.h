/* SPDX-License-Identifier: MIT */
/*
 * Numbers for domain names, so that a flow stays a plain value (see env->name in base/env.h).
 */
#ifndef LAMPYRID_IO_NAMES_H
#define LAMPYRID_IO_NAMES_H

#include "base/slice.h"

#define NAMES_MAX 1024

/* Zeroed it is empty. */
struct names {
	struct slice domains[NAMES_MAX]; /* [count], owned; the first has the number 1 */
	uint16_t count;
};

/* As env->name. */
int names_add(struct names *names, struct slice domain, uint16_t *ret_name);

/* SLICE_NONE for 0. */
struct slice names_get(const struct names *names, uint16_t name);

void names_fini(struct names *names);

#endif
