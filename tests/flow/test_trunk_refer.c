/* SPDX-License-Identifier: MIT */
/*
 * Transfers and what a trunk's configuration says of its calls: which of our numbers are known
 * outside, and how many calls there may be. Bob (201) and carol (202) are phones; Erika calls bob
 * from outside, by the provider acme, a raw peer.
 */
#include "texts.h"
#include "world.h"

#include <stdio.h>

#define ACME_IP "192.0.2.4"

static struct world *erika_talks_to_bob(struct raw **ret_acme, const struct trunk_config *rest)
{
	static const char *const numbers[] = { "+493012345*", "*", "+4930555", OFFICE_GROUP, NULL };
	struct world *w = world_new("bob", "carol");
	struct raw *acme = world_raw(w, "acme");
	struct trunk_config trunk = *rest;

	trunk.name = SLICE("acme");
	trunk.uri = SLICE("sip:" ACME_IP);
	trunk.from_domain = SLICE("acme.example");
	office_add_trunk(&w->office, &trunk, numbers);
	world_group(w);
	world_start(w);
	raw_ask(acme, "INVITE sip:+493012345201@192.0.2.1 SIP/2.0\n{via}\nMax-Forwards: 70\n"
		      "From: <sip:+4930999@acme.example>;tag=erika\n"
		      "To: <sip:+493012345201@192.0.2.1>\nCall-ID: e1\nCSeq: {cseq} INVITE\n"
		      "{auth}\nContact: <sip:gw@" ACME_IP
		      ">\nAllow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\n"
		      "Supported: replaces\n" TEXT_WITH_SDP(ACME_IP, "8 0"));
	answer(w, "bob");
	(void)raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	acme->cseq = 20;
	*ret_acme = acme;
	return w;
}

/* --- Numbers ------------------------------------------------------------------------------ */

static unsigned erika_refers_to(struct raw *acme, const char *uri)
{
	char rest[512];

	snprintf(rest, sizeof(rest), "Contact: <sip:gw@" ACME_IP ">\nRefer-To: <%s>\n" TEXT_END,
		 uri);
	return raw_speak(acme, "SIP/2.0 200", "", "REFER", rest);
}

/* A row each: the last one leads there for good. */
FLOW_PLAIN(a_provider_transfers_to_numbers_as_they_are_known_outside, "RFC 5589 6.2")
{
	static const char *const uris[] = {
		"sip:202@192.0.2.1",
		"sip:+493012345202@192.0.2.1",
		"sip:%2B493012345202@" OFFICE_DOMAIN ";user=phone",
		"sip:+493012345202@acme.example",
		"sip:+4930555@" ACME_IP,
	};
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme, &(struct trunk_config){ 0 });

	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		if (i > 0)
			hang_up(w, "carol");
		expect(w, erika_refers_to(acme, uris[i]) == 202);
		expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	}
	answer(w, "carol");
	expect_talking(w, "bob", "carol");
	advance_ms(w, 5000);
	expect_quiet(w);
}

FLOW_PLAIN(a_number_that_is_known_nowhere_is_no_target, "RFC 5589 6.3, SECURITY R3")
{
	static const struct {
		const char *uri;
		unsigned status;
	} rows[] = {
		{ "sip:202@acme.example", 404 },
		{ "sip:+4930999@192.0.2.1", 404 },
		{ "sip:+493012345299@192.0.2.1", 404 },
		{ "sip:+493012345202@elsewhere.example", 404 },
		{ "sip:+493012345201@192.0.2.1", 403 }, /* bob, who would be sent to himself */
		{ "sip:+493012345**202@192.0.2.1", 404 },
	};
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme, &(struct trunk_config){ 0 });

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(w, erika_refers_to(acme, rows[i].uri) == rows[i].status);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	expect_quiet(w);
}

/* --- How many ----------------------------------------------------------------------------- */

static const struct trunk_config one_call = { .calls_max = 1, .refer = REFER_FORWARD };

#define CALLED(uri, call, lines)                                                                   \
	"INVITE " uri " SIP/2.0\n{via}\nMax-Forwards: 70\n"                                        \
	"From: <sip:+4930999@acme.example>;tag=t" call "\nTo: <" uri ">\nCall-ID: " call           \
	"\nCSeq: {cseq} INVITE\nContact: <sip:gw@" ACME_IP ">\n" lines                             \
	TEXT_WITH_SDP(ACME_IP, "8 0")

/* Carol has answered, and bob hears of it. */
static void expect_transferred(struct world *w, struct raw *acme)
{
	(void)raw_speak(acme, "SIP/2.0 200", "", "ACK", TEXT_END);
	expect(w, raw_speak(acme, "REFER", "", "NOTIFY",
			    "Event: refer\nSubscription-State: terminated;reason=noresource\n"
			    "Contact: <sip:gw@" ACME_IP ">\nContent-Type: message/sipfrag\n"
			    "Content-Length: {len}\n\nSIP/2.0 200 OK\n") == 200);
	expect_transfer(w, "bob", PHONE_RESULT_DONE, 200);
	advance_ms(w, 5000);
	expect_calls(w, "carol", PHONE_CALL_TALKING, 1);
	expect(w, phone_call_count(&world_phone(w, "bob")->phone) == 0);
	expect(w, w->office.pbx.calls.held_count == 1);
}

FLOW_PLAIN(a_transfer_is_not_one_call_more, "RFC 5589 6.2, SECURITY R3")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme, &one_call);

	expect(w, raw_ask(acme, CALLED("sip:202@192.0.2.1", "e2", "")) == 486);
	transfer(w, "bob", "carol");
	expect(w, raw_count(acme, "REFER") == 1);
	expect(w, raw_ask(acme, CALLED("sip:202@192.0.2.1", "e3", "")) == 180);
	/* For once, and for nobody else. */
	expect(w, raw_ask(acme, CALLED("sip:" OFFICE_GROUP "@192.0.2.1", "e4", "")) == 486);
	expect(w, raw_ask(acme, CALLED("sip:202@192.0.2.1", "e5", "")) == 486);
	answer(w, "carol");
	expect_transferred(w, acme);
	expect(w, raw_ask(acme, CALLED("sip:202@192.0.2.1", "e6", "")) == 486);
	expect_quiet(w);
}

/* The Replaces that the last REFER wants, as a line. */
static void print_replaces(const struct raw *acme, char *line, size_t size)
{
	const char *value = strstr(raw_last(acme, "REFER"), "?Replaces=");
	char text[256] = "";
	struct buf plain = { .p = text, .cap = sizeof(text) - 1 };

	CHECK(value);
	value += strlen("?Replaces=");
	CHECK(uri_unescape(&plain, slice_of(value, strcspn(value, "&>"))) == 0);
	snprintf(line, size, "Replaces: %s\n", text);
}

FLOW_PLAIN(an_attended_transfer_is_not_one_call_more, "RFC 5589 7.1, RFC 3891 3")
{
	struct raw *acme;
	struct world *w = erika_talks_to_bob(&acme, &one_call);
	char line[512], text[2048];

	dial(w, "bob", "carol");
	answer(w, "carol");
	transfer_attended(w, "bob");
	expect(w, raw_count(acme, "REFER") == 1);
	print_replaces(acme, line, sizeof(line));
	snprintf(text, sizeof(text), CALLED("sip:202@192.0.2.1", "e2", "%s"), line);
	expect(w, raw_ask(acme, text) == 200);
	expect_transferred(w, acme);
	expect_quiet(w);
}
