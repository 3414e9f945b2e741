/* SPDX-License-Identifier: MIT */
/*
 * A stream is what one phone is told of one extension: a watcher (lamp.h) whose notifier nobody has
 * subscribed to (core/notifier.h). Whom a phone is told of is written at those extensions, and
 * directory_link() has turned it round.
 */
#include "pbx/lamp_unasked.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/call.h"
#include "pbx/lamp_list.h"
#include "pbx/lamp_view.h"
#include "pbx/registrar.h"
#include "pbx/visibility.h"
#include "sip/print.h"

#define RETRY_MS 5000 /* memory was refused */

/* One phone. Owned by its binding. */
struct unasked {
	struct binding *binding;
	struct map streams;	 /* struct stream, by the number that is watched */
	size_t next;		 /* of the viewer's told_of: who comes next */
	struct stream *starting; /* the next one waits for its first answer; NULL: for none */
	unsigned refusal;	 /* the status; 0: it has not refused */
	struct slice refused;	 /* owned: whom it was told of then */
};

struct stream {
	struct map_node node; /* in unasked->streams */
	struct unasked *unasked;
	struct watcher *watcher;
	struct notifier *notifier;
};

static void on_retry(struct timer *timer);

/* --- Streams ------------------------------------------------------------------------------ */

/* Its notifier is over. */
static void stream_free(struct stream *stream)
{
	const struct watcher *watcher = stream->watcher;

	stack_trace(
		&watcher->entity->pbx->stack, "event=unwatch watcher=%.*s watched=%.*s unasked=yes",
		SLICE_ARGS(viewer_number(watcher->viewer)), SLICE_ARGS(watcher->entity->number));
	if (stream->unasked->starting == stream)
		stream->unasked->starting = NULL;
	map_remove(&stream->unasked->streams, &stream->node);
	lamp_unwatch(stream->watcher);
	mem_free(stream);
}

static void stream_drop(struct stream *stream)
{
	notifier_drop(stream->notifier);
	stream_free(stream);
}

/* Its phone is told so; nobody waits for what it says to that. */
static void stream_end(struct stream *stream, const char *reason)
{
	if (stream->unasked->starting == stream)
		stream->unasked->starting = NULL;
	notifier_end(stream->notifier, reason);
}

static void drop_all(struct unasked *unasked)
{
	struct map_node *node;

	while ((node = map_first(&unasked->streams)))
		stream_drop(CONTAINER_OF(node, struct stream, node));
}

static struct stream *stream_find(const struct unasked *unasked, struct slice watched)
{
	struct map_node *node = unasked ? map_find(&unasked->streams, watched) : NULL;

	return node ? CONTAINER_OF(node, struct stream, node) : NULL;
}

static void on_change(struct watcher *watcher)
{
	struct stream *stream = watcher->owner;

	/* Before it is told anything, whoever begins to watch may have been the change. */
	if (!stream->notifier)
		return;
	notifier_set_gap(stream->notifier, watcher->entity->pbx->directory->lamp_gap_ms);
	notifier_change(stream->notifier);
}

static void on_gone(struct watcher *watcher, const char *reason)
{
	struct stream *stream = watcher->owner;

	if (reason)
		stream_end(stream, reason);
	else
		stream_drop(stream);
}

static const struct notifier *notifier_of(const struct watcher *watcher)
{
	const struct stream *stream = watcher->owner;

	return stream->notifier;
}

static const struct watcher_ops watcher_ops = { on_change, on_gone, notifier_of };

static void unasked_go(struct unasked *unasked);

static void on_due(struct notifier *notifier)
{
	struct stream *stream = notifier->owner;

	lamp_package_tell(&lamp_dialog_package, stream->watcher, notifier);
}

static void on_answered(struct notifier *notifier, unsigned status)
{
	struct stream *stream = notifier->owner;
	struct unasked *unasked = stream->unasked;

	lamp_told(stream->watcher, status < 300);
	if (status >= 300 || unasked->starting != stream)
		return;
	unasked->starting = NULL;
	unasked_go(unasked);
}

/* Who refuses one refuses them all. */
static void unasked_refuse(struct unasked *unasked, struct slice watched, unsigned status)
{
	const struct binding *binding = unasked->binding;

	stack_trace(&binding->pbx->stack,
		    "event=unasked state=refused watcher=%.*s watched=%.*s status=%u",
		    SLICE_ARGS(aor_number(binding->aor)), SLICE_ARGS(watched), status);
	mem_free((char *)unasked->refused.p);
	unasked->refused = SLICE_NONE;
	(void)slice_keep(watched, &unasked->refused); /* without memory it is not told */
	unasked->refusal = status;
	drop_all(unasked);
}

static void on_end(struct notifier *notifier)
{
	struct stream *stream = notifier->owner;
	struct unasked *unasked = stream->unasked;

	if (!notifier->reason)
		unasked_refuse(unasked, stream->watcher->entity->number, notifier->last_status);
	else
		stream_free(stream);
}

/* No request comes on a subscription that nobody made. */
static const struct notifier_ops notifier_ops = {
	.on_due = on_due,
	.on_end = on_end,
	.on_answered = on_answered,
};

/* Under the host by which the phone knows us: it compares with that, if with anything. */
static void print_aor(struct buf *buf, const struct binding *binding, struct slice number)
{
	if (slice_is_empty(binding_host(binding))) {
		pbx_print_aor(binding->pbx, buf, number);
		return;
	}
	buf_lit(buf, "sip:");
	uri_escape_user(buf, number);
	buf_char(buf, '@');
	buf_slice(buf, binding_host(binding));
}

static void print_identity(struct buf *buf, const struct binding *binding, struct slice number)
{
	buf_char(buf, '<');
	print_aor(buf, binding, number);
	buf_char(buf, '>');
}

/* From whom, to whom and where: the same for each NOTIFY of the stream. */
static int stream_new_notifier(struct stream *stream, struct slice watched)
{
	const struct binding *binding = stream->unasked->binding;
	struct pbx *pbx = binding->pbx;
	char local_text[LAMP_URI_MAX_BYTES], remote_text[LAMP_URI_MAX_BYTES];
	char contact_text[CONTACT_LINE_MAX_BYTES];
	struct buf local = BUF_ON(local_text), remote = BUF_ON(remote_text);
	struct buf contact = BUF_ON(contact_text);

	print_identity(&local, binding, watched);
	print_identity(&remote, binding, aor_number(binding->aor));
	pbx_print_contact(&contact, watched, &binding->flow);
	return notifier_new(&pbx->stack,
			    &(struct dialog_spec){ .local = buf_text(&local),
						   .remote = buf_text(&remote),
						   .target = binding_contact(binding),
						   .contact = buf_text(&contact),
						   .flow = binding->flow },
			    SLICE("dialog"), pbx->directory->lamp_gap_ms, &notifier_ops, stream,
			    &stream->notifier);
}

static struct watcher *stream_new_watcher(struct stream *stream, struct slice watched,
					  const struct extension *viewer)
{
	const struct binding *binding = stream->unasked->binding;
	char text[LAMP_URI_MAX_BYTES];
	struct buf entity = BUF_ON(text);

	print_aor(&entity, binding, watched);
	return lamp_watch(binding->pbx,
			  &(struct watcher_spec){
				  .ops = &watcher_ops,
				  .owner = stream,
				  .profile = viewer->profile ? viewer->profile : binding->profile,
				  .watched = watched,
				  .viewer = viewer->number,
				  .is_unasked = true,
				  .entity_uri = buf_text(&entity),
			  });
}

static int stream_start(struct unasked *unasked, struct slice watched,
			const struct extension *viewer)
{
	struct stream *stream = mem_alloc(sizeof(*stream));

	if (!stream)
		return ERR_NOMEM;
	stream->unasked = unasked;
	stream->watcher = stream_new_watcher(stream, watched, viewer);
	if (!stream->watcher)
		goto no_watcher;
	if (map_insert(&unasked->streams, &stream->node, stream->watcher->entity->number))
		goto no_place;
	if (stream_new_notifier(stream, watched))
		goto no_notifier;
	stack_trace(&unasked->binding->pbx->stack,
		    "event=watch watcher=%.*s watched=%.*s profile=%s unasked=yes",
		    SLICE_ARGS(viewer->number), SLICE_ARGS(watched),
		    stream->watcher->profile->name);
	unasked->starting = stream;
	notifier_repeat(stream->notifier);
	return 0;

no_notifier:
	map_remove(&unasked->streams, &stream->node);
no_place:
	lamp_unwatch(stream->watcher);
no_watcher:
	mem_free(stream);
	return ERR_NOMEM;
}

/* --- Phones ------------------------------------------------------------------------------- */

/* The phone of a subscription is the one that registered this Contact, or came by this way. */
static bool is_phone_of(const struct binding *binding, const struct dialog *dialog)
{
	struct sip_uri a, b;

	return flow_eq(&binding->flow, &dialog->flow) ||
	       (sip_uri_parse(binding_contact(binding), &a) == 0 &&
		sip_uri_parse(dialog_target(dialog), &b) == 0 && sip_uri_eq(&a, &b));
}

/* What carries a watcher that has asked for it; NULL: it has not. */
static const struct notifier *subscription_of(const struct watcher *watcher)
{
	const struct notifier *notifier = lamp_subscription(watcher);

	return notifier ? notifier : lamp_list_subscription(watcher);
}

/*
 * It is told of this extension because it has asked, and for all its dialogs. What it watches is
 * bounded, its own share; who watches the extension is not.
 */
static bool is_subscribed(const struct binding *binding, struct slice watched)
{
	const struct lamp_entity *entity = lamp_find(binding->pbx, watched);
	const struct viewer *viewer = viewer_find(binding->pbx, aor_number(binding->aor), false);

	if (!entity || !viewer)
		return false;
	LIST_FOR (watcher, &viewer->watchers, struct watcher, viewer_node) {
		const struct notifier *notifier =
			watcher->entity == entity ? subscription_of(watcher) : NULL;

		if (notifier && notifier->state == NOTIFIER_ACTIVE && !watcher->only &&
		    is_phone_of(binding, &notifier->dialog))
			return true;
	}
	return false;
}

static const struct extension *viewer_of(const struct binding *binding)
{
	return directory_find(binding->pbx->directory, aor_number(binding->aor));
}

static int stream_start_if_due(struct unasked *unasked, struct slice watched,
			       const struct extension *viewer)
{
	const struct binding *binding = unasked->binding;
	struct pbx *pbx = binding->pbx;
	int err;

	if (stream_find(unasked, watched) || is_subscribed(binding, watched))
		return 0;
	err = stream_start(unasked, watched, viewer);
	if (err)
		timer_start(pbx->stack.timers, &pbx->unasked_due, RETRY_MS, on_retry);
	return err;
}

/* Sooner or later everybody is told whose turn is `next` or later. */
static void unasked_go(struct unasked *unasked)
{
	const struct extension *viewer = viewer_of(unasked->binding);

	if (!viewer || unasked->refusal > 0)
		return;
	for (; !unasked->starting && unasked->next < viewer->told_count; unasked->next++)
		if (stream_start_if_due(unasked, viewer->told_of[unasked->next]->number, viewer))
			return;
}

static void unasked_free(struct unasked *unasked)
{
	drop_all(unasked);
	map_fini(&unasked->streams);
	unasked->binding->unasked = NULL;
	mem_free((char *)unasked->refused.p);
	mem_free(unasked);
}

/* From the first one on, but for those that it is told of already. */
static void binding_tell(struct binding *binding)
{
	const struct extension *viewer = viewer_of(binding);
	struct pbx *pbx = binding->pbx;
	struct unasked *unasked = binding->unasked;

	if (!unasked && (!viewer || viewer->told_count == 0))
		return;
	if (!unasked) {
		unasked = mem_alloc(sizeof(*unasked));
		if (!unasked) {
			timer_start(pbx->stack.timers, &pbx->unasked_due, RETRY_MS, on_retry);
			return;
		}
		unasked->binding = binding;
		map_init(&unasked->streams, pbx->entities.secret);
		binding->unasked = unasked;
	}
	unasked->next = 0;
	unasked_go(unasked);
}

static void each_binding(struct pbx *pbx, void (*tell)(struct binding *binding))
{
	struct binding *binding;
	uint32_t slot = 0;

	while ((binding = pool_walk(&pbx->bindings, &slot)))
		if (binding->aor)
			tell(binding);
}

static void on_retry(struct timer *timer)
{
	each_binding(CONTAINER_OF(timer, struct pbx, unasked_due), binding_tell);
}

/* --- What happens to them ----------------------------------------------------------------- */

void lamp_unasked_on_register(struct pbx *pbx, struct slice number)
{
	struct aor *aor = registrar_find(pbx, number);

	if (!aor)
		return;
	LIST_FOR (binding, &aor->bindings, struct binding, node) {
		if (!binding->is_anew) {
			lamp_unasked_on_moved(binding);
			continue;
		}
		binding->is_anew = false;
		if (binding->unasked)
			unasked_free(binding->unasked);
		binding_tell(binding);
	}
}

void lamp_unasked_on_moved(struct binding *binding)
{
	const struct unasked *unasked = binding->unasked;

	if (!unasked)
		return;
	for (struct map_node *node = map_first(&unasked->streams); node;
	     node = map_next(&unasked->streams, node))
		CONTAINER_OF(node, struct stream, node)->notifier->dialog.flow = binding->flow;
}

void lamp_unasked_end(struct binding *binding)
{
	if (binding->unasked)
		unasked_free(binding->unasked);
}

static bool is_told_of(const struct binding *binding, struct slice number)
{
	const struct extension *watched = directory_find(binding->pbx->directory, number);
	const struct extension *viewer = viewer_of(binding);

	if (!watched || !viewer || watched == viewer ||
	    rights_of(watched, viewer).visibility == VISIBILITY_NONE)
		return false;
	for (size_t i = 0; i < watched->notify.count; i++)
		if (slice_eq(watched->notify.numbers[i], viewer->number))
			return true;
	return false;
}

/* Those of whom the phone is not to be told any more; if need be it is told so. */
static void stream_review(struct stream *stream)
{
	const struct binding *binding = stream->unasked->binding;
	bool is_ending = stream->notifier->state == NOTIFIER_ENDING;
	bool is_wanted = is_told_of(binding, map_key(&stream->node));

	if (is_subscribed(binding, map_key(&stream->node)) || (is_wanted && is_ending))
		stream_drop(stream);
	else if (!is_wanted)
		stream_end(stream, "noresource");
}

static void binding_review(struct binding *binding)
{
	struct map_node *next;

	if (binding->unasked)
		for (struct map_node *node = map_first(&binding->unasked->streams); node;
		     node = next) {
			next = map_next(&binding->unasked->streams, node);
			stream_review(CONTAINER_OF(node, struct stream, node));
		}
	binding_tell(binding);
}

/* It is told now, or when its turn comes; without a look at all the others. */
static void unasked_tell_of(struct unasked *unasked, const struct extension *viewer,
			    struct slice watched)
{
	for (size_t i = 0; i < viewer->told_count; i++) {
		if (!slice_eq(viewer->told_of[i]->number, watched))
			continue;
		if (unasked->starting && i < unasked->next)
			unasked->next = i;
		else if (!unasked->starting && unasked->refusal == 0)
			(void)stream_start_if_due(unasked, watched, viewer);
		return;
	}
}

static void binding_review_one(struct binding *binding, struct slice watched)
{
	struct unasked *unasked = binding->unasked;
	const struct extension *viewer = viewer_of(binding);
	struct stream *stream = stream_find(unasked, watched);

	if (!unasked || !viewer)
		return;
	if (stream)
		stream_review(stream);
	else
		unasked_tell_of(unasked, viewer, watched);
	unasked_go(unasked);
}

void lamp_unasked_review(struct pbx *pbx, struct slice number, struct slice watched)
{
	struct aor *aor = registrar_find(pbx, number);

	if (!aor)
		return;
	LIST_FOR (binding, &aor->bindings, struct binding, node) {
		if (slice_is_empty(watched))
			binding_review(binding);
		else
			binding_review_one(binding, watched);
	}
}

void lamp_unasked_on_directory(struct pbx *pbx)
{
	each_binding(pbx, binding_review);
}

void lamp_unasked_fini(struct pbx *pbx)
{
	timer_stop(pbx->stack.timers, &pbx->unasked_due);
	each_binding(pbx, lamp_unasked_end);
}

/* --- Looking in --------------------------------------------------------------------------- */

struct watcher *lamp_unasked_watcher(const struct notifier *notifier,
				     const struct binding **ret_binding)
{
	const struct stream *stream = notifier->owner;

	if (notifier->ops != &notifier_ops || !stream)
		return NULL;
	*ret_binding = stream->unasked->binding;
	return stream->watcher;
}

unsigned lamp_unasked_refusal(const struct binding *binding, struct slice *ret_watched)
{
	if (!binding->unasked)
		return 0;
	*ret_watched = binding->unasked->refused;
	return binding->unasked->refusal;
}
