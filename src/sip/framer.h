/* SPDX-License-Identifier: MIT */
/*
 * Cutting a byte stream into messages (RFC 3261 18.3): leading CRLFs are skipped (a CRLFCRLF is a
 * keep-alive ping, RFC 5626 4.4.1), the head ends at the empty line, Content-Length says the rest.
 */
#ifndef LAMPYRID_SIP_FRAMER_H
#define LAMPYRID_SIP_FRAMER_H

#include "base/slice.h"

enum framer_verdict {
	FRAMER_PARTIAL, /* no whole message yet: read on */
	FRAMER_MESSAGE, /* *ret_message is whole */
	FRAMER_PING,	/* CRLFCRLF: answer with one CRLF */
	FRAMER_BAD,	/* no Content-Length, a bad one or over the limits: close the connection */
};

/*
 * Looks at the bytes received so far. *ret_used says how many of them are done with: skipped line
 * ends (also with FRAMER_PARTIAL), the ping, or the message; the caller drops them, whatever the
 * verdict. Work is bounded by the size of the message: `*scanned` is kept by the caller, zero at
 * the start of each message (it is zero again after one), and remembers how far the head has been
 * searched or how long the message will be.
 */
enum framer_verdict framer_next(struct slice received, size_t *scanned, size_t *ret_used,
				struct slice *ret_message);

#endif
