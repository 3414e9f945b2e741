/* SPDX-License-Identifier: MIT */
/*
 * What the files of a transfer share: transfer.c (its life) and transfer_refer.c (what a REFER asks
 * for, and whether it may). Nobody else includes this.
 */
#ifndef LAMPYRID_PBX_TRANSFER_INNER_H
#define LAMPYRID_PBX_TRANSFER_INNER_H

#include "pbx/route.h"
#include "pbx/transfer.h"

/* NULL when the table is full or memory is refused. */
struct transfer *transfer_new(struct leg *transferor, struct leg *transferee);

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

/* Nothing has come of it, and nobody has been told anything. */
void transfer_drop(struct transfer *transfer);

/* It is over with this status, everybody goes back. */
void transfer_fail(struct transfer *transfer, unsigned status);

#endif
