/* SPDX-License-Identifier: MIT */
/*
 * What the phone says in a REFER, what it does for one, and which keys make it send one. How three
 * phones do it together is in tests/flow/test_phone_transfer.c.
 */
#include "base/check.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OF_ALICE "\"call\":1," ALICE
#define CAROL_LINES "Contact: <sip:204@192.0.2.1:5070>\r\nContent-Type: application/sdp\r\n"

static void expect_header(const struct sip_msg *msg, enum sip_header_id id, const char *value)
{
	if (!slice_eq(sip_msg_value(msg, id), slice_from_cstr(value)))
		fail_msg("%.*s is not %s", SLICE_ARGS(sip_msg_value(msg, id)), value);
}

/* What has become of the REFER in the dialog of Alice's call. */
static void notify(struct phone_rig *rig, const char *tag, unsigned cseq, const char *state,
		   const char *fragment)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnotify%u\n"
		 "From: \"Alice\" <sip:201@pbx.example.com>;tag=a\n"
		 "To: <sip:203@pbx.example.com>;tag=%s\n"
		 "Call-ID: in1\nCSeq: %u NOTIFY\nMax-Forwards: 70\n"
		 "Contact: <sip:201@192.0.2.1:5060>\nEvent: refer\nSubscription-State: %s\n"
		 "Content-Type: message/sipfrag;version=2.0\n",
		 cseq, tag, cseq, state);
	fake_peer_send(&rig->peer, text, fragment);
	(void)fake_peer_take_response(&rig->peer, 200);
}

/* Alice called, and talks. */
static void start(struct phone_rig *rig, const struct phone_config *config, char tag[64])
{
	phone_rig_start(rig, config);
	phone_rig_talk(rig, "in1", tag);
	phone_rig_forget(rig);
}

/* Alice is held, and Carol, sip:204, rings or talks. The ids of that dialog. */
static void consult(struct phone_rig *rig, bool talks, char call_id[64], char our_tag[64])
{
	const struct sip_msg *msg;

	if (phone_count_calls_in(&rig->phone, PHONE_CALL_CALLING) == 0)
		phone_command(&rig->phone, SLICE("dial 204"));
	(void)fake_peer_take_request(&rig->peer, METHOD_INVITE);
	fake_peer_answer(&rig->peer, 200, "",
			 "Contact: <sip:201@192.0.2.1>\r\n"
			 "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	msg = fake_peer_take_request(&rig->peer, METHOD_INVITE);
	snprintf(call_id, 64, "%.*s", SLICE_ARGS(msg->call_id));
	snprintf(our_tag, 64, "%.*s", SLICE_ARGS(msg->from_tag));
	fake_peer_answer(&rig->peer, talks ? 200 : 180, "c",
			 talks ? CAROL_LINES : "Contact: <sip:204@192.0.2.1:5070>\r\n",
			 talks ? SDP : "");
	(void)fake_peer_take_request(&rig->peer, METHOD_ACK);
	if (talks)
		(void)fake_peer_take_request(&rig->peer, METHOD_ACK);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(phone_count_calls_in(&rig->phone, PHONE_CALL_HOLDING), 1);
	phone_rig_forget(rig);
}

static void expect_refer_to_carol(struct phone_rig *rig, const char *call_id, const char *our_tag)
{
	char value[256];

	snprintf(value, sizeof(value),
		 "<sip:204@192.0.2.1:5070?Replaces=%s%%3Bto-tag%%3Dc%%3Bfrom-tag%%3D%s>", call_id,
		 our_tag);
	expect_header(fake_peer_take_request(&rig->peer, METHOD_REFER), HDR_REFER_TO, value);
	assert_true(slice_eq(rig->peer.msg.call_id, SLICE("in1")));
}

/* --- Asking for it ------------------------------------------------------------------------ */

static void a_blind_transfer_says_where_and_who(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start(&rig, &(struct phone_config){ .display_name = SLICE("Carl") }, tag);
	phone_command(&rig.phone, SLICE("transfer 204"));
	expect_header(fake_peer_take_request(&rig.peer, METHOD_REFER), HDR_REFER_TO,
		      "<sip:204@pbx.example.com>");
	expect_header(&rig.peer.msg, HDR_REFERRED_BY, "\"Carl\" <sip:203@pbx.example.com>");
	fake_peer_answer(&rig.peer, 202, "", "Contact: <sip:201@192.0.2.1>\r\n", "");
	phone_rig_expect(&rig,
			 "{\"event\":\"transfer\"," OF_ALICE
			 ",\"to\":\"sip:204@pbx.example.com\",\"by\":\"local\",\"status\":202,"
			 "\"reason\":\"Accepted\"}");
	notify(&rig, tag, 2, "active;expires=60", "SIP/2.0 180 It rings\r\n");
	phone_rig_expect(&rig,
			 "{\"event\":\"transfer\"," OF_ALICE
			 ",\"to\":\"sip:204@pbx.example.com\",\"by\":\"local\",\"status\":180,"
			 "\"reason\":\"It rings\"}");
	phone_command(&rig.phone, SLICE("transfer 205"));
	phone_rig_expect(&rig,
			 "{\"event\":\"error\",\"text\":\"call 1 is being transferred already\"}");
	notify(&rig, tag, 3, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
	phone_rig_expect(&rig,
			 "{\"event\":\"transfer\"," OF_ALICE
			 ",\"to\":\"sip:204@pbx.example.com\",\"by\":\"local\",\"status\":200,"
			 "\"reason\":\"OK\",\"result\":\"done\"}");
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	assert_int_equal(phone_call_count(&rig.phone), 0);
	phone_rig_end(&rig);
}

static void an_attended_transfer_names_the_other_dialog(void **state)
{
	(void)state;
	for (int talks = 0; talks < 2; talks++) {
		struct phone_rig rig;
		char tag[64], call_id[64], our_tag[64];

		start(&rig, NULL, tag);
		consult(&rig, talks, call_id, our_tag);
		phone_command(&rig.phone, SLICE("transfer attended"));
		expect_refer_to_carol(&rig, call_id, our_tag);
		fake_peer_answer(&rig.peer, 202, "", "", "");
		notify(&rig, tag, 2, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
		(void)fake_peer_take_request(&rig.peer, talks ? METHOD_BYE : METHOD_CANCEL);
		(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
		assert_int_equal(phone_call_count(&rig.phone), 0);
		phone_rig_end(&rig);
	}
}

#define CHALLENGE "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n"

/* RFC 4538 4: it names the dialog as we see it, and has to prove who we are. */
static void a_refer_beside_the_dialog_names_it(void **state)
{
	struct phone_rig rig;
	char tag[64], value[128];

	(void)state;
	start(&rig, &(struct phone_config){ .transfer_outside = true, .password = SLICE("secret") },
	      tag);
	phone_command(&rig.phone, SLICE("transfer 204"));
	(void)fake_peer_take_request(&rig.peer, METHOD_REFER);
	fake_peer_answer(&rig.peer, 401, "r", CHALLENGE, "");
	(void)fake_peer_take_request(&rig.peer, METHOD_REFER);
	snprintf(value, sizeof(value), "in1;local-tag=%s;remote-tag=a", tag);
	expect_header(&rig.peer.msg, HDR_TARGET_DIALOG, value);
	expect_header(&rig.peer.msg, HDR_REFER_TO, "<sip:204@pbx.example.com>");
	assert_non_null(sip_msg_header(&rig.peer.msg, HDR_AUTHORIZATION));
	assert_true(slice_is_empty(rig.peer.msg.to_tag));
	assert_false(slice_eq(rig.peer.msg.call_id, SLICE("in1")));
	fake_peer_answer(&rig.peer, 202, "r", "Contact: <sip:201@192.0.2.1>\r\n", "");
	assert_non_null(memmem(rig.events, rig.events_n, "\"status\":202", 12));
	phone_rig_end(&rig);
}

/* There are makes that know no other way to who still rings. */
static void who_still_rings_is_called_anew(void **state)
{
	struct phone_rig rig;
	char tag[64], call_id[64], our_tag[64];

	(void)state;
	start(&rig, &(struct phone_config){ .transfer_cancels = true }, tag);
	consult(&rig, false, call_id, our_tag);
	phone_command(&rig.phone, SLICE("transfer attended"));
	(void)fake_peer_take_request(&rig.peer, METHOD_CANCEL);
	expect_header(fake_peer_take_request(&rig.peer, METHOD_REFER), HDR_REFER_TO,
		      "<sip:204@pbx.example.com>");
	assert_true(slice_eq(rig.peer.msg.call_id, SLICE("in1")));
	assert_int_equal(phone_call_count(&rig.phone), 1);
	phone_rig_end(&rig);
}

/* The numbers say which one goes to which, whoever is held. */
static void the_numbers_choose_the_two_calls(void **state)
{
	struct phone_rig rig;
	char tag[64], call_id[64], our_tag[64];

	(void)state;
	start(&rig, NULL, tag);
	consult(&rig, true, call_id, our_tag);
	phone_command(&rig.phone, SLICE("transfer attended 2 1"));
	assert_true(slice_eq(fake_peer_take_request(&rig.peer, METHOD_REFER)->call_id,
			     slice_from_cstr(call_id)));
	phone_command(&rig.phone, SLICE("transfer attended 1 1"));
	phone_rig_expect(&rig, "{\"event\":\"error\",\"text\":\"no call 1 is on hold to be "
			       "transferred\"}");
	phone_rig_end(&rig);
}

static const struct {
	const char *name;
	const char *state;
	const char *fragment;
	const char *told;
} endings[] = {
	{ "busy", "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n",
	  "\"status\":486,\"reason\":\"Busy Here\",\"result\":\"failed\"}" },
	{ "a final one without an end", "active;expires=60", "SIP/2.0 603 No\r\n",
	  "\"status\":603,\"reason\":\"No\",\"result\":\"failed\"}" },
	{ "an end without a final one", "terminated;reason=timeout", "SIP/2.0 100 Trying\r\n",
	  "\"by\":\"local\",\"result\":\"failed\"}" },
};

static void a_transfer_that_fails_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct phone_rig rig;
		char tag[64];

		start(&rig, NULL, tag);
		phone_command(&rig.phone, SLICE("transfer 204"));
		(void)fake_peer_take_request(&rig.peer, METHOD_REFER);
		fake_peer_answer(&rig.peer, 202, "", "", "");
		notify(&rig, tag, 2, endings[i].state, endings[i].fragment);
		if (!memmem(rig.events, rig.events_n, endings[i].told, strlen(endings[i].told)))
			fail_msg("%s: %.*s", endings[i].name, (int)rig.events_n, rig.events);
		assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
		assert_true(fake_peer_is_idle(&rig.peer));
		/* And it can be tried again. */
		phone_command(&rig.phone, SLICE("transfer 205"));
		(void)fake_peer_take_request(&rig.peer, METHOD_REFER);
		phone_rig_end(&rig);
	}
}

/* Both talk until the hold of the first one is agreed on. */
static void the_call_that_we_talk_in_is_meant(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start(&rig, NULL, tag);
	phone_rig_invite(&rig, "in2", "", SDP);
	(void)fake_peer_take_response(&rig.peer, 100);
	(void)fake_peer_take_response(&rig.peer, 180);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 2);
	phone_command(&rig.phone, SLICE("transfer 204"));
	assert_true(
		slice_eq(fake_peer_take_request(&rig.peer, METHOD_REFER)->call_id, SLICE("in2")));
	phone_rig_end(&rig);
}

/* The make that holds first holds whom it has asked, too, as snom's page shows it. */
static void who_was_asked_is_held_and_resumed(void **state)
{
	struct phone_rig rig;
	char tag[64], call_id[64], our_tag[64];

	(void)state;
	start(&rig, &(struct phone_config){ .transfer_holds = true }, tag);
	consult(&rig, true, call_id, our_tag);
	phone_command(&rig.phone, SLICE("transfer attended"));
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendonly\r\n");
	assert_true(slice_eq(rig.peer.msg.call_id, slice_from_cstr(call_id)));
	assert_true(fake_peer_is_idle(&rig.peer));
	fake_peer_answer(&rig.peer, 200, "", CAROL_LINES, SDP "a=recvonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	expect_refer_to_carol(&rig, call_id, our_tag);
	fake_peer_answer(&rig.peer, 202, "", "", "");
	notify(&rig, tag, 2, "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n");
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendrecv\r\n");
	assert_true(slice_eq(rig.peer.msg.call_id, slice_from_cstr(call_id)));
	phone_rig_end(&rig);
}

/* Nobody is left to transfer to when Carol hangs up before she is held. */
static void who_was_asked_hangs_up_before_the_hold(void **state)
{
	struct phone_rig rig;
	char tag[64], call_id[64], our_tag[64], text[512];

	(void)state;
	start(&rig, &(struct phone_config){ .transfer_holds = true }, tag);
	consult(&rig, true, call_id, our_tag);
	phone_command(&rig.phone, SLICE("transfer attended"));
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	snprintf(text, sizeof(text),
		 "BYE sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKbye\n"
		 "From: <sip:204@pbx.example.com>;tag=c\nTo: <sip:203@pbx.example.com>;tag=%s\n"
		 "Call-ID: %s\nCSeq: 1 BYE\nMax-Forwards: 70\n",
		 our_tag, call_id);
	fake_peer_send(&rig.peer, text, "");
	phone_rig_expect(&rig, "{\"event\":\"transfer\"," OF_ALICE
			       ",\"to\":\"sip:204@pbx.example.com\",\"by\":\"local\","
			       "\"result\":\"failed\"}");
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_HOLDING), 1);
	phone_command(&rig.phone, SLICE("transfer 205"));
	while (fake_peer_take(&rig.peer)->method != METHOD_REFER)
		;
	phone_rig_end(&rig);
}

/* --- Keys --------------------------------------------------------------------------------- */

static void start_with_key(struct phone_rig *rig, enum phone_key_kind kind,
			   enum phone_key_transfer how, char tag[64])
{
	struct phone_key_config key = { .number = 1, .kind = kind, .target = SLICE("204") };
	struct phone_config config = { .keys = &key, .key_count = 1, .key_transfer = how };

	phone_rig_start(rig, &config);
	if (kind != PHONE_KEY_SPEED)
		phone_rig_take_subscribe(rig);
	phone_rig_talk(rig, "in1", tag);
}

static void a_key_calls_during_a_call(void **state)
{
	struct phone_rig rig;
	char tag[64], call_id[64], our_tag[64];

	(void)state;
	start_with_key(&rig, PHONE_KEY_BLF, PHONE_KEY_CALLS, tag);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	consult(&rig, true, call_id, our_tag);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	assert_int_equal(phone_call_count(&rig.phone), 3);
	phone_rig_end(&rig);
}

static void the_second_press_brings_together(void **state)
{
	(void)state;
	for (int talks = 0; talks < 2; talks++) {
		struct phone_rig rig;
		char tag[64], call_id[64], our_tag[64];

		start_with_key(&rig, talks ? PHONE_KEY_BLF : PHONE_KEY_SPEED, PHONE_KEY_ATTENDED,
			       tag);
		assert_int_equal(phone_press(&rig.phone, 1), 0);
		consult(&rig, talks, call_id, our_tag);
		assert_int_equal(phone_press(&rig.phone, 1), 0);
		expect_refer_to_carol(&rig, call_id, our_tag);
		phone_rig_end(&rig);
	}
}

/* Nobody waits, so there is nothing to bring together. */
static void a_press_during_its_own_call_is_no_transfer(void **state)
{
	struct phone_key_config key = { .number = 1,
					.kind = PHONE_KEY_SPEED,
					.target = SLICE("204") };
	struct phone_config config = { .keys = &key,
				       .key_count = 1,
				       .key_transfer = PHONE_KEY_ATTENDED };
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, &config);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "c", CAROL_LINES, SDP);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	phone_rig_end(&rig);
}

static void a_key_transfers_blind(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start_with_key(&rig, PHONE_KEY_BLF, PHONE_KEY_BLIND, tag);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	expect_header(fake_peer_take_request(&rig.peer, METHOD_REFER), HDR_REFER_TO,
		      "<sip:204@pbx.example.com>");
	phone_rig_end(&rig);
}

/* PHONES trap 20 of the field: REFER to the orbit while we talk, INVITE when idle. */
static void a_park_key_parks_and_fetches(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start_with_key(&rig, PHONE_KEY_PARK, PHONE_KEY_CALLS, tag);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	expect_header(fake_peer_take_request(&rig.peer, METHOD_REFER), HDR_REFER_TO,
		      "<sip:204@pbx.example.com>");
	fake_peer_answer(&rig.peer, 202, "", "", "");
	notify(&rig, tag, 2, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	fake_peer_answer(&rig.peer, 200, "", "", "");
	phone_rig_notify(
		&rig, DIALOG_INFO("1", "full") "<dialog id=\"1\" direction=\"recipient\">"
					       "<state>confirmed</state></dialog>" DIALOG_INFO_END);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF); /* of somebody else: 202 */
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	assert_true(slice_eq(fake_peer_take_request(&rig.peer, METHOD_INVITE)->uri.text,
			     SLICE("sip:204@pbx.example.com")));
	phone_rig_end(&rig);
}

/* --- Being sent --------------------------------------------------------------------------- */

#define REFER_LINES "Contact: <sip:201@192.0.2.1>\n"

static const struct {
	const char *name;
	const char *lines;
	unsigned status;
} refused[] = {
	{ "nowhere", "", 400 },
	{ "twice", "Refer-To: <sip:204@h>\nRefer-To: <sip:205@h>\n", 400 },
	{ "a telephone number", "Refer-To: <tel:+4930123>\n", 416 },
	{ "another method", "Refer-To: <sip:204@h;method=BYE>\n", 403 },
	{ "a header that is not for others", "Refer-To: <sip:204@h?Route=%3Csip:x%3E>\n", 403 },
	{ "an extension that nobody has", "Require: dance\nRefer-To: <sip:204@h>\n", 420 },
};

static void a_refer_that_asks_too_much_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct phone_rig rig;
		char tag[64], lines[256];

		start(&rig, NULL, tag);
		snprintf(lines, sizeof(lines), REFER_LINES "%s", refused[i].lines);
		phone_rig_send(&rig, "REFER", 2, "in1", tag, lines, "");
		if (fake_peer_take(&rig.peer)->status != refused[i].status)
			fail_msg("%s: %u", refused[i].name, rig.peer.msg.status);
		assert_true(fake_peer_is_idle(&rig.peer));
		assert_int_equal(rig.events_n, 0);
		phone_rig_end(&rig);
	}
}

/* Takes the answer to a REFER, and the first NOTIFY. */
static void take_accepted(struct phone_rig *rig)
{
	(void)fake_peer_take_response(&rig->peer, 202);
	phone_rig_expect_in_body(fake_peer_take_request(&rig->peer, METHOD_NOTIFY),
				 "SIP/2.0 100 Trying\r\n");
	fake_peer_answer(&rig->peer, 200, "", "", "");
}

static void a_refer_makes_us_call(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start(&rig, NULL, tag);
	phone_rig_send(&rig, "REFER", 2, "in1", tag,
		       REFER_LINES "Referred-By: \"Alice\" <sip:201@pbx.example.com>\n"
				   "Refer-To: <sip:204@pbx.example.com?Replaces=x%40y%3Bto-tag%3D1"
				   "%3Bfrom-tag%3D2>\n",
		       "");
	(void)fake_peer_take_response(&rig.peer, 202);
	phone_rig_expect(&rig, "{\"event\":\"transfer\"," OF_ALICE
			       ",\"to\":\"sip:204@pbx.example.com\",\"by\":\"remote\"}");
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_NOTIFY), "SIP/2.0 100");
	expect_header(fake_peer_take_request(&rig.peer, METHOD_INVITE), HDR_REPLACES,
		      "x@y;to-tag=1;from-tag=2");
	expect_header(&rig.peer.msg, HDR_REFERRED_BY, "<sip:201@pbx.example.com>");
	assert_true(slice_eq(rig.peer.msg.uri.text, SLICE("sip:204@pbx.example.com")));
	/* Nobody holds whom he is about to leave, and one transfer is enough. */
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_rig_send(&rig, "REFER", 3, "in1", tag, REFER_LINES "Refer-To: <sip:205@h>\n", "");
	(void)fake_peer_take_response(&rig.peer, 491);
	phone_rig_end(&rig);
}

/* The referrer should hang up; after a while we do. */
static void we_end_what_the_referrer_does_not(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start(&rig, NULL, tag);
	phone_rig_send(&rig, "REFER", 2, "in1", tag, REFER_LINES "Refer-To: <sip:204@h>\n", "");
	take_accepted(&rig);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "c", CAROL_LINES, SDP);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_NOTIFY), "SIP/2.0 200");
	fake_peer_answer(&rig.peer, 200, "", "", "");
	assert_true(fake_peer_is_idle(&rig.peer));
	fake_peer_advance_ms(&rig.peer, 5000);
	assert_true(slice_eq(fake_peer_take_request(&rig.peer, METHOD_BYE)->call_id, SLICE("in1")));
	phone_rig_expect(&rig, "{\"event\":\"ended\"," OF_ALICE ",\"cause\":\"local\"}");
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	phone_rig_end(&rig);
}

/* Somebody picks up what rings for us elsewhere: to the referrer it is answered (RFC 3891 3). */
static void where_we_are_sent_is_picked_up(void **state)
{
	struct phone_rig rig;
	char tag[64], lines[256];

	(void)state;
	start(&rig, NULL, tag);
	phone_rig_send(&rig, "REFER", 2, "in1", tag, REFER_LINES "Refer-To: <sip:204@h>\n", "");
	take_accepted(&rig);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	snprintf(lines, sizeof(lines), "Replaces: %.*s;to-tag=%.*s;from-tag=c\n",
		 SLICE_ARGS(rig.peer.msg.call_id), SLICE_ARGS(rig.peer.msg.from_tag));
	fake_peer_answer(&rig.peer, 180, "c", "Contact: <sip:204@192.0.2.1>\r\n", "");
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_NOTIFY), "SIP/2.0 180");
	fake_peer_answer(&rig.peer, 200, "", "", "");
	phone_rig_invite(&rig, "new", lines, SDP);
	(void)fake_peer_take_response(&rig.peer, 100);
	(void)fake_peer_take_response(&rig.peer, 200);
	(void)fake_peer_take_request(&rig.peer, METHOD_CANCEL);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_NOTIFY), "SIP/2.0 200");
	fake_peer_answer(&rig.peer, 200, "", "", "");
	phone_rig_send(&rig, "BYE", 3, "in1", tag, "", "");
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	assert_int_equal(phone_call_count(&rig.phone), 1);
	phone_rig_end(&rig);
}

static void a_poor_phone_refers_and_replaces_nothing(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	start(&rig, &(struct phone_config){ .lacks_refer = true }, tag);
	phone_rig_send(&rig, "REFER", 2, "in1", tag, REFER_LINES "Refer-To: <sip:204@h>\n", "");
	assert_false(sip_msg_has_token(fake_peer_take_response(&rig.peer, 405), HDR_ALLOW,
				       SLICE("REFER")));
	phone_rig_end(&rig);
	start(&rig, &(struct phone_config){ .lacks_replaces = true }, tag);
	phone_rig_send(&rig, "REFER", 2, "in1", tag,
		       REFER_LINES "Refer-To: <sip:204@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\n",
		       "");
	(void)fake_peer_take_response(&rig.peer, 202);
	(void)fake_peer_take_request(&rig.peer, METHOD_NOTIFY);
	assert_null(sip_msg_header(fake_peer_take_request(&rig.peer, METHOD_INVITE), HDR_REPLACES));
	phone_rig_end(&rig);
}

/* A REFER beside the dialog that shows to know it (RFC 4538 5) is as good as one in it. */
static void a_refer_names_the_dialog_that_it_is_about(void **state)
{
	static const struct {
		const char *name;
		const char *target; /* $ is our tag */
		bool is_known;
	} cases[] = {
		{ "the sender's view", "in1;local-tag=a;remote-tag=$", true },
		{ "the tags change places", "in1;local-tag=$;remote-tag=a", false },
		{ "another peer's", "in1;local-tag=b;remote-tag=$", false },
		{ "another call", "in2;local-tag=a;remote-tag=$", false },
		{ "nonsense", ";", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phone_rig rig;
		char tag[64], text[256];
		struct buf lines = BUF_ON(text);

		start(&rig, NULL, tag);
		buf_lit(&lines,
			REFER_LINES "Require: tdialog\nRefer-To: <sip:204@h>\nTarget-Dialog: ");
		for (const char *p = cases[i].target; *p; p++)
			buf_printf(&lines, "%s%.*s", *p == '$' ? tag : "", *p != '$', p);
		buf_printf(&lines, "\n%c", 0);
		phone_rig_send(&rig, "REFER", 1, "beside", "", text, "");
		if (fake_peer_take(&rig.peer)->status != (cases[i].is_known ? 202 : 403))
			fail_msg("%s: %u", cases[i].name, rig.peer.msg.status);
		if (cases[i].is_known)
			phone_rig_expect(&rig, "{\"event\":\"transfer\"," OF_ALICE
					       ",\"to\":\"sip:204@h\",\"by\":\"remote\"}");
		assert_int_equal(phone_call_count(&rig.phone), cases[i].is_known ? 2 : 1);
		phone_rig_end(&rig);
	}
}

/* --- Click to dial ------------------------------------------------------------------------ */

static void the_server_may_have_us_call(void **state)
{
	static const struct {
		const char *name;
		struct phone_config config;
		bool is_stranger;
		unsigned status;
	} cases[] = {
		{ "nobody has allowed it", { .expires_s = 60 }, false, 403 },
		{ "allowed", { .takes_click_to_dial = true }, false, 202 },
		{ "a stranger", { .takes_click_to_dial = true }, true, 403 },
		{ "no REFER at all",
		  { .takes_click_to_dial = true, .lacks_refer = true },
		  false,
		  405 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phone_rig rig;

		phone_rig_start(&rig, &cases[i].config);
		if (cases[i].is_stranger)
			rig.phone.config.server.peer.ip[3] ^= 1;
		phone_rig_send(&rig, "REFER", 1, "click", "", REFER_LINES "Refer-To: <sip:204@h>\n",
			       "");
		if (fake_peer_take(&rig.peer)->status != cases[i].status)
			fail_msg("%s: %u", cases[i].name, rig.peer.msg.status);
		assert_int_equal(phone_call_count(&rig.phone), cases[i].status == 202);
		phone_rig_end(&rig);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blind_transfer_says_where_and_who),
		cmocka_unit_test(an_attended_transfer_names_the_other_dialog),
		cmocka_unit_test(a_refer_beside_the_dialog_names_it),
		cmocka_unit_test(who_still_rings_is_called_anew),
		cmocka_unit_test(the_numbers_choose_the_two_calls),
		cmocka_unit_test(a_transfer_that_fails_changes_nothing),
		cmocka_unit_test(the_call_that_we_talk_in_is_meant),
		cmocka_unit_test(who_was_asked_is_held_and_resumed),
		cmocka_unit_test(who_was_asked_hangs_up_before_the_hold),
		cmocka_unit_test(a_key_calls_during_a_call),
		cmocka_unit_test(the_second_press_brings_together),
		cmocka_unit_test(a_press_during_its_own_call_is_no_transfer),
		cmocka_unit_test(a_key_transfers_blind),
		cmocka_unit_test(a_park_key_parks_and_fetches),
		cmocka_unit_test(a_refer_that_asks_too_much_is_refused),
		cmocka_unit_test(a_refer_makes_us_call),
		cmocka_unit_test(we_end_what_the_referrer_does_not),
		cmocka_unit_test(where_we_are_sent_is_picked_up),
		cmocka_unit_test(a_poor_phone_refers_and_replaces_nothing),
		cmocka_unit_test(a_refer_names_the_dialog_that_it_is_about),
		cmocka_unit_test(the_server_may_have_us_call),
	};

	return cmocka_run_group_tests_name("phone transfer", tests, NULL, NULL);
}
