/* SPDX-License-Identifier: MIT */
/*
 * Why a lamp shows what it shows, for whoever runs the switch: what a watcher may see and why,
 * which dialogs of which calls that comes to, which NOTIFY said so, and how it was answered. One
 * JSON object for each; doc/ctl.md names the members.
 */
#ifndef LAMPYRID_PBX_LAMP_EXPLAIN_H
#define LAMPYRID_PBX_LAMP_EXPLAIN_H

#include "pbx/lamp.h"

/* What a key shows of the extension whose owner may see all: "off", "flash", "steady". */
struct slice lamp_explain_word(struct pbx *pbx, const struct extension *extension);

/* What this watcher is told of whom it watches. */
void lamp_explain_watcher(struct buf *buf, struct watcher *watcher);

/*
 * Somebody who does not watch this extension or orbit: what would be seen. `viewer` need not be an
 * extension.
 */
void lamp_explain_absent(struct buf *buf, struct pbx *pbx, struct slice watched,
			 struct slice viewer);

#endif
