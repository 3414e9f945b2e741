/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share: the phone's parts among themselves.
 */
#ifndef LAMPYRID_PHONE_PHONE_INNER_H
#define LAMPYRID_PHONE_PHONE_INNER_H

#include "phone/phone.h"
#include "sip/sdp.h"

/* All that the documents of one body can ask for, and an rlmi's arrays. */
#define PHONE_XML_BYTES (4 * XML_MAX_BYTES)
#define PHONE_SDP_MAX_BYTES 8192
#define PHONE_LINES_MAX_BYTES 4096
#define PHONE_SDP_TYPE SLICE("application/sdp")

/* --- phone.c ------------------------------------------------------------------------------ */

void phone_emit(struct phone *phone, const struct phone_event *event);

/* Tells an error in words and answers `err`. */
int phone_fail(struct phone *phone, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Allow, with what we take. */
struct slice phone_allow_line(const struct phone *phone);

/* What a person or a document calls somebody ("202", "202@example.com", a URI) as a URI. */
int phone_print_uri(const struct phone *phone, struct slice text, struct buf *buf);

/* --- call.c ------------------------------------------------------------------------------- */

/* An INVITE outside of any dialog. */
void phone_call_on_invite(struct phone *phone, struct incoming *in);

/* What an INVITE of ours says beside whom it calls; zero: nothing. */
struct phone_invite {
	const struct sip_replaces *replaces; /* the dialog that it takes over (RFC 3891) */
	struct slice referred_by;	     /* header value (RFC 3892) */
	unsigned referrer;   /* number of the call whose peer asked for it: not held meanwhile */
	struct handle refer; /* the REFER that did */
	unsigned key;	     /* number of the key that was pressed, or 0 */
	struct slice party;  /* URI of whom we shall talk with, when it is not who is called */
	struct slice party_display; /* plain text */
};

/*
 * Calls `target`, as phone_print_uri() takes it; the other calls are held first. An error has been
 * told by an error event.
 */
int phone_call_start(struct phone *phone, struct slice target, const struct phone_invite *how);

void phone_call_fini(struct phone_call *call);
struct slice phone_call_state_name(enum phone_call_state state);
void phone_call_set_state(struct phone_call *call, enum phone_call_state state);

/* NULL when it is over. */
struct session *phone_call_session(struct phone_call *call);

/* The call of that number in one of the states (bits), or for 0 the oldest in them; or NULL. */
struct phone_call *phone_call_find(struct phone *phone, unsigned number, unsigned states);

/* Tells that there is none: "no call 3 is ringing". */
int phone_no_call(struct phone *phone, unsigned number, const char *what);

struct phone_event phone_call_event(const struct phone_call *call, enum phone_event_kind kind);
void phone_call_emit(struct phone_call *call, enum phone_event_kind kind);

/* --- identity.c --------------------------------------------------------------------------- */

/* It comes from the host where our server is. */
bool phone_flow_is_server(const struct phone *phone, const struct flow *flow);

/* Who calls. ERR_NOMEM. */
int phone_call_identify_caller(struct phone_call *call, const struct incoming *in);

/* True when a message of the call's dialog says that somebody else is there now. */
bool phone_call_identify(struct phone_call *call, const struct session *session,
			 const struct sip_msg *msg);

/* The same, and tells it: as a handler of a session. */
void phone_call_on_connected(struct session *session, const struct sip_msg *msg);

/* --- replaced.c --------------------------------------------------------------------------- */

/*
 * The call that an INVITE replaces, NULL without a Replaces that counts. 0, or the status to refuse
 * it with (RFC 3891 3).
 */
unsigned phone_replaced_find(struct phone *phone, const struct incoming *in,
			     struct phone_call **ret_call);

/* --- refer.c ------------------------------------------------------------------------------ */

/* A REFER in the dialog of a call, and one outside of any; both are answered. */
void phone_refer_on_request(struct phone_call *call, struct session *session, struct incoming *in);
void phone_refer_on_request_outside(struct phone *phone, struct incoming *in);

/* How it goes with a call, for who has referred us to it, if anybody has. */
void phone_refer_tell(struct phone_call *call, unsigned status, struct slice reason);
void phone_refer_on_answered(struct phone_call *call);

/* --- transfer.c --------------------------------------------------------------------------- */

bool phone_transfer_is_going(const struct phone_call *call);

/* The offer that was under way is settled: a transfer that waited for the hold goes on. */
void phone_transfer_on_offer_done(struct phone_call *call);

/* The call ends; what of the transfer comes nobody will tell us. */
void phone_transfer_on_ended(struct phone_call *call);

/* Forgets it without a word. */
void phone_transfer_fini(struct phone_call *call);

/* --- call_offer.c ------------------------------------------------------------------------- */

/* Handlers of the calls' sessions, see struct session_ops. */
void phone_call_on_ack(struct session *session, const struct sip_msg *ack);
void phone_call_on_offer(struct session *session, const struct sip_msg *invite);
void phone_call_on_offer_result(struct session *session, unsigned status,
				const struct sip_msg *response);

/* One ear, one call: whoever else is on the line is put on hold. */
void phone_hold_others(struct phone *phone, const struct phone_call *but);

/* We hold the peer, or are about to. */
bool phone_call_is_to_be_held(const struct phone_call *call);

/* The peer's last word on media. */
void phone_call_set_held(struct phone_call *call, bool is_held);

bool phone_body_is_sdp(const struct sip_msg *msg);

/* The description of a message holds us. */
bool phone_msg_is_hold(const struct sip_msg *msg);

/*
 * What we say in media to an INVITE: an answer, or an offer when it makes none. ERR_SYNTAX,
 * ERR_UNSUPPORTED.
 */
int phone_call_print_media(struct phone_call *call, const struct sip_msg *invite, struct buf *sdp,
			   bool *ret_is_hold);

/* How such an INVITE is refused, and one whose body is no SDP. */
struct answer phone_refusal_of_body(int err);
extern const struct answer phone_unsupported_type;

/* --- media.c ------------------------------------------------------------------------------ */

/*
 * Our own description: sound both ways, or only to the peer when we hold it. Its version counts
 * when it is sent (RFC 3264 8): the caller adds one to call->sdp_version then.
 */
void phone_media_print(const struct phone_call *call, struct buf *buf);

/*
 * Our answer to an offer. ERR_SYNTAX, or ERR_UNSUPPORTED when there is no codec in common.
 * *ret_is_hold: the offerer holds us.
 */
int phone_media_answer(struct phone_call *call, struct slice offer, struct buf *buf,
		       bool *ret_is_hold);

/* --- key.c -------------------------------------------------------------------------------- */

int phone_keys_init(struct phone *phone, const struct phone_config *config);
void phone_keys_fini(struct phone *phone);

/* NULL when there is none. */
struct phone_key *phone_key_find(struct phone *phone, unsigned number);

/* It watches its target. */
bool phone_key_has_lamp(const struct phone_key *key);

/*
 * A key of its own for `uri`, which is copied. ERR_LIMIT when all places are taken, ERR_EXISTS when
 * the number is, ERR_NOMEM.
 */
int phone_key_add(struct phone *phone, const struct phone_key_config *config, struct slice uri,
		  struct phone_key **ret_key);

/* The lamp of the key at this place goes out, and the place is free. */
void phone_key_remove(struct phone *phone, size_t place);

/* Tells the lamp when it has changed, or what goes with it has. */
void phone_key_update(struct phone_key *key);

/* A text of the key's own; true when it has changed. Without memory it is left empty. */
bool phone_key_set_text(struct slice *field, struct slice text);

/* Whom the entry has on one side: identity, else target. */
struct slice phone_party_uri(const struct dialog_party *party);

/* --- key_watch.c -------------------------------------------------------------------------- */

/* Watches what is not watched yet. */
void phone_keys_start(struct phone *phone);
void phone_keys_stop(struct phone *phone);
void phone_keys_on_connection_lost(struct phone *phone, struct handle conn);

/* What has become of a document for a key. */
enum phone_taken {
	PHONE_TAKEN,	   /* or no news */
	PHONE_TAKEN_WHOLE, /* it was full state */
	PHONE_TAKEN_NOT,   /* the key is dark now, and an event says why */
	PHONE_TAKEN_GAP,   /* full state is needed */
};

/* Takes a dialog-info or PIDF document, by its media type, and tells the lamp. */
enum phone_taken phone_key_take(struct phone_key *key, struct slice type, struct slice document,
				struct arena *arena);

/* Nothing is known of it any more but, maybe, why; tells the lamp. */
void phone_key_forget(struct phone_key *key, struct slice status);

/* --- key_unasked.c ------------------------------------------------------------------------ */

/* A NOTIFY outside of any dialog, which is answered. */
void phone_on_unasked_notify(struct phone *phone, struct incoming *in);

void phone_unasked_end(struct phone_key *key);

/* --- list.c ------------------------------------------------------------------------------- */

int phone_list_init(struct phone *phone, const struct phone_key_config *config);
void phone_lists_fini(struct phone *phone);
void phone_lists_start(struct phone *phone);
void phone_lists_stop(struct phone *phone);
void phone_lists_on_connection_lost(struct phone *phone, struct handle conn);

#endif
