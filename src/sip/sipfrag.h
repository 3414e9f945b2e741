/* SPDX-License-Identifier: MIT */
/*
 * Pieces of a message (RFC 3420), as far as NOTIFYs of the "refer" package carry them (RFC 3515
 * 2.4.5): the status line of the response that the referred request has had.
 */
#ifndef LAMPYRID_SIP_SIPFRAG_H
#define LAMPYRID_SIP_SIPFRAG_H

#include "base/buf.h"

#define SIPFRAG_MEDIA_TYPE "message/sipfrag"
#define SIPFRAG_CONTENT_TYPE SIPFRAG_MEDIA_TYPE ";version=2.0"

/* "SIP/2.0 180 Ringing\r\n". An empty reason is the usual one of the status. */
void sipfrag_print(struct buf *buf, unsigned status, struct slice reason);

/*
 * The status line that the body begins with: with an end or without, whatever follows; empty lines
 * before it and a missing reason are passed over. *ret_reason points into the body. ERR_SYNTAX.
 */
int sipfrag_parse(struct slice body, unsigned *ret_status, struct slice *ret_reason);

#endif
