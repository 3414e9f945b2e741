/* SPDX-License-Identifier: MIT */
/*
 * Calls that come to the phone and those that it makes, and what else a peer may ask outside of
 * one.
 */
#include "phone_rig.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- Being called ------------------------------------------------------------------------- */

static void a_call_comes_is_held_and_ends(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", SDP, tag);
	phone_rig_expect(&rig, "{\"event\":\"ringing\",\"call\":1," ALICE "}");
	phone_command(&rig.phone, SLICE("answer"));
	msg = fake_peer_take_response(&rig.peer, 200);
	/* Our codecs and his, numbered by us. */
	assert_non_null(memmem(msg->body.p, msg->body.n, "RTP/AVP 8 101\r\n", 15));
	assert_non_null(memmem(msg->body.p, msg->body.n, "IN IP4 192.0.2.3\r\n", 18));
	phone_rig_expect(&rig, "{\"event\":\"answered\",\"call\":1," ALICE "}");
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", "");
	phone_rig_send(&rig, "INVITE", 2, "in1", tag, "Contact: <sip:201@192.0.2.1>\n",
		       SDP "a=sendonly\r\n");
	(void)fake_peer_take_response(&rig.peer, 100);
	msg = fake_peer_take_response(&rig.peer, 200);
	assert_non_null(memmem(msg->body.p, msg->body.n, "a=recvonly\r\n", 12));
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_send(&rig, "ACK", 2, "in1", tag, "", "");
	phone_rig_send(&rig, "BYE", 3, "in1", tag, "", "");
	(void)fake_peer_take_response(&rig.peer, 200);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"remote\"}");
	assert_int_equal(phone_call_count(&rig.phone), 0);
	phone_rig_end(&rig);
}

static void a_cancel_says_why(void **state)
{
	static const struct {
		const char *lines;
		const char *json;
	} reasons[] = {
		{ "", "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"cancelled\"}" },
		{ "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"elsewhere\"}" },
		{ "Reason: Q.850;cause=26, sip ; cause = 200\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"elsewhere\"}" },
		{ "Reason: Q.850;cause=200\n",
		  "{\"event\":\"ended\",\"call\":1," ALICE ",\"cause\":\"cancelled\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct phone_rig rig;
		char tag[64];

		phone_rig_start(&rig, NULL);
		phone_rig_ring(&rig, "in1", SDP, tag);
		phone_rig_send(&rig, "CANCEL", 1, "in1", "", reasons[i].lines, "");
		(void)fake_peer_take_response(&rig.peer, 200);
		(void)fake_peer_take_response(&rig.peer, 487);
		phone_rig_expect(&rig, reasons[i].json);
		phone_rig_end(&rig);
	}
}

static void invites_that_do_not_ring(void **state)
{
	static const struct {
		const char *name;
		const char *command; /* before it */
		const char *lines;
		const char *sdp;
		unsigned status;
	} refused[] = {
		{ "do not disturb", "dnd on", "", SDP, 486 },
		{ "an extension required", "", "Require: dance\n", SDP, 420 },
		{ "a dialog to replace", "", "Replaces: x;to-tag=y;from-tag=z\n", SDP, 481 },
		{ "no codec in common", "", "",
		  "v=0\r\no=- 1 1 IN IP4 192.0.2.31\r\ns=-\r\nc=IN IP4 192.0.2.31\r\nt=0 0\r\n"
		  "m=video 4000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n",
		  488 },
		{ "no SDP", "", "", "rubbish", 400 },
		{ "stopping", "quit", "", SDP, 480 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct phone_rig rig;

		phone_rig_start(&rig, NULL);
		phone_command(&rig.phone, slice_from_cstr(refused[i].command));
		phone_rig_invite(&rig, "in1", refused[i].lines, refused[i].sdp);
		while (fake_peer_take(&rig.peer)->status < 200)
			;
		if (rig.peer.msg.status != refused[i].status)
			fail_msg("%s: %u", refused[i].name, rig.peer.msg.status);
		assert_int_equal(phone_call_count(&rig.phone), 0);
		phone_rig_end(&rig);
	}
}

static void a_delayed_offer_is_made_by_us(void **state)
{
	struct phone_rig rig;
	const struct sip_msg *msg;
	char tag[64];

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_rig_ring(&rig, "in1", "", tag);
	assert_int_equal(phone_answer(&rig.phone, 0), 0);
	msg = fake_peer_take_response(&rig.peer, 200);
	assert_non_null(memmem(msg->body.p, msg->body.n, "RTP/AVP 8 0 101\r\n", 17));
	phone_rig_send(&rig, "ACK", 1, "in1", tag, "", SDP "a=sendonly\r\n");
	phone_rig_expect(&rig, "{\"event\":\"held\",\"call\":1," ALICE ",\"by\":\"remote\"}");
	phone_rig_end(&rig);
}

/* --- Calling ------------------------------------------------------------------------------ */

static void a_call_rings_and_is_refused(void **state)
{
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	phone_command(&rig.phone, SLICE("  dial  202 \r"));
	(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
	fake_peer_answer(&rig.peer, 180, "x", "Contact: <sip:202@192.0.2.1>\r\n", "");
	phone_rig_expect(&rig, "{\"event\":\"ringback\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\"}");
	fake_peer_answer(&rig.peer, 486, "x", "", "");
	(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"cause\":\"refused\","
			       "\"status\":486,\"reason\":\"Busy Here\"}");
	phone_rig_end(&rig);
}

static void a_challenge_is_answered(void **state)
{
	struct phone_config config = { .password = SLICE("secret") };
	struct phone_rig rig;

	(void)state;
	for (unsigned has_password = 0; has_password < 2; has_password++) {
		phone_rig_start(&rig, has_password ? &config : NULL);
		assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
		(void)fake_peer_take_request(&rig.peer, METHOD_INVITE);
		fake_peer_answer(&rig.peer, 407, "x",
				 "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n\", "
				 "qop=\"auth\"\r\n",
				 "");
		(void)fake_peer_take_request(&rig.peer, METHOD_ACK);
		if (has_password)
			assert_non_null(
				sip_msg_header(fake_peer_take_request(&rig.peer, METHOD_INVITE),
					       HDR_PROXY_AUTHORIZATION));
		assert_true(fake_peer_is_idle(&rig.peer));
		assert_int_equal(phone_call_count(&rig.phone), has_password);
		phone_rig_end(&rig);
	}
}

/* A refused TCP connection is told at once, not after 32 s. */
static void a_lost_connection_is_told_at_once(void **state)
{
	struct phone_rig rig;
	struct phone_config config = { 0 };
	struct flow lost;

	(void)state;
	phone_rig_start(&rig, &config);
	rig.phone.config.server.transport = TRANSPORT_TCP;
	assert_int_equal(phone_dial(&rig.phone, SLICE("202")), 0);
	lost = rig.phone.config.server;
	lost.conn = (struct handle){ .slot = 1, .serial = 1 };
	phone_on_connection_lost(&rig.phone, &lost);
	fake_peer_advance_ms(&rig.peer, 1);
	phone_rig_expect(&rig, "{\"event\":\"ended\",\"call\":1,"
			       "\"remote\":\"sip:202@pbx.example.com\",\"cause\":\"refused\","
			       "\"status\":503,\"reason\":\"Service Unavailable\"}");
	phone_rig_end(&rig);
}

/* --- Other requests ----------------------------------------------------------------------- */

static void other_requests_are_answered(void **state)
{
	static const struct {
		const char *method;
		unsigned status;
	} requests[] = {
		{ "OPTIONS", 200 }, { "NOTIFY", 481 }, { "BYE", 481 },	    { "SUBSCRIBE", 405 },
		{ "MESSAGE", 405 }, { "REFER", 403 },  { "NONSENSE", 501 },
	};
	struct phone_rig rig;

	(void)state;
	phone_rig_start(&rig, NULL);
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		phone_rig_send(&rig, requests[i].method, 1, requests[i].method, "", "", "");
		if (fake_peer_take(&rig.peer)->status != requests[i].status)
			fail_msg("%s: %u", requests[i].method, rig.peer.msg.status);
	}
	phone_rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_comes_is_held_and_ends),
		cmocka_unit_test(a_cancel_says_why),
		cmocka_unit_test(invites_that_do_not_ring),
		cmocka_unit_test(a_delayed_offer_is_made_by_us),
		cmocka_unit_test(a_call_rings_and_is_refused),
		cmocka_unit_test(a_challenge_is_answered),
		cmocka_unit_test(a_lost_connection_is_told_at_once),
		cmocka_unit_test(other_requests_are_answered),
	};

	return cmocka_run_group_tests_name("phone ring", tests, NULL, NULL);
}
