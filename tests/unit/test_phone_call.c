/* SPDX-License-Identifier: MIT */
/*
 * A call that changes its other end: as the server tells it (RFC 3325), and by an INVITE that takes
 * its place (RFC 3891).
 */
#include "base/check.h"
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CAROL "\"remote\":\"sip:204@pbx.example.com\",\"display\":\"Carol\""
#define ASSERTED "P-Asserted-Identity: \"Carol\" <sip:204@pbx.example.com>\n"

/* --- Who is there now --------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *method;
	const char *lines;
	const char *sdp;
	bool is_told;
} tellings[] = {
	{ "re-INVITE", "INVITE", ASSERTED, SDP, true },
	{ "UPDATE", "UPDATE", ASSERTED, "", true },
	{ "UPDATE with an offer", "UPDATE", ASSERTED, SDP, true },
	{ "the older header", "UPDATE",
	  "Remote-Party-ID: \"Carol\" <sip:204@pbx.example.com>;party=called\n", "", true },
	{ "an offer that is refused", "INVITE", ASSERTED, "rubbish", false },
	{ "the same as before", "UPDATE",
	  "P-Asserted-Identity: \"Alice\" <sip:201@pbx.example.com>\n", "", false },
	{ "nothing of it", "UPDATE", "", "", false },
	{ "nonsense", "UPDATE", "P-Asserted-Identity: <<\n", "", false },
};

static void the_server_says_who_is_there_now(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tellings); i++) {
		struct phone_rig rig;
		char tag[64], lines[256];

		phone_rig_start(&rig, NULL);
		phone_rig_talk(&rig, "in1", tag);
		phone_rig_forget(&rig);
		snprintf(lines, sizeof(lines), "Contact: <sip:201@192.0.2.1>\n%s",
			 tellings[i].lines);
		phone_rig_send(&rig, tellings[i].method, 2, "in1", tag, lines, tellings[i].sdp);
		if (tellings[i].is_told)
			phone_rig_expect(&rig, "{\"event\":\"connected\",\"call\":1," CAROL "}");
		else if (rig.events_n > 0)
			fail_msg("%s: %.*s", tellings[i].name, (int)rig.events_n, rig.events);
		phone_rig_end(&rig);
	}
}

/* Only the server's word counts (RFC 3325 8). */
static void a_stranger_is_nobody_else(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_talk(&rig, "in1", tag);
	phone_rig_forget(&rig);
	rig.phone.config.server.peer.ip[3] ^= 1;
	phone_rig_send(&rig, "UPDATE", 2, "in1", tag, ASSERTED, "");
	assert_int_equal(rig.events_n, 0);
	phone_rig_end(&rig);
}

static void the_answer_to_our_hold_says_it(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_talk(&rig, "in1", tag);
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "",
			 "Contact: <sip:201@192.0.2.1>\r\n"
			 "P-Asserted-Identity: \"Carol\" <sip:204@pbx.example.com>\r\n"
			 "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	phone_rig_expect(&rig, "{\"event\":\"connected\",\"call\":1," CAROL "}");
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," CAROL ",\"by\":\"local\"}");
	phone_rig_end(&rig);
}

/* --- Replaced ----------------------------------------------------------------------------- */

enum before { TALKING, HOLDING, RINGING, CALLED_EARLY, CALLED_NO_TAG, OVER };

static const struct {
	const char *name;
	enum before before;
	const char *replaces; /* @ is the Call-ID, $ our tag */
	const char *lines;
	unsigned status;
} replaced[] = {
	{ "a confirmed dialog", TALKING, "@;to-tag=$;from-tag=a", "", 200 },
	{ "it may be early, and is not", TALKING, "@;to-tag=$;from-tag=a;early-only", "", 486 },
	{ "one that we hold", HOLDING, "@;from-tag=a;to-tag=$", "Require: replaces\n", 200 },
	{ "an early dialog of ours", CALLED_EARLY, "@;to-tag=$;from-tag=a", "", 200 },
	{ "and early only", CALLED_EARLY, "@;to-tag=$;from-tag=a;early-only", "", 200 },
	{ "no dialog yet", CALLED_NO_TAG, "@;to-tag=$;from-tag=0", "", 481 },
	{ "an early dialog of his", RINGING, "@;to-tag=$;from-tag=a", "", 481 },
	{ "one that is over", OVER, "@;to-tag=$;from-tag=a", "", 481 },
	{ "the other tag is another", TALKING, "@;to-tag=$;from-tag=b", "", 481 },
	{ "tags in the wrong places", TALKING, "@;to-tag=a;from-tag=$", "", 481 },
	{ "another call", TALKING, "in2;to-tag=$;from-tag=a", "", 481 },
	{ "the other tag is missing", TALKING, "@;to-tag=$", "", 481 },
	{ "our tag is missing", TALKING, "@;from-tag=a", "", 400 },
	{ "nothing in it", TALKING, ";", "", 400 },
	{ "two of them", TALKING, "@;to-tag=$;from-tag=a", "Replaces: x;to-tag=y\n", 400 },
	{ "Join, too", TALKING, "@;to-tag=$;from-tag=a", "Join: x;to-tag=y;from-tag=z\n", 400 },
};

/* Our tag; the ids of a call of ours are made those that the table writes. */
static void begin(struct phone_rig *rig, enum before before, char tag[64], char call_id[64])
{
	const struct sip_msg *msg;

	snprintf(call_id, 64, "in1");
	if (before == RINGING) {
		phone_rig_ring(rig, "in1", SDP, tag);
	} else if (before == CALLED_EARLY || before == CALLED_NO_TAG) {
		assert_int_equal(phone_dial(&rig->phone, SLICE("201")), 0);
		msg = fake_peer_take_request(&rig->peer, METHOD_INVITE);
		snprintf(tag, 64, "%.*s", SLICE_ARGS(msg->from_tag));
		snprintf(call_id, 64, "%.*s", SLICE_ARGS(msg->call_id));
		if (before == CALLED_EARLY)
			fake_peer_answer(&rig->peer, 180, "a", "Contact: <sip:201@192.0.2.1>\r\n",
					 "");
	} else {
		phone_rig_talk(rig, "in1", tag);
	}
	if (before == HOLDING) {
		assert_int_equal(phone_hold(&rig->phone, 0), 0);
		(void)fake_peer_take_request(&rig->peer, METHOD_INVITE);
		fake_peer_answer(&rig->peer, 200, "",
				 "Contact: <sip:201@192.0.2.1>\r\nContent-Type: "
				 "application/sdp\r\n",
				 SDP "a=recvonly\r\n");
		(void)fake_peer_take_request(&rig->peer, METHOD_ACK);
	} else if (before == OVER) {
		assert_int_equal(phone_hangup(&rig->phone, 0), 0);
		(void)fake_peer_take_request(&rig->peer, METHOD_BYE);
	}
	phone_rig_forget(rig);
}

static unsigned invite_replacing(struct phone_rig *rig, const char *replaces, const char *lines,
				 const char *tag, const char *call_id)
{
	char text[512];
	struct buf all = BUF_ON(text);

	buf_lit(&all, "Replaces: ");
	for (; *replaces; replaces++) {
		if (*replaces == '@')
			buf_cstr(&all, call_id);
		else if (*replaces == '$')
			buf_cstr(&all, tag);
		else
			buf_char(&all, *replaces);
	}
	buf_printf(&all, "\n%s%c", lines, 0);
	phone_rig_invite(rig, "new", text, SDP);
	while (fake_peer_take(&rig->peer)->status < 200)
		;
	return rig->peer.msg.status;
}

/* The old call ends as its state wants, the new one has its number and its place. */
static void expect_place_taken(struct phone_rig *rig, enum before before)
{
	phone_rig_expect_in_body(&rig->peer.msg,
				 before == HOLDING ? "a=sendonly\r\n" : "a=sendrecv\r\n");
	if (before == CALLED_EARLY)
		(void)fake_peer_take_request(&rig->peer, METHOD_CANCEL);
	else
		(void)fake_peer_take_request(&rig->peer, METHOD_BYE);
	assert_true(fake_peer_is_idle(&rig->peer));
	phone_rig_expect(rig, "{\"event\":\"answered\",\"call\":2," ALICE "}");
	if (before != CALLED_EARLY)
		phone_rig_expect(rig, "{\"event\":\"ended\",\"call\":1," ALICE
				      ",\"cause\":\"replaced\"}");
	assert_int_equal(phone_count_calls_in(&rig->phone, before == HOLDING ? PHONE_CALL_HOLDING
									     : PHONE_CALL_TALKING),
			 1);
	assert_int_equal(phone_call_count(&rig->phone), 1);
}

static void an_invite_replaces_a_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(replaced); i++) {
		struct phone_rig rig;
		char tag[64], call_id[64];
		unsigned status;
		size_t calls;

		phone_rig_start(&rig, NULL);
		begin(&rig, replaced[i].before, tag, call_id);
		calls = phone_call_count(&rig.phone);
		status = invite_replacing(&rig, replaced[i].replaces, replaced[i].lines, tag,
					  call_id);
		if (status != replaced[i].status)
			fail_msg("%s: %u", replaced[i].name, status);
		if (status == 200)
			expect_place_taken(&rig, replaced[i].before);
		else if (phone_call_count(&rig.phone) != calls || rig.events_n > 0)
			fail_msg("%s: %.*s", replaced[i].name, (int)rig.events_n, rig.events);
		phone_rig_end(&rig);
	}
}

/* Only the server is asked whether somebody may; whoever else knows the ids finds nothing. */
static void a_stranger_replaces_nobody(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_talk(&rig, "in1", tag);
	rig.phone.config.server.peer.ip[3] ^= 1;
	assert_int_equal(invite_replacing(&rig, "@;to-tag=$;from-tag=a", "", tag, "in1"), 481);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	phone_rig_end(&rig);
}

/* It rings, as it would at a phone that has never heard of RFC 3891. */
static void a_phone_without_replaces_rings(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, &(struct phone_config){ .lacks_replaces = true });
	phone_rig_talk(&rig, "in1", tag);
	phone_rig_invite(&rig, "new", "Require: replaces\nReplaces: in1;to-tag=x;from-tag=a\n",
			 SDP);
	assert_true(sip_msg_has_token(fake_peer_take_response(&rig.peer, 420), HDR_UNSUPPORTED,
				      SLICE("replaces")));
	phone_rig_invite(&rig, "newer", "Replaces: in1;to-tag=x;from-tag=a\n", SDP);
	(void)fake_peer_take_response(&rig.peer, 100);
	assert_false(sip_msg_has_token(fake_peer_take_response(&rig.peer, 180), HDR_SUPPORTED,
				       SLICE("replaces")));
	assert_int_equal(phone_call_count(&rig.phone), 2);
	phone_rig_end(&rig);
}

static void only_an_invite_replaces(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_send(&rig, "OPTIONS", 1, "o", "", "Replaces: x;to-tag=y;from-tag=z\n", "");
	(void)fake_peer_take_response(&rig.peer, 400);
	phone_rig_end(&rig);
}

/* In the place of a call that do-not-disturb has not kept away. */
static void do_not_disturb_is_for_new_calls(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_talk(&rig, "in1", tag);
	phone_set_dnd(&rig.phone, true);
	assert_int_equal(invite_replacing(&rig, "@;to-tag=$;from-tag=a", "", tag, "in1"), 200);
	phone_rig_end(&rig);
}

/* What cannot be answered replaces nobody. */
static void an_impossible_offer_leaves_the_call(void **state)
{
	struct phone_rig rig;
	char tag[64], lines[256];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_talk(&rig, "in1", tag);
	snprintf(lines, sizeof(lines), "Replaces: in1;to-tag=%s;from-tag=a\n", tag);
	phone_rig_invite(&rig, "new", lines, "rubbish");
	(void)fake_peer_take_response(&rig.peer, 100);
	(void)fake_peer_take_response(&rig.peer, 400);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	phone_rig_end(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_says_who_is_there_now),
		cmocka_unit_test(a_stranger_is_nobody_else),
		cmocka_unit_test(the_answer_to_our_hold_says_it),
		cmocka_unit_test(an_invite_replaces_a_call),
		cmocka_unit_test(a_stranger_replaces_nobody),
		cmocka_unit_test(a_phone_without_replaces_rings),
		cmocka_unit_test(only_an_invite_replaces),
		cmocka_unit_test(do_not_disturb_is_for_new_calls),
		cmocka_unit_test(an_impossible_offer_leaves_the_call),
	};

	return cmocka_run_group_tests_name("phone call", tests, NULL, NULL);
}
