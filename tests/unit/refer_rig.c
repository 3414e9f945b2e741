/* SPDX-License-Identifier: MIT */
/*
 * Accepted REFERs for tests.
 */
#include "refer_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define CONTACT_LINE SLICE("Contact: <sip:202@192.0.2.3:5060>\r\n")

static struct refer_rig the_rig;

static void on_end(struct refer *refer)
{
	struct refer_rig *rig = refer->owner;

	rig->ends++;
	for (size_t i = 0; i < REFERS_MAX; i++)
		if (rig->refers[i] == refer)
			rig->refers[i] = NULL;
	/* What comes from inside a handler is harmless. */
	refer_tell(refer, 180, SLICE_NONE);
	refer_tell(refer, 486, SLICE_NONE);
}

static const struct refer_ops ops = { .on_end = on_end };

static void take(struct refer_rig *rig, struct incoming *in, bool is_inside)
{
	struct refer **ret_refer = &rig->refers[rig->taken % REFERS_MAX];

	if (in->msg->method != METHOD_REFER) {
		incoming_reply_status(in, 501);
		return;
	}
	rig->err = is_inside ? refer_accept(rig->base.session, in, &ops, rig, ret_refer)
			     : refer_take(in, CONTACT_LINE, &ops, rig, ret_refer);
	if (rig->err)
		return;
	rig->taken++;
	if (rig->told_at_once)
		refer_tell(*ret_refer, rig->told_at_once, SLICE_NONE);
}

static void on_inside(void *user, struct incoming *in)
{
	take(user, in, true);
}

static void on_outside(void *user, struct incoming *in)
{
	take(user, in, false);
}

int refer_rig_set_up_with(void **state, uint32_t refers)
{
	const struct stack_limits limits = { .transactions = 64, .sessions = 1, .refers = refers };

	the_rig = (struct refer_rig){ .is_set_up = true };
	session_rig_init(&the_rig.base, &limits);
	the_rig.base.user = &the_rig;
	the_rig.base.on_inside = on_inside;
	the_rig.base.on_outside = on_outside;
	*state = &the_rig;
	return 0;
}

int refer_rig_set_up(void **state)
{
	return refer_rig_set_up_with(state, REFERS_MAX);
}

int refer_rig_tear_down(void **state)
{
	struct refer_rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	return session_rig_fini(&rig->base) ? 0 : -1;
}

/* --- Steps -------------------------------------------------------------------------------- */

void send_refer(struct refer_rig *rig, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), REFER_TO "%s", lines);
	session_rig_send(&rig->base, "REFER", text, "");
}

const struct sip_msg *take_notify(struct refer_rig *rig, const char *event, const char *state,
				  const char *body)
{
	const struct sip_msg *msg = session_rig_take(&rig->base, METHOD_NOTIFY);

	assert_true(slice_eq(sip_msg_value(msg, HDR_EVENT), slice_from_cstr(event)));
	if (!slice_starts_with(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), slice_from_cstr(state)))
		fail_msg("%.*s", SLICE_ARGS(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE)));
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTENT_TYPE),
			     SLICE("message/sipfrag;version=2.0")));
	if (!slice_eq(msg->body, slice_from_cstr(body)))
		fail_msg("%.*s", SLICE_ARGS(msg->body));
	assert_non_null(sip_msg_header(msg, HDR_CONTACT));
	return msg;
}

void answer(struct refer_rig *rig, unsigned status)
{
	fake_peer_answer(&rig->base.peer, status, "", "", "");
}

struct refer *make_refer(struct refer_rig *rig)
{
	session_rig_call(&rig->base);
	send_refer(rig, "");
	(void)fake_peer_take_response(&rig->base.peer, 202);
	(void)take_notify(rig, "refer", ACTIVE, TRYING);
	answer(rig, 200);
	return rig->refers[0];
}

void take_end(struct refer_rig *rig, const char *body)
{
	(void)take_notify(rig, "refer", OVER, body);
	assert_int_equal(rig->ends, 0);
	answer(rig, 200);
	assert_int_equal(rig->ends, 1);
}
