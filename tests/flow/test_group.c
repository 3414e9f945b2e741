/* SPDX-License-Identifier: MIT */
/*
 * Groups: one number that rings several people, all at once or in turn.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

FLOW(find_me_everywhere_at_once, "RFC 5359 2.12, RFC 3261 16.7")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_ladder(w, "switch -> bob CANCEL", "switch -> dave CANCEL");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "dave", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW(two_answer_a_group_call_at_once, "RFC 3261 13.2.2.4")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial_number(w, "alice", OFFICE_GROUP);
	(void)phone_answer(&w->phones[1].phone, 0);
	(void)phone_answer(&w->phones[2].phone, 0);
	advance_ms(w, 40000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, w->office.pbx.legs.live_count == 2 || w->is_faulty);
	expect_quiet(w);
}

FLOW(a_caller_is_not_rung_by_their_own_group, "RFC 3261 16.5")
{
	struct world *w = world_new("alice", "bob");

	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "alice", PHONE_CALL_RINGING, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW(a_member_who_declines_speaks_for_nobody_else, "RFC 3261 16.7.6")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial_number(w, "alice", OFFICE_GROUP);
	hang_up(w, "bob");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(a_group_where_all_decline_is_busy, "RFC 3261 16.7.6")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial_number(w, "alice", OFFICE_GROUP);
	hang_up(w, "bob");
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	expect_quiet(w);
}

FLOW(find_me_in_turn, "RFC 5359 2.12")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_group(w)->ring = GROUP_IN_TURN;
	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	advance_ms(w, 21000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	hang_up(w, "carol");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 1);
	answer(w, "dave");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(a_group_in_turn_that_nobody_takes_ends, "RFC 3261 16.7.6")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_group(w)->ring = GROUP_IN_TURN;
	dial_number(w, "alice", OFFICE_GROUP);
	advance_ms(w, 45000);
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW(a_group_in_turn_passes_over_who_is_away, "RFC 3261 16.5")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_group(w)->ring = GROUP_IN_TURN;
	dial_number(w, "bob", "*78");
	hang_up(w, "bob");
	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(members_forwards_do_not_concern_the_group, "RFC 5359 2.12")
{
	struct world *w = world_new("alice", "bob", "carol");

	office_add(&w->office, "209", "voicemail");
	world_extension(w, "bob")->forward.to[FORWARD_ALWAYS] = SLICE("209");
	world_extension(w, "bob")->forward.to[FORWARD_BUSY] = SLICE("209");
	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	hang_up(w, "bob");
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(who_refused_is_not_rung_by_the_group_that_it_goes_to, "RFC 5359 2.8")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->forward.to[FORWARD_BUSY] = SLICE(OFFICE_GROUP);
	dial(w, "alice", "bob");
	hang_up(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	expect_quiet(w);
}

FLOW(who_did_not_answer_rings_again_with_the_group, "RFC 5359 2.9")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->forward.to[FORWARD_NO_ANSWER] = SLICE(OFFICE_GROUP);
	world_extension(w, "bob")->forward.after_s = 10;
	dial(w, "alice", "bob");
	advance_ms(w, 11000);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW(a_group_forwards_what_nobody_takes, "RFC 5359 2.9")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	struct group *group = world_group(w);

	group->forward.to[FORWARD_NO_ANSWER] = SLICE("204");
	group->forward.after_s = 15;
	dial_number(w, "dave", "*78");
	hang_up(w, "dave");
	dial_number(w, "alice", OFFICE_GROUP);
	expect_calls(w, "dave", PHONE_CALL_RINGING, 0);
	dial_number(w, "dave", "*79");
	hang_up(w, "dave");
	advance_ms(w, 16000);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	answer(w, "dave");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(a_group_call_is_picked_up, "RFC 3891 3")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "bob");
	world_extension(w, "dave")->group_count = 0;
	world_extension(w, "bob")->pickup = PICKUP_ALL;
	world_group(w)->ring = GROUP_IN_TURN;
	dial_number(w, "alice", OFFICE_GROUP);
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	pick_up(w, "dave", "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	advance_ms(w, 30000);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* The raw peer is a member as well, 209, and plays something; bob only rings. */
FLOW_PLAIN(a_group_is_heard_ringing_when_the_one_who_was_heard_leaves, "RFC 3960 3.1")
{
	struct world *w = world_new("alice", "bob");
	struct raw *member = world_raw(w, "member");
	struct raw *caller = world_raw(w, "caller");
	char first[64];

	office_add(&w->office, "209", "member");
	dial_number(w, "alice", "299"); /* everybody has started */
	registers(w, member, "209");
	(void)raw_ask_as(caller, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "201", OFFICE_GROUP, "heard")
				 TEXT_CONTACT("201", "192.0.2.5") TEXT_WITH_SDP("192.0.2.5", "0"));
	raw_reply(member, "INVITE", 183, "m", "Contact: <sip:209@192.0.2.4:5060>\r\n",
		  TEXT_ANSWER("192.0.2.4", "0"));
	expect(w, strstr(raw_last(caller, "SIP/2.0 183"), "m=audio 4002") != NULL);
	expect_ladder(w, "switch -> caller 180 INVITE", "switch -> caller 183 INVITE");
	snprintf(first, sizeof(first), "%.24s",
		 strstr(strstr(raw_last(caller, "SIP/2.0 183"), "\r\nTo: "), ";tag="));
	raw_reply(member, "INVITE", 486, "m", "", "");
	expect_ladder(w, "member -> switch 486 INVITE", "switch -> caller 180 INVITE");
	expect(w, strstr(raw_last(caller, "SIP/2.0 180"), first) == NULL);
	hang_up(w, "bob");
	expect_quiet(w);
}

/* --- How far a call may fork -------------------------------------------------------------- */

#define INVITE_BREADTH(breadth)                                                                    \
	TEXT_HEAD("INVITE", "201", OFFICE_GROUP, "breadth" breadth)                                \
	TEXT_CONTACT("201", "192.0.2.5")                                                           \
	"Max-Breadth: " breadth "\n" TEXT_WITH_SDP("192.0.2.5", "0")

FLOW_PLAIN(no_more_phones_ring_than_the_breadth_allows, "RFC 5393 5.3.3")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "dave", "299"); /* everybody has started */
	(void)raw_ask_as(raw, "201", OFFICE_PASSWORD, INVITE_BREADTH("2"));
	expect_ladder(w, "switch -> bob INVITE", "switch -> carol INVITE");
	expect_calls(w, "dave", PHONE_CALL_RINGING, 0);
	hang_up(w, "bob");
	hang_up(w, "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_call_without_breadth_is_refused, "RFC 5393 5.3.3.1")
{
	struct world *w = world_new("alice", "bob");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "bob", "299");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, INVITE_BREADTH("0")) == 440);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}
