/* SPDX-License-Identifier: MIT */
/*
 * The load generator: many users, each with a phone that registers; the first half of them call
 * the second half, user by user. The messages are those of a phone and the same whatever server
 * stands in between, a registrar with a proxy or a B2BUA.
 *
 * A call goes on when its other side has seen the last message (180, then 200 and ACK, then BYE),
 * so that no two messages of one call are on their way at a time and none can overtake another.
 */
#ifndef LAMPYRID_BENCH_LOAD_H
#define LAMPYRID_BENCH_LOAD_H

#include "core/auth_client.h"
#include "io/host.h"

#define LOAD_TEXT_BYTES 192

/* A user rests in the states between which the commands of load.c move it. */
enum user_state {
	USER_IDLE,
	USER_REGISTERING,
	USER_INVITING,
	USER_RINGING, /* rests: the caller has heard 180 */
	USER_ANSWERING,
	USER_TALKING, /* rests: the called one has had its ACK */
	USER_ENDING,
};

/*
 * An answer is through when the caller has had the 200 and the called one the ACK, in either order,
 * since a B2BUA sends both at once; the end when they have had the 200 and the BYE.
 */
enum { SIDE_CALLER = 1, SIDE_CALLEE = 2, SIDE_BOTH = 3 };

/* A user, and for a caller the call it is in. */
struct user {
	struct auth_client auth;
	struct auth_attempt attempt;
	enum user_state state;
	unsigned sides;	 /* SIDE_ bits: those through with the step */
	uint32_t serial; /* makes Call-IDs, tags and branches new */
	uint32_t cseq;
	struct packet *last;	      /* what it said last */
	struct packet *answer;	      /* the 200 that the called one has ready */
	char to[LOAD_TEXT_BYTES];     /* of the 200, with its tag */
	char target[LOAD_TEXT_BYTES]; /* its Contact */
	char route[LOAD_TEXT_BYTES];  /* its Record-Route, if any */
	size_t to_n;
	size_t target_n;
	size_t route_n;
};

/* What one command asks for, and how far it is. */
struct phase {
	const char *name;
	enum user_state goal; /* the state that a user is to rest in */
	uint32_t first;	      /* user */
	uint32_t users;	      /* so many from there on, again and again */
	uint32_t wanted;
	uint32_t started;
	uint32_t reached;
	uint32_t failed;
	uint32_t challenged; /* 401s answered */
	uint32_t repeated;   /* retransmissions of the server, and what else came too late */
	uint32_t window;     /* at most so many at a time */
	uint32_t rate;	     /* started per second, 0: as the window lets */
	uint64_t start_ms;
	uint64_t start_cpu_ns;
	uint64_t progress_ms; /* when the last one reached its goal */
	uint64_t repeat_ms;   /* when what was said is said once more, without progress */
	uint64_t rang_ns;     /* since 1970 UTC, when the last 180 was sent; 0: none was */
};

struct load {
	struct host *host;
	const struct env *env;
	struct timers *timers;
	struct addr server;
	struct addr callers; /* listener 0: the first half of the users */
	struct addr callees; /* listener 1 */
	struct user *users;  /* [user_count] */
	uint32_t user_count;
	uint32_t run; /* makes the ids of this run its own */
	struct phase phase;
	struct timer tick;
	struct arena arena;
};

/* The user's next step from where it rests: INVITE, 200 of the called one, or BYE. */
void user_step(struct load *load, uint32_t number);

/* Nothing came for a while: whoever waits for something says again what was said last. */
void user_repeat(struct load *load, uint32_t number);

/* REGISTER without credentials, which the server will ask for. */
void user_register(struct load *load, uint32_t number);

/* A message for one of the users. */
void user_on_message(void *user, const struct flow *flow, struct slice bytes);

/* For load.c: a user has come to rest, or failed for this reason. */
void phase_on_rest(struct load *load, uint32_t number);
void phase_on_failed(struct load *load, uint32_t number, const char *why, unsigned status);

#endif
