/* SPDX-License-Identifier: MIT */
/*
 * Where connections or descriptors run out: who makes room for whom, and that nobody is in the way
 * of the others.
 */
#include "host_rig.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* The state of a plain connection to the host, which has had the time to close it. */
static bool is_still_open(int fd)
{
	char got[8];

	return recv(fd, got, sizeof(got), MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static int plain_stranger(struct rig *rig, const char *from, const struct addr *to)
{
	int fd = plain_tcp_from(from, to);

	plain_write(fd, SLICE(OPTIONS));
	assert_true(run_until(rig, has_messages, rig->messages + 1));
	return fd;
}

/* SECURITY D6: a stranger cannot keep a phone out by taking all the connections. */
static void tcp_the_idlest_makes_room(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	int fds[3];

	(void)state;
	limits.connections = 2;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fds[0] = plain_stranger(&rig, NULL, &to);
	fds[1] = plain_stranger(&rig, NULL, &to);
	plain_write(fds[0], SLICE(OPTIONS));
	assert_true(run_until(&rig, has_messages, 3));
	fds[2] = plain_stranger(&rig, NULL, &to);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(plain_is_closed(fds[1]));
	assert_true(is_still_open(fds[0]));
	assert_true(is_still_open(fds[2]));
	assert_true(log_has(&rig, "reason=idlest"));
	rig_fini(&rig);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void trust(struct rig *rig, struct handle conn)
{
	host_env(rig->host)->trust(rig->host, &(struct flow){ .conn = conn });
}

static void tcp_strangers_make_room_before_the_trusted(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	int trusted, stranger = -1;

	(void)state;
	limits.connections = 2;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	trusted = plain_stranger(&rig, NULL, &to);
	trust(&rig, rig.flow.conn);
	trust(&rig, rig.flow.conn);
	for (unsigned i = 0; i < 5; i++) {
		int next = plain_stranger(&rig, NULL, &to);

		if (stranger >= 0) {
			assert_true(run_until(&rig, has_lost, i));
			assert_true(plain_is_closed(stranger));
			close(stranger);
		}
		stranger = next;
	}
	assert_true(is_still_open(trusted));
	rig_fini(&rig);
	close(trusted);
	close(stranger);
}

static void tcp_strangers_may_idle_less(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	int trusted, stranger;

	(void)state;
	limits.stranger_idle_ms = 50;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	trusted = plain_stranger(&rig, NULL, &to);
	trust(&rig, rig.flow.conn);
	stranger = plain_stranger(&rig, NULL, &to);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(plain_is_closed(stranger));
	run_for(&rig, 100);
	assert_int_equal(rig.lost, 1);
	assert_true(is_still_open(trusted));
	trust(&rig, rig.lost_conn);
	rig_fini(&rig);
	close(trusted);
	close(stranger);
}

static void tcp_one_source_has_its_share(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	int fds[4];

	(void)state;
	limits.source_connections = 2;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fds[0] = plain_stranger(&rig, "127.0.0.1:0", &to);
	trust(&rig, rig.flow.conn);
	fds[1] = plain_stranger(&rig, "127.0.0.1:0", &to);
	trust(&rig, rig.flow.conn);
	fds[2] = plain_tcp_from("127.0.0.1:0", &to);
	assert_true(run_until(&rig, has_turns, rig.turns + 1));
	assert_true(plain_is_closed(fds[2]));
	assert_true(log_has(&rig, "event=connection-refused reason=source-limit peer=127.0.0.1:"));
	fds[3] = plain_stranger(&rig, "127.0.0.2:0", &to);
	close(fds[0]);
	assert_true(run_until(&rig, has_lost, 1));
	fds[0] = plain_stranger(&rig, "127.0.0.1:0", &to);
	assert_true(is_still_open(fds[1]));
	rig_fini(&rig);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void tcp_silence_makes_room_in_its_own_house(void **state)
{
	struct host_limits limits = HOST_LIMITS_DEFAULT;
	struct rig rig;
	struct addr to;
	int fds[4];

	(void)state;
	limits.source_connections = 2;
	rig_init(&rig, &limits);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fds[0] = plain_stranger(&rig, "127.0.0.2:0", &to);
	fds[1] = plain_stranger(&rig, "127.0.0.1:0", &to);
	fds[2] = plain_stranger(&rig, "127.0.0.1:0", &to);
	fds[3] = plain_stranger(&rig, "127.0.0.1:0", &to);
	assert_true(run_until(&rig, has_lost, 1));
	assert_true(plain_is_closed(fds[1]));
	assert_true(is_still_open(fds[0]));
	assert_true(is_still_open(fds[2]));
	assert_true(is_still_open(fds[3]));
	rig_fini(&rig);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

/* Leaves `count` descriptors to be opened. */
static struct rlimit leave_descriptors(unsigned count)
{
	struct rlimit old, few;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)next + count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return old;
}

/* SECURITY D5: without a free descriptor the waiting connection is dropped, not spun upon. */
static void tcp_out_of_descriptors_sheds(void **state)
{
	struct rlimit old;
	struct rig rig;
	struct addr to;
	int fd;
	bool is_turned;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	fd = plain_tcp(&to);
	old = leave_descriptors(0);
	is_turned = run_until(&rig, has_turns, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(is_turned);
	assert_true(plain_is_closed(fd));
	assert_true(log_has(&rig, "reason=descriptors"));
	rig_fini(&rig);
	close(fd);
}

static void tcp_out_of_descriptors_the_idlest_makes_room(void **state)
{
	struct rlimit old;
	struct rig rig;
	struct addr to;
	int first, second;
	bool is_heard;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	first = plain_stranger(&rig, NULL, &to);
	second = plain_tcp(&to);
	plain_write(second, SLICE(OPTIONS));
	old = leave_descriptors(0);
	is_heard = run_until(&rig, has_messages, 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(is_heard);
	assert_true(plain_is_closed(first));
	assert_true(is_still_open(second));
	assert_false(log_has(&rig, "connection-refused"));
	rig_fini(&rig);
	close(first);
	close(second);
}

/* accept() says EMFILE before it looks whether somebody waits. */
static void tcp_last_descriptor_costs_nobody(void **state)
{
	struct rlimit old;
	struct rig rig;
	struct addr to;
	int first, second;
	bool is_heard;

	(void)state;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	first = plain_stranger(&rig, NULL, &to);
	second = plain_tcp(&to);
	plain_write(second, SLICE(OPTIONS));
	old = leave_descriptors(1);
	is_heard = run_until(&rig, has_messages, 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(is_heard);
	assert_true(is_still_open(first));
	assert_int_equal(rig.log_n, 0);
	rig_fini(&rig);
	close(first);
	close(second);
}

static int accept_error; /* what the system answers; 0: as it is */
static unsigned accept_calls;

int __real_accept4(int fd, struct sockaddr *name, socklen_t *n, int flags);
int __wrap_accept4(int fd, struct sockaddr *name, socklen_t *n, int flags);

int __wrap_accept4(int fd, struct sockaddr *name, socklen_t *n, int flags)
{
	accept_calls++;
	if (accept_error == 0)
		return __real_accept4(fd, name, n, flags);
	errno = accept_error;
	return -1;
}

static void tcp_failing_accept_does_not_spin(void **state)
{
	static const int errors[] = { ENFILE, EMFILE, ENOBUFS };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct rig rig;
		struct addr to;
		int fd;

		rig_init(&rig, NULL);
		to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
		fd = plain_tcp(&to);
		plain_write(fd, SLICE(OPTIONS));
		accept_error = errors[i];
		accept_calls = 0;
		run_for(&rig, 150);
		accept_error = 0;
		assert_in_range(accept_calls, 1, 6);
		assert_true(run_until(&rig, has_messages, 1));
		assert_int_equal(rig.log_n, 0);
		rig_fini(&rig);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(tcp_the_idlest_makes_room),
		HOST_TEST(tcp_strangers_make_room_before_the_trusted),
		HOST_TEST(tcp_strangers_may_idle_less),
		HOST_TEST(tcp_one_source_has_its_share),
		HOST_TEST(tcp_silence_makes_room_in_its_own_house),
		HOST_TEST(tcp_out_of_descriptors_sheds),
		HOST_TEST(tcp_out_of_descriptors_the_idlest_makes_room),
		HOST_TEST(tcp_last_descriptor_costs_nobody),
		HOST_TEST(tcp_failing_accept_does_not_spin),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
