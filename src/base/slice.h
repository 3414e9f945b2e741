/* SPDX-License-Identifier: MIT */
/*
 * A slice is a piece of somebody else's text: a pointer and a length, passed by value. It never
 * owns its bytes and is never NUL-terminated. slice_keep() is the one function that makes text
 * outlive the message it was cut from.
 */
#ifndef LAMPYRID_BASE_SLICE_H
#define LAMPYRID_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n; /* bytes */
};

/* A slice of a string literal, usable in static initialisers as SLICE_INIT. */
#define SLICE_INIT(lit)                                                                            \
	{                                                                                          \
		.p = (lit), .n = sizeof(lit) - 1                                                   \
	}
#define SLICE(lit) ((struct slice)SLICE_INIT(lit))
#define SLICE_NONE ((struct slice){ .p = NULL, .n = 0 })

/* For printf: "%.*s". */
#define SLICE_ARGS(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){ .p = p, .n = n };
}

static inline struct slice slice_from_cstr(const char *cstr)
{
	return (struct slice){ .p = cstr, .n = cstr ? strlen(cstr) : 0 };
}

static inline bool slice_is_empty(struct slice s)
{
	return s.n == 0;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case folding only, as every SIP token compares (RFC 3261 7.3.1). */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);

/* Everything from offset `from` (clamped to the end). */
struct slice slice_from(struct slice s, size_t from);

/* The first `n` bytes (clamped to the length). */
struct slice slice_head(struct slice s, size_t n);

/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* Offset of the first `c`, or s.n when there is none. */
size_t slice_find_char(struct slice s, char c);

/*
 * Cuts `s` at the first `c`: *ret_head is what stands before it, *ret_tail what stands behind.
 * Without a `c` the head is all of it, the tail is SLICE_NONE and the answer is false.
 */
bool slice_cut(struct slice s, char c, struct slice *ret_head, struct slice *ret_tail);

/*
 * A decimal number of digits only: no sign, no space, at least one digit.
 * ERR_SYNTAX when it is no number, ERR_RANGE when it is larger than `max`.
 */
int slice_to_u32(struct slice s, uint32_t max, uint32_t *ret_value);

/* ASCII only, independent of the locale. */
static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char char_to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/*
 * Copies the text into memory of its own (owner: caller, released with mem_free() on the pointer).
 * *ret_copy is SLICE_NONE for an empty slice. ERR_NOMEM when memory was refused.
 */
int slice_keep(struct slice s, struct slice *ret_copy);

#endif
