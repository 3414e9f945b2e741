/* SPDX-License-Identifier: MIT */
/*
 * The table of whom watchers watch, and what each watcher knows. Rights are asked from the current
 * directory each time, so a changed one shows with the next NOTIFY.
 */
#include "pbx/lamp.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/notifier.h"
#include "pbx/call.h"
#include "pbx/lamp_audit.h"
#include "pbx/lamp_document.h"
#include "pbx/lamp_forward.h"
#include "pbx/visibility.h"

int lamp_init(struct pbx *pbx)
{
	lamp_audit_init(pbx);
	pbx->lamp_cache = mem_alloc(sizeof(*pbx->lamp_cache));
	return pbx->lamp_cache ? 0 : ERR_NOMEM;
}

/* --- Entities ----------------------------------------------------------------------------- */

struct lamp_entity *lamp_find(struct pbx *pbx, struct slice number)
{
	struct map_node *node = map_find(&pbx->entities, number);

	return node ? CONTAINER_OF(node, struct lamp_entity, node) : NULL;
}

struct lamp_entity *lamp_get(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (entity)
		return entity;
	entity = mem_alloc(sizeof(*entity) + number.n);
	if (!entity)
		return NULL;
	entity->pbx = pbx;
	list_init(&entity->legs);
	list_init(&entity->watchers);
	list_init(&entity->reports);
	stack_token(&pbx->stack, entity->id);
	entity->turn = ++pbx->turn;
	memcpy(entity + 1, number.p, number.n);
	entity->number = slice_of((const char *)(entity + 1), number.n);
	if (map_insert(&pbx->entities, &entity->node, entity->number)) {
		mem_free(entity);
		return NULL;
	}
	return entity;
}

void lamp_release(struct lamp_entity *entity)
{
	if (entity->pins > 0 || !list_is_empty(&entity->legs) ||
	    !list_is_empty(&entity->watchers) || !list_is_empty(&entity->reports))
		return;
	lamp_cache_drop(entity->pbx->lamp_cache, entity);
	map_remove(&entity->pbx->entities, &entity->node);
	mem_free(entity);
}

void lamp_changed(struct lamp_entity *entity)
{
	entity->turn = ++entity->pbx->turn;
	entity->pins++;
	LIST_FOR (watcher, &entity->watchers, struct watcher, node) {
		lamp_audit_on_change(watcher);
		watcher->ops->on_change(watcher);
	}
	entity->pins--;
	lamp_release(entity);
}

/* --- What changes ------------------------------------------------------------------------- */

int lamp_leg_start(struct leg *leg)
{
	struct lamp_entity *entity;

	/* Nobody watches who is outside. */
	if (!leg->extension)
		return 0;
	entity = lamp_get(leg->pbx, leg->extension->number);
	if (!entity)
		return ERR_NOMEM;
	leg->entity = entity;
	list_append(&entity->legs, &leg->lamp_node);
	return 0;
}

void lamp_leg_changed(struct leg *leg)
{
	leg->state_turn = leg->pbx->turn + 1;
	if (!leg->entity) {
		leg->pbx->turn++;
		return;
	}
	lamp_source_on_leg(leg);
	lamp_changed(leg->entity);
}

/* The oldest makes room; who was not told of it yet is told all. */
void lamp_remember_ended(struct lamp_entity *entity, const struct lamp_ended *ended)
{
	struct lamp_ended *last;

	if (entity->ended_count == LAMP_ENDED_MAX) {
		entity->forgotten_turn = entity->ended[0].turn;
		entity->ended_count--;
		memmove(&entity->ended[0], &entity->ended[1],
			entity->ended_count * sizeof(entity->ended[0]));
	}
	last = &entity->ended[entity->ended_count++];
	*last = *ended;
	last->turn = entity->pbx->turn + 1;
}

static void remember_leg(struct lamp_entity *entity, const struct leg *leg)
{
	struct lamp_ended ended = {
		.direction = leg->is_initiator ? DIALOG_INITIATOR : DIALOG_RECIPIENT,
		.event = leg->exit.event ? leg->exit.event : "",
		.code = leg->exit.code,
	};

	memcpy(ended.id, leg->id, sizeof(ended.id));
	lamp_remember_ended(entity, &ended);
}

void lamp_leg_renew(struct leg *leg)
{
	if (leg->entity && lamp_leg_is_shown(leg))
		remember_leg(leg->entity, leg);
	stack_token(&leg->pbx->stack, leg->id);
}

void lamp_leg_end(struct leg *leg, bool was_shown)
{
	struct lamp_entity *entity = leg->entity;

	if (!entity)
		return;
	lamp_source_on_leg(leg);
	leg->entity = NULL;
	list_remove(&leg->lamp_node);
	if (was_shown)
		remember_leg(entity, leg);
	lamp_changed(entity);
}

void lamp_state_changed(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (!entity)
		return;
	entity->state_turn = pbx->turn + 1;
	lamp_changed(entity);
}

/* --- Watchers ----------------------------------------------------------------------------- */

static void watcher_free(struct pbx *pbx, struct watcher *watcher)
{
	list_remove(&watcher->viewer_node);
	if (watcher->is_counted)
		viewer_give(pbx, watcher->viewer);
	else
		viewer_release(pbx, watcher->viewer);
	mem_free((void *)watcher->only);
	mem_free(watcher);
}

static struct watcher *watcher_new(struct pbx *pbx, const struct watcher_spec *spec)
{
	struct watcher *watcher =
		mem_alloc(offsetof(struct watcher, entity_uri) + spec->entity_uri.n);

	if (!watcher)
		return NULL;
	watcher->is_counted = !spec->is_unasked;
	watcher->viewer = watcher->is_counted ? viewer_take(pbx, spec->viewer, spec->is_outside)
					      : viewer_get(pbx, spec->viewer, spec->is_outside);
	if (!watcher->viewer) {
		mem_free(watcher);
		return NULL;
	}
	list_append(&watcher->viewer->watchers, &watcher->viewer_node);
	memcpy(watcher->entity_uri, spec->entity_uri.p, spec->entity_uri.n);
	watcher->entity_n = (uint16_t)spec->entity_uri.n;
	return watcher;
}

static struct slice append(struct buf *buf, struct slice s)
{
	size_t from = buf->n;

	buf_slice(buf, s);
	return slice_from(buf_text(buf), from);
}

/* NULL when memory is refused. */
static const struct dialog_ids *ids_keep(const struct dialog_ids *ids)
{
	size_t n = ids->call_id.n + ids->local_tag.n + ids->remote_tag.n;
	struct dialog_ids *copy = mem_alloc(sizeof(*copy) + n);
	struct buf room;

	if (!copy)
		return NULL;
	buf_init(&room, (char *)(copy + 1), n);
	copy->call_id = append(&room, ids->call_id);
	copy->local_tag = append(&room, ids->local_tag);
	copy->remote_tag = append(&room, ids->remote_tag);
	return copy;
}

struct watcher *lamp_watch(struct pbx *pbx, const struct watcher_spec *spec)
{
	struct watcher *watcher = watcher_new(pbx, spec);

	if (!watcher)
		return NULL;
	watcher->only = spec->only ? ids_keep(spec->only) : NULL;
	watcher->entity = !spec->only || watcher->only ? lamp_get(pbx, spec->watched) : NULL;
	if (!watcher->entity) {
		watcher_free(pbx, watcher);
		return NULL;
	}
	watcher->ops = spec->ops;
	watcher->owner = spec->owner;
	watcher->profile = spec->profile;
	list_append(&watcher->entity->watchers, &watcher->node);
	lamp_audit_add(watcher);
	lamp_forward_update(pbx, watcher->entity->number);
	return watcher;
}

void lamp_unwatch(struct watcher *watcher)
{
	struct lamp_entity *entity = watcher->entity;

	lamp_audit_remove(watcher);
	list_remove(&watcher->node);
	watcher_free(entity->pbx, watcher);
	lamp_forward_update(entity->pbx, entity->number);
}

/* --- Telling ------------------------------------------------------------------------------ */

static size_t bytes_max(const struct watcher *watcher, bool is_datagram)
{
	return is_datagram ? watcher->profile->notify_bytes - LAMP_HEADERS_BYTES : 0;
}

/* Of the very document that would be told, which is then made once for both. */
static uint64_t truth_hash(struct watcher *watcher, bool is_datagram)
{
	struct lamp_view view = lamp_view_of(watcher);
	struct lamp_document document;

	if (!lamp_document_make(watcher->entity, &view, 0, bytes_max(watcher, is_datagram),
				&document))
		return 0;
	return document.hash;
}

bool lamp_hash_is_news(struct watcher *watcher, uint64_t hash)
{
	if (watcher->is_lost || hash != watcher->told_hash)
		return true;
	lamp_audit_on_same(watcher);
	return false;
}

bool lamp_is_news(struct watcher *watcher)
{
	const struct notifier *notifier = watcher->ops->notifier(watcher);
	bool is_datagram = notifier && notifier->dialog.flow.transport == TRANSPORT_UDP;

	return lamp_hash_is_news(watcher, truth_hash(watcher, is_datagram));
}

void lamp_note_told(struct watcher *watcher, uint64_t hash)
{
	lamp_audit_on_told(watcher, hash != watcher->told_hash);
	watcher->told_turn = watcher->entity->turn;
	watcher->told_hash = hash;
	watcher->is_lost = false;
}

void lamp_tell(struct watcher *watcher, struct buf *body, bool is_full, bool is_datagram)
{
	const struct lamp_entity *entity = watcher->entity;
	struct lamp_view view = lamp_view_of(watcher);
	size_t most = bytes_max(watcher, is_datagram);
	struct lamp_document document = { 0 };
	bool is_partial = !is_full && watcher->profile->is_partial && watcher->told_turn > 0 &&
			  !watcher->is_lost && watcher->account.changed_ms > 0 &&
			  lamp_document_make(entity, &view, watcher->told_turn, most, &document);

	if (!is_partial)
		(void)lamp_document_make(entity, &view, 0, most, &document);
	dialog_info_print_head(body, watcher->version++, is_partial, watcher_entity_uri(watcher));
	buf_slice(body, document.rest);
	if (document.has_ids)
		watcher->ids_turn = entity->turn;
	lamp_note_told(watcher, is_partial ? truth_hash(watcher, is_datagram) : document.hash);
	if (document.is_cut)
		watcher->told_turn = 0;
}

void lamp_told(struct watcher *watcher, bool has_arrived)
{
	watcher->is_lost = !has_arrived;
	lamp_audit_on_answer(watcher, has_arrived);
}

bool lamp_was_told(const struct leg *leg, struct slice picker)
{
	const struct lamp_entity *entity = leg->entity;
	const struct viewer *viewer;

	if (!entity)
		return false;
	viewer = viewer_find(leg->pbx, picker, false);
	if (viewer)
		LIST_FOR (watcher, &viewer->watchers, struct watcher, viewer_node)
			if (watcher->entity == entity && watcher->ids_turn >= leg->state_turn)
				return true;
	return false;
}

/* --- A new configuration ------------------------------------------------------------------ */

/* Whoever may see nothing is told what they would be told of an unknown extension. */
static bool is_watchable(struct watcher *watcher)
{
	return lamp_view_of(watcher).visibility > VISIBILITY_NONE;
}

static void watcher_on_directory(struct watcher *watcher)
{
	lamp_audit_on_change(watcher);
	if (is_watchable(watcher))
		watcher->ops->on_change(watcher);
	else
		watcher->ops->on_gone(watcher, "noresource");
}

static void watcher_stop(struct watcher *watcher)
{
	watcher->ops->on_gone(watcher, "deactivated");
}

static void watcher_forget(struct watcher *watcher)
{
	watcher->ops->on_gone(watcher, NULL);
}

static void each_watcher(struct pbx *pbx, void (*tell)(struct watcher *watcher))
{
	for (struct map_node *node = map_first(&pbx->entities), *next; node; node = next) {
		struct lamp_entity *entity = CONTAINER_OF(node, struct lamp_entity, node);

		entity->pins++;
		LIST_FOR (watcher, &entity->watchers, struct watcher, node)
			tell(watcher);
		next = map_next(&pbx->entities, node);
		entity->pins--;
		lamp_release(entity);
	}
}

void lamp_on_directory(struct pbx *pbx)
{
	lamp_cache_drop(pbx->lamp_cache, NULL);
	for (struct map_node *node = map_first(&pbx->entities); node;
	     node = map_next(&pbx->entities, node)) {
		struct lamp_entity *entity = CONTAINER_OF(node, struct lamp_entity, node);

		/* Names and rights are others: changes since then do not tell of that. */
		entity->turn = entity->forgotten_turn = ++pbx->turn;
	}
	each_watcher(pbx, watcher_on_directory);
}

void lamp_stop(struct pbx *pbx)
{
	each_watcher(pbx, watcher_stop);
}

void lamp_fini(struct pbx *pbx)
{
	each_watcher(pbx, watcher_forget);
	lamp_cache_drop(pbx->lamp_cache, NULL);
	mem_free(pbx->lamp_cache);
	pbx->lamp_cache = NULL;
	CHECK(!map_first(&pbx->entities));
}
