/* SPDX-License-Identifier: MIT */
/*
 * Reading UTF-8 (RFC 3629) that a peer may have broken, and printing it where a person reads it.
 */
#ifndef LAMPYRID_BASE_UTF8_H
#define LAMPYRID_BASE_UTF8_H

#include "base/buf.h"

#define UTF8_BAD UINT32_MAX

/*
 * The character that `s` (not empty) starts with, and its bytes; UTF8_BAD, and one byte, for what
 * is none: overlong forms, surrogates and what is beyond U+10FFFF included (RFC 3629 3).
 */
uint32_t utf8_char(struct slice s, size_t *ret_n);

/* C0 and C1 controls and DEL. */
bool utf8_is_control(uint32_t c);

/* How many characters, a stray byte counting as one: what utf8_print_plain() takes of a line. */
size_t utf8_count(struct slice text);

/*
 * The text with a '?' for each stray byte, control character and mark that turns the direction of
 * a terminal's text: it cannot move a cursor, nor paint on others' columns.
 */
void utf8_print_plain(struct buf *buf, struct slice text);

#endif
