/* SPDX-License-Identifier: MIT */
/*
 * What is asked of the DNS and what it answers, as plain values: no resolver's header is needed to
 * name them. Whoever asks does so through struct env.
 */
#ifndef LAMPYRID_BASE_DNS_H
#define LAMPYRID_BASE_DNS_H

#include "base/addr.h"

#define DNS_NAME_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */
#define DNS_RECORDS_MAX 16     /* of one answer; what is more is passed over */

enum dns_type { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };

enum dns_status {
	DNS_FOUND,
	DNS_NOTHING, /* there is no such name, or it has no record of this type */
	DNS_FAILED,  /* no server had an answer for us */
};

struct dns_record {
	uint32_t ttl_s;
	struct addr addr;     /* A, AAAA; without a port */
	uint16_t order;	      /* NAPTR: order; SRV: priority. The lowest comes first */
	uint16_t weight;      /* NAPTR: preference, the lowest first; SRV: weight */
	uint16_t port;	      /* SRV */
	struct slice flags;   /* NAPTR */
	struct slice service; /* NAPTR */
	struct slice name;    /* NAPTR: replacement; SRV: target. Without the last dot */
};

/* Lifetime: the call that hands it over. */
struct dns_answer {
	enum dns_status status;
	const struct dns_record *records; /* [count], with DNS_FOUND at least one */
	size_t count;
};

struct dns_question {
	struct slice name;
	enum dns_type type;
	void *user;	     /* outlives the host's answers, as the switch does */
	struct handle owner; /* whose question it is; it may have ended when the answer comes */
	void (*on_answer)(void *user, struct handle owner, const struct dns_answer *answer);
};

#endif
