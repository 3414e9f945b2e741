/* SPDX-License-Identifier: MIT */
/*
 * Reading text traces: the SIP trace of a desk phone, and what `lampyrid serve` and `lampyrid
 * phone` write (io/trace_file.h). Each record is a line such as
 *
 *	Received from udp:192.0.2.1:5060 at 28/4/2006 16:25:18:920 (950 bytes):
 *	Sent to udp:192.0.2.1:5060 from 192.0.2.7:5060 at 28/4/2006 16:25:18:940 (299 bytes):
 *
 * then an empty line, then the message. The second address is our own; phones leave it out. People
 * edit such files, so the count is believed only when it ends where a record can end; after it the
 * Content-Length (RFC 3261 20.14), and last the next such line.
 */
#ifndef LAMPYRID_CAPTURE_TEXT_TRACE_H
#define LAMPYRID_CAPTURE_TEXT_TRACE_H

#include "base/addr.h"

struct text_trace_message {
	bool is_sent;
	uint8_t transport; /* enum transport; tls and ws, wss count as TCP */
	struct addr local; /* family ADDR_NONE when the trace does not name it */
	struct addr peer;
	uint64_t at_ms;	     /* since 1970 by the clock of the trace, whatever its zone */
	struct slice bytes;  /* points into the text; at least one byte */
	unsigned line;	     /* of the record's first line, from 1 */
	unsigned bytes_line; /* of the message's first line */
};

struct text_trace_sink {
	void *ctx;
	void (*message)(void *ctx, const struct text_trace_message *message);

	/* Something that could not be read was skipped: constant text, and the line it is about. */
	void (*fault)(void *ctx, unsigned line, const char *reason);
};

/* Reads all of it. Keep-alives (empty records) are passed over. */
void text_trace_read(struct slice text, const struct text_trace_sink *sink);

/* True when the text begins like a trace, after empty lines at most. */
bool text_trace_is_likely(struct slice text);

/*
 * Prints a copy of a message that editing has damaged: CRLF at the ends of the head's lines, an
 * empty line behind it, Content-Length (when there is one) as long as the body is.
 */
void text_trace_mend(struct buf *buf, struct slice bytes);

#endif
