/* SPDX-License-Identifier: MIT */
/*
 * A phone without a screen, sockets or sound: account, calls, function keys with lamps, and a
 * command line. Signalling only: its descriptions name a media address, nothing listens there.
 * Bytes and commands come in, packets and events go out.
 */
#ifndef LAMPYRID_PHONE_PHONE_H
#define LAMPYRID_PHONE_PHONE_H

#include "core/account.h"
#include "core/session.h"
#include "phone/event.h"
#include "phone/feed.h"
#include "phone/profile.h"
#include "phone/watch.h"

#define PHONE_KEYS_MAX 128
#define PHONE_LISTS_MAX 4
#define PHONE_CALLS_MAX 8

struct phone;
struct phone_list;
struct registration;

enum phone_key_kind {
	PHONE_KEY_SPEED, /* a press calls the target */
	PHONE_KEY_BLF,	 /* it has a lamp and picks up, too */
	PHONE_KEY_LIST,	 /* stands for the keys of a list, which are of the kind before */
	PHONE_KEY_PARK,	 /* it has the lamp of a place where calls wait: puts one there, fetches it
			  */
};

/* What a press of a blf key does while the watched one talks. */
enum phone_talking {
	PHONE_TALKING_CALLS,	/* calls the target, as when it is idle */
	PHONE_TALKING_PICKS_UP, /* takes the call over, if the server lets us */
	PHONE_TALKING_NOTHING,
};

/* What a press of a speed or blf key does while we talk; vendors: transfer.dsskey_deal_type. */
enum phone_key_transfer {
	PHONE_KEY_CALLS,    /* a call beside the one that is held for it, and no more */
	PHONE_KEY_ATTENDED, /* the same, and the next press brings the two together */
	PHONE_KEY_BLIND,    /* the one we talk with is sent there */
};

struct phone_key_config {
	unsigned number; /* from 1 */
	enum phone_key_kind kind;
	struct slice target; /* "202", "202@example.com" or a URI */
	enum phone_talking talking;
	bool is_unsubscribed; /* it waits for NOTIFYs that nobody has asked for */
};

/* All text must outlive the phone; the keys are copied. */
struct phone_config {
	struct slice aor;	   /* "sip:203@192.0.2.1:5060" */
	struct slice display_name; /* plain text, may be empty */
	struct slice auth_user;	   /* empty: the AOR's user */
	struct slice password;
	const struct phone_key_config *keys; /* [key_count] */
	size_t key_count;
	const struct phone_profile *profile; /* the make to behave like; NULL: generic */
	enum phone_key_transfer key_transfer;
	enum pickup_mode pickup;
	struct slice pickup_code; /* "*8"; empty: that of the profile, if it has one */
	struct flow server;	  /* where all that starts with us goes; .local is our Via */
	struct slice contact;	  /* URI; empty: the AOR's user at server.local */
	struct addr media;  /* where we would receive sound; port 0: server.local, port 4000 */
	uint32_t expires_s; /* of registration and subscriptions; 0: 3600 */
	uint32_t session_expires_s; /* asked for (RFC 4028); 0: 1800 */
	bool is_unregistered;	    /* phone_start() does not register */
	bool has_early_media;	    /* it plays something while it rings: 183 instead of 180 */
	bool transfer_holds;	    /* whom we talk with is held first, and resumed if it fails */
	bool transfer_cancels;	    /* who still rings is called anew, by whom we transfer */
	bool transfer_outside;	    /* the REFER goes beside the dialog that it names (RFC 4538) */
	bool transfer_leaves;	    /* we hang up as soon as a transfer is accepted */
	bool transfer_unheard;	    /* we ask not to be told what becomes of it (RFC 4488) */
	bool takes_click_to_dial;   /* a REFER of the server's makes us call */
	bool lacks_refer;	    /* it plays a phone that takes no REFER */
	bool lacks_replaces;	    /* and one that knows no RFC 3891 */
	bool offers_by_update;	    /* hold and resume go by UPDATE (RFC 3311) */
	struct slice product; /* of User-Agent; empty: the profile's, or "lampyrid" and version */
};

enum phone_call_state {
	PHONE_CALL_FREE,
	PHONE_CALL_CALLING, /* by us */
	PHONE_CALL_RINGBACK,
	PHONE_CALL_RINGING, /* us */
	PHONE_CALL_TALKING,
	PHONE_CALL_HOLDING, /* we hold the peer */
};

/* What our re-INVITE in progress asks for. */
enum phone_offer { PHONE_OFFER_NONE, PHONE_OFFER_HOLD, PHONE_OFFER_RESUME };

enum phone_transfer_state {
	PHONE_TRANSFER_NONE,
	PHONE_TRANSFER_HOLDING, /* whom we talk with is held before anybody is asked */
	PHONE_TRANSFER_ASKED,	/* the REFER has no answer yet */
	PHONE_TRANSFER_GOING,	/* it is accepted, we hear how it goes */
};

/* Where we have sent the other end of a call. */
struct phone_transfer {
	enum phone_transfer_state state;
	struct slice to;    /* URI, owned */
	unsigned consulted; /* number of the call whose other end is meant, or 0 */
	unsigned held;	    /* number of the call that is held for it and was not before, or 0 */
	struct handle referral; /* the REFER */
};

struct phone_call {
	struct phone *phone;
	enum phone_call_state state;
	unsigned number;   /* counts up from 1 */
	uint64_t began_ms; /* of the clock */
	struct handle session;
	struct slice remote;  /* URI, owned */
	struct slice display; /* owned */
	struct auth_attempt attempt;
	unsigned referrer;     /* number of the call whose peer has referred us here, or 0 */
	struct handle refer;   /* his REFER, or the server's, which hears how it goes */
	unsigned key;	       /* number of the key that has begun it, or 0 */
	struct timer farewell; /* we end it when he does not, who has referred us elsewhere */
	struct phone_transfer transfer;
	enum phone_offer offer;	 /* under way */
	enum phone_offer wanted; /* to be sent when nothing else is under way */
	bool is_held_by_peer;
	bool is_held_by_invite; /* while it rings: the offer holds us */
	uint64_t sdp_id;	/* of our descriptions (RFC 8866 5.2) */
	uint32_t sdp_version;	/* of the last one sent */
	struct slice answer;	/* owned: what we say in media when a ringing call is answered */
	struct timer retry;	/* of the re-INVITE after 491 (RFC 3261 14.1) */
};

/* A notifier's dialog that began with a NOTIFY (the key's profile takes them). */
struct phone_unasked {
	struct usage usage;
	struct dialog dialog;
};

struct phone_key {
	struct phone_key_config config;
	struct phone *phone;
	struct slice target;	 /* URI, owned; for blf also what is subscribed */
	struct slice name;	 /* owned: what the list calls it, or empty */
	struct slice status;	 /* owned: beside its calls, such as "unregistered"; or empty */
	struct phone_list *list; /* that has brought it and feeds it; or NULL */
	struct slice instance;	 /* owned: the list's id of what it feeds (RFC 4662 5.5) */
	bool is_listed;		 /* the document being read names it */
	struct feed feed;
	struct phone_unasked unasked;
	struct watch watch;
	bool is_told; /* what follows has been told by an event */
	enum lamp lamp;
	enum dialog_state state; /* of the dialog that decided on it */
};

/* A subscription that fills keys (RFC 4662). */
struct phone_list {
	struct phone_key_config config;
	struct phone *phone;
	struct slice target; /* URI, owned */
	struct feed feed;
	uint32_t version; /* of the last document */
	bool has_version;
	bool is_asked; /* full state was asked for and has not come */
};

struct phone {
	struct stack stack;
	struct phone_config config;
	struct account account;
	struct slice aor;     /* owned: without what a From cannot say (RFC 3261 table 1) */
	struct slice domain;  /* in it: "192.0.2.1:5060" */
	struct slice contact; /* owned: header line */
	struct slice local;   /* owned: From value */
	struct handle registration;
	struct phone_key *keys[PHONE_KEYS_MAX]; /* [key_count], owned; NULL: the place is free */
	size_t key_count;
	struct phone_list lists[PHONE_LISTS_MAX]; /* [list_count] */
	size_t list_count;
	struct phone_call calls[PHONE_CALLS_MAX];
	unsigned last_call; /* number */
	bool is_dnd;
	bool is_stopping;
	char *xml_block; /* [PHONE_XML_BYTES], owned: for reading one document */
	void (*on_event)(void *user, const struct phone_event *event);
	void *user;
};

/*
 * Sends nothing yet. `env` and `timers` must outlive the phone, which must not move. ERR_SYNTAX
 * for a bad AOR, contact or key target, ERR_LIMIT for too many keys, ERR_EXISTS for a key number
 * given twice, ERR_NOMEM; those of digest_init().
 */
int phone_init(struct phone *phone, const struct env *env, struct timers *timers,
	       const struct phone_config *config,
	       void (*on_event)(void *user, const struct phone_event *event), void *user);

/* Without another packet or event. */
void phone_fini(struct phone *phone);

/* Registers, and watches once registered; without registering it watches at once. */
void phone_start(struct phone *phone);

/* Hangs up, unsubscribes, unregisters; when phone_is_stopped() says so it is done. */
void phone_stop(struct phone *phone);

void phone_on_message(struct phone *phone, const struct flow *flow, struct slice bytes);
void phone_on_turn_end(struct phone *phone);

/*
 * A connection ended or could not be opened. If it was the server's, registering again opens one
 * and makes it known, and each key asks over it what it has missed.
 */
void phone_on_connection_lost(struct phone *phone, const struct flow *lost);

/*
 * A line of the command language: "dial 202", "press 1", "answer", "hangup", "hold", "resume",
 * "transfer 204", "transfer attended", "dnd on", "calls", "lamps", "register", "unregister",
 * "quit". What is wrong with it is told by an error event.
 */
void phone_command(struct phone *phone, struct slice line);

/*
 * What the commands do. `call` is a call's number; 0 takes the one that is meant: to answer the
 * ringing one, to hang up the talking one, else the one that we called, that rings, or is held.
 * 0, or an error that has been told by an error event.
 */
int phone_dial(struct phone *phone, struct slice target);
int phone_press(struct phone *phone, unsigned key);
int phone_answer(struct phone *phone, unsigned call);
int phone_hangup(struct phone *phone, unsigned call);
int phone_hold(struct phone *phone, unsigned call);
int phone_resume(struct phone *phone, unsigned call);

/*
 * Sends the other end of a call to `target` (RFC 5589 6), 0: of the talking one, else the held one.
 * What becomes of it is told by transfer events; when it has succeeded the call ends.
 */
int phone_transfer(struct phone *phone, unsigned call, struct slice target);

/*
 * Brings the other ends of two calls together (RFC 5589 7): of `held`, and of `consulted`, which
 * may still ring. 0: the last one held, and the one that we talk with or are calling.
 */
int phone_transfer_attended(struct phone *phone, unsigned held, unsigned consulted);
int phone_register(struct phone *phone);
int phone_unregister(struct phone *phone);
void phone_set_dnd(struct phone *phone, bool is_on);
void phone_show_calls(struct phone *phone);
void phone_show_lamps(struct phone *phone);

/* --- Looking at it ------------------------------------------------------------------------ */

/* LAMP_OFF also for a key that does not exist or has no lamp. */
enum lamp phone_lamp(const struct phone *phone, unsigned key);

bool phone_is_registered(const struct phone *phone);

/* Calls that are not ended; with `state` only those in it. */
size_t phone_call_count(const struct phone *phone);
size_t phone_count_calls_in(const struct phone *phone, enum phone_call_state state);

/* After phone_stop(): everybody knows that we are gone, or cannot be told. */
bool phone_is_stopped(const struct phone *phone);

/* No call, registration, subscription, transaction or timer is left. */
bool phone_is_quiet(const struct phone *phone);

#endif
