/* SPDX-License-Identifier: MIT */
/*
 * A session in which we send REFERs, and what is heard of them.
 */
#ifndef LAMPYRID_TESTS_REFERRAL_RIG_H
#define LAMPYRID_TESTS_REFERRAL_RIG_H

#include "core/referral.h"
#include "session_rig.h"

#define REFER_TO SLICE("<sip:204@pbx.example.com>")
#define TRYING "SIP/2.0 100 Trying\r\n"
#define OK "SIP/2.0 200 OK\r\n"
#define OVER "terminated;reason=noresource"

/* What was heard, in order: 'a' accepted, 'r' refused, 'p' progress, 'f' final, 'e' end. */
#define HEARD_MAX 16

struct referral_rig {
	struct session_rig base;
	struct referral *referral; /* the last one sent; NULL: it has ended */
	char heard[HEARD_MAX + 1];
	unsigned status; /* of the last 'r', 'p' or 'f' */
	char reason[64];
	enum referral_end end;
	char ends_inside; /* the handler that ends it, 0: none */
	bool has_credentials;
	bool is_set_up;
};

/* They write down what is heard, in the rig that owns the referral. */
extern const struct referral_ops referral_rig_ops;

/* Around every test; the second one fails when a byte or a timer is left. */
int referral_rig_set_up(void **state);
int referral_rig_tear_down(void **state);

#define REFERRAL_TEST(name)                                                                        \
	cmocka_unit_test_setup_teardown(name, referral_rig_set_up, referral_rig_tear_down)

/* In the session; as referral_send(). */
int send_referral_spec(struct referral_rig *rig, const struct referral_spec *spec);

/* A plain one, which is sent; the REFER. */
const struct sip_msg *send_referral(struct referral_rig *rig);

/* The peer answers the request that was taken last. */
void answer(struct referral_rig *rig, unsigned status);

/* A session and a REFER in it, which is accepted. */
void make_referral(struct referral_rig *rig);

/* The peer sends a NOTIFY with this Event and Subscription-State, and a sipfrag or "". */
void notify_event(struct referral_rig *rig, const char *event, const char *state, const char *body);

/* The same of the event "refer", answered with 200. */
void notify(struct referral_rig *rig, const char *state, const char *body);

#endif
