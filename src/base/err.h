/* SPDX-License-Identifier: MIT */
/*
 * The errors of the whole program: one table of (name, text). Functions answer 0 or one of these,
 * all negative. A refused SIP request is not an error but a verdict, see sip/verdict.h.
 */
#ifndef LAMPYRID_BASE_ERR_H
#define LAMPYRID_BASE_ERR_H

#define ERR_TABLE(X)                                                                               \
	X(NOMEM, "out of memory")                                                                  \
	X(SYNTAX, "not well-formed")                                                               \
	X(RANGE, "number out of range")                                                            \
	X(LIMIT, "a limit is reached")                                                             \
	X(NOTFOUND, "not found")                                                                   \
	X(EXISTS, "exists already")                                                                \
	X(STATE, "not possible in this state")                                                     \
	X(UNSUPPORTED, "not supported")                                                            \
	X(AMBIGUOUS, "more than one match")                                                        \
	X(DENIED, "not allowed")                                                                   \
	X(IO, "input or output failed")

enum err_ordinal {
#define X(name, text) ERR_ORDINAL_##name,
	ERR_TABLE(X)
#undef X
};

enum err {
#define X(name, text) ERR_##name = -1 - ERR_ORDINAL_##name,
	ERR_TABLE(X)
#undef X
};

/* A constant sentence for a person; "no error" for 0. */
const char *err_text(int err);

#endif
