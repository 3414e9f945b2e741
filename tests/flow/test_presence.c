/* SPDX-License-Identifier: MIT */
/*
 * The lamp in the words of presence (RFC 3856, RFC 3863, RFC 4480): the same truth as dialog-info,
 * with the same rights.
 */
#include "pbx/dnd.h"
#include "texts.h"
#include "world.h"

#define SUBSCRIBE(to, call)                                                                        \
	TEXT_HEAD("SUBSCRIBE", "201", to, call)                                                    \
	TEXT_CONTACT("201", "192.0.2.5")                                                           \
	"Event: presence\nAccept: application/pidf+xml\nExpires: 3600\n" TEXT_END

static unsigned say(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}

static bool told(const struct raw *raw, const char *what)
{
	return strstr(raw_last(raw, "NOTIFY"), what) != NULL;
}

/* A softphone of alice is raw; bob and carol are phones. */
static struct world *office_with_raw(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_raw = world_raw(w, "raw");
	world_start(w);
	advance_ms(w, 100);
	return w;
}

#define IS_FREE(raw) (told(raw, "<basic>open</basic>") && !told(raw, "rpid:activities"))
#define IS_ON_THE_PHONE(raw)                                                                       \
	(told(raw, "<rpid:busy/><rpid:on-the-phone/>") && told(raw, "<note>On the phone</note>"))

FLOW(a_softphone_sees_who_is_on_the_phone, "RFC 3856 6, RFC 3863 4.1, RFC 4480 3.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);
	size_t told_before;

	expect(w, say(raw, SUBSCRIBE("202", "s")) == 200);
	expect_ladder(w, "raw -> switch SUBSCRIBE presence", "switch -> raw 200 SUBSCRIBE",
		      "switch -> raw NOTIFY presence");
	expect(w, told(raw, "Content-Type: application/pidf+xml\r\n"));
	expect(w, told(raw, "entity=\"sip:202@" OFFICE_DOMAIN "\""));
	expect(w, told(raw, "<contact>sip:202@" OFFICE_DOMAIN "</contact>") && IS_FREE(raw));
	dial(w, "carol", "bob");
	expect(w, told(raw, "<rpid:busy/>") && !told(raw, "on-the-phone"));
	expect(w, told(raw, "<note>Ringing</note>") && told(raw, "<dm:note>Ringing</dm:note>"));
	answer(w, "bob");
	expect(w, IS_ON_THE_PHONE(raw));
	/* Nobody's business: the document would be the same. */
	told_before = raw_count(raw, "NOTIFY");
	hold(w, "bob");
	resume(w, "bob");
	expect(w, raw_count(raw, "NOTIFY") == told_before);
	hang_up(w, "carol");
	expect(w, IS_FREE(raw));
	dial(w, "bob", "carol");
	expect(w, IS_ON_THE_PHONE(raw));
	hang_up(w, "bob");
	expect(w, IS_FREE(raw));
	expect_quiet(w);
}

FLOW_PLAIN(a_second_call_rings_while_on_the_phone, "RFC 4480 3.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s")) == 200);
	dial(w, "bob", "carol");
	answer(w, "carol");
	dial(w, "alice", "bob");
	/* It is alice's own call: her lamp promises her no pick-up, and her softphone no other. */
	expect(w, IS_ON_THE_PHONE(raw));
	expect_quiet(w);
}

FLOW_PLAIN(presence_tells_what_is_no_call, "RFC 3863 4.1.4, RFC 4480 3.2")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	expect(w, say(raw, SUBSCRIBE("202", "s")) == 200);
	expect(w, dnd_set(&w->office.pbx, SLICE("202"), true) == 0);
	advance_ms(w, 100);
	expect(w, told(raw, "<basic>open</basic>") && told(raw, "<rpid:busy/></rpid:"));
	expect(w, told(raw, "<note>Do not disturb</note>"));
	expect(w, dnd_set(&w->office.pbx, SLICE("202"), false) == 0);
	advance_ms(w, 100);
	expect(w, IS_FREE(raw) && !told(raw, "note>"));
	world_extension(w, "bob")->forward.to[FORWARD_ALWAYS] = SLICE("203");
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, IS_FREE(raw) && told(raw, "<note>Forwarded</note>"));
	world_extension(w, "bob")->forward.to[FORWARD_ALWAYS] = SLICE_NONE;
	phone_stop(&w->phones[1].phone);
	advance_ms(w, 100);
	expect(w, told(raw, "<basic>closed</basic>") && told(raw, "<note>Not registered</note>"));
	expect_quiet(w);
}

FLOW_PLAIN(presence_goes_as_far_as_the_right_to_see, "RFC 3856 9, SECURITY S6")
{
	struct raw *raw;
	struct world *w = office_with_raw(&raw);

	world_extension(w, "bob")->visibility = VISIBILITY_BUSY;
	expect(w, say(raw, SUBSCRIBE("202", "s")) == 200);
	dial(w, "carol", "bob");
	expect(w, told(raw, "<rpid:busy/></rpid:") && told(raw, "<note>Busy</note>"));
	hang_up(w, "carol");
	expect(w, IS_FREE(raw));
	world_extension(w, "bob")->visibility = VISIBILITY_CALLS;
	world_extension(w, "bob")->pickup = PICKUP_NONE;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	dial(w, "carol", "bob");
	/* Who may not pick up is not invited to. */
	expect(w, IS_ON_THE_PHONE(raw) && !told(raw, "203"));
	hang_up(w, "carol");
	world_extension(w, "bob")->visibility = VISIBILITY_NONE;
	pbx_set_directory(&w->office.pbx, w->office.directory);
	advance_ms(w, 100);
	expect(w, told(raw, "Subscription-State: terminated;reason=noresource"));
	expect(w, !told(raw, "<basic>open"));
	expect(w, say(raw, SUBSCRIBE("202", "t")) == 404 && say(raw, SUBSCRIBE("299", "u")) == 404);
	expect_quiet(w);
}
