/* SPDX-License-Identifier: MIT */
/*
 * Virtual wires: nodes with addresses, a clock that only a test moves, and messages that travel
 * between them in no real time. A wire can lose, double or delay one message, and every message
 * is remembered as a line of the ladder. Connections keep their order and lose nothing; a fault
 * that would lose a message of theirs breaks them in its place. Nothing here uses base/mem.h but
 * the packets themselves, so that refused memory hits the program, never the test.
 */
#ifndef LAMPYRID_TESTS_WIRE_H
#define LAMPYRID_TESTS_WIRE_H

#include "base/env.h"
#include "base/timer.h"
#include "sip/msg.h"

#define WIRE_NODES_MAX 8
#define WIRE_FLIGHTS_MAX 1024
#define WIRE_LINES_MAX 4096
#define WIRE_LINE_BYTES 120
#define WIRE_CONNS_MAX 256
#define WIRE_DELAY_MS 1
#define WIRE_WALL_MS 1778751062118 /* 2026-05-14T09:31:02.118Z, when a world begins */
#define WIRE_RECORDS_MAX 16
#define WIRE_MEDIA_BYTES 1024
#define WIRE_RECORD_BYTES 4096

enum wire_fault { WIRE_GOOD, WIRE_LOSES, WIRE_DOUBLES, WIRE_DELAYS };

struct zone;

/* What comes of a connection to a node. */
enum wire_tcp {
	WIRE_TCP_REFUSED, /* nobody listens */
	WIRE_TCP_TAKEN,
	WIRE_TCP_IGNORED, /* something on the way drops it in silence */
};

struct wire_node {
	struct wires *wires;
	const char *name;
	struct addr addr;
	struct env env;
	struct timers timers;
	enum wire_tcp tcp;
	bool is_unplugged;	      /* what it sends and is sent gets lost */
	char media[WIRE_MEDIA_BYTES]; /* [media_n] the last session description that came */
	size_t media_n;
	void *owner;
	void (*on_message)(void *owner, const struct flow *flow, struct slice bytes);
	void (*on_turn_end)(void *owner);
	/* May be NULL. */
	void (*on_connection_lost)(void *owner, const struct flow *lost);
};

/* A connection; both ends know it by the same handle. */
struct wire_conn {
	struct wire_node *ends[2]; /* who opened it, and to whom (NULL: there is nobody) */
	struct addr addrs[2];	   /* as the other end sees them */
	uint8_t transport;
	bool is_open;
	bool is_ignored;     /* nothing arrives */
	uint64_t last_ms[2]; /* when the last one sent by this end arrives */
};

struct wire_flight {
	uint64_t at_ms;
	struct wire_node *from;
	struct wire_node *to;
	struct packet *packet; /* NULL: the news that the connection is gone */
	size_t conn;	       /* from 1; 0: a datagram */
};

struct wires {
	uint64_t now_ms;
	uint64_t random_state;
	struct wire_node nodes[WIRE_NODES_MAX];
	size_t node_count;
	struct wire_flight flights[WIRE_FLIGHTS_MAX]; /* [flight_count], in order of sending */
	size_t flight_count;
	struct wire_conn conns[WIRE_CONNS_MAX]; /* [conn_count] */
	size_t conn_count;
	enum wire_fault fault; /* what happens to the message number fault_nth */
	uint64_t fault_nth;    /* from 1; 0: none */
	uint64_t sent_count;   /* messages since wires_mark_start() */
	bool is_counting;
	struct zone *zone; /* what the DNS knows; NULL: it answers nothing */
	bool is_unwritten; /* nobody reads the lines: none are written, which costs the most */
	size_t line_count;
	size_t record_count;
	/* From here on nothing is cleared, since a fuzzed switch has new wires for each input. */
	char lines[WIRE_LINES_MAX][WIRE_LINE_BYTES]; /* [line_count] "carol -> switch INVITE" */
	char records[WIRE_RECORDS_MAX][WIRE_RECORD_BYTES]; /* [record_count] texts; the last ones */
};

struct wires *wires_new(uint64_t seed);
void wires_free(struct wires *wires);

/* A node at 192.0.2.x:5060. The caller fills owner and handlers before anything is sent. */
struct wire_node *wires_add(struct wires *wires, const char *name);

/* From now on messages are counted, and the fault strikes. */
void wires_mark_start(struct wires *wires);

/* Moves the clock, delivering what is on the way and running what is due, in order. */
void wires_advance_ms(struct wires *wires, uint64_t ms);

/* The flow from one node to another, as the first would send it. */
struct flow wires_flow(const struct wire_node *from, const struct wire_node *to);

/* The same by TCP, on a connection that is there or will be opened. */
struct flow wires_stream_flow(const struct wire_node *from, const struct wire_node *to);

/* Every connection of this node breaks: what is on its way in them is lost, and both ends hear. */
void wires_cut(struct wire_node *node);

/* Sends bytes that no stack made. */
void wires_send_raw(struct wire_node *from, struct wire_node *to, struct slice bytes);

/* All lines to standard error, as TAP comments. */
void wires_print(const struct wires *wires);

/* The next number of the run's own chance. */
uint64_t wires_random(struct wires *wires);

#endif
