/* SPDX-License-Identifier: MIT */
/*
 * Taking over calls that are answered: Replaces of a confirmed dialog.
 */
#include "sip/sdp_origin.h"
#include "texts.h"
#include "world.h"

#include "pbx/call.h"

#include <stdio.h>

#include <stdio.h>

/* alice and bob talk, and carol sees it. */
static struct world *talking(enum barge_in_right right)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "carol", "bob");
	watch(w, "dave", "bob");
	watch(w, "dave", "carol");
	watch(w, "dave", "alice");
	world_extension(w, "bob")->barge_in = right;
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	return w;
}

static void taken_by_carol(struct world *w)
{
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	expect_lamp(w, "dave", "alice", LAMP_TALKING);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_REMOTE, 0);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect_quiet(w);
}

FLOW(an_answered_call_is_taken_over_by_right, "RFC 3891 3, RFC 3725 4.1, RFC 4235 4.1.4")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	barge_in(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> alice   INVITE",
		      "alice  -> switch  200 INVITE", "switch -> carol   200 INVITE",
		      "switch -> bob     BYE");
	taken_by_carol(w);
}

FLOW(a_call_on_hold_that_is_taken_over_is_resumed, "RFC 3891 3, RFC 3264 8.4")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	hold(w, "bob");
	barge_in(w, "carol", "bob");
	expect(w, !w->phones[0].phone.calls[0].is_held_by_peer);
	taken_by_carol(w);
}

FLOW(an_answered_call_is_not_taken_over_without_the_right, "RFC 3891 5")
{
	struct world *w = talking(BARGE_IN_NONE);

	barge_in(w, "carol", "bob");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 403);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(who_is_taken_over_may_hang_up_meanwhile, "RFC 3891 3")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	cut_off(w, "alice");
	barge_in(w, "carol", "bob");
	hang_up(w, "bob");
	cut_off(w, "alice");
	advance_ms(w, 4000);
	taken_by_carol(w);
}

FLOW(who_takes_over_may_give_up_meanwhile, "RFC 3891 3, RFC 3261 9.2")
{
	struct world *w = talking(BARGE_IN_SAME_GROUP);

	cut_off(w, "alice");
	barge_in(w, "carol", "bob");
	hang_up(w, "carol");
	cut_off(w, "alice");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* Alice's other phone takes her call over; `more` are lines of what it describes. */
static struct raw *take_from_alice(struct world *w, const char *more)
{
	struct phone *phone = &w->phones[0].phone;
	const struct session *session = session_find(&phone->stack, phone->calls[0].session);
	struct raw *other = world_raw(w, "other");
	char text[1024];

	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "202", "move") TEXT_CONTACT(
			 "201", "192.0.2.4") "Replaces: "
					     "%.*s;to-tag=%.*s;from-tag=%.*"
					     "s\n" TEXT_WITH_SDP("192.0.2.4", "8") "%s",
		 SLICE_ARGS(dialog_call_id(&session->dialog)),
		 SLICE_ARGS(dialog_remote_tag(&session->dialog)),
		 SLICE_ARGS(dialog_local_tag(&session->dialog)), more);
	(void)raw_ask_as(other, "201", OFFICE_PASSWORD, text);
	return other;
}

/* The last INVITE that came to this peer describes media. */
static struct sdp_origin origin_of(struct world *w, struct raw *raw)
{
	const char *body = strstr(raw_last(raw, "INVITE"), "\r\n\r\n");
	struct sdp_origin origin = { 0 };

	expect(w, body && sdp_origin_read(slice_from_cstr(body + 4), &origin) == 0);
	return origin;
}

static bool is_same_text(struct slice a, const char *b)
{
	return slice_eq(a, slice_from_cstr(b));
}

FLOW_PLAIN(who_stays_is_told_of_the_new_media_as_of_a_change, "RFC 3264 8")
{
	struct raw *bob;
	struct world *w = world_calling_raw_bob(&bob);
	char name[64] = "", place[64] = "";
	struct sdp_origin first = origin_of(w, bob), second;

	memcpy(name, first.name.p, first.name.n);
	memcpy(place, first.place.p, first.place.n);
	raw_reply(bob, "INVITE", 200, "b", "Contact: <sip:202@192.0.2.3:5060>\r\n",
		  TEXT_ANSWER("192.0.2.3", "8"));
	(void)take_from_alice(w, "");
	second = origin_of(w, bob);
	expect(w, is_same_text(second.name, name) && is_same_text(second.place, place));
	expect(w, second.version == first.version + 1);
	hang_up(w, "alice");
	expect(w, raw_speak(bob, "INVITE", "b", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(who_takes_over_and_holds_is_reminded, "RFC 3891 3, RFC 3264 8.4")
{
	struct world *w = world_new("alice", "bob");
	struct raw *other;

	world_extension(w, "alice")->hold_reminder_s = 20;
	dial(w, "alice", "bob");
	answer(w, "bob");
	other = take_from_alice(w, "a=sendonly\n");
	(void)raw_speak(other, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	advance_ms(w, 20000);
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

/* --- Join --------------------------------------------------------------------------------- */

static unsigned ask_to_join(struct raw *raw, const char *call, const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:203@" OFFICE_DOMAIN ">;tag=t%s\nTo: <sip:202@" OFFICE_DOMAIN
		 ">\nCall-ID: %s\nCSeq: {cseq} INVITE\n{auth}\n"
		 "Contact: <sip:203@192.0.2.6>\n%s" TEXT_END,
		 call, call, lines);
	return raw_ask_as(raw, "203", OFFICE_PASSWORD, text);
}

/* A third is never brought in, and an INVITE that asks for it is no call like any other. */
FLOW_PLAIN(nobody_joins_a_call_as_a_third, "RFC 3911 4, RFC 3261 8.2.2.3")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	struct raw *raw = world_raw(w, "raw");
	char both[600], ids[400], join[600];
	const struct dialog *dialog;
	uint32_t slot = 0;

	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	dial(w, "alice", "bob");
	answer(w, "bob");
	dialog = &((struct call *)pool_walk(&w->office.pbx.calls, &slot))->partner->session->dialog;
	snprintf(ids, sizeof(ids), "%.*s;to-tag=%.*s;from-tag=%.*s\n",
		 SLICE_ARGS(dialog_call_id(dialog)), SLICE_ARGS(dialog_local_tag(dialog)),
		 SLICE_ARGS(dialog_remote_tag(dialog)));
	snprintf(join, sizeof(join), "Join: %s", ids);
	snprintf(both, sizeof(both), "Join: x;to-tag=a;from-tag=b\nReplaces: %s", ids);
	expect(w, ask_to_join(raw, "j1", join) == 488);
	expect(w, ask_to_join(raw, "j2", "Join: x;to-tag=a;from-tag=b\n") == 481);
	expect(w, ask_to_join(raw, "j3", "Join: x;to-tag=a\n") == 400);
	expect(w, ask_to_join(raw, "j4", both) == 400);
	expect(w, ask_to_join(raw, "j5",
			      "Join: x;to-tag=a;from-tag=b\nJoin: y;to-tag=a;from-tag=b\n") == 400);
	expect(w, ask_to_join(raw, "j6", "Require: join\nJoin: x;to-tag=a;from-tag=b\n") == 420);
	world_extension(w, "bob")->barge_in = BARGE_IN_NONE;
	expect(w, ask_to_join(raw, "j7", join) == 481);
	expect(w, raw_ask(raw, TEXT_HEAD("OPTIONS", "203", "202",
					 "o1") "Join: x;to-tag=a;from-tag=b\n" TEXT_END) == 400);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}
