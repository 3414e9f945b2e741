/* SPDX-License-Identifier: MIT */
/*
 * watch SERVER MAX: watchers of lamps, at most MAX subscriptions. Reads commands from standard
 * input, a line each, and answers each with one line of key=value when it is done.
 *
 *     subscribe COUNT VIEWER ENTITY STEP   so many more: user VIEWER+i to the lamp of ENTITY+i*STEP
 *     await COUNT                          so many NOTIFYs since the last command, and how late
 *     quit
 *
 * Each NOTIFY is answered with 200 at once. It counts as received when the kernel had it for us
 * (SO_TIMESTAMPNS), however long this program takes to come to it. The watchers share SOCKETS
 * sockets, so that there is room for a NOTIFY to each of them.
 */
#include "base/addr.h"
#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "core/auth_client.h"
#include "io/socket.h"
#include "sip/print.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define DOMAIN "127.0.0.1"
#define PASSWORD "load-secret"
#define FIRST_NUMBER 100000u
#define SOCKETS 32
#define BATCH 64
#define SLOT_BYTES 16384
#define WINDOW 50      /* SUBSCRIBEs under way at a time */
#define STALL_MS 15000 /* without any NOTIFY or answer: the command has failed */
#define MAX 100000
#define LINE_BYTES 256
#define ARENA_BYTES 16384

struct subscription {
	uint32_t viewer; /* user numbers, as those of load */
	uint32_t entity;
	uint32_t cseq;	      /* ours */
	uint32_t notify_cseq; /* of the last NOTIFY, 0: none yet */
	bool is_accepted;
};

enum task { TASK_NONE, TASK_SUBSCRIBE, TASK_AWAIT };

static struct {
	struct addr server;
	struct addr local[SOCKETS];
	struct pollfd polled[SOCKETS + 1]; /* the last one: standard input */
	struct subscription *subscriptions;
	uint64_t *times_ns; /* [max], when the first so many NOTIFYs since the last command came */
	uint32_t max;
	uint32_t count; /* of subscriptions */
	uint32_t run;	/* makes the ids of this run its own */
	enum task task;
	uint32_t wanted; /* subscriptions there shall be, or NOTIFYs */
	uint32_t ready;	 /* subscriptions with their 200 and a NOTIFY */
	uint32_t viewer, entity, step;
	uint32_t failed;
	uint32_t notified; /* NOTIFYs since the last command */
	uint32_t repeated; /* and those seen before */
	uint64_t progress_ms;
	struct arena arena;
	char line[LINE_BYTES];
	size_t line_n;
} watch;

/* One system call's worth of datagrams of one socket. */
static struct {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union sockaddr_any names[BATCH];
	char controls[BATCH][CMSG_SPACE(sizeof(struct timespec))];
	char slots[BATCH][SLOT_BYTES];
} in, out;

static unsigned out_count;

static int fail(const char *what)
{
	fprintf(stderr, "watch: %s\n", what);
	return EXIT_FAILURE;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- Sending ------------------------------------------------------------------------------ */

static void flush(unsigned socket)
{
	unsigned done = 0;

	while (done < out_count) {
		int n = sendmmsg(watch.polled[socket].fd, out.messages + done, out_count - done, 0);

		CHECK(n > 0);
		done += (unsigned)n;
	}
	out_count = 0;
}

/* Where the next message of this socket is printed. */
static struct buf out_begin(unsigned socket)
{
	if (out_count == BATCH)
		flush(socket);
	return (struct buf){ .p = out.slots[out_count], .cap = SLOT_BYTES };
}

static void out_end(const struct buf *text)
{
	struct msghdr *header = &out.messages[out_count].msg_hdr;

	CHECK(!text->is_overflown);
	out.parts[out_count] = (struct iovec){ text->p, text->n };
	*header = (struct msghdr){ .msg_name = &out.names[out_count],
				   .msg_iov = &out.parts[out_count],
				   .msg_iovlen = 1 };
	header->msg_namelen = sockaddr_from_addr(&watch.server, &out.names[out_count]);
	out_count++;
}

static void print_uri(struct buf *buf, uint32_t user)
{
	buf_lit(buf, "sip:");
	buf_u64(buf, FIRST_NUMBER + user);
	buf_lit(buf, "@" DOMAIN);
}

/* Call-ID and tag begin with the subscription's index: by it answers and NOTIFYs are told apart. */
static void print_id(struct buf *buf, uint32_t index)
{
	buf_u64(buf, index);
	buf_lit(buf, "-w");
	buf_u64(buf, watch.run);
}

static bool print_credentials(struct buf *buf, const struct subscription *subscription,
			      const struct sip_msg *challenge, struct slice uri)
{
	struct auth_client auth = { 0 };
	struct auth_attempt attempt = { 0 };
	struct auth_login login = { .password = SLICE(PASSWORD) };
	struct auth_request request = { .method = SLICE("SUBSCRIBE"), .uri = uri };
	char name_text[16];
	struct buf name = BUF_ON(name_text);

	buf_u64(&name, FIRST_NUMBER + subscription->viewer);
	login.username = buf_text(&name);
	CHECK(getrandom(request.cnonce, sizeof(request.cnonce), 0) == sizeof(request.cnonce));
	return auth_client_answer(&auth, challenge, &login, &request, &attempt, buf) == 0;
}

/* With credentials when it is challenged. False: there are none that help. */
static bool send_subscribe(unsigned socket, uint32_t index, const struct sip_msg *challenge)
{
	struct subscription *subscription = &watch.subscriptions[index];
	struct buf buf = out_begin(socket), uri;
	char uri_text[64];

	uri = BUF_ON(uri_text);
	print_uri(&uri, subscription->entity);
	subscription->cseq++;
	sip_print_request_line(&buf, SLICE("SUBSCRIBE"), buf_text(&uri));
	buf_lit(&buf, "Via: SIP/2.0/UDP ");
	addr_print(&buf, &watch.local[socket]);
	buf_lit(&buf, ";rport;branch=z9hG4bK");
	print_id(&buf, index);
	buf_char(&buf, '-');
	buf_u64(&buf, subscription->cseq);
	buf_lit(&buf, "\r\nMax-Forwards: 70\r\nFrom: <");
	print_uri(&buf, subscription->viewer);
	buf_lit(&buf, ">;tag=");
	print_id(&buf, index);
	buf_lit(&buf, "\r\nTo: <");
	buf_slice(&buf, buf_text(&uri));
	buf_lit(&buf, ">\r\nCall-ID: ");
	print_id(&buf, index);
	buf_lit(&buf, "\r\n");
	sip_print_cseq(&buf, subscription->cseq, SLICE("SUBSCRIBE"));
	buf_lit(&buf, "Contact: <sip:");
	buf_u64(&buf, FIRST_NUMBER + subscription->viewer);
	buf_char(&buf, '@');
	addr_print(&buf, &watch.local[socket]);
	buf_lit(&buf, ">\r\nExpires: 3600\r\nEvent: dialog\r\n"
		      "Accept: application/dialog-info+xml\r\nUser-Agent: watch/1.0\r\n");
	if (challenge && !print_credentials(&buf, subscription, challenge, buf_text(&uri)))
		return false;
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	out_end(&buf);
	return true;
}

/* --- Commands ----------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void task_end(const char *name, uint32_t done)
{
	const uint64_t *times = watch.times_ns;
	uint32_t n = watch.notified < watch.max ? watch.notified : watch.max;

	qsort(watch.times_ns, n, sizeof(*times), compare_times);
	printf("%s count=%" PRIu32 " failed=%" PRIu32 " repeated=%" PRIu32 " first_ns=%" PRIu64
	       " median_ns=%" PRIu64 " last_ns=%" PRIu64 "\n",
	       name, done, watch.failed, watch.repeated, n ? times[0] : 0, n ? times[n / 2] : 0,
	       n ? times[n - 1] : 0);
	fflush(stdout);
	watch.task = TASK_NONE;
	watch.failed = 0;
	watch.repeated = 0;
	watch.notified = 0;
}

static uint32_t under_way(void)
{
	return watch.count - watch.ready;
}

static void subscribe_more(void)
{
	while (watch.count < watch.wanted && under_way() < WINDOW) {
		uint32_t index = watch.count++;

		watch.subscriptions[index] =
			(struct subscription){ .viewer = watch.viewer++, .entity = watch.entity };
		watch.entity += watch.step;
		(void)send_subscribe(index % SOCKETS, index, NULL);
		flush(index % SOCKETS);
	}
}

/* What a task waits for has come, or nothing has for too long. */
static void task_go_on(void)
{
	bool is_stalled = now_ms() - watch.progress_ms > STALL_MS;

	if (watch.task == TASK_SUBSCRIBE) {
		if (!is_stalled)
			subscribe_more();
		if (is_stalled)
			watch.failed = watch.wanted - watch.ready;
		if (is_stalled || watch.ready == watch.wanted)
			task_end("subscribe", watch.ready);
	} else if (watch.task == TASK_AWAIT) {
		if (is_stalled && watch.notified < watch.wanted)
			watch.failed = watch.wanted - watch.notified;
		if (is_stalled || watch.notified >= watch.wanted)
			task_end("await", watch.notified);
	}
}

static bool read_numbers(struct slice text, uint32_t *numbers, size_t count)
{
	struct slice word;

	for (size_t i = 0; i < count; i++) {
		slice_cut(text, ' ', &word, &text);
		if (slice_to_u32(word, MAX, &numbers[i]))
			return false;
	}
	return text.n == 0;
}

static bool task_start(struct slice line)
{
	struct slice word, rest;
	uint32_t n[4];

	slice_cut(line, ' ', &word, &rest);
	watch.progress_ms = now_ms();
	if (slice_eq(word, SLICE("subscribe")) && read_numbers(rest, n, 4) &&
	    n[0] <= watch.max - watch.count) {
		watch.task = TASK_SUBSCRIBE;
		watch.wanted = watch.count + n[0];
		watch.viewer = n[1];
		watch.entity = n[2];
		watch.step = n[3];
		return true;
	}
	if (slice_eq(word, SLICE("await")) && read_numbers(rest, n, 1)) {
		watch.task = TASK_AWAIT;
		watch.wanted = n[0];
		return true;
	}
	return false;
}

/* One line at a time: who writes them waits for the answer. False: it is over. */
static bool read_line(void)
{
	ssize_t n = read(STDIN_FILENO, watch.line + watch.line_n, LINE_BYTES - watch.line_n);
	struct slice line;

	if (n <= 0)
		return false;
	watch.line_n += (size_t)n;
	line = slice_of(watch.line, watch.line_n);
	if (line.p[line.n - 1] != '\n')
		return watch.line_n < LINE_BYTES;
	watch.line_n = 0;
	line.n--;
	if (slice_eq(line, SLICE("quit")))
		return false;
	if (watch.task != TASK_NONE || !task_start(line)) {
		fprintf(stderr, "watch: cannot do this now: %.*s\n", SLICE_ARGS(line));
		return false;
	}
	return true;
}

/* --- Receiving ---------------------------------------------------------------------------- */

static void note_ready(const struct subscription *subscription)
{
	if (subscription->is_accepted && subscription->notify_cseq > 0)
		watch.ready++;
}

static void on_notify(unsigned socket, struct subscription *subscription, const struct sip_msg *msg,
		      uint64_t at_ns)
{
	struct buf buf = out_begin(socket);

	sip_print_response_head(&buf, msg, &watch.server, 200, SLICE_NONE, SLICE_NONE, false);
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	out_end(&buf);
	if (msg->cseq <= subscription->notify_cseq) {
		watch.repeated++;
		return;
	}
	if (watch.notified < watch.max)
		watch.times_ns[watch.notified] = at_ns;
	watch.notified++;
	if (subscription->notify_cseq == 0) {
		subscription->notify_cseq = msg->cseq;
		note_ready(subscription);
	}
	subscription->notify_cseq = msg->cseq;
}

static void on_response(unsigned socket, uint32_t index, const struct sip_msg *msg)
{
	struct subscription *subscription = &watch.subscriptions[index];

	if (msg->cseq != subscription->cseq || subscription->is_accepted || msg->status < 200)
		return;
	if (msg->status == 401 && subscription->cseq == 1 && send_subscribe(socket, index, msg))
		return;
	if (msg->status >= 300) {
		fprintf(stderr, "watch: SUBSCRIBE refused (%u)\n", msg->status);
		return;
	}
	subscription->is_accepted = true;
	note_ready(subscription);
}

static void on_datagram(unsigned socket, struct slice bytes, uint64_t at_ns)
{
	struct sip_msg msg;
	struct sip_fault fault;
	struct slice number, rest;
	uint32_t index;

	arena_reset(&watch.arena);
	if (sip_msg_parse(bytes, &watch.arena, &msg, &fault))
		return;
	slice_cut(msg.call_id, '-', &number, &rest);
	if (watch.count == 0 || slice_to_u32(number, watch.count - 1, &index))
		return;
	if (!msg.is_request)
		on_response(socket, index, &msg);
	else if (msg.method == METHOD_NOTIFY)
		on_notify(socket, &watch.subscriptions[index], &msg, at_ns);
}

static uint64_t time_of(struct msghdr *header)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	struct timespec at;

	CHECK(c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS);
	memcpy(&at, CMSG_DATA(c), sizeof(at));
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void receive(unsigned socket)
{
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		in.parts[i] = (struct iovec){ in.slots[i], SLOT_BYTES };
		in.messages[i].msg_hdr =
			(struct msghdr){ .msg_iov = &in.parts[i],
					 .msg_iovlen = 1,
					 .msg_control = in.controls[i],
					 .msg_controllen = sizeof(in.controls[i]) };
	}
	n = recvmmsg(watch.polled[socket].fd, in.messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		on_datagram(socket, slice_of(in.slots[i], in.messages[i].msg_len),
			    time_of(&in.messages[i].msg_hdr));
	flush(socket);
	if (n > 0)
		watch.progress_ms = now_ms();
}

/* --- The program -------------------------------------------------------------------------- */

static void run(void)
{
	bool is_over = false;

	while (!is_over) {
		if (poll(watch.polled, SOCKETS + 1, watch.task == TASK_NONE ? -1 : 100) < 0)
			return;
		for (unsigned i = 0; i < SOCKETS; i++)
			if (watch.polled[i].revents)
				receive(i);
		if (watch.polled[SOCKETS].revents)
			is_over = !read_line();
		task_go_on();
	}
}

static bool open_sockets(void)
{
	const struct addr loopback = { .ip = { 127, 0, 0, 1 }, .family = ADDR_IPV4 };
	const int on = 1;

	for (unsigned i = 0; i < SOCKETS; i++) {
		int fd;

		if (socket_listen(TRANSPORT_UDP, &loopback, &fd, &watch.local[i]) ||
		    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
			return false;
		watch.polled[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	watch.polled[SOCKETS] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	return true;
}

int main(int argc, char **argv)
{
	static _Alignas(max_align_t) char block[ARENA_BYTES];

	if (argc != 3 || addr_parse(slice_from_cstr(argv[1]), &watch.server) ||
	    slice_to_u32(slice_from_cstr(argv[2]), MAX, &watch.max) || watch.max == 0)
		return fail("usage: watch 127.0.0.1:PORT MAX, then commands (see bench/watch.c)");
	if (digest_init() || !open_sockets())
		return fail("cannot start");
	watch.run = (uint32_t)getpid();
	arena_init(&watch.arena, block, sizeof(block));
	watch.subscriptions = mem_alloc(watch.max * sizeof(*watch.subscriptions));
	watch.times_ns = mem_alloc(watch.max * sizeof(*watch.times_ns));
	if (!watch.subscriptions || !watch.times_ns)
		return fail("no memory");
	run();
	mem_free(watch.subscriptions);
	mem_free(watch.times_ns);
	return EXIT_SUCCESS;
}
