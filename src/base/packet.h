/* SPDX-License-Identifier: MIT */
/*
 * A packet is what was sent: immutable bytes, counted references, so that a retransmission, a
 * socket's queue and the ladder can share one copy.
 */
#ifndef LAMPYRID_BASE_PACKET_H
#define LAMPYRID_BASE_PACKET_H

#include "base/slice.h"

struct packet {
	uint32_t refs;
	uint32_t n; /* bytes */
	char p[];
};

/* A copy of the bytes with one reference, which the caller owns; NULL when memory was refused. */
struct packet *packet_new(struct slice bytes);

struct packet *packet_ref(struct packet *packet);

/* NULL is allowed. */
void packet_unref(struct packet *packet);

static inline struct slice packet_bytes(const struct packet *packet)
{
	return slice_of(packet->p, packet->n);
}

#endif
