/* SPDX-License-Identifier: MIT */
/*
 * floor COUNT: what the kernel alone needs for COUNT NOTIFYs and their answers on this machine, as
 * any server of single datagrams has to send them. A datagram of the size of a NOTIFY is sent so
 * often, 32 with a system call, to the sockets of another process, which answers each with one of
 * the size of a 200, and the answers are received, 32 with a system call. Prints the CPU of one,
 * both ways, and when the last one was sent:
 *
 *     floor count=5000 lost=0 cpu_ns=4100 last_ns=21300000
 */
#include "base/check.h"
#include "io/socket.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOTIFY_BYTES 1000
#define ANSWER_BYTES 350
#define SOCKETS 32 /* of the watchers, as bench/watch has */
#define BATCH 32
#define EARLY_EVERY 256 /* so many are sent, then answers received, as src/io/udp.c does */
#define SLOT_BYTES 2048
#define COUNT_MAX 100000
#define SILENCE_MS 500 /* then nothing more comes */
#define ALONE_MS 5000

/* One system call's worth. */
static struct {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union sockaddr_any names[BATCH];
	char slots[BATCH][SLOT_BYTES];
} batch;

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void prepare(unsigned i, size_t bytes)
{
	batch.parts[i] = (struct iovec){ batch.slots[i], bytes };
	batch.messages[i].msg_hdr = (struct msghdr){ .msg_name = &batch.names[i],
						     .msg_namelen = sizeof(batch.names[i]),
						     .msg_iov = &batch.parts[i],
						     .msg_iovlen = 1 };
}

static unsigned receive(int fd)
{
	int n;

	for (unsigned i = 0; i < BATCH; i++)
		prepare(i, SLOT_BYTES);
	n = recvmmsg(fd, batch.messages, BATCH, MSG_DONTWAIT, NULL);
	return n > 0 ? (unsigned)n : 0;
}

/* The watchers' process, until it is told to end, or nobody is there who would. */
static void answer(struct pollfd *polled)
{
	for (;;) {
		if (poll(polled, SOCKETS, ALONE_MS) <= 0)
			exit(EXIT_SUCCESS);
		for (unsigned s = 0; s < SOCKETS; s++) {
			unsigned n = polled[s].revents ? receive(polled[s].fd) : 0;

			for (unsigned i = 0; i < n; i++)
				batch.parts[i].iov_len = ANSWER_BYTES;
			CHECK(n == 0 || sendmmsg(polled[s].fd, batch.messages, n, 0) == (int)n);
		}
	}
}

static unsigned receive_all(int fd)
{
	unsigned n, total = 0;

	do {
		n = receive(fd);
		total += n;
	} while (n == BATCH);
	return total;
}

static void send_batch(int fd, const struct addr *to, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		prepare(i, NOTIFY_BYTES);
		batch.messages[i].msg_hdr.msg_namelen =
			sockaddr_from_addr(&to[(first + i) % SOCKETS], &batch.names[i]);
	}
	CHECK(sendmmsg(fd, batch.messages, n, 0) == (int)n);
}

static void measure(int fd, const struct addr *to, unsigned count)
{
	uint64_t started = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID), last;
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	unsigned answered = 0;

	for (unsigned sent = 0; sent < count; sent += BATCH) {
		send_batch(fd, to, sent, count - sent < BATCH ? count - sent : BATCH);
		if (sent % EARLY_EVERY == 0 && sent > 0)
			answered += receive_all(fd);
	}
	last = now_ns(CLOCK_MONOTONIC) - started;
	while (answered < count && poll(&polled, 1, SILENCE_MS) > 0)
		answered += receive_all(fd);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("floor count=%u lost=%u cpu_ns=%" PRIu64 " last_ns=%" PRIu64 "\n", count,
	       count - answered, cpu / count, last);
}

int main(int argc, char **argv)
{
	const struct addr loopback = { .ip = { 127, 0, 0, 1 }, .family = ADDR_IPV4 };
	struct pollfd polled[SOCKETS];
	struct addr own, to[SOCKETS];
	uint32_t count;
	pid_t watchers;
	int fd;

	if (argc != 2 || slice_to_u32(slice_from_cstr(argv[1]), COUNT_MAX, &count) || count == 0) {
		fprintf(stderr, "usage: floor COUNT (see bench/floor.c)\n");
		return EXIT_FAILURE;
	}
	CHECK(socket_listen(TRANSPORT_UDP, &loopback, &fd, &own) == 0);
	for (unsigned i = 0; i < SOCKETS; i++) {
		CHECK(socket_listen(TRANSPORT_UDP, &loopback, &polled[i].fd, &to[i]) == 0);
		polled[i].events = POLLIN;
	}
	watchers = fork();
	CHECK(watchers >= 0);
	if (watchers == 0)
		answer(polled);
	measure(fd, to, count);
	kill(watchers, SIGTERM);
	waitpid(watchers, NULL, 0);
	return EXIT_SUCCESS;
}
