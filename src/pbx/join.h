/* SPDX-License-Identifier: MIT */
/*
 * Joining a waiting caller with somebody who called in to take the call. Both may have offered
 * media already: where the two offers agree each becomes the other's answer; where only one has
 * offered, the other answers it; where they do not agree, both are answered with media on hold and
 * one's new offer is brought to the other (RFC 3264, RFC 3725 4.2).
 */
#ifndef LAMPYRID_PBX_JOIN_H
#define LAMPYRID_PBX_JOIN_H

#include "pbx/call.h"

/* False when neither side has offered: nobody could describe media to the other. */
bool join_is_possible(const struct call *call, struct slice partner_offer);

/*
 * Answers call->partner's INVITE, which came with this offer (may be empty), and the caller's, and
 * ends the other legs. On ERR_* before anybody was answered the call rings on unchanged; after
 * that a failure ends the call.
 */
int join_start(struct call *call, struct slice offer, struct slice offer_type);

void join_on_ack(struct call *call, struct leg *leg, const struct sip_msg *ack);

#endif
