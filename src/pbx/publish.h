/* SPDX-License-Identifier: MIT */
/*
 * PUBLISH (RFC 3903) of dialogs: an extension's phone, or a peer that is trusted with it (a trunk
 * with `publish: yes`), tells what calls the extension has elsewhere.
 */
#ifndef LAMPYRID_PBX_PUBLISH_H
#define LAMPYRID_PBX_PUBLISH_H

#include "pbx/lamp_source.h"

struct trunk;

struct publication {
	struct pooled pooled;
	struct pbx *pbx;
	struct lamp_report report;
	struct handle trunk; /* whose word it is; HANDLE_NONE: that of the extension's phone */
	char etag[TOKEN_BYTES];
	struct timer expiry;
};

/* Answers a PUBLISH of this extension's phone, or of whoever is behind the trunk. */
void publish_on_request(struct pbx *pbx, struct incoming *in, const struct extension *extension);
void publish_on_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk);

/* Who publishes, by where it comes from, when it brings no credentials. NULL: nobody, so far. */
struct trunk *publish_identify(struct pbx *pbx, const struct incoming *in);

/* The trunk is down or leaves: what it published is nobody's word any more. */
void publish_on_trunk_lost(struct trunk *trunk);

/* The extension has no phone here any more: nor has what that published anybody behind it. */
void publish_on_unregistered(struct pbx *pbx, struct slice number);

/* Publications that the new configuration does not allow end. */
void publish_on_directory(struct pbx *pbx);

/* All of them end, and nobody is told. */
void publish_stop(struct pbx *pbx);

void publication_on_free(void *object);

#endif
