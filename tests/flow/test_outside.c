/* SPDX-License-Identifier: MIT */
/*
 * Calls to the outside: by which trunk, as whom, with whose credentials, and what becomes of them
 * when a provider fails.
 */
#include "acme.h"

#include <stdio.h>

FLOW_PLAIN(a_dialled_number_leaves_by_its_route, "RFC 3261 8.1.1, 12.1")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	dial_number(w, "alice", "030123");
	expect_ladder(w, "alice -> switch INVITE", "switch -> acme INVITE");
	expect(w, strstr(raw_last(raw, "INVITE"), "INVITE sip:30123@192.0.2.3 SIP/2.0") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "From: <sip:201@192.0.2.3>") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "To: <sip:30123@192.0.2.3>") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "P-Asserted-Identity") == NULL);
	expect(w, acme(w)->calls == 1);
	raw_reply(raw, "INVITE", 180, "one", CONTACT_LINE, "");
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	expect_ladder(w, "acme -> switch 200 INVITE", "switch -> alice 200 INVITE",
		      "switch -> acme ACK");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	expect_ladder(w, "switch -> acme BYE");
	expect(w, acme(w)->calls == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_trusted_trunk_is_told_who_calls, "RFC 3325 9.1")
{
	struct raw *raw;
	struct world *w =
		office_with_acme(&raw,
				 &(struct trunk_config){ .username = SLICE("u1"),
							 .password = SLICE("p1"),
							 .has_from = true,
							 .from = { SLICE("+493012345"), true },
							 .from_domain = SLICE("acme.example"),
							 .is_trusted = true },
				 NULL);

	dial_number(w, "alice", "030123");
	expect(w, strstr(raw_last(raw, "INVITE"),
			 "From: \"alice\" <sip:+493012345201@acme.example>") != NULL);
	expect(w,
	       strstr(raw_last(raw, "INVITE"),
		      "P-Asserted-Identity: \"alice\" <sip:+493012345201@acme.example>") != NULL);
	hang_up(w, "alice");
	raw_reply(raw, "INVITE", 487, "one", "", "");
	expect_quiet(w);
}

#define PRIVATE_INVITE                                                                             \
	TEXT_HEAD("INVITE", "202", "030123", "p1")                                                 \
	TEXT_CONTACT("202", "192.0.2.4") "Privacy: id\n" TEXT_WITH_SDP("192.0.2.4", "8")

/* What the trunk is told by somebody who wants to stay unknown. */
static const char *invite_in_private(struct world *w, struct raw *acme_peer)
{
	struct raw *phone = world_raw(w, "phone");

	office_add(&w->office, "202", "bob");
	(void)raw_ask_as(phone, "202", OFFICE_PASSWORD, PRIVATE_INVITE);
	advance_ms(w, 100);
	raw_reply(acme_peer, "INVITE", 486, "one", "", "");
	return raw_last(acme_peer, "INVITE");
}

FLOW_PLAIN(who_stays_unknown_is_not_told_to_everybody, "RFC 3323 4.1, RFC 3325 9.3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);
	const char *invite = invite_in_private(w, raw);

	expect(w, strstr(invite, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>") != NULL);
	expect(w, strstr(invite, "Privacy: id") != NULL);
	expect(w, strstr(invite, "P-Asserted-Identity") == NULL && strstr(invite, "bob") == NULL &&
			  strstr(invite, "202") == NULL);
	expect_quiet(w);
}

FLOW_PLAIN(a_trusted_trunk_keeps_the_secret, "RFC 3325 9.3")
{
	struct raw *raw;
	struct world *w =
		office_with_acme(&raw, &(struct trunk_config){ .is_trusted = true }, NULL);
	const char *invite = invite_in_private(w, raw);

	expect(w, strstr(invite, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>") != NULL);
	expect(w, strstr(invite, "Privacy: id") != NULL);
	expect(w, strstr(invite, "P-Asserted-Identity: \"bob\" <sip:202@192.0.2.3>") != NULL);
	expect_quiet(w);
}

/* A phone that hides its number says so in From. */
FLOW_PLAIN(a_phone_may_hide_who_calls, "RFC 3323 4.1, RFC 3325 9.1")
{
	struct raw *raw, *phone;
	struct world *w =
		office_with_acme(&raw, &(struct trunk_config){ .is_trusted = true }, NULL);

	phone = world_raw(w, "phone");
	office_add(&w->office, "202", "bob");
	(void)raw_ask_as(phone, "202", OFFICE_PASSWORD,
			 "INVITE sip:030123@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
			 "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a\n"
			 "To: <sip:030123@" OFFICE_DOMAIN ">\nCall-ID: a1\nCSeq: {cseq} INVITE\n"
			 "{auth}\n" TEXT_CONTACT("202", "192.0.2.4")
				 TEXT_WITH_SDP("192.0.2.4", "8"));
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "INVITE"), "From: \"Anonymous\" <sip:anonymous@") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "Privacy: id") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"),
			 "P-Asserted-Identity: \"bob\" <sip:202@192.0.2.3>") != NULL);
	raw_reply(raw, "INVITE", 486, "one", "", "");
	/* Where it is registered is said by name. */
	expect(w, raw_ask_as(phone, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "anonymous", "202", "r")
				     TEXT_CONTACT("202", "192.0.2.4") TEXT_END) == 403);
	expect_quiet(w);
}

/* --- Credentials -------------------------------------------------------------------------- */

FLOW_PLAIN(the_provider_is_answered_with_the_trunks_credentials, "RFC 3261 22.3, SECURITY A5")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw,
					   &(struct trunk_config){ .username = SLICE("u1"),
								   .password = SLICE("p1"),
								   .realm = SLICE("acme") },
					   NULL);

	dial_number(w, "alice", "030123");
	raw_reply(raw, "INVITE", 407, "x", CHALLENGE("Proxy", "acme"), "");
	expect(w, raw_count(raw, "INVITE") == 2);
	expect(w, strstr(raw_last(raw, "INVITE"), "Proxy-Authorization: Digest username=\"u1\"") !=
			  NULL);
	raw_reply(raw, "INVITE", 200, "one", CONTACT_LINE, ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	raw->is_mute = true;
	hang_up(w, "alice");
	/* The BYE is challenged, too, when nobody of us is left. */
	raw_reply(raw, "BYE", 407, "x", CHALLENGE("Proxy", "acme"), "");
	expect(w, raw_count(raw, "BYE") == 2);
	raw_reply(raw, "BYE", 200, "x", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(a_wrong_password_is_said_once, "RFC 3261 22.2, SECURITY A7")
{
	struct raw *raw;
	struct world *w = office_with_acme(
		&raw, &(struct trunk_config){ .username = SLICE("u1"), .password = SLICE("wrong") },
		NULL);

	dial_number(w, "alice", "030123");
	raw_reply(raw, "INVITE", 401, "x", CHALLENGE("WWW", "acme"), "");
	raw_reply(raw, "INVITE", 401, "x", CHALLENGE("WWW", "acme"), "");
	advance_ms(w, 1000);
	expect(w, raw_count(raw, "INVITE") == 2);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_quiet(w);
}

/* Whoever was called through the provider does not get our hash. */
FLOW_PLAIN(challenges_between_reliable_responses_are_counted, "RFC 3261 22.2, SECURITY A7")
{
	struct raw *raw;
	struct world *w = office_with_acme(
		&raw, &(struct trunk_config){ .username = SLICE("u1"), .password = SLICE("p1") },
		NULL);

	dial_number(w, "alice", "030123");
	for (unsigned i = 0; i < 6 && raw_count(raw, "INVITE") > i; i++) {
		char line[128];

		raw_reply(raw, "INVITE", 183, "x", CONTACT_LINE "Require: 100rel\r\nRSeq: 1\r\n",
			  "");
		snprintf(line, sizeof(line),
			 "WWW-Authenticate: Digest realm=\"acme\", nonce=\"n%u\"\r\n", i);
		raw_reply(raw, "INVITE", 401, "x", line, "");
	}
	expect(w, raw_count(raw, "INVITE") == 3 && raw_count(raw, "PRACK") == 3);
	expect_calls(w, "alice", PHONE_CALL_CALLING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(another_realms_challenge_is_not_answered, "RFC 3261 22.3, SECURITY A5")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw,
					   &(struct trunk_config){ .username = SLICE("u1"),
								   .password = SLICE("p1"),
								   .realm = SLICE("acme") },
					   NULL);

	dial_number(w, "alice", "030123");
	raw_reply(raw, "INVITE", 401, "x", CHALLENGE("WWW", "callee"), "");
	advance_ms(w, 1000);
	expect(w, raw_count(raw, "INVITE") == 1);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_quiet(w);
}

FLOW_PLAIN(a_phones_challenge_gets_no_credentials_of_a_trunk, "SECURITY A5")
{
	struct raw *raw;
	struct world *w = office_with_acme(
		&raw, &(struct trunk_config){ .username = SLICE("u1"), .password = SLICE("p1") },
		NULL);
	struct raw *phone = world_raw(w, "phone");

	office_add(&w->office, "202", "bob");
	registers(w, phone, "202");
	dial_number(w, "alice", "202");
	raw_reply(phone, "INVITE", 401, "x", CHALLENGE("WWW", "acme"), "");
	advance_ms(w, 1000);
	expect(w, raw_count(phone, "INVITE") == 1);
	expect_quiet(w);
}

/* --- Failover ----------------------------------------------------------------------------- */

/* Alice, and two providers for one route. */
static struct world *office_with_two(struct raw **ret_one, struct raw **ret_two)
{
	struct world *w = world_new("alice");

	*ret_one = world_raw(w, "one");
	*ret_two = world_raw(w, "two");
	office_add_trunk(
		&w->office,
		&(struct trunk_config){ .name = SLICE("acme"), .uri = SLICE("sip:192.0.2.3") },
		NULL);
	office_add_trunk(
		&w->office,
		&(struct trunk_config){ .name = SLICE("other"), .uri = SLICE("sip:192.0.2.4") },
		NULL);
	office_add_route(&w->office, "0*", NULL, "acme", "other");
	world_start(w);
	return w;
}

FLOW_PLAIN(an_overloaded_provider_is_passed_over, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	raw_reply(one, "INVITE", 503, "x", "", "");
	expect(w, raw_count(two, "INVITE") == 1);
	raw_reply(two, "INVITE", 200, "one", "Contact: <sip:192.0.2.4>\r\n", ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	/* And avoided by the next call. */
	dial_number(w, "alice", "031");
	expect(w, raw_count(one, "INVITE") == 1 && raw_count(two, "INVITE") == 2);
	raw_reply(two, "INVITE", 486, "x", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	expect_quiet(w);
}

FLOW_PLAIN(a_silent_provider_is_not_awaited_while_there_is_another, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	advance_ms(w, 6000);
	expect(w, raw_count(two, "INVITE") == 1);
	raw_reply(two, "INVITE", 200, "one", "Contact: <sip:192.0.2.4>\r\n", ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	/* The first one answers after all: its call is ended. */
	raw_reply(one, "INVITE", 200, "late", "Contact: <sip:192.0.2.3>\r\n", ANSWER);
	expect(w, raw_count(one, "ACK") == 1 && raw_count(one, "BYE") == 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_provider_that_tries_is_not_left, "RFC 3261 17.1.1.2, RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	raw_reply(one, "INVITE", 100, "", "", "");
	advance_ms(w, 20000);
	expect(w, raw_count(two, "INVITE") == 0 && raw_count(one, "CANCEL") == 0);
	raw_reply(one, "INVITE", 180, "x", "Contact: <sip:192.0.2.3>\r\n", "");
	raw_reply(one, "INVITE", 200, "x", "Contact: <sip:192.0.2.3>\r\n", ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_provider_that_rings_is_not_left, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	raw_reply(one, "INVITE", 180, "x", "Contact: <sip:192.0.2.3>\r\n", "");
	advance_ms(w, 20000);
	raw_reply(one, "INVITE", 503, "x", "", "");
	advance_ms(w, 100);
	expect(w, raw_count(two, "INVITE") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(busy_is_busy_by_whatever_trunk, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	raw_reply(one, "INVITE", 486, "x", "", "");
	expect(w, raw_count(two, "INVITE") == 0);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	expect_quiet(w);
}

FLOW_PLAIN(a_trunk_that_is_down_is_refused_at_once, "RFC 3261 21.5.4")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	acme(w)->state = TRUNK_DOWN;
	dial_number(w, "alice", "030");
	expect(w, raw_count(raw, "INVITE") == 0);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 503);
	expect_quiet(w);
}

FLOW_PLAIN(a_full_trunk_has_room_for_an_emergency, "RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "acme");

	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("acme"),
						 .uri = SLICE("sip:192.0.2.4"),
						 .calls_max = 1 },
			 NULL);
	office_add_route(&w->office, "0*", NULL, "acme", NULL);
	office_add_route(&w->office, "112", &(struct route){ .is_emergency = true }, "acme", NULL);
	w->office.directory->duration_max_s = 60;
	dial_number(w, "alice", "030");
	expect(w, raw_count(raw, "INVITE") == 1);
	dial_number(w, "bob", "031");
	expect(w, raw_count(raw, "INVITE") == 1);
	expect_ended(w, "bob", PHONE_CAUSE_REFUSED, 503);
	dial_number(w, "bob", "112");
	expect(w, raw_count(raw, "INVITE") == 2);
	raw_reply(raw, "INVITE", 200, "one", "Contact: <sip:192.0.2.4>\r\n", ANSWER);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	advance_ms(w, 70000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* A registration that the provider has forgotten, a number that it does not know: 403, 404. */
FLOW_PLAIN(an_emergency_goes_on_whatever_a_trunk_says, "RFC 3261 16.7, RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	office_add_route(&w->office, "112", &(struct route){ .is_emergency = true }, "acme",
			 "other");
	dial_number(w, "alice", "112");
	raw_reply(one, "INVITE", 403, "x", "", "");
	expect(w, raw_count(two, "INVITE") == 1);
	raw_reply(two, "INVITE", 403, "x", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 403);
	expect_quiet(w);
}

FLOW_PLAIN(who_may_not_use_a_route_is_refused, "RFC 3261 21.4.4, SECURITY R3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	office_add_route(&w->office, "0900*",
			 &(struct route){ .groups = { SLICE("bosses") }, .group_count = 1 }, "acme",
			 NULL);
	dial_number(w, "alice", "0900123");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 403);
	expect(w, raw_count(raw, "INVITE") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_without_breadth_does_not_leave, "RFC 5393 5.3.3.1")
{
	struct raw *raw, *phone;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	phone = world_raw(w, "phone");
	expect(w,
	       raw_ask_as(phone, "201", OFFICE_PASSWORD,
			  TEXT_HEAD("INVITE", "201", "030123", "b1")
				  TEXT_CONTACT("201", "192.0.2.4") "Max-Breadth: 0\n" TEXT_WITH_SDP(
					  "192.0.2.4", "8")) == 440);
	expect(w, raw_count(raw, "INVITE") == 0);
	expect_quiet(w);
}

/* --- A new configuration ------------------------------------------------------------------ */

static void reload_without(struct world *w, bool keep_other)
{
	static const uint64_t secret[2] = { 5, 6 };
	struct directory *directory = directory_new(secret), *old = w->office.directory;

	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	w->office.directory = directory;
	office_add(&w->office, "201", "alice");
	if (keep_other)
		office_add_trunk(&w->office,
				 &(struct trunk_config){ .name = SLICE("other"),
							 .uri = SLICE("sip:192.0.2.4") },
				 NULL);
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(old);
	advance_ms(w, 100);
}

FLOW_PLAIN(a_call_goes_on_without_the_trunk_that_is_gone, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	reload_without(w, true);
	raw_reply(one, "INVITE", 503, "x", "", "");
	expect(w, raw_count(two, "INVITE") == 1);
	raw_reply(two, "INVITE", 200, "one", "Contact: <sip:192.0.2.4>\r\n", ANSWER);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	reload_without(w, false);
	advance_ms(w, 100000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	expect(w, raw_count(two, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_ends_when_all_its_trunks_are_gone, "RFC 3263 4.3")
{
	struct raw *one, *two;
	struct world *w = office_with_two(&one, &two);

	dial_number(w, "alice", "030");
	reload_without(w, false);
	advance_ms(w, 7000);
	raw_reply(one, "INVITE", 503, "x", "", "");
	advance_ms(w, 100);
	expect(w, raw_count(two, "INVITE") == 0);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 500);
	expect_quiet(w);
}
