/* SPDX-License-Identifier: MIT */
/*
 * Reference-counted sent bytes.
 */
#include "base/packet.h"

#include "base/check.h"
#include "base/mem.h"

struct packet *packet_new(struct slice bytes)
{
	struct packet *packet;

	CHECK(bytes.n < UINT32_MAX);
	packet = mem_alloc(sizeof(*packet) + bytes.n);
	if (!packet)
		return NULL;
	packet->refs = 1;
	packet->n = (uint32_t)bytes.n;
	if (bytes.n > 0)
		memcpy(packet->p, bytes.p, bytes.n);
	return packet;
}

struct packet *packet_ref(struct packet *packet)
{
	packet->refs++;
	return packet;
}

void packet_unref(struct packet *packet)
{
	if (packet && --packet->refs == 0)
		mem_free(packet);
}
