/* SPDX-License-Identifier: MIT */
/*
 * The world of a flow test: who is in it, and its steps.
 */
#include "world.h"

#include "run.h"
#include "texts.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP_MS 100	   /* time for messages on good wires */
#define FAULT_STEP_MS 5000 /* and for retransmissions on bad ones */
#define RAWS_MAX 4

static struct raw *raws[RAWS_MAX];
static size_t raw_total;

/* --- Making it ---------------------------------------------------------------------------- */

static void on_event(void *user, const struct phone_event *event)
{
	struct world_phone *p = user;

	if (event->kind == PHONE_ENDED) {
		p->last_cause = event->cause;
		p->last_status = event->status;
	}
	if (event->kind == PHONE_TRANSFER && !event->is_by_peer) {
		p->last_result = event->result;
		p->last_transfer_status = event->status;
	}
	if (event->kind == PHONE_RINGING)
		p->rings++;
	if (event->kind == PHONE_ERROR)
		snprintf(p->last_error, sizeof(p->last_error), "%.*s", SLICE_ARGS(event->text));
}

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	struct world_phone *p = owner;

	phone_on_message(&p->phone, flow, bytes);
}

static void on_turn_end(void *owner)
{
	struct world_phone *p = owner;

	phone_on_turn_end(&p->phone);
}

static void on_connection_lost(void *owner, const struct flow *lost)
{
	struct world_phone *p = owner;

	phone_on_connection_lost(&p->phone, lost);
}

static void add_phone(struct world *w, struct office *office, const char *name, const char *number)
{
	struct world_phone *p = &w->phones[w->phone_count++];

	CHECK(w->phone_count <= WORLD_PHONES_MAX);
	p->name = name;
	p->office = office;
	snprintf(p->number, sizeof(p->number), "%s", number);
	snprintf(p->aor, sizeof(p->aor), "sip:%s@%.*s", number,
		 SLICE_ARGS(office->directory->domain));
	office_add(office, p->number, name);
	p->node = wires_add(w->wires, name);
	p->node->owner = p;
	p->node->on_message = on_message;
	p->node->on_turn_end = on_turn_end;
	p->node->on_connection_lost = on_connection_lost;
}

struct world *world_new_list(const char *const *names)
{
	struct world *w = calloc(1, sizeof(*w));

	CHECK(w);
	run_begin(w);
	w->is_faulty = run_is_faulty();
	w->wires = wires_new(run_seed());
	w->wires->fault = run_fault(&w->wires->fault_nth);
	office_init(&w->office, w->wires);
	for (; *names; names++) {
		char number[8];

		snprintf(number, sizeof(number), "%zu", 201 + w->phone_count);
		add_phone(w, &w->office, *names, number);
	}
	return w;
}

struct world *world_new_direct_list(const char *const *names)
{
	struct world *w = world_new_list(names);

	w->has_cable = true;
	cable_init(&w->cable, w->wires);
	for (size_t i = 0; i < w->phone_count; i++)
		cable_add(&w->cable, w->phones[i].number, w->phones[i].node);
	return w;
}

struct office *world_far(struct world *w, const char *name, const char *domain)
{
	CHECK(!w->has_far);
	w->has_far = true;
	office_init_as(&w->far, w->wires, name, domain);
	return &w->far;
}

void world_far_phone(struct world *w, const char *name, const char *number)
{
	CHECK(w->has_far);
	add_phone(w, &w->far, name, number);
}

struct extension *world_extension(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->phone_count; i++)
		if (strcmp(w->phones[i].name, name) == 0)
			return (struct extension *)directory_find(
				w->office.directory, slice_from_cstr(w->phones[i].number));
	CHECK(false);
	return NULL;
}

struct group *world_group(struct world *w)
{
	return (struct group *)directory_find_group(w->office.directory, SLICE(OFFICE_GROUP));
}

struct raw *world_raw(struct world *w, const char *name)
{
	CHECK(raw_total < RAWS_MAX);
	raws[raw_total] = raw_new(w->wires, name, w->office.node);
	return raws[raw_total++];
}

void registers(struct world *w, struct raw *raw, const char *number)
{
	char ip[ADDR_TEXT_MAX], text[1024];
	struct buf buf = BUF_ON(ip);

	addr_print_ip(&buf, &raw->node->addr);
	snprintf(text, sizeof(text),
		 "REGISTER sip:" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:%s@" OFFICE_DOMAIN ">;tag=treg\nTo: <sip:%s@" OFFICE_DOMAIN ">\n"
		 "Call-ID: reg\nCSeq: {cseq} REGISTER\n{auth}\n"
		 "Contact: <sip:%s@%.*s:5060>\n" TEXT_END,
		 number, number, number, SLICE_ARGS(buf_text(&buf)));
	expect(w, raw_ask_as(raw, number, OFFICE_PASSWORD, text) == 200);
}

struct world_phone *world_phone(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->phone_count; i++)
		if (strcmp(w->phones[i].name, name) == 0)
			return &w->phones[i];
	CHECK(false);
	return NULL;
}

struct neighbour *world_publisher(struct world *w, const char *name, const char *number)
{
	char uri[ADDR_TEXT_MAX + 8];
	struct buf buf = BUF_ON(uri);

	w->neighbour = neighbour_new_publisher(w->wires, name, w->office.node, number);
	buf_lit(&buf, "sip:");
	addr_print(&buf, &w->neighbour->node->addr);
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE_INIT("beside"),
						 .uri = buf_text(&buf),
						 .may_publish = true },
			 NULL);
	return w->neighbour;
}

struct neighbour *world_telling_phone(struct world *w, const char *name, const char *number)
{
	w->neighbour = neighbour_new_phone(w->wires, name, w->office.node, number, OFFICE_PASSWORD);
	advance_ms(w, 10 * STEP_MS);
	return w->neighbour;
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < w->phone_count; i++)
		if (w->phones[i].is_started)
			phone_fini(&w->phones[i].phone);
	if (w->neighbour)
		neighbour_free(w->neighbour);
	office_fini(&w->office);
	if (w->has_far)
		office_fini(&w->far);
	while (raw_total > 0)
		raw_free(raws[--raw_total]);
	wires_free(w->wires);
	free(w);
}

/* --- Time --------------------------------------------------------------------------------- */

void advance_ms(struct world *w, uint64_t ms)
{
	wires_advance_ms(w->wires, ms);
}

static void step(struct world *w)
{
	advance_ms(w, w->is_faulty ? FAULT_STEP_MS : STEP_MS);
}

static struct flow flow_to_server(const struct world *w, const struct world_phone *p)
{
	struct flow flow = wires_flow(p->node, w->has_cable ? w->cable.node : p->office->node);

	if (p->transport != TRANSPORT_UDP)
		flow = wires_stream_flow(p->node, p->office->node);
	flow.transport = p->transport;
	flow.listener = p->transport;
	if (p->is_behind_nat)
		flow.local.ip[0] = 10;
	return flow;
}

/* A name, or the number of what is no phone of the world. */
static const char *number_of(struct world *w, const char *watched)
{
	return watched[0] <= '9' ? watched : world_phone(w, watched)->number;
}

static void start_phone(struct world *w, struct world_phone *p)
{
	struct phone_key_config keys[PHONE_KEYS_MAX];
	struct phone_config config = {
		.aor = slice_from_cstr(p->aor),
		.display_name = slice_from_cstr(p->name),
		.password = SLICE(OFFICE_PASSWORD),
		.server = flow_to_server(w, p),
		.is_unregistered = w->has_cable,
		.keys = keys,
		.key_count = p->key_count,
		.profile = p->profile,
		.pickup_code = p->pickup_code,
	};

	for (size_t i = 0; i < p->key_count; i++)
		keys[i] = (struct phone_key_config){
			.number = (unsigned)i + 1,
			.kind = p->is_park[i] ? PHONE_KEY_PARK : PHONE_KEY_BLF,
			.target = slice_from_cstr(number_of(w, p->watched[i])),
			.is_unsubscribed = p->is_unasked[i],
		};
	if (p->list)
		keys[config.key_count++] =
			(struct phone_key_config){ .number = (unsigned)p->key_count + 1,
						   .kind = PHONE_KEY_LIST,
						   .target = slice_from_cstr(p->list) };
	CHECK(phone_init(&p->phone, &p->node->env, &p->node->timers, &config, on_event, p) == 0);
	p->is_started = true;
	phone_start(&p->phone);
}

/*
 * Phones start with the first step, when all their keys are known. Faults strike only afterwards:
 * what a flow is about is not its phones' starting up.
 */
static void start_all(struct world *w)
{
	bool is_new = false;

	for (size_t i = 0; i < w->phone_count; i++) {
		if (w->phones[i].is_started)
			continue;
		start_phone(w, &w->phones[i]);
		is_new = true;
	}
	if (!is_new)
		return;
	CHECK(directory_link(w->office.directory) == 0);
	pbx_start(&w->office.pbx);
	if (w->has_far)
		pbx_start(&w->far.pbx);
	advance_ms(w, 10 * STEP_MS);
	for (size_t i = 0; i < w->phone_count; i++)
		CHECK(w->has_cable || phone_is_registered(&w->phones[i].phone));
	w->mark = w->wires->line_count;
	wires_mark_start(w->wires);
	run_start_faults();
}

void world_start(struct world *w)
{
	start_all(w);
}

/* --- Steps -------------------------------------------------------------------------------- */

void watch(struct world *w, const char *watcher, const char *watched)
{
	struct world_phone *p = world_phone(w, watcher);

	CHECK(!p->is_started && p->key_count < PHONE_KEYS_MAX);
	p->watched[p->key_count++] = watched;
}

void park_key(struct world *w, const char *name, const char *orbit)
{
	struct world_phone *p = world_phone(w, name);

	p->is_park[p->key_count] = true;
	watch(w, name, orbit);
}

void wait_for(struct world *w, const char *watcher, const char *watched)
{
	struct world_phone *p = world_phone(w, watcher);

	p->is_unasked[p->key_count] = true;
	watch(w, watcher, watched);
}

void watch_unasked(struct world *w, const char *watcher, const char *watched)
{
	struct world_phone *p = world_phone(w, watcher), *told = world_phone(w, watched);

	if (!p->profile)
		behave_like(w, watcher, "snom", "");
	wait_for(w, watcher, watched);
	told->told[told->told_count++] = slice_from_cstr(p->number);
	world_extension(w, watched)->notify = (struct number_list){ told->told, told->told_count };
}

void watch_list(struct world *w, const char *watcher, const char *list)
{
	struct world_phone *p = world_phone(w, watcher);

	CHECK(!p->is_started && !p->list);
	p->list = list;
}

void behave_like(struct world *w, const char *name, const char *make, const char *code)
{
	struct world_phone *p = world_phone(w, name);

	CHECK(!p->is_started);
	p->profile = phone_profile_find(slice_from_cstr(make));
	CHECK(p->profile);
	p->pickup_code = slice_from_cstr(code);
}

/* A step's own error matters only on good wires: there it has to work. */
void world_step(struct world *w, struct world_phone *p, int err)
{
	if (err && !w->is_faulty)
		run_fail(w, "%s: %s", p->name, p->last_error);
	phone_on_turn_end(&p->phone);
	step(w);
}

void dial_number(struct world *w, const char *caller, const char *number)
{
	struct world_phone *p = world_phone(w, caller);

	start_all(w);
	world_step(w, p, phone_dial(&p->phone, slice_from_cstr(number)));
}

void dial(struct world *w, const char *caller, const char *called)
{
	dial_number(w, caller, world_phone(w, called)->number);
}

void answer(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_answer(&p->phone, 0));
}

void hang_up(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_hangup(&p->phone, 0));
}

void hold(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_hold(&p->phone, 0));
}

void resume(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_resume(&p->phone, 0));
}

void unregister(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	start_all(w);
	world_step(w, p, phone_unregister(&p->phone));
}

void register_again(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_register(&p->phone));
}

void set_pickup(struct world *w, const char *name, enum pickup_mode mode, const char *code)
{
	struct world_phone *p = world_phone(w, name);

	start_all(w);
	p->phone.config.pickup = mode;
	p->phone.config.pickup_code = slice_from_cstr(code);
}

void set_early_media(struct world *w, const char *name)
{
	start_all(w);
	world_phone(w, name)->phone.config.has_early_media = true;
}

void says(struct world *w, struct neighbour *neighbour, const char *dialogs)
{
	start_all(w);
	neighbour_says(neighbour, dialogs);
	step(w);
}

/* 0: the list has not brought it (yet). */
static unsigned listed_key_of(struct world *w, const struct world_phone *p, const char *watched)
{
	char aor[64];

	snprintf(aor, sizeof(aor), "sip:%s@" OFFICE_DOMAIN, number_of(w, watched));
	for (size_t i = 0; i < p->phone.key_count; i++)
		if (p->phone.keys[i] && slice_eq(p->phone.keys[i]->target, slice_from_cstr(aor)))
			return p->phone.keys[i]->config.number;
	return 0;
}

unsigned world_key(struct world *w, struct world_phone *p, const char *watched)
{
	for (size_t i = 0; i < p->key_count; i++)
		if (strcmp(p->watched[i], watched) == 0)
			return (unsigned)i + 1;
	CHECK(p->list);
	return listed_key_of(w, p, watched);
}

void press(struct world *w, const char *watcher, const char *watched)
{
	struct world_phone *p = world_phone(w, watcher);

	start_all(w);
	world_step(w, p, phone_press(&p->phone, world_key(w, p, watched)));
}

void barge_in(struct world *w, const char *watcher, const char *watched)
{
	struct world_phone *p = world_phone(w, watcher);
	struct phone_key *key;

	start_all(w);
	key = p->phone.keys[world_key(w, p, watched) - 1];
	key->config.talking = PHONE_TALKING_PICKS_UP;
	press(w, watcher, watched);
}

void by_transport(struct world *w, const char *name, enum transport transport)
{
	struct world_phone *p = world_phone(w, name);

	CHECK(!p->is_started);
	p->transport = (uint8_t)transport;
	p->node->tcp = WIRE_TCP_TAKEN;
	w->office.node->tcp = WIRE_TCP_TAKEN;
}

void behind_nat(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	CHECK(!p->is_started);
	p->is_behind_nat = true;
	p->node->tcp = WIRE_TCP_REFUSED;
}

void break_connections(struct world *w, const char *name)
{
	start_all(w);
	wires_cut(world_phone(w, name)->node);
	step(w);
}

void unplug(struct world *w, const char *name)
{
	start_all(w);
	world_phone(w, name)->node->is_unplugged = true;
	break_connections(w, name);
}

void plug_in(struct world *w, const char *name)
{
	world_phone(w, name)->node->is_unplugged = false;
	wires_cut(world_phone(w, name)->node); /* what it tried in the meantime */
	step(w);
}

static void lose_message(void *owner, const struct flow *flow, struct slice bytes)
{
	(void)owner;
	(void)flow;
	(void)bytes;
}

void cut_off(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	start_all(w);
	p->node->on_message = p->node->on_message == lose_message ? on_message : lose_message;
}

struct world *world_calling_raw_bob(struct raw **ret_bob)
{
	struct world *w = world_new("alice");

	office_add(&w->office, "202", "bob");
	*ret_bob = world_raw(w, "bob");
	registers(w, *ret_bob, "202");
	dial_number(w, "alice", "202");
	(*ret_bob)->cseq = 7;
	return w;
}
