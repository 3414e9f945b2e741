/* SPDX-License-Identifier: MIT */
/*
 * A registration that fails: what to look at is told.
 */
#include "phone_rig.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_registration_says_what_to_look_at),
		cmocka_unit_test(a_server_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests_name("phone register", tests, NULL, NULL);
}
