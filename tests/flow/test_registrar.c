/* SPDX-License-Identifier: MIT */
/*
 * REGISTER to the letter (RFC 3261 10.3) and digest authentication, by peers that say what no phone
 * of ours would.
 */
#include "pbx/registrar.h"
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define REGISTER(call) TEXT_HEAD("REGISTER", "201", "201", call)

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

static bool heard(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "SIP/2.0"), what) != NULL;
}

static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob");

	*ret_raw = world_raw(w, "raw");
	return w;
}

FLOW_PLAIN(bindings_are_added_listed_and_removed, "RFC 3261 10.3, RFC 3261 10.2.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>;q=0.5, "
					 "<sip:201@192.0.2.10:5070>;expires=120\n"
					 "Expires: 300\n" TEXT_END) == 200);
	expect(w, heard(raw, "<sip:201@192.0.2.9>;expires=300;q=0.500"));
	expect(w, heard(raw, "<sip:201@192.0.2.10:5070>;expires=120"));
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200);
	expect(w, heard(raw, "<sip:201@192.0.2.9>") && heard(raw, "<sip:201@192.0.2.10:5070>"));
	expect(w,
	       say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>;expires=0\n" TEXT_END) == 200);
	expect(w, !heard(raw, "<sip:201@192.0.2.9>"));
	expect(w, say(raw, REGISTER("r") "Contact: *\nExpires: 0\n" TEXT_END) == 200);
	expect(w, !heard(raw, "Contact:"));
	expect_quiet(w);
}

FLOW_PLAIN(a_binding_runs_out, "RFC 3261 10.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>\nExpires: 60\n" TEXT_END) ==
			  200);
	advance_ms(w, 59000);
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200 && heard(raw, ";expires=1"));
	advance_ms(w, 2000);
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200 && !heard(raw, "Contact:"));
	expect_quiet(w);
}

FLOW_PLAIN(a_binding_that_ran_out_while_the_switch_stood_still, "RFC 3261 10.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct timers *timers = &w->office.node->timers;

	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>\nExpires: 60\n" TEXT_END) ==
			  200);
	/* What came meanwhile is read before the timers run. */
	timers_set_now(timers, timers->now_ms + 65000);
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200 && heard(raw, ";expires=0\r\n"));
	expect_quiet(w);
}

FLOW_PLAIN(a_short_registration_is_too_brief, "RFC 3261 10.3, RFC 3261 21.4.17")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>\nExpires: 59\n" TEXT_END) ==
			  423);
	expect(w, heard(raw, "Min-Expires: 60"));
	expect(w, say(raw,
		      REGISTER("r") "Contact: <sip:201@192.0.2.9>\nExpires: 9999999\n" TEXT_END) ==
			  200);
	expect(w, heard(raw, ";expires=3600"));
	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>\n"
					 "Expires: 99999999999\n" TEXT_END) == 400);
	expect_quiet(w);
}

FLOW_PLAIN(a_star_must_stand_alone, "RFC 3261 10.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, REGISTER("r") "Contact: *\n" TEXT_END) == 400);
	expect(w,
	       say(raw, REGISTER("r") "Contact: *, <sip:201@192.0.2.9>\nExpires: 0\n" TEXT_END) ==
		       400);
	expect(w, say(raw, REGISTER("r") "Contact: <mailto:a@b>\n" TEXT_END) == 400);
	expect_quiet(w);
}

FLOW_PLAIN(a_request_that_was_overtaken_changes_nothing, "RFC 3261 10.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	raw->cseq = 10;
	expect(w, say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>\n" TEXT_END) == 200);
	raw->cseq = 3;
	expect(w,
	       say(raw, REGISTER("r") "Contact: <sip:201@192.0.2.9>;expires=0\n" TEXT_END) == 500);
	raw->cseq = 20;
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200 && heard(raw, "<sip:201@192.0.2.9>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_foreign_domain_is_not_registered, "RFC 3261 10.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw,
		      "REGISTER sip:elsewhere.example SIP/2.0\n{via}\n"
		      "From: <sip:201@elsewhere.example>;tag=1\nTo: <sip:201@elsewhere.example>\n"
		      "Call-ID: r\nCSeq: {cseq} REGISTER\n{auth}\n" TEXT_CONTACT("201", "192.0.2.9")
			      TEXT_END) == 404);
	expect_quiet(w);
}

FLOW_PLAIN(nobody_registers_for_somebody_else, "RFC 3261 10.3, SECURITY A3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, TEXT_HEAD("REGISTER", "202", "202", "r") TEXT_CONTACT("202", "192.0.2.9")
				   TEXT_END) == 403);
	expect(w, say(raw, TEXT_HEAD("REGISTER", "201", "202", "s") TEXT_CONTACT("202", "192.0.2.9")
				   TEXT_END) == 403);
	expect_quiet(w);
}

FLOW_PLAIN(a_flood_of_contacts_is_bounded, "SECURITY D1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char text[2048];

	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "%sContact: <sip:201@192.0.2.9:%d>\n%s", REGISTER("r"),
			 6000 + i, TEXT_END);
		(void)say(raw, text);
	}
	expect(w, w->office.pbx.bindings.held_count == BINDINGS_PER_AOR_MAX);
	expect(w, heard(raw, ":6029>") && !heard(raw, ":6000>"));
	expect_quiet(w);
}

FLOW_PLAIN(an_unknown_user_looks_like_a_wrong_password, "RFC 3261 22.1, SECURITY A4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, raw_ask_as(raw, "201", "wrong", REGISTER("r") TEXT_END) == 401);
	expect(w, !heard(raw, "stale=true"));
	expect(w, raw_ask_as(raw, "999", "wrong",
			     TEXT_HEAD("REGISTER", "999", "999", "q") TEXT_END) == 401);
	expect(w, !heard(raw, "stale=true"));
	expect(w, w->office.pbx.stack.txn_servers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(the_digest_algorithms_are_those_configured, "RFC 8760 2.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, raw_ask(raw, REGISTER("r") TEXT_END) == 401);
	expect(w, !heard(raw, "algorithm=SHA-256") && heard(raw, "algorithm=MD5"));
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200);
	w->office.directory->digest = DIGEST_BOTH;
	expect(w, raw_ask(raw, REGISTER("r") TEXT_END) == 401);
	expect(w, heard(raw, "algorithm=SHA-256") && heard(raw, "algorithm=MD5"));
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200);
	w->office.directory->digest = DIGEST_SHA256;
	expect(w, raw_ask(raw, REGISTER("r") TEXT_END) == 401);
	expect(w, heard(raw, "algorithm=SHA-256") && !heard(raw, "algorithm=MD5"));
	expect(w, say(raw, REGISTER("r") TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(an_old_nonce_is_stale_and_a_used_one_is_not_good_again, "RFC 7616 3.3, RFC 8760 2.3")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char replay[RAW_MESSAGE_MAX_BYTES];
	const char *authorization;

	expect(w, say(raw, REGISTER("r") TEXT_END) == 200);
	authorization = raw->last_auth;
	snprintf(replay, sizeof(replay), "%s%s%s", TEXT_HEAD("REGISTER", "201", "201", "again"),
		 authorization, TEXT_END);
	expect(w, raw_ask(raw, replay) == 401 && heard(raw, "stale=true"));
	advance_ms(w, 6 * 60 * 1000);
	expect(w, raw_ask(raw, replay) == 401 && heard(raw, "stale=true"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_behind_a_nat_is_called_where_it_came_from, "RFC 3581 4, RFC 3261 18.2.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	unsigned status = raw_ask_as(raw, "202", OFFICE_PASSWORD,
				     "REGISTER sip:202@" OFFICE_DOMAIN " SIP/2.0\n"
				     "Via: SIP/2.0/UDP 10.1.1.1:5099;branch=z9hG4bK{cseq};rport\n"
				     "From: <sip:202@" OFFICE_DOMAIN ">;tag=1\n"
				     "To: <sip:202@" OFFICE_DOMAIN ">\nCall-ID: nat\n"
				     "CSeq: {cseq} REGISTER\n{auth}\n"
				     "Contact: <sip:202@10.1.1.1:5099>\n" TEXT_END);

	expect(w, status == 200);
	expect(w, heard(raw, "received=192.0.2.4") && heard(raw, "rport=5060"));
	dial(w, "alice", "bob");
	expect(w, raw_count(raw, "INVITE sip:202@10.1.1.1:5099 SIP/2.0") > 0);
	hang_up(w, "alice");
	expect_quiet(w);
}
