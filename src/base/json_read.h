/* SPDX-License-Identifier: MIT */
/*
 * Looking into JSON text (RFC 8259) in place: values are slices of it, nothing is copied or kept.
 * What is not well-formed is not found; nothing is read beyond the text.
 */
#ifndef LAMPYRID_BASE_JSON_READ_H
#define LAMPYRID_BASE_JSON_READ_H

#include "base/buf.h"

#define JSON_DEPTH_MAX 32

/* The value that the text starts with, behind white space, as it is written. ERR_SYNTAX. */
int json_value(struct slice text, struct slice *ret_value);

/* The value of the first member with this name, which is plain ASCII. ERR_NOTFOUND, ERR_SYNTAX. */
int json_find(struct slice object, const char *name, struct slice *ret_value);

/* The next item of an array; *at is 0 for the first. False at the end, or where it is no array. */
bool json_next(struct slice array, size_t *at, struct slice *ret_item);

/*
 * Prints what a string says, or any other value as it is written. ERR_SYNTAX; a lone surrogate
 * becomes U+FFFD.
 */
int json_print_plain(struct buf *buf, struct slice value);

#endif
