/* SPDX-License-Identifier: MIT */
/*
 * Transfers that phones ask of the switch, by command and by key, as the people see them: who is on
 * the screen, which lamp is lit, and who hangs up.
 */
#include "transfer_scene.h"

/* Dave watches everybody, bob has a key for carol. */
static struct world *watched_by_dave(void)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "alice");
	watch(w, "dave", "bob");
	watch(w, "dave", "carol");
	watch(w, "bob", "carol");
	return w;
}

static void expect_alice_has_carol(struct world *w)
{
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_FREE, PHONE_CALLS_MAX);
	expect_talking(w, "alice", "carol");
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_phone_transfers_blind_by_the_switch, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	transfer(w, "bob", "carol");
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 180);
	expect_talking(w, "alice", "bob");
	answer(w, "carol");
	expect_alice_has_carol(w);
}

FLOW(a_phone_transfers_attended_by_the_switch, "RFC 5589 7.3, RFC 5359 2.5")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	dial(w, "bob", "carol");
	answer(w, "carol");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	transfer_attended(w, "bob");
	expect_alice_has_carol(w);
}

FLOW(a_phone_transfers_to_who_still_rings, "RFC 5589 7.6")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	dial(w, "bob", "carol");
	transfer_attended(w, "bob");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_alice_has_carol(w);
}

/* The CANCEL of the transferor's own call and its REFER arrive together. */
FLOW(a_phone_that_cancels_before_it_transfers, "RFC 5589 7.6, RFC 3261 9")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.transfer_cancels = true;
	dial(w, "bob", "carol");
	transfer_attended(w, "bob");
	expect_ladder(w, "bob -> switch CANCEL", "bob -> switch REFER");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_alice_has_carol(w);
}

FLOW(a_phone_that_refers_beside_the_dialog, "RFC 4538 4, RFC 5589 7.3")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.transfer_outside = true;
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect_alice_has_carol(w);
}

/* Without a DTMF code: once to ask, once to bring together. */
FLOW(two_presses_of_a_key_transfer_attended, "RFC 5589 7.3")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.key_transfer = PHONE_KEY_ATTENDED;
	press(w, "bob", "carol");
	answer(w, "carol");
	press(w, "bob", "carol");
	expect_alice_has_carol(w);
}

FLOW(one_press_of_a_key_transfers_blind, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.key_transfer = PHONE_KEY_BLIND;
	press(w, "bob", "carol");
	answer(w, "carol");
	expect_alice_has_carol(w);
}

FLOW(a_phone_that_holds_before_it_transfers, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.transfer_holds = true;
	transfer(w, "bob", "carol");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	answer(w, "carol");
	expect_alice_has_carol(w);
}

static bool is_held(struct world *w, const char *name)
{
	const struct phone *phone = &world_phone(w, name)->phone;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (phone->calls[i].state == PHONE_CALL_TALKING && phone->calls[i].is_held_by_peer)
			return true;
	return false;
}

/* Both are on hold when the REFER comes, as snom's page shows it; in the end nobody is. */
FLOW(whom_a_transferor_holds_nobody_holds_afterwards, "RFC 5589 7.3, RFC 3264 8.4, RFC 3725 4.1")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	world_phone(w, "bob")->phone.config.transfer_holds = true;
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect(w, !is_held(w, "alice") && !is_held(w, "carol"));
	expect_alice_has_carol(w);
}

FLOW(a_phone_that_leaves_as_soon_as_its_transfer_is_accepted, "RFC 5589 6.2, RFC 5057 4.1")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	leaves_at_once(w, "bob");
	transfer(w, "bob", "carol");
	expect_calls(w, "bob", PHONE_CALL_FREE, PHONE_CALLS_MAX);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	answer(w, "carol");
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW(a_caller_transfers_whom_it_has_called, "RFC 5589 6.2")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	transfer(w, "alice", "carol");
	answer(w, "carol");
	expect_transfer(w, "alice", PHONE_RESULT_DONE, 200);
	expect_talking(w, "bob", "carol");
	expect_calls(w, "alice", PHONE_CALL_FREE, PHONE_CALLS_MAX);
	expect_quiet(w);
}

/* Neither knows REFER nor Replaces: the switch does it for them. */
FLOW(poor_phones_are_transferred, "RFC 5589 6.2, RFC 5589 7.3")
{
	struct world *w = alice_talks_to_bob(watched_by_dave());

	for (int i = 0; i < 4; i++) {
		w->phones[i].phone.config.lacks_refer = strcmp(w->phones[i].name, "bob") != 0;
		w->phones[i].phone.config.lacks_replaces = true;
	}
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect_alice_has_carol(w);
}
