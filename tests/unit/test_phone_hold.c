/* SPDX-License-Identifier: MIT */
/*
 * Several calls of one phone: which one is meant, who is on hold, and how many there can be.
 */
#include "phone_rig.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void the_right_call_is_meant(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag1[64], tag2[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag1);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 1, "in1", tag1, "", "");
	/* A second one rings while we talk; answering it holds the first. */
	phone_rig_ring(&rig, "in2", SDP, tag2);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_RINGING), 1);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	msg = fake_peer_take_request(&rig.peer, METHOD_INVITE);
	assert_non_null(memmem(msg->body.p, msg->body.n, "a=sendonly\r\n", 12));
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"local\"}");
	/* A third one rings; hanging up ends the one we talk with, then the one that rings. */
	phone_rig_send(&rig, "ACK", 1, "in2", tag2, "", "");
	phone_rig_ring(&rig, "in3", SDP, tag2);
	assert_int_equal(phone_hangup(&rig.phone, 0), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_BYE);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":2," ALICE ",\"cause\":\"local\"}");
	assert_int_equal(phone_hangup(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 486);
	/* And the held one comes back. */
	assert_int_equal(phone_resume(&rig.phone, 0), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n", SDP);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"resumed\",\"call\":1," ALICE ",\"by\":\"local\"}");
	assert_int_equal(phone_hangup(&rig.phone, 2), ERR_NOTFOUND);
	assert_int_equal(phone_hangup(&rig.phone, 1), 0);
	phone_rig_end(&rig);
}

static void a_hold_waits_for_the_ack(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	assert_true(fake_peer_is_idle(&rig.peer));
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendonly\r\n");
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=recvonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"local\"}");
	phone_rig_end(&rig);
}

/* Two are called at once, and both answer: the first is held. */
static void one_ear_one_call(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 180, "x", "", "");
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "y", "Contact: <sip:202@192.0.2.1>\r\n", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	assert_int_equal(phone_count_calls_in(&rig.phone, PHONE_CALL_TALKING), 1);
	rig.peer.taken_count = 0; /* back to the first */
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 200, "x",
			 "Contact: <sip:202@192.0.2.1>\r\nContent-Type: application/sdp\r\n",
			 SDP "a=sendonly\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE); /* the second, taken before */
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=sendonly\r\n");
	/* And the answer held us. */
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"by\":\"remote\"}");
	phone_rig_end(&rig);
}

/* RFC 3261 14.1: both offer at once; the hold is not forgotten, and not said before its time. */
static void a_hold_survives_glare(void **state)
{
	struct phone_rig rig;
	char tag[64];
	uint64_t waited_ms = 0;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE), " 2 IN IP4");
	fake_peer_answer(&rig.peer, 491, "", "", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	/* His offer is answered as things are; its ACK is late, so that our time runs out. */
	phone_rig_send(&rig, "INVITE", 2, "in1", tag, "Contact: <sip:201@192.0.2.1>\n", SDP);
	(void)fake_peer_take_response(&rig.peer, 100);
	phone_rig_expect_in_body(fake_peer_take_response(&rig.peer, 200), "a=sendrecv\r\n");
	fake_peer_advance_ms(&rig.peer, 2001);
	while (!fake_peer_is_idle(&rig.peer))
		(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_send(&rig, "ACK", 2, "in1", tag, "", "");
	for (; fake_peer_is_idle(&rig.peer) && waited_ms <= 2000; waited_ms += 10)
		fake_peer_advance_ms(&rig.peer, 10);
	/* The refused offer was the second description, the answer the third. */
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE), " 4 IN IP4");
	phone_rig_expect_in_body(&rig.peer.msg, "a=sendonly\r\n");
	phone_rig_end(&rig);
}

/* An INVITE that holds us already; our hold of him leaves his as it is. */
static void who_is_held_holds(void **state)
{
	struct phone_rig rig;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP "a=sendonly\r\n", tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_response(&rig.peer, 200), "a=recvonly\r\n");
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	assert_int_equal(phone_hold(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=inactive\r\n");
	fake_peer_answer(&rig.peer, 200, "", "Content-Type: application/sdp\r\n",
			 SDP "a=inactive\r\n");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	assert_int_equal(phone_resume(&rig.phone, 0), 0);
	phone_rig_expect_in_body(fake_peer_take_request(&rig.peer, METHOD_INVITE),
				 "a=recvonly\r\n");
	phone_rig_end(&rig);
}

static void calls_are_bounded(void **state)
{
	struct phone_rig rig;
	char call_id[16], tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	for (unsigned i = 0; i < PHONE_CALLS_MAX; i++) {
		snprintf(call_id, sizeof(call_id), "in%u", i);
		phone_rig_ring(&rig, call_id, SDP, tag);
	}
	phone_rig_invite(&rig, "more", "", SDP);
	while (fake_peer_take(&rig.peer)->status < 200)
		;
	assert_int_equal(rig.peer.msg.status, 486);
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), ERR_LIMIT);
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_call_is_meant),
		cmocka_unit_test(a_hold_waits_for_the_ack),
		cmocka_unit_test(one_ear_one_call),
		cmocka_unit_test(a_hold_survives_glare),
		cmocka_unit_test(who_is_held_holds),
		cmocka_unit_test(calls_are_bounded),
	};

	return cmocka_run_group_tests_name("phone hold", tests, NULL, NULL);
}
