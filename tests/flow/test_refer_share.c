/* SPDX-License-Identifier: MIT */
/*
 * How much may come of the REFERs of one extension, or of one trunk: its own share, and not the
 * others'.
 */
#include "acme.h"
#include "texts.h"
#include "world.h"

#include "pbx/referrer.h"

#include <stdio.h>

static uint32_t held(const struct world *w, const char *name, bool is_outside)
{
	const struct map_node *node =
		map_find(&w->office.pbx.referrers[is_outside], slice_from_cstr(name));

	return node ? CONTAINER_OF(node, struct referrer, node)->held : 0;
}

/* Nothing of bob's share is left. */
static struct referrer *take_all(struct world *w)
{
	struct referrer *referrer;

	do
		referrer = referrer_take(&w->office.pbx, SLICE("202"));
	while (!referrer); /* the memory for it may be refused once */
	while (referrer->held < REFERRER_SHARE)
		(void)referrer_hold(referrer);
	return referrer;
}

static void give(struct referrer *referrer, uint32_t count)
{
	while (count-- > 0)
		referrer_release(referrer);
}

/* A program with bob's password has his phones call alice. */
static unsigned click(struct raw *program, unsigned number)
{
	char text[1024];

	program->count = 0;
	snprintf(text, sizeof(text),
		 "REFER sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:202@" OFFICE_DOMAIN ">;tag=t\nTo: <sip:202@" OFFICE_DOMAIN
		 ">\nCall-ID: click%u\nCSeq: {cseq} REFER\n{auth}\n"
		 "Contact: <sip:202@192.0.2.5>\nRefer-To: <sip:201@" OFFICE_DOMAIN ">\n" TEXT_END,
		 number);
	return raw_ask_as(program, "202", OFFICE_PASSWORD, text);
}

/* It answers no NOTIFY, so that what it is told of each of them lasts long. */
FLOW_PLAIN(one_password_has_its_share_of_what_refers_make, "RFC 3261 21.5.4, SECURITY D1")
{
	struct world *w = world_new("alice", "bob", "carol");
	struct raw *program = world_raw(w, "program");
	unsigned accepted = 0;

	world_extension(w, "bob")->may_refer_out = true;
	program->is_mute = true;
	while (accepted < 2 * REFERRER_SHARE && click(program, accepted) == 202)
		accepted++;
	expect(w, accepted >= REFERRER_SHARE / 2 && accepted <= REFERRER_SHARE);
	expect(w, strstr(raw_last(program, "SIP/2.0 503"), "Retry-After: 5\r\n") != NULL);
	expect(w, w->office.pbx.stack.refers.refused == 1);
	/* Nobody else is refused anything. */
	dial(w, "carol", "alice");
	answer(w, "alice");
	transfer(w, "carol", "alice");
	expect(w, held(w, "203", false) == 0);
	expect_transfer(w, "carol", PHONE_RESULT_FAILED, 403);
	/* And it is over when the NOTIFYs are. */
	hang_up(w, "carol");
	advance_ms(w, 300000);
	expect(w, held(w, "202", false) == 0);
	expect_quiet(w);
}

FLOW(who_has_no_share_left_transfers_later, "RFC 3261 21.5.4, RFC 3515 2.4.2")
{
	struct world *w = world_new("alice", "bob", "carol");
	struct referrer *referrer;

	dial(w, "alice", "bob");
	answer(w, "bob");
	referrer = take_all(w);
	transfer(w, "bob", "carol");
	expect_ladder(w, "switch -> bob 503 REFER");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 503);
	expect_talking(w, "alice", "bob");
	give(referrer, 1);
	transfer(w, "bob", "carol");
	expect(w, w->is_faulty || held(w, "202", false) == REFERRER_SHARE + 1);
	answer(w, "carol");
	expect_talking(w, "alice", "carol");
	advance_ms(w, 5000);
	expect(w, w->is_faulty || held(w, "202", false) == REFERRER_SHARE - 1);
	give(referrer, REFERRER_SHARE - 1);
	expect_quiet(w);
}

/* What came of it counts as long as it is there, though nobody wants to hear of it any more. */
FLOW_PLAIN(a_transfer_counts_as_long_as_it_lasts, "RFC 3515 2.4.4, RFC 4488 4")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect(w, held(w, "202", false) == 2);
	hang_up(w, "bob");
	advance_ms(w, 1000);
	expect(w, held(w, "202", false) >= 1);
	hang_up(w, "alice");
	advance_ms(w, 40000);
	expect(w, held(w, "202", false) == 0);
	expect_quiet(w);
}

/* Erika calls alice from outside, and they talk. */
static struct world *erika_talks_to_alice(struct raw **ret_acme)
{
	static const char *const numbers[] = { "+493012345*", "*", NULL };
	struct world *w = office_with_acme(ret_acme, NULL, numbers);

	(void)raw_ask(*ret_acme, "INVITE sip:+493012345201@192.0.2.1 SIP/2.0\n{via}\n"
				 "Max-Forwards: 70\nFrom: <sip:+4930999@acme.example>;tag=e\n"
				 "To: <sip:+493012345201@192.0.2.1>\nCall-ID: e1\n"
				 "CSeq: {cseq} INVITE\nContact: <sip:gw@192.0.2.3>\n" TEXT_WITH_SDP(
					 "192.0.2.3", "8"));
	answer(w, "alice");
	(void)raw_speak(*ret_acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	return w;
}

static unsigned refer_of_acme(struct raw *acme, const char *lines)
{
	char rest[512];

	snprintf(rest, sizeof(rest), "Contact: <sip:gw@192.0.2.3>\n%s" TEXT_END, lines);
	return raw_speak(acme, "SIP/2.0 200", "", "REFER", rest);
}

FLOW_PLAIN(a_trunk_has_its_share_as_well, "RFC 3261 21.5.4")
{
	struct raw *acme;
	struct world *w = erika_talks_to_alice(&acme);

	acme->is_mute = true;
	office_add(&w->office, "205", "eve");
	expect(w, refer_of_acme(acme, "Refer-To: <sip:201@192.0.2.1>\n") == 403);
	expect(w, held(w, "acme", true) == 0);
	expect(w, refer_of_acme(acme, "Refer-To: <sip:205@192.0.2.1>\n") == 202);
	expect(w, held(w, "acme", true) == 1 && held(w, "acme", false) == 0);
	advance_ms(w, 40000);
	expect(w, held(w, "acme", true) == 0);
	expect_quiet(w);
}
