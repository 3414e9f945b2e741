/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses and the sockets that the host opens by itself.
 */
#ifndef LAMPYRID_IO_SOCKET_H
#define LAMPYRID_IO_SOCKET_H

#include <netinet/in.h>

#include "base/addr.h"

union sockaddr_any {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

socklen_t sockaddr_from_addr(const struct addr *addr, union sockaddr_any *ret_name);

/* Reached only with a scope (RFC 4007 6), which struct addr has no room for. */
bool sockaddr_is_link_local(const struct addr *addr);

/* ADDR_NONE when it is neither IPv4 nor IPv6. */
void sockaddr_to_addr(const union sockaddr_any *name, struct addr *ret_addr);

/*
 * A bound, non-blocking socket, listening unless it is UDP. The caller closes it. ERR_IO with
 * errno.
 */
int socket_listen(uint8_t transport, const struct addr *addr, int *ret_fd,
		  struct addr *ret_bound_addr);

/* A TCP port that is taken, and where nobody is: connections to it are refused. */
int socket_hold(const struct addr *addr, int *ret_fd, struct addr *ret_bound_addr);

/* The address from which the kernel would send to `peer`; the port means nothing. ERR_IO. */
int socket_route(const struct addr *peer, struct addr *ret_local);

#endif
