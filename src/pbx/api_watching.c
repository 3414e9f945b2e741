/* SPDX-License-Identifier: MIT */
/*
 * Rows of subscriptions, and of phones that are told without one, or refused to be.
 */
#include "pbx/api_inner.h"

#include "pbx/lamp_list.h"
#include "pbx/lamp_subscription.h"
#include "pbx/lamp_unasked.h"
#include "pbx/own_watch.h"
#include "pbx/registrar.h"

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
	api_print_way(buf, &notifier->dialog.flow);
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
	api_print_way(buf, &binding->flow);
	json_object_end(buf);
}

static bool is_about(const struct api_cursor *cursor, struct slice watcher, struct slice watched)
{
	return slice_is_empty(cursor->number) || slice_eq(watcher, cursor->number) ||
	       slice_eq(watched, cursor->number);
}

static enum api_step next_refusal(struct api_cursor *cursor, struct buf *buf)
{
	for (int i = 0; i < API_LOOKS_PER_STEP; i++) {
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

enum api_step api_next_subscription(struct api_cursor *cursor, struct buf *buf)
{
	if (cursor->is_second)
		return next_refusal(cursor, buf);
	for (int i = 0; i < API_LOOKS_PER_STEP; i++) {
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
