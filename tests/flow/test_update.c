/* SPDX-License-Identifier: MIT */
/*
 * Offers during a call: hold and resume in their forms, by INVITE and by UPDATE, from either side
 * and from both at once.
 */
#include "texts.h"
#include "world.h"

#include "pbx/call.h"

#define CONTACT_LINE "Contact: <sip:202@192.0.2.3:5060>\r\n"
#define ALLOW_LINE "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n"
#define ANSWER_TO(ip)                                                                              \
	"v=0\r\no=- 2 2 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"                   \
	"m=audio 4002 RTP/AVP 8\r\n"
#define ANSWER ANSWER_TO("192.0.2.3")

static struct world *talking(bool by_update)
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	for (size_t i = 0; i < w->phone_count; i++)
		w->phones[i].phone.config.offers_by_update = by_update;
	return w;
}

/* Whether the switch knows that this phone holds the other one. */
static bool holds(struct world *w, const char *name)
{
	struct leg *leg;
	uint32_t slot = 0;

	while ((leg = pool_walk(&w->office.pbx.legs, &slot)))
		if (slice_eq(leg->extension->name, slice_from_cstr(name)))
			return leg->is_holding;
	return false;
}

FLOW(hold_and_resume_by_update, "RFC 3311 5, RFC 3264 8.4")
{
	struct world *w = talking(true);

	hold(w, "alice");
	expect_ladder(w, "alice  -> switch UPDATE", "switch -> bob   UPDATE",
		      "bob    -> switch 200 UPDATE", "switch -> alice 200 UPDATE");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect(w, holds(w, "alice") && !holds(w, "bob"));
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hold(w, "bob");
	expect(w, holds(w, "alice") && holds(w, "bob"));
	resume(w, "alice");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, !holds(w, "alice") && holds(w, "bob"));
	expect_silence(w, "alice -> switch INVITE");
	expect_quiet(w);
}

FLOW(both_hold_by_update_at_once, "RFC 3311 5.2, RFC 3261 14.1")
{
	struct world *w = talking(true);

	(void)phone_hold(&w->phones[0].phone, 0);
	(void)phone_hold(&w->phones[1].phone, 0);
	advance_ms(w, 10000);
	expect_ladder(w, "switch -> alice 491 UPDATE");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect(w, holds(w, "alice") && holds(w, "bob"));
	expect_quiet(w);
}

FLOW(one_holds_by_update_and_the_other_by_invite, "RFC 3311 5.2, RFC 3261 14.1")
{
	struct world *w = talking(true);

	w->phones[1].phone.config.offers_by_update = false;
	(void)phone_hold(&w->phones[0].phone, 0);
	(void)phone_hold(&w->phones[1].phone, 0);
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW(who_holds_whom_is_known, "RFC 3264 8.4")
{
	struct world *w = talking(false);

	expect(w, !holds(w, "alice") && !holds(w, "bob"));
	hold(w, "alice");
	expect(w, holds(w, "alice") && !holds(w, "bob"));
	hold(w, "bob");
	expect(w, holds(w, "alice") && holds(w, "bob"));
	resume(w, "alice");
	expect(w, !holds(w, "alice") && holds(w, "bob"));
	resume(w, "bob");
	expect(w, !holds(w, "alice") && !holds(w, "bob"));
	expect_quiet(w);
}

FLOW(resumed_before_the_hold_is_answered, "RFC 3261 14.1")
{
	struct world *w = talking(false);

	(void)phone_hold(&w->phones[0].phone, 0);
	expect(w, phone_resume(&w->phones[0].phone, 0) == 0);
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, !holds(w, "alice"));
	(void)phone_hold(&w->phones[0].phone, 0);
	expect(w, phone_resume(&w->phones[0].phone, 0) == 0);
	expect(w, phone_hold(&w->phones[0].phone, 0) == 0);
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect(w, holds(w, "alice"));
	expect_quiet(w);
}

/* --- Peers of other makes ----------------------------------------------------------------- */

/* Alice's phone has called a raw bob, who answers with these lines. */
static struct world *talking_raw_bob(struct raw **ret_bob, const char *lines)
{
	struct world *w = world_calling_raw_bob(ret_bob);

	raw_reply(*ret_bob, "INVITE", 200, "bobtag", lines, ANSWER);
	advance_ms(w, 100);
	w->phones[0].phone.config.offers_by_update = true;
	return w;
}

FLOW_PLAIN(an_update_goes_across_as_invite_to_who_does_not_know_it, "RFC 3311 4, RFC 3261 14.1")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE);

	hold(w, "alice");
	expect_ladder(w, "alice -> switch UPDATE", "switch -> bob INVITE");
	expect(w, strstr(raw_last(bob, "INVITE"), "a=sendonly") != NULL);
	raw_reply(bob, "INVITE", 200, "", CONTACT_LINE, ANSWER "a=recvonly\r\n");
	expect_ladder(w, "bob -> switch 200 INVITE", "switch -> alice 200 UPDATE",
		      "switch -> bob ACK");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	expect(w, holds(w, "alice"));
	expect_quiet(w);
}

FLOW_PLAIN(an_update_without_an_offer_is_between_that_phone_and_us, "RFC 3311 5.2, RFC 3261 12.2.2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE);

	expect(w, raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			    "Contact: <sip:new@192.0.2.3:5060>\n" TEXT_END) == 200);
	expect(w, strstr(raw_last(bob, "SIP/2.0 200"), "\r\nContact: ") != NULL);
	expect_silence(w, "switch -> alice UPDATE");
	hang_up(w, "alice");
	expect(w, raw_count(bob, "BYE sip:new@192.0.2.3:5060 ") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(an_old_phone_holds_by_address, "RFC 3264 8.4, RFC 2543 B.5")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE);

	expect(w,
	       raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			 TEXT_CONTACT("202", "192.0.2.3") TEXT_WITH_SDP("0.0.0.0", "8 0")) == 200);
	expect(w, holds(w, "bob"));
	expect(w, w->phones[0].phone.calls[0].is_held_by_peer);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			    TEXT_CONTACT("202", "192.0.2.3")
				    TEXT_WITH_SDP("192.0.2.3", "8 0")) == 200);
	expect(w, !holds(w, "bob"));
	expect_quiet(w);
}

FLOW_PLAIN(one_update_at_a_time, "RFC 3311 5.2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE);

	/* Alice's is unanswered: glare. */
	bob->is_mute = true;
	hold(w, "alice");
	expect(w, raw_count(bob, "UPDATE") > 0);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			    TEXT_CONTACT("202", "192.0.2.3")
				    TEXT_WITH_SDP("192.0.2.3", "8 0")) == 491);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "INVITE",
			    TEXT_CONTACT("202", "192.0.2.3")
				    TEXT_WITH_SDP("192.0.2.3", "8 0")) == 491);
	raw_reply(bob, "UPDATE", 200, "", CONTACT_LINE, ANSWER "a=recvonly\r\n");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	/* Bob's is unanswered, and he sends another one. */
	cut_off(w, "alice");
	expect(w,
	       raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			 TEXT_CONTACT("202", "192.0.2.3") TEXT_WITH_SDP("192.0.2.3", "8 0")) == 0);
	expect(w, raw_speak(bob, "INVITE", "bobtag", "UPDATE",
			    TEXT_CONTACT("202", "192.0.2.3")
				    TEXT_WITH_SDP("192.0.2.3", "8 0")) == 500);
	expect(w, strstr(raw_last(bob, "SIP/2.0 500"), "\r\nRetry-After: ") != NULL);
	cut_off(w, "alice");
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(an_update_in_a_dialog_that_is_gone_ends_the_call, "RFC 3261 12.2.1.2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE);

	bob->is_mute = true;
	hold(w, "alice");
	raw_reply(bob, "UPDATE", 481, "", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(no_offer_before_the_first_one_is_answered, "RFC 3311 5.1, RFC 3311 5.2")
{
	struct raw *bob;
	struct world *w = talking_raw_bob(&bob, CONTACT_LINE ALLOW_LINE);

	hang_up(w, "alice");
	dial_number(w, "alice", "202");
	raw_reply(bob, "INVITE", 180, "two", CONTACT_LINE ALLOW_LINE, "");
	expect(w, raw_speak(bob, "INVITE", "two", "UPDATE",
			    TEXT_CONTACT("202", "192.0.2.3")
				    TEXT_WITH_SDP("192.0.2.3", "8 0")) == 491);
	expect(w, raw_speak(bob, "INVITE", "two", "UPDATE",
			    TEXT_CONTACT("202", "192.0.2.3") TEXT_END) == 200);
	raw_reply(bob, "INVITE", 486, "two", "", "");
	expect_quiet(w);
}
