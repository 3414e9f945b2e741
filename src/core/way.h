/* SPDX-License-Identifier: MIT */
/*
 * The way of a request to its peer, where it is not the one that was meant: by TCP because it is
 * large (RFC 3261 18.1.1), or by another connection because the old one is gone (18.1.1, RFC 5923).
 */
#ifndef LAMPYRID_CORE_WAY_H
#define LAMPYRID_CORE_WAY_H

#include "core/stack.h"

/* "Via: ...", the first one of a request of ours. */
void way_print_via(struct buf *buf, const struct flow *flow, struct slice branch);

/*
 * The same request with the Via of another flow; the branch stays, so that a peer that got both has
 * one transaction (RFC 3261 17.2.3). NULL without memory.
 */
struct packet *way_reprint(struct stack *stack, const struct packet *request,
			   const struct flow *flow);

/*
 * The connection of *flow is gone: another one to whoever this is. `identity` is a From or To
 * value, `target` the URI of its Contact. First what the stack's user knows, then the Contact
 * itself, if it is a plain address and no NAT stands between. ERR_NOTFOUND.
 */
int way_find(struct stack *stack, struct slice identity, struct slice target, struct flow *flow);

/* The same for a request of ours; *request is another packet when its Via has to say so. */
int way_change(struct stack *stack, struct flow *flow, struct packet **request);

/* Sends a request that has no transaction, by another way if need be. Errors as env->send(). */
int way_send(struct stack *stack, const struct flow *flow, struct packet *request);

/*
 * A request of `bytes` by datagram is too large for most paths: the flow to the same peer by TCP.
 * ERR_NOTFOUND when it is not too large, or the peer or we have no TCP.
 */
int way_for_size(struct stack *stack, const struct flow *datagram, size_t bytes,
		 struct flow *ret_stream);

/* The peer has no TCP: not to be tried for a while. */
void way_refuse_stream(struct stack *stack, const struct addr *peer);

#endif
