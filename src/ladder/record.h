/* SPDX-License-Identifier: MIT */
/*
 * One arrow of a ladder: who sent what to whom, and when. The summary is the message as people
 * write it on a whiteboard: "INVITE 202 (sdp)", "NOTIFY 202 early", "200 INVITE".
 */
#ifndef LAMPYRID_LADDER_RECORD_H
#define LAMPYRID_LADDER_RECORD_H

#include "sip/msg.h"

struct ladder_record {
	uint64_t at_ms;
	struct slice from; /* a participant's name */
	struct slice to;
	struct slice summary;
	struct slice call_id;
};

/* Enough for any summary; a longer one is cut there. */
#define LADDER_SUMMARY_MAX_BYTES 512

/*
 * In full: with the user who is meant (called, watched, registered, transferred to), who has asked
 * for it ("by 202"), "re-INVITE" in a dialog, why something failed where its status alone does not
 * say it, and the mark "(sdp)", or "(hold)" for a description that holds. Printable ASCII only,
 * whatever the peer sent.
 */
void ladder_summarize(const struct sip_msg *msg, struct buf *buf);

/*
 * The shortest form that tells messages apart: "INVITE Replaces", "200 INVITE", "NOTIFY early".
 */
void ladder_summarize_terse(const struct sip_msg *msg, struct buf *buf);

#endif
