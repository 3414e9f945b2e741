/* SPDX-License-Identifier: MIT */
/*
 * Calls that do not pass here, published by another PBX or by the phone itself (RFC 3903).
 */
#include "elsewhere.h"

#include "base/mem.h"
#include "pbx/publish.h"
#include "pbx/trunk.h"

#include <stdio.h>

/* Bob's calls are another PBX's business, and alice watches him. */
static struct world *office_beside(struct neighbour **ret_beside)
{
	struct world *w = world_new("alice", "bob");

	world_extension(w, "bob")->lamp_source = LAMP_SOURCE_PUBLISHED;
	watch(w, "alice", "bob");
	*ret_beside = world_publisher(w, "beside", "202");
	return w;
}

/* --- Published ---------------------------------------------------------------------------- */

/* Complaint 4: a state that was published to a peer could not return to idle. */
FLOW(complaint_4_what_another_pbx_published_returns_to_idle,
     "RFC 3903 4.4, RFC 3903 6, RFC 4235 3.7")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	says(w, beside, RINGS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING); /* nobody can pick it up here */
	expect_ladder(w, "beside -> switch PUBLISH early", "switch -> alice NOTIFY confirmed",
		      "switch -> beside 200 PUBLISH");
	says(w, beside, TALKS("c1") RINGS("c2"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	says(w, beside, IS_OVER("c1") IS_OVER("c2"));
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* Complaint 15: elsewhere a published `terminated` turned into `confirmed` again. */
FLOW(complaint_15_a_publication_that_ended_stays_ended, "RFC 3903 4.3, RFC 3903 4.4")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	says(w, beside, TALKS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	says(w, beside, IS_OVER("c1"));
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	advance_ms(w, 400000); /* beyond a refresh */
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* Complaint 17: rejected after `trying` had been published: red for three hours. */
FLOW(complaint_17_a_published_call_that_was_rejected_leaves_no_lamp, "RFC 3903 4.4, RFC 4235 4.3")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	says(w, beside, DIALOG("c1", "initiator", "trying"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	says(w, beside, "");
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* Complaint 21: after a fail-over nobody owned the entity-tag, and the lamp stayed lit. */
FLOW(complaint_21_a_lamp_goes_dark_when_its_publisher_dies, "RFC 3903 6")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	says(w, beside, TALKS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	beside->node->is_unplugged = true;
	advance_ms(w, 700000);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* The publisher is kept alive by what it is: its lease is taken on and on. */
FLOW(a_long_call_stays_lit, "RFC 3903 4.3")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	says(w, beside, TALKS("c1"));
	expect_ladder(w, "switch -> beside 200 PUBLISH");
	advance_ms(w, 1000000);
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	expect_ladder(w, "beside -> switch PUBLISH", "switch -> beside 200 PUBLISH",
		      "beside -> switch PUBLISH", "switch -> beside 200 PUBLISH");
	expect_quiet(w);
}

FLOW(a_trunk_that_is_down_has_published_nothing, "RFC 3903 6, RFC 3261 11.1")
{
	struct neighbour *beside;
	struct world *w = office_beside(&beside);

	((struct trunk_config *)dialplan_find_trunk(&w->office.directory->dialplan,
						    SLICE("beside")))
		->qualify_s = 30;
	says(w, beside, TALKS("c1"));
	expect_lamp(w, "alice", "bob", LAMP_TALKING);
	beside->node->is_unplugged = true;
	advance_ms(w, 100000);
	expect_lamp(w, "alice", "bob", LAMP_DARK);
	expect_quiet(w);
}

/* --- To the letter ------------------------------------------------------------------------ */

#define DOCUMENT(dialogs)                                                                          \
	"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" state=\"full\" "  \
	"entity=\"sip:202@" OFFICE_DOMAIN "\">" dialogs "</dialog-info>"

/*
 * Alice and bob; "beside" is the raw PBX behind the trunk of that name, "watcher" is carol's phone,
 * which watches bob.
 */
static struct world *office_with_raws(struct raw **ret_beside, struct raw **ret_watcher)
{
	struct world *w = world_new("alice", "bob");

	office_add(&w->office, "203", "carol");
	world_extension(w, "bob")->lamp_source = LAMP_SOURCE_PUBLISHED;
	*ret_beside = world_raw(w, "beside");
	*ret_watcher = world_raw(w, "watcher");
	office_add_trunk(&w->office,
			 &(struct trunk_config){ .name = SLICE_INIT("beside"),
						 .uri = SLICE_INIT("sip:192.0.2.4"),
						 .may_publish = true },
			 NULL);
	world_start(w);
	return w;
}

static const char *publish_text(const char *number, const char *lines, const char *body)
{
	static char text[RAW_MESSAGE_MAX_BYTES];

	snprintf(text, sizeof(text),
		 "PUBLISH sip:%s@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"
		 "From: <sip:202@" OFFICE_DOMAIN ">;tag=p\nTo: <sip:%s@" OFFICE_DOMAIN ">\n"
		 "Call-ID: p\nCSeq: {cseq} PUBLISH\n{auth}\n%sContent-Length: {len}\n\n%s",
		 number, number, lines, body);
	return text;
}

static unsigned publish(struct raw *beside, const char *lines, const char *body)
{
	return raw_ask(beside, publish_text("202", lines, body));
}

/* "SIP-If-Match: ..." of what the last 200 said, and more lines. */
static const char *if_match(const struct raw *beside, const char *lines)
{
	static char text[512];
	const char *etag = strstr(raw_last(beside, "SIP/2.0 200"), "SIP-ETag: ");

	snprintf(text, sizeof(text), "SIP-If-Match: %.*s\n%s", TOKEN_BYTES,
		 etag ? etag + strlen("SIP-ETag: ") : "", lines);
	return text;
}

static bool is_answered(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "SIP/2.0"), what) != NULL;
}

static size_t publications(const struct world *w)
{
	return w->office.pbx.publications.live_count;
}

FLOW_PLAIN(a_publication_is_made_refreshed_changed_and_removed,
	   "RFC 3903 4.2, RFC 3903 4.3, RFC 3903 4.4, RFC 3903 4.5, RFC 3903 6")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	char first[512];
	size_t notifies;

	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE "Expires: 100\n", DOCUMENT(TALKS("c1"))) == 200);
	expect(w, is_answered(beside, "Expires: 100\r\n") && is_answered(beside, "SIP-ETag: "));
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, strstr(explained(w), "\"elsewhere\":1") &&
			  strstr(explained(w), "\"elsewhere\":\"published\""));
	snprintf(first, sizeof(first), "%s", if_match(beside, EVENT));
	notifies = raw_count(watcher, "NOTIFY");

	/* A refresh, and the same once more, are no news; each answer has a new entity-tag. */
	advance_ms(w, 90000);
	expect(w, publish(beside, first, "") == 200);
	expect(w, is_answered(beside, "Expires: 600\r\n"));
	expect(w, strcmp(first, if_match(beside, EVENT)) != 0);
	expect(w, publish(beside, first, "") == 412);
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(TALKS("c1"))) == 200);
	expect(w, raw_count(watcher, "NOTIFY") == notifies);

	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(IS_OVER("c1"))) == 200);
	expect(w, is_told(watcher, "terminated</state>") && !is_told(watcher, "confirmed"));
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(TALKS("c2"))) == 200);
	expect(w, publish(beside, if_match(beside, EVENT "Expires: 0\n"), "") == 200);
	expect(w, is_answered(beside, "Expires: 0\r\n") && is_answered(beside, "SIP-ETag: "));
	expect(w, is_told(watcher, "terminated</state>") && publications(w) == 0);
	expect(w, publish(beside, if_match(beside, EVENT), "") == 412);
	expect_quiet(w);
}

FLOW_PLAIN(a_publication_that_cannot_be_is_refused_with_its_reason, "RFC 3903 6, RFC 3903 11.2")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	const char *talks = DOCUMENT(TALKS("c1"));

	expect(w, publish(beside, "Event: presence\n" TYPE, talks) == 489);
	expect(w, is_answered(beside, "Allow-Events: dialog\r\n"));
	expect(w, publish(beside, TYPE, talks) == 489);
	expect(w, publish(beside, EVENT, "") == 400);
	expect(w, publish(beside, EVENT "Content-Type: application/pidf+xml\n", talks) == 415);
	expect(w, is_answered(beside, "Accept: application/dialog-info+xml\r\n"));
	expect(w, publish(beside, EVENT TYPE "Content-Encoding: gzip\n", talks) == 415);
	expect(w, is_answered(beside, "Accept-Encoding: identity\r\n"));
	expect(w, publish(beside, EVENT TYPE "Expires: 4\n", talks) == 423);
	expect(w, is_answered(beside, "Min-Expires: 5\r\n"));
	expect(w, publish(beside, EVENT TYPE "Expires: soon\n", talks) == 400);
	expect(w, publish(beside, EVENT TYPE, "<dialog-info") == 400);
	expect(w, publish(beside, EVENT TYPE, "<!DOCTYPE x>" DOCUMENT("")) == 400);
	expect(w, publish(beside, EVENT TYPE "SIP-If-Match: none\n", talks) == 412);
	expect(w, publish(beside, EVENT TYPE "SIP-If-Match: a, b\n", talks) == 400);
	expect(w, publish(beside, EVENT TYPE "SIP-If-Match: a\nSIP-If-Match: b\n", talks) == 400);
	expect(w, raw_ask(beside, publish_text("299", EVENT TYPE, talks)) == 404);
	expect(w, raw_ask(beside, publish_text("201", EVENT TYPE, talks)) == 403);
	expect(w, publications(w) == 0);
	expect_quiet(w);
}

FLOW_PLAIN(only_the_phone_itself_and_who_may_publish_do, "RFC 3903 6, RFC 3903 14.1, SECURITY S10")
{
	struct raw *beside, *other;
	struct world *w = office_with_raws(&beside, &other);
	const char *text = publish_text("202", EVENT TYPE, DOCUMENT(TALKS("c1")));
	char etag[512];

	expect(w, raw_ask(other, text) == 401);
	expect(w, raw_ask_as(other, "201", OFFICE_PASSWORD, text) == 403);
	expect(w, raw_ask_as(other, "202", OFFICE_PASSWORD, text) == 200);
	snprintf(etag, sizeof(etag), "%s", if_match(other, EVENT));
	expect(w, publish(beside, etag, "") == 412);
	world_extension(w, "bob")->lamp_source = LAMP_SOURCE_OWN;
	expect(w, raw_ask_as(other, "202", OFFICE_PASSWORD, text) == 403);
	expect_quiet(w);
}

FLOW_PLAIN(a_watcher_sees_no_ids_and_no_flash_of_a_call_elsewhere, "RFC 4235 6, SECURITY S6")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);

	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(RINGS("c1"))) == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>") &&
			  is_told(watcher, "direction=\"recipient\"") &&
			  is_told(watcher, "display=\"Zoe\">sip:0301234@old.example</identity>"));
	expect(w, !is_told(watcher, "c1") && !is_told(watcher, "-tag=") &&
			  !is_told(watcher, "<target"));
	world_extension(w, "bob")->visibility = VISIBILITY_CALLS;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, is_told(watcher, "direction=") && !is_told(watcher, "0301234"));
	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, is_told(watcher, "<state>confirmed</state>") && !is_told(watcher, "direction="));
	expect_quiet(w);
}

/* The 200 was lost, the publisher begins anew: what it said before is not its word any more. */
FLOW_PLAIN(the_later_word_of_a_publisher_about_a_dialog_counts, "RFC 3903 4.2, RFC 4235 4.1.2")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);

	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(RINGS("c1") TALKS("c2"))) == 200);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(IS_OVER("c1"))) == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(IS_OVER("c2"))) == 200);
	expect(w, is_told(watcher, "terminated</state>") && !is_told(watcher, "confirmed"));
	expect_quiet(w);
}

/* Complaints 12 and 15: what was sent before the end and came after it does not make it live. */
FLOW_PLAIN(an_overtaken_word_does_not_revive_a_dialog, "RFC 3903 4.4, RFC 4235 3.7.1")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	const char *fork = DOCUMENT("<dialog id=\"9\" call-id=\"c1@old\" local-tag=\"x\" "
				    "direction=\"recipient\"><state>confirmed</state></dialog>");
	char first[512];

	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(RINGS("c1"))) == 200);
	snprintf(first, sizeof(first), "%s", if_match(beside, EVENT TYPE));
	expect(w, publish(beside, first, DOCUMENT(IS_OVER("c1"))) == 200);
	expect(w, is_told(watcher, "terminated</state>"));
	/* "confirmed" was overtaken: its entity-tag is old, so it is published anew. */
	expect(w, publish(beside, first, DOCUMENT(TALKS("c1"))) == 412);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	expect(w, is_told(watcher, "terminated</state>") && !is_told(watcher, "confirmed"));
	/* Nothing is on its way so long: it is news. */
	advance_ms(w, 33000);
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(TALKS("c1"))) == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, publish(beside, if_match(beside, EVENT TYPE), DOCUMENT(IS_OVER("c1"))) == 200);
	expect(w, !is_told(watcher, "confirmed"));
	/* Another fork of that call is another dialog. */
	expect(w, publish(beside, EVENT TYPE, fork) == 200);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect_quiet(w);
}

FLOW_PLAIN(publications_are_bounded_and_silent_ones_make_room, "RFC 3903 14.2, SECURITY S10")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	char document[1024];

	for (int i = 0; i < 32; i++) {
		beside->count = 0;
		snprintf(document, sizeof(document),
			 DOCUMENT("<dialog id=\"d%d\"><state>%s</state></dialog>"), i,
			 i == 20 ? "terminated" : "confirmed");
		expect(w, publish(beside, EVENT TYPE, document) == 200);
	}
	expect(w, publications(w) == 32);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	expect(w, publications(w) == 32);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c2"))) == 503);
	expect(w, is_answered(beside, "Retry-After: "));
	expect_quiet(w);
}

/* Partial documents add up; each of them may be as long as a datagram. */
FLOW_PLAIN(what_is_kept_of_a_published_dialog_is_bounded, "RFC 3903 14.2, SECURITY S10")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	char document[4096], text[1501];
	uint64_t held;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	advance_ms(w, 40000);
	held = mem_count().bytes;
	snprintf(document, sizeof(document),
		 "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" "
		 "state=\"partial\"><dialog id=\"c1\"><state>confirmed</state><local>"
		 "<target uri=\"sip:%s\"/></local><remote><identity display=\"Zoe\">sip:z@y"
		 "</identity></remote></dialog><dialog id=\"%s\"><state>confirmed</state></dialog>"
		 "</dialog-info>",
		 text, text);
	expect(w, publish(beside, if_match(beside, EVENT TYPE), document) == 200);
	expect(w, is_told(watcher, "sip:z@y"));
	advance_ms(w, 40000);
	expect(w, mem_count().bytes < held + 1000);
	expect_quiet(w);
}

FLOW_PLAIN(a_publication_ends_with_its_right, "RFC 3903 6")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);
	struct trunk_config *config = (struct trunk_config *)dialplan_find_trunk(
		&w->office.directory->dialplan, SLICE("beside"));

	watch_bob(w, watcher);
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	config->may_publish = false;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, publications(w) == 0 && is_told(watcher, "terminated</state>"));
	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 401);
	expect_quiet(w);
}

static char last_unpublish[128];

static void keep_unpublish(void *host, struct slice line)
{
	(void)host;
	if (slice_starts_with(line, SLICE("event=unpublish")))
		snprintf(last_unpublish, sizeof(last_unpublish), "%.*s", SLICE_ARGS(line));
}

/* Nothing was lost: the log sends nobody to look for the trunk. */
FLOW_PLAIN(a_switch_that_stops_ends_publications_as_such, "RFC 3903 6")
{
	struct raw *beside, *watcher;
	struct world *w = office_with_raws(&beside, &watcher);

	expect(w, publish(beside, EVENT TYPE, DOCUMENT(TALKS("c1"))) == 200);
	w->office.node->env.trace = keep_unpublish;
	pbx_stop(&w->office.pbx);
	expect(w, publications(w) == 0);
	expect(w, strcmp(last_unpublish, "event=unpublish extension=202 cause=shutdown") == 0);
	expect_quiet(w);
}

/* The phone's own word goes with the phone. */
FLOW_PLAIN(what_a_phone_published_ends_with_its_registration, "RFC 3903 6, RFC 3261 10.2.2")
{
	struct world *w = world_new("alice");
	struct raw *bob = world_raw(w, "bob"), *watcher = world_raw(w, "watcher");

	office_add(&w->office, "202", "bob");
	office_add(&w->office, "203", "carol");
	((struct extension *)directory_find(w->office.directory, SLICE("202")))->lamp_source =
		LAMP_SOURCE_PUBLISHED;
	world_start(w);
	registers(w, bob, "202");
	expect(w, raw_ask_as(bob, "202", OFFICE_PASSWORD,
			     publish_text("202", EVENT TYPE, DOCUMENT(TALKS("c1")))) == 200);
	watch_bob(w, watcher);
	expect(w, is_told(watcher, "<state>confirmed</state>"));
	expect(w, raw_ask_as(bob, "202", OFFICE_PASSWORD,
			     TEXT_HEAD("REGISTER", "202", "202", "reg") "Contact: *\n"
									"Expires: 0\n" TEXT_END) ==
			  200);
	expect(w, is_told(watcher, "terminated</state>") && publications(w) == 0);
	expect(w, !is_told(watcher, "unregistered")); /* it may well be so, elsewhere */
	expect_quiet(w);
}
