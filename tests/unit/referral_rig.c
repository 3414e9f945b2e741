/* SPDX-License-Identifier: MIT */
/*
 * Sent REFERs for tests.
 */
#include "referral_rig.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct referral_rig the_rig;

static void hear(struct referral *referral, char what)
{
	struct referral_rig *rig = referral->owner;
	size_t n = strlen(rig->heard);

	assert_true(n < HEARD_MAX);
	rig->heard[n] = what;
	if (what == 'r' || what == 'e') {
		rig->referral = NULL;
	} else if (what == rig->ends_inside) {
		referral_end(referral);
		rig->referral = NULL;
	}
}

static void on_accepted(struct referral *referral)
{
	hear(referral, 'a');
}

static void on_refused(struct referral *referral, unsigned status, const struct sip_msg *response)
{
	struct referral_rig *rig = referral->owner;

	if (response)
		assert_int_equal(response->status, status);
	rig->status = status;
	hear(referral, 'r');
}

static void on_progress(struct referral *referral, unsigned status, struct slice reason,
			bool is_final)
{
	struct referral_rig *rig = referral->owner;

	rig->status = status;
	snprintf(rig->reason, sizeof(rig->reason), "%.*s", SLICE_ARGS(reason));
	hear(referral, is_final ? 'f' : 'p');
}

static void on_end(struct referral *referral, enum referral_end end)
{
	struct referral_rig *rig = referral->owner;

	rig->end = end;
	hear(referral, 'e');
}

static int on_challenge(struct referral *referral, const struct sip_msg *response, struct buf *line)
{
	const struct referral_rig *rig = referral->owner;

	(void)response;
	buf_lit(line, "Authorization: Digest y\r\n");
	return rig->has_credentials ? 0 : ERR_NOTFOUND;
}

const struct referral_ops referral_rig_ops = { on_accepted, on_refused, on_progress, on_end,
					       on_challenge };

static void on_request(void *user, struct incoming *in)
{
	(void)user;
	incoming_reply_status(in, 501);
}

int referral_rig_set_up(void **state)
{
	const struct stack_limits limits = { .transactions = 64, .sessions = 1, .referrals = 2 };

	the_rig = (struct referral_rig){ .is_set_up = true };
	session_rig_init(&the_rig.base, &limits);
	the_rig.base.user = &the_rig;
	the_rig.base.on_inside = on_request;
	the_rig.base.on_outside = on_request;
	*state = &the_rig;
	return 0;
}

int referral_rig_tear_down(void **state)
{
	struct referral_rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	return session_rig_fini(&rig->base) ? 0 : -1;
}

/* --- Steps -------------------------------------------------------------------------------- */

int send_referral_spec(struct referral_rig *rig, const struct referral_spec *spec)
{
	return referral_send(rig->base.session, spec, &referral_rig_ops, rig, &rig->referral);
}

const struct sip_msg *send_referral(struct referral_rig *rig)
{
	const struct referral_spec spec = { .refer_to = REFER_TO };

	assert_int_equal(send_referral_spec(rig, &spec), 0);
	return session_rig_take(&rig->base, METHOD_REFER);
}

void answer(struct referral_rig *rig, unsigned status)
{
	fake_peer_answer(&rig->base.peer, status, "", "", "");
}

void make_referral(struct referral_rig *rig)
{
	session_rig_call(&rig->base);
	(void)send_referral(rig);
	answer(rig, 202);
	assert_string_equal(rig->heard, "a");
}

void notify_event(struct referral_rig *rig, const char *event, const char *state, const char *body)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "Event: %s\nSubscription-State: %s\n%s", event, state,
		 body[0] ? "Content-Type: message/sipfrag;version=2.0\n" : "");
	session_rig_send(&rig->base, "NOTIFY", lines, body);
}

void notify(struct referral_rig *rig, const char *state, const char *body)
{
	notify_event(rig, "refer", state, body);
	(void)fake_peer_take_response(&rig->base.peer, 200);
}
