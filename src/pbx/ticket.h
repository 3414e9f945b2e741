/* SPDX-License-Identifier: MIT */
/*
 * Tickets: a REFER that goes on to somebody's phone has it send an INVITE of its own (RFC 5589 6,
 * 7). For a while that phone may reach by it what who referred it may, or take the place of the leg
 * that Refer-To named, once.
 */
#ifndef LAMPYRID_PBX_TICKET_H
#define LAMPYRID_PBX_TICKET_H

#include "pbx/party.h"
#include "pbx/pbx.h"
#include "pbx/route.h"

#define TICKET_MS 60000
#define TICKETS_MAX 1024

struct leg;
struct refer;
struct transfer;
struct trunk;

struct ticket {
	struct pooled pooled;
	struct pbx *pbx;
	struct list node;	/* in pbx->tickets */
	struct party *holder;	/* owned: who may use it */
	struct handle trunk;	/* by which the holder is there; HANDLE_NONE: an extension */
	struct slice number;	/* owned: that may be called */
	struct handle replaced; /* the leg whose place may be taken; HANDLE_NONE: none */
	struct party *by;	/* owned: whose rights count, and who is said to have referred */
	bool is_by_outside;	/* who is no extension, whatever the number */
	struct handle transfer; /* that it belongs to */
	struct handle used_by;	/* the leg of the INVITE; HANDLE_NONE: it is still good */
	struct refer *refer;	/* told what becomes of that; NULL: the transfer does, or nobody */
	struct handle parted;	/* the consultation of a transfer that is over; HANDLE_NONE: none */
	struct timer timer;	/* until it is used: then the call that came by it has its own */
};

/* Who sends an INVITE: an extension, or somebody behind a trunk. */
struct ticket_holder {
	const struct extension *extension; /* NULL: */
	const struct trunk *trunk;
};

/*
 * For the transferee of this transfer, to call this number; or `replaced` to be taken the place of.
 * ERR_NOMEM, also when there are too many.
 */
int ticket_issue(struct transfer *transfer, struct slice number, const struct leg *replaced);

/* NULL when there is none for this call, or for taking this leg's place. */
struct ticket *ticket_to_call(struct pbx *pbx, const struct ticket_holder *holder,
			      struct slice number);
struct ticket *ticket_to_replace(struct pbx *pbx, const struct ticket_holder *holder,
				 const struct leg *replaced);

/*
 * What its number means to who gave it, by the present directory; *ret_is_denied as in
 * route_find_for().
 */
struct destination ticket_destination(const struct ticket *ticket, bool *ret_is_denied);

/* This leg has come by it: it is good for no other. */
void ticket_use(struct ticket *ticket, struct leg *leg);

/* NULL: this leg has come by none that is still there. */
struct ticket *ticket_of(const struct leg *leg);

/* Which transfer has sent it there; NULL: none, or it is over. */
const struct transfer *ticket_transfer(const struct leg *leg);

/* Its call says from now on who has sent it there, if somebody has. */
void ticket_name_referrer(struct leg *leg);

/* The leg talks, or has ended. A ticket by which it has come is over, and its transfer hears it. */
void ticket_on_talking(struct leg *leg);
void ticket_on_leg_end(const struct leg *leg);

/*
 * The transfer is over while the call that came by its ticket is not answered yet. What becomes of
 * that tells whoever was told by the transfer, and ends the consultation, if that is still needed.
 */
void ticket_part(const struct transfer *transfer);

/* One of the transfer's is still good, or has been used and its call not been answered yet. */
bool ticket_is_out(const struct transfer *transfer);

/* The transfer is over: none of its tickets that are still good is good any more. */
void ticket_void(const struct transfer *transfer);

void ticket_on_free(void *object);

#endif
