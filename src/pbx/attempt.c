/* SPDX-License-Identifier: MIT */
/*
 * The life of attempts: how they fail, go on at a forward, and are over.
 */
#include "pbx/attempt_inner.h"

#include "pbx/transfer.h"
#include "sip/uri.h"

static void attempt_try(struct attempt *attempt);

/* --- Life --------------------------------------------------------------------------------- */

static void attempt_aim(struct attempt *attempt, const struct destination *to)
{
	struct buf number = BUF_ON(attempt->number);

	attempt->to = *to;
	if (to->kind != DESTINATION_ROUTE)
		return;
	buf_slice(&number, to->number);
	attempt->to.number = buf_text(&number);
}

struct attempt *attempt_new(struct call *call, const struct destination *to)
{
	struct attempt *attempt = pool_new(&call->pbx->attempts);

	if (!attempt)
		return NULL;
	attempt->call = call;
	attempt_aim(attempt, to);
	list_append(&call->attempts, &attempt->node);
	return attempt;
}

void attempt_end(struct attempt *attempt)
{
	timer_stop(attempt->call->pbx->stack.timers, &attempt->no_answer);
	list_remove(&attempt->node);
	pool_end(&attempt->call->pbx->attempts, attempt);
}

/* Everything that rings for it stops, its members first, and so does the wait for an answer. */
static void attempt_silence(struct attempt *attempt)
{
	struct call *call = attempt->call;

	timer_stop(call->pbx->stack.timers, &attempt->no_answer);
	LIST_FOR (member, &call->attempts, struct attempt, node) {
		if (member->parent != attempt)
			continue;
		attempt_silence(member);
		attempt_end(member);
	}
	attempt->members = 0;
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (leg->attempt == attempt)
			leg_end(leg, 0, SLICE_NONE);
}

/* --- Failures ----------------------------------------------------------------------------- */

/* The better of two failures (16.7.6): 6xx, then the lowest class; busy tells more than absent. */
static bool failure_is_better(unsigned status, unsigned than)
{
	bool is_absent = than == 408 || than == 480;

	if (than == 0 || status >= 600)
		return true;
	if (than >= 600 || than / 100 < status / 100)
		return false;
	return status / 100 < than / 100 || is_absent;
}

void failure_add(struct failure *failure, struct failure other)
{
	if (other.status && failure_is_better(other.status, failure->status))
		*failure = other;
}

/*
 * What the caller is told for one phone's failure: a phone that cannot be reached, wants
 * credentials of ours (never given: SECURITY A5) or sends elsewhere is as good as not there.
 */
static struct failure failure_of(unsigned status, bool is_answered)
{
	if (!is_answered)
		return (struct failure){ 480, FORWARD_UNREGISTERED };
	switch (status) {
	case 486:
	case 600:
	case 603:
		return (struct failure){ status, FORWARD_BUSY };
	case 480: /* how phones say do-not-disturb (RFC 3261 21.4.18) */
		return (struct failure){ status, FORWARD_BUSY };
	case 408:
		return (struct failure){ status, FORWARD_NO_ANSWER };
	case 401:
	case 407:
	case 481:
	case 487:
		return (struct failure){ 480, FORWARD_UNREGISTERED };
	case 503:
		return (struct failure){ 500, FORWARD_UNREGISTERED };
	default:
		if (status < 400)
			return (struct failure){ 480, FORWARD_NEVER };
		return (struct failure){ status, FORWARD_NEVER };
	}
}

/* --- Forwards ----------------------------------------------------------------------------- */

/* One step further on the trail; a failure when the call has been there, or comes from too far. */
static struct failure trail_add(struct trail *trail, const struct destination *from,
				enum forward_when why, struct slice number)
{
	struct party party = destination_party(from);

	if (slice_eq(party.number, number) || trail_has(trail, number))
		return (struct failure){ 482, FORWARD_NEVER };
	if (trail->count == TRAIL_MAX)
		return (struct failure){ 483, FORWARD_NEVER };
	trail->steps[trail->count].party = party;
	trail->steps[trail->count++].why = why;
	return (struct failure){ 0, FORWARD_NEVER };
}

/* The caller learns that it goes on elsewhere (RFC 3261 21.1.3). */
static void tell_forward(const struct attempt *attempt, struct slice number, enum forward_when why)
{
	struct call *call = attempt->call;

	record_forwarded(call, destination_party(&attempt->to).number, number, why);
	stack_trace(&call->pbx->stack, "event=forward call=%u from=%.*s to=%.*s why=%.*s",
		    call->number, SLICE_ARGS(destination_party(&attempt->to).number),
		    SLICE_ARGS(number), SLICE_ARGS(forward_name(why)));
	if (!call->caller->session)
		transfer_on_provisional(call, 181);
	else if (call->shown != 181 &&
		 session_ring(call->caller->session, &(struct answer){ .status = 181 }) == 0)
		call->shown = 181;
}

/*
 * Whoever calls, from outside too, would be put through to an emergency number by the route that no
 * limit is in the way of (SECURITY R3).
 */
static bool may_be_led_to(const struct destination *to)
{
	return to->kind != DESTINATION_NONE && !destination_is_emergency(to);
}

/*
 * A member's own wishes do not concern the group, and who holds a call, wants its own phones to
 * ring, or has its call replaced, is called at no other place.
 */
static bool is_bound(const struct attempt *attempt)
{
	return attempt->parent || attempt->call->click || attempt->call->recall == RECALL_HOLD ||
	       !handle_eq(attempt->to.replaced, HANDLE_NONE);
}

/* The attempt goes on at the number that its target names for this case, if there is one. */
static bool attempt_forward(struct attempt *attempt, enum forward_when why)
{
	struct forward forward = destination_forward(attempt->call->pbx, &attempt->to);
	struct slice number = why < FORWARD_KINDS ? forward.to[why] : SLICE_NONE;
	struct destination to;
	bool is_denied;

	if (slice_is_empty(number) || is_bound(attempt))
		return false;
	/* Outside it goes with the rights of who forwards (SECURITY R3). */
	to = route_find_for(attempt->call->directory, number, attempt->to.extension, &is_denied);
	attempt->failure = may_be_led_to(&to)
				   ? trail_add(&attempt->trail, &attempt->to, why, number)
				   : (struct failure){ 404, FORWARD_NEVER };
	if (attempt->failure.status)
		return false;
	attempt_silence(attempt);
	tell_forward(attempt, number, why);
	attempt_aim(attempt, &to);
	attempt_try(attempt);
	return true;
}

/* The way that the caller came. */
static const struct flow *call_flow(const struct call *call)
{
	const struct leg *caller =
		call->caller->session ? call->caller : call->transfer->transferee;

	return &caller->session->dialog.flow;
}

/* A phone sends the call elsewhere (RFC 3261 21.3): where one of ours may be called, it goes on. */
static bool attempt_deflect(struct attempt *attempt, const struct sip_msg *response)
{
	struct call *call = attempt->call;
	struct sip_list_cursor cursor = { 0 };
	struct trail trail = attempt->trail;
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);
	struct destination to;
	struct sip_addr contact;
	struct slice entry;
	bool is_denied;

	/* What somebody outside says leads nowhere (SECURITY R3). */
	if (is_bound(attempt) || attempt->to.kind == DESTINATION_ROUTE ||
	    !sip_msg_list_next(response, HDR_CONTACT, &cursor, &entry) ||
	    sip_addr_parse(entry, &contact) ||
	    !pbx_is_own_host(call->pbx, &contact.uri, call_flow(call)) ||
	    uri_unescape(&user, contact.uri.user) || user.is_overflown)
		return false;
	to = route_find_for(call->directory, buf_text(&user), attempt->to.extension, &is_denied);
	if (!may_be_led_to(&to) ||
	    trail_add(&trail, &attempt->to, FORWARD_BY_PHONE, buf_text(&user)).status)
		return false;
	tell_forward(attempt, buf_text(&user), FORWARD_BY_PHONE);
	attempt_start(call, &to, &trail);
	return true;
}

/* --- Over --------------------------------------------------------------------------------- */

static enum record_cause failure_cause(const struct failure *failure)
{
	if (failure->status == 503)
		return RECORD_LIMIT;
	switch (failure->why) {
	case FORWARD_BUSY:
		return RECORD_BUSY;
	case FORWARD_NO_ANSWER:
		return RECORD_NO_ANSWER;
	case FORWARD_UNREGISTERED:
		return RECORD_UNAVAILABLE;
	case FORWARD_ALWAYS:
	case FORWARD_BY_PHONE:
	case FORWARD_NEVER:
		break;
	}
	return RECORD_REFUSED;
}

static void call_failed(struct call *call)
{
	bool is_full = call->failure.status == 503;

	record_set_cause(call, failure_cause(&call->failure), NULL);
	call_end(call, call->failure.status, is_full ? SLICE("Retry-After: 5\r\n") : SLICE_NONE);
}

void attempt_over(struct attempt *attempt)
{
	struct call *call = attempt->call;
	struct attempt *group = attempt->parent;
	struct failure failure;

	if (attempt->to.kind == DESTINATION_GROUP && group_ring_next(attempt))
		return;
	if (attempt_forward(attempt, attempt->failure.why))
		return;
	failure = attempt->failure;
	attempt_end(attempt);
	if (group) {
		group_member_over(group, failure);
		return;
	}
	failure_add(&call->failure, failure);
	if (failure.status >= 600 || list_is_empty(&call->attempts))
		call_failed(call);
}

void attempt_leg_failed(struct attempt *attempt, unsigned status, const struct sip_msg *response)
{
	struct call *call = attempt->call;

	if (status >= 300 && status < 400 && response && attempt_deflect(attempt, response) &&
	    call->state == CALL_ENDED)
		return;
	if (attempt->to.kind == DESTINATION_ROUTE && route_goes_on(attempt, status, response))
		return;
	failure_add(&attempt->failure, failure_of(status, response != NULL));
	if (status >= 600)
		attempt_silence(attempt);
	if (attempt->legs == 0)
		attempt_over(attempt);
}

static void on_no_answer(struct timer *timer)
{
	struct attempt *attempt = CONTAINER_OF(timer, struct attempt, no_answer);

	attempt_silence(attempt);
	attempt->failure = (struct failure){ 480, FORWARD_NO_ANSWER };
	attempt->next = NULL;
	attempt_over(attempt);
}

void attempt_limit(struct attempt *attempt, uint32_t after_s)
{
	timer_start(attempt->call->pbx->stack.timers, &attempt->no_answer, (uint64_t)after_s * 1000,
		    on_no_answer);
}

/* --- Starting ----------------------------------------------------------------------------- */

static void attempt_try(struct attempt *attempt)
{
	if (attempt_forward(attempt, FORWARD_ALWAYS))
		return;
	if (attempt->failure.status)
		attempt_over(attempt);
	else if (attempt->to.kind == DESTINATION_GROUP)
		try_group(attempt);
	else if (attempt->to.kind == DESTINATION_ROUTE)
		try_route(attempt);
	else if (!handle_eq(attempt->to.replaced, HANDLE_NONE))
		try_replaced(attempt);
	else
		try_extension(attempt);
}

void attempt_start(struct call *call, const struct destination *to, const struct trail *trail)
{
	struct attempt *attempt = attempt_new(call, to);

	if (!attempt) {
		call_end(call, 503, SLICE("Retry-After: 5\r\n"));
		return;
	}
	if (trail)
		attempt->trail = *trail;
	attempt_try(attempt);
}
