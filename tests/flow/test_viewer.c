/* SPDX-License-Identifier: MIT */
/*
 * How much one extension, or one partner, may watch: its own share, and not the others'.
 */
#include "acme.h"
#include "texts.h"
#include "world.h"

#include "pbx/viewer.h"

#define SUBSCRIBE_AS(user, to, call)                                                               \
	TEXT_HEAD("SUBSCRIBE", user, to, call) TEXT_CONTACT(user, "192.0.2.6")
#define SUBSCRIBE(to, call) SUBSCRIBE_AS("201", to, call) "Event: dialog\n"

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

/* A phone of alice is raw, and she may watch so much. */
static struct world *office_with_share(uint32_t share, struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	w->office.directory->limits.subscriptions_each = share;
	*ret_raw = world_raw(w, "raw");
	return w;
}

static uint32_t held(const struct world *w)
{
	const struct viewer *viewer = viewer_find(&w->office.pbx, SLICE("201"), false);

	return viewer ? viewer->held : 0;
}

FLOW_PLAIN(one_password_has_its_share_of_the_subscriptions, "RFC 3261 21.5.4, SECURITY D1")
{
	struct raw *raw;
	struct world *w = office_with_share(2, &raw);

	expect(w, say(raw, SUBSCRIBE("202", "a") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("203", "b") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("204", "c") TEXT_END) == 503);
	expect(w, strstr(raw_last(raw, "SIP/2.0 503"), "Retry-After: 5\r\n") != NULL);
	expect(w, w->office.pbx.stack.notifiers.refused == 1);
	/* Nobody else is refused anything, and what there is goes on. */
	expect(w, raw_ask_as(raw, "202", OFFICE_PASSWORD,
			     SUBSCRIBE_AS("202", "204", "d") "Event: dialog\n" TEXT_END) == 200);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\nExpires: 0\n" TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("204", "e") TEXT_END) == 503);
	expect(w, held(w) == 2);
	expect_quiet(w);
}

FLOW_PLAIN(a_refresh_is_within_the_share_and_an_end_makes_room, "RFC 6665 4.2.1.2")
{
	struct raw *raw;
	struct world *w = office_with_share(1, &raw);

	expect(w, say(raw, SUBSCRIBE("202", "a") TEXT_END) == 200);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\n" TEXT_CONTACT("201", "192.0.2.6") TEXT_END) == 200);
	expect(w, held(w) == 1);
	expect(w, raw_speak(raw, "NOTIFY", "", "SUBSCRIBE",
			    "Event: dialog\nExpires: 0\n" TEXT_END) == 200);
	advance_ms(w, 100);
	expect(w, held(w) == 0);
	expect(w, say(raw, SUBSCRIBE("203", "b") TEXT_END) == 200);
	expect_quiet(w);
}

FLOW_PLAIN(a_list_takes_of_the_share_what_it_holds, "RFC 4662 4.5, RFC 3261 21.5.4")
{
	struct raw *raw;
	struct world *w = office_with_share(7, &raw);

	expect(w, say(raw, SUBSCRIBE("keys-office", "a") "Supported: eventlist\n" TEXT_END) == 200);
	expect(w, held(w) == 1 + 3);
	expect(w, say(raw, SUBSCRIBE("keys-office", "b") "Supported: eventlist\n" TEXT_END) == 503);
	expect(w, held(w) == 1 + 3);
	expect(w, say(raw, SUBSCRIBE_AS("201", "201", "c") "Event: message-summary\n" TEXT_END) ==
			  200);
	expect(w, say(raw, SUBSCRIBE_AS("201", "201", "d") "Event: reg\n" TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE_AS("201", "202", "e") "Event: presence\n" TEXT_END) == 200);
	expect(w, held(w) == 7);
	expect(w, say(raw, SUBSCRIBE_AS("201", "201", "f") "Event: reg;id=2\n" TEXT_END) == 503);
	expect_quiet(w);
}

FLOW_PLAIN(a_smaller_share_takes_nothing_away, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_share(2, &raw);

	expect(w, say(raw, SUBSCRIBE("202", "a") TEXT_END) == 200);
	expect(w, say(raw, SUBSCRIBE("203", "b") TEXT_END) == 200);
	w->office.directory->limits.subscriptions_each = 1;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, held(w) == 2);
	expect(w, say(raw, SUBSCRIBE("204", "c") TEXT_END) == 503);
	expect_quiet(w);
}

#define SUBSCRIBE_OF_ACME(to, call)                                                                \
	"SUBSCRIBE sip:" to "@" OFFICE_DOMAIN " SIP/2.0\n{via}\nMax-Forwards: 70\n"                \
	"From: <sip:desk@192.0.2.3>;tag=o" call "\nTo: <sip:" to "@" OFFICE_DOMAIN ">\n"           \
	"Call-ID: " call "\nCSeq: {cseq} SUBSCRIBE\n"                                              \
	"Contact: <sip:desk@192.0.2.3>\nEvent: dialog\n" TEXT_END

FLOW_PLAIN(a_partner_has_its_share_as_well, "RFC 3261 21.5.4")
{
	static const struct visibility_rule rules[] = {
		{ SCOPE_DOMAIN, SLICE_INIT("192.0.2.3"), VISIBILITY_CALLS },
	};
	struct raw *raw;
	struct world *w = office_with_acme(&raw, NULL, NULL);

	world_extension(w, "alice")->visibility_rules =
		(struct visibility_rules){ rules, ARRAY_LEN(rules) };
	w->office.directory->limits.subscriptions_each = 1;
	expect(w, raw_ask(raw, SUBSCRIBE_OF_ACME("201", "a")) == 200);
	expect(w, raw_ask(raw, SUBSCRIBE_OF_ACME("201", "b")) == 503);
	expect(w, viewer_find(&w->office.pbx, SLICE("192.0.2.3"), true)->held == 1);
	expect(w, !viewer_find(&w->office.pbx, SLICE("192.0.2.3"), false));
	expect_quiet(w);
}
