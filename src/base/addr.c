/* SPDX-License-Identifier: MIT */
/*
 * Numeric addresses: reading and printing them (RFC 4291 2.2, printed as RFC 5952 wants).
 */
#include "base/addr.h"

#include "base/check.h"
#include "base/err.h"

static const struct {
	struct slice name;
	struct slice word;
	uint16_t port;
} transports[] = {
	[TRANSPORT_UDP] = { SLICE_INIT("UDP"), SLICE_INIT("udp"), 5060 },
	[TRANSPORT_TCP] = { SLICE_INIT("TCP"), SLICE_INIT("tcp"), 5060 },
	[TRANSPORT_TLS] = { SLICE_INIT("TLS"), SLICE_INIT("tls"), 5061 },
};

struct slice transport_name(uint8_t transport)
{
	return transports[transport].name;
}

struct slice transport_word(uint8_t transport)
{
	return transports[transport].word;
}

int transport_parse(struct slice word, uint8_t *ret_transport)
{
	for (uint8_t i = 0; i < ARRAY_LEN(transports); i++) {
		if (slice_eq_nocase(word, transports[i].word)) {
			*ret_transport = i;
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}

uint16_t transport_port(uint8_t transport)
{
	return transports[transport].port;
}

static int parse_ipv4(struct slice text, uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		struct slice part;
		uint32_t value;

		if (slice_cut(text, '.', &part, &text) != (i < 3) || part.n > 3)
			return ERR_SYNTAX;
		if (slice_to_u32(part, 255, &value))
			return ERR_SYNTAX;
		ip[i] = (uint8_t)value;
	}
	return 0;
}

static int hex_digit(char c)
{
	c = char_to_lower(c);
	if (char_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_group(struct slice part, uint8_t *ret_bytes)
{
	unsigned value = 0;

	if (part.n == 0 || part.n > 4)
		return ERR_SYNTAX;
	for (size_t i = 0; i < part.n; i++) {
		int digit = hex_digit(part.p[i]);

		if (digit < 0)
			return ERR_SYNTAX;
		value = value * 16 + (unsigned)digit;
	}
	ret_bytes[0] = (uint8_t)(value >> 8);
	ret_bytes[1] = (uint8_t)(value & 0xff);
	return 0;
}

static int parse_ipv6(struct slice text, uint8_t ip[16])
{
	uint8_t bytes[16] = { 0 };
	size_t n = 0;	 /* bytes filled */
	size_t gap = 16; /* where "::" stood */
	bool is_gap = false;

	if (slice_starts_with(text, SLICE("::"))) {
		gap = 0;
		is_gap = true;
		text = slice_from(text, 2);
	}
	while (text.n > 0) {
		struct slice part;
		bool is_more = slice_cut(text, ':', &part, &text);

		if (!is_more && slice_find_char(part, '.') < part.n) {
			if (n > 12 || parse_ipv4(part, bytes + n))
				return ERR_SYNTAX;
			n += 4;
			break;
		}
		if (n > 14 || parse_group(part, bytes + n))
			return ERR_SYNTAX;
		n += 2;
		if (!is_more)
			break;
		if (text.n == 0)
			return ERR_SYNTAX;
		if (text.p[0] == ':') {
			if (is_gap)
				return ERR_SYNTAX;
			gap = n;
			is_gap = true;
			text = slice_from(text, 1);
		}
	}
	if (is_gap ? n > 14 : n != 16)
		return ERR_SYNTAX;
	if (is_gap) {
		memmove(bytes + 16 - (n - gap), bytes + gap, n - gap);
		memset(bytes + gap, 0, 16 - n);
	}
	memcpy(ip, bytes, 16);
	return 0;
}

int addr_parse_ip(struct slice text, struct addr *ret_addr)
{
	struct addr addr = { .family = ADDR_IPV4 };

	if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = slice_of(text.p + 1, text.n - 2);
	if (slice_find_char(text, ':') < text.n) {
		addr.family = ADDR_IPV6;
		if (parse_ipv6(text, addr.ip))
			return ERR_SYNTAX;
	} else if (parse_ipv4(text, addr.ip)) {
		return ERR_SYNTAX;
	}
	*ret_addr = addr;
	return 0;
}

int addr_parse(struct slice text, struct addr *ret_addr)
{
	size_t colon = text.n;
	struct addr addr;
	uint32_t port;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || slice_to_u32(slice_from(text, colon), 65535, &port))
		return ERR_SYNTAX;
	text = slice_head(text, colon - 1);
	if (slice_find_char(text, ':') < text.n && text.p[0] != '[')
		return ERR_SYNTAX;
	if (addr_parse_ip(text, &addr))
		return ERR_SYNTAX;
	addr.port = (uint16_t)port;
	*ret_addr = addr;
	return 0;
}

static void print_group(struct buf *buf, unsigned value)
{
	static const char hex[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		buf_char(buf, hex[(value >> shift) & 15]);
}

static void print_ipv6(struct buf *buf, const uint8_t ip[16])
{
	unsigned groups[8];
	int best = -1, best_n = 1; /* the longest run of zero groups, at least two */

	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && groups[i + n] == 0)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			buf_lit(buf, "::");
			i += best_n - 1;
			continue;
		}
		if (i > 0 && i != best + best_n)
			buf_char(buf, ':');
		else if (i > 0 && best < 0)
			buf_char(buf, ':');
		print_group(buf, groups[i]);
	}
}

void addr_print_ip(struct buf *buf, const struct addr *addr)
{
	if (addr->family == ADDR_IPV6) {
		buf_char(buf, '[');
		print_ipv6(buf, addr->ip);
		buf_char(buf, ']');
		return;
	}
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			buf_char(buf, '.');
		buf_u64(buf, addr->ip[i]);
	}
}

void addr_print(struct buf *buf, const struct addr *addr)
{
	addr_print_ip(buf, addr);
	buf_char(buf, ':');
	buf_u64(buf, addr->port);
}

bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_eq_ip(a, b) && a->port == b->port;
}

bool addr_is_any(const struct addr *addr)
{
	static const uint8_t zero[16];

	return memcmp(addr->ip, zero, sizeof(zero)) == 0;
}

bool flow_eq(const struct flow *a, const struct flow *b)
{
	return a->transport == b->transport && a->listener == b->listener && a->name == b->name &&
	       handle_eq(a->conn, b->conn) && addr_eq(&a->peer, &b->peer);
}

bool flow_is_same_peer(const struct flow *a, const struct flow *b)
{
	if (a->transport == TRANSPORT_TLS || b->transport == TRANSPORT_TLS)
		return flow_eq(a, b);
	return flow_eq(a, b) || (a->transport != b->transport && addr_eq(&a->peer, &b->peer));
}

void addr_network(const struct addr *addr, char ret_network[ADDR_NETWORK_BYTES])
{
	memset(ret_network, 0, ADDR_NETWORK_BYTES);
	ret_network[0] = (char)addr->family;
	memcpy(ret_network + 1, addr->ip, addr->family == ADDR_IPV6 ? 8 : 4);
}

bool addr_is_loopback(const struct addr *addr)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	return addr->family == ADDR_IPV4 ? addr->ip[0] == 127
					 : !memcmp(addr->ip, loopback6, sizeof(loopback6));
}
