/* SPDX-License-Identifier: MIT */
/*
 * One subscription carries one watcher. What it may see is decided in lamp_view.c, what it reads by
 * its package, when it is told by core/notifier.
 */
#include "pbx/lamp_subscription.h"

#include "base/err.h"
#include "pbx/auth.h"
#include "pbx/event_package.h"
#include "pbx/lamp_list.h"
#include "pbx/lamp_unasked.h"
#include "pbx/park.h"
#include "pbx/trunk.h"
#include "pbx/visibility.h"
#include "sip/print.h"

#define SUBSCRIPTION_MIN_S 60
#define SUBSCRIPTION_MAX_S 3600

static const struct lamp_package *package_of(const struct watcher *watcher)
{
	return CONTAINER_OF(watcher->ops, const struct lamp_package, ops);
}

/* --- Telling ------------------------------------------------------------------------------ */

void lamp_package_tell(const struct lamp_package *package, struct watcher *watcher,
		       struct notifier *notifier)
{
	static char text[XML_MAX_BYTES]; /* one thread, not re-entered */
	struct buf body = BUF_ON(text);

	if (!notifier->must_send && !package->is_news(watcher))
		return;
	package->tell(watcher, &body, notifier->must_send,
		      notifier->dialog.flow.transport == TRANSPORT_UDP);
	notifier_send(notifier, package->content_type, buf_text(&body));
}

static void on_due(struct notifier *notifier)
{
	struct watcher *watcher = notifier->owner;

	lamp_package_tell(package_of(watcher), watcher, notifier);
}

static void on_answered(struct notifier *notifier, unsigned status)
{
	lamp_told(notifier->owner, status < 300);
}

static void on_end(struct notifier *notifier)
{
	struct watcher *watcher = notifier->owner;

	stack_trace(notifier->stack, "event=unwatch watcher=%.*s watched=%.*s",
		    SLICE_ARGS(viewer_number(watcher->viewer)),
		    SLICE_ARGS(watcher->entity->number));
	if (!watcher->viewer->is_outside)
		lamp_unasked_review(watcher->entity->pbx, viewer_number(watcher->viewer),
				    watcher->entity->number);
	lamp_unwatch(watcher);
}

/* From elsewhere, somebody must prove to be the one who watches. */
static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	const struct watcher *watcher = notifier->owner;
	struct pbx *pbx = watcher->entity->pbx;
	const struct extension *viewer =
		directory_find(pbx->directory, viewer_number(watcher->viewer));

	if (watcher->viewer->is_outside)
		LIST_FOR (trunk, &pbx->trunks, struct trunk, node)
			if (slice_eq_nocase(trunk_domain(trunk), viewer_number(watcher->viewer)))
				return trunk_is_peer(trunk, in);
	if (viewer && !watcher->viewer->is_outside)
		return auth_check_is(pbx, in, viewer);
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}

static const struct notifier_ops notifier_ops = {
	.expires_min_s = SUBSCRIPTION_MIN_S,
	.expires_max_s = SUBSCRIPTION_MAX_S,
	.on_due = on_due,
	.on_end = on_end,
	.is_peer = is_peer,
	.on_answered = on_answered,
};

void lamp_package_on_change(struct watcher *watcher)
{
	/* Before it is subscribed, whoever begins to watch may have been the change. */
	if (!watcher->owner)
		return;
	/* A reload may have been it, too. */
	notifier_set_gap(watcher->owner, watcher->entity->pbx->directory->lamp_gap_ms);
	notifier_change(watcher->owner);
}

void lamp_package_on_gone(struct watcher *watcher, const char *reason)
{
	struct notifier *notifier = watcher->owner;

	if (reason) {
		notifier_end(notifier, reason);
		return;
	}
	notifier->owner = NULL;
	lamp_unwatch(watcher);
}

const struct notifier *lamp_package_notifier(const struct watcher *watcher)
{
	return watcher->owner;
}

const struct lamp_package lamp_dialog_package = {
	.ops = { lamp_package_on_change, lamp_package_on_gone, lamp_package_notifier },
	.event = SLICE_INIT("dialog"),
	.content_type = SLICE_INIT("application/dialog-info+xml"),
	.is_news = lamp_is_news,
	.tell = lamp_tell,
};

struct watcher *lamp_watcher(const struct notifier *notifier)
{
	return notifier->ops == &notifier_ops ? notifier->owner : NULL;
}

const struct notifier *lamp_subscription(const struct watcher *watcher)
{
	return watcher->ops == &lamp_dialog_package.ops ? watcher->owner : NULL;
}

/* --- SUBSCRIBE ---------------------------------------------------------------------------- */

void lamp_print_entity(struct buf *buf, const struct sip_uri *uri)
{
	struct sip_uri bare = *uri;

	bare.params = SLICE_NONE;
	bare.headers = SLICE_NONE;
	bare.password = SLICE_NONE;
	sip_uri_print(buf, &bare);
}

const struct profile *lamp_profile(const struct extension *viewer, const struct sip_msg *subscribe)
{
	return viewer && viewer->profile
		       ? viewer->profile
		       : profile_of_agent(sip_msg_value(subscribe, HDR_USER_AGENT));
}

/* The answer is the same for who is not there and for who is not shown; the log is for a person who
 * looks for the mistake in either. */
static void refuse_unseen(struct pbx *pbx, struct incoming *in, const struct lamp_viewer *viewer)
{
	struct slice who = viewer->extension ? viewer->extension->number : viewer->domain;

	stack_trace(&pbx->stack, "event=refused cause=unseen watcher=%.*s watched=%.*s",
		    SLICE_ARGS(who), SLICE_ARGS(in->msg->uri.user));
	incoming_reply_status(in, 404);
}

static struct rights rights_to(const struct pbx *pbx, struct slice number,
			       const struct lamp_viewer *viewer)
{
	const struct extension *watched = directory_find(pbx->directory, number);

	if (watched)
		return viewer->extension ? rights_of(watched, viewer->extension)
					 : rights_of_domain(watched, viewer->domain);
	if (viewer->extension)
		return park_rights(pbx, number, viewer->extension);
	return (struct rights){ 0 };
}

/*
 * The number of the extension or orbit to be watched. Empty: 404 has been sent, since there is
 * nobody whom the viewer may see anything of.
 */
static struct slice find_watched(struct pbx *pbx, struct incoming *in,
				 const struct lamp_viewer *viewer, struct buf *room)
{
	if (pbx_is_own_host(pbx, &in->msg->uri, &in->flow) &&
	    !uri_unescape(room, in->msg->uri.user) && !room->is_overflown &&
	    rights_to(pbx, buf_text(room), viewer).visibility > VISIBILITY_NONE)
		return buf_text(room);
	refuse_unseen(pbx, in, viewer);
	return SLICE_NONE;
}

/*
 * RFC 4235 3.2: the dialog asked for is named by its Call-ID and the watched phone's own tag at
 * least; the tag of its peer is left out when all forks are meant.
 */
static int read_only(struct slice params, struct dialog_ids *ret_only)
{
	*ret_only = (struct dialog_ids){ 0 };
	if (!sip_param(params, SLICE("call-id"), &ret_only->call_id))
		return 0;
	if (slice_is_empty(ret_only->call_id) ||
	    !sip_param(params, SLICE("to-tag"), &ret_only->local_tag))
		return ERR_SYNTAX;
	(void)sip_param(params, SLICE("from-tag"), &ret_only->remote_tag);
	return 0;
}

static void watch(struct pbx *pbx, struct incoming *in, struct slice watched,
		  const struct lamp_viewer *viewer, const struct lamp_package *package,
		  const struct dialog_ids *only)
{
	char contact_text[256], entity_text[SIP_URI_MAX_BYTES];
	struct buf contact = BUF_ON(contact_text), entity = BUF_ON(entity_text);
	struct notifier *notifier;
	struct watcher *watcher;

	lamp_print_entity(&entity, &in->msg->uri);
	watcher = lamp_watch(pbx, &(struct watcher_spec){
					  .ops = &package->ops,
					  .profile = lamp_profile(viewer->extension, in->msg),
					  .watched = watched,
					  .viewer = viewer->extension ? viewer->extension->number
								      : viewer->domain,
					  .is_outside = !viewer->extension,
					  .entity_uri = buf_text(&entity),
					  .only = only,
				  });
	if (!watcher) {
		incoming_refuse_full(in);
		return;
	}
	pbx_print_contact(&contact, watched, &in->flow);
	if (notifier_take(in,
			  &(struct notifier_spec){ .event = package->event,
						   .contact_line = buf_text(&contact),
						   .gap_ms = pbx->directory->lamp_gap_ms },
			  &notifier_ops, watcher, &notifier)) {
		lamp_unwatch(watcher);
		return;
	}
	watcher->owner = notifier;
	stack_trace(&pbx->stack, "event=watch watcher=%.*s watched=%.*s profile=%s",
		    SLICE_ARGS(viewer_number(watcher->viewer)), SLICE_ARGS(watched),
		    watcher->profile->name);
	notifier_start(notifier);
	if (viewer->extension)
		lamp_unasked_review(pbx, viewer->extension->number, watched);
}

void lamp_subscribe(struct pbx *pbx, struct incoming *in, const struct lamp_viewer *viewer,
		    const struct lamp_package *package, const struct dialog_ids *only)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf room = BUF_ON(text);
	struct slice watched;

	if (!event_accepts(in->msg, package->content_type)) {
		incoming_reply_status(in, 406);
		return;
	}
	if (viewer->extension && lamp_list_subscribe(pbx, in, viewer->extension, package))
		return;
	watched = find_watched(pbx, in, viewer, &room);
	if (!slice_is_empty(watched))
		watch(pbx, in, watched, viewer, package, only);
}

static void on_subscribe(struct pbx *pbx, struct incoming *in, const struct lamp_viewer *viewer)
{
	struct slice event, params, ignored;
	struct dialog_ids only;

	sip_token_params(sip_msg_value(in->msg, HDR_EVENT), &event, &params);
	if (sip_param(params, SLICE("include-session-description"), &ignored)) {
		incoming_reply(in, &(struct answer){ .status = 403,
						     .reason = SLICE("Session descriptions are not "
								     "told") });
		return;
	}
	if (read_only(params, &only)) {
		incoming_reply(in, &(struct answer){ .status = 400,
						     .reason = SLICE("Event: call-id needs a "
								     "to-tag") });
		return;
	}
	lamp_subscribe(pbx, in, viewer, &lamp_dialog_package,
		       slice_is_empty(only.call_id) ? NULL : &only);
}

void lamp_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer)
{
	on_subscribe(pbx, in, &(struct lamp_viewer){ .extension = viewer });
}

void lamp_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in, const struct trunk *trunk)
{
	on_subscribe(pbx, in, &(struct lamp_viewer){ .domain = trunk_domain(trunk) });
}
