/* SPDX-License-Identifier: MIT */
/*
 * Forwards that phones have set themselves. Each holds in place of the configuration's of its kind
 * (none counts, too) until the configuration says something else of that kind, or the server ends:
 * what was said last is what holds.
 */
#ifndef LAMPYRID_PBX_PHONE_FORWARD_H
#define LAMPYRID_PBX_PHONE_FORWARD_H

#include "pbx/pbx.h"

/* Where the calls of this extension go now. The texts last until the next of the calls below. */
struct forward phone_forward_of(const struct pbx *pbx, const struct extension *extension);

/*
 * `to` empty: there is none of this kind. `after_s`, of FORWARD_NO_ANSWER; 0: as before. Whoever
 * looks at the extension is told. ERR_NOMEM, ERR_LIMIT (a number too long): it is as it was.
 */
int phone_forward_set(struct pbx *pbx, const struct extension *extension, enum forward_when when,
		      struct slice to, uint32_t after_s);

/* Before pbx->directory becomes `next`. */
void phone_forward_on_directory(struct pbx *pbx, const struct directory *next);

void phone_forward_fini(struct pbx *pbx);

#endif
