/* SPDX-License-Identifier: MIT */
/*
 * Who transfers to a phone that rings reliably (RFC 3262), and leaves without having acknowledged
 * that: raw bob (204) talks with alice (201), and calls carol (202), who plays something.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define BOB_CONTACT TEXT_CONTACT("204", "192.0.2.4")
#define BOB_CALLS(to, call, lines)                                                                 \
	TEXT_HEAD("INVITE", "204", to, call) BOB_CONTACT "Supported: 100rel\n" lines

static struct world *bob_talks_to_alice(struct raw **ret_bob)
{
	struct world *w = world_new("alice", "carol");

	office_add(&w->office, "204", "bob");
	*ret_bob = world_raw(w, "bob");
	set_early_media(w, "carol");
	world_start(w);
	(void)raw_ask_as(*ret_bob, "204", OFFICE_PASSWORD,
			 BOB_CALLS("201", "c1", TEXT_WITH_SDP("192.0.2.4", "8")));
	answer(w, "alice");
	(void)raw_speak(*ret_bob, "SIP/2.0 200", "", "ACK", TEXT_END);
	return w;
}

/* The tag of our side in what bob heard last with this start. */
static void read_tag(struct world *w, const struct raw *bob, const char *start, char tag[64])
{
	const char *to = strstr(raw_last(bob, start), "\r\nTo: ");
	const char *at = to ? strstr(to, ";tag=") : NULL;

	expect(w, at != NULL);
	CHECK(at && sscanf(at, ";tag=%63[^\r\n;]", tag) == 1);
}

static void cancel(struct raw *bob)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "CANCEL sip:202@" OFFICE_DOMAIN
		 " SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-bob-%u;rport\n"
		 "Max-Forwards: 70\nFrom: <sip:204@" OFFICE_DOMAIN ">;tag=tc2\n"
		 "To: <sip:202@" OFFICE_DOMAIN ">\nCall-ID: c2\nCSeq: %u CANCEL\n" TEXT_END,
		 bob->branch, bob->cseq);
	(void)raw_ask(bob, text);
}

/* Bob consults carol, transfers while it rings, and gives the consultation up. */
static struct world *bob_leaves(struct raw **ret_bob, const char *invite)
{
	struct world *w = bob_talks_to_alice(ret_bob);
	struct raw *bob = *ret_bob;
	unsigned branch, cseq;
	char rest[512], tag[64];

	(void)raw_ask_as(bob, "204", OFFICE_PASSWORD, invite);
	branch = bob->branch;
	cseq = bob->cseq;
	expect(w, raw_heard(bob, "SIP/2.0 183", "RSeq: "));
	read_tag(w, bob, "SIP/2.0 183", tag);
	snprintf(rest, sizeof(rest),
		 BOB_CONTACT "Refer-To: <sip:202@" OFFICE_DOMAIN
			     "?Replaces=c2%%3Bto-tag%%3D%s%%3Bfrom-tag%%3Dtc2>\n" TEXT_END,
		 tag);
	expect(w, raw_speak(bob, "SIP/2.0 200 OK", "", "REFER", rest) == 202);
	bob->branch = branch;
	bob->cseq = cseq;
	cancel(bob);
	bob->branch += 10;
	expect(w, raw_count(bob, "SIP/2.0 487") > 0);
	return w;
}

static void alice_gets_carol(struct world *w, struct raw *bob)
{
	answer(w, "carol");
	expect_ladder(w, "carol  -> switch 200 INVITE", "switch -> alice  INVITE");
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 200 OK"));
	expect_talking(w, "alice", "carol");
	expect_media(w, "alice", "carol");
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(who_rings_reliably_is_acknowledged_when_the_caller_leaves, "RFC 3262 3, RFC 5589 7.6")
{
	struct raw *bob;
	struct world *w = bob_leaves(&bob, BOB_CALLS("202", "c2", TEXT_WITH_SDP("192.0.2.4", "8")));

	expect_ladder(w, "carol  -> switch 183 INVITE", "switch -> bob    183 INVITE",
		      "switch -> bob    487 INVITE", "switch -> carol  PRACK",
		      "carol  -> switch 200 PRACK");
	alice_gets_carol(w, bob);
}

static bool carol_hears_nobody(struct world *w)
{
	const struct wire_node *node = world_phone(w, "carol")->node;

	return memmem(node->media, node->media_n, "a=inactive", 10) != NULL;
}

/* The reliable response is the offer then, and the PRACK its answer. */
FLOW_PLAIN(an_offer_that_rings_is_answered_when_the_caller_leaves, "RFC 3262 5, RFC 5589 7.6")
{
	struct raw *bob;
	struct world *w = bob_leaves(&bob, BOB_CALLS("202", "c2", TEXT_END));

	expect_ladder(w, "carol  -> switch 183 INVITE", "switch -> bob    183 INVITE",
		      "switch -> bob    487 INVITE", "switch -> carol  PRACK",
		      "carol  -> switch 200 PRACK");
	expect(w, carol_hears_nobody(w));
	alice_gets_carol(w, bob);
}
