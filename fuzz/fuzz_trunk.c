/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of a switch by its provider: with datagrams from the address of a trunk that registers,
 * is asked by OPTIONS, may publish the calls of 202, whom 201 watches, and has a call of ours
 * ringing before the input begins. Between two
 * datagrams (cut at a line "====") some time goes by. In the end everything must run out.
 */
#include "base/check.h"
#include "base/mem.h"
#include "names.h"
#include "office.h"
#include "pbx/trunk.h"
#include "raw.h"
#include "texts.h"

#define CUT "\n====\n"
#define TURN_MS 150
#define FOR_EVER_MS (2 * 3600 * 1000)

static void open_office(struct office *office, struct wires *wires)
{
	static const char *const numbers[] = { "+493012345*", "*", NULL };

	office_init(office, wires);
	office_add(office, "201", "Alice");
	office_add_extension(office, &(struct extension){ .number = SLICE_INIT("202"),
							  .name = SLICE_INIT("Bob"),
							  .password = SLICE_INIT(OFFICE_PASSWORD),
							  .visibility = VISIBILITY_NUMBERS,
							  .pickup = PICKUP_ALL,
							  .lamp_source = LAMP_SOURCE_PUBLISHED });
	office_add_trunk(office,
			 &(struct trunk_config){ .name = SLICE_INIT("acme"),
						 .uri = SLICE_INIT("sip:192.0.2.2"),
						 .username = SLICE_INIT("u1"),
						 .password = SLICE_INIT("p1"),
						 .is_registering = true,
						 .is_trusted = true,
						 .may_publish = true,
						 .expires_s = 300,
						 .qualify_s = 60 },
			 numbers);
	office_add_route(office, "0*", NULL, "acme", NULL);
}

static const struct name names[] = {
	{ "w2iryef6z5ksc5pf", "INVITE", "branch=z9hG4bK" },
	{ "l65csysmjla7jqkl", "INVITE", ";tag=" },
	{ "irfrji74oeusxp4m", "INVITE", "Call-ID: " },
};

/* Alice's phone registers, watches and calls out. */
static void set_the_scene(struct raw *phone)
{
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("REGISTER", "201", "201", "reg") TEXT_CONTACT("201", "192.0.2.3")
				 TEXT_END) == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("SUBSCRIBE", "201", "202", "sub") TEXT_CONTACT(
				 "201", "192.0.2.3") "Event: dialog\n" TEXT_END) == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "201", "030", "call") TEXT_CONTACT("201", "192.0.2.3")
				 TEXT_WITH_SDP("192.0.2.3", "8")) == 100);
}

static void feed(struct raw *provider, struct slice input)
{
	while (input.n > 0) {
		const char *cut = memmem(input.p, input.n, CUT, sizeof(CUT) - 1);
		size_t n = cut ? (size_t)(cut - input.p) : input.n;

		wires_send_raw(provider->node, provider->to, slice_head(input, n));
		wires_advance_ms(provider->node->wires, TURN_MS);
		input = slice_from(input, cut ? n + sizeof(CUT) - 1 : n);
	}
}

static void check_quiet(const struct office *office)
{
	const struct pbx *pbx = &office->pbx;

	CHECK(pbx->calls.held_count == 0 && pbx->bindings.held_count == 0);
	CHECK(pbx->trunk_pool.held_count == 0 && pbx->stack.registrations.held_count == 0);
	CHECK(pbx->stack.sessions.held_count == 0 && pbx->stack.notifiers.held_count == 0);
	CHECK(pbx->publications.held_count == 0 && pbx->entities.count == 0);
	CHECK(pbx->stack.refers.held_count == 0);
	CHECK(pbx->stack.txn_clients.held_count == 0);
	CHECK(pbx->stack.txn_servers.held_count == 0);
	CHECK(office->node->timers.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct raw *provider, *phone;
	struct wires *wires;
	static struct office office;
	struct words words;
	uint64_t held;

	if (size > SIP_MESSAGE_MAX_BYTES)
		return 0;
	held = mem_count().blocks;
	wires = wires_new(1);
	wires->is_unwritten = true;
	open_office(&office, wires);
	provider = raw_new(wires, "acme", office.node);
	phone = raw_new(wires, "phone", office.node);
	pbx_start(&office.pbx);
	wires_advance_ms(wires, TURN_MS);
	set_the_scene(phone);
	words_learn(provider, names, ARRAY_LEN(names), &words);
	feed(provider,
	     words_put(&words, names, ARRAY_LEN(names), slice_of((const char *)data, size)));
	phone->is_mute = true;
	provider->is_mute = true;
	trunk_stop_all(&office.pbx);
	wires_advance_ms(wires, FOR_EVER_MS);
	check_quiet(&office);
	office_fini(&office);
	raw_free(phone);
	raw_free(provider);
	wires_free(wires);
	CHECK(mem_count().blocks == held);
	return 0;
}
