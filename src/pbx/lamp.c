/* SPDX-License-Identifier: MIT */
/*
 * Watchers and the documents they get. What a watcher may see is asked from the current directory
 * each time, so a changed right shows with the next NOTIFY.
 */
#include "pbx/lamp.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/auth.h"
#include "pbx/call.h"
#include "pbx/event_package.h"
#include "pbx/visibility.h"
#include "sip/print.h"

#define SUBSCRIPTION_MIN_S 60
#define SUBSCRIPTION_MAX_S 3600
#define DOCUMENT_TYPE SLICE("application/dialog-info+xml")

/* Longest printed URI of ours in a document: "sip:" user "@" domain. */
#define PARTY_URI_MAX_BYTES (8 + SIP_USER_MAX_BYTES * 3 + 256)

/* --- Entities ----------------------------------------------------------------------------- */

struct lamp_entity *lamp_find(struct pbx *pbx, struct slice number)
{
	struct map_node *node = map_find(&pbx->entities, number);

	return node ? CONTAINER_OF(node, struct lamp_entity, node) : NULL;
}

static struct lamp_entity *entity_get(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (entity)
		return entity;
	entity = mem_alloc(sizeof(*entity));
	if (!entity)
		return NULL;
	entity->pbx = pbx;
	list_init(&entity->legs);
	list_init(&entity->watchers);
	stack_token(&pbx->stack, entity->last_id);
	if (slice_keep(number, &entity->number) ||
	    map_insert(&pbx->entities, &entity->node, entity->number)) {
		mem_free((char *)entity->number.p);
		mem_free(entity);
		return NULL;
	}
	return entity;
}

static void entity_release(struct lamp_entity *entity)
{
	if (!list_is_empty(&entity->legs) || !list_is_empty(&entity->watchers))
		return;
	map_remove(&entity->pbx->entities, &entity->node);
	mem_free((char *)entity->number.p);
	mem_free(entity);
}

static void entity_publish(struct lamp_entity *entity)
{
	LIST_FOR (watcher, &entity->watchers, struct watcher, node)
		notifier_change(watcher->notifier);
}

/* --- Legs --------------------------------------------------------------------------------- */

int lamp_leg_start(struct leg *leg)
{
	struct lamp_entity *entity;

	/* Nobody watches who is outside. */
	if (!leg->extension)
		return 0;
	entity = entity_get(leg->pbx, leg->extension->number);
	if (!entity)
		return ERR_NOMEM;
	leg->entity = entity;
	list_append(&entity->legs, &leg->lamp_node);
	return 0;
}

void lamp_leg_changed(struct leg *leg)
{
	leg->state_turn = ++leg->pbx->turn;
	if (leg->entity)
		entity_publish(leg->entity);
}

void lamp_leg_end(struct leg *leg)
{
	struct lamp_entity *entity = leg->entity;

	if (!entity)
		return;
	leg->entity = NULL;
	list_remove(&leg->lamp_node);
	memcpy(entity->last_id, leg->id, sizeof(leg->id));
	entity_publish(entity);
	entity_release(entity);
}

bool lamp_was_told(const struct leg *leg, struct slice picker)
{
	struct lamp_entity *entity = leg->entity;

	if (!entity)
		return false;
	LIST_FOR (watcher, &entity->watchers, struct watcher, node)
		if (slice_eq(watcher->number, picker) && watcher->told_turn >= leg->state_turn)
			return true;
	return false;
}

/* --- The document (RFC 4235 4.1) ---------------------------------------------------------- */

/* Text that a document's slices point into while it is printed. */
struct document {
	struct dialog_info info;
	char uris[DIALOG_INFO_MAX * 3 * PARTY_URI_MAX_BYTES];
	struct buf uri_buf;
	bool has_ids; /* a dialog can be named by whoever reads it */
};

static struct slice document_aor(struct document *document, const struct pbx *pbx,
				 struct slice prefix, struct slice number)
{
	size_t from = document->uri_buf.n;

	buf_lit(&document->uri_buf, "sip:");
	uri_escape_user(&document->uri_buf, prefix);
	uri_escape_user(&document->uri_buf, number);
	buf_char(&document->uri_buf, '@');
	buf_slice(&document->uri_buf, pbx->directory->domain);
	return slice_from(buf_text(&document->uri_buf), from);
}

static enum dialog_state leg_dialog_state(const struct leg *leg)
{
	switch (leg->state) {
	case LEG_CALLING:
		return DIALOG_TRYING;
	case LEG_RINGING:
		return DIALOG_EARLY;
	case LEG_TALKING:
		return DIALOG_CONFIRMED;
	case LEG_ENDED:
		break;
	}
	return DIALOG_TERMINATED;
}

bool lamp_leg_is_shown(const struct leg *leg)
{
	return leg->is_initiator || leg->state != LEG_CALLING;
}

/*
 * The code URI that picks up this ringing phone's call: a phone that knows Replaces adds it to an
 * INVITE to this URI, one that does not sends that INVITE without, and both work. The last code
 * in the configuration is the one that is announced.
 */
static struct slice pickup_target(struct document *document, const struct leg *leg)
{
	const struct directory *directory = leg->pbx->directory;

	if (directory->pickup_code_count == 0)
		return document_aor(document, leg->pbx, SLICE_NONE, leg->extension->number);
	return document_aor(document, leg->pbx,
			    directory->pickup_codes[directory->pickup_code_count - 1],
			    leg->extension->number);
}

/* The ids are those of the phone's own dialog with us, as the phone sees it. */
static void entry_set_ids(struct document *document, struct dialog_entry *entry,
			  const struct leg *leg)
{
	const struct dialog *dialog = leg->session ? &leg->session->dialog : NULL;

	if (!dialog)
		return;
	document->has_ids = true;
	entry->call_id = dialog->call_id;
	entry->local_tag = dialog->remote_tag;
	entry->remote_tag = dialog_local_tag(dialog);
}

static void document_add_leg(struct document *document, const struct leg *leg,
			     enum visibility visibility, bool may_pick_up)
{
	const struct party *peer = leg_peer(leg);
	struct dialog_entry *entry = &document->info.dialogs[document->info.dialog_count++];
	bool is_offered = may_pick_up && leg->state == LEG_RINGING && !leg->is_initiator;

	*entry = (struct dialog_entry){ .id = slice_of(leg->id, sizeof(leg->id)),
					.state = leg_dialog_state(leg) };
	if (visibility == VISIBILITY_BUSY) {
		entry->state = DIALOG_CONFIRMED;
		return;
	}
	entry->direction = leg->is_initiator ? DIALOG_INITIATOR : DIALOG_RECIPIENT;
	if (may_pick_up)
		entry_set_ids(document, entry, leg);
	if (visibility == VISIBILITY_NUMBERS && peer && !slice_is_empty(peer->number)) {
		entry->remote.display = peer->name;
		entry->remote.identity = document_aor(document, leg->pbx, SLICE_NONE, peer->number);
	} else if (is_offered) {
		entry->remote.identity = SLICE("sip:anonymous@anonymous.invalid");
	}
	if (visibility < VISIBILITY_NUMBERS && !is_offered)
		return;
	entry->local.display = leg->extension->name;
	entry->local.identity =
		document_aor(document, leg->pbx, SLICE_NONE, leg->extension->number);
	if (!may_pick_up)
		return;
	entry->local.target = entry->local.identity;
	entry->remote.target = is_offered ? pickup_target(document, leg) : entry->remote.identity;
}

/* Free is said by one terminated dialog, never by an empty document (PHONES: Yealink, Bria). */
static void document_add_idle(struct document *document, const struct lamp_entity *entity)
{
	document->info.dialogs[document->info.dialog_count++] = (struct dialog_entry){
		.id = slice_of(entity->last_id, sizeof(entity->last_id)),
		.state = DIALOG_TERMINATED,
	};
}

static void document_make(struct document *document, const struct watcher *watcher)
{
	struct lamp_entity *entity = watcher->entity;
	const struct directory *directory = entity->pbx->directory;
	const struct extension *watched = directory_find(directory, entity->number);
	const struct extension *viewer = directory_find(directory, watcher->number);
	enum visibility visibility = VISIBILITY_NONE;
	bool may_pick_up = false;

	/* Entries are written when they are added; clearing room for all would cost more than they.
	 */
	document->info.version = watcher->version;
	document->info.entity = watcher->entity_uri;
	document->info.is_partial = false;
	document->info.dialog_count = 0;
	document->uri_buf = BUF_ON(document->uris);
	document->has_ids = false;
	if (watched && viewer) {
		visibility = visibility_of(watched, viewer);
		may_pick_up = pickup_is_allowed(watched, viewer);
	}
	if (visibility > VISIBILITY_NONE)
		LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
			if (lamp_leg_is_shown(leg) &&
			    document->info.dialog_count < DIALOG_INFO_MAX &&
			    (visibility > VISIBILITY_BUSY || document->info.dialog_count == 0))
				document_add_leg(document, leg, visibility, may_pick_up);
	if (document->info.dialog_count == 0)
		document_add_idle(document, entity);
}

static void on_due(struct notifier *notifier)
{
	struct watcher *watcher = notifier->owner;
	struct pbx *pbx = watcher->entity->pbx;
	/* The switch runs in one thread and this function does not call itself. */
	static struct document document;
	static char text[XML_MAX_BYTES];
	struct buf body = BUF_ON(text);

	document_make(&document, watcher);
	dialog_info_print(&body, &document.info);
	/* Too long for any packet: some of the truth is better than none. */
	while (body.is_overflown && document.info.dialog_count > 1) {
		document.info.dialog_count /= 2;
		body = BUF_ON(text);
		dialog_info_print(&body, &document.info);
	}
	watcher->version++;
	if (document.has_ids)
		watcher->told_turn = pbx->turn;
	notifier_send(notifier, DOCUMENT_TYPE, body.is_overflown ? SLICE_NONE : buf_text(&body));
}

/* --- Subscriptions ------------------------------------------------------------------------ */

static void watcher_free(struct watcher *watcher)
{
	mem_free((char *)watcher->number.p);
	mem_free((char *)watcher->entity_uri.p);
	mem_free(watcher);
}

static void on_end(struct notifier *notifier)
{
	struct watcher *watcher = notifier->owner;
	struct lamp_entity *entity = watcher->entity;

	stack_trace(notifier->stack, "event=unwatch watcher=%.*s watched=%.*s",
		    SLICE_ARGS(watcher->number), SLICE_ARGS(entity->number));
	list_remove(&watcher->node);
	watcher_free(watcher);
	entity_release(entity);
}

/* From elsewhere, somebody must prove to be the one who watches. */
static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	const struct watcher *watcher = notifier->owner;
	struct pbx *pbx = watcher->entity->pbx;
	const struct extension *viewer = directory_find(pbx->directory, watcher->number);

	if (viewer)
		return auth_check_is(pbx, in, viewer);
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}

static const struct notifier_ops notifier_ops = { .on_due = on_due,
						  .on_end = on_end,
						  .is_peer = is_peer };

struct watcher *lamp_watcher(const struct notifier *notifier)
{
	return notifier->ops == &notifier_ops ? notifier->owner : NULL;
}

/*
 * The URI as it was subscribed, without parameters and headers: phones compare the entity of each
 * document with it byte by byte (PHONES: snom, Browser-Phone).
 */
static int watcher_set_entity_uri(struct watcher *watcher, const struct sip_uri *uri)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct sip_uri bare = *uri;

	bare.params = SLICE_NONE;
	bare.headers = SLICE_NONE;
	bare.password = SLICE_NONE;
	sip_uri_print(&buf, &bare);
	return slice_keep(buf_text(&buf), &watcher->entity_uri);
}

static struct watcher *watcher_new(struct pbx *pbx, const struct incoming *in, struct slice watched,
				   struct slice number)
{
	struct watcher *watcher = mem_alloc(sizeof(*watcher));

	if (!watcher)
		return NULL;
	list_init(&watcher->node);
	if (slice_keep(number, &watcher->number) ||
	    watcher_set_entity_uri(watcher, &in->msg->uri)) {
		watcher_free(watcher);
		return NULL;
	}
	watcher->entity = entity_get(pbx, watched);
	if (!watcher->entity) {
		watcher_free(watcher);
		return NULL;
	}
	return watcher;
}

static void watch(struct pbx *pbx, struct incoming *in, const struct extension *watched,
		  const struct extension *viewer)
{
	char text[256];
	struct buf contact = BUF_ON(text);
	struct watcher *watcher = watcher_new(pbx, in, watched->number, viewer->number);

	if (!watcher) {
		incoming_reply(in, &(struct answer){ .status = 503,
						     .lines = SLICE_INIT("Retry-After: 5\r\n") });
		return;
	}
	pbx_print_contact(&contact, watched->number, &in->flow);
	list_append(&watcher->entity->watchers, &watcher->node);
	if (notifier_take(in,
			  &(struct notifier_terms){ .contact_line = buf_text(&contact),
						    .expires_min_s = SUBSCRIPTION_MIN_S,
						    .expires_max_s = SUBSCRIPTION_MAX_S },
			  &notifier_ops, watcher, &watcher->notifier)) {
		list_remove(&watcher->node);
		entity_release(watcher->entity);
		watcher_free(watcher);
		return;
	}
	stack_trace(&pbx->stack, "event=watch watcher=%.*s watched=%.*s",
		    SLICE_ARGS(viewer->number), SLICE_ARGS(watched->number));
	notifier_start(watcher->notifier);
}

void lamp_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);
	const struct extension *watched = NULL;

	/* RFC 4235 3.5: who says nothing takes our type. */
	if (!event_accepts(in->msg, DOCUMENT_TYPE)) {
		incoming_reply_status(in, 406);
		return;
	}
	if (pbx_is_own_host(pbx, &in->msg->uri, &in->flow) &&
	    !uri_unescape(&user, in->msg->uri.user) && !user.is_overflown)
		watched = directory_find(pbx->directory, buf_text(&user));
	if (!watched)
		incoming_reply_status(in, 404);
	else if (visibility_of(watched, viewer) == VISIBILITY_NONE)
		incoming_reply_status(in, 403);
	else
		watch(pbx, in, watched, viewer);
}

/* --- A new configuration ------------------------------------------------------------------ */

static void watcher_on_directory(struct watcher *watcher)
{
	const struct directory *directory = watcher->entity->pbx->directory;
	const struct extension *watched = directory_find(directory, watcher->entity->number);
	const struct extension *viewer = directory_find(directory, watcher->number);

	if (!watched || !viewer)
		notifier_end(watcher->notifier, "noresource");
	else if (visibility_of(watched, viewer) == VISIBILITY_NONE)
		notifier_end(watcher->notifier, "rejected");
	else
		notifier_change(watcher->notifier);
}

static void each_watcher(struct pbx *pbx, void (*tell)(struct watcher *watcher))
{
	for (struct map_node *node = map_first(&pbx->entities), *next; node; node = next) {
		struct lamp_entity *entity = CONTAINER_OF(node, struct lamp_entity, node);

		next = map_next(&pbx->entities, node);
		LIST_FOR (watcher, &entity->watchers, struct watcher, node)
			tell(watcher);
	}
}

void lamp_on_directory(struct pbx *pbx)
{
	each_watcher(pbx, watcher_on_directory);
}

static void watcher_stop(struct watcher *watcher)
{
	notifier_end(watcher->notifier, "deactivated");
}

void lamp_stop(struct pbx *pbx)
{
	each_watcher(pbx, watcher_stop);
}

void lamp_fini(struct pbx *pbx)
{
	struct map_node *node;

	while ((node = map_first(&pbx->entities))) {
		struct lamp_entity *entity = CONTAINER_OF(node, struct lamp_entity, node);

		CHECK(list_is_empty(&entity->legs));
		LIST_FOR (watcher, &entity->watchers, struct watcher, node) {
			watcher->notifier->owner = NULL;
			list_remove(&watcher->node);
			watcher_free(watcher);
		}
		entity_release(entity);
	}
}
