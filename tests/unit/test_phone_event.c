/* SPDX-License-Identifier: MIT */
/*
 * What the phone says: the events of calls as they happen, commands and their mistakes, and that
 * no peer's text breaks a line or a JSON string.
 */
#include "base/check.h"
#include "base/err.h"
#include "phone_rig.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* --- Printing ----------------------------------------------------------------------------- */

static const struct phone_row rows[] = {
	{ .call = 2,
	  .state = SLICE_INIT("talking"),
	  .remote = SLICE_INIT("sip:a@b"),
	  .local = SLICE_INIT("sip:c@d"),
	  .direction = PHONE_DIRECTION_IN,
	  .is_held = true,
	  .seconds = 61 },
	{ .call = 3,
	  .state = SLICE_INIT("calling"),
	  .remote = SLICE_INIT("sip:a@b"),
	  .local = SLICE_INIT("sip:c@d"),
	  .direction = PHONE_DIRECTION_OUT },
	{ .key = 1,
	  .state = SLICE_INIT("early"),
	  .remote = SLICE_INIT("sip:e@f"),
	  .display = SLICE_INIT("J\xc3\xbcrgen"),
	  .local = SLICE_INIT("sip:g@h"),
	  .direction = PHONE_DIRECTION_IN,
	  .seconds = 5999 },
	{ .key = 12,
	  .state = SLICE_INIT("confirmed"),
	  .local = SLICE_INIT("sip:g@h"),
	  .is_held = true },
};

static const struct {
	const char *name;
	struct phone_event event;
	const char *text;
	const char *json;
} prints[] = {
	{ "registered",
	  { .kind = PHONE_REGISTERED, .aor = SLICE_INIT("sip:203@pbx"), .expires_s = 600 },
	  "registered sip:203@pbx for 600 s",
	  "{\"event\":\"registered\",\"aor\":\"sip:203@pbx\",\"expires\":600}" },
	{ "unregistered",
	  { .kind = PHONE_UNREGISTERED, .aor = SLICE_INIT("sip:203@pbx") },
	  "unregistered sip:203@pbx",
	  "{\"event\":\"unregistered\",\"aor\":\"sip:203@pbx\"}" },
	{ "refused",
	  { .kind = PHONE_UNREGISTERED,
	    .aor = SLICE_INIT("sip:203@pbx"),
	    .status = 403,
	    .reason = SLICE_INIT("Forbidden") },
	  "unregistered sip:203@pbx (403 Forbidden)",
	  "{\"event\":\"unregistered\",\"aor\":\"sip:203@pbx\",\"status\":403,"
	  "\"reason\":\"Forbidden\"}" },
	{ "refused, and what to look at",
	  { .kind = PHONE_UNREGISTERED,
	    .aor = SLICE_INIT("sip:203@pbx"),
	    .status = 408,
	    .reason = SLICE_INIT("Request Timeout"),
	    .text = SLICE_INIT("is it there?") },
	  "unregistered sip:203@pbx (408 Request Timeout): is it there?",
	  "{\"event\":\"unregistered\",\"aor\":\"sip:203@pbx\",\"status\":408,"
	  "\"reason\":\"Request Timeout\",\"text\":\"is it there?\"}" },
	{ "ringing",
	  { .kind = PHONE_RINGING,
	    .call = 3,
	    .remote = SLICE_INIT("sip:201@pbx"),
	    .display = SLICE_INIT("Alice \"A\" \\ \xc3\xa9") },
	  "call 3: called by Alice \"A\" \\ \xc3\xa9 <sip:201@pbx>",
	  "{\"event\":\"ringing\",\"call\":3,\"remote\":\"sip:201@pbx\","
	  "\"display\":\"Alice \\\"A\\\" \\\\ \xc3\xa9\"}" },
	{ "bytes that move a cursor or are no UTF-8",
	  { .kind = PHONE_RINGING,
	    .call = 3,
	    .remote = SLICE_INIT("\x1b[2J\r\n\xff\xc3"),
	    .display = SLICE_INIT("\xed\xa0\x80\xc2\x9b\x7f\xf4\x90\x80\x80") },
	  "call 3: called by ?"
	  "?"
	  "?"
	  "?"
	  "?"
	  "?"
	  "?"
	  "?"
	  "? <?[2J?"
	  "?"
	  "?"
	  "?>",
	  "{\"event\":\"ringing\",\"call\":3,\"remote\":\"\\u001b[2J\\u000d\\u000a\\ufffd\\ufffd\","
	  "\"display\":\"\\ufffd\\ufffd\\ufffd\\u009b\\u007f\\ufffd\\ufffd\\ufffd\\ufffd\"}" },
	{ "held by the peer",
	  { .kind = PHONE_HELD, .call = 1, .is_by_peer = true },
	  "call 1: held by the other side",
	  "{\"event\":\"held\",\"call\":1,\"by\":\"remote\"}" },
	{ "resumed by us",
	  { .kind = PHONE_RESUMED, .call = 1 },
	  "call 1: resumed",
	  "{\"event\":\"resumed\",\"call\":1,\"by\":\"local\"}" },
	{ "ended",
	  { .kind = PHONE_ENDED,
	    .call = 1,
	    .remote = SLICE_INIT("sip:201@pbx"),
	    .cause = PHONE_CAUSE_REFUSED,
	    .status = 486,
	    .reason = SLICE_INIT("Busy Here") },
	  "call 1: ended, refused (486 Busy Here)",
	  "{\"event\":\"ended\",\"call\":1,\"remote\":\"sip:201@pbx\",\"cause\":\"refused\","
	  "\"status\":486,\"reason\":\"Busy Here\"}" },
	{ "lamp, as the contract shows it",
	  { .kind = PHONE_LAMP,
	    .key = 1,
	    .entity = SLICE_INIT("sip:202@pbx"),
	    .lamp = LAMP_FLASH,
	    .state = SLICE_INIT("early"),
	    .remote = SLICE_INIT("sip:201@pbx") },
	  "key 1: flash, sip:202@pbx is early, with sip:201@pbx",
	  "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx\",\"lamp\":\"flash\","
	  "\"state\":\"early\",\"remote\":\"sip:201@pbx\"}" },
	{ "lamp of a list, of somebody who is not there",
	  { .kind = PHONE_LAMP,
	    .key = 2,
	    .entity = SLICE_INIT("sip:202@pbx"),
	    .display = SLICE_INIT("Bob"),
	    .lamp = LAMP_OFF,
	    .state = SLICE_INIT("terminated"),
	    .text = SLICE_INIT("unregistered") },
	  "key 2: off, sip:202@pbx (Bob) is terminated, unregistered",
	  "{\"event\":\"lamp\",\"key\":2,\"entity\":\"sip:202@pbx\",\"lamp\":\"off\","
	  "\"state\":\"terminated\",\"name\":\"Bob\",\"status\":\"unregistered\"}" },
	{ "calls",
	  { .kind = PHONE_CALLS, .rows = rows, .row_count = ARRAY_LEN(rows) },
	  "call 2  talking    sip:a@b -> sip:c@d           held by the other side  1:01\n"
	  "call 3  calling    sip:c@d -> sip:a@b                                   0:00\n"
	  "key 1   early      J\xc3\xbcrgen <sip:e@f> -> sip:g@h                          99:59\n"
	  "key 12  confirmed  sip:g@h -- somebody          held                    0:00",
	  "{\"event\":\"calls\",\"calls\":[{\"call\":2,\"state\":\"talking\","
	  "\"remote\":\"sip:a@b\",\"local\":\"sip:c@d\",\"direction\":\"in\",\"held\":true,"
	  "\"seconds\":61},"
	  "{\"call\":3,\"state\":\"calling\",\"remote\":\"sip:a@b\",\"local\":\"sip:c@d\","
	  "\"direction\":\"out\",\"held\":false,\"seconds\":0},{\"key\":1,\"state\":\"early\","
	  "\"remote\":\"sip:e@f\",\"display\":\"J\xc3\xbcrgen\",\"local\":\"sip:g@h\","
	  "\"direction\":\"in\",\"held\":false,\"seconds\":5999},{\"key\":12,"
	  "\"state\":\"confirmed\",\"local\":\"sip:g@h\",\"held\":true,\"seconds\":0}]}" },
	{ "no calls", { .kind = PHONE_CALLS }, "no calls", "{\"event\":\"calls\",\"calls\":[]}" },
	{ "a transfer of ours goes on",
	  { .kind = PHONE_TRANSFER,
	    .call = 1,
	    .remote = SLICE_INIT("sip:201@pbx"),
	    .to = SLICE_INIT("sip:204@pbx"),
	    .status = 180,
	    .reason = SLICE_INIT("Ringing") },
	  "call 1: transfer to sip:204@pbx (180 Ringing)",
	  "{\"event\":\"transfer\",\"call\":1,\"remote\":\"sip:201@pbx\","
	  "\"to\":\"sip:204@pbx\",\"by\":\"local\",\"status\":180,\"reason\":\"Ringing\"}" },
	{ "it has failed",
	  { .kind = PHONE_TRANSFER,
	    .call = 1,
	    .to = SLICE_INIT("sip:204@pbx"),
	    .status = 486,
	    .reason = SLICE_INIT("Busy Here"),
	    .result = PHONE_RESULT_FAILED },
	  "call 1: transfer to sip:204@pbx failed (486 Busy Here)",
	  "{\"event\":\"transfer\",\"call\":1,\"to\":\"sip:204@pbx\",\"by\":\"local\","
	  "\"status\":486,\"reason\":\"Busy Here\",\"result\":\"failed\"}" },
	{ "we are transferred",
	  { .kind = PHONE_TRANSFER,
	    .call = 1,
	    .to = SLICE_INIT("sip:204@pbx"),
	    .is_by_peer = true },
	  "call 1: transferred by the other side to sip:204@pbx",
	  "{\"event\":\"transfer\",\"call\":1,\"to\":\"sip:204@pbx\",\"by\":\"remote\"}" },
	{ "help",
	  { .kind = PHONE_HELP, .text = SLICE_INIT("one\ntwo") },
	  "one\ntwo",
	  "{\"event\":\"help\",\"text\":\"one\\u000atwo\"}" },
	{ "dnd",
	  { .kind = PHONE_DND, .is_on = true },
	  "do not disturb is on",
	  "{\"event\":\"dnd\",\"dnd\":\"on\"}" },
	{ "error",
	  { .kind = PHONE_ERROR, .text = SLICE_INIT("no call is ringing") },
	  "error: no call is ringing",
	  "{\"event\":\"error\",\"text\":\"no call is ringing\"}" },
};

static void events_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(prints); i++) {
		char text[1024], json[1024];
		struct buf text_buf = BUF_ON(text), json_buf = BUF_ON(json);

		phone_event_print(&text_buf, &prints[i].event);
		phone_event_print_json(&json_buf, &prints[i].event);
		if (!slice_eq(buf_text(&text_buf), slice_from_cstr(prints[i].text)))
			fail_msg("%s: %.*s", prints[i].name, SLICE_ARGS(buf_text(&text_buf)));
		if (!slice_eq(buf_text(&json_buf), slice_from_cstr(prints[i].json)))
			fail_msg("%s: %.*s", prints[i].name, SLICE_ARGS(buf_text(&json_buf)));
	}
}

/* Each prefix of what a peer may send stays one line, and inside its memory. */
static void any_text_stays_one_line(void **state)
{
	static const struct slice text =
		SLICE_INIT("\n\"\\\xf0\x9f\x92\xa1\xe2\x82\xac\xc3\xa9\xf8\x80\x00\xc0\xaf");

	(void)state;
	for (size_t n = 0; n <= text.n; n++) {
		struct guarded guarded = guarded_copy(slice_head(text, n));
		struct phone_event event = { .kind = PHONE_ERROR, .text = guarded.text };
		char room[512];
		struct buf buf = BUF_ON(room);

		phone_event_print(&buf, &event);
		phone_event_print_json(&buf, &event);
		assert_int_equal(slice_find_char(buf_text(&buf), '\n'), buf.n);
		assert_int_equal(slice_find_char(buf_text(&buf), '\0'), buf.n);
		guarded_free(&guarded);
	}
}

static void a_long_event_becomes_an_error(void **state)
{
	static const struct phone_event event = { .kind = PHONE_ERROR,
						  .text = SLICE_INIT(
							  "0123456789012345678901234567"
							  "890123456789012345678901234567"
							  "890123456789") };
	char text[80];
	struct buf buf = BUF_ON(text);

	(void)state;
	phone_event_print_line(&buf, &event, true);
	assert_true(slice_eq(buf_text(&buf),
			     SLICE("{\"event\":\"error\",\"text\":\"an event is too long to be "
				   "shown\"}\n")));
}

static void marks_of_direction_are_not_printed(void **state)
{
	static const struct phone_event event = {
		.kind = PHONE_ERROR,
		.text = SLICE_INIT("a\xe2\x80\x8e\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"
				   "\xe2\x80\xaf")
	};
	char text[80];
	struct buf buf = BUF_ON(text);

	(void)state;
	phone_event_print(&buf, &event);
	assert_true(slice_eq(buf_text(&buf), SLICE("error: a?\?\?\?\?\xe2\x80\xaf")));
}

/* --- Being called ------------------------------------------------------------------------- */

static void a_call_comes_is_held_and_ends(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	phone_rig_expect(&rig, "{\"event\":\"ringing\",\"call\":1," ALICE "}");
	phone_command(&rig.phone, SLICE("answer"));
	msg = fake_peer_take_response(&rig.peer, 200);
	/* Our codecs and his, numbered by us. */
	assert_non_null(memmem(msg->body.p, msg->body.n, "RTP/AVP 8 101\r\n", 15));
	assert_non_null(memmem(msg->body.p, msg->body.n, "IN IP4 192.0.2.3\r\n", 18));
	phone_rig_expect(&rig, "{\"event\":\"answered\",\"call\":1," ALICE "}");
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	phone_rig_send(&rig, "INVITE", 2, "in1", tag, "Contact: <sip:201@192.0.2.1>\n",
		       SDP "a=sendonly\r\n");
	(void)fake_peer_take_response(&rig.peer, 100);
	msg = fake_peer_take_response(&rig.peer, 200);
	assert_non_null(memmem(msg->body.p, msg->body.n, "a=recvonly\r\n", 12));
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_send(&rig, "ACK", 2, "in1", tag, "", "");
	phone_rig_send(&rig, "BYE", 3, "in1", tag, "", "");
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"remote\"}");
	assert_int_equal(phone_call_count(&rig.phone), 0);
	phone_rig_end(&rig);
}

static void a_cancel_says_why(void **state)
{
	static const struct {
		const char *lines;
		const char *json;
	} reasons[] = {
		{ "", "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"cancelled\"}" },
		{ "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"elsewhere\"}" },
		{ "Reason: Q.850;cause=26, sip ; cause = 200\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"elsewhere\"}" },
		{ "Reason: Q.850;cause=200\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"cancelled\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct phone_rig rig;
		char tag[64];

		phone_rig_start(&rig, NULL);
		phone_rig_ring(&rig, "in1", SDP, tag);
		phone_rig_send(&rig, "CANCEL", 1, "in1", "", reasons[i].lines, "");
		(void)fake_peer_take_response(&rig.peer, 200);
		(void)fake_peer_take_response(&rig.peer, 487);
		phone_rig_expect(&rig, reasons[i].json);
		phone_rig_end(&rig);
	}
}

static void invites_that_do_not_ring(void **state)
{
	static const struct {
		const char *name;
		const char *command; /* before it */
		const char *lines;
		const char *sdp;
		unsigned status;
	} refused[] = {
		{ "do not disturb", "dnd on", "", SDP, 486 },
		{ "an extension required", "", "Require: dance\n", SDP, 420 },
		{ "a dialog to replace", "", "Replaces: x;to-tag=y;from-tag=z\n", SDP, 481 },
		{ "no codec in common", "", "",
		  "v=0\r\no=- 1 1 IN IP4 192.0.2.31\r\ns=-\r\nc=IN IP4 192.0.2.31\r\nt=0 0\r\n"
		  "m=video 4000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n",
		  488 },
		{ "no SDP", "", "", "rubbish", 400 },
		{ "stopping", "quit", "", SDP, 480 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct phone_rig rig;

		phone_rig_start(&rig, NULL);
		phone_command(&rig.phone, slice_from_cstr(refused[i].command));
		phone_rig_invite(&rig, "in1", refused[i].lines, refused[i].sdp);
		while (fake_peer_take(&rig.peer)->status < 200)
			;
		if (rig.peer.msg.status != refused[i].status)
			fail_msg("%s: %u", refused[i].name, rig.peer.msg.status);
		assert_int_equal(phone_call_count(&rig.phone), 0);
		phone_rig_end(&rig);
	}
}

static void a_delayed_offer_is_made_by_us(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", "", tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	msg = fake_peer_take_response(&rig.peer, 200);
	assert_non_null(memmem(msg->body.p, msg->body.n, "RTP/AVP 8 0 101\r\n", 17));
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", SDP "a=sendonly\r\n");
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_end(&rig);
}

/* --- Several calls ------------------------------------------------------------------------ */

static void the_right_call_is_meant(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag1[64], tag2[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag1);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 1, "in1", tag1, "", "");
	/* A second one rings while we talk; answering it holds the first. */
	phone_rig_ring(&rig, "in2", SDP, tag2);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_RINGING), 1);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
	assert_non_null(memmem(msg->body.p, msg->body.n, "a=sendonly\r\n", 12));
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"local\"}");
	/* A third one rings; hanging up ends the one we talk with, then the one that rings. */
	phone_rig_send(&rig, "ACK", 1, "in2", tag2, "", "");
	phone_rig_ring(&rig, "in3", SDP, tag2);
	assert_int_equal(phone_hangup(&rig.phone, 0), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":2," ALICE ",\"cause\":\"local\"}");
	assert_int_equal(phone_hangup(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 486);
	/* And the held one comes back. */
	assert_int_equal(phone_resume(&rig.phone, 0), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n", SDP);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"resumed\",\"call\":1," ALICE ",\"by\":\"local\"}");
	assert_int_equal(phone_hangup(&rig.phone, 2), ERR_NOTFOUND);
	assert_int_equal(phone_hangup(&rig.phone, 1), 0);
	phone_rig_end(&rig);
}

static void a_hold_waits_for_the_ack(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendonly\r\n");
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"local\"}");
	phone_rig_end(&rig);
}

/* Two are called at once, and both answer: the first is held. */
static void one_ear_one_call(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 180, "x", "", "");
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "y", "Contact: <sip:202@192.0.2.1>\r\n", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	rig.peer.taken_count = 0; /* back to the first */
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "x",
			 "Contact: <sip:202@192.0.2.1>\r\nContent-Type: application/sdp\r\n",
			 SDP "a=sendonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE); /* the second, taken before */
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendonly\r\n");
	/* And the answer held us. */
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"by\":\"remote\"}");
	phone_rig_end(&rig);
}

/* RFC 3261 14.1: both offer at once; the hold is not forgotten, and not said before its time. */
static void a_hold_survives_glare(void **state)
{
	struct phone_rig rig;
	char tag[64];
	uint64_t waited_ms = 0;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE), " 2 IN IP4");
	fake_peer_answer(&rig.peer, 491, "", "", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	/* His offer is answered as things are; its ACK is late, so that our time runs out. */
	phone_rig_send(&rig, "INVITE", 2, "in1", tag, "Contact: <sip:201@192.0.2.1>\n", SDP);
	(void)fake_peer_take_response(&rig.peer, 100);
	phone_rig_expect_in_body(fake_peer_take_response(&rig.peer, 200), "a=sendrecv\r\n");
	fake_peer_advance_ms(&rig.peer, 2001);
	while (!fake_peer_is_idle(&rig.peer))
		(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 2, "in1", tag, "", "");
	for (; fake_peer_is_idle(&rig.peer) && waited_ms <= 2000; waited_ms += 10)
		fake_peer_advance_ms(&rig.peer, 10);
	/* The refused offer was the second description, the answer the third. */
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE), " 4 IN IP4");
	phone_rig_expect_in_body(&rig.peer.msg, "a=sendonly\r\n");
	phone_rig_end(&rig);
}

/* An INVITE that holds us already; our hold of him leaves his as it is. */
static void who_is_held_holds(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP "a=sendonly\r\n", tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_response(&rig.peer, 200), "a=recvonly\r\n");
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=inactive\r\n");
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=inactive\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	assert_int_equal(phone_resume(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=recvonly\r\n");
	phone_rig_end(&rig);
}

static void calls_are_bounded(void **state)
{
	struct phone_rig rig;
	char call_id[16], tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	for (unsigned i = 0; i < PHONE_CALLS_MAX; i++) {
		snprintf(call_id, sizeof(call_id), "in%u", i);
		phone_rig_ring(&rig, call_id, SDP, tag);
	}
	phone_rig_invite(&rig, "more", "", SDP);
	while (fake_peer_take(&rig.peer)->status < 200)
		;
	assert_int_equal(rig.peer.msg.status, 486);
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), ERR_LIMIT);
	phone_rig_end(&rig);
}

/* --- Calling ------------------------------------------------------------------------------ */

static void a_call_rings_and_is_refused(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_command(&rig.phone, SLICE("  dial  202 \r"));
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 180, "x", "Contact: <sip:202@192.0.2.1>\r\n", "");
	phone_rig_expect(&rig, "{\"event\":\"ringback\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\"}");
	fake_peer_answer(&rig.peer, 486, "x", "", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"cause\":\"refused\","
			       "\"status\":486,\"reason\":\"Busy Here\"}");
	phone_rig_end(&rig);
}

static void a_challenge_is_answered(void **state)
{
	struct phone_config config = { .password = SLICE("secret") };
	struct phone_rig rig;

	(void)state;
	for (unsigned has_password = 0; has_password < 2; has_password++) {
		phone_rig_start(&rig, has_password ? &config : NULL);
		assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
		(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
		fake_peer_answer(&rig.peer, 407, "x",
				 "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n\", "
				 "qop=\"auth\"\r\n",
				 "");
		(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
		if (has_password)
			assert_non_null(
				sip_msg_header(fake_peer_take_request(&rig.peer, METHOD_INVITE),
					       HDR_PROXY_AUTHORIZATION));
		assert_true(fake_peer_is_idle(&rig.peer));
		assert_int_equal(phone_call_count(&rig.phone), has_password);
		phone_rig_end(&rig);
	}
}

/* --- Commands and other requests ---------------------------------------------------------- */

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *line;
		const char *text; /* how the error begins; NULL: no event at all */
	} lines[] = {
		{ "", NULL },
		{ "  ", NULL },
		{ "fly", "'fly' is no command; 'help' lists them" },
		{ "anser 2", "'anser' is no command; did you mean 'answer'?" },
		{ "HANGUP", "'HANGUP' is no command; did you mean 'hangup'?" },
		{ "dial", "dial whom?" },
		{ "dial a b", "'a b' is no number or SIP address" },
		{ "dial http://x", "'http://x' is no number or SIP address" },
		{ "press", "press which key?" },
		{ "press 5", "there is no key 5" },
		{ "press 99999999999999999999", "press which key?" },
		{ "answer", "no call is ringing" },
		{ "answer 7", "no call 7 is ringing" },
		{ "answer x", "'x' is not the number of a call" },
		{ "hangup", "no call is there to hang up" },
		{ "hold", "no call is talking" },
		{ "resume", "no call is on hold" },
		{ "transfer", "transfer where? For example: transfer 204, or transfer attended" },
		{ "transfer 204", "no call is there to transfer" },
		{ "transfer attended", "no call talks or rings there to transfer to" },
		{ "transfer attended 1", "transfer which two calls? For example: transfer" },
		{ "transfer attended x 2", "transfer which two calls? For example: transfer" },
		{ "transfer attended 1 2", "no call 2 talks or rings there to transfer to" },
		{ "dnd", "dnd on, or dnd off?" },
		{ "unregister", "the phone is not registering" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct phone_rig rig;
		char start[128];

		phone_rig_start(&rig, NULL);
		phone_command(&rig.phone, slice_from_cstr(lines[i].line));
		snprintf(start, sizeof(start), "{\"event\":\"error\",\"text\":\"%s",
			 lines[i].text ? lines[i].text : "");
		if (!lines[i].text)
			assert_int_equal(rig.events_n, 0);
		else if (!slice_starts_with(slice_of(rig.events, rig.events_n),
					    slice_from_cstr(start)))
			fail_msg("%s: %.*s", lines[i].line, (int)rig.events_n, rig.events);
		assert_true(fake_peer_is_idle(&rig.peer));
		phone_rig_end(&rig);
	}
}

static void help_names_each_command(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_command(&rig.phone, SLICE("help"));
	assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
				      SLICE("{\"event\":\"help\",\"text\":\"dial       TARGET  ")));
	assert_non_null(memmem(rig.events, rig.events_n, "\\u000aquit ", 11));
	assert_non_null(memmem(rig.events, rig.events_n, "is taken.\"}\n", 12));
	phone_rig_end(&rig);
}

/* --- Registering -------------------------------------------------------------------------- */

#define CHALLENGE "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"\r\n"

static void a_refused_registration_says_what_to_look_at(void **state)
{
	static const struct {
		const char *name;
		struct slice password;
		unsigned status; /* to the second REGISTER, when there is a password */
		const char *event;
	} cases[] = {
		{ "a wrong password", SLICE_INIT("wrong"), 401,
		  "\"status\":401,\"reason\":\"Unauthorized\",\"text\":\"the password is not the "
		  "one "
		  "of '203', or the server knows no such user\"}" },
		{ "no password", SLICE_INIT(""), 401,
		  "\"status\":401,\"reason\":\"Unauthorized\",\"text\":\"the server asks for a "
		  "password, and none was given\"}" },
		{ "somebody else", SLICE_INIT("x"), 403,
		  "\"status\":403,\"reason\":\"Forbidden\",\"text\":\"'203' may not register as "
		  "sip:203@pbx.example.com\"}" },
		{ "another domain", SLICE_INIT("x"), 404,
		  "\"status\":404,\"reason\":\"Not Found\",\"text\":\"the server has no "
		  "sip:203@pbx.example.com; is its domain another one?\"}" },
		{ "nothing to say about it", SLICE_INIT("x"), 500,
		  "\"status\":500,\"reason\":\"Server Internal Error\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phone_config config = { .password = cases[i].password };
		struct phone_rig rig;

		phone_rig_start(&rig, &config);
		assert_int_equal(phone_register(&rig.phone), 0);
		(void)fake_peer_take_request(&rig.peer, METHOD_REGISTER);
		fake_peer_answer(&rig.peer, 401, "x", CHALLENGE, "");
		if (cases[i].password.n > 0) {
			(void)fake_peer_take_request(&rig.peer, METHOD_REGISTER);
			fake_peer_answer(&rig.peer, cases[i].status, "x",
					 cases[i].status == 401 ? CHALLENGE : "", "");
		}
		if (!memmem(rig.events, rig.events_n, cases[i].event, strlen(cases[i].event)))
			fail_msg("%s: %.*s", cases[i].name, (int)rig.events_n, rig.events);
		phone_rig_end(&rig);
	}
}

static void a_server_that_is_not_there_is_told(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	assert_int_equal(phone_register(&rig.phone), 0);
	fake_peer_advance_ms(&rig.peer, 33000);
	phone_rig_expect(&rig,
			 "{\"event\":\"unregistered\",\"aor\":\"sip:203@pbx.example.com\","
			 "\"status\":408,\"reason\":\"Request Timeout\",\"text\":\"no answer from "
			 "192.0.2.1:5060 by udp; does the server run there, are address, port and "
			 "transport right, and does no firewall stand between?\"}");
	while (!fake_peer_is_idle(&rig.peer))
		(void)fake_peer_take_request(&rig.peer, METHOD_REGISTER);
	phone_rig_end(&rig);
}

static void a_long_mistake_is_told_as_far_as_it_fits(void **state)
{
	static char line[2000];
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	memset(line, 'x', sizeof(line));
	phone_command(&rig.phone, slice_of(line, sizeof(line)));
	assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
				      SLICE("{\"event\":\"error\",\"text\":\"'xxxxxxxx")));
	phone_rig_end(&rig);
}

/* A refused TCP connection is told at once, not after 32 s. */
static void a_lost_connection_is_told_at_once(void **state)
{
	struct phone_rig rig;
	struct phone_config config = { 0 };
	struct flow lost;

	(void)state;
	phone_rig_start(&rig, &config);
	rig.phone.config.server.transport = TRANSPORT_TCP;
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	lost = rig.phone.config.server;
	lost.conn = (struct handle){ .slot = 1, .serial = 1 };
	phone_on_connection_lost(&rig.phone, &lost);
	fake_peer_advance_ms(&rig.peer, 1);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"cause\":\"refused\","
			       "\"status\":503,\"reason\":\"Service Unavailable\"}");
	phone_rig_end(&rig);
}

static void other_requests_are_answered(void **state)
{
	static const struct {
		const char *method;
		unsigned status;
	} requests[] = {
		{ "OPTIONS", 200 }, { "NOTIFY", 481 }, { "BYE", 481 },	    { "SUBSCRIBE", 405 },
		{ "MESSAGE", 405 }, { "REFER", 403 },  { "NONSENSE", 501 },
	};
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		phone_rig_send(&rig, requests[i].method, 1, requests[i].method, "", "", "");
		if (fake_peer_take(&rig.peer)->status != requests[i].status)
			fail_msg("%s: %u", requests[i].method, rig.peer.msg.status);
	}
	phone_rig_end(&rig);
}

static void stopping_says_goodbye_to_everybody(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, SNOM_4S_DOCUMENT("1", "early"));
	assert_int_equal(phone_dial(&rig.phone, SLICE("201")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "x", "Contact: <sip:201@192.0.2.1>\r\n", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_command(&rig.phone, SLICE("quit"));
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	fake_peer_answer(&rig.peer, 200, "", "", "");
	assert_false(phone_is_stopped(&rig.phone));
	/* Nobody answers the SUBSCRIBE: it ends all the same. */
	fake_peer_advance_ms(&rig.peer, 70000);
	assert_true(phone_is_stopped(&rig.phone));
	assert_true(phone_is_quiet(&rig.phone));
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_print),
		cmocka_unit_test(any_text_stays_one_line),
		cmocka_unit_test(a_long_event_becomes_an_error),
		cmocka_unit_test(marks_of_direction_are_not_printed),
		cmocka_unit_test(a_call_comes_is_held_and_ends),
		cmocka_unit_test(a_cancel_says_why),
		cmocka_unit_test(invites_that_do_not_ring),
		cmocka_unit_test(a_delayed_offer_is_made_by_us),
		cmocka_unit_test(the_right_call_is_meant),
		cmocka_unit_test(a_hold_waits_for_the_ack),
		cmocka_unit_test(one_ear_one_call),
		cmocka_unit_test(a_hold_survives_glare),
		cmocka_unit_test(who_is_held_holds),
		cmocka_unit_test(calls_are_bounded),
		cmocka_unit_test(a_call_rings_and_is_refused),
		cmocka_unit_test(a_challenge_is_answered),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(help_names_each_command),
		cmocka_unit_test(a_refused_registration_says_what_to_look_at),
		cmocka_unit_test(a_server_that_is_not_there_is_told),
		cmocka_unit_test(a_long_mistake_is_told_as_far_as_it_fits),
		cmocka_unit_test(a_lost_connection_is_told_at_once),
		cmocka_unit_test(other_requests_are_answered),
		cmocka_unit_test(stopping_says_goodbye_to_everybody),
	};

	return cmocka_run_group_tests_name("phone event", tests, NULL, NULL);
}
