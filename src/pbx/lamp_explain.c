/* SPDX-License-Identifier: MIT */
/*
 * What a watcher is shown is read by lamp_view_read(), as it is for its documents: an explanation
 * cannot have a truth of its own either.
 */
#include "pbx/lamp_explain.h"

#include "base/json.h"
#include "core/notifier.h"
#include "pbx/call.h"
#include "pbx/dnd.h"
#include "pbx/lamp_list.h"
#include "pbx/lamp_source.h"
#include "pbx/lamp_view.h"
#include "pbx/park.h"
#include "pbx/registrar.h"
#include "pbx/visibility.h"

#define TEXT_SHOWN_MAX 256 /* of what a peer has written */

/* The switch runs in one thread and this file does not call itself. */
static struct lamp_dialogs dialogs;

static uint64_t seconds_since(const struct pbx *pbx, uint64_t ms)
{
	return (pbx->stack.timers->now_ms - ms) / 1000;
}

/* --- Lamps -------------------------------------------------------------------------------- */

/* As phones do (PHONES: a lamp flashes when somebody else's phone rings). */
static struct slice word_of(const struct dialog_info *info)
{
	struct slice word = SLICE("off");

	for (size_t i = 0; i < info->dialog_count; i++) {
		const struct dialog_entry *entry = &info->dialogs[i];

		if (dialog_entry_is_offered(entry))
			return SLICE("flash");
		if (entry->state != DIALOG_TERMINATED)
			word = SLICE("steady");
	}
	return word;
}

struct slice lamp_explain_word(struct pbx *pbx, const struct extension *extension)
{
	const struct lamp_entity *entity = lamp_find(pbx, extension->number);
	const struct lamp_view all = { .visibility = VISIBILITY_NUMBERS,
				       .may_pick_up = true,
				       .may_barge_in = true,
				       .profile = profile_generic() };

	if (!entity)
		return dnd_is_on(pbx, extension->number) ? SLICE("steady") : SLICE("off");
	(void)lamp_view_read(entity, &all, 0, &dialogs);
	return word_of(&dialogs.info);
}

/* --- Rights ------------------------------------------------------------------------------- */

static struct slice visibility_word(enum visibility visibility)
{
	static const struct slice words[] = {
		[VISIBILITY_NONE] = SLICE_INIT("none"),
		[VISIBILITY_BUSY] = SLICE_INIT("busy"),
		[VISIBILITY_CALLS] = SLICE_INIT("calls"),
		[VISIBILITY_NUMBERS] = SLICE_INIT("numbers"),
	};

	return words[visibility];
}

static struct slice scope_word(enum visibility_scope scope)
{
	static const struct slice words[] = {
		[SCOPE_USER] = SLICE_INIT("user"),
		[SCOPE_GROUP] = SLICE_INIT("group"),
		[SCOPE_DOMAIN] = SLICE_INIT("domain"),
	};

	return words[scope];
}

/* Why the right to pick up is there, or is not. */
static struct slice pickup_cause(const struct extension *watched, const struct extension *viewer,
				 const struct rights *rights)
{
	if (slice_eq(watched->number, viewer->number))
		return SLICE("own");
	if (rights->visibility == VISIBILITY_NONE)
		return SLICE("unseen");
	switch (watched->pickup) {
	case PICKUP_NONE:
		return SLICE("nobody");
	case PICKUP_SAME_GROUP:
		return rights->may_pick_up ? SLICE("same-group") : SLICE("other-group");
	case PICKUP_ALL:
		break;
	}
	return SLICE("everybody");
}

static void print_rights(struct buf *buf, const struct extension *watched,
			 const struct extension *viewer)
{
	struct rights rights = rights_of(watched, viewer);
	const struct visibility_rule *rule = visibility_rule_for(watched, viewer);

	json_text_unless_empty(buf, "name", viewer->name);
	json_text(buf, "sees", visibility_word(rights.visibility));
	if (slice_eq(watched->number, viewer->number)) {
		json_text(buf, "sees_by", SLICE("own"));
	} else if (rule) {
		json_text(buf, "sees_by", scope_word(rule->scope));
		json_text(buf, "sees_as", rule->who);
	} else {
		json_text(buf, "sees_by", SLICE("default"));
	}
	json_bool(buf, "pickup", rights.may_pick_up);
	json_text(buf, "pickup_by", pickup_cause(watched, viewer, &rights));
}

static void print_outside_rights(struct buf *buf, const struct extension *watched,
				 struct slice domain)
{
	struct rights rights = rights_of_domain(watched, domain);

	json_text(buf, "sees", visibility_word(rights.visibility));
	json_text(buf, "sees_by", scope_word(SCOPE_DOMAIN));
	json_text(buf, "sees_as", domain);
	json_bool(buf, "pickup", false);
	json_text(buf, "pickup_by", SLICE("outside"));
}

/* An orbit's are the same for every extension, but for who waits there. */
static void print_orbit_rights(struct buf *buf, const struct pbx *pbx, struct slice orbit,
			       const struct extension *viewer)
{
	struct rights rights = park_rights(pbx, orbit, viewer);

	json_text_unless_empty(buf, "name", viewer->name);
	json_text(buf, "sees", visibility_word(rights.visibility));
	json_text(buf, "sees_by", SLICE("orbit"));
	json_bool(buf, "pickup", true);
	json_text(buf, "pickup_by", SLICE("orbit"));
}

/* --- What is shown ------------------------------------------------------------------------ */

static const struct leg *leg_find(const struct lamp_entity *entity, struct slice id)
{
	LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
		if (slice_eq(slice_of(leg->id, sizeof(leg->id)), id))
			return leg;
	return NULL;
}

static void print_dialog(struct buf *buf, const struct lamp_entity *entity,
			 const struct dialog_entry *entry)
{
	const struct leg *leg = leg_find(entity, entry->id);
	const struct party *peer = leg ? leg_peer(leg) : NULL;
	const struct parked *parked = leg ? NULL : park_find(entity->pbx, entity->number);

	json_object_begin(buf, NULL);
	json_text(buf, "state", dialog_state_name(entry->state));
	if (entry->direction != DIALOG_DIRECTION_NONE)
		json_text(buf, "direction",
			  entry->direction == DIALOG_INITIATOR ? SLICE("initiator")
							       : SLICE("recipient"));
	json_text_unless_empty(buf, "remote", entry->remote.identity);
	if (leg) {
		json_number(buf, "call", leg->call->number);
		json_number(buf, "age", seconds_since(entity->pbx, leg->state_ms));
	}
	if (peer)
		json_text(buf, "with", peer->number);
	if (parked && slice_eq(slice_of(parked->id, sizeof(parked->id)), entry->id)) {
		json_number(buf, "call", parked->leg->call->number);
		json_number(buf, "age", seconds_since(entity->pbx, parked->since_ms));
		json_text(buf, "with", parked->leg->party.number);
	}
	json_text_unless_empty(buf, "elsewhere", lamp_source_of(entity, entry->id));
	json_object_end(buf);
}

static void print_shown(struct buf *buf, struct watcher *watcher, size_t max)
{
	struct lamp_view view = lamp_view_of(watcher);

	dialogs.info.dialog_count = 0;
	if (view.visibility > VISIBILITY_NONE)
		(void)lamp_view_read(watcher->entity, &view, 0, &dialogs);
	json_text(buf, "lamp", word_of(&dialogs.info));
	json_array_begin(buf, "dialogs");
	for (size_t i = 0; i < dialogs.info.dialog_count && i < max; i++)
		print_dialog(buf, watcher->entity, &dialogs.info.dialogs[i]);
	json_array_end(buf);
	if (dialogs.info.dialog_count > max)
		json_number(buf, "dialogs_more", dialogs.info.dialog_count - max);
}

/* --- What was told ------------------------------------------------------------------------ */

static struct slice told_word(const struct watcher *watcher)
{
	const struct lamp_account *account = &watcher->account;
	const struct notifier *notifier = watcher->ops->notifier(watcher);
	bool is_pending = notifier && notifier_is_pending(notifier);

	if (account->telling_ms > 0 && is_pending)
		return SLICE("sent");
	if (account->telling_ms > 0 || watcher->is_lost)
		return SLICE("lost");
	if (watcher->told_hash == 0)
		return SLICE("nothing");
	return account->changed_ms > 0 ? SLICE("waits") : SLICE("right");
}

static void print_account(struct buf *buf, const struct watcher *watcher)
{
	const struct lamp_account *account = &watcher->account;
	uint64_t since_ms = account->telling_ms > 0 ? account->telling_ms : account->changed_ms;

	json_text(buf, "told", told_word(watcher));
	if (since_ms > 0)
		json_number(buf, "wrong", seconds_since(watcher->entity->pbx, since_ms));
	if (account->right_ms > 0)
		json_number(buf, "right", seconds_since(watcher->entity->pbx, account->right_ms));
}

static void print_notify(struct buf *buf, const struct watcher *watcher)
{
	const struct notifier *notifier = watcher->ops->notifier(watcher);
	const struct pbx *pbx = watcher->entity->pbx;

	if (!notifier || notifier->sent_at_ms == 0)
		return;
	json_object_begin(buf, "notify");
	json_text(buf, "call_id", slice_head(dialog_call_id(&notifier->dialog), TEXT_SHOWN_MAX));
	json_number(buf, "cseq", notifier->dialog.local_cseq);
	if (watcher->version > 0)
		json_number(buf, "version", watcher->version - 1);
	json_number(buf, "age", seconds_since(pbx, notifier->sent_at_ms));
	if (!notifier_is_pending(notifier) && notifier->answered_at_ms >= notifier->sent_at_ms) {
		json_number(buf, "status", notifier->last_status);
		json_seconds(buf, "after", notifier->answered_at_ms - notifier->sent_at_ms);
	}
	json_object_end(buf);
}

static void print_way(struct buf *buf, const struct notifier *notifier)
{
	char text[ADDR_TEXT_MAX];
	struct buf peer = BUF_ON(text);
	const struct lamp_list *list;
	struct slice event, params;

	if (!notifier)
		return;
	list = lamp_list_of(notifier);
	if (list)
		json_text(buf, "list", list->user);
	addr_print(&peer, &notifier->dialog.flow.peer);
	sip_token_params(notifier_event(notifier), &event, &params);
	json_text(buf, "event", event);
	if (notifier->is_unasked)
		json_bool(buf, "unasked", true);
	else
		json_number(buf, "expires", notifier_expires_s(notifier));
	json_text(buf, "transport", transport_word(notifier->dialog.flow.transport));
	json_text(buf, "peer", buf_text(&peer));
}

static void print_profile(struct buf *buf, const struct watcher *watcher,
			  const struct extension *viewer)
{
	bool is_configured = viewer && viewer->profile == watcher->profile;

	json_text(buf, "profile", slice_from_cstr(watcher->profile->name));
	json_text(buf, "profile_by", is_configured ? SLICE("configuration") : SLICE("user-agent"));
}

/* --- Rows --------------------------------------------------------------------------------- */

static void begin(struct buf *buf, struct slice watched, struct slice viewer, bool is_watching)
{
	json_object_begin(buf, NULL);
	json_text(buf, "type", SLICE("watcher"));
	json_text(buf, "watched", watched);
	json_text(buf, "watcher", viewer);
	json_bool(buf, "watching", is_watching);
}

static void print_watcher(struct buf *buf, struct watcher *watcher, size_t dialogs_max)
{
	const struct directory *directory = watcher->entity->pbx->directory;
	const struct extension *watched = directory_find(directory, watcher->entity->number);
	const struct extension *viewer =
		watcher->viewer->is_outside
			? NULL
			: directory_find(directory, viewer_number(watcher->viewer));

	begin(buf, watcher->entity->number, viewer_number(watcher->viewer), true);
	if (watched && viewer)
		print_rights(buf, watched, viewer);
	else if (watched)
		print_outside_rights(buf, watched, viewer_number(watcher->viewer));
	else if (viewer)
		print_orbit_rights(buf, watcher->entity->pbx, watcher->entity->number, viewer);
	print_profile(buf, watcher, viewer);
	print_shown(buf, watcher, dialogs_max);
	print_account(buf, watcher);
	print_notify(buf, watcher);
	json_text(buf, "entity", slice_head(watcher_entity_uri(watcher), TEXT_SHOWN_MAX));
	print_way(buf, watcher->ops->notifier(watcher));
	json_object_end(buf);
}

void lamp_explain_watcher(struct buf *buf, struct watcher *watcher)
{
	size_t start = buf->n, dialogs_max = DIALOG_INFO_MAX;

	print_watcher(buf, watcher, dialogs_max);
	while (buf->is_overflown && dialogs_max > 0) {
		dialogs_max /= 2;
		buf->n = start;
		buf->is_overflown = false;
		print_watcher(buf, watcher, dialogs_max);
	}
}

void lamp_explain_absent(struct buf *buf, struct pbx *pbx, struct slice watched_number,
			 struct slice viewer_number)
{
	const struct extension *watched = directory_find(pbx->directory, watched_number);
	const struct extension *viewer = directory_find(pbx->directory, viewer_number);

	begin(buf, watched_number, slice_head(viewer_number, TEXT_SHOWN_MAX), false);
	json_bool(buf, "exists", viewer != NULL);
	if (watched && viewer)
		print_rights(buf, watched, viewer);
	else if (viewer)
		print_orbit_rights(buf, pbx, watched_number, viewer);
	json_bool(buf, "registered", registrar_find(pbx, viewer_number) != NULL);
	json_object_end(buf);
}
