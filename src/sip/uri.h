/* SPDX-License-Identifier: MIT */
/*
 * URIs as SIP knows them: sip, sips and tel with their parameters and headers (RFC 3261 19.1,
 * RFC 3966); any other scheme is carried as text. All slices point into the parsed text.
 */
#ifndef LAMPYRID_SIP_URI_H
#define LAMPYRID_SIP_URI_H

#include "base/buf.h"

enum uri_scheme { URI_SIP, URI_SIPS, URI_TEL, URI_OTHER };

struct sip_uri {
	struct slice text; /* the whole of it, without angle brackets */
	enum uri_scheme scheme;
	struct slice user;     /* still escaped; of tel: the number; else all behind ':' */
	struct slice password; /* still escaped */
	struct slice host;     /* an IPv6 reference keeps its brackets */
	uint16_t port;	       /* 0: none given */
	struct slice params;   /* behind the first ';', without it */
	struct slice headers;  /* behind the '?', without it */
};

/*
 * Reads all of `text`; nothing may follow. ERR_SYNTAX on a control byte, space, empty host, bad
 * port, bad escape or unbalanced bracket; ERR_LIMIT over SIP_URI_MAX_BYTES.
 */
int sip_uri_parse(struct slice text, struct sip_uri *ret_uri);

/* Prints the parts (not `text`), so that a changed part shows. Parsing it back gives the same
 * parts. */
void sip_uri_print(struct buf *buf, const struct sip_uri *uri);

/* RFC 3261 19.1.4 for sip and sips; tel numbers without visual separators; else equal text. */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);

/* A parameter by name, without case. *ret_value is empty for a flag such as ";lr". */
bool sip_uri_param(const struct sip_uri *uri, struct slice name, struct slice *ret_value);

/* A header of the URI by name, without case, still escaped ("Replaces" of "?Replaces=..."). */
bool sip_uri_header(const struct sip_uri *uri, struct slice name, struct slice *ret_value);

/* "%41" becomes "A". ERR_SYNTAX on a bad escape or on %00. */
int uri_unescape(struct buf *buf, struct slice escaped);

/* Escapes all but what a user part may hold unescaped (RFC 3261 25.1 user-unreserved, unreserved).
 */
void uri_escape_user(struct buf *buf, struct slice plain);

/* Escapes all but what a header value of a URI may hold unescaped (hnv-unreserved, unreserved). */
void uri_escape_header(struct buf *buf, struct slice plain);

#endif
