/* SPDX-License-Identifier: MIT */
/*
 * The switch: everything `lampyrid serve` is but its sockets. It owns the SIP stack and the tables
 * of bindings, lamps, calls and legs; a host feeds it messages and time.
 */
#ifndef LAMPYRID_PBX_PBX_H
#define LAMPYRID_PBX_PBX_H

#include "core/nonce.h"
#include "core/stack.h"
#include "pbx/directory.h"
#include "pbx/lamp_audit.h"
#include "pbx/stranger.h"

struct pbx_limits {
	struct stack_limits stack;
	uint32_t bindings;
	uint32_t calls;
	uint32_t attempts;
	uint32_t legs;
	uint32_t notices;
	uint32_t publications;
	uint32_t asked_phones;
};

/* What a small office server is started with; memory is taken only as it is needed. */
extern const struct pbx_limits pbx_default_limits;

struct pbx {
	struct stack stack;
	struct directory *directory; /* the current one */
	uint64_t directory_turn;     /* when it became that; never 0 */
	struct pbx_limits limits;    /* where the directory names no other */
	struct nonces nonces;
	struct strangers strangers;
	struct pool bindings;  /* struct binding */
	struct map aors;       /* struct aor, by extension number */
	struct pool calls;     /* struct call */
	uint32_t last_call;    /* its number */
	struct pool attempts;  /* struct attempt */
	struct pool legs;      /* struct leg */
	struct pool splices;   /* struct splice */
	struct pool transfers; /* struct transfer */
	struct list parked;    /* struct parked */
	struct map dnd;	       /* struct dnd, by extension number */
	struct pool notices;   /* struct notice, see dnd.c */
	struct map entities;   /* struct lamp_entity, by extension number */
	struct lamp_audit lamp_audit;
	struct lamp_cache *lamp_cache;		  /* documents, see lamp_document.h */
	struct map phone_forwards;		  /* struct phone_forward, by extension number */
	struct map owns;			  /* struct own, by extension number */
	struct map viewers[2];			  /* struct viewer: extensions, domains outside */
	struct map referrers[2];		  /* struct referrer: extensions, trunks */
	struct list lists;			  /* struct lamp_list */
	uint32_t list_entries;			  /* of all of them */
	struct timer unasked_due;		  /* one more try, see lamp_unasked.c */
	struct pool publications;		  /* struct publication */
	struct pool asked_phones;		  /* struct asked_phone, see lamp_forward.h */
	struct pool clicks;			  /* struct click */
	struct pool ticket_pool;		  /* struct ticket */
	struct list tickets;			  /* the same, those that live */
	struct pool trunk_pool;			  /* struct trunk */
	struct list trunks;			  /* struct trunk: those of the directory */
	struct timer trunks_due;		  /* one more try: memory was refused for a trunk */
	uint64_t turn;				  /* counts lamp changes, see lamp.h */
	struct addr own[DIRECTORY_LISTENERS_MAX]; /* [own_count] addresses we listen on */
	size_t own_count;
};

/*
 * Takes a reference of the directory. `env`, `timers` must outlive the switch. ERR_NOMEM or
 * ERR_UNSUPPORTED (no digest algorithms) at start-up.
 */
int pbx_init(struct pbx *pbx, const struct env *env, struct timers *timers,
	     struct directory *directory, const struct pbx_limits *limits);

/* Forgets everything without sending another byte. */
void pbx_fini(struct pbx *pbx);

/* A request for this address is for us, as one for the domain is. ERR_LIMIT. */
int pbx_add_own_address(struct pbx *pbx, const struct addr *addr);

/* The host listens now: trunks start. */
void pbx_start(struct pbx *pbx);

/* A new configuration: calls go on; bindings and subscriptions of those who left end. */
void pbx_set_directory(struct pbx *pbx, struct directory *directory);

/*
 * The server is about to end: calls that ring are refused with 503, and lamps end with
 * "deactivated", so that phones subscribe anew at once to whoever serves next (RFC 6665 4.2.2).
 * Calls that talk go on; their media does not need us. What is sent needs some time to leave.
 */
void pbx_stop(struct pbx *pbx);

/*
 * The peer of this flow has proved who it is: its connection is worth keeping, and where it comes
 * from is no stranger (stranger.h).
 */
void pbx_vouch(struct pbx *pbx, const struct flow *flow);

void pbx_on_message(struct pbx *pbx, const struct flow *flow, struct slice bytes);
void pbx_on_turn_end(struct pbx *pbx);

/*
 * A connection ended or could not be opened: see stack_on_connection_lost(). Phones that could be
 * reached by it only are not registered any more, until they come back.
 */
void pbx_on_connection_lost(struct pbx *pbx, const struct flow *lost);

/* True when the host part is our domain or one of our addresses. */
bool pbx_is_own_host(const struct pbx *pbx, const struct sip_uri *uri, const struct flow *flow);

/*
 * Whether one more call may start that is no emergency: some places in each table are kept for
 * those. A refusal is counted by the table.
 */
bool pbx_has_room(struct pbx *pbx);

/* The caller asks for this kind of privacy (RFC 3323 4.2): "id", "user" ... */
bool privacy_has(const struct sip_msg *msg, struct slice kind);

/* From or another address says that it does not say who (RFC 3323 4.1.1.3). */
bool addr_is_anonymous(const struct sip_addr *addr);

/* "sip:202@pbx.example.com" */
void pbx_print_aor(const struct pbx *pbx, struct buf *buf, struct slice number);

/* `"Bob" <sip:202@pbx.example.com>` as From and To say it; without a number it is Anonymous. */
void pbx_print_identity(const struct pbx *pbx, struct buf *buf, struct slice name,
			struct slice number);

/* "Contact: <sip:202@192.0.2.1:5060;transport=tcp>\r\n": where our side of a dialog is reached. */
void pbx_print_contact(struct buf *buf, struct slice number, const struct flow *flow);
void pbx_print_contact_uri(struct buf *buf, struct slice number, const struct flow *flow);

#endif
