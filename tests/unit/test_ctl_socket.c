/* SPDX-License-Identifier: MIT */
/*
 * Whom a client of the control socket believes (SECURITY K2). Root believes every place, so that
 * these tests are another user's.
 */
#include "base/check.h"
#include "io/ctl_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

static char folder[64];

static int start(void **state)
{
	(void)state;
	if (getuid() == 0 && seteuid(NOBODY))
		return -1;
	snprintf(folder, sizeof(folder), "/tmp/ctl-socket-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	rmdir(folder);
	return getuid() == 0 ? seteuid(0) : 0;
}

static bool is_trusted(const char *in)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ctl.sock", in);
	return ctl_place_is_trusted(path);
}

static void a_folder_of_ours_is_trusted(void **state)
{
	(void)state;
	assert_true(is_trusted(folder));
	assert_int_equal(chmod(folder, 0770), 0);
	assert_false(is_trusted(folder));
}

/* Whoever made it in /tmp may let it lead elsewhere between the look and the connection. */
static void a_symbolic_link_is_not(void **state)
{
	char link[80];

	(void)state;
	snprintf(link, sizeof(link), "%s-link", folder);
	assert_int_equal(symlink(folder, link), 0);
	assert_false(is_trusted(link));
	assert_int_equal(unlink(link), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_of_ours_is_trusted, start, stop),
		cmocka_unit_test_setup_teardown(a_symbolic_link_is_not, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
