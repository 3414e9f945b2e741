/* SPDX-License-Identifier: MIT */
/*
 * What the files of io share: the host, its listeners, and the verbs of the two transports and the
 * line reader. Nothing outside io includes this.
 */
#ifndef LAMPYRID_IO_HOST_INNER_H
#define LAMPYRID_IO_HOST_INNER_H

#include <uv.h>

#include "base/list.h"
#include "base/map.h"
#include "io/host.h"
#include "io/names.h"

#define HOST_SIGNALS_MAX 8
#define HOST_RANDOM_BYTES 4096 /* a system call for some 250 tokens */
#define TCP_READ_BYTES 65536

/* Kinds of lines that a peer can cause at will. */
enum host_log_kind {
	HOST_LOG_CLOSED,
	HOST_LOG_REFUSED,
	HOST_LOG_DROPPED,
	HOST_LOG_KINDS,
};

struct udp_batch;
struct udp_queue;
struct udp_early_queue;
struct line_reader;
struct dns;

struct listener {
	struct host *host;
	struct addr addr; /* bound; the port is never 0 */
	bool is_any;	  /* bound to 0.0.0.0 or [::] */
	bool is_outlet;	  /* nobody connects to it */
	uint8_t transport;
	uint8_t index;
	int fd; /* closed when the poll handle is gone */
	uv_poll_t poll;
	int polled;		     /* events that `poll` waits for */
	struct udp_queue *udp_queue; /* UDP only, as the next */
	struct udp_early_queue *udp_early;
	struct timer pause; /* running while nothing is accepted */
};

struct log_limit {
	struct host *host;
	enum host_log_kind kind;
	struct timer timer; /* runs while lines are withheld, to the end of the second */
	uint64_t since_ms;  /* when the first of `told` was */
	uint32_t told;
	uint32_t withheld;
};

struct host_signal {
	uv_signal_t handle;
	int signum;
	void (*handler)(void *ctx, int signum);
	void *ctx;
	struct host *host;
};

struct host {
	uv_loop_t loop;
	uv_prepare_t prepare; /* before the loop sleeps */
	uv_check_t check;     /* after it has delivered events */
	uv_timer_t wake;
	uint64_t wake_at_ms; /* what `wake` is armed for, or TIMER_NEVER */
	bool is_turn_open;   /* something happened that on_turn_end has not seen */
	bool is_freeing;     /* the user is not called any more */
	bool is_no_way_told; /* of the first link-local peer */

	struct host_user user;
	struct host_limits limits;
	struct env env;
	struct timers timers;	   /* the user's */
	struct timers conn_timers; /* ours */

	struct listener *listeners[HOST_LISTENERS_MAX];
	uint8_t listener_count;
	struct udp_batch *udp_batch; /* with the first UDP listener */

	struct pool conns;	  /* struct conn */
	struct map conns_by_peer; /* listener and peer -> struct conn */
	struct list strangers;	  /* struct conn, those idle longest first */
	struct list trusted;	  /* the same of those that somebody vouched for */
	uint32_t conn_count;	  /* in both lists */
	struct map sources;	  /* struct source */
	struct names names;	  /* of TLS peers */
	struct tls_context *tls;  /* a reference; NULL until there is one */
	char *read_buffer;	  /* [TCP_READ_BYTES], with the first TCP listener */
	struct packet *pong;
	int spare_fd; /* given up to shed a connection when descriptors run out */

	struct host_signal signals[HOST_SIGNALS_MAX];
	uint8_t signal_count;
	struct line_reader *lines;

	struct dns *dns;			       /* with the first question */
	struct addr dns_servers[HOST_DNS_SERVERS_MAX]; /* [dns_server_count] */
	size_t dns_server_count;

	unsigned char random[HOST_RANDOM_BYTES];
	size_t random_left; /* unused bytes, at the end */

	void (*tap)(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
		    uint64_t wall_ms);
	void *tap_ctx;
	void (*record)(void *ctx, struct slice line);
	void *record_ctx;
	void (*log)(void *ctx, struct slice line);
	void *log_ctx;
	struct log_limit log_limits[HOST_LOG_KINDS];
};

/* First thing in every callback of the loop: sets the clocks and makes a turn's end due. */
void host_turn_begin(struct host *host);

/* A received message: to the tap and the user. */
void host_deliver(struct host *host, const struct flow *flow, struct slice bytes);

/* To the log's sink, if there is one. */
void host_log(struct host *host, struct slice line);

/* log_limit.c: whether one more line of this kind may go to the log now; a refusal is counted. */
void log_limits_init(struct host *host);
bool host_may_log(struct host *host, enum host_log_kind kind);
void host_log_often(struct host *host, enum host_log_kind kind, struct slice line);

/* Whether nothing can be sent to the peer; told in the log. */
bool host_has_no_way(struct host *host, const struct addr *peer);

/* The listener that a flow names, or NULL. */
struct listener *host_find_listener(struct host *host, const struct flow *flow);

/* Polls for reading, and for writing too while `is_writing_wanted`. */
void listener_watch(struct listener *listener, bool is_writing_wanted);

/* Polls for nothing for a while: what cannot be accepted now would wake us for ever. */
void listener_pause(struct listener *listener);

/* udp.c: `flow` says what is asked, and on success the local address that is used, if known. */
int udp_listener_init(struct listener *listener);
void udp_listener_fini(struct listener *listener);
int udp_send(struct listener *listener, struct flow *flow, struct packet *packet);
void udp_on_readable(struct listener *listener);
void udp_on_writable(struct listener *listener);
void udp_flush(struct listener *listener); /* unless it waits for udp_on_writable() */
bool udp_has_early(const struct listener *listener);
void udp_deliver_early(struct listener *listener); /* what was received before its turn */
void udp_batch_free(struct udp_batch *batch);

/* tcp.c, conn.c: as above, and the connection that is used. */
int tcp_init(struct host *host);
int tcp_listener_init(struct listener *listener);
void tcp_close_all(struct host *host);
void tcp_fini(struct host *host);
int tcp_send(struct listener *listener, struct flow *flow, struct packet *packet);
void tcp_on_acceptable(struct listener *listener);
const struct flow *tcp_find_flow(struct host *host, struct handle conn);
void tcp_trust(struct host *host, struct handle conn);

/* dns.c: env->resolve. Freeing closes handles, so the loop has to run once more. */
int dns_resolve(struct host *host, const struct dns_question *question);
void dns_free(struct host *host);

/* lines.c */
void lines_close(struct line_reader *lines);

#endif
