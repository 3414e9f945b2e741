/* SPDX-License-Identifier: MIT */
/*
 * Assertions that stay on in release. They guard our own invariants only: nothing that a peer, a
 * file or a database says can ever trip one.
 */
#ifndef LAMPYRID_BASE_CHECK_H
#define LAMPYRID_BASE_CHECK_H

/* Prints where and what to standard error and aborts. */
_Noreturn void check_fail(const char *file, int line, const char *claim);

#define CHECK(claim) ((claim) ? (void)0 : check_fail(__FILE__, __LINE__, #claim))

/* The object of `type` whose field `member` stands at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
