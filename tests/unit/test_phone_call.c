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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_says_who_is_there_now),
		cmocka_unit_test(a_stranger_is_nobody_else),
		cmocka_unit_test(the_answer_to_our_hold_says_it),
	};

	return cmocka_run_group_tests_name("phone call", tests, NULL, NULL);
}
