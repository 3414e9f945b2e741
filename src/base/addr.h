/* SPDX-License-Identifier: MIT */
/*
 * Transport addresses and flows, as plain values: no socket header is needed to name one.
 */
#ifndef LAMPYRID_BASE_ADDR_H
#define LAMPYRID_BASE_ADDR_H

#include "base/buf.h"
#include "base/handle.h"

enum addr_family { ADDR_NONE, ADDR_IPV4, ADDR_IPV6 };

struct addr {
	uint8_t ip[16]; /* network order; IPv4 uses the first four, the rest is zero */
	uint16_t port;	/* host order */
	uint8_t family; /* enum addr_family */
};

enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

/* Where a message came from or goes to: the listener, the peer, and the connection if there is one.
 */
struct flow {
	struct addr local; /* the listener's own address, what a Via or Contact of ours says */
	struct addr peer;
	struct handle conn; /* TCP, TLS: the connection; HANDLE_NONE opens or finds one to `peer` */
	uint8_t transport : 7; /* enum transport */
	bool is_natted : 1; /* nothing but this way leads to the peer, whatever its Contact says */
	uint8_t listener;   /* index among the host's listeners */
	uint16_t name;	    /* TLS: whom the peer must prove to be, see env.h; 0: its address */
};

static inline bool transport_is_reliable(uint8_t transport)
{
	return transport != TRANSPORT_UDP;
}

/* "UDP", "TCP", "TLS", as a Via says it (RFC 3261 20.42). */
struct slice transport_name(uint8_t transport);

/* "udp", "tcp", "tls", as a URI's parameter and people say it (RFC 3261 19.1.1). */
struct slice transport_word(uint8_t transport);

/* The transport of such a word, in any case. ERR_UNSUPPORTED. */
int transport_parse(struct slice word, uint8_t *ret_transport);

/* What is meant where no port is said: 5060, by TLS 5061 (RFC 3261 19.1.2). */
uint16_t transport_port(uint8_t transport);

/* A numeric address without a port: "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". */
int addr_parse_ip(struct slice text, struct addr *ret_addr);

/* "192.0.2.1:5060" or "[2001:db8::1]:5060"; the port is required. */
int addr_parse(struct slice text, struct addr *ret_addr);

/* Without the port, IPv6 in brackets as a SIP host is written (RFC 3261 25.1). */
void addr_print_ip(struct buf *buf, const struct addr *addr);
void addr_print(struct buf *buf, const struct addr *addr);

/* Enough for any printed address with its port. */
#define ADDR_TEXT_MAX 56

bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_eq_ip(const struct addr *a, const struct addr *b);

/*
 * Where an address belongs as far as one party can have it: the IPv4 address, or the /64 that an
 * IPv6 host is given whole (RFC 4291 2.5.4). For comparing and as a key.
 */
#define ADDR_NETWORK_BYTES 9
void addr_network(const struct addr *addr, char ret_network[ADDR_NETWORK_BYTES]);

/* 127.0.0.0/8 or ::1. */
bool addr_is_loopback(const struct addr *addr);

/* 0.0.0.0 or [::]. */
bool addr_is_any(const struct addr *addr);

/*
 * The same socket of the peer's, by whatever way: it may answer a large request that came by TCP
 * with datagrams from the same port (RFC 3261 18.1.1). TLS proves more, so it is not mixed.
 */
bool flow_is_same_peer(const struct flow *a, const struct flow *b);

/* The same way to the same peer. */
bool flow_eq(const struct flow *a, const struct flow *b);

#endif
