/* SPDX-License-Identifier: MIT */
/*
 * A phone and its server for tests.
 */
#include "phone_rig.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void on_event(void *user, const struct phone_event *event)
{
	struct phone_rig *rig = user;
	struct buf buf;

	buf_init(&buf, rig->events + rig->events_n, sizeof(rig->events) - rig->events_n);
	phone_event_print_json(&buf, event);
	buf_char(&buf, '\n');
	assert_false(buf.is_overflown);
	rig->events_n += buf.n;
}

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	phone_on_message(user, flow, bytes);
}

static void on_turn_end(void *user)
{
	phone_on_turn_end(user);
}

void phone_rig_start(struct phone_rig *rig, const struct phone_config *config)
{
	struct phone_config full = config ? *config : (struct phone_config){ 0 };

	*rig = (struct phone_rig){ 0 };
	fake_peer_init(&rig->peer);
	rig->peer.user = &rig->phone;
	rig->peer.on_message = on_message;
	rig->peer.on_turn_end = on_turn_end;
	full.aor = SLICE("sip:203@pbx.example.com");
	full.server = rig->peer.flow;
	full.is_unregistered = true;
	assert_int_equal(
		phone_init(&rig->phone, &rig->peer.env, &rig->peer.timers, &full, on_event, rig),
		0);
	assert_true(fake_peer_is_idle(&rig->peer));
	phone_start(&rig->phone);
}

void phone_rig_take_subscribe(struct phone_rig *rig)
{
	const struct sip_msg *msg = fake_peer_take_request(&rig->peer, METHOD_SUBSCRIBE);

	snprintf(rig->call_id, sizeof(rig->call_id), "%.*s", SLICE_ARGS(msg->call_id));
	snprintf(rig->tag, sizeof(rig->tag), "%.*s", SLICE_ARGS(msg->from_tag));
	fake_peer_answer(&rig->peer, 200, "n",
			 "Contact: <sip:202@192.0.2.1:5060>\r\nExpires: 3600\r\n", "");
}

void phone_rig_start_watching(struct phone_rig *rig, const char *target,
			      const struct phone_config *config)
{
	struct phone_config full = config ? *config : (struct phone_config){ 0 };
	struct phone_key_config key = { .number = 1,
					.kind = PHONE_KEY_BLF,
					.target = slice_from_cstr(target) };

	if (full.key_count == 0) {
		full.keys = &key;
		full.key_count = 1;
	}
	phone_rig_start(rig, &full);
	phone_rig_take_subscribe(rig);
}

void phone_rig_end(struct phone_rig *rig)
{
	phone_fini(&rig->phone);
	fake_peer_fini(&rig->peer);
	hash_fini();
	assert_int_equal(rig->peer.timers.count, 0);
	assert_int_equal(mem_count().blocks, 0);
}

void phone_rig_notify(struct phone_rig *rig, const char *document)
{
	phone_rig_notify_of(rig, "dialog", "application/dialog-info+xml", document);
}

void phone_rig_notify_of(struct phone_rig *rig, const char *event, const char *type,
			 const char *document)
{
	char text[1024];
	unsigned cseq = ++rig->notify_cseq;

	snprintf(text, sizeof(text),
		 "NOTIFY sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKn%u%s\n"
		 "From: <sip:202@pbx.example.com>;tag=n\n"
		 "To: <sip:203@pbx.example.com>;tag=%s\n"
		 "Call-ID: %s\n"
		 "CSeq: %u NOTIFY\n"
		 "Max-Forwards: 70\n"
		 "Event: %s\n"
		 "Subscription-State: active\n"
		 "Content-Type: %s\n",
		 cseq, rig->call_id, rig->tag, rig->call_id, cseq, event, type);
	fake_peer_send(&rig->peer, text, document);
	(void)fake_peer_take_response(&rig->peer, 200);
}

void phone_rig_forget(struct phone_rig *rig)
{
	rig->events_n = 0;
}

void phone_rig_expect(const struct phone_rig *rig, const char *json)
{
	struct slice rest = slice_of(rig->events, rig->events_n), line;

	while (slice_cut(rest, '\n', &line, &rest))
		if (slice_eq(line, slice_from_cstr(json)))
			return;
	fail_msg("no event %s among\n%.*s", json, (int)rig->events_n, rig->events);
}

void phone_rig_invite(struct phone_rig *rig, const char *call_id, const char *lines,
		      const char *sdp)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "INVITE sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKi%s\n"
		 "From: \"Alice\" <sip:201@pbx.example.com>;tag=a\n"
		 "To: <sip:203@pbx.example.com>\n"
		 "Call-ID: %s\n"
		 "CSeq: 1 INVITE\n"
		 "Max-Forwards: 70\n"
		 "Contact: <sip:201@192.0.2.1:5060>\n"
		 "%s%s",
		 call_id, call_id, *sdp ? "Content-Type: application/sdp\n" : "", lines);
	fake_peer_send(&rig->peer, text, sdp);
}

void phone_rig_send(struct phone_rig *rig, const char *method, unsigned cseq, const char *call_id,
		    const char *to_tag, const char *lines, const char *sdp)
{
	char text[2048];
	bool is_cancel = !strcmp(method, "CANCEL");

	snprintf(text, sizeof(text),
		 "%s sip:203@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%s%s%.0u\n"
		 "From: \"Alice\" <sip:201@pbx.example.com>;tag=a\n"
		 "To: <sip:203@pbx.example.com>%s%s\n"
		 "Call-ID: %s\nCSeq: %u %s\nMax-Forwards: 70\n%s%s",
		 method, is_cancel ? "i" : method, call_id, is_cancel ? 0 : cseq,
		 *to_tag ? ";tag=" : "", to_tag, call_id, cseq, method,
		 *sdp ? "Content-Type: application/sdp\n" : "", lines);
	fake_peer_send(&rig->peer, text, sdp);
}

void phone_rig_ring(struct phone_rig *rig, const char *call_id, const char *sdp, char ret_tag[64])
{
	const struct sip_msg *msg;

	phone_rig_invite(rig, call_id, "", sdp);
	(void)fake_peer_take_response(&rig->peer, 100);
	msg = fake_peer_take_response(&rig->peer, 180);
	snprintf(ret_tag, 64, "%.*s", SLICE_ARGS(msg->to_tag));
	assert_true(fake_peer_is_idle(&rig->peer));
}

void phone_rig_talk(struct phone_rig *rig, const char *call_id, char ret_tag[64])
{
	phone_rig_ring(rig, call_id, SDP, ret_tag);
	assert_int_equal(phone_answer(&rig->phone, 0), 0);
	(void)fake_peer_take_response(&rig->peer, 200);
	phone_rig_send(rig, "ACK", 1, call_id, ret_tag, "", "");
}

void phone_rig_expect_in_body(const struct sip_msg *msg, const char *text)
{
	if (!memmem(msg->body.p, msg->body.n, text, strlen(text)))
		fail_msg("no %s in %.*s", text, SLICE_ARGS(msg->body));
}
