/* SPDX-License-Identifier: MIT */
/*
 * Who sees how much of whom: the rules for users, groups and everybody else, and that who may see
 * nothing cannot tell it from there being nobody.
 */
#include "acme.h"
#include "world.h"

#include "pbx/lamp.h"

#include <stdio.h>

static const struct visibility_rule busy_for_carol = { SCOPE_USER, SLICE_INIT("203"),
						       VISIBILITY_BUSY };
static const struct visibility_rule none_for_alice = { SCOPE_USER, SLICE_INIT("201"),
						       VISIBILITY_NONE };

static void set_rule(struct world *w, const char *name, const struct visibility_rule *rule)
{
	world_extension(w, name)->visibility_rules = (struct visibility_rules){ rule, 1 };
}

FLOW(each_watcher_sees_what_is_theirs_to_see, "RFC 4235 6")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	set_rule(w, "bob", &busy_for_carol);
	watch(w, "alice", "bob");
	watch(w, "carol", "bob");
	dial(w, "dave", "bob");
	expect_lamp(w, "alice", "bob", LAMP_RINGING);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	answer(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "dave");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* --- To the letter ------------------------------------------------------------------------ */

/* Alice's own phone is raw; bob and carol are phones. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	dial(w, "carol", "bob");
	return w;
}

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

/* What alice is told of bob with these rules besides "calls" for everybody; a fetch. */
static const char *told_by(struct world *w, struct raw *raw, const struct visibility_rule *rules,
			   size_t count)
{
	struct extension *bob = world_extension(w, "bob");

	bob->visibility = VISIBILITY_CALLS;
	bob->pickup = PICKUP_NONE;
	bob->visibility_rules = (struct visibility_rules){ rules, count };
	expect(w,
	       say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				"201", "192.0.2.5") "Event: dialog\nExpires: 0\n" TEXT_END) == 200);
	return raw_last(raw, "NOTIFY");
}

FLOW_PLAIN(the_rule_for_the_user_comes_before_that_for_the_group, "RFC 4235 6")
{
	static const struct visibility_rule rules[] = {
		{ SCOPE_GROUP, SLICE_INIT("office"), VISIBILITY_BUSY },
		{ SCOPE_USER, SLICE_INIT("203"), VISIBILITY_NONE },
		{ SCOPE_USER, SLICE_INIT("201"), VISIBILITY_NUMBERS },
	};
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, strstr(told_by(w, raw, rules, 3), "sip:203@"));
	expect(w, strstr(told_by(w, raw, rules, 2), "<state>confirmed</state>"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "direction="));
	expect(w, strstr(told_by(w, raw, NULL, 0), "direction=\"recipient\""));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "203"));
	expect_quiet(w);
}

/* The status line of the last answer. */
static void last_answer(const struct raw *raw, char text[128])
{
	snprintf(text, 128, "%.*s", (int)strcspn(raw_last(raw, "SIP/2.0"), "\r"),
		 raw_last(raw, "SIP/2.0"));
}

/* Asks for the one who is hidden and for one who does not exist: the answers must be alike. */
static void expect_alike(struct world *w, struct raw *raw, const char *hidden, const char *nobody,
			 unsigned status)
{
	char first[128], second[128];

	expect(w, say(raw, hidden) == status);
	last_answer(raw, first);
	expect(w, say(raw, nobody) == status);
	last_answer(raw, second);
	expect(w, strcmp(first, second) == 0);
}

FLOW_PLAIN(who_may_see_nothing_is_answered_as_if_there_were_nobody,
	   "RFC 6665 4.2.1.4, RFC 3261 21.4.5, SECURITY A4")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	const char *rest = "Event: dialog\n" TEXT_CONTACT("201", "192.0.2.5") TEXT_END;
	const char *call = TEXT_CONTACT("201", "192.0.2.5") TEXT_WITH_SDP("192.0.2.5", "0");
	char hidden[2048], nobody[2048];

	set_rule(w, "bob", &none_for_alice);
	snprintf(hidden, sizeof(hidden), "%s%s", TEXT_HEAD("SUBSCRIBE", "201", "202", "a"), rest);
	snprintf(nobody, sizeof(nobody), "%s%s", TEXT_HEAD("SUBSCRIBE", "201", "299", "b"), rest);
	expect_alike(w, raw, hidden, nobody, 404);
	snprintf(hidden, sizeof(hidden), "%s%s", TEXT_HEAD("INVITE", "201", "*8202", "c"), call);
	snprintf(nobody, sizeof(nobody), "%s%s", TEXT_HEAD("INVITE", "201", "*8299", "d"), call);
	expect_alike(w, raw, hidden, nobody, 404);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

/* Alice has seen the ids while she might; they are worth nothing any more. */
FLOW_PLAIN(ids_of_who_is_hidden_name_no_dialog, "RFC 3891 3, SECURITY R2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	const char *call = TEXT_CONTACT("201", "192.0.2.5") TEXT_WITH_SDP("192.0.2.5", "0");
	char hidden[2048], nobody[2048], id[256];

	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				   "201", "192.0.2.5") "Event: dialog\n" TEXT_END) == 200);
	expect(w,
	       sscanf(strstr(raw_last(raw, "NOTIFY"), "call-id="), "call-id=\"%255[^\"]", id) == 1);
	set_rule(w, "bob", &none_for_alice);
	snprintf(hidden, sizeof(hidden), "%sReplaces: %s\n%s",
		 TEXT_HEAD("INVITE", "201", "202", "a"), id, call);
	snprintf(nobody, sizeof(nobody), "%sReplaces: nothing-like-it\n%s",
		 TEXT_HEAD("INVITE", "201", "202", "b"), call);
	expect_alike(w, raw, hidden, nobody, 481);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

FLOW(the_groups_code_takes_nothing_of_who_is_hidden, "RFC 3891 5")
{
	struct world *w = world_new("alice", "bob", "carol");

	set_rule(w, "bob", &none_for_alice);
	dial(w, "carol", "bob");
	dial_number(w, "alice", "*8");
	expect_ended(w, "alice", PHONE_CAUSE_REFUSED, 404);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	expect_quiet(w);
}

/* Carol shows her calls, not with whom, and talks with bob, who shows all of his. */
FLOW_PLAIN(who_talks_with_whom_takes_the_right_of_both, "RFC 4235 6")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol");
	struct extension *carol = world_extension(w, "carol");

	raw = world_raw(w, "raw");
	carol->visibility = VISIBILITY_CALLS;
	world_extension(w, "bob")->pickup = PICKUP_NONE;
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "s") TEXT_CONTACT(
				   "201", "192.0.2.5") "Event: dialog\n" TEXT_END) == 200);
	dial(w, "carol", "bob");
	expect(w, raw_heard(raw, "NOTIFY", "<state>confirmed</state>"));
	expect(w, raw_heard(raw, "NOTIFY", ">sip:202@pbx.example</identity>"));
	expect(w, !raw_heard(raw, "NOTIFY", "sip:203@"));
	hang_up(w, "carol");
	/* Who calls is no secret for those who may answer; who is talked with is one again. */
	world_extension(w, "bob")->pickup = PICKUP_ALL;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	dial(w, "carol", "bob");
	expect(w, strstr(raw_last(raw, "NOTIFY"), ">sip:203@pbx.example</identity>"));
	answer(w, "bob");
	expect(w, strstr(raw_last(raw, "NOTIFY"), "<state>confirmed</state>"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "sip:203@"));
	/* It shows at once when she allows it. */
	carol->visibility = VISIBILITY_NUMBERS;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "NOTIFY"), ">sip:203@pbx.example</identity>"));
	set_rule(w, "carol", &none_for_alice);
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "sip:203@"));
	expect_quiet(w);
}

/* The same of whom bob calls: dave sees it, alice does not. */
FLOW_PLAIN(whom_somebody_calls_is_hidden_from_some, "RFC 4235 6")
{
	struct raw *raw;
	struct world *w = world_new("alice", "bob", "carol", "dave");

	raw = world_raw(w, "raw");
	set_rule(w, "carol", &none_for_alice);
	expect(w, say(raw, TEXT_HEAD("SUBSCRIBE", "201", "202", "a") TEXT_CONTACT(
				   "201", "192.0.2.6") "Event: dialog\n" TEXT_END) == 200);
	expect(w, raw_ask_as(raw, "204", OFFICE_PASSWORD,
			     TEXT_HEAD("SUBSCRIBE", "204", "202", "d") TEXT_CONTACT(
				     "204", "192.0.2.6") "Event: dialog\n" TEXT_END) == 200);
	raw->count = 0;
	dial(w, "bob", "carol");
	answer(w, "carol");
	for (size_t i = 0; i < raw->count; i++)
		expect(w, !strstr(raw->inbox[i], "Call-ID: a\r\n") ||
				  !strstr(raw->inbox[i], "sip:203@"));
	expect(w, raw_heard(raw, "NOTIFY", ">sip:203@pbx.example</identity>"));
	expect_quiet(w);
}

/* --- From outside ------------------------------------------------------------------------- */

#define SUBSCRIBE_TO(event, host, call)                                                            \
	"SUBSCRIBE sip:201@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"                   \
	"From: <sip:desk@" host ">;tag=o" call "\nTo: <sip:201@" OFFICE_DOMAIN ">\n"               \
	"Call-ID: " call "\nCSeq: {cseq} SUBSCRIBE\n{auth}\n"                                      \
	"Contact: <sip:desk@192.0.2.3>\nEvent: " event "\n" TEXT_END
#define SUBSCRIBE_FROM(host, call) SUBSCRIBE_TO("dialog", host, call)

FLOW_PLAIN(a_partner_sees_what_the_rule_for_its_domain_allows, "RFC 4235 6")
{
	static const struct visibility_rule rules[] = {
		{ SCOPE_DOMAIN, SLICE_INIT("192.0.2.3"), VISIBILITY_CALLS },
	};
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);
	struct extension *alice = world_extension(w, "alice");

	expect(w, raw_ask(raw, SUBSCRIBE_FROM("192.0.2.3", "hidden")) == 404);
	alice->visibility_rules = (struct visibility_rules){ rules, ARRAY_LEN(rules) };
	/* From says that it is a phone of ours that stands there. */
	expect(w, raw_ask(raw, SUBSCRIBE_FROM(OFFICE_DOMAIN, "ours")) == 401);
	expect(w, raw_ask(raw, SUBSCRIBE_FROM("192.0.2.3", "seen")) == 200);
	dial_number(w, "alice", "00123");
	expect(w, strstr(raw_last(raw, "NOTIFY"), "direction=\"initiator\""));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "00123"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "call-id="));
	alice->visibility_rules.count = 0;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, strstr(raw_last(raw, "NOTIFY"), "terminated;reason=noresource"));
	expect_quiet(w);
}

FLOW_PLAIN(a_partner_sees_presence_and_nothing_of_ones_own, "RFC 3856 9, RFC 6665 7.2")
{
	static const struct visibility_rule rules[] = {
		{ SCOPE_DOMAIN, SLICE_INIT("192.0.2.3"), VISIBILITY_CALLS },
	};
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	expect(w, raw_ask(raw, SUBSCRIBE_TO("presence", "192.0.2.3", "hidden")) == 404);
	world_extension(w, "alice")->visibility_rules =
		(struct visibility_rules){ rules, ARRAY_LEN(rules) };
	expect(w, raw_ask(raw, SUBSCRIBE_TO("presence", "192.0.2.3", "seen")) == 200);
	dial_number(w, "alice", "00123");
	expect(w, strstr(raw_last(raw, "NOTIFY"), "<note>On the phone</note>"));
	expect(w, raw_ask(raw, SUBSCRIBE_TO("reg", "192.0.2.3", "reg")) == 489);
	expect_quiet(w);
}
