/* SPDX-License-Identifier: MIT */
/*
 * The host on real loopback sockets, all within one process: the host runs until the test has seen
 * what it waits for, and the other end is a plain socket. A test ends with no block of ours and no
 * descriptor left.
 */
#ifndef LAMPYRID_TESTS_HOST_RIG_H
#define LAMPYRID_TESTS_HOST_RIG_H

#include "io/host.h"

#define RIG_TEXT_MAX 4096

#define OPTIONS "OPTIONS sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\nhello"

struct rig {
	struct host *host;
	const struct env *env;
	struct timer patience;
	bool (*is_done)(struct rig *rig);
	unsigned wanted;
	int fd; /* of the other end, for has_answer() */

	unsigned messages;
	unsigned turns;
	unsigned lost;
	struct flow flow; /* of the last message */
	struct handle lost_conn;
	struct flow lost_flow;
	char text[RIG_TEXT_MAX]; /* all that arrived, '|' behind each */
	size_t text_n;
	char log[RIG_TEXT_MAX];
	size_t log_n;
	bool is_echoing;

	uint64_t blocks; /* before the rig */
};

/* The defaults when `limits` is NULL. rig_fini() asserts that no block of ours is left. */
void rig_init(struct rig *rig, const struct host_limits *limits);
void rig_fini(struct rig *rig);

/* The rig's own handlers, for a host that the test makes by itself; the rig is their `user`. */
void rig_on_message(void *user, const struct flow *flow, struct slice bytes);
void rig_on_connection_lost(void *user, struct handle conn);
void rig_on_turn_end(void *user);

/* The timer is rig->patience: it stops the host. */
void rig_give_up(struct timer *timer);

/* With a '|' behind it; what does not fit is left out. */
void rig_append(char *text, size_t *n, struct slice s);

/* Runs turns until the claim holds, with `wanted` to compare with; whether it did in time. */
bool run_until(struct rig *rig, bool (*is_done)(struct rig *rig), unsigned wanted);
bool has_messages(struct rig *rig);
bool has_turns(struct rig *rig);
bool has_lost(struct rig *rig);
bool has_answer(struct rig *rig); /* rig->fd can be read */
void run_for(struct rig *rig, unsigned ms);

void expect_text(const struct rig *rig, const char *expected);
bool log_has(const struct rig *rig, const char *piece);
struct addr addr_of(const char *text);
struct addr listen_on(struct rig *rig, uint8_t transport, const char *text);
int send_text(struct rig *rig, const struct flow *flow, struct slice text);

/* The other end: plain sockets, which the test closes. */
struct addr name_of(int fd);
int plain_udp(const char *text);
int plain_tcp(const struct addr *to);
int plain_tcp_from(const char *from, const struct addr *to);
void plain_send_to(int fd, const struct addr *to, struct slice text);
void plain_write(int fd, struct slice text);
bool plain_wait(int fd);
void plain_expect(int fd, struct slice text);

/* Whether the host has closed its end; what it sent before is skipped. */
bool plain_is_closed(int fd);

/* Around every test, and once before all of them. */
int note_descriptors(void **state);
int expect_same_descriptors(void **state);
int warm_up(void **state);
#define HOST_TEST(f) cmocka_unit_test_setup_teardown(f, note_descriptors, expect_same_descriptors)

#endif
