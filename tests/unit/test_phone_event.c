/* SPDX-License-Identifier: MIT */
/*
 * What the phone says: every event as text and as JSON, and that no peer's text breaks a line or a
 * string.
 */
#include "phone_rig.h"

#include "base/check.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_print),
		cmocka_unit_test(any_text_stays_one_line),
		cmocka_unit_test(a_long_event_becomes_an_error),
		cmocka_unit_test(marks_of_direction_are_not_printed),
	};

	return cmocka_run_group_tests_name("phone event", tests, NULL, NULL);
}
