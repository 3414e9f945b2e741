/* SPDX-License-Identifier: MIT */
/*
 * A new configuration while the switch works, and its end: calls go on, and what is no longer there
 * or no longer allowed ends with its reason.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define SUBSCRIBE(to, call)                                                                        \
	TEXT_HEAD("SUBSCRIBE", "201", to, call) TEXT_CONTACT("201", "192.0.2.5") "Event: dialog\n"

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* The office again, with only these of 201 to 203, who are all as `all` but for their numbers. */
static void reload_as(struct world *w, const char *const *numbers, const struct extension *all)
{
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);

	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	for (; *numbers; numbers++) {
		struct extension extension = *all;

		extension.number = slice_from_cstr(*numbers);
		extension.name = SLICE("renamed");
		extension.password = SLICE(OFFICE_PASSWORD);
		expect(w, directory_add_extension(directory, &extension) == 0);
	}
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(w->office.directory);
	w->office.directory = directory;
	advance_ms(w, 100);
}

static void reload(struct world *w, const char *const *numbers, enum visibility visibility)
{
	reload_as(w, numbers,
		  &(struct extension){ .visibility = visibility, .pickup = PICKUP_ALL });
}

FLOW_PLAIN(a_call_outlives_a_new_configuration, "RFC 3261 13")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	reload(w, all, VISIBILITY_CALLS);
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "bob");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* What bob's new leg is of lives as long as that leg does, not as long as the one that he held. */
FLOW_PLAIN(who_is_reminded_after_a_new_configuration_is_of_that, "RFC 3264 8.4")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->hold_reminder_s = 20;
	dial(w, "alice", "bob");
	answer(w, "bob");
	hold(w, "bob");
	reload(w, all, VISIBILITY_CALLS);
	advance_ms(w, 20000);
	answer(w, "bob");
	expect_talking(w, "bob", "alice");
	advance_ms(w, 5000);
	transfer(w, "alice", "carol");
	answer(w, "carol");
	advance_ms(w, 5000);
	hold(w, "bob");
	expect_calls(w, "bob", PHONE_CALL_HOLDING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_is_forwarded_as_it_was_when_it_began, "RFC 5359 2.9")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->forward.to[FORWARD_NO_ANSWER] = SLICE("203");
	world_extension(w, "bob")->forward.after_s = 10;
	dial(w, "alice", "bob");
	reload(w, all, VISIBILITY_CALLS);
	advance_ms(w, 11000);
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	hang_up(w, "carol");
	expect_quiet(w);
}

FLOW_PLAIN(who_left_is_no_longer_registered_nor_watched, "RFC 6665 4.2.2, RFC 3261 10.3")
{
	static const char *const some[] = { "201", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "carol", "299"); /* everybody has started */
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "s") TEXT_END) == 200);
	reload(w, some, VISIBILITY_NUMBERS);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource") != NULL);
	dial(w, "alice", "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 404);
	expect(w, w->office.pbx.bindings.held_count == 2);
	expect(w, w->office.pbx.entities.count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_right_that_was_taken_ends_the_subscription, "RFC 6665 4.2.2")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "carol", "299");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "s") TEXT_END) == 200);
	reload(w, all, VISIBILITY_NONE);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource") != NULL);
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

/* The last word on somebody who may not be seen any more has no name, whatever the phone's make. */
FLOW_PLAIN(who_is_hidden_is_not_named_in_the_end, "RFC 4235 6")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *raw = world_raw(w, "raw");

	dial_number(w, "carol", "299");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     SUBSCRIBE("202",
				       "s") "User-Agent: PolycomVVX-VVX_400-UA/5.9\n" TEXT_END) ==
			  200);
	expect(w, told(raw, "display=\"bob\""));
	reload(w, all, VISIBILITY_NONE);
	expect(w,
	       told(raw, "reason=noresource") && !told(raw, "renamed") && !told(raw, "display="));
	expect_quiet(w);
}

/* What the raw peer, which watches a ringing 202 as 201, is told after each change of the rights.
 */
FLOW_PLAIN(changed_rights_show_in_running_subscriptions_at_once, "RFC 4235 6, RFC 6665 4.2.2")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	static const struct visibility_rule for_201 = { SCOPE_USER, SLICE_INIT("201"),
							VISIBILITY_NONE };
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *raw = world_raw(w, "raw");

	dial(w, "carol", "bob");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "s") TEXT_END) == 200);
	expect(w, told(raw, "<state>early</state>") && told(raw, "203") && told(raw, "call-id="));
	reload_as(w, all, &(struct extension){ .visibility = VISIBILITY_NUMBERS });
	expect(w, told(raw, "203") && !told(raw, "call-id=") && !told(raw, "<target"));
	reload_as(w, all, &(struct extension){ .visibility = VISIBILITY_CALLS });
	expect(w, told(raw, "direction=\"recipient\"") && !told(raw, "203"));
	reload_as(w, all, &(struct extension){ .visibility = VISIBILITY_BUSY });
	expect(w, told(raw, "<state>confirmed</state>") && !told(raw, "direction="));
	reload_as(w, all,
		  &(struct extension){ .visibility = VISIBILITY_NUMBERS,
				       .visibility_rules = { &for_201, 1 } });
	expect(w, told(raw, "terminated;reason=noresource") && !told(raw, "confirmed"));
	expect_quiet(w);
}

FLOW_PLAIN(an_ending_server_refuses_what_rings_and_lets_talk_who_talks,
	   "RFC 6665 4.2.2, RFC 3261 21.5.4")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	struct raw *raw = world_raw(w, "raw");

	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "carol", "dave");
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				     "201", "192.0.2.6") "Event: dialog\n" TEXT_END) == 200);
	pbx_stop(&w->office.pbx);
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=deactivated") != NULL);
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 503);
	expect_calls(w, "dave", PHONE_CALL_RINGING, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* --- Transfers ---------------------------------------------------------------------------- */

FLOW_PLAIN(a_transfer_outlives_a_new_configuration, "RFC 5589 6.2")
{
	static const char *const all[] = { "201", "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	reload(w, all, VISIBILITY_CALLS);
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

/* Who is not in the file any more has no phone to call, and talks to the end. */
FLOW_PLAIN(a_transferor_who_is_there_no_more_is_not_called_back, "RFC 5589 6.3")
{
	static const char *const others[] = { "201", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	world_phone(w, "bob")->phone.config.transfer_leaves = true;
	transfer(w, "bob", "carol");
	reload(w, others, VISIBILITY_CALLS);
	hang_up(w, "carol");
	expect_ended(w, "alice", PHONE_CAUSE_REMOTE, 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_who_is_there_no_more_is_transferred, "RFC 5589 6.2")
{
	static const char *const others[] = { "202", "203", NULL };
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	reload(w, others, VISIBILITY_CALLS);
	answer(w, "carol");
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_media(w, "alice", "carol");
	expect_quiet(w);
}
