/* SPDX-License-Identifier: MIT */
/*
 * The other end of a stack under test: takes what it sends, message by message, and answers. Time
 * passes only when a test says so, and randomness is the same in each run.
 */
#ifndef LAMPYRID_TESTS_FAKE_PEER_H
#define LAMPYRID_TESTS_FAKE_PEER_H

#include "base/env.h"
#include "base/timer.h"
#include "sip/msg.h"

#define FAKE_SENT_MAX 256
#define FAKE_TEXT_MAX_BYTES 16384

struct fake_peer {
	struct env env;
	struct timers timers;
	struct flow flow; /* as the stack under test sends; local is the stack */
	uint64_t random_state;
	bool is_cut_off;		    /* sending answers ERR_IO */
	struct handle lost_conn;	    /* so does sending by this connection */
	struct addr last_to;		    /* where the last message went */
	struct packet *sent[FAKE_SENT_MAX]; /* [sent_count] */
	size_t sent_count;
	size_t taken_count; /* of those */
	struct sip_msg msg; /* the last one taken */
	_Alignas(max_align_t) char block[32768];
	void *user; /* of the handlers: the stack under test */
	void (*on_message)(void *user, const struct flow *flow, struct slice bytes);
	void (*on_turn_end)(void *user);
};

void fake_peer_init(struct fake_peer *peer);
void fake_peer_fini(struct fake_peer *peer);

/* The next message sent, parsed; the test fails when there is none. */
const struct sip_msg *fake_peer_take(struct fake_peer *peer);

/* The same, and it must be this request. */
const struct sip_msg *fake_peer_take_request(struct fake_peer *peer, enum sip_method method);

/* The same, and it must be a response with this status. */
const struct sip_msg *fake_peer_take_response(struct fake_peer *peer, unsigned status);

/* Whether everything sent has been taken. */
bool fake_peer_is_idle(const struct fake_peer *peer);

/* Answers the request taken last; `lines` with CRLF, a body needs a Content-Type among them. */
void fake_peer_answer(struct fake_peer *peer, unsigned status, const char *to_tag,
		      const char *lines, const char *body);

/* Sends a message written with "\n" line ends; Content-Length is added with `body` behind it. */
void fake_peer_send(struct fake_peer *peer, const char *head, const char *body);

void fake_peer_advance_ms(struct fake_peer *peer, uint64_t ms);

/* When the next timer is due, from now. */
uint64_t fake_peer_next_ms(const struct fake_peer *peer);

#endif
