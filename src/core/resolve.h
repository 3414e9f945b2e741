/* SPDX-License-Identifier: MIT */
/*
 * Where a SIP URI leads to (RFC 3263 4): NAPTR says by which transports, SRV at which servers, A
 * and AAAA at which addresses. A resolution asks one question at a time and is fed the answers; it
 * neither waits nor sends.
 */
#ifndef LAMPYRID_CORE_RESOLVE_H
#define LAMPYRID_CORE_RESOLVE_H

#include "base/dns.h"
#include "base/env.h"
#include "sip/uri.h"

#define RESOLVE_TARGETS_MAX 16
#define RESOLVE_SERVICES_MAX 6
#define RESOLVE_SERVERS_MAX 16

/* However many names an answer brings, no more is asked for one URI. */
#define RESOLVE_QUESTIONS_MAX 32

struct target {
	struct addr addr;
	uint8_t transport; /* enum transport */
};

/* What this host can do: bits of (1 << enum transport), and of (1 << enum addr_family). */
struct resolve_means {
	unsigned transports;
	unsigned families;
};

enum resolve_step {
	RESOLVE_NAPTR,	 /* by which transports */
	RESOLVE_SERVICE, /* the SRV records of the next service */
	RESOLVE_ADDRESS, /* the addresses of the next server, one family at a time */
	RESOLVE_DONE,
};

struct resolve_name {
	char text[DNS_NAME_MAX_BYTES];
	size_t n;
};

struct resolve_service {
	struct resolve_name name; /* "_sip._udp.example.com" */
	uint8_t transport;
};

struct resolve_server {
	struct resolve_name name;
	uint16_t port;
	uint8_t transport;
};

struct resolve {
	const struct env *env; /* for the choice among weights */
	struct resolve_means means;
	enum resolve_step step;
	struct resolve_name host;
	bool is_secure;	  /* sips */
	uint8_t fallback; /* the transport when neither NAPTR nor SRV knows one */
	struct resolve_service services[RESOLVE_SERVICES_MAX]; /* [service_count] */
	size_t service_count, service_at;
	struct resolve_server servers[RESOLVE_SERVERS_MAX]; /* [server_count], in order of trying */
	size_t server_count, server_at;
	enum dns_type address_type;		    /* asked for servers[server_at] */
	struct target targets[RESOLVE_TARGETS_MAX]; /* [target_count], in order of trying */
	size_t target_count;
	uint32_t ttl_s;	  /* the shortest of all records used; UINT32_MAX: nothing was asked */
	bool is_nowhere;  /* some SRV said that the service is not to be had */
	bool is_doubtful; /* a question got no answer: there may be more */
	unsigned asked;
};

/*
 * A numeric host is done at once (4.1, 4.2). ERR_UNSUPPORTED for a transport or address family that
 * the means do not have, ERR_LIMIT for a host that is no DNS name.
 */
int resolve_start(struct resolve *resolve, const struct env *env, const struct sip_uri *uri,
		  const struct resolve_means *means);

/* The next question; false when there is none left. The name lives in the resolution. */
bool resolve_ask(struct resolve *resolve, struct slice *ret_name, enum dns_type *ret_type);

/* The answer to it; DNS_FAILED where it could not even be asked. */
void resolve_on_answer(struct resolve *resolve, const struct dns_answer *answer);

bool resolve_is_done(const struct resolve *resolve);

bool target_eq(const struct target *a, const struct target *b);

#endif
