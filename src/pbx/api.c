/* SPDX-License-Identifier: MIT */
/*
 * Pools are walked by slot, so that rows that come and go between two turns disturb nobody; the
 * extensions of the lamps come from one directory, held while they are shown.
 */
#include "pbx/api.h"

#include "base/json.h"
#include "base/mem.h"
#include "pbx/call.h"
#include "pbx/lamp_explain.h"
#include "pbx/lamp_forward.h"
#include "pbx/lamp_list.h"
#include "pbx/lamp_source.h"
#include "pbx/lamp_subscription.h"
#include "pbx/lamp_unasked.h"
#include "pbx/lamp_view.h"
#include "pbx/own_watch.h"
#include "pbx/park.h"
#include "pbx/registrar.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"

#define LEGS_SHOWN_MAX 32
#define LOOKS_PER_STEP 256 /* rows that the filter may pass over at once */

/* --- Words -------------------------------------------------------------------------------- */

static struct slice leg_state_name(enum leg_state state)
{
	static const struct slice names[] = {
		[LEG_CALLING] = SLICE_INIT("calling"), [LEG_PROCEEDING] = SLICE_INIT("proceeding"),
		[LEG_RINGING] = SLICE_INIT("ringing"), [LEG_TALKING] = SLICE_INIT("talking"),
		[LEG_ENDED] = SLICE_INIT("ended"),
	};

	return names[state];
}

static struct slice call_state_name(enum call_state state)
{
	static const struct slice names[] = {
		[CALL_RINGING] = SLICE_INIT("ringing"),
		[CALL_JOINING] = SLICE_INIT("joining"),
		[CALL_TALKING] = SLICE_INIT("talking"),
		[CALL_ENDED] = SLICE_INIT("ended"),
	};

	return names[state];
}

static struct slice transfer_state_name(enum transfer_state state)
{
	static const struct slice names[] = {
		[TRANSFER_WAITING] = SLICE_INIT("calling"),
		[TRANSFER_ASKING] = SLICE_INIT("calling"),
		[TRANSFER_SPLICING] = SLICE_INIT("joining"),
		[TRANSFER_FORWARDED] = SLICE_INIT("forwarded"),
	};

	return names[state];
}

static void print_peer(struct buf *buf, const struct flow *flow)
{
	char text[ADDR_TEXT_MAX];
	struct buf peer = BUF_ON(text);

	addr_print(&peer, &flow->peer);
	json_text(buf, "transport", transport_word(flow->transport));
	json_text(buf, "peer", buf_text(&peer));
}

/* --- Calls -------------------------------------------------------------------------------- */

/* NULL: nobody of it waits in an orbit. */
static const struct parked *parked_of(const struct call *call)
{
	const struct leg *left = call->caller ? call->caller : call->partner;

	return left ? left->parked : NULL;
}

static bool call_is_about(const struct call *call, struct slice number)
{
	const struct parked *parked = parked_of(call);

	if (slice_is_empty(number) || slice_eq(call->called.number, number) ||
	    (parked && slice_eq(parked->orbit.number, number)))
		return true;
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (slice_eq(leg->party.number, number))
			return true;
	return false;
}

static uint64_t seconds_since(const struct call *call, uint64_t ms)
{
	return (call->pbx->stack.timers->now_ms - ms) / 1000;
}

/* It may be the call that somebody's phone makes for it. */
static const struct transfer *transfer_of(const struct call *call)
{
	const struct transfer *transfer = call->transfer;

	if (call->referrer)
		LIST_FOR (leg, &call->legs, struct leg, node)
			if (!transfer)
				transfer = ticket_transfer(leg);
	return transfer;
}

/* One that is under way; it is told of with both calls. */
static void print_transfer(struct buf *buf, const struct call *call)
{
	const struct transfer *transfer = transfer_of(call);
	const struct call *to;

	if (!transfer)
		return;
	to = transfer_destination(transfer);
	json_object_begin(buf, "transfer");
	json_text(buf, "how", transfer_kind_name(transfer->kind));
	json_text(buf, "state", transfer_state_name(transfer->state));
	json_text(buf, "by", transfer->by->number);
	json_text(buf, "of", transfer->transferee->party.number);
	json_text_unless_empty(buf, "to", transfer_target(transfer));
	json_number(buf, "from_call", transfer->from->number);
	if (to)
		json_number(buf, "to_call", to->number);
	json_object_end(buf);
}

/* One that is done, or for which the call is made. */
static void print_transferred(struct buf *buf, const struct call *call)
{
	if (call->referrer)
		json_text(buf, "transferred_by", call->referrer->number);
	if (call->former > 0)
		json_number(buf, "was_call", call->former);
}

static void print_leg(struct buf *buf, const struct leg *leg)
{
	json_object_begin(buf, NULL);
	json_text(buf, "number", leg->party.number);
	json_text(buf, "direction", leg->is_initiator ? SLICE("in") : SLICE("out"));
	json_text(buf, "state", leg_state_name(leg->state));
	json_number(buf, "age", seconds_since(leg->call, leg->record.start_ms));
	if (leg->session) {
		print_peer(buf, &leg->session->dialog.flow);
		json_text(buf, "call_id", dialog_call_id(&leg->session->dialog));
	}
	if (leg->is_stand_in)
		json_bool(buf, "waits", true);
	json_object_end(buf);
}

static void print_legs(struct buf *buf, const struct call *call, size_t max)
{
	size_t shown = 0, more = 0;

	json_array_begin(buf, "legs");
	LIST_FOR (leg, &call->legs, struct leg, node) {
		if (shown < max) {
			print_leg(buf, leg);
			shown++;
		} else {
			more++;
		}
	}
	json_array_end(buf);
	if (more > 0)
		json_number(buf, "legs_more", more);
}

static void print_party(struct buf *buf, const char *name, const struct party *party)
{
	json_object_begin(buf, name);
	json_text(buf, "number", party->number);
	json_text_unless_empty(buf, "name", party->name);
	json_object_end(buf);
}

static void print_parked(struct buf *buf, const struct parked *parked)
{
	json_object_begin(buf, "parked");
	json_text(buf, "orbit", parked->orbit.number);
	json_text(buf, "by", parked->parker);
	json_number(buf, "age", seconds_since(parked->leg->call, parked->since_ms));
	json_object_end(buf);
}

static void print_call(struct buf *buf, const struct call *call, size_t legs_max)
{
	const struct parked *parked = parked_of(call);

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("call"));
	json_number(buf, "call", call->number);
	json_text(buf, "state", parked ? SLICE("parked") : call_state_name(call->state));
	json_number(buf, "age", seconds_since(call, call->record.start_ms));
	if (call->record.answer_ms > 0)
		json_number(buf, "talk", seconds_since(call, call->record.answer_ms));
	if (call->caller)
		print_party(buf, "from", &call->caller->party);
	print_party(buf, "to", &call->called);
	if (call->partner)
		print_party(buf, "with", &call->partner->party);
	if (parked)
		print_parked(buf, parked);
	print_transfer(buf, call);
	print_transferred(buf, call);
	print_legs(buf, call, legs_max);
	json_object_end(buf);
}

static enum api_step next_call(struct api_cursor *cursor, struct buf *buf)
{
	size_t start = buf->n, legs_max = LEGS_SHOWN_MAX;
	const struct call *call;

	for (int i = 0; i < LOOKS_PER_STEP; i++) {
		call = pool_walk(&cursor->pbx->calls, &cursor->slot);
		if (!call)
			return API_END;
		if (!call_is_about(call, cursor->number))
			continue;
		print_call(buf, call, legs_max);
		while (buf->is_overflown && legs_max > 0) {
			legs_max /= 2;
			buf->n = start;
			buf->is_overflown = false;
			print_call(buf, call, legs_max);
		}
		return API_ROW;
	}
	return API_AGAIN;
}

/* --- Registrations ------------------------------------------------------------------------ */

static void print_binding(struct buf *buf, const struct binding *binding)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("registration"));
	json_text(buf, "extension", aor_number(binding->aor));
	json_text(buf, "contact", binding_contact(binding));
	print_peer(buf, &binding->flow);
	json_number(buf, "expires", binding_expires_s(binding));
	json_object_end(buf);
}

static enum api_step next_registration(struct api_cursor *cursor, struct buf *buf)
{
	const struct binding *binding;

	for (int i = 0; i < LOOKS_PER_STEP; i++) {
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

/* --- Subscriptions ------------------------------------------------------------------------ */

struct watching {
	struct slice watcher;
	struct slice watched;	       /* an extension, or "keys-203" for a list */
	uint32_t version;	       /* of lamps; else 0 */
	const struct binding *binding; /* of a phone that did not ask; else NULL */
};

static bool list_has(const struct lamp_list *list, struct slice number)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->entries[i].number, number))
			return true;
	return false;
}

/* False: it is nobody's any more, or `number`, if it is not empty, has no part in it. */
static bool read_watching(const struct notifier *notifier, struct slice number,
			  struct watching *ret_watching)
{
	const struct lamp_list *list = lamp_list_of(notifier);
	const struct binding *binding = NULL;
	const struct watcher *watcher = lamp_watcher(notifier);
	const struct own_watch *own = own_watch_of(notifier);

	if (!watcher)
		watcher = lamp_unasked_watcher(notifier, &binding);
	if (watcher)
		*ret_watching =
			(struct watching){ viewer_number(watcher->viewer), watcher->entity->number,
					   watcher->version, binding };
	else if (list)
		*ret_watching = (struct watching){ viewer_number(list->viewer), list->user,
						   list->version, NULL };
	else if (own)
		*ret_watching = (struct watching){ .watcher = own->own->number,
						   .watched = own->own->number };
	else
		return false;
	return slice_is_empty(number) || slice_eq(ret_watching->watcher, number) ||
	       slice_eq(ret_watching->watched, number) || (list && list_has(list, number));
}

/* Nobody asked for it: it goes on as long as the phone is registered, by `binding`. */
static struct slice subscription_state(const struct notifier *notifier,
				       const struct binding *binding)
{
	if (notifier->state != NOTIFIER_ACTIVE)
		return SLICE("ending");
	return binding ? SLICE("unasked") : SLICE("active");
}

static void print_watching(struct buf *buf, const struct watching *watching,
			   const struct notifier *notifier)
{
	const struct binding *binding = watching->binding;
	struct slice event, params;

	sip_token_params(notifier_event(notifier), &event, &params);
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("subscription"));
	json_text(buf, "watcher", watching->watcher);
	json_text(buf, "watched", watching->watched);
	json_text(buf, "event", event);
	json_text(buf, "state", subscription_state(notifier, binding));
	json_number(buf, "version", watching->version);
	json_number(buf, "expires",
		    binding ? binding_expires_s(binding) : notifier_expires_s(notifier));
	json_number(buf, "notify", notifier->last_status);
	print_peer(buf, &notifier->dialog.flow);
	json_text(buf, "call_id", dialog_call_id(&notifier->dialog));
	json_object_end(buf);
}

/* A phone that should be told without asking, and would not have it. */
static void print_refusal(struct buf *buf, const struct binding *binding, struct slice watched,
			  unsigned status)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("subscription"));
	json_text(buf, "watcher", aor_number(binding->aor));
	json_text(buf, "watched", watched);
	json_text(buf, "event", SLICE("dialog"));
	json_text(buf, "state", SLICE("refused"));
	json_number(buf, "expires", binding_expires_s(binding));
	json_number(buf, "notify", status);
	print_peer(buf, &binding->flow);
	json_object_end(buf);
}

static bool is_about(const struct api_cursor *cursor, struct slice watcher, struct slice watched)
{
	return slice_is_empty(cursor->number) || slice_eq(watcher, cursor->number) ||
	       slice_eq(watched, cursor->number);
}

static enum api_step next_refusal(struct api_cursor *cursor, struct buf *buf)
{
	for (int i = 0; i < LOOKS_PER_STEP; i++) {
		const struct binding *binding = pool_walk(&cursor->pbx->bindings, &cursor->slot);
		struct slice watched;
		unsigned status;

		if (!binding)
			return API_END;
		status = lamp_unasked_refusal(binding, &watched);
		if (status == 0 || !is_about(cursor, aor_number(binding->aor), watched))
			continue;
		print_refusal(buf, binding, watched, status);
		return API_ROW;
	}
	return API_AGAIN;
}

static enum api_step next_subscription(struct api_cursor *cursor, struct buf *buf)
{
	if (cursor->is_second)
		return next_refusal(cursor, buf);
	for (int i = 0; i < LOOKS_PER_STEP; i++) {
		const struct notifier *notifier =
			pool_walk(&cursor->pbx->stack.notifiers, &cursor->slot);
		struct watching watching;

		if (!notifier) {
			cursor->is_second = true;
			cursor->slot = 0;
			return API_AGAIN;
		}
		if (!read_watching(notifier, cursor->number, &watching))
			continue;
		print_watching(buf, &watching, notifier);
		return API_ROW;
	}
	return API_AGAIN;
}

/* --- Lamps -------------------------------------------------------------------------------- */

static void print_lamp_leg(struct buf *buf, const struct leg *leg)
{
	const struct party *peer = leg_peer(leg);

	json_object_begin(buf, NULL);
	json_number(buf, "call", leg->call->number);
	json_text(buf, "state", leg_state_name(leg->state));
	json_text(buf, "direction", leg->is_initiator ? SLICE("in") : SLICE("out"));
	if (peer)
		json_text(buf, "with", peer->number);
	json_number(buf, "age", seconds_since(leg->call, leg->state_ms));
	print_transfer(buf, leg->call);
	print_transferred(buf, leg->call);
	json_object_end(buf);
}

static void print_lamp_legs(struct buf *buf, const struct lamp_entity *entity)
{
	size_t shown = 0;

	json_array_begin(buf, "legs");
	if (entity)
		LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
			if (shown++ < LEGS_SHOWN_MAX)
				print_lamp_leg(buf, leg);
	json_array_end(buf);
	if (shown > LEGS_SHOWN_MAX)
		json_number(buf, "legs_more", shown - LEGS_SHOWN_MAX);
	if (entity && lamp_source_count(entity) > 0)
		json_number(buf, "elsewhere", lamp_source_count(entity));
	if (entity && lamp_forward_refusal(entity) > 0)
		json_number(buf, "untold", lamp_forward_refusal(entity));
}

static size_t count_watchers(const struct lamp_entity *entity)
{
	size_t count = 0;

	if (entity)
		LIST_FOR (watcher, &entity->watchers, struct watcher, node)
			count++;
	return count;
}

static void print_lamp(struct buf *buf, struct pbx *pbx, const struct extension *extension)
{
	const struct lamp_entity *entity = lamp_find(pbx, extension->number);

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("lamp"));
	json_text(buf, "extension", extension->number);
	json_text_unless_empty(buf, "name", extension->name);
	json_text(buf, "lamp", lamp_explain_word(pbx, extension));
	print_lamp_legs(buf, entity);
	json_number(buf, "watchers", count_watchers(entity));
	json_bool(buf, "registered", registrar_find(pbx, extension->number) != NULL);
	json_text_unless_empty(buf, "status", lamp_status(pbx, extension));
	json_object_end(buf);
}

static void print_orbit(struct buf *buf, struct pbx *pbx, struct slice orbit)
{
	const struct parked *parked = park_find(pbx, orbit);

	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("lamp"));
	json_text(buf, "orbit", orbit);
	json_text(buf, "lamp", parked ? SLICE("steady") : SLICE("off"));
	if (parked) {
		json_object_begin(buf, "parked");
		json_number(buf, "call", parked->leg->call->number);
		json_text(buf, "with", parked->leg->party.number);
		json_text(buf, "by", parked->parker);
		json_number(buf, "age", seconds_since(parked->leg->call, parked->since_ms));
		json_object_end(buf);
	}
	json_number(buf, "watchers", count_watchers(lamp_find(pbx, orbit)));
	json_object_end(buf);
}

/* Asked for by its number; the table of all lamps is one of extensions. */
static enum api_step next_orbit(struct api_cursor *cursor, struct buf *buf)
{
	if (cursor->shown > 0 || !park_is_orbit(cursor->pbx, cursor->number))
		return API_END;
	cursor->shown++;
	print_orbit(buf, cursor->pbx, cursor->number);
	return API_ROW;
}

static enum api_step next_lamp(struct api_cursor *cursor, struct buf *buf)
{
	const struct map_node *node = cursor->node;

	if (!node)
		return next_orbit(cursor, buf);
	cursor->node = slice_is_empty(cursor->number)
			       ? map_next(&cursor->directory->extensions, node)
			       : NULL;
	print_lamp(buf, cursor->pbx, CONTAINER_OF(node, struct extension, node));
	return API_ROW;
}

/* The one that comes after so many of those that are asked for; NULL: there is none. */
static struct watcher *find_watcher(struct lamp_entity *entity, struct slice number,
				    uint32_t before)
{
	if (entity)
		LIST_FOR (watcher, &entity->watchers, struct watcher, node)
			if ((slice_is_empty(number) ||
			     slice_eq(viewer_number(watcher->viewer), number)) &&
			    before-- == 0)
				return watcher;
	return NULL;
}

static enum api_step next_explained(struct api_cursor *cursor, struct buf *buf)
{
	const struct extension *extension = directory_find(cursor->pbx->directory, cursor->number);
	struct watcher *watcher;

	if (!extension && cursor->shown == 0)
		return next_orbit(cursor, buf);
	if (cursor->shown > API_WATCHERS_MAX ||
	    (!extension && !park_is_orbit(cursor->pbx, cursor->number)))
		return API_END;
	if (cursor->shown++ == 0) {
		print_lamp(buf, cursor->pbx, extension);
		return API_ROW;
	}
	watcher = find_watcher(lamp_find(cursor->pbx, cursor->number), cursor->watcher,
			       cursor->shown - 2);
	if (watcher)
		lamp_explain_watcher(buf, watcher);
	else if (cursor->shown == 2 && !slice_is_empty(cursor->watcher))
		lamp_explain_absent(buf, cursor->pbx, cursor->number, cursor->watcher);
	else
		return API_END;
	return API_ROW;
}

/* --- Trunks ------------------------------------------------------------------------------- */

static void print_targets(struct buf *buf, const struct trunk *trunk)
{
	uint64_t now_ms = trunk->pbx->stack.timers->now_ms;

	json_array_begin(buf, "targets");
	for (size_t i = 0; i < trunk->target_count; i++) {
		const struct trunk_target *target = &trunk->targets[i];

		json_object_begin(buf, NULL);
		print_peer(buf, &(struct flow){ .peer = target->target.addr,
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
	[API_CALLS] = { SLICE_INIT("calls"), next_call },
	[API_REGISTRATIONS] = { SLICE_INIT("registrations"), next_registration },
	[API_SUBSCRIPTIONS] = { SLICE_INIT("subscriptions"), next_subscription },
	[API_LAMPS] = { SLICE_INIT("lamps"), next_lamp },
	[API_LAMP] = { SLICE_INIT("lamp"), next_explained },
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
