/* SPDX-License-Identifier: MIT */
/*
 * Building blocks for what raw peers say (see raw.h for the marks in braces).
 */
#ifndef LAMPYRID_TESTS_TEXTS_H
#define LAMPYRID_TESTS_TEXTS_H

#include "office.h"

/* A request of `from` about `to` without a dialog, up to the lines that are its own. */
#define TEXT_HEAD(method, from, to, call)                                                          \
	method " sip:" to "@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"                  \
	       "From: <sip:" from "@" OFFICE_DOMAIN ">;tag=t" call "\nTo: <sip:" to                \
	       "@" OFFICE_DOMAIN ">\nCall-ID: " call "\nCSeq: {cseq} " method "\n{auth}\n"

#define TEXT_END "Content-Length: 0\n\n"

#define TEXT_CONTACT(user, ip) "Contact: <sip:" user "@" ip ":5060>\n"

#define TEXT_SDP(ip, formats)                                                                      \
	"v=0\no=- 1 1 IN IP4 " ip "\ns=-\nc=IN IP4 " ip "\nt=0 0\nm=audio 4000 RTP/AVP " formats   \
	"\n"

#define TEXT_WITH_SDP(ip, formats)                                                                 \
	"Content-Type: application/sdp\nContent-Length: {len}\n\n" TEXT_SDP(ip, formats)

/* What a raw peer answers an offer with. */
#define TEXT_ANSWER(ip, formats)                                                                   \
	"v=0\r\no=- 2 2 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"                      \
	"m=audio 4002 RTP/AVP " formats "\r\n"

#endif
