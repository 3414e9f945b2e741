/* SPDX-License-Identifier: MIT */
/*
 * The directory: who there is and what they may do, as the configuration says it. It is built once,
 * never changed, and counted: a reload swaps in a new one while calls still hold the old.
 */
#ifndef LAMPYRID_PBX_DIRECTORY_H
#define LAMPYRID_PBX_DIRECTORY_H

#include "base/addr.h"
#include "base/list.h"
#include "base/map.h"
#include "pbx/dialplan.h"
#include "pbx/forward.h"

/* What a watcher sees of somebody's calls, each level with all of the one before. */
enum visibility {
	VISIBILITY_NONE,    /* nothing: the subscription is refused */
	VISIBILITY_BUSY,    /* free or busy */
	VISIBILITY_CALLS,   /* ringing, calling or talking */
	VISIBILITY_NUMBERS, /* and with whom */
};

/* Whom an exception from an extension's visibility is for; the first that fits decides. */
enum visibility_scope { SCOPE_USER, SCOPE_GROUP, SCOPE_DOMAIN };

struct visibility_rule {
	enum visibility_scope scope;
	struct slice who; /* an extension's number, the name of a group, or a domain */
	enum visibility visibility;
};

/* Who may take a ringing call away from an extension. */
enum pickup_right { PICKUP_NONE, PICKUP_SAME_GROUP, PICKUP_ALL };

/* Who may take an answered call away from an extension. */
enum barge_in_right { BARGE_IN_NONE, BARGE_IN_SAME_GROUP };

/*
 * Which digest algorithms a phone is offered (RFC 8760). Many phones that know MD5 only take an
 * offer of both for an error instead of choosing, see doc/decisions/.
 */
enum digest_offer { DIGEST_MD5, DIGEST_SHA256, DIGEST_BOTH };

/* Where the truth about an extension's calls comes from, besides our own calls. */
enum lamp_source {
	LAMP_SOURCE_OWN,       /* nowhere */
	LAMP_SOURCE_FORWARD,   /* its phone is asked, by SUBSCRIBE */
	LAMP_SOURCE_PUBLISHED, /* its phone, or a trunk that may, says so by PUBLISH (RFC 3903) */
};

/*
 * Where calls wait until somebody fetches them: "*851", or with ten and more orbits "*8501". The
 * code alone is any of them.
 */
struct park_config {
	struct slice code;  /* "*85" */
	uint32_t orbits;    /* 0: none, nobody parks */
	uint32_t timeout_s; /* then who parked is called; 0: never */
};

#define PARK_ORBITS_MAX 99

#define DIRECTORY_CODES_MAX 8
#define DIRECTORY_GROUPS_MAX 8 /* of one extension */
#define DIRECTORY_DNS_MAX 4
#define DIRECTORY_LISTENERS_MAX 16
#define DIRECTORY_RULES_MAX 128 /* of one extension's visibility */
#define DIRECTORY_LIST_MAX 128	/* of one extension's keys, and of its watchers */

struct profile;
struct tls_context;

/* Both are the directory's, by directory_keep_...(); several extensions may have the same. */
struct visibility_rules {
	const struct visibility_rule *rules; /* [count] */
	size_t count;
};
struct number_list {
	const struct slice *numbers; /* [count] */
	size_t count;
};

struct extension {
	struct map_node node; /* keyed by number */
	struct slice number;  /* "202" */
	struct slice name;    /* "Bob"; may be empty */
	struct slice password;
	struct slice groups[DIRECTORY_GROUPS_MAX]; /* [group_count] names */
	size_t group_count;
	enum visibility visibility; /* for whom none of the rules is */
	struct visibility_rules visibility_rules;
	enum pickup_right pickup;
	enum barge_in_right barge_in;
	enum refer_mode refer;	   /* of calls with its phones: wins over the trunk's word */
	bool may_join_trunks;	   /* by a transfer: two parties who are both outside */
	bool may_refer_out;	   /* a REFER outside of any dialog makes its phones call */
	uint32_t hold_reminder_s;  /* after which it is reminded of whom it holds; 0: never */
	struct number_list notify; /* watchers that are told without having subscribed */
	const struct extension *const *told_of; /* [told_count] see directory_link() */
	size_t told_count;
	struct number_list keys;       /* whom the list "keys-NUMBER" is of, in this order */
	const struct profile *profile; /* of its phones; NULL: by their User-Agent */
	enum lamp_source lamp_source;
	struct forward forward;
	uint32_t max_calls; /* at a time, any more are busy; 0: no limit */
};

/* How a group's members ring: all at once, or one after the other. */
enum group_ring { GROUP_ALL, GROUP_IN_TURN };

/* A number that rings the phones of several extensions. */
struct group {
	struct map_node by_number; /* in directory->groups */
	struct map_node by_name;   /* in directory->group_names */
	struct slice name;	   /* "sales": what extensions call it, and what phones show */
	struct slice number;	   /* "600" */
	enum group_ring ring;
	uint32_t member_s; /* how long each one rings, in turn */
	struct forward forward;
	struct list members; /* struct group_member, in the order of being added */
};

struct group_member {
	struct list node; /* in group->members */
	const struct extension *extension;
};

struct listen_addr {
	uint8_t transport; /* enum transport */
	struct addr addr;
};

/* How many there may be at a time; 0: as many as the switch has room for. */
struct directory_limits {
	uint32_t calls;
	uint32_t registrations;
	uint32_t subscriptions;
	uint32_t subscriptions_each; /* of one extension, or one domain; never 0 */
	uint32_t transactions;
	uint32_t strangers_per_s; /* see stranger.h; 0: no limit */
};

struct directory {
	uint32_t refs;
	struct slice domain;				    /* lower case */
	struct listen_addr listen[DIRECTORY_LISTENERS_MAX]; /* [listen_count] */
	size_t listen_count;
	struct slice pickup_codes[DIRECTORY_CODES_MAX]; /* [pickup_code_count] "**", "*8" */
	size_t pickup_code_count;
	struct slice group_pickup_code; /* "*8"; empty: none */
	struct slice dnd_on_code;	/* "*78"; empty: none */
	struct slice dnd_off_code;	/* "*79"; empty: none */
	struct park_config park;
	enum digest_offer digest;
	uint32_t expires_max_s;	    /* of a registration */
	uint32_t ring_timeout_s;    /* until an unanswered call ends with 408 */
	uint32_t session_expires_s; /* of session timers (RFC 4028); 0: none */
	uint32_t duration_max_s;    /* after which a talking call ends; 0: never */
	uint32_t lamp_gap_ms;	    /* least time between two NOTIFYs of a subscription */
	enum refer_mode refer;	    /* where neither the extension nor the trunk says it */
	struct map extensions;	    /* struct extension, by number */
	struct map groups;	    /* struct group, by number */
	struct map group_names;	    /* the same, by name */
	struct list kept;	    /* what directory_keep_...() made */
	struct directory_limits limits;
	struct slice ctl;     /* path of the control socket; empty: the usual place */
	bool is_ctl_off;      /* none */
	struct slice records; /* file for call records; "-": standard output; empty: none */
	struct dialplan dialplan;
	struct addr dns[DIRECTORY_DNS_MAX]; /* [dns_count] name servers; none: the system's */
	size_t dns_count;
	struct tls_context *tls; /* a reference; NULL: the file says nothing of TLS */
};

/*
 * A directory without domain and extensions, with one reference and the defaults: port 5060 of
 * every IPv4 address by UDP and TCP, the codes ** and *8 for one extension and *8 for the group,
 * *78 and *79 for do-not-disturb.
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
int directory_set_ctl(struct directory *directory, struct slice path);
int directory_set_records(struct directory *directory, struct slice path);
int directory_set_dnd_codes(struct directory *directory, struct slice on, struct slice off);
int directory_set_park(struct directory *directory, const struct park_config *park);

/*
 * Makes copies for the extensions to come, which the directory frees. ERR_LIMIT beyond
 * DIRECTORY_RULES_MAX or DIRECTORY_LIST_MAX, ERR_NOMEM.
 */
int directory_keep_rules(struct directory *directory, const struct visibility_rule *rules,
			 size_t count, struct visibility_rules *ret_rules);
int directory_keep_numbers(struct directory *directory, const struct slice *numbers, size_t count,
			   struct number_list *ret_list);

/* Groups come before the extensions that name them, which become their members. */
int directory_add_group(struct directory *directory, const struct group *group);
int directory_add_extension(struct directory *directory, const struct extension *extension);

/*
 * Once all extensions are there: each knows whom it is told of by their `notify`, those who may see
 * something and are not themselves. ERR_NOMEM.
 */
int directory_link(struct directory *directory);

/* Takes a reference of its own. */
void directory_set_tls(struct directory *directory, struct tls_context *context);

/* NULL when there is none. */
const struct extension *directory_find(const struct directory *directory, struct slice number);

const struct group *directory_find_group(const struct directory *directory, struct slice number);
const struct group *directory_find_group_by_name(const struct directory *directory,
						 struct slice name);

/* The orbit that a number is, from 1; 0: it is none. And the other way round. */
uint32_t park_orbit_of(const struct park_config *park, struct slice number);
void park_print_orbit(const struct park_config *park, uint32_t orbit, struct buf *buf);

bool extension_shares_group(const struct extension *a, const struct extension *b);

#endif
