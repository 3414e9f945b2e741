/* SPDX-License-Identifier: MIT */
/*
 * A subscriber of 203 to the dialogs of 202, and a notifier that says what a test wants.
 */
#ifndef LAMPYRID_TESTS_SUBSCRIBER_RIG_H
#define LAMPYRID_TESTS_SUBSCRIBER_RIG_H

#include "core/subscriber.h"
#include "fake_peer.h"

#define CHALLENGE(nonce)                                                                           \
	"WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"" nonce "\", "                \
	"qop=\"auth\"\r\n"
#define CONTACT "Contact: <sip:202@192.0.2.1:5060>\r\n"
#define OK_LINES CONTACT "Expires: 600\r\n"
#define XML "Content-Type: application/dialog-info+xml\n"

struct subscriber_rig {
	struct fake_peer peer;
	struct stack stack;
	struct account account;
	struct subscriber *subscriber;
	struct slice call_id; /* of the dialog, owned */
	struct slice tag;     /* ours in it, owned */
	unsigned news;
	unsigned notifies;
	unsigned losses;
	unsigned stops;
	unsigned last_status;
	char last_reason[64];
	char last_body[64];
	bool ends_itself; /* in its next handler */
	bool is_set_up;
};

/* Around every test; the second one fails when a byte or a timer is left. */
int subscriber_rig_set_up(void **state);
int subscriber_rig_tear_down(void **state);

#define SUBSCRIBER_TEST(name)                                                                      \
	cmocka_unit_test_setup_teardown(name, subscriber_rig_set_up, subscriber_rig_tear_down)

/* The next message is a SUBSCRIBE that asks for so long; its dialog is remembered. */
const struct sip_msg *take_subscribe(struct subscriber_rig *rig, uint32_t expires_s);

/* A NOTIFY in that dialog, whose other lines are the test's; each ends in "\n". */
void send_notify(struct subscriber_rig *rig, unsigned cseq, const char *from_tag, const char *lines,
		 const char *body);

/* The usual NOTIFY with this Subscription-State, answered with 200. */
void notify(struct subscriber_rig *rig, unsigned cseq, const char *state, const char *body);

/* Subscribed, and told for the first time. */
void make_subscription(struct subscriber_rig *rig);

/* Until the timer that keeps the subscription is due. */
void advance_to_due(struct subscriber_rig *rig);

#endif
