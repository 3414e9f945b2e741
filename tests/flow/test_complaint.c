/* SPDX-License-Identifier: MIT */
/*
 * What users of other servers complain of about lamps, each by its number in the list of the field.
 * Those that belong to one part (subscriptions, lists, publications) stand with that part's flows;
 * the word complaint_N finds them all. 5, 16, 19 and 23 are about transfers, too.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define SUBSCRIBE(watched, call)                                                                   \
	TEXT_HEAD("SUBSCRIBE", "201", watched, call)                                               \
	TEXT_CONTACT("201", "192.0.2.5") "Event: dialog\n" TEXT_END

static const char *last(const struct raw *raw)
{
	return raw_last(raw, "NOTIFY");
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(last(raw), what) != NULL;
}

/* 201 is a raw phone that watches 202, bob; carol is 203. */
static struct world *watching(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	world_start(w);
	advance_ms(w, 1000);
	expect(w, raw_ask_as(*ret_raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "s")) == 200);
	return w;
}

/* What stands behind the entity, which is all that one watcher is told of it. */
static const char *document_rest(const char *notify)
{
	const char *entity = strstr(notify, "entity=\"");

	return entity ? entity : "";
}

/* The value behind `attribute`, up to its quote. */
static void copy_value(const char *text, const char *attribute, char ret_value[128])
{
	const char *at = strstr(text, attribute);

	snprintf(ret_value, 128, "%.*s", at ? (int)strcspn(at + strlen(attribute), "\"") : 0,
		 at ? at + strlen(attribute) : "");
}

/* Lamps without call-id and tags: a phone had nothing to pick up by. */
FLOW_PLAIN(complaint_1_the_ids_that_are_told_pick_the_call_up, "RFC 4235 4.1.1, RFC 3891 3")
{
	struct raw *raw;
	struct world *w = watching(&raw);
	char call_id[128], local[128], remote[128], text[4096];

	dial(w, "carol", "bob");
	copy_value(last(raw), "call-id=\"", call_id);
	copy_value(last(raw), "local-tag=\"", local);
	copy_value(last(raw), "remote-tag=\"", remote);
	expect(w, *call_id && *local && *remote);
	/* snom: to-tag is the remote tag, from-tag the local one. */
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "202", "p") TEXT_CONTACT(
			 "201", "192.0.2.5") "Replaces: "
					     "%s;to-tag=%s;from-tag=%s\n" TEXT_WITH_SDP("192.0.2.5",
											"8 0"),
		 call_id, remote, local);
	(void)raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
	expect(w,
	       raw_heard(raw, "SIP/2.0 200", "CSeq: ") && raw_heard(raw, "SIP/2.0 200", "INVITE"));
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect(w, raw_speak(raw, "SIP/2.0 200", "tp", "BYE", TEXT_END) == 200);
	expect_quiet(w);
}

/* Only the state was told of who talks, and a screen could not show with whom. */
FLOW_PLAIN(complaint_2_who_talks_with_whom_is_told_in_every_state, "RFC 4235 4.1.6")
{
	struct raw *raw;
	struct world *w = watching(&raw);

	dial(w, "carol", "bob");
	expect(w, told(raw, "<state>early</state>"));
	expect(w, told(raw, "<identity display=\"carol\">sip:203@" OFFICE_DOMAIN "</identity>"));
	answer(w, "bob");
	expect(w, told(raw, "<state>confirmed</state>"));
	expect(w, told(raw, "<identity display=\"carol\">sip:203@" OFFICE_DOMAIN "</identity>"));
	expect(w, told(raw, "<identity display=\"bob\">sip:202@" OFFICE_DOMAIN "</identity>"));
	expect_quiet(w);
}

/* A calls B watched by A: on hang-up the old `early` was sent again, and the lamp stayed. */
FLOW(complaint_6_who_calls_and_watches_sees_the_lamp_go_dark, "RFC 4235 3.7.1")
{
	struct world *w = world_new("alice", "bob");

	watch(w, "alice", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	dial(w, "alice", "bob");
	answer(w, "bob");
	hang_up(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* What the answer to SUBSCRIBE told, and what was told later, were made by two functions. */
FLOW_PLAIN(complaint_11_the_first_notify_says_what_the_later_ones_say, "RFC 6665 4.2.1.2")
{
	struct raw *raw;
	struct world *w = watching(&raw);
	char later[RAW_MESSAGE_MAX_BYTES];

	dial(w, "carol", "bob");
	snprintf(later, sizeof(later), "%s", document_rest(last(raw)));
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "again")) == 200);
	expect(w, told(raw, "Call-ID: again") && strcmp(document_rest(last(raw)), later) == 0);
	answer(w, "bob");
	snprintf(later, sizeof(later), "%s", document_rest(last(raw)));
	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("202", "talk")) == 200);
	expect(w, told(raw, "Call-ID: talk") && strcmp(document_rest(last(raw)), later) == 0);
	expect_quiet(w);
}

/* Two workers: `early` came after `terminated`, and the lamp blinked until it expired. */
FLOW(complaint_12_early_never_follows_terminated, "RFC 4235 3.7.1, RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	hang_up(w, "alice");
	expect_ladder(w, "switch -> carol NOTIFY terminated");
	advance_ms(w, 5000);
	expect_silence(w, "switch -> carol NOTIFY early");
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* A branch of a fork that was cancelled cleared the lamp of the call that lived. */
FLOW(complaint_13_a_losing_branch_clears_no_lamp, "RFC 4235 3.6, RFC 4235 4.1.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "bob");
	watch(w, "dave", "carol");
	dial_number(w, "alice", OFFICE_GROUP);
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	expect_lamp(w, "dave", "carol", LAMP_RINGING);
	answer(w, "bob");
	expect_lamp(w, "dave", "bob", LAMP_TALKING);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	advance_ms(w, 40000);
	expect_lamp(w, "dave", "bob", LAMP_TALKING);
	expect_quiet(w);
}

/* PRACK was taken for an answer: the lamp was steady while it rang, and pick-up impossible. */
FLOW(complaint_14_prack_confirms_nothing, "RFC 3262 3, RFC 4235 3.7.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	set_early_media(w, "bob");
	dial(w, "alice", "bob");
	expect_ladder(w, "alice -> switch PRACK", "switch -> bob PRACK");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	pick_up(w, "carol", "bob");
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* Of two dialogs in a document only one counted, and what was left was wrong. */
FLOW(complaint_16_two_calls_make_one_lamp, "RFC 4235 3.6, RFC 4235 4.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "bob");
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "carol", "bob");
	expect_lamp(w, "dave", "bob", LAMP_RINGING);
	pick_up(w, "dave", "bob");
	expect_calls(w, "dave", PHONE_CALL_TALKING, 1);
	expect_lamp(w, "dave", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "dave", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* An empty document did not clear the lamp of some makes. */
FLOW_PLAIN(complaint_22_free_is_said_by_a_dialog_not_by_none, "RFC 4235 4.1")
{
	struct raw *raw;
	struct world *w = watching(&raw);

	expect(w, told(raw, "<dialog id=") && told(raw, "<state>terminated</state>"));
	dial(w, "carol", "bob");
	hang_up(w, "carol");
	expect(w, told(raw, "<dialog id=") && told(raw, "terminated</state>"));
	expect_quiet(w);
}

/* The screen of who remains showed who had gone; here after a pick-up. */
FLOW(complaint_5_who_was_picked_up_sees_who_picked_up, "RFC 3325 9.1")
{
	struct world *w = world_new("alice", "bob", "carol");

	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	pick_up(w, "carol", "bob");
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
	expect(w, slice_eq(w->phones[0].phone.calls[0].display, SLICE("carol")) || w->is_faulty);
	expect_quiet(w);
}

/* The screen of the target went on showing the transferor, who had gone. */
FLOW(complaint_5_after_a_transfer_both_see_each_other, "RFC 3325 9.1, RFC 5589 7.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	answer(w, "carol");
	expect_peer(w, "carol", "bob");
	transfer_attended(w, "bob");
	expect_talking(w, "alice", "carol");
	expect(w, slice_eq(world_phone(w, "alice")->phone.calls[0].display, SLICE("carol")));
	expect(w, slice_eq(world_phone(w, "carol")->phone.calls[0].display, SLICE("alice")));
	expect_quiet(w);
}

/* The same for a target that has only the INVITE: the caller stands in From, not the transferor. */
FLOW_PLAIN(complaint_5_a_transferred_call_comes_from_the_caller, "RFC 3892 2.2, RFC 5589 6.2")
{
	struct raw *raw;
	struct world *w = watching(&raw);
	const char *invite;

	registers(w, raw, "201");
	dial(w, "carol", "bob");
	answer(w, "bob");
	transfer_number(w, "bob", "201");
	invite = raw_last(raw, "INVITE");
	expect(w, strstr(invite, "From: \"carol\" <sip:203@" OFFICE_DOMAIN ">;tag=") != NULL);
	expect(w, strstr(invite, "Referred-By: \"bob\" <sip:202@" OFFICE_DOMAIN ">\r\n") != NULL);
	raw_reply(raw, "INVITE", 486, "x", "", "");
	expect_talking(w, "carol", "bob");
	expect_quiet(w);
}

/* Two dialogs of one extension, of which a transfer ended both, or one. */
FLOW_PLAIN(complaint_16_two_calls_and_a_transfer_leave_no_lamp, "RFC 4235 3.6, RFC 5589 7.3")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "alice");
	watch(w, "dave", "bob");
	watch(w, "dave", "carol");
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	expect_lamp(w, "dave", "bob", LAMP_TALKING);
	expect_lamp(w, "dave", "carol", LAMP_RINGING);
	answer(w, "carol");
	expect_lamp(w, "dave", "carol", LAMP_TALKING);
	transfer_attended(w, "bob");
	expect_only(w, "alice", "carol");
	hang_up(w, "alice");
	expect_lamp(w, "dave", "alice", LAMP_DARK);
	expect_lamp(w, "dave", "carol", LAMP_DARK);
	expect_quiet(w);
}

/* What the documents say of it: whose dialog it came from, and who has transferred it. */
FLOW_PLAIN(complaint_16_a_document_tells_of_the_transfer, "RFC 4235 4.1.4, RFC 4235 4.1.5")
{
	struct raw *raw;
	struct world *w = watching(&raw);
	struct phone *bob = &world_phone(w, "bob")->phone;
	char replaces[256];

	expect(w, raw_ask_as(raw, "201", OFFICE_PASSWORD, SUBSCRIBE("203", "c")) == 200);
	dial(w, "carol", "bob");
	answer(w, "bob");
	dial(w, "bob", "alice");
	answer(w, "alice");
	expect(w, !raw_heard(raw, "NOTIFY", "<replaces"));
	expect(w, !raw_heard(raw, "NOTIFY", "<referred-by"));
	snprintf(replaces, sizeof(replaces), "<replaces call-id=\"%.*s\"",
		 SLICE_ARGS(dialog_call_id(
			 &session_find(&bob->stack, bob->calls[1].session)->dialog)));
	transfer_attended(w, "bob");
	expect_talking(w, "alice", "carol");
	expect(w, raw_heard(raw, "NOTIFY", replaces));
	expect(w,
	       raw_heard(raw, "NOTIFY",
			 "<referred-by display=\"bob\">sip:202@" OFFICE_DOMAIN "</referred-by>"));
	expect(w, raw_heard(raw, "NOTIFY", "<identity>sip:201@" OFFICE_DOMAIN "</identity>"));
	expect_quiet(w);
}

/* Ids that were hidden from the one side meant nothing to the other. */
FLOW_PLAIN(complaint_19_replaces_in_refer_to_names_what_a_phone_sees, "RFC 3891 3, RFC 5589 7.1")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	watch(w, "dave", "carol");
	dial(w, "alice", "bob");
	answer(w, "bob");
	dial(w, "bob", "carol");
	expect_lamp(w, "dave", "carol", LAMP_RINGING);
	pick_up(w, "dave", "carol"); /* by the ids of its NOTIFY */
	transfer_attended(w, "bob"); /* by those of its own INVITE */
	advance_ms(w, 1000);
	expect_talking(w, "alice", "dave");
	expect_media(w, "alice", "dave");
	expect_quiet(w);
}

/* The transferor was dropped before anybody had answered, and the call with it. */
FLOW(complaint_23_the_transferor_stays_until_the_target_answers, "RFC 5589 6.2, RFC 5589 6.3")
{
	struct world *w = world_new("alice", "bob", "carol");

	dial(w, "alice", "bob");
	answer(w, "bob");
	transfer(w, "bob", "carol");
	expect_silence(w, "switch -> bob BYE");
	expect_silence(w, "switch -> alice INVITE");
	hang_up(w, "carol");
	expect_only(w, "alice", "bob");
	transfer(w, "bob", "carol");
	answer(w, "carol");
	expect_ladder(w, "carol -> switch 200 INVITE", "switch -> alice INVITE",
		      "switch -> bob NOTIFY sipfrag 200");
	expect_only(w, "alice", "carol");
	expect_quiet(w);
}
