/* SPDX-License-Identifier: MIT */
/*
 * The life of calls and legs: starting a call with a leg for each phone, and taking it down again.
 * What the phones say in between is heard in call_events.c, call_early.c and call_relay.c.
 */
#include "pbx/call.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/attempt.h"
#include "pbx/call_early.h"
#include "pbx/call_relay.h"
#include "pbx/click.h"
#include "pbx/lamp.h"
#include "pbx/park.h"
#include "pbx/reminder.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"
#include "sip/print.h"

/* How long a lamp may say that somebody talks who is gone without a word, at most. */
#define PROBE_MS 120000

#define TOO_LONG_LINE "Reason: SIP;cause=200;text=\"Maximum call duration\"\r\n"
#define ELSEWHERE_LINE "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"

static const struct call_row {
	const char *name;
	unsigned next; /* a bit for each state that may follow */
} call_rows[] = {
	[CALL_RINGING] = { "ringing", 1 << CALL_JOINING | 1 << CALL_TALKING | 1 << CALL_ENDED },
	[CALL_JOINING] = { "joining", 1 << CALL_TALKING | 1 << CALL_ENDED },
	[CALL_TALKING] = { "talking", 1 << CALL_ENDED },
	[CALL_ENDED] = { "ended", 0 },
};

static const struct leg_row {
	const char *name;
	unsigned next;
} leg_rows[] = {
	[LEG_CALLING] = { "calling", 1 << LEG_PROCEEDING | 1 << LEG_RINGING | 1 << LEG_TALKING |
					     1 << LEG_ENDED },
	[LEG_PROCEEDING] = { "proceeding", 1 << LEG_RINGING | 1 << LEG_TALKING | 1 << LEG_ENDED },
	[LEG_RINGING] = { "ringing", 1 << LEG_TALKING | 1 << LEG_ENDED },
	[LEG_TALKING] = { "talking", 1 << LEG_ENDED },
	[LEG_ENDED] = { "ended", 0 },
};

static void on_duration(struct timer *timer)
{
	struct call *call = CONTAINER_OF(timer, struct call, timer);

	record_set_cause(call, RECORD_LIMIT, NULL);
	call_end(call, 0, SLICE(TOO_LONG_LINE));
}

static void call_start_duration(struct call *call)
{
	uint64_t max_s = call->pbx->directory->duration_max_s;

	if (max_s > 0 && !call->is_emergency)
		timer_start(call->pbx->stack.timers, &call->timer, max_s * 1000, on_duration);
}

/* It was for whoever was to answer. */
static void call_forget_offer(struct call *call)
{
	mem_free((char *)call->offer.p);
	mem_free((char *)call->offer_type.p);
	call->offer = SLICE_NONE;
	call->offer_type = SLICE_NONE;
}

void call_set_state(struct call *call, enum call_state state)
{
	CHECK(call_rows[call->state].next & (1u << state));
	call->state = state;
	timer_stop(call->pbx->stack.timers, &call->timer);
	if (state == CALL_TALKING) {
		call_start_duration(call);
		call_forget_offer(call);
		session_probe_every(call->caller->session, PROBE_MS);
		session_probe_every(call->partner->session, PROBE_MS);
	}
	stack_trace(&call->pbx->stack, "event=call call=%u state=%s", call->number,
		    call_rows[state].name);
	if (state == CALL_TALKING) {
		ticket_on_talking(call->caller);
		transfer_on_talking(call);
	}
}

/* A stand-in is no phone: who waits there is told of when they come. */
static void trace_leg(const struct leg *leg)
{
	if (leg->is_stand_in)
		return;
	stack_trace(&leg->pbx->stack, "event=leg call=%u party=%.*s state=%s call-id=%.*s",
		    leg->call->number, SLICE_ARGS(leg->party.number), leg_rows[leg->state].name,
		    SLICE_ARGS(leg->session ? dialog_call_id(&leg->session->dialog) : SLICE_NONE));
}

void leg_set_state(struct leg *leg, enum leg_state state)
{
	bool was_shown = lamp_leg_is_shown(leg);

	CHECK(leg_rows[leg->state].next & (1u << state));
	leg->state = state;
	leg->state_ms = leg->pbx->stack.timers->now_ms;
	if (!leg->is_holding) /* else it is the reminder's */
		timer_stop(leg->pbx->stack.timers, &leg->timer);
	trace_leg(leg);
	record_leg_state(leg);
	if (state == LEG_ENDED)
		lamp_leg_end(leg, was_shown);
	else
		lamp_leg_changed(leg);
}

struct leg *leg_other(const struct leg *leg)
{
	const struct call *call = leg->call;

	if (leg == call->caller)
		return call->partner;
	return leg == call->partner ? call->caller : NULL;
}

const struct party *leg_peer(const struct leg *leg)
{
	const struct call *call = leg->call;

	if (leg->parked)
		return &leg->parked->orbit;
	if (leg != call->caller)
		return call->caller ? &call->caller->party : NULL;
	return call->partner ? &call->partner->party : &call->called;
}

static struct slice put(struct buf *buf, struct slice text)
{
	size_t from = buf->n;

	buf_slice(buf, text);
	return slice_from(buf_text(buf), from);
}

void leg_set_replaced(struct leg *leg, const struct leg *other)
{
	const struct dialog *dialog = &other->session->dialog;
	struct slice ours = dialog_local_tag(dialog);
	size_t n = dialog_call_id(dialog).n + dialog_remote_tag(dialog).n + ours.n;
	struct dialog_ids *ids = mem_alloc(sizeof(*ids) + n);
	struct buf text;

	if (!ids)
		return;
	buf_init(&text, (char *)(ids + 1), n);
	ids->call_id = put(&text, dialog_call_id(dialog));
	ids->local_tag = put(&text, dialog_remote_tag(dialog));
	ids->remote_tag = put(&text, ours);
	mem_free(leg->replaced);
	leg->replaced = ids;
}

/* --- Starting ----------------------------------------------------------------------------- */

/* Whose leg it is: an extension's, or somebody's outside, who is there by a trunk. */
struct leg_owner {
	const struct extension *extension; /* NULL: outside */
	struct trunk *trunk;
	struct party party;
};

static struct leg_owner owner_of(const struct extension *extension)
{
	return (struct leg_owner){ extension, NULL, { extension->number, extension->name } };
}

struct party *party_copy(const struct party *party)
{
	size_t n = party->number.n + party->name.n;
	struct party *copy = mem_alloc(sizeof(*copy) + n);
	struct buf text;

	if (!copy)
		return NULL;
	buf_init(&text, (char *)(copy + 1), n);
	copy->number = put(&text, party->number);
	copy->name = put(&text, party->name);
	return copy;
}

/* What a message said of somebody outside has to outlive it. */
static int leg_set_outside(struct leg *leg, const struct party *party)
{
	leg->outside = party_copy(party);
	if (!leg->outside)
		return ERR_NOMEM;
	leg->party = *leg->outside;
	return 0;
}

static struct leg *leg_new(struct call *call, const struct leg_owner *owner, bool is_initiator)
{
	struct leg *leg = pool_new(&call->pbx->legs);
	int err;

	if (!leg)
		return NULL;
	leg->pbx = call->pbx;
	leg->call = call;
	leg->extension = owner->extension;
	leg->party = owner->party;
	leg->trunk = owner->trunk;
	if (leg->trunk)
		leg->trunk->calls++;
	/* Who is called comes from what the call is routed by, who calls or picks up is known now.
	 */
	leg->directory = directory_ref(is_initiator ? call->pbx->directory : call->directory);
	leg->is_initiator = is_initiator;
	leg->start_ms = leg->state_ms = call->pbx->stack.timers->now_ms;
	record_leg_start(leg);
	list_init(&leg->lamp_node);
	list_append(&call->legs, &leg->node);
	stack_token(&call->pbx->stack, leg->id);
	err = owner->extension ? 0 : leg_set_outside(leg, &owner->party);
	if (err || lamp_leg_start(leg)) {
		leg_end(leg, 0, SLICE_NONE);
		return NULL;
	}
	return leg;
}

static struct leg *take_leg(struct call *call, struct incoming *in, const struct leg_owner *owner,
			    struct slice number)
{
	char text[CONTACT_LINE_MAX_BYTES];
	struct buf contact = BUF_ON(text);
	struct leg *leg = leg_new(call, owner, true);

	if (!leg) {
		incoming_refuse_full(in);
		return NULL;
	}
	pbx_print_contact(&contact, number, &in->flow);
	if (session_take(in, buf_text(&contact), &leg_session_ops, leg, &leg->session)) {
		leg_end(leg, 0, SLICE_NONE);
		return NULL;
	}
	if (leg->trunk)
		leg->session->account = leg->trunk->pooled.handle;
	return leg;
}

struct leg *call_take_leg(struct call *call, struct incoming *in, const struct extension *extension,
			  struct slice number)
{
	struct leg_owner owner = owner_of(extension);

	return take_leg(call, in, &owner, number);
}

struct leg *call_take_trunk_leg(struct call *call, struct incoming *in, struct trunk *trunk,
				const struct party *party, struct slice number)
{
	struct leg_owner owner = { .trunk = trunk, .party = *party };

	return take_leg(call, in, &owner, number);
}

static struct leg *new_leg(struct call *call, struct attempt *attempt,
			   const struct leg_owner *owner)
{
	struct leg *leg = leg_new(call, owner, false);

	if (!leg)
		return NULL;
	leg->attempt = attempt;
	attempt->legs++;
	return leg;
}

struct leg *call_new_leg(struct call *call, struct attempt *attempt,
			 const struct extension *extension)
{
	struct leg_owner owner = owner_of(extension);

	return new_leg(call, attempt, &owner);
}

struct leg *call_new_trunk_leg(struct call *call, struct attempt *attempt, struct trunk *trunk,
			       struct slice number)
{
	struct leg_owner owner = { .trunk = trunk, .party = { .number = number } };

	return new_leg(call, attempt, &owner);
}

static void on_ring_timeout(struct timer *timer)
{
	struct call *call = CONTAINER_OF(timer, struct call, timer);

	record_set_cause(call, RECORD_NO_ANSWER, NULL);
	call_end(call, 408, SLICE_NONE);
}

/* How many phones may ring at once, over all that comes behind us (RFC 5393 5.3). */
static uint32_t breadth_of(const struct sip_msg *invite)
{
	uint32_t breadth = BREADTH_MAX;

	if (sip_msg_header(invite, HDR_MAX_BREADTH) &&
	    slice_to_u32(slice_trim(sip_msg_value(invite, HDR_MAX_BREADTH)), BREADTH_MAX, &breadth))
		return BREADTH_MAX;
	return breadth;
}

/* The caller's wish not to be named (RFC 3323 4.2, RFC 3325 9.3). */
static bool privacy_is_wanted(const struct sip_msg *invite)
{
	return addr_is_anonymous(&invite->from) || privacy_has(invite, SLICE("id")) ||
	       privacy_has(invite, SLICE("user")) || privacy_has(invite, SLICE("header"));
}

/* Without a caller. */
static struct call *call_new(struct pbx *pbx, struct slice number)
{
	struct call *call = pool_new(&pbx->calls);

	if (!call)
		return NULL;
	call->pbx = pbx;
	call->number = ++pbx->last_call;
	record_call_start(call);
	list_init(&call->legs);
	list_init(&call->attempts);
	call->directory = directory_ref(pbx->directory);
	if (slice_keep(number, &call->called.number)) {
		call_end(call, 0, SLICE_NONE);
		return NULL;
	}
	return call;
}

static int call_read_invite(struct call *call, const struct sip_msg *invite)
{
	int err = slice_keep(invite->body, &call->offer);

	call->hops_used = dialog_hops_used(invite);
	call->breadth_left = breadth_of(invite);
	call->is_private = privacy_is_wanted(invite);
	return err ? err : slice_keep(sip_msg_value(invite, HDR_CONTENT_TYPE), &call->offer_type);
}

/* What the caller called, and whom that means. */
static void call_begin(struct call *call, const struct party *caller, const struct destination *to)
{
	call->called.name = destination_party(to).name;
	call->is_emergency = destination_is_emergency(to);
	stack_trace(&call->pbx->stack, "event=call call=%u state=ringing from=%.*s to=%.*s",
		    call->number, SLICE_ARGS(caller->number), SLICE_ARGS(call->called.number));
	call->record.is_due = !call->click; /* nobody has called yet */
}

void call_ring(struct call *call, const struct destination *to)
{
	if (call->caller->is_stand_in)
		call_begin(call, &call->caller->party, to);
	timer_start(call->pbx->stack.timers, &call->timer,
		    (uint64_t)call->pbx->directory->ring_timeout_s * 1000, on_ring_timeout);
	attempt_start(call, to, NULL);
}

static void start(struct pbx *pbx, struct incoming *in, const struct leg_owner *caller,
		  struct slice number, const struct destination *to, struct ticket *ticket)
{
	struct call *call = call_new(pbx, number);

	if (call &&
	    (call_read_invite(call, in->msg) || (ticket && call_set_referrer(call, ticket->by)))) {
		call_end(call, 0, SLICE_NONE);
		call = NULL;
	}
	if (!call) {
		record_refused(pbx, &caller->party, number, 503, RECORD_LIMIT);
		incoming_refuse_full(in);
		return;
	}
	call_begin(call, &caller->party, to);
	call->caller = take_leg(call, in, caller, number);
	if (!call->caller) {
		call_end(call, 0, SLICE_NONE);
		return;
	}
	if (ticket)
		ticket_use(ticket, call->caller);
	/* Off the hook: its lamp says so before anybody rings. */
	lamp_leg_changed(call->caller);
	call_ring(call, to);
}

/* --- For a transferee --------------------------------------------------------------------- */

/* Nobody sees it: the transferee is shown by its own leg. */
static struct leg *stand_in(struct call *call, struct directory *directory,
			    const struct extension *extension, const struct party *party)
{
	struct leg *leg = pool_new(&call->pbx->legs);

	if (!leg)
		return NULL;
	leg->pbx = call->pbx;
	leg->call = call;
	leg->is_stand_in = leg->is_initiator = true;
	leg->directory = directory_ref(directory);
	leg->extension = extension;
	list_init(&leg->lamp_node);
	list_append(&call->legs, &leg->node);
	if (leg_set_outside(leg, party)) {
		leg_end(leg, 0, SLICE_NONE);
		return NULL;
	}
	record_stand_in(leg);
	return leg;
}

struct leg *call_stand_in(struct call *call, const struct leg *transferee)
{
	return stand_in(call, transferee->directory, transferee->extension, &transferee->party);
}

struct call *call_new_by(struct pbx *pbx, const struct party *caller, struct slice number,
			 uint32_t hops_used)
{
	struct call *call = call_new(pbx, number);

	if (!call)
		return NULL;
	call->hops_used = hops_used;
	call->breadth_left = BREADTH_MAX;
	call->caller = stand_in(call, pbx->directory, NULL, caller);
	if (!call->caller) {
		call_end(call, 0, SLICE_NONE);
		return NULL;
	}
	return call;
}

struct call *call_new_for(const struct leg *transferee, struct slice number, uint32_t hops_used)
{
	const struct call *from = transferee->call;
	struct call *call = call_new(transferee->pbx, number);

	if (!call)
		return NULL;
	call->hops_used = hops_used;
	call->breadth_left = BREADTH_MAX;
	call->is_private = transferee == from->caller && from->is_private;
	call->caller = call_stand_in(call, transferee);
	if (!call->caller) {
		call_end(call, 0, SLICE_NONE);
		return NULL;
	}
	return call;
}

int call_set_referrer(struct call *call, const struct party *referrer)
{
	struct party *copy = party_copy(referrer);

	if (!copy)
		return ERR_NOMEM;
	mem_free(call->referrer);
	call->referrer = copy;
	return 0;
}

void leg_move(struct leg *leg, struct call *to, const struct leg *seat)
{
	struct call *from = leg->call;

	record_leg_moves(leg, to, seat);
	list_remove(&leg->node);
	list_append(&to->legs, &leg->node);
	if (from->caller == leg)
		from->caller = NULL;
	if (from->partner == leg)
		from->partner = NULL;
	leg->call = to;
	to->former = from->number;
	trace_leg(leg);
}

/* --- Calls of phones and trunks ------------------------------------------------------------ */

void call_start(struct pbx *pbx, struct incoming *in, const struct extension *caller,
		struct slice number, const struct destination *to, struct ticket *ticket)
{
	struct leg_owner owner = owner_of(caller);

	start(pbx, in, &owner, number, to, ticket);
}

void call_start_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk,
			   const struct party *caller, struct slice number,
			   const struct destination *to, struct ticket *ticket)
{
	struct leg_owner owner = { .trunk = trunk, .party = *caller };

	start(pbx, in, &owner, number, to, ticket);
}

/* --- Ending ------------------------------------------------------------------------------- */

/* When it is we who end it (RFC 4235 3.7.1). */
static struct leg_exit exit_by_us(const struct leg *leg, unsigned status)
{
	if (leg->state == LEG_TALKING)
		return (struct leg_exit){ "remote-bye", 0 };
	if (leg->is_initiator)
		return (struct leg_exit){ "rejected", status ? status : 480 };
	return (struct leg_exit){ "cancelled", 0 };
}

void leg_end(struct leg *leg, unsigned status, struct slice lines)
{
	struct call *call = leg->call;

	if (leg->state == LEG_ENDED || leg->is_ending)
		return;
	leg->is_ending = true;
	relay_on_leg_end(leg);
	park_on_leg_end(leg);
	reminder_on_leg_end(leg);
	if (!leg->exit.event)
		leg->exit = exit_by_us(leg, status);
	if (leg->session)
		session_end(leg->session, status, lines);
	if (leg->is_initiator)
		leg->record.status = (uint16_t)status;
	leg_set_state(leg, LEG_ENDED);
	ticket_on_leg_end(leg);
	leg->session = NULL;
	list_remove(&leg->node);
	if (leg->attempt)
		leg->attempt->legs--;
	call->breadth_left += leg->breadth;
	if (leg->trunk)
		trunk_call_over(leg->trunk);
	leg->trunk = NULL;
	leg->attempt = NULL;
	if (call->caller == leg)
		call->caller = NULL;
	if (call->partner == leg)
		call->partner = NULL;
	pool_end(&leg->pbx->legs, leg);
}

void leg_on_free(void *object)
{
	struct leg *leg = object;

	mem_free(leg->outside);
	mem_free(leg->replaced);
	directory_unref(leg->directory);
}

/* --- Answering ---------------------------------------------------------------------------- */

/* Who wants to stay unknown outside is not told there by an answer or a transfer (RFC 3325 9.3). */
static bool may_know(const struct leg *leg, const struct leg *other)
{
	bool is_private = other->call->is_private && other == other->call->caller;

	return !leg->trunk || (leg->trunk->config->is_trusted && !is_private);
}

struct slice leg_print_peer(struct buf *line, const struct leg *leg, const struct leg *other)
{
	if (!may_know(leg, other))
		return SLICE_NONE;
	buf_lit(line, "P-Asserted-Identity: ");
	pbx_print_identity(leg->pbx, line, other->party.name, other->party.number);
	buf_lit(line, "\r\n");
	return line->is_overflown ? SLICE_NONE : buf_text(line);
}

int leg_answer_as(struct leg *leg, const struct leg *by, struct slice content_type,
		  struct slice body)
{
	const struct call *call = leg->call;
	char text[IDENTITY_MAX_BYTES];
	struct buf line = BUF_ON(text);
	int err;

	if (leg == call->caller && early_is_of_another(call, by)) {
		err = session_new_fork(leg->session);
		if (err)
			return err;
		lamp_leg_renew(leg);
		/* Otherwise its state follows, and that is told. */
		if (leg->state == LEG_TALKING)
			lamp_leg_changed(leg);
	}
	return session_answer(leg->session,
			      &(struct answer){ .status = 200,
						.lines = leg_print_peer(&line, leg, by),
						.content_type = content_type,
						.body = body });
}

int leg_answer(struct leg *leg, struct slice content_type, struct slice body)
{
	return leg_answer_as(leg, leg_other(leg), content_type, body);
}

/* --- Ending ------------------------------------------------------------------------------- */

static void call_end_attempts(struct call *call)
{
	LIST_FOR (attempt, &call->attempts, struct attempt, node)
		attempt_end(attempt);
}

void call_end_others(struct call *call, const struct leg *winner)
{
	/* Who is left behind is nobody's failure any more. */
	LIST_FOR (leg, &call->legs, struct leg, node)
		leg->attempt = NULL;
	call_end_attempts(call);
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (leg != winner && leg != call->caller)
			leg_end(leg, 0, SLICE(ELSEWHERE_LINE));
}

/* One leg's end may be that of others: who was being brought together with it. */
static struct leg *leg_to_end(const struct call *call)
{
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (!leg->is_ending)
			return leg;
	return NULL;
}

void call_end(struct call *call, unsigned status, struct slice lines)
{
	struct leg *leg;

	if (call->state == CALL_ENDED)
		return;
	call_set_state(call, CALL_ENDED);
	transfer_on_call_end(call, status);
	click_on_call_end(call, status);
	while ((leg = leg_to_end(call)))
		leg_end(leg, status, lines);
	call_end_attempts(call);
	record_call_end(call, status);
	pool_end(&call->pbx->calls, call);
}

void call_on_free(void *object)
{
	struct call *call = object;

	record_fini(&call->record);
	mem_free((char *)call->called.number.p);
	mem_free(call->referrer);
	call_forget_offer(call);
	directory_unref(call->directory);
}
