/* SPDX-License-Identifier: MIT */
/*
 * Dialogs of one watched extension. Each is one block of its own memory, so that a partial document
 * touches only what it names. Terminated ones are not kept: nothing follows from them.
 */
#include "phone/watch.h"

#include "base/addr.h"
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "sip/uri.h"

/* --- Whom a document is about ------------------------------------------------------------- */

static bool user_eq(struct slice a, struct slice b)
{
	char a_text[SIP_URI_MAX_BYTES], b_text[SIP_URI_MAX_BYTES];
	struct buf a_plain = BUF_ON(a_text), b_plain = BUF_ON(b_text);

	if (uri_unescape(&a_plain, a) || uri_unescape(&b_plain, b) || a_plain.is_overflown ||
	    b_plain.is_overflown)
		return slice_eq(a, b);
	return slice_eq(buf_text(&a_plain), buf_text(&b_plain));
}

/* An address and a domain may be the same server, two domains are not. */
static bool host_may_be(struct slice a, struct slice b)
{
	struct addr addr;

	return slice_eq_nocase(a, b) || slice_is_empty(a) || slice_is_empty(b) ||
	       addr_parse_ip(a, &addr) == 0 || addr_parse_ip(b, &addr) == 0;
}

/* Some servers write the bare number, or leave the scheme out. */
static void entity_read(struct slice entity, struct slice *ret_user, struct slice *ret_host)
{
	struct sip_uri uri;

	if (sip_uri_parse(entity, &uri) == 0 && uri.scheme != URI_OTHER) {
		*ret_user = uri.user;
		*ret_host = uri.scheme == URI_TEL ? SLICE_NONE : uri.host;
	} else {
		slice_cut(entity, '@', ret_user, ret_host);
	}
}

static bool entity_is(struct slice entity, struct slice subscribed)
{
	struct slice user, host, subscribed_user, subscribed_host;

	entity_read(entity, &user, &host);
	entity_read(subscribed, &subscribed_user, &subscribed_host);
	return user_eq(user, subscribed_user) && host_may_be(host, subscribed_host);
}

/* --- Keeping dialogs ---------------------------------------------------------------------- */

#define TEXTS_MAX 11

/* Every text of an entry. */
static void entry_texts(struct dialog_entry *entry, struct slice *texts[TEXTS_MAX])
{
	struct slice *all[TEXTS_MAX] = {
		&entry->id,
		&entry->call_id,
		&entry->local_tag,
		&entry->remote_tag,
		&entry->event,
		&entry->local.display,
		&entry->local.identity,
		&entry->local.target,
		&entry->remote.display,
		&entry->remote.identity,
		&entry->remote.target,
	};

	memcpy(texts, all, sizeof(all));
}

static struct watched_dialog *dialog_keep(const struct dialog_entry *entry)
{
	struct dialog_entry copy = *entry;
	struct slice *texts[TEXTS_MAX];
	struct watched_dialog *dialog;
	size_t bytes = 0;
	char *at;

	entry_texts(&copy, texts);
	for (size_t i = 0; i < TEXTS_MAX; i++)
		bytes += texts[i]->n;
	dialog = mem_alloc(sizeof(*dialog) + bytes);
	if (!dialog)
		return NULL;
	at = dialog->text;
	for (size_t i = 0; i < TEXTS_MAX; i++) {
		if (texts[i]->n == 0)
			continue;
		memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = at;
		at += texts[i]->n;
	}
	dialog->entry = copy;
	return dialog;
}

static void dialogs_free(struct watched_dialog **dialogs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(dialogs[i]);
}

/* Copies of those that are not terminated; NULL in the places of those that are. */
static int dialogs_keep(const struct dialog_info *info, struct watched_dialog **ret_dialogs)
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

static size_t watch_find(const struct watch *watch, struct slice id)
{
	size_t i = 0;

	while (i < watch->dialog_count && !slice_eq(watch->dialogs[i]->entry.id, id))
		i++;
	return i;
}

/* Puts one in the place of that with the same id; NULL takes that away. Owns `dialog`. */
static void watch_put(struct watch *watch, struct slice id, struct watched_dialog *dialog)
{
	size_t i = watch_find(watch, id);

	if (i < watch->dialog_count) {
		mem_free(watch->dialogs[i]);
		watch->dialogs[i] = dialog;
		if (!dialog) {
			watch->dialog_count--;
			memmove(&watch->dialogs[i], &watch->dialogs[i + 1],
				(watch->dialog_count - i) * sizeof(watch->dialogs[0]));
		}
	} else if (dialog && watch->dialog_count < DIALOG_INFO_MAX) {
		watch->dialogs[watch->dialog_count++] = dialog;
	} else {
		mem_free(dialog); /* more than fit: the older ones stay */
	}
}

static void watch_drop_dialogs(struct watch *watch)
{
	dialogs_free(watch->dialogs, watch->dialog_count);
	watch->dialog_count = 0;
}

/* --- Documents ---------------------------------------------------------------------------- */

enum watch_verdict watch_take(struct watch *watch, struct slice subscribed,
			      const struct dialog_info *info)
{
	struct watched_dialog *dialogs[DIALOG_INFO_MAX];
	bool is_next = watch->has_version && info->version == watch->version + 1;
	bool is_base = !info->is_partial || (watch->is_asked && !is_next);

	if (!slice_is_empty(info->entity) && !entity_is(info->entity, subscribed))
		return WATCH_IGNORED;
	if (watch->has_version && info->version <= watch->version)
		return WATCH_IGNORED;
	if (dialogs_keep(info, dialogs))
		return WATCH_REFUSED;
	if (!info->is_partial)
		watch_drop_dialogs(watch);
	for (size_t i = 0; i < info->dialog_count; i++)
		watch_put(watch, info->dialogs[i].id, dialogs[i]);
	watch->version = info->version;
	watch->has_version = true;
	watch->has_entity = !slice_is_empty(info->entity);
	if (is_base)
		watch->is_asked = false;
	return is_base || is_next ? WATCH_TAKEN : WATCH_GAP;
}

void watch_set_asked(struct watch *watch)
{
	watch->is_asked = true;
}

void watch_restart(struct watch *watch)
{
	watch->has_version = false;
	watch->is_asked = false;
}

void watch_clear(struct watch *watch)
{
	watch_drop_dialogs(watch);
	watch_restart(watch);
}

/* --- The lamp ----------------------------------------------------------------------------- */

/*
 * innovaphone leaves out the entity, which RFC 4235 4.1 demands, and says initiator and recipient
 * as it likes; its calls are `early` while they ring and `proceeding` once they are answered.
 */
static enum lamp lamp_without_direction(enum dialog_state state)
{
	return state == DIALOG_EARLY ? LAMP_FLASH : LAMP_STEADY;
}

enum lamp watch_dialog_lamp(const struct watch *watch, const struct dialog_entry *entry)
{
	if (entry->state == DIALOG_TERMINATED)
		return LAMP_OFF;
	if (entry->state == DIALOG_CONFIRMED)
		return LAMP_STEADY;
	if (!watch->has_entity)
		return lamp_without_direction(entry->state);
	/* Off the hook, or an INVITE that nobody has answered yet: it does not ring. */
	if (entry->state == DIALOG_TRYING)
		return LAMP_STEADY;
	switch (entry->direction) {
	case DIALOG_INITIATOR:
		return LAMP_STEADY;
	case DIALOG_RECIPIENT:
	case DIALOG_DIRECTION_NONE:
		return LAMP_FLASH;
	}
	return LAMP_OFF;
}

const struct dialog_entry *watch_decider(const struct watch *watch)
{
	const struct dialog_entry *steady = NULL;

	for (size_t i = 0; i < watch->dialog_count; i++) {
		const struct dialog_entry *entry = &watch->dialogs[i]->entry;
		enum lamp lamp = watch_dialog_lamp(watch, entry);

		if (lamp == LAMP_FLASH)
			return entry;
		if (lamp == LAMP_STEADY && !steady)
			steady = entry;
	}
	return steady;
}

enum lamp watch_lamp(const struct watch *watch)
{
	const struct dialog_entry *entry = watch_decider(watch);

	return entry ? watch_dialog_lamp(watch, entry) : LAMP_OFF;
}
