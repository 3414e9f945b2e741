/* SPDX-License-Identifier: MIT */
/*
 * Bodies of several parts (RFC 2046 5.1), above all multipart/related (RFC 2387), which carries a
 * resource list's state: an rlmi document and a document for each resource (RFC 4662 5). What is
 * read are slices into the body; what is written goes straight into a buffer.
 */
#ifndef LAMPYRID_SIP_MULTIPART_H
#define LAMPYRID_SIP_MULTIPART_H

#include "base/buf.h"
#include "sip/limits.h"

struct multipart_part {
	struct slice type;     /* Content-Type with its parameters; empty: none given */
	struct slice id;       /* Content-ID without its angle brackets, or empty */
	struct slice encoding; /* Content-Transfer-Encoding, or empty */
	struct slice body;
};

struct multipart {
	size_t part_count;
	size_t root; /* index of the part that the start parameter names, else 0 (RFC 2387 3.2) */
	struct multipart_part parts[MULTIPART_PARTS_MAX];
};

/* The type is "multipart/related", "multipart/mixed" or another of the kind. */
bool multipart_is(struct slice content_type);

/*
 * Reads a body by the value of its Content-Type. Slices of *ret_multipart, which is undefined
 * unless the answer is 0, point into the body. ERR_UNSUPPORTED for a type that is not multipart;
 * ERR_SYNTAX for a missing or bad boundary, a bad part header, no part at all, or a body that ends
 * before its closing delimiter; ERR_LIMIT for more parts than fit. A part that is multipart
 * itself is read by another call (RFC 4662 5.2: a list within a list).
 */
int multipart_read(struct slice content_type, struct slice body, struct multipart *ret_multipart);

/* The part with this Content-ID, or NULL; with an empty `id` always NULL. */
const struct multipart_part *multipart_find(const struct multipart *multipart, struct slice id);

/* The body stands as it is: 7bit, 8bit or binary (RFC 2045 6.2), not base64 or such. */
bool multipart_part_is_plain(const struct multipart_part *part);

/* "application/pidf+xml": the type without its parameters. */
struct slice multipart_part_type(const struct multipart_part *part);

/*
 * The value of the Content-Type header (RFC 2387 3): `root_type` and `root_id` are those of the
 * root part. The boundary has 1 to 70 characters out of letters, digits and "'()+_,-./:=?"; no line
 * of a part may begin with it, so where parts hold a peer's text it must be unguessable.
 */
void multipart_print_type(struct buf *buf, struct slice boundary, struct slice root_type,
			  struct slice root_id);

/*
 * Begins the next part: the delimiter and the headers that are not empty. The caller prints the
 * body behind it; part->body is not looked at. `is_first` for the first part of a body.
 */
void multipart_print_part(struct buf *buf, struct slice boundary, const struct multipart_part *part,
			  bool is_first);

/* Behind the last part's body. */
void multipart_print_end(struct buf *buf, struct slice boundary);

#endif
