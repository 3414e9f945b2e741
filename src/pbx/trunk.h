/* SPDX-License-Identifier: MIT */
/*
 * Trunks at work: where each one is (RFC 3263), whether it is there, our registration with it, and
 * how many calls go over it. A trunk starts, changes and leaves with the directory; one that leaves
 * unregisters, and stays until its calls are over.
 */
#ifndef LAMPYRID_PBX_TRUNK_H
#define LAMPYRID_PBX_TRUNK_H

#include "core/dialog.h"
#include "core/registration.h"
#include "core/resolve.h"
#include "core/session.h"
#include "pbx/pbx.h"

/* How long a target that failed is avoided, unless its Retry-After says longer. */
#define TRUNK_AVOID_MS 60000

enum trunk_state {
	TRUNK_UNKNOWN, /* nobody has asked yet: it is taken to be there */
	TRUNK_UP,
	TRUNK_DOWN,
};

struct trunk_target {
	struct target target;
	uint64_t avoid_until_ms; /* it failed a while ago */
};

struct trunk {
	struct pooled pooled;
	struct pbx *pbx;
	struct list node; /* in pbx->trunks, in the order of the file; alone when leaving */
	struct directory *directory; /* a reference: holds `config` */
	const struct trunk_config *config;
	bool is_leaving;
	char contact_user[TOKEN_BYTES]; /* what the provider calls us by */

	struct resolve *resolve;			  /* owned; NULL: nothing is being asked */
	struct trunk_target targets[RESOLVE_TARGETS_MAX]; /* [target_count], in order of trying */
	size_t target_count;
	struct timer dns_due; /* the targets get old; when leaving: the end */

	struct account account;
	struct slice realm;		   /* owned: of the account, when the registrar told it */
	struct registration *registration; /* NULL: not wanted, or nowhere to go yet */
	struct target registrar;	   /* where it went last */

	enum trunk_state state;
	uint64_t since_ms;     /* when the state was entered */
	unsigned last_status;  /* of the last OPTIONS or REGISTER; 0: none yet, 408: no answer */
	unsigned streak;       /* answers in a row that say the opposite of the state */
	struct dialog probing; /* no dialog: the numbering of our OPTIONS */
	struct handle probe;   /* the OPTIONS that waits for its answer */
	struct target probed;
	struct timer probe_due;

	uint32_t calls;
};

/*
 * Trunks of the present directory start, change or leave. To be called once there are listeners,
 * and whenever the directory has changed.
 */
void trunk_on_directory(struct pbx *pbx);

/* All leave: the server is about to end. */
void trunk_stop_all(struct pbx *pbx);

/* Without another word. */
void trunk_fini(struct pbx *pbx);

/*
 * A connection to this peer is gone, and with it the way by which it would call us: a registration
 * over it is made anew, unless it is so young that the peer seems not to want connections.
 */
void trunk_on_connection_lost(struct pbx *pbx, const struct addr *peer);

/* NULL when there is none. */
struct trunk *trunk_find(struct pbx *pbx, struct slice name);

/* --- Targets ------------------------------------------------------------------------------ */

/*
 * A target to send something new to: the first that is not avoided and not in `tried` (bits), else
 * the first that is not in `tried`. ERR_NOTFOUND when there is none left; what cannot be reached
 * from here is passed over and set in *tried, as is the target that was found.
 */
int trunk_pick(struct trunk *trunk, unsigned *tried, struct flow *ret_flow);

/* Whether there is one that trunk_pick() would find and that is not avoided. */
bool trunk_has_fresh(const struct trunk *trunk, unsigned tried);

/* It gave no answer, or 503: avoided for a while (RFC 3263 4.3, RFC 3261 21.5.4). */
void trunk_target_failed(struct trunk *trunk, const struct flow *flow,
			 const struct sip_msg *response);

/* An answer that speaks for this target only, so that another one may do better: 503, or none. */
bool trunk_status_is_of_target(unsigned status, bool is_answered);

/* Not down, and somewhere to send to. */
bool trunk_is_usable(const struct trunk *trunk);

/* A request of ours that goes to this flow goes to the trunk itself (SECURITY A5). */
bool trunk_is_at(const struct trunk *trunk, const struct flow *flow);

/* Whether what came by this flow comes from the trunk, see doc/configuration.md. */
bool trunk_is_source(const struct trunk *trunk, const struct flow *flow);

/* --- Names -------------------------------------------------------------------------------- */

/* "acme.example": from-domain, else the host of the URI. */
struct slice trunk_domain(const struct trunk *trunk);

/* "sip:NUMBER@HOST:PORT;transport=tcp": somebody there. */
void trunk_print_uri(const struct trunk *trunk, struct buf *buf, struct slice number);

/* A Contact line, or only the URI, for what goes by this flow. */
void trunk_print_contact(const struct trunk *trunk, struct buf *buf, const struct flow *flow);
void trunk_print_contact_uri(const struct trunk *trunk, struct buf *buf, const struct flow *flow);

/* --- Calls -------------------------------------------------------------------------------- */

/* trunk_call.c: whose call this INVITE without credentials is; NULL: nobody's, so far. */
struct trunk *trunk_identify(struct pbx *pbx, const struct incoming *in);

/* A call from outside. */
void trunk_on_invite(struct pbx *pbx, struct incoming *in, struct trunk *trunk);

/* One of its calls more would be too many. */
bool trunk_is_full(const struct trunk *trunk);

/* A leg has left it. */
void trunk_call_over(struct trunk *trunk);

/* on_challenge of a leg's session: with the trunk's credentials, and to nobody else (A5). */
int trunk_on_challenge(struct session *session, const struct sip_msg *response, struct buf *line);

/* A request in a dialog came another way: it has to prove to be the trunk's. */
bool trunk_is_peer(struct trunk *trunk, struct incoming *in);

/* --- For the files of a trunk ------------------------------------------------------------- */

/* trunk_watch.c: the trunk's targets are known, or known anew. */
void trunk_watch_start(struct trunk *trunk);
void trunk_watch_stop(struct trunk *trunk);

/* A leaving trunk ends once nothing holds it any more. */
void trunk_end_if_idle(struct trunk *trunk);

void trunk_on_free(void *object);

struct slice trunk_state_name(enum trunk_state state);

#endif
