/* SPDX-License-Identifier: MIT */
/*
 * Printing, shortening and keeping documents.
 */
#include "pbx/lamp_document.h"

#include "base/mem.h"

/* Beside the headers of a message, and the head of a document. */
#define REST_MAX_BYTES (SIP_MESSAGE_MAX_BYTES - 8192)

/* The switch runs in one thread and this file does not call itself. */
static struct lamp_dialogs dialogs;
static char text[XML_MAX_BYTES];

/* --- Printing ----------------------------------------------------------------------------- */

static uint64_t hash_nonzero(const struct pbx *pbx, struct slice bytes)
{
	uint64_t hash = hash_bytes(pbx->entities.secret, bytes);

	return hash == 0 ? 1 : hash;
}

static struct slice print(const struct dialog_info *info)
{
	struct buf buf = BUF_ON(text);

	dialog_info_print_rest(&buf, info);
	return buf.is_overflown ? SLICE_NONE : buf_text(&buf);
}

/* How much is left out, in the order of what is missed least. */
enum shortening {
	WITHOUT_DURATION,
	WITHOUT_NAMES,
	BRIEF_BUT_FIRST,
	HOLD_OF_FIRST_ONLY, /* what rings comes first, and is picked up by its ids */
	ALL_BRIEF,
	WITHOUT_HOLD,
	SHORTENINGS
};

static void entry_make_brief(struct dialog_entry *entry)
{
	bool is_held = entry->local.is_rendering_no;

	entry->call_id = entry->local_tag = entry->remote_tag = SLICE_NONE;
	entry->replaces = (struct dialog_ids){ 0 };
	entry->remote = (struct dialog_party){ 0 };
	entry->local = (struct dialog_party){ .target = is_held ? entry->local.target : SLICE_NONE,
					      .is_rendering_no = is_held };
}

static void shorten(struct dialog_info *info, enum shortening step)
{
	for (size_t i = 0; i < info->dialog_count; i++) {
		struct dialog_entry *entry = &info->dialogs[i];

		switch (step) {
		case WITHOUT_DURATION:
			entry->has_duration = false;
			break;
		case WITHOUT_NAMES:
			entry->local.display = SLICE_NONE;
			entry->remote.display = SLICE_NONE;
			break;
		case BRIEF_BUT_FIRST:
			if (i > 0)
				entry_make_brief(entry);
			break;
		case HOLD_OF_FIRST_ONLY:
			if (i > 0)
				entry->local = (struct dialog_party){ 0 };
			break;
		case ALL_BRIEF:
			entry_make_brief(entry);
			break;
		case WITHOUT_HOLD:
			entry->local = (struct dialog_party){ 0 };
			break;
		case SHORTENINGS:
			break;
		}
	}
}

static bool fits(struct slice printed, size_t bytes_max)
{
	return printed.n > 0 && printed.n <= (bytes_max > 0 ? bytes_max : REST_MAX_BYTES);
}

/* What is `printed`, or less of it. Too much even so: it goes whole, by whatever way takes it. */
static struct slice print_within(struct dialog_info *info, struct slice printed, size_t bytes_max)
{
	for (unsigned step = 0; step < SHORTENINGS && !fits(printed, bytes_max); step++) {
		shorten(info, (enum shortening)step);
		printed = print(info);
	}
	return printed;
}

/* As much as any text holds: of nothing, the hash would never change. */
static struct slice print_whole(struct dialog_info *info)
{
	return print_within(info, print(info), 0);
}

static bool has_duration(const struct dialog_info *info)
{
	for (size_t i = 0; i < info->dialog_count; i++)
		if (info->dialogs[i].has_duration)
			return true;
	return false;
}

static uint64_t hash_without_duration(const struct pbx *pbx, const struct dialog_info *info)
{
	static struct dialog_info plain;

	plain.dialog_count = info->dialog_count;
	plain.status = info->status;
	memcpy(plain.dialogs, info->dialogs, plain.dialog_count * sizeof(plain.dialogs[0]));
	shorten(&plain, WITHOUT_DURATION);
	return hash_nonzero(pbx, print_whole(&plain));
}

static bool make(const struct lamp_entity *entity, const struct lamp_view *view, uint64_t since,
		 size_t bytes_max, struct lamp_document *ret_document)
{
	struct dialog_info *info = &dialogs.info;
	bool is_aging;
	struct slice printed;

	if (!lamp_view_read(entity, view, since, &dialogs))
		return false;
	is_aging = has_duration(info);
	if (is_aging)
		ret_document->hash = hash_without_duration(entity->pbx, info);
	printed = print_whole(info);
	if (!is_aging)
		ret_document->hash = hash_nonzero(entity->pbx, printed);
	ret_document->rest = print_within(info, printed, bytes_max);
	ret_document->has_ids = dialogs.has_ids;
	ret_document->is_cut = dialogs.is_cut;
	return !slice_is_empty(ret_document->rest);
}

/* --- Keeping ------------------------------------------------------------------------------ */

static bool key_eq(const struct lamp_document_key *a, const struct lamp_document_key *b)
{
	return a->entity == b->entity && a->turn == b->turn && a->since == b->since &&
	       a->made_s == b->made_s && a->bytes_max == b->bytes_max &&
	       a->view.visibility == b->view.visibility &&
	       a->view.may_pick_up == b->view.may_pick_up &&
	       a->view.may_barge_in == b->view.may_barge_in && a->view.profile == b->view.profile &&
	       a->view.hidden_peers == b->view.hidden_peers &&
	       a->view.hidden_referrers == b->view.hidden_referrers;
}

static void cache_put(struct lamp_cache *cache, const struct lamp_document_key *key,
		      struct lamp_document *document)
{
	struct slice copy;
	size_t at = cache->next;

	/* Without memory it is made once more the next time. */
	if (slice_keep(document->rest, &copy))
		return;
	mem_free((char *)cache->entries[at].document.rest.p);
	document->rest = copy;
	cache->entries[at].key = *key;
	cache->entries[at].document = *document;
	cache->next = (at + 1) % LAMP_CACHE_MAX;
}

void lamp_cache_drop(struct lamp_cache *cache, const struct lamp_entity *entity)
{
	for (size_t i = 0; i < LAMP_CACHE_MAX; i++) {
		if (entity && cache->entries[i].key.entity != entity)
			continue;
		mem_free((char *)cache->entries[i].document.rest.p);
		cache->entries[i].document.rest = SLICE_NONE;
		cache->entries[i].key.entity = NULL;
	}
}

bool lamp_document_make(const struct lamp_entity *entity, const struct lamp_view *view,
			uint64_t since, size_t bytes_max, struct lamp_document *ret_document)
{
	struct lamp_cache *cache = entity->pbx->lamp_cache;
	struct lamp_document_key key = { entity,    entity->turn,
					 since,	    entity->pbx->stack.timers->now_ms / 1000,
					 bytes_max, *view };

	if (!slice_is_empty(view->viewer) || view->only)
		return make(entity, view, since, bytes_max, ret_document);
	for (size_t i = 0; i < LAMP_CACHE_MAX; i++)
		if (key_eq(&cache->entries[i].key, &key)) {
			*ret_document = cache->entries[i].document;
			return true;
		}
	if (!make(entity, view, since, bytes_max, ret_document))
		return false;
	cache_put(cache, &key, ret_document);
	return true;
}
