/* SPDX-License-Identifier: MIT */
/*
 * What a REFER in a call asks for, and whether the transferor may: what they may dial, dialogs of
 * their own, calls that they may pick up, and no more (SECURITY R2, R3). What is known to be wrong
 * is refused at once; 202 means that the target is being called.
 */
#include "pbx/transfer_inner.h"

#include "base/err.h"
#include "pbx/attempt.h"
#include "pbx/leg_find.h"
#include "pbx/park.h"
#include "pbx/pickup.h"
#include "pbx/profile.h"
#include "pbx/referrer.h"
#include "pbx/reminder.h"
#include "pbx/trunk.h"
#include "pbx/visibility.h"
#include "sip/refer_to.h"

enum wish_kind {
	WISH_CALL,    /* of a number */
	WISH_CONSULT, /* the other end of another call of the transferor's */
	WISH_PICKUP,  /* the caller of a phone that rings */
	WISH_PARK,    /* an orbit, to wait in */
};

struct wish {
	enum wish_kind kind;
	struct destination to;
	struct slice number;
	struct leg *leg; /* the transferor's in that other call, or that of the phone that rings */
};

#define GRANTED ((struct answer){ 0 })
#define REFUSED(code, text) ((struct answer){ .status = (code), .reason = SLICE(text) })

static bool leg_is_busy(const struct leg *leg)
{
	return leg->splice || leg->heir || leg->is_ending;
}

static bool call_is_busy(const struct call *call)
{
	return call->transfer || (call->caller && leg_is_busy(call->caller)) ||
	       (call->partner && leg_is_busy(call->partner));
}

/* --- By Replaces (RFC 5589 7) ------------------------------------------------------------- */

static bool is_of_same(const struct leg *leg, const struct leg *other)
{
	return leg->extension && other->extension &&
	       slice_eq(leg->extension->number, other->extension->number);
}

static bool is_own(const struct leg *leg, const struct leg *transferor)
{
	return transferor->extension ? is_of_same(leg, transferor)
				     : leg->trunk == transferor->trunk;
}

static bool may_join_outside(const struct leg *transferor)
{
	return transferor->extension && transferor->extension->may_join_trunks;
}

static bool may_join(const struct leg *transferor, const struct leg *a, const struct leg *b)
{
	return !a->trunk || !b->trunk || may_join_outside(transferor);
}

/* Nobody has answered yet, and it may be somebody outside who does. */
static bool rings_outside(const struct call *call)
{
	LIST_FOR (attempt, &call->attempts, struct attempt, node)
		if (attempt->to.kind == DESTINATION_ROUTE)
			return true;
	return false;
}

static struct answer wish_ringing(const struct leg *transferor, const struct leg *transferee,
				  const struct call *call)
{
	if (transferee->trunk && rings_outside(call) && !may_join_outside(transferor))
		return REFUSED(403, "Two parties outside are not joined");
	return GRANTED;
}

static struct answer wish_consult(const struct leg *transferor, const struct leg *transferee,
				  const struct sip_replaces *replaces, struct wish *wish)
{
	struct leg *leg = wish->leg;
	const struct call *call = leg->call;
	const struct leg *target = leg_other(leg);

	wish->kind = WISH_CONSULT;
	if (call == transferor->call)
		return REFUSED(403, "A call cannot be transferred to itself");
	reminder_give_up(leg);
	if (call_is_busy(call) || call->state == CALL_JOINING)
		return (struct answer){ .status = 491 };
	if (call->state == CALL_RINGING && leg == call->caller)
		return wish_ringing(transferor, transferee, call);
	if (call->state != CALL_TALKING || !target)
		return (struct answer){ .status = 481 };
	if (replaces->is_early_only)
		return REFUSED(486, "Answered already");
	if (is_of_same(target, transferee))
		return REFUSED(403, "The other party is there already");
	if (!may_join(transferor, transferee, target))
		return REFUSED(403, "Two parties outside are not joined");
	return GRANTED;
}

static struct answer wish_by_replaces(const struct leg *transferor, const struct leg *transferee,
				      const struct sip_replaces *replaces, struct wish *wish)
{
	const struct extension *extension = transferor->extension;

	wish->leg = leg_by_replaces(transferor->pbx, replaces, extension);
	if (wish->leg && is_own(wish->leg, transferor))
		return wish_consult(transferor, transferee, replaces, wish);
	if (!wish->leg || !extension || !pickup_is_waiting(wish->leg))
		return (struct answer){ .status = 481 };
	if (rights_of(wish->leg->extension, extension).visibility == VISIBILITY_NONE)
		return (struct answer){ .status = 481 };
	if (!pickup_is_allowed(wish->leg, extension))
		return REFUSED(403, "Not allowed to pick up there");
	wish->kind = WISH_PICKUP;
	return GRANTED;
}

/* --- By number (RFC 5589 6) --------------------------------------------------------------- */

static struct answer wish_call(const struct leg *transferor, const struct leg *transferee,
			       struct wish *wish)
{
	struct pbx *pbx = transferor->pbx;
	const struct destination *to = &wish->to;
	bool is_denied = false;

	/* Who is outside reaches what is inside, as by a call (SECURITY R3). */
	wish->kind = WISH_CALL;
	wish->to = transferor->extension ? route_find_for(pbx->directory, wish->number,
							  transferor->extension, &is_denied)
					 : route_find(pbx->directory, wish->number);
	if (to->kind == DESTINATION_NONE)
		return (struct answer){ .status = is_denied ? 403 : 404 };
	if (to->kind == DESTINATION_EXTENSION && transferee->extension &&
	    slice_eq(to->extension->number, transferee->extension->number))
		return REFUSED(403, "The other party is there already");
	if (to->kind == DESTINATION_ROUTE && transferee->trunk && !may_join_outside(transferor))
		return REFUSED(403, "Two parties outside are not joined");
	if (!destination_is_emergency(to) && !pbx_has_room(pbx))
		return (struct answer){ .status = 503, .lines = SLICE_INIT("Retry-After: 5\r\n") };
	return GRANTED;
}

static struct answer wish_pickup(const struct leg *transferor, struct slice picked,
				 struct wish *wish)
{
	wish->kind = WISH_PICKUP;
	if (!slice_is_empty(picked))
		return pickup_find_by_number(transferor->pbx, picked, transferor->extension,
					     &wish->leg);
	wish->leg = pickup_find_in_groups(transferor->pbx, transferor->extension);
	return wish->leg ? GRANTED : REFUSED(404, "Nothing rings in the group");
}

static bool is_at_trunk(const struct trunk *trunk, const struct sip_uri *uri)
{
	return slice_eq_nocase(uri->host, trunk->config->to.host) ||
	       slice_eq_nocase(uri->host, trunk_domain(trunk));
}

/*
 * Who is outside knows our numbers as the trunk's `numbers` tell them, and may take them for
 * numbers of the provider's domain. Otherwise no open relay: other domains are not ours to call.
 */
static bool print_inside(const struct leg *transferor, const struct incoming *in,
			 const struct sip_uri *uri, struct buf *number)
{
	const struct trunk *trunk = transferor->trunk;
	bool is_own = pbx_is_own_host(transferor->pbx, uri, &in->flow);
	char text[SIP_USER_MAX_BYTES];
	struct buf named = BUF_ON(text);

	if (uri_unescape(&named, uri->user) || named.is_overflown)
		return false;
	if (!trunk || !(is_own || is_at_trunk(trunk, uri)) ||
	    !trunk_config_print_inside(number, trunk->config, buf_text(&named))) {
		buf_slice(number, buf_text(&named));
		return is_own;
	}
	return !number->is_overflown;
}

static struct answer wish_by_number(const struct leg *transferor, const struct leg *transferee,
				    const struct incoming *in, const struct sip_uri *uri,
				    struct buf *number, struct wish *wish)
{
	const struct directory *directory = transferor->pbx->directory;
	struct slice picked;

	if (!print_inside(transferor, in, uri, number))
		return (struct answer){ .status = 404 };
	wish->number = buf_text(number);
	if (!transferor->extension || slice_is_empty(wish->number))
		return wish_call(transferor, transferee, wish);
	if (park_is_number(transferor->pbx, wish->number)) {
		wish->kind = WISH_PARK;
		return park_check(transferee, transferor, wish->number);
	}
	if (slice_eq(wish->number, directory->dnd_on_code) ||
	    slice_eq(wish->number, directory->dnd_off_code))
		return REFUSED(403, "Nobody can be transferred to this code");
	picked = route_behind_pickup_code(directory, wish->number);
	if (!slice_is_empty(picked) || slice_eq(wish->number, directory->group_pickup_code))
		return wish_pickup(transferor, picked, wish);
	return wish_call(transferor, transferee, wish);
}

/* --- Granted ------------------------------------------------------------------------------ */

static void consult(struct transfer *transfer, struct leg *seat)
{
	struct call *to = seat->call;

	transfer_aim(transfer, to, seat, NULL);
	if (to->state == CALL_TALKING)
		transfer_on_talking(to);
}

/*
 * The caller of a phone that rings is brought together with the transferee. The phone rings until
 * that is done; only a caller without an offer is answered before the transferee is, and then it is
 * too late for the phone to do so, too.
 */
static void pick_up(struct transfer *transfer, const struct leg *ringing)
{
	struct call *to = ringing->call;

	transfer->picked = ringing->pooled.handle;
	transfer_aim(transfer, to, NULL, to->caller);
	if (slice_is_empty(to->offer)) {
		call_end_others(to, NULL);
		call_set_state(to, CALL_JOINING);
	}
	transfer_splice(transfer, to->offer, to->offer_type);
}

/* A target that still rings has not answered a dialog that could be replaced (RFC 3891 3). */
static bool is_for_transferee(const struct leg *transferor, const struct leg *transferee,
			      const struct wish *wish)
{
	switch (wish->kind) {
	case WISH_CALL:
		/* Anybody behind a trunk could use the ticket. */
		return !(transferee->trunk && wish->to.kind == DESTINATION_ROUTE) &&
		       transfer_goes_on(transferor, transferee, false);
	case WISH_CONSULT:
		return wish->leg->call->state == CALL_TALKING &&
		       transfer_goes_on(transferor, transferee, true);
	case WISH_PICKUP:
	case WISH_PARK:
		return false;
	}
	return false;
}

static void forward(struct transfer *transfer, const struct wish *wish)
{
	if (wish->kind == WISH_CALL) {
		transfer_forward(transfer, wish->number, NULL);
		return;
	}
	transfer_aim(transfer, wish->leg->call, wish->leg, NULL);
	transfer_forward(transfer, leg_other(wish->leg)->party.number, wish->leg);
}

static enum transfer_kind kind_of(const struct wish *wish)
{
	switch (wish->kind) {
	case WISH_CALL:
		return TRANSFER_BLIND;
	case WISH_CONSULT:
		return wish->leg->call->state == CALL_TALKING ? TRANSFER_ATTENDED : TRANSFER_SEMI;
	case WISH_PICKUP:
		return TRANSFER_PICKUP;
	case WISH_PARK:
		return TRANSFER_PARK;
	}
	return TRANSFER_BLIND;
}

/* By what the phone says of itself, unless the configuration does (PHONES: snom, Mitel). */
static bool is_told_early(const struct leg *transferor, const struct sip_msg *refer)
{
	const struct extension *extension = transferor->extension;
	const struct profile *profile =
		extension && extension->profile
			? extension->profile
			: profile_of_agent(sip_msg_value(refer, HDR_USER_AGENT));

	return profile->is_refer_told_early;
}

static void grant(struct leg *transferor, struct leg *transferee, struct incoming *in,
		  const struct wish *wish)
{
	struct referrer *referrer = referrer_take_leg(transferor);
	struct transfer *transfer =
		referrer ? transfer_new(&transferor->party, transferor, transferee) : NULL;

	if (!transfer) {
		referrer_release(referrer);
		incoming_refuse_full(in);
		return;
	}
	transfer->referrer = referrer;
	if (transfer_accept(transfer, in)) {
		transfer_drop(transfer);
		return;
	}
	transfer->kind = kind_of(wish);
	if (wish->kind == WISH_CALL && is_told_early(transferor, in->msg))
		transfer_tell_early(transfer);
	if (is_for_transferee(transferor, transferee, wish)) {
		forward(transfer, wish);
		return;
	}
	switch (wish->kind) {
	case WISH_CALL:
		if (transfer_call(transfer, &wish->to, wish->number, dialog_hops_used(in->msg)))
			transfer_fail(transfer, 503);
		break;
	case WISH_CONSULT:
		consult(transfer, wish->leg);
		break;
	case WISH_PICKUP:
		pick_up(transfer, wish->leg);
		break;
	case WISH_PARK:
		transfer_park(transfer, wish->number);
		break;
	}
}

/* The caller there may be gone for a transfer of its own, outside, or the transferee itself. */
static struct answer check_pickup(const struct leg *transferor, const struct leg *transferee,
				  const struct wish *wish)
{
	const struct call *call = wish->kind == WISH_PICKUP ? wish->leg->call : NULL;

	if (!call)
		return GRANTED;
	if (call_is_busy(call) || !call->caller->session)
		return (struct answer){ .status = 491 };
	if (!may_join(transferor, transferee, call->caller))
		return REFUSED(403, "Two parties outside are not joined");
	if (transferee->extension && !pickup_is_for(wish->leg, transferee->extension))
		return REFUSED(403, "The other party is there already");
	return GRANTED;
}

static struct answer read_wish(const struct leg *transferor, const struct incoming *in,
			       struct buf *room, struct buf *number, struct wish *wish)
{
	const struct leg *transferee = leg_other(transferor);
	struct sip_refer_to refer_to;
	struct sip_verdict verdict = sip_refer_to_read(in->msg, room, &refer_to);
	struct answer answer;

	if (verdict.status)
		return (struct answer){ .status = verdict.status, .reason = verdict.reason };
	if (transferor->call->state != CALL_TALKING || call_is_busy(transferor->call))
		return (struct answer){ .status = 491 };
	if (!transferee || !transferee->session)
		return (struct answer){ .status = 481 };
	if (refer_to.has_replaces)
		answer = wish_by_replaces(transferor, transferee, &refer_to.replaces, wish);
	else
		answer = wish_by_number(transferor, transferee, in, &refer_to.uri, number, wish);
	return answer.status ? answer : check_pickup(transferor, transferee, wish);
}

/* Most phones say no more than "failed": the log has why. No headers of the URI, nor a password. */
static void trace_refusal(const struct leg *transferor, const struct sip_msg *refer,
			  const struct answer *refusal)
{
	const struct leg *transferee = leg_other(transferor);
	struct slice cause =
		refusal->reason.n > 0 ? refusal->reason : sip_status_reason(refusal->status);
	struct sip_addr to;

	if (sip_refer_to_addr(sip_msg_value(refer, HDR_REFER_TO), &to))
		to = (struct sip_addr){ 0 };
	stack_trace(&transferor->pbx->stack,
		    "event=transfer call=%u by=%.*s of=%.*s to=%.*s@%.*s result=refused status=%u "
		    "cause=\"%.*s\"",
		    transferor->call->number, SLICE_ARGS(transferor->party.number),
		    SLICE_ARGS(transferee ? transferee->party.number : SLICE_NONE),
		    SLICE_ARGS(to.uri.user), SLICE_ARGS(to.uri.host), refusal->status,
		    SLICE_ARGS(cause));
}

void transfer_on_refer(struct leg *leg, struct incoming *in)
{
	char room_text[SIP_REFER_TO_ROOM_BYTES], number_text[2 * SIP_USER_MAX_BYTES];
	struct buf room = BUF_ON(room_text), number = BUF_ON(number_text);
	struct wish wish = { 0 };
	struct answer refusal;

	reminder_give_up(leg);
	refusal = read_wish(leg, in, &room, &number, &wish);
	if (refusal.status) {
		trace_refusal(leg, in->msg, &refusal);
		incoming_reply(in, &refusal);
		return;
	}
	grant(leg, leg_other(leg), in, &wish);
}
