/* SPDX-License-Identifier: MIT */
/*
 * Bringing the media of transferee and target together (RFC 3725 4) where a phone is busy, refuses,
 * or describes itself as held: bob's phone (201) talks with alice's (202) and with a raw peer
 * (203), and brings the two together.
 */
#include "raw_bob.h"
#include "texts.h"
#include "world.h"

#define RAW_LINE "Contact: <sip:203@192.0.2.4:5060>\r\n"
#define RAW_AT(ip, more)                                                                           \
	"v=0\r\no=- 2 2 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"                   \
	"m=audio 4002 RTP/AVP 8 0\r\n" more
#define RAW_SDP RAW_AT("192.0.2.4", "")
#define ALICE_IP "IN IP4 192.0.2.3"

/* Bob holds alice and talks with the raw peer. */
static struct world *consulting(struct raw **ret_raw)
{
	struct world *w = world_new("bob", "alice");

	office_add(&w->office, "203", "carol");
	*ret_raw = world_raw(w, "carol");
	registers(w, *ret_raw, "203");
	dial(w, "bob", "alice");
	answer(w, "alice");
	dial_number(w, "bob", "203");
	raw_reply(*ret_raw, "INVITE", 200, "ct", RAW_LINE, RAW_SDP);
	advance_ms(w, 500);
	return w;
}

static bool has(const char *message, const char *what)
{
	return strstr(message, what) != NULL;
}

static bool is_asked_without_offer(const struct raw *raw)
{
	return has(raw_last(raw, "INVITE"), "Content-Length: 0");
}

/* What alice hears now is the raw peer. */
static bool alice_hears_it(struct world *w)
{
	const struct wire_node *node = world_phone(w, "alice")->node;

	return memmem(node->media, node->media_n, "IN IP4 192.0.2.4", 16) &&
	       !world_phone(w, "alice")->phone.calls[0].is_held_by_peer;
}

static void is_transferred(struct world *w, struct raw *raw)
{
	advance_ms(w, 500);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect(w, alice_hears_it(w));
	expect(w, raw_speak(raw, "INVITE", "ct", "BYE", TEXT_END) == 200);
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

/* Bob's two calls are there as before. */
static void is_as_before(struct world *w)
{
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 2);
	(void)phone_hangup(&world_phone(w, "bob")->phone, 2);
	advance_ms(w, 100);
	resume(w, "bob");
	advance_ms(w, 1000);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* --- 491 (RFC 3261 14.1) ------------------------------------------------------------------ */

FLOW_PLAIN(a_target_that_offers_itself_is_asked_again, "RFC 3261 14.1, RFC 3725 4.1")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	transfer_attended(w, "bob");
	expect(w, raw_count(raw, "INVITE") == 2 && is_asked_without_offer(raw));
	expect(w, has(raw_last(raw, "INVITE"), "P-Asserted-Identity: \"alice\" <sip:202@"));
	raw_reply(raw, "INVITE", 491, "", "", "");
	expect(w, raw_count(raw, "INVITE") == 2);
	advance_ms(w, 4500);
	expect(w, raw_count(raw, "INVITE") > 2 && is_asked_without_offer(raw));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	expect(w, has(raw_last(raw, "ACK"), "c=" ALICE_IP));
	is_transferred(w, raw);
}

FLOW_PLAIN(a_target_that_always_offers_itself_is_given_up, "RFC 3261 14.1")
{
	struct raw *raw;
	struct world *w = consulting(&raw);
	size_t asked = 0;

	transfer_attended(w, "bob");
	while (raw_count(raw, "INVITE") > asked) {
		asked = raw_count(raw, "INVITE");
		raw_reply(raw, "INVITE", 491, "", "", "");
		advance_ms(w, 4500);
	}
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 500);
	is_as_before(w);
}

/* --- Refused without an offer (RFC 3725 4.4) ---------------------------------------------- */

FLOW_PLAIN(who_refuses_an_invite_without_offer_gets_one_with_it, "RFC 3725 4.1, RFC 3261 14.2")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 500);
	expect_ladder(w, "carol -> switch 488 INVITE", "switch -> alice INVITE",
		      "alice -> switch 200 INVITE", "switch -> carol INVITE");
	expect(w, has(raw_last(raw, "INVITE"), "c=" ALICE_IP));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	is_transferred(w, raw);
}

FLOW_PLAIN(who_answers_without_an_offer_gets_one, "RFC 3725 4.1, RFC 3261 13.2.2.4")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, "");
	advance_ms(w, 500);
	expect(w, has(raw_last(raw, "INVITE"), "c=" ALICE_IP));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	is_transferred(w, raw);
}

FLOW_PLAIN(when_both_refuse_everybody_stays, "RFC 5589 7.3, RFC 3261 14.2")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 500);
	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 1000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 488);
	is_as_before(w);
}

/* --- Nothing in common -------------------------------------------------------------------- */

#define ODD_SDP                                                                                    \
	"v=0\r\no=- 2 3 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"                \
	"m=audio 4002 RTP/AVP 97\r\na=rtpmap:97 speex/8000\r\n"

FLOW_PLAIN(without_a_codec_in_common_everybody_goes_back, "RFC 5589 7.3, RFC 3264 6, RFC 3725 4.1")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, ODD_SDP);
	advance_ms(w, 500);
	expect_ladder(w, "alice -> switch 488 INVITE", "switch -> bob NOTIFY sipfrag 488");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 488);
	/* The peer had been asked to describe itself: it is brought back to bob. */
	expect(w, is_asked_without_offer(raw));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	advance_ms(w, 500);
	expect(w, has(raw_last(raw, "ACK"), "c=IN IP4 192.0.2.2"));
	is_as_before(w);
}

FLOW_PLAIN(a_blind_target_without_a_codec_in_common_is_left, "RFC 5589 6.3, RFC 3264 6")
{
	struct raw *raw;
	struct world *w = world_new("bob", "alice");

	office_add(&w->office, "203", "carol");
	raw = world_raw(w, "carol");
	registers(w, raw, "203");
	dial(w, "bob", "alice");
	answer(w, "alice");
	transfer_number(w, "bob", "203");
	expect(w, is_asked_without_offer(raw));
	expect(w, has(raw_last(raw, "INVITE"), "From: \"alice\" <sip:202@" OFFICE_DOMAIN ">"));
	expect(w, has(raw_last(raw, "INVITE"), "Referred-By: \"bob\" <sip:201@" OFFICE_DOMAIN ">"));
	raw_reply(raw, "INVITE", 200, "ct", RAW_LINE, ODD_SDP);
	advance_ms(w, 500);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 488);
	expect(w, raw_count(raw, "BYE") == 1);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

/* --- Held (RFC 3264 8.4) ------------------------------------------------------------------ */

/* It goes on saying so when it is asked; once it has heard that nobody holds it, it talks. */
static void is_told_that_it_is_not_held(const char *sdp)
{
	struct raw *raw;
	struct world *w = consulting(&raw);
	const char *offer;

	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, sdp);
	advance_ms(w, 500);
	offer = raw_last(raw, "INVITE");
	expect(w, has(offer, "c=" ALICE_IP));
	expect(w, !has(offer, "a=inactive") && !has(offer, "only\r\n"));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	is_transferred(w, raw);
}

FLOW_PLAIN(a_target_that_only_listens_is_heard_again, "RFC 3264 8.4, RFC 3725 4.1")
{
	is_told_that_it_is_not_held(RAW_AT("192.0.2.4", "a=recvonly\r\n"));
}

FLOW_PLAIN(a_target_that_only_sends_listens_again, "RFC 3264 8.4, RFC 3725 4.1")
{
	is_told_that_it_is_not_held(RAW_AT("192.0.2.4", "a=sendonly\r\n"));
}

FLOW_PLAIN(a_target_that_is_inactive_talks_again, "RFC 3264 8.4, RFC 3725 4.1")
{
	is_told_that_it_is_not_held(RAW_AT("192.0.2.4", "a=inactive\r\n"));
}

/* It says nowhere where it listens, as RFC 2543 had it. */
FLOW_PLAIN(a_target_that_is_nowhere_is_found_again, "RFC 3264 8.4, RFC 3725 4.1")
{
	is_told_that_it_is_not_held(RAW_AT("0.0.0.0", ""));
}

FLOW_PLAIN(a_target_that_is_nowhere_and_inactive_is_found_again, "RFC 3264 8.4, RFC 3725 4.1")
{
	is_told_that_it_is_not_held(RAW_AT("0.0.0.0", "a=inactive\r\n"));
}

/* --- The target's BYE --------------------------------------------------------------------- */

/* Some hang up without waiting for the ACK. */
FLOW_PLAIN(a_target_that_hangs_up_while_the_transferee_is_asked, "RFC 5589 7.3, RFC 3725 4.1")
{
	struct raw *raw;
	struct world *w = consulting(&raw);

	cut_off(w, "alice");
	transfer_attended(w, "bob");
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	raw->cseq = 40;
	expect(w, raw_speak(raw, "INVITE", "ct", "BYE", TEXT_END) == 200);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	cut_off(w, "alice");
	advance_ms(w, 10000);
	resume(w, "bob");
	advance_ms(w, 1000);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* --- A consultation that is picked up ----------------------------------------------------- */

/*
 * Bob's consultation is picked up by a peer without a codec in common: both wait on hold to be
 * asked again, and bob hangs up before that.
 */
FLOW_PLAIN(who_gives_up_a_consultation_that_is_being_joined, "RFC 3725 4.2, RFC 5589 7.6")
{
	struct world *w = world_new("bob", "alice", "carol");
	struct raw *raw;

	office_add(&w->office, "204", "dave");
	raw = world_raw(w, "dave");
	dial(w, "bob", "alice");
	answer(w, "alice");
	dial(w, "bob", "carol");
	transfer_attended(w, "bob");
	(void)raw_ask_as(raw, "204", OFFICE_PASSWORD,
			 "INVITE sip:*8203@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
			 "From: <sip:204@" OFFICE_DOMAIN ">;tag=p\nTo: <sip:*8203@" OFFICE_DOMAIN
			 ">\nCall-ID: p\nCSeq: {cseq} INVITE\n{auth}\n"
			 "Contact: <sip:204@192.0.2.5>\nContent-Type: application/sdp\n"
			 "Content-Length: {len}\n\nv=0\no=- 2 3 IN IP4 192.0.2.5\ns=-\n"
			 "c=IN IP4 192.0.2.5\nt=0 0\nm=audio 4002 RTP/AVP 97\n"
			 "a=rtpmap:97 speex/8000\n");
	expect_ladder(w, "switch -> dave 200 INVITE", "switch -> bob 200 INVITE");
	(void)phone_hangup(&world_phone(w, "bob")->phone, 2);
	advance_ms(w, 100);
	(void)raw_speak(raw, "SIP/2.0 200", "", "ACK", TEXT_END);
	advance_ms(w, 1000);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 480);
	expect(w, raw_count(raw, "BYE") == 1);
	resume(w, "bob");
	advance_ms(w, 1000);
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* How long an exchange of ours took does not count among a phone's own offers. */
FLOW_PLAIN(a_slow_transferee_that_offers_itself_is_asked_again, "RFC 3261 14.1, RFC 3725 4.1")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	bob->is_mute = true;
	transfer_number(w, "alice", "202");
	(void)phone_hold(&world_phone(w, "alice")->phone, 0);
	advance_ms(w, 20);
	expect(w, raw_count(bob, "INVITE") == 2);
	answer(w, "carol");
	advance_ms(w, 3000);
	raw_reply(bob, "INVITE", 200, "", BOB_LINE, BOB_SDP);
	advance_ms(w, 300);
	raw_reply(bob, "INVITE", 491, "", "", "");
	advance_ms(w, 5000);
	raw_reply(bob, "INVITE", 200, "", BOB_LINE, BOB_SDP);
	expect_transfer(w, "alice", PHONE_RESULT_DONE, 200);
	bob->is_mute = false;
	hang_up(w, "carol");
	expect_quiet(w);
}
