/* SPDX-License-Identifier: MIT */
/*
 * The world as the machines see it: what a host hands to everything below `io`. The clock is the
 * one in struct timers, which the host sets before each turn. A host is the event loop (io/), or a
 * test with virtual wires.
 */
#ifndef LAMPYRID_BASE_ENV_H
#define LAMPYRID_BASE_ENV_H

#include "base/addr.h"
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

	/* The peer of this flow has proved who it is: its connection is worth keeping. May be NULL.
	 */
	void (*trust)(void *host, const struct flow *flow);

	/* One line about an event, for the log: "key=value ..."; a peer's text is escaped. May be
	 * NULL. */
	void (*trace)(void *host, struct slice line);
};

#endif
