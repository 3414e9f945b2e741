/* SPDX-License-Identifier: MIT */
/*
 * Datagrams in batches: recvmmsg() into slots that live as long as the host, and one sendmmsg()
 * queue per listener, flushed at the end of the turn. A listener on 0.0.0.0 or [::] learns to which
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

/* Shared by the listeners of a host. Sending may flush while received messages are delivered. */
struct udp_batch {
	struct udp_headers in;
	struct udp_headers out;
	char slots[BATCH][SLOT_BYTES];
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
	if (!listener->udp_queue)
		return ERR_NOMEM;
	listener->udp_queue->max = max;
	return 0;
}

void udp_listener_fini(struct listener *listener)
{
	if (!listener->udp_queue)
		return;
	queue_drop_first(listener->udp_queue, listener->udp_queue->count);
	mem_free(listener->udp_queue);
	listener->udp_queue = NULL;
}

void udp_batch_free(struct udp_batch *batch)
{
	mem_free(batch);
}

static void prepare_receive(struct udp_batch *batch, unsigned i)
{
	struct udp_headers *in = &batch->in;

	in->parts[i] = (struct iovec){ batch->slots[i], SLOT_BYTES };
	in->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &in->names[i],
		.msg_namelen = sizeof(in->names[i]),
		.msg_iov = &in->parts[i],
		.msg_iovlen = 1,
		.msg_control = &in->controls[i],
		.msg_controllen = sizeof(in->controls[i]),
	};
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

static void deliver_slot(struct listener *listener, struct mmsghdr *message)
{
	struct slice bytes = slice_of(message->msg_hdr.msg_iov->iov_base, message->msg_len);
	struct flow flow = { .local = listener->addr,
			     .transport = TRANSPORT_UDP,
			     .listener = listener->index };

	sockaddr_to_addr(message->msg_hdr.msg_name, &flow.peer);
	if (flow.peer.family != listener->addr.family || flow.peer.port == 0 ||
	    (message->msg_hdr.msg_flags & MSG_TRUNC) || is_keep_alive(bytes) ||
	    host_has_no_way(listener->host, &flow.peer))
		return;
	if (listener->is_any)
		read_destination(&message->msg_hdr, &flow.local);
	host_deliver(listener->host, &flow, bytes);
}

static int receive_round(struct listener *listener)
{
	struct udp_batch *batch = listener->host->udp_batch;
	int n;

	for (unsigned i = 0; i < BATCH; i++)
		prepare_receive(batch, i);
	n = recvmmsg(listener->fd, batch->in.messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		deliver_slot(listener, &batch->in.messages[i]);
	return n;
}

void udp_on_readable(struct listener *listener)
{
	for (int round = 0; round < RECEIVE_ROUNDS_MAX; round++)
		if (receive_round(listener) < BATCH)
			return;
}

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
	waiting = queue_at(queue, queue->count++);
	waiting->packet = packet_ref(packet);
	waiting->peer = flow->peer;
	waiting->source = (struct addr){ .family = ADDR_NONE };
	if (listener->is_any && flow->local.family == listener->addr.family &&
	    !addr_is_any(&flow->local))
		waiting->source = flow->local;
	if (queue->count >= BATCH && !queue->is_blocked)
		send_rounds(listener);
	return 0;
}
