/* SPDX-License-Identifier: MIT */
/*
 * `refer: forward`: the INVITE with Replaces that comes of an attended transfer goes on to the
 * target's phone, which lets go of the transferor by itself.
 */
#include "texts.h"
#include "transfer_scene.h"

#include <stdio.h>

#define CAROL_IP "192.0.2.5"
#define CAROL_LINES                                                                                \
	"Contact: <sip:209@" CAROL_IP ":5060>\r\nAllow: INVITE, ACK, BYE, CANCEL\r\n"              \
	"Supported: replaces\r\n"
#define CAROL_SDP                                                                                  \
	"v=0\r\no=- 1 1 IN IP4 " CAROL_IP "\r\ns=-\r\nc=IN IP4 " CAROL_IP                          \
	"\r\nt=0 0\r\nm=audio 4002 RTP/AVP 8 0\r\n"

/* --- With phones of ours ------------------------------------------------------------------ */

static struct world *bobs_refers_go_on(void)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	watch(w, "dave", "alice");
	watch(w, "dave", "bob");
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
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	hang_up(w, "alice");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_target_without_replaces_is_joined_by_us, "RFC 5589 7.3, RFC 3725 4.1")
{
	struct world *w = bobs_refers_go_on();

	world_phone(w, "carol")->phone.config.lacks_replaces = true;
	world_phone(w, "carol")->phone.stack.lacks_replaces = true;
	bob_consults_carol(w);
	transfer_attended(w, "bob");
	expect_ladder(w, "alice  -> switch  INVITE Replaces", "switch -> carol   INVITE",
		      "switch -> alice   200 INVITE", "switch -> bob     BYE",
		      "alice  -> switch  NOTIFY sipfrag 200");
	expect_silence(w, "switch -> carol   INVITE Replaces");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

/* Whose call the consultation is does not matter. */
FLOW(a_target_who_has_called_lets_the_transferor_go, "RFC 5589 7.1, RFC 3891 3")
{
	struct world *w = alice_talks_to_bob(bobs_refers_go_on());

	dial(w, "carol", "bob");
	answer(w, "bob");
	transfer_attended(w, "bob");
	expect_ladder(w, "switch -> alice   REFER Replaces", "alice  -> switch  INVITE Replaces",
		      "switch -> carol   INVITE Replaces", "carol  -> switch  BYE",
		      "switch -> bob     BYE", "switch -> bob     NOTIFY sipfrag 200");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_carol(w);
}

FLOW(both_who_remain_see_each_other, "RFC 5589 7.1, RFC 3325 9.1")
{
	struct world *w = bob_consults_carol(bobs_refers_go_on());

	transfer_attended(w, "bob");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_peer(w, "alice", "carol");
	expect_peer(w, "carol", "alice");
	alice_is_with_carol(w);
}

/* --- With a phone of somebody else's ------------------------------------------------------ */

/* The dialog that carol has with the switch for bob. */
struct consultation {
	char call_id[128];
	char bobs_tag[128]; /* the switch's, for him */
};

/*
 * bob has carol, who is raw and has extension 209, on one line and holds alice on the other.
 */
static struct world *bob_consults_raw_carol(struct raw **ret_carol, struct consultation *ret)
{
	struct world *w = world_new("alice", "bob", "dave");
	struct raw *carol = *ret_carol = world_raw(w, "carol");
	const char *ack;

	office_add(&w->office, "209", "carol");
	world_extension(w, "bob")->refer = REFER_FORWARD;
	watch(w, "dave", "alice");
	watch(w, "dave", "bob");
	world_start(w);
	expect(w, raw_ask_as(carol, "209", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "209", "209", "reg")
				     TEXT_CONTACT("209", CAROL_IP) TEXT_END) == 200);
	carol->is_mute = true;
	alice_talks_to_bob(w);
	dial_number(w, "bob", "209");
	raw_reply(carol, "INVITE", 200, "c1", CAROL_LINES, CAROL_SDP);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	ack = raw_last(carol, "ACK");
	CHECK(sscanf(strstr(ack, "Call-ID: "), "Call-ID: %127[^\r]", ret->call_id) == 1 &&
	      sscanf(strstr(ack, "From: "), "From: %*[^;];tag=%127[^\r]", ret->bobs_tag) == 1);
	return w;
}

static void lets_bob_go(struct world *w, struct raw *carol, const struct consultation *consultation)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "BYE sip:202@192.0.2.1 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:209@" OFFICE_DOMAIN ">;tag=c1\nTo: <sip:202@" OFFICE_DOMAIN
		 ">;tag=%s\nCall-ID: %s\nCSeq: {cseq} BYE\n" TEXT_END,
		 consultation->bobs_tag, consultation->call_id);
	expect(w, raw_ask(carol, text) == 200);
}

static void alice_is_with_raw_carol(struct world *w, struct raw *carol)
{
	advance_ms(w, 6000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	carol->is_mute = false;
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(the_target_is_asked_in_the_words_of_its_own_dialog, "RFC 3891 3, RFC 3891 6.1")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);
	char replaces[512];

	transfer_attended(w, "bob");
	snprintf(replaces, sizeof(replaces), "\r\nReplaces: %s;to-tag=c1;from-tag=%s\r\n",
		 old.call_id, old.bobs_tag);
	expect(w, raw_count(carol, "INVITE") == 2);
	expect(w, strstr(raw_last(carol, "INVITE"), replaces) != NULL);
	expect(w, strstr(raw_last(carol, "INVITE"), "\r\nRequire: replaces\r\n") != NULL);
	expect(w, strstr(raw_last(carol, "INVITE"), "\r\nFrom: \"alice\" <sip:201@") != NULL);
	expect(w, strstr(raw_last(carol, "INVITE"), "\r\nReferred-By: \"bob\" <sip:202@") != NULL);
	raw_reply(carol, "INVITE", 200, "c2", CAROL_LINES, CAROL_SDP);
	lets_bob_go(w, carol, &old);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_raw_carol(w, carol);
}

FLOW_PLAIN(the_answer_of_the_target_may_come_after_its_bye, "RFC 3891 3, RFC 5589 7.1")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	lets_bob_go(w, carol, &old);
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 0);
	raw_reply(carol, "INVITE", 200, "c2", CAROL_LINES, CAROL_SDP);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_raw_carol(w, carol);
}

FLOW_PLAIN(a_target_that_keeps_its_old_dialog_is_hung_up_on, "RFC 3891 3")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	unplug(w, "bob"); /* who would hang up, too */
	raw_reply(carol, "INVITE", 200, "c2", CAROL_LINES, CAROL_SDP);
	expect(w, raw_count(carol, "BYE") == 0);
	advance_ms(w, 4000);
	expect(w, strstr(raw_last(carol, "BYE"), old.call_id) != NULL);
	raw_reply(carol, "BYE", 200, "", "", "");
	plug_in(w, "bob");
	alice_is_with_raw_carol(w, carol);
}

FLOW_PLAIN(the_transferor_may_leave_the_target_before_it_is_replaced, "RFC 5589 7.1, RFC 3891 3")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	hang_up(w, "bob");
	expect(w, raw_count(carol, "BYE") == 0);
	raw_reply(carol, "INVITE", 200, "c2", CAROL_LINES, CAROL_SDP);
	lets_bob_go(w, carol, &old);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_raw_carol(w, carol);
}

/* Whatever it has said of Replaces. */
static void refuses_to_be_replaced(struct world *w, struct raw *carol,
				   const struct consultation *old, unsigned status)
{
	raw_reply(carol, "INVITE", status, "c2", "", "");
	/* A re-INVITE in the dialog that there is. */
	expect(w, raw_count(carol, "INVITE") == 3);
	expect(w, strstr(raw_last(carol, "INVITE"), old->call_id) != NULL);
	raw_reply(carol, "INVITE", 200, "", CAROL_LINES, CAROL_SDP);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	alice_is_with_raw_carol(w, carol);
}

FLOW_PLAIN(a_target_that_refuses_to_be_replaced_is_joined_by_us, "RFC 5589 7.3, RFC 3891 3")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	refuses_to_be_replaced(w, carol, &old, 420);
}

FLOW_PLAIN(a_target_that_refuses_is_joined_by_us_when_the_transferor_is_gone, "RFC 5589 7.3")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	hang_up(w, "bob");
	refuses_to_be_replaced(w, carol, &old, 481);
}

FLOW_PLAIN(a_target_that_declines_to_be_replaced_is_left_alone, "RFC 5589 7.1, RFC 3261 21.6.2")
{
	struct raw *carol;
	struct consultation old;
	struct world *w = bob_consults_raw_carol(&carol, &old);

	transfer_attended(w, "bob");
	raw_reply(carol, "INVITE", 603, "c2", "", "");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 603);
	expect(w, raw_count(carol, "INVITE") == 2);
	expect(w, raw_count(carol, "BYE") == 0);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	carol->is_mute = false;
	hang_up(w, "bob");
	expect_quiet(w);
}

/* --- Parting ------------------------------------------------------------------------------ */

#define ALICE_IP "192.0.2.4"
#define ALICE_CALLS(number, call)                                                                  \
	TEXT_HEAD("INVITE", "203", number, call)                                                   \
	TEXT_CONTACT("203", ALICE_IP)                                                              \
	"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\n" TEXT_WITH_SDP(ALICE_IP, "8 0")

/* alice, who is raw, hangs up on bob as soon as she calls carol. */
static struct world *alice_goes_without_waiting(struct raw **ret_alice)
{
	struct world *w = world_new("bob", "carol");
	struct raw *alice = *ret_alice = world_raw(w, "alice");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	office_add(&w->office, "203", "alice");
	world_start(w);
	raw_ask_as(alice, "203", OFFICE_PASSWORD, ALICE_CALLS("201", "a1"));
	answer(w, "bob");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	transfer(w, "bob", "carol");
	raw_ask_as(alice, "203", OFFICE_PASSWORD, ALICE_CALLS("202", "a2"));
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect(w, raw_speak(alice, "REFER", "", "BYE", TEXT_END) == 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	return w;
}

FLOW_PLAIN(a_transferee_that_hangs_up_too_soon_may_yet_arrive, "RFC 3515 2.4.5, RFC 5057 4.1")
{
	struct raw *alice;
	struct world *w = alice_goes_without_waiting(&alice);

	answer(w, "carol");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_ladder(w, "switch -> bob     BYE", "switch -> bob     NOTIFY sipfrag 200");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_that_hangs_up_too_soon_may_be_refused, "RFC 3515 2.4.5, RFC 5057 4.1")
{
	struct raw *alice;
	struct world *w = alice_goes_without_waiting(&alice);

	hang_up(w, "carol");
	expect_ladder(w, "switch -> bob     BYE", "switch -> bob     NOTIFY sipfrag 486");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect(w, list_is_empty(&w->office.pbx.tickets));
	expect_quiet(w);
}
