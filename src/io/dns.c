/* SPDX-License-Identifier: MIT */
/*
 * The DNS, by c-ares on the loop: its sockets are polled, its time-outs are one timer of ours, and
 * it does all the reading of what comes from the wire. What is handed on is bounded: so many
 * records, names of so many bytes.
 */
#include "io/host_inner.h"

#include "base/err.h"
#include "base/mem.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>

#define TRY_MS 2000 /* the second and last try takes twice as long */
#define TRIES 2
#define EDNS_BYTES 1232 /* what passes everywhere in one piece; more comes by TCP */

/* The time to live of what c-ares does not tell it of. */
#define TTL_UNKNOWN_S 300

struct dns_query {
	struct list node; /* in dns->queries or dns->refused */
	struct dns *dns;
	struct dns_question question; /* its name is not kept */
};

struct dns_poll {
	struct list node; /* in dns->polls */
	struct dns *dns;
	uv_poll_t poll;
	ares_socket_t fd;
};

struct dns {
	struct host *host;
	ares_channel channel;
	bool is_open;
	bool is_asking;	     /* what is answered now was not even asked */
	bool is_reading;     /* c-ares is at work further up the stack */
	bool has_failed;     /* the system's settings may be others by now */
	struct list queries; /* struct dns_query: sent */
	struct list refused; /* struct dns_query: to be answered in a turn of their own */
	struct list polls;   /* struct dns_poll */
	struct timer due;
};

static const int types[] = {
	[DNS_A] = ns_t_a,
	[DNS_AAAA] = ns_t_aaaa,
	[DNS_SRV] = ns_t_srv,
	[DNS_NAPTR] = ns_t_naptr,
};

static void on_due(struct timer *timer);

static void rearm(struct dns *dns)
{
	struct timeval room, *left = NULL;
	uint64_t wait_ms = 0;

	if (list_is_empty(&dns->refused)) {
		left = dns->is_open ? ares_timeout(dns->channel, NULL, &room) : NULL;
		if (!left) {
			timer_stop(&dns->host->conn_timers, &dns->due);
			return;
		}
		wait_ms = (uint64_t)left->tv_sec * 1000 + (uint64_t)left->tv_usec / 1000 + 1;
	}
	timer_start(&dns->host->conn_timers, &dns->due, wait_ms, on_due);
}

static void process(struct dns *dns, ares_socket_t readable, ares_socket_t writable)
{
	dns->is_reading = true;
	ares_process_fd(dns->channel, readable, writable);
	dns->is_reading = false;
}

/* --- Sockets ------------------------------------------------------------------------------ */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct dns_poll *watched = poll->data;
	struct dns *dns = watched->dns;
	ares_socket_t fd = watched->fd;
	bool is_error = status < 0;

	host_turn_begin(dns->host);
	process(dns, is_error || (events & UV_READABLE) ? fd : ARES_SOCKET_BAD,
		is_error || (events & UV_WRITABLE) ? fd : ARES_SOCKET_BAD);
	rearm(dns);
}

static void on_poll_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static struct dns_poll *poll_get(struct dns *dns, ares_socket_t fd)
{
	struct dns_poll *poll;

	LIST_FOR (open, &dns->polls, struct dns_poll, node)
		if (open->fd == fd)
			return open;
	poll = mem_alloc(sizeof(*poll));
	if (!poll)
		return NULL;
	poll->dns = dns;
	poll->fd = fd;
	if (uv_poll_init_socket(&dns->host->loop, &poll->poll, fd)) {
		mem_free(poll);
		return NULL;
	}
	poll->poll.data = poll;
	list_append(&dns->polls, &poll->node);
	return poll;
}

/* Called before c-ares closes a socket, too. One that cannot be polled runs into its time-out. */
static void on_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = ctx;
	struct dns_poll *poll;

	if (!readable && !writable) {
		LIST_FOR (open, &dns->polls, struct dns_poll, node) {
			if (open->fd != fd)
				continue;
			list_remove(&open->node);
			uv_close((uv_handle_t *)&open->poll, on_poll_closed);
		}
		return;
	}
	poll = poll_get(dns, fd);
	if (poll)
		(void)uv_poll_start(&poll->poll,
				    (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
				    on_poll);
}

/* --- Answers ------------------------------------------------------------------------------ */

static void read_a(const unsigned char *bytes, int n, struct dns_record *records, size_t *ret_count)
{
	struct ares_addrttl found[DNS_RECORDS_MAX];
	int count = DNS_RECORDS_MAX;

	if (ares_parse_a_reply(bytes, n, NULL, found, &count))
		return;
	for (int i = 0; i < count; i++) {
		struct dns_record *record = &records[(*ret_count)++];

		*record = (struct dns_record){ .ttl_s = (uint32_t)found[i].ttl,
					       .addr = { .family = ADDR_IPV4 } };
		memcpy(record->addr.ip, &found[i].ipaddr, 4);
	}
}

static void read_aaaa(const unsigned char *bytes, int n, struct dns_record *records,
		      size_t *ret_count)
{
	struct ares_addr6ttl found[DNS_RECORDS_MAX];
	int count = DNS_RECORDS_MAX;

	if (ares_parse_aaaa_reply(bytes, n, NULL, found, &count))
		return;
	for (int i = 0; i < count; i++) {
		struct dns_record *record = &records[(*ret_count)++];

		*record = (struct dns_record){ .ttl_s = (uint32_t)found[i].ttl,
					       .addr = { .family = ADDR_IPV6 } };
		memcpy(record->addr.ip, &found[i].ip6addr, 16);
	}
}

static struct ares_srv_reply *read_srv(const unsigned char *bytes, int n,
				       struct dns_record *records, size_t *ret_count)
{
	struct ares_srv_reply *list = NULL;

	if (ares_parse_srv_reply(bytes, n, &list))
		return NULL;
	for (const struct ares_srv_reply *srv = list; srv && *ret_count < DNS_RECORDS_MAX;
	     srv = srv->next)
		records[(*ret_count)++] = (struct dns_record){ .ttl_s = TTL_UNKNOWN_S,
							       .order = srv->priority,
							       .weight = srv->weight,
							       .port = srv->port,
							       .name = slice_from_cstr(srv->host) };
	return list;
}

static struct ares_naptr_reply *read_naptr(const unsigned char *bytes, int n,
					   struct dns_record *records, size_t *ret_count)
{
	struct ares_naptr_reply *list = NULL;

	if (ares_parse_naptr_reply(bytes, n, &list))
		return NULL;
	for (const struct ares_naptr_reply *naptr = list; naptr && *ret_count < DNS_RECORDS_MAX;
	     naptr = naptr->next)
		records[(*ret_count)++] = (struct dns_record){
			.ttl_s = TTL_UNKNOWN_S,
			.order = naptr->order,
			.weight = naptr->preference,
			.flags = slice_from_cstr((const char *)naptr->flags),
			.service = slice_from_cstr((const char *)naptr->service),
			.name = slice_from_cstr(naptr->replacement),
		};
	return list;
}

static void query_answer(const struct dns_query *query, const struct dns_answer *answer)
{
	const struct dns_question *question = &query->question;

	question->on_answer(question->user, question->owner, answer);
}

/* What cannot be read, or has none of the records, is as good as nothing there. */
static void query_read(const struct dns_query *query, const unsigned char *bytes, int n)
{
	struct dns_record records[DNS_RECORDS_MAX];
	struct dns_answer answer = { .status = DNS_NOTHING, .records = records };
	void *list = NULL; /* what the records' texts point into */

	switch (query->question.type) {
	case DNS_A:
		read_a(bytes, n, records, &answer.count);
		break;
	case DNS_AAAA:
		read_aaaa(bytes, n, records, &answer.count);
		break;
	case DNS_SRV:
		list = read_srv(bytes, n, records, &answer.count);
		break;
	case DNS_NAPTR:
		list = read_naptr(bytes, n, records, &answer.count);
		break;
	}
	if (answer.count > 0)
		answer.status = DNS_FOUND;
	query_answer(query, &answer);
	if (list)
		ares_free_data(list);
}

static bool status_is_nothing(int status)
{
	return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

static void on_answer(void *ctx, int status, int timeouts, unsigned char *bytes, int n)
{
	struct dns_query *query = ctx;
	struct dns *dns = query->dns;

	(void)timeouts;
	list_remove(&query->node);
	if (dns->is_asking) {
		/* Whoever asked is still asking: it hears of it in a turn of its own. */
		list_append(&dns->refused, &query->node);
		return;
	}
	if (status != ARES_SUCCESS && !status_is_nothing(status))
		dns->has_failed = true;
	if (dns->host->is_freeing || status == ARES_EDESTRUCTION)
		; /* nobody is called any more */
	else if (status == ARES_SUCCESS)
		query_read(query, bytes, n);
	else
		query_answer(query, &(struct dns_answer){ .status = status_is_nothing(status)
									    ? DNS_NOTHING
									    : DNS_FAILED });
	mem_free(query);
}

static void on_due(struct timer *timer)
{
	struct dns *dns = CONTAINER_OF(timer, struct dns, due);

	LIST_FOR (query, &dns->refused, struct dns_query, node) {
		list_remove(&query->node);
		query_answer(query, &(struct dns_answer){ .status = DNS_FAILED });
		mem_free(query);
	}
	if (dns->is_open)
		process(dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(dns);
}

/* --- Asking ------------------------------------------------------------------------------- */

static void set_servers(struct dns *dns)
{
	const struct host *host = dns->host;
	char text[HOST_DNS_SERVERS_MAX * (ADDR_TEXT_MAX + 1)];
	struct buf buf = BUF_ON(text);

	for (size_t i = 0; i < host->dns_server_count; i++) {
		if (i > 0)
			buf_char(&buf, ',');
		addr_print(&buf, &host->dns_servers[i]);
	}
	buf_char(&buf, '\0');
	CHECK(!buf.is_overflown);
	if (host->dns_server_count > 0)
		(void)ares_set_servers_ports_csv(dns->channel, text);
}

static int dns_open(struct dns *dns)
{
	struct ares_options options = { .flags = ARES_FLAG_EDNS,
					.ednspsz = EDNS_BYTES,
					.timeout = TRY_MS,
					.tries = TRIES,
					.sock_state_cb = on_socket_state,
					.sock_state_cb_data = dns };

	if (ares_init_options(&dns->channel, &options,
			      ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
				      ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB))
		return ERR_IO;
	dns->is_open = true;
	dns->has_failed = false;
	set_servers(dns);
	return 0;
}

static void dns_close(struct dns *dns)
{
	if (dns->is_open)
		ares_destroy(dns->channel);
	dns->is_open = false;
}

static int dns_new(struct host *host)
{
	struct dns *dns;

	if (ares_library_init(ARES_LIB_INIT_ALL))
		return ERR_IO;
	dns = mem_alloc(sizeof(*dns));
	if (!dns) {
		ares_library_cleanup();
		return ERR_NOMEM;
	}
	dns->host = host;
	list_init(&dns->queries);
	list_init(&dns->refused);
	list_init(&dns->polls);
	host->dns = dns;
	return 0;
}

/* After a failure the system's settings are read anew, once nothing waits for an answer. */
static int dns_make_ready(struct host *host)
{
	int err = host->dns ? 0 : dns_new(host);

	if (err)
		return err;
	if (host->dns->has_failed && !host->dns->is_reading && list_is_empty(&host->dns->queries))
		dns_close(host->dns);
	return host->dns->is_open ? 0 : dns_open(host->dns);
}

int dns_resolve(struct host *host, const struct dns_question *question)
{
	char name[DNS_NAME_MAX_BYTES + 1];
	struct dns_query *query;
	int err;

	if (question->name.n > DNS_NAME_MAX_BYTES ||
	    slice_find_char(question->name, '\0') < question->name.n)
		return ERR_LIMIT;
	err = dns_make_ready(host);
	if (err)
		return err;
	query = mem_alloc(sizeof(*query));
	if (!query)
		return ERR_NOMEM;
	query->dns = host->dns;
	query->question = *question;
	query->question.name = SLICE_NONE;
	list_append(&host->dns->queries, &query->node);
	memcpy(name, question->name.p, question->name.n);
	name[question->name.n] = '\0';
	host->dns->is_asking = true;
	ares_query(host->dns->channel, name, ns_c_in, types[question->type], on_answer, query);
	host->dns->is_asking = false;
	rearm(host->dns);
	return 0;
}

void dns_free(struct host *host)
{
	struct dns *dns = host->dns;

	if (!dns)
		return;
	dns_close(dns);
	timer_stop(&host->conn_timers, &dns->due);
	LIST_FOR (query, &dns->refused, struct dns_query, node) {
		list_remove(&query->node);
		mem_free(query);
	}
	mem_free(dns);
	host->dns = NULL;
	ares_library_cleanup();
}
