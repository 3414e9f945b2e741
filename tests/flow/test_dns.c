/* SPDX-License-Identifier: MIT */
/*
 * Where a trunk is: names looked up, servers that fail, names that change (RFC 3263).
 */
#include "texts.h"
#include "world.h"
#include "zone.h"

#include "pbx/trunk.h"

#define ACME                                                                                       \
	(struct trunk_config)                                                                      \
	{                                                                                          \
		.name = SLICE("acme"), .uri = SLICE("sip:acme.example"), .username = SLICE("u1"),  \
		.password = SLICE("p1"), .is_registering = true                                    \
	}

static struct trunk *acme(struct world *w)
{
	struct trunk *trunk = trunk_find(&w->office.pbx, SLICE("acme"));

	CHECK(trunk);
	return trunk;
}

static bool is_registered(struct world *w)
{
	const struct trunk *trunk = acme(w);

	return trunk->registration && registration_is_up(trunk->registration);
}

/* The switch is 192.0.2.1, the peers are .3 and .4 behind alice's phone. */
static struct world *office_with_providers(struct raw **ret_one, struct raw **ret_two)
{
	struct world *w = world_new("alice");

	*ret_one = world_raw(w, "one");
	*ret_two = world_raw(w, "two");
	zone_add(w->wires, "acme.example", "NAPTR 10 10 s SIP+D2U _sip._udp.acme.example", 60);
	zone_add(w->wires, "_sip._udp.acme.example", "SRV 10 0 5060 one.acme.example", 60);
	zone_add(w->wires, "_sip._udp.acme.example", "SRV 20 0 5060 two.acme.example", 60);
	zone_add(w->wires, "one.acme.example", "A 192.0.2.3", 60);
	zone_add(w->wires, "two.acme.example", "A 192.0.2.4", 60);
	return w;
}

FLOW_PLAIN(a_trunk_is_found_by_naptr_and_srv, "RFC 3263 4.1, 4.2")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	expect(w, acme(w)->target_count == 2);
	expect(w, raw_count(one, "REGISTER") == 1 && raw_count(two, "REGISTER") == 0);
	expect(w, strstr(raw_last(one, "REGISTER"), "REGISTER sip:acme.example SIP/2.0") != NULL);
	expect(w, is_registered(w));
	expect_quiet(w);
}

FLOW_PLAIN(the_next_server_is_tried_when_one_is_silent, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	one->is_mute = true;
	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	expect(w, !is_registered(w));
	advance_ms(w, 64 * T1_MS);
	expect(w, raw_count(two, "REGISTER") == 1);
	expect(w, is_registered(w));
	expect_quiet(w);
}

FLOW_PLAIN(the_next_server_is_tried_when_one_is_overloaded, "RFC 3263 4.3, RFC 3261 21.5.4")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	one->is_mute = true;
	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	raw_reply(one, "REGISTER", 503, "x", "Retry-After: 600\r\n", "");
	expect(w, raw_count(two, "REGISTER") == 1);
	expect(w, is_registered(w));
	/* Avoided for as long as it asked for. */
	expect(w,
	       acme(w)->targets[0].avoid_until_ms >= w->office.pbx.stack.timers->now_ms + 590000);
	expect_quiet(w);
}

/* A refusal is an answer of the provider, not of one of its servers. */
FLOW_PLAIN(a_refusal_is_not_taken_to_the_next_server, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	one->is_mute = true;
	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	raw_reply(one, "REGISTER", 403, "x", "", "");
	advance_ms(w, 1000);
	expect(w, raw_count(two, "REGISTER") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_provider_that_moves_is_followed, "RFC 3263 4")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	zone_clear(w->wires);
	zone_add(w->wires, "acme.example", "A 192.0.2.4", 60);
	advance_ms(w, 59000);
	expect(w, raw_count(two, "REGISTER") == 0);
	advance_ms(w, 2000);
	expect(w, raw_count(two, "REGISTER") == 1);
	expect(w, acme(w)->target_count == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_dead_name_server_takes_no_trunk_away, "RFC 3263 4")
{
	struct raw *one, *two;
	struct world *w = office_with_providers(&one, &two);

	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	zone_set_dead(w->wires, true);
	advance_ms(w, 120000);
	expect(w, acme(w)->target_count == 2);
	expect(w, is_registered(w));
	expect_quiet(w);
}

FLOW_PLAIN(a_name_that_is_not_there_yet_is_asked_for_again, "RFC 3263 4")
{
	struct world *w = world_new("alice");
	struct raw *one = world_raw(w, "one");

	zone_clear(w->wires);
	office_add_trunk(&w->office, &ACME, NULL);
	world_start(w);
	expect(w, acme(w)->target_count == 0);
	zone_add(w->wires, "acme.example", "A 192.0.2.3", 60);
	advance_ms(w, 31000);
	expect(w, raw_count(one, "REGISTER") == 1);
	expect_quiet(w);
}

/* The DNS is asked once per time to live, however many calls there are, and for no other name. */
FLOW_PLAIN(a_short_time_to_live_is_bounded, "RFC 3263 4, SECURITY D7")
{
	struct world *w = world_new("alice");
	unsigned asked;

	zone_add(w->wires, "acme.example", "A 192.0.2.9", 0);
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("acme"),
						 .uri = SLICE("sip:acme.example:5060") },
			 NULL);
	world_start(w);
	asked = zone_asked(w->wires);
	advance_ms(w, 100000);
	expect(w, zone_asked(w->wires) - asked <= 10);
	expect_quiet(w);
}
