/* SPDX-License-Identifier: MIT */
/*
 * Lists of keys (RFC 4662): what is subscribed, which keys come of it, and what each kind of NOTIFY
 * does to their lamps.
 */
#include "base/check.h"
#include "base/mem.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TYPE "multipart/related;type=\"application/rlmi+xml\";start=\"<l@x>\";boundary=\"50UBfW7L\""

#define RLMI(version, is_full, resources)                                                          \
	"--50UBfW7L\nContent-Transfer-Encoding: binary\nContent-ID: <l@x>\n"                       \
	"Content-Type: application/rlmi+xml;charset=\"UTF-8\"\n\n"                                 \
	"<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"sip:keys-203@pbx.example.com\" "        \
	"version=\"" version "\" fullState=\"" is_full "\">" resources "</list>\n"
#define RESOURCE(number, inside)                                                                   \
	"<resource uri=\"sip:" number "@pbx.example.com\">" inside "</resource>"
#define ACTIVE(number, id)                                                                         \
	RESOURCE(number, "<instance id=\"" id "\" state=\"active\" cid=\"" number "@x\"/>")
#define PART(number, document)                                                                     \
	"--50UBfW7L\nContent-ID: <" number "@x>\n"                                                 \
	"Content-Type: application/dialog-info+xml\n\n" document "\n"
#define INFO(number, version, kind, dialogs)                                                       \
	"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"" version             \
	"\" state=\"" kind "\" entity=\"sip:" number "@pbx.example.com\">" dialogs                 \
	"</dialog-info>"
#define DIALOG(state) "<dialog id=\"1\" direction=\"recipient\"><state>" state "</state></dialog>"
#define FULL(number, version, state) PART(number, INFO(number, version, "full", DIALOG(state)))
#define END "--50UBfW7L--\n"

/* Two resources, idle. */
#define FIRST                                                                                      \
	RLMI("0", "true", ACTIVE("202", "a") ACTIVE("204", "b"))                                   \
	FULL("202", "0", "terminated") FULL("204", "0", "terminated") END

static void start(struct phone_rig *rig)
{
	static const struct phone_key_config keys[] = {
		{ .number = 1, .kind = PHONE_KEY_LIST, .target = SLICE_INIT("sip:keys-203@pbx") },
		{ .number = 2, .kind = PHONE_KEY_SPEED, .target = SLICE_INIT("201") },
	};
	const struct phone_config config = { .keys = keys, .key_count = ARRAY_LEN(keys) };

	phone_rig_start(rig, &config);
	phone_rig_take_subscribe(rig);
}

static void notify(struct phone_rig *rig, const char *body)
{
	phone_rig_notify_of(rig, "dialog", TYPE, body);
}

/* Key 1 is 202, key 3 is 204: key 2 is somebody else's. */
static void assert_lamps(const struct phone_rig *rig, const char *what, enum lamp first,
			 enum lamp third)
{
	if (phone_lamp(&rig->phone, 1) != first || phone_lamp(&rig->phone, 3) != third)
		fail_msg("%s: %.*s and %.*s", what,
			 SLICE_ARGS(lamp_name(phone_lamp(&rig->phone, 1))),
			 SLICE_ARGS(lamp_name(phone_lamp(&rig->phone, 3))));
}

static void a_list_is_asked_for_as_a_list(void **state)
{
	static const struct phone_key_config key = { .number = 1,
						     .kind = PHONE_KEY_LIST,
						     .target = SLICE_INIT("keys-203") };
	const struct phone_config config = { .keys = &key, .key_count = 1 };
	const struct sip_msg *msg;
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, &config);
	msg = fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
	assert_true(slice_eq(msg->uri.text, SLICE("sip:keys-203@pbx.example.com")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), SLICE("dialog")));
	assert_true(sip_msg_has_token(msg, HDR_SUPPORTED, SLICE("eventlist")));
	assert_true(sip_msg_has_token(msg, HDR_ACCEPT, SLICE("multipart/related")));
	assert_true(sip_msg_has_token(msg, HDR_ACCEPT, SLICE("application/rlmi+xml")));
	assert_true(sip_msg_has_token(msg, HDR_ACCEPT, SLICE("application/dialog-info+xml")));
	phone_rig_end(&rig);
}

static void the_first_document_makes_the_keys(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig, RLMI("0", "true",
			  RESOURCE("202", "<name>Bob</name><instance id=\"a\" state=\"active\" "
					  "cid=\"202@x\"/>") ACTIVE("204", "b"))
			     FULL("202", "0", "early") FULL("204", "0", "confirmed") END);
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"flash\",\"state\":\"early\",\"name\":\"Bob\"}");
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":3,\"entity\":\"sip:204@pbx.example.com\","
			 "\"lamp\":\"steady\",\"state\":\"confirmed\"}");
	assert_lamps(&rig, "first", LAMP_FLASH, LAMP_STEADY);
	/* A key of a list is pressed like any other. */
	phone_rig_forget(&rig);
	assert_int_not_equal(phone_press(&rig.phone, 1), 0);
	assert_int_equal(phone_press(&rig.phone, 3), 0);
	assert_true(slice_eq(fake_peer_take_request(&rig.peer, METHOD_INVITE)->uri.text,
			     SLICE("sip:204@pbx.example.com")));
	phone_rig_end(&rig);
}

static const struct {
	const char *name;
	const char *body; /* after FIRST */
	enum lamp first, third;
	bool asks_for_full;
} steps[] = {
	{ "a partial list changes what it names",
	  RLMI("1", "false", ACTIVE("204", "b")) FULL("204", "1", "early") END, LAMP_OFF,
	  LAMP_FLASH, false },
	{ "a partial document in a partial list",
	  RLMI("1", "false", ACTIVE("202", "a"))
		  PART("202", INFO("202", "1", "partial", DIALOG("confirmed"))) END,
	  LAMP_STEADY, LAMP_OFF, false },
	{ "an old list is no news",
	  RLMI("0", "true", ACTIVE("202", "a")) FULL("202", "9", "early") END, LAMP_OFF, LAMP_OFF,
	  false },
	{ "an old document is no news",
	  RLMI("1", "false", ACTIVE("202", "a")) FULL("202", "0", "early") END, LAMP_OFF, LAMP_OFF,
	  false },
	{ "a gap between lists is asked about",
	  RLMI("2", "false", ACTIVE("202", "a")) FULL("202", "1", "early") END, LAMP_FLASH,
	  LAMP_OFF, true },
	{ "a gap between documents, too",
	  RLMI("1", "false", ACTIVE("202", "a"))
		  PART("202", INFO("202", "5", "partial", DIALOG("early"))) END,
	  LAMP_FLASH, LAMP_OFF, true },
	{ "full state after a gap needs no question",
	  RLMI("7", "true", ACTIVE("202", "a") ACTIVE("204", "b")) FULL("202", "7", "early")
		  FULL("204", "7", "early") END,
	  LAMP_FLASH, LAMP_FLASH, false },
	{ "a document that is not there is asked for", RLMI("1", "false", ACTIVE("202", "a")) END,
	  LAMP_OFF, LAMP_OFF, true },
	{ "another instance counts its versions anew",
	  RLMI("1", "false", ACTIVE("202", "z")) FULL("202", "0", "early") END, LAMP_FLASH,
	  LAMP_OFF, false },
	{ "of two instances the active one is shown",
	  RLMI("1", "false",
	       RESOURCE("202", "<instance id=\"y\" state=\"terminated\"/>"
			       "<instance id=\"a\" state=\"active\" cid=\"202@x\"/>"))
		  FULL("202", "1", "early") END,
	  LAMP_FLASH, LAMP_OFF, false },
};

static void each_notify_does_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct phone_rig rig;

		start(&rig);
		notify(&rig, FIRST);
		notify(&rig, steps[i].body);
		assert_lamps(&rig, steps[i].name, steps[i].first, steps[i].third);
		if (fake_peer_is_idle(&rig.peer) == steps[i].asks_for_full)
			fail_msg("%s: asking for full state", steps[i].name);
		phone_rig_end(&rig);
	}
}

/* A notifier that answers the question in part all the same has no more to say. */
static void a_partial_answer_to_the_question_is_the_base(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig, FIRST);
	notify(&rig, RLMI("5", "false", "") END);
	phone_rig_take_subscribe(&rig);
	notify(&rig, RLMI("9", "false", ACTIVE("202", "a"))
			     PART("202", INFO("202", "9", "partial", DIALOG("early"))) END);
	assert_true(fake_peer_is_idle(&rig.peer));
	assert_lamps(&rig, "base", LAMP_FLASH, LAMP_OFF);
	phone_rig_end(&rig);
}

static void who_is_listed_no_more_has_no_key(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig, FIRST);
	notify(&rig, RLMI("1", "false", ACTIVE("202", "a")) FULL("202", "1", "early") END);
	phone_rig_forget(&rig);
	notify(&rig, RLMI("2", "true", ACTIVE("204", "b") ACTIVE("205", "c"))
			     FULL("204", "1", "terminated") FULL("205", "0", "confirmed") END);
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"off\",\"state\":\"terminated\"}");
	assert_lamps(&rig, "204 keeps its key", LAMP_OFF, LAMP_OFF);
	assert_int_equal(phone_lamp(&rig.phone, 4), LAMP_STEADY);
	/* The place of the one that went is taken by the next. */
	notify(&rig, RLMI("3", "true", ACTIVE("204", "b") ACTIVE("206", "d"))
			     FULL("204", "2", "terminated") FULL("206", "0", "early") END);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	assert_int_equal(phone_lamp(&rig.phone, 4), LAMP_OFF);
	phone_rig_end(&rig);
}

static void who_is_not_there_is_dark_and_says_why(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig, FIRST);
	notify(&rig, RLMI("1", "false", ACTIVE("202", "a")) FULL("202", "1", "early") END);
	phone_rig_forget(&rig);
	notify(&rig, RLMI("2", "false",
			  RESOURCE("202", "<instance id=\"a\" state=\"terminated\" "
					  "reason=\"noresource\"/>")) END);
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"off\",\"state\":\"terminated\",\"status\":\"noresource\"}");
	phone_rig_end(&rig);
}

/* BroadWorks: all in each, and a name where the local party stands. */
static void the_consolidated_form_is_understood(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig,
	       RLMI("0", "true", ACTIVE("202", "a")) PART(
		       "202", INFO("202", "0", "full",
				   "<dialog id=\"0\"><state>terminated</state><local>"
				   "<identity display=\"Bob\">sip:202@pbx.example.com</identity>"
				   "</local></dialog>")) END);
	phone_rig_forget(&rig);
	notify(&rig, RLMI("1", "true", ACTIVE("202", "a")) FULL("202", "1", "confirmed") END);
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"steady\",\"state\":\"confirmed\",\"name\":\"Bob\"}");
	phone_rig_end(&rig);
}

static void what_is_no_list_darkens_the_keys(void **state)
{
	static const struct {
		const char *type, *body;
	} cases[] = {
		{ TYPE, "no part" },
		{ TYPE, RLMI("1", "true", "") "--50UBfW7L\n" },
		{ TYPE, "--50UBfW7L\n\nno list\n--50UBfW7L--" },
		{ TYPE, "--50UBfW7L\nContent-Type: application/rlmi+xml\n\n<list\n--50UBfW7L--" },
		{ "application/dialog-info+xml", INFO("202", "1", "full", DIALOG("early")) },
		{ "application/rlmi+xml", "<list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct phone_rig rig;

		start(&rig);
		notify(&rig, FIRST);
		notify(&rig, RLMI("1", "false", ACTIVE("202", "a")) FULL("202", "1", "early") END);
		phone_rig_forget(&rig);
		phone_rig_notify_of(&rig, "dialog", cases[i].type, cases[i].body);
		assert_lamps(&rig, cases[i].body, LAMP_OFF, LAMP_OFF);
		assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
					      SLICE("{\"event\":\"error\",\"text\":\"key 1: ")));
		phone_rig_end(&rig);
	}
}

static void a_new_subscription_counts_its_versions_anew(void **state)
{
	struct phone_rig rig;

	(void)state;
	start(&rig);
	notify(&rig, RLMI("900", "true", ACTIVE("202", "a")) FULL("202", "900", "early") END);
	fake_peer_advance_ms(&rig.peer, 1800000);
	while (fake_peer_is_idle(&rig.peer))
		fake_peer_advance_ms(&rig.peer, 100);
	(void)fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
	fake_peer_answer(&rig.peer, 481, "n", "", "");
	phone_rig_take_subscribe(&rig);
	rig.notify_cseq = 0;
	notify(&rig, RLMI("0", "true", ACTIVE("202", "a")) FULL("202", "0", "confirmed") END);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_STEADY);
	phone_rig_end(&rig);
}

/* A list longer than the phone has keys fills what there is. */
static void more_resources_than_keys_are_told(void **state)
{
	static char body[32768];
	struct buf buf = BUF_ON(body);
	struct phone_rig rig;

	(void)state;
	start(&rig);
	buf_lit(&buf, "<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" version=\"0\" "
		      "uri=\"sip:l@x\" fullState=\"true\">");
	for (unsigned i = 0; i < PHONE_KEYS_MAX; i++)
		buf_printf(&buf, "<resource uri=\"sip:%u@x\"/>", i);
	buf_lit(&buf, "</list>");
	buf_char(&buf, '\0');
	phone_rig_forget(&rig);
	phone_rig_notify_of(&rig, "dialog", "application/rlmi+xml", body);
	assert_int_equal(rig.phone.key_count, PHONE_KEYS_MAX);
	phone_rig_expect(&rig, "{\"event\":\"error\",\"text\":\"key 1: there is no key for "
			       "sip:127@x: a limit is reached\"}");
	phone_rig_end(&rig);
}

/* What the phone did with a NOTIFY: said 200 to it, and asked for full state. */
static void take_all(struct phone_rig *rig, bool *ret_is_accepted, bool *ret_is_asking)
{
	*ret_is_accepted = *ret_is_asking = false;
	while (!fake_peer_is_idle(&rig->peer)) {
		const struct sip_msg *msg = fake_peer_take(&rig->peer);

		*ret_is_accepted |= !msg->is_request && msg->status == 200;
		*ret_is_asking |= msg->is_request && msg->method == METHOD_SUBSCRIBE;
	}
}

/* Whatever is refused: the lamps are right, or the server is asked, or it will send again. */
static void refused_memory_is_made_good(void **state)
{
	char text[1024];

	(void)state;
	for (uint64_t nth = 1, asked = UINT64_MAX; nth <= asked; nth++) {
		bool is_accepted, is_asking, is_right;
		struct phone_rig rig;
		uint64_t before;

		start(&rig);
		snprintf(text, sizeof(text),
			 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
			 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKr\n"
			 "From: <sip:202@pbx.example.com>;tag=n\n"
			 "To: <sip:203@pbx.example.com>;tag=%s\nCall-ID: %s\n"
			 "CSeq: 50 NOTIFY\nEvent: dialog\nSubscription-State: active\n"
			 "Content-Type: " TYPE "\n",
			 rig.tag, rig.call_id);
		before = mem_count().allocs;
		mem_refuse_nth(nth);
		fake_peer_send(&rig.peer, text,
			       RLMI("0", "true", ACTIVE("202", "a") ACTIVE("204", "b"))
				       FULL("202", "0", "early") FULL("204", "0", "early") END);
		asked = mem_count().allocs - before;
		mem_refuse_nth(0);
		take_all(&rig, &is_accepted, &is_asking);
		is_right = phone_lamp(&rig.phone, 1) == LAMP_FLASH &&
			   phone_lamp(&rig.phone, 3) == LAMP_FLASH;
		if (!is_right && is_accepted && !is_asking)
			fail_msg("allocation %u refused: a lamp stays wrong", (unsigned)nth);
		phone_rig_end(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_asked_for_as_a_list),
		cmocka_unit_test(the_first_document_makes_the_keys),
		cmocka_unit_test(each_notify_does_what_it_says),
		cmocka_unit_test(a_partial_answer_to_the_question_is_the_base),
		cmocka_unit_test(who_is_listed_no_more_has_no_key),
		cmocka_unit_test(who_is_not_there_is_dark_and_says_why),
		cmocka_unit_test(the_consolidated_form_is_understood),
		cmocka_unit_test(what_is_no_list_darkens_the_keys),
		cmocka_unit_test(a_new_subscription_counts_its_versions_anew),
		cmocka_unit_test(more_resources_than_keys_are_told),
		cmocka_unit_test(refused_memory_is_made_good),
	};

	return cmocka_run_group_tests_name("phone list", tests, NULL, NULL);
}
