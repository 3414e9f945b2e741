/* SPDX-License-Identifier: MIT */
/*
 * Behaving like a given make: what each sends, what it takes and how it picks up; presence for want
 * of dialogs, and NOTIFYs that nobody has asked for.
 */
#include "base/check.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define REMOTE                                                                                     \
	"<remote><identity>sip:201@pbx.example.com</identity>"                                     \
	"<target uri=\"sip:*8202@pbx.example.com\"/></remote>"
#define IDS(ids)                                                                                   \
	"<dialog id=\"1\" direction=\"recipient\" " ids "><state>early</state>" REMOTE "</dialog>"
#define ALL_IDS                                                                                    \
	DIALOG_INFO("1", "full")                                                                   \
	IDS("call-id=\"c\" local-tag=\"l\" remote-tag=\"r\"") DIALOG_INFO_END
#define CALL_ID DIALOG_INFO("1", "full") IDS("call-id=\"c\"") DIALOG_INFO_END
#define NO_IDS DIALOG_INFO("1", "full") IDS("") DIALOG_INFO_END
#define DIALOG(id, direction, state)                                                               \
	"<dialog id=\"" id "\" direction=\"" direction "\"><state>" state "</state></dialog>"
#define FULL(version, dialogs) DIALOG_INFO(version, "full") dialogs DIALOG_INFO_END
#define PARTIAL(version, dialogs) DIALOG_INFO(version, "partial") dialogs DIALOG_INFO_END

static const struct phone_profile *profile(const char *name)
{
	const struct phone_profile *found = phone_profile_find(slice_from_cstr(name));

	assert_non_null(found);
	return found;
}

static void start(struct phone_rig *rig, const char *name, struct slice code)
{
	struct phone_config config = { .profile = profile(name), .pickup_code = code };

	phone_rig_start_watching(rig, "202", &config);
}

/* --- Picking up --------------------------------------------------------------------------- */

static const struct {
	const char *profile, *document, *code;
	const char *uri; /* empty: no call */
	const char *replaces;
} pickups[] = {
	{ "snom", ALL_IDS, "", "sip:*8202@pbx.example.com", "c;to-tag=r;from-tag=l" },
	{ "snom", CALL_ID, "", "sip:*8202@pbx.example.com", "c" },
	{ "snom", NO_IDS, "", "sip:*8202@pbx.example.com", "" },
	{ "yealink", ALL_IDS, "", "sip:**202@pbx.example.com", "" },
	{ "yealink", ALL_IDS, "*8", "sip:*8202@pbx.example.com", "" },
	{ "poly", ALL_IDS, "", "sip:*8202@pbx.example.com", "c;to-tag=r;from-tag=l" },
	{ "poly", CALL_ID, "", "", "" },
	{ "poly", CALL_ID, "*8", "sip:*8202@pbx.example.com", "" },
	{ "grandstream", ALL_IDS, "", "sip:**202@pbx.example.com", "" },
	{ "cisco-spa", ALL_IDS, "", "sip:*98202@pbx.example.com", "" },
	{ "cisco-mpp", ALL_IDS, "", "sip:**202@pbx.example.com", "" },
	{ "generic", ALL_IDS, "", "sip:*8202@pbx.example.com", "c;to-tag=r;from-tag=l" },
	{ "generic", NO_IDS, "", "sip:*8202@pbx.example.com", "" },
};

static void each_make_picks_up_in_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pickups); i++) {
		struct phone_rig rig;
		const struct sip_msg *msg;

		start(&rig, pickups[i].profile, slice_from_cstr(pickups[i].code));
		phone_rig_notify(&rig, pickups[i].document);
		(void)phone_press(&rig.phone, 1);
		assert_int_equal(fake_peer_is_idle(&rig.peer), pickups[i].uri[0] == '\0');
		if (pickups[i].uri[0]) {
			msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
			if (!slice_eq(msg->uri.text, slice_from_cstr(pickups[i].uri)) ||
			    !slice_eq(sip_msg_value(msg, HDR_REPLACES),
				      slice_from_cstr(pickups[i].replaces)))
				fail_msg("%s: %.*s, %.*s", pickups[i].profile,
					 SLICE_ARGS(msg->uri.text),
					 SLICE_ARGS(sip_msg_value(msg, HDR_REPLACES)));
		}
		phone_rig_end(&rig);
	}
}

static void what_was_configured_goes_before_the_make(void **state)
{
	struct phone_config config = { .profile = profile("yealink"),
				       .pickup = PICKUP_BY_REPLACES,
				       .product = SLICE("test/1") };
	const struct sip_msg *msg;
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", &config);
	phone_rig_notify(&rig, ALL_IDS);
	(void)phone_press(&rig.phone, 1);
	msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
	assert_true(slice_eq(sip_msg_value(msg, HDR_REPLACES), SLICE("c;to-tag=r;from-tag=l")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_USER_AGENT), SLICE("test/1")));
	phone_rig_end(&rig);
}

/* --- What is sent ------------------------------------------------------------------------- */

static void each_make_names_itself_and_asks_for_its_package(void **state)
{
	(void)state;
	for (size_t i = 0; i < phone_profile_count; i++) {
		const struct phone_profile *make = &phone_profiles[i];
		const struct phone_key_config key = { .number = 1,
						      .kind = PHONE_KEY_BLF,
						      .target = SLICE("202") };
		const struct phone_config config = { .profile = make,
						     .keys = &key,
						     .key_count = 1 };
		struct slice event = make->asks_presence ? SLICE("presence") : SLICE("dialog");
		const struct sip_msg *msg;
		struct phone_rig rig;

		phone_rig_start(&rig, &config);
		msg = fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
		assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), event));
		assert_true(slice_starts_with(sip_msg_value(msg, HDR_USER_AGENT),
					      slice_is_empty(make->product) ? SLICE("lampyrid/")
									    : make->product));
		phone_rig_end(&rig);
	}
	assert_ptr_equal(phone_profile_find(SLICE("generic")), phone_profile_generic());
	assert_null(phone_profile_find(SLICE("Snom")));
}

/* --- What is taken ------------------------------------------------------------------------ */

#define ENTITY(entity)                                                                             \
	"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"1\" state=\"full\" "  \
	"entity=\"" entity "\">" DIALOG("1", "recipient", "early") DIALOG_INFO_END

static const struct {
	const char *name, *profile, *before, *document;
	enum lamp lamp;
} takes[] = {
	{ "the exact entity", "snom", NULL, ENTITY("sip:202@pbx.example.com"), LAMP_FLASH },
	{ "another spelling is somebody else", "snom", NULL, ENTITY("sip:202@PBX.example.com"),
	  LAMP_OFF },
	{ "a port is another spelling", "snom", NULL, ENTITY("sip:202@pbx.example.com:5060"),
	  LAMP_OFF },
	{ "none is nobody else (innovaphone)", "snom", NULL, INNOVAPHONE_DOCUMENT("1", "early"),
	  LAMP_FLASH },
	{ "others are not so strict", "poly", NULL, ENTITY("sip:202@PBX.example.com:5060"),
	  LAMP_FLASH },
	{ "several dialogs are too much", "cisco-spa", FULL("0", DIALOG("1", "recipient", "early")),
	  FULL("1", DIALOG("1", "recipient", "early") DIALOG("2", "recipient", "early")),
	  LAMP_OFF },
	{ "one is not", "cisco-spa", NULL, FULL("1", DIALOG("1", "recipient", "confirmed")),
	  LAMP_STEADY },
	{ "who calls rings", "cisco-spa", NULL, FULL("1", DIALOG("1", "initiator", "early")),
	  LAMP_FLASH },
	{ "who calls rings at an older Yealink, too", "yealink", NULL,
	  FULL("1", DIALOG("1", "initiator", "early")), LAMP_FLASH },
	{ "who calls does not ring", "grandstream", NULL,
	  FULL("1", DIALOG("1", "initiator", "early")), LAMP_STEADY },
	{ "no dialog says nothing", "yealink", FULL("0", DIALOG("1", "recipient", "confirmed")),
	  FULL("1", ""), LAMP_STEADY },
	{ "one that ended does", "yealink", FULL("0", DIALOG("1", "recipient", "confirmed")),
	  FULL("1", DIALOG("1", "recipient", "terminated")), LAMP_OFF },
	{ "no dialog is free", "cisco-mpp", FULL("0", DIALOG("1", "recipient", "confirmed")),
	  FULL("1", ""), LAMP_OFF },
};

static void each_make_takes_documents_in_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(takes); i++) {
		struct phone_rig rig;

		start(&rig, takes[i].profile, SLICE_NONE);
		if (takes[i].before)
			phone_rig_notify(&rig, takes[i].before);
		phone_rig_notify(&rig, takes[i].document);
		if (phone_lamp(&rig.phone, 1) != takes[i].lamp)
			fail_msg("%s: %s is %.*s", takes[i].profile, takes[i].name,
				 SLICE_ARGS(lamp_name(phone_lamp(&rig.phone, 1))));
		phone_rig_end(&rig);
	}
}

/* RFC 3261 12.2.2: all do, and a Poly is known for it (FreeSWITCH 2688). */
static void a_cseq_that_goes_back_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < phone_profile_count; i++) {
		struct phone_rig rig;
		char text[512];

		if (phone_profiles[i].asks_presence)
			continue;
		start(&rig, phone_profiles[i].name.p, SLICE_NONE);
		rig.notify_cseq = 9;
		phone_rig_notify(&rig, FULL("1", ""));
		snprintf(text, sizeof(text),
			 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
			 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKback\n"
			 "From: <sip:202@pbx.example.com>;tag=n\n"
			 "To: <sip:203@pbx.example.com>;tag=%s\nCall-ID: %s\n"
			 "CSeq: 3 NOTIFY\nEvent: dialog\nSubscription-State: active\n",
			 rig.tag, rig.call_id);
		fake_peer_send(&rig.peer, text, "");
		(void)fake_peer_take_response(&rig.peer, 500);
		phone_rig_end(&rig);
	}
}

/* --- Presence ----------------------------------------------------------------------------- */

#define PRESENCE(basic, more)                                                                      \
	"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" "                                         \
	"xmlns:d=\"urn:ietf:params:xml:ns:pidf:data-model\" "                                      \
	"xmlns:r=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"pres:202@pbx.example.com\">"        \
	"<tuple id=\"1\"><status><basic>" basic "</basic></status></tuple>"                        \
	"<d:person id=\"p\">" more "</d:person></presence>"
#define ON_THE_PHONE "<r:activities><r:on-the-phone/></r:activities>"
#define BUSY "<r:activities><r:busy/></r:activities>"

static const struct {
	const char *document;
	enum lamp lamp;
	const char *event; /* what is told, behind the entity */
} presences[] = {
	{ PRESENCE("open", ""), LAMP_OFF, "\"lamp\":\"off\",\"state\":\"terminated\"}" },
	{ PRESENCE("open", BUSY "<d:note>Ringing</d:note>"), LAMP_FLASH,
	  "\"lamp\":\"flash\",\"state\":\"early\"}" },
	{ PRESENCE("open", ON_THE_PHONE "<d:note>On the phone</d:note>"), LAMP_STEADY,
	  "\"lamp\":\"steady\",\"state\":\"confirmed\"}" },
	{ PRESENCE("open", "<d:note>Lunch</d:note>"), LAMP_OFF,
	  "\"lamp\":\"off\",\"state\":\"terminated\"}" },
	{ PRESENCE("open", BUSY "<d:note>Do not disturb</d:note>"), LAMP_STEADY,
	  "\"lamp\":\"steady\",\"state\":\"confirmed\"}" },
	{ PRESENCE("closed", ""), LAMP_OFF,
	  "\"lamp\":\"off\",\"state\":\"terminated\",\"status\":\"closed\"}" },
};

static void show_presence(struct phone_rig *rig)
{
	char json[256];

	for (size_t i = 0; i < ARRAY_LEN(presences); i++) {
		phone_rig_forget(rig);
		phone_rig_notify_of(rig, "presence", "application/pidf+xml", presences[i].document);
		if (phone_lamp(&rig->phone, 1) != presences[i].lamp)
			fail_msg("%s", presences[i].document);
		snprintf(json, sizeof(json),
			 "{\"event\":\"lamp\",\"key\":1,\"entity\":\"sip:202@pbx.example.com\",%s",
			 presences[i].event);
		phone_rig_expect(rig, json);
	}
}

static void a_server_without_dialogs_is_asked_for_presence(void **state)
{
	const struct phone_key_config key = { .number = 1,
					      .kind = PHONE_KEY_BLF,
					      .target = SLICE("202") };
	const struct phone_config config = { .keys = &key,
					     .key_count = 1,
					     .pickup_code = SLICE("*8") };
	const struct sip_msg *msg;
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, &config);
	(void)fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
	fake_peer_answer(&rig.peer, 489, "n", "Allow-Events: presence\r\n", "");
	assert_int_equal(rig.events_n, 0);
	phone_rig_take_subscribe(&rig);
	msg = &rig.peer.msg;
	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), SLICE("presence")));
	assert_true(slice_eq(sip_msg_value(msg, HDR_ACCEPT), SLICE("application/pidf+xml")));
	show_presence(&rig);
	/* All that presence offers to pick up by is the code. */
	phone_rig_notify_of(&rig, "presence", "application/pidf+xml", presences[1].document);
	assert_int_equal(phone_press(&rig.phone, 1), 0);
	msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
	assert_true(slice_eq(msg->uri.text, SLICE("sip:*8202@pbx.example.com")));
	phone_rig_end(&rig);
}

static void without_presence_either_it_is_told(void **state)
{
	const struct phone_key_config key = { .number = 1,
					      .kind = PHONE_KEY_BLF,
					      .target = SLICE("202") };
	const struct phone_config config = { .keys = &key, .key_count = 1 };
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, &config);
	for (int i = 0; i < 2; i++) {
		(void)fake_peer_take_request(&rig.peer, METHOD_SUBSCRIBE);
		fake_peer_answer(&rig.peer, 489, "n", "", "");
	}
	phone_rig_expect(&rig, "{\"event\":\"error\",\"text\":\"key 1: sip:202@pbx.example.com "
			       "cannot be watched: 489 Bad Event\"}");
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_rig_end(&rig);
}

/* --- What nobody has asked for ------------------------------------------------------------ */

static void start_unsubscribed(struct phone_rig *rig, const char *name)
{
	const struct phone_key_config key = {
		.number = 1, .kind = PHONE_KEY_BLF, .target = SLICE("202"), .is_unsubscribed = true
	};
	const struct phone_config config = { .profile = profile(name),
					     .keys = &key,
					     .key_count = 1 };

	phone_rig_start(rig, &config);
	assert_true(fake_peer_is_idle(&rig->peer));
}

/* In the manner of innovaphone; `to_tag` with its ";tag=", or empty. */
static void send_unasked(struct phone_rig *rig, unsigned cseq, const char *call_id,
			 const char *to_tag, const char *lines, const char *document)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKu%u%s\n"
		 "From: <sip:202@192.0.2.1;user=phone>;tag=u\n"
		 "To: <sip:203@pbx.example.com>%s\nCall-ID: %s\nCSeq: %u NOTIFY\n"
		 "Contact: <sip:202@192.0.2.1;user=phone>\n%s",
		 cseq, call_id, to_tag, call_id, cseq, lines);
	fake_peer_send(&rig->peer, text, document);
}

#define UNASKED                                                                                    \
	"Event: dialog\nSubscription-State: active\nContent-Type: application/dialog-info+xml\n"

static void a_snom_shows_what_it_has_not_asked_for(void **state)
{
	const struct sip_msg *msg;
	struct phone_rig rig;
	char to_tag[64];

	(void)state;
	start_unsubscribed(&rig, "snom");
	send_unasked(&rig, 5, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
	msg = fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	/* The next ones come in the dialog that it has made. */
	snprintf(to_tag, sizeof(to_tag), ";tag=%.*s", SLICE_ARGS(msg->to_tag));
	send_unasked(&rig, 6, "u1", to_tag, UNASKED, INNOVAPHONE_DOCUMENT("10", "terminated"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	send_unasked(&rig, 4, "u1", to_tag, UNASKED, INNOVAPHONE_DOCUMENT("11", "proceeding"));
	(void)fake_peer_take_response(&rig.peer, 500);
	send_unasked(&rig, 7, "u1", to_tag, UNASKED, INNOVAPHONE_DOCUMENT("11", "proceeding"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_STEADY);
	/* A server that begins anew counts anew, and its old dialog is gone. */
	send_unasked(&rig, 1, "u2", "", UNASKED, INNOVAPHONE_DOCUMENT("1", "early"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	send_unasked(&rig, 8, "u1", to_tag, UNASKED, INNOVAPHONE_DOCUMENT("12", "terminated"));
	(void)fake_peer_take_response(&rig.peer, 481);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	phone_rig_end(&rig);
}

static void the_last_one_darkens_the_lamp(void **state)
{
	struct phone_rig rig;

	(void)state;
	start_unsubscribed(&rig, "snom");
	send_unasked(&rig, 1, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
	(void)fake_peer_take_response(&rig.peer, 200);
	send_unasked(&rig, 1, "u2", "",
		     "Event: dialog\nSubscription-State: terminated;reason=noresource\n"
		     "Content-Type: application/dialog-info+xml\n",
		     INNOVAPHONE_DOCUMENT("1", "early"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_end(&rig);
}

static void what_is_not_to_be_shown_is_refused(void **state)
{
	static const struct {
		const char *lines;
		unsigned status;
	} cases[] = {
		{ "Event: presence\nSubscription-State: active\nContent-Type: "
		  "application/dialog-info+xml\n",
		  489 },
		{ "Event: dialog\nSubscription-State: active\nContent-Type: text/plain\n", 415 },
	};
	struct phone_rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start_unsubscribed(&rig, "snom");
		send_unasked(&rig, 1, "u1", "", cases[i].lines, INNOVAPHONE_DOCUMENT("9", "early"));
		(void)fake_peer_take_response(&rig.peer, cases[i].status);
		assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
		phone_rig_end(&rig);
	}
}

static void who_is_not_the_server_is_refused(void **state)
{
	struct phone_rig rig;

	(void)state;
	for (size_t i = 0; i < phone_profile_count; i++) {
		if (phone_profiles[i].takes_unasked)
			continue;
		start_unsubscribed(&rig, phone_profiles[i].name.p);
		send_unasked(&rig, 1, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
		(void)fake_peer_take_response(&rig.peer, 481);
		phone_rig_end(&rig);
	}
	start_unsubscribed(&rig, "snom");
	assert_int_equal(addr_parse(SLICE("192.0.2.66:5060"), &rig.peer.flow.peer), 0);
	send_unasked(&rig, 1, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
	(void)fake_peer_take_response(&rig.peer, 481);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_end(&rig);
}

/* Another key's lamp, or none, or one that a subscription lights: a snom says 200 to all of it. */
static void what_no_key_waits_for_is_taken_and_not_shown(void **state)
{
	static const struct phone_key_config key = { .number = 1,
						     .kind = PHONE_KEY_BLF,
						     .target = SLICE_INIT("209"),
						     .is_unsubscribed = true };
	const struct phone_config config = { .profile = profile("snom"),
					     .keys = &key,
					     .key_count = 1 };
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, &config);
	send_unasked(&rig, 1, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_end(&rig);
	start(&rig, "snom", SLICE_NONE);
	phone_rig_notify(&rig, FULL("1", ""));
	send_unasked(&rig, 1, "u1", "", UNASKED, INNOVAPHONE_DOCUMENT("9", "early"));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_end(&rig);
}

/* As our own server sends them: all outside of any dialog. */
static void later_ones_may_come_outside_of_the_dialog(void **state)
{
	struct phone_rig rig;

	(void)state;
	start_unsubscribed(&rig, "snom");
	send_unasked(&rig, 1, "u1", "", UNASKED, FULL("0", DIALOG("1", "recipient", "early")));
	(void)fake_peer_take_response(&rig.peer, 200);
	send_unasked(&rig, 3, "u1", "", UNASKED,
		     PARTIAL("1", DIALOG("2", "recipient", "confirmed")));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	send_unasked(&rig, 2, "u1", "", UNASKED, FULL("2", ""));
	(void)fake_peer_take_response(&rig.peer, 500);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	send_unasked(&rig, 4, "u1", "", UNASKED, FULL("1", ""));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_FLASH);
	send_unasked(&rig, 5, "u1", "", UNASKED,
		     PARTIAL("2", DIALOG("1", "recipient", "terminated")));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_STEADY);
	/* Nobody can be asked for what is missing: the server is to tell all again. */
	send_unasked(&rig, 6, "u1", "", UNASKED, PARTIAL("9", DIALOG("3", "recipient", "early")));
	(void)fake_peer_take_response(&rig.peer, 503);
	send_unasked(&rig, 7, "u1", "", UNASKED, FULL("10", ""));
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_lamp(&rig.phone, 1), LAMP_OFF);
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_make_picks_up_in_its_way),
		cmocka_unit_test(what_was_configured_goes_before_the_make),
		cmocka_unit_test(each_make_names_itself_and_asks_for_its_package),
		cmocka_unit_test(each_make_takes_documents_in_its_way),
		cmocka_unit_test(a_cseq_that_goes_back_is_refused),
		cmocka_unit_test(a_server_without_dialogs_is_asked_for_presence),
		cmocka_unit_test(without_presence_either_it_is_told),
		cmocka_unit_test(a_snom_shows_what_it_has_not_asked_for),
		cmocka_unit_test(the_last_one_darkens_the_lamp),
		cmocka_unit_test(what_is_not_to_be_shown_is_refused),
		cmocka_unit_test(who_is_not_the_server_is_refused),
		cmocka_unit_test(what_no_key_waits_for_is_taken_and_not_shown),
		cmocka_unit_test(later_ones_may_come_outside_of_the_dialog),
	};

	return cmocka_run_group_tests_name("phone profile", tests, NULL, NULL);
}
