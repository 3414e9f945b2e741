/* SPDX-License-Identifier: MIT */
/*
 * Lists as phones show them (RFC 4662): every key, over datagrams and connections, and after
 * silence.
 */
#include "world.h"

#include "pbx/profile.h"

#include <stdio.h>

FLOW(a_list_lights_every_key, "RFC 4662 4.5, RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch_list(w, "alice", "keys-office");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	expect_lamp(w, "alice", "carol", LAMP_TALKING);
	expect_lamp(w, "alice", "dave", LAMP_DARK);
	answer(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	hang_up(w, "carol");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_listed_key_picks_up, "RFC 3891 3, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch_list(w, "carol", "keys-office");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	press(w, "carol", "bob");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW(a_list_by_a_connection_comes_in_one_piece, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	by_transport(w, "alice", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect(w, w->phones[0].phone.lists[0].version == 0);
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	break_connections(w, "alice");
	hang_up(w, "carol");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_list_is_right_again_after_silence, "RFC 4662 5.2, RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch_list(w, "alice", "keys-office");
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	unplug(w, "alice");
	answer(w, "bob");
	hang_up(w, "bob");
	dial(w, "dave", "carol");
	advance_ms(w, 40000);
	plug_in(w, "alice");
	advance_ms(w, 200000);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_list_tells_changes_of_dialogs, "RFC 4235 4.3, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "alice")->profile = profile_find(SLICE("yealink"));
	by_transport(w, "alice", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	dial(w, "carol", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	answer(w, "bob");
	dial(w, "dave", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	hang_up(w, "carol");
	expect_lamp(w, "alice", "carol", LAMP_DARK);
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	hang_up(w, "dave");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_long_list_arrives_by_datagram_and_connection, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	for (unsigned i = 0; i < 60; i++) {
		char number[8];

		snprintf(number, sizeof(number), "%u", 301 + i);
		office_add(&w->office, number, "somebody with quite a name");
	}
	by_transport(w, "carol", TRANSPORT_TCP);
	watch_list(w, "alice", "keys-office");
	watch_list(w, "carol", "keys-office");
	world_start(w);
	advance_ms(w, 5000);
	for (size_t i = 0; i < 3; i += 2) {
		const struct phone *phone = &w->phones[i].phone;

		expect(w, phone->key_count == 63);
		for (size_t k = 0; k < phone->key_count; k++)
			expect(w, !slice_is_empty(phone->keys[k]->instance));
	}
	expect(w, w->phones[0].phone.lists[0].version > 30);
	expect(w, w->phones[2].phone.lists[0].version < 5);
	dial(w, "dave", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	hang_up(w, "dave");
	expect_quiet(w);
}
