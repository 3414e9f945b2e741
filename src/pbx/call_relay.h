/* SPDX-License-Identifier: MIT */
/*
 * What the phones of a call say to each other during it, passed through: handlers of the legs'
 * sessions, see struct session_ops. The session's owner is the leg.
 */
#ifndef LAMPYRID_PBX_CALL_RELAY_H
#define LAMPYRID_PBX_CALL_RELAY_H

#include "pbx/call.h"

void relay_on_ack(struct session *session, const struct sip_msg *ack);
void relay_on_offer(struct session *session, const struct sip_msg *request);
void relay_on_offer_cancelled(struct session *session);
void relay_on_offer_result(struct session *session, unsigned status,
			   const struct sip_msg *response);

/* Whether the leg holds the other party, by what its phone says of its media now. */
void relay_note_media(struct leg *leg, struct slice content_type, struct slice body);

/* Before the leg is taken out of its call: whoever waits for its answer is told. */
void relay_on_leg_end(struct leg *leg);

void relay_on_request(struct session *session, struct incoming *in);

#endif
