/* SPDX-License-Identifier: MIT */
/*
 * Calls over connections: they are reused, they break, and calls go on; requests too large for a
 * datagram go by TCP where there is TCP.
 */
#include "world.h"

#include "core/registration.h"
#include "pbx/registrar.h"

#define LONG_NAME                                                                                  \
	"a name that is far too long for any screen, but not for the configuration, and so long "  \
	"that the INVITE which says it no longer fits into a datagram of thirteen hundred bytes, " \
	"because nobody knows what the path to the phone would do to a larger one: it would be "   \
	"cut into fragments, and one lost fragment is the loss of all of it, which is why SIP "    \
	"wants such a request to go by a transport that looks after its segments by itself, and "  \
	"finds out by trying whether the phone is there, falling back to the datagram when it "    \
	"is not, since a call that comes late or never is worse than one that may be lost, and "   \
	"a caller who hears nothing for half a minute has long since hung up, taken the bicycle "  \
	"and said in person what there was to say, which is not what telephones are for"

static void talk(struct world *w, const char *caller, const char *called)
{
	dial(w, caller, called);
	answer(w, called);
	expect_calls(w, caller, PHONE_CALL_TALKING, 1);
	expect_calls(w, called, PHONE_CALL_TALKING, 1);
}

/* Opened so far, by anybody. */
static size_t connections(const struct world *w)
{
	return w->wires->conn_count;
}

/* --- Connections -------------------------------------------------------------------------- */

FLOW(phones_call_by_tcp_on_one_connection_each, "RFC 3261 18.1.1, RFC 5923 3")
{
	struct world *w = world_new("alice", "bob", "carol");

	by_transport(w, "alice", TRANSPORT_TCP);
	by_transport(w, "bob", TRANSPORT_TCP);
	watch(w, "alice", "bob");
	dial(w, "alice", "bob");
	expect_ladder(w, "alice -> switch INVITE", "switch -> bob INVITE",
		      "bob -> switch 180 INVITE", "switch -> alice 180 INVITE");
	answer(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	hold(w, "bob");
	resume(w, "bob");
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	talk(w, "carol", "alice");
	hang_up(w, "alice");
	expect(w, connections(w) == 2);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_call_goes_on_when_its_connections_break, "RFC 3261 18.1.1, RFC 5923 3")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "alice", TRANSPORT_TCP);
	by_transport(w, "bob", TRANSPORT_TCP);
	talk(w, "alice", "bob");
	break_connections(w, "bob");
	break_connections(w, "alice");
	hold(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	break_connections(w, "alice");
	resume(w, "alice");
	break_connections(w, "bob");
	hang_up(w, "alice");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(behind_a_nat_a_call_follows_the_registration, "RFC 5626 5.3, RFC 3261 18.1.1")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "bob", TRANSPORT_TCP);
	behind_nat(w, "bob");
	talk(w, "alice", "bob");
	break_connections(w, "bob");
	hold(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	break_connections(w, "bob");
	hang_up(w, "alice");
	expect_ladder(w, "alice -> switch BYE", "switch -> bob BYE");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

/* As phones do that say the port of their connection: it is another one next time. */
static void change_contact(struct world *w, size_t index)
{
	struct phone *phone = &w->phones[index].phone;
	const struct registration *registration =
		pool_find(&phone->stack.registrations, phone->registration);
	char *port = memmem(registration->contact.p, registration->contact.n, ":5060", 5);

	expect(w, port != NULL);
	memcpy(port, ":5099", 5);
}

FLOW(a_call_follows_a_phone_whose_contact_has_another_port_now, "RFC 5626 5.3, RFC 3261 12.2.1.1")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "bob", TRANSPORT_TCP);
	behind_nat(w, "bob");
	talk(w, "alice", "bob");
	change_contact(w, 1);
	break_connections(w, "bob");
	hang_up(w, "alice");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_connection_that_breaks_while_it_rings_loses_no_answer, "RFC 3261 18.2.2, RFC 5626 5.3")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "alice", TRANSPORT_TLS);
	by_transport(w, "bob", TRANSPORT_TCP);
	behind_nat(w, "alice");
	behind_nat(w, "bob");
	dial(w, "alice", "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	break_connections(w, "bob");
	break_connections(w, "alice");
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_phone_that_comes_back_finds_its_call, "RFC 5626 5.3, RFC 3261 12.2.1.1")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "bob", TRANSPORT_TCP);
	behind_nat(w, "bob");
	talk(w, "alice", "bob");
	unplug(w, "bob");
	hold(w, "alice");
	advance_ms(w, 2000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	plug_in(w, "bob");
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	hang_up(w, "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_call_to_a_phone_that_has_gone_fails_at_once, "RFC 5626 5.3, RFC 3261 21.4.18")
{
	struct world *w = world_new("alice", "bob");

	by_transport(w, "bob", TRANSPORT_TCP);
	behind_nat(w, "bob");
	unplug(w, "bob");
	expect(w, !registrar_find(&w->office.pbx, SLICE("202")));
	dial(w, "alice", "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	plug_in(w, "bob");
	advance_ms(w, 60000);
	talk(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_phone_without_a_nat_is_called_at_its_contact, "RFC 3261 10.3, RFC 3261 18.1.1")
{
	struct world *w = world_new("alice", "bob");
	struct aor *aor;

	by_transport(w, "bob", TRANSPORT_TCP);
	unplug(w, "bob");
	aor = registrar_find(&w->office.pbx, SLICE("202"));
	expect(w, aor && aor->count == 1);
	plug_in(w, "bob");
	talk(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(lamps_follow_a_phone_to_its_new_connection, "RFC 6665 4.2.2, RFC 5626 5.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	by_transport(w, "carol", TRANSPORT_TCP);
	behind_nat(w, "carol");
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	break_connections(w, "carol");
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	unplug(w, "carol");
	hang_up(w, "bob");
	plug_in(w, "carol");
	advance_ms(w, 60000);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* --- Large requests ----------------------------------------------------------------------- */

/* Alice's calls are too large for a datagram; bob has registered by one. */
static struct world *office_with_a_long_name(enum wire_tcp bob_has)
{
	struct world *w = world_new("alice", "bob");

	world_extension(w, "alice")->name = SLICE(LONG_NAME);
	w->office.node->tcp = WIRE_TCP_TAKEN;
	w->phones[1].node->tcp = bob_has;
	return w;
}

FLOW(a_large_request_goes_by_tcp, "RFC 3261 18.1.1")
{
	struct world *w = office_with_a_long_name(WIRE_TCP_TAKEN);

	talk(w, "alice", "bob");
	expect(w, connections(w) == 1);
	hold(w, "alice");
	hang_up(w, "bob");
	expect_silence(w, "switch -> bob 401 BYE");
	expect_ladder(w, "switch -> bob INVITE", "bob -> switch BYE", "switch -> bob 200 BYE");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	talk(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_large_request_falls_back_when_tcp_is_refused, "RFC 3261 18.1.1")
{
	struct world *w = office_with_a_long_name(WIRE_TCP_REFUSED);
	size_t tried;

	talk(w, "alice", "bob");
	expect(w, connections(w) == 1);
	hang_up(w, "alice");
	tried = connections(w);
	talk(w, "alice", "bob");
	expect(w, connections(w) == tried);
	expect_quiet(w);
}

FLOW(a_large_request_falls_back_when_tcp_is_dropped_in_silence, "RFC 3261 18.1.1")
{
	struct world *w = office_with_a_long_name(WIRE_TCP_IGNORED);
	size_t tried;

	dial(w, "alice", "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	advance_ms(w, 3000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	hang_up(w, "alice");
	tried = connections(w);
	talk(w, "alice", "bob");
	expect(w, connections(w) == tried);
	hang_up(w, "alice");
	/* Ten minutes later it may have learnt it. */
	advance_ms(w, 10 * 60 * 1000);
	w->phones[1].node->tcp = WIRE_TCP_TAKEN;
	talk(w, "alice", "bob");
	expect(w, connections(w) == tried + 1);
	expect_quiet(w);
}

FLOW(a_large_request_to_a_phone_behind_a_nat_stays_a_datagram, "RFC 3261 18.1.1, RFC 3581 4")
{
	struct world *w = office_with_a_long_name(WIRE_TCP_IGNORED);

	w->phones[1].is_behind_nat = true;
	talk(w, "alice", "bob");
	expect(w, connections(w) == 0);
	expect_quiet(w);
}
