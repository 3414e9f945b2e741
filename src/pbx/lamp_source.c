/* SPDX-License-Identifier: MIT */
/*
 * Reports of dialogs that do not pass here, merged into what watchers see (RFC 4235 3.6 leaves it
 * to the notifier how it knows). A dialog that ends, in whatever way, is told as ended.
 */
#include "pbx/lamp_source.h"

#include "base/err.h"
#include "pbx/call.h"

#define ID_PREFIX "ext"
#define DISPLAY_MAX_BYTES 128
#define ID_MAX_BYTES 1024    /* some make it of the Call-ID and both tags */
#define LATE_MS (64 * T1_MS) /* how long a request may be on its way (RFC 3261 17.1.2.2) */

/* --- One dialog or two? ------------------------------------------------------------------- */

static bool may_be_same(struct slice a, struct slice b)
{
	return slice_is_empty(a) || slice_is_empty(b) || slice_eq(a, b);
}

/* A tag that is not there yet, or that nobody tells, is any. */
static bool ids_match(const struct dialog_ids *a, struct slice call_id, struct slice local_tag,
		      struct slice remote_tag)
{
	return slice_eq(a->call_id, call_id) && may_be_same(a->local_tag, local_tag) &&
	       may_be_same(a->remote_tag, remote_tag);
}

/* Some tell a phone's dialog as the phone sees it, some as the server does. */
static bool entry_is_of(const struct dialog_entry *entry, const struct dialog_ids *ids)
{
	if (slice_is_empty(entry->call_id))
		return false;
	return ids_match(ids, entry->call_id, entry->local_tag, entry->remote_tag) ||
	       ids_match(ids, entry->call_id, entry->remote_tag, entry->local_tag);
}

static bool passes_here(const struct lamp_entity *entity, const struct dialog_entry *entry)
{
	LIST_FOR (leg, &entity->legs, struct leg, lamp_node) {
		struct dialog_ids ids = lamp_leg_ids(leg);

		if (!slice_is_empty(ids.call_id) && entry_is_of(entry, &ids))
			return true;
	}
	return false;
}

/* Two words of one peer about the same dialog. */
static bool is_same_dialog(const struct dialog_entry *a, const struct dialog_entry *b)
{
	struct dialog_ids ids = { a->call_id, a->local_tag, a->remote_tag };

	if (slice_is_empty(a->call_id) || slice_is_empty(b->call_id))
		return slice_eq(a->id, b->id);
	return a->direction == b->direction &&
	       ids_match(&ids, b->call_id, b->local_tag, b->remote_tag);
}

/* --- What watchers are told of one -------------------------------------------------------- */

/*
 * Not the peer's own: that may be the Call-ID (Kamailio), which is for those only who may pick up,
 * and two peers may use the same.
 */
static void print_id(const struct lamp_report *report, const struct dialog_entry *entry,
		     char ret_id[TOKEN_BYTES])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t hash = hash_bytes(report->secret, entry->id);
	size_t at = sizeof(ID_PREFIX) - 1;

	memcpy(ret_id, ID_PREFIX, at);
	for (; at < TOKEN_BYTES; at++, hash >>= 5)
		ret_id[at] = digits[hash & 31];
}

/* As RFC 4235 3.7.1 has them: what outlives the peer's text is ours. */
static const char *known_event(struct slice event)
{
	static const char *const events[] = { "cancelled",  "rejected", "replaced", "local-bye",
					      "remote-bye", "error",	"timeout" };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (slice_eq(event, slice_from_cstr(events[i])))
			return events[i];
	return "";
}

/* `last` is the word that ended it, if there was one. */
static void note_ended(const struct lamp_report *report, const struct dialog_entry *kept,
		       const struct dialog_entry *last)
{
	struct lamp_ended ended = { .direction = kept->direction,
				    .event = last ? known_event(last->event) : "",
				    .code = last ? last->code : 0 };

	print_id(report, kept, ended.id);
	lamp_remember_ended(report->entity, &ended);
}

static void on_gone(struct dialog_set *set, const struct dialog_entry *kept,
		    const struct dialog_entry *last)
{
	note_ended(CONTAINER_OF(set, struct lamp_report, dialogs), kept, last);
}

/* --- Reports ------------------------------------------------------------------------------ */

int lamp_report_open(struct lamp_report *report, struct pbx *pbx, struct slice number,
		     uint64_t peer)
{
	const struct env *env = pbx->stack.env;
	struct lamp_entity *entity = lamp_get(pbx, number);

	if (!entity)
		return ERR_NOMEM;
	*report = (struct lamp_report){ .entity = entity,
					.dialogs = { .on_gone = on_gone },
					.peer = peer };
	env->random(env->host, report->secret, sizeof(report->secret));
	list_append(&entity->reports, &report->node);
	return 0;
}

static void report_changed(struct lamp_report *report)
{
	report->turn = report->entity->pbx->turn + 1;
	lamp_changed(report->entity);
}

void lamp_report_clear(struct lamp_report *report)
{
	bool has_told = report->dialogs.count > 0;

	dialog_set_clear(&report->dialogs);
	if (has_told)
		report_changed(report);
}

void lamp_report_close(struct lamp_report *report)
{
	struct lamp_entity *entity = report->entity;

	if (!entity)
		return;
	lamp_report_clear(report);
	list_remove(&report->node);
	report->entity = NULL;
	lamp_release(entity);
}

/* --- What is kept ------------------------------------------------------------------------- */

/* Text of a peer, unless it is out of all proportion. */
static struct slice up_to(size_t bytes_max, struct slice text)
{
	return text.n <= bytes_max ? text : SLICE_NONE;
}

static bool may_be_named_so(const struct dialog_entry *entry)
{
	return entry->id.n <= ID_MAX_BYTES && entry->call_id.n <= SIP_CALL_ID_MAX_BYTES &&
	       entry->local_tag.n <= SIP_TAG_MAX_BYTES && entry->remote_tag.n <= SIP_TAG_MAX_BYTES;
}

/* A copy with what tells it apart and what is shown of it, so that a peer fills no memory. */
static struct dialog_entry entry_prune(const struct dialog_entry *entry)
{
	return (struct dialog_entry){
		.id = entry->id,
		.call_id = entry->call_id,
		.local_tag = entry->local_tag,
		.remote_tag = entry->remote_tag,
		.direction = entry->direction,
		.state = entry->state,
		.event = slice_from_cstr(known_event(entry->event)),
		.code = entry->code,
		.local = { .is_rendering_no = entry->local.is_rendering_no },
		.remote = { .display = up_to(DISPLAY_MAX_BYTES, entry->remote.display),
			    .identity = up_to(SIP_URI_MAX_BYTES, entry->remote.identity) },
	};
}

/* What has longer names than SIP allows here is no dialog that could be told of again. */
static void info_prune(struct dialog_info *info)
{
	size_t count = 0;

	for (size_t i = 0; i < info->dialog_count; i++)
		if (may_be_named_so(&info->dialogs[i]))
			info->dialogs[count++] = entry_prune(&info->dialogs[i]);
	info->dialog_count = count;
}

/* --- Two words about one dialog ----------------------------------------------------------- */

static uint64_t hash_text(const struct lamp_report *report, struct slice text)
{
	return slice_is_empty(text) ? 0 : hash_bytes(report->entity->pbx->entities.secret, text);
}

static struct lamp_over over_of(const struct lamp_report *report, const struct dialog_ids *ids,
				enum dialog_direction direction)
{
	return (struct lamp_over){ .call_id = hash_text(report, ids->call_id),
				   .local_tag = hash_text(report, ids->local_tag),
				   .remote_tag = hash_text(report, ids->remote_tag),
				   .direction = direction,
				   .until_ms =
					   report->entity->pbx->stack.timers->now_ms + LATE_MS };
}

static struct lamp_over over_of_entry(const struct lamp_report *report,
				      const struct dialog_entry *entry)
{
	return over_of(report,
		       &(struct dialog_ids){ entry->call_id, entry->local_tag, entry->remote_tag },
		       entry->direction);
}

static bool tag_fits(uint64_t a, uint64_t b)
{
	return a == 0 || b == 0 || a == b;
}

static bool over_fits(const struct lamp_over *over, const struct lamp_over *other)
{
	if (over->call_id == 0 || over->call_id != other->call_id)
		return false;
	if (over->direction == DIALOG_DIRECTION_NONE &&
	    tag_fits(over->local_tag, other->remote_tag) &&
	    tag_fits(over->remote_tag, other->local_tag))
		return true;
	return (over->direction == DIALOG_DIRECTION_NONE || over->direction == other->direction) &&
	       tag_fits(over->local_tag, other->local_tag) &&
	       tag_fits(over->remote_tag, other->remote_tag);
}

static bool report_has_over(const struct lamp_report *report, const struct lamp_over *over)
{
	uint64_t now_ms = report->entity->pbx->stack.timers->now_ms;

	for (size_t i = 0; i < LAMP_OVER_MAX; i++)
		if (report->over[i].until_ms > now_ms && over_fits(&report->over[i], over))
			return true;
	return false;
}

static void report_add_over(struct lamp_report *report, const struct lamp_over *over)
{
	if (over->call_id == 0 || report_has_over(report, over))
		return;
	report->over[report->over_at] = *over;
	report->over_at = (report->over_at + 1) % LAMP_OVER_MAX;
}

static bool is_same_peer(const struct lamp_report *a, const struct lamp_report *b)
{
	return a == b || (a->peer != 0 && a->peer == b->peer);
}

/* The peer has said so, or it was a call of ours. */
static bool is_over(const struct lamp_report *report, const struct dialog_entry *entry)
{
	struct lamp_over over = over_of_entry(report, entry);

	LIST_FOR (other, &report->entity->reports, struct lamp_report, node)
		if (is_same_peer(report, other) && report_has_over(other, &over))
			return true;
	return false;
}

/*
 * What passes here is told by our legs, so that no report ever holds a dialog of ours. What is over
 * is over: our BYE and the peer's word may have crossed, and PUBLISHes overtake each other
 * (Kamailio sends the next one before the last is answered, and again after 412).
 */
static void settle(const struct lamp_report *report, struct dialog_info *info)
{
	for (size_t i = 0; i < info->dialog_count; i++)
		if (passes_here(report->entity, &info->dialogs[i]) ||
		    is_over(report, &info->dialogs[i]))
			info->dialogs[i].state = DIALOG_TERMINATED;
}

/* Only of who has several reports: in one, versions keep the order. */
static void remember_over(struct lamp_report *report, const struct dialog_info *info)
{
	if (report->peer == 0)
		return;
	for (size_t i = 0; i < info->dialog_count; i++) {
		struct lamp_over over = over_of_entry(report, &info->dialogs[i]);

		if (info->dialogs[i].state == DIALOG_TERMINATED)
			report_add_over(report, &over);
	}
}

/* The peer has said something newer about these, in another report of its. */
static void report_yield(struct lamp_report *report, const struct dialog_info *info)
{
	for (size_t i = report->dialogs.count; i-- > 0;) {
		const struct dialog_entry *kept = &report->dialogs.dialogs[i]->entry;

		for (size_t k = 0; k < info->dialog_count; k++)
			if (is_same_dialog(kept, &info->dialogs[k])) {
				note_ended(report, kept, &info->dialogs[k]);
				dialog_set_remove(&report->dialogs, i);
				break;
			}
	}
}

enum dialog_set_verdict lamp_report_take(struct lamp_report *report, struct dialog_info *info)
{
	enum dialog_set_verdict verdict;

	info_prune(info);
	settle(report, info);
	verdict = dialog_set_take(&report->dialogs, info);
	if (verdict == DIALOG_SET_OLD || verdict == DIALOG_SET_REFUSED)
		return verdict;
	remember_over(report, info);
	LIST_FOR (other, &report->entity->reports, struct lamp_report, node)
		if (other != report && is_same_peer(report, other))
			report_yield(other, info);
	report_changed(report);
	return verdict;
}

static void report_on_leg(struct lamp_report *report, const struct dialog_ids *ids)
{
	struct dialog_set *set = &report->dialogs;

	for (size_t i = set->count; i-- > 0;) {
		const struct dialog_entry *kept = &set->dialogs[i]->entry;

		if (!entry_is_of(kept, ids))
			continue;
		note_ended(report, kept, NULL);
		dialog_set_remove(set, i);
	}
}

void lamp_source_on_leg(const struct leg *leg)
{
	struct dialog_ids ids = lamp_leg_ids(leg);

	if (slice_is_empty(ids.call_id))
		return;
	LIST_FOR (report, &leg->entity->reports, struct lamp_report, node) {
		report_on_leg(report, &ids);
		if (leg->state == LEG_ENDED) {
			struct lamp_over over = over_of(report, &ids, DIALOG_DIRECTION_NONE);

			report_add_over(report, &over);
		}
	}
}

/* --- What a view shows of them ------------------------------------------------------------ */

size_t lamp_source_count(const struct lamp_entity *entity)
{
	size_t count = 0;

	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		count += report->dialogs.count;
	return count;
}

static bool report_has_id(const struct lamp_report *report, struct slice id)
{
	char told[TOKEN_BYTES];

	for (size_t i = 0; i < report->dialogs.count; i++) {
		print_id(report, &report->dialogs.dialogs[i]->entry, told);
		if (slice_eq(slice_of(told, sizeof(told)), id))
			return true;
	}
	return false;
}

struct slice lamp_source_of(const struct lamp_entity *entity, struct slice id)
{
	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		if (report_has_id(report, id))
			return report->is_published ? SLICE("published") : SLICE("forward");
	return SLICE_NONE;
}

/*
 * A flashing lamp promises that the call can be taken. This one cannot be taken here, so that it is
 * shown as a call that is talked: steady.
 */
static enum dialog_state shown_state(const struct dialog_entry *entry, const struct lamp_view *view)
{
	bool is_steady = entry->direction != DIALOG_INITIATOR || view->profile->is_caller_steady;

	return is_steady ? DIALOG_CONFIRMED : lamp_known_state(view, entry->state);
}

static struct slice text_append(struct lamp_dialogs *dialogs, struct slice text)
{
	size_t from = dialogs->uris.n;

	buf_slice(&dialogs->uris, text);
	return slice_from(buf_text(&dialogs->uris), from);
}

static struct slice print_local(struct lamp_dialogs *dialogs, const struct lamp_entity *entity)
{
	size_t from = dialogs->uris.n;

	pbx_print_aor(entity->pbx, &dialogs->uris, entity->number);
	return slice_from(buf_text(&dialogs->uris), from);
}

static void set_parties(struct lamp_dialogs *dialogs, struct dialog_entry *entry,
			const struct dialog_entry *kept, const struct lamp_entity *entity,
			const struct lamp_view *view)
{
	const struct extension *watched = directory_find(entity->pbx->directory, entity->number);
	bool is_held = kept->local.is_rendering_no;

	if (view->visibility >= VISIBILITY_NUMBERS) {
		entry->local.identity = print_local(dialogs, entity);
		entry->remote.identity = kept->remote.identity;
		if (view->profile->is_name_shown) {
			entry->local.display = watched ? watched->name : SLICE_NONE;
			entry->remote.display = kept->remote.display;
		}
	}
	/* Whose words the local party's are: it is the phone that holds the other. */
	entry->local.is_rendering_no = is_held;
	if (is_held)
		entry->local.target = print_local(dialogs, entity);
}

static void add_entry(struct lamp_dialogs *dialogs, const struct lamp_report *report,
		      const struct dialog_entry *kept, const struct lamp_view *view)
{
	struct dialog_entry *entry = &dialogs->info.dialogs[dialogs->info.dialog_count++];
	char id[TOKEN_BYTES];

	print_id(report, kept, id);
	*entry = (struct dialog_entry){ .id = text_append(dialogs, slice_of(id, sizeof(id))),
					.state = shown_state(kept, view),
					.direction = kept->direction };
	set_parties(dialogs, entry, kept, report->entity, view);
}

/* RFC 4235 3.2: a tag that was not named matches all. */
static bool is_asked_for(const struct dialog_entry *kept, const struct dialog_ids *only)
{
	return !only ||
	       (slice_eq(only->call_id, kept->call_id) &&
		(slice_is_empty(only->local_tag) || slice_eq(only->local_tag, kept->local_tag)) &&
		(slice_is_empty(only->remote_tag) || slice_eq(only->remote_tag, kept->remote_tag)));
}

void lamp_source_add(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
		     const struct lamp_view *view, uint64_t since)
{
	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		for (size_t i = 0; report->turn > since && i < report->dialogs.count; i++) {
			const struct dialog_entry *kept = &report->dialogs.dialogs[i]->entry;

			if (is_asked_for(kept, view->only) && lamp_dialogs_have_room(dialogs))
				add_entry(dialogs, report, kept, view);
		}
}
