/* SPDX-License-Identifier: MIT */
/*
 * Why a pick-up was refused: the answer, and the line of the log that names the right that was
 * missing. Bob (202) is called by alice (201); carol (203) has a raw phone.
 */
#include "acme.h"
#include "run.h"
#include "texts.h"
#include "world.h"

#include "pbx/call.h"
#include "pbx/lamp.h"
#include "pbx/lamp_view.h"

#include <stdio.h>

static char last_line[256];

static void keep_line(void *host, struct slice line)
{
	(void)host;
	if (memmem(line.p, line.n, "result=refused", 14))
		snprintf(last_line, sizeof(last_line), "%.*s", SLICE_ARGS(line));
}

static struct world *alice_calls_bob(struct raw **ret_carol)
{
	struct world *w = world_new("alice", "bob");

	office_add(&w->office, "203", "carol");
	*ret_carol = world_raw(w, "carol");
	world_start(w);
	w->office.node->env.trace = keep_line;
	last_line[0] = '\0';
	dial(w, "alice", "bob");
	return w;
}

static unsigned call(struct raw *carol, const char *to, const char *lines)
{
	static unsigned calls;
	char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:%s@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:203@" OFFICE_DOMAIN ">;tag=t\nTo: <sip:%s@" OFFICE_DOMAIN
		 ">\nCall-ID: p%u\nCSeq: {cseq} INVITE\n{auth}\n"
		 "Contact: <sip:203@192.0.2.4>\n%s" TEXT_WITH_SDP("192.0.2.4", "8"),
		 to, to, calls++, lines);
	return raw_ask_as(carol, "203", OFFICE_PASSWORD, text);
}

/* By the ids of a leg of the only call: bob's, or alice's. */
static unsigned replace(struct world *w, struct raw *carol, bool is_bobs, const char *params)
{
	uint32_t slot = 0;
	const struct call *only = pool_walk(&w->office.pbx.calls, &slot);
	struct dialog_ids ids = { 0 };
	char lines[512];

	LIST_FOR (leg, &only->legs, struct leg, node)
		if ((leg != only->caller) == is_bobs && slice_is_empty(ids.call_id))
			ids = lamp_leg_ids(leg);
	snprintf(lines, sizeof(lines), "Replaces: %.*s;to-tag=%.*s;from-tag=%.*s%s\n",
		 SLICE_ARGS(ids.call_id), SLICE_ARGS(ids.remote_tag), SLICE_ARGS(ids.local_tag),
		 params);
	return call(carol, "*8202", lines);
}

static void expect_line(struct world *w, const char *line)
{
	if (strcmp(last_line, line) != 0)
		run_fail(w, "the log says %s", last_line);
	last_line[0] = '\0';
}

FLOW_PLAIN(a_refused_pickup_says_which_right_is_missing, "RFC 3891 5, RFC 3261 21.4.4")
{
	struct raw *carol;
	struct world *w = alice_calls_bob(&carol);
	struct extension *bob = world_extension(w, "bob");

	bob->pickup = PICKUP_NONE;
	expect(w, call(carol, "*8202", "") == 403);
	expect_line(w, "event=pickup picker=203 of=202 result=refused status=403 missing=pickup "
		       "cause=\"Not allowed to pick up there\"");
	expect(w, replace(w, carol, true, "") == 403);
	expect_line(w, "event=pickup picker=203 of=202 result=refused status=403 missing=pickup "
		       "cause=\"Not allowed to pick up there\"");
	expect(w, call(carol, "*8", "") == 404);
	expect_line(w, "event=pickup picker=203 of=*8 result=refused status=404 "
		       "cause=\"Nothing rings in the group\"");
	bob->visibility = VISIBILITY_NONE;
	expect(w, call(carol, "*8202", "") == 404);
	expect_line(w, "event=pickup picker=203 of=202 result=refused status=404 "
		       "missing=visibility cause=\"Not Found\"");
	expect(w, replace(w, carol, true, "") == 481);
	expect_line(w, "event=pickup picker=203 of=202 result=refused status=481 "
		       "missing=visibility cause=\"Call/Transaction Does Not Exist\"");
	expect(w, call(carol, "*8202", "Replaces: x;to-tag=y;from-tag=z\n") == 481);
	expect_line(w, "event=pickup picker=203 of=*8202 result=refused status=481 "
		       "cause=\"Call/Transaction Does Not Exist\"");
	expect_quiet(w);
}

FLOW_PLAIN(who_may_not_take_over_is_told_so, "RFC 3891 3, RFC 3891 5")
{
	struct raw *carol;
	struct world *w = alice_calls_bob(&carol);

	answer(w, "bob");
	for (int is_bobs = 0; is_bobs < 2; is_bobs++) {
		expect(w, replace(w, carol, is_bobs, "") == 403);
		expect(w, strstr(last_line, is_bobs ? "of=202" : "of=201") != NULL);
		expect(w,
		       strstr(last_line, "status=403 missing=barge-in "
					 "cause=\"Answered, and not to be taken over\"") != NULL);
	}
	/* Who wants it only while it rings has come too late, whatever they may. */
	expect(w, replace(w, carol, true, ";early-only") == 486);
	expect(w, call(carol, "*8202", "") == 404);
	expect_line(w, "event=pickup picker=203 of=202 result=refused status=404 "
		       "cause=\"Nothing rings there\"");
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}

/* And while it is being taken over by somebody else. */
FLOW_PLAIN(a_takeover_that_comes_too_late_is_in_the_log, "RFC 3891 3, RFC 3261 14.1")
{
	struct raw *carol;
	struct world *w = alice_calls_bob(&carol);

	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	answer(w, "bob");
	cut_off(w, "alice");
	expect(w, replace(w, carol, true, "") == 100);
	expect(w, replace(w, carol, true, "") == 491);
	expect_line(w, "event=takeover call=1 taker=203 of=202 result=refused status=491");
	cut_off(w, "alice");
	advance_ms(w, 5000);
	expect(w, raw_count(carol, "SIP/2.0 200") > 0);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

/* From outside only a ticket would do. */
FLOW_PLAIN(who_is_outside_and_takes_over_is_in_the_log, "RFC 3891 5, SECURITY R5")
{
	static const char *const numbers[] = { "+493012345*", "*", NULL };
	struct raw *acme_raw;
	struct world *w = office_with_acme(&acme_raw, NULL, numbers);

	w->office.node->env.trace = keep_line;
	expect(w,
	       raw_ask(acme_raw,
		       "INVITE sip:+493012345201@192.0.2.1 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		       "From: <sip:+4930999@acme.example>;tag=e\nTo: "
		       "<sip:+493012345201@192.0.2.1>\n"
		       "Call-ID: e1\nCSeq: {cseq} INVITE\nContact: <sip:gw@192.0.2.3>\n"
		       "Replaces: x;to-tag=y;from-tag=z\n" TEXT_WITH_SDP("192.0.2.3", "8")) == 403);
	expect_line(w, "event=pickup picker=+4930999 trunk=acme of=+493012345201 result=refused");
	expect_quiet(w);
}
