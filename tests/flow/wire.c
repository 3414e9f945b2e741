/* SPDX-License-Identifier: MIT */
/*
 * Virtual wires and their clock.
 */
#include "wire.h"

#include "zone.h"

#include "base/check.h"
#include "base/err.h"
#include "ladder/record.h"

#include <stdio.h>
#include <stdlib.h>

#define START_MS 1000000
#define LATE_MS 700
#define PORT 5060
#define FIRST_PORT 40000 /* of those who open connections */
#define CONNECT_MS 10000 /* until somebody gives up who tries to connect */

/* xorshift64*: repeatable, which is all that a test wants of its randomness. */
uint64_t wires_random(struct wires *wires)
{
	uint64_t x = wires->random_state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	wires->random_state = x;
	return x * 0x2545f4914f6cdd1d;
}

static void node_random(void *host, void *ret_bytes, size_t n)
{
	struct wire_node *node = host;
	unsigned char *p = ret_bytes;

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(wires_random(node->wires) >> 32);
}

static struct wire_node *find_node(struct wires *wires, const struct addr *addr)
{
	for (size_t i = 0; i < wires->node_count; i++)
		if (addr_eq(&wires->nodes[i].addr, addr))
			return &wires->nodes[i];
	return NULL;
}

static void record_line(struct wires *wires, const struct wire_node *from,
			const struct wire_node *to, struct slice bytes)
{
	_Alignas(max_align_t) static char block[65536];
	char text[LADDER_SUMMARY_MAX_BYTES];
	struct buf summary = BUF_ON(text);
	struct arena arena;
	struct sip_msg msg;
	struct sip_fault fault;

	if (wires->is_unwritten)
		return;
	arena_init(&arena, block, sizeof(block));
	if (sip_msg_parse(bytes, &arena, &msg, &fault))
		buf_lit(&summary, "(malformed)");
	else
		ladder_summarize_terse(&msg, &summary);
	CHECK(wires->line_count < WIRE_LINES_MAX);
	snprintf(wires->lines[wires->line_count++], WIRE_LINE_BYTES, "%s -> %s %.*s", from->name,
		 to ? to->name : "nowhere", SLICE_ARGS(buf_text(&summary)));
}

static void fly(struct wires *wires, struct wire_node *from, struct wire_node *to,
		struct packet *packet, uint64_t at_ms, size_t conn)
{
	CHECK(wires->flight_count < WIRE_FLIGHTS_MAX);
	wires->flights[wires->flight_count++] = (struct wire_flight){
		.at_ms = at_ms,
		.from = from,
		.to = to,
		.packet = packet ? packet_ref(packet) : NULL,
		.conn = conn,
	};
}

static enum wire_fault next_fault(struct wires *wires)
{
	return wires->is_counting && ++wires->sent_count == wires->fault_nth ? wires->fault
									     : WIRE_GOOD;
}

static void wires_send(struct wire_node *from, const struct addr *to_addr, struct packet *packet)
{
	struct wires *wires = from->wires;
	struct wire_node *to = find_node(wires, to_addr);
	uint64_t soon_ms = wires->now_ms + WIRE_DELAY_MS;
	enum wire_fault fault;

	record_line(wires, from, to, packet_bytes(packet));
	/* What is lost anyway is no message to try a fault on. */
	if (!to || from->is_unplugged || to->is_unplugged)
		return;
	fault = next_fault(wires);
	if (fault == WIRE_LOSES)
		return;
	fly(wires, from, to, packet, fault == WIRE_DELAYS ? wires->now_ms + LATE_MS : soon_ms, 0);
	if (fault == WIRE_DOUBLES)
		fly(wires, from, to, packet, soon_ms, 0);
}

/* --- Connections -------------------------------------------------------------------------- */

static struct handle conn_handle(const struct wires *wires, const struct wire_conn *conn)
{
	return (struct handle){ .slot = (uint32_t)(conn - wires->conns), .serial = 1 };
}

static size_t end_of(const struct wire_conn *conn, const struct wire_node *node)
{
	return conn->ends[0] == node ? 0 : 1;
}

static void drop_flights(struct wires *wires, size_t conn)
{
	size_t kept = 0;

	for (size_t i = 0; i < wires->flight_count; i++) {
		if (wires->flights[i].conn == conn)
			packet_unref(wires->flights[i].packet);
		else
			wires->flights[kept++] = wires->flights[i];
	}
	wires->flight_count = kept;
}

static void conn_break(struct wires *wires, struct wire_conn *conn)
{
	size_t number = (size_t)(conn - wires->conns) + 1;

	if (!conn->is_open)
		return;
	conn->is_open = false;
	drop_flights(wires, number);
	for (size_t i = 0; i < 2; i++)
		if (conn->ends[i])
			fly(wires, conn->ends[1 - i], conn->ends[i], NULL,
			    wires->now_ms + WIRE_DELAY_MS, number);
}

void wires_cut(struct wire_node *node)
{
	struct wires *wires = node->wires;

	for (size_t i = 0; i < wires->conn_count; i++)
		if (wires->conns[i].ends[0] == node || wires->conns[i].ends[1] == node)
			conn_break(wires, &wires->conns[i]);
}

static struct wire_conn *conn_open(struct wire_node *from, const struct flow *flow)
{
	struct wires *wires = from->wires;
	struct wire_conn *conn = &wires->conns[wires->conn_count];

	CHECK(wires->conn_count < WIRE_CONNS_MAX);
	*conn = (struct wire_conn){ .ends = { from, find_node(wires, &flow->peer) },
				    .addrs = { from->addr, flow->peer },
				    .transport = flow->transport,
				    .is_open = true };
	conn->addrs[0].port = (uint16_t)(FIRST_PORT + wires->conn_count++);
	if (!conn->ends[1] || conn->ends[1]->tcp == WIRE_TCP_REFUSED) {
		conn->ends[1] = NULL;
		conn_break(wires, conn);
		return conn;
	}
	conn->is_ignored = conn->ends[1]->tcp == WIRE_TCP_IGNORED || from->is_unplugged ||
			   conn->ends[1]->is_unplugged;
	if (conn->is_ignored)
		fly(wires, conn->ends[1], from, NULL, wires->now_ms + CONNECT_MS,
		    wires->conn_count);
	return conn;
}

static struct wire_conn *conn_find(struct wire_node *from, const struct flow *flow)
{
	struct wires *wires = from->wires;

	if (flow->conn.serial > 0) {
		CHECK(flow->conn.slot < wires->conn_count);
		return &wires->conns[flow->conn.slot];
	}
	for (size_t i = 0; i < wires->conn_count; i++) {
		struct wire_conn *conn = &wires->conns[i];

		if (conn->is_open && conn->transport == flow->transport &&
		    (conn->ends[0] == from || conn->ends[1] == from) &&
		    addr_eq(&conn->addrs[1 - end_of(conn, from)], &flow->peer))
			return conn;
	}
	return NULL;
}

static int stream_send(struct wire_node *from, const struct flow *flow, struct packet *packet)
{
	struct wires *wires = from->wires;
	struct wire_conn *conn = conn_find(from, flow);
	enum wire_fault fault;
	uint64_t at_ms = wires->now_ms + WIRE_DELAY_MS;
	size_t end;

	if (!conn)
		conn = conn_open(from, flow);
	else if (!conn->is_open)
		return -1;
	end = end_of(conn, from);
	record_line(wires, from, conn->ends[1 - end], packet_bytes(packet));
	fault = next_fault(wires);
	if (fault == WIRE_LOSES)
		conn_break(wires, conn);
	if (!conn->is_open || conn->is_ignored)
		return 0;
	if (fault == WIRE_DELAYS)
		at_ms = wires->now_ms + LATE_MS;
	if (at_ms < conn->last_ms[end])
		at_ms = conn->last_ms[end];
	conn->last_ms[end] = at_ms;
	fly(wires, from, conn->ends[1 - end], packet, at_ms, (size_t)(conn - wires->conns) + 1);
	return 0;
}

/* --- What struct env offers --------------------------------------------------------------- */

static int node_send(void *host, const struct flow *flow, struct packet *packet)
{
	if (transport_is_reliable(flow->transport))
		return stream_send(host, flow, packet) ? ERR_IO : 0;
	wires_send(host, &flow->peer, packet);
	return 0;
}

static int node_route(void *host, struct flow *flow)
{
	const struct wire_node *node = host;

	if (flow->peer.family != node->addr.family ||
	    (transport_is_reliable(flow->transport) && node->tcp != WIRE_TCP_TAKEN))
		return ERR_NOTFOUND;
	flow->local = node->addr;
	flow->listener = flow->transport;
	return 0;
}

static void node_means(void *host, unsigned *ret_transports, unsigned *ret_families)
{
	const struct wire_node *node = host;

	*ret_transports = 1u << TRANSPORT_UDP;
	if (node->tcp == WIRE_TCP_TAKEN)
		*ret_transports |= 1u << TRANSPORT_TCP;
	*ret_families = 1u << ADDR_IPV4;
}

static int node_resolve(void *host, const struct dns_question *question)
{
	struct wire_node *node = host;

	return node->wires->zone ? zone_ask(node->wires->zone, &node->timers, question) : ERR_IO;
}

static void node_trace(void *host, struct slice line)
{
	struct wire_node *node = host;

	if (getenv("FLOW_TRACE"))
		fprintf(stderr, "# %llu %s: %.*s\n", (unsigned long long)node->wires->now_ms,
			node->name, SLICE_ARGS(line));
}

static void node_record(void *host, struct slice line)
{
	struct wire_node *node = host;
	struct wires *wires = node->wires;

	CHECK(line.n < WIRE_RECORD_BYTES);
	if (wires->record_count == WIRE_RECORDS_MAX)
		wires->record_count = 0;
	snprintf(wires->records[wires->record_count++], WIRE_RECORD_BYTES, "%.*s",
		 SLICE_ARGS(line));
}

static uint64_t node_wall_ms(void *host)
{
	struct wire_node *node = host;

	return WIRE_WALL_MS + node->wires->now_ms - START_MS;
}

struct wires *wires_new(uint64_t seed)
{
	struct wires *wires = malloc(sizeof(*wires));

	CHECK(wires);
	memset(wires, 0, offsetof(struct wires, lines));
	wires->now_ms = START_MS;
	wires->random_state = seed * 0x9e3779b97f4a7c15 + 1;
	return wires;
}

void wires_free(struct wires *wires)
{
	for (size_t i = 0; i < wires->flight_count; i++)
		packet_unref(wires->flights[i].packet);
	zone_free(wires->zone);
	free(wires);
}

struct wire_node *wires_add(struct wires *wires, const char *name)
{
	struct wire_node *node;

	CHECK(wires->node_count < WIRE_NODES_MAX);
	node = &wires->nodes[wires->node_count++];
	node->wires = wires;
	node->name = name;
	node->addr = (struct addr){ .ip = { 192, 0, 2, (uint8_t)wires->node_count },
				    .port = PORT,
				    .family = ADDR_IPV4 };
	node->env = (struct env){
		.host = node,
		.random = node_random,
		.send = node_send,
		.route = node_route,
		.means = node_means,
		.resolve = node_resolve,
		.record = node_record,
		.wall_ms = node_wall_ms,
		.trace = node_trace,
	};
	timers_init(&node->timers, wires->now_ms);
	return node;
}

void wires_mark_start(struct wires *wires)
{
	wires->is_counting = true;
	wires->sent_count = 0;
}

struct flow wires_flow(const struct wire_node *from, const struct wire_node *to)
{
	return (struct flow){ .local = from->addr, .peer = to->addr, .transport = TRANSPORT_UDP };
}

struct flow wires_stream_flow(const struct wire_node *from, const struct wire_node *to)
{
	return (struct flow){ .local = from->addr,
			      .peer = to->addr,
			      .transport = TRANSPORT_TCP,
			      .listener = TRANSPORT_TCP };
}

void wires_send_raw(struct wire_node *from, struct wire_node *to, struct slice bytes)
{
	struct packet *packet = packet_new(bytes);

	/* Memory is refused once, and that is the switch's affair, not a raw peer's. */
	if (!packet)
		packet = packet_new(bytes);
	CHECK(packet);
	wires_send(from, &to->addr, packet);
	packet_unref(packet);
}

/* --- The clock ---------------------------------------------------------------------------- */

/* As the receiver sees it. */
static struct flow flow_of(const struct wires *wires, const struct wire_flight *flight)
{
	const struct wire_conn *conn;

	if (flight->conn == 0)
		return wires_flow(flight->to, flight->from);
	conn = &wires->conns[flight->conn - 1];
	return (struct flow){ .local = flight->to->addr,
			      .peer = conn->addrs[1 - end_of(conn, flight->to)],
			      .conn = conn_handle(wires, conn),
			      .transport = conn->transport,
			      .listener = conn->transport };
}

/* A copy that ends where its memory ends: reading on is seen by the sanitizer. */
static void note_media(struct wire_node *node, struct slice bytes)
{
	const char *sdp = memmem(bytes.p, bytes.n, "\r\n\r\nv=0\r\n", 9);
	struct slice body =
		sdp ? slice_of(sdp + 4, (size_t)(bytes.p + bytes.n - sdp) - 4) : SLICE_NONE;

	if (body.n == 0 || body.n > sizeof(node->media))
		return;
	memcpy(node->media, body.p, body.n);
	node->media_n = body.n;
}

static void deliver_message(const struct wire_flight *flight, const struct flow *flow)
{
	struct slice bytes = packet_bytes(flight->packet);
	char *copy = malloc(bytes.n ? bytes.n : 1);

	CHECK(copy);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	packet_unref(flight->packet);
	note_media(flight->to, slice_of(copy, bytes.n));
	flight->to->on_message(flight->to->owner, flow, slice_of(copy, bytes.n));
	free(copy);
}

static void deliver(struct wires *wires, size_t index)
{
	struct wire_flight flight = wires->flights[index];
	struct flow flow = flow_of(wires, &flight);

	memmove(&wires->flights[index], &wires->flights[index + 1],
		(--wires->flight_count - index) * sizeof(wires->flights[0]));
	timers_set_now(&flight.to->timers, wires->now_ms);
	if (!flight.packet)
		wires->conns[flight.conn - 1].is_open = false;
	if (flight.packet)
		deliver_message(&flight, &flow);
	else if (flight.to->on_connection_lost)
		flight.to->on_connection_lost(flight.to->owner, &flow);
	flight.to->on_turn_end(flight.to->owner);
}

/* The earliest flight, or SIZE_MAX; among equals the first one sent. */
static size_t next_flight(const struct wires *wires)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < wires->flight_count; i++)
		if (best == SIZE_MAX || wires->flights[i].at_ms < wires->flights[best].at_ms)
			best = i;
	return best;
}

static struct wire_node *next_node(struct wires *wires, uint64_t *ret_at_ms)
{
	struct wire_node *best = NULL;

	*ret_at_ms = TIMER_NEVER;
	for (size_t i = 0; i < wires->node_count; i++) {
		uint64_t at_ms = timers_next_ms(&wires->nodes[i].timers);

		if (at_ms < *ret_at_ms) {
			*ret_at_ms = at_ms;
			best = &wires->nodes[i];
		}
	}
	return best;
}

void wires_advance_ms(struct wires *wires, uint64_t ms)
{
	uint64_t until_ms = wires->now_ms + ms;

	for (;;) {
		uint64_t timer_ms;
		struct wire_node *node = next_node(wires, &timer_ms);
		size_t flight = next_flight(wires);
		bool is_flight = flight != SIZE_MAX && wires->flights[flight].at_ms <= timer_ms;
		uint64_t next_ms = is_flight ? wires->flights[flight].at_ms : timer_ms;

		if (next_ms > until_ms)
			break;
		if (next_ms > wires->now_ms)
			wires->now_ms = next_ms;
		if (is_flight) {
			deliver(wires, flight);
			continue;
		}
		timers_run(&node->timers, wires->now_ms);
		node->on_turn_end(node->owner);
	}
	wires->now_ms = until_ms;
	for (size_t i = 0; i < wires->node_count; i++)
		timers_set_now(&wires->nodes[i].timers, until_ms);
}

void wires_print(const struct wires *wires)
{
	for (size_t i = 0; i < wires->line_count; i++)
		fprintf(stderr, "# %3zu  %s\n", i, wires->lines[i]);
}
