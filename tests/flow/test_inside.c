/* SPDX-License-Identifier: MIT */
/*
 * Calls from the outside: whose they are, whom they reach, who is said to call; and two offices
 * that are each other's outside.
 */
#include "acme.h"

#include "base/mem.h"
#include "zone.h"

#include "pbx/registrar.h"

#include <stdio.h>

/* A call by the provider, in words of its own. */
#define OUTSIDE(uri, from, to, call, lines)                                                        \
	"INVITE " uri " SIP/2.0\n{via}\nMax-Forwards: 70\nFrom: " from ";tag=o" call "\nTo: <" to  \
	">\nCall-ID: " call "\nCSeq: {cseq} INVITE\n{auth}\n"                                      \
	"Contact: <sip:gw@192.0.2.3>\n" lines TEXT_WITH_SDP("192.0.2.3", "8 0")

#define FROM_4930 "\"Erika\" <sip:+4930999@acme.example>"

static const char *const numbers[] = { "+4930123450", "201", "+493012345*", "*", NULL };

/* Who alice's phone says is at the other end of its first call. */
static bool is_shown(struct world *w, const char *name, const char *uri)
{
	const struct phone_call *call = &w->phones[0].phone.calls[0];

	return slice_eq(call->display, slice_from_cstr(name)) &&
	       slice_eq(call->remote, slice_from_cstr(uri));
}

FLOW_PLAIN(a_call_of_the_provider_reaches_its_number, "RFC 3261 8.2, 16.5")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	raw_ask(raw, OUTSIDE("sip:+4930123450@192.0.2.1", FROM_4930, "sip:+4930123450@192.0.2.1",
			     "i1", ""));
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect(w, is_shown(w, "Erika", "sip:+4930999@pbx.example"));
	answer(w, "alice");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "P-Asserted-Identity") == NULL);
	expect(w, acme(w)->calls == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_range_of_numbers_is_known_inside, "RFC 3261 16.5")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	raw_ask(raw,
		OUTSIDE("sip:+493012345201@192.0.2.1", FROM_4930, "sip:x@192.0.2.1", "i1", ""));
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	raw_ask(raw,
		OUTSIDE("sip:+493012345299@192.0.2.1", FROM_4930, "sip:x@192.0.2.1", "i2", ""));
	expect(w, strstr(raw_last(raw, "SIP/2.0 404"), "Call-ID: i2") != NULL);
	expect_quiet(w);
}

/* The Request-URI is our Contact; the number stands in To. */
FLOW_PLAIN(a_call_to_the_registered_contact_is_for_the_number_in_to, "RFC 3261 10.2, 8.1.1.2")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw,
					   &(struct trunk_config){ .username = SLICE("u1"),
								   .password = SLICE("p1"),
								   .is_registering = true },
					   numbers);
	char invite[2048];

	expect(w, acme_is_registered(w));
	snprintf(invite, sizeof(invite),
		 "INVITE sip:%.16s@192.0.2.1 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: " FROM_4930 ";tag=o\nTo: <sip:+4930123450@acme.example>\nCall-ID: i1\n"
		 "CSeq: {cseq} INVITE\nContact: <sip:gw@192.0.2.3>\nContent-Length: 0\n\n",
		 acme(w)->contact_user);
	raw_ask(raw, invite);
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(strangers_are_challenged_whatever_they_call, "RFC 3261 22.1, SECURITY A2, A4")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);
	struct raw *stranger = world_raw(w, "stranger");

	expect(w, raw_ask(stranger, OUTSIDE("sip:+4930123450@192.0.2.1", FROM_4930,
					    "sip:201@192.0.2.1", "s1", "")) == 401);
	expect(w, raw_ask(stranger, OUTSIDE("sip:299@192.0.2.1", FROM_4930, "sip:299@192.0.2.1",
					    "s2", "")) == 401);
	/* Whoever guesses the contact has to come from the provider, too. */
	expect(w, w->office.pbx.calls.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_range_of_sources_may_call, "SECURITY A2, A9")
{
	struct raw *raw;
	struct world *w = office_with_acme(
		&raw,
		&(struct trunk_config){
			.sources = { { .addr = { .ip = { 192, 0, 2, 4 }, .family = ADDR_IPV4 },
				       .bits = 32 } },
			.source_count = 1 },
		numbers);
	struct raw *gateway = world_raw(w, "gateway");
	struct raw *stranger = world_raw(w, "stranger");

	raw_ask(gateway, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "g1", ""));
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect(w, raw_ask(stranger, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1",
					    "s1", "")) == 401);
	expect_quiet(w);
}

/* No free calls to the outside for whoever is outside. */
FLOW_PLAIN(a_call_from_outside_never_leaves_again, "SECURITY R3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	expect(w, raw_ask(raw, OUTSIDE("sip:030123@192.0.2.1", FROM_4930, "sip:x@192.0.2.1", "i1",
				       "")) == 404);
	expect(w, raw_count(raw, "INVITE") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_forward_to_the_outside_is_the_extensions_own, "SECURITY R3, RFC 5806 4")
{
	struct raw *raw;
	struct world *w =
		office_with_acme(&raw, &(struct trunk_config){ .is_trusted = true }, numbers);

	world_extension(w, "alice")->forward.to[FORWARD_ALWAYS] = SLICE("030123");
	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i1", ""));
	expect(w, strstr(raw_last(raw, "INVITE"), "INVITE sip:30123@192.0.2.3 SIP/2.0") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "<sip:201@192.0.2.3>") != NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "Diversion: ") != NULL);
	raw_reply(raw, "INVITE", 486, "x", "", "");
	expect(w, raw_count(raw, "SIP/2.0 486") == 1);
	expect_quiet(w);
}

/* 302 by somebody outside would be a call at our expense. */
FLOW_PLAIN(a_redirection_from_outside_leads_nowhere, "RFC 3261 21.3, SECURITY R3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	dial_number(w, "alice", "030");
	raw_reply(raw, "INVITE", 302, "x", "Contact: <sip:0900@192.0.2.1>\r\n", "");
	advance_ms(w, 100);
	expect(w, raw_count(raw, "INVITE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_calls_is_believed_of_a_trusted_trunk_only, "RFC 3325 9.1, SECURITY A3")
{
	struct raw *raw;
	struct world *w =
		office_with_acme(&raw, &(struct trunk_config){ .is_trusted = true }, numbers);

	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", "<sip:0@acme.example>", "sip:201@192.0.2.1", "i1",
			     "P-Asserted-Identity: \"Max\" <sip:+4940@acme.example>\n"));
	expect(w, is_shown(w, "Max", "sip:+4940@pbx.example"));
	expect_quiet(w);
}

FLOW_PLAIN(an_untrusted_trunks_word_is_its_from, "RFC 3325 9.1")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i1",
			     "P-Asserted-Identity: \"Max\" <sip:+4940@acme.example>\n"));
	expect(w, is_shown(w, "Erika", "sip:+4930999@pbx.example"));
	expect_quiet(w);
}

FLOW_PLAIN(a_withheld_number_is_shown_as_anonymous, "RFC 3323 4.1, RFC 3325 9.3")
{
	struct raw *raw;
	struct world *w =
		office_with_acme(&raw, &(struct trunk_config){ .is_trusted = true }, numbers);

	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", "<sip:anonymous@anonymous.invalid>",
			     "sip:201@192.0.2.1", "i1",
			     "P-Asserted-Identity: \"Max\" <sip:+4940@acme.example>\n"
			     "Privacy: id\n"));
	expect(w, is_shown(w, "Anonymous", "sip:anonymous@anonymous.invalid"));
	expect_quiet(w);
}

FLOW_PLAIN(nobody_outside_is_one_of_ours, "SECURITY A3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	office_add(&w->office, "202", "bob");
	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", "\"Bob\" <sip:202@acme.example>",
			     "sip:201@192.0.2.1", "i1", ""));
	expect(w, is_shown(w, "Anonymous", "sip:anonymous@anonymous.invalid"));
	expect_quiet(w);
}

/* What a name says stays a name. */
FLOW_PLAIN(a_hostile_name_forges_nothing, "SECURITY A3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);
	struct raw *phone = world_raw(w, "phone");

	office_add(&w->office, "202", "bob");
	registers(w, phone, "202");
	raw_ask(raw, OUTSIDE("sip:202@192.0.2.1",
			     "\"Bob\\\" <sip:202@pbx.example>;x=\\\"\" <sip:%3Cx%22@acme.example>",
			     "sip:202@192.0.2.1", "i1", ""));
	expect(w,
	       strstr(raw_last(phone, "INVITE"), "From: \"Bob\\\" <sip:202@pbx.example>;x=\\\"\" "
						 "<sip:%3Cx%22@pbx.example>;tag=") != NULL);
	raw_reply(phone, "INVITE", 486, "x", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(a_trunk_takes_over_no_call, "RFC 3891 5, SECURITY R2")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, numbers);

	expect(w, raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i1",
				       "Replaces: a;to-tag=b;from-tag=c\n")) == 403);
	expect_quiet(w);
}

FLOW_PLAIN(more_calls_than_a_trunk_may_have_are_busy, "RFC 3261 21.4.24")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw, &(struct trunk_config){ .calls_max = 1 }, numbers);

	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i1", ""));
	expect(w, raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i2",
				       "")) == 486);
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

/* --- Two offices -------------------------------------------------------------------------- */

/*
 * The office "far" is the provider of ours: we register there as its extension 800, and it knows
 * nothing of trunks. Dora's phone is there.
 */
static struct world *two_offices(void)
{
	struct world *w = world_new("alice");
	struct office *far = world_far(w, "far", "far.example");

	world_far_phone(w, "dora", "401");
	office_add(far, "800", "our office");
	zone_add(w->wires, "far.example", "A 192.0.2.3", 300);
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("far"),
						 .uri = SLICE("sip:far.example"),
						 .username = SLICE("800"),
						 .password = SLICE(OFFICE_PASSWORD),
						 .is_registering = true,
						 .qualify_s = 60 },
			 (const char *const[]){ "800", "201", NULL });
	office_add_route(&w->office, "9*", &(struct route){ .strip = 1 }, "far", NULL);
	return w;
}

FLOW(a_call_goes_out_to_another_office, "RFC 3261 22.1, 16.7, RFC 3263 4")
{
	struct world *w = two_offices();

	dial_number(w, "alice", "9401");
	expect_calls(w, "dora", PHONE_CALL_RINGING, 1);
	answer(w, "dora");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "dora");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW(a_call_comes_in_from_another_office, "RFC 3261 10.2, 16.7")
{
	struct world *w = two_offices();

	dial_number(w, "dora", "800");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	answer(w, "alice");
	expect_calls(w, "dora", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	expect_calls(w, "dora", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW(a_caller_gives_up_before_the_other_office_answers, "RFC 3261 9")
{
	struct world *w = two_offices();

	dial_number(w, "alice", "9401");
	hang_up(w, "alice");
	expect_calls(w, "dora", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* The far office has a trunk for us, and we come with its credentials. */
FLOW(an_office_comes_in_with_credentials, "RFC 3261 22.1")
{
	struct world *w = world_new("alice");
	struct office *far = world_far(w, "far", "far.example");

	world_far_phone(w, "dora", "401");
	office_add_trunk(far,
			 &(struct trunk_config){ .name = SLICE("near"),
						 .uri = SLICE("sip:192.0.2.77"),
						 .username = SLICE("near"),
						 .password = SLICE("secret of two") },
			 NULL);
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("far"),
						 .uri = SLICE("sip:192.0.2.3"),
						 .username = SLICE("near"),
						 .password = SLICE("secret of two") },
			 NULL);
	office_add_route(&w->office, "9*", &(struct route){ .strip = 1 }, "far", NULL);
	dial_number(w, "alice", "9401");
	expect_calls(w, "dora", PHONE_CALL_RINGING, 1);
	answer(w, "dora");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* As reload() does, and as it goes on as it was where memory is refused. */
static void reload_quietly(struct world *w, const struct trunk_config *trunk)
{
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);
	struct extension alice = { .number = SLICE("201"), .password = SLICE(OFFICE_PASSWORD) };
	struct trunk_config *added;

	if (!directory)
		return;
	if (directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0 &&
	    directory_add_extension(directory, &alice) == 0 &&
	    (!trunk || dialplan_add_trunk(&directory->dialplan, trunk, &added) == 0)) {
		pbx_set_directory(&w->office.pbx, directory_ref(directory));
		directory_unref(w->office.directory);
		w->office.directory = directory_ref(directory);
		directory_unref(directory);
	}
	directory_unref(directory);
}

/* Registration and leaving under faults: the configuration comes while the world goes. */
FLOW(a_trunk_comes_and_goes_with_the_configuration, "RFC 3261 10.2, 10.2.2")
{
	struct world *w = world_new("alice");
	struct office *far = world_far(w, "far", "far.example");

	world_far_phone(w, "dora", "401");
	office_add(far, "800", "our office");
	zone_add(w->wires, "far.example", "A 192.0.2.3", 300);
	world_start(w);
	reload_quietly(w, &(struct trunk_config){ .name = SLICE("far"),
						  .uri = SLICE("sip:far.example"),
						  .username = SLICE("800"),
						  .password = SLICE(OFFICE_PASSWORD),
						  .is_registering = true,
						  .expires_s = 120,
						  .qualify_s = 30 });
	advance_ms(w, 400000);
	expect(w, registrar_find(&far->pbx, SLICE("800")) != NULL);
	reload_quietly(w, NULL);
	advance_ms(w, 100000);
	expect(w, registrar_find(&far->pbx, SLICE("800")) == NULL);
	expect_quiet(w);
}

/* Wherever memory is refused while it comes, it comes by and by. */
FLOW_PLAIN(a_trunk_comes_although_memory_was_refused, "RFC 3261 10.2")
{
	const struct trunk_config config = { .name = SLICE("acme"),
					     .uri = SLICE("sip:192.0.2.3"),
					     .username = SLICE("800"),
					     .password = SLICE("p"),
					     .is_registering = true,
					     .expires_s = 120 };
	struct world *w = world_new("alice");

	(void)world_raw(w, "acme");
	world_start(w);
	for (uint64_t nth = 1; nth < 60; nth++) {
		const struct trunk *trunk;

		mem_refuse_nth(nth);
		reload_quietly(w, &config);
		mem_refuse_nth(0);
		advance_ms(w, 80000);
		trunk = trunk_find(&w->office.pbx, SLICE("acme"));
		/* Else the new configuration itself was refused. */
		if (dialplan_find_trunk(&w->office.directory->dialplan, SLICE("acme")))
			expect(w, trunk && trunk->registration &&
					  registration_is_up(trunk->registration));
		reload_quietly(w, NULL);
		advance_ms(w, 100000);
	}
	expect_quiet(w);
}

/* The provider reaches us by our connection only, so it must not stay away when it breaks. */
FLOW(a_trunk_whose_connection_broke_registers_anew, "RFC 3261 10.2, RFC 5626 4.4")
{
	struct world *w = world_new("alice");
	struct office *far = world_far(w, "far", "far.example");

	world_far_phone(w, "dora", "401");
	office_add(far, "800", "our office");
	w->office.node->tcp = WIRE_TCP_TAKEN;
	far->node->tcp = WIRE_TCP_TAKEN;
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("far"),
						 .uri = SLICE("sip:192.0.2.3;transport=tcp"),
						 .username = SLICE("800"),
						 .password = SLICE(OFFICE_PASSWORD),
						 .from_domain = SLICE("far.example"),
						 .is_registering = true,
						 .expires_s = 3600 },
			 (const char *const[]){ "800", "201", NULL });
	world_start(w);
	advance_ms(w, 60000);
	wires_cut(w->office.node);
	advance_ms(w, 1000);
	expect_ladder(w, "switch -> far REGISTER", "far -> switch 200 REGISTER");
	dial_number(w, "dora", "800");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	answer(w, "alice");
	expect_calls(w, "dora", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* A BYE of ours is challenged in a call that came in, too. */
FLOW_PLAIN(the_end_of_a_call_from_outside_may_be_challenged, "RFC 3261 22.3")
{
	struct raw *raw;
	struct world *w = office_with_acme(&raw,
					   &(struct trunk_config){ .username = SLICE("u1"),
								   .password = SLICE("p1"),
								   .realm = SLICE("acme") },
					   numbers);

	raw_ask(raw, OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "i1", ""));
	answer(w, "alice");
	(void)raw_speak(raw, "SIP/2.0 200", "o", "ACK", TEXT_END);
	raw->is_mute = true;
	hang_up(w, "alice");
	raw_reply(raw, "BYE", 401, "x", CHALLENGE("WWW", "acme"), "");
	expect(w, raw_count(raw, "BYE") == 2);
	raw_reply(raw, "BYE", 200, "x", "", "");
	expect_quiet(w);
}

/* Calls of no emergency leave the last places of each table to those that are. */
FLOW_PLAIN(a_full_server_has_room_for_an_emergency, "RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "acme");
	char text[2048];

	office_add_trunk(
		&w->office,
		&(struct trunk_config){ .name = SLICE("acme"), .uri = SLICE("sip:192.0.2.4") },
		NULL);
	office_add_route(&w->office, "0*", NULL, "acme", NULL);
	office_add_route(&w->office, "112", &(struct route){ .is_emergency = true }, "acme", NULL);
	world_start(w);
	w->office.directory->limits.calls = 2;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text),
			 OUTSIDE("sip:201@192.0.2.1", FROM_4930, "sip:201@192.0.2.1", "%1$d", ""),
			 i);
		raw_ask(raw, text);
	}
	expect(w, w->office.pbx.calls.held_count == 2);
	dial_number(w, "bob", "030");
	expect_ended(w, "bob", PHONE_CAUSE_REFUSED, 503);
	dial_number(w, "bob", "112");
	expect(w, strstr(raw_last(raw, "INVITE"), "INVITE sip:112@192.0.2.4 SIP/2.0") != NULL);
	raw_reply(raw, "INVITE", 486, "x", "", "");
	expect_quiet(w);
}
