/* SPDX-License-Identifier: MIT */
/*
 * What a press of a lamp key sends: the INVITE, read back, for each kind of server and each state
 * of the lamp (RFC 3891 3, and the rules of snom's phones).
 */
#include "base/check.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DIALOG(attributes, body)                                                                   \
	DIALOG_INFO("1", "full")                                                                   \
	"<dialog id=\"1\" direction=\"recipient\"" attributes "><state>early</state>" body         \
	"</dialog>" DIALOG_INFO_END
#define REMOTE "<remote><identity>sip:201@pbx.example.com</identity></remote>"
#define REMOTE_TARGET "<remote><target uri=\"sip:*8202@pbx.example.com\"/></remote>"
#define NO_CALL "" /* the press makes no call but an error event */

static const struct {
	const char *name;
	const char *document;
	enum pickup_mode mode;
	const char *code;
	enum phone_talking talking;
	const char *uri;      /* of the INVITE, or NO_CALL */
	const char *replaces; /* its Replaces header, or "" */
} cases[] = {
	{ "pbxnsip", PBXNSIP_DOCUMENT, PICKUP_AUTO, "", PHONE_TALKING_CALLS,
	  "sip:201@pbx.example.com", "7d21aa90-x1" },
	{ "Asterisk, patched", ASTERISK_PATCHED_DOCUMENT, PICKUP_AUTO, "", PHONE_TALKING_CALLS,
	  "sip:*8202@pbx.example.com", "" },
	{ "Asterisk without a code", ASTERISK_DOCUMENT, PICKUP_AUTO, "", PHONE_TALKING_CALLS,
	  NO_CALL, "" },
	{ "Asterisk with a code", ASTERISK_DOCUMENT, PICKUP_AUTO, "*8", PHONE_TALKING_CALLS,
	  "sip:*8202@pbx.example.com", "" },
	{ "Snom 4S: the tags change places", SNOM_4S_DOCUMENT("1", "early"), PICKUP_AUTO, "",
	  PHONE_TALKING_CALLS, "sip:201@pbx.example.com",
	  "c1d0@192.0.2.113;to-tag=r9c85o0;from-tag=l6yln" },
	{ "innovaphone: identity instead of target", INNOVAPHONE_DOCUMENT("1", "early"),
	  PICKUP_AUTO, "", PHONE_TALKING_CALLS, "sip:211@192.0.2.1", "a7c30961f00900d6" },
	{ "one tag only", DIALOG(" call-id=\"c\" local-tag=\"l\"", REMOTE), PICKUP_AUTO, "",
	  PHONE_TALKING_CALLS, "sip:201@pbx.example.com", "c;from-tag=l" },
	{ "call-id but nobody to call: the code", DIALOG(" call-id=\"c\"", ""), PICKUP_AUTO, "**",
	  PHONE_TALKING_CALLS, "sip:**202@pbx.example.com", "" },
	{ "the caller's identity is no pick-up", DIALOG("", REMOTE), PICKUP_AUTO, "",
	  PHONE_TALKING_CALLS, NO_CALL, "" },
	{ "a target has headers",
	  DIALOG("", "<remote><target uri=\"sip:p@h?Replaces=x%3By\"/></remote>"), PICKUP_AUTO, "",
	  PHONE_TALKING_CALLS, "sip:p@h", "" },
	{ "a target is no URI", DIALOG("", "<remote><target uri=\"sip:a b&#10;c\"/></remote>"),
	  PICKUP_AUTO, "", PHONE_TALKING_CALLS, NO_CALL, "" },
	{ "replaces wanted", DIALOG(" call-id=\"c\"", REMOTE_TARGET), PICKUP_BY_REPLACES, "*8",
	  PHONE_TALKING_CALLS, "sip:*8202@pbx.example.com", "c" },
	{ "replaces wanted, no call-id", DIALOG("", REMOTE_TARGET), PICKUP_BY_REPLACES, "*8",
	  PHONE_TALKING_CALLS, NO_CALL, "" },
	{ "target wanted", DIALOG(" call-id=\"c\"", REMOTE_TARGET), PICKUP_BY_TARGET, "*7",
	  PHONE_TALKING_CALLS, "sip:*8202@pbx.example.com", "" },
	{ "target wanted, none there", DIALOG(" call-id=\"c\"", REMOTE), PICKUP_BY_TARGET, "*7",
	  PHONE_TALKING_CALLS, NO_CALL, "" },
	{ "code wanted", DIALOG(" call-id=\"c\"", REMOTE_TARGET), PICKUP_BY_CODE, "*7",
	  PHONE_TALKING_CALLS, "sip:*7202@pbx.example.com", "" },
	{ "code wanted, none there", DIALOG(" call-id=\"c\"", REMOTE_TARGET), PICKUP_BY_CODE, "",
	  PHONE_TALKING_CALLS, NO_CALL, "" },
	{ "a code with #", ASTERISK_DOCUMENT, PICKUP_AUTO, "#5", PHONE_TALKING_CALLS,
	  "sip:%235202@pbx.example.com", "" },
	{ "idle: calls", SNOM_4S_IDLE_DOCUMENT("1"), PICKUP_AUTO, "*8", PHONE_TALKING_CALLS,
	  "sip:202@pbx.example.com", "" },
	{ "talking: calls", SNOM_4S_DOCUMENT("1", "confirmed"), PICKUP_AUTO, "*8",
	  PHONE_TALKING_CALLS, "sip:202@pbx.example.com", "" },
	{ "talking: takes it over", SNOM_4S_DOCUMENT("1", "confirmed"), PICKUP_AUTO, "*8",
	  PHONE_TALKING_PICKS_UP, "sip:201@pbx.example.com",
	  "c1d0@192.0.2.113;to-tag=r9c85o0;from-tag=l6yln" },
};

/* All that holds for any INVITE of ours. */
static void check_invite(const struct sip_msg *msg)
{
	assert_true(sip_msg_has_token(msg, HDR_SUPPORTED, SLICE("replaces")));
	assert_null(sip_msg_header(msg, HDR_REQUIRE));
	assert_true(sip_msg_has_token(msg, HDR_ALLOW, SLICE("CANCEL")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTENT_TYPE), SLICE("application/sdp")));
	assert_true(slice_eq(msg->from.uri.text, SLICE("sip:203@pbx.example.com")));
	assert_true(slice_eq(msg->to.uri.text, msg->uri.text));
	assert_false(slice_is_empty(msg->from_tag));
	assert_true(slice_is_empty(msg->to_tag));
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTACT), SLICE("<sip:203@192.0.2.3:5060>")));
	assert_true(msg->has_max_forwards);
}

static void a_press_sends_what_the_notify_offers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phone_key_config key = { .number = 1,
						.kind = PHONE_KEY_BLF,
						.target = SLICE("202"),
						.talking = cases[i].talking };
		struct phone_config config = { .keys = &key,
					       .key_count = 1,
					       .pickup = cases[i].mode,
					       .pickup_code = slice_from_cstr(cases[i].code) };
		bool has_call = cases[i].uri[0] != '\0';
		const struct sip_msg *msg;
		struct phone_rig rig;

		phone_rig_start_watching(&rig, "202", &config);
		phone_rig_notify(&rig, cases[i].document);
		phone_rig_forget(&rig);
		if ((phone_press(&rig.phone, 1) == 0) != has_call)
			fail_msg("%s: %.*s", cases[i].name, (int)rig.events_n, rig.events);
		assert_int_equal(phone_call_count(&rig.phone), has_call);
		if (has_call) {
			msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
			check_invite(msg);
			if (!slice_eq(msg->uri.text, slice_from_cstr(cases[i].uri)))
				fail_msg("%s: %.*s", cases[i].name, SLICE_ARGS(msg->uri.text));
			if (!slice_eq(sip_msg_value(msg, HDR_REPLACES),
				      slice_from_cstr(cases[i].replaces)))
				fail_msg("%s: Replaces: %.*s", cases[i].name,
					 SLICE_ARGS(sip_msg_value(msg, HDR_REPLACES)));
		} else {
			assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
						      SLICE("{\"event\":\"error\"")));
		}
		assert_true(fake_peer_is_idle(&rig.peer));
		phone_rig_end(&rig);
	}
}

static void a_key_may_do_nothing_while_they_talk(void **state)
{
	struct phone_key_config key = { .number = 1,
					.kind = PHONE_KEY_BLF,
					.target = SLICE("202"),
					.talking = PHONE_TALKING_NOTHING };
	struct phone_config config = { .keys = &key, .key_count = 1 };
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", &config);
	phone_rig_notify(&rig, SNOM_4S_DOCUMENT("1", "confirmed"));
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_rig_end(&rig);
}

static void a_speed_key_calls(void **state)
{
	static const struct {
		struct slice target;
		struct slice uri;
	} targets[] = {
		{ SLICE_INIT("201"), SLICE_INIT("sip:201@pbx.example.com") },
		{ SLICE_INIT("201@example.net"), SLICE_INIT("sip:201@example.net") },
		{ SLICE_INIT("sip:201@example.net;user=phone"),
		  SLICE_INIT("sip:201@example.net;user=phone") },
		{ SLICE_INIT("tel:+49301234"), SLICE_INIT("tel:+49301234") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		struct phone_key_config key = { .number = 9,
						.kind = PHONE_KEY_SPEED,
						.target = targets[i].target };
		struct phone_config config = { .keys = &key, .key_count = 1 };
		struct phone_rig rig;

		phone_rig_start(&rig, &config);
		assert_true(fake_peer_is_idle(&rig.peer));
		assert_int_equal(phone_press(&rig.phone, 9), 0);
		assert_true(slice_eq(fake_peer_take_request(&rig.peer, METHOD_INVITE)->uri.text,
				     targets[i].uri));
		phone_rig_end(&rig);
	}
}

static void the_first_that_can_be_taken_is_taken(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(
		&rig,
		DIALOG_INFO("1", "full") "<dialog id=\"1\" direction=\"recipient\" call-id=\"a\">"
					 "<state>confirmed</state>" REMOTE "</dialog>"
					 "<dialog id=\"2\" "
					 "direction=\"recipient\"><state>early</state></dialog>"
					 "<dialog id=\"3\" direction=\"recipient\" call-id=\"b\">"
					 "<state>early</state>" REMOTE "</dialog>" DIALOG_INFO_END);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	assert_true(slice_eq(
		sip_msg_value(fake_peer_take_request(&rig.peer, METHOD_INVITE), HDR_REPLACES),
		SLICE("b")));
	phone_rig_end(&rig);
}

static void the_caller_is_named_after_the_pick_up(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, PBXNSIP_DOCUMENT);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	phone_rig_expect(&rig, "{\"event\":\"calling\",\"call\":1,"
			       "\"remote\":\"sip:201@pbx.example.com\"}");
	fake_peer_answer(&rig.peer, 200, "p",
			 "Contact: <sip:201@192.0.2.1:5060>\r\n"
			 "P-Asserted-Identity: \"Alice\" <sip:201@example.net>\r\n",
			 "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"answered\",\"call\":1,"
			       "\"remote\":\"sip:201@example.net\",\"display\":\"Alice\"}");
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_press_sends_what_the_notify_offers),
		cmocka_unit_test(a_key_may_do_nothing_while_they_talk),
		cmocka_unit_test(a_speed_key_calls),
		cmocka_unit_test(the_first_that_can_be_taken_is_taken),
		cmocka_unit_test(the_caller_is_named_after_the_pick_up),
	};

	return cmocka_run_group_tests_name("phone pickup", tests, NULL, NULL);
}
