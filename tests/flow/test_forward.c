/* SPDX-License-Identifier: MIT */
/*
 * Where a call goes when the one who is called does not take it: forwards of every kind and their
 * chains, do-not-disturb, the limit of calls, and phones that send the call elsewhere.
 */
#include "texts.h"
#include "world.h"

#define DEFLECT_CONTACT(to) "Contact: <sip:" to "@" OFFICE_DOMAIN ">\r\n"

static void forward(struct world *w, const char *from, enum forward_when when, const char *to)
{
	struct extension *extension = world_extension(w, from);

	extension->forward.to[when] = slice_from_cstr(to);
	extension->forward.after_s = 10;
}

FLOW(call_forwarding_unconditional, "RFC 5359 2.7, RFC 3261 21.1.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_ALWAYS, "203");
	dial(w, "alice", "bob");
	expect_ladder(w, "alice -> switch INVITE", "switch -> alice 181 INVITE",
		      "switch -> carol INVITE");
	expect_silence(w, "switch -> bob INVITE");
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(call_forwarding_busy, "RFC 5359 2.8")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "bob")->max_calls = 1;
	forward(w, "bob", FORWARD_BUSY, "203");
	dial(w, "bob", "dave");
	answer(w, "dave");
	dial(w, "alice", "bob");
	expect_ladder(w, "switch -> alice 181 INVITE", "switch -> carol INVITE");
	answer(w, "carol");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(call_forwarding_of_a_phone_that_says_busy, "RFC 5359 2.8")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_BUSY, "203");
	dial(w, "alice", "bob");
	hang_up(w, "bob");
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(call_forwarding_no_answer, "RFC 5359 2.9")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "bob");
	forward(w, "bob", FORWARD_NO_ANSWER, "203");
	dial(w, "alice", "bob");
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	advance_ms(w, 11000);
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_ladder(w, "switch -> bob INVITE", "switch -> bob CANCEL", "switch -> carol INVITE");
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(call_forwarding_of_a_phone_that_is_not_there, "RFC 5359 2.9, RFC 3261 16.7")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_UNREGISTERED, "203");
	cut_off(w, "bob");
	dial(w, "alice", "bob");
	advance_ms(w, 40000);
	answer(w, "carol");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	hang_up(w, "alice");
	cut_off(w, "bob");
	expect_quiet(w);
}

FLOW_PLAIN(call_forwarding_without_any_phone, "RFC 3261 16.5")
{
	struct world *w = world_new("alice", "carol");

	office_add(&w->office, "209", "ghost");
	((struct extension *)directory_find(w->office.directory, SLICE("209")))
		->forward.to[FORWARD_UNREGISTERED] = SLICE("202");
	dial_number(w, "alice", "209");
	answer(w, "carol");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(a_forward_leads_to_another, "RFC 5359 2.12")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	forward(w, "bob", FORWARD_NO_ANSWER, "203");
	forward(w, "carol", FORWARD_BUSY, "204");
	dial(w, "alice", "bob");
	advance_ms(w, 11000);
	hang_up(w, "carol");
	answer(w, "dave");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(a_forward_by_no_answer_does_not_outlive_its_phone, "RFC 5359 2.8")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	forward(w, "bob", FORWARD_NO_ANSWER, "204");
	forward(w, "bob", FORWARD_BUSY, "203");
	dial(w, "alice", "bob");
	advance_ms(w, 5000);
	hang_up(w, "bob");
	expect_ladder(w, "switch -> carol INVITE");
	advance_ms(w, 20000);
	expect_silence(w, "switch -> carol CANCEL");
	answer(w, "carol");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(forwards_in_a_circle_are_refused, "RFC 3261 16.3, RFC 5393 4")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_ALWAYS, "203");
	forward(w, "carol", FORWARD_ALWAYS, "202");
	dial(w, "alice", "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 482);
	expect_quiet(w);
}

FLOW_PLAIN(too_long_a_chain_of_forwards_is_refused, "RFC 3261 21.4.21")
{
	static const char *const numbers[] = { "301", "302", "303", "304", "305", "306", "307" };
	struct world *w = world_new("alice");

	for (size_t i = 0; i < 7; i++)
		office_add(&w->office, numbers[i], "somebody");
	for (size_t i = 0; i < 6; i++)
		((struct extension *)directory_find(w->office.directory,
						    slice_from_cstr(numbers[i])))
			->forward.to[FORWARD_ALWAYS] = slice_from_cstr(numbers[i + 1]);
	dial_number(w, "alice", "301");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 483);
	expect_quiet(w);
}

FLOW(the_caller_gives_up_while_it_is_forwarded, "RFC 3261 9")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_NO_ANSWER, "203");
	dial(w, "alice", "bob");
	advance_ms(w, 11000);
	hang_up(w, "alice");
	expect_ended(w, "carol", PHONE_CAUSE_CANCELLED, 0);
	expect_quiet(w);
}

FLOW(a_forward_by_no_answer_does_not_outlive_the_answer, "RFC 3261 13.2.2.4")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_NO_ANSWER, "203");
	dial(w, "alice", "bob");
	answer(w, "bob");
	advance_ms(w, 20000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* --- What the phone at the end is told ---------------------------------------------------- */

static struct world *office_with_raw(struct raw **ret_raw, const char *number)
{
	struct world *w = world_new("alice", "bob");

	office_add(&w->office, number, "raw");
	*ret_raw = world_raw(w, "raw");
	registers(w, *ret_raw, number);
	(*ret_raw)->count = 0;
	return w;
}

FLOW_PLAIN(a_forwarded_call_says_where_it_comes_from, "RFC 5806 5, RFC 7044 10.3, RFC 7544 7")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw, "203");
	const char *invite;

	forward(w, "bob", FORWARD_BUSY, "203");
	dial(w, "alice", "bob");
	expect(w, raw_count(raw, "INVITE") == 0);
	hang_up(w, "bob");
	invite = raw_last(raw, "INVITE");
	expect(w, strstr(invite, "\r\nDiversion: \"bob\" <sip:202@pbx.example>;reason=user-busy;"
				 "counter=1\r\n") != NULL);
	expect(w,
	       strstr(invite,
		      "\r\nHistory-Info: <sip:202@pbx.example>;index=1\r\n"
		      "History-Info: <sip:203@pbx.example;cause=486>;index=1.1;mp=1\r\n") != NULL);
	expect(w, strstr(invite, "\r\nFrom: \"alice\" <sip:201@pbx.example>") != NULL);
	hang_up(w, "alice");
	raw_reply(raw, "INVITE", 487, "one", "", "");
	expect_quiet(w);
}

FLOW_PLAIN(the_caller_sees_who_answered, "RFC 3325 5")
{
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *raw = world_raw(w, "raw");

	forward(w, "bob", FORWARD_ALWAYS, "203");
	dial(w, "alice", "alice");
	(void)raw_ask_as(raw, "201", OFFICE_PASSWORD,
			 TEXT_HEAD("INVITE", "201", "202", "seen") TEXT_CONTACT("201", "192.0.2.6")
				 TEXT_WITH_SDP("192.0.2.6", "0"));
	answer(w, "carol");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"),
			 "\r\nP-Asserted-Identity: \"carol\" <sip:203@pbx.example>\r\n") != NULL);
	hang_up(w, "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_straight_call_has_no_history, "RFC 7044 9.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw, "203");

	dial_number(w, "alice", "203");
	expect(w, raw_count(raw, "INVITE") == 1);
	expect(w, strstr(raw_last(raw, "INVITE"), "History-Info") == NULL);
	expect(w, strstr(raw_last(raw, "INVITE"), "Diversion") == NULL);
	raw_reply(raw, "INVITE", 486, "one", "", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 486);
	expect_quiet(w);
}

/* --- Phones that send the call elsewhere -------------------------------------------------- */

FLOW_PLAIN(a_phone_deflects_the_call, "RFC 3261 21.3.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw, "203");

	dial_number(w, "alice", "203");
	raw_reply(raw, "INVITE", 302, "one", DEFLECT_CONTACT("202"), "");
	expect_ladder(w, "raw -> switch 302 INVITE", "switch -> alice 181 INVITE",
		      "switch -> bob INVITE");
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_deflects_to_nobody_of_ours, "RFC 3261 21.3.3, SECURITY R3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw, "203");

	dial_number(w, "alice", "203");
	raw_reply(raw, "INVITE", 302, "one", "Contact: <sip:202@elsewhere.example>\r\n", "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	dial_number(w, "alice", "203");
	raw_reply(raw, "INVITE", 302, "two", DEFLECT_CONTACT("299"), "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	dial_number(w, "alice", "203");
	raw_reply(raw, "INVITE", 302, "three", DEFLECT_CONTACT("203"), "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* Whoever calls the extension would be put through to the emergency services. */
FLOW_PLAIN(a_phone_deflects_nobody_to_an_emergency_number, "RFC 3261 21.3.3, SECURITY R3")
{
	static const struct trunk_config config = { .name = SLICE_INIT("acme"),
						    .uri = SLICE_INIT("sip:192.0.2.99") };
	struct raw *raw;
	struct world *w = office_with_raw(&raw, "203");

	office_add_trunk(&w->office, &config, NULL);
	office_add_route(&w->office, "112", &(struct route){ .is_emergency = true }, "acme", NULL);
	dial_number(w, "alice", "203");
	raw_reply(raw, "INVITE", 302, "one", DEFLECT_CONTACT("112"), "");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	expect_quiet(w);
}

/* --- Do-not-disturb and the limit of calls ------------------------------------------------ */

FLOW(do_not_disturb_is_switched_by_code, "RFC 3261 21.4.18")
{
	struct world *w = world_new("alice", "bob");

	dial_number(w, "bob", "*78");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	advance_ms(w, 10000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	dial(w, "alice", "bob");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 480);
	dial_number(w, "bob", "*79");
	advance_ms(w, 10000);
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(do_not_disturb_forwards_like_busy, "RFC 5359 2.8")
{
	struct world *w = world_new("alice", "bob", "carol");

	forward(w, "bob", FORWARD_BUSY, "203");
	dial_number(w, "bob", "*78");
	hang_up(w, "bob");
	dial(w, "alice", "bob");
	answer(w, "carol");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW(more_calls_than_allowed_are_busy, "RFC 3261 21.4.24")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	world_extension(w, "bob")->max_calls = 2;
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "carol", "bob");
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	dial(w, "dave", "bob");
	expect_ended(w, "dave", PHONE_CAUSE_REFUSED, 486);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}
