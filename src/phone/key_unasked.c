/* SPDX-License-Identifier: MIT */
/*
 * NOTIFYs that nobody has subscribed to: there are servers that send them to all who may see
 * (innovaphone), and makes that take them. They count for keys without a subscription that stands,
 * and only from the server that we registered at. The first one makes a dialog, in which the next
 * ones come.
 */
#include "base/err.h"
#include "core/txn_server.h"
#include "phone/phone_inner.h"

static void reply_accept(struct incoming *in)
{
	incoming_reply(in,
		       &(struct answer){ .status = 415,
					 .lines = SLICE_INIT("Accept: " FEED_DIALOG_TYPE "\r\n") });
}

static void reply_later(struct incoming *in)
{
	incoming_reply(
		in, &(struct answer){ .status = 503, .lines = SLICE_INIT("Retry-After: 5\r\n") });
}

/* True when there is a document to take; else it has been answered. */
static bool notify_check(struct incoming *in)
{
	struct slice event, type, params;

	sip_token_params(sip_msg_value(in->msg, HDR_EVENT), &event, &params);
	sip_token_params(sip_msg_value(in->msg, HDR_CONTENT_TYPE), &type, &params);
	if (!slice_eq_nocase(event, SLICE("dialog")))
		incoming_reply_status(in, 489);
	else if (!slice_eq_nocase(type, SLICE(FEED_DIALOG_TYPE)))
		reply_accept(in);
	else
		return true;
	return false;
}

static bool notify_is_last(const struct sip_msg *msg)
{
	struct slice state, params;

	sip_token_params(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), &state, &params);
	return slice_eq_nocase(state, SLICE("terminated"));
}

/*
 * Takes the document and answers. There is no subscription to ask by for what is missing, but who
 * gets no 200 has to tell all again.
 */
static void key_take(struct phone_key *key, struct incoming *in)
{
	struct phone *phone = key->phone;
	struct arena arena;

	arena_init(&arena, phone->xml_block, PHONE_XML_BYTES);
	if (phone_key_take(key, SLICE(FEED_DIALOG_TYPE), in->msg->body, &arena) ==
	    PHONE_TAKEN_GAP) {
		reply_later(in);
		return;
	}
	incoming_reply(in, &(struct answer){ .status = 200, .lines = phone->contact });
	if (!notify_is_last(in->msg))
		return;
	phone_unasked_end(key);
	phone_key_forget(key, SLICE_NONE);
}

static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct phone_key *key = CONTAINER_OF(usage, struct phone_key, unasked.usage);
	unsigned refusal = dialog_check_request(&key->unasked.dialog, in->msg);

	if (in->msg->method == METHOD_ACK)
		return;
	if (refusal) {
		incoming_reply_status(in, refusal);
	} else if (in->msg->method != METHOD_NOTIFY) {
		incoming_reply(in, &(struct answer){ .status = 405,
						     .lines = SLICE_INIT("Allow: NOTIFY\r\n") });
	} else if (notify_check(in)) {
		key_take(key, in);
	}
}

static struct slice usage_call_id(const struct usage *usage)
{
	return dialog_call_id(
		&CONTAINER_OF(usage, const struct phone_key, unasked.usage)->unasked.dialog);
}

static const struct usage_ops usage_ops = { usage_on_request, usage_call_id };

void phone_unasked_end(struct phone_key *key)
{
	usage_stop(&key->phone->stack, &key->unasked.usage);
	dialog_fini(&key->unasked.dialog);
	key->unasked.dialog = (struct dialog){ 0 };
}

/* In the place of an earlier one: a server that begins anew knows nothing of it. */
static int unasked_start(struct phone_key *key, struct incoming *in)
{
	struct dialog *dialog = &key->unasked.dialog;
	int err;

	phone_unasked_end(key);
	err = dialog_init_uas(dialog, in, txn_server_to_tag(in->txn).p, key->phone->contact);
	if (!err)
		err = usage_start(in->stack, &key->unasked.usage, &usage_ops,
				  dialog_local_tag(dialog));
	if (!err)
		dialog_set_restart(&key->watch.set);
	return err;
}

/*
 * 0, or the status to refuse it with. Some servers never learn our tag: their later ones stand
 * outside of the dialog, too, and are told by Call-ID and their own tag.
 */
static unsigned unasked_enter(struct phone_key *key, struct incoming *in)
{
	struct dialog *dialog = &key->unasked.dialog;

	if (!txn_server_start(in, NULL, HANDLE_NONE))
		return 503;
	if (slice_eq(dialog_call_id(dialog), in->msg->call_id) &&
	    slice_eq(dialog_remote_tag(dialog), in->msg->from_tag)) {
		txn_server_set_to_tag(in->txn, dialog->local_tag);
		return dialog_check_request(dialog, in->msg);
	}
	switch (unasked_start(key, in)) {
	case 0:
		return 0;
	case ERR_SYNTAX:
		return 400;
	default:
		return 503;
	}
}

/* The key that shows whom the NOTIFY comes from and that no subscription feeds. */
static struct phone_key *key_find(struct phone *phone, const struct sip_msg *notify)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		struct phone_key *key = phone->keys[i];

		if (key && phone_key_has_lamp(key) && !key->list && !feed_is_up(&key->feed) &&
		    watch_entity_is(notify->from.uri.text, key->target))
			return key;
	}
	return NULL;
}

void phone_on_unasked_notify(struct phone *phone, struct incoming *in)
{
	bool is_taken = phone->config.profile->takes_unasked && !phone->is_stopping &&
			addr_eq(&in->flow.peer, &phone->config.server.peer);
	struct phone_key *key;
	unsigned refusal;

	if (!is_taken) {
		incoming_reply_status(in, 481);
		return;
	}
	if (!notify_check(in))
		return;
	/* To refuse what no key shows would be to refuse all that the server has to tell. */
	key = key_find(phone, in->msg);
	if (!key) {
		incoming_reply_status(in, 200);
		return;
	}
	refusal = unasked_enter(key, in);
	if (refusal == 503)
		reply_later(in);
	else if (refusal)
		incoming_reply_status(in, refusal);
	else
		key_take(key, in);
}
