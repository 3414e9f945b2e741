/* SPDX-License-Identifier: MIT */
/*
 * Dialogs kept from documents. A document is copied whole before anything is changed, so that it
 * is either taken or refused.
 */
#include "core/dialog_set.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

/* --- One dialog --------------------------------------------------------------------------- */

/* Every text of an entry. */
static const size_t entry_texts[] = {
	offsetof(struct dialog_entry, id),
	offsetof(struct dialog_entry, call_id),
	offsetof(struct dialog_entry, local_tag),
	offsetof(struct dialog_entry, remote_tag),
	offsetof(struct dialog_entry, event),
	offsetof(struct dialog_entry, replaces.call_id),
	offsetof(struct dialog_entry, replaces.local_tag),
	offsetof(struct dialog_entry, replaces.remote_tag),
	offsetof(struct dialog_entry, referred_by_display),
	offsetof(struct dialog_entry, referred_by),
	offsetof(struct dialog_entry, local.display),
	offsetof(struct dialog_entry, local.identity),
	offsetof(struct dialog_entry, local.target),
	offsetof(struct dialog_entry, remote.display),
	offsetof(struct dialog_entry, remote.identity),
	offsetof(struct dialog_entry, remote.target),
};

static struct slice *entry_text(struct dialog_entry *entry, size_t i)
{
	return (struct slice *)((char *)entry + entry_texts[i]);
}

static struct kept_dialog *dialog_keep(const struct dialog_entry *entry)
{
	struct dialog_entry copy = *entry;
	struct kept_dialog *dialog;
	size_t bytes = 0;
	char *at;

	for (size_t i = 0; i < ARRAY_LEN(entry_texts); i++)
		bytes += entry_text(&copy, i)->n;
	dialog = mem_alloc(sizeof(*dialog) + bytes);
	if (!dialog)
		return NULL;
	at = dialog->text;
	for (size_t i = 0; i < ARRAY_LEN(entry_texts); i++) {
		struct slice *text = entry_text(&copy, i);

		if (text->n == 0)
			continue;
		memcpy(at, text->p, text->n);
		text->p = at;
		at += text->n;
	}
	dialog->entry = copy;
	dialog->began_ms = 0;
	return dialog;
}

static void dialogs_free(struct kept_dialog **dialogs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(dialogs[i]);
}

/* Copies of those that are not terminated; NULL in the places of those that are. */
static int dialogs_keep(const struct dialog_info *info, struct kept_dialog **ret_dialogs)
{
	for (size_t i = 0; i < info->dialog_count; i++) {
		ret_dialogs[i] = NULL;
		if (info->dialogs[i].state == DIALOG_TERMINATED)
			continue;
		ret_dialogs[i] = dialog_keep(&info->dialogs[i]);
		if (!ret_dialogs[i]) {
			dialogs_free(ret_dialogs, i);
			return ERR_NOMEM;
		}
	}
	return 0;
}

/* --- The set ------------------------------------------------------------------------------ */

static size_t set_find(const struct dialog_set *set, struct slice id)
{
	size_t i = 0;

	while (i < set->count && !slice_eq(set->dialogs[i]->entry.id, id))
		i++;
	return i;
}

void dialog_set_remove(struct dialog_set *set, size_t i)
{
	CHECK(i < set->count);
	mem_free(set->dialogs[i]);
	set->count--;
	memmove(&set->dialogs[i], &set->dialogs[i + 1], (set->count - i) * sizeof(set->dialogs[0]));
}

/* Puts one in the place of that with the same id; NULL takes that away. Owns `dialog`. */
static void set_put(struct dialog_set *set, struct slice id, struct kept_dialog *dialog)
{
	size_t i = set_find(set, id);

	if (i < set->count && dialog) {
		mem_free(set->dialogs[i]);
		set->dialogs[i] = dialog;
	} else if (i < set->count) {
		dialog_set_remove(set, i);
	} else if (dialog && set->count < DIALOG_INFO_MAX) {
		set->dialogs[set->count++] = dialog;
	} else {
		mem_free(dialog); /* more than fit: the older ones stay */
	}
}

/* The new ones of a known id are the same dialogs, whatever the document forgets. */
static void set_hand_down(const struct dialog_set *set, struct kept_dialog **dialogs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = dialogs[i] ? set_find(set, dialogs[i]->entry.id) : set->count;

		if (at < set->count)
			dialogs[i]->began_ms = set->dialogs[at]->began_ms;
	}
}

static void set_drop(struct dialog_set *set)
{
	dialogs_free(set->dialogs, set->count);
	set->count = 0;
}

static const struct dialog_entry *info_find(const struct dialog_info *info, struct slice id)
{
	for (size_t i = 0; i < info->dialog_count; i++)
		if (slice_eq(info->dialogs[i].id, id))
			return &info->dialogs[i];
	return NULL;
}

/* Those that this document ends, by what it says or by saying nothing of them. */
static void tell_gone(struct dialog_set *set, const struct dialog_info *info)
{
	for (size_t i = 0; set->on_gone && i < set->count; i++) {
		const struct dialog_entry *kept = &set->dialogs[i]->entry;
		const struct dialog_entry *last = info_find(info, kept->id);

		if (last ? last->state == DIALOG_TERMINATED : !info->is_partial)
			set->on_gone(set, kept, last);
	}
}

enum dialog_set_verdict dialog_set_take(struct dialog_set *set, const struct dialog_info *info)
{
	struct kept_dialog *dialogs[DIALOG_INFO_MAX];
	bool is_next = set->has_version && info->version == set->version + 1;
	bool is_base = !info->is_partial || (set->is_asked && !is_next);

	if (set->has_version && info->version <= set->version)
		return DIALOG_SET_OLD;
	if (dialogs_keep(info, dialogs))
		return DIALOG_SET_REFUSED;
	set_hand_down(set, dialogs, info->dialog_count);
	tell_gone(set, info);
	if (!info->is_partial)
		set_drop(set);
	for (size_t i = 0; i < info->dialog_count; i++)
		set_put(set, info->dialogs[i].id, dialogs[i]);
	set->version = info->version;
	set->has_version = true;
	if (is_base)
		set->is_asked = false;
	return is_base || is_next ? DIALOG_SET_TAKEN : DIALOG_SET_GAP;
}

void dialog_set_on_asked(struct dialog_set *set)
{
	set->is_asked = true;
}

void dialog_set_restart(struct dialog_set *set)
{
	set->has_version = false;
	set->is_asked = false;
}

void dialog_set_clear(struct dialog_set *set)
{
	for (size_t i = 0; set->on_gone && i < set->count; i++)
		set->on_gone(set, &set->dialogs[i]->entry, NULL);
	set_drop(set);
	dialog_set_restart(set);
}
