/* SPDX-License-Identifier: MIT */
/*
 * The table of who is parked, and the way in and out of it.
 */
#include "pbx/park.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/lamp.h"
#include "pbx/splice.h"
#include "pbx/takeover.h"
#include "pbx/transfer.h"
#include "sip/sdp.h"

#define SDP_TYPE SLICE("application/sdp")
#define ORBIT_MAX_BYTES (SIP_USER_MAX_BYTES + 4)
#define PARKED_LINE "Reason: SIP;cause=200;text=\"Call parked\"\r\n"

/* How long the parker's phone has to hang up by itself once it knows (RFC 5589 6.1). */
#define GRACE_MS 4000

/* How often the parker is called back before the call is given up. */
#define CALL_BACKS_MAX 10
#define FORGOTTEN_LINE "Reason: SIP;cause=480;text=\"Nobody has fetched the call\"\r\n"

/* --- The table ---------------------------------------------------------------------------- */

struct parked *park_find(const struct pbx *pbx, struct slice number)
{
	LIST_FOR (parked, &pbx->parked, struct parked, node)
		if (slice_eq(parked->orbit.number, number))
			return parked;
	return NULL;
}

bool park_is_orbit(const struct pbx *pbx, struct slice number)
{
	return park_orbit_of(&pbx->directory->park, number) > 0 || park_find(pbx, number);
}

static bool is_code(const struct pbx *pbx, struct slice number)
{
	const struct park_config *park = &pbx->directory->park;

	return park->orbits > 0 && slice_eq(number, park->code);
}

bool park_is_number(const struct pbx *pbx, struct slice number)
{
	return is_code(pbx, number) || park_is_orbit(pbx, number);
}

static void orbit_changed(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (entity)
		lamp_changed(entity);
}

/* NULL when memory is refused. */
static struct parked *parked_new(struct leg *leg, struct slice orbit, struct slice parker)
{
	struct pbx *pbx = leg->pbx;
	struct parked *parked = mem_alloc(sizeof(*parked) + orbit.n + parker.n);
	char *room = (char *)(parked + 1);

	if (!parked)
		return NULL;
	memcpy(room, orbit.p, orbit.n);
	memcpy(room + orbit.n, parker.p, parker.n);
	parked->orbit = (struct party){ slice_of(room, orbit.n), SLICE("Parked") };
	parked->parker = slice_of(room + orbit.n, parker.n);
	parked->leg = leg;
	parked->since_ms = pbx->stack.timers->now_ms;
	parked->timeout_s = pbx->directory->park.timeout_s;
	stack_token(&pbx->stack, parked->id);
	list_append(&pbx->parked, &parked->node);
	leg->parked = parked;
	return parked;
}

/* The orbit is free, and whoever waited there is a party of its call as before. */
static void parked_free(struct parked *parked)
{
	struct pbx *pbx = parked->leg->pbx;

	timer_stop(pbx->stack.timers, &parked->grace);
	timer_stop(pbx->stack.timers, &parked->due);
	park_hold_stop(parked);
	parked->leg->parked = NULL;
	list_remove(&parked->node);
	orbit_changed(pbx, parked->orbit.number);
	mem_free(parked);
}

/* --- Waiting ------------------------------------------------------------------------------ */

void park_on_offer(struct leg *leg, const struct sip_msg *offer)
{
	static struct sdp sdp; /* one thread, not re-entered, as the next */
	static char text[SDP_MAX_BYTES];
	struct buf body = BUF_ON(text);

	if (slice_is_empty(offer->body) || sdp_parse(offer->body, &sdp)) {
		(void)session_refuse_offer(leg->session, &(struct answer){ .status = 488 });
		return;
	}
	sdp_print_inactive_answer(&body, &sdp, leg->pbx->turn);
	if (body.is_overflown)
		(void)session_refuse_offer(leg->session, &(struct answer){ .status = 488 });
	else
		(void)session_accept_offer(leg->session,
					   &(struct answer){ .status = 200,
							     .content_type = SDP_TYPE,
							     .body = buf_text(&body) });
}

static void wait_for_fetcher(struct parked *parked);

static void call_back(struct parked *parked)
{
	struct leg *leg = parked->leg;
	const struct extension *parker = directory_find(leg->pbx->directory, parked->parker);

	stack_trace(&leg->pbx->stack, "event=call-back call=%u orbit=%.*s to=%.*s",
		    leg->call->number, SLICE_ARGS(parked->orbit.number),
		    SLICE_ARGS(parked->parker));
	if (!parker || transfer_call_back(leg, NULL, parker))
		wait_for_fetcher(parked);
}

static void on_due(struct timer *timer)
{
	struct parked *parked = CONTAINER_OF(timer, struct parked, due);
	struct call *call = parked->leg->call;

	if (parked->fetcher || call->transfer) {
		wait_for_fetcher(parked);
	} else if (parked->call_backs++ < CALL_BACKS_MAX) {
		call_back(parked);
	} else {
		record_set_cause(call, RECORD_NO_ANSWER, NULL);
		call_end(call, 0, SLICE(FORGOTTEN_LINE));
	}
}

static void wait_for_fetcher(struct parked *parked)
{
	if (parked->timeout_s > 0)
		timer_start(parked->leg->pbx->stack.timers, &parked->due,
			    (uint64_t)parked->timeout_s * 1000, on_due);
}

void park_on_call_back_failed(struct leg *leg, bool is_astray)
{
	if (is_astray)
		park_hold(leg->parked);
	wait_for_fetcher(leg->parked);
}

/* --- In ----------------------------------------------------------------------------------- */

/* False: none of those that are meant is free. */
static bool choose_orbit(const struct pbx *pbx, struct slice number, struct buf *orbit)
{
	const struct park_config *park = &pbx->directory->park;

	if (!is_code(pbx, number)) {
		buf_slice(orbit, number);
		return !park_find(pbx, number);
	}
	for (uint32_t i = 1; i <= park->orbits; i++) {
		orbit->n = 0;
		park_print_orbit(park, i, orbit);
		if (!park_find(pbx, buf_text(orbit)))
			return true;
	}
	return false;
}

/* Whatever is under way has to come to its end first: an answer would reach the wrong one. */
static bool is_changing(const struct leg *leg)
{
	return leg->call->state != CALL_TALKING || leg->call->offerer || leg->splice || leg->heir ||
	       leg->is_ending;
}

struct answer park_check(const struct leg *leg, const struct leg *parker, struct slice number)
{
	const struct pbx *pbx = leg->pbx;
	char text[ORBIT_MAX_BYTES];
	struct buf orbit = BUF_ON(text);

	if (!parker->extension)
		return (struct answer){ .status = 403, .reason = SLICE("Only extensions park") };
	if (!is_code(pbx, number) && park_orbit_of(&pbx->directory->park, number) == 0)
		return (struct answer){ .status = 404, .reason = SLICE("No such orbit") };
	if (leg_other(leg) != parker || is_changing(leg) || is_changing(parker))
		return (struct answer){ .status = 491 };
	if (!choose_orbit(pbx, number, &orbit))
		return (struct answer){ .status = 486,
					.reason = is_code(pbx, number)
							  ? SLICE("All orbits are taken")
							  : SLICE("Somebody is parked there") };
	return (struct answer){ 0 };
}

static void end_leaving(struct parked *parked)
{
	struct leg *leaving = parked->leaving;

	timer_stop(parked->leg->pbx->stack.timers, &parked->grace);
	parked->leaving = NULL;
	if (leaving)
		leg_end(leaving, 0, SLICE(PARKED_LINE));
}

static void on_grace(struct timer *timer)
{
	end_leaving(CONTAINER_OF(timer, struct parked, grace));
}

static void let_go(struct parked *parked, struct leg *parker)
{
	struct call *call = parker->call;

	if (call->caller == parker)
		call->caller = NULL;
	else
		call->partner = NULL;
	parked->leaving = parker;
	timer_start(call->pbx->stack.timers, &parked->grace, GRACE_MS, on_grace);
}

int park_call(struct leg *leg, struct leg *parker, struct slice number)
{
	struct call *call = leg->call;
	char text[ORBIT_MAX_BYTES];
	struct buf orbit = BUF_ON(text);
	struct parked *parked;

	CHECK(choose_orbit(call->pbx, number, &orbit));
	parked = parked_new(leg, buf_text(&orbit), parker->extension->number);
	if (!parked)
		return ERR_NOMEM;
	let_go(parked, parker);
	record_parked(call, parker->party.number, buf_text(&orbit));
	stack_trace(&call->pbx->stack, "event=park call=%u orbit=%.*s by=%.*s", call->number,
		    SLICE_ARGS(buf_text(&orbit)), SLICE_ARGS(parker->party.number));
	park_hold(parked);
	wait_for_fetcher(parked);
	lamp_leg_changed(leg);
	lamp_leg_changed(parker);
	orbit_changed(call->pbx, buf_text(&orbit));
	return 0;
}

/* --- Out ---------------------------------------------------------------------------------- */

static struct parked *find_by_fetcher(const struct leg *fetcher)
{
	LIST_FOR (parked, &fetcher->pbx->parked, struct parked, node)
		if (parked->fetcher == fetcher)
			return parked;
	return NULL;
}

static void on_spliced(void *owner, int err)
{
	struct leg *fetcher = owner, *leg;
	struct parked *parked = find_by_fetcher(fetcher);

	leg = parked->leg;
	parked->fetcher = NULL;
	if (err) {
		leg_end(fetcher, splice_status(err, 404), SLICE_NONE);
		if (!leg->is_ending)
			park_hold(parked);
		return;
	}
	end_leaving(parked);
	record_fetched(leg->call, fetcher->party.number, parked->orbit.number);
	stack_trace(&leg->pbx->stack, "event=fetch call=%u orbit=%.*s by=%.*s", leg->call->number,
		    SLICE_ARGS(parked->orbit.number), SLICE_ARGS(fetcher->party.number));
	parked_free(parked);
	takeover_take_place(fetcher);
}

static void fetch(struct parked *parked, struct incoming *in, const struct extension *extension)
{
	struct leg *leg = parked->leg, *fetcher;

	fetcher = call_take_leg(leg->call, in, extension, parked->orbit.number);
	if (!fetcher)
		return;
	if (splice_newcomer(fetcher, leg, in->msg, on_spliced))
		leg_end(fetcher, 503, SLICE("Retry-After: 5\r\n"));
	else
		parked->fetcher = fetcher;
}

/* By the bare code: the only one. NULL, and why. */
static struct parked *find_only(const struct pbx *pbx, struct slice *ret_reason)
{
	struct parked *only = LIST_FIRST(&pbx->parked, struct parked, node);

	*ret_reason = SLICE("Nothing is parked");
	if (!only || only->node.next == &pbx->parked)
		return only;
	*ret_reason = SLICE("Several calls are parked");
	return NULL;
}

static void refuse(struct incoming *in, const struct extension *fetcher, struct slice number,
		   unsigned status, struct slice reason)
{
	stack_trace(in->stack,
		    "event=fetch orbit=%.*s by=%.*s result=refused status=%u cause=\"%.*s\"",
		    SLICE_ARGS(number), SLICE_ARGS(fetcher->number), status, SLICE_ARGS(reason));
	incoming_reply(in, &(struct answer){ .status = status, .reason = reason });
}

void park_on_invite(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		    struct slice number)
{
	struct slice reason = SLICE("Nothing parked there");
	struct parked *parked =
		is_code(pbx, number) ? find_only(pbx, &reason) : park_find(pbx, number);

	if (!parked)
		refuse(in, extension, number, 404, reason);
	else if (parked->fetcher || parked->leg->is_ending)
		refuse(in, extension, number, 486, SLICE("It is being fetched"));
	else if (parked->leg->extension &&
		 slice_eq(parked->leg->extension->number, extension->number))
		refuse(in, extension, number, 403, SLICE("You are parked there"));
	else if (parked->leg->call->transfer && !transfer_give_up(parked->leg->call))
		refuse(in, extension, number, 486, SLICE("It is being fetched"));
	else
		fetch(parked, in, extension);
}

void park_on_called_back(struct leg *leg)
{
	record_returned(leg->call, leg->parked->parker, leg->parked->orbit.number);
	parked_free(leg->parked);
}

void park_on_leg_end(struct leg *leg)
{
	if (leg->parked)
		parked_free(leg->parked);
	LIST_FOR (parked, &leg->pbx->parked, struct parked, node)
		if (parked->leaving == leg) {
			parked->leaving = NULL;
			end_leaving(parked);
		}
}

/* --- What others see ---------------------------------------------------------------------- */

/* Whether this one, if it is somebody inside, lets the viewer see with whom it talks. */
static bool shows_numbers(const struct pbx *pbx, struct slice number,
			  const struct extension *viewer)
{
	const struct extension *extension = directory_find(pbx->directory, number);

	return !extension || rights_of(extension, viewer).visibility == VISIBILITY_NUMBERS;
}

struct rights park_rights(const struct pbx *pbx, struct slice number,
			  const struct extension *viewer)
{
	const struct parked *parked = park_find(pbx, number);

	if (!park_is_orbit(pbx, number))
		return (struct rights){ .visibility = VISIBILITY_NONE };
	if (parked && shows_numbers(pbx, parked->parker, viewer) &&
	    (!parked->leg->extension || shows_numbers(pbx, parked->leg->extension->number, viewer)))
		return (struct rights){ .visibility = VISIBILITY_NUMBERS };
	return (struct rights){ .visibility = VISIBILITY_CALLS };
}

void park_stop(struct pbx *pbx)
{
	LIST_FOR (parked, &pbx->parked, struct parked, node) {
		record_set_cause(parked->leg->call, RECORD_SHUTDOWN, NULL);
		call_end(parked->leg->call, 503, SLICE_NONE);
	}
}
