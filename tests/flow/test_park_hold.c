/* SPDX-License-Identifier: MIT */
/*
 * Whose phone is parked is held, also when it is busy with an offer of its own, or does not
 * describe itself unasked: bob (201) talks with a raw peer (203) and parks it.
 */
#include "texts.h"
#include "world.h"

#define ORBIT "*851"
#define RAW_LINE "Contact: <sip:203@192.0.2.4:5060>\r\n"
#define RAW_SDP                                                                                    \
	"v=0\r\no=- 2 2 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"                \
	"m=audio 4002 RTP/AVP 8 0\r\n"

static bool has(const char *message, const char *what)
{
	return strstr(message, what) != NULL;
}

static bool is_asked_without_offer(const struct raw *raw)
{
	return has(raw_last(raw, "INVITE"), "Content-Length: 0");
}

static struct world *with_orbits(struct world *w)
{
	CHECK(directory_set_park(w->office.directory,
				 &(struct park_config){ .code = SLICE_INIT("*85"), .orbits = 9 }) ==
	      0);
	return w;
}

static struct world *raw_is_parked(struct raw **ret_raw)
{
	struct world *w = with_orbits(world_new("bob", "alice"));

	office_add(&w->office, "203", "carol");
	*ret_raw = world_raw(w, "carol");
	expect(w, raw_ask_as(*ret_raw, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "203", "203", "reg")
				     TEXT_CONTACT("203", "192.0.2.4") TEXT_END) == 200);
	dial_number(w, "bob", "203");
	raw_reply(*ret_raw, "INVITE", 200, "ct", RAW_LINE, RAW_SDP);
	transfer_number(w, "bob", ORBIT);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect(w, raw_count(*ret_raw, "INVITE") == 2 && is_asked_without_offer(*ret_raw));
	return w;
}

/* Alice fetches it, and hears it. */
static void is_fetched(struct world *w, struct raw *raw)
{
	size_t asked = raw_count(raw, "INVITE");

	dial_number(w, "alice", ORBIT);
	expect(w, raw_count(raw, "INVITE") == asked + 1);
	expect(w, has(raw_last(raw, "INVITE"), "c=IN IP4 192.0.2.3"));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	advance_ms(w, 100);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, !world_phone(w, "alice")->phone.calls[0].is_held_by_peer);
	hang_up(w, "alice");
	expect(w, raw_count(raw, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_is_parked_while_it_offers_is_asked_again, "RFC 3261 14.1, RFC 3725 4.1")
{
	struct raw *raw;
	struct world *w = raw_is_parked(&raw);

	raw_reply(raw, "INVITE", 491, "", "", "");
	expect(w, raw_count(raw, "INVITE") == 2);
	advance_ms(w, 4500);
	expect(w, raw_count(raw, "INVITE") > 2 && is_asked_without_offer(raw));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	expect(w, has(raw_last(raw, "ACK"), "a=inactive"));
	is_fetched(w, raw);
}

FLOW_PLAIN(who_is_parked_and_always_offers_is_left_alone, "RFC 3261 14.1")
{
	struct raw *raw;
	struct world *w = raw_is_parked(&raw);
	size_t asked = 0;

	for (; raw_count(raw, "INVITE") > asked && asked < 40; advance_ms(w, 4500)) {
		asked = raw_count(raw, "INVITE");
		raw_reply(raw, "INVITE", 491, "", "", "");
	}
	expect(w, asked > 5 && asked < 40);
	is_fetched(w, raw);
}

FLOW_PLAIN(who_is_parked_and_refuses_to_offer_is_offered_silence, "RFC 3725 4.1, RFC 3264 8.4")
{
	struct raw *raw;
	struct world *w = raw_is_parked(&raw);

	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 100);
	expect(w, raw_count(raw, "INVITE") == 3);
	expect(w, has(raw_last(raw, "INVITE"), "a=inactive"));
	expect(w, has(raw_last(raw, "INVITE"), "c=IN IP4 0.0.0.0"));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP "a=inactive\r\n");
	expect(w, raw_count(raw, "ACK") == 3);
	is_fetched(w, raw);
}

FLOW_PLAIN(who_is_parked_and_refuses_both_is_fetched_all_the_same, "RFC 3261 14.1, RFC 3725 4.1")
{
	struct raw *raw;
	struct world *w = raw_is_parked(&raw);

	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 100);
	raw_reply(raw, "INVITE", 488, "", "", "");
	advance_ms(w, 60000);
	expect(w, raw_count(raw, "INVITE") == 3);
	is_fetched(w, raw);
}

/* The phone is still asked to be held: the fetcher waits for that. */
FLOW_PLAIN(who_is_fetched_before_it_is_held, "RFC 3261 14.1, RFC 5359 2.15")
{
	struct raw *raw;
	struct world *w = raw_is_parked(&raw);

	dial_number(w, "alice", ORBIT);
	expect(w, raw_count(raw, "INVITE") == 2);
	raw_reply(raw, "INVITE", 491, "", "", "");
	advance_ms(w, 500);
	expect(w, raw_count(raw, "INVITE") == 3);
	expect(w, has(raw_last(raw, "INVITE"), "c=IN IP4 192.0.2.3"));
	raw_reply(raw, "INVITE", 200, "", RAW_LINE, RAW_SDP);
	advance_ms(w, 10000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, raw_count(raw, "INVITE") == 3);
	hang_up(w, "alice");
	expect(w, raw_count(raw, "BYE") == 1);
	expect_quiet(w);
}

/* Phones of ours: the parked one offers a hold while it is asked. */
FLOW(who_is_parked_presses_hold_meanwhile, "RFC 3261 14.1, RFC 5359 2.15")
{
	struct world *w = with_orbits(world_new("alice", "bob", "carol"));

	dial(w, "alice", "bob");
	answer(w, "bob");
	cut_off(w, "alice");
	transfer_number(w, "bob", ORBIT);
	(void)phone_hold(&world_phone(w, "alice")->phone, 1);
	advance_ms(w, 300);
	cut_off(w, "alice");
	advance_ms(w, 20000);
	expect_ladder(w, "switch -> alice  INVITE", "alice  -> switch 491 INVITE",
		      "switch -> alice  INVITE", "alice  -> switch 200 INVITE");
	expect_calls(w, "alice", PHONE_CALL_HOLDING, 1);
	resume(w, "alice");
	advance_ms(w, 5000);
	dial_number(w, "carol", ORBIT);
	expect_talking(w, "alice", "carol");
	expect_media(w, "alice", "carol");
	expect_quiet(w);
}
