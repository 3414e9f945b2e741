/* SPDX-License-Identifier: MIT */
/*
 * A host under test that writes down what it hears of, and the plain sockets that talk to it.
 */
#include "host_rig.h"

#include "base/check.h"
#include "base/mem.h"
#include "io/socket.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned descriptors_before;

int note_descriptors(void **state)
{
	(void)state;
	descriptors_before = count_descriptors();
	return 0;
}

int expect_same_descriptors(void **state)
{
	(void)state;
	return count_descriptors() == descriptors_before ? 0 : -1;
}

void rig_append(char *text, size_t *n, struct slice s)
{
	if (*n + s.n + 1 > RIG_TEXT_MAX)
		return;
	memcpy(text + *n, s.p, s.n);
	*n += s.n;
	text[(*n)++] = '|';
}

void rig_on_message(void *user, const struct flow *flow, struct slice bytes)
{
	struct rig *rig = user;

	rig->messages++;
	rig->flow = *flow;
	rig_append(rig->text, &rig->text_n, bytes);
	if (rig->is_echoing) {
		struct packet *packet = packet_new(bytes);

		if (packet)
			(void)rig->env->send(rig->env->host, flow, packet);
		packet_unref(packet);
	}
}

void rig_on_connection_lost(void *user, struct handle conn)
{
	struct rig *rig = user;

	rig->lost++;
	rig->lost_conn = conn;
	assert_int_equal(host_conn_flow(rig->host, conn, &rig->lost_flow), 0);
}

void rig_on_turn_end(void *user)
{
	struct rig *rig = user;

	rig->turns++;
	if (rig->is_done && rig->is_done(rig))
		host_stop(rig->host);
}

static void on_log(void *ctx, struct slice line)
{
	struct rig *rig = ctx;

	if (!slice_is_empty(line))
		rig_append(rig->log, &rig->log_n, line);
}

void rig_give_up(struct timer *timer)
{
	host_stop(CONTAINER_OF(timer, struct rig, patience)->host);
}

void rig_init(struct rig *rig, const struct host_limits *limits)
{
	struct host_user user = { .user = rig,
				  .on_message = rig_on_message,
				  .on_connection_lost = rig_on_connection_lost,
				  .on_turn_end = rig_on_turn_end };

	memset(rig, 0, sizeof(*rig));
	rig->blocks = mem_count().blocks;
	assert_int_equal(host_new(&user, &rig->host), 0);
	rig->env = host_env(rig->host);
	host_set_log(rig->host, on_log, rig);
	if (limits)
		host_set_limits(rig->host, limits);
}

void rig_fini(struct rig *rig)
{
	timer_stop(host_timers(rig->host), &rig->patience);
	host_free(rig->host);
	assert_int_equal(mem_count().blocks, rig->blocks);
}

/* Whether it happened in time. */
bool run_until(struct rig *rig, bool (*is_done)(struct rig *rig), unsigned wanted)
{
	rig->is_done = is_done;
	rig->wanted = wanted;
	if (is_done(rig))
		return true;
	timer_start(host_timers(rig->host), &rig->patience, PATIENCE_MS, rig_give_up);
	host_run(rig->host);
	timer_stop(host_timers(rig->host), &rig->patience);
	return is_done(rig);
}

bool has_messages(struct rig *rig)
{
	return rig->messages >= rig->wanted;
}

bool has_turns(struct rig *rig)
{
	return rig->turns >= rig->wanted;
}

bool has_lost(struct rig *rig)
{
	return rig->lost >= rig->wanted;
}

bool has_answer(struct rig *rig)
{
	struct pollfd wait = { .fd = rig->fd, .events = POLLIN };

	return poll(&wait, 1, 0) == 1;
}

static bool is_never(struct rig *rig)
{
	(void)rig;
	return false;
}

void run_for(struct rig *rig, unsigned ms)
{
	rig->is_done = is_never;
	timer_start(host_timers(rig->host), &rig->patience, ms, rig_give_up);
	host_run(rig->host);
}

void expect_text(const struct rig *rig, const char *expected)
{
	assert_int_equal(rig->text_n, strlen(expected));
	assert_memory_equal(rig->text, expected, rig->text_n);
}

bool log_has(const struct rig *rig, const char *piece)
{
	return memmem(rig->log, rig->log_n, piece, strlen(piece)) != NULL;
}

struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(slice_from_cstr(text), &addr), 0);
	return addr;
}

struct addr listen_on(struct rig *rig, uint8_t transport, const char *text)
{
	struct addr wanted = addr_of(text);
	struct addr bound;
	uint8_t index;

	assert_int_equal(host_listen(rig->host, transport, &wanted, &bound, &index), 0);
	assert_int_not_equal(bound.port, 0);
	return bound;
}

int send_text(struct rig *rig, const struct flow *flow, struct slice text)
{
	struct packet *packet = packet_new(text);
	int err = rig->env->send(rig->env->host, flow, packet);

	packet_unref(packet);
	return err;
}

/* The other end: plain sockets */

struct addr name_of(int fd)
{
	union sockaddr_any name;
	socklen_t n = sizeof(name);
	struct addr addr;

	assert_int_equal(getsockname(fd, &name.any, &n), 0);
	sockaddr_to_addr(&name, &addr);
	return addr;
}

int plain_udp(const char *text)
{
	struct addr addr = addr_of(text), bound;
	int fd;

	assert_int_equal(socket_listen(TRANSPORT_UDP, &addr, &fd, &bound), 0);
	return fd;
}

void plain_send_to(int fd, const struct addr *to, struct slice text)
{
	union sockaddr_any name;
	socklen_t n = sockaddr_from_addr(to, &name);

	assert_int_equal(sendto(fd, text.p, text.n, 0, &name.any, n), text.n);
}

int plain_tcp(const struct addr *to)
{
	return plain_tcp_from(NULL, to);
}

int plain_tcp_from(const char *from, const struct addr *to)
{
	union sockaddr_any name;
	socklen_t n = sockaddr_from_addr(to, &name);
	int fd = socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (from) {
		struct addr addr = addr_of(from);
		union sockaddr_any ours;

		n = sockaddr_from_addr(&addr, &ours);
		assert_int_equal(bind(fd, &ours.any, n), 0);
	}
	assert_int_equal(connect(fd, &name.any, n), 0);
	return fd;
}

void plain_write(int fd, struct slice text)
{
	assert_int_equal(send(fd, text.p, text.n, MSG_NOSIGNAL), text.n);
}

bool plain_wait(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, PATIENCE_MS) == 1;
}

void plain_expect(int fd, struct slice text)
{
	char got[RIG_TEXT_MAX];
	size_t n = 0;

	while (n < text.n) {
		ssize_t more;

		assert_true(plain_wait(fd));
		more = recv(fd, got + n, text.n - n, 0);
		assert_true(more > 0);
		n += (size_t)more;
	}
	assert_memory_equal(got, text.p, text.n);
}

/* Whether the host has closed its end; what it sent before is skipped. */
bool plain_is_closed(int fd)
{
	char skipped[RIG_TEXT_MAX];
	ssize_t n;

	do {
		if (!plain_wait(fd))
			return false;
		n = recv(fd, skipped, sizeof(skipped), 0);
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

static void on_no_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

/* libuv keeps a pipe for signals from the first loop on. */
int warm_up(void **state)
{
	struct rig rig = { 0 };
	struct host_user user = { &rig, rig_on_message, rig_on_connection_lost, rig_on_turn_end };

	(void)state;
	assert_int_equal(host_new(&user, &rig.host), 0);
	assert_int_equal(host_on_signal(rig.host, SIGHUP, on_no_signal, &rig), 0);
	host_free(rig.host);
	return 0;
}
