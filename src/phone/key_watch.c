/* SPDX-License-Identifier: MIT */
/*
 * Where a key's lamp comes from: documents of its own subscription, and those that others hand in.
 */
#include "base/err.h"
#include "phone/phone_inner.h"
#include "phone/presence.h"
#include "xml/dialog_info_read.h"
#include "xml/pidf_read.h"

/* --- Documents ---------------------------------------------------------------------------- */

/*
 * Since when each dialog is there, as it says or as we have seen it. That may be before the clock
 * began: differences count, and they wrap around.
 */
static void key_note_times(struct phone_key *key)
{
	uint64_t now_ms = key->phone->stack.timers->now_ms;

	for (size_t i = 0; i < key->watch.set.count; i++) {
		struct kept_dialog *dialog = key->watch.set.dialogs[i];

		if (dialog->began_ms == 0 || dialog->entry.has_duration)
			dialog->began_ms = now_ms - (uint64_t)dialog->entry.duration_s * 1000;
		dialog->entry.has_duration = false; /* a partial document does not tell it again */
	}
}

void phone_key_forget(struct phone_key *key, struct slice status)
{
	dialog_set_clear(&key->watch.set);
	if (phone_key_set_text(&key->status, status))
		key->is_told = false;
	phone_key_update(key);
}

/* A lamp that cannot be known is dark; a document refused for want of memory can be had again. */
static enum phone_taken key_on_unreadable(struct phone_key *key, int err)
{
	(void)phone_fail(key->phone, err, "key %u: unreadable document: %s", key->config.number,
			 err_text(err));
	if (err == ERR_NOMEM)
		return PHONE_TAKEN_GAP;
	phone_key_forget(key, SLICE_NONE);
	return PHONE_TAKEN_NOT;
}

static enum phone_taken key_on_too_many(struct phone_key *key, size_t count)
{
	const struct phone_profile *profile = key->phone->config.profile;

	(void)phone_fail(key->phone, ERR_LIMIT,
			 "key %u: %zu dialogs in one document: a %.*s takes no more than %u",
			 key->config.number, count, SLICE_ARGS(profile->name),
			 profile->dialogs_max);
	phone_key_forget(key, SLICE_NONE);
	return PHONE_TAKEN_NOT;
}

static enum phone_taken key_take_dialogs(struct phone_key *key, const struct dialog_info *info)
{
	unsigned max = key->phone->config.profile->dialogs_max;
	enum watch_verdict verdict;

	if (max > 0 && info->dialog_count > max)
		return key_on_too_many(key, info->dialog_count);
	verdict = watch_take(&key->watch, key->target, info);
	if (verdict == WATCH_REFUSED)
		return PHONE_TAKEN_GAP;
	if (verdict == WATCH_IGNORED)
		return PHONE_TAKEN;
	key_note_times(key);
	if (phone_key_set_text(&key->status, info->status))
		key->is_told = false;
	/* BroadWorks names a resource there. */
	if (key->list && slice_is_empty(key->name) && info->dialog_count > 0)
		(void)phone_key_set_text(&key->name, info->dialogs[0].local.display);
	phone_key_update(key);
	if (verdict == WATCH_GAP)
		return PHONE_TAKEN_GAP;
	return info->is_partial ? PHONE_TAKEN : PHONE_TAKEN_WHOLE;
}

static int presence_read(struct phone_key *key, struct slice document, struct arena *arena,
			 struct dialog_info *ret_info)
{
	struct pidf pidf;
	int err = pidf_read(document, arena, &pidf);

	if (!err)
		presence_to_dialogs(&pidf, key->watch.set.version + 1, ret_info);
	return err;
}

enum phone_taken phone_key_take(struct phone_key *key, struct slice type, struct slice document,
				struct arena *arena)
{
	struct dialog_info info;
	int err;

	if (slice_eq_nocase(type, SLICE(FEED_PRESENCE_TYPE)))
		err = presence_read(key, document, arena, &info);
	else
		err = dialog_info_read(document, arena, &info);
	return err ? key_on_unreadable(key, err) : key_take_dialogs(key, &info);
}

/* --- The subscription --------------------------------------------------------------------- */

static struct phone_key *key_of(const struct subscriber *subscriber)
{
	struct feed *feed = subscriber->owner;

	return CONTAINER_OF(feed, struct phone_key, feed);
}

static void on_new(struct subscriber *subscriber)
{
	struct phone_key *key = key_of(subscriber);

	feed_want_no_more(&key->feed);
	dialog_set_restart(&key->watch.set);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct phone_key *key = key_of(subscriber);
	struct slice type, params;
	struct arena arena;

	if (slice_is_empty(notify->body)) {
		phone_key_forget(key, SLICE_NONE);
		return;
	}
	arena_init(&arena, key->phone->xml_block, PHONE_XML_BYTES);
	sip_token_params(sip_msg_value(notify, HDR_CONTENT_TYPE), &type, &params);
	switch (phone_key_take(key, type, notify->body, &arena)) {
	case PHONE_TAKEN_WHOLE:
		feed_want_no_more(&key->feed);
		break;
	case PHONE_TAKEN:
	case PHONE_TAKEN_NOT:
		break;
	case PHONE_TAKEN_GAP:
		feed_want_full_state(&key->feed);
		break;
	}
}

static const struct subscriber_ops subscriber_ops;

/* A lamp that nobody keeps is dark rather than wrong. */
static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct phone_key *key = key_of(subscriber);

	if (feed_fall_back(&key->feed, status, &subscriber_ops))
		return;
	feed_want_no_more(&key->feed);
	phone_key_forget(key, SLICE_NONE);
	if (status > 0)
		(void)phone_fail(key->phone, ERR_DENIED, "key %u: %.*s cannot be watched: %u %.*s",
				 key->config.number, SLICE_ARGS(key->target), status,
				 SLICE_ARGS(sip_status_reason(status)));
	else
		(void)phone_fail(
			key->phone, ERR_DENIED, "key %u: %.*s is no longer watched: %.*s",
			key->config.number, SLICE_ARGS(key->target),
			SLICE_ARGS(slice_is_empty(reason) ? SLICE("no reason given") : reason));
}

static void on_stopped(struct subscriber *subscriber)
{
	struct phone_key *key = key_of(subscriber);

	feed_end(&key->feed);
	phone_key_forget(key, SLICE_NONE);
}

static const struct subscriber_ops subscriber_ops = { on_new, on_notify, on_lost, on_stopped };

static bool key_is_subscribed(const struct phone_key *key)
{
	return key && phone_key_has_lamp(key) && !key->list && !key->config.is_unsubscribed;
}

void phone_keys_start(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		struct phone_key *key = phone->keys[i];
		int err = key_is_subscribed(key) ? feed_start(&key->feed, &subscriber_ops) : 0;

		if (err)
			(void)phone_fail(phone, err, "key %u cannot be watched: %s",
					 key->config.number, err_text(err));
	}
	phone_lists_start(phone);
}

void phone_keys_stop(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (key_is_subscribed(phone->keys[i]))
			feed_stop(&phone->keys[i]->feed);
	phone_lists_stop(phone);
}

void phone_keys_on_connection_lost(struct phone *phone, struct handle conn)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (key_is_subscribed(phone->keys[i]))
			feed_on_connection_lost(&phone->keys[i]->feed, conn);
	phone_lists_on_connection_lost(phone, conn);
}
