/* SPDX-License-Identifier: MIT */
/*
 * List subscriptions: who is watched for them, when a NOTIFY is due, and what its answer means. The
 * first NOTIFY names everybody, and so does the first one after a SUBSCRIBE, a lost answer or a
 * change of the list; the others tell of those who changed (RFC 4662 4.5).
 */
#include "pbx/lamp_list.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/auth.h"
#include "pbx/lamp_unasked.h"
#include "pbx/list_notice.h"
#include "sip/print.h"

#define RETRY_AFTER_S 5
#define SUBSCRIPTION_MIN_S 60
#define SUBSCRIPTION_MAX_S 3600

/* RFC 4662 4.1: in the 200 and in every NOTIFY. */
#define REQUIRE_LINE "Require: eventlist\r\n"

/* --- Entries ------------------------------------------------------------------------------ */

static void on_change(struct watcher *watcher)
{
	struct list_entry *entry = watcher->owner;
	struct lamp_list *list = entry->list;

	entry->is_changed = true;
	/* Before it is subscribed, whoever begins to watch may have been the change. */
	if (!list->notifier)
		return;
	notifier_set_gap(list->notifier, list->pbx->directory->lamp_gap_ms);
	notifier_change(list->notifier);
}

/* The list has been looked at before its watchers are: it is on its way out. */
static void on_gone(struct watcher *watcher, const char *reason)
{
	const struct list_entry *entry = watcher->owner;

	(void)reason;
	CHECK(entry->list->is_gone);
}

static const struct notifier *notifier_of(const struct watcher *watcher)
{
	const struct list_entry *entry = watcher->owner;

	return entry->list->notifier;
}

static const struct watcher_ops watcher_ops = { on_change, on_gone, notifier_of };

static void entries_free(struct pbx *pbx, struct list_entry *entries, size_t count)
{
	if (!entries)
		return;
	for (size_t i = 0; i < count; i++)
		if (entries[i].watcher)
			lamp_unwatch(entries[i].watcher);
	pbx->list_entries -= (uint32_t)count;
	mem_free(entries);
}

static struct slice text_put(struct buf *room, struct slice text)
{
	size_t from = room->n;

	buf_slice(room, text);
	return slice_from(buf_text(room), from);
}

/*
 * The member under the host by which the list was subscribed: that is the one that its phone knows,
 * and compares with.
 */
static struct slice print_uri(struct buf *room, const struct lamp_list *list, struct slice number)
{
	size_t from = room->n;
	struct sip_uri uri;
	char text[SIP_USER_MAX_BYTES * 3];
	struct buf user = BUF_ON(text);

	CHECK(sip_uri_parse(list->uri, &uri) == 0);
	uri_escape_user(&user, number);
	uri.user = buf_text(&user);
	sip_uri_print(room, &uri);
	return slice_from(buf_text(room), from);
}

/* Everybody once more, with full documents: what the phone knows is not known. */
static void list_want_all(struct lamp_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		list->entries[i].is_wanted = true;
		list->entries[i].is_full_due = true;
		list->entries[i].is_pending = false;
	}
	list->is_full_due = true;
}

static int entry_watch(struct list_entry *entry)
{
	struct lamp_list *list = entry->list;

	entry->watcher =
		lamp_watch(list->pbx, &(struct watcher_spec){ .ops = &watcher_ops,
							      .owner = entry,
							      .profile = list->profile,
							      .watched = entry->number,
							      .viewer = viewer_number(list->viewer),
							      .entity_uri = entry->uri });
	return entry->watcher ? 0 : ERR_NOMEM;
}

static size_t entries_text_bytes(const struct lamp_list *list, const struct list_members *members)
{
	size_t n = members->title.n;

	for (size_t i = 0; i < members->count; i++)
		n += 4 * members->members[i].number.n + members->members[i].name.n + list->uri.n;
	return n;
}

/* Who watches no more may be a change, too: that is told by the list as it is from now on. */
static void list_take(struct lamp_list *list, struct list_entry *entries, size_t count,
		      struct slice title)
{
	struct list_entry *before = list->entries;
	size_t count_before = list->count;

	list->entries = entries;
	list->count = count;
	list->title = title;
	list->next = 0;
	list_want_all(list);
	entries_free(list->pbx, before, count_before);
}

/*
 * Everybody on the list anew, in the place of those before. What they were told before does not
 * count: they are new instances, and their documents begin again. ERR_NOMEM leaves all as it was,
 * ERR_LIMIT when more are watched already than there may be subscriptions.
 */
static int list_fill(struct lamp_list *list, const struct list_members *members)
{
	struct pbx *pbx = list->pbx;
	size_t table = members->count * sizeof(struct list_entry);
	size_t texts = entries_text_bytes(list, members);
	struct list_entry *entries;
	struct slice title;
	struct buf room;
	int err = 0;

	if (pbx->list_entries - list->count + members->count > pbx->stack.notifiers.slot_max)
		return ERR_LIMIT;
	entries = mem_alloc(table + texts + 1); /* a list may be empty */
	if (!entries)
		return ERR_NOMEM;
	pbx->list_entries += (uint32_t)members->count;
	buf_init(&room, (char *)entries + table, texts);
	title = text_put(&room, members->title);
	for (size_t i = 0; i < members->count; i++) {
		const struct list_member *member = &members->members[i];
		struct list_entry *entry = &entries[i];

		entry->list = list;
		entry->number = text_put(&room, member->number);
		entry->name = text_put(&room, member->name);
		entry->uri = print_uri(&room, list, member->number);
		entry->instance = ++list->instances;
		if (!err)
			err = entry_watch(entry);
	}
	CHECK(!room.is_overflown);
	if (err) {
		entries_free(pbx, entries, members->count);
		return err;
	}
	list_take(list, entries, members->count, title);
	return 0;
}

static bool list_is_filled(const struct lamp_list *list, const struct list_members *members)
{
	if (list->count != members->count || !slice_eq(list->title, members->title))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		const struct list_member *member = &members->members[i];
		const struct list_entry *entry = &list->entries[i];

		if (!slice_eq(entry->number, member->number) ||
		    !slice_eq(entry->name, member->name))
			return false;
	}
	return true;
}

/* --- NOTIFY ------------------------------------------------------------------------------- */

/* Also finds out which of the changes are none for this viewer. */
static bool list_has_news(struct lamp_list *list)
{
	bool is_wanted = false, is_new = false;

	for (size_t i = 0; i < list->count; i++) {
		struct list_entry *entry = &list->entries[i];

		if (entry->is_changed && list->package->is_news(entry->watcher))
			is_new = entry->is_wanted = true;
		entry->is_changed = false;
		is_wanted |= entry->is_wanted;
	}
	/* BroadWorks' phones are told of all when there is anything to tell. */
	if (is_new && list->profile->list == PROFILE_LIST_CONSOLIDATED)
		list_want_all(list);
	return is_wanted || list->is_full_due;
}

static void on_due(struct notifier *notifier)
{
	struct lamp_list *list = notifier->owner;
	struct list_notice notice;

	if (list->is_gone) {
		notifier_send(notifier, SLICE_NONE, SLICE_NONE);
		return;
	}
	if (notifier->must_send)
		list_want_all(list);
	if (!list_has_news(list))
		return;
	list_notice_make(list, &notice);
	notifier_send(notifier, notice.type, notice.body);
	if (notice.is_rest_due)
		notifier_go_on(notifier);
}

static void on_answered(struct notifier *notifier, unsigned status)
{
	struct lamp_list *list = notifier->owner;

	for (size_t i = 0; i < list->count; i++) {
		struct list_entry *entry = &list->entries[i];

		if (entry->is_pending)
			lamp_told(entry->watcher, status < 300);
		entry->is_pending = false;
	}
}

/* --- Subscriptions ------------------------------------------------------------------------ */

static void list_free(struct lamp_list *list)
{
	list_remove(&list->node);
	entries_free(list->pbx, list->entries, list->count);
	viewer_give(list->pbx, list->viewer);
	mem_free(list);
}

static void on_end(struct notifier *notifier)
{
	struct lamp_list *list = notifier->owner;

	stack_trace(notifier->stack, "event=unwatch watcher=%.*s list=%.*s",
		    SLICE_ARGS(viewer_number(list->viewer)), SLICE_ARGS(list->user));
	lamp_unasked_review(list->pbx, viewer_number(list->viewer), SLICE_NONE);
	list_free(list);
}

/* From elsewhere, somebody must prove to be the one who watches. */
static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	const struct lamp_list *list = notifier->owner;
	const struct extension *viewer =
		directory_find(list->pbx->directory, viewer_number(list->viewer));

	if (viewer)
		return auth_check_is(list->pbx, in, viewer);
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}

static const struct notifier_ops notifier_ops = {
	.expires_min_s = SUBSCRIPTION_MIN_S,
	.expires_max_s = SUBSCRIPTION_MAX_S,
	.lines = SLICE_INIT(REQUIRE_LINE),
	.on_due = on_due,
	.on_end = on_end,
	.is_peer = is_peer,
	.on_answered = on_answered,
};

struct lamp_list *lamp_list_of(const struct notifier *notifier)
{
	return notifier->ops == &notifier_ops ? notifier->owner : NULL;
}

const struct notifier *lamp_list_subscription(const struct watcher *watcher)
{
	const struct list_entry *entry = watcher->owner;

	if (watcher->ops != &watcher_ops || entry->list->package != &lamp_dialog_package)
		return NULL;
	return entry->list->notifier;
}

static struct lamp_list *list_new(struct pbx *pbx, const struct incoming *in, struct slice user,
				  const struct extension *viewer,
				  const struct lamp_package *package)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text), room;
	struct lamp_list *list;
	size_t n;

	lamp_print_entity(&uri, &in->msg->uri);
	n = user.n + uri.n;
	list = mem_alloc(sizeof(*list) + n);
	if (!list)
		return NULL;
	list->viewer = viewer_take(pbx, viewer->number, false);
	if (!list->viewer) {
		mem_free(list);
		return NULL;
	}
	buf_init(&room, (char *)(list + 1), n);
	list->pbx = pbx;
	list->package = package;
	list->profile = lamp_profile(viewer, in->msg);
	list->user = text_put(&room, user);
	list->uri = text_put(&room, buf_text(&uri));
	stack_token(&pbx->stack, list->token);
	list_append(&pbx->lists, &list->node);
	return list;
}

static void subscribe(struct incoming *in, struct lamp_list *list)
{
	char text[3 * LIST_USER_MAX_BYTES + 128];
	struct buf contact = BUF_ON(text);

	pbx_print_contact(&contact, list->user, &in->flow);
	if (notifier_take(in,
			  &(struct notifier_spec){ .event = list->package->event,
						   .contact_line = buf_text(&contact),
						   .gap_ms = list->pbx->directory->lamp_gap_ms },
			  &notifier_ops, list, &list->notifier)) {
		list_free(list);
		return;
	}
	stack_trace(&list->pbx->stack, "event=watch watcher=%.*s list=%.*s resources=%zu",
		    SLICE_ARGS(viewer_number(list->viewer)), SLICE_ARGS(list->user), list->count);
	notifier_start(list->notifier);
	lamp_unasked_review(list->pbx, viewer_number(list->viewer), SLICE_NONE);
}

/* Who insists on it knows it, too, though it should not say so that way (RFC 4662 4.1). */
static bool knows_lists(const struct sip_msg *msg)
{
	return sip_msg_has_token(msg, HDR_SUPPORTED, SLICE("eventlist")) ||
	       sip_msg_has_token(msg, HDR_REQUIRE, SLICE("eventlist"));
}

/* Whom the request is to, if it is to us: SLICE_NONE, or an own host's user. */
static struct slice read_user(struct pbx *pbx, const struct incoming *in, struct buf *buf)
{
	if (!pbx_is_own_host(pbx, &in->msg->uri, &in->flow) ||
	    uri_unescape(buf, in->msg->uri.user) || buf->is_overflown)
		return SLICE_NONE;
	return buf_text(buf);
}

bool lamp_list_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer,
			 const struct lamp_package *package)
{
	char text[LIST_USER_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct slice user = read_user(pbx, in, &buf);
	struct list_members members;
	struct lamp_list *list;

	if (!list_members_find(pbx->directory, user, viewer, &members))
		return false;
	if (!knows_lists(in->msg)) {
		incoming_reply(
			in, &(struct answer){ .status = 421, .lines = SLICE_INIT(REQUIRE_LINE) });
		return true;
	}
	list = list_new(pbx, in, user, viewer, package);
	if (list && !list_fill(list, &members)) {
		subscribe(in, list);
		return true;
	}
	if (list)
		list_free(list);
	incoming_refuse_full(in);
	return true;
}

/* --- All of them -------------------------------------------------------------------------- */

static void list_end(struct lamp_list *list, const char *reason, uint32_t retry_after_s)
{
	list->is_gone = true;
	notifier_end_until(list->notifier, reason, retry_after_s);
}

/* What the others are told now waits for lamp_on_directory(), which tells each watcher. */
static void list_on_directory(struct lamp_list *list)
{
	const struct directory *directory = list->pbx->directory;
	const struct extension *viewer = directory_find(directory, viewer_number(list->viewer));
	struct list_members members;

	notifier_set_gap(list->notifier, directory->lamp_gap_ms);
	if (!viewer || !list_members_find(directory, list->user, viewer, &members)) {
		list_end(list, "noresource", 0);
		return;
	}
	if (list_is_filled(list, &members))
		return;
	/* The phone subscribes again a little later, when there is room perhaps. */
	if (list_fill(list, &members))
		list_end(list, "probation", RETRY_AFTER_S);
	else if (list->count == 0)
		notifier_change(list->notifier);
}

void lamp_list_on_directory(struct pbx *pbx)
{
	LIST_FOR (list, &pbx->lists, struct lamp_list, node)
		list_on_directory(list);
}

void lamp_list_stop(struct pbx *pbx)
{
	LIST_FOR (list, &pbx->lists, struct lamp_list, node)
		list_end(list, "deactivated", 0);
}

void lamp_list_fini(struct pbx *pbx)
{
	LIST_FOR (list, &pbx->lists, struct lamp_list, node) {
		list->notifier->owner = NULL;
		list_free(list);
	}
}
