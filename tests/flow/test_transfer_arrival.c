/* SPDX-License-Identifier: MIT */
/*
 * `refer: forward`, where what the transferee's phone says and what it does are two things, or
 * where somebody leaves while it is on its way. Bob (201) talks with raw alice (203), and with raw
 * carol (204) on his other line; dave (202) is there, too.
 */
#include "texts.h"
#include "world.h"

#include "pbx/call.h"

#include <stdio.h>

#define ALICE_IP "192.0.2.4"
#define CAROL_IP "192.0.2.5"
#define CAROL_LINES                                                                                \
	"Contact: <sip:204@" CAROL_IP ":5060>\r\nAllow: INVITE, ACK, BYE, CANCEL\r\n"              \
	"Supported: replaces\r\n"
#define ALICE_LINES                                                                                \
	TEXT_CONTACT("203", ALICE_IP)                                                              \
	"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\nSupported: replaces\n" TEXT_WITH_SDP(     \
		ALICE_IP, "8 0")
#define ALICE_SDP TEXT_ANSWER(ALICE_IP, "8 0") "a=recvonly\r\n"
#define CAROL_SDP TEXT_ANSWER(CAROL_IP, "8 0")
#define SAYS(status)                                                                               \
	"Event: refer\nSubscription-State: terminated;reason=noresource\n"                         \
	"Contact: <sip:203@" ALICE_IP ":5060>\nContent-Type: message/sipfrag\n"                    \
	"Content-Length: {len}\n\nSIP/2.0 " status "\n"

/* --- The scene ---------------------------------------------------------------------------- */

static void alice_calls(struct raw *alice, const char *to, const char *call, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "INVITE sip:%s@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:203@" OFFICE_DOMAIN ">;tag=t%s\nTo: <sip:%s@" OFFICE_DOMAIN
		 ">\nCall-ID: %s\nCSeq: {cseq} INVITE\n{auth}\n%s" ALICE_LINES,
		 to, call, to, call, lines);
	(void)raw_ask_as(alice, "203", OFFICE_PASSWORD, text);
}

static void alice_is_answered(struct raw *alice)
{
	(void)raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
}

/* She and bob talk; his REFERs go on to her. */
static struct world *alice_talks_to_bob(struct raw **ret_alice)
{
	struct world *w = world_new("bob", "dave");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	office_add(&w->office, "203", "alice");
	office_add(&w->office, "204", "carol");
	*ret_alice = world_raw(w, "alice");
	watch(w, "dave", "204");
	world_start(w);
	alice_calls(*ret_alice, "201", "a1", "");
	answer(w, "bob");
	alice_is_answered(*ret_alice);
	return w;
}

/* The dialog that bob has with us for carol, as he sees it. */
static void print_replaces(struct world *w, char *text, size_t n)
{
	uint32_t slot = 0;
	const struct dialog *dialog = NULL;
	const struct call *call;

	while ((call = pool_walk(&w->office.pbx.calls, &slot)))
		if (slice_eq(call->called.number, SLICE("204")))
			dialog = &call->caller->session->dialog;
	CHECK(dialog);
	snprintf(text, n, "Replaces: %.*s;to-tag=%.*s;from-tag=%.*s\n",
		 SLICE_ARGS(dialog_call_id(dialog)), SLICE_ARGS(dialog_local_tag(dialog)),
		 SLICE_ARGS(dialog_remote_tag(dialog)));
}

/* Bob holds her, and talks with carol. */
static struct world *bob_consults_carol(struct raw **ret_alice, struct raw **ret_carol)
{
	struct world *w = alice_talks_to_bob(ret_alice);
	struct raw *carol = *ret_carol = world_raw(w, "carol");

	registers(w, carol, "204");
	carol->is_mute = true;
	dial_number(w, "bob", "204");
	raw_reply(*ret_alice, "INVITE", 200, "", "Contact: <sip:203@" ALICE_IP ":5060>\r\n",
		  ALICE_SDP);
	raw_reply(carol, "INVITE", 200, "c1", CAROL_LINES, CAROL_SDP);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	return w;
}

/* He has brought the two together, and her phone calls carol. */
static void alice_is_sent_to_carol(struct world *w, struct raw *alice)
{
	char replaces[1024];

	print_replaces(w, replaces, sizeof(replaces));
	transfer_attended(w, "bob");
	expect(w, raw_count(alice, "REFER") == 1);
	alice_calls(alice, "204", "a2", replaces);
}

/* Carol's phone is asked to take alice instead of bob. */
static struct world *carol_is_asked(struct raw **ret_alice, struct raw **ret_carol)
{
	struct world *w = bob_consults_carol(ret_alice, ret_carol);

	alice_is_sent_to_carol(w, *ret_alice);
	expect(w, raw_count(*ret_carol, "INVITE") == 2);
	return w;
}

static struct world *dave_is_called(struct raw **ret_alice)
{
	struct world *w = alice_talks_to_bob(ret_alice);

	transfer(w, "bob", "dave");
	alice_calls(*ret_alice, "202", "a2", "");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	return w;
}

/* --- What it says, and what it does ------------------------------------------------------- */

FLOW_PLAIN(who_declines_is_left_alone_whatever_the_transferee_says, "RFC 3261 21.6.2, RFC 5589 7.1")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	raw_reply(carol, "INVITE", 603, "c2", "", "");
	(void)raw_speak(alice, "REFER", "", "NOTIFY", SAYS("503 Service Unavailable"));
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 603);
	expect(w, raw_count(carol, "INVITE") == 2);
	carol->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(who_declines_is_left_alone_if_the_transferee_says_nothing, "RFC 3261 21.6.2")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	raw_reply(carol, "INVITE", 603, "c2", "", "");
	carol->is_mute = false;
	advance_ms(w, 40000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 603);
	expect(w, raw_count(carol, "INVITE") == 2);
	expect_quiet(w);
}

/* The transferee was there, and that it is not any more has nothing to do with the transfer. */
FLOW_PLAIN(a_short_call_is_no_failed_transfer, "RFC 3515 2.4.5, RFC 5589 6.1")
{
	struct raw *alice;
	struct world *w = dave_is_called(&alice);

	answer(w, "dave");
	alice_is_answered(alice);
	hang_up(w, "dave");
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", SAYS("200 OK")) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(who_is_said_to_have_failed_may_yet_arrive, "RFC 3515 2.4.5")
{
	struct raw *alice;
	struct world *w = dave_is_called(&alice);

	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", SAYS("480 Gone")) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	answer(w, "dave");
	alice_is_answered(alice);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_refuses_to_go_may_have_gone, "RFC 3515 2.4.2")
{
	struct raw *alice;
	struct world *w = alice_talks_to_bob(&alice);

	alice->is_mute = true;
	transfer(w, "bob", "dave");
	alice_calls(alice, "202", "a2", "");
	raw_reply(alice, "REFER", 603, "", "", "");
	alice->is_mute = false;
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	answer(w, "dave");
	alice_is_answered(alice);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* --- Leaving ------------------------------------------------------------------------------ */

static void alice_hangs_up_on_bob(struct world *w, struct raw *alice)
{
	expect(w, raw_speak(alice, "REFER", "", "BYE", TEXT_END) == 200);
}

FLOW_PLAIN(a_consultation_outlives_no_transferee_that_has_parted, "RFC 3891 3, RFC 5589 7.1")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	alice_hangs_up_on_bob(w, alice);
	unplug(w, "bob"); /* who would hang up, too */
	raw_reply(carol, "INVITE", 200, "c2", CAROL_LINES, CAROL_SDP);
	alice_is_answered(alice);
	expect(w, raw_count(carol, "BYE") == 0);
	advance_ms(w, 4000);
	expect(w, raw_count(carol, "BYE") > 0);
	expect(w, w->office.pbx.calls.live_count == 1);
	carol->is_mute = false;
	expect(w, raw_speak(alice, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	plug_in(w, "bob");
	expect_quiet(w);
}

FLOW_PLAIN(nobody_is_left_alone_when_all_others_have_parted, "RFC 5589 7.1, RFC 3261 15")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	hang_up(w, "bob");
	alice_hangs_up_on_bob(w, alice);
	expect(w, raw_count(carol, "BYE") == 0);
	carol->is_mute = false;
	raw_reply(carol, "INVITE", 486, "c2", "", "");
	expect(w, raw_count(carol, "BYE") == 1);
	expect(w, w->office.pbx.calls.live_count == 0);
	expect_quiet(w);
}

/* The server goes while one is on its way whom nobody waits for. */
FLOW_PLAIN(a_server_may_end_while_a_transferee_has_parted, "RFC 5057 4.1")
{
	struct raw *alice;
	struct world *w = dave_is_called(&alice);

	alice_hangs_up_on_bob(w, alice);
	expect(w, !list_is_empty(&w->office.pbx.tickets));
	w->is_checked = true; /* there is no quiet before the end */
}

/* --- Who may ------------------------------------------------------------------------------ */

FLOW_PLAIN(who_may_pick_up_may_not_take_what_replaces_a_call, "SECURITY R2, RFC 3891 5")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	raw_reply(carol, "INVITE", 180, "c2", CAROL_LINES, "");
	expect_lamp(w, "dave", "204", LAMP_TALKING);
	dial_number(w, "dave", "*8204");
	expect_ended(w, "dave", PHONE_CAUSE_REFUSED, 404);
	raw_reply(carol, "INVITE", 603, "c2", "", "");
	carol->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(who_may_barge_in_may_take_what_replaces_a_call, "RFC 3891 5, RFC 4235 3.7")
{
	struct raw *alice, *carol;
	struct world *w = carol_is_asked(&alice, &carol);

	((struct extension *)directory_find(w->office.directory, SLICE("204")))->barge_in =
		BARGE_IN_SAME_GROUP;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	raw_reply(carol, "INVITE", 180, "c2", CAROL_LINES, "");
	expect_lamp(w, "dave", "204", LAMP_RINGING);
	carol->is_mute = false;
	dial_number(w, "dave", "*8204");
	alice_is_answered(alice);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* What is kept for emergency calls is not for this. */
FLOW_PLAIN(a_full_server_brings_them_together_itself, "RFC 5589 7.3, RFC 3261 21.5.4")
{
	struct raw *alice, *carol;
	struct world *w = bob_consults_carol(&alice, &carol);

	w->office.directory->limits.calls = 2;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	alice_is_sent_to_carol(w, alice);
	expect(w, raw_count(carol, "INVITE") == 2);
	expect(w, !strstr(raw_last(carol, "INVITE"), "\r\nReplaces: "));
	raw_reply(carol, "INVITE", 200, "", CAROL_LINES, CAROL_SDP);
	carol->is_mute = false;
	alice_is_answered(alice);
	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", SAYS("200 OK")) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect(w, raw_speak(carol, "INVITE", "", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}
