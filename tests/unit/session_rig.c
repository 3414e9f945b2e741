/* SPDX-License-Identifier: MIT */
/*
 * A session and its peer for tests.
 */
#include "session_rig.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CONTACT "Contact: <sip:203@192.0.2.1:5060>\n"

static char last_head[FAKE_TEXT_MAX_BYTES], last_body[FAKE_TEXT_MAX_BYTES];

/* --- The session's owner ------------------------------------------------------------------ */

static void on_cancel(struct session *session, const struct sip_msg *cancel)
{
	(void)session;
	(void)cancel;
}

static void on_ack(struct session *session, const struct sip_msg *ack)
{
	(void)session;
	(void)ack;
}

static void on_offer(struct session *session, const struct sip_msg *request)
{
	(void)request;
	(void)session_refuse_offer(session, &(struct answer){ .status = 488 });
}

static void on_inside(struct session *session, struct incoming *in)
{
	struct session_rig *rig = session->owner;

	rig->on_inside(rig->user, in);
}

static void on_end(struct session *session, enum session_cause cause, const struct sip_msg *bye)
{
	struct session_rig *rig = session->owner;

	(void)cause;
	(void)bye;
	rig->session = NULL;
}

static int on_challenge(struct session *session, const struct sip_msg *response, struct buf *line)
{
	struct session_rig *rig = session->owner;

	(void)response;
	if (rig)
		rig->challenges++;
	buf_lit(line, "Authorization: Digest x\r\n");
	return 0;
}

static const struct session_ops ops = {
	.allow_line = SLICE_INIT("Allow: INVITE, ACK, BYE, CANCEL\r\n"),
	.on_cancel = on_cancel,
	.on_ack = on_ack,
	.on_offer = on_offer,
	.on_request = on_inside,
	.on_end = on_end,
	.on_challenge = on_challenge,
};

static void on_request(void *user, struct incoming *in)
{
	struct session_rig *rig = user;

	if (in->msg->method != METHOD_INVITE) {
		rig->on_outside(rig->user, in);
		return;
	}
	assert_int_equal(session_take(in, SLICE("Contact: <sip:202@192.0.2.3:5060>\r\n"), &ops, rig,
				      &rig->session),
			 0);
	assert_int_equal(slice_keep(dialog_local_tag(&rig->session->dialog), &rig->tag), 0);
}

/* --- The stack ---------------------------------------------------------------------------- */

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	stack_on_message(user, flow, bytes);
}

static void on_turn_end(void *user)
{
	stack_on_turn_end(user);
}

void session_rig_init(struct session_rig *rig, const struct stack_limits *limits)
{
	const struct stack_user user = { .user = rig, .on_request = on_request };

	*rig = (struct session_rig){ 0 };
	fake_peer_init(&rig->peer);
	rig->peer.user = &rig->stack;
	rig->peer.on_message = on_message;
	rig->peer.on_turn_end = on_turn_end;
	assert_int_equal(stack_init(&rig->stack, &rig->peer.env, &rig->peer.timers, &user, limits,
				    SLICE("test")),
			 0);
}

bool session_rig_fini(struct session_rig *rig)
{
	mem_free((char *)rig->tag.p);
	stack_fini(&rig->stack);
	fake_peer_fini(&rig->peer);
	return rig->peer.timers.count == 0 && mem_count().blocks == 0;
}

/* --- What the peer says ------------------------------------------------------------------- */

void session_rig_repeat(struct session_rig *rig)
{
	fake_peer_send(&rig->peer, last_head, last_body);
}

void session_rig_send(struct session_rig *rig, const char *method, const char *lines,
		      const char *body)
{
	char tag[64] = "";

	if (!slice_is_empty(rig->tag))
		snprintf(tag, sizeof(tag), ";tag=%.*s", SLICE_ARGS(rig->tag));
	rig->cseq++;
	snprintf(last_head, sizeof(last_head),
		 "%s sip:202@192.0.2.3:5060 SIP/2.0\n"
		 "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKs%u\n"
		 "From: <sip:203@pbx.example.com>;tag=f\nTo: <sip:202@pbx.example.com>%s\n"
		 "Call-ID: s\nCSeq: %u %s\nMax-Forwards: 70\n" CONTACT "%s",
		 method, rig->cseq, tag, rig->cseq, method, lines);
	snprintf(last_body, sizeof(last_body), "%s", body);
	session_rig_repeat(rig);
}

void session_rig_send_from(struct session_rig *rig, const char *host, const char *method,
			   const char *lines, const char *body)
{
	struct flow flow = rig->peer.flow;

	assert_int_equal(addr_parse(slice_from_cstr(host), &rig->peer.flow.peer), 0);
	session_rig_send(rig, method, lines, body);
	rig->peer.flow = flow;
}

void session_rig_call(struct session_rig *rig)
{
	unsigned invite;

	session_rig_send(rig, "INVITE", "", "");
	(void)fake_peer_take_response(&rig->peer, 100);
	assert_int_equal(session_answer(rig->session, &(struct answer){ .status = 200 }), 0);
	(void)fake_peer_take_response(&rig->peer, 200);
	invite = --rig->cseq;
	session_rig_send(rig, "ACK", "", "");
	assert_int_equal(rig->cseq, invite + 1);
	assert_int_equal(rig->session->state, SESSION_CONFIRMED);
}

void session_rig_peer_hangs_up(struct session_rig *rig)
{
	session_rig_send(rig, "BYE", "", "");
	(void)fake_peer_take_response(&rig->peer, 200);
	assert_null(rig->session);
}

void session_rig_hang_up(struct session_rig *rig)
{
	session_end(rig->session, 0, SLICE_NONE);
	rig->session = NULL;
	(void)session_rig_take(rig, METHOD_BYE);
	fake_peer_answer(&rig->peer, 200, "", "", "");
}

/* --- What it hears ------------------------------------------------------------------------ */

const struct sip_msg *session_rig_take(struct session_rig *rig, enum sip_method method)
{
	const struct sip_msg *msg = fake_peer_take_request(&rig->peer, method);

	assert_true(slice_eq(msg->call_id, SLICE("s")));
	assert_true(slice_eq(msg->from_tag, rig->tag));
	assert_true(slice_eq(msg->to_tag, SLICE("f")));
	assert_in_range(msg->cseq, rig->last_cseq + 1, SIP_CSEQ_MAX);
	rig->last_cseq = msg->cseq;
	return msg;
}

void session_rig_expect_idle(struct session_rig *rig)
{
	fake_peer_advance_ms(&rig->peer, 100000);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->stack.sessions.held_count, rig->session ? 1 : 0);
	assert_int_equal(rig->stack.refers.held_count, 0);
	assert_int_equal(rig->stack.referrals.held_count, 0);
	assert_int_equal(rig->stack.txn_clients.held_count, 0);
	assert_int_equal(rig->stack.txn_servers.held_count, 0);
	assert_int_equal(rig->stack.usages.count, rig->session ? 1 : 0);
	assert_int_equal(rig->peer.timers.count, 0);
}
