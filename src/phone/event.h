/* SPDX-License-Identifier: MIT */
/*
 * What a phone tells its user, and how it is printed: a line of plain text for a person, or one
 * JSON object a line (RFC 8259) for a script.
 */
#ifndef LAMPYRID_PHONE_EVENT_H
#define LAMPYRID_PHONE_EVENT_H

#include "base/buf.h"

enum lamp { LAMP_OFF, LAMP_FLASH, LAMP_STEADY };

enum phone_event_kind {
	PHONE_REGISTERED,   /* expires_s */
	PHONE_UNREGISTERED, /* on demand: status 0; refused, or not reached: 408 or 503. `text`
			       says what to look at */
	PHONE_CALLING,	    /* call, remote: our INVITE is out */
	PHONE_RINGBACK,	    /* call, remote: it rings there */
	PHONE_RINGING,	    /* call, remote, display: somebody calls us */
	PHONE_ANSWERED,	    /* call, remote, display: by us or by the peer */
	PHONE_CONNECTED, /* call, remote, display: somebody else is there now, as the server says */
	PHONE_HELD,	 /* call, is_by_peer */
	PHONE_RESUMED,	 /* call, is_by_peer */
	PHONE_ENDED,	 /* call, remote, cause, status and reason when refused */
	PHONE_LAMP,	 /* key, entity, display, lamp, state, remote; text: beside calls */
	PHONE_CALLS,	 /* rows */
	PHONE_TRANSFER,	 /* call, to, is_by_peer; how far it is: status and reason, result */
	PHONE_DND,	 /* is_on */
	PHONE_HELP,	 /* text, of several lines */
	PHONE_ERROR,	 /* text */
};

/* Why a call ended. */
enum phone_cause {
	PHONE_CAUSE_LOCAL,     /* we hung up */
	PHONE_CAUSE_REMOTE,    /* the peer hung up */
	PHONE_CAUSE_CANCELLED, /* the caller gave up */
	PHONE_CAUSE_ELSEWHERE, /* answered by another phone (RFC 3326, cause 200) */
	PHONE_CAUSE_REPLACED,  /* another one came in the peer's place (RFC 3891) */
	PHONE_CAUSE_REFUSED,   /* status and reason say how */
	PHONE_CAUSE_LOST,      /* the peer is gone */
};

/* Of a transfer. */
enum phone_result {
	PHONE_RESULT_NONE, /* it goes on */
	PHONE_RESULT_DONE,
	PHONE_RESULT_FAILED,
	PHONE_RESULT_UNKNOWN, /* the call ended before we were told */
};

enum phone_direction { PHONE_DIRECTION_NONE, PHONE_DIRECTION_OUT, PHONE_DIRECTION_IN };

/* A row of the calls screen: one of our calls (call > 0), or one that a key watches. */
struct phone_row {
	unsigned call;			/* number, or 0 */
	unsigned key;			/* that watches it, or 0 */
	struct slice state;		/* of our call: "talking"; of a watched one: "early" */
	struct slice remote;		/* URI; of a watched call maybe empty, as is the next */
	struct slice display;		/* its name, plain text */
	struct slice local;		/* URI */
	enum phone_direction direction; /* out: the local one calls */
	bool is_held;	  /* our call, by the other side; a watched one, by the local one */
	uint64_t seconds; /* since it is there, as far as we know */
};

/* Slices and rows live during the handler. What the kind does not name is zero. */
struct phone_event {
	enum phone_event_kind kind;
	unsigned call;
	unsigned key;
	struct slice aor;
	struct slice entity;
	struct slice remote;  /* URI */
	struct slice display; /* its name, plain text */
	enum lamp lamp;
	struct slice state; /* of the dialog that decided on the lamp: "early" */
	enum phone_cause cause;
	struct slice to; /* URI: where the other end is sent, or we are by it */
	enum phone_result result;
	unsigned status;
	struct slice reason;
	struct slice text;
	bool is_by_peer;
	bool is_on;
	uint32_t expires_s;
	const struct phone_row *rows; /* [row_count] */
	size_t row_count;
};

struct slice lamp_name(enum lamp lamp);
struct slice phone_cause_name(enum phone_cause cause);

/* One line without its end. PHONE_CALLS may print several, with line feeds between them. */
void phone_event_print(struct buf *buf, const struct phone_event *event);

/* One JSON object without a line end. */
void phone_event_print_json(struct buf *buf, const struct phone_event *event);

/* Either with its line end; one that does not fit becomes an error event. */
void phone_event_print_line(struct buf *buf, const struct phone_event *event, bool is_json);

#endif
