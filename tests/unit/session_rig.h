/* SPDX-License-Identifier: MIT */
/*
 * A stack with one session that a fake peer has begun and that is answered: what lives in a
 * session's dialog is tested against it.
 */
#ifndef LAMPYRID_TESTS_SESSION_RIG_H
#define LAMPYRID_TESTS_SESSION_RIG_H

#include "core/session.h"
#include "fake_peer.h"

struct session_rig {
	struct fake_peer peer;
	struct stack stack;
	struct session *session; /* NULL: none, or it has ended */
	struct slice tag;	 /* ours in the dialog, owned */
	unsigned cseq;		 /* of the peer's last request */
	unsigned last_cseq;	 /* of the stack's last request that was taken */
	unsigned challenges;
	void *user; /* of the handlers */
	/* A request outside of any dialog but INVITE; one in the session's dialog. */
	void (*on_outside)(void *user, struct incoming *in);
	void (*on_inside)(void *user, struct incoming *in);
};

/* Handlers are set afterwards. `limits` are the stack's. */
void session_rig_init(struct session_rig *rig, const struct stack_limits *limits);

/* False when a timer or a byte is left. */
bool session_rig_fini(struct session_rig *rig);

/* INVITE, 200 and ACK: there is a session. */
void session_rig_call(struct session_rig *rig);

/* A request of the peer's in the dialog, the next CSeq; `lines` end in "\n". */
void session_rig_send(struct session_rig *rig, const char *method, const char *lines,
		      const char *body);

/* The same from another host. */
void session_rig_send_from(struct session_rig *rig, const char *host, const char *method,
			   const char *lines, const char *body);

/* The same once more as it was sent last, as for want of an answer. */
void session_rig_repeat(struct session_rig *rig);

/* BYE by the peer, and its 200; by us, and its 200. */
void session_rig_peer_hangs_up(struct session_rig *rig);
void session_rig_hang_up(struct session_rig *rig);

/* The next message is a request of the stack's in the dialog, with a CSeq that has grown. */
const struct sip_msg *session_rig_take(struct session_rig *rig, enum sip_method method);

/* Nothing more is sent by itself, and nothing is held but the session, if there is one. */
void session_rig_expect_idle(struct session_rig *rig);

#endif
