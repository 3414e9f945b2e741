/* SPDX-License-Identifier: MIT */
/*
 * Trace records, byte by byte.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void trace_file_has_exact_records(void **state)
{
	static const struct {
		const char *name;
		bool is_sent;
		const char *peer, *local;
		uint8_t transport;
		struct slice bytes;
		uint64_t wall_ms;
		const char *expected;
	} rows[] = {
		{ "sent", true, "192.0.2.1:5060", "192.0.2.7:5062", TRANSPORT_UDP,
		  SLICE_INIT("BYE\r\n\r\n"), 1129724780770,
		  "Sent to udp:192.0.2.1:5060 from 192.0.2.7:5062 at 19/10/2005 12:26:20:770 "
		  "(7 bytes):\n\nBYE\r\n\r\n\n\n" },
		{ "received, IPv6, early morning", false, "[2001:db8::1]:5060", "[::1]:5060",
		  TRANSPORT_TCP, SLICE_INIT("ACK\n"), 1739084703004,
		  "Received from tcp:[2001:db8::1]:5060 to [::1]:5060 at 9/2/2025 07:05:03:004 "
		  "(4 bytes):\n\nACK\n\n\n" },
		{ "no line end", false, "192.0.2.1:5060", "192.0.2.7:5062", TRANSPORT_UDP,
		  SLICE_INIT("body"), 0,
		  "Received from udp:192.0.2.1:5060 to 192.0.2.7:5062 at 1/1/1970 00:00:00:000 "
		  "(4 bytes):\n\nbody\n\n\n" },
	};
	uint64_t blocks = mem_count().blocks;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[] = "/tmp/lampyrid-trace-XXXXXX";
		struct flow flow = { .peer = addr_of(rows[i].peer),
				     .local = addr_of(rows[i].local),
				     .transport = rows[i].transport };
		struct trace_file *trace;
		int fd = mkstemp(path);
		char got[512];

		assert_true(fd >= 0);
		assert_int_equal(trace_file_open(path, &trace), 0);
		trace_file_tap(trace, rows[i].is_sent, &flow, rows[i].bytes, rows[i].wall_ms);
		assert_int_equal(trace_file_close(trace), 0);
		assert_int_equal(read(fd, got, sizeof(got)), strlen(rows[i].expected));
		assert_memory_equal(got, rows[i].expected, strlen(rows[i].expected));
		close(fd);
		unlink(path);
	}
	assert_int_equal(mem_count().blocks, blocks);
}

static void trace_file_tells_of_a_full_disk(void **state)
{
	struct flow flow = { .peer = addr_of("192.0.2.1:5060") };
	char path[] = "/tmp/lampyrid-trace-XXXXXX";
	struct trace_file *trace;
	struct rlimit old, small;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(trace_file_open("/no/such/folder/trace", &trace), ERR_IO);
	assert_int_equal(trace_file_open(path, &trace), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	trace_file_tap(trace, true, &flow, SLICE("x"), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	trace_file_tap(trace, true, &flow, SLICE("x"), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 10);
	assert_int_equal(trace_file_close(trace), ERR_IO);
	close(fd);
	unlink(path);
}

/* CWE-59, CWE-377: nobody else reads the trace or says where it goes. */
static void trace_file_is_ours_alone(void **state)
{
	char folder[] = "/tmp/lampyrid-trace-XXXXXX";
	struct trace_file *trace;
	struct stat stat;
	uint64_t blocks = mem_count().blocks;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(trace_file_open("link", &trace), ERR_DENIED);
	assert_int_equal(trace_file_open("fifo", &trace), ERR_DENIED);
	assert_int_equal(trace_file_open("/dev/full", &trace), ERR_DENIED);
	assert_int_equal(trace_file_open("file", &trace), 0);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_mode & 0777, 0600);
	assert_int_equal(trace_file_close(trace), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchown(fd, 65534, 65534), 0);
		assert_int_equal(trace_file_open("file", &trace), ERR_DENIED);
		assert_int_equal(errno, EPERM);
	}
	close(fd);
	unlink("file");
	unlink("link");
	unlink("fifo");
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
	assert_int_equal(mem_count().blocks, blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(trace_file_has_exact_records),
		HOST_TEST(trace_file_tells_of_a_full_disk),
		HOST_TEST(trace_file_is_ours_alone),
	};

	return cmocka_run_group_tests(tests, warm_up, NULL);
}
