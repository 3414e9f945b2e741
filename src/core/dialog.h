/* SPDX-License-Identifier: MIT */
/*
 * Dialogs (RFC 3261 12): the peer-to-peer relationship that a session or a subscription uses. A
 * dialog is plain data inside its usage; all its text is its own, in one block.
 */
#ifndef LAMPYRID_CORE_DIALOG_H
#define LAMPYRID_CORE_DIALOG_H

#include "base/texts.h"
#include "core/txn_client.h"
#include "sip/print.h"

enum dialog_text {
	DIALOG_CALL_ID,
	DIALOG_LOCAL,
	DIALOG_REMOTE,
	DIALOG_REMOTE_TAG,
	DIALOG_TARGET,
	DIALOG_ROUTES,
	DIALOG_FIRST_ROUTE,
	DIALOG_CONTACT,
	DIALOG_TEXTS,
};

struct dialog {
	char *texts; /* owned, see base/texts.h */
	uint16_t ends[DIALOG_TEXTS];
	char local_tag[TOKEN_BYTES];
	uint32_t local_cseq;
	uint32_t remote_cseq;
	bool has_remote_cseq;
	uint8_t hops_used; /* by the request that made us send our first one */
	struct flow flow;  /* where requests go */
};

/* A text lasts until any of them is set: by dialog_on_response() and those below it. */
static inline struct slice dialog_text(const struct dialog *dialog, enum dialog_text text)
{
	return texts_get(dialog->texts, dialog->ends, text);
}

static inline struct slice dialog_call_id(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_CALL_ID);
}

/* From and To of our requests, without their tags: `"Bob" <sip:202@pbx>`. */
static inline struct slice dialog_local(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_LOCAL);
}

static inline struct slice dialog_remote(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_REMOTE);
}

static inline struct slice dialog_local_tag(const struct dialog *dialog)
{
	return slice_of(dialog->local_tag, TOKEN_BYTES);
}

/* Empty until it is known. */
static inline struct slice dialog_remote_tag(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_REMOTE_TAG);
}

/* The URI of the peer's Contact. */
static inline struct slice dialog_target(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_TARGET);
}

/* Our Contact line with its CRLF, may be empty. */
static inline struct slice dialog_contact(const struct dialog *dialog)
{
	return dialog_text(dialog, DIALOG_CONTACT);
}

/* The Request-URI of our requests: the target, or a strict router's (RFC 3261 12.2.1.1). */
static inline struct slice dialog_request_uri(const struct dialog *dialog)
{
	struct slice router = dialog_text(dialog, DIALOG_FIRST_ROUTE);

	return slice_is_empty(router) ? dialog_target(dialog) : router;
}

/* Of all texts. */
static inline size_t dialog_texts_bytes(const struct dialog *dialog)
{
	return dialog->ends[DIALOG_TEXTS - 1];
}

/*
 * Our side starts: `local` and `remote` are header values without tags, `target` the URI of the
 * first request. A new local tag is drawn; an empty call_id draws one, too. ERR_LIMIT, ERR_NOMEM.
 */
struct dialog_spec {
	struct slice call_id;
	struct slice local;
	struct slice remote;
	struct slice target;
	struct slice contact; /* a line, or empty */
	uint32_t hops_used;   /* of the usual 70 (RFC 3261 8.1.1.6), by the request passed on */
	struct flow flow;
};
int dialog_init_uac(struct dialog *dialog, struct stack *stack, const struct dialog_spec *spec);

/*
 * The dialog that a request of ours began, before any response: by its Call-ID, From with tag, To
 * and CSeq. ERR_LIMIT, ERR_NOMEM.
 */
int dialog_init_sent(struct dialog *dialog, struct stack *stack, const struct sip_msg *sent,
		     const struct flow *flow);

/*
 * The peer's request starts it (RFC 3261 12.1.1). `local_tag` is the To tag of our responses.
 * ERR_SYNTAX when the Contact is missing or bad (P8: answer 400), ERR_LIMIT, ERR_NOMEM.
 */
int dialog_init_uas(struct dialog *dialog, const struct incoming *in,
		    const char local_tag[TOKEN_BYTES], struct slice contact_line);

/* Zeroed or once initialised ones alike. */
void dialog_fini(struct dialog *dialog);

/*
 * A 101..299 response to the request that starts it: remote tag, route set and target (12.1.2). A
 * response with another tag makes it the dialog of that fork.
 */
int dialog_on_response(struct dialog *dialog, struct stack *stack, const struct sip_msg *response,
		       const struct flow *flow);

/* Of a 2xx that it cannot go on with: no more than what ends the dialog must say. ERR_NOMEM. */
int dialog_set_remote_tag(struct dialog *dialog, struct slice tag);

/*
 * A NOTIFY made it before any response did (RFC 6665 4.1.2.4): remote tag, route set in the order
 * of its Record-Route, and target where it names one (there are servers that do not). ERR_SYNTAX.
 */
int dialog_on_first_notify(struct dialog *dialog, const struct incoming *in);

/* A second 2xx of another fork: the dialog it makes beside this one, to be ended (13.2.2.4). */
int dialog_fork(const struct dialog *dialog, struct stack *stack, const struct sip_msg *response,
		const struct flow *flow, struct dialog *ret_fork);

/* A target refresh by a request or a 2xx inside the dialog (12.2); no Contact changes nothing. */
int dialog_refresh_target(struct dialog *dialog, const struct sip_msg *msg,
			  const struct flow *flow);

/*
 * Whether a request inside the dialog is in order (12.2.2): 0, or the status to answer: 481 for a
 * foreign tag, 500 for a CSeq that is too low. ACK and CANCEL are not counted.
 */
unsigned dialog_check_request(struct dialog *dialog, const struct sip_msg *msg);

/*
 * Sends a request inside the dialog: with a new CSeq, or for ACK with `cseq` of its INVITE. `lines`
 * are added; target-refreshing ones get our Contact. See txn_client_start() for the errors.
 */
int dialog_request(struct dialog *dialog, struct stack *stack, enum sip_method method,
		   struct slice lines, struct slice content_type, struct slice body,
		   const struct txn_client_ops *ops, struct handle owner,
		   struct handle *ret_handle);
/* The same for a method that has no name of its own here. */
int dialog_request_named(struct dialog *dialog, struct stack *stack, struct slice method,
			 struct slice lines, struct slice content_type, struct slice body,
			 const struct txn_client_ops *ops, struct handle owner,
			 struct handle *ret_handle);

int dialog_ack(struct dialog *dialog, struct stack *stack, uint32_t cseq, struct slice lines,
	       struct slice content_type, struct slice body, struct packet **ret_packet);

/*
 * Hops that a request passed on has used up when it leaves us: what dialog->hops_used is set to
 * before the request that carries it on, so that a loop through us comes to its end.
 */
uint32_t dialog_hops_used(const struct sip_msg *msg);

/* The answers to a request that say "there is no such usage" (RFC 5057 5.1, RFC 6665 4.2.2). */
bool dialog_status_ends_usage(unsigned status);

/*
 * Where requests to this target go: to the address in it when it is numeric and the peer is not
 * behind a NAT (its Via said where it came from), else back by the way the peer came (`came_by`).
 */
struct flow dialog_flow_to(const struct sip_uri *target, const struct flow *came_by,
			   bool is_natted);

#endif
