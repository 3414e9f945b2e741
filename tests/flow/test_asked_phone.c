/* SPDX-License-Identifier: MIT */
/*
 * Calls that do not pass here, told by the phone itself when it is asked (RFC 4235), also beside
 * those that do.
 */
#include "elsewhere.h"

#include <stdio.h>

/* --- By phones ---------------------------------------------------------------------------- */

/* Alice watches bob, whose two phones are asked: his desk phone refuses, the other one tells. */
static struct world *office_asking(struct neighbour **ret_phone)
{
	struct world *w = world_new("alice", "bob");

	world_extension(w, "bob")->lamp_source = LAMP_SOURCE_FORWARD;
	watch(w, "alice", "bob");
	*ret_phone = world_telling_phone(w, "cell", "202");
	return w;
}

FLOW(a_phone_is_asked_for_its_calls_elsewhere, "RFC 4235 3.1, RFC 6665 4.1.2")
{
	struct neighbour *cell;
	struct world *w = office_asking(&cell);

	says(w, cell, TALKS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	expect_ladder(w, "cell -> switch NOTIFY confirmed", "switch -> alice NOTIFY confirmed");
	says(w, cell, "");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_call_that_passes_here_is_shown_beside_one_that_does_not, "RFC 4235 3.6")
{
	struct neighbour *cell;
	struct world *w = office_asking(&cell);

	says(w, cell, TALKS("c1"));
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	says(w, cell, "");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

FLOW(a_lamp_goes_dark_when_the_asked_phone_dies, "RFC 6665 4.1.2.2")
{
	struct neighbour *cell;
	struct world *w = office_asking(&cell);

	says(w, cell, TALKS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	cell->node->is_unplugged = true;
	advance_ms(w, 700000);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* --- A call that passes here, told by the phone as well ----------------------------------- */

/* Bob's phone is raw, and asked; carol's watches. */
static struct world *office_asking_raw(struct raw **ret_bob, struct raw **ret_watcher)
{
	struct world *w = world_new("alice");

	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "carol");
	((struct extension *)directory_find(w->office.directory, SLICE("202")))->lamp_source =
		LAMP_SOURCE_FORWARD;
	*ret_bob = world_raw(w, "bob");
	*ret_watcher = world_raw(w, "watcher");
	world_start(w);
	registers(w, *ret_bob, "202");
	(*ret_bob)->is_mute = true;
	watch_bob(w, *ret_watcher);
	raw_reply(*ret_bob, "SUBSCRIBE", 200, "b",
		  "Expires: 600\r\nContact: <sip:bob@192.0.2.3>\r\n", "");
	return w;
}

static unsigned tell(struct raw *bob, const char *document)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 EVENT TYPE "Subscription-State: active\nContent-Length: {len}\n\n%s", document);
	return raw_speak(bob, "SUBSCRIBE", "b", "NOTIFY", text);
}

/* The dialog that the last INVITE to bob made, as his phone tells it. */
static const char *call_document(const struct raw *bob, const char *version, const char *state)
{
	static char text[2048];
	const char *invite = raw_last(bob, "INVITE");
	const char *call_id = strstr(invite, "Call-ID: ") + strlen("Call-ID: ");
	const char *tag = strstr(strstr(invite, "From:"), ";tag=") + strlen(";tag=");

	snprintf(text, sizeof(text),
		 "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%s\" "
		 "state=\"full\" entity=\"sip:202@192.0.2.3\"><dialog id=\"7\" call-id=\"%.*s\" "
		 "local-tag=\"x\" remote-tag=\"%.16s\" direction=\"recipient\">"
		 "<state>%s</state></dialog></dialog-info>",
		 version, (int)strcspn(call_id, "\r"), call_id, tag, state);
	return text;
}

static size_t dialogs_told(const struct raw *watcher)
{
	const char *at = raw_last(watcher, "NOTIFY");
	size_t n = 0;

	while ((at = strstr(at, "<dialog id="))) {
		at++;
		n++;
	}
	return n;
}

FLOW_PLAIN(a_call_that_passes_here_is_shown_once_and_as_we_know_it, "RFC 4235 4.1.2, RFC 4235 3.6")
{
	struct raw *bob, *watcher;
	struct world *w = office_asking_raw(&bob, &watcher);

	expect(w, strstr(raw_last(bob, "SUBSCRIBE"), "SUBSCRIBE sip:202@192.0.2.3:5060 SIP/2.0"));
	expect(w, strstr(raw_last(bob, "SUBSCRIBE"), "From: <sip:" OFFICE_DOMAIN ">;tag="));
	dial_number(w, "alice", "202");
	raw_reply(bob, "INVITE", 180, "x", "Contact: <sip:202@192.0.2.3:5060>\r\n", "");
	expect(w, is_told(watcher, "<state>early</state>") && dialogs_told(watcher) == 1);
	expect(w, tell(bob, call_document(bob, "1", "early")) == 200);
	expect(w, is_told(watcher, "<state>early</state>") && dialogs_told(watcher) == 1);
	expect(w, is_told(watcher, "call-id="));

	/* It is over here, and bob's phone is late to know. */
	hang_up(w, "alice");
	raw_reply(bob, "CANCEL", 200, "x", "", "");
	raw_reply(bob, "INVITE", 487, "x", "", "");
	expect(w, is_told(watcher, "terminated</state>"));
	expect(w, tell(bob, call_document(bob, "2", "confirmed")) == 200);
	expect(w, is_told(watcher, "terminated</state>") && !is_told(watcher, "confirmed"));
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(a_gap_in_what_a_phone_tells_is_asked_about, "RFC 4235 4.3, RFC 6665 4.1.2.2")
{
	struct raw *bob, *watcher;
	struct world *w = office_asking_raw(&bob, &watcher);
	size_t asked = raw_count(bob, "SUBSCRIBE");

	expect(w, tell(bob, "<dialog-info version=\"3\" state=\"partial\"><dialog id=\"1\">"
			    "<state>confirmed</state></dialog></dialog-info>") == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, raw_count(bob, "SUBSCRIBE") == asked + 1);
	raw_reply(bob, "SUBSCRIBE", 200, "b", "Expires: 600\r\n", "");
	expect(w, tell(bob, "<dialog-info version=\"4\" state=\"full\"/>") == 200);
	expect(w, is_told(watcher, "terminated</state>"));

	/* What nobody can read says nothing. */
	expect(w, tell(bob, "<dialog-info version=\"5\" state=\"full\"><dialog id=\"1\">"
			    "<state>confirmed</state></dialog></dialog-info>") == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, tell(bob, "<dialog-info") == 200);
	expect(w, is_told(watcher, "terminated</state>"));
	bob->is_mute = false;
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_refuses_leaves_our_own_calls, "RFC 6665 4.1.2.1")
{
	struct raw *bob, *watcher;
	struct world *w = world_new("alice");

	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "carol");
	((struct extension *)directory_find(w->office.directory, SLICE("202")))->lamp_source =
		LAMP_SOURCE_FORWARD;
	bob = world_raw(w, "bob");
	watcher = world_raw(w, "watcher");
	world_start(w);
	registers(w, bob, "202");
	bob->is_mute = true;
	watch_bob(w, watcher);
	raw_reply(bob, "SUBSCRIBE", 489, "b", "", "");
	expect(w, strstr(explained(w), ",\"untold\":489,") != NULL);
	dial_number(w, "alice", "202");
	raw_reply(bob, "INVITE", 180, "x", "Contact: <sip:202@192.0.2.3:5060>\r\n", "");
	expect(w, is_told(watcher, "<state>early</state>"));
	bob->is_mute = false;
	hang_up(w, "alice");
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_unregisters_is_asked_no_more, "RFC 6665 4.1.2.3, RFC 3261 10.2.2")
{
	struct raw *bob, *watcher;
	struct world *w = office_asking_raw(&bob, &watcher);

	expect(w, tell(bob, "<dialog-info version=\"3\" state=\"full\"><dialog id=\"1\">"
			    "<state>confirmed</state></dialog></dialog-info>") == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, raw_ask_as(bob, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "reg") "Contact: *\n"
									"Expires: 0\n" TEXT_END) ==
			  200);
	expect(w, is_told(watcher, "terminated</state>"));
	expect(w, tell(bob, "<dialog-info version=\"4\" state=\"full\"/>") == 481);
	expect_quiet(w);
}

/*
 * A new configuration, by which bob's phone is not asked any more, and carol's is told unasked: who
 * begins to watch is there before what bob's phone said is forgotten.
 */
FLOW_PLAIN(who_begins_to_watch_a_phone_that_is_asked_no_more, "RFC 6665 4.2.2")
{
	static const char *const numbers[] = { "201", "202", "203" };
	static const struct slice to_203[] = { SLICE_INIT("203") };
	static const uint64_t secret[2] = { 3, 4 };
	struct directory *directory = directory_new(secret);
	struct raw *bob, *watcher, *carol;
	struct world *w = office_asking_raw(&bob, &watcher);

	carol = world_raw(w, "carol");
	expect(w, tell(bob, "<dialog-info version=\"3\" state=\"full\"><dialog id=\"1\">"
			    "<state>confirmed</state></dialog></dialog-info>") == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, raw_ask_as(carol, "203", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "203", "203", "carol")
				     TEXT_CONTACT("203", "192.0.2.5") TEXT_END) == 200);
	bob->is_mute = false;
	expect(w, directory && directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct extension extension = { .number = slice_from_cstr(numbers[i]),
					       .password = SLICE(OFFICE_PASSWORD),
					       .visibility = VISIBILITY_NUMBERS };

		if (i == 1)
			extension.notify = (struct number_list){ to_203, 1 };
		expect(w, directory_add_extension(directory, &extension) == 0);
	}
	expect(w, directory_link(directory) == 0);
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(w->office.directory);
	w->office.directory = directory;
	advance_ms(w, 1000);
	expect(w, is_told(watcher, "terminated</state>") && !is_told(watcher, "confirmed"));
	expect(w, is_told(carol, "terminated</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(a_phone_that_was_started_anew_is_asked_anew, "RFC 3261 10.2, RFC 6665 4.1.2.2")
{
	struct raw *bob, *watcher;
	struct world *w = office_asking_raw(&bob, &watcher);
	size_t asked = raw_count(bob, "SUBSCRIBE");

	expect(w, tell(bob, "<dialog-info version=\"3\" state=\"full\"><dialog id=\"1\">"
			    "<state>confirmed</state></dialog></dialog-info>") == 200);
	registers(w, bob, "202");
	expect(w, raw_count(bob, "SUBSCRIBE") == asked);
	expect(w, raw_ask_as(bob, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "again")
				     TEXT_CONTACT("202", "192.0.2.3") TEXT_END) == 200);
	expect(w, raw_count(bob, "SUBSCRIBE") == asked + 1);
	raw_reply(bob, "SUBSCRIBE", 481, "b", "", "");
	expect(w, raw_count(bob, "SUBSCRIBE") == asked + 2);
	raw_reply(bob, "SUBSCRIBE", 200, "c", "Expires: 600\r\nContact: <sip:bob@192.0.2.3>\r\n",
		  "");
	bob->is_mute = false;
	expect_quiet(w);
}
