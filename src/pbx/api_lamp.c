/* SPDX-License-Identifier: MIT */
/*
 * Rows of lamps: all of them, or one with what each of its watchers is told.
 */
#include "pbx/api_inner.h"

#include "pbx/lamp_explain.h"
#include "pbx/lamp_forward.h"
#include "pbx/lamp_source.h"
#include "pbx/lamp_view.h"
#include "pbx/park.h"
#include "pbx/registrar.h"

static void print_lamp_leg(struct buf *buf, const struct leg *leg)
{
	const struct party *peer = leg_peer(leg);

	json_object_begin(buf, NULL);
	json_number(buf, "call", leg->call->number);
	json_text(buf, "state", api_leg_state_name(leg->state));
	json_text(buf, "direction", leg->is_initiator ? SLICE("in") : SLICE("out"));
	if (peer)
		json_text(buf, "with", peer->number);
	json_number(buf, "age", api_seconds_since(leg->call, leg->state_ms));
	api_print_transfers(buf, leg->call);
	json_object_end(buf);
}

static void print_lamp_legs(struct buf *buf, const struct lamp_entity *entity)
{
	size_t shown = 0;

	json_array_begin(buf, "legs");
	if (entity)
		LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
			if (shown++ < API_LEGS_SHOWN_MAX)
				print_lamp_leg(buf, leg);
	json_array_end(buf);
	if (shown > API_LEGS_SHOWN_MAX)
		json_number(buf, "legs_more", shown - API_LEGS_SHOWN_MAX);
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
		json_number(buf, "age", api_seconds_since(parked->leg->call, parked->since_ms));
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

enum api_step api_next_lamp(struct api_cursor *cursor, struct buf *buf)
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

enum api_step api_next_explained(struct api_cursor *cursor, struct buf *buf)
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
