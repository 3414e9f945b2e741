/* SPDX-License-Identifier: MIT */
/*
 * Transfers with somebody outside: to a number there, of somebody there, and by them (RFC 5589 6
 * and 7, SECURITY R3). Alice (201), bob (202) and carol (203) are phones; the provider acme is a
 * raw peer.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define ACME_LINE "Contact: <sip:gw@192.0.2.5:5060>\r\n"
#define ACME_SDP TEXT_ANSWER("192.0.2.5", "8")

static const char *const numbers[] = { "+493012345*", "*", NULL };

static struct world *office_of(struct raw **ret_acme, const struct route *route, bool is_trusted)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_acme = world_raw(w, "acme");
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE_INIT("acme"),
						 .uri = SLICE_INIT("sip:192.0.2.5"),
						 .is_trusted = is_trusted },
			 numbers);
	office_add_route(&w->office, "0*", route, "acme", NULL);
	watch(w, "carol", "alice");
	watch(w, "carol", "bob");
	world_start(w);
	return w;
}

static struct world *office(struct raw **ret_acme, const struct route *route)
{
	return office_of(ret_acme, route, false);
}

static struct world *alice_talks_to_bob(struct raw **ret_acme, const struct route *route)
{
	struct world *w = office(ret_acme, route);

	dial(w, "alice", "bob");
	answer(w, "bob");
	return w;
}

/* Erika calls bob from outside, and they talk. */
static void erika_calls_bob(struct world *w, struct raw *acme)
{
	raw_ask(acme, "INVITE sip:+493012345202@192.0.2.1 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		      "From: \"Erika\" <sip:+4930999@acme.example>;tag=erika\n"
		      "To: <sip:+493012345202@192.0.2.1>\nCall-ID: e1\nCSeq: {cseq} INVITE\n"
		      "{auth}\nContact: <sip:gw@192.0.2.5>\n" TEXT_WITH_SDP("192.0.2.5", "8 0"));
	answer(w, "bob");
	(void)raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
}

static struct world *erika_talks_to_bob(struct raw **ret_acme)
{
	struct world *w = office(ret_acme, NULL);

	erika_calls_bob(w, *ret_acme);
	return w;
}

static unsigned erika_refers_to(struct raw *acme, const char *uri)
{
	char rest[1024];

	snprintf(rest, sizeof(rest), "Contact: <sip:gw@192.0.2.5>\nRefer-To: <%s>\n" TEXT_END, uri);
	return raw_speak(acme, "SIP/2.0 200", "", "REFER", rest);
}

/* --- To the outside ----------------------------------------------------------------------- */

FLOW_PLAIN(a_call_is_transferred_to_a_number_outside, "RFC 5589 6.2, RFC 3725 4.1")
{
	struct raw *acme;
	struct world *w = alice_talks_to_bob(&acme, NULL);

	transfer_number(w, "bob", "030123");
	expect(w, strstr(raw_last(acme, "INVITE"), "INVITE sip:030123@192.0.2.5 ") != NULL);
	expect(w, strstr(raw_last(acme, "INVITE"), "From: <sip:201@") != NULL);
	expect(w, strstr(raw_last(acme, "INVITE"), "Referred-By") == NULL);
	raw_reply(acme, "INVITE", 180, "one", ACME_LINE, "");
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 180);
	raw_reply(acme, "INVITE", 200, "one", ACME_LINE, ACME_SDP);
	advance_ms(w, 500);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect(w, strstr(raw_last(acme, "ACK"), "c=IN IP4 192.0.2.2") != NULL);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	hang_up(w, "alice");
	expect(w, raw_count(acme, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(what_a_transferor_may_not_dial_is_no_target, "RFC 5589 6.3, SECURITY R3")
{
	struct raw *acme;
	struct world *w =
		alice_talks_to_bob(&acme, &(struct route){ .extensions = { SLICE_INIT("201") },
							   .extension_count = 1 });

	transfer_number(w, "bob", "030123");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect(w, raw_count(acme, "INVITE") == 0);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(the_transferors_right_counts_for_a_transfer, "RFC 5589 6.2, SECURITY R3")
{
	struct raw *acme;
	struct world *w =
		alice_talks_to_bob(&acme, &(struct route){ .extensions = { SLICE_INIT("202") },
							   .extension_count = 1 });

	transfer_number(w, "bob", "030123");
	expect(w, raw_count(acme, "INVITE") == 1);
	raw_reply(acme, "INVITE", 486, "one", "", "");
	advance_ms(w, 100);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* Alice's other phone calls bob, with these lines; he consults somebody outside and joins the two.
 */
static const char *joins_outside(struct world *w, struct raw *acme, const char *lines)
{
	struct raw *phone = world_raw(w, "phone");
	char text[1024];

	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "202", "p1") "%s" TEXT_CONTACT("201", "192.0.2.6")
			 TEXT_WITH_SDP("192.0.2.6", "8 0"),
		 lines);
	(void)raw_ask_as(phone, "201", OFFICE_PASSWORD, text);
	answer(w, "bob");
	(void)raw_speak(phone, "SIP/2.0 200", "", "ACK", TEXT_END);
	dial_number(w, "bob", "030123");
	raw_reply(phone, "INVITE", 200, "", "Contact: <sip:201@192.0.2.6>\r\n", ACME_SDP);
	raw_reply(acme, "INVITE", 200, "one", ACME_LINE, ACME_SDP);
	advance_ms(w, 500);
	transfer_attended(w, "bob");
	expect(w, raw_count(acme, "INVITE") == 2);
	return raw_last(acme, "INVITE");
}

static struct world *trusting_office(struct raw **ret_acme)
{
	return office_of(ret_acme, NULL, true);
}

FLOW_PLAIN(a_trusted_provider_is_told_who_is_transferred, "RFC 3325 9.1, RFC 5589 7.3")
{
	struct raw *acme;
	struct world *w = trusting_office(&acme);

	expect(w, strstr(joins_outside(w, acme, ""), "P-Asserted-Identity: \"alice\" <sip:201@") !=
			  NULL);
	expect_quiet(w);
}

FLOW_PLAIN(who_stays_unknown_is_not_told_by_a_transfer, "RFC 3325 9.3, RFC 3323 4.1")
{
	struct raw *acme;
	struct world *w = trusting_office(&acme);

	expect(w, strstr(joins_outside(w, acme, "Privacy: id\n"), "P-Asserted-Identity") == NULL);
	expect_quiet(w);
}

/* --- Of somebody outside ------------------------------------------------------------------ */

FLOW_PLAIN(somebody_outside_is_transferred, "RFC 5589 6.2, RFC 3725 4.1")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	transfer(w, "bob", "carol");
	answer(w, "carol");
	expect(w, strstr(raw_last(acme, "INVITE"), "c=IN IP4 192.0.2.4") != NULL);
	raw_reply(acme, "INVITE", 200, "", ACME_LINE, ACME_SDP);
	advance_ms(w, 500);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect(w, slice_eq(world_phone(w, "carol")->phone.calls[0].display, SLICE("Erika")));
	acme->cseq = 20;
	expect(w, raw_speak(acme, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW_PLAIN(two_outside_are_not_joined, "SECURITY R3, RFC 5589 6.3")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	transfer_number(w, "bob", "030123");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect(w, raw_count(acme, "INVITE") == 0);
	dial_number(w, "bob", "030123");
	raw_reply(acme, "INVITE sip:gw", 200, "", ACME_LINE, ACME_SDP); /* Erika is held */
	raw_reply(acme, "INVITE sip:030123", 200, "one", ACME_LINE, ACME_SDP);
	advance_ms(w, 500);
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 2);
	expect(w, raw_count(acme, "BYE") == 0);
	expect_quiet(w);
}

/* Who is outside and rings could be joined with the other one as soon as it answers. */
FLOW_PLAIN(two_outside_are_not_joined_while_one_rings, "SECURITY R3, RFC 5589 7.6")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	dial_number(w, "bob", "030123");
	raw_reply(acme, "INVITE sip:gw", 200, "", ACME_LINE, ACME_SDP); /* Erika is held */
	raw_reply(acme, "INVITE sip:030123", 180, "one", ACME_LINE, "");
	advance_ms(w, 500);
	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 2);
	expect(w, raw_count(acme, "CANCEL") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(who_may_joins_two_outside, "SECURITY R3, RFC 5589 6.2")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	world_extension(w, "bob")->may_join_trunks = true;
	transfer_number(w, "bob", "030123");
	/* In the name of who transfers, as it is his right. */
	expect(w, strstr(raw_last(acme, "INVITE"), "From: <sip:202@") != NULL);
	raw_reply(acme, "INVITE sip:030123", 200, "one", ACME_LINE, ACME_SDP);
	raw_reply(acme, "INVITE", 200, "", ACME_LINE, ACME_SDP);
	advance_ms(w, 500);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect(w, w->office.pbx.calls.held_count == 1);
	acme->cseq = 20;
	expect(w, raw_speak(acme, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect(w, raw_count(acme, "BYE") == 1);
	expect_quiet(w);
}

/* --- By somebody outside ------------------------------------------------------------------ */

FLOW_PLAIN(a_provider_transfers_inside, "RFC 5589 6.2, RFC 3515 2.4")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	acme->cseq = 20;
	expect(w, erika_refers_to(acme, "sip:203@192.0.2.1") == 202);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect(w, raw_heard(acme, "NOTIFY", "SIP/2.0 200 OK"));
	expect_talking(w, "bob", "carol");
	expect_media(w, "bob", "carol");
	advance_ms(w, 5000);
	expect(w, raw_count(acme, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_provider_transfers_nobody_outside, "SECURITY R3")
{
	static const struct {
		const char *uri;
		unsigned status;
	} rows[] = {
		{ "sip:030123@192.0.2.1", 404 },
		{ "sip:030123@" OFFICE_DOMAIN, 404 },
		{ "sip:+4930999@192.0.2.5", 404 },
		{ "sip:*8203@192.0.2.1", 404 },
		{ "sip:202@192.0.2.1", 403 },
		{ "sip:203@192.0.2.1?Replaces=e1", 481 },
		{ "sip:203@192.0.2.1;method=BYE", 403 },
	};
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	acme->cseq = 20;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(w, erika_refers_to(acme, rows[i].uri) == rows[i].status);
	expect(w, raw_count(acme, "INVITE") == 0);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* Who is outside may say of itself what it likes: an extension of that number is not meant. */
FLOW_PLAIN(a_provider_who_has_gone_is_not_called_back, "RFC 5589 6.3")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme);

	acme->cseq = 20;
	expect(w, erika_refers_to(acme, "sip:203@192.0.2.1") == 202);
	expect(w, raw_speak(acme, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect(w, raw_count(acme, "INVITE") == 0);
	expect_quiet(w);
}
