/* SPDX-License-Identifier: MIT */
/*
 * When a holder is reminded: not while they talk with somebody else, and not for ever.
 */
#include "pbx/reminder.h"

#include "pbx/lamp.h"
#include "pbx/transfer.h"

#define REMINDERS_MAX 3 /* of one hold */
#define BUSY_MS 5000	/* until the holder is looked at again */

static void on_due(struct timer *timer);

static void wait_ms(struct leg *leg, uint64_t ms)
{
	timer_start(leg->pbx->stack.timers, &leg->timer, ms, on_due);
}

/* Somebody else is on one of the holder's phones, or calls there. */
static bool has_another_call(const struct leg *holder)
{
	LIST_FOR (leg, &holder->entity->legs, struct leg, lamp_node)
		if (leg->call != holder->call && !leg->is_holding)
			return true;
	return false;
}

static bool is_changing(const struct leg *leg)
{
	return leg->splice || leg->heir || leg->call->transfer || leg->call->offerer;
}

/* By what the present directory says of the holder, as any call that begins now. */
static void remind(struct leg *holder, struct leg *waiting)
{
	const struct extension *extension =
		directory_find(holder->pbx->directory, holder->extension->number);

	holder->reminders++;
	wait_ms(holder, (uint64_t)holder->extension->hold_reminder_s * 1000);
	stack_trace(&holder->pbx->stack, "event=hold-reminder call=%u party=%.*s",
		    holder->call->number, SLICE_ARGS(holder->party.number));
	if (extension)
		(void)transfer_call_back(waiting, holder, extension); /* or the next time */
}

static void on_due(struct timer *timer)
{
	struct leg *holder = CONTAINER_OF(timer, struct leg, timer);
	struct leg *waiting = leg_other(holder);

	if (!waiting || holder->call->state != CALL_TALKING || holder->reminders == REMINDERS_MAX)
		return;
	if (is_changing(holder) || is_changing(waiting) || has_another_call(holder))
		wait_ms(holder, BUSY_MS);
	else
		remind(holder, waiting);
}

void reminder_give_up(struct leg *leg)
{
	const struct transfer *transfer = leg->call->transfer;

	if (transfer && transfer->transferor == leg)
		(void)transfer_give_up(leg->call);
}

void reminder_on_hold(struct leg *leg)
{
	timer_stop(leg->pbx->stack.timers, &leg->timer);
	if (!leg->is_holding) {
		reminder_give_up(leg);
		return;
	}
	leg->reminders = 0;
	if (leg->extension && leg->extension->hold_reminder_s > 0)
		wait_ms(leg, (uint64_t)leg->extension->hold_reminder_s * 1000);
}

void reminder_on_leg_end(struct leg *leg)
{
	timer_stop(leg->pbx->stack.timers, &leg->timer);
}
