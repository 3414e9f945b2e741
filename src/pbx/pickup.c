/* SPDX-License-Identifier: MIT */
/*
 * Finding the ringing leg that is meant, checking the right, and taking its call over.
 */
#include "pbx/pickup.h"

#include "base/err.h"
#include "pbx/attempt.h"
#include "pbx/call.h"
#include "pbx/join.h"
#include "pbx/lamp.h"
#include "pbx/leg_find.h"
#include "pbx/takeover.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"
#include "pbx/visibility.h"
#include "sip/replaces.h"

/* A phone that is called and has not answered; one that rings comes before one that may yet. */
bool pickup_is_waiting(const struct leg *leg)
{
	return leg->extension && !leg->is_initiator && leg->call->state == CALL_RINGING &&
	       !leg->call->caller->splice && !leg->call->click && leg->state <= LEG_RINGING;
}

static bool leg_rings_longer(const struct leg *leg, const struct leg *than)
{
	if (!than)
		return true;
	if (leg->state != than->state)
		return leg->state > than->state;
	return leg->state_turn < than->state_turn;
}

/* A caller cannot take their own call. */
bool pickup_is_for(const struct leg *leg, const struct extension *picker)
{
	const struct leg *caller = leg->call->caller;

	return caller &&
	       !(caller->extension && slice_eq(caller->extension->number, picker->number));
}

bool pickup_is_of_answered(const struct leg *leg)
{
	return leg->call->recall == RECALL_HOLD ||
	       (leg->attempt && !handle_eq(leg->attempt->to.replaced, HANDLE_NONE));
}

bool pickup_is_allowed(const struct leg *leg, const struct extension *picker)
{
	struct rights rights = rights_of(leg->extension, picker);

	return rights.may_pick_up && (!pickup_is_of_answered(leg) || rights.may_barge_in);
}

/* --- Refused ------------------------------------------------------------------------------ */

static const struct answer no_right = { .status = 403,
					.reason = SLICE_INIT("Not allowed to pick up there") };

static bool is_answered(const struct leg *leg)
{
	return leg->state == LEG_TALKING || pickup_is_of_answered(leg);
}

/* `watched` NULL: it names nobody. */
static const char *missing_right(const struct extension *watched, const struct extension *picker,
				 bool was_answered)
{
	struct rights rights;

	if (!watched)
		return "";
	rights = rights_of(watched, picker);
	if (rights.visibility == VISIBILITY_NONE)
		return " missing=visibility";
	if (was_answered && !rights.may_barge_in)
		return " missing=barge-in";
	return rights.may_pick_up ? "" : " missing=pickup";
}

/* Most phones say no more than "failed": the log has why. */
static void trace_refusal(struct pbx *pbx, const struct extension *picker, struct slice of,
			  const char *missing, const struct answer *refusal)
{
	struct slice cause =
		refusal->reason.n > 0 ? refusal->reason : sip_status_reason(refusal->status);

	stack_trace(&pbx->stack,
		    "event=pickup picker=%.*s of=%.*s result=refused status=%u%s cause=\"%.*s\"",
		    SLICE_ARGS(picker->number), SLICE_ARGS(of), refusal->status, missing,
		    SLICE_ARGS(cause));
}

static void refuse(struct pbx *pbx, struct incoming *in, const struct extension *picker,
		   struct slice of, const char *missing, const struct answer *refusal)
{
	trace_refusal(pbx, picker, of, missing, refusal);
	incoming_reply(in, refusal);
}

/* --- The one function --------------------------------------------------------------------- */

static void pickup_take(struct leg *ringing, struct incoming *in, const struct extension *picker,
			enum record_pickup how)
{
	struct call *call = ringing->call;
	struct pbx *pbx = call->pbx;
	struct slice offer_type = sip_msg_value(in->msg, HDR_CONTENT_TYPE);
	struct leg *partner;
	int err;

	if (call->caller->session && !join_is_possible(call, in->msg->body)) {
		refuse(pbx, in, picker, ringing->extension->number, "",
		       &(struct answer){ .status = 488, .reason = SLICE("Nobody offers media") });
		return;
	}
	partner = call_take_leg(call, in, picker, ringing->extension->number);
	if (!partner)
		return;
	call->partner = partner;
	leg_set_replaced(partner, ringing);
	ringing->exit = (struct leg_exit){ "replaced", 0 };
	if (call->caller->session)
		err = join_start(call, in->msg->body, offer_type);
	else
		err = transfer_on_pickup(partner, in->msg->body, offer_type);
	if (err) {
		struct answer refusal = { .status = err == ERR_UNSUPPORTED ? 488 : 500 };

		trace_refusal(pbx, picker, ringing->extension->number, "", &refusal);
		ringing->exit = (struct leg_exit){ 0 };
		leg_end(partner, refusal.status, SLICE_NONE);
		return;
	}
	record_picked_up(call, picker->number, ringing->extension->number, how);
	stack_trace(&pbx->stack, "event=pickup call=%u picker=%.*s of=%.*s", call->number,
		    SLICE_ARGS(picker->number), SLICE_ARGS(ringing->extension->number));
}

/* --- By number ---------------------------------------------------------------------------- */

static struct leg *find_at(struct pbx *pbx, struct slice number, const struct extension *picker)
{
	struct lamp_entity *entity = lamp_find(pbx, number);
	struct leg *best = NULL;

	if (!entity)
		return NULL;
	LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
		if (pickup_is_waiting(leg) && pickup_is_for(leg, picker) &&
		    pickup_is_allowed(leg, picker) && leg_rings_longer(leg, best))
			best = leg;
	return best;
}

struct answer pickup_find_by_number(struct pbx *pbx, struct slice number,
				    const struct extension *picker, struct leg **ret_leg)
{
	const struct extension *watched = directory_find(pbx->directory, number);
	struct rights rights = { 0 };

	if (watched)
		rights = rights_of(watched, picker);
	if (rights.visibility == VISIBILITY_NONE)
		return (struct answer){ .status = 404 };
	if (!rights.may_pick_up)
		return no_right;
	*ret_leg = find_at(pbx, number, picker);
	return *ret_leg ? (struct answer){ 0 }
			: (struct answer){ .status = 404, .reason = SLICE("Nothing rings there") };
}

void pickup_by_number(struct pbx *pbx, struct incoming *in, const struct extension *picker,
		      struct slice number)
{
	struct leg *leg;
	struct answer refusal = pickup_find_by_number(pbx, number, picker, &leg);

	if (refusal.status)
		refuse(pbx, in, picker, number,
		       missing_right(directory_find(pbx->directory, number), picker, false),
		       &refusal);
	else
		pickup_take(leg, in, picker, RECORD_BY_NUMBER);
}

/* --- By group ----------------------------------------------------------------------------- */

struct leg *pickup_find_in_groups(struct pbx *pbx, const struct extension *picker)
{
	struct leg *leg, *best = NULL;
	uint32_t slot = 0;

	while ((leg = pool_walk(&pbx->legs, &slot)))
		if (pickup_is_waiting(leg) && pickup_is_for(leg, picker) &&
		    !slice_eq(leg->extension->number, picker->number) &&
		    extension_shares_group(leg->extension, picker) &&
		    pickup_is_allowed(leg, picker) && leg_rings_longer(leg, best))
			best = leg;
	return best;
}

void pickup_by_group(struct pbx *pbx, struct incoming *in, const struct extension *picker)
{
	static const struct answer nothing = { .status = 404,
					       .reason = SLICE_INIT("Nothing rings in the group") };
	struct leg *leg = pickup_find_in_groups(pbx, picker);

	if (leg)
		pickup_take(leg, in, picker, RECORD_BY_GROUP);
	else
		refuse(pbx, in, picker, pbx->directory->group_pickup_code, "", &nothing);
}

/* --- By Replaces (RFC 3891 3) ------------------------------------------------------------- */

static bool read_replaces(struct incoming *in, struct sip_replaces *ret_replaces)
{
	if (sip_replaces_parse(sip_msg_value(in->msg, HDR_REPLACES), ret_replaces) == 0)
		return true;
	incoming_reply(in, &(struct answer){ .status = 400, .reason = SLICE("Bad Replaces") });
	return false;
}

/* An answered one, by right or by a ticket. */
static bool take_over(struct leg *leg, struct incoming *in, struct taker *taker)
{
	struct ticket_holder holder = { taker->extension, taker->trunk };

	taker->ticket = ticket_to_replace(leg->pbx, &holder, leg);
	if (!taker->ticket && (!taker->extension || !takeover_is_allowed(leg, taker->extension)))
		return false;
	takeover_start(leg, in, taker);
	return true;
}

static bool is_replaceable(const struct leg *leg, const struct sip_replaces *replaces)
{
	return leg && leg->state == LEG_TALKING && !replaces->is_early_only;
}

bool pickup_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk,
		       const struct party *party)
{
	struct taker taker = { .trunk = trunk, .party = *party };
	struct sip_replaces replaces;
	struct leg *leg;

	if (!read_replaces(in, &replaces))
		return true;
	leg = leg_by_replaces(pbx, &replaces, NULL);
	if (is_replaceable(leg, &replaces) && take_over(leg, in, &taker))
		return true;
	stack_trace(&pbx->stack, "event=pickup picker=%.*s trunk=%.*s of=%.*s result=refused%s",
		    SLICE_ARGS(party->number), SLICE_ARGS(trunk->config->name),
		    SLICE_ARGS(leg ? leg->party.number : in->msg->uri.user),
		    leg ? " missing=ticket" : "");
	return false;
}

/* Of a leg that has not been taken over; status 0: it rings, and is theirs to pick up. */
static struct answer check_replaced(const struct leg *leg, const struct sip_replaces *replaces,
				    const struct extension *picker)
{
	if (!leg || !leg->extension ||
	    rights_of(leg->extension, picker).visibility == VISIBILITY_NONE)
		return (struct answer){ .status = 481 };
	if (is_replaceable(leg, replaces))
		return (struct answer){ .status = 403,
					.reason = SLICE("Answered, and not to be taken over") };
	/* A dialog that the called side did not start with us cannot be replaced while early. */
	if (leg->is_initiator)
		return (struct answer){ .status = 481 };
	if (!pickup_is_allowed(leg, picker))
		return no_right;
	if (!pickup_is_waiting(leg))
		return (struct answer){ .status = 486, .reason = SLICE("Answered already") };
	return (struct answer){ .status = pickup_is_for(leg, picker) ? 0 : 481 };
}

void pickup_by_replaces(struct pbx *pbx, struct incoming *in, const struct extension *picker)
{
	struct taker taker = { .extension = picker };
	struct sip_replaces replaces;
	struct answer refusal;
	struct leg *leg;

	if (!read_replaces(in, &replaces))
		return;
	leg = leg_by_replaces(pbx, &replaces, picker);
	if (is_replaceable(leg, &replaces) && take_over(leg, in, &taker))
		return;
	refusal = check_replaced(leg, &replaces, picker);
	if (!refusal.status)
		pickup_take(leg, in, picker, RECORD_BY_REPLACES);
	else if (leg)
		refuse(pbx, in, picker, leg->party.number,
		       missing_right(leg->extension, picker, is_answered(leg)), &refusal);
	else
		refuse(pbx, in, picker, in->msg->uri.user, "", &refusal);
}

/* --- Join --------------------------------------------------------------------------------- */

/* The header is written as Replaces is, with both tags (RFC 3911 7.1). */
static bool read_join(const struct incoming *in, struct sip_replaces *ret_ids)
{
	return !sip_msg_header(in->msg, HDR_REPLACES) &&
	       sip_replaces_parse(sip_msg_value(in->msg, HDR_JOIN), ret_ids) == 0 &&
	       !slice_is_empty(ret_ids->to_tag) && !slice_is_empty(ret_ids->from_tag);
}

void pickup_refuse_join(struct pbx *pbx, struct incoming *in, const struct extension *asker)
{
	struct sip_replaces ids;
	struct leg *leg;

	if (!read_join(in, &ids)) {
		incoming_reply(in, &(struct answer){ .status = 400, .reason = SLICE("Bad Join") });
		return;
	}
	leg = asker ? leg_by_replaces(pbx, &ids, asker) : NULL;
	incoming_reply_status(in, leg && takeover_is_allowed(leg, asker) ? 488 : 481);
}
