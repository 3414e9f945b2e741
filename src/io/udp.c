/* SPDX-License-Identifier: MIT */
/*
 * Datagrams in batches: recvmmsg() into slots that live as long as the host, and one sendmmsg()
 * queue per listener, flushed at the end of the turn. What arrives while a long turn sends, such as
 * the answers to the first of thousands of NOTIFYs, is taken off the socket meanwhile and delivered
 * in the next turn: no socket has room for all of it. A listener on 0.0.0.0 or [::] learns to which
 * address each datagram came and answers from that one (RFC 3542 6.2, ip(7) IP_PKTINFO), since a
 * phone drops what comes from elsewhere (RFC 3581 4).
 */
#include "io/host_inner.h"

#include "base/err.h"
#include "base/mem.h"
#include "io/socket.h"

#include <errno.h>
#include <sys/socket.h>

#define BATCH 32
#define SLOT_BYTES 65536
#define RECEIVE_ROUNDS_MAX 8 /* per wake-up: timers and connections have their turn too */
#define LONG_TURN 256 /* datagrams sent in one turn: from there on what comes is received early */
#define EARLY_MAX 8192
#define EARLY_BYTES_MAX (8 * 1024 * 1024)

/* Room for one in_pktinfo or in6_pktinfo. */
union udp_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* The arguments of one system call. */
struct udp_headers {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union sockaddr_any names[BATCH];
	union udp_control controls[BATCH];
};

struct udp_inbox {
	struct udp_headers headers;
	char slots[BATCH][SLOT_BYTES];
};

/*
 * Shared by the listeners of a host. While what is in `inbox` is delivered, what that sends may be
 * flushed, and what comes then is received into `early_inbox`.
 */
struct udp_batch {
	struct udp_inbox inbox;
	struct udp_inbox early_inbox;
	struct udp_headers out;
};

/* Received before its turn. */
struct udp_early {
	struct packet *packet; /* one reference */
	struct flow flow;
};

/* A ring. */
struct udp_early_queue {
	uint32_t first;
	uint32_t count;
	size_t bytes;
	struct udp_early messages[EARLY_MAX];
};

struct udp_waiting {
	struct packet *packet; /* one reference */
	struct addr peer;
	struct addr source; /* ADDR_NONE: the kernel's choice */
};

/* A ring. */
struct udp_queue {
	uint32_t first;
	uint32_t count;
	uint32_t max;
	uint32_t dropped; /* since the last line in the log */
	uint32_t in_turn; /* put in since the turn began */
	bool is_blocked;  /* the socket takes no more; waiting for it to become writable */
	bool is_retrying; /* it was blocked since the system had no memory for us */
	struct udp_waiting waiting[];
};

static struct udp_waiting *queue_at(struct udp_queue *queue, uint32_t i)
{
	return &queue->waiting[(queue->first + i) % queue->max];
}

static void queue_drop_first(struct udp_queue *queue, uint32_t n)
{
	for (; n > 0; n--) {
		packet_unref(queue_at(queue, 0)->packet);
		queue->first = (queue->first + 1) % queue->max;
		queue->count--;
	}
}

static void early_drop_first(struct udp_early_queue *early)
{
	struct packet *packet = early->messages[early->first].packet;

	early->bytes -= packet->n;
	early->first = (early->first + 1) % EARLY_MAX;
	early->count--;
	packet_unref(packet);
}

int udp_listener_init(struct listener *listener)
{
	struct host *host = listener->host;
	uint32_t max = host->limits.datagrams_waiting;

	if (!host->udp_batch) {
		host->udp_batch = mem_alloc(sizeof(*host->udp_batch));
		if (!host->udp_batch)
			return ERR_NOMEM;
	}
	listener->udp_queue =
		mem_alloc(sizeof(struct udp_queue) + max * sizeof(struct udp_waiting));
	listener->udp_early = mem_alloc(sizeof(*listener->udp_early));
	if (!listener->udp_queue || !listener->udp_early)
		return ERR_NOMEM;
	listener->udp_queue->max = max;
	return 0;
}

void udp_listener_fini(struct listener *listener)
{
	if (listener->udp_queue)
		queue_drop_first(listener->udp_queue, listener->udp_queue->count);
	while (listener->udp_early && listener->udp_early->count > 0)
		early_drop_first(listener->udp_early);
	mem_free(listener->udp_queue);
	mem_free(listener->udp_early);
	listener->udp_queue = NULL;
	listener->udp_early = NULL;
}

void udp_batch_free(struct udp_batch *batch)
{
	mem_free(batch);
}

/* --- Receiving ---------------------------------------------------------------------------- */

/* How many have come into the inbox, up to BATCH; less than 1 when there are none. */
static int inbox_receive(struct udp_inbox *inbox, int fd)
{
	struct udp_headers *in = &inbox->headers;

	for (unsigned i = 0; i < BATCH; i++) {
		in->parts[i] = (struct iovec){ inbox->slots[i], SLOT_BYTES };
		in->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &in->names[i],
			.msg_namelen = sizeof(in->names[i]),
			.msg_iov = &in->parts[i],
			.msg_iovlen = 1,
			.msg_control = &in->controls[i],
			.msg_controllen = sizeof(in->controls[i]),
		};
	}
	return recvmmsg(fd, in->messages, BATCH, MSG_DONTWAIT, NULL);
}

/* The address of ours that the datagram came to; left alone when the kernel did not say. */
static void read_destination(struct msghdr *header, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(local->ip, &info.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
				memcpy(local->ip, &info.ipi6_addr, 16);
		}
	}
}

/* Phones keep a way through NAT open with such datagrams; no answer is expected. */
static bool is_keep_alive(struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		if (bytes.p[i] != '\r' && bytes.p[i] != '\n' && bytes.p[i] != '\0')
			return false;
	return true;
}

/* False when it is nothing for the user. */
static bool read_message(struct listener *listener, struct mmsghdr *message, struct flow *ret_flow,
			 struct slice *ret_bytes)
{
	struct slice bytes = slice_of(message->msg_hdr.msg_iov->iov_base, message->msg_len);
	struct flow flow = { .local = listener->addr,
			     .transport = TRANSPORT_UDP,
			     .listener = listener->index };

	sockaddr_to_addr(message->msg_hdr.msg_name, &flow.peer);
	if (flow.peer.family != listener->addr.family || flow.peer.port == 0 ||
	    (message->msg_hdr.msg_flags & MSG_TRUNC) || is_keep_alive(bytes) ||
	    host_has_no_way(listener->host, &flow.peer))
		return false;
	if (listener->is_any)
		read_destination(&message->msg_hdr, &flow.local);
	*ret_flow = flow;
	*ret_bytes = bytes;
	return true;
}

static int receive_round(struct listener *listener)
{
	struct udp_inbox *inbox = &listener->host->udp_batch->inbox;
	int n = inbox_receive(inbox, listener->fd);
	struct flow flow;
	struct slice bytes;

	for (int i = 0; i < n; i++)
		if (read_message(listener, &inbox->headers.messages[i], &flow, &bytes))
			host_deliver(listener->host, &flow, bytes);
	return n;
}

static bool early_has_room(const struct udp_early_queue *early)
{
	return early->count <= EARLY_MAX - BATCH && early->bytes < EARLY_BYTES_MAX;
}

static void early_add(struct udp_early_queue *early, const struct flow *flow, struct slice bytes)
{
	struct packet *packet = packet_new(bytes);

	if (!packet)
		return; /* as if lost on the wire */
	early->messages[(early->first + early->count++) % EARLY_MAX] =
		(struct udp_early){ packet, *flow };
	early->bytes += packet->n;
}

/* What does not fit stays in the socket. */
static void receive_early(struct listener *listener)
{
	struct udp_inbox *inbox = &listener->host->udp_batch->early_inbox;
	struct flow flow;
	struct slice bytes;
	int n = BATCH;

	while (n == BATCH && early_has_room(listener->udp_early)) {
		n = inbox_receive(inbox, listener->fd);
		for (int i = 0; i < n; i++)
			if (read_message(listener, &inbox->headers.messages[i], &flow, &bytes))
				early_add(listener->udp_early, &flow, bytes);
	}
}

bool udp_has_early(const struct listener *listener)
{
	return listener->udp_early->count > 0;
}

void udp_deliver_early(struct listener *listener)
{
	struct udp_early_queue *early = listener->udp_early;
	unsigned left = early->count;

	if (left > RECEIVE_ROUNDS_MAX * BATCH)
		left = RECEIVE_ROUNDS_MAX * BATCH;
	for (; left > 0; left--) {
		struct udp_early message = early->messages[early->first];

		packet_ref(message.packet);
		early_drop_first(early);
		host_deliver(listener->host, &message.flow, packet_bytes(message.packet));
		packet_unref(message.packet);
	}
}

void udp_on_readable(struct listener *listener)
{
	/* What came first is delivered first, and the socket is emptied meanwhile. */
	if (udp_has_early(listener)) {
		receive_early(listener);
		udp_deliver_early(listener);
		return;
	}
	for (int round = 0; round < RECEIVE_ROUNDS_MAX; round++)
		if (receive_round(listener) < BATCH || udp_has_early(listener))
			return;
}

/* --- Sending ------------------------------------------------------------------------------ */

static void set_source(struct msghdr *header, union udp_control *control, const struct addr *source)
{
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof(*control));
	header->msg_control = control;
	if (source->family == ADDR_IPV6) {
		struct in6_pktinfo info = { .ipi6_ifindex = 0 };

		memcpy(&info.ipi6_addr, source->ip, 16);
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in_pktinfo info = { .ipi_ifindex = 0 };

		memcpy(&info.ipi_spec_dst, source->ip, 4);
		header->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

static void prepare_send(struct udp_headers *out, unsigned i, const struct udp_waiting *waiting)
{
	struct msghdr *header = &out->messages[i].msg_hdr;

	out->parts[i] = (struct iovec){ waiting->packet->p, waiting->packet->n };
	*header = (struct msghdr){ .msg_name = &out->names[i],
				   .msg_iov = &out->parts[i],
				   .msg_iovlen = 1 };
	header->msg_namelen = sockaddr_from_addr(&waiting->peer, &out->names[i]);
	if (waiting->source.family != ADDR_NONE)
		set_source(header, &out->controls[i], &waiting->source);
}

static bool send_round(struct listener *listener)
{
	struct udp_queue *queue = listener->udp_queue;
	struct udp_headers *out = &listener->host->udp_batch->out;
	unsigned n = queue->count < BATCH ? queue->count : BATCH;
	int sent;

	for (unsigned i = 0; i < n; i++)
		prepare_send(out, i, queue_at(queue, i));
	sent = sendmmsg(listener->fd, out->messages, n, MSG_DONTWAIT);
	if (sent > 0) {
		queue->is_retrying = false;
		queue_drop_first(queue, (uint32_t)sent);
		return true;
	}
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	/* What waits is tried once more in the next turn; then the system is given up on. */
	if (sent < 0 && (errno == ENOBUFS || errno == ENOMEM) && !queue->is_retrying) {
		queue->is_retrying = true;
		return false;
	}
	/* No way to this peer: a datagram has no news, and the others shall go. */
	queue_drop_first(queue, 1);
	queue->dropped++;
	return true;
}

static void log_dropped(struct listener *listener)
{
	struct udp_queue *queue = listener->udp_queue;
	char text[96];
	struct buf buf = BUF_ON(text);

	if (queue->dropped == 0 || !host_may_log(listener->host, HOST_LOG_DROPPED))
		return;
	buf_lit(&buf, "event=datagrams-dropped listener=");
	buf_u64(&buf, listener->index);
	buf_lit(&buf, " count=");
	buf_u64(&buf, queue->dropped);
	queue->dropped = 0;
	host_log(listener->host, buf_text(&buf));
}

/* Every round takes at least one datagram off the queue, or is the last. */
static void send_rounds(struct listener *listener)
{
	struct udp_queue *queue = listener->udp_queue;

	while (queue->count > 0 && send_round(listener))
		;
	queue->is_blocked = queue->count > 0;
	if (!queue->is_blocked)
		queue->is_retrying = false;
	listener_watch(listener, queue->is_blocked);
}

void udp_flush(struct listener *listener)
{
	struct udp_queue *queue = listener->udp_queue;

	queue->in_turn = 0;
	if (queue->count > 0 && !queue->is_blocked)
		send_rounds(listener);
	log_dropped(listener);
}

void udp_on_writable(struct listener *listener)
{
	send_rounds(listener);
}

int udp_send(struct listener *listener, struct flow *flow, struct packet *packet)
{
	struct udp_queue *queue = listener->udp_queue;
	struct udp_waiting *waiting;

	if (!listener->is_any)
		flow->local = listener->addr;
	if (queue->count == queue->max) {
		queue->dropped++;
		return 0;
	}
	queue->in_turn++;
	waiting = queue_at(queue, queue->count++);
	waiting->packet = packet_ref(packet);
	waiting->peer = flow->peer;
	waiting->source = (struct addr){ .family = ADDR_NONE };
	if (listener->is_any && flow->local.family == listener->addr.family &&
	    !addr_is_any(&flow->local))
		waiting->source = flow->local;
	if (queue->count >= BATCH && !queue->is_blocked) {
		send_rounds(listener);
		if (queue->in_turn >= LONG_TURN)
			receive_early(listener);
	}
	return 0;
}
