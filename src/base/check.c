/* SPDX-License-Identifier: MIT */
/*
 * The end of a program whose own invariant is broken: say which one, and leave a core.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "lampyrid: %s:%d: broken invariant: %s\n", file, line, claim);
	abort();
}
