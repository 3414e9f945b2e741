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
#include "pbx/transfer_kind.h"

struct call;
struct incoming;
struct leg;
struct pbx;
struct record_item;

enum record_cause {
	RECORD_UNKNOWN,
	RECORD_HANGUP,	    /* somebody hung up */
	RECORD_TRANSFERRED, /* a party of it talks on in another call */
	RECORD_CANCELLED,   /* the caller gave up before an answer */
	RECORD_BUSY,	    /* talking, do-not-disturb, or refused by hand */
	RECORD_NO_ANSWER,   /* nobody answered in time */
	RECORD_UNAVAILABLE, /* no phone there, or none that can be reached */
	RECORD_REFUSED,	    /* a phone or a rule refused; the status says why */
	RECORD_LOST,	    /* a phone is gone without a word */
	RECORD_LIMIT,	    /* a limit of ours is reached, or memory */
	RECORD_FAILED,	    /* something of ours or between the phones went wrong */
	RECORD_SHUTDOWN,    /* the server ended before the call */
};

enum record_pickup {
	RECORD_BY_REPLACES,
	RECORD_BY_NUMBER,
	RECORD_BY_GROUP,
	RECORD_BY_BARGE_IN, /* of a call that was answered already */
};

/* More history than this is counted only. */
#define RECORD_ITEMS_MAX 64

/* Of a call. Times are of the host's clock, 0: not yet. */
struct record {
	bool is_due; /* the call has begun: its end is told */
	uint64_t start_ms;
	uint64_t answer_ms;
	struct record_item *first; /* owned: legs that ended, pick-ups, forwards, transfers */
	uint16_t item_count;
	uint16_t lost_count; /* items that there was no room for */
	uint16_t leg_count;  /* so far: numbers the legs from 1 */
	uint16_t with;	     /* the leg that answered, or has its place */
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

/* Not a leg of its own: it keeps the place of a transferee, for whom the call is. */
void record_stand_in(struct leg *leg);

/* Its state has just changed; with LEG_ENDED its session is still there. */
void record_leg_state(struct leg *leg);

/*
 * From its call into another one, to the place that is free there; answered by that if it was not.
 * It is in the record of both, here under the number of the stand-in that it comes instead of.
 */
void record_leg_moves(struct leg *leg, struct call *to, const struct leg *seat);

void record_picked_up(struct call *call, struct slice by, struct slice from,
		      enum record_pickup how);
void record_forwarded(struct call *call, struct slice from, struct slice to, enum forward_when why);
void record_parked(struct call *call, struct slice by, struct slice orbit);
void record_fetched(struct call *call, struct slice by, struct slice orbit);
void record_returned(struct call *call, struct slice to, struct slice orbit);

/* How a transfer has ended; its numbers are copied. */
struct record_transfer {
	struct call *from; /* of transferor and transferee */
	struct call *to;   /* of the target; NULL: it did not come to that */
	struct slice by;   /* the transferor's number */
	struct slice of;   /* the transferee's */
	struct slice target;
	enum transfer_kind kind;
	unsigned status; /* 2xx: done; another one: why not */
};

/* In the record of both calls; of another one. */
void record_transferred(const struct record_transfer *transfer);
void record_transferred_in(struct call *call, const struct record_transfer *transfer);

/* Why it ends now, and by which leg (may be NULL). The first reason counts. */
void record_set_cause(struct call *call, enum record_cause cause, const struct leg *by);

/* Every leg has ended, or is about to: tells the record. `status` is what the caller got, 0:
 * nothing. */
void record_call_end(struct call *call, unsigned status);

/* A call that never began, of somebody who may call. */
void record_refused(struct pbx *pbx, const struct party *from, struct slice number, unsigned status,
		    enum record_cause cause);

/* Frees what was collected. */
void record_fini(struct record *record);

#endif
