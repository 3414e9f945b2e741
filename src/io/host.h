/* SPDX-License-Identifier: MIT */
/*
 * The host: the event loop, the sockets, the clock, randomness and signals, on libuv. It drives
 * everything below io, which sees it only as struct env and struct timers. One host is one thread.
 *
 * A turn is one wake-up of the loop with all that it brought: datagrams, stream messages, timers,
 * lines. on_turn_end is called once at its end; what was sent during the turn leaves then, in
 * batches. Every callback below comes from the loop, never from inside a call of env.send.
 */
#ifndef LAMPYRID_IO_HOST_H
#define LAMPYRID_IO_HOST_H

#include "base/env.h"
#include "base/timer.h"

struct host;
struct tls_context;

struct host_user {
	void *user;

	/*
	 * One whole message (RFC 3261 18.3); the bytes live until the return. Keep-alives (RFC 5626
	 * 4.4.1, and datagrams of nothing but CR, LF and NUL) are dealt with and not passed on.
	 */
	void (*on_message)(void *user, const struct flow *flow, struct slice bytes);

	/*
	 * The connection ended, or could not be opened. Its handle is stale after the return; until
	 * then host_conn_flow() tells its peer, which is how a failed first send by HANDLE_NONE is
	 * recognised.
	 */
	void (*on_connection_lost)(void *user, struct handle conn);

	/* The place for pool sweeps. It may send. */
	void (*on_turn_end)(void *user);
};

#define HOST_LISTENERS_MAX 16

struct host_limits {
	uint32_t connections;	     /* at most HOST_CONNECTIONS_MAX; see host_env() */
	uint32_t source_connections; /* accepted from one IPv4 address or IPv6 /64 */
	uint32_t first_message_ms;   /* from accept to the end of the first message */
	uint32_t handshake_ms;	     /* from accept to the end of the TLS handshake */
	uint32_t partial_ms;	     /* from the first to the last byte of any message */
	uint32_t idle_ms;	     /* without any traffic */
	uint32_t stranger_idle_ms;   /* the same, until env->trust() */
	uint32_t connect_ms;	     /* until a connection of ours stands, TLS included */
	uint32_t conn_queue_bytes;   /* waiting to be written to one connection */
	uint32_t datagrams_waiting;  /* per listener, while the socket takes no more */
};

#define HOST_CONNECTIONS_MAX 4096
#define HOST_LIMITS_DEFAULT                                                                        \
	((struct host_limits){ .connections = HOST_CONNECTIONS_MAX,                                \
			       .source_connections = 64,                                           \
			       .first_message_ms = 30000,                                          \
			       .handshake_ms = 10000,                                              \
			       .partial_ms = 30000,                                                \
			       .idle_ms = 2 * 60 * 60 * 1000,                                      \
			       .stranger_idle_ms = 5 * 60 * 1000,                                  \
			       .connect_ms = 10000,                                                \
			       .conn_queue_bytes = 256 * 1024,                                     \
			       .datagrams_waiting = 4096 })

/*
 * `user` is copied. The process ignores SIGPIPE from here on, and may open as many descriptors as
 * HOST_CONNECTIONS_MAX needs, if the system allows it so many. ERR_NOMEM, or ERR_IO when the system
 * has no event loop for us.
 */
int host_new(const struct host_user *user, struct host **ret_host);

/*
 * Closes every socket and runs the loop until all of them are gone. Nothing of the user is called
 * any more. Not from inside a callback. NULL is allowed.
 */
void host_free(struct host *host);

/*
 * Only before the first host_listen(). There are fewer connections where the system allows us fewer
 * descriptors than they need beside all else.
 */
void host_set_limits(struct host *host, const struct host_limits *limits);

/*
 * What connections by TLS begin with from now on; those that stand keep what they began with. The
 * host takes a reference.
 */
void host_set_tls(struct host *host, struct tls_context *context);

/*
 * Port 0 takes a free one; *ret_bound_addr says which. IPv6 listeners take no IPv4. By TLS there
 * must be a certificate (host_set_tls()), else ERR_STATE. ERR_LIMIT, ERR_NOMEM, or ERR_IO with the
 * reason in errno.
 */
int host_listen(struct host *host, uint8_t transport, const struct addr *addr,
		struct addr *ret_bound_addr, uint8_t *ret_listener);

/*
 * The same for who only calls, by TCP or TLS: nobody can connect, but the port is held, so that
 * what a Via or Contact of ours says is nobody else's.
 */
int host_open_outlet(struct host *host, uint8_t transport, const struct addr *addr,
		     struct addr *ret_bound_addr, uint8_t *ret_listener);

#define HOST_DNS_SERVERS_MAX 4

/*
 * Whom env->resolve asks instead of the system's name servers (ERR_LIMIT: the first ones only);
 * none: the system's. Before the first question.
 */
int host_set_dns(struct host *host, const struct addr *servers, size_t count);

/*
 * Lives as long as the host. Sending by TCP with conn HANDLE_NONE takes the connection that the
 * listener has with that peer, or opens one; with a handle it takes that one or answers ERR_IO. By
 * TLS HANDLE_NONE takes only one of ours that was opened for the same flow.name. A
 * datagram leaves from flow.local where that is an address of ours, else from the one that the
 * kernel picks. ERR_IO for link-local IPv6, which would need a scope (RFC 4007 6) to be reached;
 * what comes from there is refused as well.
 *
 * Until env->trust() an accepted connection may be idle for limits.stranger_idle_ms only, and where
 * there are too many connections, or no more descriptors, the stranger that is idle longest is
 * closed first. Connections that the host opens are trusted.
 */
const struct env *host_env(struct host *host);

/* Lives as long as the host. Its clock is set before each callback. */
struct timers *host_timers(struct host *host);

/* Runs until host_stop(); may be called again. What is due or waiting at the stop is kept. */
void host_run(struct host *host);
void host_stop(struct host *host);

/*
 * Which address of ours the peer of `flow` will see, with the listener's port: for Via and Contact
 * of what starts with us. ERR_IO when there is no way to that peer.
 */
int host_local_addr(struct host *host, const struct flow *flow, struct addr *ret_addr);

/* Listener, addresses and handle of a connection, also inside on_connection_lost. ERR_NOTFOUND. */
int host_conn_flow(struct host *host, struct handle conn, struct flow *ret_flow);

/* Handlers run in the loop as any other event. A second call for a signal replaces the first. */
int host_on_signal(struct host *host, int signum, void (*handler)(void *ctx, int signum),
		   void *ctx);

#define HOST_LINE_MAX_BYTES 4096

/*
 * Lines from a pipe, a file or a terminal, without their LF or CRLF; the slice lives until the
 * return. A longer line is skipped whole and logged. At the end of input on_line comes once with
 * SLICE_NONE and is_end. The descriptor stays the caller's and blocking. One reader per host.
 */
int host_read_lines(struct host *host, int fd,
		    void (*on_line)(void *ctx, struct slice line, bool is_end), void *ctx);

/*
 * Sees every message, received or accepted for sending, with both addresses filled in as far as
 * they are known. `wall_ms` is milliseconds since 1970 UTC. NULL takes it away.
 */
void host_set_tap(struct host *host,
		  void (*tap)(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
			      uint64_t wall_ms),
		  void *ctx);

/* Where env.record goes; NULL, as it is from the start: there is no env.record. */
void host_set_records(struct host *host, void (*record)(void *ctx, struct slice line), void *ctx);

/*
 * Where env.trace and the host's own events go, a line at a time without its end. An empty line
 * says that the turn is over, for a log that collects.
 */
void host_set_log(struct host *host, void (*log)(void *ctx, struct slice line), void *ctx);

#endif
