/* SPDX-License-Identifier: MIT */
/*
 * One-line summaries of messages, in full and terse: users meant, lamp states (RFC 4235 4.1.4),
 * Replaces (RFC 3891), transfers (RFC 3515) and holds (RFC 3264 8.4). Nothing a peer writes can
 * put a control byte into one.
 */
#include "base/check.h"
#include "base/err.h"
#include "ladder/record.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEAD_TO(tag)                                                                               \
	"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"                                           \
	"Max-Forwards: 70\r\n"                                                                     \
	"From: <sip:202@pbx.example.com>;tag=f\r\n"                                                \
	"To: <sip:201@pbx.example.com>" tag "\r\n"                                                 \
	"Call-ID: c\r\n"
#define HEAD HEAD_TO(";tag=t")
#define CALL(uri) "INVITE " uri " SIP/2.0\r\n" HEAD_TO("") "CSeq: 1 INVITE\r\n"
#define REQUEST(method, uri) method " " uri " SIP/2.0\r\n" HEAD "CSeq: 1 " method "\r\n"
#define RESPONSE(status, method) "SIP/2.0 " status "\r\n" HEAD "CSeq: 1 " method "\r\n"
#define SDP_TYPE "Content-Type: application/sdp\r\n\r\n"
#define SDP(direction)                                                                             \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"                \
	"m=audio 4000 RTP/AVP 0\r\na=" direction "\r\n"
#define NOTIFY REQUEST("NOTIFY", "sip:201@192.0.2.1")
#define LAMPS NOTIFY "Event: dialog\r\nContent-Type: application/dialog-info+xml\r\n\r\n"
#define REFER NOTIFY "Event: refer\r\nContent-Type: message/sipfrag;version=2.0\r\n\r\n"
#define STATE(state) "<dialog id=\"1\"><state>" state "</state></dialog>"
#define STATES_8                                                                                   \
	STATE("early")                                                                             \
	STATE("early")                                                                             \
	STATE("early") STATE("early") STATE("early") STATE("early") STATE("early") STATE("early")

static const struct {
	const char *name;
	struct slice text;
	const char *full;
	const char *terse;
} cases[] = {
	{ "a call", SLICE_INIT(CALL("sip:202@pbx.example.com") SDP_TYPE SDP("sendrecv")),
	  "INVITE 202 (sdp)", "INVITE" },
	{ "a call without an offer", SLICE_INIT(CALL("sip:202@h") "\r\n"), "INVITE 202", "INVITE" },
	{ "a telephone number", SLICE_INIT(CALL("tel:+4930123") "\r\n"), "INVITE +4930123",
	  "INVITE" },
	{ "an escaped star", SLICE_INIT(CALL("sip:%2A8202@h") "\r\n"), "INVITE *8202", "INVITE" },
	{ "a control byte in the user", SLICE_INIT(CALL("sip:%1B%5B2J@h") "\r\n"), "INVITE ?[2J",
	  "INVITE" },
	{ "no user", SLICE_INIT(CALL("sip:pbx.example.com") "\r\n"), "INVITE pbx.example.com",
	  "INVITE" },
	{ "a pick-up", SLICE_INIT(CALL("sip:*8202@h") "Replaces: x;to-tag=1;from-tag=2\r\n\r\n"),
	  "INVITE *8202 Replaces", "INVITE Replaces" },
	{ "a hold", SLICE_INIT(REQUEST("INVITE", "sip:201@h") SDP_TYPE SDP("sendonly")),
	  "re-INVITE 201 (hold)", "INVITE" },
	{ "a call for somebody else",
	  SLICE_INIT(CALL("sip:203@h") "b: \"Bob\" <sip:%2A3@h>;cid=x\r\n\r\n"), "INVITE 203 by *3",
	  "INVITE" },
	{ "a call for oneself", SLICE_INIT(CALL("sip:203@h") "Referred-By: <sip:202@h>\r\n\r\n"),
	  "INVITE 203", "INVITE" },
	{ "a call by a transfer",
	  SLICE_INIT(CALL("sip:203@h") "Replaces: x;to-tag=1;from-tag=2\r\n"
				       "Referred-By: <sip:204@h>\r\n" SDP_TYPE SDP("sendrecv")),
	  "INVITE 203 Replaces by 204 (sdp)", "INVITE Replaces" },
	{ "a referrer that cannot be read",
	  SLICE_INIT(CALL("sip:203@h") "Referred-By: <204\r\n\r\n"), "INVITE 203", "INVITE" },
	{ "a description that cannot be read", SLICE_INIT(CALL("sip:201@h") SDP_TYPE "v=1"),
	  "INVITE 201 (sdp)", "INVITE" },
	{ "a compact content type",
	  SLICE_INIT(
		  REQUEST("UPDATE", "sip:201@h") "c: Application/SDP ;a=b\r\n\r\n" SDP("inactive")),
	  "UPDATE (hold)", "UPDATE" },
	{ "CANCEL", SLICE_INIT(REQUEST("CANCEL", "sip:202@h") "\r\n"), "CANCEL", "CANCEL" },
	{ "ACK", SLICE_INIT(REQUEST("ACK", "sip:202@h") "\r\n"), "ACK", "ACK" },
	{ "BYE", SLICE_INIT(REQUEST("BYE", "sip:202@h") "\r\n"), "BYE", "BYE" },
	{ "a registration", SLICE_INIT(REQUEST("REGISTER", "sip:pbx.example.com") "\r\n"),
	  "REGISTER 201", "REGISTER" },
	{ "a watcher", SLICE_INIT(REQUEST("SUBSCRIBE", "sip:202@h") "Event: dialog\r\n\r\n"),
	  "SUBSCRIBE 202", "SUBSCRIBE" },
	{ "another event",
	  SLICE_INIT(REQUEST("SUBSCRIBE", "sip:201@h") "o: message-summary\r\n\r\n"),
	  "SUBSCRIBE 201 message-summary", "SUBSCRIBE message-summary" },
	{ "an unknown method", SLICE_INIT(REQUEST("GREET", "sip:202@h") "\r\n"), "GREET", "GREET" },
	{ "ringing", SLICE_INIT(RESPONSE("180 Ringing", "INVITE") "\r\n"), "180 INVITE",
	  "180 INVITE" },
	{ "an answer", SLICE_INIT(RESPONSE("200 OK", "INVITE") SDP_TYPE SDP("sendrecv")),
	  "200 INVITE (sdp)", "200 INVITE" },
	{ "a failure that says why",
	  SLICE_INIT(RESPONSE("403 Two parties outside are not joined", "REFER") "\r\n"),
	  "403 REFER (Two parties outside are not joined)", "403 REFER" },
	{ "a failure in other letters", SLICE_INIT(RESPONSE("404 Not found", "REFER") "\r\n"),
	  "404 REFER", "404 REFER" },
	{ "a failure without a reason", SLICE_INIT(RESPONSE("486 ", "INVITE") "\r\n"), "486 INVITE",
	  "486 INVITE" },
	{ "a failure with control bytes", SLICE_INIT(RESPONSE("500 \xc3\xa4rger", "INVITE") "\r\n"),
	  "500 INVITE (??rger)", "500 INVITE" },
	{ "a challenge", SLICE_INIT(RESPONSE("401 Unauthorized", "REGISTER") "\r\n"),
	  "401 REGISTER", "401 REGISTER" },
	{ "a transfer", SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@h>\r\n\r\n"),
	  "REFER 204", "REFER" },
	{ "an attended transfer",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "r: <sip:204@h?Replaces=x%3Bto-tag%3D1>\r\n\r\n"),
	  "REFER 204 Replaces", "REFER Replaces" },
	{ "an attended transfer without brackets",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: sip:204@h?Replaces=x;to-tag=1\r\n\r\n"),
	  "REFER 204 Replaces", "REFER Replaces" },
	{ "a parameter without brackets",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: sip:204@h;method=INVITE\r\n\r\n"),
	  "REFER 204", "REFER" },
	{ "something else than a call",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@h;method=BYE>\r\n\r\n"),
	  "REFER 204 method=BYE", "REFER" },
	{ "a transfer to another domain",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@elsewhere.example>\r\n\r\n"),
	  "REFER 204@elsewhere.example", "REFER" },
	{ "a transfer to the domain of the parties",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@PBX.example.com>\r\n\r\n"),
	  "REFER 204", "REFER" },
	{ "a transfer to a telephone number",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <tel:+4930123>\r\n\r\n"),
	  "REFER +4930123", "REFER" },
	{ "a transfer beside its dialog",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@h>\r\n"
					       "Target-Dialog: x;local-tag=1;remote-tag=2\r\n"
					       "Refer-Sub: false\r\n\r\n"),
	  "REFER 204 Target-Dialog Refer-Sub=false", "REFER" },
	{ "a transfer for somebody else",
	  SLICE_INIT(REQUEST("REFER", "sip:h") "Refer-To: <sip:204@h>\r\n"
					       "Referred-By: <sip:203@h>\r\n\r\n"),
	  "REFER 204 by 203", "REFER" },
	{ "a transfer to nowhere", SLICE_INIT(REQUEST("REFER", "sip:h") "\r\n"), "REFER", "REFER" },
	{ "progress of a transfer", SLICE_INIT(REFER "SIP/2.0 180 Ringing\r\n"),
	  "NOTIFY 202 sipfrag 180", "NOTIFY sipfrag 180" },
	{ "progress without words", SLICE_INIT(REFER "SIP/2.0 503"), "NOTIFY 202 sipfrag 503",
	  "NOTIFY sipfrag 503" },
	{ "progress behind an empty line", SLICE_INIT(REFER "\r\nsip/2.0  100"),
	  "NOTIFY 202 sipfrag 100", "NOTIFY sipfrag 100" },
	{ "a failure of a transfer that says why",
	  SLICE_INIT(REFER "SIP/2.0 480 Nobody is there\r\n"),
	  "NOTIFY 202 sipfrag 480 (Nobody is there)", "NOTIFY sipfrag 480" },
	{ "the end of a transfer",
	  SLICE_INIT(NOTIFY "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
			    "Content-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\n"),
	  "NOTIFY 202 sipfrag 200", "NOTIFY sipfrag 200" },
	{ "a transfer that is not told to its end",
	  SLICE_INIT(NOTIFY "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
			    "Content-Type: message/sipfrag\r\n\r\nSIP/2.0 100 Trying\r\n"),
	  "NOTIFY 202 sipfrag 100 (ended: noresource)", "NOTIFY sipfrag 100" },
	{ "no progress", SLICE_INIT(REFER "SIP/2.0 abc"), "NOTIFY 202", "NOTIFY" },
	{ "a lamp", SLICE_INIT(LAMPS STATE("early")), "NOTIFY 202 early", "NOTIFY early" },
	{ "the end of a subscription",
	  SLICE_INIT(NOTIFY "Event: dialog\r\nSubscription-State: Terminated; reason=\"a\tb\"\r\n"
			    "Content-Type: application/dialog-info+xml\r\n\r\n" STATE("early")),
	  "NOTIFY 202 early (ended: a?b)", "NOTIFY early" },
	{ "the end of a subscription without a document",
	  SLICE_INIT(NOTIFY "Event: dialog\r\nSubscription-State: terminated\r\n\r\n"),
	  "NOTIFY 202 (ended)", "NOTIFY" },
	{ "two dialogs", SLICE_INIT(LAMPS STATE("confirmed") STATE(" terminated\r\n")),
	  "NOTIFY 202 confirmed terminated", "NOTIFY confirmed terminated" },
	{ "more dialogs than are shown", SLICE_INIT(LAMPS STATES_8 STATE("early")),
	  "NOTIFY 202 early early early early early early early early ...",
	  "NOTIFY early early early early early early early early ..." },
	{ "no dialog", SLICE_INIT(LAMPS "<dialog-info state=\"full\"></dialog-info>"), "NOTIFY 202",
	  "NOTIFY" },
	{ "a prefix and attributes",
	  SLICE_INIT(LAMPS "<d:state event=\"a>b\" code='4'>terminated</d:state>"),
	  "NOTIFY 202 terminated", "NOTIFY terminated" },
	{ "a state in a comment", SLICE_INIT(LAMPS "<!-- <state>early</state> -->" STATE("trying")),
	  "NOTIFY 202 trying", "NOTIFY trying" },
	{ "a comment without an end", SLICE_INIT(LAMPS "<!-- " STATE("early")), "NOTIFY 202",
	  "NOTIFY" },
	{ "empty states", SLICE_INIT(LAMPS "<state/><state></state><state "), "NOTIFY 202",
	  "NOTIFY" },
	{ "names that only begin so",
	  SLICE_INIT(LAMPS "<states>early</states><x:stat>early</x:stat>"), "NOTIFY 202",
	  "NOTIFY" },
	{ "a state that is none", SLICE_INIT(LAMPS STATE("\033[2J-and-so-on-and-on")),
	  "NOTIFY 202 ?[2J-and-so-on-a", "NOTIFY ?[2J-and-so-on-a" },
	{ "a document of another type",
	  SLICE_INIT(NOTIFY
		     "Event: presence\r\nContent-Type: application/pidf+xml\r\n\r\n" STATE("x")),
	  "NOTIFY 202 presence", "NOTIFY presence" },
	{ "a list of lamps",
	  SLICE_INIT(NOTIFY
		     "Event: dialog\r\nContent-Type: multipart/related;boundary=b\r\n\r\n" STATE(
			     "early")),
	  "NOTIFY 202 early", "NOTIFY early" },
};

static bool parse(struct slice text, struct sip_msg *ret_msg)
{
	static _Alignas(16) char block[16384];
	struct arena arena;
	struct sip_fault fault;

	arena_init(&arena, block, sizeof(block));
	return sip_msg_parse(text, &arena, ret_msg, &fault) == 0;
}

static void messages_are_summed_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct guarded input = guarded_copy(cases[i].text);
		char full[LADDER_SUMMARY_MAX_BYTES], terse[LADDER_SUMMARY_MAX_BYTES];
		struct buf full_buf = BUF_ON(full), terse_buf = BUF_ON(terse);
		struct sip_msg msg;

		if (!parse(input.text, &msg))
			fail_msg("%s: does not parse", cases[i].name);
		ladder_summarize(&msg, &full_buf);
		ladder_summarize_terse(&msg, &terse_buf);
		if (!slice_eq(buf_text(&full_buf), slice_from_cstr(cases[i].full)))
			fail_msg("%s: %.*s", cases[i].name, SLICE_ARGS(buf_text(&full_buf)));
		if (!slice_eq(buf_text(&terse_buf), slice_from_cstr(cases[i].terse)))
			fail_msg("%s: %.*s", cases[i].name, SLICE_ARGS(buf_text(&terse_buf)));
		guarded_free(&input);
	}
}

static void no_prefix_is_read_past_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t n = 0; n < cases[i].text.n; n++) {
			struct guarded input = guarded_copy(slice_head(cases[i].text, n));
			char text[LADDER_SUMMARY_MAX_BYTES];
			struct buf buf = BUF_ON(text);
			struct sip_msg msg;

			if (parse(input.text, &msg)) {
				ladder_summarize(&msg, &buf);
				assert_false(buf.is_overflown);
				assert_true(buf.n > 0);
			}
			guarded_free(&input);
		}
	}
}

static void a_small_buffer_gets_a_beginning(void **state)
{
	char text[8];
	struct buf buf = BUF_ON(text);
	struct sip_msg msg;

	(void)state;
	assert_true(parse(cases[0].text, &msg));
	ladder_summarize(&msg, &buf);
	assert_true(buf.is_overflown);
	assert_true(slice_starts_with(SLICE("INVITE 202 (sdp)"), buf_text(&buf)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_summed_up),
		cmocka_unit_test(no_prefix_is_read_past_its_end),
		cmocka_unit_test(a_small_buffer_gets_a_beginning),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
