/* SPDX-License-Identifier: MIT */
/*
 * Click to dial: a REFER outside of any dialog (RFC 3515 2.4.3, RFC 5589 has it as call set-up by a
 * third) has an extension's own phones ring, as by the one who is to be called. When one answers,
 * that one is called, and the two are brought together as in a transfer (RFC 3725). NOTIFYs tell
 * how it goes.
 */
#ifndef LAMPYRID_PBX_CLICK_H
#define LAMPYRID_PBX_CLICK_H

#include "pbx/call.h"

struct refer;
struct referrer;

struct click {
	struct pooled pooled;
	struct pbx *pbx;
	struct call *call;	   /* of the own phones, until one answers */
	struct refer *refer;	   /* by whom its sender is told; NULL: nobody wants to know */
	struct referrer *referrer; /* whose share it is in */
	struct slice number;	   /* owned: that is to be called */
	uint32_t hops_used;	   /* by the REFER */
};

/*
 * A REFER outside of any dialog, by this extension. With a Target-Dialog (RFC 4538) of its own it
 * is as if it had come in that dialog.
 */
void click_on_refer(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/* The call rings the own phones for one of these: a phone answers, or it ends with this status. */
void click_on_answer(struct leg *leg, const struct sip_msg *response);
void click_on_call_end(struct call *call, unsigned status);

void click_on_free(void *object);

#endif
