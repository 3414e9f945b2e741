/* SPDX-License-Identifier: MIT */
/*
 * A session whose peer sends REFERs, which are accepted; and what the peer is told of them.
 */
#ifndef LAMPYRID_TESTS_REFER_RIG_H
#define LAMPYRID_TESTS_REFER_RIG_H

#include "core/refer.h"
#include "session_rig.h"

#define REFERS_MAX 4
#define REFER_TO "Refer-To: <sip:204@pbx.example.com>\n"

#define TRYING "SIP/2.0 100 Trying\r\n"
#define ACTIVE "active;expires="
#define OVER "terminated;reason=noresource"

struct refer_rig {
	struct session_rig base;
	struct refer *refers[REFERS_MAX]; /* in order of arrival; NULL: it has ended */
	unsigned taken;
	unsigned ends;
	int err;	       /* of the last one */
	unsigned told_at_once; /* a status for the next one, in the same turn; 0: none */
	bool is_set_up;
};

/* Around every test; `refers` is the stack's limit, REFERS_MAX for the usual set-up. */
int refer_rig_set_up(void **state);
int refer_rig_set_up_with(void **state, uint32_t refers);

/* Fails when a byte or a timer is left. */
int refer_rig_tear_down(void **state);

#define REFER_TEST(name)                                                                           \
	cmocka_unit_test_setup_teardown(name, refer_rig_set_up, refer_rig_tear_down)

/* The peer sends REFER to 204 with these lines, in the session if there is one. */
void send_refer(struct refer_rig *rig, const char *lines);

/* The next message is a NOTIFY that says so; the state by its beginning. */
const struct sip_msg *take_notify(struct refer_rig *rig, const char *event, const char *state,
				  const char *body);

/* The peer answers the request that was taken last. */
void answer(struct refer_rig *rig, unsigned status);

/* A session and a REFER in it, of which the first NOTIFY is answered. */
struct refer *make_refer(struct refer_rig *rig);

/* The next message is the last NOTIFY, with this body; answered, it ends the first REFER to end. */
void take_end(struct refer_rig *rig, const char *body);

#endif
