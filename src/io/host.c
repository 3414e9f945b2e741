/* SPDX-License-Identifier: MIT */
/*
 * The loop: turns, clocks, listeners, signals, randomness, and the end. The end of a turn hangs on
 * two libuv phases: `check` right after events were delivered, and `prepare` before the loop
 * sleeps, for what timers and closing connections did in between. The wake-up timer is armed in
 * `prepare` only, because nothing can change between it and the sleep.
 */
#include "io/host_inner.h"

#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "io/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 100
#define OTHER_DESCRIPTORS 128 /* listeners, the loop's own, files, what the program came with */

void host_log(struct host *host, struct slice line)
{
	if (host->log)
		host->log(host->log_ctx, line);
}

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The turn */

static void set_clocks(struct host *host)
{
	uint64_t now_ms = uv_now(&host->loop);

	timers_set_now(&host->timers, now_ms);
	timers_set_now(&host->conn_timers, now_ms);
}

void host_turn_begin(struct host *host)
{
	set_clocks(host);
	host->is_turn_open = true;
}

static void flush_datagrams(struct host *host)
{
	for (uint8_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i]->transport == TRANSPORT_UDP)
			udp_flush(host->listeners[i]);
}

static void turn_end(struct host *host)
{
	if (!host->is_turn_open)
		return;
	host->is_turn_open = false;
	host->user.on_turn_end(host->user.user);
	flush_datagrams(host);
	pool_sweep(&host->conns);
	host_log(host, SLICE_NONE);
}

void host_deliver(struct host *host, const struct flow *flow, struct slice bytes)
{
	if (host->tap)
		host->tap(host->tap_ctx, false, flow, bytes, wall_ms());
	host->user.on_message(host->user.user, flow, bytes);
}

static void on_check(uv_check_t *check)
{
	turn_end(check->data);
}

static void deliver_early(struct host *host)
{
	for (uint8_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i]->transport == TRANSPORT_UDP)
			udp_deliver_early(host->listeners[i]);
}

static bool has_early(const struct host *host)
{
	for (uint8_t i = 0; i < host->listener_count; i++)
		if (host->listeners[i]->transport == TRANSPORT_UDP &&
		    udp_has_early(host->listeners[i]))
			return true;
	return false;
}

static void on_wake(uv_timer_t *wake)
{
	struct host *host = wake->data;

	host->wake_at_ms = TIMER_NEVER;
	host_turn_begin(host);
	/* Before the timers: nothing is sent again whose answer is here. */
	deliver_early(host);
	timers_run(&host->timers, uv_now(&host->loop));
	timers_run(&host->conn_timers, uv_now(&host->loop));
}

static void arm_wake(struct host *host)
{
	uint64_t at_ms = timers_next_ms(&host->timers);
	uint64_t conn_ms = timers_next_ms(&host->conn_timers);
	uint64_t now_ms = uv_now(&host->loop);

	if (conn_ms < at_ms)
		at_ms = conn_ms;
	if (has_early(host))
		at_ms = now_ms;
	if (at_ms == host->wake_at_ms)
		return;
	host->wake_at_ms = at_ms;
	if (at_ms == TIMER_NEVER)
		uv_timer_stop(&host->wake);
	else
		uv_timer_start(&host->wake, on_wake, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct host *host = prepare->data;

	set_clocks(host);
	turn_end(host);
	arm_wake(host);
}

/* What struct env offers */

static void fill_random(void *bytes, size_t n)
{
	char *p = bytes;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		CHECK(got > 0 || errno == EINTR);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

/* A byte that was handed out is wiped here: it may have become a nonce or a key. */
static void host_random(void *ctx, void *ret_bytes, size_t n)
{
	struct host *host = ctx;
	unsigned char *from;

	if (n > HOST_RANDOM_BYTES / 4) {
		fill_random(ret_bytes, n);
		return;
	}
	if (n > host->random_left) {
		fill_random(host->random, HOST_RANDOM_BYTES);
		host->random_left = HOST_RANDOM_BYTES;
	}
	from = host->random + HOST_RANDOM_BYTES - host->random_left;
	memcpy(ret_bytes, from, n);
	explicit_bzero(from, n);
	host->random_left -= n;
}

struct listener *host_find_listener(struct host *host, const struct flow *flow)
{
	struct listener *listener;

	if (flow->listener >= host->listener_count)
		return NULL;
	listener = host->listeners[flow->listener];
	return listener->transport == flow->transport ? listener : NULL;
}

/* Such a peer could be heard but never called, as half a phone: better none, and told. */
bool host_has_no_way(struct host *host, const struct addr *peer)
{
	char text[128];
	struct buf buf = BUF_ON(text);

	if (!sockaddr_is_link_local(peer))
		return false;
	if (!host->is_no_way_told) {
		buf_lit(&buf, "event=peer-refused reason=link-local-ipv6 peer=");
		addr_print(&buf, peer);
		host_log(host, buf_text(&buf));
	}
	host->is_no_way_told = true;
	return true;
}

static void tap_sent(struct host *host, struct flow *flow, struct packet *packet)
{
	if (flow->local.family == ADDR_NONE || addr_is_any(&flow->local))
		(void)host_local_addr(host, flow, &flow->local);
	host->tap(host->tap_ctx, true, flow, packet_bytes(packet), wall_ms());
}

static int host_send(void *ctx, const struct flow *flow, struct packet *packet)
{
	struct host *host = ctx;
	struct listener *listener = host_find_listener(host, flow);
	struct flow used = *flow;
	int err;

	if (!listener || flow->peer.family != listener->addr.family || flow->peer.port == 0 ||
	    host_has_no_way(host, &flow->peer))
		return ERR_IO;
	host->is_turn_open = true;
	if (listener->transport == TRANSPORT_UDP)
		err = udp_send(listener, &used, packet);
	else
		err = tcp_send(listener, &used, packet);
	if (!err && host->tap)
		tap_sent(host, &used, packet);
	return err;
}

static bool listener_suits(const struct listener *listener, const struct flow *flow)
{
	return listener->transport == flow->transport && listener->addr.family == flow->peer.family;
}

static int host_route(void *ctx, struct flow *flow)
{
	struct host *host = ctx;
	const struct listener *best = NULL;

	for (uint8_t i = 0; i < host->listener_count; i++) {
		const struct listener *listener = host->listeners[i];

		if (listener_suits(listener, flow) &&
		    (!best || (!addr_eq_ip(&best->addr, &flow->local) &&
			       addr_eq_ip(&listener->addr, &flow->local))))
			best = listener;
	}
	if (!best)
		return ERR_NOTFOUND;
	flow->listener = best->index;
	return host_local_addr(host, flow, &flow->local) ? ERR_NOTFOUND : 0;
}

static int host_name(void *ctx, struct slice domain, uint16_t *ret_name)
{
	struct host *host = ctx;

	return names_add(&host->names, domain, ret_name);
}

static void host_trust(void *object, const struct flow *flow)
{
	tcp_trust(object, flow->conn);
}

/* What any listener can do; a pair that no listener has is found out by route(). */
static void host_means(void *ctx, unsigned *ret_transports, unsigned *ret_families)
{
	const struct host *host = ctx;

	*ret_transports = 0;
	*ret_families = 0;
	for (uint8_t i = 0; i < host->listener_count; i++) {
		*ret_transports |= 1u << host->listeners[i]->transport;
		*ret_families |= 1u << host->listeners[i]->addr.family;
	}
}

static int host_resolve(void *ctx, const struct dns_question *question)
{
	return dns_resolve(ctx, question);
}

int host_set_dns(struct host *host, const struct addr *servers, size_t count)
{
	host->dns_server_count = count < HOST_DNS_SERVERS_MAX ? count : HOST_DNS_SERVERS_MAX;
	memcpy(host->dns_servers, servers, host->dns_server_count * sizeof(servers[0]));
	return host->dns_server_count == count ? 0 : ERR_LIMIT;
}

static void host_trace(void *ctx, struct slice line)
{
	host_log(ctx, line);
}

static void host_record(void *ctx, struct slice line)
{
	struct host *host = ctx;

	host->record(host->record_ctx, line);
}

static uint64_t host_wall_ms(void *ctx)
{
	(void)ctx;
	return wall_ms();
}

/* Listeners */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	host_turn_begin(listener->host);
	if (status < 0) {
		/* libuv stops polling a socket in error; reading the error clears it. */
		int error;
		socklen_t n = sizeof(error);

		(void)getsockopt(listener->fd, SOL_SOCKET, SO_ERROR, &error, &n);
		listener->polled = 0;
		listener_watch(listener, false);
	}
	if (listener->transport != TRANSPORT_UDP) {
		tcp_on_acceptable(listener);
		return;
	}
	if (status < 0 || (events & UV_WRITABLE))
		udp_on_writable(listener);
	if (status == 0 && (events & UV_READABLE))
		udp_on_readable(listener);
}

void listener_watch(struct listener *listener, bool is_writing_wanted)
{
	int events = UV_READABLE | (is_writing_wanted ? UV_WRITABLE : 0);

	if (events == listener->polled || listener->host->is_freeing)
		return;
	if (uv_poll_start(&listener->poll, events, on_poll) == 0)
		listener->polled = events;
}

static void on_pause_over(struct timer *timer)
{
	listener_watch(CONTAINER_OF(timer, struct listener, pause), false);
}

void listener_pause(struct listener *listener)
{
	uv_poll_stop(&listener->poll);
	listener->polled = 0;
	timer_start(&listener->host->conn_timers, &listener->pause, PAUSE_MS, on_pause_over);
}

static void listener_free(struct listener *listener)
{
	udp_listener_fini(listener);
	close(listener->fd);
	mem_free(listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
	listener_free(handle->data);
}

static int listener_init(struct listener *listener)
{
	struct host *host = listener->host;
	int err = listener->transport == TRANSPORT_UDP ? udp_listener_init(listener)
						       : tcp_listener_init(listener);

	if (err)
		return err;
	if (uv_poll_init(&host->loop, &listener->poll, listener->fd))
		return ERR_IO;
	listener->poll.data = listener;
	return 0;
}

static int open_listener(struct host *host, uint8_t transport, const struct addr *addr,
			 bool is_outlet, struct listener **ret_listener)
{
	struct listener *listener;
	int err;

	if (host->listener_count == HOST_LISTENERS_MAX)
		return ERR_LIMIT;
	listener = mem_alloc(sizeof(*listener));
	if (!listener)
		return ERR_NOMEM;
	*listener = (struct listener){ .host = host,
				       .is_any = addr_is_any(addr),
				       .is_outlet = is_outlet,
				       .transport = transport,
				       .index = host->listener_count };
	err = is_outlet ? socket_hold(addr, &listener->fd, &listener->addr)
			: socket_listen(transport, addr, &listener->fd, &listener->addr);
	if (err) {
		mem_free(listener);
		return err;
	}
	err = listener_init(listener);
	if (err) {
		listener_free(listener);
		return err;
	}
	host->listeners[host->listener_count++] = listener;
	*ret_listener = listener;
	return 0;
}

int host_listen(struct host *host, uint8_t transport, const struct addr *addr,
		struct addr *ret_bound_addr, uint8_t *ret_listener)
{
	struct listener *listener;
	int err = 0;

	if (transport == TRANSPORT_TLS && (!host->tls || !tls_context_can_accept(host->tls)))
		return ERR_STATE;
	err = open_listener(host, transport, addr, false, &listener);
	if (err)
		return err;
	listener_watch(listener, false);
	*ret_bound_addr = listener->addr;
	*ret_listener = listener->index;
	return 0;
}

int host_open_outlet(struct host *host, uint8_t transport, const struct addr *addr,
		     struct addr *ret_bound_addr, uint8_t *ret_listener)
{
	struct listener *listener;
	int err;

	CHECK(transport_is_reliable(transport));
	err = open_listener(host, transport, addr, true, &listener);
	if (err)
		return err;
	*ret_bound_addr = listener->addr;
	*ret_listener = listener->index;
	return 0;
}

void host_set_tls(struct host *host, struct tls_context *context)
{
	tls_context_ref(context);
	tls_context_unref(host->tls);
	host->tls = context;
}

int host_conn_flow(struct host *host, struct handle conn, struct flow *ret_flow)
{
	const struct flow *flow = tcp_find_flow(host, conn);

	if (!flow)
		return ERR_NOTFOUND;
	*ret_flow = *flow;
	return 0;
}

int host_local_addr(struct host *host, const struct flow *flow, struct addr *ret_addr)
{
	const struct listener *listener = host_find_listener(host, flow);
	const struct flow *conn = tcp_find_flow(host, flow->conn);
	struct addr addr;

	if (!listener)
		return ERR_IO;
	if (conn && !addr_is_any(&conn->local)) {
		addr = conn->local;
	} else if (!listener->is_any) {
		addr = listener->addr;
	} else if (flow->peer.family != listener->addr.family || socket_route(&flow->peer, &addr)) {
		return ERR_IO;
	}
	addr.port = listener->addr.port;
	*ret_addr = addr;
	return 0;
}

/* Signals */

static void on_signal(uv_signal_t *handle, int signum)
{
	struct host_signal *watched = handle->data;

	host_turn_begin(watched->host);
	watched->handler(watched->ctx, signum);
}

int host_on_signal(struct host *host, int signum, void (*handler)(void *ctx, int signum), void *ctx)
{
	struct host_signal *watched = NULL;

	for (uint8_t i = 0; i < host->signal_count; i++)
		if (host->signals[i].signum == signum)
			watched = &host->signals[i];
	if (!watched) {
		if (host->signal_count == HOST_SIGNALS_MAX)
			return ERR_LIMIT;
		watched = &host->signals[host->signal_count];
		if (uv_signal_init(&host->loop, &watched->handle))
			return ERR_IO;
		host->signal_count++;
		watched->handle.data = watched;
		watched->signum = signum;
		watched->host = host;
	}
	watched->handler = handler;
	watched->ctx = ctx;
	return uv_signal_start(&watched->handle, on_signal, signum) ? ERR_IO : 0;
}

/* Beginning and end */

/* The usual soft limit of 1024 is for select(), which we do not use. */
static void raise_descriptor_limit(void)
{
	const rlim_t wanted = HOST_CONNECTIONS_MAX + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	/* With fewer the host still runs, with fewer connections. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Strangers must not take the descriptors of our own calls, questions and files (SECURITY D5). */
static void take_limits(struct host *host, const struct host_limits *limits)
{
	struct rlimit limit;
	rlim_t rest;

	host->limits = *limits;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	rest = limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS
						      : limit.rlim_cur / 2;
	if (host->limits.connections > rest)
		host->limits.connections = rest > 0 ? (uint32_t)rest : 1;
}

static void init_state(struct host *host, const struct host_user *user)
{
	uint64_t secret[2];

	host->user = *user;
	host->env = (struct env){ .host = host,
				  .random = host_random,
				  .send = host_send,
				  .route = host_route,
				  .means = host_means,
				  .resolve = host_resolve,
				  .name = host_name,
				  .trust = host_trust,
				  .wall_ms = host_wall_ms,
				  .trace = host_trace };
	host->wake_at_ms = TIMER_NEVER;
	timers_init(&host->timers, uv_now(&host->loop));
	timers_init(&host->conn_timers, uv_now(&host->loop));
	fill_random(secret, sizeof(secret));
	map_init(&host->conns_by_peer, secret);
	map_init(&host->sources, secret);
	log_limits_init(host);
	host->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void init_handles(struct host *host)
{
	CHECK(uv_prepare_init(&host->loop, &host->prepare) == 0);
	CHECK(uv_check_init(&host->loop, &host->check) == 0);
	CHECK(uv_timer_init(&host->loop, &host->wake) == 0);
	host->prepare.data = host;
	host->check.data = host;
	host->wake.data = host;
	CHECK(uv_prepare_start(&host->prepare, on_prepare) == 0);
	CHECK(uv_check_start(&host->check, on_check) == 0);
}

int host_new(const struct host_user *user, struct host **ret_host)
{
	struct host *host = mem_alloc(sizeof(*host));
	int err;

	if (!host)
		return ERR_NOMEM;
	if (uv_loop_init(&host->loop)) {
		mem_free(host);
		return ERR_IO;
	}
	init_state(host, user);
	init_handles(host);
	err = tcp_init(host);
	if (err) {
		host_free(host);
		return err;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	take_limits(host, &HOST_LIMITS_DEFAULT);
	*ret_host = host;
	return 0;
}

static void close_handles(struct host *host)
{
	tcp_close_all(host);
	for (uint8_t i = 0; i < host->listener_count; i++) {
		timer_stop(&host->conn_timers, &host->listeners[i]->pause);
		uv_close((uv_handle_t *)&host->listeners[i]->poll, on_listener_closed);
	}
	for (uint8_t i = 0; i < host->signal_count; i++)
		uv_close((uv_handle_t *)&host->signals[i].handle, NULL);
	lines_close(host->lines);
	dns_free(host);
	uv_close((uv_handle_t *)&host->prepare, NULL);
	uv_close((uv_handle_t *)&host->check, NULL);
	uv_close((uv_handle_t *)&host->wake, NULL);
}

void host_free(struct host *host)
{
	if (!host)
		return;
	flush_datagrams(host);
	host->is_freeing = true;
	close_handles(host);
	CHECK(uv_run(&host->loop, UV_RUN_DEFAULT) == 0);
	CHECK(uv_loop_close(&host->loop) == 0);
	tcp_fini(host);
	udp_batch_free(host->udp_batch);
	if (host->spare_fd >= 0)
		close(host->spare_fd);
	names_fini(&host->names);
	tls_context_unref(host->tls);
	explicit_bzero(host->random, sizeof(host->random));
	mem_free(host);
}

void host_set_limits(struct host *host, const struct host_limits *limits)
{
	CHECK(host->listener_count == 0);
	CHECK(limits->connections > 0 && limits->connections <= HOST_CONNECTIONS_MAX);
	CHECK(limits->source_connections > 0);
	CHECK(limits->datagrams_waiting > 0);
	take_limits(host, limits);
}

void host_set_tap(struct host *host,
		  void (*tap)(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
			      uint64_t wall_ms),
		  void *ctx)
{
	host->tap = tap;
	host->tap_ctx = ctx;
}

void host_set_records(struct host *host, void (*record)(void *ctx, struct slice line), void *ctx)
{
	host->record = record;
	host->record_ctx = ctx;
	host->env.record = record ? host_record : NULL;
}

void host_set_log(struct host *host, void (*log)(void *ctx, struct slice line), void *ctx)
{
	host->log = log;
	host->log_ctx = ctx;
}

const struct env *host_env(struct host *host)
{
	return &host->env;
}

struct timers *host_timers(struct host *host)
{
	return &host->timers;
}

void host_run(struct host *host)
{
	uv_update_time(&host->loop);
	uv_run(&host->loop, UV_RUN_DEFAULT);
}

void host_stop(struct host *host)
{
	uv_stop(&host->loop);
}
