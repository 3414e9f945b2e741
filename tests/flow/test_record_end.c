/* SPDX-License-Identifier: MIT */
/*
 * Records of calls that end in the middle of something: every leg is in them, also the one whose
 * end was the call's.
 */
#include "texts.h"
#include "world.h"

#include "run.h"

/* alice (201) has called bob (202). */
static struct world *alice_calls_bob(void)
{
	struct world *w = world_new("alice", "bob", "carol");

	(void)directory_set_records(w->office.directory, SLICE("calls.jsonl"));
	watch(w, "carol", "bob");
	world_extension(w, "bob")->barge_in = BARGE_IN_SAME_GROUP;
	dial(w, "alice", "bob");
	return w;
}

static void expect_record(struct world *w, const char *part)
{
	if (w->is_faulty)
		return;
	if (w->wires->record_count != 1)
		run_fail(w, "%zu records", w->wires->record_count);
	else if (!strstr(w->wires->records[0], part))
		run_fail(w, "no %s in %s", part, w->wires->records[0]);
}

static void expect_legs(struct world *w, size_t count)
{
	static const char *const legs[] = { "{\"leg\":1,\"number\"", "{\"leg\":2,\"number\"",
					    "{\"leg\":3,\"number\"" };

	for (size_t i = 0; i < count; i++)
		expect_record(w, legs[i]);
}

FLOW(who_is_taken_over_and_who_takes_over_both_hang_up, "call records")
{
	struct world *w = alice_calls_bob();

	answer(w, "bob");
	cut_off(w, "alice");
	barge_in(w, "carol", "bob");
	hang_up(w, "bob");
	hang_up(w, "carol");
	expect_legs(w, 3);
	expect_record(w, "\"cause\":\"hangup\",\"by\":{\"leg\":3,\"number\":\"203\"}");
	cut_off(w, "alice");
	advance_ms(w, 40000);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 0);
	expect_quiet(w);
}

/* A picker without a codec in common: both wait on hold to be asked again. */
FLOW_PLAIN(a_caller_hangs_up_while_they_are_joined, "call records, RFC 3725 4.2")
{
	struct world *w = alice_calls_bob();
	struct raw *raw = world_raw(w, "dave");

	office_add(&w->office, "204", "dave");
	(void)raw_ask_as(
		raw, "204", OFFICE_PASSWORD,
		TEXT_HEAD("INVITE", "204", "*8202", "p") TEXT_CONTACT(
			"204",
			"192.0.2.5") "Content-Type: application/sdp\nContent-Length: {len}\n\n"
				     "v=0\no=- 2 3 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 "
				     "0\n"
				     "m=audio 4002 RTP/AVP 97\na=rtpmap:97 speex/8000\n");
	(void)raw_speak(raw, "SIP/2.0 200", "", "ACK", TEXT_END);
	advance_ms(w, 100);
	hang_up(w, "alice");
	advance_ms(w, 1000);
	expect_legs(w, 3);
	expect_record(w, "\"cause\":\"hangup\",\"by\":{\"leg\":1,\"number\":\"201\"}");
	expect_record(w, "\"from\":{\"number\":\"201\",\"name\":\"alice\"}");
	expect_quiet(w);
}
