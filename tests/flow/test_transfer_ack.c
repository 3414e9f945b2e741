/* SPDX-License-Identifier: MIT */
/*
 * ACKs that are late: one that a transferor owes for its consultation may come while the target is
 * asked anew, and is then not about what the target is asked (RFC 3261 13.2.2.4, RFC 3725 4.1).
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define BOB_CONTACT TEXT_CONTACT("203", "192.0.2.4")
#define BOB_SDP                                                                                    \
	"v=0\r\no=- 2 2 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"                \
	"m=audio 4002 RTP/AVP 8 0\r\n"

/* Alice (201) talks with bob (203), who is a raw peer and calls carol (202). */
static struct world *bob_calls_carol(struct raw **ret_bob)
{
	struct world *w = world_new("alice", "carol");
	struct raw *bob = world_raw(w, "bob");

	office_add(&w->office, "203", "bob");
	watch(w, "carol", "alice");
	expect(w,
	       raw_ask_as(bob, "203", OFFICE_PASSWORD,
			  TEXT_HEAD("REGISTER", "203", "203", "reg") BOB_CONTACT TEXT_END) == 200);
	dial_number(w, "alice", "203");
	raw_reply(bob, "INVITE", 200, "bobtag", "Contact: <sip:203@192.0.2.4:5060>\r\n", BOB_SDP);
	expect(w, raw_ask_as(bob, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("INVITE", "203", "202", "b2")
				     BOB_CONTACT TEXT_WITH_SDP("192.0.2.4", "8 0")) == 180);
	*ret_bob = bob;
	return w;
}

static unsigned bob_joins_both(struct raw *bob)
{
	char tag[17], rest[512];

	snprintf(tag, sizeof(tag), "%s",
		 strstr(strstr(raw_last(bob, "SIP/2.0 180"), "\nTo: "), ";tag=") + 5);
	snprintf(rest, sizeof(rest),
		 BOB_CONTACT "Refer-To: <sip:202@" OFFICE_DOMAIN "?Replaces=b2%%3Bto-tag%%3D%s"
			     "%%3Bfrom-tag%%3Dtb2>\n" TEXT_END,
		 tag);
	return raw_speak(bob, "INVITE", "bobtag", "REFER", rest);
}

/* Carol has described herself once more by then, and waits for alice's answer in the ACK to that.
 */
FLOW_PLAIN(a_late_ack_of_the_consultation_is_not_the_targets, "RFC 3261 13.2.2.4, RFC 3725 4.1, "
							      "RFC 5589 7.6")
{
	struct raw *bob;
	struct world *w = bob_calls_carol(&bob);

	expect(w, bob_joins_both(bob) == 202);
	cut_off(w, "alice");
	answer(w, "carol");
	(void)raw_speak(bob, "SIP/2.0 200", "", "ACK", TEXT_END);
	cut_off(w, "alice");
	advance_ms(w, 2000);
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 200 OK"));
	expect_talking(w, "alice", "carol");
	expect_media(w, "alice", "carol");
	expect_quiet(w);
}
