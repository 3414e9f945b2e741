/* SPDX-License-Identifier: MIT */
/*
 * The end of a flow test: everybody leaves, and then nothing is left.
 */
#include "world.h"

#include "run.h"

#include "pbx/trunk.h"

static void end_calls(struct world *w)
{
	for (size_t i = 0; i < w->phone_count; i++) {
		struct phone *phone = &w->phones[i].phone;

		if (!w->phones[i].is_started)
			continue;
		for (size_t left = PHONE_CALLS_MAX; phone_call_count(phone) > 0 && left > 0; left--)
			(void)phone_hangup(phone, 0);
	}
	/* Beyond the ring time-out, the last retransmission and a notifier's retry. */
	advance_ms(w, 200000);
}

static void check_lamps_dark(struct world *w)
{
	for (size_t i = 0; i < w->phone_count; i++) {
		struct world_phone *p = &w->phones[i];

		for (size_t k = 0; p->is_started && k < p->phone.key_count; k++)
			if (phone_lamp(&p->phone, (unsigned)k + 1) != LAMP_OFF)
				run_fail(w, "%s's key for %.*s is lit in the end", p->name,
					 SLICE_ARGS(p->phone.keys[k]->target));
	}
}

static void check_pool(struct world *w, const struct pool *pool)
{
	if (pool->held_count > 0)
		run_fail(w, "%u %s left", pool->held_count, pool->name);
}

static void check_calls(struct world *w, const struct pbx *pbx)
{
	check_pool(w, &pbx->calls);
	check_pool(w, &pbx->legs);
	check_pool(w, &pbx->stack.sessions);
	check_pool(w, &pbx->stack.txn_clients);
	check_pool(w, &pbx->stack.txn_servers);
}

static void check_switch_calls(struct world *w)
{
	check_calls(w, &w->office.pbx);
	if (w->has_far)
		check_calls(w, &w->far.pbx);
}

static void check_switch(struct world *w, const struct office *office)
{
	const struct pbx *pbx = &office->pbx;

	check_pool(w, &pbx->stack.notifiers);
	check_pool(w, &pbx->stack.registrations);
	check_pool(w, &pbx->bindings);
	check_pool(w, &pbx->trunk_pool);
	check_pool(w, &pbx->publications);
	check_pool(w, &pbx->asked_phones);
	check_pool(w, &pbx->stack.subscribers);
	check_pool(w, &pbx->stack.refers);
	check_pool(w, &pbx->stack.referrals);
	if (pbx->entities.count > 0)
		run_fail(w, "lamp entities left");
	if (pbx->lamp_audit.repairs != w->broken_lamps)
		run_fail(w, "a watcher was told something wrong");
	if (office->node->timers.count > 0)
		run_fail(w, "timers left");
}

/* Trunks keep themselves alive for ever; they leave before one can be quiet. */
static void end_trunks(struct world *w)
{
	trunk_stop_all(&w->office.pbx);
	if (w->has_far)
		trunk_stop_all(&w->far.pbx);
	advance_ms(w, 100000);
}

void expect_quiet(struct world *w)
{
	run_stop_faults();
	w->wires->fault_nth = 0;
	w->is_checked = true;
	if (w->neighbour)
		neighbour_leaves(w->neighbour);
	end_calls(w);
	end_trunks(w);
	check_switch_calls(w);
	check_lamps_dark(w);
	for (size_t i = 0; i < w->phone_count; i++)
		if (w->phones[i].is_started)
			phone_stop(&w->phones[i].phone);
	advance_ms(w, 100000);
	for (size_t i = 0; i < w->phone_count; i++)
		if (w->phones[i].is_started && !phone_is_quiet(&w->phones[i].phone))
			run_fail(w, "%s is not quiet", w->phones[i].name);
	/* What a phone could not end runs out by itself. */
	advance_ms(w, 3700000);
	check_switch_calls(w);
	check_switch(w, &w->office);
	if (w->has_far)
		check_switch(w, &w->far);
}
