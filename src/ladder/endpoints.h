/* SPDX-License-Identifier: MIT */
/*
 * Who stands at which address, as far as the messages tell: a phone is called by its user ("201"),
 * the server by its product ("lampyrid") or its address. A name is given only when nothing speaks
 * against it and nobody else has it; else the address is the name.
 */
#ifndef LAMPYRID_LADDER_ENDPOINTS_H
#define LAMPYRID_LADDER_ENDPOINTS_H

#include "base/addr.h"
#include "base/map.h"
#include "sip/msg.h"

#define ENDPOINTS_MAX 4096
#define ENDPOINT_NAME_MAX_BYTES 64

struct endpoints {
	struct map by_addr;
	struct map by_name; /* after endpoints_name() */
};

void endpoints_init(struct endpoints *endpoints, const uint64_t secret[2]);
void endpoints_fini(struct endpoints *endpoints);

/*
 * Learns from one message. An address of family ADDR_NONE stands for an end that its capture does
 * not name; its port tells such ends apart. ERR_LIMIT, ERR_NOMEM.
 */
int endpoints_see(struct endpoints *endpoints, const struct sip_msg *msg, const struct addr *from,
		  const struct addr *to, uint8_t transport);

/* Gives everybody a name, once, after all messages have been seen. ERR_NOMEM. */
int endpoints_name(struct endpoints *endpoints);

/* The name given to this address; its text when it was never seen. Printed into `buf`. */
void endpoints_print(const struct endpoints *endpoints, const struct addr *addr, struct buf *buf);

#endif
