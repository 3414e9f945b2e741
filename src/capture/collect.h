/* SPDX-License-Identifier: MIT */
/*
 * From traces to a ladder: collects the messages of several captures, learns who stands at which
 * address, and fills a ladder with all of them or with some calls only. What cannot be read is
 * reported with its line and left out.
 */
#ifndef LAMPYRID_CAPTURE_COLLECT_H
#define LAMPYRID_CAPTURE_COLLECT_H

#include "capture/text_trace.h"
#include "ladder/endpoints.h"
#include "ladder/ladder.h"

#define COLLECT_ARENA_BYTES 16384
#define COLLECT_CALLS_MAX 64 /* that are drawn together, where not all are */

struct collected {
	struct slice bytes; /* in the capture's text, or `mended` */
	char *mended;	    /* owned; NULL when the message was whole */
	struct slice call_id;
	struct slice
		replaces;    /* owned: the Call-ID that its Replaces or Refer-To names; or empty */
	struct slice beside; /* owned: the one that its Target-Dialog names; or empty */
	uint64_t at_ms;
	struct addr from;
	struct addr to;
	uint8_t transport;
	unsigned source;
};

/* Where faults go: constant text; `line` is of the capture being added. */
struct collect_faults {
	void *ctx;
	void (*fault)(void *ctx, unsigned line, const char *reason);
};

struct collector {
	struct collected *messages; /* [count] */
	size_t count;
	size_t cap;
	unsigned source_count;
	struct endpoints endpoints;
	uint64_t secret[2];
	char *mending; /* scratch, from the first damaged message on */
	_Alignas(16) char arena_block[COLLECT_ARENA_BYTES]; /* for the message being read */
};

/* The secret keys all tables. */
void collector_init(struct collector *collector, const uint64_t secret[2]);
void collector_fini(struct collector *collector);

/*
 * Adds one text trace, which must outlive the collector. ERR_LIMIT over LADDER_RECORDS_MAX messages
 * (those before are kept), ERR_NOMEM.
 */
int collector_add_text(struct collector *collector, struct slice text,
		       const struct collect_faults *faults);

/*
 * Fills a ladder, once, after everything was added: all messages, or those whose Call-ID is among
 * `call_ids`, and of the calls that they are joined with by Replaces (RFC 3891), Refer-To (RFC 5589
 * 7) and Target-Dialog (RFC 4538), COLLECT_CALLS_MAX in all. Sorted by time. ERR_NOMEM.
 */
int collector_fill_ladder(struct collector *collector, const struct slice *call_ids,
			  size_t call_id_count, struct ladder *ladder);

#endif
