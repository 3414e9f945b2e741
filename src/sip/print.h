/* SPDX-License-Identifier: MIT */
/*
 * Printing messages into a buf. Nothing here can be made to print a line break of a peer's:
 * every value is written without CR, LF or NUL (a fold becomes one space).
 */
#ifndef LAMPYRID_SIP_PRINT_H
#define LAMPYRID_SIP_PRINT_H

#include "sip/msg.h"

void sip_print_request_line(struct buf *buf, struct slice method, struct slice uri);
void sip_print_status_line(struct buf *buf, unsigned status, struct slice reason);

/* "Name: value\r\n" with the long name. */
void sip_print_header(struct buf *buf, enum sip_header_id id, struct slice value);
void sip_print_header_named(struct buf *buf, struct slice name, struct slice value);
void sip_print_header_u32(struct buf *buf, enum sip_header_id id, uint32_t value);
void sip_print_cseq(struct buf *buf, uint32_t cseq, struct slice method);

/*
 * `"display" <uri>;tag=tag` as a From, To or identity header. The display name is plain text and
 * gets its quotes and escapes here; it and the tag may be empty.
 */
void sip_print_addr(struct buf *buf, enum sip_header_id id, struct slice display, struct slice uri,
		    struct slice tag);

/* A value's text as it may stand in a header: no CR, LF or NUL. */
void sip_print_value(struct buf *buf, struct slice value);

/* A quoted-string with its quotes (RFC 3261 25.1). */
void sip_print_quoted(struct buf *buf, struct slice plain);

/*
 * The head of a response to `request` (RFC 3261 8.2.6.2): status line, all Vias in order (the
 * topmost with `received` and `rport` filled in from `peer` as RFC 3261 18.2.1 and RFC 3581 4
 * want), From, To with `to_tag` added when the request had none, Call-ID, CSeq. Record-Route is
 * copied when `with_record_route`. An empty reason means the usual one.
 */
struct addr;
void sip_print_response_head(struct buf *buf, const struct sip_msg *request,
			     const struct addr *peer, unsigned status, struct slice reason,
			     struct slice to_tag, bool with_record_route);

/* Content-Type (when the body is not empty), Content-Length, the empty line and the body. */
void sip_print_body(struct buf *buf, struct slice content_type, struct slice body);

#endif
