/* SPDX-License-Identifier: MIT */
/*
 * The host and the limit of descriptors: it takes what it needs, and shares out what it gets.
 */
#include "host_rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void descriptors_suffice_for_the_connections(void **state)
{
	struct rlimit old, few, now;
	struct rig rig;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	if (old.rlim_max < HOST_CONNECTIONS_MAX)
		skip();
	few = old;
	few.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	rig_init(&rig, NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(now.rlim_cur >= HOST_CONNECTIONS_MAX);
	rig_fini(&rig);
}

#define FEW_DESCRIPTORS 200
#define MANY_STRANGERS 190

/* In a process of its own, since the hard limit is never raised again. */
static bool host_keeps_descriptors(int port_fd)
{
	const struct rlimit few = { FEW_DESCRIPTORS, FEW_DESCRIPTORS };
	struct rig rig;
	struct addr to;

	if (setrlimit(RLIMIT_NOFILE, &few))
		return false;
	rig_init(&rig, NULL);
	to = listen_on(&rig, TRANSPORT_TCP, "127.0.0.1:0");
	if (write(port_fd, &to, sizeof(to)) != sizeof(to) ||
	    !run_until(&rig, has_lost, MANY_STRANGERS - FEW_DESCRIPTORS / 2))
		return false;
	for (int i = 0; i < 20; i++)
		if (dup(port_fd) < 0)
			return false;
	return true;
}

/* SECURITY D5: however many strangers there are, our own calls find a descriptor. */
static void strangers_leave_descriptors(void **state)
{
	int fds[MANY_STRANGERS], port[2], status;
	struct addr to;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(port, O_CLOEXEC), 0);
	child = fork();
	if (child == 0)
		_exit(host_keeps_descriptors(port[1]) ? 0 : 1);
	assert_true(child > 0);
	close(port[1]);
	assert_int_equal(read(port[0], &to, sizeof(to)), sizeof(to));
	for (unsigned i = 0; i < MANY_STRANGERS; i++) {
		char from[32];

		snprintf(from, sizeof(from), "127.0.1.%u:0", 1 + i / 32);
		fds[i] = plain_tcp_from(from, &to);
		plain_write(fds[i], SLICE(OPTIONS));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (unsigned i = 0; i < MANY_STRANGERS; i++)
		close(fds[i]);
	close(port[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(descriptors_suffice_for_the_connections),
		HOST_TEST(strangers_leave_descriptors),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
