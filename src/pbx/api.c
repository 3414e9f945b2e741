/* SPDX-License-Identifier: MIT */
/*
 * Pools are walked by slot, so that rows that come and go between two turns disturb nobody; the
 * extensions of the lamps come from one directory, held while they are shown.
 */
#include "pbx/api_inner.h"

#include "base/mem.h"
#include "pbx/registrar.h"
#include "pbx/trunk.h"

void api_print_way(struct buf *buf, const struct flow *flow)
{
	char text[ADDR_TEXT_MAX];
	struct buf peer = BUF_ON(text);

	addr_print(&peer, &flow->peer);
	json_text(buf, "transport", transport_word(flow->transport));
	json_text(buf, "peer", buf_text(&peer));
}

/* --- Registrations ------------------------------------------------------------------------ */

static void print_binding(struct buf *buf, const struct binding *binding)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("registration"));
	json_text(buf, "extension", aor_number(binding->aor));
	json_text(buf, "contact", binding_contact(binding));
	api_print_way(buf, &binding->flow);
	json_number(buf, "expires", binding_expires_s(binding));
	json_object_end(buf);
}

static enum api_step next_registration(struct api_cursor *cursor, struct buf *buf)
{
	const struct binding *binding;

	for (int i = 0; i < API_LOOKS_PER_STEP; i++) {
		binding = pool_walk(&cursor->pbx->bindings, &cursor->slot);
		if (!binding)
			return API_END;
		if (!slice_is_empty(cursor->number) &&
		    !slice_eq(aor_number(binding->aor), cursor->number))
			continue;
		print_binding(buf, binding);
		return API_ROW;
	}
	return API_AGAIN;
}

/* --- Trunks ------------------------------------------------------------------------------- */

static void print_targets(struct buf *buf, const struct trunk *trunk)
{
	uint64_t now_ms = trunk->pbx->stack.timers->now_ms;

	json_array_begin(buf, "targets");
	for (size_t i = 0; i < trunk->target_count; i++) {
		const struct trunk_target *target = &trunk->targets[i];

		json_object_begin(buf, NULL);
		api_print_way(buf, &(struct flow){ .peer = target->target.addr,
						   .transport = target->target.transport });
		json_bool(buf, "avoided", target->avoid_until_ms > now_ms);
		json_object_end(buf);
	}
	json_array_end(buf);
}

static void print_trunk(struct buf *buf, const struct trunk *trunk)
{
	uint64_t now_ms = trunk->pbx->stack.timers->now_ms;

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("trunk"));
	json_text(buf, "trunk", trunk->config->name);
	json_text(buf, "state", trunk_state_name(trunk->state));
	if (trunk->since_ms > 0)
		json_number(buf, "age", (now_ms - trunk->since_ms) / 1000);
	json_number(buf, "status", trunk->last_status);
	if (trunk->config->is_registering)
		json_bool(buf, "registered",
			  trunk->registration && registration_is_up(trunk->registration));
	json_number(buf, "calls", trunk->calls);
	json_number(buf, "calls_max", trunk->config->calls_max);
	print_targets(buf, trunk);
	json_bool(buf, "leaving", trunk->is_leaving);
	json_object_end(buf);
}

static enum api_step next_trunk(struct api_cursor *cursor, struct buf *buf)
{
	const struct trunk *trunk = pool_walk(&cursor->pbx->trunk_pool, &cursor->slot);

	if (!trunk)
		return API_END;
	if (!slice_is_empty(cursor->number) && !slice_eq(trunk->config->name, cursor->number))
		return API_AGAIN;
	print_trunk(buf, trunk);
	return API_ROW;
}

/* --- Cursors ------------------------------------------------------------------------------ */

static const struct {
	struct slice name;
	enum api_step (*next)(struct api_cursor *cursor, struct buf *buf);
} tables[API_TABLES] = {
	[API_CALLS] = { SLICE_INIT("calls"), api_next_call },
	[API_REGISTRATIONS] = { SLICE_INIT("registrations"), next_registration },
	[API_SUBSCRIPTIONS] = { SLICE_INIT("subscriptions"), api_next_subscription },
	[API_LAMPS] = { SLICE_INIT("lamps"), api_next_lamp },
	[API_LAMP] = { SLICE_INIT("lamp"), api_next_explained },
	[API_TRUNKS] = { SLICE_INIT("trunks"), next_trunk },
};

enum api_table api_find_table(struct slice name)
{
	for (int i = 0; i < API_TABLES; i++)
		if (slice_eq(tables[i].name, name))
			return (enum api_table)i;
	return API_TABLES;
}

void api_cursor_init(struct api_cursor *cursor, struct pbx *pbx, enum api_table table,
		     struct slice number)
{
	*cursor = (struct api_cursor){
		.pbx = pbx,
		.table = table,
		.number = number,
		.directory = directory_ref(pbx->directory),
	};
	cursor->node = slice_is_empty(number) ? map_first(&pbx->directory->extensions)
					      : map_find(&pbx->directory->extensions, number);
}

void api_cursor_fini(struct api_cursor *cursor)
{
	directory_unref(cursor->directory);
	cursor->directory = NULL;
}

enum api_step api_next(struct api_cursor *cursor, struct buf *buf)
{
	return tables[cursor->table].next(cursor, buf);
}

/* --- Status ------------------------------------------------------------------------------- */

static void print_pool(struct buf *buf, const char *name, const struct pool *pool)
{
	json_object_begin(buf, NULL);
	json_text(buf, "name", slice_from_cstr(name));
	json_number(buf, "used", pool->held_count);
	json_number(buf, "limit", pool->slot_max);
	json_number(buf, "peak", pool->peak_count);
	json_number(buf, "refused", pool->refused);
	json_object_end(buf);
}

static void print_pools(struct buf *buf, const struct pbx *pbx)
{
	const struct stack *stack = &pbx->stack;
	const struct {
		const char *name;
		const struct pool *pool;
	} rows[] = {
		{ "calls", &pbx->calls },
		{ "legs", &pbx->legs },
		{ "sessions", &stack->sessions },
		{ "registrations", &pbx->bindings },
		{ "subscriptions", &stack->notifiers },
		{ "server transactions", &stack->txn_servers },
		{ "client transactions", &stack->txn_clients },
	};

	json_array_begin(buf, "pools");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		print_pool(buf, rows[i].name, rows[i].pool);
	json_array_end(buf);
}

static void print_lamp_account(struct buf *buf, const struct lamp_audit *audit)
{
	json_object_begin(buf, "lamps");
	json_number(buf, "watchers", audit->count);
	json_number(buf, "looks", audit->looks);
	json_number(buf, "repairs", audit->repairs);
	json_seconds(buf, "wrong_lamp_seconds", audit->wrong_ms);
	json_object_end(buf);
}

void api_print_status(const struct pbx *pbx, struct buf *buf)
{
	const struct stack_counts *counts = &pbx->stack.counts;
	struct mem_count mem = mem_count();

	json_text(buf, "domain", pbx->directory->domain);
	json_number(buf, "extensions", pbx->directory->extensions.count);
	json_number(buf, "calls", pbx->calls.live_count);
	json_number(buf, "calls_total", pbx->last_call);
	json_number(buf, "registrations", pbx->bindings.live_count);
	json_number(buf, "subscriptions", pbx->stack.notifiers.live_count);
	print_lamp_account(buf, &pbx->lamp_audit);
	print_pools(buf, pbx);
	json_object_begin(buf, "messages");
	json_number(buf, "received", counts->received);
	json_number(buf, "malformed", counts->malformed);
	json_number(buf, "sent", counts->sent);
	json_number(buf, "unsent", counts->unsent);
	json_object_end(buf);
	json_object_begin(buf, "strangers");
	json_number(buf, "sources", pbx->strangers.sources.count);
	json_number(buf, "dropped", pbx->strangers.dropped);
	json_object_end(buf);
	json_object_begin(buf, "memory");
	json_number(buf, "bytes", mem.bytes);
	json_number(buf, "blocks", mem.blocks);
	json_object_end(buf);
}
