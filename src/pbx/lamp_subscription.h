/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to one extension's lamp: `Event: dialog` (RFC 4235), and other packages that tell
 * of the same watcher in other words.
 */
#ifndef LAMPYRID_PBX_LAMP_SUBSCRIPTION_H
#define LAMPYRID_PBX_LAMP_SUBSCRIPTION_H

#include "core/notifier.h"
#include "pbx/lamp.h"

struct trunk;

/* Answers a SUBSCRIBE to "dialog" of `viewer` outside of any dialog. */
void lamp_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer);

/* The same of somebody behind a trunk, who sees what a rule for its domain allows. */
void lamp_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in, const struct trunk *trunk);

/* Who subscribes. */
struct lamp_viewer {
	const struct extension *extension; /* NULL: somebody outside */
	struct slice domain;		   /* theirs then */
};

/* How a package tells of lamps. Its ops are the three functions below. */
struct lamp_package {
	struct watcher_ops ops;
	struct slice event; /* its name */
	struct slice content_type;
	/* As lamp_is_news() and lamp_tell(). */
	bool (*is_news)(struct watcher *watcher);
	void (*tell)(struct watcher *watcher, struct buf *body, bool is_full, bool is_datagram);
};

void lamp_package_on_change(struct watcher *watcher);
void lamp_package_on_gone(struct watcher *watcher, const char *reason);
const struct notifier *lamp_package_notifier(const struct watcher *watcher);

/* Dialog-info, as lamp_is_news() and lamp_tell() know it. */
extern const struct lamp_package lamp_dialog_package;

/* Tells the watcher what is due, if there is anything. */
void lamp_package_tell(const struct lamp_package *package, struct watcher *watcher,
		       struct notifier *notifier);

/*
 * Answers a SUBSCRIBE to this package, be it to one extension or to a list (lamp_list.h). `only` as
 * of struct watcher.
 */
void lamp_subscribe(struct pbx *pbx, struct incoming *in, const struct lamp_viewer *viewer,
		    const struct lamp_package *package, const struct dialog_ids *only);

/* Whose subscription a notifier is; NULL when it is none of these, or nobody's any more. */
struct watcher *lamp_watcher(const struct notifier *notifier);

/* The subscription that carries a watcher to "dialog"; NULL when something else does. */
const struct notifier *lamp_subscription(const struct watcher *watcher);

/*
 * The URI of the request without parameters, headers and password: phones compare the entity of
 * each document with it byte by byte (PHONES: snom, Browser-Phone).
 */
void lamp_print_entity(struct buf *buf, const struct sip_uri *uri);

/* What the configuration says of the extension (may be NULL), else by its User-Agent. */
const struct profile *lamp_profile(const struct extension *viewer, const struct sip_msg *subscribe);

#endif
