/* SPDX-License-Identifier: MIT */
/*
 * What phones are told of their own extension: that no message waits (RFC 3842), and who has
 * registered for it (RFC 3680).
 */
#include "pbx/api.h"
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define SUBSCRIBE(to, call, event)                                                                 \
	TEXT_HEAD("SUBSCRIBE", "201", to, call)                                                    \
	TEXT_CONTACT("201", "192.0.2.4") "Event: " event "\n"
#define REFRESH(event) TEXT_CONTACT("201", "192.0.2.4") "Event: " event "\n" TEXT_END
#define REGISTER(call, contact)                                                                    \
	TEXT_HEAD("REGISTER", "201", "201", call) "Contact: <sip:201@" contact ">\n"

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* Within the subscription, if there is one. */
static unsigned speak(struct raw *raw, const char *rest)
{
	return raw_count(raw, "NOTIFY") > 0 ? raw_speak(raw, "NOTIFY", "", "SUBSCRIBE", rest) : 0;
}

/* A second phone of alice is raw. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob");

	*ret_raw = world_raw(w, "raw");
	world_start(w);
	advance_ms(w, 100);
	return w;
}

FLOW_PLAIN(an_unknown_package_is_refused_with_those_that_are_known, "RFC 6665 7.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("201", "s", "conference") TEXT_END) == 489);
	expect(w, strstr(raw_last(raw, "SIP/2.0 489"),
			 "Allow-Events: dialog, presence, message-summary, reg, as-feature-event"));
	expect_quiet(w);
}

FLOW(a_phone_is_told_that_no_message_waits, "RFC 3842 3.1, 5.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("201", "s", "message-summary") TEXT_END) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE message-summary", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY message-summary");
	expect(w, told(raw, "Content-Type: application/simple-message-summary\r\n"));
	expect(w, told(raw, "\r\n\r\nMessages-Waiting: no\r\n"));
	expect(w, told(raw, "Message-Account: sip:201@" OFFICE_DOMAIN "\r\n"));
	expect(w, speak(raw, REFRESH("message-summary")) == 200);
	expect(w, raw_count(raw, "NOTIFY") == 2);
	expect(w, told(raw, "Messages-Waiting: no"));
	expect_quiet(w);
}

FLOW_PLAIN(nobody_asks_for_what_is_somebody_elses, "RFC 3680 4.6, RFC 3842 3.6")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "a", "message-summary") TEXT_END) == 403);
	expect(w, say(raw, SUBSCRIBE("299", "b", "message-summary") TEXT_END) == 403);
	expect(w, say(raw, SUBSCRIBE("202", "c", "reg") TEXT_END) == 403);
	expect(w, say(raw, SUBSCRIBE("299", "d", "reg") TEXT_END) == 403);
	expect(w, say(raw, SUBSCRIBE("201", "e", "reg") "Accept: text/plain\n" TEXT_END) == 406);
	expect(w, raw_ask(raw, SUBSCRIBE("201", "f", "reg") TEXT_END) == 401);
	expect(w, raw_count(raw, "NOTIFY") == 0);
	expect_quiet(w);
}

FLOW(registrations_are_told_as_they_come_and_go, "RFC 3680 4.7, 5")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("201", "s", "reg") "Expires: 3600\n" TEXT_END) == 200);
	expect(w, told(raw, "version=\"0\" state=\"full\""));
	expect(w, told(raw, "<contact id=") && told(raw, "<uri>sip:201@192.0.2.2"));
	expect(w, say(raw, REGISTER("r1", "192.0.2.9") "Expires: 100\n" TEXT_END) == 200);
	expect(w, told(raw, "version=\"1\" state=\"partial\"") && !told(raw, "192.0.2.2"));
	expect(w, told(raw, "event=\"registered\" expires=\"100\" callid=\"r1\" cseq=\""));
	expect(w, told(raw, "<uri>sip:201@192.0.2.9</uri>"));
	/* A refresh is no news. */
	expect(w, say(raw, REGISTER("r1", "192.0.2.9") "Expires: 100\n" TEXT_END) == 200);
	expect(w, raw_count(raw, "NOTIFY") == 2);
	advance_ms(w, 101000);
	expect(w, told(raw, "version=\"2\" state=\"partial\""));
	expect(w, told(raw, "state=\"terminated\" event=\"expired\">\n<uri>sip:201@192.0.2.9<"));
	expect(w, say(raw, TEXT_HEAD("REGISTER", "201", "201",
				     "r2") "Contact: *\nExpires: 0\n" TEXT_END) == 200);
	expect(w, told(raw, "version=\"3\"") && told(raw, "event=\"unregistered\""));
	expect(w, told(raw, "aor=\"sip:201@" OFFICE_DOMAIN "\" state=\"terminated\""));
	expect(w, speak(raw, REFRESH("reg")) == 200);
	expect(w, told(raw, "state=\"full\"") && told(raw, "state=\"init\""));
	expect(w, !told(raw, "<contact"));
	expect_quiet(w);
}

FLOW_PLAIN(what_was_not_acknowledged_is_told_in_full, "RFC 3680 4.10, RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("201", "s", "reg") "Expires: 3600\n" TEXT_END) == 200);
	raw->is_mute = true;
	expect(w, say(raw, REGISTER("r1", "192.0.2.9") TEXT_END) == 200);
	expect(w, say(raw, REGISTER("r2", "192.0.2.10") TEXT_END) == 200);
	advance_ms(w, 40000);
	raw->is_mute = false;
	advance_ms(w, 40000);
	expect(w, told(raw, "state=\"full\"") && told(raw, "192.0.2.9") && told(raw, "192.0.2.10"));
	expect_quiet(w);
}

FLOW_PLAIN(more_ends_than_are_remembered_are_told_in_full, "RFC 3680 5.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char text[1024];

	expect(w, say(raw, SUBSCRIBE("201", "s", "reg") "Expires: 3600\n" TEXT_END) == 200);
	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text),
			 REGISTER("r%d", "192.0.2.9:%d") "Expires: 60\n" TEXT_END, i, i, 7000 + i);
		expect(w, say(raw, text) == 200);
	}
	expect(w, told(raw, "state=\"partial\"") && told(raw, "192.0.2.9:7005"));
	advance_ms(w, 50000);
	raw->is_mute = true;
	expect(w, say(raw, REGISTER("r0", "192.0.2.9:7000") "Expires: 0\n" TEXT_END) == 200);
	advance_ms(w, 12000);
	raw->is_mute = false;
	advance_ms(w, 5000);
	expect(w, told(raw, "state=\"full\"") && !told(raw, "192.0.2.9:"));
	expect_quiet(w);
}

FLOW_PLAIN(what_is_ones_own_ends_with_the_extension, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	struct directory *directory = directory_new((const uint64_t[2]){ 1, 2 });

	expect(w, say(raw, SUBSCRIBE("201", "s", "reg") TEXT_END) == 200);
	expect(w, directory_set_domain(directory, SLICE(OFFICE_DOMAIN)) == 0);
	pbx_set_directory(&w->office.pbx, directory);
	directory_unref(directory);
	advance_ms(w, 100);
	expect(w, told(raw, "Subscription-State: terminated;reason=noresource"));
	expect(w, w->office.pbx.stack.notifiers.held_count == 0);
	expect_quiet(w);
}

FLOW_PLAIN(who_stops_says_that_it_is_over_for_now, "RFC 6665 4.2.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("201", "s", "message-summary") TEXT_END) == 200);
	pbx_stop(&w->office.pbx);
	advance_ms(w, 100);
	expect(w, told(raw, "Subscription-State: terminated;reason=deactivated"));
	expect_quiet(w);
}

FLOW_PLAIN(what_ones_phones_watch_is_shown_to_tools, "RFC 6665 8.2.1")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	char text[API_ROW_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;

	expect(w, say(raw, SUBSCRIBE("201", "s", "reg;id=7") TEXT_END) == 200);
	api_cursor_init(&cursor, &w->office.pbx, API_SUBSCRIPTIONS, SLICE("201"));
	expect(w, api_next(&cursor, &buf) == API_ROW);
	expect(w, slice_starts_with(buf_text(&buf),
				    SLICE("{\"type\":\"subscription\",\"watcher\":\"201\","
					  "\"watched\":\"201\",\"event\":\"reg\","
					  "\"state\":\"active\"")));
	expect(w, api_next(&cursor, &buf) != API_ROW);
	api_cursor_fini(&cursor);
	expect_quiet(w);
}
