/* SPDX-License-Identifier: MIT */
/*
 * The directory: who there is and what they may do, as the configuration says it. It is built once,
 * never changed, and counted: a reload swaps in a new one while calls still hold the old.
 */
#ifndef LAMPYRID_PBX_DIRECTORY_H
#define LAMPYRID_PBX_DIRECTORY_H

#include "base/addr.h"
#include "base/map.h"

/* What a watcher sees of somebody's calls, each level with all of the one before. */
enum visibility {
	VISIBILITY_NONE,    /* nothing: the subscription is refused */
	VISIBILITY_BUSY,    /* free or busy */
	VISIBILITY_CALLS,   /* ringing, calling or talking */
	VISIBILITY_NUMBERS, /* and with whom */
};

/* Who may take a ringing call away from an extension. */
enum pickup_right { PICKUP_NONE, PICKUP_SAME_GROUP, PICKUP_ALL };

/*
 * Which digest algorithms a phone is offered (RFC 8760). Many phones that know MD5 only take an
 * offer of both for an error instead of choosing, see doc/decisions/.
 */
enum digest_offer { DIGEST_MD5, DIGEST_SHA256, DIGEST_BOTH };

#define DIRECTORY_CODES_MAX 8
#define DIRECTORY_GROUPS_MAX 8 /* of one extension */
#define DIRECTORY_LISTENERS_MAX 16

struct extension {
	struct map_node node; /* keyed by number */
	struct slice number;  /* "202" */
	struct slice name;    /* "Bob"; may be empty */
	struct slice password;
	struct slice groups[DIRECTORY_GROUPS_MAX]; /* [group_count] names */
	size_t group_count;
	enum visibility visibility;
	enum pickup_right pickup;
};

struct listen_addr {
	enum transport transport;
	struct addr addr;
};

struct directory {
	uint32_t refs;
	struct slice domain;				    /* lower case */
	struct listen_addr listen[DIRECTORY_LISTENERS_MAX]; /* [listen_count] */
	size_t listen_count;
	struct slice pickup_codes[DIRECTORY_CODES_MAX]; /* [pickup_code_count] "**", "*8" */
	size_t pickup_code_count;
	struct slice group_pickup_code; /* "*8"; empty: none */
	enum digest_offer digest;
	uint32_t expires_max_s;	 /* of a registration */
	uint32_t ring_timeout_s; /* until an unanswered call ends with 408 */
	struct map extensions;	 /* of struct extension */
};

/*
 * A directory without domain and extensions, with one reference and the defaults: port 5060 of
 * every IPv4 address by UDP and TCP, the codes ** and *8 for one extension and *8 for the group.
 * NULL when memory is refused.
 */
struct directory *directory_new(const uint64_t map_secret[2]);
struct directory *directory_ref(struct directory *directory);
void directory_unref(struct directory *directory); /* NULL is allowed */

/*
 * Copies what is given. ERR_EXISTS for a number that is there already, ERR_LIMIT, ERR_NOMEM. The
 * domain is lowered; a code that is there already is left as it is.
 */
int directory_set_domain(struct directory *directory, struct slice domain);
int directory_add_pickup_code(struct directory *directory, struct slice code);
void directory_clear_pickup_codes(struct directory *directory);
int directory_set_group_pickup_code(struct directory *directory, struct slice code);
int directory_add_extension(struct directory *directory, const struct extension *extension);

/* NULL when there is none. */
const struct extension *directory_find(const struct directory *directory, struct slice number);

bool extension_shares_group(const struct extension *a, const struct extension *b);

#endif
