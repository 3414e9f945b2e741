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

/* xorshift64*: repeatable, which is all that a test wants of its randomness. */
static uint64_t next_random(struct wires *wires)
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
		p[i] = (unsigned char)(next_random(node->wires) >> 32);
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
		struct packet *packet, uint64_t delay_ms)
{
	CHECK(wires->flight_count < WIRE_FLIGHTS_MAX);
	wires->flights[wires->flight_count++] = (struct wire_flight){
		.at_ms = wires->now_ms + delay_ms,
		.from = from,
		.to = to,
		.packet = packet_ref(packet),
	};
}

static void wires_send(struct wire_node *from, const struct addr *to_addr, struct packet *packet)
{
	struct wires *wires = from->wires;
	struct wire_node *to = find_node(wires, to_addr);
	enum wire_fault fault = WIRE_GOOD;

	record_line(wires, from, to, packet_bytes(packet));
	if (wires->is_counting && ++wires->sent_count == wires->fault_nth)
		fault = wires->fault;
	if (!to || fault == WIRE_LOSES)
		return;
	fly(wires, from, to, packet, fault == WIRE_DELAYS ? LATE_MS : WIRE_DELAY_MS);
	if (fault == WIRE_DOUBLES)
		fly(wires, from, to, packet, WIRE_DELAY_MS);
}

static int node_send(void *host, const struct flow *flow, struct packet *packet)
{
	wires_send(host, &flow->peer, packet);
	return 0;
}

static int node_route(void *host, struct flow *flow)
{
	struct wire_node *node = host;

	if (flow->transport != TRANSPORT_UDP || flow->peer.family != node->addr.family)
		return ERR_NOTFOUND;
	flow->local = node->addr;
	return 0;
}

static void node_means(void *host, unsigned *ret_transports, unsigned *ret_families)
{
	(void)host;
	*ret_transports = 1u << TRANSPORT_UDP;
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
	struct wires *wires = calloc(1, sizeof(*wires));

	CHECK(wires);
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

void wires_send_raw(struct wire_node *from, struct wire_node *to, struct slice bytes)
{
	struct packet *packet = packet_new(bytes);

	CHECK(packet);
	wires_send(from, &to->addr, packet);
	packet_unref(packet);
}

/* --- The clock ---------------------------------------------------------------------------- */

static void deliver(struct wires *wires, size_t index)
{
	struct wire_flight flight = wires->flights[index];
	struct flow flow = wires_flow(flight.to, flight.from);
	/* A copy that ends where its memory ends: reading on is seen by the sanitizer. */
	struct slice bytes = packet_bytes(flight.packet);
	char *copy = malloc(bytes.n ? bytes.n : 1);

	memmove(&wires->flights[index], &wires->flights[index + 1],
		(--wires->flight_count - index) * sizeof(wires->flights[0]));
	CHECK(copy);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	packet_unref(flight.packet);
	timers_set_now(&flight.to->timers, wires->now_ms);
	flight.to->on_message(flight.to->owner, &flow, slice_of(copy, bytes.n));
	flight.to->on_turn_end(flight.to->owner);
	free(copy);
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
