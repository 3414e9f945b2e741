/* SPDX-License-Identifier: MIT */
/*
 * Commands as people type them, and their mistakes.
 */
#include "phone_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *line;
		const char *text; /* how the error begins; NULL: no event at all */
	} lines[] = {
		{ "", NULL },
		{ "  ", NULL },
		{ "fly", "'fly' is no command; 'help' lists them" },
		{ "anser 2", "'anser' is no command; did you mean 'answer'?" },
		{ "HANGUP", "'HANGUP' is no command; did you mean 'hangup'?" },
		{ "dial", "dial whom?" },
		{ "dial a b", "'a b' is no number or SIP address" },
		{ "dial http://x", "'http://x' is no number or SIP address" },
		{ "press", "press which key?" },
		{ "press 5", "there is no key 5" },
		{ "press 99999999999999999999", "press which key?" },
		{ "answer", "no call is ringing" },
		{ "answer 7", "no call 7 is ringing" },
		{ "answer x", "'x' is not the number of a call" },
		{ "hangup", "no call is there to hang up" },
		{ "hold", "no call is talking" },
		{ "resume", "no call is on hold" },
		{ "transfer", "transfer where? For example: transfer 204, or transfer attended" },
		{ "transfer 204", "no call is there to transfer" },
		{ "transfer attended", "no call talks or rings there to transfer to" },
		{ "transfer attended 1", "transfer which two calls? For example: transfer" },
		{ "transfer attended x 2", "transfer which two calls? For example: transfer" },
		{ "transfer attended 1 2", "no call 2 talks or rings there to transfer to" },
		{ "dnd", "dnd on, or dnd off?" },
		{ "unregister", "the phone is not registering" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct phone_rig rig;
		char start[128];

		phone_rig_start(&rig, NULL);
		phone_command(&rig.phone, slice_from_cstr(lines[i].line));
		snprintf(start, sizeof(start), "{\"event\":\"error\",\"text\":\"%s",
			 lines[i].text ? lines[i].text : "");
		if (!lines[i].text)
			assert_int_equal(rig.events_n, 0);
		else if (!slice_starts_with(slice_of(rig.events, rig.events_n),
					    slice_from_cstr(start)))
			fail_msg("%s: %.*s", lines[i].line, (int)rig.events_n, rig.events);
		assert_true(fake_peer_is_idle(&rig.peer));
		phone_rig_end(&rig);
	}
}

static void a_long_mistake_is_told_as_far_as_it_fits(void **state)
{
	static char line[2000];
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	memset(line, 'x', sizeof(line));
	phone_command(&rig.phone, slice_of(line, sizeof(line)));
	assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
				      SLICE("{\"event\":\"error\",\"text\":\"'xxxxxxxx")));
	phone_rig_end(&rig);
}

static void help_names_each_command(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_command(&rig.phone, SLICE("help"));
	assert_true(slice_starts_with(slice_of(rig.events, rig.events_n),
				      SLICE("{\"event\":\"help\",\"text\":\"dial       TARGET  ")));
	assert_non_null(memmem(rig.events, rig.events_n, "\\u000aquit ", 11));
	assert_non_null(memmem(rig.events, rig.events_n, "is taken.\"}\n", 12));
	phone_rig_end(&rig);
}

static void stopping_says_goodbye_to_everybody(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start_watching(&rig, "202", NULL);
	phone_rig_notify(&rig, SNOM_4S_DOCUMENT("1", "early"));
	assert_int_equal(phone_dial(&rig.phone, SLICE("201")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "x", "Contact: <sip:201@192.0.2.1>\r\n", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_command(&rig.phone, SLICE("quit"));
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	fake_peer_answer(&rig.peer, 200, "", "", "");
	assert_false(phone_is_stopped(&rig.phone));
	/* Nobody answers the SUBSCRIBE: it ends all the same. */
	fake_peer_advance_ms(&rig.peer, 70000);
	assert_true(phone_is_stopped(&rig.phone));
	assert_true(phone_is_quiet(&rig.phone));
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(a_long_mistake_is_told_as_far_as_it_fits),
		cmocka_unit_test(help_names_each_command),
		cmocka_unit_test(stopping_says_goodbye_to_everybody),
	};

	return cmocka_run_group_tests_name("phone command", tests, NULL, NULL);
}
