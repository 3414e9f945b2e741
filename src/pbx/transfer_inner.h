/* SPDX-License-Identifier: MIT */
/*
 * What the files of a transfer share: transfer.c (its life) and transfer_refer.c (what a REFER asks
 * for, and whether it may), transfer_forward.c (where somebody else does it). Nobody else includes
 * this.
 */
#ifndef LAMPYRID_PBX_TRANSFER_INNER_H
#define LAMPYRID_PBX_TRANSFER_INNER_H

#include "pbx/route.h"
#include "pbx/transfer.h"

/* `by` is copied; it has hung up when there is no transferor. NULL: the table is full, or memory.
 */
struct transfer *transfer_new(const struct party *by, struct leg *transferor,
			      struct leg *transferee);

/* Answers the REFER: 202 and what follows. On failure it has been answered, too. */
int transfer_accept(struct transfer *transfer, struct incoming *in);

/* The target is, or will be, in this call. */
void transfer_aim(struct transfer *transfer, struct call *to, struct leg *seat, struct leg *target);

/*
 * Calls the target for the transferee; `hops_used` by the REFER. The transfer may be over by the
 * return. ERR_NOMEM: it is as it was.
 */
int transfer_call(struct transfer *transfer, const struct destination *to, struct slice number,
		  uint32_t hops_used);

/* Brings the two together; `offer` is the target's, when it has made one. */
void transfer_splice(struct transfer *transfer, struct slice offer, struct slice offer_type);

/* The transferee waits in an orbit from now on; see park_check(). */
void transfer_park(struct transfer *transfer, struct slice number);

/* The log's line for each step; a status of 0 is none. */
void transfer_trace(const struct transfer *transfer, const char *result, unsigned status);

/* A third call, which ends because of it, has it in its record, too: as done. */
void transfer_record_in(const struct transfer *transfer, struct call *call);

/* The transferor hears "done" now, and no more: it hangs up, and is called back if that is wrong.
 */
void transfer_tell_early(struct transfer *transfer);

/* Nothing has come of it, and nobody has been told anything. */
void transfer_drop(struct transfer *transfer);

/* It is over with this status, everybody goes back. */
void transfer_fail(struct transfer *transfer, unsigned status);

/* The transferee's phone has done it by itself, and says so with this status. */
void transfer_arrive(struct transfer *transfer, unsigned status);

/* It is over; what becomes of the call that its ticket was used for is told by that. */
void transfer_part(struct transfer *transfer);

/* Its phones hang up once they know (RFC 5589 6.1); who does not is hung up on. */
void transfer_end_soon(struct call *call);

/* --- transfer_offer.c --------------------------------------------------------------------- */

/*
 * True when the target, whose call failed with this status, is going to be called once more, with
 * an offer: everybody stays as if it rang.
 */
bool transfer_ask_offer(struct transfer *transfer, unsigned status);

/* Nobody is asked again. */
void transfer_ask_stop(struct transfer *transfer);

/* --- transfer_forward.c ------------------------------------------------------------------- */

/*
 * Whether the REFER is for the transferee's phone: what the configuration says, where the phone
 * takes REFER, and Replaces if that is needed.
 */
bool transfer_goes_on(const struct leg *transferor, const struct leg *transferee,
		      bool has_replaces);

/*
 * The REFER, which is accepted, goes on: to call this number, or to take the place of this leg,
 * whose other end the number is. The transfer may be over by the return.
 */
void transfer_forward(struct transfer *transfer, struct slice number, const struct leg *replaced);

/*
 * The transferor is not where the transferee's phone was to find it any more: we do the rest,
 * unless that has been there before. The transfer may be over by the return.
 */
void transfer_forward_on_seat_gone(struct transfer *transfer);

/* No more is heard of it, and a ticket that has not been used is void. */
void transfer_forward_stop(struct transfer *transfer);

/* One of its calls ends; true: that does not mean that it has failed. */
bool transfer_forward_on_call_end(struct transfer *transfer, const struct call *call);

#endif
