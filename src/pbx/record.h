/* SPDX-License-Identifier: MIT */
/*
 * Call records: one JSON object for each call when it has ended, of who called whom, which phones
 * rang and for how long, who answered, how the call was passed on, and how it ended. doc/records.md
 * names every field. A call collects as little as that takes; what memory is refused for is left
 * out, and the call goes on.
 */
#ifndef LAMPYRID_PBX_RECORD_H
#define LAMPYRID_PBX_RECORD_H

#include "pbx/forward.h"

struct call;
struct incoming;
struct leg;
struct pbx;
struct record_item;

enum record_cause {
	RECORD_UNKNOWN,
	RECORD_HANGUP,	    /* somebody hung up */
	RECORD_CANCELLED,   /* the caller gave up before an answer */
	RECORD_BUSY,	    /* talking, do-not-disturb, or refused by hand */
	RECORD_NO_ANSWER,   /* nobody answered in time */
	RECORD_UNAVAILABLE, /* no phone there, or none that can be reached */
	RECORD_REFUSED,	    /* a phone or a rule refused; the status says why */
	RECORD_LOST,	    /* a phone is gone without a word */
	RECORD_LIMIT,	    /* a limit of ours is reached, or memory */
	RECORD_FAILED,	    /* something of ours or between the phones went wrong */
	RECORD_SHUTDOWN,    /* the server ended before the call */
	RECORD_TRANSFERRED, /* one of the two went on in another call */
};

enum record_pickup { RECORD_BY_REPLACES, RECORD_BY_NUMBER, RECORD_BY_GROUP };

/* More history than this is counted only. */
#define RECORD_ITEMS_MAX 64

/* Of a call. Times are of the host's clock, 0: not yet. */
struct record {
	bool is_due; /* the call has begun: its end is told */
	uint64_t start_ms;
	uint64_t answer_ms;
	struct record_item *first; /* owned: legs that ended, pick-ups, forwards */
	uint16_t item_count;
	uint16_t lost_count; /* items that there was no room for */
	uint16_t leg_count;  /* so far: numbers the legs from 1 */
	uint16_t with;	     /* the leg that answered */
	uint16_t by;	     /* the leg that ended it */
	uint16_t status;     /* that the caller got in place of an answer */
	enum record_cause cause;
};

/* Of a leg. */
struct record_leg {
	uint16_t number;
	uint16_t status; /* final, of its INVITE; 0: as its state says */
	uint64_t start_ms;
	uint64_t ring_ms;
	uint64_t answer_ms;
};

void record_call_start(struct call *call);
void record_leg_start(struct leg *leg);

/* Its state has just changed; with LEG_ENDED its session is still there. */
void record_leg_state(struct leg *leg);

/*
 * From its call into another one: it is in the record of both. There it has the number of the
 * stand-in that it comes instead of.
 */
void record_leg_moves(struct leg *leg, struct call *to, const struct leg *seat);

/* It has a place there now; the other call ends by that. */
void record_transferred(const struct leg *leg, struct call *from);

void record_picked_up(struct call *call, struct slice by, struct slice from,
		      enum record_pickup how);
void record_forwarded(struct call *call, struct slice from, struct slice to, enum forward_when why);
void record_parked(struct call *call, struct slice by, struct slice orbit);
void record_fetched(struct call *call, struct slice by, struct slice orbit);
void record_returned(struct call *call, struct slice to, struct slice orbit);

/* Why it ends now, and by which leg (may be NULL). The first reason counts. */
void record_set_cause(struct call *call, enum record_cause cause, const struct leg *by);

/* Every leg has ended: tells the record. `status` is what the caller got, 0: nothing. */
void record_call_end(struct call *call, unsigned status);

/* A call that never began, of somebody who may call. */
void record_refused(struct pbx *pbx, const struct party *from, struct slice number, unsigned status,
		    enum record_cause cause);

/* Frees what was collected. */
void record_fini(struct record *record);

#endif
