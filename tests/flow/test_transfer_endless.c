/* SPDX-License-Identifier: MIT */
/*
 * A REFER that goes on to a phone that tells of it for ever, and never how it ended: raw alice
 * (203) has called bob (201), who sends her to carol (202).
 */
#include "texts.h"
#include "world.h"

#define ALICE_CALLS(to, call)                                                                      \
	TEXT_HEAD("INVITE", "203", to, call)                                                       \
	TEXT_CONTACT("203", "192.0.2.4")                                                           \
	"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\n" TEXT_WITH_SDP("192.0.2.4", "8 0")
#define STILL_RINGING                                                                              \
	"Event: refer\nSubscription-State: active;expires=3600\n"                                  \
	"Contact: <sip:203@192.0.2.4:5060>\nContent-Type: message/sipfrag\n"                       \
	"Content-Length: {len}\n\nSIP/2.0 180 Ringing\n"

static unsigned call(struct raw *alice, const char *text)
{
	return raw_ask_as(alice, "203", OFFICE_PASSWORD, text);
}

static struct world *alice_is_sent_to_carol(struct raw **ret_alice)
{
	struct world *w = world_new("bob", "carol");

	world_extension(w, "bob")->refer = REFER_FORWARD;
	office_add(&w->office, "203", "alice");
	*ret_alice = world_raw(w, "alice");
	world_start(w);
	(void)call(*ret_alice, ALICE_CALLS("201", "a1"));
	answer(w, "bob");
	raw_speak(*ret_alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	transfer(w, "bob", "carol");
	expect(w, raw_count(*ret_alice, "REFER") == 1);
	return w;
}

/* The last one is for a referral that is not there any more. */
static void rings_on(struct world *w, struct raw *alice, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i += 10) {
		expect(w, raw_speak(alice, "REFER", "", "NOTIFY", STILL_RINGING) == 200);
		advance_ms(w, 10000);
	}
	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", STILL_RINGING) == 481);
}

FLOW_PLAIN(who_never_comes_does_not_keep_the_transferor, "RFC 3515 2.4.5, RFC 5589 6.3")
{
	struct raw *alice;
	struct world *w = alice_is_sent_to_carol(&alice);

	rings_on(w, alice, 100);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 408);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	/* And may transfer again, in the same way. */
	transfer(w, "bob", "carol");
	expect(w, raw_count(alice, "REFER") == 2);
	expect_quiet(w);
}

FLOW_PLAIN(who_has_come_and_never_says_so_does_not_keep_the_transferor, "RFC 3515 2.4.5")
{
	struct raw *alice;
	struct world *w = alice_is_sent_to_carol(&alice);

	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", STILL_RINGING) == 200);
	(void)call(alice, ALICE_CALLS("202", "a2"));
	answer(w, "carol");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	rings_on(w, alice, 10);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

FLOW_PLAIN(who_was_sent_on_may_ring_as_long_as_any_caller, "RFC 5589 6.2")
{
	struct raw *alice;
	struct world *w = alice_is_sent_to_carol(&alice);

	w->office.directory->ring_timeout_s = 300;
	expect(w, raw_speak(alice, "REFER", "", "NOTIFY", STILL_RINGING) == 200);
	(void)call(alice, ALICE_CALLS("202", "a2"));
	advance_ms(w, 280000);
	expect_transfer(w, "bob", PHONE_RESULT_NONE, 180);
	answer(w, "carol");
	raw_speak(alice, "SIP/2.0 200", "", "ACK", TEXT_END);
	advance_ms(w, 5000);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}
