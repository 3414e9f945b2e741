/* SPDX-License-Identifier: MIT */
/*
 * Park: calls that wait in an orbit, who fetches them, and the lamp of the orbit.
 */
#include "acme.h"
#include "raw_bob.h"

#include "pbx/api.h"

#define ORBIT "*851"

/* The phones named, and nine orbits, *851 to *859. */
#define office_with_orbits(...) with_orbits(world_new(__VA_ARGS__))

static struct world *with_orbits(struct world *w)
{
	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"), .orbits = 9 }) ==
	      0);
	return w;
}

static void park(struct world *w, const char *parker, const char *number)
{
	transfer_number(w, parker, number);
	expect_transfer(w, parker, PHONE_RESULT_DONE, 200);
}

static void refuse(struct world *w, const char *parker, const char *number, unsigned status)
{
	transfer_number(w, parker, number);
	expect_transfer(w, parker, PHONE_RESULT_FAILED, status);
	expect_calls(w, parker, PHONE_CALL_TALKING, 1);
}

/* alice has called bob, who parks her; carol and dave look at the orbit. */
static struct world *alice_is_parked(void)
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	watch(w, "carol", ORBIT);
	watch(w, "dave", ORBIT);
	watch(w, "dave", "alice");
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_lamp(w, "carol", ORBIT, LAMP_DARK);
	park(w, "bob", ORBIT);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", ORBIT, LAMP_TALKING);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	return w;
}

static void alice_talks_with(struct world *w, const char *name)
{
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_talking(w, "alice", name);
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	expect_lamp(w, "dave", ORBIT, LAMP_DARK);
	expect(w, list_is_empty(&w->office.pbx.parked));
	hang_up(w, "alice");
	expect_ended(w, name, PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "dave", "alice", LAMP_DARK);
	expect_quiet(w);
}

/* --- In and out --------------------------------------------------------------------------- */

FLOW(call_park, "RFC 5359 2.15, RFC 3725 4.1, RFC 4235 4.1")
{
	struct world *w = alice_is_parked();

	expect_ladder(w, "bob    -> switch REFER", "switch -> bob    202 REFER",
		      "switch -> alice  INVITE", "switch -> bob    NOTIFY sipfrag 200",
		      "bob    -> switch BYE");
	press(w, "carol", ORBIT);
	expect_ladder(w, "carol  -> switch INVITE", "switch -> alice  INVITE",
		      "alice  -> switch 200 INVITE", "switch -> carol  200 INVITE",
		      "switch -> dave   NOTIFY terminated");
	alice_talks_with(w, "carol");
}

/* A key of an orbit parks during a call, and fetches otherwise. */
FLOW(a_press_parks_and_a_press_fetches, "RFC 5359 2.15")
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	park_key(w, "bob", ORBIT);
	watch(w, "dave", ORBIT);
	watch(w, "dave", "alice");
	dial(w, "alice", "bob");
	answer(w, "bob");
	press(w, "bob", ORBIT);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "bob", ORBIT, LAMP_TALKING);
	press(w, "bob", ORBIT);
	alice_talks_with(w, "bob");
}

FLOW(who_is_parked_is_held_until_then, "RFC 5359 2.15, RFC 3264 8.4")
{
	struct world *w = alice_is_parked();

	expect(w, w->phones[0].phone.calls[0].is_held_by_peer);
	advance_ms(w, 600000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	dial_number(w, "bob", ORBIT);
	alice_talks_with(w, "bob");
}

FLOW(a_held_call_is_parked_and_fetched, "RFC 5359 2.15, RFC 3264 8.4")
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	watch(w, "dave", ORBIT);
	watch(w, "dave", "alice");
	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	park(w, "bob", ORBIT);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

FLOW(who_was_called_can_be_parked_as_well, "RFC 5359 2.15")
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	watch(w, "dave", ORBIT);
	watch(w, "dave", "alice");
	dial(w, "bob", "alice");
	answer(w, "alice");
	park(w, "bob", ORBIT);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

FLOW(who_is_parked_hangs_up, "RFC 3261 15.1.2")
{
	struct world *w = alice_is_parked();

	hang_up(w, "alice");
	expect_lamp(w, "carol", ORBIT, LAMP_DARK);
	dial_number(w, "carol", ORBIT);
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	expect_quiet(w);
}

FLOW(the_code_alone_is_any_orbit, "RFC 5359 2.15")
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	watch(w, "dave", ORBIT);
	watch(w, "dave", "*852");
	dial_number(w, "carol", "*85");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	dial(w, "alice", "bob");
	answer(w, "bob");
	park(w, "bob", "*85");
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial(w, "carol", "bob");
	answer(w, "bob");
	park(w, "bob", "*85");
	expect_lamp(w, "dave", "*852", LAMP_TALKING);
	dial_number(w, "bob", "*85");
	expect_ended(w, "bob", PHONE_CAUSE_REFUSED, 404);
	hang_up(w, "alice");
	dial_number(w, "bob", "*85");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", "*852", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(an_orbit_has_room_for_one_call, "RFC 3261 21.4.24")
{
	struct world *w = alice_is_parked();

	dial(w, "carol", "bob");
	answer(w, "bob");
	refuse(w, "bob", ORBIT, 486);
	refuse(w, "bob", "*850", 404);
	refuse(w, "bob", "*8599", 404);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"), .orbits = 1 }) ==
	      0);
	refuse(w, "bob", "*85", 486);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_parked_and_stays_is_hung_up_on, "RFC 5589 6.2")
{
	struct world *w = office_with_orbits("alice", "carol", "dave");
	struct raw *bob = world_raw(w, "bob");

	bob_registers(w, bob);
	bob_is_called(w, bob);
	bob_answers(w, bob);
	expect(w, bob_refers_to(bob, "sip:*851@" OFFICE_DOMAIN) == 202);
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 200 OK"));
	advance_ms(w, 3000);
	expect(w, raw_count(bob, "BYE") == 0);
	advance_ms(w, 1000);
	expect(w, raw_count(bob, "BYE") == 1);
	expect(w, raw_heard(bob, "BYE", "text=\"Call parked\""));
	dial_number(w, "carol", ORBIT);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(without_park_there_is_no_orbit, "RFC 3261 21.4.5")
{
	struct world *w = world_new("alice", "bob");

	dial(w, "alice", "bob");
	answer(w, "bob");
	refuse(w, "bob", "*85", 404);
	dial_number(w, "bob", ORBIT);
	expect_ended(w, "bob", PHONE_CAUSE_REFUSED, 404);
	expect_quiet(w);
}

/* --- Fetching that fails ------------------------------------------------------------------ */

FLOW(who_fetches_gives_up_meanwhile, "RFC 3261 9.2, RFC 3725 4.1")
{
	struct world *w = alice_is_parked();

	cut_off(w, "alice");
	dial_number(w, "carol", ORBIT);
	hang_up(w, "carol");
	cut_off(w, "alice");
	advance_ms(w, 2000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "dave", ORBIT);
	alice_talks_with(w, "dave");
}

FLOW(who_is_parked_hangs_up_while_being_fetched, "RFC 3261 15.1.2, RFC 3725 4.1")
{
	struct world *w = alice_is_parked();

	cut_off(w, "alice");
	dial_number(w, "carol", ORBIT);
	hang_up(w, "alice");
	cut_off(w, "alice");
	advance_ms(w, 2000);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "dave", ORBIT, LAMP_DARK);
	expect_quiet(w);
}

FLOW(two_fetch_at_once_and_one_wins, "RFC 3261 21.4.24")
{
	struct world *w = alice_is_parked();

	cut_off(w, "alice");
	dial_number(w, "carol", ORBIT);
	dial_number(w, "dave", ORBIT);
	expect_ended(w, "dave", PHONE_CAUSE_REFUSED, 486);
	cut_off(w, "alice");
	advance_ms(w, 1000);
	alice_talks_with(w, "carol");
}

FLOW_PLAIN(who_has_no_media_in_common_does_not_get_the_call, "RFC 3261 21.4.26, RFC 3264 6")
{
	struct world *w = alice_is_parked();
	struct raw *raw = world_raw(w, "raw");

	office_add(&w->office, "209", "raw");
	(void)raw_ask_as(raw, "209", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "209", ORBIT, "fetch") TEXT_CONTACT("209", "192.0.2.6")
				 TEXT_WITH_SDP("192.0.2.6", "18"));
	advance_ms(w, 2000);
	expect(w, raw_count(raw, "SIP/2.0 488") > 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, w->phones[0].phone.calls[0].is_held_by_peer);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

/* Without an offer, the one of who is parked goes to the fetcher (RFC 3725 4.1 the other way). */
FLOW_PLAIN(who_fetches_without_an_offer_is_offered_one, "RFC 3261 13.2.1, RFC 3725 4.1")
{
	struct world *w = alice_is_parked();
	struct raw *raw = world_raw(w, "raw");

	office_add(&w->office, "209", "raw");
	(void)raw_ask_as(raw, "209", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "209", ORBIT, "fetch") TEXT_CONTACT("209", "192.0.2.6")
				 TEXT_END);
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "m=audio") != NULL);
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"),
			 "P-Asserted-Identity: \"alice\" <sip:201@") != NULL);
	(void)raw_speak(raw, "SIP/2.0 200", "", "ACK", TEXT_WITH_SDP("192.0.2.6", "8"));
	advance_ms(w, 100);
	expect_lamp(w, "dave", ORBIT, LAMP_DARK);
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	hang_up(w, "alice");
	expect(w, raw_count(raw, "BYE") == 1);
	expect_quiet(w);
}

FLOW(nobody_fetches_themselves, "RFC 3261 21.4.4")
{
	struct world *w = alice_is_parked();

	dial_number(w, "alice", ORBIT);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 403);
	resume(w, "alice"); /* dialling has held the call */
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

/* --- While one waits ---------------------------------------------------------------------- */

/* A phone that refreshes its session by re-INVITE, or holds, is answered; nothing flows. */
FLOW(who_is_parked_may_offer_anew, "RFC 3264 6.1, RFC 4028 7.2")
{
	struct world *w = alice_is_parked();

	hold(w, "alice");
	expect_ladder(w, "alice -> switch INVITE", "switch -> alice 200 INVITE");
	resume(w, "alice");
	expect_ladder(w, "alice -> switch INVITE", "switch -> alice 200 INVITE");
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

FLOW_PLAIN(a_provider_can_be_parked_but_does_not_fetch, "RFC 5359 2.15, SECURITY R3")
{
	struct raw *raw;
	struct world *w = with_orbits(office_with_acme(&raw, NULL, NULL));

	dial_number(w, "alice", "030123");
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	park(w, "alice", ORBIT);
	expect(w, raw_count(raw, "INVITE") == 2);
	expect(w, raw_ask(raw, TEXT_HEAD("INVITE", "030999", ORBIT, "out")
				       TEXT_CONTACT("acme", "192.0.2.3")
					       TEXT_WITH_SDP("192.0.2.3", "8")) == 404);
	expect(w, !list_is_empty(&w->office.pbx.parked));
	expect(w, raw_speak(raw, "INVITE", "", "BYE", TEXT_END) == 200);
	expect(w, list_is_empty(&w->office.pbx.parked));
	expect_quiet(w);
}

FLOW_PLAIN(a_server_that_ends_lets_go_of_who_is_parked, "RFC 3261 15")
{
	struct world *w = alice_is_parked();

	pbx_stop(&w->office.pbx);
	advance_ms(w, 100);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_server_that_ends_lets_go_of_who_is_being_fetched, "RFC 3261 15, RFC 3725 4.1")
{
	struct world *w = alice_is_parked();

	cut_off(w, "alice");
	dial_number(w, "carol", ORBIT);
	pbx_stop(&w->office.pbx);
	cut_off(w, "alice");
	advance_ms(w, 2000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

/* --- Back to who parked it ---------------------------------------------------------------- */

#define BACK_S 30

/* The same as alice_is_parked(), until bob is called back. */
static struct world *alice_goes_back(void)
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");

	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"),
							.orbits = 9,
							.timeout_s = BACK_S }) == 0);
	watch(w, "dave", ORBIT);
	watch(w, "dave", "alice");
	dial(w, "alice", "bob");
	answer(w, "bob");
	park(w, "bob", ORBIT);
	advance_ms(w, BACK_S * 1000 - 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	advance_ms(w, 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	return w;
}

FLOW(a_call_that_nobody_fetches_goes_back, "RFC 5359 2.15, RFC 7462 8")
{
	struct world *w = alice_goes_back();

	answer(w, "bob");
	expect_ladder(w, "bob    -> switch REFER", "switch -> bob    INVITE",
		      "bob    -> switch 200 INVITE", "switch -> alice  INVITE",
		      "alice  -> switch 200 INVITE", "switch -> bob    ACK");
	alice_talks_with(w, "bob");
}

FLOW(who_parked_may_let_it_ring, "RFC 5359 2.15")
{
	struct world *w = alice_goes_back();

	advance_ms(w, 61000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	advance_ms(w, BACK_S * 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	hang_up(w, "bob");
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	alice_talks_with(w, "carol");
}

FLOW(a_call_that_goes_back_can_still_be_fetched, "RFC 5359 2.15")
{
	struct world *w = alice_goes_back();

	dial_number(w, "carol", ORBIT);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	alice_talks_with(w, "carol");
}

FLOW(who_goes_back_hangs_up, "RFC 3261 15.1.2")
{
	struct world *w = alice_goes_back();

	hang_up(w, "alice");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_lamp(w, "dave", ORBIT, LAMP_DARK);
	expect_quiet(w);
}

FLOW(who_parked_is_called_back_when_they_are_there_again, "RFC 5359 2.15")
{
	struct world *w = alice_goes_back();

	hang_up(w, "bob");
	unregister(w, "bob");
	advance_ms(w, BACK_S * 1000);
	expect_lamp(w, "dave", ORBIT, LAMP_TALKING);
	register_again(w, "bob");
	advance_ms(w, BACK_S * 1000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	alice_talks_with(w, "bob");
}

/* The orbit is not taken for ever by a machine that never hangs up. */
FLOW_PLAIN(a_call_that_nobody_wants_is_given_up, "RFC 3261 15")
{
	struct world *w = alice_goes_back();

	for (int i = 1; i < 10; i++) {
		hang_up(w, "bob");
		advance_ms(w, BACK_S * 1000);
		expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	}
	hang_up(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	advance_ms(w, BACK_S * 1000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "dave", ORBIT, LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_hears_why_it_is_called_back, "RFC 7462 8")
{
	struct world *w = office_with_orbits("alice", "carol", "dave");
	struct raw *bob = world_raw(w, "bob");

	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"),
							.orbits = 9,
							.timeout_s = BACK_S }) == 0);
	bob_registers(w, bob);
	bob_is_called(w, bob);
	bob_answers(w, bob);
	expect(w, bob_refers_to(bob, "sip:*851@" OFFICE_DOMAIN) == 202);
	expect(w, bob_says_bye(bob) == 200);
	advance_ms(w, BACK_S * 1000);
	expect(w, raw_count(bob, "INVITE") == 2);
	expect(w, raw_heard(bob, "INVITE", "Alert-Info: <urn:alert:service:recall:transfer>\r\n"));
	raw_reply(bob, "INVITE", 486, "busy", "", "");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* --- What is told of it ------------------------------------------------------------------- */

#define SUBSCRIBE(call)                                                                            \
	TEXT_HEAD("SUBSCRIBE", "209", ORBIT, call)                                                 \
	TEXT_CONTACT("209", "192.0.2.6") "Event: dialog\nExpires: 600\n" TEXT_END

static struct raw *viewer(struct world *w)
{
	struct raw *raw = world_raw(w, "raw");

	office_add(&w->office, "209", "raw");
	expect(w, raw_ask_as(raw, "209", OFFICE_PASSWORD, SUBSCRIBE("s")) == 200);
	advance_ms(w, 100);
	return raw;
}

static bool says_so(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

FLOW_PLAIN(the_lamp_of_an_orbit_says_who_is_parked, "RFC 4235 4.1")
{
	struct world *w = alice_is_parked();
	struct raw *raw = viewer(w);

	expect(w, says_so(raw, "entity=\"sip:" ORBIT "@pbx.example\""));
	expect(w, says_so(raw, "<state>confirmed</state>"));
	expect(w, says_so(raw, "<identity display=\"alice\">sip:201@pbx.example</identity>"));
	expect(w, says_so(raw, "<target uri=\"sip:" ORBIT "@pbx.example\"/>"));
	expect(w, !says_so(raw, "call-id="));
	dial_number(w, "carol", ORBIT);
	expect(w, says_so(raw, "<state>terminated</state>"));
	expect(w, !says_so(raw, "201"));
	expect_quiet(w);
}

/* With whom somebody talks is told of both, or of neither; so is whom they parked. */
static void an_orbit_does_not_say_who(const char *shy)
{
	struct world *w = office_with_orbits("alice", "bob", "carol", "dave");
	struct raw *raw;

	world_extension(w, shy)->visibility = VISIBILITY_NONE;
	dial(w, "alice", "bob");
	answer(w, "bob");
	raw = viewer(w);
	expect(w, says_so(raw, "<state>terminated</state>"));
	park(w, "bob", ORBIT);
	expect(w, says_so(raw, "<state>confirmed</state>"));
	expect(w, !says_so(raw, "201") && !says_so(raw, "alice"));
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(the_lamp_of_an_orbit_keeps_the_parkers_secret, "RFC 4235 3.6, SECURITY S1")
{
	an_orbit_does_not_say_who("bob");
}

FLOW_PLAIN(the_lamp_of_an_orbit_keeps_the_secret_of_who_waits, "RFC 4235 3.6, SECURITY S1")
{
	an_orbit_does_not_say_who("alice");
}

FLOW_PLAIN(what_is_no_orbit_has_no_lamp, "RFC 6665 4.2.1.1")
{
	struct world *w = world_new("alice");
	struct raw *raw = world_raw(w, "raw");

	office_add(&w->office, "209", "raw");
	expect(w, raw_ask_as(raw, "209", OFFICE_PASSWORD, SUBSCRIBE("s")) == 404);
	expect_quiet(w);
}

/* --- A new configuration ------------------------------------------------------------------ */

static void reload_park(struct world *w, struct slice code, uint32_t orbits)
{
	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = code, .orbits = orbits }) == 0);
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
}

FLOW_PLAIN(who_is_parked_outlives_a_new_configuration, "RFC 6665 4.2.2")
{
	struct world *w = alice_is_parked();
	struct raw *raw = viewer(w);

	reload_park(w, SLICE("*86"), 9);
	expect_lamp(w, "carol", ORBIT, LAMP_TALKING);
	dial_number(w, "carol", ORBIT);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	reload_park(w, SLICE("*86"), 0);
	expect(w, says_so(raw, "Subscription-State: terminated;reason=noresource"));
	dial_number(w, "dave", ORBIT);
	expect_ended(w, "dave", PHONE_CAUSE_REFUSED, 404);
	expect_quiet(w);
}

FLOW(a_parked_call_has_a_record, "call records")
{
	struct world *w = office_with_orbits("alice", "bob", "carol");
	const char *record;

	CHECK(directory_set_records(w->office.directory, SLICE("calls.jsonl")) == 0);
	dial(w, "alice", "bob");
	answer(w, "bob");
	park(w, "bob", "*85");
	dial_number(w, "carol", ORBIT);
	hang_up(w, "carol");
	record = w->wires->record_count > 0 ? w->wires->records[w->wires->record_count - 1] : "";
	expect(w, strstr(record, "\"cause\":\"hangup\",\"by\":{\"leg\":3,\"number\":\"203\"}") !=
			  NULL);
	expect(w, strstr(record, "\"with\":{\"number\":\"203\"") != NULL);
	expect(w,
	       strstr(record, "\"by\":\"202\",\"orbit\":\"*851\",\"how\":\"parked\"},{\"time\":") !=
		       NULL);
	expect(w,
	       strstr(record, "\"by\":\"203\",\"orbit\":\"*851\",\"how\":\"fetched\"}]") != NULL);
	expect_quiet(w);
}

static bool ctl_says(struct world *w, const char *what)
{
	static char text[API_ROW_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;

	api_cursor_init(&cursor, &w->office.pbx, API_CALLS, SLICE_NONE);
	(void)api_next(&cursor, &buf);
	api_cursor_fini(&cursor);
	return memmem(buf.p, buf.n, what, strlen(what)) != NULL;
}

/* Who fetches takes the place of who called: that is no new answer. */
FLOW_PLAIN(a_fetched_call_goes_on, "ctl")
{
	struct world *w = office_with_orbits("alice", "bob", "carol");

	dial(w, "bob", "alice");
	answer(w, "alice");
	advance_ms(w, 7000);
	park(w, "bob", ORBIT);
	dial_number(w, "carol", ORBIT);
	expect(w, ctl_says(w, "\"state\":\"talking\",\"age\":7,\"talk\":7,"));
	expect_quiet(w);
}

FLOW_PLAIN(ctl_shows_who_is_parked, "ctl")
{
	struct world *w = alice_is_parked();

	advance_ms(w, 7000);
	expect(w, ctl_says(w, "\"state\":\"parked\""));
	expect(w, ctl_says(w, "\"parked\":{\"orbit\":\"*851\",\"by\":\"202\",\"age\":7}"));
	expect(w, !ctl_says(w, "\"with\""));
	expect_quiet(w);
}
