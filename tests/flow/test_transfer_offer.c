/* SPDX-License-Identifier: MIT */
/*
 * A target that takes no INVITE without an offer is called with one of the transferee's, who may be
 * busy when it is asked for that: bob's phone (201) sends a raw peer (202) to another one (203).
 */
#include "texts.h"
#include "world.h"

#define LINE(user, ip) "Contact: <sip:" user "@" ip ":5060>\r\n"
#define SDP(ip)                                                                                    \
	"v=0\r\no=- 2 2 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"                      \
	"m=audio 4002 RTP/AVP 8 0\r\n"
#define ALICE LINE("202", "192.0.2.3")
#define ALICE_SDP SDP("192.0.2.3")
#define CAROL LINE("203", "192.0.2.4")
#define CAROL_SDP SDP("192.0.2.4")

static bool has(const char *message, const char *what)
{
	return strstr(message, what) != NULL;
}

static bool is_asked_without_offer(const struct raw *raw)
{
	return has(raw_last(raw, "INVITE"), "Content-Length: 0");
}

/* Carol wants an offer, and so alice is asked for one. */
static struct world *alice_is_asked(struct raw **ret_alice, struct raw **ret_carol)
{
	struct world *w = world_new("bob");

	office_add(&w->office, "202", "alice");
	office_add(&w->office, "203", "carol");
	*ret_alice = world_raw(w, "alice");
	*ret_carol = world_raw(w, "carol");
	expect(w, raw_ask_as(*ret_alice, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "reg2")
				     TEXT_CONTACT("202", "192.0.2.3") TEXT_END) == 200);
	expect(w, raw_ask_as(*ret_carol, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "203", "203", "reg3")
				     TEXT_CONTACT("203", "192.0.2.4") TEXT_END) == 200);
	dial_number(w, "bob", "202");
	raw_reply(*ret_alice, "INVITE", 200, "at", ALICE, ALICE_SDP);
	transfer_number(w, "bob", "203");
	raw_reply(*ret_carol, "INVITE", 488, "c1", "", "");
	expect(w, raw_count(*ret_alice, "INVITE") == 2 && is_asked_without_offer(*ret_alice));
	expect(w, raw_count(*ret_carol, "INVITE") == 1);
	return w;
}

FLOW_PLAIN(a_transferee_that_offers_itself_is_asked_again, "RFC 3261 14.1, RFC 3725 4.1")
{
	struct raw *alice, *carol;
	struct world *w = alice_is_asked(&alice, &carol);

	raw_reply(alice, "INVITE", 491, "", "", "");
	expect(w, raw_count(alice, "INVITE") == 2);
	advance_ms(w, 4500);
	expect(w, raw_count(alice, "INVITE") > 2 && is_asked_without_offer(alice));
	raw_reply(alice, "INVITE", 200, "", ALICE, ALICE_SDP);
	expect(w, raw_count(carol, "INVITE") == 2);
	expect(w, has(raw_last(carol, "INVITE"), "c=IN IP4 192.0.2.3"));
	raw_reply(carol, "INVITE", 200, "c2", CAROL, CAROL_SDP);
	raw_reply(carol, "INVITE", 200, "c2", CAROL, CAROL_SDP);
	expect(w, has(raw_last(alice, "INVITE"), "c=IN IP4 192.0.2.4"));
	raw_reply(alice, "INVITE", 200, "", ALICE, ALICE_SDP);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	expect(w, raw_speak(carol, "INVITE", "c2", "BYE", TEXT_END) == 200);
	expect(w, raw_count(alice, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_that_always_offers_itself_stays, "RFC 3261 14.1, RFC 5589 6.3")
{
	struct raw *alice, *carol;
	struct world *w = alice_is_asked(&alice, &carol);
	size_t asked = 0;

	for (; raw_count(alice, "INVITE") > asked && asked < 40; advance_ms(w, 4500)) {
		asked = raw_count(alice, "INVITE");
		raw_reply(alice, "INVITE", 491, "", "", "");
	}
	expect(w, asked > 5 && asked < 40);
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 491);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect(w, raw_count(alice, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_transferee_hangs_up_before_it_is_asked_again, "RFC 3261 14.1, RFC 3261 15.1.2")
{
	struct raw *alice, *carol;
	struct world *w = alice_is_asked(&alice, &carol);

	raw_reply(alice, "INVITE", 491, "", "", "");
	alice->cseq = 40;
	expect(w, raw_speak(alice, "INVITE", "at", "BYE", TEXT_END) == 200);
	advance_ms(w, 10000);
	expect(w, raw_count(alice, "INVITE") == 2 && raw_count(carol, "INVITE") == 1);
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}
