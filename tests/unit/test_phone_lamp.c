/* SPDX-License-Identifier: MIT */
/*
 * Lamps from the dialog-info of different servers, in full and partial state (RFC 4235 4.1).
 */
#include "base/check.h"
#include "base/mem.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define STEPS_MAX 8
#define DIALOG(id, direction, state)                                                               \
	"<dialog id=\"" id "\" " direction "><state>" state "</state></dialog>\n"
#define RECIPIENT "direction=\"recipient\""
#define INITIATOR "direction=\"initiator\""
#define FULL(version, dialogs) DIALOG_INFO(version, "full") dialogs DIALOG_INFO_END
#define PARTIAL(version, dialogs) DIALOG_INFO(version, "partial") dialogs DIALOG_INFO_END
#define ENTITY(entity, version)                                                                    \
	"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"" version             \
	"\" state=\"full\" entity=\"" entity "\">" DIALOG("1", RECIPIENT, "early") DIALOG_INFO_END

struct step {
	const char *document;
	enum lamp lamp;
	bool asks_for_full; /* SUBSCRIBE follows */
};

static const struct sequence {
	const char *name;
	struct step steps[STEPS_MAX]; /* up to the first without a document */
} sequences[] = {
	{ "pbxnsip", { { PBXNSIP_DOCUMENT, LAMP_FLASH, false } } },
	{ "Asterisk, patched", { { ASTERISK_PATCHED_DOCUMENT, LAMP_FLASH, false } } },
	{ "Asterisk", { { ASTERISK_DOCUMENT, LAMP_FLASH, false } } },
	{ "Snom 4S: off, flash, steady, off",
	  { { SNOM_4S_IDLE_DOCUMENT("18"), LAMP_OFF, false },
	    { SNOM_4S_DOCUMENT("19", "early"), LAMP_FLASH, false },
	    { SNOM_4S_DOCUMENT("20", "confirmed"), LAMP_STEADY, false },
	    { SNOM_4S_IDLE_DOCUMENT("21"), LAMP_OFF, false } } },
	{ "innovaphone: an answered call is proceeding",
	  { { INNOVAPHONE_DOCUMENT("9", "early"), LAMP_FLASH, false },
	    { INNOVAPHONE_DOCUMENT("10", "terminated"), LAMP_OFF, false },
	    { INNOVAPHONE_DOCUMENT("11", "proceeding"), LAMP_STEADY, false },
	    { INNOVAPHONE_DOCUMENT("12", "terminated"), LAMP_OFF, false } } },
	{ "innovaphone: other states",
	  { { INNOVAPHONE_DOCUMENT("1", "trying"), LAMP_STEADY, false },
	    { INNOVAPHONE_DOCUMENT("2", "confirmed"), LAMP_STEADY, false } } },
	{ "being called",
	  { { FULL("0", DIALOG("1", RECIPIENT, "trying")), LAMP_STEADY, false },
	    { FULL("1", DIALOG("1", RECIPIENT, "proceeding")), LAMP_FLASH, false },
	    { FULL("2", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { FULL("3", DIALOG("1", RECIPIENT, "confirmed")), LAMP_STEADY, false },
	    { FULL("4", DIALOG("1", RECIPIENT, "terminated")), LAMP_OFF, false } } },
	{ "calling",
	  { { FULL("0", DIALOG("1", INITIATOR, "trying")), LAMP_STEADY, false },
	    { FULL("1", DIALOG("1", INITIATOR, "proceeding")), LAMP_STEADY, false },
	    { FULL("2", DIALOG("1", INITIATOR, "early")), LAMP_STEADY, false },
	    { FULL("3", DIALOG("1", INITIATOR, "confirmed")), LAMP_STEADY, false },
	    { FULL("4", DIALOG("1", INITIATOR, "terminated")), LAMP_OFF, false } } },
	{ "no direction",
	  { { FULL("0", DIALOG("1", "", "trying")), LAMP_STEADY, false },
	    { FULL("1", DIALOG("1", "", "proceeding")), LAMP_FLASH, false },
	    { FULL("2", DIALOG("1", "", "early")), LAMP_FLASH, false },
	    { FULL("3", DIALOG("1", "", "confirmed")), LAMP_STEADY, false } } },
	{ "flash before steady before off",
	  { { FULL("0", DIALOG("1", INITIATOR, "confirmed") DIALOG("2", RECIPIENT, "early")),
	      LAMP_FLASH, false },
	    { FULL("1", DIALOG("2", RECIPIENT, "terminated") DIALOG("1", INITIATOR, "confirmed")),
	      LAMP_STEADY, false },
	    { FULL("2", DIALOG("1", INITIATOR, "terminated") DIALOG("2", RECIPIENT, "terminated")),
	      LAMP_OFF, false } } },
	{ "full state forgets what it does not name",
	  { { FULL("0", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { FULL("1", DIALOG("2", RECIPIENT, "confirmed")), LAMP_STEADY, false } } },
	{ "partial state changes what it names",
	  { { FULL("10", DIALOG("1", RECIPIENT, "confirmed")), LAMP_STEADY, false },
	    { PARTIAL("11", DIALOG("2", RECIPIENT, "early")), LAMP_FLASH, false },
	    { PARTIAL("12", ""), LAMP_FLASH, false },
	    { PARTIAL("13", DIALOG("2", RECIPIENT, "terminated")), LAMP_STEADY, false },
	    { PARTIAL("14", DIALOG("1", RECIPIENT, "terminated")), LAMP_OFF, false } } },
	{ "old versions are ignored, full ones too",
	  { { FULL("10", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { FULL("10", ""), LAMP_FLASH, false },
	    { FULL("9", ""), LAMP_FLASH, false },
	    { PARTIAL("10", DIALOG("1", RECIPIENT, "terminated")), LAMP_FLASH, false },
	    { FULL("4000000000", ""), LAMP_OFF, false } } },
	{ "a gap asks for full state, a full document needs none",
	  { { FULL("1", ""), LAMP_OFF, false },
	    { FULL("7", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { PARTIAL("9", DIALOG("2", RECIPIENT, "confirmed")), LAMP_FLASH, true },
	    { FULL("10", DIALOG("2", RECIPIENT, "confirmed")), LAMP_STEADY, false } } },
	{ "the first is partial",
	  { { PARTIAL("3", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, true },
	    { PARTIAL("4", DIALOG("1", RECIPIENT, "confirmed")), LAMP_STEADY, false } } },
	{ "somebody else's document",
	  { { FULL("1", DIALOG("1", RECIPIENT, "confirmed")), LAMP_STEADY, false },
	    { ENTITY("sip:204@pbx.example.com", "2"), LAMP_STEADY, false },
	    { ENTITY("sip:202@other.example.com", "3"), LAMP_STEADY, false },
	    { ENTITY("sip:2020@pbx.example.com", "4"), LAMP_STEADY, false },
	    { ENTITY("204", "5"), LAMP_STEADY, false } } },
	{ "other ways to write it",
	  { { FULL("1", ""), LAMP_OFF, false },
	    { ENTITY("sip:202@PBX.example.com:5060;user=phone", "2"), LAMP_FLASH, false },
	    { FULL("3", ""), LAMP_OFF, false },
	    { ENTITY("sip:%3202@192.0.2.1", "4"), LAMP_FLASH, false },
	    { FULL("5", ""), LAMP_OFF, false },
	    { ENTITY("202", "6"), LAMP_FLASH, false },
	    { FULL("7", ""), LAMP_OFF, false },
	    { ENTITY("202@pbx.example.com", "8"), LAMP_FLASH, false } } },
	{ "what cannot be read clears the lamp, and the next tells it again",
	  { { FULL("1", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { "<dialog-info", LAMP_OFF, false },
	    { "no xml at all", LAMP_OFF, false },
	    { FULL("2", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false } } },
	{ "without a version it cannot be read",
	  { { FULL("1", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, false },
	    { "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" state=\"full\" "
	      "entity=\"sip:202@pbx.example.com\"/>",
	      LAMP_OFF, false } } },
	{ "a partial answer to the question for full state is the base",
	  { { FULL("1", ""), LAMP_OFF, false },
	    { PARTIAL("5", DIALOG("1", RECIPIENT, "early")), LAMP_FLASH, true },
	    { PARTIAL("9", DIALOG("1", RECIPIENT, "confirmed")), LAMP_STEADY, false },
	    { PARTIAL("10", DIALOG("1", RECIPIENT, "terminated")), LAMP_OFF, false } } },
};

static void play(const struct sequence *sequence)
{
	struct phone_rig rig;

	phone_rig_start_watching(&rig, "202", NULL);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	for (size_t i = 0; i < STEPS_MAX && sequence->steps[i].document; i++) {
		const struct step *step = &sequence->steps[i];
		struct slice is, wanted = lamp_name(step->lamp);

		phone_rig_notify(&rig, step->document);
		is = lamp_name(phone_lamp(&rig.phone, 1));
		if (!slice_eq(is, wanted))
			fail_msg("%s, step %zu: %.*s, not %.*s", sequence->name, i, SLICE_ARGS(is),
				 SLICE_ARGS(wanted));
		if (fake_peer_is_idle(&rig.peer) == step->asks_for_full)
			fail_msg("%s, step %zu: asking for full state", sequence->name, i);
		if (step->asks_for_full)
			phone_rig_take_subscribe(&rig);
	}
	phone_rig_end(&rig);
}

static void sequences_give_their_lamps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++)
		play(&sequences[i]);
}

static void each_change_is_told_once(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, SNOM_4S_IDLE_DOCUMENT("1"));
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"off\",\"state\":\"terminated\"}");
	phone_rig_forget(&rig);
	phone_rig_notify(&rig, SNOM_4S_IDLE_DOCUMENT("2"));
	assert_int_equal(rig.events_n, 0);
	phone_rig_notify(&rig, SNOM_4S_DOCUMENT("3", "early"));
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"flash\",\"state\":\"early\","
			 "\"remote\":\"sip:201@pbx.example.com\"}");
	phone_rig_forget(&rig);
	phone_rig_notify(&rig, SNOM_4S_DOCUMENT("4", "early"));
	assert_int_equal(rig.events_n, 0);
	/* On demand it is told again. */
	phone_command(&rig.phone, SLICE("lamps"));
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"flash\",\"state\":\"early\","
			 "\"remote\":\"sip:201@pbx.example.com\"}");
	phone_rig_end(&rig);
}

/* Kamailio, until somebody has published something. */
static void a_server_that_knows_nothing_says_off(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, "");
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"off\",\"state\":\"terminated\"}");
	/* Later on it says nothing new. */
	phone_rig_notify(&rig, FULL("1", DIALOG("1", RECIPIENT, "early")));
	phone_rig_notify(&rig, "");
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	phone_rig_end(&rig);
}

/* A notifier that answers each question with another gap does not make us ask as fast. */
static void gaps_are_asked_about_later_and_later(void **state)
{
	struct phone_rig rig;
	char document[512];
	unsigned asked = 0;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, FULL("1", ""));
	for (unsigned i = 1; i <= 100; i++) {
		snprintf(document, sizeof(document), DIALOG_INFO("%u", "partial") DIALOG_INFO_END,
			 10 * i);
		phone_rig_notify(&rig, document);
		if (!fake_peer_is_idle(&rig.peer)) {
			phone_rig_take_subscribe(&rig);
			asked++;
		}
		fake_peer_advance_ms(&rig.peer, 200);
		if (!fake_peer_is_idle(&rig.peer)) {
			phone_rig_take_subscribe(&rig);
			asked++;
		}
	}
	/* 20 s: at once, after 2 to 4 s, after 4 to 8 s more, after 8 to 16 s more. */
	if (asked < 2 || asked > 4)
		fail_msg("asked %u times", asked);
	phone_rig_end(&rig);
}

static void a_lost_connection_is_made_good(void **state)
{
	struct phone_rig rig;
	struct flow other;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, FULL("1", ""));
	other = rig.peer.flow;
	assert_int_equal(addr_parse(SLICE("192.0.2.9:5060"), &other.peer), 0);
	phone_on_connection_lost(&rig.phone, &other);
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_on_connection_lost(&rig.phone, &rig.peer.flow);
	phone_rig_take_subscribe(&rig);
	/* The new one is lost, too: it is not asked in a circle. */
	phone_on_connection_lost(&rig.phone, &rig.peer.flow);
	assert_true(fake_peer_is_idle(&rig.peer));
	fake_peer_advance_ms(&rig.peer, 4001);
	phone_rig_take_subscribe(&rig);
	phone_rig_end(&rig);
}

static void busy_keys_leave_room_for_a_call(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	for (unsigned i = 0; i < 150; i++)
		phone_rig_notify(&rig, FULL("1", ""));
	phone_rig_invite(&rig, "in1", "", "");
	(void)fake_peer_take_response(&rig.peer, 100);
	(void)fake_peer_take_response(&rig.peer, 180);
	phone_rig_end(&rig);
}

static void the_calls_screen_names_who_calls_whom(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, PBXNSIP_DOCUMENT);
	fake_peer_advance_ms(&rig.peer, 7000);
	phone_command(&rig.phone, SLICE("calls"));
	phone_rig_expect(&rig, "{\"event\":\"calls\",\"calls\":[{\"key\":1,\"state\":\"early\","
			       "\"remote\":\"sip:201@pbx.example.com\","
			       "\"local\":\"sip:202@pbx.example.com\",\"direction\":\"in\","
			       "\"held\":false,\"seconds\":7}]}");
	/* Without names there is somebody all the same. */
	phone_rig_forget(&rig);
	phone_rig_notify(&rig, ASTERISK_DOCUMENT);
	phone_command(&rig.phone, SLICE("calls"));
	phone_rig_expect(&rig, "{\"event\":\"calls\",\"calls\":[{\"key\":1,\"state\":\"early\","
			       "\"local\":\"sip:202@pbx.example.com\",\"direction\":\"in\","
			       "\"held\":false,\"seconds\":0}]}");
	phone_rig_end(&rig);
}

#define HELD_LOCAL                                                                                 \
	"<local><target uri=\"sip:202@pbx.example.com\">"                                          \
	"<param pname=\"+sip.rendering\" pval=\"no\"/></target></local>"

/* A call that lasts keeps its time through full and partial documents; one says its own. */
static void all_calls_of_the_watched_one_are_on_the_screen(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, FULL("1", DIALOG("1", INITIATOR, "confirmed")));
	fake_peer_advance_ms(&rig.peer, 60000);
	phone_rig_notify(&rig, FULL("2", DIALOG("1", INITIATOR, "confirmed")
						 DIALOG("2", RECIPIENT, "early")));
	phone_rig_notify(&rig, PARTIAL("3", "<dialog id=\"1\" direction=\"initiator\">"
					    "<state>confirmed</state>" HELD_LOCAL "</dialog>"
					    "<dialog id=\"3\"><state>trying</state>"
					    "<duration>3600</duration></dialog>"));
	fake_peer_advance_ms(&rig.peer, 1000);
	phone_command(&rig.phone, SLICE("calls"));
	phone_rig_expect(&rig, "{\"event\":\"calls\",\"calls\":["
			       "{\"key\":1,\"state\":\"confirmed\","
			       "\"local\":\"sip:202@pbx.example.com\",\"direction\":\"out\","
			       "\"held\":true,\"seconds\":61},"
			       "{\"key\":1,\"state\":\"early\","
			       "\"local\":\"sip:202@pbx.example.com\",\"direction\":\"in\","
			       "\"held\":false,\"seconds\":1},"
			       "{\"key\":1,\"state\":\"trying\","
			       "\"local\":\"sip:202@pbx.example.com\",\"held\":false,"
			       "\"seconds\":3601}]}");
	phone_rig_end(&rig);
}

static void a_new_subscription_counts_its_versions_anew(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, FULL("900", DIALOG("1", RECIPIENT, "early")));
	/* The server was restarted: it knows of no subscription. */
	fake_peer_advance_ms(&rig.peer, 1800000);
	while (fake_peer_is_idle(&rig.peer))
		fake_peer_advance_ms(&rig.peer, 100);
	(void)fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
	fake_peer_answer(&rig.peer, 481, "n", "", "");
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	phone_rig_take_subscribe(&rig);
	rig.notify_cseq = 0;
	phone_rig_notify(&rig, FULL("0", DIALOG("1", RECIPIENT, "confirmed")));
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_STEADY);
	phone_rig_end(&rig);
}

static void a_lamp_that_nobody_keeps_is_dark(void **state)
{
	struct phone_rig rig;
	char text[1024];

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, FULL("1", DIALOG("1", RECIPIENT, "confirmed")));
	snprintf(text, sizeof(text),
		 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKend\n"
		 "From: <sip:202@pbx.example.com>;tag=n\nTo: <sip:203@pbx.example.com>;tag=%s\n"
		 "Call-ID: %s\nCSeq: 99 NOTIFY\nEvent: dialog\n"
		 "Subscription-State: terminated;reason=rejected\n",
		 rig.tag, rig.call_id);
	phone_rig_forget(&rig);
	fake_peer_send(&rig.peer, text, "");
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_expect(&rig,
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\","
			 "\"lamp\":\"off\",\"state\":\"terminated\"}");
	phone_rig_expect(&rig,
			 "{\"event\":\"error\",\"text\":\"key 1: sip:202@pbx.example.com is no "
			 "longer watched: rejected\"}");
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

/* Whatever is refused: the lamp is right, or the server is asked, or it will send again. */
static void refused_memory_is_made_good(void **state)
{
	char text[1024];

	(void)state;
	for (uint64_t nth = 1, asked = UINT64_MAX; nth <= asked; nth++) {
		struct phone_rig rig;
		bool is_accepted, is_asking;
		uint64_t before;

		phone_rig_start_watching(&rig, "202", NULL);
		phone_rig_notify(&rig, SNOM_4S_DOCUMENT("1", "early"));
		snprintf(text, sizeof(text),
			 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
			 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKr\n"
			 "From: <sip:202@pbx.example.com>;tag=n\n"
			 "To: <sip:203@pbx.example.com>;tag=%s\nCall-ID: %s\n"
			 "CSeq: 50 NOTIFY\nEvent: dialog\nSubscription-State: active\n"
			 "Content-Type: application/dialog-info+xml\n",
			 rig.tag, rig.call_id);
		before = mem_count().allocs;
		mem_refuse_nth(nth);
		fake_peer_send(&rig.peer, text, SNOM_4S_DOCUMENT("2", "confirmed"));
		asked = mem_count().allocs - before;
		mem_refuse_nth(0);
		take_all(&rig, &is_accepted, &is_asking);
		if (phone_lamp(&rig.phone, 1) != LAMP_STEADY && is_accepted && !is_asking)
			fail_msg("allocation %u refused: the lamp stays wrong", (unsigned)nth);
		phone_rig_end(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_give_their_lamps),
		cmocka_unit_test(each_change_is_told_once),
		cmocka_unit_test(a_server_that_knows_nothing_says_off),
		cmocka_unit_test(gaps_are_asked_about_later_and_later),
		cmocka_unit_test(a_lost_connection_is_made_good),
		cmocka_unit_test(busy_keys_leave_room_for_a_call),
		cmocka_unit_test(the_calls_screen_names_who_calls_whom),
		cmocka_unit_test(all_calls_of_the_watched_one_are_on_the_screen),
		cmocka_unit_test(a_new_subscription_counts_its_versions_anew),
		cmocka_unit_test(a_lamp_that_nobody_keeps_is_dark),
		cmocka_unit_test(refused_memory_is_made_good),
	};

	return cmocka_run_group_tests_name("phone lamp", tests, NULL, NULL);
}
