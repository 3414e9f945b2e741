/* SPDX-License-Identifier: MIT */
/*
 * Few live at a time, and not for long: they are searched one by one.
 */
#include "pbx/ticket.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/refer.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"

static void ticket_end(struct ticket *ticket)
{
	if (ticket->refer)
		refer_let_go(ticket->refer);
	ticket->refer = NULL;
	timer_stop(ticket->pbx->stack.timers, &ticket->timer);
	list_remove(&ticket->node);
	pool_end(&ticket->pbx->ticket_pool, ticket);
}

void ticket_on_free(void *object)
{
	struct ticket *ticket = object;

	timer_stop(ticket->pbx->stack.timers, &ticket->timer);
	mem_free(ticket->holder);
	mem_free(ticket->by);
	mem_free((char *)ticket->number.p);
}

static struct transfer *transfer_of(const struct ticket *ticket)
{
	return pool_find(&ticket->pbx->transfers, ticket->transfer);
}

/* --- Who hears of it ---------------------------------------------------------------------- */

static void on_refer_end(struct refer *refer)
{
	struct ticket *ticket = refer->owner;

	ticket->refer = NULL;
}

static const struct refer_ops refer_ops = { .on_end = on_refer_end };

static struct ticket *ticket_of_transfer(const struct transfer *transfer)
{
	LIST_FOR (ticket, &transfer->pbx->tickets, struct ticket, node)
		if (handle_eq(ticket->transfer, transfer->pooled.handle))
			return ticket;
	return NULL;
}

static bool is_left_alone(const struct call *call)
{
	const struct leg *leg = call->caller ? call->caller : call->partner;

	return leg && !leg_other(leg) && !leg->parked;
}

/* Its target has taken the other call, or had nobody else than that to wait for. */
static void end_parted(struct call *consultation, const struct leg *seat, unsigned status)
{
	if (status < 300)
		transfer_end_consultation(consultation, seat);
	else if (is_left_alone(consultation))
		call_end(consultation, 0, SLICE_NONE);
}

void ticket_part(const struct transfer *transfer)
{
	struct ticket *ticket = ticket_of_transfer(transfer);

	CHECK(ticket);
	if (transfer->to)
		ticket->parted = transfer->to->pooled.handle;
	ticket->refer = transfer->refer;
	if (!ticket->refer)
		return;
	ticket->refer->owner = ticket;
	ticket->refer->ops = &refer_ops;
}

/* --- Over --------------------------------------------------------------------------------- */

static void ticket_over(struct ticket *ticket, unsigned status)
{
	struct pbx *pbx = ticket->pbx;
	struct transfer *transfer = transfer_of(ticket);
	struct call *parted = pool_find(&pbx->calls, ticket->parted);
	const struct leg *replaced = pool_find(&pbx->legs, ticket->replaced);

	if (ticket->refer)
		refer_tell(ticket->refer, status, SLICE_NONE);
	ticket_end(ticket);
	if (parted)
		end_parted(parted, replaced, status);
	if (transfer)
		transfer_on_ticket_over(transfer, status);
}

static void on_expiry(struct timer *timer)
{
	ticket_over(CONTAINER_OF(timer, struct ticket, timer), 408);
}

int ticket_issue(struct transfer *transfer, struct slice number, const struct leg *replaced)
{
	const struct leg *transferee = transfer->transferee;
	struct pbx *pbx = transfer->pbx;
	struct ticket *ticket = pool_new(&pbx->ticket_pool);

	if (!ticket)
		return ERR_NOMEM;
	ticket->pbx = pbx;
	list_append(&pbx->tickets, &ticket->node);
	ticket->holder = party_copy(&transferee->party);
	ticket->by = party_copy(transfer->by);
	if (!ticket->holder || !ticket->by || slice_keep(number, &ticket->number)) {
		ticket_end(ticket);
		return ERR_NOMEM;
	}
	if (transferee->trunk)
		ticket->trunk = transferee->trunk->pooled.handle;
	if (replaced)
		ticket->replaced = replaced->pooled.handle;
	ticket->is_by_outside = !transfer->transferor || !transfer->transferor->extension;
	ticket->transfer = transfer->pooled.handle;
	timer_start(pbx->stack.timers, &ticket->timer, TICKET_MS, on_expiry);
	return 0;
}

static bool is_holder(const struct ticket *ticket, const struct ticket_holder *holder)
{
	if (holder->extension)
		return handle_eq(ticket->trunk, HANDLE_NONE) &&
		       slice_eq(ticket->holder->number, holder->extension->number);
	return handle_eq(ticket->trunk, holder->trunk->pooled.handle);
}

static bool is_good(const struct ticket *ticket, const struct ticket_holder *holder,
		    struct handle replaced)
{
	return handle_eq(ticket->used_by, HANDLE_NONE) && is_holder(ticket, holder) &&
	       handle_eq(ticket->replaced, replaced);
}

struct ticket *ticket_to_call(struct pbx *pbx, const struct ticket_holder *holder,
			      struct slice number)
{
	LIST_FOR (ticket, &pbx->tickets, struct ticket, node)
		if (is_good(ticket, holder, HANDLE_NONE) && slice_eq(ticket->number, number))
			return ticket;
	return NULL;
}

struct ticket *ticket_to_replace(struct pbx *pbx, const struct ticket_holder *holder,
				 const struct leg *replaced)
{
	LIST_FOR (ticket, &pbx->tickets, struct ticket, node)
		if (is_good(ticket, holder, replaced->pooled.handle))
			return ticket;
	return NULL;
}

/* Who is outside, or not here any more, reaches what is inside (SECURITY R3). */
struct destination ticket_destination(const struct ticket *ticket, bool *ret_is_denied)
{
	const struct directory *directory = ticket->pbx->directory;
	const struct extension *by = directory_find(directory, ticket->by->number);

	*ret_is_denied = false;
	return by && !ticket->is_by_outside
		       ? route_find_for(directory, ticket->number, by, ret_is_denied)
		       : route_find(directory, ticket->number);
}

void ticket_use(struct ticket *ticket, struct leg *leg)
{
	struct transfer *transfer = transfer_of(ticket);
	const struct leg *replaced = pool_find(&ticket->pbx->legs, ticket->replaced);

	ticket->used_by = leg->pooled.handle;
	if (replaced)
		leg_set_replaced(leg, replaced);
	timer_stop(ticket->pbx->stack.timers, &ticket->timer);
	if (transfer)
		transfer_on_arrival(transfer, leg);
}

struct ticket *ticket_of(const struct leg *leg)
{
	LIST_FOR (ticket, &leg->pbx->tickets, struct ticket, node)
		if (handle_eq(ticket->used_by, leg->pooled.handle))
			return ticket;
	return NULL;
}

const struct transfer *ticket_transfer(const struct leg *leg)
{
	const struct ticket *ticket = ticket_of(leg);

	return ticket ? transfer_of(ticket) : NULL;
}

void ticket_name_referrer(struct leg *leg)
{
	struct ticket *ticket = ticket_of(leg);

	if (ticket)
		(void)call_set_referrer(leg->call, ticket->by); /* or lamps do not say it */
}

void ticket_on_talking(struct leg *leg)
{
	struct ticket *ticket = ticket_of(leg);

	if (!ticket)
		return;
	if (transfer_of(ticket))
		transfer_on_arrived(transfer_of(ticket), leg);
	ticket_over(ticket, 200);
}

void ticket_on_leg_end(const struct leg *leg)
{
	struct ticket *ticket = ticket_of(leg);

	if (ticket)
		ticket_over(ticket, leg->record.status ? leg->record.status : 487);
}

bool ticket_is_out(const struct transfer *transfer)
{
	return ticket_of_transfer(transfer) != NULL;
}

void ticket_void(const struct transfer *transfer)
{
	LIST_FOR (ticket, &transfer->pbx->tickets, struct ticket, node)
		if (handle_eq(ticket->transfer, transfer->pooled.handle) &&
		    handle_eq(ticket->used_by, HANDLE_NONE))
			ticket_end(ticket);
}
