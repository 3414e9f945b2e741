/* SPDX-License-Identifier: MIT */
/*
 * Do-not-disturb and forwards, in step between the server and the keys of an extension's phones
 * (the "as-feature-event" package, see sip/feature_event.h): a phone sets them by what stands in
 * its SUBSCRIBE, and all phones of the extension are told whenever they change, by whomever.
 */
#ifndef LAMPYRID_PBX_FEATURE_SYNC_H
#define LAMPYRID_PBX_FEATURE_SYNC_H

#include "pbx/pbx.h"

/* Answers a SUBSCRIBE to "as-feature-event" of `extension`, which may set its own. */
void feature_sync_on_subscribe(struct pbx *pbx, struct incoming *in,
			       const struct extension *extension);

/* Do-not-disturb or a forward of this extension is another than before. */
void feature_sync_changed(struct pbx *pbx, struct slice number);

#endif
