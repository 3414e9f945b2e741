/* SPDX-License-Identifier: MIT */
/*
 * Printing JSON (RFC 8259), one value behind the other; commas are put where they belong. Any bytes
 * may be given as text: what is no UTF-8 becomes U+FFFD, and nothing in it can end its string.
 */
#ifndef LAMPYRID_BASE_JSON_H
#define LAMPYRID_BASE_JSON_H

#include "base/buf.h"

/* `name` is that of a member; NULL for an item of an array and for what stands alone. */
void json_object_begin(struct buf *buf, const char *name);
void json_object_end(struct buf *buf);
void json_array_begin(struct buf *buf, const char *name);
void json_array_end(struct buf *buf);
void json_text(struct buf *buf, const char *name, struct slice text);
void json_number(struct buf *buf, const char *name, uint64_t number);
void json_seconds(struct buf *buf, const char *name, uint64_t ms); /* 12.345 */
void json_bool(struct buf *buf, const char *name, bool is_true);

/* The member is left out when there is nothing to say. */
void json_text_unless_empty(struct buf *buf, const char *name, struct slice text);

#endif
