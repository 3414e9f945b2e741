/* SPDX-License-Identifier: MIT */
/*
 * The limits of the wire, in one place. A message over one of them is refused with a reason that
 * names it; none of them can be reached by a phone that means well.
 */
#ifndef LAMPYRID_SIP_LIMITS_H
#define LAMPYRID_SIP_LIMITS_H

#define SIP_MESSAGE_MAX_BYTES 65535 /* the largest datagram; the same bound for a stream */
#define SIP_START_LINE_MAX_BYTES 4096
#define SIP_HEADERS_MAX 128	  /* header lines of one message */
#define SIP_HEADER_MAX_BYTES 8192 /* one header's value */
#define SIP_VIAS_MAX 32		  /* hops named by one message */
#define SIP_ROUTES_MAX 16	  /* Route or Record-Route entries kept for a dialog */
#define SIP_CALL_ID_MAX_BYTES 255
#define SIP_TAG_MAX_BYTES 255
#define SIP_BRANCH_MAX_BYTES 255
#define SIP_METHOD_MAX_BYTES 32
#define SIP_URI_MAX_BYTES 1024
#define SIP_USER_MAX_BYTES 64	    /* an extension or a number as we route it */
#define SIP_CSEQ_MAX 0x7fffffffu    /* RFC 3261 8.1.1.5: less than 2^31 */
#define SIP_EXPIRES_MAX 0xffffffffu /* RFC 3261 20.19: 2^32 - 1 */

#define SDP_MAX_BYTES 16384
#define SDP_MEDIA_MAX 16   /* m= lines */
#define SDP_FORMATS_MAX 64 /* payload types of one m= line */
#define XML_MAX_BYTES 65536
#define XML_DEPTH_MAX 16
#define MULTIPART_PARTS_MAX 256 /* of one body: a list of 255 */
#define DIALOG_INFO_MAX 32	/* <dialog> elements of one document */

#endif
