/* SPDX-License-Identifier: MIT */
/*
 * A description line by line (RFC 8866 5), for the two files that read SDP.
 */
#ifndef LAMPYRID_SIP_SDP_LINE_H
#define LAMPYRID_SIP_SDP_LINE_H

#include "sip/sdp.h"

struct sdp_line {
	char type;
	struct slice value; /* behind "x=", without the line end */
};

/*
 * Takes the next line off *rest. 1 for a line, 0 at the end, ERR_SYNTAX for one without "x=" or
 * with a NUL or a bare CR. Empty lines are let pass at the very end only.
 */
int sdp_line_next(struct slice *rest, struct sdp_line *ret_line);

/* The next word before a space; false when none is left. */
bool sdp_word_next(struct slice *rest, struct slice *ret_word);

/* For "a=name:value" or "a=name"; false for every other line. */
bool sdp_line_attribute(const struct sdp_line *line, struct slice *ret_name,
			struct slice *ret_value);

/* The first a= line of that name in a well-formed `text`. */
bool sdp_attribute_find(struct slice text, struct slice name, struct slice *ret_value);

/* Formats are payload numbers then. */
bool sdp_proto_is_rtp(struct slice proto);

/* "m=kind port proto ", to be followed by formats and the line end. */
void sdp_media_line_start(struct buf *buf, const struct sdp_media *offered, uint32_t port);

/* The whole m= line with the formats as offered. */
void sdp_media_line_print(struct buf *buf, const struct sdp_media *offered, uint32_t port);

#endif
