/* SPDX-License-Identifier: MIT */
/*
 * `refer: forward`: the REFER goes on to the other party's phone, which calls by itself.
 */
#include "acme.h"
#include "texts.h"
#include "transfer_scene.h"

#include "pbx/call.h"
#include "sip/refer_to.h"

#include <stdio.h>

/* Before the first step: what bob asks for goes on. */
static struct world *bobs_refers_go_on(void)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	watch(w, "dave", "alice");
	watch(w, "dave", "carol");
	world_start(w);
	return w;
}

static void alice_is_with_carol(struct world *w)
{
	advance_ms(w, 6000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_talking(w, "alice", "carol");
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	hang_up(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "dave", "alice", LAMP_DARK);
	expect_quiet(w);
}

static void alice_is_still_with_bob(struct world *w)
{
	expect_talking(w, "alice", "bob");
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect_quiet(w);
}

/* --- Blind -------------------------------------------------------------------------------- */

FLOW(a_blind_transfer_goes_on_to_the_phone, "RFC 5589 6.2, RFC 3515 2.4, RFC 3892 2.2")
{
	struct world *w = alice_talks_to_bob(bobs_refers_go_on());

	transfer(w, "bob", "carol");
	expect_ladder(w, "bob    -> switch  REFER", "switch -> bob     202 REFER",
		      "switch -> alice   REFER", "alice  -> switch  202 REFER",
		      "alice  -> switch  INVITE", "switch -> carol   INVITE",
		      "alice  -> switch  NOTIFY sipfrag 180",
		      "switch -> bob     NOTIFY sipfrag 180");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	answer(w, "carol");
	expect_ladder(w, "switch -> alice   200 INVITE", "alice  -> switch  NOTIFY sipfrag 200",
		      "switch -> bob     NOTIFY sipfrag 200", "bob    -> switch  BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

#define ALICE_CALLS_BOB                                                                            \
	TEXT_HEAD("INVITE", "203", "201", "a1")                                                    \
	TEXT_CONTACT("203", "192.0.2.4")                                                           \
	"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\n" TEXT_WITH_SDP("192.0.2.4", "8 0")

FLOW_PLAIN(a_refer_that_goes_on_leads_to_our_address, "RFC 5589 6.2, RFC 3515 2.1")
{
	struct world *w = world_new("bob", "carol");
	struct raw *alice;

	world_extension(w, "bob")->refer = REFER_FORWARD;
	office_add(&w->office, "203", "alice");
	alice = world_raw(w, "alice");
	world_start(w);
	raw_ask_as(alice, "203", OFFICE_PASSWORD, ALICE_CALLS_BOB);
	answer(w, "bob");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	transfer(w, "bob", "carol");
	expect(w, raw_heard(alice, "REFER", "Refer-To: <sip:202@192.0.2.1:5060>"));
	expect_quiet(w);
}

FLOW(a_forwarded_blind_transfer_to_a_busy_phone_changes_nothing, "RFC 5589 6.3, RFC 3515 2.4.5")
{
	struct world *w = alice_talks_to_bob(bobs_refers_go_on());

	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	transfer(w, "bob", "carol");
	expect_ladder(w, "switch -> alice   REFER", "alice  -> switch  NOTIFY sipfrag 486",
		      "switch -> bob     NOTIFY sipfrag 486");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	alice_is_still_with_bob(w);
}

FLOW(a_phone_that_takes_no_refer_is_transferred_by_us, "RFC 3261 20.5, RFC 5589 7.4")
{
	struct world *w = bobs_refers_go_on();

	world_phone(w, "alice")->phone.config.lacks_refer = true;
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_silence(w, "switch -> alice   REFER");
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

FLOW(a_transferor_whose_refer_went_on_may_leave_at_once, "RFC 5589 6.2")
{
	struct world *w = bobs_refers_go_on();

	leaves_at_once(w, "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	answer(w, "carol");
	alice_is_with_carol(w);
}

FLOW(a_transferor_who_left_is_called_back_by_us, "RFC 5589 6.3")
{
	struct world *w = bobs_refers_go_on();

	leaves_at_once(w, "bob");
	phone_set_dnd(&world_phone(w, "carol")->phone, true);
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_ladder(w, "bob    -> switch  BYE", "alice  -> switch  NOTIFY sipfrag 486",
		      "switch -> bob     INVITE");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	alice_is_still_with_bob(w);
}

/* --- Attended ----------------------------------------------------------------------------- */

FLOW(an_attended_transfer_goes_on_to_the_phone, "RFC 5589 7.1, RFC 3891 3, RFC 5359 2.5")
{
	struct world *w = bob_consults_carol(bobs_refers_go_on());

	transfer_attended(w, "bob");
	expect_ladder(w, "bob    -> switch  REFER Replaces", "switch -> alice   REFER Replaces",
		      "alice  -> switch  INVITE Replaces", "switch -> carol   INVITE Replaces",
		      "carol  -> switch  200 INVITE", "carol  -> switch  BYE",
		      "switch -> alice   200 INVITE", "switch -> bob     BYE",
		      "alice  -> switch  NOTIFY sipfrag 200",
		      "switch -> bob     NOTIFY sipfrag 200", "bob    -> switch  BYE");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

/* The consultation is gone before the transferee comes to take it. */
FLOW(a_consultation_that_ends_too_soon_is_joined_by_us, "RFC 5589 7.1")
{
	struct world *w = bob_consults_carol(bobs_refers_go_on());

	leaves_at_once(w, "bob");
	transfer_attended(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_ended(w, "bob", PHONE_CAUSE_LOCAL, 0);
	alice_is_with_carol(w);
}

FLOW(a_target_that_leaves_before_the_transferee_comes, "RFC 5589 7.1, RFC 3891 3")
{
	struct world *w = bob_consults_carol(bobs_refers_go_on());

	cut_off(w, "alice");
	transfer_attended(w, "bob");
	hang_up(w, "carol");
	cut_off(w, "alice");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	advance_ms(w, 2000);
	resume(w, "bob");
	alice_is_still_with_bob(w);
}

FLOW(a_phone_without_replaces_is_transferred_by_us, "RFC 5589 7.3")
{
	struct world *w = bobs_refers_go_on();

	world_phone(w, "alice")->phone.config.lacks_replaces = true;
	world_phone(w, "alice")->phone.stack.lacks_replaces = true;
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect_silence(w, "switch -> alice   REFER");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

FLOW(a_target_that_still_rings_is_joined_by_us, "RFC 5589 7.6, RFC 3891 3")
{
	struct world *w = alice_talks_to_bob(bobs_refers_go_on());

	dial(w, "bob", "carol");
	transfer_attended(w, "bob");
	expect_silence(w, "switch -> alice   REFER");
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

/* --- What it may reach -------------------------------------------------------------------- */

#define ACME_IP "192.0.2.5"
#define ACME_LINE "Contact: <sip:gw@" ACME_IP ":5060>\r\n"
#define ACME_SDP TEXT_ANSWER(ACME_IP, "8 0")

/* "0*" leads to acme, for this extension only. */
static struct world *with_acme(struct raw **ret_acme, const char *allowed)
{
	struct world *w = world_new("alice", "bob", "carol");
	struct trunk_config config = { .name = SLICE("acme"),
				       .uri = SLICE("sip:" ACME_IP),
				       .refer = REFER_FORWARD };
	struct route route = { .strip = 1, .extension_count = 1 };

	*ret_acme = world_raw(w, "acme");
	route.extensions[0] = slice_from_cstr(allowed);
	office_add_trunk(&w->office, &config, NULL);
	office_add_route(&w->office, "0*", &route, "acme", NULL);
	world_extension(w, "bob")->refer = REFER_FORWARD;
	world_start(w);
	return w;
}

static void alice_calls_bob(struct world *w)
{
	dial(w, "alice", "bob");
	answer(w, "bob");
}

FLOW_PLAIN(whom_a_refer_sends_outside_dials_with_the_referrers_rights, "SECURITY R5, RFC 3515 5.1")
{
	struct raw *acme;
	struct world *w = with_acme(&acme, "202");

	alice_calls_bob(w);
	transfer_number(w, "bob", "0123");
	expect_ladder(w, "switch -> alice   REFER", "alice  -> switch  INVITE",
		      "switch -> acme    INVITE");
	raw_reply(acme, "INVITE", 200, "acmetag", ACME_LINE, ACME_SDP);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	/* It was for once. */
	dial_number(w, "alice", "0123");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 403);
	expect_quiet(w);
}

FLOW_PLAIN(the_target_is_told_who_has_referred, "RFC 3892 2.2")
{
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *target = world_raw(w, "target");

	office_add(&w->office, "209", "target");
	world_extension(w, "bob")->refer = REFER_FORWARD;
	world_start(w);
	registers(w, target, "209");
	alice_calls_bob(w);
	transfer_number(w, "bob", "209");
	expect(w, raw_heard(target, "INVITE", "Referred-By: \"bob\" <sip:202@" OFFICE_DOMAIN ">"));
	raw_reply(target, "INVITE", 486, "t1", "", "");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW(a_forwarded_transfer_need_not_be_told_of, "RFC 4488 4, RFC 5589 6.2")
{
	struct world *w = bobs_refers_go_on();

	world_phone(w, "bob")->phone.config.transfer_unheard = true;
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	answer(w, "carol");
	expect_silence(w, "switch -> bob     NOTIFY");
	alice_is_with_carol(w);
}

FLOW_PLAIN(a_refer_does_not_go_on_beyond_the_referrers_rights, "SECURITY R3, RFC 3515 5.1")
{
	struct raw *acme;
	struct world *w = with_acme(&acme, "201");

	alice_calls_bob(w);
	transfer_number(w, "bob", "0123");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 403);
	expect_silence(w, "switch -> alice   REFER");
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(a_ticket_is_good_for_a_minute, "SECURITY R5")
{
	struct raw *acme;
	struct world *w = with_acme(&acme, "202");

	alice_calls_bob(w);
	world_phone(w, "alice")->phone.config.lacks_refer = true; /* and yet it said it takes one */
	transfer_number(w, "bob", "0123");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 405);
	expect(w, list_is_empty(&w->office.pbx.tickets));
	world_phone(w, "alice")->phone.config.lacks_refer = false;
	cut_off(w, "alice");
	transfer_number(w, "bob", "0123");
	advance_ms(w, 1000);
	expect(w, !list_is_empty(&w->office.pbx.tickets));
	advance_ms(w, 60000);
	expect(w, list_is_empty(&w->office.pbx.tickets));
	cut_off(w, "alice");
	expect_quiet(w);
}

/* Who hangs up instead of going there has been told on as not having gone. */
FLOW_PLAIN(a_ticket_is_over_with_its_transfer, "SECURITY R5, RFC 3515 5.1")
{
	struct world *w = world_new("bob", "carol");
	struct raw *alice;

	world_extension(w, "bob")->refer = REFER_FORWARD;
	office_add(&w->office, "203", "alice");
	alice = world_raw(w, "alice");
	world_start(w);
	raw_ask_as(alice, "203", OFFICE_PASSWORD, ALICE_CALLS_BOB);
	answer(w, "bob");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	transfer(w, "bob", "carol");
	raw_reply(alice, "REFER", 202, "", "", "");
	expect(w, !list_is_empty(&w->office.pbx.tickets));
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect(w, list_is_empty(&w->office.pbx.tickets));
	expect_quiet(w);
}

/* Whoever knows the ids, or dials the number, while alice has not come yet. */
FLOW_PLAIN(a_ticket_is_for_nobody_else, "SECURITY R2, SECURITY R5")
{
	struct raw *acme;
	struct world *w = with_acme(&acme, "202");
	struct raw *mallory = world_raw(w, "mallory");
	char text[2048];
	const struct dialog *dialog;
	struct call *call;
	uint32_t slot = 0;

	office_add(&w->office, "209", "mallory");
	alice_calls_bob(w);
	cut_off(w, "alice");
	transfer_number(w, "bob", "0123");
	dial_number(w, "carol", "0123");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 403);
	cut_off(w, "alice");
	advance_ms(w, 1000);
	raw_reply(acme, "INVITE", 486, "a1", "", "");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	dial(w, "bob", "carol");
	answer(w, "carol");
	cut_off(w, "alice");
	transfer_attended(w, "bob");
	while ((call = pool_walk(&w->office.pbx.calls, &slot)) != NULL)
		if (slice_eq(call->caller->party.number, SLICE("202")))
			break;
	CHECK(call);
	dialog = &call->caller->session->dialog;
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "209", "203", "m1") TEXT_CONTACT(
			 "209", "192.0.2.6") "Replaces: %.*s;to-tag=%.*s;from-tag=%.*s\n%s",
		 SLICE_ARGS(dialog_call_id(dialog)), SLICE_ARGS(dialog_local_tag(dialog)),
		 SLICE_ARGS(dialog_remote_tag(dialog)), TEXT_WITH_SDP("192.0.2.6", "8 0"));
	expect(w, !list_is_empty(&w->office.pbx.tickets));
	expect(w, raw_ask_as(mallory, "209", OFFICE_PASSWORD, text) / 100 == 4);
	expect_talking(w, "carol", "bob");
	cut_off(w, "alice");
	advance_ms(w, 5000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

/* --- From outside ------------------------------------------------------------------------- */

#define ACME_ASKS(uri, call, lines)                                                                \
	"INVITE " uri " SIP/2.0\n{via}\nMax-Forwards: 70\n"                                        \
	"From: <sip:+4930999@acme.example>;tag=o" call "\nTo: <" uri ">\nCall-ID: " call           \
	"\nCSeq: {cseq} INVITE\nContact: <sip:gw@" ACME_IP ":5060>\n"                              \
	"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\nSupported: replaces\n" lines              \
	TEXT_WITH_SDP(ACME_IP, "8 0")

#define SIPFRAG_200                                                                                \
	"Event: refer\nSubscription-State: terminated;reason=noresource\n"                         \
	"Contact: <sip:gw@" ACME_IP ":5060>\nContent-Type: message/sipfrag\n"                      \
	"Content-Length: {len}\n\nSIP/2.0 200 OK\n"

#define SIPFRAG_603                                                                                \
	"Event: refer\nSubscription-State: terminated;reason=noresource\n"                         \
	"Contact: <sip:gw@" ACME_IP ":5060>\nContent-Type: message/sipfrag\n"                      \
	"Content-Length: {len}\n\nSIP/2.0 603 Decline\n"

/* Somebody behind acme has called bob, and they talk. */
static struct world *acme_talks_to_bob(struct raw **ret_acme)
{
	struct world *w = with_acme(ret_acme, "202");

	raw_ask(*ret_acme, ACME_ASKS("sip:202@192.0.2.1", "a1", ""));
	answer(w, "bob");
	raw_speak(*ret_acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	return w;
}

FLOW_PLAIN(a_blind_transfer_goes_on_to_the_outside, "RFC 5589 6.2, RFC 3892 5")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	transfer(w, "bob", "carol");
	expect(w, raw_heard(acme, "REFER", "Refer-To: <sip:203@192.0.2.1:5060>"));
	expect(w, !raw_heard(acme, "REFER", "Referred-By"));
	raw_ask(acme, ACME_ASKS("sip:203@192.0.2.1", "a2", ""));
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY", SIPFRAG_200) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* There are phones that tell of a success as soon as they are asked. */
FLOW_PLAIN(who_is_said_to_be_there_may_yet_have_to_come, "RFC 3515 2.4.5, RFC 5589 6.2")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	transfer(w, "bob", "carol");
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY", SIPFRAG_200) == 200);
	advance_ms(w, 5000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	raw_ask(acme, ACME_ASKS("sip:203@192.0.2.1", "a2", ""));
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_is_said_to_be_there_and_is_not_has_not_come, "RFC 3515 2.4.5, RFC 5589 6.3")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	transfer(w, "bob", "carol");
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY", SIPFRAG_200) == 200);
	raw_ask(acme, ACME_ASKS("sip:203@192.0.2.1", "a2", ""));
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	hang_up(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 486);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	/* And once more, when it does not come at all. */
	transfer(w, "bob", "carol");
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY", SIPFRAG_200) == 200);
	advance_ms(w, 61000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 408);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* The extension's word, then the trunk's, then everybody's. */
FLOW_PLAIN(who_says_what_becomes_of_a_refer, "RFC 5589 6.2")
{
	static const struct {
		enum refer_mode bobs, trunks, usual;
		bool is_forwarded;
	} rows[] = {
		{ REFER_UNSAID, REFER_UNSAID, REFER_HANDLE, false },
		{ REFER_UNSAID, REFER_UNSAID, REFER_FORWARD, true },
		{ REFER_UNSAID, REFER_HANDLE, REFER_FORWARD, false },
		{ REFER_UNSAID, REFER_FORWARD, REFER_HANDLE, true },
		{ REFER_HANDLE, REFER_FORWARD, REFER_FORWARD, false },
		{ REFER_FORWARD, REFER_HANDLE, REFER_HANDLE, true },
	};
	struct raw *acme_raw;
	struct world *w = acme_talks_to_bob(&acme_raw);
	size_t refers = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		world_extension(w, "bob")->refer = rows[i].bobs;
		((struct trunk_config *)acme(w)->config)->refer = rows[i].trunks;
		w->office.directory->refer = rows[i].usual;
		transfer(w, "bob", "carol");
		refers += rows[i].is_forwarded;
		expect(w, raw_count(acme_raw, "REFER") == refers);
		if (rows[i].is_forwarded)
			raw_speak(acme_raw, "REFER", "", "NOTIFY", SIPFRAG_603);
		else
			hang_up(w, "carol");
		expect_transfer(w, "bob", PHONE_RESULT_FAILED, rows[i].is_forwarded ? 603 : 486);
	}
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* Anybody behind the trunk could use its ticket. */
FLOW_PLAIN(no_refer_lets_the_outside_call_the_outside, "SECURITY R3, SECURITY R5")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	world_extension(w, "bob")->may_join_trunks = true;
	transfer_number(w, "bob", "0123");
	expect(w, raw_count(acme, "REFER") == 0);
	expect(w, raw_heard(acme, "INVITE", "sip:123@"));
	raw_ask(acme, ACME_ASKS("sip:0123@192.0.2.1", "a2", ""));
	expect(w, strstr(raw_last(acme, "SIP/2.0 404"), "Call-ID: a2") != NULL);
	expect_quiet(w);
}

/* The INVITE that the REFER asks for. */
static unsigned ask_as_referred(struct raw *acme, const char *call)
{
	static char text[4096];
	struct buf invite = BUF_ON(text);
	char room_text[SIP_REFER_TO_ROOM_BYTES], replaces_text[1024];
	struct buf room = BUF_ON(room_text), replaces = BUF_ON(replaces_text);
	struct sip_refer_to refer_to;
	const char *value = strstr(raw_last(acme, "REFER"), "Refer-To: ");

	CHECK(value);
	value += strlen("Refer-To: ");
	CHECK(sip_refer_to_parse(slice_of(value, strcspn(value, "\r")), &room, &refer_to).status ==
	      0);
	CHECK(refer_to.has_replaces);
	sip_replaces_print(&replaces, &refer_to.replaces);
	buf_printf(&invite,
		   "INVITE %.*s SIP/2.0\n{via}\nMax-Forwards: 70\n"
		   "From: <sip:+4930999@acme.example>;tag=o%s\nTo: <%.*s>\nCall-ID: %s\n"
		   "CSeq: {cseq} INVITE\nContact: <sip:gw@" ACME_IP ":5060>\nReplaces: %.*s\n",
		   SLICE_ARGS(refer_to.uri.text), call, SLICE_ARGS(refer_to.uri.text), call,
		   SLICE_ARGS(buf_text(&replaces)));
	buf_cstr(&invite, TEXT_WITH_SDP(ACME_IP, "8 0"));
	buf_char(&invite, '\0');
	CHECK(!invite.is_overflown);
	return raw_ask(acme, text);
}

FLOW_PLAIN(an_attended_transfer_goes_on_to_the_outside, "RFC 5589 7.1, RFC 3891 3, SECURITY R2")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect(w, raw_count(acme, "REFER") == 1);
	expect(w, ask_as_referred(acme, "a2") == 200);
	raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY", SIPFRAG_200) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	/* It was for once. */
	expect(w, ask_as_referred(acme, "a3") == 403);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_refer_that_is_refused_is_carried_out_by_us, "RFC 5589 7.1, RFC 3261 21.4.27")
{
	struct raw *acme;
	struct world *w = acme_talks_to_bob(&acme);

	dial(w, "bob", "carol");
	answer(w, "carol");
	acme->is_mute = true;
	transfer_attended(w, "bob");
	raw_reply(acme, "REFER", 491, "", "", "");
	expect(w, raw_count(acme, "REFER") == 1);
	/* It was being put on hold just then. */
	raw_reply(acme, "INVITE", 200, "", ACME_LINE, ACME_SDP);
	advance_ms(w, 1000);
	raw_reply(acme, "INVITE", 200, "", ACME_LINE, ACME_SDP);
	acme->is_mute = false;
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect(w, ask_as_referred(acme, "a2") == 403);
	hang_up(w, "carol");
	expect_quiet(w);
}

/* --- Challenges --------------------------------------------------------------------------- */

#define MALLORY_LINE "Contact: <sip:209@" ACME_IP ":5060>\r\n"
#define WANTS_OURS CHALLENGE("WWW", "acme.example") CHALLENGE("Proxy", "acme.example")

/*
 * A trunk of ours has credentials for acme.example; mallory, who has an extension, would like to
 * have them, and what phones send to us.
 */
static struct world *mallory_is_there(struct raw **ret_mallory)
{
	struct world *w = world_new("alice", "bob", "carol");

	office_add(&w->office, "209", "mallory");
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE("acme"),
						 .uri = SLICE("sip:192.0.2.77"),
						 .username = SLICE("u1"),
						 .password = SLICE("p1") },
			 NULL);
	office_add_route(&w->office, "0*", &(struct route){ .strip = 1 }, "acme", NULL);
	*ret_mallory = world_raw(w, "mallory");
	world_extension(w, "bob")->refer = REFER_FORWARD;
	world_start(w);
	registers(w, *ret_mallory, "209");
	return w;
}

FLOW_PLAIN(the_target_of_a_transfer_gets_no_credentials, "SECURITY A5, RFC 3261 22.1")
{
	struct raw *mallory;
	struct world *w = mallory_is_there(&mallory);

	world_phone(w, "alice")->phone.config.lacks_refer = true;
	world_extension(w, "bob")->refer = REFER_HANDLE;
	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer_number(w, "bob", "209");
	raw_reply(mallory, "INVITE", 401, "m1", WANTS_OURS, "");
	expect(w, raw_count(mallory, "INVITE") == 1);
	expect(w, !raw_heard(mallory, "", "uthorization:"));
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

FLOW_PLAIN(whom_a_refer_goes_on_to_gets_no_credentials, "SECURITY A5, RFC 3261 22.1")
{
	struct raw *mallory;
	struct world *w = mallory_is_there(&mallory);

	dial_number(w, "bob", "209");
	mallory->is_mute = true;
	raw_reply(mallory, "INVITE", 200, "m1", MALLORY_LINE "Allow: INVITE, ACK, BYE, REFER\r\n",
		  ACME_SDP);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	transfer(w, "bob", "carol");
	expect(w, raw_count(mallory, "REFER") == 1);
	raw_reply(mallory, "REFER", 407, "m1", WANTS_OURS, "");
	expect(w, raw_count(mallory, "REFER") == 1);
	expect(w, !raw_heard(mallory, "", "uthorization:"));
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	mallory->is_mute = false;
	expect_quiet(w);
}
