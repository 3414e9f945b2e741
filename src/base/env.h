/* SPDX-License-Identifier: MIT */
/*
 * The world as the machines see it: what a host hands to everything below `io`. The clock is the
 * one in struct timers, which the host sets before each turn. A host is the event loop (io/), or a
 * test with virtual wires.
 */
#ifndef LAMPYRID_BASE_ENV_H
#define LAMPYRID_BASE_ENV_H

#include "base/dns.h"
#include "base/packet.h"

struct env {
	void *host;

	/* Unpredictable bytes. Cannot fail. */
	void (*random)(void *host, void *ret_bytes, size_t n);

	/*
	 * Sends the packet; the host takes a reference of its own if it must keep it. ERR_IO when
	 * the flow is known to be dead (connection gone), else 0: a datagram has no news.
	 */
	int (*send)(void *host, const struct flow *flow, struct packet *packet);

	/*
	 * A flow that says `peer` and `transport` gets its listener, and the address of ours that
	 * the peer will see: for Via and Contact. Of several listeners one on flow->local, as it
	 * stood, is preferred. ERR_NOTFOUND when there is none by that transport and family. May be
	 * NULL: there is none.
	 */
	int (*route)(void *host, struct flow *flow);

	/*
	 * The number of a SIP domain for flow->name. A TLS connection that is opened for a flow
	 * with it asks for that domain (SNI, RFC 6066 3) and carries nothing before the peer's
	 * certificate has proved it (RFC 5922 7); it serves flows with the same number only. The
	 * domain is the one of the URI, before any DNS look-up (RFC 5922 4). Numbers live as long
	 * as the host, the same domain has the same one. ERR_SYNTAX, ERR_LIMIT, ERR_NOMEM. May be
	 * NULL: there is no TLS.
	 */
	int (*name)(void *host, struct slice domain, uint16_t *ret_name);

	/* The peer of this flow has proved who it is: its connection is worth keeping. May be NULL.
	 */
	void (*trust)(void *host, const struct flow *flow);

	/* What route() can do: bits of (1 << enum transport) and (1 << enum addr_family). */
	void (*means)(void *host, unsigned *ret_transports, unsigned *ret_families);

	/*
	 * Asks the DNS. The answer comes once, later, as a turn of its own; the question's name
	 * needs to live only during the call. An error: no answer will come. May be NULL.
	 */
	int (*resolve)(void *host, const struct dns_question *question);

	/* A call is over: its record, one line without its end. May be NULL. */
	void (*record)(void *host, struct slice line);

	/* Milliseconds since 1970 UTC, for records: the one clock that may jump. With record(). */
	uint64_t (*wall_ms)(void *host);

	/* One line about an event, for the log: "key=value ..."; a peer's text is escaped. May be
	 * NULL. */
	void (*trace)(void *host, struct slice line);
};

#endif
