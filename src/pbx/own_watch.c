/* SPDX-License-Identifier: MIT */
/*
 * The lives of subscriptions to one's own.
 */
#include "pbx/own_watch.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/auth.h"
#include "pbx/event_package.h"
#include "pbx/viewer.h"

#define SUBSCRIPTION_MIN_S 60
#define SUBSCRIPTION_MAX_S 3600
#define BODY_MAX_BYTES 32768

/* --- What is watched ---------------------------------------------------------------------- */

struct own *own_find(struct pbx *pbx, struct slice number)
{
	struct map_node *node = map_find(&pbx->owns, number);

	return node ? CONTAINER_OF(node, struct own, node) : NULL;
}

static struct own *own_get(struct pbx *pbx, struct slice number)
{
	struct own *own = own_find(pbx, number);

	if (own)
		return own;
	own = mem_alloc(sizeof(*own));
	if (!own)
		return NULL;
	own->pbx = pbx;
	list_init(&own->watches);
	if (slice_keep(number, &own->number) || map_insert(&pbx->owns, &own->node, own->number)) {
		mem_free((char *)own->number.p);
		mem_free(own);
		return NULL;
	}
	return own;
}

static void own_release(struct own *own)
{
	if (!list_is_empty(&own->watches))
		return;
	map_remove(&own->pbx->owns, &own->node);
	for (size_t i = 0; i < OWN_PAST_MAX; i++)
		mem_free((char *)own->past[i].uri.p);
	mem_free((char *)own->number.p);
	mem_free(own);
}

/* --- One subscription --------------------------------------------------------------------- */

static void on_due(struct notifier *notifier)
{
	static char text[BODY_MAX_BYTES]; /* one thread, not re-entered */
	struct own_watch *watch = notifier->owner;
	const struct own_package *package = watch->package;
	struct buf body = BUF_ON(text);

	if (watch->is_refreshing || !package->print(watch, &body))
		return;
	CHECK(!body.is_overflown);
	notifier_send(notifier, package->content_type, buf_text(&body));
	if (package->has_more && notifier_is_pending(notifier) && package->has_more(watch))
		notifier_change(notifier);
}

static void watch_free(struct own_watch *watch)
{
	list_remove(&watch->node);
	viewer_give(watch->own->pbx, watch->viewer);
	mem_free(watch);
}

static void watch_drop(struct own_watch *watch)
{
	struct own *own = watch->own;

	watch_free(watch);
	own_release(own);
}

static void on_end(struct notifier *notifier)
{
	watch_drop(notifier->owner);
}

static const struct extension *watch_extension(const struct own_watch *watch)
{
	return directory_find(watch->own->pbx->directory, watch->own->number);
}

static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	const struct own_watch *watch = notifier->owner;
	const struct extension *extension = watch_extension(watch);

	if (extension)
		return auth_check_is(watch->own->pbx, in, extension);
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}

static void on_answered(struct notifier *notifier, unsigned status)
{
	struct own_watch *watch = notifier->owner;

	if (watch->package->on_answered)
		watch->package->on_answered(watch, status < 300);
}

static bool on_refresh(struct notifier *notifier, struct incoming *in)
{
	struct own_watch *watch = notifier->owner;
	const struct extension *extension = watch_extension(watch);
	bool is_taken;

	if (!watch->package->on_subscribe || !extension)
		return true;
	watch->is_refreshing = true;
	is_taken = watch->package->on_subscribe(watch->own->pbx, in, extension);
	watch->is_refreshing = false;
	return is_taken;
}

static const struct notifier_ops notifier_ops = {
	.expires_min_s = SUBSCRIPTION_MIN_S,
	.expires_max_s = SUBSCRIPTION_MAX_S,
	.on_due = on_due,
	.on_end = on_end,
	.is_peer = is_peer,
	.on_answered = on_answered,
	.on_refresh = on_refresh,
};

const struct own_watch *own_watch_of(const struct notifier *notifier)
{
	return notifier->ops == &notifier_ops ? notifier->owner : NULL;
}

static struct own_watch *watch_new(struct pbx *pbx, struct slice number,
				   const struct own_package *package)
{
	struct own_watch *watch = mem_alloc(package->watch_bytes);

	if (!watch)
		return NULL;
	watch->package = package;
	watch->viewer = viewer_take(pbx, number, false);
	if (!watch->viewer)
		goto no_viewer;
	watch->own = own_get(pbx, number);
	if (!watch->own)
		goto no_own;
	list_append(&watch->own->watches, &watch->node);
	return watch;

no_own:
	viewer_give(pbx, watch->viewer);
no_viewer:
	mem_free(watch);
	return NULL;
}

static void watch_start(struct pbx *pbx, struct incoming *in, const struct extension *extension,
			const struct own_package *package)
{
	struct own_watch *watch = watch_new(pbx, extension->number, package);
	char text[256];
	struct buf contact = BUF_ON(text);
	struct notifier_spec spec = { .event = package->event };

	if (!watch) {
		incoming_refuse_full(in);
		return;
	}
	pbx_print_contact(&contact, extension->number, &in->flow);
	spec.contact_line = buf_text(&contact);
	if (notifier_take(in, &spec, &notifier_ops, watch, &watch->notifier))
		watch_drop(watch);
	else
		notifier_start(watch->notifier);
}

/* Somebody else's is refused as what does not exist is: nothing is told apart. */
void own_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		   const struct own_package *package)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);

	if (!pbx_is_own_host(pbx, &in->msg->uri, &in->flow) ||
	    uri_unescape(&user, in->msg->uri.user) || user.is_overflown ||
	    !slice_eq(buf_text(&user), extension->number))
		incoming_reply_status(in, 403);
	else if (!event_accepts(in->msg, package->content_type))
		incoming_reply_status(in, 406);
	else if (!package->on_subscribe || package->on_subscribe(pbx, in, extension))
		watch_start(pbx, in, extension, package);
}

void own_change(struct own *own, const struct own_package *package)
{
	LIST_FOR (watch, &own->watches, struct own_watch, node)
		if (watch->package == package)
			notifier_change(watch->notifier);
}

/* --- All of them -------------------------------------------------------------------------- */

static void each_watch(struct pbx *pbx, void (*tell)(struct own_watch *watch))
{
	for (struct map_node *node = map_first(&pbx->owns), *next; node; node = next) {
		struct own *own = CONTAINER_OF(node, struct own, node);

		next = map_next(&pbx->owns, node);
		LIST_FOR (watch, &own->watches, struct own_watch, node)
			tell(watch);
	}
}

static void watch_on_directory(struct own_watch *watch)
{
	if (watch_extension(watch))
		notifier_change(watch->notifier);
	else
		notifier_end(watch->notifier, "noresource");
}

void own_on_directory(struct pbx *pbx)
{
	each_watch(pbx, watch_on_directory);
}

static void watch_stop(struct own_watch *watch)
{
	notifier_end(watch->notifier, "deactivated");
}

void own_stop(struct pbx *pbx)
{
	each_watch(pbx, watch_stop);
}

void own_fini(struct pbx *pbx)
{
	struct map_node *node;

	while ((node = map_first(&pbx->owns))) {
		struct own *own = CONTAINER_OF(node, struct own, node);

		LIST_FOR (watch, &own->watches, struct own_watch, node) {
			watch->notifier->owner = NULL;
			watch_free(watch);
		}
		own_release(own);
	}
}
