/* SPDX-License-Identifier: MIT */
/*
 * Opening sockets. IPv6 sockets take no IPv4, so that no mapped address is ever seen, and one
 * configured address is one family (SECURITY A9). UDP sockets get no SO_REUSEADDR: another process
 * could take our datagrams with it.
 */
#include "io/socket.h"

#include "base/err.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define TCP_BACKLOG 511
#define UDP_BUFFER_BYTES (4 * 1024 * 1024) /* a burst while one turn lasts; may be clamped */

socklen_t sockaddr_from_addr(const struct addr *addr, union sockaddr_any *ret_name)
{
	memset(ret_name, 0, sizeof(*ret_name));
	if (addr->family == ADDR_IPV6) {
		ret_name->in6.sin6_family = AF_INET6;
		ret_name->in6.sin6_port = htons(addr->port);
		memcpy(&ret_name->in6.sin6_addr, addr->ip, 16);
		return sizeof(ret_name->in6);
	}
	ret_name->in.sin_family = AF_INET;
	ret_name->in.sin_port = htons(addr->port);
	memcpy(&ret_name->in.sin_addr, addr->ip, 4);
	return sizeof(ret_name->in);
}

void sockaddr_to_addr(const union sockaddr_any *name, struct addr *ret_addr)
{
	*ret_addr = (struct addr){ .family = ADDR_NONE };
	if (name->any.sa_family == AF_INET6) {
		ret_addr->family = ADDR_IPV6;
		ret_addr->port = ntohs(name->in6.sin6_port);
		memcpy(ret_addr->ip, &name->in6.sin6_addr, 16);
	} else if (name->any.sa_family == AF_INET) {
		ret_addr->family = ADDR_IPV4;
		ret_addr->port = ntohs(name->in.sin_port);
		memcpy(ret_addr->ip, &name->in.sin_addr, 4);
	}
}

bool sockaddr_is_link_local(const struct addr *addr)
{
	return addr->family == ADDR_IPV6 && addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? ERR_IO : 0;
}

static int set_udp_options(int fd, const struct addr *addr)
{
	/* Smaller buffers than asked for still work; who administers may pass the system's bound.
	 */
	if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_BUFFER_BYTES))
		(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
	(void)set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES);
	if (!addr_is_any(addr))
		return 0;
	if (addr->family == ADDR_IPV6)
		return set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int socket_prepare(int fd, uint8_t transport, const struct addr *addr, bool is_listening,
			  struct addr *ret_bound_addr)
{
	union sockaddr_any name;
	socklen_t n = sockaddr_from_addr(addr, &name);

	if (addr->family == ADDR_IPV6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return ERR_IO;
	if (transport == TRANSPORT_UDP && set_udp_options(fd, addr))
		return ERR_IO;
	if (transport != TRANSPORT_UDP && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return ERR_IO;
	if (bind(fd, &name.any, n))
		return ERR_IO;
	if (transport != TRANSPORT_UDP && is_listening && listen(fd, TCP_BACKLOG))
		return ERR_IO;
	n = sizeof(name);
	if (getsockname(fd, &name.any, &n))
		return ERR_IO;
	sockaddr_to_addr(&name, ret_bound_addr);
	return 0;
}

static int socket_open(uint8_t transport, const struct addr *addr, bool is_listening, int *ret_fd,
		       struct addr *ret_bound_addr)
{
	int family = addr->family == ADDR_IPV6 ? AF_INET6 : AF_INET;
	int type = transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct addr bound;

	if (fd < 0)
		return ERR_IO;
	if (socket_prepare(fd, transport, addr, is_listening, &bound)) {
		int why = errno;

		close(fd);
		errno = why;
		return ERR_IO;
	}
	*ret_fd = fd;
	*ret_bound_addr = bound;
	return 0;
}

int socket_listen(uint8_t transport, const struct addr *addr, int *ret_fd,
		  struct addr *ret_bound_addr)
{
	return socket_open(transport, addr, true, ret_fd, ret_bound_addr);
}

int socket_hold(const struct addr *addr, int *ret_fd, struct addr *ret_bound_addr)
{
	return socket_open(TRANSPORT_TCP, addr, false, ret_fd, ret_bound_addr);
}

int socket_route(const struct addr *peer, struct addr *ret_local)
{
	union sockaddr_any name;
	socklen_t n = sockaddr_from_addr(peer, &name);
	int fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = ERR_IO;

	if (fd < 0)
		return ERR_IO;
	if (connect(fd, &name.any, n) == 0) {
		n = sizeof(name);
		if (getsockname(fd, &name.any, &n) == 0) {
			sockaddr_to_addr(&name, ret_local);
			err = 0;
		}
	}
	close(fd);
	return err;
}
