/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to lists (RFC 4662): who has them, what the first NOTIFY and the later ones tell,
 * and that none of them tells more than a subscription to one extension would.
 */
#include "list_office.h"
#include "screen.h"

#include <stdio.h>

#define URI(number) "sip:" number "@" OFFICE_DOMAIN

/* --- Who has a list ----------------------------------------------------------------------- */

FLOW_PLAIN(complaint_18_the_first_notify_of_a_list_is_full, "RFC 4662 4.5, RFC 4662 5.2")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	raw->is_mute = true;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY");
	expect(w, strstr(raw_last(raw, "SIP/2.0 200"), "Require: eventlist") != NULL);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.version == 0 && screen.is_full);
	expect(w, screen.count == 3 && strcmp(screen.keys[0].name, "bob") == 0);
	/* What did not fit follows, and then all is known. */
	raw->is_mute = false;
	advance_ms(w, 5000);
	screen = screen_blank;
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, ALL_FREE));
	expect(w, !screen.is_full);
	expect_quiet(w);
}

static void set_keys(struct world *w, const char *name)
{
	static const struct slice numbers[] = { SLICE_INIT("204"), SLICE_INIT("202") };

	world_extension(w, name)->keys = (struct number_list){ numbers, ARRAY_LEN(numbers) };
}

FLOW_PLAIN(ones_keys_come_in_their_order, "RFC 4662 4.5, RFC 4662 5.3")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	set_keys(w, "alice");
	expect(w, alice_says(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "204 terminated, 202 terminated"));
	expect_quiet(w);
}

FLOW_PLAIN(names_beyond_ascii_are_said_to_be_there, "RFC 2045 6.1, RFC 2045 6.2")
{
	static const char root[] = "Content-Transfer-Encoding: binary\r\nContent-ID: <rlmi@list>";
	static const char part[] = "Content-Transfer-Encoding: binary\r\nContent-ID: <2.";
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &roomy_profile;
	world_extension(w, "bob")->name = SLICE("B\xc3\xb6"
						"b <&>");
	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w, strcmp(screen.keys[0].name, "B\xc3\xb6"
					      "b &lt;&amp;&gt;") == 0);
	expect(w, strstr(raw_last(raw, "NOTIFY"), root) && !strstr(raw_last(raw, "NOTIFY"), part));
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, !strstr(raw_last(raw, "NOTIFY"), root) && strstr(raw_last(raw, "NOTIFY"), part));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_has_the_uris_that_its_phone_knows, "RFC 4235 4.1")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw,
			     "SUBSCRIBE sip:keys-office@192.0.2.1:5060;user=phone SIP/2.0\n{via}\n"
			     "Max-Forwards: 70\nFrom: <sip:201@" OFFICE_DOMAIN ">;tag=1\n"
			     "To: <sip:keys-office@192.0.2.1:5060;user=phone>\nCall-ID: s\n"
			     "CSeq: {cseq} SUBSCRIBE\n{auth}\nEvent: dialog\n"
			     "Supported: eventlist\n" TEXT_CONTACT("201", "192.0.2.6")
				     TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w,
	       strstr(raw_last(raw, "NOTIFY"), " uri=\"sip:keys-office@192.0.2.1:5060\"") != NULL);
	expect(w, screen_find_key(&screen, "sip:202@192.0.2.1:5060") != NULL);
	expect_quiet(w);
}

FLOW_PLAIN(who_does_not_know_lists_is_told_to, "RFC 4662 4.1, RFC 3261 21.4.16")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	expect(w, alice_says(raw, SUBSCRIBE_PLAIN("keys-office", "a") TEXT_END) == 421);
	expect(w, strstr(raw_last(raw, "SIP/2.0 421"), "Require: eventlist") != NULL);
	expect(w, alice_says(raw, SUBSCRIBE_PLAIN("keys-office",
						  "b") "Supported: replaces\n" TEXT_END) == 421);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect(w, alice_says(raw, SUBSCRIBE_PLAIN("keys-office",
						  "c") "Require: eventlist\n" TEXT_END) == 200);
	expect(w, alice_says(raw, SUBSCRIBE_PLAIN("keys-office",
						  "d") "Require: lists\n" TEXT_END) == 420);
	expect_quiet(w);
}

FLOW_PLAIN(somebody_elses_list_is_no_list, "RFC 4662 7, SECURITY A4")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	set_keys(w, "bob");
	expect(w, raw_ask(raw, SUBSCRIBE("keys-office", "a") TEXT_END) == 401);
	expect(w, alice_says(raw, SUBSCRIBE("keys-202", "b") TEXT_END) == 404);
	expect(w, alice_says(raw, SUBSCRIBE("keys-201", "c") TEXT_END) == 404);
	expect(w, alice_says(raw, SUBSCRIBE("keys-299", "d") TEXT_END) == 404);
	world_extension(w, "alice")->group_count = 0;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "e") TEXT_END) == 404);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_names_nobody_who_may_not_be_seen, "RFC 4662 7, RFC 4235 6")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	set_keys(w, "alice");
	world_extension(w, "dave")->visibility = VISIBILITY_NONE;
	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	expect(w, alice_says(raw, SUBSCRIBE("keys-201", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 confirmed"));
	expect(w, !screen_has(&screen, URI("202"), "direction") &&
			  !screen_has(&screen, URI("202"), "203"));
	expect(w, !strstr(raw_last(raw, "NOTIFY"), "204"));
	expect_quiet(w);
}

/* --- What is told ------------------------------------------------------------------------- */

FLOW_PLAIN(only_who_changed_is_told_of, "RFC 4662 4.5, RFC 4235 4.1")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	size_t before;

	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	before = screen.notifies;
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, screen_has(&screen, URI("202"), "direction=\"recipient\""));
	expect(w, screen_has(&screen, URI("202"), "call-id=\"") &&
			  screen_has(&screen, URI("202"), "sip:*8202@"));
	answer(w, "bob");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
	hang_up(w, "carol");
	screen_look(w, &screen, raw);
	expect(w, screen_shows(&screen, ALL_FREE));
	expect(w, !screen.is_full && screen.notifies - before <= 7);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_by_datagrams_comes_in_pieces, "RFC 3261 18.1.1, RFC 4662 4.5")
{
	struct screen screen = screen_blank;
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	advance_ms(w, 100);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies > 1 && screen.bytes <= DATAGRAM_BYTES);
	expect_quiet(w);
}

FLOW_PLAIN(with_room_a_list_comes_as_one, "RFC 4662 4.5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &roomy_profile;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_takes_few_resources_at_a_time_gets_few, "RFC 4662 4.5")
{
	static const struct profile few = {
		.name = "few", .is_dialog_needed = true, .notify_bytes = 6000, .list_resources = 2
	};
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_extension(w, "alice")->profile = &few;
	raw->is_mute = true;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w,
	       screen.parts == 2 && screen_shows(&screen, "202 terminated, 203 terminated, 204"));
	raw->is_mute = false;
	advance_ms(w, 2000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen.parts == 1 && screen_shows(&screen, ALL_FREE));
	expect_quiet(w);
}

FLOW_PLAIN(changes_while_a_list_is_unanswered_become_one, "RFC 4662 4.5, RFC 6665 4.2.2")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_start(w);
	world_extension(w, "alice")->profile = &roomy_profile;
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	raw->is_mute = true;
	dial(w, "carol", "bob");
	answer(w, "bob");
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 2 && screen_shows(&screen, "202 terminated, 203 proceeding, "
								"204 terminated"));
	raw->is_mute = false;
	advance_ms(w, 5000);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 3 && screen.parts == 2);
	expect(w, screen_shows(&screen, "202 confirmed, 203 confirmed, 204 terminated"));
	expect_quiet(w);
}

FLOW_PLAIN(broadworks_phones_are_told_of_all, "RFC 4662 5")
{
	struct screen screen = { .version = -1, .is_whole = true };
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);

	world_start(w);
	world_extension(w, "alice")->profile = profile_find(SLICE("poly"));
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	screen_look(w, &screen, raw);
	expect(w, screen.notifies == 1 && screen.parts == 3 && screen_shows(&screen, ALL_FREE));
	expect(w, screen_has(&screen, URI("204"), "<local>\n<identity display=\"dave\">sip:204@"));
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	expect(w, screen.is_full && screen.parts == 3);
	expect(w, screen_shows(&screen, "202 early, 203 early, 204 terminated"));
	expect(w, screen_has(&screen, URI("202"), "<local>\n<identity display=\"bob\">sip:202@"));
	expect_quiet(w);
}

FLOW_PLAIN(a_list_comes_in_the_words_of_presence_too, "RFC 4662 4.5, RFC 3856 6.7")
{
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	const char *notify;

	world_extension(w, "alice")->profile = &roomy_profile;
	world_start(w);
	expect(w,
	       alice_says(raw, TEXT_HEAD("SUBSCRIBE", "201", "keys-office", "s") TEXT_CONTACT(
				       "201", "192.0.2.6") "Event: presence\nSupported: eventlist\n"
							   "Accept: application/pidf+xml, "
							   "application/rlmi+xml, "
							   "multipart/related\n" TEXT_END) == 200);
	notify = raw_last(raw, "NOTIFY");
	expect(w, strstr(notify, "version=\"0\" fullState=\"true\"") != NULL);
	expect(w, strstr(notify, "Content-Type: application/pidf+xml") != NULL);
	expect(w, strstr(notify, "entity=\"" URI("202") "\"") != NULL);
	dial(w, "carol", "bob");
	notify = raw_last(raw, "NOTIFY");
	expect(w, strstr(notify, "version=\"2\" fullState=\"false\"") != NULL);
	expect(w, strstr(notify, "Ringing") && !strstr(notify, "dialog-info"));
	expect_quiet(w);
}

FLOW_PLAIN(a_call_is_taken_by_what_a_list_told, "RFC 3891 3, SECURITY R2")
{
	struct screen screen = screen_blank;
	char call_id[64], local_tag[64], remote_tag[64], text[2048];
	struct raw *raw;
	struct world *w = office_with_raw_alice(&raw);
	struct screen_key *key;

	world_start(w);
	expect(w, alice_says(raw, SUBSCRIBE("keys-office", "s") TEXT_END) == 200);
	dial(w, "carol", "bob");
	screen_look(w, &screen, raw);
	key = screen_find_key(&screen, URI("202"));
	screen_cut(key->document, " call-id=\"", call_id, sizeof(call_id));
	screen_cut(key->document, " local-tag=\"", local_tag, sizeof(local_tag));
	screen_cut(key->document, " remote-tag=\"", remote_tag, sizeof(remote_tag));
	snprintf(text, sizeof(text),
		 TEXT_HEAD("INVITE", "201", "*8202", "p") TEXT_CONTACT(
			 "201", "192.0.2.6") "Replaces: "
					     "%s;to-tag=%s;from-tag=%s\n" TEXT_WITH_SDP("192.0.2.6",
											"8"),
		 call_id, remote_tag, local_tag);
	expect(w, alice_says(raw, text) == 200);
	raw_speak(raw, "SIP/2.0 200", "tp", "ACK", TEXT_END);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	hang_up(w, "carol");
	expect_quiet(w);
}
