/* SPDX-License-Identifier: MIT */
/*
 * The documents of the smaller event packages, byte by byte: phones are choosier readers than any
 * schema. And what phones say of their features: understood in every maker's dress, refused when it
 * says nothing.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "sip/limits.h"
#include "sip/message_summary.h"
#include "sip/pidf.h"
#include "sip/reg_info.h"
#include "support/guarded.h"
#include "xml/feature_read.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define HOSTILE SLICE_INIT("\"><a>&\xff")
#define HARMLESS "&quot;&gt;&lt;a&gt;&amp;?"

static void assert_text(const char *name, const struct buf *buf, struct slice expected)
{
	assert_false(buf->is_overflown);
	if (!slice_eq(buf_text(buf), expected))
		fail_msg("%s:\n%.*s\nis not\n%.*s", name, SLICE_ARGS(buf_text(buf)),
			 SLICE_ARGS(expected));
}

/* --- Presence ----------------------------------------------------------------------------- */

#define PIDF_HEAD                                                                                  \
	HEAD "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"\n"                                   \
	     " xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\"\n"                              \
	     " xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\""

static const struct {
	const char *name;
	struct pidf pidf;
	struct slice expected;
} pidf_cases[] = {
	{ "free",
	  { .entity = SLICE_INIT("sip:202@pbx.example"), .is_open = true },
	  SLICE_INIT(PIDF_HEAD
		     " entity=\"sip:202@pbx.example\">\n"
		     "<tuple id=\"phone\">\n<status><basic>open</basic></status>\n"
		     "</tuple>\n<dm:person id=\"person\">\n</dm:person>\n</presence>\n") },
	{ "not there",
	  { .entity = SLICE_INIT("sip:202@pbx.example"), .note = SLICE_INIT("Offline") },
	  SLICE_INIT(PIDF_HEAD " entity=\"sip:202@pbx.example\">\n"
			       "<tuple id=\"phone\">\n<status><basic>closed</basic></status>\n"
			       "<note>Offline</note>\n</tuple>\n<dm:person id=\"person\">\n"
			       "<dm:note>Offline</dm:note>\n</dm:person>\n</presence>\n") },
	{ "ringing",
	  { .entity = SLICE_INIT("sip:202@pbx.example"),
	    .is_open = true,
	    .activity = PIDF_BUSY,
	    .note = SLICE_INIT("Ringing") },
	  SLICE_INIT(PIDF_HEAD " entity=\"sip:202@pbx.example\">\n"
			       "<tuple id=\"phone\">\n<status><basic>open</basic></status>\n"
			       "<note>Ringing</note>\n</tuple>\n<dm:person id=\"person\">\n"
			       "<rpid:activities><rpid:busy/></rpid:activities>\n"
			       "<dm:note>Ringing</dm:note>\n</dm:person>\n</presence>\n") },
	{ "on the phone, and hostile",
	  { .entity = HOSTILE,
	    .contact = HOSTILE,
	    .is_open = true,
	    .activity = PIDF_ON_THE_PHONE,
	    .note = HOSTILE },
	  SLICE_INIT(PIDF_HEAD
		     " entity=\"" HARMLESS "\">\n"
		     "<tuple id=\"phone\">\n<status><basic>open</basic></status>\n"
		     "<contact>" HARMLESS "</contact>\n"
		     "<note>" HARMLESS "</note>\n</tuple>\n<dm:person id=\"person\">\n"
		     "<rpid:activities><rpid:busy/><rpid:on-the-phone/></rpid:activities>\n"
		     "<dm:note>" HARMLESS "</dm:note>\n</dm:person>\n</presence>\n") },
};

static void presence_reads_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pidf_cases); i++) {
		char room[1024];
		struct buf buf = BUF_ON(room);

		pidf_print(&buf, &pidf_cases[i].pidf);
		assert_text(pidf_cases[i].name, &buf, pidf_cases[i].expected);
	}
}

/* --- Registrations ------------------------------------------------------------------------ */

#define REG_HEAD HEAD "<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version="
#define REG_AOR "<registration id=\"r\" aor=\"sip:202@pbx.example\" state="
#define REG_END "</registration>\n</reginfo>\n"

static const struct {
	const char *name;
	struct reg_info info;
	struct slice expected;
} reg_cases[] = {
	{ "nobody",
	  { .aor = SLICE_INIT("sip:202@pbx.example"), .state = REG_INIT },
	  SLICE_INIT(REG_HEAD "\"0\" state=\"full\">\n" REG_AOR "\"init\">\n" REG_END) },
	{ "one comes, one goes",
	  { .version = 4294967295u,
	    .is_partial = true,
	    .aor = SLICE_INIT("sip:202@pbx.example"),
	    .state = REG_ACTIVE,
	    .contact_count = 2,
	    .contacts = { { .id = 7,
			    .uri = SLICE_INIT("sip:202@192.0.2.3"),
			    .event = REG_REGISTERED,
			    .expires_s = 60,
			    .q = 50,
			    .call_id = SLICE_INIT("a@b"),
			    .cseq = 2 },
			  { .id = 8,
			    .uri = SLICE_INIT("sip:202@192.0.2.4"),
			    .event = REG_EXPIRED,
			    .q = 1000 } } },
	  SLICE_INIT(REG_HEAD "\"4294967295\" state=\"partial\">\n" REG_AOR "\"active\">\n"
			      "<contact id=\"c7\" state=\"active\" event=\"registered\""
			      " expires=\"60\" q=\"0.050\" callid=\"a@b\" cseq=\"2\">\n"
			      "<uri>sip:202@192.0.2.3</uri>\n</contact>\n"
			      "<contact id=\"c8\" state=\"terminated\" event=\"expired\">\n"
			      "<uri>sip:202@192.0.2.4</uri>\n</contact>\n" REG_END) },
	{ "hostile",
	  { .aor = HOSTILE,
	    .state = REG_TERMINATED,
	    .contact_count = 1,
	    .contacts = { { .uri = HOSTILE,
			    .event = REG_UNREGISTERED,
			    .q = 1000,
			    .call_id = HOSTILE } } },
	  SLICE_INIT(REG_HEAD "\"0\" state=\"full\">\n"
			      "<registration id=\"r\" aor=\"" HARMLESS "\" state=\"terminated\">\n"
			      "<contact id=\"c0\" state=\"terminated\" event=\"unregistered\""
			      " callid=\"" HARMLESS "\" cseq=\"0\">\n"
			      "<uri>" HARMLESS "</uri>\n</contact>\n" REG_END) },
};

static void registrations_read_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reg_cases); i++) {
		char room[1024];
		struct buf buf = BUF_ON(room);

		reg_info_print(&buf, &reg_cases[i].info);
		assert_text(reg_cases[i].name, &buf, reg_cases[i].expected);
	}
}

/* --- Messages ----------------------------------------------------------------------------- */

static void no_message_reads_so(void **state)
{
	char room[256];
	struct buf buf = BUF_ON(room);

	(void)state;
	message_summary_print_none(&buf, SLICE("sip:202@pbx.example"));
	assert_text("none", &buf,
		    SLICE("Messages-Waiting: no\r\nMessage-Account: sip:202@pbx.example\r\n"
			  "Voice-Message: 0/0 (0/0)\r\n"));
}

/* --- Features ----------------------------------------------------------------------------- */

#define CSTA " xmlns=\"" FEATURE_NAMESPACE "\">\n"

static const struct {
	const char *name;
	struct feature_event event;
	struct slice expected;
} feature_cases[] = {
	{ "do not disturb",
	  { .feature = FEATURE_DND, .device = SLICE_INIT("202"), .is_on = true },
	  SLICE_INIT(HEAD "<DoNotDisturbEvent" CSTA "<device>202</device>\n"
			  "<doNotDisturbOn>true</doNotDisturbOn>\n</DoNotDisturbEvent>\n") },
	{ "no forward",
	  { .feature = FEATURE_FORWARD_ALWAYS, .device = SLICE_INIT("202") },
	  SLICE_INIT(HEAD "<ForwardingEvent" CSTA "<device>202</device>\n"
			  "<forwardingType>forwardImmediate</forwardingType>\n"
			  "<forwardStatus>false</forwardStatus>\n<forwardTo></forwardTo>\n"
			  "</ForwardingEvent>\n") },
	{ "one after some rings, and hostile",
	  { .feature = FEATURE_FORWARD_NO_ANSWER,
	    .device = HOSTILE,
	    .is_on = true,
	    .to = HOSTILE,
	    .ring_count = 3 },
	  SLICE_INIT(HEAD "<ForwardingEvent" CSTA "<device>" HARMLESS "</device>\n"
			  "<forwardingType>forwardNoAns</forwardingType>\n"
			  "<forwardStatus>true</forwardStatus>\n<forwardTo>" HARMLESS
			  "</forwardTo>\n<ringCount>3</ringCount>\n</ForwardingEvent>\n") },
};

static void features_read_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(feature_cases); i++) {
		char room[1024];
		struct buf buf = BUF_ON(room);

		feature_event_print(&buf, &feature_cases[i].event);
		assert_text(feature_cases[i].name, &buf, feature_cases[i].expected);
	}
}

static alignas(max_align_t) char block[4096];

static int read_text(struct slice text, struct feature_event *ret_event)
{
	struct guarded input = guarded_copy(text);
	struct arena arena;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = feature_request_read(input.text, &arena, ret_event);
	guarded_free(&input);
	return err;
}

static const struct {
	const char *name;
	struct slice text;
	struct feature_event expected;
} request_cases[] = {
	{ "do not disturb, as BroadWorks has it",
	  SLICE_INIT("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n"
		     "<SetDoNotDisturb" CSTA "<device>7659366</device>\r\n"
		     "<doNotDisturbOn>true</doNotDisturbOn>\r\n</SetDoNotDisturb>\r\n"),
	  { .feature = FEATURE_DND, .device = SLICE_INIT("7659366"), .is_on = true } },
	{ "no device, no namespace, a number for a word",
	  SLICE_INIT("<SetDoNotDisturb><doNotDisturbOn> 0 </doNotDisturbOn></SetDoNotDisturb>"),
	  { .feature = FEATURE_DND } },
	{ "always, with the namespace spelled otherwise, under a prefix",
	  SLICE_INIT("<c:SetForwarding xmlns:c=\"http://www.ecma-international.org/standards/"
		     "ecma-323/csta/ed4\"><c:device>202</c:device>"
		     "<c:forwardingType>forwardImmediate</c:forwardingType>"
		     "<c:forwardDN>303</c:forwardDN><c:activateForward>TRUE</c:activateForward>"
		     "</c:SetForwarding>"),
	  { .feature = FEATURE_FORWARD_ALWAYS,
	    .device = SLICE_INIT("202"),
	    .is_on = true,
	    .to = SLICE_INIT("303") } },
	{ "no answer, with all there is and more",
	  SLICE_INIT("<SetForwarding" CSTA "<extra><device>no</device></extra>"
		     "<device>2<!-- c -->0<b>no</b>2</device><activateForward>1</activateForward>"
		     "<forwardingType>ForwardNoAns</forwardingType>"
		     "<forwardDN>sip:303@pbx.example;a=&lt;b&gt;</forwardDN>"
		     "<ringCount>5</ringCount></SetForwarding>"),
	  { .feature = FEATURE_FORWARD_NO_ANSWER,
	    .device = SLICE_INIT("202"),
	    .is_on = true,
	    .to = SLICE_INIT("sip:303@pbx.example;a=<b>"),
	    .ring_count = 5 } },
	{ "busy, off, with empty elements",
	  SLICE_INIT("<SetForwarding" CSTA "<device/><activateForward>false</activateForward>"
		     "<forwardingType>forwardBusy</forwardingType><forwardDN/><ringCount/>"
		     "</SetForwarding>"),
	  { .feature = FEATURE_FORWARD_BUSY } },
};

static void what_phones_ask_for_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(request_cases); i++) {
		const struct feature_event *expected = &request_cases[i].expected;
		struct feature_event event;
		int err = read_text(request_cases[i].text, &event);

		if (err)
			fail_msg("%s: %s", request_cases[i].name, err_text(err));
		if (event.feature != expected->feature || event.is_on != expected->is_on ||
		    event.ring_count != expected->ring_count ||
		    !slice_eq(event.device, expected->device) || !slice_eq(event.to, expected->to))
			fail_msg("%s: something else was read", request_cases[i].name);
	}
}

static void no_prefix_is_a_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(request_cases); i++) {
		struct slice whole = slice_trim(request_cases[i].text);

		for (size_t n = 0; n < whole.n; n++) {
			struct feature_event event;

			assert_int_equal(read_text(slice_head(whole, n), &event), ERR_SYNTAX);
		}
	}
}

#define FORWARD(inside)                                                                            \
	"<SetForwarding" CSTA "<forwardingType>forwardBusy</forwardingType>" inside                \
	"</SetForwarding>"
#define ON "<activateForward>true</activateForward>"
#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

static const struct {
	const char *name;
	struct slice text;
	int err;
} refused_cases[] = {
	{ "no XML", SLICE_INIT("true"), ERR_SYNTAX },
	{ "another root", SLICE_INIT("<GetDoNotDisturb/>"), ERR_SYNTAX },
	{ "it does not say what", SLICE_INIT("<SetDoNotDisturb/>"), ERR_SYNTAX },
	{ "neither yes nor no",
	  SLICE_INIT("<SetDoNotDisturb><doNotDisturbOn>maybe</doNotDisturbOn></SetDoNotDisturb>"),
	  ERR_SYNTAX },
	{ "no kind of forward", SLICE_INIT("<SetForwarding>" ON "</SetForwarding>"), ERR_SYNTAX },
	{ "an unknown kind",
	  SLICE_INIT("<SetForwarding>" ON "<forwardingType>forwardDND</forwardingType>"
		     "</SetForwarding>"),
	  ERR_SYNTAX },
	{ "rings without end", SLICE_INIT(FORWARD(ON "<ringCount>101</ringCount>")), ERR_SYNTAX },
	{ "rings that are no number", SLICE_INIT(FORWARD(ON "<ringCount>-1</ringCount>")),
	  ERR_SYNTAX },
	{ "a document type", SLICE_INIT("<!DOCTYPE SetForwarding>" FORWARD(ON)), ERR_SYNTAX },
	{ "an entity",
	  SLICE_INIT("<!DOCTYPE d [<!ENTITY x \"1\">]>" FORWARD(ON "<forwardDN>&x;</forwardDN>")),
	  ERR_SYNTAX },
	{ "a text too long for the arena",
	  SLICE_INIT(FORWARD(ON "<forwardDN>" X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256
				     X256 X256 X256 X256 X256 "x</forwardDN>")),
	  ERR_LIMIT },
	{ "too deep",
	  SLICE_INIT(FORWARD(ON "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a>"
				"</a></a></a></a></a></a></a></a></a></a></a></a>")),
	  ERR_LIMIT },
};

static void what_says_nothing_is_refused(void **state)
{
	struct mem_count before = mem_count();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused_cases); i++) {
		struct feature_event event = { .ring_count = 77 };
		int err = read_text(refused_cases[i].text, &event);

		if (err != refused_cases[i].err)
			fail_msg("%s: %s", refused_cases[i].name, err_text(err));
		assert_int_equal(event.ring_count, 77);
	}
	assert_int_equal(mem_count().blocks, before.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presence_reads_so),
		cmocka_unit_test(registrations_read_so),
		cmocka_unit_test(no_message_reads_so),
		cmocka_unit_test(features_read_so),
		cmocka_unit_test(what_phones_ask_for_is_understood),
		cmocka_unit_test(no_prefix_is_a_request),
		cmocka_unit_test(what_says_nothing_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
