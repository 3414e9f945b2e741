/* SPDX-License-Identifier: MIT */
/*
 * A received message (RFC 3261 7). One pass cuts all lines into (id, name, value) and types the
 * headers that routing and transactions need; everything else is parsed by the getter that is
 * asked for it. All slices point into the received bytes; the header table lives in the arena.
 */
#ifndef LAMPYRID_SIP_MSG_H
#define LAMPYRID_SIP_MSG_H

#include "base/arena.h"
#include "sip/limits.h"
#include "sip/uri.h"

/* Every header that has a name of its own here: headers.def lists each once. */
enum sip_header_id {
	HDR_OTHER, /* carried through unharmed */
#define HDR(id, name, compact, is_single) HDR_##id,
#include "sip/headers.def"
#undef HDR
	HDR_COUNT
};

enum sip_method {
	METHOD_OTHER,
#define METHOD(name) METHOD_##name,
#include "sip/methods.def"
#undef METHOD
	METHOD_COUNT
};

struct sip_header {
	enum sip_header_id id;
	struct slice name;  /* as it stood, compact or long */
	struct slice value; /* trimmed; a folded line keeps its CRLF and spaces inside */
};

struct sip_via {
	struct slice text;	/* this entry as it stood */
	struct slice transport; /* "UDP" */
	struct slice host;	/* sent-by; an IPv6 reference keeps its brackets */
	uint16_t port;		/* 0: none given */
	bool has_rport;		/* RFC 3581: the parameter is present */
	uint16_t rport;		/* 0: without a value */
	struct slice branch;
	struct slice received;
	struct slice maddr;
	struct slice params; /* behind the first ';' */
};

/* A name-addr or addr-spec with header parameters (RFC 3261 20.10). */
struct sip_addr {
	struct slice text;    /* this entry as it stood */
	struct slice display; /* without its quotes, see sip_display_unquote() */
	struct sip_uri uri;
	struct slice params; /* header parameters, behind the first ';' after the URI */
};

struct sip_msg {
	struct slice bytes; /* the whole message */
	bool is_request;

	enum sip_method method;
	struct slice method_name; /* for a response: from CSeq */
	struct sip_uri uri; /* Request-URI; scheme URI_OTHER with raw text when it does not parse */
	bool is_uri_bad;

	unsigned status; /* of a response, 100..699 */
	struct slice reason;

	const struct sip_header *headers; /* [header_count], in order of arrival, in the arena */
	size_t header_count;
	uint8_t first[HDR_COUNT]; /* 1 + index of the first header of this id, 0: none */

	struct sip_via via; /* the topmost */
	struct sip_addr from;
	struct sip_addr to;
	struct slice from_tag; /* empty: none */
	struct slice to_tag;
	struct slice call_id;
	uint32_t cseq;
	uint32_t max_forwards;
	bool has_max_forwards;
	uint32_t content_length;
	bool has_content_length;

	struct slice body;
};

/* Why a message was refused: where, and in words that can stand in a 400's reason phrase. */
struct sip_fault {
	size_t offset;	    /* bytes into the message */
	const char *reason; /* constant text */
	bool is_answerable; /* a request whose Via, From, To, Call-ID and CSeq could be read: answer
			       400 */
};

/*
 * Reads one whole message (a datagram, or what the framer cut). 0; ERR_SYNTAX or ERR_LIMIT with
 * *ret_fault filled (never NULL) and as much of *ret_msg as was understood; ERR_NOMEM when the
 * arena is used up. A datagram longer than Content-Length is cut there (RFC 3261 18.3), one that
 * is shorter is refused. Without Content-Length the body is all that follows.
 */
int sip_msg_parse(struct slice bytes, struct arena *arena, struct sip_msg *ret_msg,
		  struct sip_fault *ret_fault);

/* The first header of this id, or NULL. */
const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id);

/* The next header line of the same id behind `header`, or NULL. */
const struct sip_header *sip_msg_header_next(const struct sip_msg *msg,
					     const struct sip_header *header);

/* The value of the first header of this id, or SLICE_NONE. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id);

/* The first header by name for those without an id of their own; NULL when there is none. */
const struct sip_header *sip_msg_header_named(const struct sip_msg *msg, struct slice name);

/*
 * Walks a list header over commas and repeated lines alike, minding quotes and angle brackets.
 * Start with a zeroed cursor; false at the end.
 */
struct sip_list_cursor {
	const struct sip_header *header;
	struct slice rest;
};
bool sip_msg_list_next(const struct sip_msg *msg, enum sip_header_id id,
		       struct sip_list_cursor *cursor, struct slice *ret_entry);

/* True when a list header holds this token, without case ("Require" has "100rel"). */
bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, struct slice token);

/* Delta seconds such as Expires or Min-Expires. ERR_NOTFOUND, ERR_SYNTAX or ERR_RANGE. */
int sip_msg_seconds(const struct sip_msg *msg, enum sip_header_id id, uint32_t *ret_seconds);

int sip_via_parse(struct slice text, struct sip_via *ret_via);
int sip_addr_parse(struct slice text, struct sip_addr *ret_addr);

/*
 * A header parameter in "a=b;c;d="x"" text, by name without case. *ret_value is without quotes,
 * empty for a flag. False when it is not there.
 */
bool sip_param(struct slice params, struct slice name, struct slice *ret_value);

/* A display name with its backslash escapes undone and line folds made spaces. */
void sip_display_unquote(struct buf *buf, struct slice display);

/* "active;expires=3600" gives the part before the first ';' trimmed, and the parameters. */
void sip_token_params(struct slice value, struct slice *ret_token, struct slice *ret_params);

struct slice sip_method_name(enum sip_method method);
enum sip_method sip_method_of(struct slice name); /* case counts (RFC 3261 7.1) */
struct slice sip_header_name(enum sip_header_id id);
enum sip_header_id sip_header_id_of(struct slice name); /* long or compact, without case */

/* The usual reason phrase of a status code (RFC 3261 21 and its successors), "Unknown" otherwise.
 */
struct slice sip_status_reason(unsigned status);

#endif
