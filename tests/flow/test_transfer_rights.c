/* SPDX-License-Identifier: MIT */
/*
 * What a REFER may ask for and who may ask (RFC 3515 2.4.2, RFC 3891 5, RFC 3892 6): message by
 * message, and with a provider beside the office.
 */
#include "raw_bob.h"

#include "core/session.h"

#include <stdio.h>

#define CAROL "sip:202@" OFFICE_DOMAIN

static void bob_hangs_up(struct world *w, struct raw *bob)
{
	expect(w, bob_says_bye(bob) == 200);
	expect_quiet(w);
}

/* --- What is asked ------------------------------------------------------------------------ */

FLOW_PLAIN(a_refer_that_cannot_be_done_is_refused, "RFC 3515 2.4.2, RFC 3261 19.1.5, RFC 3891 3")
{
	static const struct {
		const char *lines;
		unsigned status;
	} rows[] = {
		{ "", 400 },
		{ "Refer-To: <" CAROL ">\nRefer-To: <" CAROL ">\n", 400 },
		{ "Refer-To: <" CAROL ">, <" CAROL ">\n", 400 },
		{ "Refer-To: <tel:+4930123>\n", 416 },
		{ "Refer-To: <mailto:carol@pbx.example>\n", 416 },
		{ "Refer-To: <" CAROL ";method=BYE>\n", 403 },
		{ "Refer-To: <" CAROL ";method=SUBSCRIBE>\n", 403 },
		{ "Refer-To: <" CAROL "?Subject=x>\n", 403 },
		{ "Refer-To: <" CAROL "?body=x>\n", 403 },
		{ "Refer-To: <sip:202@elsewhere.example>\n", 404 },
		{ "Refer-To: <sip:299@" OFFICE_DOMAIN ">\n", 404 },
		{ "Refer-To: <sip:*8202@" OFFICE_DOMAIN ">\n", 404 },
		{ "Refer-To: <sip:201@" OFFICE_DOMAIN ">\n", 403 },
		{ "Refer-To: <" CAROL "?Replaces=x>\n", 481 },
		{ "Refer-To: <" CAROL "?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db>\n", 481 },
		{ "Refer-To: <" CAROL "?Replaces=%3Bto-tag%3Da%3Bfrom-tag%3Db>\n", 400 },
		{ "Refer-To: <" CAROL "?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db&Replaces=y>\n",
		  400 },
		{ "Require: sec-agree\nRefer-To: <" CAROL ">\n", 420 },
	};
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned status = bob_refers(bob, rows[i].lines);

		if (status != rows[i].status)
			fprintf(stderr, "# %u: %s", status, rows[i].lines);
		expect(w, status == rows[i].status);
	}
	expect_silence(w, "switch -> carol INVITE");
	expect(w, raw_count(bob, "NOTIFY") == 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	bob_hangs_up(w, bob);
}

FLOW_PLAIN(who_wants_no_subscription_has_none, "RFC 4488 4")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);

	expect(w, bob_refers(bob, "Refer-Sub: false\nRefer-To: " CAROL "\n") == 202);
	expect(w, raw_heard(bob, "SIP/2.0 202", "Refer-Sub: false"));
	answer(w, "carol");
	expect_talking(w, "alice", "carol");
	expect(w, raw_count(bob, "NOTIFY") == 0);
	advance_ms(w, 5000);
	expect(w, raw_count(bob, "BYE") == 1);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_that_is_not_answered_is_not_transferred, "RFC 5589 6, RFC 3261 21.4.27")
{
	struct raw *bob;
	struct world *w = alice_calls_raw_bob(&bob);

	raw_reply(bob, "INVITE", 180, "bobtag", BOB_LINE, "");
	expect(w, bob_refers_to(bob, CAROL) == 491);
	bob_answers(w, bob);
	bob_hangs_up(w, bob);
}

FLOW_PLAIN(a_second_refer_in_a_dialog_has_an_id, "RFC 3515 2.4.6, RFC 6665 4.5.2")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	char id[64];

	expect(w, bob_refers_to(bob, CAROL) == 202);
	expect(w, bob_refers_to(bob, "sip:203@" OFFICE_DOMAIN) == 491);
	hang_up(w, "carol");
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 486 Busy Here"));
	expect(w, !raw_heard(bob, "NOTIFY", "refer;id="));
	expect(w, bob_refers_to(bob, "sip:203@" OFFICE_DOMAIN) == 202);
	snprintf(id, sizeof(id), "Event: refer;id=%u\r\n", bob->cseq);
	answer(w, "dave");
	expect(w, strstr(raw_last(bob, "NOTIFY"), id) != NULL);
	expect(w, strstr(raw_last(bob, "NOTIFY"), "SIP/2.0 200 OK") != NULL);
	expect_talking(w, "alice", "dave");
	bob_hangs_up(w, bob);
}

FLOW_PLAIN(who_does_not_want_to_hear_is_told_no_more, "RFC 6665 4.2.2, RFC 5589 6.2")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	size_t told;

	bob->is_mute = true;
	expect(w, bob_refers_to(bob, CAROL) == 202);
	/* Once may be too early for a phone that has not seen the 202 yet. */
	raw_reply(bob, "NOTIFY", 481, "", "", "");
	advance_ms(w, 12000);
	expect(w, raw_count(bob, "NOTIFY") > 1);
	raw_reply(bob, "NOTIFY", 481, "", "", "");
	told = raw_count(bob, "NOTIFY");
	bob->is_mute = false;
	answer(w, "carol");
	advance_ms(w, 5000);
	expect(w, raw_count(bob, "NOTIFY") == told);
	expect(w, raw_count(bob, "BYE") == 1);
	expect_talking(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_refer_that_comes_twice_is_one_transfer, "RFC 3261 17.2.2, RFC 3515 2.4.2")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	w->wires->fault = WIRE_DOUBLES;
	w->wires->fault_nth = w->wires->sent_count + 1;
	transfer(w, "bob", "carol");
	expect_ladder(w, "bob -> switch REFER", "switch -> bob 202 REFER",
		      "switch -> bob 202 REFER");
	expect(w, world_phone(w, "carol")->rings == 1);
	answer(w, "carol");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}

FLOW_PLAIN(a_consultation_that_was_given_up_is_no_target, "RFC 3891 3, RFC 5589 7.6")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	w->wires->fault = WIRE_DELAYS;
	w->wires->fault_nth = w->wires->sent_count + 1;
	(void)phone_transfer_attended(&world_phone(w, "bob")->phone, 0, 0);
	(void)phone_hangup(&world_phone(w, "bob")->phone, 2);
	advance_ms(w, 5000);
	expect_ladder(w, "bob -> switch CANCEL", "switch -> bob 487 INVITE",
		      "switch -> bob 481 REFER");
	expect_transfer(w, "bob", PHONE_RESULT_FAILED, 481);
	resume(w, "bob");
	expect_only(w, "alice", "bob");
	expect_quiet(w);
}

/* Somebody who has learned the ids of bob's dialog, at another address. */
FLOW_PLAIN(a_refer_from_elsewhere_has_to_prove_itself, "RFC 3515 5, SECURITY R2")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	struct raw *mallory = world_raw(w, "mallory");

	memcpy(mallory->inbox, bob->inbox, sizeof(bob->inbox));
	memcpy(mallory->sizes, bob->sizes, sizeof(bob->sizes));
	mallory->count = bob->count;
	mallory->cseq = 20;
	expect(w, raw_speak(mallory, "INVITE", "bobtag", "REFER",
			    BOB_CONTACT "Refer-To: <" CAROL ">\n" TEXT_END) == 401);
	expect(w, raw_speak(mallory, "INVITE", "guess", "REFER",
			    BOB_CONTACT "Refer-To: <" CAROL ">\n" TEXT_END) == 481);
	expect_silence(w, "switch -> carol INVITE");
	bob_hangs_up(w, bob);
}

FLOW_PLAIN(without_room_for_a_call_a_refer_is_refused, "RFC 3261 21.5.4")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	uint32_t max = w->office.pbx.calls.slot_max;

	w->office.pbx.calls.slot_max = w->office.pbx.calls.held_count;
	expect(w, bob_refers_to(bob, CAROL) == 503);
	expect(w, raw_heard(bob, "SIP/2.0 503", "Retry-After: "));
	w->office.pbx.calls.slot_max = max;
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	bob_hangs_up(w, bob);
}

/* --- Replaces in Refer-To ----------------------------------------------------------------- */

/* The first call's dialog with bob. */
struct named {
	char call_id[17];
	char ours[17]; /* the switch's tag */
};

static struct named first_dialog(const struct raw *bob)
{
	const char *invite = bob->inbox[0];
	struct named named;

	for (size_t i = 1; strncmp(invite, "INVITE", 6) != 0; i++)
		invite = bob->inbox[i];
	snprintf(named.ours, sizeof(named.ours), "%s", strstr(invite, ";tag=") + 5);
	snprintf(named.call_id, sizeof(named.call_id), "%s", strstr(invite, "Call-ID: ") + 9);
	return named;
}

/* Alice and dave have called bob, who brings them together by these lines in the second call. */
static void join_by(struct world *w, struct raw *bob, const char *lines)
{
	dial_number(w, "dave", "204");
	raw_reply(bob, "INVITE", 200, "bobtag", BOB_LINE, BOB_SDP);
	expect(w, bob_refers(bob, lines) == 202);
	advance_ms(w, 1000);
	expect(w, raw_heard(bob, "NOTIFY", "SIP/2.0 200 OK"));
	expect(w, raw_count(bob, "BYE") == 1);
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	bob_hangs_up(w, bob);
}

FLOW_PLAIN(a_dialog_is_named_as_the_target_sees_it, "RFC 3891 3, RFC 5589 7.5")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	struct named named = first_dialog(bob);
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Refer-To: <" CAROL "?Require=replaces&Replaces=%s%%3Bto-tag%%3D%s"
		 "%%3Bfrom-tag%%3Dbobtag>\n",
		 named.call_id, named.ours);
	join_by(w, bob, lines);
}

FLOW_PLAIN(a_dialog_may_be_named_with_swapped_tags, "RFC 3891 3")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	struct named named = first_dialog(bob);
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Refer-To: <" CAROL "?Replaces=%s%%3Bfrom-tag%%3D%s%%3Bto-tag%%3Dbobtag>\n",
		 named.call_id, named.ours);
	join_by(w, bob, lines);
}

FLOW_PLAIN(ones_own_dialog_may_be_named_by_its_call_id, "RFC 3891 3")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	char lines[512];

	snprintf(lines, sizeof(lines), "Refer-To: <" CAROL "?Replaces=%s>\n",
		 first_dialog(bob).call_id);
	join_by(w, bob, lines);
}

/* Neither in brackets nor escaped. */
FLOW_PLAIN(a_dialog_is_named_as_some_phones_write, "RFC 3261 20.10, RFC 3891 4")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	struct named named = first_dialog(bob);
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Refer-To: " CAROL "?Replaces=%s;to-tag=%s;from-tag=bobtag\n", named.call_id,
		 named.ours);
	join_by(w, bob, lines);
}

FLOW_PLAIN(an_answered_dialog_is_not_early, "RFC 3891 3, RFC 3891 6.1")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Refer-To: <" CAROL "?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3Dbobtag"
		 "%%3Bearly-only>\n",
		 first_dialog(bob).call_id, first_dialog(bob).ours);
	dial_number(w, "dave", "204");
	raw_reply(bob, "INVITE", 200, "bobtag", BOB_LINE, BOB_SDP);
	expect(w, bob_refers(bob, lines) == 486);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect(w, bob_says_bye(bob) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_is_not_transferred_to_itself, "RFC 3891 3")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Refer-To: <" CAROL "?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3Dbobtag>\n",
		 first_dialog(bob).call_id, first_dialog(bob).ours);
	expect(w, bob_refers(bob, lines) == 403);
	bob_hangs_up(w, bob);
}

/* A phone's dialog with the switch, as the phone sees it. */
static const struct dialog *dialog_of(struct world *w, const char *name)
{
	struct phone *phone = &world_phone(w, name)->phone;

	return &session_find(&phone->stack, phone->calls[0].session)->dialog;
}

static void print_named(char ret_lines[512], const char *before, const struct dialog *dialog,
			const char *glue)
{
	struct slice ours = dialog_local_tag(dialog);

	snprintf(ret_lines, 512, "%s%.*s%sto-tag%s%.*s%sfrom-tag%s%.*s", before,
		 SLICE_ARGS(dialog_call_id(dialog)), *glue == '%' ? "%3B" : ";",
		 *glue == '%' ? "%3D" : "=", SLICE_ARGS(dialog_remote_tag(dialog)),
		 *glue == '%' ? "%3B" : ";", *glue == '%' ? "%3D" : "=", SLICE_ARGS(ours));
}

FLOW_PLAIN(somebody_elses_dialog_is_no_target, "RFC 3891 5, SECURITY R2")
{
	struct raw *bob;
	struct world *w = alice_talks_to_raw_bob(&bob);
	char named[512], lines[600];

	dial(w, "dave", "carol");
	answer(w, "carol");
	print_named(named, "Refer-To: <" CAROL "?Replaces=", dialog_of(w, "carol"), "%");
	snprintf(lines, sizeof(lines), "%s>\n", named);
	expect(w, bob_refers(bob, lines) == 481);
	print_named(named, "Refer-To: <" CAROL "?Replaces=", dialog_of(w, "dave"), "%");
	snprintf(lines, sizeof(lines), "%s>\n", named);
	expect(w, bob_refers(bob, lines) == 481);
	expect_talking(w, "dave", "carol");
	bob_hangs_up(w, bob);
}

/* --- Replaces in INVITE ------------------------------------------------------------------- */

/* Bob's other phone, or a phone of somebody else, takes over what bob's phone talks. */
static unsigned take_over(struct raw *raw, const char *extension, const char *replaces)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:202@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:%s@" OFFICE_DOMAIN ">;tag=tt%u\nTo: <sip:202@" OFFICE_DOMAIN
		 ">\nCall-ID: t%u\nCSeq: {cseq} INVITE\n{auth}\n"
		 "Contact: <sip:x@192.0.2.5:5060>\n%s\n" TEXT_WITH_SDP("192.0.2.5", "8 0"),
		 extension, raw->cseq, raw->cseq, replaces);
	return raw_ask_as(raw, extension, OFFICE_PASSWORD, text);
}

static struct world *alice_talks_to_bob(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	watch(w, "carol", "bob");
	watch(w, "carol", "alice");
	dial(w, "alice", "bob");
	answer(w, "bob");
	return w;
}

FLOW_PLAIN(ones_own_other_phone_takes_over, "RFC 3891 3, RFC 3891 5")
{
	struct raw *raw;
	struct world *w = alice_talks_to_bob(&raw);
	char replaces[512];

	print_named(replaces, "Replaces: ", dialog_of(w, "bob"), ";");
	(void)take_over(raw, "202", replaces);
	expect(w, raw_heard(raw, "SIP/2.0 200", "P-Asserted-Identity: \"alice\""));
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect(w, raw_speak(raw, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_lamp(w, "carol", "alice", LAMP_DARK);
	expect_quiet(w);
}

FLOW_PLAIN(a_call_id_alone_is_enough_for_ones_own, "RFC 3891 3")
{
	struct raw *raw;
	struct world *w = alice_talks_to_bob(&raw);
	char replaces[512];

	snprintf(replaces, sizeof(replaces), "Replaces: %.*s",
		 SLICE_ARGS(dialog_call_id(dialog_of(w, "bob"))));
	(void)take_over(raw, "202", replaces);
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect(w, raw_speak(raw, "SIP/2.0 200", "", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(who_may_not_take_over_learns_nothing, "RFC 3891 3, RFC 3891 5")
{
	struct raw *raw;
	struct world *w = alice_talks_to_bob(&raw);
	char replaces[512], early[600];

	office_add_extension(&w->office,
			     &(struct extension){ .number = SLICE_INIT("209"),
						  .name = SLICE_INIT("mallory"),
						  .password = SLICE_INIT(OFFICE_PASSWORD),
						  .visibility = VISIBILITY_NUMBERS });
	world_extension(w, "bob")->visibility = VISIBILITY_NONE;
	print_named(replaces, "Replaces: ", dialog_of(w, "bob"), ";");
	expect(w, take_over(raw, "209", replaces) == 481);
	snprintf(early, sizeof(early), "%s;early-only", replaces);
	expect(w, take_over(raw, "202", early) == 486);
	expect(w, take_over(raw, "202", "Replaces: x;to-tag=a;from-tag=b") == 481);
	expect(w, take_over(raw, "202",
			    "Replaces: x;to-tag=a;from-tag=b\n"
			    "Replaces: y;to-tag=a;from-tag=b") == 400);
	expect_talking(w, "alice", "bob");
	expect_quiet(w);
}
