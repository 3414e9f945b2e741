/* SPDX-License-Identifier: MIT */
/*
 * Who is asking: digest authentication of requests that act or reveal (RFC 3261 22, RFC 8760). An
 * unknown user and a wrong password look the same from outside, in words and in time.
 */
#ifndef LAMPYRID_PBX_AUTH_H
#define LAMPYRID_PBX_AUTH_H

#include "pbx/pbx.h"

struct trunk;

/*
 * The extension that sent the request, or NULL with the trunk in *ret_trunk, if it is an INVITE,
 * SUBSCRIBE or PUBLISH with a trunk's credentials. NULL and no trunk: it has been answered, with
 * 401 and fresh challenges, or 403 when From claims another extension. The answer keeps no state,
 * so a flood of strangers costs no memory.
 */
const struct extension *auth_check(struct pbx *pbx, struct incoming *in, struct trunk **ret_trunk);

/* The same inside a dialog, whose From is as it was: whose credentials they are decides. */
bool auth_check_is(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/* The same for whoever is behind a trunk. */
bool auth_check_is_trunk(struct pbx *pbx, struct incoming *in, const struct trunk *trunk);

/* Whether the request brings credentials for us, right or wrong. */
bool auth_is_tried(const struct pbx *pbx, const struct sip_msg *msg);

#endif
