/* SPDX-License-Identifier: MIT */
/*
 * The way to and from the outside, as the configuration says it: trunks (providers, other offices)
 * and the routes that lead to them. Part of the directory, and like it never changed once built.
 */
#ifndef LAMPYRID_PBX_DIALPLAN_H
#define LAMPYRID_PBX_DIALPLAN_H

#include "base/addr.h"
#include "base/list.h"
#include "sip/uri.h"

#define TRUNKS_MAX 64
#define TRUNK_SOURCES_MAX 16
#define ROUTE_TRUNKS_MAX 4
#define ROUTE_ALLOWED_MAX 64

struct extension;

/*
 * Numbers by pattern: all of a number, or with `is_prefix` whatever begins so. In the file a '*' at
 * the end makes a prefix.
 */
struct number_match {
	struct slice text;
	bool is_prefix;
};

/* "192.0.2.0/24"; a single address has all its bits. */
struct addr_range {
	struct addr addr;
	uint8_t bits;
};

/* A called number of the outside, and the number inside that it stands for. */
struct trunk_number {
	struct list node;
	struct number_match match;
	struct number_match to; /* is_prefix: with what the match's '*' stood for behind it */
};

/* What becomes of a REFER that asks for a transfer. */
enum refer_mode {
	REFER_UNSAID,  /* here; somebody else's word counts */
	REFER_HANDLE,  /* the server transfers the call */
	REFER_FORWARD, /* the other party's phone is asked to */
};

struct trunk_config {
	struct list node;      /* in dialplan->trunks, in the order of the file */
	struct slice name;     /* "acme" */
	struct slice uri;      /* "sip:sip.acme.example;transport=tcp", without a user */
	struct sip_uri to;     /* the same, read */
	struct slice username; /* empty: no credentials */
	struct slice password;
	struct slice realm;	  /* empty: the one that the registrar challenged with, or any */
	struct slice from_domain; /* empty: the host of the URI */
	struct number_match from; /* of calls outwards; is_prefix: the extension's number behind */
	bool has_from;
	bool is_registering;
	bool is_trusted; /* RFC 3325 2.3: identities are told and believed */
	enum refer_mode refer;
	bool may_publish; /* the state of extensions whose lamps are published (RFC 3903) */
	uint32_t expires_s;
	uint32_t qualify_s;  /* 0: never asked */
	uint32_t calls_max;  /* at a time; 0: any */
	struct list numbers; /* struct trunk_number, in the order of the file */
	struct addr_range sources[TRUNK_SOURCES_MAX]; /* [source_count] */
	size_t source_count;
};

struct route {
	struct list node; /* in dialplan->routes, in the order of the file */
	struct number_match match;
	const struct trunk_config *trunks[ROUTE_TRUNKS_MAX]; /* [trunk_count], in order of trying */
	size_t trunk_count;
	size_t strip; /* bytes of the dialled number that are left out, then: */
	struct slice prepend;
	bool is_emergency;
	struct slice extensions[ROUTE_ALLOWED_MAX]; /* [extension_count] who may use it */
	size_t extension_count;
	struct slice groups[ROUTE_ALLOWED_MAX]; /* [group_count] the same, by group */
	size_t group_count;
};

struct dialplan {
	struct list trunks; /* struct trunk_config */
	size_t trunk_count;
	struct list routes; /* struct route */
};

void dialplan_init(struct dialplan *dialplan);
void dialplan_fini(struct dialplan *dialplan);

/*
 * Copies what is given, all but the lists. ERR_EXISTS for a name that is there already, ERR_SYNTAX
 * for a URI that does not parse, ERR_LIMIT, ERR_NOMEM.
 */
int dialplan_add_trunk(struct dialplan *dialplan, const struct trunk_config *trunk,
		       struct trunk_config **ret_trunk);
int trunk_config_add_number(struct trunk_config *trunk, const struct number_match *match,
			    const struct number_match *to);

/*
 * Copies the texts; the trunks must be of this dialplan. ERR_SYNTAX for a match that is no number,
 * ERR_NOMEM.
 */
int dialplan_add_route(struct dialplan *dialplan, const struct route *route);

/* NULL when there is none. */
const struct trunk_config *dialplan_find_trunk(const struct dialplan *dialplan, struct slice name);

/*
 * The route of a dialled number: the longest match decides, an exact one before a prefix of the
 * same length; among equals the first that the extension may use (NULL: that everybody may). NULL
 * without a match, and with *ret_is_denied where only the right is missing. Visual separators do
 * not count.
 */
const struct route *dialplan_find_route(const struct dialplan *dialplan, struct slice number,
					const struct extension *caller, bool *ret_is_denied);

/* The number as the trunk is told it: without visual separators, stripped, then prepended. */
void route_print_number(struct buf *buf, const struct route *route, struct slice number);

/*
 * What a number called through this trunk is inside, the longest match first; false when `numbers`
 * does not have it.
 */
bool trunk_config_print_inside(struct buf *buf, const struct trunk_config *trunk,
			       struct slice called);

bool number_matches(const struct number_match *match, struct slice number);
bool addr_range_has(const struct addr_range *range, const struct addr *addr);

/*
 * Whether a running trunk can go on with the new configuration: same peer, same account. All else
 * may differ.
 */
bool trunk_config_is_same_peer(const struct trunk_config *a, const struct trunk_config *b);

#endif
