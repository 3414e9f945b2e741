/* SPDX-License-Identifier: MIT */
/*
 * Phones of a make (phone/profile.h) at the switch, which knows them by their User-Agent
 * (pbx/profile.h): each sees a call come and go by its own rules, and picks up in its own way.
 */
#include "world.h"

/* Carol's phone is of the make; she sees Bob ring. */
static struct world *ringing(const char *make, const char *code)
{
	struct world *w = world_new("alice", "bob", "carol");

	behave_like(w, "carol", make, code);
	watch(w, "carol", "bob");
	watch(w, "carol", "alice");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	/* Who calls does not flash, whatever the make takes for ringing. */
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	return w;
}

static void taken_by_carol(struct world *w)
{
	expect_ended(w, "bob", PHONE_CAUSE_ELSEWHERE, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "alice", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_snom_picks_up_by_replaces, "RFC 3891 3, RFC 4235 4.1")
{
	struct world *w = ringing("snom", "");

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

FLOW(a_yealink_picks_up_by_its_code, "RFC 4235 4.1, RFC 3261 16.5")
{
	struct world *w = ringing("yealink", "");

	pick_up(w, "carol", "bob");
	expect_silence(w, "carol  -> switch  INVITE Replaces");
	expect_ladder(w, "carol  -> switch  INVITE", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

FLOW(a_poly_picks_up_by_both_tags, "RFC 3891 3, RFC 4235 4.1")
{
	struct world *w = ringing("poly", "");

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

FLOW(a_grandstream_picks_up_by_its_code, "RFC 4235 4.1, RFC 3261 16.5")
{
	struct world *w = ringing("grandstream", "");

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

/* "*98" is its own code, "**" that of this office. */
FLOW(a_cisco_spa_picks_up_by_the_code_that_it_is_given, "RFC 4235 4.1, RFC 3261 16.5")
{
	struct world *w = ringing("cisco-spa", "**");

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

FLOW(a_cisco_mpp_picks_up_by_its_code, "RFC 4235 4.1, RFC 3261 16.5")
{
	struct world *w = ringing("cisco-mpp", "");

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE", "switch -> bob     CANCEL");
	taken_by_carol(w);
}

FLOW(a_linphone_sees_it_by_presence, "RFC 3863 4.1.4, RFC 4480 3.2")
{
	struct world *w = world_new("alice", "bob", "carol");

	behave_like(w, "carol", "linphone", "**");
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* The one dialog that an SPA is told of is the one that rings. */
FLOW(a_cisco_spa_is_told_of_one_call_of_two, "RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	behave_like(w, "carol", "cisco-spa", "**");
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	dial(w, "dave", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	hang_up(w, "dave");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* Bob's calls are told to Carol's phone, which has asked for nothing. */
static struct world *told_unasked(void)
{
	static const struct slice carol[] = { SLICE_INIT("203") };
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->notify = (struct number_list){ carol, 1 };
	behave_like(w, "carol", "snom", "");
	wait_for(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	return w;
}

FLOW(a_snom_shows_what_it_has_not_asked_for, "RFC 4235 4.1, RFC 3261 12.1.1")
{
	struct world *w = told_unasked();

	expect_silence(w, "carol -> switch SUBSCRIBE");
	answer(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_snom_picks_up_what_it_has_not_asked_for, "RFC 3891 3, RFC 4235 4.1")
{
	struct world *w = told_unasked();

	pick_up(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> bob     CANCEL");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	hang_up(w, "alice");
	expect_quiet(w);
}
/* BroadWorks' form, which a Poly is given. */
FLOW(a_poly_lives_by_a_list, "RFC 4662 5, RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	behave_like(w, "carol", "poly", "");
	watch_list(w, "carol", "keys-office");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	press(w, "carol", "bob");
	expect_ladder(w, "carol  -> switch  INVITE Replaces", "switch -> bob     CANCEL");
	taken_by_carol(w);
}
