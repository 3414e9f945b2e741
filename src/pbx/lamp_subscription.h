/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to one extension's lamp: `Event: dialog` (RFC 4235).
 */
#ifndef LAMPYRID_PBX_LAMP_SUBSCRIPTION_H
#define LAMPYRID_PBX_LAMP_SUBSCRIPTION_H

#include "core/notifier.h"
#include "pbx/lamp.h"

/* Answers a SUBSCRIBE of `viewer` outside of any dialog. */
void lamp_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer);

/* Whose subscription a notifier is; NULL when it is none of these, or nobody's any more. */
struct watcher *lamp_watcher(const struct notifier *notifier);

/*
 * Whom a SUBSCRIBE is to, when `viewer` may see anything of it: 404 for everybody else's eyes
 * (RFC 3261 21.4.5) has been sent when it is NULL.
 */
const struct extension *lamp_find_watched(struct pbx *pbx, struct incoming *in,
					  const struct extension *viewer);

/*
 * The URI of the request without parameters, headers and password: phones compare the entity of
 * each document with it byte by byte (PHONES: snom, Browser-Phone).
 */
void lamp_print_entity(struct buf *buf, const struct sip_uri *uri);

/* By its User-Agent, or what the configuration says of the extension. */
const struct profile *lamp_profile(const struct extension *viewer, const struct sip_msg *subscribe);

#endif
